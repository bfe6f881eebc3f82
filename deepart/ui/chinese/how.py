"""In Chinese: how it works."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "How it works": "原理",
    "The noise of a seed; what the generator has at 4, 8, 16, 32 and 64 pixels; the picture.": (
        "种子的噪声；生成器在 4、8、16、32 和 64 像素时的中间结果；最终的图片。"
    ),
    (
        "A generator turns random numbers into a picture, from a few coarse blocks up to the whole. It has never "
        "been shown a picture: it learned from a second network, the discriminator, which looks at real and at "
        "generated pictures and says which is which. The two are trained against each other, each getting better "
        "because the other does; in use, only the generator is left."
    ): (
        "生成器把一串随机数变成图片，从几个粗糙的色块开始，一直到完整的画面。它从来没有见过图片，而是向另一个网络"
        "——判别器——学习：判别器观看真实的和生成的图片，分辨哪张是哪种。两者对抗着训练，彼此促使对方进步；使用时只"
        "留下生成器。"
    ),
    (
        "A seed stands for one list of random numbers, and so for one picture, always the same. Between two "
        "lists there are others, and so a walk from one picture to another passes through pictures too. "
        "Directions in which pictures change in one way only, such as brighter or hairier, were found after the "
        "training and then named by a person."
    ): (
        "一个种子代表一串随机数，因此也代表一张图片，每次都一样。两串随机数之间还有别的随机数，所以从一张图片漫步"
        "到另一张，途中经过的也都是图片。有些方向只让图片在一个方面改变，例如更亮或头发更多；它们是训练之后找到、"
        "再由人命名的。"
    ),
    (
        "It is good at endless variations of the one kind of picture that it knows, and bad at anything else: it "
        "cannot be told what to draw. Ours are small, see 128 pixels at most, and were trained for an hour or "
        "so: look closely and you will find smeared edges and odd shapes. They learned from painted-over "
        "photographs in the public domain, and from drawn heads that their artist gave away (CC0). A generator "
        "can come close to a picture that it has learned from; for artists that is the question to ask of any "
        "such tool: whose pictures were they, and did they agree?"
    ): (
        "它擅长把自己熟悉的那一类图片变出无穷的花样，对其他东西则无能为力：不能告诉它画什么。我们的生成器很小，最"
        "多 128 像素，只训练了一个小时左右：细看会发现模糊的边缘和奇怪的形状。它们学习的是经过改绘的公有领域照片，"
        "以及作者无偿放弃版权（CC0）的手绘头像。生成器有可能非常接近它学过的某张图片；对艺术家来说，面对任何这"
        "类工具都该问一句：用的是谁的作品，他们同意吗？"
    ),
    (
        "A photograph; its latent, of which three parts are shown as colours; what is made of that; the error, "
        "ten times as strong."
    ): ("一张照片；它的潜变量，其中三个分量显示为颜色；由此得到的图片；放大十倍的误差。"),
    (
        "An encoder takes a picture apart into a few numbers, the latent, and a decoder makes a picture of them "
        "again. The two were trained together: what comes out shall be what went in, though it has to pass "
        "through the narrow latent. Variational means that the encoder gives not one number but a range of "
        "likely ones, so that nearby latents make sense as well."
    ): (
        "编码器把图片分解成为数不多的一组数，即潜变量；解码器再由它们拼回图片。两者一起训练：尽管要穿过狭窄的潜变"
        "量，出来的仍应是进去的。“变分”的意思是，编码器给出的不是一个数，而是一段可能的范围，这样相近的潜变量也都"
        "有意义。"
    ),
    (
        "“Pictures” has a latent that is a small map of the picture, so it takes any photograph at any size, and "
        "little can be done in between. “Portraits” has one list of 128 numbers for a whole drawn head: change "
        "one and the whole head changes, which is what sliders and morphs do. A second network has learned which "
        "lists are likely, its prior; to draw from it is to get a head that nobody drew."
    ): (
        "“图片”模型的潜变量是图片的一张小地图，所以任何尺寸的照片它都能处理，但两张图片之间没有多少可做的。“头像”"
        "模型用 128 个数表示整个手绘头像：改动一个数，整个头像都会变，滑块和渐变就是这样来的。还有一个网络学会了"
        "哪些数的组合是合理的，这叫先验；从中抽样，就得到一个没有人画过的头像。"
    ),
    (
        "What a VAE is bad at is the finest detail, which goes first, as the error map shows. It was trained on "
        "photographs and drawings that are in the public domain or given away by their artists, and on pictures "
        "that programs painted. Encoders like this one stand at the door of most of today's image generators, "
        "which paint in the latent and not in pixels. They keep of a work of art what can be counted, and that "
        "is less than it is."
    ): (
        "VAE 不擅长的是最细的细节，误差图上可以看到，它们最先丢失。训练用的是公有领域的、或作者放弃版权的照片与图"
        "画，以及由程序绘制的图片。如今大多数图像生成器的门口都有这样一个编码器，它们在潜变量里作画，而不是在像素"
        "上。一件艺术作品，它们只留下可以计数的部分，而作品不止于此。"
    ),
    (
        "A photograph, and where deep features see something in it; a painting, and its strokes in early "
        "features; the one in the style of the other."
    ): ("一张照片，以及深层特征在其中看到东西的地方；一幅画，以及早期特征中的笔触；用那幅画的风格画成的照片。"),
    (
        "A network that was once trained to name things in photographs, VGG, describes a picture in layers: "
        "edges and strokes first, then textures, then parts of things. The deep layers of the photograph are its "
        "content: what is where. How the early layers of the painting go together, whatever the place, is its "
        "style: colours, strokes, textures."
    ): (
        "VGG 原本是训练来辨认照片中物体的网络，它把图片描述成许多层：先是边缘和笔触，然后是纹理，再是物体的局部。"
        "照片的深层特征就是它的内容：什么东西在哪里。画作的早期特征不论位置、彼此如何搭配，就是它的风格：颜色、笔"
        "触、纹理。"
    ),
    (
        "“Fine” begins with the photograph and corrects its pixels hundreds of times, until content and style "
        "are near to what is wanted. “Fast” lays the photograph out of pieces of the painting, and one pass of a "
        "network that was trained to please those same layers makes a picture of it. Both copy palette, strokes "
        "and texture, and both know nothing of trees or faces: a face can lose its eyes to a brush stroke."
    ): (
        "“精细”从照片出发，把像素修正几百次，直到内容和风格都接近目标。“快速”用画作的碎片拼出照片，再由一个网络一"
        "遍画成；这个网络训练时要让同样那些层满意。两者照搬的是调色、笔触和纹理，都不认识树和脸：一张脸的眼睛可能"
        "被一笔抹掉。"
    ),
    (
        "Pictures with large, clear strokes work best; a style whose art is in its composition does not come "
        "across. “Fast” learned on public-domain photographs and on styles that our own programs painted; VGG "
        "comes from a published package. A style is not owned by anybody, but it was somebody's work of years: "
        "name the painter when you show what came out, and think twice before you imitate a living one. What you "
        "upload stays on the machine that this page runs on, and is deleted after a day."
    ): (
        "笔触大而清晰的画效果最好；如果一种风格的妙处在构图，就迁移不过来。“快速”学习的是公有领域的照片和我们自己"
        "的程序绘制的风格；VGG 来自公开发布的软件包。风格不归任何人所有，却是某个人多年的心血：展示成果时请写明原"
        "画家，模仿在世的画家之前请三思。上传的图片只留在运行本页的机器上，一天后删除。"
    ),
    "To read on:": "延伸阅读：",
}

SENTENCES: dict[str, str] = {}

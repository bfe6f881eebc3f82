"""In Chinese: the models and the menu of more of them."""

from __future__ import annotations

WORDS: dict[str, str] = {
    # Titles, summaries and costs
    "Landscapes": "风景",
    "Portraits": "头像",
    "Paintings": "绘画",
    "Aurora": "极光",
    "Still life": "静物",
    "Shells": "贝壳",
    "Moon gate": "月洞门",
    "Pictures": "图片",
    "Fast": "快速",
    "Fine": "精细",
    "Fine, VGG19": "精细，VGG19",
    "Paints impressionist landscapes that never existed, 128 pixels small.": (
        "画出从未存在过的印象派风景，小图，128 像素。"
    ),
    "Draws cartoon portraits of people who never existed, 128 pixels small.": (
        "画出从未存在过的人的卡通头像，小图，128 像素。"
    ),
    "Makes abstract paintings of 1024 pixels, after training on few pictures.": (
        "生成 1024 像素的抽象画，只用很少的图片训练。"
    ),
    "Makes northern lights of 1024 pixels, after training on few pictures.": (
        "生成 1024 像素的北极光，只用很少的图片训练。"
    ),
    "Makes fauvist still lifes of 1024 pixels, after training on few pictures.": (
        "生成 1024 像素的野兽派静物，只用很少的图片训练。"
    ),
    "Makes sea shells of 1024 pixels, after training on few pictures.": "生成 1024 像素的海贝，只用很少的图片训练。",
    "Makes moon gates of 1024 pixels, after training on few pictures.": "生成 1024 像素的月洞门，只用很少的图片训练。",
    "Takes any photograph or painting apart and gives it back, one number for six.": (
        "把任意照片或绘画分解再还原，六个数压成一个。"
    ),
    "Cartoon portraits as 128 numbers: sliders, morphs, and people who never existed.": (
        "用 128 个数表示卡通头像：滑块、渐变，以及从未存在过的人。"
    ),
    "The tiny autoencoder of Stable Diffusion's latents: 4 numbers for a block of 8 x 8 pixels.": (
        "用于 Stable Diffusion 潜变量的小型自编码器：每 8 x 8 像素用 4 个数。"
    ),
    "The autoencoder of Stable Diffusion, fine-tuned for a small mean squared error.": (
        "Stable Diffusion 的自编码器，为减小均方误差而微调过。"
    ),
    "Repaints a picture in one pass, at any size up to 4096 pixels, with the style's own strokes.": (
        "一遍就把图片重新画好，用风格图自己的笔触，最大 4096 像素。"
    ),
    "Repaints a picture by hundreds of small corrections: slow, any style, strong brushwork.": (
        "用几百次小修正重画图片：较慢，适合任何风格，笔触强烈。"
    ),
    "As Fine, in the features of the first papers on style transfer.": (
        "与“精细”相同，但使用最早的风格迁移论文中的特征。"
    ),
    "On two CPU cores a picture takes about a second, a search minutes; memory up to a gigabyte.": (
        "在两个 CPU 核上，一张图约需一秒，寻找图片需几分钟；内存最多占 1 GB。"
    ),
    "Slow on a CPU: a picture of 512 pixels there and back takes about a minute on 2 cores.": (
        "在 CPU 上较慢：512 像素的图片一去一回，2 个核约需一分钟。"
    ),
    "Slower than Fine by about a quarter.": "比“精细”慢约四分之一。",
    "Of 575 MB that are downloaded, 52 MB are read.": "下载 575 MB，实际读取 52 MB。",
    # The menu, and more models for it
    "Model": "模型",
    "The model {name}.": "模型 {name}。",
    "More models from the Hugging Face Hub": "Hugging Face Hub 上的更多模型",
    "Made by others. Each is downloaded once and checked; then it runs on this machine like ours.": (
        "由他人制作。每个模型只下载一次并经过校验，之后就像我们自己的模型一样在这台机器上运行。"
    ),
    "Model of the Hub": "Hub 上的模型",
    "Choose one to see how large it is, and under which licence.": "选择一个模型，查看它的大小和许可证。",
    "Get it": "获取",
    "Get it, {size}": "获取，{size}",
    "Use it": "使用",
    "Stopping": "正在停止",
    "Asking the Hub": "正在询问 Hub",
    "Checking and loading it": "正在校验并加载",
    "{done} of {total} MB": "已下载 {done} / {total} MB",
    "The download was stopped, and nothing of it stays.": "下载已停止，没有留下任何文件。",
    "{model} is here now, and chosen.": "“{model}”已经下载好，并已选中。",
    "{size} from {repo} at {commit}, licence {licence}.": "{size}，来自 {repo} 的提交 {commit}，许可证 {licence}。",
    "Size unknown, from {repo} at {commit}, licence {licence}.": (
        "大小未知，来自 {repo} 的提交 {commit}，许可证 {licence}。"
    ),
    "Needs the package {package}.": "需要软件包 {package}。",
}

SENTENCES: dict[str, str] = {}

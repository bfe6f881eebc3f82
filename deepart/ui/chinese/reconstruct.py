"""In Chinese: the tab "Reconstruct"."""

from __future__ import annotations

WORDS: dict[str, str] = {
    # What stands on the page.
    "Reconstruct": "重建",
    "Picture": "图片",
    "Upload a picture, or choose one: it is taken apart at once.": "上传一张图片，或选一张：它会立即被拆解。",
    "Draw a portrait": "抽一张头像",
    "Open a latent file": "打开潜变量文件",
    "The picture goes through the model's latent, fewer numbers than it has, and comes back.": (
        "图片先变成模型的潜变量（数字比原图少），再由它还原。"
    ),
    "Begin with a latent": "从潜变量开始",
    "A latent that was saved here becomes a picture again, without the original.": (
        "在这里保存的潜变量，不需要原图就能变回图片。"
    ),
    "A finished example: Reconstruct makes it again": "这是做好的示例：点“重建”可重新做出",
    "“Look inside”, “Work out the latent” and the tools below load the model first.": (
        "“查看内部”、“算出潜变量”和下面的工具会先加载模型。"
    ),
    "Work out the latent": "算出潜变量",
    "The reconstruction will appear here.": "重建结果会显示在这里。",
    "Error map": "误差图",
    "Look inside": "查看内部",
    "Save the latent": "保存潜变量",
    "Vary": "变化",
    "Morph": "渐变",
    "Combine": "组合",
    "Sample": "抽样",
    "Download the map": "下载误差图",
    "The error map will appear here.": "误差图会显示在这里。",
    "Gain": "增益",
    "At 4 an error of a quarter of the range is as bright as can be.": "为 4 时，四分之一量程的误差已是最亮。",
    "The latent appears here when the model has taken the picture apart.": "模型拆解图片后，潜变量会显示在这里。",
    "And one of its channels here.": "它的一个通道会显示在这里。",
    "Channel": "通道",
    "Each is a small picture of something that the model looks for.": "每个通道都是一张小图，显示模型寻找的某种东西。",
    "In deviations: at 1 the model holds all as likely, at 4 they leave the picture behind.": (
        "以标准差计：为 1 时模型认为都同样可能，为 4 时已远离原图。"
    ),
    "Make variations": "生成变体",
    "The same picture again and again, each a little different.": "同一张图片，每次都略有不同。",
    "Portraits of people who never existed, drawn from what the model knows of faces.": (
        "从未存在过的人的头像，由模型对人脸的了解抽样而来。"
    ),
    "Draw pictures": "抽取图片",
    "Temperature": "温度",
    "Lower: more typical and alike; higher: more varied and odd.": "越低越典型、越相似；越高越多样、越奇特。",
    "Each slider pushes the picture along one thing that the model has learned.": (
        "每个滑块沿模型学到的一个特征推动图片。"
    ),
    "The changed picture will appear here.": "调整后的图片会显示在这里。",
    "What A has and B has not goes to C: a face with glasses − one without + another face.": (
        "A 有而 B 没有的东西会给 C：戴眼镜的脸 − 不戴眼镜的脸 + 另一张脸。"
    ),
    "The picture above": "上面的图片",
    "Draw three portraits": "抽三张头像",
    "The sum has the size of A.": "结果的尺寸与 A 相同。",
    "The sum will appear here.": "结果会显示在这里。",
    "Choose picture A first": "请先选择图片 A",
    "With this model a morph is a cross-fade: its latent is a map, so the pictures lie over each other. "
    "Take Portraits for one face that turns into another.": (
        "用这个模型，渐变只是淡入淡出：它的潜变量是一张图，两张图片会叠在一起。想让一张脸变成另一张脸，请选“头像”。"
    ),
    "Second picture": "第二张图片",
    "12 are shown in a second, at most 384 pixels large.": "每秒播放 12 帧，最大 384 像素。",
    "Path": "路径",
    "Linear": "直线",
    "Spherical": "弧线",
    "Straight, or on an arc; that of Portraits leads through its prior.": (
        "直线，或沿弧线；“头像”的路径穿过它的先验分布。"
    ),
    "And back again": "再变回来",
    "From the picture above to the second one, which is cropped to its shape.": (
        "从上面的图片变到第二张；第二张会裁成相同的形状。"
    ),
    "The morph will play here.": "渐变动画会在这里播放。",
    "So that the animation has no jump.": "这样动画首尾相接，没有跳跃。",
    "Choose a second picture first": "请先选择第二张图片",
    "Download the strip": "下载胶片条",
    "Go on with it": "用它继续",
    # What handlers say.
    "Taking the picture apart, and putting it together": "正在拆解并还原图片",
    "An error map compares with the original, and a latent file brings none.": (
        "误差图要与原图比较，而潜变量文件不含原图。"
    ),
    "The error, times {gain}": "误差，放大 {gain} 倍",
    "How far each pixel is off, times {gain}: dark is exact, bright is wrong.": (
        "每个像素的偏差，放大 {gain} 倍：暗处准确，亮处有误。"
    ),
    "The latent": "潜变量",
    "Its first three principal components, as colours.": "它的前三个主成分，用颜色表示。",
    "Its numbers, row by row: dark is low, bright is high.": "它的数字，逐行排列：暗为低，亮为高。",
    "{name}: dark is low, bright is high.": "{name}：暗为低，亮为高。",
    "Latent": "潜变量",
    "Encoded in": "编码用时",
    "Decoded in": "解码用时",
    "exact": "完全一致",
    "Compression": "压缩比",
    "The latent is a map of numbers.": "潜变量是一张数字图。",
    "The latent is one list of numbers.": "潜变量是一串数字。",
    "Numbers in the picture:": "图片中的数字：",
    "Numbers in the latent:": "潜变量中的数字：",
    "There must be a picture, or a latent, to begin with.": "先要有一张图片，或一个潜变量。",
    "Choose a picture first": "请先选择图片",
    "Choose picture {letter} first": "请先选择图片 {letter}",
    "Not changed yet.": "尚未调整。",
    "Adding up": "正在相加",
    "Making 1 variation": "正在生成 1 个变体",
    "Making {n} variations": "正在生成 {n} 个变体",
    "Drawing 1 picture": "正在抽取 1 张图片",
    "Drawing {n} pictures": "正在抽取 {n} 张图片",
    "{name} at strength {strength}, {seeds}.": "{name}，强度 {strength}，{seeds}。",
    "Temperature {n}, {seeds}.": "温度 {n}，{seeds}。",
    "seeds {first} to {last}": "种子 {first} 到 {last}",
    "A frame of the morph": "渐变中的一帧",
    "The morph was stopped.": "渐变已停止。",
    "Writing the files": "正在写入文件",
    "A strip: {n} frames": "胶片条：{n} 帧",
    "A morph: {way}": "渐变：{way}",
    "Click one to enlarge it and to go on with it.": "点击一张可放大，并用它继续。",
    "Go on with {name}": "用“{name}”继续",
}

SENTENCES: dict[str, str] = {
    # Names of pictures.
    "{} reconstructed": "{0}（重建）",
    "{}, reconstructed": "{0}（重建）",
    "{} changed": "{0}（已调整）",
    "Channel {}": "通道 {0}",
}

"""In Chinese: the tab "Generate"."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "Generate": "生成",
    # The wall.
    "Names the first picture; the next has the next seed.": "决定第一张图片；下一张用下一个种子。",
    "How many are made at once.": "一次生成多少张。",
    "Truncation": "截断",
    "Low: alike; high: varied and odd.": "低：相似；高：多样而奇特。",
    "Make pictures": "生成图片",
    "Surprise me": "随机来一组",
    "Making the first pictures.": "正在生成第一批图片。",
    "Press “Make pictures” to begin.": "点击“生成图片”开始。",
    "Seed {n} · truncation {truncation}": "种子 {n} · 截断 {truncation}",
    "Seeds {first} to {last} · truncation {truncation}": "种子 {first} 到 {last} · 截断 {truncation}",
    "Making 1 picture": "正在生成 1 张图片",
    "Making {n} pictures": "正在生成 {n} 张图片",
    "Mark pictures with a click": "点击即标记图片",
    "For breeding and walks; without it a click chooses.": "用于繁育和漫步；不勾选时，点击即选中。",
    "Compare truncations": "比较不同截断",
    "{name} at truncation {low} to {high}": "{name}，截断 {low} 到 {high}",
    "All as a zip": "全部下载（zip）",
    "1 picture with the sliders' changes": "1 张图片，已应用滑块的调整",
    "{n} pictures with the sliders' changes": "{n} 张图片，已应用滑块的调整",
    # The chosen picture.
    "Click a picture to see it here.": "点击一张图片，在此查看。",
    "{name}, enlarged from {side} pixels": "{name}，由 {side} 像素放大",
    "{width} × {height} pixels, enlarged here": "{width} × {height} 像素，此处为放大显示",
    "truncation {n}": "截断 {n}",
    "mutation {n}": "变异 {n}",
    "♡ Like": "♡ 喜欢",
    "♥ Liked": "♥ 已喜欢",
    "Use its seed": "使用它的种子",
    "It has no seed": "它没有种子",
    "Walk from it": "从它开始漫步",
    "Mix its shapes": "混合它的形状",
    "Mix its detail": "混合它的细节",
    "Change": "调整",
    "Each slider pushes the chosen picture along one thing that the model has learned.": (
        "每个滑块沿模型学到的一种特征改变选中的图片。"
    ),
    "Direction": "方向",
    "Reset": "重置",
    "Apply to all pictures": "应用到所有图片",
    # Walks.
    "Walk": "漫步",
    "Through these seeds": "经过这些种子",
    "Seeds with commas between them, in the order of the visit.": "按经过的顺序写种子，用逗号隔开。",
    "Begin at the chosen picture": "从选中的图片开始",
    "Visit the pictures you like": "经过喜欢的图片",
    "Come back to the beginning": "最后回到起点",
    "Frames": "帧数",
    "12 are shown in a second; more make the walk slower and smoother.": "每秒播放 12 帧；帧数越多，漫步越慢、越流畅。",
    "The walk will play here.": "漫步动画将在此播放。",
    "Type more seeds first": "请先多写几个种子",
    "A walk needs two pictures or more.": "漫步至少需要两张图片。",
    "Seed {n}": "种子 {n}",
    "Making {n} frames": "正在生成 {n} 帧",
    "A frame of the walk": "漫步中的一帧",
    "The walk was stopped.": "漫步已停止。",
    "A walk: {way}": "漫步：{way}",
    "{n} frames, {seconds} seconds": "{n} 帧，{seconds} 秒",
    # Mixing.
    "Mix": "混合",
    "The coarse shapes of one picture with the fine detail of another, and the other way round.": (
        "一张图片的大体形状配上另一张的精细细节，并反过来再做一次。"
    ),
    "Shapes from seed": "形状来自种子",
    "What is where: sky, hills, a head.": "什么在哪里：天空、山丘、头部。",
    "Detail from seed": "细节来自种子",
    "How it is painted: colours, strokes, texture.": "怎么画：颜色、笔触、质感。",
    "Mixing": "正在混合",
    "Mixes": "混合结果",
    "Type a seed for the shapes first": "请先填写形状的种子",
    "Type a seed for the detail first": "请先填写细节的种子",
    # Breeding.
    "Breed": "繁育",
    "Mark the pictures you like, and breed: the children become the pictures on the wall.": (
        "标记喜欢的图片，然后繁育：子代会成为墙上的图片。"
    ),
    "No picture is marked yet.": "还没有标记图片。",
    "Unmark all": "取消所有标记",
    "Mutation": "变异",
    "How far children stray from their parents: 0 only crosses them, 1 forgets them.": (
        "子代偏离亲本的程度：0 只是杂交，1 完全不像亲本。"
    ),
    "Children": "子代",
    "How many to breed at once.": "一次繁育多少个。",
    "Choose or mark a picture first": "请先选中或标记一张图片",
    "Nothing is marked: {name} alone will be the parent; more mutation brings variety.": (
        "没有标记：{name}将是唯一的亲本；变异越大，变化越多。"
    ),
    "1 parent: {who}.": "1 个亲本：{who}。",
    "{n} parents: {who}.": "{n} 个亲本：{who}。",
    "Breeding {n} children": "正在繁育 {n} 个子代",
    "Generation {n}": "第 {n} 代",
    "Generation {n}: children of {who}": "第 {n} 代：{who} 的子代",
    "The ancestry of your pictures will grow here.": "图片的谱系会在此展开。",
    # Finding a picture.
    "Find": "寻找",
    "The model looks for the picture of its own that comes nearest; its middle square counts.": (
        "模型会寻找自己能生成的最接近的图片；只看所给图片中央的正方形。"
    ),
    "Picture to find": "要寻找的图片",
    "Upload a picture first": "请先上传图片",
    "Find this picture": "寻找这张图片",
    "More settings": "更多设置",
    "Corrections: more come nearer, and take longer.": "修正的次数：越多越接近，也越久。",
    "Looking at the picture": "正在分析图片",
    "{share} % · step {step} of {total}": "{share} % · 第 {step} 步，共 {total} 步",
    "Stop and keep what is found": "停止并保留已找到的",
    "The picture to find": "要寻找的图片",
    "The best so far": "目前最接近的",
    "After {n} steps": "{n} 步之后",
    "What was found": "找到的图片",
    "Stopped before anything was found.": "还没找到就停止了。",
    "{near} dB near it; it is the chosen picture now, so sliders and walks go on from it.": (
        "接近程度 {near} dB；它现在是选中的图片，滑块和漫步都从它继续。"
    ),
    (
        "{near} dB near it, stopped after step {step}; it is the chosen picture now, so sliders and walks go on from "
        "it."
    ): "接近程度 {near} dB，在第 {step} 步后停止；它现在是选中的图片，滑块和漫步都从它继续。",
    # Settings from a picture.
    "Read settings from a picture": "从图片读取设置",
    "A PNG downloaded from this tab carries its settings; put it here and go on from it.": (
        "从本页下载的 PNG 带有设置；放到这里，就能从它继续。"
    ),
    "Picture made here": "在这里生成的图片",
    "{name} is the chosen picture now.": "现在选中的图片是{name}。",
}

SENTENCES: dict[str, str] = {
    # Names of pictures.
    "Seed {}": "种子 {0}",
    "{} at {}": "{0}，截断 {1}",
    "Child of {}": "{0} 的子代",
    "Child {} of generation {}": "第 {1} 代的子代 {0}",
    "Mix of {} and {}": "{0} 与 {1} 的混合",
    "{}, detail of {}": "{0}，细节来自{1}",
    "Picture {}": "图片 {0}",
    "Found picture": "找到的图片",
    "Variation {}": "变体 {0}",
    "Sample {}": "样本 {0}",
    "Changed picture": "调整后的图片",
    "Frame of a morph": "渐变动画的一帧",
    "Reconstruction": "重建结果",
    # Directions of our generators, and of those of others.
    "open sky": "开阔天空",
    "clouds": "云",
    "warmth": "暖色",
    "sunset": "日落",
    "yellow sky": "黄色天空",
    "clear air": "空气通透",
    "light hair": "浅色头发",
    "light skin": "浅色皮肤",
    "yellow background": "黄色背景",
    "short hair": "短发",
    "axis {}": "第 {0} 轴",
}

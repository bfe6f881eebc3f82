"""In Chinese: the tab "Style transfer"."""

from __future__ import annotations

WORDS: dict[str, str] = {
    # Pictures
    "Content picture": "内容图",
    "Style picture": "风格图",
    "Second style": "第二种风格",
    "Third style": "第三种风格",
    "content picture": "内容图",
    "style picture": "风格图",
    "second style picture": "第二张风格图",
    "third style picture": "第三张风格图",
    "What to paint: upload a photograph, or choose one.": "画什么：上传一张照片，或从下面选一张。",
    "How to paint it: upload any picture, or choose one.": "怎么画：上传任意图片，或从下面选一张。",
    "Or take a pair that goes well together.": "也可以直接选用一组好看的搭配。",
    "A cat": "猫",
    "A mountain": "山峰",
    "A portrait": "人像",
    "Stained glass": "彩色玻璃",
    "Marbling": "大理石纹",
    "Pointillism": "点彩",
    "Woodcut": "木刻版画",
    "Arcimboldo: Spring": "阿尔钦博托：《春》",
    "Cassatt: Summertime": "卡萨特：《夏日》",
    "Hiroshige: Snow at Inokashira": "歌川广重：《井之头池雪景》",
    "Hokusai: Under the Wave off Kanagawa": "葛饰北斋：《神奈川冲浪里》",
    "Kandinsky: Composition VIII": "康定斯基：《构图八号》",
    "Renoir: Bal du moulin de la Galette": "雷诺阿：《煎饼磨坊的舞会》",
    "Van Gogh: The Langlois Bridge": "梵高：《朗格卢瓦桥》",
    "Van Gogh: The Night Café": "梵高：《夜间咖啡馆》",
    "A mountain · Marbling": "山峰 · 大理石纹",
    "A cat · Pointillism": "猫 · 点彩",
    "A mountain · Hokusai: Under the Wave off Kanagawa": "山峰 · 葛饰北斋：《神奈川冲浪里》",
    "A portrait · Kandinsky: Composition VIII": "人像 · 康定斯基：《构图八号》",
    # Settings
    "How far it goes: 0 leaves the photograph as it is.": "画得多彻底：0 表示照片保持原样。",
    "Stroke size": "笔触大小",
    "2 makes the strokes twice as large.": "设为 2 时，笔触放大一倍。",
    "Size": "尺寸",
    "The longer side of the result in pixels.": "结果图长边的像素数。",
    "Keep the content's colours": "保留内容图的颜色",
    "Take the strokes of the style, but not its palette.": "只取风格图的笔触，不取它的配色。",
    "Blend in more styles": "混入更多风格",
    "The painting takes from each of up to three styles, as much as its weight says.": (
        "最多可以混合三种风格，各占多少由权重决定。"
    ),
    "Weight of the first style": "第一种风格的权重",
    "Weight of the second": "第二种的权重",
    "Weight of the third": "第三种的权重",
    "Beside the others; 0 leaves it out.": "与其他风格相比的份量；0 表示不用。",
    "Fine tuning": "细节设置",
    "The same seed gives the same picture, another one varies the details.": (
        "种子相同，画面就相同；换一个种子，细节会变。"
    ),
    "Corrections at the coarsest level: fewer are faster, more are more thorough.": (
        "最粗一级的修正次数：少则快，多则更到位。"
    ),
    "Style weight": "风格权重",
    "What the style counts beside the content: at 60 a face dissolves into strokes.": (
        "风格相对内容的份量：到 60 时，人脸会化作笔触。"
    ),
    # Painting
    "Fast answers at once, and paints large pictures too.": "“快速”立刻出图，也能画大图。",
    "Fine takes a minute or more and works the picture out step by step.": "“精细”需要一分钟以上，逐步推敲画面。",
    "Paint": "开始绘制",
    "Choose a content picture first": "请先选择内容图",
    "Choose a style picture first": "请先选择风格图",
    "The painting takes a content picture and a style picture.": "绘制需要一张内容图和一张风格图。",
    "Takes about {time} {where}.": "{where}约需 {time}。",
    "Takes about {time} {where}; twice the size takes over three times as long.": (
        "{where}约需 {time}；尺寸加倍，用时会增至三倍以上。"
    ),
    "on this machine": "在这台机器上",
    "on two processor cores": "在两个处理器核心上",
    "on a laptop's graphics chip": "在笔记本电脑的图形芯片上",
    "on a graphics card": "在显卡上",
    "Painting the picture": "正在绘制",
    "Looking at the pictures": "正在分析图片",
    "The content picture": "内容图",
    "Stop and keep what is there": "停止并保留当前画面",
    "The picture after {n} steps": "第 {n} 步后的画面",
    "The picture after part {n}": "画完第 {n} 块后的画面",
    "part {n} of {total}": "第 {n} 块，共 {total} 块",
    "step {n} of {total}": "第 {n} 步，共 {total} 步",
    # The result
    "Your painting will appear here.": "画好的图会显示在这里。",
    "Before and after": "前后对比",
    "A finished example: Paint makes it again": "这是画好的示例：点“开始绘制”可重新画出",
    "{width} × {height} pixels": "{width} × {height} 像素",
    "stopped after step {n}": "在第 {n} 步后停止",
    "seed {n}": "种子 {n}",
    # The sheet
    "Try many styles at once": "一次试多种风格",
    "Styles": "风格",
    "A style picture that you have uploaded takes part as well.": "您上传的风格图也会一起参加。",
    "Style sheet": "风格样张",
    "Paint the sheet": "绘制样张",
    "Choose styles first": "请先选择风格",
    "The sheet takes a content picture and styles.": "样张需要一张内容图和至少一种风格。",
    "1 picture of {side} pixels in about {time} {where}; click it to take its style.": (
        "1 张 {side} 像素的图，{where}约需 {time}；点击它即可选用其风格。"
    ),
    "{count} pictures of {side} pixels in about {time} {where}; click one to take its style.": (
        "{count} 张 {side} 像素的图，{where}约需 {time}；点击其中一张即可选用其风格。"
    ),
    "Painting 1 picture": "正在绘制 1 张图",
    "Painting {count} pictures": "正在绘制 {count} 张图",
    "Your style picture": "您的风格图",
    "{name}: this is the style picture now, and Paint makes it at full size.": (
        "已将风格图换成{name}，点“开始绘制”即可画出大图。"
    ),
}

SENTENCES: dict[str, str] = {
    "style picture {} ({})": "第 {0} 张风格图（{1}）",
}

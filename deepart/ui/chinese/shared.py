"""In Chinese: what all tabs share: starting and stopping, sending, results, languages of numbers."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "1 minute": "1 分钟",
    "1 second": "1 秒",
    "{n} minutes": "{n} 分钟",
    "{n} seconds": "{n} 秒",
    "Error": "出错了",
    "In the queue": "排队中",
    "Progress": "进度",
    "Loading the model, which its first use does": "首次使用，正在载入模型",
    "Stop": "停止",
    "Stopping after this step": "完成这一步后停止",
    "Leave the queue": "退出排队",
    "Format of the file": "文件格式",
    "Download": "下载",
    "Make pictures that never existed, take pictures apart, repaint photographs. All is computed on the machines of "
    "whoever offers this page.": ("生成从未存在过的图片，拆解图片，重绘照片。所有计算都在本页提供者的机器上完成。"),
    "Make pictures that never existed, take pictures apart, repaint photographs. All is computed on this machine.": (
        "生成从未存在过的图片，拆解图片，重绘照片。所有计算都在这台机器上完成。"
    ),
    "Style transfer": "风格迁移",
    "My results": "我的作品",
    "Send to": "发送到",
    "Content of a transfer": "作为内容图",
    "Style of a transfer": "作为风格图",
    "Reconstruct it": "重建它",
    "Find it as a drawn one": "寻找相似的生成图",
    "What you make on the other tabs is kept here, the newest first, up to 50 pictures.": (
        "您在其他标签页制作的图片会保存在这里，最新的在最前，最多 50 张。"
    ),
    "Click a picture for its settings; click another, and the two are under the slider.": (
        "点击一张图片查看其设置；再点击另一张，即可用滑块对比两者。"
    ),
    "Two results": "两张作品对比",
    "Clear my results": "清空我的作品",
    "♡ Favourite": "♡ 收藏",
    "♥ Favourite": "♥ 已收藏",
    "Breed the favourites": "用收藏的图片繁育",
    "Settings": "设置",
    "Copy a link to these settings": "复制当前设置的链接",
    "Link to these settings": "当前设置的链接",
    "Seed": "种子",
    "Another seed": "换一个种子",
    "Strength": "强度",
    "Steps": "步数",
    "about {time} left": "还需约 {time}",
    "working out the time left": "正在估算剩余时间",
}

SENTENCES: dict[str, str] = {
    "Painting": "画作",
}

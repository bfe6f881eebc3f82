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
    "Stop": "停止",
    "Stopping after this step": "完成这一步后停止",
    "Leave the queue": "退出排队",
    "Format of the file": "文件格式",
    "Download": "下载",
    "Seed": "种子",
    "Another seed": "换一个种子",
    "Strength": "强度",
    "Steps": "步数",
    "about {time} left": "还需约 {time}",
    "working out the time left": "正在估算剩余时间",
}

SENTENCES: dict[str, str] = {}

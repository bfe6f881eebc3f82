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
}

SENTENCES: dict[str, str] = {}

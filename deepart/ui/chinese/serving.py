"""In Chinese: what a host's rules say to visitors, and what is wrong with a host's own files."""

from __future__ import annotations

WORDS: dict[str, str] = {}

SENTENCES: dict[str, str] = {
    "The password is empty; give one.": "密码为空；请给出密码。",
    "--mcp cannot be used with --auth: tools have no way to log in.": "--mcp 不能与 --auth 一起使用：工具无法登录。",
    '--mcp needs the package mcp: pip install "mcp>=1.21,<2".': ('--mcp 需要软件包 mcp：pip install "mcp>=1.21,<2"。'),
    "Each visitor may ask {} times a minute here; please wait {} s.": (
        "这里每位访客每分钟最多请求 {0} 次；请等待 {1} 秒。"
    ),
    "The file of passwords {} cannot be read.": "无法读取密码文件 {0}。",
    "The file of passwords {} has no user; --hash-password makes a line.": (
        "密码文件 {0} 中没有用户；用 --hash-password 生成一行。"
    ),
    "Line {} of the file of passwords {} is no user; --hash-password makes such a line.": (
        "密码文件 {1} 的第 {0} 行不是用户；用 --hash-password 生成这样的一行。"
    ),
    "The user name is {}; it must be words without a colon.": "用户名是 {0}；它必须是不含冒号的文字。",
}

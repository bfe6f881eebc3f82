"""What errors say: the templates of all errors and phrases in the source, for tests of their translations."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from deepart import errors

_KINDS = {"Phrase", *(name for name in vars(errors) if name.endswith("Error"))}


def calls(path: Path) -> Iterator[tuple[int, ast.expr]]:
    """Yield the line and the first argument of each call in a module that makes an error of ours, or a phrase."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            name = node.func.id
            if name in _KINDS or (name.startswith("_") and re.fullmatch(r"\w+Error", name)):
                yield node.lineno, node.args[0]


def templates(folder: Path) -> dict[str, str]:
    """Return the templates of all modules below a folder, as str.format takes them, and where each stands."""
    return {
        argument.value: f"{path.relative_to(folder)}:{line}"
        for path in sorted(folder.rglob("*.py"))
        for line, argument in calls(path)
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }

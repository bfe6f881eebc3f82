"""Chinese: nothing that a visitor can see lacks its translation, and nothing is translated in vain."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.context import LocalContext
from running_page import ROOT, TinyStudio

from deepart import registry
from deepart.ui import build_app, i18n
from deepart.ui.i18n import ABOUT, ZH, shown_blocks, t, texts, translate, translate_html, words_of_html

PACKAGE = ROOT / "deepart"
# The page of a cluster says a few things of its own.
FILES = [*sorted(PACKAGE.rglob("*.py")), ROOT / "deploy" / "remote.py"]
ERRORS = {
    "DeepArtError", "ImageError", "OptionError", "UnknownModelError", "UnsupportedError", "WeightsError",
    "MemoryLimitError", "LostError", "mistake",
}  # fmt: skip
SAME = {
    "DeepArt", "PSNR", "SSIM", "GIF", "WebP", "MP4", "PNG", "JPEG", "WEBP", "A", "B", "C", "ε", "▶", "arXiv", "TAESD",
    "Stable", "Diffusion",
}  # fmt: skip
# What stands in sentences and is put together elsewhere: directions of models, and kinds of numbers.
VALUES = {
    "clear air", "clouds", "light hair", "light skin", "open sky", "short hair", "sunset", "warmth", "whole number",
    "whole number of bytes", "whole number of pixels", "yellow background", "yellow sky",
}  # fmt: skip
HAN = re.compile(r"[\u4e00-\u9fff]")


class Request:
    """Stands for a visitor's request."""

    def __init__(self, wanted: str | None) -> None:
        self.headers = {} if wanted is None else {"accept-language": wanted}


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let an event be handled for a visitor with a browser of some language."""
    tokens = []

    def read(wanted: str | None) -> None:
        tokens.append(LocalContext.request.set(Request(wanted)))  # type: ignore[arg-type]

    yield read
    for token in reversed(tokens):
        LocalContext.request.reset(token)


def template(node: ast.expr) -> str | None:
    """A literal, or an f-string with "{}" for each of its values; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = template(node.left), template(node.right)
        return None if None in parts else "".join(parts)  # type: ignore[arg-type]
    return None


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            yield name, node


def sayings(node: ast.expr, scope: list[ast.AST]) -> set[str]:
    """All that an expression may say, with "{}" for each value that is no words of its own; none for no words.

    Names are looked up where they are assigned, in the function and then in the module: words may come through one.
    """
    if isinstance(node, ast.IfExp):
        return sayings(node.body, scope) | sayings(node.orelse, scope)
    if isinstance(node, ast.Name):
        found = [sayings(value, scope) for value in assigned(node.id, scope)]
        return set().union(*found) if all(found) else set()
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return {a + b for a in sayings(node.left, scope) for b in sayings(node.right, scope)}
    if isinstance(node, ast.JoinedStr):
        said = {""}
        for part in node.values:
            plain = isinstance(part, ast.FormattedValue) and part.conversion == -1 and part.format_spec is None
            inner = part.value if isinstance(part, ast.FormattedValue) and plain else part
            more = sayings(inner, scope) if isinstance(inner, ast.Name | ast.Constant | ast.IfExp) else set()
            said = {words + other for words in said for other in more or {"{}"}}
        return said
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def assigned(name: str, scope: list[ast.AST]) -> list[ast.expr]:
    """What a name stands for: the values that the innermost function that binds it assigns; none where it is given."""
    for place in scope:
        inside = list(ast.walk(place)) if not isinstance(place, ast.Module) else place.body
        values = [
            node.value for node in inside
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name
        ]  # fmt: skip
        stored = [node for node in ast.walk(place) if isinstance(node, ast.Name) and node.id == name
                  and isinstance(node.ctx, ast.Store)]  # fmt: skip
        given = [node for node in inside if isinstance(node, ast.arg) and node.arg == name]
        if given or (stored and not isinstance(place, ast.Module)):
            return values if len(values) == len(stored) and not given else []
        if values:
            return values
    return []


def is_error(function: ast.expr, scope: list[ast.AST]) -> bool:
    """Whether a call makes an error of ours, also by a name that stands for one of several kinds."""
    if isinstance(function, ast.IfExp):
        return is_error(function.body, scope) or is_error(function.orelse, scope)
    if isinstance(function, ast.Name):
        known = function.id in ERRORS or re.fullmatch(r"_\w+Error", function.id) is not None
        return known or any(is_error(value, scope) for value in assigned(function.id, scope))
    return False


def templates_of(path: Path) -> set[str]:
    """The sentences of all errors that a module makes, with "{}" for each value."""
    found: set[str] = set()

    def walk(node: ast.AST, scope: list[ast.AST]) -> None:
        inner = [node, *scope] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module) else scope
        if isinstance(node, ast.Call) and node.args and is_error(node.func, inner):
            found.update(sayings(node.args[0], inner))
        for child in ast.iter_child_nodes(node):
            walk(child, inner)

    walk(ast.parse(path.read_text(encoding="utf-8")), [])
    return found


def spoken() -> dict[str, str]:
    """What handlers say through t(), and the module in which."""
    return {
        words: path.name
        for path in FILES for name, call in calls(path)
        if name == "t" and call.args and (words := template(call.args[0])) is not None
    }  # fmt: skip


def placeholders(words: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(words) if field is not None}


@pytest.fixture(scope="module")
def app() -> gr.Blocks:
    return build_app(TinyStudio())


def test_what_handlers_say_is_a_literal_with_a_translation() -> None:
    assert [
        f"{path.name}:{call.lineno}"
        for path in FILES for name, call in calls(path)
        if name == "t" and (not call.args or not isinstance(call.args[0], ast.Constant))
    ] == []  # fmt: skip
    assert sorted(words for words in spoken() if words not in ZH) == []


def test_what_stands_on_the_page_has_a_translation(app: gr.Blocks) -> None:
    assert sorted(lacking(app)) == []


def lacking(app: gr.Blocks) -> set[str]:
    found: set[str] = set()
    for block in shown_blocks(app):
        for name, words in texts(block):
            key = unmarked(words)
            parts = words_of_html(key) if name == "value" and i18n.is_html(block) else [key]
            found |= {part for part in parts if part not in ZH and not same_in_both(part)}
    return found


def unmarked(words: str) -> str:
    """What localise() has marked, as it was."""
    import json

    return json.loads(words.removeprefix("__i18n__"))["key"] if words.startswith("__i18n__") else words


def same_in_both(words: str) -> bool:
    return all(word in SAME for word in re.findall(r"\w*[^\W\d_]\w*", words))


def test_every_error_has_a_translation() -> None:
    wanted = {words: path.name for path in FILES if not on_the_command_line(path) for words in templates_of(path)}
    assert sorted(f"{path}: {words}" for words, path in wanted.items() if words not in ZH) == []


def on_the_command_line(path: Path) -> bool:
    """Whether a module's errors carry templates (see tests/templates.py), or are never heard on the page."""
    return "ui" not in path.parts


def test_what_errors_say_is_found_through_names(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "GONE = 'Gone.'\n"
        "def first(bad, what):\n"
        "    came = f'The {what} is {bad!r}'\n"
        "    hint = f'; try {bad!r}.' if bad else '.'\n"
        "    kind = _FarError if bad else ImageError\n"
        "    raise kind(f'{came}{hint}')\n"
        "def second(came, error):\n"
        "    raise ValueError(GONE) from OptionError(GONE if error else f'{came} came' + '!')\n"
        "def third():\n"
        "    for hint in 'ab':\n"
        "        raise OptionError(f'No {hint}.')\n"
    )
    assert templates_of(path) == {"The {} is {}; try {}.", "The {} is {}.", "Gone.", "{} came!", "No {}."}


@pytest.mark.parametrize("value", ["7", "'abc'", "channel", "[someone/landscapes,3x4];or:so"])
def test_no_sentence_is_taken_for_another(reading: Any, value: str) -> None:
    reading("zh-CN")
    inside = ZH.get(value, value)
    for words, there in ZH.items():
        if "{}" in words:
            said = words.replace("{}", value)
            assert translate(said) == (ZH[said] if said in ZH else there.format(*[inside] * 9)), words


@pytest.mark.parametrize(
    ("english", "there"),
    [
        ("The seed is 1.5; it must be a whole number from 0 to 4294967295.",
         "种子是 1.5；必须是 0 到 4294967295 之间的整数。"),
        ("The size is 20; it must be a whole number of pixels from 64 to 4096.",
         "尺寸是 20；必须是 64 到 4096 之间的像素数（整数）。"),
        ("The strength is 'a lot'; it must be a number from 0 to 1.", "强度是 'a lot'；必须是 0 到 1 之间的数。"),
        ("The content picture cannot be used. The picture is 9x300 pixels; each side must have at least 16, so choose "
         "a larger one.",
         "内容图无法使用。图片是 9x300 像素；每边至少要有 16 像素，请换一张大一些的。"),
        ("The file is a web page (HTML), not PNG, JPEG or WEBP; save it as one of these and try again.",
         "该文件是网页（HTML），不是 PNG、JPEG 或 WEBP；请另存为其中一种格式后重试。"),
        ("There is no gan model 'landscape'; did you mean 'landscapes'? Known: landscapes, portraits.",
         "没有 gan 模型 'landscape'；是不是想用 'landscapes'？可用的有：landscapes, portraits。"),
        ("The cuda:0 ran out of memory at 4096 pixels; try size=2048, or use the CPU (--device cpu).",
         "cuda:0 的内存不足，正在绘制 4096 像素；请试试 size=2048，或改用 CPU（--device cpu）。"),
        ("The file 'a.safetensors' is damaged or cut short; save the latent again.",
         "文件 'a.safetensors' 已损坏或不完整；请重新保存潜变量。"),
        ("The file x/model.safetensors is missing; get it again from where it came from.",
         "文件 x/model.safetensors 不存在；请从原来的地方重新获取。"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_chinese(reading: Any, english: str, there: str) -> None:
    reading("zh-CN")
    assert translate(english) == there


def test_every_model_has_a_translation() -> None:
    assert sorted(words for words in of_models() if words not in ZH and not same_in_both(words)) == []


def of_models() -> set[str]:
    """What visitors are told of the models, and of what they need: that costs time and room as well."""
    specs = [spec for spec in registry.REGISTRY.values() if spec.task in registry.TASKS]
    costs = {spec.cost for spec in registry.REGISTRY.values()} - {""}
    return costs | {words for spec in specs for words in (spec.title, spec.summary)}


def test_values_stand_in_both_languages() -> None:
    for words, there in ZH.items():
        numbers = {str(number) for number in range(words.count("{}"))}
        assert placeholders(there) == (numbers or placeholders(words)), words


def test_translations_are_chinese() -> None:
    assert [words for words, there in ZH.items() if there and not HAN.search(there)] == []
    assert sorted(i18n.ABOUT) == ["gan", "style", "vae"]


def test_nothing_is_translated_in_vain(app: gr.Blocks) -> None:
    """Each entry is found in the code, where it is said, or on the page."""
    strings = {
        node.value
        for path in FILES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }  # fmt: skip
    shown = {part for block in shown_blocks(app) for _, words in texts(block) for part in _parts(unmarked(words))}
    errors = {words for path in FILES for words in templates_of(path)}
    said = strings | shown | of_models() | set(ABOUT.values()) | errors | VALUES
    assert sorted(words for words in ZH if words not in said and "{}" not in words) == []


def _parts(words: str) -> set[str]:
    return {words, *words_of_html(f">{words}<")}


def test_a_visitor_reads_the_language_of_the_browser(reading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ZH, "Seed {n}", "种子 {n}")
    for wanted, words in (("zh-CN,zh;q=0.9", "种子 3"), ("en-GB,zh-CN;q=0.5", "Seed 3"), (None, "Seed 3")):
        reading(wanted)
        assert t("Seed {n}", n=3) == words


def test_outside_of_events_words_are_english() -> None:
    assert t("Stop") == "Stop"
    assert translate("No picture is chosen yet; click one first.") == "No picture is chosen yet; click one first."


def test_sentences_are_recognised_with_what_is_in_them(reading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    i18n._patterns.cache_clear()
    i18n._recognised.cache_clear()
    monkeypatch.setitem(ZH, "The {} of {} is odd.", "{1}的{0}很奇怪。")
    monkeypatch.setitem(ZH, "hat", "帽子")
    reading("zh-CN")
    assert translate("The hat of 7 is odd.") == "7的帽子很奇怪。"
    assert translate("Nobody knows this one.") == "Nobody knows this one."
    i18n._patterns.cache_clear()
    i18n._recognised.cache_clear()


def test_html_keeps_its_marks() -> None:
    code = '<p class="stop">Stop</p><img alt="Stop" src="Stop"> <b> Go &amp; stop </b>'
    there = translate_html(code, {"Stop": "停", "Go & stop": "走<停"}.__getitem__)
    assert there == '<p class="stop">停</p><img alt="停" src="Stop"> <b> 走&lt;停 </b>'
    assert words_of_html("<style>.a { color: red }</style><p>One</p><p> </p>") == ["One"]

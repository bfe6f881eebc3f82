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
from deepart.ui import build_app, language
from deepart.ui.chinese import MODULES, SENTENCES, WORDS
from deepart.ui.language import shown_blocks, t, t_text, texts, translate_html, words_of_html

PACKAGE = ROOT / "deepart"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "chinese" not in path.parts)
ERRORS = {
    "DeepArtError", "ImageError", "OptionError", "UnknownModelError", "UnsupportedError", "WeightsError",
    "MemoryLimitError", "mistake",
}  # fmt: skip
SAME = {"DeepArt", "PSNR", "SSIM", "GIF", "WebP", "MP4", "PNG", "JPEG", "WEBP", "A", "B", "C", "ε", "▶", "arXiv"}
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


def templates_of(path: Path) -> set[str]:
    """The sentences of all errors that a module makes: literals, and both arms of a conditional."""
    found = set()
    for name, call in calls(path):
        if name in ERRORS and call.args:
            arms = [call.args[0].body, call.args[0].orelse] if isinstance(call.args[0], ast.IfExp) else [call.args[0]]
            found |= {words for words in map(template, arms) if words is not None}
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
    return build_app(TinyStudio(allow_any_repo=True))


def test_what_handlers_say_is_a_literal_with_a_translation() -> None:
    assert [
        f"{path.name}:{call.lineno}"
        for path in FILES for name, call in calls(path)
        if name == "t" and (not call.args or not isinstance(call.args[0], ast.Constant))
    ] == []  # fmt: skip
    assert sorted(words for words in spoken() if words not in WORDS) == []


def test_what_stands_on_the_page_has_a_translation(app: gr.Blocks) -> None:
    assert sorted(lacking(app)) == []


def lacking(app: gr.Blocks) -> set[str]:
    found: set[str] = set()
    for block in shown_blocks(app):
        for name, words in texts(block):
            key = unmarked(words)
            parts = words_of_html(key) if name == "value" and language.is_html(block) else [key]
            found |= {part for part in parts if part not in WORDS and not same_in_both(part)}
    return found


def unmarked(words: str) -> str:
    """What localise() has marked, as it was."""
    import json

    return json.loads(words.removeprefix("__i18n__"))["key"] if words.startswith("__i18n__") else words


def same_in_both(words: str) -> bool:
    return all(word in SAME for word in re.findall(r"[^\W\d_]+", words))


def test_every_error_has_a_translation() -> None:
    wanted = {words: path.name for path in FILES for words in templates_of(path)}
    assert sorted(f"{path}: {words}" for words, path in wanted.items() if words not in SENTENCES) == []


def test_every_model_has_a_translation() -> None:
    specs = [spec for spec in registry.REGISTRY.values() if spec.task in registry.TASKS]
    wanted = {words for spec in specs for words in (spec.title, spec.summary, spec.cost) if words}
    assert sorted(words for words in wanted if words not in WORDS and not same_in_both(words)) == []


def test_values_stand_in_both_languages() -> None:
    assert [words for words, there in WORDS.items() if placeholders(words) != placeholders(there)] == []
    for words, there in SENTENCES.items():
        assert placeholders(there) == {str(number) for number in range(words.count("{}"))}, words


def test_translations_are_chinese() -> None:
    tables = [table for module in MODULES for table in (module.WORDS, module.SENTENCES)]
    assert [words for table in tables for words, there in table.items() if there and not HAN.search(there)] == []
    keys = [words for module in MODULES for words in module.WORDS]
    assert sorted({words for words in keys if keys.count(words) > 1}) == []


def test_nothing_is_translated_in_vain(app: gr.Blocks) -> None:
    """Each entry is found in the code, where it is said, or on the page."""
    strings = {
        node.value
        for path in FILES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }  # fmt: skip
    shown = {part for block in shown_blocks(app) for _, words in texts(block) for part in _parts(unmarked(words))}
    assert sorted(words for words in WORDS if words not in strings and words not in shown) == []


def _parts(words: str) -> set[str]:
    return {words, *words_of_html(f">{words}<")}


def test_a_visitor_reads_the_language_of_the_browser(reading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WORDS, "Seed {n}", "种子 {n}")
    for wanted, words in (("zh-CN,zh;q=0.9", "种子 3"), ("en-GB,zh-CN;q=0.5", "Seed 3"), (None, "Seed 3")):
        reading(wanted)
        assert t("Seed {n}", n=3) == words


def test_outside_of_events_words_are_english() -> None:
    assert t("Stop") == "Stop"
    assert t_text("No picture is chosen yet; click one first.") == "No picture is chosen yet; click one first."


def test_sentences_are_recognised_with_what_is_in_them(reading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    language._patterns.cache_clear()
    language._recognised.cache_clear()
    monkeypatch.setitem(SENTENCES, "The {} of {} is odd.", "{1}的{0}很奇怪。")
    monkeypatch.setitem(WORDS, "hat", "帽子")
    reading("zh-CN")
    assert t_text("The hat of 7 is odd.") == "7的帽子很奇怪。"
    assert t_text("Nobody knows this one.") == "Nobody knows this one."
    language._patterns.cache_clear()
    language._recognised.cache_clear()


def test_html_keeps_its_marks() -> None:
    code = '<p class="stop">Stop</p><img alt="Stop" src="Stop"> <b> Go &amp; stop </b>'
    there = translate_html(code, {"Stop": "停", "Go & stop": "走<停"}.__getitem__)
    assert there == '<p class="stop">停</p><img alt="停" src="Stop"> <b> 走&lt;停 </b>'
    assert words_of_html("<style>.a { color: red }</style><p>One</p><p> </p>") == ["One"]

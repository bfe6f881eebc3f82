"""Chinese: nothing that a visitor can see lacks its translation, and nothing is translated in vain."""

import ast
import copy
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.context import LocalContext
from PIL import Image
from running_page import ROOT, Request, TinyStudio
from templates import calls as templates_calls
from templates import templates

from deepart import Latent, registry
from deepart.checks import number, whole_number
from deepart.errors import DeepArtError, Phrase
from deepart.images import check_image
from deepart.ui import build_app, i18n
from deepart.ui.i18n import ABOUT, ZH, shown_blocks, t, texts, translate, translate_html
from deepart.ui.inputs import read_picture

PACKAGE = ROOT / "deepart"
# The page of a cluster says a few things of its own.
FILES = [*sorted(PACKAGE.rglob("*.py")), ROOT / "deploy" / "remote.py"]
OFF_THE_PAGE = re.compile("cli/|folder|checkpoint.py|batches|jobs|lists|storage|worker|report|tasks|messages|tests/")
SAME = {
    "DeepArt", "PSNR", "SSIM", "GIF", "WebP", "MP4", "PNG", "JPEG", "WEBP", "A", "B", "C", "ε", "▶", "arXiv", "TAESD",
    "Stable", "Diffusion",
}  # fmt: skip
# What stands in sentences and is put together elsewhere: directions of models, and kinds of numbers.
VALUES = {
    "clear air", "contrast", "light", "light ground", "light hair", "light skin", "open sky", "short hair",
    "sunlit ground", "warmth", "whole number", "whole number of bytes", "whole number of pixels", "yellow background",
    "yellow light",
}  # fmt: skip
HAN = re.compile(r"[\u3002\u4e00-\u9fff]")


UNSEEN = re.compile(r"<(style|script|svg)\b.*?</\1>", re.DOTALL)


def words_of_html(code: str) -> list[str]:
    """Return the texts of HTML, and the attributes that are read out."""
    found: list[str] = []

    def keep(words: str) -> str:
        found.append(words)
        return words

    translate_html(UNSEEN.sub("", code), keep)
    return found


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
            parts = words_of_html(key) if name == "value" and isinstance(block, gr.HTML) else [key]
            found |= {part for part in parts if part not in ZH and not same_in_both(part)}
    return found


def unmarked(words: str) -> str:
    """What localise() has marked, as it was."""
    import json

    return json.loads(words.removeprefix("__i18n__"))["key"] if words.startswith("__i18n__") else words


def same_in_both(words: str) -> bool:
    return all(word in SAME for word in re.findall(r"\w*[^\W\d_]\w*", words))


def test_every_error_has_a_translation() -> None:
    found = templates(PACKAGE) | templates(ROOT / "deploy")
    assert sorted(words for words, place in found.items() if words not in ZH and not OFF_THE_PAGE.match(place)) == []


def test_no_error_of_the_page_is_put_together_in_another_way() -> None:
    for path in (PACKAGE / "ui").rglob("*.py"):
        assert [line for line, argument in templates_calls(path) if isinstance(argument, ast.JoinedStr)] == [], path


@pytest.mark.parametrize(
    ("mistake", "there"),
    [
        (lambda: whole_number("seed", 1.5, 0, 4294967295), "种子是 1.5；必须是 0 到 4294967295 之间的整数。"),
        (lambda: whole_number("size", 20, 64, 4096, "of pixels"),
         "尺寸是 20；必须是 64 到 4096 之间的像素数（整数）。"),
        (lambda: number("strength", "a lot", 0, 1), "强度是 'a lot'；必须是 0 到 1 之间的数。"),
        (lambda: read_picture(__file__, "content picture"),
         "内容图无法使用。该文件是文本，不是 PNG、JPEG、WEBP、AVIF、GIF 或 BMP；请另存为其中一种格式后重试。"),
        (lambda: check_image(Image.new("RGB", (9, 300)), "style picture"),
         "风格图是 9x300 像素；每边至少要有 16 像素，请换一张大一些的。"),
        (lambda: registry.get_spec("gan", "landscape"),
         "没有 gan 模型 'landscape'；是不是想用 'landscapes'？可用的有：landscapes, faces, portraits"),
        (lambda: Latent.load("a.safetensors"), "没有文件 'a.safetensors'；"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_chinese(reading: Any, mistake: Any, there: str) -> None:
    reading("zh-CN")
    with pytest.raises(DeepArtError) as raised:
        mistake()
    assert translate(raised.value).startswith(there)


def test_every_model_has_a_translation() -> None:
    assert sorted(words for words in of_models() if words not in ZH and not same_in_both(words)) == []


def of_models() -> set[str]:
    """What visitors are told of the models, and of what they need: that costs time and room as well."""
    specs = [spec for spec in registry.REGISTRY.values() if spec.task in registry.TASKS]
    costs = {spec.cost for spec in registry.REGISTRY.values()} - {""}
    return costs | {words for spec in specs for words in (spec.title, spec.summary)}


def test_values_stand_in_both_languages() -> None:
    assert [words for words, there in ZH.items() if not placeholders(there) <= placeholders(words)] == []


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
    said = strings | shown | of_models() | set(ABOUT.values()) | VALUES
    assert sorted(words for words in ZH if words not in said) == []


def _parts(words: str) -> set[str]:
    return {words, *words_of_html(f">{words}<")}


def test_a_visitor_reads_the_language_of_the_browser(reading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ZH, "Seed {n}", "种子 {n}")
    for wanted, words in (("zh-CN,zh;q=0.9", "种子 3"), ("en-GB,zh-CN;q=0.5", "Seed 3"), (None, "Seed 3")):
        reading(wanted)
        assert t("Seed {n}", n=3) == words


def test_a_phrase_is_told_with_the_phrases_in_it(reading: Any) -> None:
    name = Phrase("{name} reconstructed", name=Phrase("Seed {n}", n=7))
    assert translate(name) == name == "Seed 7 reconstructed"
    reading("zh-CN")
    assert translate(copy.deepcopy(name)) == "种子 7（重建）"  # as a visitor's state is copied
    assert translate("my holiday.png") == "my holiday.png"


def test_html_keeps_its_marks() -> None:
    code = '<p class="stop">Stop</p><img alt="Stop" src="Stop"> <b> Go &amp; stop </b>'
    there = translate_html(code, {"Stop": "停", "Go & stop": "走<停"}.__getitem__)
    assert there == '<p class="stop">停</p><img alt="停" src="Stop"> <b> 走&lt;停 </b>'
    assert words_of_html("<style>.a { color: red }</style><p>One</p><p> </p>") == ["One"]

"""English and Simplified Chinese: what the browser asks for is what a visitor reads.

English is what the code says; zh.json holds what that is in Chinese, with the English sentence as the key. There are
three ways to it:

- What stands on the page when it opens is translated in the browser, by Gradio's I18n: localise() marks it once the
  page is built, so that whoever lays out a component writes plain English.
- What handlers say goes through t(), which answers in the language of the visitor whose event is being handled.
- Errors come from the whole package, in which nothing knows of languages, and names of pictures are kept for as long
  as the pictures are: translate() takes both.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.i18n import I18nData

_HERE = Path(__file__).parent
ABOUT = {
    path.stem: path.read_text("utf-8").strip()
    for path in sorted((_HERE / "about").glob("*.md"))
    if "." not in path.stem
}
"""How the models of a task work, by task, as Markdown; about/*.zh.md says the same in Chinese."""
ZH: dict[str, str] = json.loads((_HERE / "zh.json").read_text("utf-8"))
ZH |= {words: (_HERE / "about" / f"{task}.zh.md").read_text("utf-8").strip() for task, words in ABOUT.items()}
API = "da-api"  # class of the columns in which endpoints keep their parts: nobody sees these, so they stay English


_TEXT = re.compile(r">([^<>]*[^\s<>][^<>]*)<")


_SPOKEN = re.compile(r'\b(alt|title|aria-label|placeholder)="([^"]+)"')


_LATIN = re.compile(r"[A-Za-z]")


_UNSEEN = re.compile(r"<(style|script|svg)\b.*?</\1>", re.DOTALL)


_written: ContextVar[bool | None] = ContextVar("written", default=None)


_SHOWN = ("label", "info", "placeholder", "value")  # properties of components that Gradio's page translates


def t(template: str, /, **values: Any) -> str:
    """Return words in the language of the visitor whose event is being handled; English where there is none.

    template: English words, a key of zh.json; "{name}" stands for one of the values, which are put in as they are.
    """
    found = ZH.get(template, template) if chinese() else template
    return found.format(**values) if values else found


def translate(said: str | Exception) -> str:
    """Return an error, or a sentence that was put together elsewhere, in the language of the visitor.

    An error that carries its template and values is looked up by these; all else is recognised by its words.
    """
    if not chinese():
        return str(said)
    template = getattr(said, "template", None)
    if template in ZH:
        values = {name: translate(value) if isinstance(value, str) else value for name, value in said.values.items()}  # type: ignore[union-attr]
        return ZH[template].format(**values)
    return _recognised(str(said))


def chinese() -> bool:
    """Tell whether the visitor whose event is being handled reads Chinese, as Gradio's page decides it."""
    written = _written.get()
    if written is not None:
        return written
    request = LocalContext.request.get(None)
    wanted = request.headers.get("accept-language") if request is not None else None
    return wanted is not None and wanted.lower().startswith("zh-")


@contextmanager
def writing(chinese: bool) -> Iterator[None]:
    """Let t() and translate() answer in this language inside: for words that are written before a visitor comes."""
    before = _written.set(chinese)
    try:
        yield
    finally:
        _written.reset(before)


IN_CHINESE = "navigator.language.toLowerCase().startsWith('zh-')"
"""JavaScript that tells what chinese() tells, in the visitor's browser."""


@lru_cache(maxsize=1024)
def _recognised(sentence: str) -> str:
    """Translate a sentence that was made from one of the templates, and the values in it that are words themselves.

    Where several would fit, that one is right which leaves the least in English.
    """
    if sentence in ZH:
        return ZH[sentence]
    found = [
        there.format(*(_recognised(value) for value in match.groups()))
        for pattern, there in _patterns()
        if (match := pattern.fullmatch(sentence)) is not None
    ]
    # A sentence with another inside it can look like one of that other's kind, with words for a value.
    return min(found, key=lambda words: len(_LATIN.findall(words)), default=sentence)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return what recognises each template, those with the most words of their own first."""
    templates = [item for item in ZH.items() if "{}" in item[0]]
    most_first = sorted(templates, key=lambda item: -len(item[0].replace("{}", "")))
    return [(re.compile(re.escape(key).replace(r"\{\}", "(.+?)"), re.DOTALL), value) for key, value in most_first]


def localise(app: gr.Blocks) -> gr.I18n:
    """Mark what stands on a page for Gradio to translate, and return the dictionary for launch(i18n=...)."""
    spoken: dict[str, str] = {}
    for block in shown_blocks(app):
        for name, words in texts(block):
            there = translate_html(words, _known) if name == "value" and is_html(block) else ZH.get(words, words)
            if there == words:
                continue
            spoken[words] = there
            if name != "choice":  # Gradio looks these up as they are
                setattr(block, name, str(I18nData(words)))
    return gr.I18n(zh=spoken)


def shown_blocks(app: gr.Blocks) -> Iterator[Any]:
    """Yield the components and layouts of a page, in order, that a visitor may come to see."""

    def walk(block: Any) -> Iterator[Any]:
        for child in getattr(block, "children", ()):
            if API not in (getattr(child, "elem_classes", None) or ()):
                yield child
                yield from walk(child)

    yield from walk(app)


def texts(block: Any) -> Iterator[tuple[str, str]]:
    """Yield the words that a component or a layout shows: the property, or "choice", and the words."""
    for name in _SHOWN:
        words = getattr(block, name, None)
        if isinstance(words, str) and words.strip() and (name != "value" or _says_its_value(block)):
            yield name, words
    for choice in getattr(block, "choices", None) or ():
        yield "choice", str(choice[0] if isinstance(choice, tuple) else choice)


def is_html(block: Any) -> bool:
    """Tell whether the value of a component is HTML."""
    return isinstance(block, gr.HTML)


def _says_its_value(block: Any) -> bool:
    return isinstance(block, gr.HTML | gr.Markdown | gr.Button)


def translate_html(code: str, translate: Callable[[str], str]) -> str:
    """Return HTML with its texts, and the attributes that are read out, translated."""

    def text(match: re.Match[str]) -> str:
        words = match.group(1)
        inner = words.strip()
        return f">{words.replace(inner, html.escape(translate(html.unescape(inner))))}<"

    def attribute(match: re.Match[str]) -> str:
        return f'{match.group(1)}="{html.escape(translate(html.unescape(match.group(2))))}"'

    return _TEXT.sub(text, _SPOKEN.sub(attribute, code))


def words_of_html(code: str) -> list[str]:
    """Return the texts of HTML, and the attributes that are read out."""
    found: list[str] = []

    def keep(words: str) -> str:
        found.append(words)
        return words

    translate_html(_UNSEEN.sub("", code), keep)
    return found


def _known(words: str) -> str:
    return ZH.get(words, words)

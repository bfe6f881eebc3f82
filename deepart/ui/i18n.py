"""English and Simplified Chinese: what the browser asks for is what a visitor reads.

English is what the code says; zh.json holds what that is in Chinese, with the English sentence as the key. There are
three ways to it:

- What stands on the page when it opens is translated in the browser, by Gradio's I18n: localise() marks it once the
  page is built, so that whoever lays out a component writes plain English.
- What handlers say goes through t(), which answers in the language of the visitor whose event is being handled.
- Errors come from the whole package, in which nothing knows of languages, and names of pictures are kept for as long
  as the pictures are: both keep the template and the values that they were made of, and translate() takes both.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.i18n import I18nData
from starlette.requests import cookie_parser

from deepart.errors import DeepArtError, Phrase

_HERE = Path(__file__).parent
_TOLD = [path for path in sorted((_HERE / "about").glob("*.md")) if "." not in path.stem]
ABOUT = {path.stem: path.read_text("utf-8").strip() for path in _TOLD}
"""How the models of a task work, by task, as Markdown; about/*.zh.md says the same in Chinese."""
ZH: dict[str, str] = json.loads((_HERE / "zh.json").read_text("utf-8"))
ZH |= {words: (_HERE / "about" / f"{task}.zh.md").read_text("utf-8").strip() for task, words in ABOUT.items()}
API = "da-api"  # class of the columns in which endpoints keep their parts: nobody sees these, so they stay English
_TEXT = re.compile(r">([^<>]*[^\s<>][^<>]*)<")
LANGUAGE, LANGUAGES = "deepart_language", ("en-GB", "zh-CN")  # the cookie of the page's switch; see page.js
_SPOKEN = re.compile(r'\b(alt|title|aria-label|placeholder)="([^"]+)"')

_written: ContextVar[bool | None] = ContextVar("written", default=None)
_SHOWN = ("label", "info", "placeholder", "value")  # properties of components that Gradio's page translates


def t(template: str, /, **values: Any) -> str:
    """Return words in the language of the visitor whose event is being handled; English where there is none.

    template: English words, a key of zh.json; "{name}" stands for one of the values, which are put in as they are.
    """
    found = ZH.get(template, template) if chinese() else template
    return found.format(**values) if values else found


def translate(said: str | DeepArtError) -> str:
    """Return an error, or words that were put together elsewhere, in the visitor's language; a Phrase by its parts."""
    words = said.phrase if isinstance(said, DeepArtError) else said
    if not chinese():
        return str(words)
    if not isinstance(words, Phrase):
        return ZH.get(words, words)
    values = {name: translate(value) if isinstance(value, str) else value for name, value in words.values.items()}
    found = ZH.get(words.template, words.template)
    return found.format(**values) if values else found


def chinese() -> bool:
    """Tell whether the visitor whose event is being handled reads Chinese: by the page's switch, else the browser."""
    written = _written.get()
    if written is not None:
        return written
    request = LocalContext.request.get(None)
    if request is None:
        return False
    switched = cookie_parser(request.headers.get("cookie") or "").get(LANGUAGE)
    wanted = switched if switched in LANGUAGES else request.headers.get("accept-language") or ""
    return wanted.lower().startswith("zh-")


@contextmanager
def writing(chinese: bool) -> Iterator[None]:
    """Let t() and translate() answer in this language inside: for words that are written before a visitor comes."""
    before = _written.set(chinese)
    try:
        yield
    finally:
        _written.reset(before)


IN_CHINESE = "navigator.language.toLowerCase().startsWith('zh-')"  # chinese(), in the visitor's browser


def spoken(words: str) -> str:
    """Return JavaScript that says words in the language of the browser."""
    return f"({IN_CHINESE} ? {json.dumps(ZH.get(words, words))} : {json.dumps(words)})"


def localise(app: gr.Blocks) -> gr.I18n:
    """Mark what stands on a page for Gradio to translate, and return the dictionary for launch(i18n=...)."""
    spoken: dict[str, str] = {}
    for block in shown_blocks(app):
        for name, words in texts(block):
            coded = name == "value" and isinstance(block, gr.HTML)
            there = translate_html(words, lambda said: ZH.get(said, said)) if coded else ZH.get(words, words)
            if there == words:
                continue
            spoken[words] = there
            if name != "choice":  # Gradio looks these up as they are
                setattr(block, name, str(I18nData(words)))
    return gr.I18n(zh=spoken)


def shown_blocks(block: Any) -> Iterator[Any]:
    """Yield the components and layouts of a page, or a part of it, in order, that a visitor may come to see."""
    for child in getattr(block, "children", ()):
        if API not in (getattr(child, "elem_classes", None) or ()):
            yield child
            yield from shown_blocks(child)


def texts(block: Any) -> Iterator[tuple[str, str]]:
    """Yield the words that a component or a layout shows: the property, or "choice", and the words."""
    for name in _SHOWN:
        words = getattr(block, name, None)
        says_it = name != "value" or isinstance(block, gr.HTML | gr.Markdown | gr.Button)
        if isinstance(words, str) and words.strip() and says_it:
            yield name, words
    for choice in getattr(block, "choices", None) or ():
        yield "choice", str(choice[0] if isinstance(choice, tuple) else choice)


def translate_html(code: str, translate: Callable[[str], str]) -> str:
    """Return HTML with its texts, and the attributes that are read out, translated."""

    def text(match: re.Match[str]) -> str:
        words = match.group(1)
        inner = words.strip()
        return f">{words.replace(inner, html.escape(translate(html.unescape(inner))))}<"

    def attribute(match: re.Match[str]) -> str:
        return f'{match.group(1)}="{html.escape(translate(html.unescape(match.group(2))))}"'

    return _TEXT.sub(text, _SPOKEN.sub(attribute, code))

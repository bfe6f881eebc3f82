"""The example pictures, as rows of thumbnails that fill a box when clicked."""

import base64
import hashlib
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from deepart.images import load_image
from deepart.pipelines.gan_project import square
from deepart.ui.inputs import AT_ONCE, EXAMPLES
from deepart.ui.run import new_text, note

TITLES: dict[str, str] = json.loads(Path(__file__).with_name("titles.json").read_text("utf-8"))
"""What the example pictures are called, by the names of their files, in the order in which they are shown."""
_THUMBNAIL = 72  # pixels, more than the page shows, for fine screens; the full picture is fetched when it is chosen
# JavaScript for a row of such buttons: a click on one is the event "select" with its number.
CHOOSE = "deepart.choose(element, trigger)"  # see page.js


def example_files(*folders: str) -> list[Path]:
    """Return the example pictures of some folders, in the order of TITLES."""
    files = {path.stem: path for folder in folders for path in (EXAMPLES / folder).iterdir()}
    return [files[name] for name in TITLES if name in files]


def example_of(path: str) -> Path | None:
    """Return the example that a file is a copy of, None for any other file; see example_row."""
    try:
        return _digests().get(_digest(path))
    except OSError:  # an upload that Gradio has deleted since
        return None


def named(path: str) -> tuple[str | None, str]:
    """Return what the settings of a picture call the file that it was made of, and its title.

    The first is the name of an example, and None for an upload: a file's own name is for the visitor alone.
    """
    example = example_of(path)
    return (None, Path(path).stem[:40] or "picture") if example is None else (example.stem, TITLES[example.stem])


@cache
def examples() -> dict[str, Path]:
    """Return all of the example pictures by the names of their files."""
    return {path.stem: path for path in example_files("content", "style", "paintings")}


@cache
def _digests() -> dict[bytes, Path]:
    return {_digest(str(path)): path for path in examples().values()}


@lru_cache(maxsize=64)
def _digest(path: str) -> bytes:
    """Return what tells a file from others; the path of an upload changes with its content."""
    return hashlib.sha256(Path(path).read_bytes()).digest()


def example_row(files: list[Path], box: gr.Image, words: str = "") -> Any:
    """Lay out thumbnails, each a button with the name of its picture; a click puts that picture into the box.

    words: over them. The page needs lay_thumbnails() as well. Returns the event of that.
    """
    buttons = "".join(picture_button(index, [path], TITLES[path.stem]) for index, path in enumerate(files))
    row = gr.HTML(f'{note(words) if words else ""}<div class="da-examples">{buttons}</div>', js_on_load=CHOOSE)

    def choose(event: gr.SelectData) -> str:
        return str(files[int(event.index)])

    return row.select(choose, None, box, **AT_ONCE)


def lay_thumbnails() -> None:
    """Lay out what the page needs once for the thumbnails on all of its tabs: each is a variable of its style."""
    variables = "".join(f"{variable(path)}: url({_thumbnail(path)}); " for path in _digests().values())
    sheet = thumbnail_css("#sheet-styles div.wrap label", example_files("style", "paintings"))
    gr.HTML(f"<style>:root {{ {variables}}} {sheet}</style>", elem_classes="da-rules")


def variable(path: Path) -> str:
    """Return the variable of the page's style that holds an example's thumbnail."""
    return f"--thumbnail-{path.stem}"


def thumbnail_css(element: str, files: list[Path]) -> str:
    """Return rules that put a picture before each of as many elements as there are files."""
    return "".join(
        f"{element}:nth-of-type({number})::before {{ background-image: var({variable(path)}); }}"
        for number, path in enumerate(files, 1)
    )


def picture_button(index: int, files: Sequence[Path], title: str) -> str:
    """Return a button that shows pictures beside each other; title: what it is called."""
    images = "".join(f'<span style="background-image: var({variable(path)})"></span>' for path in files)
    name = html.escape(title)
    return f'<button type="button" data-index="{index}" title="{name}" aria-label="{name}">{images}</button>'


@cache
def _thumbnail(path: Path) -> str:
    """Return the address of a small copy, which holds the copy itself."""
    packed = io.BytesIO()
    square(load_image(path), _THUMBNAIL).save(packed, "WEBP", quality=40, method=6)
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"


FIRST_SIZE = 512  # pixels of the finished example's longer side


@dataclass(frozen=True)
class Pair:
    """A content and a style by the names of their files, and how far and how large to paint it."""

    content: str
    style: str
    strength: float = 1.0
    scale: float = 1.0

    @property
    def files(self) -> tuple[Path, Path]:
        """The pictures of content and style."""
        return examples()[self.content], examples()[self.style]


PAIRS = (
    Pair("portrait", "marbling"),
    Pair("cat", "stained-glass"),
    Pair("mountain", "hokusai-great-wave", scale=1.5),
    Pair("portrait", "kandinsky-composition-viii", strength=0.8, scale=0.5),
)


class PairRow:
    """A button for each of PAIRS, with both of its pictures."""

    def __init__(self) -> None:
        """Lay it out inside the Blocks being built; the page needs lay_thumbnails() as well."""
        buttons = "".join(
            picture_button(index, pair.files, f"{TITLES[pair.content]} · {TITLES[pair.style]}")
            for index, pair in enumerate(PAIRS)
        )
        self._row: Any = gr.HTML(f'<div class="da-pairs">{buttons}</div>', js_on_load=CHOOSE, elem_id="pairs")

    def wire(self, content: gr.Image, style: gr.Image, strength: gr.Slider, scale: gr.Slider, wanted: Any) -> None:
        """Let a click fill both boxes, set the sliders of strength and stroke size, and change a hidden text."""

        def choose(event: gr.SelectData) -> dict[Any, Any]:
            pair = PAIRS[int(event.index)]
            files = [str(path) for path in pair.files]
            return {content: files[0], style: files[1], strength: pair.strength, scale: pair.scale, wanted: new_text()}

        self._row.select(choose, None, [content, style, strength, scale, wanted], **AT_ONCE)

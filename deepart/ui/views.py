"""Pictures as HTML: thumbnails that can be clicked, pictures enlarged for viewing, animations that play."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PIL import Image

from deepart.images import fit, load_image

_THUMBNAIL = 64  # pixels
_LARGE = 512  # pixels: what the page shows a picture at, made by Lanczos
CHOOSE = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-index]');
  if (button) trigger('select', {index: button.dataset.index, value: button.title});
});
"""
"""For the js_on_load of a gr.HTML: a click on a thumbnail is its event `select`, with the index as text."""


def address(image: Image.Image, quality: int = 90) -> str:
    """Return a picture as an address that holds it."""
    packed = io.BytesIO()
    image.save(packed, "WEBP", quality=quality, method=2)  # half the time of the usual 4, hardly larger
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"


def frame(image: Image.Image | None, words: str) -> str:
    """Return a square with a picture, enlarged for viewing; or with words, where there is none."""
    if image is None:
        return f'<div class="da-frame"><p>{html.escape(words)}</p></div>'
    large = fit(image, max(_LARGE, *image.size))
    return f'<div class="da-frame"><img alt="{html.escape(words)}" src="{address(large)}"></div>'


def playing(path: str, words: str) -> str:
    """Return a square in which an animation plays, from a WebP file."""
    data = base64.b64encode(Path(path).read_bytes()).decode()
    return f'<div class="da-frame"><img alt="{html.escape(words)}" src="data:image/webp;base64,{data}"></div>'


def pair(first: tuple[Image.Image, str], second: tuple[Image.Image | None, str]) -> str:
    """Return two pictures beside each other, each with words under it."""
    return f'<div class="da-pair">{"".join(_figure(*one) for one in (first, second))}</div>'


def _figure(image: Image.Image | None, words: str) -> str:
    caption = f"<figcaption>{html.escape(words)}</figcaption>"
    return f"<figure>{frame(image, '' if image is None else words)}{caption}</figure>"


@lru_cache(maxsize=4096)
def _thumbnail(path: str) -> str:
    try:
        return address(fit(load_image(path), _THUMBNAIL), 80)
    except Exception:  # the file is older than a day, and deleted
        return address(Image.new("RGB", (8, 8), "grey"), 50)


def thumb(path: str, title: str, index: str, classes: str = "") -> str:
    """Return a thumbnail as a button."""
    name = html.escape(title)
    image = f'<img alt="{name}" src="{_thumbnail(path)}">'
    return f'<button type="button" class="{classes}" data-index="{html.escape(index)}" title="{name}">{image}</button>'


def strip(thumbs: Sequence[str], words: str = "") -> str:
    """Return thumbnails in a row that wraps; words, where there are none."""
    if not thumbs:
        return f'<p class="da-note">{html.escape(words)}</p>'
    return f'<div class="da-thumbs">{"".join(thumbs)}</div>'

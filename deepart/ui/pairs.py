"""Pairs of example pictures that go well together: the tab opens with the first, and one click takes another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from deepart.ui.common import AT_ONCE
from deepart.ui.gallery import CHOOSE, TITLES, example_files, picture_button

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
        [content] = [path for path in example_files("content") if path.stem == self.content]
        [style] = [path for path in example_files("style", "paintings") if path.stem == self.style]
        return content, style


PAIRS = (
    Pair("mountain", "marbling", scale=2.0),
    Pair("cat", "pointillism"),
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

    def wire(self, content: gr.Image, style: gr.Image, strength: gr.Slider, scale: gr.Slider) -> None:
        """Let a click fill both boxes and set the sliders of strength and stroke size."""

        def choose(event: gr.SelectData) -> dict[Any, Any]:
            pair = PAIRS[event.index]
            files = [str(path) for path in pair.files]
            return {content: files[0], style: files[1], strength: pair.strength, scale: pair.scale}

        self._row.select(choose, None, [content, style, strength, scale], **AT_ONCE)

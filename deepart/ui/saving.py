"""The format in which a result is downloaded: the exact PNG with its settings inside, or a smaller JPEG or WEBP."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from deepart.images import load_image
from deepart.ui.common import AT_ONCE, sentences

FORMATS = ("PNG", "JPEG", "WEBP")
_QUALITY = 92
_SUFFIX = {"JPEG": ".jpg", "WEBP": ".webp"}


class Format:
    """The choice beside a button that downloads a result."""

    def __init__(self, button: gr.DownloadButton) -> None:
        """Lay it out inside the Blocks being built; button: what downloads, which has a name on the page."""
        self._button = button
        self.choice = gr.Dropdown(
            list(FORMATS), value=FORMATS[0], label="Format of the file", show_label=False, container=False,
            filterable=False, scale=0, min_width=92, elem_id=f"{button.elem_id}-format", elem_classes="da-format",
        )  # fmt: skip

    def wire(self, result: Any, path_of: Callable[[Any], str | None]) -> None:
        """Connect it. result: the component that holds what is shown; path_of: its PNG, None where there is none."""

        def offer(held: Any, kind: str) -> gr.DownloadButton:
            path = None if held is None else path_of(held)
            if path is None or not Path(path).is_file():
                return gr.DownloadButton(interactive=False)
            with sentences():
                return gr.DownloadButton(value=converted(path, kind, self._button.GRADIO_CACHE), interactive=True)

        for event in (result.change, self.choice.input):
            event(offer, [result, self.choice], self._button, trigger_mode="always_last", **AT_ONCE)


def converted(path: str, kind: str, cache: str) -> str:
    """Return the file of a PNG in a format of FORMATS, written where Gradio serves files from; a PNG is as it is."""
    if kind not in _SUFFIX:
        return path
    folder = Path(cache) / uuid.uuid4().hex  # of its own: other visitors may have the same example
    folder.mkdir(parents=True)
    target = folder / f"{Path(path).stem}{_SUFFIX[kind]}"
    load_image(path).save(target, kind, quality=_QUALITY)
    return str(target)

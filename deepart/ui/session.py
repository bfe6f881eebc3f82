"""What a visitor has made on all tabs: the last results, each with its settings, two of them under a slider.

It is this visitor's alone and lives in the open page: reloading it or "Clear" ends it, and the files go after a day.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from deepart.images import load_image, settings
from deepart.ui.common import AT_ONCE, IN_TURN, sentences
from deepart.ui.pieces import at
from deepart.ui.send import SendTo
from deepart.ui.starter import Changes, note

MOST = 50  # results
_NONE = "What you make on the other tabs is kept here, the newest first, up to 50 pictures."
_HINT = "Click a picture for its settings; click another, and the two are under the slider."


@dataclass(frozen=True)
class Kept:
    """A result: the file of it, and what it is called. Nothing but text, so that a visitor's state stays small."""

    path: str
    name: str


Reader = Callable[[Any], Kept | None]
"""Returns the result that a component holds, None where it holds none."""


class Session:
    """The tab "My results"."""

    def __init__(self) -> None:
        """Lay it out inside the Tab being built."""
        self.kept: Any = gr.State([])  # list[Kept], the newest first
        self.picked: Any = gr.State([])  # list[str]: paths of the last two that were clicked, the newest last
        self.told = gr.HTML(note(_NONE), elem_id="session-told")
        self.gallery = gr.Gallery(
            label="My results", show_label=False, format="png", columns=8, object_fit="cover", allow_preview=False,
            interactive=False, buttons=[], elem_id="session-grid", visible=False,
        )  # fmt: skip
        self.slider = gr.ImageSlider(
            type="pil", format="png", label="Two results", show_label=False, interactive=False, visible=False,
            buttons=["fullscreen"], max_height=520, elem_id="session-slider",
        )  # fmt: skip
        self.facts = gr.HTML("", elem_id="session-facts")
        with gr.Row(elem_classes="da-acts"):
            self.download = gr.DownloadButton(
                "Download the PNG", size="sm", min_width=140, interactive=False, elem_id="session-download"
            )
            self.clear = gr.Button("Clear my results", size="sm", min_width=140, elem_id="session-clear")
        self.send = SendTo("session", ("content", "style", "photo", "find"))

    def wire(self, sources: Sequence[tuple[Any, Reader]]) -> None:
        """Keep what the components of other tabs come to hold; sources: each with its reader."""
        shown = [self.kept, self.gallery, self.told]
        for component, read in sources:
            component.change(_keeper(self, read), [component, self.kept], shown, **AT_ONCE)
        parts = [self.picked, self.slider, self.facts, self.download]
        # In turn, so that no click is lost that comes while another is still answered.
        self.gallery.select(
            self._pick, [self.kept, self.picked], [*parts, self.gallery], trigger_mode="multiple", **IN_TURN
        )
        self.clear.click(self._clear, None, [*shown, *parts], **AT_ONCE)

    def keep(self, one: Kept | None, kept: list[Kept]) -> Changes:
        """Put a result before the others; one that is there already comes to the front."""
        if one is None or (kept and kept[0] == one):
            return {self.kept: gr.skip()}
        return self._show([one, *(other for other in kept if other != one)][:MOST])

    def _show(self, kept: list[Kept]) -> Changes:
        there = [one for one in kept if Path(one.path).is_file()]  # files go after a day
        return {
            self.kept: there,
            self.gallery: gr.Gallery([(one.path, one.name) for one in there], visible=bool(there), selected_index=None),
            self.told: note(_HINT if there else _NONE),
        }

    def _pick(self, kept: list[Kept], picked: list[str], event: gr.SelectData) -> Changes:
        """Show the settings of a result, and compare it with the one clicked before."""
        with sentences():
            one = at(kept, event.index)
            image = load_image(one.path)
            before = [path for path in picked if path != one.path and Path(path).is_file()][-1:]
            pair = (before[0], one.path) if before else (one.path, one.path)
            return {
                self.picked: [*before, one.path],
                self.slider: gr.ImageSlider(pair, visible=True),
                self.facts: _facts(one, settings(image), image.size),
                self.download: gr.DownloadButton(value=one.path, interactive=True),
                self.gallery: gr.Gallery(selected_index=None),  # so that the same can be clicked again
            }

    def _clear(self) -> Changes:
        return self._show([]) | {
            self.picked: [], self.slider: gr.ImageSlider(visible=False), self.facts: "",
            self.download: gr.DownloadButton(interactive=False),
        }  # fmt: skip


def _keeper(session: Session, read: Reader) -> Callable[[Any, list[Kept]], Changes]:
    def keep(value: Any, kept: list[Kept]) -> Changes:
        return session.keep(None if value is None else read(value), kept)

    return keep


def _facts(one: Kept, made: dict[str, Any] | None, size: tuple[int, int]) -> str:
    """Return the name, the size and the settings of a result as HTML."""
    found = {key: value for key, value in (made or {}).items() if key != "latent"}  # hundreds of numbers as text
    text = html.escape(json.dumps(found, indent=1, ensure_ascii=False))
    head = f'<p class="da-title">{html.escape(one.name)}</p>' + note(f"{size[0]} × {size[1]} pixels")
    return f"{head}<details><summary>Settings</summary><pre>{text}</pre></details>"

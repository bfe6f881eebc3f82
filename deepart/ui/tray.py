"""Pictures that a tool has made: to look at, to take home, and to go on with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.images import load_image
from deepart.ui.common import SOON, sentences
from deepart.ui.pieces import Piece, at, bundle
from deepart.ui.starter import Changes, note
from deepart.ui.views import frame

_GO = "Go on with it"


class Tray:
    """Several pictures; a click enlarges one and makes the buttons mean it."""

    def __init__(self, prefix: str) -> None:
        """Lay it out inside the Blocks being built. prefix: of the elements' names on the page."""
        self.pieces: Any = gr.State([])  # list[Piece], as the gallery shows them
        self.picked: Any = gr.State(None)  # Piece | None
        self.gallery = gr.Gallery(
            label="Pictures", show_label=False, format="png", columns=4, object_fit="contain", interactive=False,
            buttons=[], visible=False, elem_id=f"{prefix}pictures", elem_classes="da-tray",
        )  # fmt: skip
        self.told = gr.HTML(note(""), elem_id=f"{prefix}facts")
        with gr.Row(elem_classes="da-acts", visible=False) as self.row:
            self.go = gr.Button(_GO, size="sm", min_width=120, interactive=False, elem_id=f"{prefix}go")
            self.download = gr.DownloadButton(
                "Download PNG", size="sm", min_width=120, interactive=False, elem_id=f"{prefix}download"
            )
            self.zip = gr.DownloadButton("All as a zip", size="sm", min_width=120, elem_id=f"{prefix}zip")

    @property
    def parts(self) -> list[Any]:
        """The components that show() changes."""
        return [self.pieces, self.picked, self.gallery, self.told, self.row, self.go, self.download, self.zip]

    def show(self, pieces: Sequence[Piece], words: str) -> Changes:
        """Lay pictures on it; words: what they are."""
        return {
            self.pieces: list(pieces),
            self.picked: None,
            self.gallery: gr.Gallery([(one.path, one.name) for one in pieces], visible=True, selected_index=None),
            self.told: note(f"{words} Click one to enlarge it and to go on with it."),
            self.row: gr.Row(visible=True),
            self.go: gr.Button(_GO, interactive=False),
            self.download: gr.DownloadButton("Download PNG", interactive=False),
            self.zip: gr.DownloadButton(value=bundle(pieces, self.gallery.GRADIO_CACHE)),
        }

    def wire(self) -> None:
        """Let a click on a picture choose it."""
        self.gallery.select(self._pick, self.pieces, [self.picked, self.go, self.download], **SOON)

    def _pick(self, pieces: list[Piece], event: gr.SelectData) -> Changes:
        with sentences():
            one = at(pieces, event.index)
            return {
                self.picked: one,
                self.go: gr.Button(f"Go on with {one.name}", interactive=True),
                self.download: gr.DownloadButton(f"Download {one.name}", value=one.path, interactive=True),
            }


class Single:
    """One picture in a frame, with the same buttons."""

    def __init__(self, prefix: str, words: str) -> None:
        """Lay it out inside the Blocks being built. prefix: of the elements' names. words: while there is nothing."""
        self.picked: Any = gr.State(None)  # Piece | None
        self.stage = gr.HTML(frame(None, words), elem_id=f"{prefix}stage")
        self.told = gr.HTML(note(""), elem_id=f"{prefix}facts")
        with gr.Row(elem_classes="da-acts"):
            self.go = gr.Button(_GO, size="sm", min_width=100, interactive=False, elem_id=f"{prefix}go")
            self.download = gr.DownloadButton(
                "Download PNG", size="sm", min_width=100, interactive=False, elem_id=f"{prefix}download"
            )

    @property
    def parts(self) -> list[Any]:
        """The components that show() changes."""
        return [self.picked, self.stage, self.told, self.go, self.download]

    def show(self, one: Piece, words: str) -> Changes:
        """Show a picture; words: what it is."""
        return {
            self.picked: one,
            self.stage: frame(load_image(one.path), one.name),
            self.told: note(words),
            self.go: gr.Button(interactive=True),
            self.download: gr.DownloadButton(value=one.path, interactive=True),
        }


def picked_file(one: Piece | None) -> str:
    """Return the file of a picture that somebody goes on with; raises OptionError where there is none."""
    if one is None:
        raise OptionError("No picture is chosen yet; click one first.")
    return one.path

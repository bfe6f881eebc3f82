"""Pictures that a tool has made: to look at, to take home in a format of choice, and to go on with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.images import load_image
from deepart.ui.common import SOON, sentences
from deepart.ui.language import t, t_text
from deepart.ui.pieces import Piece, at, bundle
from deepart.ui.saving import Format
from deepart.ui.starter import Changes, note
from deepart.ui.views import frame

_GO = "Go on with it"


class Save:
    """A button that downloads one picture, and the format beside it."""

    def __init__(self, name: str, words: str = "Download") -> None:
        """Lay it out inside the Blocks being built. name: of the button on the page. words: on it."""
        self.piece: Any = gr.State(None)  # Piece | None
        with gr.Row(elem_classes="da-save"):
            self.button = gr.DownloadButton(words, size="sm", min_width=60, interactive=False, elem_id=name)
            self.format = Format(self.button)
        self.format.wire(self.piece, lambda one: one.path)

    @property
    def parts(self) -> list[Any]:
        """The components that offer() changes."""
        return [self.piece, self.button]

    @property
    def cache(self) -> str:
        """The folder for files that can be downloaded."""
        return self.button.GRADIO_CACHE

    def offer(self, one: Piece | None) -> Changes:
        """Offer a picture, None for no picture."""
        path = None if one is None else one.path
        return {self.piece: one, self.button: gr.DownloadButton(value=path, interactive=one is not None)}


class Tray:
    """Several pictures; a click enlarges one and makes the buttons mean it."""

    def __init__(self, prefix: str) -> None:
        """Lay it out inside the Blocks being built. prefix: of the elements' names on the page."""
        self.pieces: Any = gr.State([])  # list[Piece], as the gallery shows them
        self.gallery = gr.Gallery(
            label="Pictures", show_label=False, format="png", columns=4, object_fit="contain", interactive=False,
            buttons=[], visible=False, elem_id=f"{prefix}pictures", elem_classes="da-tray",
        )  # fmt: skip
        self.told = gr.HTML(note(""), elem_id=f"{prefix}facts")
        with gr.Row(elem_classes="da-acts", visible=False) as self.row:
            self.go = gr.Button(_GO, size="sm", min_width=120, interactive=False, elem_id=f"{prefix}go")
            self.save = Save(f"{prefix}download")
            self.zip = gr.DownloadButton("All as a zip", size="sm", min_width=120, elem_id=f"{prefix}zip")

    @property
    def parts(self) -> list[Any]:
        """The components that show() changes."""
        return [self.pieces, self.gallery, self.told, self.row, self.go, *self.save.parts, self.zip]

    @property
    def picked(self) -> Any:
        """The state that holds the picture which the buttons mean: Piece | None."""
        return self.save.piece

    def show(self, pieces: Sequence[Piece], words: str) -> Changes:
        """Lay pictures on it; words: what they are."""
        return {
            self.pieces: list(pieces),
            self.gallery: gr.Gallery(
                [(one.path, t_text(one.name)) for one in pieces], visible=True, selected_index=None
            ),
            self.told: note(f"{words} {t('Click one to enlarge it and to go on with it.')}"),
            self.row: gr.Row(visible=True),
            self.go: gr.Button(t("Go on with it"), interactive=False),
            self.zip: gr.DownloadButton(value=bundle(pieces, self.gallery.GRADIO_CACHE)),
        } | self.save.offer(None)

    def wire(self) -> None:
        """Let a click on a picture choose it."""
        self.gallery.select(self._pick, [self.pieces, self.picked], [self.go, *self.save.parts], **SOON)

    def _pick(self, pieces: list[Piece], picked: Piece | None, event: gr.SelectData) -> Changes:
        with sentences():
            one = at(pieces, event.index)
            if one == picked:  # it may be offered in another format by now
                return {self.go: gr.skip()}
            go = gr.Button(t("Go on with {name}", name=t_text(one.name)), interactive=True)
            return {self.go: go} | self.save.offer(one)


class Single:
    """One picture in a frame, with the same buttons."""

    def __init__(self, prefix: str, words: str) -> None:
        """Lay it out inside the Blocks being built. prefix: of the elements' names. words: while there is nothing."""
        self.stage = gr.HTML(frame(None, words), elem_id=f"{prefix}stage")
        self.told = gr.HTML(note(""), elem_id=f"{prefix}facts")
        with gr.Row(elem_classes="da-acts"):
            self.go = gr.Button(_GO, size="sm", min_width=100, interactive=False, elem_id=f"{prefix}go")
            self.save = Save(f"{prefix}download")

    @property
    def picked(self) -> Any:
        """The state that holds the picture: Piece | None."""
        return self.save.piece

    @property
    def parts(self) -> list[Any]:
        """The components that show() changes."""
        return [self.stage, self.told, self.go, *self.save.parts]

    def show(self, one: Piece, words: str) -> Changes:
        """Show a picture; words: what it is."""
        return {
            self.stage: frame(load_image(one.path), t_text(one.name)),
            self.told: note(words),
            self.go: gr.Button(interactive=True),
        } | self.save.offer(one)


def picked_file(one: Piece | None) -> str:
    """Return the file of a picture that somebody goes on with; raises OptionError where there is none."""
    if one is None:
        raise OptionError("No picture is chosen yet; click one first.")
    return one.path

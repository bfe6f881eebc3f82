"""A mark on what is chosen, by which a late answer is told from one that is still wanted."""

from __future__ import annotations

import uuid
from typing import TypeVar

import gradio as gr

from deepart.ui.starter import Changes

T = TypeVar("T")


class Turn:
    """A text of its own for each choice, kept twice: a state is read when an event runs, a box when it is sent.

    So controls that were set for another picture are told from those of this one, however long their event waited.
    """

    def __init__(self, name: str) -> None:
        """Lay it out inside the Blocks being built; name: of the element on the page."""
        self.now = gr.State("")
        self.mark = gr.Textbox(visible="hidden", elem_id=name)

    @property
    def parts(self) -> list[gr.State | gr.Textbox]:
        """The components that following() changes, and what an event is told of."""
        return [self.now, self.mark]

    def following(self) -> Changes:
        """Something else is chosen from now on."""
        text = uuid.uuid4().hex
        return {self.now: text, self.mark: text}


def wanted(turn: str, made: tuple[str, T] | None) -> T | None:
    """Return what was made, and in which turn, where it is still this turn; else None."""
    return made[1] if made is not None and made[0] == turn else None

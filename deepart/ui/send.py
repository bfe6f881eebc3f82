"""From one tab to another: a result becomes the picture that other work begins with."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.ui.common import SOON, into_sight, sentences
from deepart.ui.starter import Changes

TITLES = {
    "content": "Content of a transfer",
    "style": "Style of a transfer",
    "photo": "Reconstruct it",
    "find": "Find it as a drawn one",
}
"""What a button says, by where it sends a picture."""


@dataclass(frozen=True)
class Place:
    """Where a picture can be sent: its box, the tab that it is in, the box's name on the page.

    besides: makes what else changes, by component; it is called when that is wanted, as a component that is made while
    the page is built would be a part of it. started: a hidden text whose change begins the work there, where that
    should begin at once.
    """

    box: Any
    tab: str
    name: str
    besides: Mapping[Any, Callable[[], Any]] = field(default_factory=dict)
    started: Any = None


class SendTo:
    """A row of buttons under a result."""

    def __init__(self, prefix: str, targets: Sequence[str]) -> None:
        """Lay it out inside the Blocks being built. targets: some of TITLES."""
        with gr.Row(elem_classes="da-send"):
            gr.HTML('<p class="da-note">Send to</p>', min_width=60)
            self.buttons = {
                target: gr.Button(TITLES[target], size="sm", min_width=120, elem_id=f"{prefix}-to-{target}")
                for target in targets
            }

    def wire(
        self, result: Any, path_of: Callable[[Any], str | None], places: Mapping[str, Place], tabs: gr.Tabs
    ) -> None:
        """Connect it. result: the component that holds what is shown; path_of: its file, None where there is none."""
        for target, button in self.buttons.items():
            place = places.get(target)
            if place is not None:
                outputs = [place.box, tabs, *place.besides, *([place.started] if place.started is not None else [])]
                sent = button.click(_sender(place, path_of, tabs), result, outputs, **SOON)
                sent.success(None, None, None, js=f"() => {{ {into_sight(place.name)} }}")


def _sender(place: Place, path_of: Callable[[Any], str | None], tabs: gr.Tabs) -> Callable[[Any], Changes]:
    def send(result: Any) -> Changes:
        with sentences():
            path = None if result is None else path_of(result)
            if path is None:
                raise OptionError("There is no result to send yet; make one first.")
            if not Path(path).is_file():
                raise OptionError("The file of this picture was deleted, as all are after a day; make it again.")
            changes: Changes = {place.box: path, tabs: gr.Tabs(selected=place.tab)}
            changes |= {part: make() for part, make in place.besides.items()}
            if place.started is not None:
                changes[place.started] = uuid.uuid4().hex
            return changes

    return send

"""From one tab to another: a result becomes the picture that other work begins with."""

from __future__ import annotations

import html
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.images import load_image, settings
from deepart.ui.artwork import at
from deepart.ui.examples import CHOOSE
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, IN_TURN, SOON, sentences
from deepart.ui.run import Changes, note
from deepart.ui.widgets import Format

TARGETS = {
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
    """A row of buttons under a result; a click on one is the event "select" of the HTML that they are."""

    def __init__(self, prefix: str, targets: Sequence[str]) -> None:
        """Lay it out inside the Blocks being built. targets: some of TARGETS."""
        self._prefix, self._targets = prefix, targets
        self._row: Any = gr.HTML("", js_on_load=CHOOSE)

    def wire(
        self, result: Any, path_of: Callable[[Any], str | None], places: Mapping[str, Place], tabs: gr.Tabs
    ) -> None:
        """Connect it. result: the component that holds what is shown; path_of: its file, None where there is none."""
        there = {target: places[target] for target in self._targets if target in places}
        buttons = "".join(
            f'<button type="button" id="{self._prefix}-to-{target}" data-index="{target}">{TARGETS[target]}</button>'
            for target in there
        )
        self._row.value = f'<div class="da-send"><p class="da-note">Send to</p>{buttons}</div>'
        outputs = [tabs]
        for place in there.values():
            outputs += [place.box, *place.besides, *([place.started] if place.started is not None else [])]
        boxes = [place.box for place in there.values()]
        sent = self._row.select(_sender(there, path_of, tabs), [result, *boxes], list(dict.fromkeys(outputs)), **SOON)
        names = json.dumps({target: place.name for target, place in there.items()})
        sent.success(None, None, None, js=f"() => deepart.intoSight({names}[deepart.chosen])")


def _sender(places: Mapping[str, Place], path_of: Callable[[Any], str | None], tabs: gr.Tabs) -> Callable[..., Changes]:
    boxes = [place.box for place in places.values()]

    def send(event: gr.SelectData, result: Any, *shown: Any) -> Changes:
        with sentences():
            place, path = places[str(event.index)], None if result is None else path_of(result)
            if path is None:
                raise OptionError("There is no result to send yet; make one first.")
            if not Path(path).is_file():
                raise OptionError("The file of this picture was deleted, as all are after a day; make it again.")
            # All boxes have a value: those that an event leaves as they are Gradio builds anew; see picture_input.
            changes: Changes = dict(zip(boxes, shown, strict=True)) | {place.box: path}
            changes[tabs] = gr.Tabs(selected=place.tab)
            changes |= {part: make() for part, make in place.besides.items()}
            if place.started is not None:
                changes[place.started] = uuid.uuid4().hex
            return changes

    return send


MOST = 50  # results
_NONE = "What you make on the other tabs is kept here, the newest first, up to 50 pictures."
_HINT = "Click a picture for its settings; click another, and the two are under the slider."


@dataclass(frozen=True)
class Result:
    """A result: the file of it, and what it is called. Nothing but text, so that a visitor's state stays small."""

    path: str
    name: str


Reader = Callable[[Any], Result]
"""Returns the result that a component holds; what it holds is not None."""


class MyResults:
    """The tab "My results"."""

    def __init__(self) -> None:
        """Lay it out inside the Tab being built."""
        self.kept: Any = gr.State([])  # list[Result], the newest first
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
        with gr.Column(visible=False) as self.acts:  # nothing can be done before there is a result
            with gr.Row(elem_classes="da-acts"):
                self.download = gr.DownloadButton(
                    "Download", size="sm", min_width=120, interactive=False, elem_id="session-download"
                )
                self.format = Format(self.download)
                self.clear = gr.Button("Clear my results", size="sm", min_width=140, elem_id="session-clear")
            self.send = SendTo("session", ("content", "style", "photo", "find"))
        self.format.wire(self.picked, lambda picked: picked[-1] if picked else None)

    def wire(self, sources: Mapping[Any, Reader]) -> None:
        """Keep what the components of other tabs come to hold; sources: each with its reader."""
        shown = [self.kept, self.gallery, self.told, self.acts]
        for component, read in sources.items():
            component.change(self._keeper(read), [component, self.kept], shown, **AT_ONCE)
        parts = [self.picked, self.slider, self.facts, self.download]
        # In turn, so that no click is lost that comes while another is still answered.
        self.gallery.select(
            self._pick, [self.kept, self.picked], [*parts, self.gallery], trigger_mode="multiple", **IN_TURN
        )
        self.clear.click(self._clear, None, [*shown, *parts], **AT_ONCE)

    def _keeper(self, read: Reader) -> Callable[[Any, list[Result]], Changes]:
        def keep(value: Any, kept: list[Result]) -> Changes:
            one = None if value is None else read(value)
            if one is None or (kept and kept[0] == one):
                return {self.kept: gr.skip()}
            return self._show([one, *(other for other in kept if other != one)][:MOST])

        return keep

    def _show(self, kept: list[Result]) -> Changes:
        there = [one for one in kept if Path(one.path).is_file()]  # files go after a day
        pictures = [(one.path, translate(one.name)) for one in there]
        return {
            self.kept: there,
            self.gallery: gr.Gallery(pictures, visible=bool(there), selected_index=None),
            self.told: note(translate(_HINT if there else _NONE)),
            self.acts: gr.Column(visible=bool(there)),
        }

    def _pick(self, kept: list[Result], picked: list[str], event: gr.SelectData) -> Changes:
        """Show the settings of a result, and compare it with the one clicked before."""
        with sentences():
            one = at(kept, event.index)
            image = load_image(one.path)
            before = [path for path in picked if path != one.path and Path(path).is_file()][-1:]
            return {
                self.picked: [*before, one.path],
                self.slider: gr.ImageSlider((before[0] if before else one.path, one.path), visible=True),
                self.facts: _facts(one, settings(image), image.size),
                self.download: gr.DownloadButton(value=one.path, interactive=True),
                self.gallery: gr.Gallery(selected_index=None),  # so that the same can be clicked again
            }

    def _clear(self) -> Changes:
        return self._show([]) | {
            self.picked: [], self.slider: gr.ImageSlider(visible=False), self.facts: "",
            self.download: gr.DownloadButton(interactive=False),
        }  # fmt: skip


def _facts(one: Result, made: dict[str, Any] | None, size: tuple[int, int]) -> str:
    """Return the name, the size and the settings of a result as HTML."""
    found = {key: value for key, value in (made or {}).items() if key != "latent"}  # hundreds of numbers as text
    text = html.escape(json.dumps(found, indent=1, ensure_ascii=False))
    sides = note(t("{width} × {height} pixels", width=size[0], height=size[1]))
    head = f'<p class="da-title">{html.escape(translate(one.name))}</p>{sides}'
    word = html.escape(t("Settings"))
    return f"{head}<details><summary>{word}</summary><pre>{text}</pre></details>"

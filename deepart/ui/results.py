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

from deepart.errors import DeepArtError, OptionError
from deepart.images import load_image, settings
from deepart.ui.artwork import Artwork, at, joined
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, IN_TURN, SOON, sentences
from deepart.ui.run import Changes, note
from deepart.ui.widgets import Format, into_sight

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
    """A row of buttons under a result."""

    def __init__(self, prefix: str, targets: Sequence[str]) -> None:
        """Lay it out inside the Blocks being built. targets: some of TARGETS."""
        with gr.Row(elem_classes="da-send"):
            gr.HTML('<p class="da-note">Send to</p>', min_width=60)
            self.buttons = {
                target: gr.Button(TARGETS[target], size="sm", min_width=120, elem_id=f"{prefix}-to-{target}")
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


MOST = 50  # results


_LIKE = "♡ Favourite"


_NONE = "What you make on the other tabs is kept here, the newest first, up to 50 pictures."


_HINT = "Click a picture for its settings; click another, and the two are under the slider."


@dataclass(frozen=True)
class Result:
    """A result: the file of it, and what it is called. Nothing but text, so that a visitor's state stays small."""

    path: str
    name: str


Reader = Callable[[Any], Result | None]
"""Returns the result that a component holds, None where it holds none."""


class MyResults:
    """The tab "My results"."""

    def __init__(self) -> None:
        """Lay it out inside the Tab being built."""
        self.kept: Any = gr.State([])  # list[Result], the newest first
        self.picked: Any = gr.State([])  # list[str]: paths of the last two that were clicked, the newest last
        self.favourites: Any = gr.State([])  # list[str]: paths
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
                self.like = gr.Button(_LIKE, size="sm", min_width=120, interactive=False, elem_id="session-like")
                self.breed = gr.Button("Breed the favourites", size="sm", min_width=140, elem_id="session-breed")
                self.clear = gr.Button("Clear my results", size="sm", min_width=140, elem_id="session-clear")
            self.send = SendTo("session", ("content", "style", "photo", "find"))
        self.format.wire(self.picked, lambda picked: picked[-1] if picked else None)

    def wire(self, sources: Sequence[tuple[Any, Reader]], breed: Any, there: Changes, tabs: gr.Tabs) -> None:
        """Keep what the components of other tabs come to hold; sources: each with its reader.

        breed: what favourites are bred with; there: makes what leads to it, by component, as in send.Place.
        """
        shown = [self.kept, self.gallery, self.told, self.acts]
        for component, read in sources:
            component.change(_keeper(self, read), [component, self.kept, self.favourites], shown, **AT_ONCE)
        parts = [self.picked, self.slider, self.facts, self.download, self.like]
        # In turn, so that no click is lost that comes while another is still answered.
        self.gallery.select(
            self._pick, [self.kept, self.picked, self.favourites], [*parts, self.gallery], trigger_mode="multiple",
            **IN_TURN,
        )  # fmt: skip
        self.clear.click(self._clear, None, [*shown, *parts, self.favourites], **AT_ONCE)
        self.breed.visible = breed is not None
        likes, liked = [self.kept, self.picked, self.favourites], [self.favourites, self.like, *shown]
        if breed is None:
            self.like.click(self._like, likes, liked, **SOON)
            return
        marked = [self.kept, self.favourites, breed.liked]
        self.like.click(self._like, likes, liked, **SOON).success(_followed, marked, breed.liked, **SOON)
        self.breed.click(_bred(there, tabs), marked, [tabs, *there], **SOON)

    def keep(self, one: Result | None, kept: list[Result], favourites: Sequence[str] = ()) -> Changes:
        """Put a result before the others; one that is there already comes to the front."""
        if one is None or (kept and kept[0] == one):
            return {self.kept: gr.skip()}
        return self._show(_fewer([one, *(other for other in kept if other != one)], favourites), favourites)

    def _show(self, kept: list[Result], favourites: Sequence[str] = ()) -> Changes:
        there = [one for one in kept if Path(one.path).is_file()]  # files go after a day
        return {
            self.kept: there,
            self.gallery: gr.Gallery(
                [(one.path, ("♥ " if one.path in favourites else "") + translate(one.name)) for one in there],
                visible=bool(there), selected_index=None,
            ),
            self.told: note(translate(_HINT if there else _NONE)),
            self.acts: gr.Column(visible=bool(there)),
        }  # fmt: skip

    def _pick(self, kept: list[Result], picked: list[str], favourites: list[str], event: gr.SelectData) -> Changes:
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
                self.like: gr.Button(_heart(one.path in favourites), interactive=True),
                self.gallery: gr.Gallery(selected_index=None),  # so that the same can be clicked again
            }

    def _like(self, kept: list[Result], picked: list[str], favourites: list[str]) -> Changes:
        """Mark the result that was clicked last as a favourite, or no longer."""
        with sentences():
            if not picked:
                raise OptionError("No result is chosen yet; click one first.")
            path = picked[-1]
            now = [one for one in favourites if one != path] if path in favourites else [*favourites, path]
            liked = {self.favourites: now, self.like: gr.Button(_heart(path in now))}
            return liked | self._show(kept, now)

    def _clear(self) -> Changes:
        return self._show([]) | {
            self.picked: [], self.favourites: [], self.slider: gr.ImageSlider(visible=False), self.facts: "",
            self.download: gr.DownloadButton(interactive=False), self.like: gr.Button(_heart(False), interactive=False),
        }  # fmt: skip


def _keeper(session: MyResults, read: Reader) -> Callable[[Any, list[Result], list[str]], Changes]:
    def keep(value: Any, kept: list[Result], favourites: list[str]) -> Changes:
        return session.keep(None if value is None else read(value), kept, favourites)

    return keep


def _fewer(kept: list[Result], favourites: Sequence[str]) -> list[Result]:
    """Return at most MOST results: the newest, and before them all favourites."""
    over = len(kept) - MOST
    for one in reversed(kept[1:]):
        if over > 0 and one.path not in favourites:
            kept = [other for other in kept if other != one]
            over -= 1
    return kept[:MOST]


def _followed(kept: list[Result], favourites: list[str], liked: list[Artwork]) -> list[Artwork]:
    """Return what is liked on the tab "Generate" after a change of the favourites: these, and what is not kept here."""
    paths = {one.path for one in kept}
    found = [one for one in liked if one.path in favourites or one.path not in paths]
    for one in kept:
        if one.path in favourites:
            try:
                found = joined(one.path, one.name, found)
            except DeepArtError:  # a painting, say, which has no latent to cross
                continue
    return found


def _bred(there: Changes, tabs: gr.Tabs) -> Callable[[list[Result], list[str], list[Artwork]], Changes]:
    def go(kept: list[Result], favourites: list[str], liked: list[Artwork]) -> Changes:
        with sentences():
            if not any(one.path in favourites for one in liked):
                raise OptionError("No favourite is a generated picture; click one of these and mark it.")
            return {tabs: gr.Tabs(selected="generate")} | {part: make() for part, make in there.items()}

    return go


def _heart(marked: bool) -> str:
    return t("♥ Favourite") if marked else t("♡ Favourite")


def _facts(one: Result, made: dict[str, Any] | None, size: tuple[int, int]) -> str:
    """Return the name, the size and the settings of a result as HTML."""
    found = {key: value for key, value in (made or {}).items() if key != "latent"}  # hundreds of numbers as text
    text = html.escape(json.dumps(found, indent=1, ensure_ascii=False))
    sides = note(t("{width} × {height} pixels", width=size[0], height=size[1]))
    head = f'<p class="da-title">{html.escape(translate(one.name))}</p>{sides}'
    word = html.escape(t("Settings"))
    return f"{head}<details><summary>{word}</summary><pre>{text}</pre></details>"

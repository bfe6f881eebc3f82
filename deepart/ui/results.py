"""From one tab to another: a result becomes the picture that other work begins with."""

import html
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from deepart.errors import OptionError
from deepart.images import settings
from deepart.ui.artwork import Artwork, artwork_in, key_of, save_result, slug
from deepart.ui.examples import CHOOSE
from deepart.ui.i18n import spoken, t, translate
from deepart.ui.inputs import AT_ONCE, IN_TURN, SOON, read_picture, sentences
from deepart.ui.jobs import Jobs
from deepart.ui.page import RESULT, RESULTS, TAB, Link
from deepart.ui.remake import Remake, asked, packed, unpacked
from deepart.ui.run import Changes, RunButton, hidden_text, new_text, note
from deepart.ui.shelf import Record, Shelf, artwork_of, is_ours, made_of, record, thumb_html
from deepart.ui.widgets import Format, into_sight

TARGETS = {
    "content": "Photograph to paint",
    "style": "Style to paint in",
    "photo": "Reconstruct it",
    "find": "Find it as a drawn one",
}
"""What a button says, by where it sends a picture."""


@dataclass(frozen=True)
class Place:
    """Where a picture can be sent: its box, the tab that it is in, the box's name on the page.

    besides: makes what else changes, by component; it is called when that is wanted, as a component that is made while
    the page is built would be a part of it.
    """

    box: Any
    tab: str
    name: str
    besides: Mapping[Any, Callable[[], Any]]


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
        boxes = [place.box for place in there.values()]

        def send(event: gr.SelectData, held: Any, *shown: Any) -> Changes:
            with sentences():
                place, path = there[str(event.index)], None if held is None else path_of(held)
                if path is None:
                    raise OptionError("There is no result to send yet; make one first.")
                if not Path(path).is_file():
                    raise OptionError("The file of this picture was deleted, as all are after a day; make it again.")
                # All boxes have a value: those that an event leaves as they are Gradio builds anew; see picture_input.
                changes: Changes = dict(zip(boxes, shown, strict=True)) | {place.box: path}
                changes[tabs] = gr.Tabs(selected=place.tab)
                return changes | {part: make() for part, make in place.besides.items()}

        outputs = [tabs, *boxes, *(part for place in there.values() for part in place.besides)]
        sent = self._row.select(send, [result, *boxes], list(dict.fromkeys(outputs)), **SOON)
        names = json.dumps({target: place.name for target, place in there.items()})
        sent.success(None, None, None, js=f"() => deepart.intoSight({names}[deepart.chosen])")


_NONE = "What you make on the other tabs is kept here and in this browser, the newest first, up to 60 pictures."
_SOME = "Click a picture for its settings; click another, and the two are under the slider."
_CLEAR = "Clear all pictures but those with a heart?"


def recall(
    button: gr.Button, picked: Any, tabs: gr.Tabs, links: Sequence[Link],
    besides: Mapping[str, Callable[[Record], Changes]], outputs: Sequence[Any],
) -> Any:  # fmt: skip
    """Let a button put the settings of the last result that was picked on the controls of its tab; return the event.

    links: those to the tabs, which know the controls. besides: what else changes on a tab; outputs: the components of
    that.
    """
    boxes = [box for link in links for box in link.pictures.values()]
    controls = [part for link in links for part in link.linked.values()]

    def use(held: list[Record], *shown: Any) -> Changes:
        with sentences():
            tab, values = asked(held[-1]["made"])
            changes: Changes = dict(zip(boxes, shown, strict=True)) | {tabs: gr.Tabs(selected=tab)}
            [link] = [link for link in links if link.tab == tab]
            more = besides[tab](held[-1]) if tab in besides else {}
            link.tell(values)
            return changes | link.changes(values, changes) | more

    return button.click(use, [picked, *boxes], list(dict.fromkeys([tabs, *controls, *boxes, *outputs])), **SOON)


class MyResults:
    """The tab "My results"."""

    def __init__(self, shelf: Shelf, jobs: Jobs) -> None:
        """Lay it out inside the Tab being built."""
        self.shelf, self._jobs = shelf, jobs
        self.picked: Any = gr.State([])  # list[Record]: the last two that were clicked, the newest last
        self.told = gr.HTML(f"{note(_NONE)}{note(_SOME)}", elem_id="session-told")
        self.grid = gr.HTML("", js_on_load=CHOOSE, elem_id="session-grid")
        how: dict[str, Any] = {"type": "filepath", "show_label": False, "interactive": False, "visible": False}
        with gr.Column(elem_id="session-stage"):
            self.one = gr.Image(label="The picture", buttons=["fullscreen"], elem_id="session-one", **how)
            self.slider = gr.ImageSlider(label="Two results", buttons=["fullscreen"], elem_id="session-slider", **how)
        self.facts = gr.HTML("", elem_id="session-facts")
        with gr.Column(visible=False) as self.acts:  # nothing can be done before there is a result
            with gr.Row(elem_classes="da-acts"):
                self.again = RunButton("Make it again", "again-")
                self.like = gr.Button("♡ Like", size="sm", min_width=90, elem_id="session-like")
                self.use = gr.Button("Use these settings again", size="sm", min_width=140, elem_id="session-use")
                self.link = gr.Button("Copy a link to it", size="sm", min_width=140, elem_id="session-link")
                self.download = gr.DownloadButton(
                    "Download", size="sm", min_width=100, interactive=False, elem_id="session-download"
                )
            self.again.lay_status()
            self.address = gr.HTML("", elem_id="session-address")
        with gr.Accordion("More", open=False, elem_id="session-extras", elem_classes="da-more"):
            with gr.Column(visible=False) as self.further:
                self.format = Format(self.download)
                self.remove = gr.Button("Remove it", size="sm", elem_id="session-remove")
                self.send = SendTo("session", ("content", "style", "photo", "find"))
            self.open = gr.UploadButton(
                "Open a picture that was made here", file_types=["image"], size="sm", elem_id="session-open"
            )
        with gr.Row(elem_classes="da-acts"):
            self.clear = gr.Button("Clear my results", size="sm", min_width=140, elem_id="session-clear")
            self.undo = gr.Button("Bring them back", size="sm", min_width=140, elem_id="session-undo")
        self.wanted = hidden_text("session-wanted")  # changes when it should be made again
        self.format.wire(self.picked, lambda picked: picked[-1]["path"] or None if picked else None)

    @property
    def shown(self) -> list[Any]:
        """The components that show() changes."""
        acts = [self.again.start, self.like, self.use, self.link, self.address, self.acts, self.further, self.download]
        return [self.picked, self.one, self.slider, self.facts, *acts]

    def wire(self, remake: Remake, liked: Any) -> None:
        """Connect it. liked: the state of what has a heart."""
        self._remake, self._hearts, shelf, store = remake, liked, self.shelf, self.shelf.store
        store.change(None, store, self.grid, js="deepart.draw", **AT_ONCE)
        # In turn, so that no click is lost that comes while another is still answered.
        looked = self.grid.select(
            self._pick, [store, self.picked], self.shown, trigger_mode="multiple",
            js="(store, picked) => [deepart.record(store), picked]", **IN_TURN,
        )  # fmt: skip
        self.clear.click(None, store, store, js=f"store => deepart.clear(store, {spoken(_CLEAR)})", **AT_ONCE)
        self.remove.click(None, store, store, js="deepart.remove", **AT_ONCE)
        self.undo.click(None, store, store, js="deepart.undo", **AT_ONCE)
        opened = self.open.upload(self._open, self.open, [shelf.news, *self.shown], **SOON)
        for event in (looked, opened):  # what it shows may be under many thumbnails
            event.success(None, None, None, js=into_sight("session-facts"), **AT_ONCE)
        shelf.merge(opened)
        made = self.again.wire(
            self._jobs, self._again, [self.picked], [shelf.news, *self.shown], triggers=[self.wanted.change],
            sight="session-facts",
        )  # fmt: skip
        shelf.merge(made)
        loved = self.like.click(self._like, [self.picked, liked], [self.picked, self.like, shelf.news, liked], **SOON)
        shelf.merge(loved)
        linked = self.link.click(
            lambda picked: urlencode({TAB: RESULTS, RESULT: packed(picked[-1]["made"])}), self.picked, self.address,
            **AT_ONCE,
        )  # fmt: skip
        linked.then(None, self.address, self.address, js="deepart.copyLink", **AT_ONCE)

    def show(self, picked: list[Record]) -> Changes:
        """Show the last result that was picked; beside the one before, where both have their files."""
        one = picked[-1]
        there = [other["path"] for other in picked if other["path"]]
        made = one["made"]
        return {
            self.picked: picked,
            self.one: gr.Image(there[-1], visible=True) if one["path"] and len(there) == 1 else gr.Image(visible=False),
            self.slider: gr.ImageSlider((there[0], there[1]), visible=True) if len(there) == 2
            else gr.ImageSlider(visible=False),
            self.facts: _facts(one),
            self.again.start: gr.Button(visible=not one["path"] and one["again"]),
            self.like: _heart(one),
            self.use: gr.Button(visible=made is not None),
            self.link: gr.Button(visible=one["again"]),
            self.address: "",
            self.acts: gr.Column(visible=True),
            self.further: gr.Column(visible=True),
            self.download: gr.DownloadButton(value=one["path"] or None, interactive=bool(one["path"])),
        }  # fmt: skip

    def checked(self, given: Any) -> Record:
        """Return a record that the browser has kept; the path of a file that is not there, or not ours, is ""."""
        if not isinstance(given, dict):
            raise OptionError("This picture is not there any more; click another.")
        made = made_of(given)
        path = str(given.get("path"))
        return {
            "key": str(given.get("key")), "name": str(given.get("name"))[:200], "made": made,
            "thumb": given.get("thumb"), "liked": bool(given.get("liked")), "picture": given.get("picture"),
            "path": path if is_ours(path, self.download.GRADIO_CACHE) else "", "again": self._remake.can(made),
        }  # fmt: skip

    def asked(self, words: str) -> Changes:
        """Return the changes that show the result of a link, and of `wanted`, which let it be made."""
        made = unpacked(words)
        if made is None or not self._remake.can(made):
            return {self.facts: note(t("This link leads to nothing that can be made here."))}
        piece = artwork_in("", made)
        one = self.checked({"key": key_of(piece), "name": piece.name, "made": made, "path": ""})
        return self.show([one]) | {self.wanted: new_text()}

    def _pick(self, given: Any, picked: list[Record]) -> Changes:
        with sentences():
            one = self.checked(given)
            before = [other for other in picked if other["key"] != one["key"] and other["path"]][-1:]
            return self.show([*before, one] if one["path"] else [one])

    def _open(self, path: str, request: gr.Request) -> Changes:
        """Keep a picture that somebody brings, with the settings inside."""

        def work(callback: Any) -> Record:
            made = settings(read_picture(path, "picture")) or {}
            asked(made)  # which says so where they are none of ours
            return record(artwork_in(path, made), self._remake)

        kept = self._jobs.do(request, work, "page open")
        return self.show([self.checked(kept)]) | {self.shelf.news: json.dumps({"add": [kept]})}

    def _again(self, picked: list[Record], request: gr.Request) -> Iterator[Changes]:
        """Make a result again whose file is gone, or that a link asks for."""
        one = picked[-1]
        step = yield from self.again.stream(request, self._remake.work(one["made"]), t("Making it again"))
        if step.made is None:
            return
        path = save_result(
            step.made, slug(f"{one['name'].rsplit(' · ', 1)[0]}-{max(step.made.size)}"), self.download.GRADIO_CACHE
        )
        kept = record(artwork_in(path, settings(step.made) or {}), self._remake, one["liked"])
        kept |= {"key": one["key"], "name": one["name"] if one["thumb"] else kept["name"]}
        yield self.show([self.checked(kept)]) | {self.shelf.news: json.dumps({"add": [kept]})}

    def _like(self, picked: list[Record], hearts: list[Artwork]) -> Changes:
        """Give a result its heart, or take it; that of a generated picture is what breeding goes by."""
        one = picked[-1] | {"liked": not picked[-1]["liked"]}
        changes: Changes = {
            self.picked: [*picked[:-1], one], self.like: _heart(one),
            self.shelf.news: json.dumps({"hearts": {one["picture"] or one["key"]: one["liked"]}}),
        }  # fmt: skip
        piece = artwork_of(one)
        if piece is not None:
            others = [other for other in hearts if other.text != piece.text]
            changes[self._hearts] = [*others, piece] if one["liked"] else others
        return changes


def _heart(one: Record) -> gr.Button:
    return gr.Button(t("♥ Liked") if one["liked"] else t("♡ Like"))


def _facts(one: Record) -> str:
    """Return the name and the settings of a result as HTML; where its file is gone the thumbnail, and what to do."""
    found = {key: value for key, value in (one["made"] or {}).items() if key != "latent"}  # hundreds of numbers as text
    text = html.escape(json.dumps(found, indent=1, ensure_ascii=False))
    head = f'<p class="da-title">{html.escape(translate(one["name"]))}</p>'
    if not one["path"]:
        gone = t("Its file was deleted, as all are after a day, and it was made of a photograph: put that in again.")
        if one["made"] is None:
            gone = t("Its file was deleted, as all are after a day, and its settings were too long to be kept.")
        elif one["again"]:
            gone = t("The file of this picture was deleted, as all are after a day; make the picture again.")
        head += thumb_html(one["thumb"]) + note(gone)
    word = html.escape(t("Settings"))
    return f"{head}<details><summary>{word}</summary><pre>{text}</pre></details>"

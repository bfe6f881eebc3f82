"""The picture that a visitor has chosen: shown large, with what can be done with it, and sliders that change it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import gradio as gr

from deepart.cache import Studio
from deepart.errors import OptionError
from deepart.images import load_image
from deepart.ui.artwork import Artwork, at, facts, save_artwork
from deepart.ui.breeding import Breed, toggled
from deepart.ui.finished import finished_grid
from deepart.ui.generate_tools import ImportSettings, Mix, Projection, Walk
from deepart.ui.grid import Grid, about
from deepart.ui.i18n import chinese, t, translate
from deepart.ui.inputs import AT_ONCE, GPU_SLOT, IN_TURN, QUIETLY, SOON, mistake, sentences
from deepart.ui.jobs import Jobs
from deepart.ui.results import SendTo
from deepart.ui.run import Changes, note
from deepart.ui.widgets import MAX_SLIDERS, Format, RequestId, Sliders, frame, if_current, into_sight, said
from deepart.ui.work import GANRequests

_EMPTY = "Click a picture to see it here."


class Chosen:
    """The chosen picture and its buttons; lay_sliders() puts the sliders where they belong."""

    def __init__(self, maker: GANRequests, jobs: Jobs, first: Artwork | None = None) -> None:
        """Lay it out inside the Blocks being built. first: the picture that is chosen from the beginning."""
        self._maker = maker
        self._jobs = jobs
        self._first = first
        self.piece: Any = gr.State(first)  # Artwork | None
        self.turn = RequestId("chosen-mark")
        self.moved: Any = gr.State(None)  # tuple[str, Artwork] | None: what sliders have made, and in which turn
        with gr.Row(elem_classes="da-hero"):
            self.stage = gr.HTML(frame(None, _EMPTY) if first is None else _large(first), elem_id="chosen")
            with gr.Column(elem_classes="da-acts", min_width=100):
                self.title = gr.HTML(_title(first), elem_id="chosen-title")
                there = first is not None
                self.like = _button("♡ Like", "like", there)
                self.use_seed = _button("Use its seed", "use-seed", there)
                self.walk = _button("Walk from it", "walk-from", there)
                self.as_shape = _button("Mix its shapes", "as-shape", there)
                self.as_detail = _button("Mix its detail", "as-detail", there)
                with gr.Row(elem_classes="da-save"):
                    self.download = gr.DownloadButton(
                        "Download", first.path if first is not None else None, size="sm", min_width=70,
                        interactive=there, elem_id="chosen-download",
                    )  # fmt: skip
                    self.format = Format(self.download)

        self.send = SendTo("chosen", ("content", "style", "photo"))

    def lay_sliders(self) -> None:
        """Lay out the sliders; without a picture they get their names with the first one."""
        gr.HTML(note("Each slider pushes the chosen picture along one thing that the model has learned."))
        self.sliders = Sliders(names=() if self._first is None else self.names(self._first))
        with gr.Row():
            self.reset = gr.Button("Reset", size="sm", elem_id="reset")
            self.apply = gr.Button("Apply to all pictures", size="sm", elem_id="apply")

    @property
    def parts(self) -> list[Any]:
        """The components that take() changes."""
        return [
            self.piece, self.stage, self.title, self.like, self.use_seed, self.download, self.walk, self.as_shape,
            self.as_detail, *self.turn.parts, *self.sliders.all,
        ]  # fmt: skip

    def take(self, chosen: Artwork) -> Changes:
        """Choose a picture: show it, and set the sliders to where it is."""
        put = self.sliders.put(self.names(chosen), chosen.amounts)
        return self._show(chosen) | put | self.turn.following()

    def _show(self, chosen: Artwork) -> Changes:
        if not Path(chosen.path).is_file():
            raise OptionError("The file of this picture was deleted, as all are after a day; make the picture again.")
        return {
            self.piece: chosen,
            self.stage: _large(chosen),
            self.title: _title(chosen),
            self.use_seed: gr.Button(
                t("It has no seed") if chosen.seed is None else t("Use its seed"), interactive=chosen.seed is not None
            ),
            self.download: gr.DownloadButton(value=chosen.path, interactive=True),
            **{button: gr.Button(interactive=True) for button in (self.like, self.walk, self.as_shape, self.as_detail)},
        }

    def names(self, chosen: Artwork) -> tuple[str, ...]:
        """The directions of the model that made a picture, as many as there are sliders."""
        return self._maker.directions(chosen)[:MAX_SLIDERS]

    def wire(self) -> None:
        """Connect the sliders with the picture, and the choice of a format with its file."""
        shown = [part for part in self.parts if part not in self.sliders.all]
        needs = [self.piece, *self.turn.parts, *self.sliders.all]
        moved = gr.on(
            [slider.input for slider in self.sliders.all], self._change, needs, self.moved, trigger_mode="always_last",
            **QUIETLY,
        )  # fmt: skip
        level = self.reset.click(self.sliders.level, None, self.sliders.all, **AT_ONCE)
        straight = level.then(self._change, needs, self.moved, **QUIETLY)
        for made in (moved, straight):
            made.success(self._arrive, [self.turn.now, self.moved], shown, **SOON)
        self.format.wire(self.piece, lambda one: str(one.path))

    def _change(self, request: gr.Request, chosen: Artwork | None, turn: str, mark: str, *values: float) -> Any:
        """Make the chosen picture again with what the sliders say, unless that was said of another picture."""
        with sentences():
            if chosen is None:
                raise OptionError("No picture is chosen yet; click one first.")
            if mark != turn:
                return gr.skip()
            made = self._jobs.do(request, self._maker.moved([chosen], self.amounts(chosen, values)), "page sliders")
            return (turn, save_artwork(made[0], self.download.GRADIO_CACHE, chosen.name)) if made else gr.skip()

    def _arrive(self, turn: str, moved: tuple[str, Artwork] | None) -> Changes:
        """Show what sliders have made, unless another picture was chosen meanwhile."""
        with sentences():
            one = if_current(turn, moved)
            return {self.title: gr.skip()} if one is None else self._show(one)

    def amounts(self, chosen: Artwork, values: tuple[float, ...]) -> dict[str, float]:
        """Return what the sliders say of a picture, by the names of the model's directions."""
        return said(self.names(chosen), values, chosen.amounts)


def _button(words: str, name: str, there: bool) -> gr.Button:
    return gr.Button(words, size="sm", min_width=90, interactive=there, elem_id=name)


def _large(chosen: Artwork) -> str:
    side = (chosen.made.get("size") or [128])[0]
    return frame(
        load_image(chosen.path), t("{name}, enlarged from {side} pixels", name=translate(chosen.name), side=side)
    )


def _title(chosen: Artwork | None) -> str:
    if chosen is None:
        return '<p class="da-title">&nbsp;</p>' + note("")
    width, height = chosen.made.get("size") or (128, 128)
    told, size = facts(chosen.made), t("{width} × {height} pixels, enlarged here", width=width, height=height)
    return f'<p class="da-title">{html.escape(translate(chosen.name))}</p>' + note(f"{told} · {size}" if told else size)


# On a phone the chosen picture is under the others: a click on one of those brings it into sight.
_LOOK = f"() => {{ if (window.innerWidth < 900) {into_sight('chosen')} }}"


class GenerateTab:
    """The parts of the tab, and what leads from one to the other."""

    def __init__(self, app: gr.Blocks, studio: Studio, jobs: Jobs) -> None:
        """Lay the tab out inside the Blocks being built, and wire it."""
        self.requests = self._maker = GANRequests(studio)
        self._jobs = jobs
        example = finished_grid(studio)
        if example is not None:
            self._maker.know(example.pieces[0], example.names)
        with gr.Row(elem_classes="da-atelier"):
            with gr.Column(elem_classes="da-wall"):
                self._wall = Grid(self._maker, jobs, studio, () if example is None else example.pieces)
            first = next(iter(self._wall.example), None)
            with gr.Column(elem_classes="da-bench"):
                self._chosen = Chosen(self._maker, jobs, first)
                with gr.Tabs(elem_classes="da-tools", overflow_behavior="wrap") as self._tools:
                    with gr.Tab("Change", id="change"):
                        self._chosen.lay_sliders()
                    with gr.Tab("Walk", id="walk"):
                        self._walk = Walk(self._maker, jobs, first)
                    with gr.Tab("Mix", id="mix"):
                        self._mix = Mix(self._maker, jobs)
                    with gr.Tab("Breed", id="breed"):
                        self._breed = Breed(self._maker, jobs, self._wall, first)
                    with gr.Tab("Find", id="find"):
                        self._find = Projection(self._maker, jobs)
                with gr.Accordion("Read settings from a picture", open=False):
                    self._reread = ImportSettings(self._maker, jobs, self._wall)
        self._wire(app)
        self.chosen, self.find, self.breed, self.tools = self._chosen, self._find, self._breed, self._tools

    @property
    def linked(self) -> dict[str, Any]:
        """The controls that a link to the tab sets, by what they are called in it."""
        wall, breed, walk = self._wall, self._breed, self._walk
        return {
            "model": wall.model, "seed": wall.seed, "count": wall.count, "truncation": wall.truncation,
            "mutation": breed.mutation, "children": breed.count, "walk": walk.seeds, "frames": walk.frames,
        }  # fmt: skip

    def _wire(self, app: gr.Blocks) -> None:
        wall, chosen, breed = self._wall, self._chosen, self._breed
        take, parts = chosen.take, chosen.parts
        picked = wall.gallery.select(
            self._pick, [wall.pieces, wall.marking, breed.liked], [*parts, breed.liked, wall.gallery],
            trigger_mode="multiple", **IN_TURN,
        )  # fmt: skip
        picked.then(None, None, None, js=_LOOK, **AT_ONCE)
        chosen.apply.click(
            self._apply, [wall.pieces, chosen.piece, *chosen.sliders.all], wall.parts, show_progress="minimal",
            show_progress_on=wall.told, api_visibility="private", **GPU_SLOT,
        )  # fmt: skip
        self._mix.gallery.select(self._pick_mix, self._mix.pieces, [*parts, self._mix.gallery], **SOON)
        wall.wire(app, take, chosen.piece, parts)
        chosen.wire()
        breed.wire(take, chosen.piece, parts, chosen.like)
        self._find.wire(take, parts, wall.model)
        self._reread.wire(take, parts)
        self._walk.wire(wall.truncation, chosen.piece, breed.liked, wall.model)
        self._mix.wire(wall.truncation, wall.model)
        walk, shows = self._walk, [*wall.parts, *parts]
        if wall.example:
            said = list(dict.fromkeys([*shows, *breed.told, *walk.told]))
            app.load(self._speak, [*breed.says, *walk.says], said, **AT_ONCE)
        else:
            opened = app.load(wall.open, None, shows, **AT_ONCE)
            opened.then(breed.say, breed.says, breed.told, **AT_ONCE)
            opened.then(walk.say, walk.says, walk.told, **AT_ONCE)
        chosen.use_seed.click(lambda one: one.seed if one else gr.skip(), chosen.piece, wall.seed, **AT_ONCE)
        chosen.walk.click(
            lambda: (gr.Tabs(selected="walk"), True), None, [self._tools, self._walk.begin_here], **AT_ONCE
        )
        for button, where in ((chosen.as_shape, "shapes"), (chosen.as_detail, "detail")):
            button.click(self._put(where), chosen.piece, [self._tools, *self._mix.places(where)], **SOON)

    def _speak(self, chosen: Artwork | None, liked: list[Artwork], pieces: list[Artwork], *walk: Any) -> Changes:
        """Say what is there from the beginning in the visitor's language; in English it says so already.

        Gradio's page translates no captions of a gallery, and no words with numbers in them.
        """
        wall = self._wall
        if not chinese() or chosen is None or not pieces:
            return {wall.told: gr.skip()}
        said = wall.show(pieces, about(pieces)) | self._chosen.take(chosen)
        return said | self._breed.say(chosen, liked, pieces) | self._walk.say(*walk)

    def _pick(self, pieces: list[Artwork], marking: bool, liked: list[Artwork], event: gr.SelectData) -> Changes:
        """Choose a picture of the wall, or mark it."""
        with sentences():
            one = at(pieces, event.index)
            fresh = {self._wall.gallery: gr.Gallery(selected_index=None)}  # so that the same can be clicked again
            if marking:
                return {self._breed.liked: toggled(one, liked)} | fresh
            return self._chosen.take(one) | fresh

    def _pick_mix(self, pieces: list[Artwork], event: gr.SelectData) -> Changes:
        with sentences():
            one = at(pieces, event.index)
            return self._chosen.take(one) | {self._mix.gallery: gr.Gallery(selected_index=None)}

    def _put(self, where: str) -> Any:
        def put(one: Artwork | None) -> Changes:
            if one is None:
                return {self._tools: gr.skip()}
            with sentences():
                return {self._tools: gr.Tabs(selected="mix")} | self._mix.put(one, where)

        return put

    def _apply(self, request: gr.Request, pieces: list[Artwork], chosen: Artwork | None, *values: float) -> Changes:
        """Make all pictures of the wall again with what the sliders say."""
        with sentences():
            if chosen is None or not pieces:
                raise OptionError("There are no pictures yet; make some first.")
            if any(one.model != chosen.model for one in pieces):
                raise OptionError("The pictures on the wall are of another model than the sliders; make new ones.")
            work = self._maker.moved(pieces, self._chosen.amounts(chosen, values))
            pictures = self._jobs.do(request, work, "page apply")
            if pictures is None:
                raise mistake("The work was stopped before there was a picture.")
            moved = self._wall.keep(pictures, [one.name for one in pieces])
            return self._wall.show(moved, _moved(len(moved)))


def _moved(n: int) -> str:
    return t("1 picture with the sliders' changes") if n == 1 else t("{n} pictures with the sliders' changes", n=n)

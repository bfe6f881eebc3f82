"""The tab "Generate": a wall of pictures that never existed, the chosen one, and what can be made of it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from deepart.cache import Studio
from deepart.errors import OptionError
from deepart.ui.breed import Breed, toggled
from deepart.ui.chosen import Chosen
from deepart.ui.common import AT_ONCE, GPU_SLOT, IN_TURN, SOON, api_corner, into_sight, mistake, sentences, visitor
from deepart.ui.find import Find
from deepart.ui.generate_api import GenerateAPI
from deepart.ui.jobs import Jobs
from deepart.ui.language import chinese, t
from deepart.ui.maker import Maker
from deepart.ui.mix import Mix
from deepart.ui.opening import finished
from deepart.ui.pieces import Piece, at
from deepart.ui.reread import Reread
from deepart.ui.starter import Changes
from deepart.ui.walk import Walk
from deepart.ui.wall import Wall, about

# On a phone the chosen picture is under the others: a click on one of those brings it into sight.
_LOOK = f"() => {{ if (window.innerWidth < 900) {into_sight('chosen')} }}"


class GenerateTab:
    """The parts of the tab, and what leads from one to the other."""

    def __init__(self, app: gr.Blocks, studio: Studio, jobs: Jobs) -> None:
        """Lay the tab out inside the Blocks being built, and wire it."""
        self._maker = Maker(studio)
        self._jobs = jobs
        example = finished(studio)
        if example is not None:
            self._maker.know(example.pieces[0], example.names)
        with gr.Row(elem_classes="da-atelier"):
            with gr.Column(elem_classes="da-wall"):
                self._wall = Wall(self._maker, jobs, studio, () if example is None else example.pieces)
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
                        self._find = Find(self._maker, jobs)
                with gr.Accordion("Read settings from a picture", open=False):
                    self._reread = Reread(self._maker, jobs, self._wall)
        self._wire(app)
        self.chosen, self.find, self.breed, self.tools = self._chosen, self._find, self._breed, self._tools
        with api_corner():
            GenerateAPI(self._maker, jobs, self._chosen.download.GRADIO_CACHE).add_endpoints()

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

    def _speak(self, chosen: Piece | None, liked: list[Piece], pieces: list[Piece], *walk: Any) -> Changes:
        """Say what is there from the beginning in the visitor's language; in English it says so already.

        Gradio's page translates no captions of a gallery, and no words with numbers in them.
        """
        wall = self._wall
        if not chinese() or chosen is None or not pieces:
            return {wall.told: gr.skip()}
        said = wall.show(pieces, about(pieces)) | self._chosen.take(chosen)
        return said | self._breed.say(chosen, liked, pieces) | self._walk.say(*walk)

    def _pick(self, pieces: list[Piece], marking: bool, liked: list[Piece], event: gr.SelectData) -> Changes:
        """Choose a picture of the wall, or mark it."""
        with sentences():
            one = at(pieces, event.index)
            fresh = {self._wall.gallery: gr.Gallery(selected_index=None)}  # so that the same can be clicked again
            if marking:
                return {self._breed.liked: toggled(one, liked)} | fresh
            return self._chosen.take(one) | fresh

    def _pick_mix(self, pieces: list[Piece], event: gr.SelectData) -> Changes:
        with sentences():
            one = at(pieces, event.index)
            return self._chosen.take(one) | {self._mix.gallery: gr.Gallery(selected_index=None)}

    def _put(self, where: str) -> Any:
        def put(one: Piece | None) -> Changes:
            if one is None:
                return {self._tools: gr.skip()}
            with sentences():
                return {self._tools: gr.Tabs(selected="mix")} | self._mix.put(one, where)

        return put

    def _apply(self, request: gr.Request, pieces: list[Piece], chosen: Piece | None, *values: float) -> Changes:
        """Make all pictures of the wall again with what the sliders say."""
        with sentences():
            if chosen is None or not pieces:
                raise OptionError("There are no pictures yet; make some first.")
            if any(one.model != chosen.model for one in pieces):
                raise OptionError("The pictures on the wall are of another model than the sliders; make new ones.")
            work = self._maker.moved(pieces, self._chosen.amounts(chosen, values))
            pictures = self._jobs.do(visitor(request), work)
            if pictures is None:
                raise mistake("The work was stopped before there was a picture.")
            moved = self._wall.keep(pictures, [one.name for one in pieces])
            return self._wall.show(moved, _moved(len(moved)))


def _moved(n: int) -> str:
    return t("1 picture with the sliders' changes") if n == 1 else t("{n} pictures with the sliders' changes", n=n)

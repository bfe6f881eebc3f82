"""The tab "Generate": a wall of pictures that never existed, the chosen one, and what can be made of it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.studio import Studio
from deepart.ui.breed import Breed, toggled
from deepart.ui.chosen import Chosen
from deepart.ui.common import AT_ONCE, GPU_SLOT, IN_TURN, SOON, api_corner, into_sight, mistake, sentences, visitor
from deepart.ui.find import Find
from deepart.ui.generate_api import GenerateAPI
from deepart.ui.jobs import Jobs
from deepart.ui.maker import Maker
from deepart.ui.mix import Mix
from deepart.ui.pieces import Piece, at
from deepart.ui.reread import Reread
from deepart.ui.starter import Changes
from deepart.ui.walk import Walk
from deepart.ui.wall import Wall

# On a phone the chosen picture is under the others: a click on one of those brings it into sight.
_LOOK = f"() => {{ if (window.innerWidth < 900) {into_sight('chosen')} }}"


class GenerateTab:
    """The parts of the tab, and what leads from one to the other."""

    def __init__(self, app: gr.Blocks, studio: Studio, jobs: Jobs) -> None:
        """Lay the tab out inside the Blocks being built, and wire it."""
        self._maker = Maker(studio)
        self._jobs = jobs
        with gr.Row(elem_classes="da-atelier"):
            with gr.Column(elem_classes="da-wall"):
                self._wall = Wall(self._maker, jobs, studio)
            with gr.Column(elem_classes="da-bench"):
                self._chosen = Chosen(self._maker, jobs)
                with gr.Tabs(elem_classes="da-tools", overflow_behavior="wrap") as self._tools:
                    with gr.Tab("Change", id="change"):
                        self._chosen.lay_sliders()
                    with gr.Tab("Walk", id="walk"):
                        self._walk = Walk(self._maker, jobs)
                    with gr.Tab("Mix", id="mix"):
                        self._mix = Mix(self._maker, jobs)
                    with gr.Tab("Breed", id="breed"):
                        self._breed = Breed(self._maker, jobs, self._wall)
                    with gr.Tab("Find", id="find"):
                        self._find = Find(self._maker, jobs)
                with gr.Accordion("Read settings from a picture", open=False):
                    self._reread = Reread(self._maker, jobs, self._wall)
        self._wire(app)
        self.chosen, self.find, self.tools = self._chosen, self._find, self._tools
        with api_corner():
            GenerateAPI(self._maker, jobs, self._chosen.download.GRADIO_CACHE).add_endpoints()

    def _wire(self, app: gr.Blocks) -> None:
        wall, chosen, breed = self._wall, self._chosen, self._breed
        take, parts = chosen.take, chosen.parts
        opened = app.load(wall.open, None, [*wall.parts, *parts], **AT_ONCE)
        picked = wall.gallery.select(
            self._pick, [wall.pieces, wall.marking, breed.liked], [*parts, breed.liked, wall.gallery],
            trigger_mode="multiple", **IN_TURN,
        )  # fmt: skip
        picked.then(None, None, None, js=_LOOK, **AT_ONCE)
        applied = chosen.apply.click(
            self._apply, [wall.pieces, chosen.piece, *chosen.sliders.all], wall.parts, show_progress="minimal",
            show_progress_on=wall.told, api_visibility="private", **GPU_SLOT,
        )  # fmt: skip
        mixed = self._mix.gallery.select(self._pick_mix, self._mix.pieces, [*parts, self._mix.gallery], **SOON)
        events = [opened, picked, applied, mixed, *wall.wire(app, take, chosen.piece, parts), *chosen.wire()]
        events += breed.wire(take, chosen.piece, parts, chosen.like)
        events += self._find.wire(take, parts, wall.model)
        events.append(self._reread.wire(take, parts))
        breed.follow(events, chosen.piece)

        self._walk.wire(wall.truncation, chosen.piece, breed.liked, wall.model)
        self._mix.wire(wall.truncation, wall.model)
        chosen.use_seed.click(lambda one: one.seed if one else gr.skip(), chosen.piece, wall.seed, **AT_ONCE)
        chosen.walk.click(
            lambda: (gr.Tabs(selected="walk"), True), None, [self._tools, self._walk.begin_here], **AT_ONCE
        )
        for button, where in ((chosen.as_shape, "shapes"), (chosen.as_detail, "detail")):
            button.click(self._put(where), chosen.piece, [self._tools, *self._mix.places(where)], **SOON)

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
            return self._wall.show(moved, f"{len(moved)} pictures with the sliders' changes")

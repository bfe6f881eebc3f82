"""Walks: an animation from one picture to the next, playing on the page and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import OptionError
from deepart.latents import truncate
from deepart.pipelines.gan import MAX_FRAMES, MAX_STOPS, MIN_FRAMES, GANPipeline
from deepart.pipelines.gan_origin import Origin
from deepart.ui.common import sentences, visitor
from deepart.ui.film import FPS, Film, lasting
from deepart.ui.jobs import Jobs
from deepart.ui.language import t, t_text
from deepart.ui.maker import Maker, defaults, seeds_of
from deepart.ui.pieces import Piece, slug
from deepart.ui.starter import Changes, Starter, follow

_DEFAULT = defaults(GANPipeline.walk)
_SEEDS = "1, 2, 3"
_SAID = 6  # stops that a line has room for


class Walk:
    """The controls of a walk, and where it plays."""

    def __init__(self, maker: Maker, jobs: Jobs, first: Piece | None = None) -> None:
        """Lay it out inside the Blocks being built. first: the picture that is chosen from the beginning."""
        self._maker = maker
        self._jobs = jobs
        self.seeds = gr.Textbox(
            _SEEDS, label="Through these seeds", placeholder="3, 17, 42", elem_id="walk-seeds",
            info="Seeds with commas between them, in the order of the visit.",
        )  # fmt: skip
        with gr.Row():
            self.begin_here = gr.Checkbox(True, label="Begin at the chosen picture", min_width=150, elem_id="walk-here")
            self.visit_liked = gr.Checkbox(
                False, label="Visit the pictures you like", min_width=150, elem_id="walk-liked"
            )
            self.loop = gr.Checkbox(True, label="Come back to the beginning", min_width=150, elem_id="walk-loop")
        self.frames = gr.Slider(
            MIN_FRAMES, MAX_FRAMES, _DEFAULT["frames"], step=1, label="Frames", elem_id="walk-frames",
            info=f"{FPS:g} are shown in a second; more make the walk slower and smoother.",
        )  # fmt: skip
        self.start = Starter("Walk", "walk-", verb="start")
        begin = [] if first is None else [first]
        self.start.lay_status(_way(_names(begin, seeds_of(_SEEDS)), loop=True) if begin else "")
        self.film = Film("walk-", "The walk will play here.")

    def wire(self, truncation: Any, chosen: Any, liked: Any, model: Any) -> None:
        """Connect it with what else is on the tab."""
        needs = [self.seeds, self.begin_here, self.visit_liked, chosen, liked, model]
        self.says = [*needs, self.loop]
        follow(self.says, self.say, self.says, self.told)
        self.start.wire(
            self._jobs, self._begin, needs, self._walk, [*needs, self.frames, self.loop, truncation],
            self.start.resting, covers=[], shows=self.film.parts, queue_on=self.start.bar,
        )  # fmt: skip

    @property
    def told(self) -> list[Any]:
        """The components that say() changes."""
        return [self.start.start, self.start.hint]

    def say(
        self, seeds: str, here: bool, visit: bool, chosen: Piece | None, liked: list[Piece], model: str, loop: bool
    ) -> Changes:
        """Say where the walk will lead; on the button, what it waits for."""
        pieces = pieces_of(here, visit, chosen, liked, model)
        try:
            numbers = seeds_of(seeds)
        except OptionError:
            return self.start.ready(t("Walk"), "")  # a click tells the seed that is none
        if len(pieces) + len(numbers) < 2:
            return self.start.missing(t("Type more seeds first"), t("A walk needs two pictures or more."))
        return self.start.ready(t("Walk"), _way(_names(pieces, numbers), loop))

    def _begin(
        self, seeds: str, here: bool, visit: bool, chosen: Piece | None, liked: list[Piece], model: str
    ) -> Changes:
        with sentences():
            _check(pieces_of(here, visit, chosen, liked, model), seeds_of(seeds))
        return self.start.waiting()

    def _walk(
        self, seeds: str, here: bool, visit: bool, chosen: Piece | None, liked: list[Piece], model: str, frames: int,
        loop: bool, truncation: float, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Walk for the page."""
        with sentences():
            pieces, numbers = pieces_of(here, visit, chosen, liked, model), seeds_of(seeds)
            _check(pieces, numbers)
            if here and chosen is not None:
                model = chosen.model
            stops = [*(one.origin() for one in pieces), *self._seeds(model, numbers, truncation)]
            work = self._maker.walk(model, stops, frames=frames, loop=loop, truncation=1.0)
            words, glimpse = t("Making {n} frames", n=frames), self.film.glimpse(t("A frame of the walk"))
            made = yield from self.start.follow(self._jobs, visitor(request), work, words, glimpse)
            if made is None:
                yield self.start.resting() | self.film.stopped(t("The walk was stopped."))
                return
            yield self.start.resting() | self._show(made, pieces, numbers, loop)

    def _seeds(self, model: str, numbers: Sequence[int], truncation: float) -> list[Origin]:
        """Return seeds as stops at a truncation, which the walk itself does not apply: pictures stay as they are."""
        if truncation == 1:
            return list(numbers)
        pipeline = self._maker.pipeline(model)
        return [truncate(pipeline.latent(number), truncation) for number in numbers]

    def _show(self, made: list[Image.Image], pieces: Sequence[Piece], numbers: Sequence[int], loop: bool) -> Changes:
        names = _names(pieces, numbers)
        way = _way(names, loop, len(names))
        name = f"deepart-walk-{slug(pieces[0].name if pieces else f'Seed {numbers[0]}')}-{len(made)}"
        return self.film.show(made, name, t("A walk: {way}", way=way), f"{way} · {lasting(len(made))}")


def pieces_of(here: bool, visit: bool, chosen: Piece | None, liked: Sequence[Piece], model: str) -> list[Piece]:
    """Return the pictures that a walk visits before the seeds."""
    pieces = [chosen] if here and chosen is not None else []
    of = pieces[0].model if pieces else model
    if visit:
        pieces += [one for one in liked if one.model == of and one not in pieces]
    return pieces


def _names(pieces: Sequence[Piece], numbers: Sequence[int]) -> list[str]:
    """Return what the stops of a walk are called, in the visitor's language."""
    return [t_text(one.name) for one in pieces] + [t("Seed {n}", n=number) for number in numbers]


def _way(names: Sequence[str], loop: bool, most: int = _SAID) -> str:
    """Return a walk's stops in words, at most so many of them."""
    told = [*names[:most], *(["…"] if len(names) > most else []), *(names[:1] if loop else [])]
    return " → ".join(told)


def _check(pieces: Sequence[Piece], numbers: Sequence[int]) -> None:
    """Raise OptionError for a walk that cannot be made."""
    stops = len(pieces) + len(numbers)
    if stops < 2:
        raise OptionError(f"A walk needs two pictures or more and this one has {stops}; type more seeds.")
    if stops > MAX_STOPS:
        raise OptionError(f"A walk goes through {MAX_STOPS} pictures at most and this one has {stops}; type fewer.")

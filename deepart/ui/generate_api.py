"""The endpoints of the tab "Generate": what programs call, with the same words and limits as the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from deepart.checks import shown
from deepart.errors import OptionError
from deepart.images import settings
from deepart.latents import MAX_SEED
from deepart.pipelines.gan import (
    MAX_CHILDREN,
    MAX_FRAMES,
    MAX_PARENTS,
    MAX_STEPS,
    MAX_STOPS,
    MIN_FRAMES,
    GANPipeline,
)
from deepart.pipelines.gan_origin import MAX_AMOUNT, MAX_TRUNCATION
from deepart.ui.common import api_input, picture_input, read_picture, sentences
from deepart.ui.endpoints import Endpoints, check_format, gallery_output, json_output, picture_output
from deepart.ui.film import FORMATS, save_film
from deepart.ui.jobs import Jobs
from deepart.ui.maker import MAX_GRID, Maker, defaults, whole

_GENERATE, _WALK, _BREED, _PROJECT, _MIX = (
    defaults(method)
    for method in (GANPipeline.generate, GANPipeline.walk, GANPipeline.breed, GANPipeline.project, GANPipeline.mix)
)
_WHAT = "a seed, the settings of a picture, or the latent in them as text"
_EITHER = ("integer", "object", "string")


class GenerateAPI(Endpoints):
    """Five endpoints: /generate, /walk, /mix, /breed, /project."""

    def __init__(self, maker: Maker, jobs: Jobs, cache: str) -> None:
        """cache: the folder for results."""
        super().__init__("gan", jobs, cache)
        self._maker = maker

    def add_endpoints(self) -> None:
        """Add them to the page, inside a part of it that nobody sees."""
        truncation = f"Truncation: 0 to {MAX_TRUNCATION:g}; lower is more typical, higher more varied"
        amounts = f"Directions: an object of names and amounts, -{MAX_AMOUNT:g} to {MAX_AMOUNT:g} deviations, or null"

        def common(directions: bool = True) -> list[Any]:
            many = [api_input(amounts, "object", example={})] if directions else []
            return [api_input(truncation, "number", _GENERATE["truncation"]), *many, self.model_input()]

        seed = api_input(f"Seed of the first picture: 0 to {MAX_SEED}", "integer", _GENERATE["seed"])
        self.add(
            self._generate, "generate",
            [api_input(f"Number of pictures: 1 to {MAX_GRID}", "integer", _GENERATE["n"]), seed, *common(),
             api_input("Latent of one picture as text, instead of a seed, or null", "string", example=None)],
            [gallery_output(), json_output("Settings of each")],
        )  # fmt: skip
        self.add(
            self._walk, "walk",
            [api_input(f"Stops, 2 to {MAX_STOPS}: each {_WHAT}", "array", example=[3, 17, 42], items=_EITHER),
             api_input(f"Number of frames: {MIN_FRAMES} to {MAX_FRAMES}", "integer", _WALK["frames"]),
             api_input("Come back to the beginning", "boolean", _WALK["loop"]),
             *common(), api_input(f"Format: {', '.join(FORMATS)}", "string", FORMATS[0])],
            [gr.File(label="The animation"), json_output("Settings")],
        )  # fmt: skip
        self.add(
            self._mix, "mix",
            [api_input(f"Coarse shapes from: {_WHAT}", _EITHER, example=3),
             api_input(f"Fine detail from: {_WHAT}", _EITHER, example=17), *common()],
            [picture_output("The mix, an exact PNG"), json_output("Settings")],
        )  # fmt: skip
        self.add(
            self._breed, "breed",
            [api_input(f"Parents, 1 to {MAX_PARENTS}: each {_WHAT}", "array", example=[3, 17], items=_EITHER),
             api_input(f"Number of children: 1 to {MAX_CHILDREN}", "integer", _BREED["n"]),
             api_input("Mutation: 0 only crosses the parents, 1 forgets them", "number", _BREED["mutation"]),
             api_input("Seed of the chances", "integer", _BREED["seed"]), *common(directions=False)],
            [gallery_output(), json_output("Settings of each")],
        )  # fmt: skip
        self.add(
            self._project, "project",
            [picture_input("Picture to find; its middle square counts"),
             api_input(f"Number of steps: 1 to {MAX_STEPS}", "integer", _PROJECT["steps"]),
             api_input("Seed of the search", "integer", _PROJECT["seed"]), self.model_input()],
            [picture_output("What was found, an exact PNG"), json_output("Settings; the latent is among them")],
        )  # fmt: skip

    # -------------------------------------------------------------------------------------------------- the endpoints

    def _generate(
        self, request: gr.Request, n: int = _GENERATE["n"], seed: int = _GENERATE["seed"],
        truncation: float = _GENERATE["truncation"], directions: dict[str, float] | None = None,
        model: str | None = None, latent: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        """Make pictures that never existed, from a seed on; the next picture has the next seed.

        While it works it tells the step and the number of steps; what comes last are the pictures and their settings.
        """
        with sentences():
            if latent is None:
                work = self._maker.grid(model, n, seed, truncation, directions)
            else:
                if whole(n) != 1:
                    raise OptionError(f"The number of pictures is {shown(n)}; a latent is of one picture.")
                work = self._maker.one(model, latent, truncation, directions)
            yield from self.pictures(request, work)

    def _breed(
        self, request: gr.Request, seeds: list[Any], n: int = _BREED["n"], mutation: float = _BREED["mutation"],
        seed: int = _BREED["seed"], truncation: float = _BREED["truncation"], model: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        """Make children of one to eight pictures, by crossing their latents.

        What comes last are the children and their settings; the latent in these makes a child a parent in turn.
        """
        with sentences():
            parents = self._maker.origins(model, seeds)
            work = self._maker.breed(model, parents, n=n, mutation=mutation, seed=seed, truncation=truncation)
            yield from self.pictures(request, work)

    def _mix(
        self, request: gr.Request, coarse: Any, fine: Any, truncation: float = _MIX["truncation"],
        directions: dict[str, float] | None = None, model: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        """Make a picture with the coarse shapes of one and the fine detail of another."""
        with sentences():
            origins = (self._maker.origin(model, coarse), self._maker.origin(model, fine))
            work = self._maker.mix(model, *origins, truncation=truncation, directions=directions)
            made = yield from self.watch(request, work, None)
            yield self.keep(made[0])

    def _walk(
        self, request: gr.Request, seeds: list[Any], frames: int = _WALK["frames"], loop: bool = _WALK["loop"],
        truncation: float = _WALK["truncation"], directions: dict[str, float] | None = None, model: str | None = None,
        format: str = FORMATS[0],
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        """Make an animation that walks through pictures in the order given.

        While it works it tells the step and the number of steps; what comes last is the file and its settings.
        """
        with sentences():
            check_format(format)
            stops = self._maker.origins(model, seeds)
            work = self._maker.walk(
                model, stops, frames=frames, loop=loop, truncation=truncation, directions=directions
            )
            made = yield from self.watch(request, work, None)
            [path] = save_film(made, [format], f"deepart-walk-{len(made)}", self._cache)
            yield path, settings(made[0]) or {}

    def _project(
        self, request: gr.Request, image: str, steps: int = _PROJECT["steps"], seed: int = _PROJECT["seed"],
        model: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        """Find the picture of the model that comes nearest to a given one.

        While it works it tells the step and the number of steps; what comes last is the picture that was found, and
        its settings, whose latent goes into the other endpoints.
        """
        with sentences():
            work = self._maker.project(model, read_picture(image, "picture to find"), steps=steps, seed=seed)
            yield self.keep((yield from self.watch(request, work, None)))

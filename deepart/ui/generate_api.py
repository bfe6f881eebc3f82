"""The endpoints of the tab "Generate": what programs call, with the same words and limits as the page."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, TypeVar

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
from deepart.registry import get_spec
from deepart.ui.common import GPU_SLOT, api_input, mistake, picture_input, read_picture, sentences, visitor
from deepart.ui.jobs import Jobs, Work
from deepart.ui.maker import MAX_GRID, Maker, Pictures, defaults, whole
from deepart.ui.pieces import Piece, piece
from deepart.ui.walk import FORMATS, save_walk

_GENERATE, _WALK, _BREED, _PROJECT, _MIX = (
    defaults(method)
    for method in (GANPipeline.generate, GANPipeline.walk, GANPipeline.breed, GANPipeline.project, GANPipeline.mix)
)
_WHAT = "a seed, the settings of a picture, or the latent in them as text"
_EITHER = ("integer", "object", "string")
Told = dict[str, Any] | list[dict[str, Any]]
T = TypeVar("T")
U = TypeVar("U")


class GenerateAPI:
    """Five endpoints: /generate, /walk, /mix, /breed, /project."""

    def __init__(self, maker: Maker, jobs: Jobs, cache: str) -> None:
        """cache: the folder for results."""
        self._maker = maker
        self._jobs = jobs
        self._cache = cache

    def add_endpoints(self) -> None:
        """Add them to the page, inside a part of it that nobody sees."""
        truncation = f"Truncation: 0 to {MAX_TRUNCATION:g}; lower is more typical, higher more varied"
        amounts = f"Directions: an object of names and amounts, -{MAX_AMOUNT:g} to {MAX_AMOUNT:g} deviations, or null"

        def common(directions: bool = True) -> list[Any]:
            many = [api_input(amounts, "object", example={})] if directions else []
            return [api_input(truncation, "number", _GENERATE["truncation"]), *many, self._model_input()]

        seed = api_input(f"Seed of the first picture: 0 to {MAX_SEED}", "integer", _GENERATE["seed"])
        self._add(
            self._generate, "generate",
            [api_input(f"Number of pictures: 1 to {MAX_GRID}", "integer", _GENERATE["n"]), seed, *common(),
             api_input("Latent of one picture as text, instead of a seed, or null", "string", example=None)],
            [_gallery(), _json("Settings of each")],
        )  # fmt: skip
        self._add(
            self._walk, "walk",
            [api_input(f"Stops, 2 to {MAX_STOPS}: each {_WHAT}", "array", example=[3, 17, 42], items=_EITHER),
             api_input(f"Number of frames: {MIN_FRAMES} to {MAX_FRAMES}", "integer", _WALK["frames"]),
             api_input("Come back to the beginning", "boolean", _WALK["loop"]),
             *common(), api_input(f"Format: {', '.join(FORMATS)}", "string", FORMATS[0])],
            [gr.File(label="The animation"), _json("Settings")],
        )  # fmt: skip
        self._add(
            self._mix, "mix",
            [api_input(f"Coarse shapes from: {_WHAT}", _EITHER, example=3),
             api_input(f"Fine detail from: {_WHAT}", _EITHER, example=17), *common()],
            [_picture("The mix, an exact PNG"), _json("Settings")],
        )  # fmt: skip
        self._add(
            self._breed, "breed",
            [api_input(f"Parents, 1 to {MAX_PARENTS}: each {_WHAT}", "array", example=[3, 17], items=_EITHER),
             api_input(f"Number of children: 1 to {MAX_CHILDREN}", "integer", _BREED["n"]),
             api_input("Mutation: 0 only crosses the parents, 1 forgets them", "number", _BREED["mutation"]),
             api_input("Seed of the chances", "integer", _BREED["seed"]), *common(directions=False)],
            [_gallery(), _json("Settings of each")],
        )  # fmt: skip
        self._add(
            self._project, "project",
            [picture_input("Picture to find; its middle square counts"),
             api_input(f"Number of steps: 1 to {MAX_STEPS}", "integer", _PROJECT["steps"]),
             api_input("Seed of the search", "integer", _PROJECT["seed"]), self._model_input()],
            [_picture("What was found, an exact PNG"), _json("Settings; the latent is among them")],
        )  # fmt: skip

    def _model_input(self) -> Any:
        name = get_spec("gan").name
        return api_input("Name of the model, or null for the default one; see /models", "string", example=name)

    def _add(self, call: Any, name: str, inputs: list[Any], outputs: list[Any]) -> None:
        gr.Button().click(call, inputs, outputs, api_name=name, **GPU_SLOT)

    # -------------------------------------------------------------------------------------------------- the endpoints

    def _generate(
        self, request: gr.Request, n: int = _GENERATE["n"], seed: int = _GENERATE["seed"],
        truncation: float = _GENERATE["truncation"], directions: dict[str, float] | None = None,
        model: str | None = None, latent: str | None = None,
    ) -> Iterator[tuple[list[tuple[str, str]], Told]]:  # fmt: skip
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
            yield from self._pictures(request, work)

    def _breed(
        self, request: gr.Request, seeds: list[Any], n: int = _BREED["n"], mutation: float = _BREED["mutation"],
        seed: int = _BREED["seed"], truncation: float = _BREED["truncation"], model: str | None = None,
    ) -> Iterator[tuple[list[tuple[str, str]], Told]]:  # fmt: skip
        """Make children of one to eight pictures, by crossing their latents.

        What comes last are the children and their settings; the latent in these makes a child a parent in turn.
        """
        with sentences():
            parents = self._maker.origins(model, seeds)
            work = self._maker.breed(model, parents, n=n, mutation=mutation, seed=seed, truncation=truncation)
            yield from self._pictures(request, work)

    def _mix(
        self, request: gr.Request, coarse: Any, fine: Any, truncation: float = _MIX["truncation"],
        directions: dict[str, float] | None = None, model: str | None = None,
    ) -> Iterator[tuple[str | None, Told]]:  # fmt: skip
        """Make a picture with the coarse shapes of one and the fine detail of another."""
        with sentences():
            origins = (self._maker.origin(model, coarse), self._maker.origin(model, fine))
            work = self._maker.mix(model, *origins, truncation=truncation, directions=directions)
            made = yield from self._watch(request, work, None)
            yield self._keep(made[0])

    def _walk(
        self, request: gr.Request, seeds: list[Any], frames: int = _WALK["frames"], loop: bool = _WALK["loop"],
        truncation: float = _WALK["truncation"], directions: dict[str, float] | None = None, model: str | None = None,
        format: str = FORMATS[0],
    ) -> Iterator[tuple[str | None, Told]]:  # fmt: skip
        """Make an animation that walks through pictures in the order given.

        While it works it tells the step and the number of steps; what comes last is the file and its settings.
        """
        with sentences():
            if format not in FORMATS:
                raise OptionError(f"The format is {shown(format)}; it must be one of {', '.join(FORMATS)}.")
            stops = self._maker.origins(model, seeds)
            work = self._maker.walk(
                model, stops, frames=frames, loop=loop, truncation=truncation, directions=directions
            )
            made = yield from self._watch(request, work, None)
            [path] = save_walk(made, [format], f"deepart-walk-{len(made)}", self._cache)
            yield path, settings(made[0]) or {}

    def _project(
        self, request: gr.Request, image: str, steps: int = _PROJECT["steps"], seed: int = _PROJECT["seed"],
        model: str | None = None,
    ) -> Iterator[tuple[str | None, Told]]:  # fmt: skip
        """Find the picture of the model that comes nearest to a given one.

        While it works it tells the step and the number of steps; what comes last is the picture that was found, and
        its settings, whose latent goes into the other endpoints.
        """
        with sentences():
            work = self._maker.project(model, read_picture(image, "picture to find"), steps=steps, seed=seed)
            yield self._keep((yield from self._watch(request, work, None)))

    def _pictures(self, request: gr.Request, work: Work[Pictures]) -> Iterator[tuple[list[tuple[str, str]], Told]]:
        made = yield from self._watch(request, work, [])
        pieces: list[Piece] = [piece(picture, self._cache) for picture in made]
        yield [(one.path, one.name) for one in pieces], [one.made for one in pieces]

    def _watch(self, request: gr.Request, work: Work[T], nothing: U) -> Generator[tuple[U, Told], None, T]:
        """Yield `nothing` and the step, also to notice that the client has gone; return what the work has made."""
        with self._jobs.run(visitor(request), work) as job:
            for moment in job.watch(every=1, pause=0.1):
                yield nothing, {"step": moment.step, "steps": moment.total}
            made = job.result()
        if made is None:  # a client that stops it is gone, and sees neither this nor a preview
            raise mistake("The work was stopped before there was a picture.")
        return made

    def _keep(self, picture: Any) -> tuple[str, dict[str, Any]]:
        one = piece(picture, self._cache)
        return one.path, one.made


def _gallery() -> gr.Gallery:
    return gr.Gallery(label="The pictures, exact PNGs", format="png", type="filepath")


def _picture(label: str) -> gr.Image:
    return gr.Image(label=label, type="filepath", format="png")


def _json(label: str) -> gr.JSON:
    return gr.JSON(label=label)

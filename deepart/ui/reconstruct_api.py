"""The endpoints of the tab "Reconstruct": what programs call, with the same words and limits as the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.images import settings
from deepart.latents import MAX_SEED
from deepart.pipelines.vae import (
    MAX_AMOUNT,
    MAX_STEPS,
    MAX_STRENGTH,
    MAX_TEMPERATURE,
    MIN_STEPS,
    PATHS,
    Source,
    VAEPipeline,
)
from deepart.pipelines.vae_latent import Latent
from deepart.ui.common import api_input, latent_input, picture_input, read_picture, sentences
from deepart.ui.endpoints import Endpoints, check_format, gallery_output, json_output, picture_output
from deepart.ui.film import FORMATS, save_film
from deepart.ui.jobs import Jobs
from deepart.ui.maker import MAX_GRID, defaults
from deepart.ui.reconstruct_maker import MAX_VARIATIONS, MORPH_SIDE, VAEMaker
from deepart.ui.reconstruct_subject import numbers, save_latent

_VARY, _MORPH, _SAMPLE = (
    defaults(method) for method in (VAEPipeline.vary, VAEPipeline.interpolate, VAEPipeline.sample)
)


class ReconstructAPI(Endpoints):
    """Four endpoints: /reconstruct, /vary, /morph, /sample."""

    def __init__(self, maker: VAEMaker, jobs: Jobs, cache: str) -> None:
        """cache: the folder for results."""
        super().__init__("vae", jobs, cache)
        self._maker = maker

    def add_endpoints(self) -> None:
        """Add them to the page, inside a part of it that nobody sees."""

        def source() -> list[Any]:
            return [picture_input("Picture; null where a latent is given"), latent_input()]

        seed = api_input(f"Seed of the first picture: 0 to {MAX_SEED}", "integer", 0)
        amounts = f"Directions: an object of names and amounts, -{MAX_AMOUNT:g} to {MAX_AMOUNT:g} deviations, or null"
        self.add(
            self._reconstruct, "reconstruct",
            [*source(), api_input(amounts, "object", example={}), self.model_input()],
            [picture_output("What came back, an exact PNG"), gr.File(label="The latent, a safetensors file"),
             json_output("Settings, and numbers of how near it is")],
        )  # fmt: skip
        self.add(
            self._vary, "vary",
            [picture_input("Picture; null where a latent is given"),
             api_input(f"Strength: 0 to {MAX_STRENGTH:g} deviations of the posterior", "number", _VARY["strength"]),
             api_input(f"Number of pictures: 1 to {MAX_VARIATIONS}", "integer", _VARY["n"]), seed,
             latent_input(), self.model_input()],
            [gallery_output(), json_output("Settings of each")],
        )  # fmt: skip
        self.add(
            self._morph, "morph",
            [picture_input("First picture"), picture_input("Second picture"),
             api_input(f"Number of frames: {MIN_STEPS} to {MAX_STEPS}", "integer", _MORPH["steps"]),
             api_input(f"Way: {', '.join(PATHS)}", "string", _MORPH["path"]),
             self.model_input(), api_input(f"Format: {', '.join(FORMATS)}", "string", FORMATS[0])],
            [gr.File(label=f"The animation, at most {MORPH_SIDE} pixels large"), json_output("Settings")],
        )  # fmt: skip
        self.add(
            self._sample, "sample",
            [api_input(f"Number of pictures: 1 to {MAX_GRID}", "integer", _SAMPLE["n"]), seed,
             api_input(f"Temperature: 0 to {MAX_TEMPERATURE:g}; lower is more typical, higher more varied", "number",
                       _SAMPLE["temperature"]),
             api_input("Name of a model with a prior, or null for the first that has one", "string",
                       example="portraits")],
            [gallery_output(), json_output("Settings of each")],
        )  # fmt: skip

    # -------------------------------------------------------------------------------------------------- the endpoints

    def _reconstruct(
        self, request: gr.Request, image: str | None = None, latent: str | None = None,
        directions: dict[str, float] | None = None, model: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        """Take a picture apart and put it together, or put a latent together.

        What comes last are the picture, its latent as a file, and the settings with what is known of both.
        """
        with sentences():
            work = self._maker.take(model, _source(image, latent), directions)
            taken = yield from self.watch(request, work, None, None)
            path, made = self.keep(taken.image)
            file = save_latent(taken.latent, "latent", self._cache)
            yield path, file, made | {"numbers": numbers(taken)}

    def _vary(
        self, request: gr.Request, image: str | None = None, strength: float = _VARY["strength"], n: int = _VARY["n"],
        seed: int = _VARY["seed"], latent: str | None = None, model: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        """Make variations of a picture, from a seed on; the next picture has the next seed.

        While it works it tells the step and the number of steps; what comes last are the pictures and their settings.
        """
        with sentences():
            work = self._maker.vary(model, _source(image, latent), strength, n, seed)
            yield from self.pictures(request, work)

    def _morph(
        self, request: gr.Request, image: str, other: str, steps: int = _MORPH["steps"], path: str = _MORPH["path"],
        model: str | None = None, format: str = FORMATS[0],
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        """Make an animation in which one picture becomes another; of a spatial model it is a cross-fade.

        While it works it tells the step and the number of steps; what comes last is the file and its settings.
        """
        with sentences():
            check_format(format)
            pictures = read_picture(image, "first picture"), read_picture(other, "second picture")
            work = self._maker.morph(model, *pictures, steps=steps, path=path)
            made = yield from self.watch(request, work, None)
            [file] = save_film(made, [format], f"deepart-morph-{len(made)}", self._cache)
            yield file, settings(made[0]) or {}

    def _sample(
        self, request: gr.Request, n: int = _SAMPLE["n"], seed: int = _SAMPLE["seed"],
        temperature: float = _SAMPLE["temperature"], model: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        """Draw pictures that never existed from the prior of a model, from a seed on; the next has the next seed.

        While it works it tells the step and the number of steps; what comes last are the pictures and their settings.
        """
        with sentences():
            yield from self.pictures(request, self._maker.sample(model, n, seed, temperature))


def _source(image: str | None, latent: str | None) -> Source:
    """Return what somebody gives: a picture or a latent file; raises ImageError, OptionError."""
    if image is not None and latent is not None:
        raise OptionError("There are a picture and a latent file; give one of the two.")
    return Latent.load(latent) if latent is not None else read_picture(image, "picture")

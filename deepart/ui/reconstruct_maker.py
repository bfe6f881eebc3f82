"""What the page and the endpoints of the tab "Reconstruct" share: the models, and the work on pictures and latents."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from deepart.cache import Studio
from deepart.checks import shown, whole_number
from deepart.errors import OptionError, UnsupportedError
from deepart.images import MIN_SIDE, fit, fitted_size
from deepart.latents import check_seeds
from deepart.pipelines.vae import Source, VAEPipeline
from deepart.pipelines.vae_latent import Latent
from deepart.registry import version
from deepart.ui.jobs import Callback, Work
from deepart.ui.maker import Pictures, count, whole
from deepart.ui.menu import specs_of
from deepart.ui.nearness import Nearness, nearness

MAX_VARIATIONS = 16  # pictures at once
MORPH_SIDE = 384  # pixels; the frames of a morph are all held at once


@dataclass(frozen=True)
class Taken:
    """A picture that was taken apart and put together: latent, result, and what is known of both.

    near: how near the result is, None without an original. seconds: to encode, None for a latent that was given, and
    to decode. shape: of the latent. ratio: how many numbers of the picture became one.
    """

    latent: Latent
    image: Image.Image
    near: Nearness | None
    seconds: tuple[float | None, float]
    shape: tuple[int, ...]
    ratio: float


class VAEMaker:
    """Knows the autoencoders of a studio, and makes work of what somebody wants.

    Each method checks its options and returns the work, which may be done later and in another thread. They raise
    OptionError, UnsupportedError, UnknownModelError and WeightsError, as the pipelines do.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def pipeline(self, model: Any) -> VAEPipeline:
        """Return a model of the studio; None: the default one."""
        if not (model is None or isinstance(model, str)):
            raise OptionError(f"The model is {shown(model)}; it must be a name.")
        return self._studio.vae(model)

    def drawing(self, model: Any) -> VAEPipeline:
        """Return a model that pictures can be drawn from; None: the first with a prior that needs no download."""
        if model is not None:
            return self.pipeline(model)
        found = (self.pipeline(spec.name) for spec in specs_of("vae") if spec.here)
        pipeline = next((one for one in found if one.has_prior), None)
        if pipeline is None:
            raise UnsupportedError("There is no model here that pictures can be drawn from.")
        return pipeline

    def owner(self, latent: Latent, model: str) -> str:
        """Return the name of the registered model that made a latent, where it needs no download; else the given name.

        So no file that somebody opens makes the page download a model.
        """
        versions = {version(spec): spec.name for spec in specs_of("vae") if spec.here}
        return versions.get(latent.version, model)

    def take(self, model: Any, source: Source, directions: Any = None) -> Work[Taken]:
        """Return the work that takes a picture apart and puts it together, moved along directions."""
        pipeline = self.pipeline(model)

        def work(callback: Callback) -> Taken:
            began = time.monotonic()
            latent = pipeline.latent(source)
            encoded = time.monotonic()
            callback(1, 3, None)
            image = pipeline.edit(latent, directions) if directions else pipeline.decode(latent)
            decoded = time.monotonic()
            callback(2, 3, None)
            near: Nearness | None = None
            seconds: tuple[float | None, float] = (None, decoded - encoded)
            if not isinstance(source, Latent):
                near = None if directions else nearness(source, image)
                seconds = (encoded - began, decoded - encoded)
            return Taken(
                latent, image, near, seconds, pipeline.latent_shape(latent.size), pipeline.compression(latent.size)
            )

        return work

    def vary(self, model: Any, source: Source, strength: Any, n: Any, seed: Any) -> Work[Pictures]:
        """Return the work that makes n variations, from a seed on."""
        pipeline, n = self.pipeline(model), whole_number("number of pictures", whole(n), 1, MAX_VARIATIONS)
        seed = check_seeds(whole(seed), n)[0]

        def work(callback: Callback) -> Pictures:
            return pipeline.vary(source, strength, n=n, seed=seed, callback=callback)

        return work

    def morph(self, model: Any, source: Source, other: Source, *, steps: Any, path: Any) -> Work[Pictures]:
        """Return the work that makes the frames of a morph, which are MORPH_SIDE pixels at most."""
        pipeline, steps = self.pipeline(model), whole(steps)

        def work(callback: Callback) -> Pictures:
            first, second = (_small(pipeline, one) for one in (source, other))
            return pipeline.interpolate(first, second, steps=steps, path=path, callback=callback)

        return work

    def sample(self, model: Any, n: Any, seed: Any, temperature: Any) -> Work[Pictures]:
        """Return the work that draws n pictures, from a seed on."""
        pipeline, n = self.drawing(model), count(n)
        seed = check_seeds(whole(seed), n)[0]

        def work(callback: Callback) -> Pictures:
            return pipeline.sample(n, seed=seed, temperature=temperature, callback=callback)

        return work

    def edit(self, model: Any, source: Source, directions: Mapping[str, float]) -> Work[Image.Image]:
        """Return the work that moves a picture along directions."""
        pipeline = self.pipeline(model)

        def work(callback: Callback) -> Image.Image:
            return pipeline.edit(source, directions)

        return work

    def combine(self, model: Any, a: Source, b: Source, c: Source) -> Work[Image.Image]:
        """Return the work that makes A - B + C."""
        pipeline = self.pipeline(model)

        def work(callback: Callback) -> Image.Image:
            return pipeline.combine(a, b, c)

        return work


def _small(pipeline: VAEPipeline, source: Source) -> Source:
    """Return a picture or latent, smaller where it is larger than the frames of a morph."""
    longest = max(source.size)
    side = max(MORPH_SIDE, math.ceil(MIN_SIDE * longest / min(source.size)))  # a narrow one keeps the least width
    if longest <= side:
        return source
    if pipeline.spatial:
        return fit(pipeline.decode(source) if isinstance(source, Latent) else source, side)
    latent = pipeline.latent(source)  # which knows nothing of the size
    return dataclasses.replace(latent, size=fitted_size(latent.size, side))

"""Requests to the pipelines, by the page and by programs alike: each is work that reads, checks and computes.

A request is made of what came in, unread and unchecked, and returns the work for jobs.Jobs.stream(). So every rule is
checked once, and a file is decoded once, while the work has its place on the machine:

    work = GANRequests(studio).grid("landscapes", n=4, seed=7, truncation=0.7, directions=None)

Work raises ImageError, OptionError, UnsupportedError, UnknownModelError and WeightsError, as the pipelines do.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from PIL import Image

from deepart.cache import Studio
from deepart.checks import shown, whole_number
from deepart.errors import OptionError, Phrase, UnsupportedError
from deepart.images import MIN_SIDE, fit, fitted_size, settings, with_settings
from deepart.latents import MAX_SEED, check_seeds, unpack
from deepart.metrics import Nearness, nearness
from deepart.pipelines.base import defaults_of
from deepart.pipelines.gan import MAX_PARENTS, GANPipeline
from deepart.pipelines.gan_origin import Origin
from deepart.pipelines.vae import Source, VAEPipeline
from deepart.pipelines.vae_latent import MAX_SIDE, Latent
from deepart.registry import version
from deepart.ui.artwork import Artwork, RoundTrip, blank
from deepart.ui.inputs import read_picture, read_scaled
from deepart.ui.jobs import Callback, Work
from deepart.ui.models import specs_of

MAX_GRID = 64  # pictures at once
MAX_VARIATIONS = 16  # pictures at once
WALK_SIDE = 512  # pixels: a minute of larger frames is more than a browser takes gladly
MORPH_SIDE = 384  # pixels; the frames of a morph are all held at once
Pictures = list[Image.Image]
Given = str | Source | None
"""An uploaded file, or what is read of one: a picture, or a latent."""
defaults = defaults_of  # of a pipeline's method, so that page and endpoint say the same as Python does
P = ParamSpec("P")
T = TypeVar("T")


def request(method: Callable[Concatenate[Any, Callback, P], T]) -> Callable[Concatenate[Any, P], Work[T]]:
    """Make of a method that works one that is asked first, without the callback, and returns the work."""

    @wraps(method)
    def asked(self: Any, /, *args: P.args, **options: P.kwargs) -> Work[T]:
        return lambda callback: method(self, callback, *args, **options)

    return asked


# ---------------------------------------------------------------------------------------------------------- generators


class GANRequests:
    """Makes work of requests to generators.

    What a picture comes from is given as a seed, settings, a latent as text, or an Origin of the pipeline.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._directions: dict[tuple[str, str], tuple[str, ...]] = {}  # by name and version of the model

    def pipeline(self, model: Any) -> GANPipeline:
        """Return a model of the studio; None: the default one."""
        return self._studio.gan(model_name(model))

    def directions(self, artwork: Artwork) -> tuple[str, ...]:
        """Return the names of the directions of the model that made a picture, strongest first.

        The model is loaded for that only where nobody has asked before.
        """
        made = artwork.model, str(artwork.made.get("version"))
        if made not in self._directions:
            self.know(artwork, self.pipeline(artwork.model).directions)
        return self._directions[made]

    def know(self, artwork: Artwork, names: tuple[str, ...]) -> None:
        """Note the names of the directions of the model that made a picture."""
        self._directions[artwork.model, str(artwork.made.get("version"))] = names

    @request
    def grid(self, callback: Callback, /, model: Any, n: Any, seed: Any, truncation: Any, directions: Any) -> Pictures:
        """Make n pictures from a seed on."""
        number, pipeline = count(n), self.pipeline(model)
        first = check_seeds(typed_seed(seed), number)[0]
        made: Pictures = []
        while len(made) < number:  # in parts, between which it can be stopped
            part = min(pipeline.batch, number - len(made))
            made += pipeline.generate(part, seed=first + len(made), truncation=truncation, directions=directions)
            callback(len(made), number, None)
        return made

    @request
    def one(self, callback: Callback, /, model: Any, latent: Any, truncation: Any, directions: Any) -> Pictures:
        """Make the picture of a latent, which comes as text."""
        pipeline = self.pipeline(model)
        numbers = unpack(latent, pipeline.latent_size)
        return pipeline.generate(latents=numbers, truncation=truncation, directions=directions)

    @request
    def sweep(self, callback: Callback, /, artwork: Artwork) -> Pictures:
        """Make a picture at several truncations."""
        untouched = blank(artwork.made | {"truncation": 1.0, "directions": {}})
        swept = self.pipeline(artwork.model).sweep(untouched, directions=artwork.amounts)
        born = lineage(artwork.made)
        return [with_settings(picture, (settings(picture) or {}) | born) for picture in swept]

    @request
    def moved(self, callback: Callback, /, artworks: Sequence[Artwork], directions: Mapping[str, float]) -> Pictures:
        """Make pictures again, moved along directions from where they were without any."""
        made: Pictures = []
        for artwork in artworks:
            made.append(again(self.pipeline(artwork.model), artwork.made, directions))
            callback(len(made), len(artworks), None)
        return made

    @request
    def walk(self, callback: Callback, /, model: Any, stops: Any, *, frames: Any, **options: Any) -> Pictures:
        """Make the frames of a walk, which are WALK_SIDE pixels at most. options: of GANPipeline.walk."""
        pipeline, origins = self.pipeline(model), self.origins(model, stops)
        made = pipeline.walk(origins, frames=whole(frames), callback=callback, **options)
        return [with_settings(fit(one, min(WALK_SIDE, one.width)), settings(one) or {}) for one in made]

    @request
    def mix(
        self, callback: Callback, /, model: Any, coarse: Any, fine: Any, *, both: bool = False, **options: Any
    ) -> Pictures:
        """Mix the coarse of one with the fine of the other; both: and the other way round."""
        pipeline, (one, other) = self.pipeline(model), (self.origin(model, given) for given in (coarse, fine))
        pairs = [(one, other), (other, one)][: 1 + both]
        return [pipeline.mix(*two, **options) for two in pairs]

    @request
    def breed(self, callback: Callback, /, model: Any, parents: Any, *, n: Any, seed: Any, **options: Any) -> Pictures:
        """Make children."""
        pipeline, origins = self.pipeline(model), self.origins(model, parents)
        return pipeline.breed(origins, whole(n), seed=check_seed(seed), **options)

    @request
    def project(
        self, callback: Callback, /, model: Any, source: str | Image.Image | None, *, steps: Any, seed: Any
    ) -> Image.Image:
        """Look for a picture; its result is that of the latent that was found."""
        picture, pipeline = read_picture(source, "picture to find"), self.pipeline(model)
        latent = pipeline.project(picture, steps=whole(steps), seed=check_seed(seed), callback=callback)
        return pipeline.generate(latents=latent)[0]

    def origin(self, model: Any, given: Any) -> Origin:
        """Return what a picture comes from as the pipeline takes it."""
        if isinstance(given, Mapping):
            return blank(dict(given))
        if isinstance(given, str):
            return unpack(given, self.pipeline(model).latent_size)
        return check_seed(given) if given is None or isinstance(given, bool | int | float | list) else given

    def origins(self, model: Any, given: Any) -> list[Origin]:
        """Return a list of them."""
        if not isinstance(given, list):
            raise OptionError("The seeds are {seeds}; give a list, such as [3, 17, 42].", seeds=shown(given))
        return [self.origin(model, one) for one in given]


def again(pipeline: GANPipeline, made: Mapping[str, Any], directions: Mapping[str, float]) -> Image.Image:
    """Make the picture that settings describe once more, but moved along these directions and no others."""
    recipe = pipeline.recipe(blank(dict(made)))
    # As an origin it keeps its noise and, without truncation and directions, its seed or its two latents.
    untouched = blank(dict(made) | {"truncation": 1.0, "directions": {}})
    [picture] = pipeline.sweep(untouched, truncations=[recipe.truncation], directions=directions)
    names = {name: made[name] for name in ("coarse", "fine") if recipe.fine is not None}  # seeds, where they were
    return with_settings(picture, (settings(picture) or {}) | names | lineage(made))


def lineage(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return what settings say of whose child a picture is; nothing where they say it in a way that we do not."""
    parents, mutation = made.get("parents"), made.get("mutation")
    good = isinstance(parents, list) and 1 <= len(parents) <= MAX_PARENTS
    if not good or not all(isinstance(parent, int | str) and len(str(parent)) <= 12 for parent in parents or []):
        return {}
    if isinstance(mutation, bool) or not isinstance(mutation, int | float):
        return {}
    kept = {name: made[name] for name in ("child", "seed") if isinstance(made.get(name), int)}
    return {"parents": parents, "mutation": mutation, **kept}


def whole(value: Any) -> Any:
    """Return a whole number as one: JavaScript does not tell 256 from 256.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def count(value: Any, most: int = MAX_GRID) -> int:
    """Return a number of pictures; raises OptionError."""
    return whole_number("number of pictures", whole(value), 1, most)


def check_seed(value: Any) -> int:
    """Return a seed; raises OptionError."""
    return whole_number("seed", whole(value), 0, MAX_SEED)


def typed_seed(value: Any) -> int:
    """Return the seed of a box on the page; raises OptionError, also for an empty box, which is None."""
    if value is None:
        raise OptionError("There is no seed; type a whole number from 0 to {most}.", most=MAX_SEED)
    return check_seed(value)


def seeds_of(words: str | None) -> list[int]:
    """Return the seeds that somebody has typed, "3, 17, 42"; raises OptionError with a sentence about the bad one."""
    parts = [part for part in (words or "").replace(",", " ").replace(";", " ").split() if part]
    for part in parts:
        short = len(part) <= len(str(MAX_SEED))  # int() refuses a text of thousands of digits
        if not (short and part.isascii() and part.isdigit() and int(part) <= MAX_SEED):
            raise OptionError(
                "The seed {seed} is no whole number from 0 to {most}; write seeds like 3, 17, 42.",
                seed=shown(part), most=MAX_SEED,
            )  # fmt: skip
    return [int(part) for part in parts]


# -------------------------------------------------------------------------------------------------------- autoencoders


class VAERequests:
    """Makes work of requests to autoencoders."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def pipeline(self, model: Any) -> VAEPipeline:
        """Return a model of the studio; None: the default one."""
        return self._studio.vae(model_name(model))

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
        """Return the name of the model that made a latent, where it is here; else the given name: no file downloads."""
        versions = {version(spec): spec.name for spec in specs_of("vae") if spec.here}
        return versions.get(latent.version, model)

    @request
    def take(self, callback: Callback, /, model: Any, source: Given, directions: Any = None) -> RoundTrip:
        """Take a picture apart and put it together, moved along directions."""
        pipeline, given = self.pipeline(model), read_source(source)
        began = time.monotonic()
        latent = pipeline.latent(given)
        encoded = time.monotonic()
        callback(1, 3, None)
        image = pipeline.edit(latent, directions) if directions else pipeline.decode(latent)
        decoded = time.monotonic()
        callback(2, 3, None)
        near: Nearness | None = None
        seconds: tuple[float | None, float] = (None, decoded - encoded)
        if not isinstance(given, Latent):
            image = with_settings(image, settings(image) or {}, source=given)
            near = None if directions else nearness(given, image)
            seconds = (encoded - began, decoded - encoded)
        return RoundTrip(
            latent, image, near, seconds, pipeline.latent_shape(latent.size), pipeline.compression(latent.size)
        )

    @request
    def vary(self, callback: Callback, /, model: Any, source: Given, strength: Any, n: Any, seed: Any) -> Pictures:
        """Make n variations, from a seed on."""
        number = count(n, MAX_VARIATIONS)
        first = check_seeds(typed_seed(seed), number)[0]
        return self.pipeline(model).vary(read_source(source), strength, n=number, seed=first, callback=callback)

    @request
    def morph(
        self, callback: Callback, /, model: Any, source: Given, other: Given, *, steps: Any, path: Any
    ) -> Pictures:
        """Make the frames of a morph, which are MORPH_SIDE pixels at most."""
        pipeline = self.pipeline(model)
        given = read_source(source, "first picture"), read_source(other, "second picture")
        first, second = (_small(pipeline, one) for one in given)
        return pipeline.interpolate(first, second, steps=whole(steps), path=path, callback=callback)

    @request
    def sample(self, callback: Callback, /, model: Any, n: Any, seed: Any, temperature: Any) -> Pictures:
        """Draw n pictures, from a seed on."""
        pipeline, number = self.drawing(model), count(n)
        first = check_seeds(typed_seed(seed), number)[0]
        return pipeline.sample(number, seed=first, temperature=temperature, callback=callback)

    @request
    def edit(self, callback: Callback, /, model: Any, source: Given, directions: Mapping[str, float]) -> Image.Image:
        """Move a picture along directions."""
        return self.pipeline(model).edit(read_source(source), directions)

    @request
    def combine(self, callback: Callback, /, model: Any, *three: str | Source) -> Image.Image:
        """Make A - B + C."""
        named = [(one, Phrase("picture {letter}", letter=letter)) for one, letter in zip(three, "ABC", strict=True)]
        return self.pipeline(model).combine(*(read_source(*one) for one in named))


def read_source(source: Given, what: str = "picture") -> Source:
    """Return a picture or a latent; a file of a picture is read, and scaled down where it is too large.

    what: it is, for a sentence about it.
    """
    return read_scaled(source, what, MAX_SIDE) if source is None or isinstance(source, str) else source


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


def model_name(model: Any) -> str | None:
    """Return the name of a model as the studio takes it; raises OptionError."""
    if not (model is None or isinstance(model, str)):
        raise OptionError("The model is {name}; it must be a name.", name=shown(model))
    return model

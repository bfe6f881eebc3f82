"""What the page and the endpoints of the tab "Generate" share: the models, and the work that makes pictures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PIL import Image

from deepart.cache import Studio
from deepart.checks import shown, whole_number
from deepart.errors import OptionError
from deepart.images import fit, settings, to_tensor, with_settings
from deepart.latents import MAX_SEED, check_seeds, unpack
from deepart.metrics import psnr
from deepart.pipelines.gan import MAX_PARENTS, GANPipeline
from deepart.pipelines.gan_origin import Origin
from deepart.ui.jobs import Callback, Work
from deepart.ui.pieces import Piece, blank

MAX_GRID = 64  # pictures at once
WALK_SIDE = 512  # pixels: a minute of larger frames is more than a browser takes gladly
Pictures = list[Image.Image]


def defaults(method: Callable[..., Any]) -> dict[str, Any]:
    """Return the defaults of a pipeline's method, so that page and endpoint say the same as Python does."""
    return {name: parameter.default for name, parameter in inspect.signature(method).parameters.items()}


class Maker:
    """Knows the generators of a studio, and makes work of what somebody wants.

    Each method checks its options and returns the work, which may be done later and in another thread. They raise
    OptionError, UnknownModelError and WeightsError, as the pipelines do.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._directions: dict[tuple[str, str], tuple[str, ...]] = {}  # by name and version of the model

    def pipeline(self, model: Any) -> GANPipeline:
        """Return a model of the studio; None: the default one."""
        if not (model is None or isinstance(model, str)):
            raise OptionError(f"The model is {shown(model)}; it must be a name.")
        return self._studio.gan(model)

    def directions(self, piece: Piece) -> tuple[str, ...]:
        """Return the names of the directions of the model that made a picture, strongest first.

        The model is loaded for that only where nobody has asked before.
        """
        made = piece.model, str(piece.made.get("version"))
        if made not in self._directions:
            self.know(piece, self.pipeline(piece.model).directions)
        return self._directions[made]

    def know(self, piece: Piece, names: tuple[str, ...]) -> None:
        """Note the names of the directions of the model that made a picture."""
        self._directions[piece.model, str(piece.made.get("version"))] = names

    def grid(self, model: Any, n: Any, seed: Any, truncation: Any, directions: Any) -> Work[Pictures]:
        """Return the work that makes n pictures from a seed on."""
        pipeline, n = self.pipeline(model), count(n)
        seed = check_seeds(whole(seed), n)[0]

        def work(callback: Callback) -> Pictures:
            made: Pictures = []
            while len(made) < n:  # in parts, between which it can be stopped
                part = min(pipeline.batch, n - len(made))
                made += pipeline.generate(part, seed=seed + len(made), truncation=truncation, directions=directions)
                callback(len(made), n, None)
            return made

        return work

    def one(self, model: Any, latent: Any, truncation: Any, directions: Any) -> Work[Pictures]:
        """Return the work that makes the picture of a latent, which comes as text."""
        pipeline = self.pipeline(model)
        numbers = unpack(latent, pipeline.latent_size)

        def work(callback: Callback) -> Pictures:
            return pipeline.generate(latents=numbers, truncation=truncation, directions=directions)

        return work

    def sweep(self, piece: Piece) -> Work[Pictures]:
        """Return the work that makes a picture at several truncations."""
        pipeline = self.pipeline(piece.model)

        def work(callback: Callback) -> Pictures:
            untouched = blank(piece.made | {"truncation": 1.0, "directions": {}})
            swept, born = pipeline.sweep(untouched, directions=piece.amounts), lineage(piece.made)
            return [with_settings(picture, (settings(picture) or {}) | born) for picture in swept]

        return work

    def moved(self, pieces: Sequence[Piece], directions: Mapping[str, float]) -> Work[Pictures]:
        """Return the work that makes pictures again, moved along directions from where they were without any."""
        pipelines = [self.pipeline(piece.model) for piece in pieces]

        def work(callback: Callback) -> Pictures:
            made: Pictures = []
            for pipeline, piece in zip(pipelines, pieces, strict=True):
                made.append(again(pipeline, piece.made, directions))
                callback(len(made), len(pieces), None)
            return made

        return work

    def walk(
        self, model: Any, stops: Sequence[Origin], *, frames: Any, loop: Any, truncation: Any, directions: Any = None
    ) -> Work[Pictures]:
        """Return the work that makes the frames of a walk, which are WALK_SIDE pixels at most."""
        pipeline, frames = self.pipeline(model), whole(frames)

        def work(callback: Callback) -> Pictures:
            made = pipeline.walk(
                stops, frames=frames, loop=loop, truncation=truncation, directions=directions, callback=callback
            )
            return [with_settings(fit(one, min(WALK_SIDE, one.width)), settings(one) or {}) for one in made]

        return work

    def mix(
        self, model: Any, coarse: Origin, fine: Origin, *, truncation: Any, directions: Any = None, both: bool = False
    ) -> Work[Pictures]:
        """Return the work that mixes the coarse of one with the fine of the other; both: and the other way round."""
        pipeline = self.pipeline(model)

        def work(callback: Callback) -> Pictures:
            pairs = [(coarse, fine), (fine, coarse)][: 1 + both]
            return [pipeline.mix(*two, truncation=truncation, directions=directions) for two in pairs]

        return work

    def breed(
        self, model: Any, parents: Sequence[Origin], *, n: Any, mutation: Any, seed: Any, truncation: Any
    ) -> Work[Pictures]:
        """Return the work that makes children."""
        pipeline, n, seed = self.pipeline(model), whole(n), check_seed(seed)

        def work(callback: Callback) -> Pictures:
            return pipeline.breed(parents, n, mutation=mutation, seed=seed, truncation=truncation)

        return work

    def project(self, model: Any, picture: Image.Image, *, steps: Any, seed: Any) -> Work[Image.Image]:
        """Return the work that looks for a picture; its result is that of the latent that was found."""
        pipeline, steps, seed = self.pipeline(model), whole(steps), check_seed(seed)

        def work(callback: Callback) -> Image.Image:
            latent = pipeline.project(picture, steps=steps, seed=seed, callback=callback)
            return pipeline.generate(latents=latent)[0]

        return work

    def origin(self, model: Any, given: Any) -> Origin:
        """Return what a program gives for a picture as the pipeline takes it.

        given: a seed, the settings of a picture, or its latent as text.
        """
        if isinstance(given, Mapping):
            return blank(dict(given))
        if isinstance(given, str):
            return unpack(given, self.pipeline(model).latent_size)
        return check_seed(given)

    def origins(self, model: Any, given: Any) -> list[Origin]:
        """Return a list of them."""
        if not isinstance(given, list):
            raise OptionError(f"The seeds are {shown(given)}; give a list, such as [3, 17, 42].")
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


def likeness(picture: Image.Image, target: Image.Image) -> float:
    """Return how near a picture comes to another of its size, in dB; the same picture is infinitely near."""
    return psnr(to_tensor(picture), to_tensor(target))


def whole(value: Any) -> Any:
    """Return a whole number as one: JavaScript does not tell 256 from 256.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def count(value: Any) -> int:
    """Return a number of pictures; raises OptionError."""
    return whole_number("number of pictures", whole(value), 1, MAX_GRID)


def check_seed(value: Any) -> int:
    """Return a seed; raises OptionError."""
    return whole_number("seed", whole(value), 0, MAX_SEED)


def typed_seed(value: Any) -> int:
    """Return the seed of a box on the page; raises OptionError, also for an empty box, which is None."""
    if value is None:
        raise OptionError(f"There is no seed; type a whole number from 0 to {MAX_SEED}.")
    return check_seed(value)


def seeds_of(words: str | None) -> list[int]:
    """Return the seeds that somebody has typed, "3, 17, 42"; raises OptionError with a sentence about the bad one."""
    parts = [part for part in (words or "").replace(",", " ").replace(";", " ").split() if part]
    for part in parts:
        short = len(part) <= len(str(MAX_SEED))  # int() refuses a text of thousands of digits
        if not (short and part.isascii() and part.isdigit() and int(part) <= MAX_SEED):
            raise OptionError(
                f"The seed {shown(part)} is no whole number from 0 to {MAX_SEED}; write seeds like 3, 17, 42."
            )
    return [int(part) for part in parts]

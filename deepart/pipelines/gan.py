"""Pictures that never existed: a generator and the ways to steer it."""

import dataclasses
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from PIL import Image
from torch import Tensor

from deepart import checkpoint
from deepart.checks import listed, number, switch, whole_number
from deepart.device import autocast, repeatable
from deepart.errors import OptionError, Phrase
from deepart.images import check_image, to_image, to_tensor, with_settings
from deepart.latents import check_latents, check_seed, check_seeds, noise, pack
from deepart.models.fastgan import FastGAN, FastGANConfig, convert
from deepart.models.generator import Generator, GeneratorConfig
from deepart.models.vgg import VGGFeatures
from deepart.pipelines import gan_project
from deepart.pipelines.base import Callback, Pipeline, defaults_of, oom_guard, read_names
from deepart.pipelines.features import check_features, load_features
from deepart.pipelines.gan_origin import MAX_CHILDREN as MAX_CHILDREN
from deepart.pipelines.gan_origin import Origin, Reader, Recipe, check_directions, check_truncation, cross, on_path
from deepart.registry import Located

MAX_PICTURES = 1024  # of one call
MIN_FRAMES, MAX_FRAMES = 8, 120  # of a walk
MAX_STOPS = 16
MAX_PARENTS = 8
MAX_STEPS = 2000  # of project()
TRUNCATIONS = (0.3, 0.45, 0.6, 0.75, 0.9, 1.05, 1.2)
BATCH = 16  # pictures that the network makes at once, at most
BATCH_PIXELS = 2**21  # and their pixels
PUBLISHED_DIRECTIONS = 8  # of a FastGAN of others: beyond them sefa() finds little
PREVIEW_EVERY = 5  # steps of project() between two previews
Besides = Sequence[Mapping[str, Any]] | None  # further settings of each picture


class GANPipeline(Pipeline):
    """Makes pictures from seeds, and from latents: the vectors of numbers that seeds stand for.

    Where a method takes an Origin, it takes a seed, a latent, or a picture that this model made, or that picture's
    settings; the latter two stand for the latent that gives exactly that picture, its truncation and directions
    included. Every picture carries in its settings what is needed to make it again.

    truncation: 0 to 1.5; below 1 pictures come nearer to the average one, more alike and with fewer faults; above 1
    bolder. directions: names (see `directions`) and amounts in standard deviations, -10 to 10; 3 is a lot.

    A network may have noise inside (`noisy`), as FastGANs do. It is drawn from the seed of a picture, stays what it is
    while the picture is changed, and stays that of the first picture during a walk.
    """

    task: ClassVar[str] = "gan"
    networks: ClassVar[tuple[str, ...]] = ("Generator", "FastGAN")

    def __init__(
        self, located: Located, device: torch.device, network: Generator | FastGAN, names: Sequence[str] = (),
        features: str | None = None,
    ) -> None:  # fmt: skip
        """names: of the network's directions, in order. features: registered name of those that project() uses."""
        super().__init__(located, device)
        self._network = network.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        self.directions = tuple(names)
        """Names of the directions, strongest first."""
        self.side = network.config.side
        """Height and width of a picture in pixels."""
        self.latent_size = network.config.latent
        """How many numbers a latent has."""
        self.noisy = isinstance(network, FastGAN) and network.noisy
        """Whether a picture has noise inside beside its latent."""
        self.batch = max(1, min(BATCH, BATCH_PIXELS // self.side**2))
        """How many pictures are made at once; more are made one batch after the other."""
        self._features_name = features
        self._features: VGGFeatures | None = None
        self._lock = threading.Lock()
        axes = self._network.directions.detach().to("cpu", torch.float32)
        self._reader = Reader(located.name, located.version, self.latent_size, self.directions, axes, self._from_seed)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the weights take, those of the features included once project() has loaded them."""
        features = () if self._features is None else self._features.parameters()
        return super().nbytes + sum(tensor.nbytes for tensor in features)

    def generate(
        self, n: int = 1, *, seed: int = 0, truncation: float = 1.0, directions: Mapping[str, float] | None = None,
        latents: Tensor | None = None,
    ) -> list[Image.Image]:  # fmt: skip
        """Return n pictures, of the seeds seed, seed + 1, ...; or one for each of the latents (n, latent).

        With latents, the seeds are those of the noise inside the network, where it has any. Raises OptionError for an
        option out of its range, MemoryLimitError.
        """
        return self._pictures(self._ordered(n, seed, truncation, directions, latents))

    def generate_batch(self, orders: Sequence[Mapping[str, Any]]) -> list[list[Image.Image]]:
        """Return what generate() gives for each order, which holds its arguments by name; all go through in batches.

        In another batch the last bits of a number may differ, so a picture to within 1/255 of what it is alone.
        """
        ordered = [self._ordered(**{**_DEFAULTS, **order}) for order in orders]
        pictures = iter(self._pictures([recipe for recipes in ordered for recipe in recipes]))
        return [[next(pictures) for _ in recipes] for recipes in ordered]

    def sweep(
        self, seed: Origin = 0, *, truncations: Sequence[float] = TRUNCATIONS,
        directions: Mapping[str, float] | None = None,
    ) -> list[Image.Image]:  # fmt: skip
        """Return one origin at each of 1 to 16 truncations."""
        psis = [check_truncation(value) for value in listed("truncations", truncations, 1, MAX_STOPS)]
        amounts = check_directions(directions, self.directions)
        start = self._reader.start(seed)
        recipes = [dataclasses.replace(start, truncation=psi, directions=amounts) for psi in psis]
        return self._pictures(recipes)

    def interpolate(
        self, seed_a: Origin, seed_b: Origin, *, steps: int = 16, truncation: float = 1.0
    ) -> list[Image.Image]:
        """Return 2 to 120 pictures on the way from one origin to another; the first and the last are theirs exactly."""
        steps = whole_number("number of steps", steps, 2, MAX_FRAMES)
        psi = check_truncation(truncation)
        path = [self._reader.start(seed_a), self._reader.start(seed_b)]
        places = [step / (steps - 1) for step in range(steps)]
        recipes = [dataclasses.replace(on_path(path, place), truncation=psi) for place in places]
        # The ends go alone, as those of generate() do: in a larger batch the last bit of a number may differ.
        return [picture for run in (recipes[:1], recipes[1:-1], recipes[-1:]) for picture in self._pictures(run)]

    def walk(
        self, seeds: Sequence[Origin], *, frames: int = 48, loop: bool = False, truncation: float = 1.0,
        directions: Mapping[str, float] | None = None, callback: Callback | None = None,
    ) -> list[Image.Image]:  # fmt: skip
        """Return the 8 to 120 frames of a walk through 2 to 16 origins, each way between two of them equally long.

        loop: go back to the first at the end; the frame after the last is then the first. callback: called as
        callback(step, total, preview) with the frames made so far after each batch, and its last frame; it may raise.
        """
        stops = listed("seeds of a walk", seeds, 2, MAX_STOPS)
        frames = whole_number("number of frames", frames, MIN_FRAMES, MAX_FRAMES)
        switch("loop", loop)
        psi, amounts = check_truncation(truncation), check_directions(directions, self.directions)
        starts = [self._reader.start(stop) for stop in stops]
        path = [*starts, starts[0]] if loop else starts
        places = [frame * (len(path) - 1) / (frames if loop else frames - 1) for frame in range(frames)]
        given: dict[str, Any] = {"truncation": psi, "directions": amounts, "noise": starts[0].noise}
        recipes = [dataclasses.replace(on_path(path, place), **given) for place in places]
        walk = {"stops": [start.exact for start in starts], "frames": frames, "loop": loop}
        besides = [{"walk": walk, "frame": frame} for frame in range(frames)]
        made: list[Image.Image] = []
        for batch in self._make(recipes, besides):
            made += batch
            if callback is not None:
                callback(len(made), frames, batch[-1].copy())
        return made

    def mix(
        self, coarse_seed: Origin, fine_seed: Origin, *, truncation: float = 1.0,
        directions: Mapping[str, float] | None = None,
    ) -> Image.Image:  # fmt: skip
        """Return a picture with the coarse structure of one origin and the fine detail of another."""
        psi, amounts = check_truncation(truncation), check_directions(directions, self.directions)
        coarse, fine = self._reader.start(coarse_seed), self._reader.start(fine_seed)
        recipe = Recipe(coarse.latent, None, psi, amounts, fine.both[1], coarse.noise)
        names = {
            "coarse": dataclasses.replace(coarse, fine=None).exact,
            "fine": fine.exact if fine.fine is None else pack(fine.fine),
        }
        [picture] = self._pictures([recipe], [names])
        return picture

    def breed(
        self, seeds: Sequence[Origin], n: int = 4, *, mutation: float = 0.2, seed: int = 0, truncation: float = 1.0,
    ) -> list[Image.Image]:  # fmt: skip
        """Return 1 to 16 children of 1 to 8 origins.

        Each number of a child's latent comes from one of the parents, by chance; then a share of it, `mutation` (0 to
        1), gives way to noise. seed: of the chances; a child does not depend on how many are made.
        """
        parents = [self.recipe(parent) for parent in listed("parents", seeds, 1, MAX_PARENTS)]
        n = whole_number("number of children", n, 1, MAX_CHILDREN)
        mutation = number("mutation", mutation, 0, 1)
        seed, psi = check_seed(seed), check_truncation(truncation)
        finished = [self._reader.finished(parent) for parent in parents]
        coarse, fine = (
            cross(torch.cat(latents), n, mutation, seed)
            for latents in zip(*(parent.both for parent in finished), strict=True)
        )
        mixed = any(parent.fine is not None for parent in finished)
        besides = [
            {"parents": [parent.label for parent in parents], "mutation": mutation, "child": child, "seed": seed}
            for child in range(n)
        ]
        recipes = [
            Recipe(latent, None, psi, {}, late if mixed else None, parents[0].noise)
            for latent, late in zip(coarse.unsqueeze(1), fine.unsqueeze(1), strict=True)
        ]
        return self._pictures(recipes, besides)

    def latent(self, origin: Origin) -> Tensor:
        """Return the latent (1, latent) that an origin stands for, on the CPU: generate(latents=...) gives its picture.

        Where the network has noise inside, that takes the seed that the noise is of. Raises OptionError for what is no
        origin, and for a mix.
        """
        finished = self._reader.start(origin)
        if finished.fine is not None:
            raise OptionError(
                "The picture is a mix, so no single latent makes it; give one of the two that it was mixed from."
            )
        return finished.latent

    def recipe(self, origin: Origin) -> Recipe:
        """Return what makes an origin's picture: its latent before truncation and directions, and these.

        Raises OptionError for what is no origin.
        """
        return self._reader.recipe(origin)

    def project(
        self, image: Image.Image, *, steps: int = 200, seed: int = 0, callback: Callback | None = None
    ) -> Tensor:
        """Return the latent (1, latent), on the CPU, whose picture comes nearest to a given one.

        image: any picture; its middle square counts. steps: 1 to 2000 corrections. seed: of the latents to begin with.
        callback: called as callback(step, total, preview) after each correction; it may raise to stop. The preview,
        now and then, is the picture so far, and stands for its latent as every picture of the model does. Raises
        ImageError for what is no picture or a tiny one, OptionError, MemoryLimitError.
        """
        network = self._network
        picture = gan_project.square(check_image(image), network.draft_side)
        steps = whole_number("number of steps", steps, 1, MAX_STEPS)
        seed = check_seed(seed)

        def report(step: int, latent: Tensor, seen: Tensor) -> None:
            if callback is not None:
                show = step % PREVIEW_EVERY == 0 or step == steps
                preview = with_settings(to_image(seen), self._settings(Recipe(latent.cpu()), {})) if show else None
                callback(step, steps, preview)

        # Gradients even where the caller has turned them off, in float32: small differences are what is followed here.
        guard = oom_guard(self.device, Phrase("looking for a picture of {side} pixels", side=self.side))
        with guard, torch.inference_mode(False), torch.enable_grad(), repeatable():
            features = self._load_features()
            target = to_tensor(picture).to(self.device)
            with torch.no_grad():
                begin = network.map(noise(seed, (network.starts, self.latent_size)).to(self.device))
            return gan_project.project(
                lambda latents: network.draft(latents).add(1).mul(0.5), target, begin, steps, features, report
            ).cpu()

    def _ordered(
        self, n: int, seed: int, truncation: float, directions: Mapping[str, float] | None, latents: Tensor | None
    ) -> list[Recipe]:
        n = whole_number("number of pictures", n, 1, MAX_PICTURES)
        amounts, psi = check_directions(directions, self.directions), check_truncation(truncation)
        if latents is None:
            named = [(self._from_seed(number), number) for number in check_seeds(seed, n)]
            return [Recipe(latent, number, psi, amounts, noise=number) for latent, number in named]
        given = check_latents(latents, self.latent_size, MAX_PICTURES)
        if n not in (1, len(given)):
            raise OptionError(
                "There are {count} latents for {n} pictures; leave n out, or give as many.", count=len(given), n=n
            )
        pairs = zip(given.unsqueeze(1), check_seeds(seed, len(given)), strict=True)
        return [Recipe(latent, None, psi, amounts, noise=number) for latent, number in pairs]

    def _pictures(self, recipes: Sequence[Recipe], besides: Besides = None) -> list[Image.Image]:
        return [picture for batch in self._make(recipes, besides) for picture in batch]

    def _from_seed(self, seed: int) -> Tensor:
        """Return the latent (1, latent) of a seed. One at a time: in a batch its last bits would depend on the rest."""
        with torch.no_grad(), repeatable():
            latent: Tensor = self._network.map(noise(seed, (1, self.latent_size)).to(self.device))
            return latent.float().cpu()

    def _make(self, recipes: Sequence[Recipe], besides: Besides = None) -> Iterator[list[Image.Image]]:
        """Yield the pictures of the recipes in batches, with their settings."""
        for start in range(0, len(recipes), self.batch):
            part = recipes[start : start + self.batch]
            fewer = Phrase("ask for fewer than {count} pictures", count=len(part)) if len(part) > 1 else ""
            with oom_guard(self.device, Phrase("making pictures of {side} pixels", side=self.side), fewer):
                pictures = self._run(part)
            yield [
                with_settings(to_image(picture), self._settings(recipe, besides[start + index] if besides else {}))
                for index, (picture, recipe) in enumerate(zip(pictures, part, strict=True))
            ]

    def _run(self, recipes: Sequence[Recipe]) -> Tensor:
        """Return the pictures (N, 3, side, side) of the recipes in [0, 1], on the CPU."""
        network, device = self._network, self.device
        finished = [self._reader.finished(recipe) for recipe in recipes]
        mixed = any(recipe.fine is not None for recipe in finished)
        with torch.inference_mode(), repeatable(), autocast(device):
            parts = zip(*(recipe.both for recipe in finished), strict=True)
            coarse, fine = (torch.cat(latents).to(device) for latents in parts)
            inside: list[Any] = []
            if isinstance(network, FastGAN) and self.noisy:
                inside = [[plane.to(device) for plane in network.planes([recipe.noise for recipe in recipes])]]
            pictures: Tensor = network(coarse, fine if mixed else None, *inside).add(1).mul(0.5).cpu()
            return pictures

    def _settings(self, recipe: Recipe, besides: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "task": self.task, "model": self.name, "version": self.version, "truncation": recipe.truncation,
            "directions": dict(recipe.directions), "size": [self.side, self.side], **recipe.source(),
            **({"noise": recipe.noise} if self.noisy and recipe.noise != recipe.seed else {}), **besides,
        }  # fmt: skip

    def _load_features(self) -> VGGFeatures | None:
        with self._lock:
            if self._features is None and self._features_name is not None:
                self._features = load_features(self._features_name, device=self.device)
            return self._features

    @classmethod
    def _load(cls, located: Located, config: Mapping[str, Any], device: torch.device) -> Self:
        folder = located.folder
        assert folder is not None  # a GAN has weights of its own
        if located.spec is not None and located.spec.network:
            path = folder / located.spec.files[0].name
            tensors = convert(checkpoint.read_tensors(path), PUBLISHED_DIRECTIONS)
            with torch.device("meta"):  # to fill it with random numbers first would take longer than to read the file
                fastgan = FastGAN(FastGANConfig(directions=PUBLISHED_DIRECTIONS))
            checkpoint.move_in(fastgan, tensors, path)
            axes = [f"axis {number}" for number in range(1, PUBLISHED_DIRECTIONS + 1)]
            return cls(located, device, fastgan, axes, located.spec.features)
        besides = ("task", "class", "features", "directions_named")
        kind, shape = (FastGAN, FastGANConfig) if config["class"] == "FastGAN" else (Generator, GeneratorConfig)
        numbers: Any = checkpoint.make_config(shape, config, folder, besides)
        features = config.get("features")
        if features is not None:
            check_features(features, folder)
        names = read_names(config, numbers.directions, folder)
        network: Generator | FastGAN = checkpoint.build(lambda: kind(numbers), folder / checkpoint.TENSORS)
        return cls(located, device, network, names, features)

    def _parts(self) -> tuple[str, Mapping[str, Any], Mapping[str, Tensor]]:
        numbers = {"features": self._features_name, "directions_named": list(self.directions)}
        network = self._network
        return type(network).__name__, numbers | dataclasses.asdict(network.config), network.state_dict()


_DEFAULTS = defaults_of(GANPipeline.generate)

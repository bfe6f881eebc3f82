"""Pictures taken apart and put together: a variational autoencoder, and what can be done in between."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import torch
from PIL import Image, ImageOps
from torch import Tensor

from deepart import checkpoint, images
from deepart.checks import number, shown, whole_number
from deepart.errors import ImageError, OptionError, Phrase, UnsupportedError
from deepart.images import check_image, settings, with_settings
from deepart.latents import check_seeds, noise, pack, slerp, unpack
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from deepart.pipelines.base import Callback, Pipeline, check_one_size, oom_guard, read_names
from deepart.pipelines.gan_origin import check_directions
from deepart.pipelines.vae_hub import NETWORKS, read_spatial
from deepart.pipelines.vae_latent import MAX_SIDE, Latent, check_size
from deepart.pipelines.vae_tiles import Spatial, Square, Tiled
from deepart.registry import Located

Source = Image.Image | Latent
"""A picture, or what encode() made of one."""
Way = Literal["linear", "spherical"]
PATHS: tuple[Way, ...] = ("linear", "spherical")

MAX_SAMPLES = 1024  # of one call
MAX_VARIATIONS = 64
MAX_STRENGTH = 10.0  # posterior deviations
MAX_TEMPERATURE = 1.5
MIN_STEPS, MAX_STEPS = 2, 120  # of a morph
BATCH = 16  # pictures that a network with a vector for a latent makes at once


class VAEPipeline(Pipeline):
    """Takes pictures apart into latents, and makes pictures of these.

    A model is of one of two sorts. The latent of a spatial one (`spatial`) is a map, an eighth as wide as the picture:
    any picture of up to 4096 pixels comes back well, and little can be changed in between. That of the other is one
    vector for a whole picture of a kind that it has learned: it has directions, and a prior that pictures can be drawn
    from.

    Where a method takes a Source, it takes a picture or a Latent. A picture that a model with a vector made stands for
    the latent in its settings, from which it comes back exactly; see latent(). Every picture that comes out carries its
    settings.

    All methods raise ImageError for a picture that cannot be used, OptionError for an option out of its range or a
    Latent of another model, UnsupportedError for what this sort of model cannot do, and MemoryLimitError.
    """

    task: ClassVar[str] = "vae"
    networks: ClassVar[tuple[str, ...]] = (*NETWORKS, "VectorVAE")

    def __init__(
        self, located: Located, device: torch.device, network: Spatial | VectorVAE, names: Sequence[str] = ()
    ) -> None:
        super().__init__(located, device)
        network = network.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        self._coder = Square(network, device) if isinstance(network, VectorVAE) else Tiled(network, device)
        vector = self._vector_network = network if isinstance(network, VectorVAE) else None
        self.spatial = vector is None
        """Whether a latent is a map, for pictures of any sort; else it is one vector."""
        self.has_prior = vector is not None and vector.config.prior > 0
        """Whether sample() can draw pictures."""
        self.directions = tuple(names)
        """Names of the directions that edit() knows, strongest first; none for a spatial model."""
        self.side = None if vector is None else vector.side
        """Height and width of the pictures that the network makes, before they are scaled; None where they are any."""

    def latent_shape(self, size: tuple[int, int]) -> tuple[int, ...]:
        """Return (channels, h, w) or (latent,) for a picture of a size (width, height) from 16 to 4096 pixels."""
        return self._coder.shape(check_size(size))

    def compression(self, size: tuple[int, int]) -> float:
        """Return how many numbers of a picture of that size go into one of its latent's means."""
        width, height = check_size(size)
        return 3 * width * height / torch.Size(self.latent_shape(size)).numel()

    def encode(self, image: Image.Image) -> Latent:
        """Return what the model makes of a picture of up to 4096 pixels a side, in numbers that float16 can hold."""
        return self._encode([self._checked(image)])[0]

    def encode_batch(self, pictures: Sequence[Image.Image]) -> list[Latent]:
        """Return what encode() makes of each of the pictures, of one size, but for the last bits of a number."""
        checked = [self._checked(picture) for picture in pictures]
        check_one_size(picture.size for picture in checked)
        return self._encode(checked)

    def decode_batch(self, latents: Sequence[Latent]) -> list[Image.Image]:
        """Return what decode() makes of each of the latents, of one size, to within 1/255."""
        found = [self._own(latent) for latent in latents]
        check_one_size(latent.size for latent in found)
        return self._make((latent.mean for latent in found), found[0].size, [{}] * len(found), counts=[len(found)])

    def decode(self, latent: Latent) -> Image.Image:
        """Return the picture of a latent's means, of the size that it remembers."""
        return self._make_one(self._own(latent), {})

    def reconstruct(self, source: Source) -> Image.Image:
        """Return decode(encode(source)); a Latent, or a picture that stands for one, is only decoded."""
        made = self._make_one(self.latent(source), {})
        return made if isinstance(source, Latent) else with_settings(made, settings(made) or {}, source=source)

    def latent(self, source: Source) -> Latent:
        """Return the latent of a source: itself, or what encode() makes of a picture.

        A picture that this very model, one with a vector, has made carries its latent in its settings. As long as it
        has not been scaled or cropped it stands for that: the means are exact, the deviations are those of encode().
        """
        if isinstance(source, Latent):
            return self._own(source)
        picture = self._checked(source)
        carried = self._carried(picture)
        [found] = self._encode([picture])
        return found if carried is None else dataclasses.replace(found, mean=carried)

    def vary(
        self, source: Source, strength: float = 1.0, *, n: int = 4, seed: int = 0, callback: Callback | None = None
    ) -> list[Image.Image]:
        """Return 1 to 64 variations, of the seeds seed, seed + 1, ...

        strength: 0 to 10; how many standard deviations of the posterior the latent is moved by: at 1 the pictures are
        samples of what the model holds possible. callback: called as callback(step, total, preview) with the pictures
        made so far, and the last of them; it may raise.
        """
        strength = number("strength", strength, 0, MAX_STRENGTH)
        seeds = check_seeds(seed, whole_number("number of variations", n, 1, MAX_VARIATIONS))
        latent = self.latent(source)
        latents = (latent.mean + strength * latent.std * noise(one, latent.mean.shape) for one in seeds)
        besides = [{"strength": strength, "seed": one} for one in seeds]
        return self._make(latents, latent.size, besides, callback)

    def interpolate(
        self, source: Source, other: Source, *, steps: int = 8, path: Way = "linear", callback: Callback | None = None,
    ) -> list[Image.Image]:  # fmt: skip
        """Return 2 to 120 pictures on the way from one source to another; both ends are their reconstructions exactly.

        path: "linear", straight, or "spherical", on an arc that keeps the length of the latents; that of a model with a
        prior lies in the noise which the prior carries to latents, so that what comes in between is as plausible as a
        sample. All pictures have the size of the first source; another picture of another size is scaled and cropped to
        it. The way of a spatial model is a cross-fade. callback: as of vary().
        """
        steps = whole_number("number of steps", steps, MIN_STEPS, MAX_STEPS)
        if path not in PATHS:
            raise OptionError(
                "The path is {path}; it must be one of {known}.", path=shown(path), known=", ".join(PATHS)
            )
        start = self.latent(source)
        end = self.latent(self._sized(other, start.size))
        places = [step / (steps - 1) for step in range(steps)]
        latents = self._way(start.mean, end.mean, places, path)
        # Not "path", which is how Gradio's clients know a file that they should fetch.
        besides = [{"way": path, "steps": steps, "t": place} for place in places]
        # The ends by themselves, as those of decode() are: the last bits differ in a batch.
        return self._make(latents, start.size, besides, callback, counts=[1, *self._batches(steps - 2), 1])

    def sample(
        self, n: int = 1, *, seed: int = 0, temperature: float = 1.0, callback: Callback | None = None
    ) -> list[Image.Image]:
        """Return 1 to 1024 pictures drawn from the prior, of the seeds seed, seed + 1, ...

        temperature: 0 to 1.5; below 1 the pictures are nearer to the usual, above 1 bolder. callback: as of vary().
        Raises UnsupportedError for a model without a prior; see has_prior.
        """
        network = self._vector_network
        if network is None or not self.has_prior:
            raise UnsupportedError(
                "The model {name!r} has no prior to draw pictures from; use 'portraits'.", name=self.name
            )
        seeds = check_seeds(seed, whole_number("number of pictures", n, 1, MAX_SAMPLES))
        temperature = number("temperature", temperature, 0, MAX_TEMPERATURE)
        besides = [{"seed": one, "temperature": temperature} for one in seeds]
        latents = (self._draw(network, one, temperature) for one in seeds)
        return self._make(latents, (network.side, network.side), besides, callback)

    def edit(self, source: Source, directions: Mapping[str, float]) -> Image.Image:
        """Return the picture pushed along directions: names, and amounts in standard deviations from -10 to 10.

        Raises UnsupportedError for a spatial model, which has none.
        """
        network = self._vector("directions")
        amounts = check_directions(directions, self.directions)
        latent = self.latent(source)
        axes = network.directions.float().cpu()
        mean = latent.mean.clone()
        for name, amount in amounts.items():
            mean += amount * axes[self.directions.index(name)]
        return self._make_one(dataclasses.replace(latent, mean=mean), {"directions": amounts})

    def combine(self, a: Source, b: Source, c: Source) -> Image.Image:
        """Return a - b + c: the picture a, with what tells c from b added to it; of a's size.

        Raises UnsupportedError for a spatial model, whose sums are those of pictures laid over each other.
        """
        self._vector("arithmetic")
        first, second, third = (self.latent(source) for source in (a, b, c))
        mean = first.mean - second.mean + third.mean
        return self._make_one(dataclasses.replace(first, mean=mean), {"arithmetic": "a - b + c"})

    def _checked(self, image: Image.Image) -> Image.Image:
        picture = check_image(image)
        if max(picture.size) > MAX_SIDE:
            raise ImageError(
                "The picture is {width}x{height} pixels; at most {most} a side are taken, so scale it down.",
                width=picture.width, height=picture.height, most=MAX_SIDE,
            )  # fmt: skip
        return picture

    def _encode(self, pictures: Sequence[Image.Image]) -> list[Latent]:
        width, height = size = pictures[0].size
        doing = Phrase("taking apart a picture of {width}x{height} pixels", width=width, height=height)
        with oom_guard(self.device, doing, "try a smaller one"):
            found = self._coder.encode(pictures)
        return [Latent(mean.half().float(), std.half().float(), size, self.name, self.version) for mean, std in found]

    def _own(self, latent: object) -> Latent:
        """Return a latent of this model; raises OptionError for another, and for what is none."""
        if not isinstance(latent, Latent):
            raise OptionError(
                "The latent is of type {kind}; give one that encode() or Latent.load() returned.",
                kind=type(latent).__name__,
            )
        # The version names the weights; the same weights may lie in a folder of another name.
        if latent.version != self.version:
            raise OptionError(
                "The latent was made by {model}, version {version}, and this is {name!r}, version {own_version!r}; "
                "use the model that made it.",
                model=shown(latent.model), version=shown(latent.version), name=self.name, own_version=self.version,
            )  # fmt: skip
        expected = self.latent_shape(latent.size)
        if tuple(latent.mean.shape[1:]) != expected:
            raise OptionError(
                "The latent has the shape {shape}; that of a picture of {width}x{height} pixels has {expected}.",
                shape=tuple(latent.mean.shape[1:]), width=latent.size[0], height=latent.size[1], expected=expected,
            )  # fmt: skip
        return latent

    def _carried(self, picture: Image.Image) -> Tensor | None:
        """Return the means (1, latent) that a picture of this model carries, if it does."""
        found = images.settings(picture) or {}
        mine = found.get("task") == self.task and found.get("version") == self.version
        # A "view" shows something about a picture, an error map or a strip, and carries its settings.
        if self.spatial or not mine or "view" in found or found.get("size") != list(picture.size):
            return None
        try:
            return unpack(found.get("latent"), self.latent_shape(picture.size)[0])
        except OptionError:  # it was tampered with, or is out of all bounds; as any picture it will do
            return None

    def _sized(self, source: Source, size: tuple[int, int]) -> Source:
        """Return a source as one of that size: scaled and cropped, or decoded to it where it is a vector anyway."""
        if isinstance(source, Latent):
            found = self._own(source)
            if found.size == size or not self.spatial:
                return dataclasses.replace(found, size=size)
            source = self._make_one(found, {})
        picture = self._checked(source)
        if self._carried(picture) is not None:
            return dataclasses.replace(self.latent(picture), size=size)
        return picture if picture.size == size else ImageOps.fit(picture, size, Image.Resampling.LANCZOS)

    def _vector(self, what: str) -> VectorVAE:
        if self._vector_network is None:
            raise UnsupportedError(
                "The model {name!r} has a latent for every part of a picture, and no {what}; use 'portraits'.",
                name=self.name, what=what,
            )  # fmt: skip
        return self._vector_network

    def _way(self, a: Tensor, b: Tensor, places: Sequence[float], path: Way) -> Iterator[Tensor]:
        """Yield the latents at these shares of the way from a to b, exact at both ends."""
        flow = None if self._vector_network is None else self._vector_network.flow
        if path == "linear" or flow is None:
            for place in places:
                if path == "linear" and 0 < place < 1:
                    yield torch.lerp(a, b, place)
                else:
                    yield slerp(a.flatten(1), b.flatten(1), place).reshape(a.shape)
            return
        with oom_guard(self.device, "finding the way through the prior"), torch.inference_mode():
            ends = torch.cat([a, b]).to(self.device)
            first, last = flow.back(ends).chunk(2)
            # What the way to the noise and back loses is given back in shares, so that the ends are exact.
            lost, lost_last = (ends - flow(torch.cat([first, last]))).chunk(2)
            for place in places:
                found = flow(slerp(first, last, place)) + torch.lerp(lost, lost_last, place)
                yield found.float().cpu() if 0 < place < 1 else slerp(a, b, place)

    def _draw(self, network: VectorVAE, seed: int, temperature: float) -> Tensor:
        """Return the latent (1, latent) of a seed. One at a time: in a batch its last bits would depend on the rest."""
        with oom_guard(self.device, "drawing from the prior"), torch.inference_mode():
            drawn = noise(seed, (1, network.config.latent)).to(self.device)
            return network.prior(drawn, temperature).float().cpu()

    def _make_one(self, latent: Latent, besides: Mapping[str, Any]) -> Image.Image:
        [picture] = self._make([latent.mean], latent.size, [besides])
        return picture

    def _make(
        self, latents: Iterable[Tensor], size: tuple[int, int], besides: Sequence[Mapping[str, Any]],
        callback: Callback | None = None, *, counts: Sequence[int] | None = None,
    ) -> list[Image.Image]:  # fmt: skip
        """Return the pictures of latents, each (1, ...), with settings and `besides` of each.

        counts: how many are made at once, one batch after the other; None: as _batches() says.
        """
        made: list[Image.Image] = []
        pending = iter(latents)
        doing = Phrase("making a picture of {width}x{height} pixels", width=size[0], height=size[1])
        for count in counts or self._batches(len(besides)):
            part = torch.cat([next(pending) for _ in range(count)])
            with oom_guard(self.device, doing, "try a smaller one"):
                pictures = self._coder.decode(part, size)
            for latent, picture in zip(part, pictures, strict=True):
                made.append(with_settings(picture, self._settings(latent, size, besides[len(made)])))
            if callback is not None:
                callback(len(made), len(besides), made[-1].copy())
        return made

    def _batches(self, total: int) -> list[int]:
        """Return how many of the pictures are made at once."""
        most = 1 if self.spatial else BATCH
        return [min(most, total - start) for start in range(0, total, most)]

    def _settings(self, latent: Tensor, size: tuple[int, int], besides: Mapping[str, Any]) -> dict[str, Any]:
        carried = {} if self.spatial else {"latent": pack(latent)}
        return {
            "task": self.task, "model": self.name, "version": self.version, "size": list(size), **carried, **besides,
        }  # fmt: skip

    @classmethod
    def _load(cls, located: Located, config: Mapping[str, Any], device: torch.device) -> Self:
        folder = located.folder
        assert folder is not None  # a VAE has weights of its own
        if config["class"] in NETWORKS:
            return cls(located, device, read_spatial(located, config))
        numbers = checkpoint.make_config(VectorVAEConfig, config, folder, ("task", "class", "directions_named"))
        names = read_names(config, numbers.directions, folder)
        return cls(located, device, checkpoint.build(lambda: VectorVAE(numbers), folder / checkpoint.TENSORS), names)

    def _parts(self) -> tuple[str, Mapping[str, Any], Mapping[str, Tensor]]:
        network = self._coder.network
        named = {} if self.spatial else {"directions_named": list(self.directions)}
        return type(network).__name__, named | dataclasses.asdict(network.config), network.state_dict()

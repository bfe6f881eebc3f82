"""FastGAN: normal noise in, pictures of 1024 pixels out, learned from as few as a hundred pictures.

Source: Liu et al., "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis"
(2101.04775). Maps double from 4 pixels on, every other size with a second convolution and noise. Skip-layer excitation
lets the maps of a size gate the channels sixteen times as wide: they decide what the fine detail looks like, so a
picture is mixed by letting another latent's coarse maps do that.

Published weights carry spectral norm and batch norm. Neither changes once training is over, so convert() folds both
into the convolutions: the sums are the same, and there are fewer of them. A latent is used as it is drawn, of zero mean
and unit covariance, as our own generator's is after whitening.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deepart.latents import MAX_SEED, noise

BASE = 4  # pixels; side of the coarsest maps
LEAP = 4  # sizes from the maps that gate to those that are gated: 4 to 64 pixels, 8 to 128, ...
DRAFT = 5  # of the sizes: 128 pixels, where the network has a second, small picture
EPSILON = 1e-5  # of batch norm
_OTHER_NOISE = 0x9E3779B9  # sets the noise inside apart from the latent of the same seed


@dataclass(frozen=True)
class FastGANConfig:
    """Numbers that make a FastGAN.

    latent: numbers in z. channels: of the maps at 4, 8, 16, ... pixels; the last are of the picture's size, which must
    be 256 pixels at least. directions: how many are stored.
    """

    latent: int = 256
    channels: tuple[int, ...] = (1024, 512, 256, 128, 128, 64, 32, 16, 8)
    directions: int = 0

    def __post_init__(self) -> None:
        if len(self.channels) < DRAFT + 2:
            raise ValueError(f"There are {len(self.channels)} sizes; a FastGAN has {DRAFT + 2} at least.")

    @property
    def side(self) -> int:
        """Height and width of a picture in pixels."""
        return int(BASE * 2 ** (len(self.channels) - 1))


class GatedConv(nn.Module):
    """A 3 x 3 convolution, noise where there is some, and a gated linear unit (1612.08083)."""

    def __init__(self, inputs: int, outputs: int, noisy: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, 2 * outputs, 3, padding=1)
        # One number per channel, as batch norm is folded into what the file has for all.
        self.noise = nn.Parameter(torch.zeros(2 * outputs)) if noisy else None

    def forward(self, x: Tensor, plane: Tensor | None) -> Tensor:
        """x: (N, inputs, h, w), plane: (N, 1, h, w), standard normal."""
        x = self.conv(x)
        if self.noise is not None and plane is not None:
            x = x + self.noise.to(x.dtype)[:, None, None] * plane.to(x.dtype)
        return F.glu(x, 1)


class Doubling(nn.Module):
    """Maps of twice the size: one convolution, or two that have noise."""

    def __init__(self, inputs: int, outputs: int, long: bool) -> None:
        super().__init__()
        self.first = GatedConv(inputs, outputs, long)
        self.second = GatedConv(outputs, outputs, long) if long else None

    def forward(self, x: Tensor, planes: Iterator[Tensor]) -> Tensor:
        """x: (N, inputs, h, w). planes: of noise, of which the long kind takes two; none at all: no noise."""
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        if self.second is None:
            return cast(Tensor, self.first(x, None))
        x = self.first(x, next(planes, None))
        return cast(Tensor, self.second(x, next(planes, None)))


class Excitation(nn.Module):
    """Skip-layer excitation: from maps (N, inputs, h, w) a gate in [0, 1] per channel of others, (N, outputs, 1, 1)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 4, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, inputs, h, w)."""
        found = self.second(F.silu(self.first(F.adaptive_avg_pool2d(x, 4))))
        return torch.sigmoid(found)


class FastGAN(nn.Module):
    """Latent vectors in, pictures out."""

    directions: Tensor
    starts = 64  # random latents that a projection looks at first: even small pictures cost a sixth of a second each
    draft_side = BASE * 2**DRAFT  # pixels; height and width of the pictures of draft()

    def __init__(self, config: FastGANConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or FastGANConfig()
        channels = config.channels
        self.register_buffer("directions", torch.zeros(config.directions, config.latent))  # unit vectors
        self.start = nn.Linear(config.latent, 2 * channels[0] * BASE**2)
        self.grow = nn.ModuleList(
            Doubling(channels[index - 1], channels[index], index % 2 == 1) for index in range(1, len(channels))
        )
        self.excite = nn.ModuleList(
            Excitation(channels[index - LEAP], channels[index]) for index in range(LEAP, len(channels) - 1)
        )
        self.draft_head = nn.Conv2d(channels[DRAFT], 3, 1, bias=False)
        self.head = nn.Conv2d(channels[-1], 3, 3, padding=1, bias=False)

    @property
    def noisy(self) -> bool:
        """Whether the noise inside changes a picture; training may have turned it off."""
        layers = (layer for layer in self.modules() if isinstance(layer, GatedConv))
        return any(bool(layer.noise.any()) for layer in layers if layer.noise is not None)

    def map(self, z: Tensor) -> Tensor:
        """Return the latents (N, latent) of normal noise z (N, latent), which they are."""
        return z

    def planes(self, seeds: Sequence[int]) -> list[Tensor]:
        """Return the noise of pictures by their seeds alone, on the CPU: planes (N, 1, h, w), in the layers' order."""
        sides = [BASE * 2**index for index in range(1, len(self.grow) + 1, 2) for _ in ("first", "second")]
        sizes = [side * side for side in sides]
        rows = torch.stack([noise((seed ^ _OTHER_NOISE) & MAX_SEED, (sum(sizes),)) for seed in seeds])
        return [part.view(-1, 1, side, side) for part, side in zip(torch.split(rows, sizes, 1), sides, strict=True)]

    def forward(self, latents: Tensor, fine: Tensor | None = None, planes: Sequence[Tensor] = ()) -> Tensor:
        """Return pictures (N, 3, side, side) in [-1, 1].

        latents: (N, latent). fine: (N, latent), the latents whose coarse maps gate the fine ones; None: the same.
        planes: what planes() returned, on the device of the latents; none of them: no noise.
        """
        gates = None if fine is None else self._grow(fine, planes, len(self.excite) - 1)
        picture: Tensor = torch.tanh(self.head(self._grow(latents, planes, len(self.grow), gates)[-1]).float())
        return picture

    def draft(self, latents: Tensor, planes: Sequence[Tensor] = ()) -> Tensor:
        """Return the small pictures (N, 3, 128, 128) in [-1, 1], which cost less than half of the large ones."""
        picture: Tensor = torch.tanh(self.draft_head(self._grow(latents, planes, DRAFT)[-1]).float())
        return picture

    def _grow(
        self, latents: Tensor, planes: Sequence[Tensor], last: int, gates: Sequence[Tensor] | None = None
    ) -> list[Tensor]:
        """Return the maps of all sizes up to that with the index `last`. gates: those that gate; None: these maps."""
        waiting = iter(planes)
        x = F.glu(self.start(latents).unflatten(1, (-1, BASE, BASE)), 1)
        maps = [x.contiguous(memory_format=torch.channels_last)]
        for index in range(1, last + 1):
            x = self.grow[index - 1](maps[-1], waiting)
            if 0 <= index - LEAP < len(self.excite):
                x = x * self.excite[index - LEAP]((gates or maps)[index - LEAP])
            maps.append(x)
        return maps


def convert(state: Mapping[str, Tensor], directions: int = 0) -> dict[str, Tensor]:
    """Return the tensors of a FastGAN from those of a published file, its norms folded, its directions found by sefa().

    state: names and shapes as in huggan/fastgan-few-shot-painting; all but the counters of batch norms are read.
    """
    config = FastGANConfig()
    made: dict[str, Tensor] = {}
    weight, bias, _ = _folded(state, "_init._layers.0", "_init._layers.1", transposed=True)
    made["start.weight"], made["start.bias"] = weight.flatten(1).T.contiguous(), bias.repeat_interleave(BASE**2)
    for index in range(1, len(config.channels)):
        block, long = f"_upsample_{BASE * 2**index}._layers", index % 2 == 1
        for layer, conv, norm in [("first", 1, 3), ("second", 5, 7)] if long else [("first", 1, 2)]:
            own = f"grow.{index - 1}.{layer}"
            weight, bias, scale = _folded(state, f"{block}.{conv}", f"{block}.{norm}")
            made[f"{own}.conv.weight"], made[f"{own}.conv.bias"] = weight, bias
            if long:
                made[f"{own}.noise"] = scale * state[f"{block}.{conv + 1}._weight"]
    for index in range(LEAP, len(config.channels) - 1):
        for order, layer in ((1, "first"), (3, "second")):
            name = f"_sle_{BASE * 2**index}._layers.{order}"
            made[f"excite.{index - LEAP}.{layer}.weight"] = _without_spectral_norm(state, name)
    made["draft_head.weight"] = _without_spectral_norm(state, f"_out_{BASE * 2**DRAFT}.0")
    made["head.weight"] = _without_spectral_norm(state, f"_out_{config.side}.0")
    made["directions"] = sefa(made["start.weight"], directions)
    return made


def sefa(weight: Tensor, count: int) -> Tensor:
    """Return the `count` unit directions (count, latent) that a first layer (outputs, latent) stretches most.

    Source: closed-form factorization of what a GAN has learned (Shen and Zhou, 2007.06600).
    """
    _, axes = torch.linalg.eigh(weight.double().T @ weight.double())
    found = axes.flip(1)[:, :count].T
    # An axis has no sign of its own; a rule, so that every machine finds the same.
    signs = found.gather(1, found.abs().argmax(1, keepdim=True)).sign()
    directions: Tensor = (found * signs).to(weight).contiguous()
    return directions


def _without_spectral_norm(state: Mapping[str, Tensor], name: str, transposed: bool = False) -> Tensor:
    """Return a convolution's weight over its spectral norm (1802.05957), which u . (M v) estimates."""
    weight, u, v = (state[f"{name}._conv.weight_{part}"].float() for part in ("orig", "u", "v"))
    matrix = (weight.transpose(0, 1) if transposed else weight).flatten(1)
    return weight / torch.dot(u, matrix @ v)


def _folded(
    state: Mapping[str, Tensor], conv: str, norm: str, transposed: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Return weight and bias of a convolution with its batch norm, and the scale (outputs,) of that."""
    gain, shift, mean, variance = (
        state[f"{norm}.{part}"].float() for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gain / (variance + EPSILON).sqrt()
    weight = _without_spectral_norm(state, conv, transposed)
    shape = (1, -1, 1, 1) if transposed else (-1, 1, 1, 1)
    return weight * scale.view(shape), shift - scale * mean, scale

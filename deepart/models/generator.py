"""The generator: turns latent vectors into pictures that never existed.

A mapping network turns normal noise z into a latent w, and w scales the channels of every convolution from 4 x 4 pixels
upwards: StyleGAN2 (Karras et al., 1912.04958), made small. Where it differs: the input's channels and the output's are
scaled in place of the kernels, which is the same sum and lets a batch share one convolution; there is no noise beside
the latent, so the latent says everything about a picture (as in R3GAN, 2501.05441); the last doublings are pixel
shuffles (1609.05158): no convolution with many channels runs at full size, and neighbouring pixels can differ, where
smoothly enlarged maps draw foliage as curls. Nothing blurs the last maps: with a blur there a generator never made the
finest detail.

The latent is whitened: over all z it has mean 0 and unit covariance. So truncation is a multiplication, a direction is
a unit vector with an amount in standard deviations, and normal noise is a plausible latent.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2  # of the leaky rectifier, as in StyleGAN2
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # keeps the variance through it
BASE = 4  # pixels; side of the coarsest maps


@dataclass(frozen=True)
class GeneratorConfig:
    """Numbers that make a Generator.

    latent: numbers in z and w. mapping: width of the mapping network's hidden layers, two of them.
    channels: of the maps at 4, 8, 16, ... pixels; the picture is twice as large as the last of them.
    shuffles: how many of the doublings, the last ones, are pixel shuffles. coarse: how many of the sizes of the maps a
    first latent decides when two are mixed. directions: how many are stored.
    """

    latent: int = 128
    mapping: int = 256
    channels: tuple[int, ...] = (256, 192, 128, 64, 32)
    shuffles: int = 1
    coarse: int = 1
    directions: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for a network without sizes, and for numbers of them that it does not have."""
        if not 1 <= self.shuffles <= len(self.channels):
            raise ValueError(f"shuffles is {self.shuffles}; it must be from 1 to {len(self.channels)}.")
        if not 1 <= self.coarse <= len(self.channels):
            raise ValueError(f"coarse is {self.coarse}; it must be from 1 to {len(self.channels)}.")

    @property
    def side(self) -> int:
        """Height and width of a picture in pixels."""
        return int(BASE * 2 ** len(self.channels))


class Linear(nn.Linear):
    """A layer whose weights are kept at unit deviation and scaled when used (1710.10196): all learn at one pace."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0) -> None:
        super().__init__(inputs, outputs)
        nn.init.normal_(self.weight)
        nn.init.constant_(self.bias, bias)
        self.scale = inputs**-0.5

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, inputs)."""
        return F.linear(x, self.weight * self.scale, self.bias)


class StyledConv(nn.Module):
    """A 3 x 3 convolution whose channels the latent scales, then a leaky rectifier."""

    def __init__(self, inputs: int, outputs: int, latent: int) -> None:
        super().__init__()
        self.style = Linear(latent, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, latents: Tensor) -> Tensor:
        """x: (N, inputs, h, w), latents: (N, latent)."""
        style = self.style(latents)
        with torch.autocast(x.device.type, enabled=False):
            energy = style.float().square() @ self.weight.float().square().sum((2, 3)).T
            demodulate = (energy + 1e-8).rsqrt() * GAIN
        x = x * style.to(x.dtype)[..., None, None]
        x = F.conv2d(x, self.weight.to(x.dtype), padding=1)
        x = torch.addcmul(self.bias.to(x.dtype)[:, None, None], x, demodulate.to(x.dtype)[..., None, None])
        return F.leaky_relu(x, SLOPE)


class Generator(nn.Module):
    """Latent vectors in, pictures out."""

    directions: Tensor
    starts = 256  # random latents that a projection looks at first

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.draft_side = config.side  # of the pictures of draft()
        latent, channels = config.latent, config.channels
        self.mapping = nn.ModuleList(
            [Linear(latent, config.mapping), Linear(config.mapping, config.mapping), Linear(config.mapping, latent)]
        )
        self.register_buffer("directions", torch.zeros(config.directions, latent))  # unit vectors, strongest first
        self.constant = nn.Parameter(torch.randn(1, channels[0], BASE, BASE))
        sizes = list(zip((channels[0], *channels[:-1]), channels, strict=True))
        self._smooth = len(channels) - config.shuffles + 1  # sizes that are reached without a shuffle
        self.first = nn.ModuleList(
            StyledConv(inputs, outputs if index < self._smooth else 4 * outputs, latent)
            for index, (inputs, outputs) in enumerate(sizes)
        )
        self.second = nn.ModuleList(StyledConv(outputs, outputs, latent) for _, outputs in sizes[:-1])
        self.shuffled = StyledConv(channels[-1], 2 * channels[-1], latent)
        self.head = nn.Conv2d(channels[-1] // 2, 3, 5, padding=2, padding_mode="replicate")
        self.glimpse = nn.ModuleList(nn.Conv2d(width, 3, 1) for width in channels)  # a picture at every size
        for layer in (self.head, *self.glimpse):
            nn.init.normal_(layer.weight, std=0.5 * (layer.weight[0].numel()) ** -0.5)
            nn.init.zeros_(layer.bias)

    def map(self, z: Tensor) -> Tensor:
        """Return the latents (N, latent) of normal noise z (N, latent)."""
        x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.mapping[:-1]:
            x = F.leaky_relu(layer(x), SLOPE) * GAIN
        latents: Tensor = self.mapping[-1](x)
        return latents

    def forward(self, latents: Tensor, fine: Tensor | None = None) -> Tensor:
        """Return pictures (N, 3, side, side), about in [-1, 1].

        latents: (N, latent). fine: (N, latent), the latents of all sizes after the first `coarse`; None: the same.
        """
        late = latents if fine is None else fine
        x, seen = self._grow(latents, late)
        picture: Tensor = smooth(seen) + self.head(F.pixel_shuffle(self.shuffled(x, late), 2))
        return picture.float()

    def draft(self, latents: Tensor) -> Tensor:
        """Return the pictures that a projection compares; these are the network's own."""
        picture: Tensor = self(latents)
        return picture

    def at_half_size(self, latents: Tensor) -> Tensor:
        """Return pictures (N, 3, side / 2, side / 2), about in [-1, 1], which the last doubling only adds detail to."""
        return self._grow(latents, latents)[1].float()

    def _grow(self, latents: Tensor, late: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maps at half the side and the pictures that all sizes so far add up to."""
        device = latents.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else latents.dtype
        x = self.constant.to(dtype).expand(len(latents), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        seen: Tensor | None = None
        for index, first in enumerate(self.first):
            mine = latents if index < self.config.coarse else late
            if index < self._smooth:
                x = first(smooth(x) if index else x, mine)
            else:
                x = blur(F.pixel_shuffle(first(x, mine), 2))
            if index < len(self.second):
                x = self.second[index](x, mine)
            glimpse = self.glimpse[index](x)
            seen = glimpse if seen is None else smooth(seen) + glimpse
        assert seen is not None
        return x, seen


def smooth(x: Tensor) -> Tensor:
    """Return maps of twice the size, without a trace of the old pixels' edges: copies of them grow into a mesh."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def blur(x: Tensor) -> Tensor:
    """Return maps (N, C, h, w) through the filter 1 2 1 both ways: what alternates from pixel to pixel is gone."""
    x = F.pad(x, (1, 1, 1, 1), mode="replicate")
    return F.avg_pool2d(F.avg_pool2d(x, 2, 1), 2, 1)

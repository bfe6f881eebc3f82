"""The discriminators that train a generator: one looks at pixels, one at what a VGG16 sees.

Each gives logits, larger for what looks real. PixelDiscriminator is that of StyleGAN2 (1912.04958) made small; it reads
4 x 4 pixels at once. FeatureDiscriminator is that of Projected GANs (Sauer et al., 2111.01007): small heads on frozen
features of several depths, without their random mixing of features. A half-size picture is enough for it, as fine
detail is the other's business. The first learns texture, the second what things there are, and much sooner.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from deepart.models.generator import GAIN, SLOPE
from deepart.models.vgg import VGGFeatures

PATCH = 4  # pixels; side of what the pixel discriminator reads at once: few channels at full size would be slow
LAYERS = {"relu2_2": 64, "relu3_3": 128}  # channels, of features-slim at half width


class Conv(nn.Conv2d):
    """A convolution whose weights are kept at unit deviation and scaled when used (1710.10196)."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)
        self.gain = (inputs * kernel * kernel) ** -0.5

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, (self.weight * self.gain).to(x.dtype), self.bias.to(x.dtype), self.stride, self.padding)


def act(x: Tensor) -> Tensor:
    return F.leaky_relu(x, SLOPE) * GAIN


class Down(nn.Module):
    """Halves maps: two convolutions beside a 1 x 1 convolution of the pooled input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = Conv(inputs, inputs), Conv(inputs, outputs, stride=2)
        self.skip = Conv(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return (act(self.second(act(self.first(x)))) + self.skip(F.avg_pool2d(x, 2))) * 0.5**0.5


class PixelDiscriminator(nn.Module):
    """Judges pictures by their pixels."""

    def __init__(self, channels: tuple[int, ...] = (64, 96, 160, 256)) -> None:
        """channels: of the maps at a quarter, an eighth, ... of the side, down to 4 pixels."""
        super().__init__()
        self.stem = Conv(3 * PATCH**2, channels[0])
        self.downs = nn.ModuleList(Down(a, b) for a, b in pairwise(channels))
        self.last = Conv(channels[-1] + 1, channels[-1])
        self.hidden = Conv(channels[-1], channels[-1], 4)
        self.hidden.padding = (0, 0)
        self.logit = Conv(channels[-1], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, 3, H, W) in [-1, 1]; returns (N, 1)."""
        x = act(self.stem(F.pixel_unshuffle(x, PATCH).contiguous(memory_format=torch.channels_last)))
        for down in self.downs:
            x = down(x)
        x = act(self.last(torch.cat([x, spread(x)], 1)))
        logits: Tensor = self.logit(act(self.hidden(x)))
        return logits.float().flatten(1)


def spread(x: Tensor, group: int = 4) -> Tensor:
    """Return how much pictures of a group differ, as a map (N, 1, h, w): a generator of one picture only is found out.

    Minibatch standard deviation, Karras et al. (1710.10196).
    """
    group = group if len(x) % group == 0 else len(x)
    parts = x.float().unflatten(0, (group, -1))
    deviation = (parts.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
    return deviation.repeat(group)[:, None, None, None].expand(-1, -1, *x.shape[2:]).to(x.dtype)


class FeatureDiscriminator(nn.Module):
    """Judges pictures by the feature maps that `see` returns."""

    def __init__(self, layers: Mapping[str, int] = LAYERS, width: int = 64, window: int = 4) -> None:
        """layers: names of the feature maps and their channels. width: channels of a head. window: side of what a
        logit looks at, in half-size maps.
        """
        super().__init__()
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(
                    spectral_norm(nn.Conv2d(channels, width, 1)), nn.LeakyReLU(SLOPE),
                    spectral_norm(nn.Conv2d(width, 2 * width, 4, 2, 1)), nn.LeakyReLU(SLOPE),
                    spectral_norm(nn.Conv2d(2 * width, 2 * width, 3, 1, 1)), nn.LeakyReLU(SLOPE),
                    spectral_norm(nn.Conv2d(2 * width, 1, window)),
                )
                for name, channels in layers.items()
            }
        )  # fmt: skip

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """maps: (N, C, h, w) each; returns (N, logits) of all heads and places, each head's weighing the same."""
        told = [head(maps[name]).float().flatten(1) for name, head in self.heads.items()]
        most = max(part.shape[1] for part in told)
        return torch.cat([part.repeat_interleave(max(1, most // part.shape[1]), 1) for part in told], 1)


def see(features: VGGFeatures, x: Tensor, scales: Mapping[str, float] | None = None) -> dict[str, Tensor]:
    """Return the feature maps of half-size pictures; x: (N, 3, H, W) in [-1, 1]. scales: what maps are divided by."""
    small = F.avg_pool2d(x, 2) / 2 + 0.5
    maps = features(small.contiguous(memory_format=torch.channels_last), tuple(LAYERS))
    return {name: value / (scales[name] if scales else 1.0) for name, value in maps.items()}

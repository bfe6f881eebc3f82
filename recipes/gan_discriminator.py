"""Discriminators: what pictures are judged by while a generator or a decoder is trained.

Each gives logits, larger for what looks real. PixelDiscriminator trains the generators: residual blocks without norms,
as in R3GAN (Huang et al., 2501.05441), made small. FeatureDiscriminator trains the VAEs' second phase, beside patches:
that of Projected GANs (Sauer et al., 2111.01007), small heads on frozen features of several depths, without their
random mixing of features. A half-size picture is enough for it, as fine detail is the other's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from deepart.models.generator import SLOPE
from deepart.models.vgg import VGGFeatures

LAYERS = {"relu2_2": 64, "relu3_3": 128}  # channels, of features-slim at half width
SMALLEST = 4  # pixels; side of the maps that the last layer sees


class Down(nn.Module):
    """Halves maps: two convolutions beside a 1 x 1 convolution of the pooled input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = _conv(inputs, inputs), _conv(inputs, outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1, bias=False)
        with torch.no_grad():
            self.second.weight.mul_(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, inputs, h, w)."""
        y = self.second(F.leaky_relu(self.first(F.leaky_relu(x, SLOPE)), SLOPE))
        found: Tensor = F.avg_pool2d(y, 2) + self.skip(F.avg_pool2d(x, 2))
        return found


class PixelDiscriminator(nn.Module):
    """Judges pictures by their pixels: of half the size, and later, by a part that begins at nothing, of the whole."""

    def __init__(self, channels: tuple[int, ...] = (64, 128, 192), detail: int = 48) -> None:
        """channels: of the maps at a quarter, an eighth, ... of the whole side, down to SMALLEST pixels."""
        super().__init__()
        self.half = SMALLEST * 2 ** len(channels)
        self.coarse = nn.Conv2d(3, channels[0], 4, 2, 1)
        self.detail = nn.Conv2d(3, detail, 4, 2, 1)
        self.whole = Down(detail, channels[0])
        self.downs = nn.ModuleList(Down(a, b) for a, b in pairwise(channels))
        self.logit = nn.Linear(channels[-1] * SMALLEST**2, 1)
        with torch.no_grad():
            for parameter in (self.whole.second.weight, self.whole.skip.weight):
                parameter.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, 3, H, W) in [-1, 1], of half the side or the whole; returns (N, 1)."""
        x = x.contiguous(memory_format=torch.channels_last)
        if x.shape[3] == self.half:
            maps = self.coarse(x)
        else:
            maps = self.coarse(F.avg_pool2d(x, 2)) + self.whole(self.detail(x))
        for down in self.downs:
            maps = down(maps)
        logits: Tensor = self.logit(F.leaky_relu(maps, SLOPE).flatten(1))
        return logits.float()


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.kaiming_normal_(layer.weight, SLOPE)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


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

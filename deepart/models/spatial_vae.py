"""A variational autoencoder whose latent is a small map: any picture in, a map an eighth as wide out, and back.

The posterior of each place is a normal distribution with a mean and a deviation per channel (Kingma and Welling,
1312.6114). Mean and picture are each the sum of two parts. One is linear: blocks of 8 x 8 pixels on so many axes, as in
a principal component analysis, kept in float32, so that flat colours come back exact. The other is what a residual
network knows better, from the surroundings of a block: edges that go on, textures, seams between blocks. It works at a
quarter and an eighth of the size (pixel unshuffling, 1609.05158), where convolutions cost little, and there is no norm
over space, so a part of a picture gives the same numbers as the whole.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2  # of the leaky rectifier
BLOCK = 8  # pixels; side of what one place of the latent stands for
PIXELS = 3 * BLOCK**2  # numbers of a block
LOG_VARIANCE = (-14.0, 2.0)  # of the posterior; beyond, its exponential says nothing


@dataclass(frozen=True)
class SpatialVAEConfig:
    """Numbers that make a SpatialVAE.

    channels: of the latent. quarter, eighth: channels of the maps at a quarter and an eighth of the picture's size.
    quarter_blocks, eighth_blocks: residual blocks at these sizes, in the encoder and again in the decoder.
    """

    channels: int = 32
    quarter: int = 96
    eighth: int = 128
    quarter_blocks: int = 2
    eighth_blocks: int = 3


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside a straight way; at first it changes nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, channels, h, w)."""
        return torch.add(x, self.second(F.leaky_relu(self.first(F.leaky_relu(x, SLOPE)), SLOPE)))


class SpatialVAE(nn.Module):
    """Pictures to maps of normal distributions, and maps of numbers to pictures."""

    multiple: ClassVar[int] = BLOCK

    def __init__(self, config: SpatialVAEConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SpatialVAEConfig()
        channels, quarter, eighth = config.channels, config.quarter, config.eighth
        self.analysis = nn.Conv2d(3, channels, BLOCK, BLOCK)
        self.synthesis = nn.Conv2d(channels, PIXELS, 1)
        self.log_variance = nn.Parameter(torch.full((channels,), -4.0))
        self.encoder = nn.Sequential(
            nn.Conv2d(48, quarter, 3, padding=1),
            *(ResidualBlock(quarter) for _ in range(config.quarter_blocks)),
            nn.Conv2d(quarter, eighth, 3, 2, padding=1),
            *(ResidualBlock(eighth) for _ in range(config.eighth_blocks)),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(eighth, 2 * channels, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(channels, eighth, 3, padding=1),
            *(ResidualBlock(eighth) for _ in range(config.eighth_blocks)),
            nn.Conv2d(eighth, 4 * quarter, 1),
            nn.PixelShuffle(2),
            *(ResidualBlock(quarter) for _ in range(config.quarter_blocks)),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(quarter, 48, 3, padding=1),
            nn.PixelShuffle(4),
        )
        for last in (self.encoder[-1], self.decoder[-2]):  # the linear parts alone, to begin with
            assert isinstance(last, nn.Conv2d)
            assert last.bias is not None
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    @property
    def reach(self) -> int:
        """How many pixels around a place decide about it, in encode as in decode, as a multiple of 8."""
        config = self.config
        convolutions = 4 * (2 * config.quarter_blocks + 2) + 8 * (2 * config.eighth_blocks + 1)
        return -(-convolutions // BLOCK) * BLOCK

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of the posterior, each (N, channels, H / 8, W / 8), float32.

        x: (N, 3, H, W) in [0, 1], H and W multiples of 8.
        """
        found = self.encoder(F.pixel_unshuffle(x - 0.5, 4).contiguous(memory_format=torch.channels_last))
        with torch.autocast(x.device.type, enabled=False):
            change, log_variance = found.float().chunk(2, 1)
            mean: Tensor = self.analysis(x.float() - 0.5) + change
            log_variance = (log_variance + self.log_variance[:, None, None]).clamp(*LOG_VARIANCE)
            return mean, torch.exp(0.5 * log_variance)

    def decode(self, z: Tensor) -> Tensor:
        """Return pictures (N, 3, H, W), float32, about in [0, 1]; z: (N, channels, H / 8, W / 8)."""
        found = self.decoder(z.contiguous(memory_format=torch.channels_last))
        with torch.autocast(z.device.type, enabled=False):
            plain = F.pixel_shuffle(self.synthesis(z.float()), BLOCK)
            picture: Tensor = plain + found.float() + 0.5
            return picture

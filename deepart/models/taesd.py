"""TAESD: a tiny autoencoder that knows the latents of Stable Diffusion, in 64 channels and 3 x 3 convolutions.

Its published weights (madebyollin/taesd) were distilled from the large autoencoder, so that a map of 4 numbers for a
block of 8 x 8 pixels means the same to both. There is no norm and no attention: a part of a picture gives the same
numbers as the whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALES = 3  # halvings of the picture
BLOCKS = 3  # at each of the smaller sizes; at the picture's own there is one
BOUND = 3.0  # the decoder bends latents softly to within it


@dataclass(frozen=True)
class TAESDConfig:
    """Numbers that make a TAESD.

    channels: of the latent. width: channels of all maps between.
    deviation: of every number of a latent, above 0. A TAESD is no variational autoencoder and says of a picture one
    latent only. Its latents have a deviation of about 1, so a tenth of that is a change which is seen and which leaves
    the picture what it is.
    """

    channels: int = 4
    width: int = 64
    deviation: float = 0.1

    def __post_init__(self) -> None:
        if min(self.channels, self.width, self.deviation) <= 0:
            raise ValueError("all numbers of a TAESD are above 0")


class Block(nn.Module):
    """Three 3 x 3 convolutions beside a straight way, and a rectifier over both."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            _conv(width, width), nn.ReLU(), _conv(width, width), nn.ReLU(), _conv(width, width)
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, width, h, w)."""
        return F.relu(torch.add(x, self.conv(x)))


class TAESD(nn.Module):
    """Pictures to maps of numbers, an eighth as wide, and back."""

    multiple: ClassVar[int] = 2**SCALES

    def __init__(self, config: TAESDConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or TAESDConfig()
        self.encoder = nn.Sequential(*_encoder(config))
        self.decoder = nn.Sequential(*_decoder(config))

    @property
    def reach(self) -> int:
        """How many pixels around a place decide about it, in encode as in decode, as a multiple of 8."""
        # Each convolution at a size of 1 / s of the picture sees s pixels further; a change of size counts as larger.
        whole = 1 + 3 + self.multiple  # the ends, and the block at the picture's size
        smaller: int = sum(3 * BLOCKS * 2**k + 2 ** (k - 1) for k in range(1, SCALES + 1))
        return -(-(whole + smaller) // self.multiple) * self.multiple

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the latent, and the same fixed deviation for each of its numbers; see TAESDConfig.

        x: (N, 3, H, W) in [0, 1], H and W multiples of 8. Both are (N, channels, H / 8, W / 8), float32.
        """
        mean = _run(self.encoder, x)
        return mean, torch.full_like(mean, self.config.deviation)

    def decode(self, z: Tensor) -> Tensor:
        """Return pictures (N, 3, H, W), float32, about in [0, 1]; z: (N, channels, H / 8, W / 8)."""
        return _run(self.decoder, torch.tanh(z / BOUND) * BOUND)


def _conv(before: int, after: int, stride: int = 1, *, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, stride, padding=1, bias=bias)


def _encoder(config: TAESDConfig) -> Iterator[nn.Module]:
    """Yield the layers in the order, and so under the numbers, of the published files."""
    width = config.width
    yield from (_conv(3, width), Block(width))
    for _ in range(SCALES):
        yield _conv(width, width, 2, bias=False)
        yield from (Block(width) for _ in range(BLOCKS))
    yield _conv(width, config.channels)


def _decoder(config: TAESDConfig) -> Iterator[nn.Module]:
    """Yield the layers after the soft bound, which is the first of the published ones."""
    width = config.width
    yield from (_conv(config.channels, width), nn.ReLU())
    for _ in range(SCALES):
        yield from (Block(width) for _ in range(BLOCKS))
        yield from (nn.Upsample(scale_factor=2), _conv(width, width, bias=False))
    yield from (Block(width), _conv(width, 3))


def _run(layers: nn.Sequential, x: Tensor) -> Tensor:
    """Return what the layers make of x; the last is kept in float32, as its numbers are the result."""
    x = x.contiguous(memory_format=torch.channels_last)
    for layer in layers[:-1]:
        x = layer(x)
    with torch.autocast(x.device.type, enabled=False):
        result: Tensor = layers[-1](x.float())
        return result

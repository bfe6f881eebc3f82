"""The fast style network: joins a collage of the style's own pieces to the content, in one forward pass.

What comes in is the content in the palette of the style and the collage (collage.py). The network looks at both on a
quarter and an eighth of the resolution, under a normalisation whose scale and shift the style decides, and says for
every pixel how much of the collage to take, for coarse and fine structure apart, and what to add. So strokes are copied
where they fit and painted where they do not, and a style never seen costs no capacity.

Sources: conditional normalisation from Ghiasi et al. (1705.06830), with its numbers predicted from the VGG statistics
of AdaIN (Huang and Belongie, 1703.06868); layer normalisation at each pixel in place of instance normalisation, as in
ConvNeXt (Liu et al., 2201.03545): the palette has normalised the picture as a whole already, and what is local gives
the same result in tiles as in one piece.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MULTIPLE = 8  # pixels; height and width that the network takes are multiples of it
REACH = 128  # pixels beyond which the network sees nothing: what tiles must overlap
MAX_DEPTH = 4  # blocks at an eighth; each sees 16 pixels further


@dataclass(frozen=True)
class PainterConfig:
    """Numbers that make a Painter.

    width: channels at a quarter of the resolution; twice as many at an eighth, half as many at a half.
    depth: residual blocks at an eighth. style: numbers that describe the style. code: what they are brought down to.
    """

    width: int = 64
    depth: int = 4
    style: int = 1920
    code: int = 64

    def __post_init__(self) -> None:
        """Raises ValueError for a network that would see further than REACH."""
        if self.depth > MAX_DEPTH:
            raise ValueError(f"The depth is {self.depth}; with more than {MAX_DEPTH} blocks tiles would show seams.")


class Block(nn.Module):
    """A residual block whose normalisation the style decides."""

    def __init__(self, channels: int, code: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Linear(code, 2 * channels)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """x: (N, C, h, w), code: (N, code)."""
        change: Tensor = self.second(F.relu(modulate(self.first(x), self.modulation(code))))
        return x + change


class Painter(nn.Module):
    """Paints a content in a style, given the collage."""

    style_mean: Tensor
    style_std: Tensor

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        self.config = config
        width, code = config.width, config.code
        # Mean and deviation of the style numbers over the training styles; they arrive on one scale.
        self.register_buffer("style_mean", torch.zeros(config.style))
        self.register_buffer("style_std", torch.ones(config.style))
        self.code = nn.Sequential(nn.Linear(config.style + 1, code), nn.ReLU(), nn.Linear(code, code), nn.ReLU())
        self.stem = _conv(6 * 16, width)
        self.quarter_in = Block(width, code)
        self.down = _conv(width, 2 * width, stride=2)
        self.eighth = nn.ModuleList(Block(2 * width, code) for _ in range(config.depth))
        self.up_quarter = _conv(2 * width, width)
        self.quarter_out = Block(width, code)
        self.up_half = _conv(width, width // 2)
        self.seen_half = nn.Conv2d(6 * 4, width // 2, 1)
        self.refine = _conv(width // 2, width // 4)
        self.head = _conv(width // 4 + 6, 8)
        # A new network mixes the two pictures evenly, and all styles alike.
        for layer in (self.head, *(m.modulation for m in self.modules() if isinstance(m, Block))):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def describe(self, statistics: Tensor, strength: Tensor) -> Tensor:
        """Return the code (N, code) of styles for a strength (N, 1) in [0, 1].

        statistics: (N, style) as style_statistics gives them.
        """
        numbers = (statistics - self.style_mean) / self.style_std
        code: Tensor = self.code(torch.cat([numbers, 4 * strength - 2], 1))
        return code

    def forward(self, recolored: Tensor, collage: Tensor, code: Tensor, strength: Tensor) -> Tensor:
        """Return the painted picture (N, 3, H, W); it may leave [0, 1].

        recolored, collage: (N, 3, H, W) in [0, 1], H and W multiples of MULTIPLE. code: of describe().
        strength: (N, 1, 1, 1) in [0, 1]; at 0 the recoloured content comes back as it is.
        """
        device = recolored.device.type
        seen = torch.cat([recolored, collage], 1).contiguous(memory_format=torch.channels_last) - 0.5
        if torch.is_autocast_enabled(device):  # the convolutions do so anyway; here it halves what is moved about
            seen = seen.to(torch.get_autocast_dtype(device))
        quarter = self.quarter_in(self.stem(F.pixel_unshuffle(seen, 4)), code)
        x = F.relu(self.down(quarter))
        for block in self.eighth:
            x = block(x, code)
        x = self.quarter_out(quarter + _twice(self.up_quarter(x)), code)
        x = F.relu(_twice(self.up_half(x)) + self.seen_half(F.pixel_unshuffle(seen, 2)))
        x = F.relu(self.refine(x))
        x = self.head(torch.cat([_twice(x), seen.to(x)], 1)).float()
        coarse, fine, added = x[:, :1], x[:, 1:2], x[:, 2:5]
        low, low_collage = lowpass(recolored), lowpass(collage)
        change = torch.sigmoid(coarse - 0.5) * (low_collage - low)
        change = change + torch.sigmoid(fine + 1) * ((collage - low_collage) - (recolored - low)) + added
        painted: Tensor = recolored + strength * change
        return painted


def modulate(x: Tensor, modulation: Tensor) -> Tensor:
    """Normalise x (N, C, h, w) over its channels at each pixel, then scale and shift them by modulation (N, 2 C)."""
    scale, shift = modulation.to(x.dtype).chunk(2, 1)
    normal = F.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],)).permute(0, 3, 1, 2)
    return normal * (1 + scale[..., None, None]) + shift[..., None, None]


def lowpass(x: Tensor) -> Tensor:
    """Return the coarse structure of x (N, C, H, W), of about MULTIPLE pixels and more."""
    small = F.avg_pool2d(x, MULTIPLE)
    small = F.avg_pool2d(F.pad(small, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return F.interpolate(small, scale_factor=MULTIPLE, mode="bilinear", align_corners=False)


def style_statistics(features: Mapping[str, Tensor]) -> Tensor:
    """Return (N, style): the logarithms of the means and deviations of all channels of feature maps (N, C, h, w)."""
    numbers = []
    for maps in features.values():
        flat = maps.float().flatten(2)
        numbers += [(flat.mean(2) + 0.01).log(), (flat.std(2) + 0.01).log()]
    return torch.cat(numbers, 1)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)


def _twice(x: Tensor) -> Tensor:
    # Nearest, between two convolutions: a pixel shuffle learns a screen of dots. The one before is cheap down there.
    return F.interpolate(x, scale_factor=2, mode="nearest")

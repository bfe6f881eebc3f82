"""The inverse network: paints a picture that has given feature maps, in one pass.

Source: Chen and Schmidt, "Fast Patch-based Style Transfer of Arbitrary Style" (1612.04337), whose network also turns
feature maps that were put together from a style's back into pixels. It never sees a style as such, so one it was not
trained on costs nothing. Ours sees three layers, each where its resolution is reached, and the coarse colours of the
content in the palette of the style, to which it adds a difference: they are right before it has learned anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

COARSE = 4  # pixels
LAYERS = ("relu4_1", "relu3_1", "relu2_1")  # at an eighth, a quarter and a half of the resolution
MULTIPLE = 8  # pixels; height and width that it takes are multiples of it
REACH = 128  # pixels beyond which neither the features nor the network see: what windows overlap by


@dataclass(frozen=True)
class InverterConfig:
    """Numbers that make an Inverter.

    inputs: channels of relu4_1, relu3_1 and relu2_1. widths: channels at an eighth, a quarter, a half and full
    resolution. depth: residual blocks at each but the last.
    """

    inputs: tuple[int, int, int] = (128, 64, 32)
    widths: tuple[int, int, int, int] = (128, 64, 32, 16)
    depth: int = 1


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, h, w)."""
        change: Tensor = self.second(F.leaky_relu(self.first(x), 0.2))
        return F.leaky_relu(x + change, 0.2)


class Inverter(nn.Module):
    """Paints the picture that has the given feature maps."""

    def __init__(self, config: InverterConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or InverterConfig()
        # Root mean squares of the maps' channels over some paintings: they arrive on one scale.
        for name, channels in zip(LAYERS, config.inputs, strict=True):
            self.register_buffer(f"scale_{name}", torch.ones(channels))
        self.entries, self.blocks = nn.ModuleList(), nn.ModuleList()
        before = 0
        for inputs, width in zip((*config.inputs, 3), config.widths, strict=True):
            self.entries.append(nn.Conv2d(before + inputs, width, 3, padding=1))
            self.blocks.append(nn.Sequential(*(Block(width) for _ in range(config.depth if inputs > 3 else 0))))
            before = width
        self.head = nn.Conv2d(before, 3, 3, padding=1)
        with torch.no_grad():
            for parameter in self.head.parameters():
                parameter.zero_()

    def forward(self, recolored: Tensor, maps: Mapping[str, Tensor]) -> Tensor:
        """Return the picture (N, 3, H, W); it may leave [0, 1].

        recolored: (N, 3, H, W) in [0, 1], H and W multiples of MULTIPLE. maps: of LAYERS.
        """
        # Only the coarse colours are given: a network that has the photograph itself learns to hand it on.
        small = F.avg_pool2d(recolored, COARSE)
        base = F.interpolate(small, scale_factor=COARSE, mode="bilinear", align_corners=False)
        scaled = [maps[name] / self.get_buffer(f"scale_{name}")[:, None, None].to(maps[name]) for name in LAYERS]
        x = None
        for seen, entry, blocks in zip((*scaled, base - 0.5), self.entries, self.blocks, strict=True):
            if x is not None:  # nearest, between convolutions: a pixel shuffle learns a screen of dots
                seen = torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), seen.to(x)], 1)
            x = blocks(F.leaky_relu(entry(seen), 0.2))
        painted: Tensor = base + self.head(x).float()
        return painted

"""Pairs of pictures that no training step has drawn, and what a network makes of them.

A held-out photograph may stand behind a style picture that was painted after it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from benchmarks import distances
from deepart import metrics
from deepart.device import autocast
from deepart.images import to_image, to_tensor
from deepart.models import collage
from deepart.models.painter import Painter
from deepart.models.vgg import VGGFeatures
from recipes.style_sampler import Style, compose, crop, make_style

SIDE = 256  # pixels
CONTENTS, STYLES = 4, 6


class HeldOut:
    """A grid of contents and styles with their yardstick."""

    def __init__(self, contents: Sequence[Path], styles: Sequence[Path], features: VGGFeatures) -> None:
        device = features.mean.device
        rng = random.Random(0)

        def load(paths: Sequence[Path], count: int) -> list[Tensor]:
            chosen = rng.sample(list(paths), min(count, len(paths)))
            return [
                to_tensor(crop(Image.open(path).convert("RGB"), SIDE, rng, (0.9, 1.0))).to(device) for path in chosen
            ]

        self.features = features
        self.contents = load(contents, CONTENTS)
        self.styles: list[Style] = [make_style(features, picture) for picture in load(styles, STYLES)]
        chance = torch.rand(collage.chances_for(SIDE, SIDE), generator=torch.Generator().manual_seed(0)).to(device)
        self.laid = [[compose(content, style, 1.0, chance) for style in self.styles] for content in self.contents]

    @torch.no_grad()
    def judge(self, network: Painter, grid: Path) -> dict[str, float]:
        """Return the means of the yardstick and a score, lower is better; draw the pictures."""
        full = self.contents[0].new_ones(1, 1)
        numbers, rows = [], [torch.cat([torch.ones_like(self.contents[0]), *(s.picture for s in self.styles)], 3)]
        for content, laid in zip(self.contents, self.laid, strict=True):
            row = [content]
            for style, (recolored, made) in zip(self.styles, laid, strict=True):
                painted = repaint(network, recolored, made, style.statistics, full).clamp(0, 1)
                row.append(painted)
                numbers.append(self._measure(painted, content, style.picture))
            rows.append(torch.cat(row, 3))
        to_image(torch.cat(rows, 2)).save(grid, quality=92)
        names = ("style", "content", "ssim", "flat_noise")
        mean = dict(zip(names, torch.tensor(numbers).mean(0).tolist(), strict=True))
        return {name: round(value, 4) for name, value in {**mean, "score": score(**mean)}.items()}

    def _measure(self, painted: Tensor, content: Tensor, style: Tensor) -> tuple[float, ...]:
        return (
            distances.style_distance(self.features, painted, style),
            distances.content_distance(self.features, painted, content),
            metrics.ssim(painted, content),
            distances.flat_noise(painted, content),
        )


def score(style: float, content: float, ssim: float, flat_noise: float) -> float:
    """Return one number for the yardstick: the style distance, and what is missing to the other targets."""
    missing = max(0.0, content - 1.0) + 2 * max(0.0, 0.45 - ssim) + 0.05 * max(0.0, flat_noise - 1.0)
    return 5 * style + missing


def repaint(network: Painter, recolored: Tensor, collage: Tensor, statistics: Tensor, strength: Tensor) -> Tensor:
    """Run a network in the device's fastest type; strength is (N, 1)."""
    with autocast(recolored.device):
        painted: Tensor = network(
            recolored, collage, network.describe(statistics, strength), strength[:, :, None, None]
        )
    return painted

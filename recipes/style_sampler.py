"""What the fast style network is trained on: crops of contents and styles, varied anew each time."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from deepart.color import color_moments, match_color
from deepart.device import autocast
from deepart.images import to_tensor
from deepart.models import collage
from deepart.models.fast import STYLE_LAYERS
from deepart.models.gatys_loss import gram
from deepart.models.painter import style_statistics
from deepart.models.vgg import VGGFeatures

STYLE_CROP = 256  # pixels
REFRESH = 0.12  # chance that a style that was met before is cropped and measured anew
HELD_OUT = 12  # one picture in so many is kept for the held-out table


@dataclass
class Style:
    """A style crop with all that training needs of it.

    grams: divided by their largest number, scales, and held as float16: together they fill gigabytes.
    """

    picture: Tensor  # (1, 3, h, w)
    bank: collage.Bank
    grams: dict[str, Tensor]  # layer to (C, C)
    scales: dict[str, Tensor]
    statistics: Tensor  # (1, style)


@dataclass
class Batch:
    """Tensors for one step, N first; grams: layer to (N, C, C)."""

    content: Tensor
    recolored: Tensor
    collage: Tensor
    statistics: Tensor
    strength: Tensor  # (N, 1)
    grams: dict[str, Tensor]


def split(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the pictures to train on and those held out."""
    if not folder.is_dir():
        raise SystemExit(f"There is no {folder}; make it with recipes.style_data or recipes.own_pictures.")
    files = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png", ".webp"))
    # By name, so that a picture stays on its side when others come.
    held = [zlib.crc32(path.name.encode()) % HELD_OUT == 0 for path in files]
    return [f for f, out in zip(files, held, strict=True) if not out], [
        f for f, out in zip(files, held, strict=True) if out
    ]


def measure(features: VGGFeatures, x: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Return feature maps of x, computed in the device's fastest type."""
    with autocast(x.device):
        maps: dict[str, Tensor] = features(x.contiguous(memory_format=torch.channels_last), layers)
    return maps


@torch.no_grad()
def make_style(features: VGGFeatures, picture: Tensor) -> Style:
    """Measure a style picture (1, 3, h, w)."""
    maps = measure(features, picture, STYLE_LAYERS)
    grams = {name: gram(value)[0] for name, value in maps.items()}
    scales = {name: value.amax().clamp_min(1e-6) for name, value in grams.items()}
    halves = {name: (value / scales[name]).half() for name, value in grams.items()}
    return Style(picture, collage.make_bank(picture), halves, scales, style_statistics(maps))


@torch.no_grad()
def compose(content: Tensor, style: Style, strength: float, chance: Tensor) -> tuple[Tensor, Tensor]:
    """Return the recoloured content and the collage for one content (1, 3, H, W)."""
    full = match_color(content, *color_moments(style.picture)).clamp(0, 1)
    offsets = collage.lay(collage.look_at(full), style.bank, chance)
    laid = collage.render(style.bank, offsets, 0, 0, *content.shape[2:])
    return torch.lerp(content, full, strength), laid


class Sampler:
    """Draws batches; `seed` and the order of calls decide everything."""

    def __init__(
        self, contents: Sequence[Path], styles: Sequence[Path], features: VGGFeatures, size: int, seed: int
    ) -> None:
        self.contents = [Image.open(path).convert("RGB") for path in contents]
        self.style_files = list(styles)
        self.styles: dict[int, Style] = {}
        self.features, self.size = features, size
        self.device = features.mean.device
        self.reseed(seed, 0)

    def reseed(self, seed: int, step: int) -> None:
        """Begin the stream of a run that is taken up at a step; without one of their own its parts would repeat."""
        self.rng = random.Random(f"{seed} {step}")
        self.generator = torch.Generator().manual_seed(self.rng.getrandbits(32))

    def batch(self, count: int) -> Batch:
        """Return `count` examples."""
        rows = [self._example() for _ in range(count)]
        content, recolored, laid, statistics, strength = (
            torch.cat(parts) for parts in list(zip(*rows, strict=True))[:5]
        )
        styles = [row[5] for row in rows]
        grams = {name: torch.stack([s.grams[name].float() * s.scales[name] for s in styles]) for name in STYLE_LAYERS}
        return Batch(content, recolored, laid, statistics, strength, grams)

    def _example(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Style]:
        style = self.style(self.rng.randrange(len(self.style_files)))
        content = self._content().to(self.device)
        strength = 1.0 if self.rng.random() < 0.8 else self.rng.random()
        chance = torch.rand(collage.chances_for(self.size, self.size), generator=self.generator).to(self.device)
        recolored, laid = compose(content, style, strength, chance)
        return content, recolored, laid, style.statistics, torch.full((1, 1), strength, device=self.device), style

    def style(self, index: int) -> Style:
        """Return a style as it was met before, or now and then from another crop."""
        known = self.styles.get(index)
        if known is not None and self.rng.random() > REFRESH:
            return known
        image = Image.open(self.style_files[index]).convert("RGB")
        picture = to_tensor(_vary(crop(image, STYLE_CROP, self.rng, (0.5, 1.0)), self.rng, 0.3))
        self.styles[index] = make_style(self.features, picture.to(self.device))
        return self.styles[index]

    def _content(self) -> Tensor:
        if self.rng.random() < 0.2:  # painted and drawn pictures are contents too
            image = Image.open(self.rng.choice(self.style_files)).convert("RGB")
            return to_tensor(crop(image, self.size, self.rng, (0.6, 1.0)))
        image = self.rng.choice(self.contents)
        return to_tensor(_vary(crop(image, self.size, self.rng, (0.4, 1.0)), self.rng, 0.2))


def crop(image: Image.Image, size: int, rng: random.Random, span: tuple[float, float]) -> Image.Image:
    """Return a square part, a share of the shorter side from `span` long, at size x size; flipped half of the time."""
    side = min(image.size) * rng.uniform(*span)
    left, top = rng.uniform(0, image.width - side), rng.uniform(0, image.height - side)
    cut = image.resize((size, size), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    return cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else cut


def _vary(image: Image.Image, rng: random.Random, amount: float) -> Image.Image:
    """Return the picture with another hue, saturation, contrast and brightness."""
    if rng.random() < 0.4:
        hue, saturation, value = image.convert("HSV").split()
        turned = np.asarray(hue, np.uint8) + np.uint8(rng.randrange(256))
        image = Image.merge("HSV", (Image.fromarray(turned), saturation, value)).convert("RGB")
    for kind in (ImageEnhance.Color, ImageEnhance.Contrast, ImageEnhance.Brightness):
        image = kind(image).enhance(1 + rng.uniform(-amount, amount))
    return image

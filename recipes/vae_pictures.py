"""What the VAEs are trained on: crops of photographs, paintings, patterns and portraits, other ones each time.

    python -m recipes.style_data SOURCES data/style                       # photographs, painted pictures, patterns
    python -m recipes.gan_data SOURCES data/vae/portraits --count 12000

Nothing that a benchmark or the app shows is among them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from deepart.images import to_tensor
from recipes import gan_split, style_pictures
from recipes.gan_metrics import load_pictures, spread_out

SHARES = {"contents": 0.6, "styles": 0.24, "patterns": 0.06, "portraits": 0.06}
"""How often a crop is of which source; what is left are plain colours and ramps. Sources without pictures leave their
share to the others."""
PORTRAITS = 1500  # of them all: they are much alike


@dataclass(frozen=True)
class Sources:
    """Paths of training pictures by source, and those held out."""

    training: Mapping[str, Sequence[Path]]
    held_out: Mapping[str, Sequence[Path]]


def find_sources(pictures: Path, portraits: Path) -> Sources:
    """Return the pictures of a folder made by recipes.style_data and a set of portraits made by recipes.gan_data."""
    pairs = {name: style_pictures.split(pictures / name) for name in ("contents", "styles", "patterns")}
    training, held_out = gan_split.split(portraits)
    pairs["portraits"] = (spread_out(training, PORTRAITS), held_out)
    return Sources({k: pair[0] for k, pair in pairs.items()}, {k: pair[1] for k, pair in pairs.items()})


class CropSampler:
    """Draws square crops; the seed and the order of calls decide everything."""

    def __init__(self, sources: Mapping[str, Sequence[Path]], side: int, seed: int = 0) -> None:
        self.pictures = {name: [_load(path) for path in paths] for name, paths in sources.items()}
        there = sum(share for name, share in SHARES.items() if self.pictures.get(name))
        if not there:
            raise SystemExit("There are no pictures to take crops of.")
        more = sum(SHARES.values()) / there  # exactly 1 where all are there
        self.shares = {name: share * more for name, share in SHARES.items() if self.pictures.get(name)}
        self.side = side
        self.reseed(seed, 0)

    def reseed(self, seed: int, step: int) -> None:
        """Begin the stream of a run that is taken up at a step; without one of their own its parts would repeat."""
        self.rng = random.Random(f"{seed} {step}")

    def batch(self, count: int) -> Tensor:
        """Return crops (count, 3, side, side) in [0, 1]."""
        return torch.cat([self._example() for _ in range(count)])

    def _example(self) -> Tensor:
        pick = self.rng.random()
        for name, share in self.shares.items():
            pick -= share
            if pick < 0:
                return self._crop(self.rng.choice(self.pictures[name]))
        return ramp(self.side, self.rng)

    def _crop(self, picture: Image.Image) -> Tensor:
        """Return a part of a picture; of two the one with more in it, as a photograph is mostly sky.

        Both are of one size: else the sharp ones would win over the soft.
        """
        scale = min(min(picture.size) / self.side, 2 ** self.rng.uniform(-1.2, 1.6))
        return max((self._cut(picture, scale) for _ in range(2)), key=_detail)

    def _cut(self, picture: Image.Image, scale: float) -> Tensor:
        """Return a part of a picture, as it is or of another size: soft as enlarged ones or sharp as shrunk ones."""
        largest, side = min(picture.size) / self.side, scale * self.side
        left, top = self.rng.uniform(0, picture.width - side), self.rng.uniform(0, picture.height - side)
        if self.rng.random() < 0.3:  # untouched pixels: resampling leaves none
            left, top, side = int(left), int(top), self.side if largest >= 1 else side
        size = (self.side, self.side)
        right, bottom = min(picture.width, left + side), min(picture.height, top + side)  # rounding may lead outside
        cut = picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, right, bottom))
        return self._vary(to_tensor(cut))

    def _vary(self, x: Tensor) -> Tensor:
        """Return the crop mirrored or turned, now and then with other colours."""
        if self.rng.random() < 0.5:
            x = x.flip(3)
        if self.rng.random() < 0.2:
            x = x.transpose(2, 3)
        if self.rng.random() < 0.3:
            order = [0, 1, 2]
            self.rng.shuffle(order)
            x = x[:, order]
        if self.rng.random() < 0.1:
            x = x.mean(1, keepdim=True).expand(-1, 3, -1, -1)
        if self.rng.random() < 0.4:
            middle = x.mean((2, 3), keepdim=True)
            x = middle + (x - middle) * self.rng.uniform(0.7, 1.6) + self.rng.uniform(-0.1, 0.1)
        return x.clamp(0, 1).contiguous()


class FileSampler:
    """Draws whole pictures of one size."""

    def __init__(self, paths: Sequence[Path], seed: int = 0) -> None:
        self.pictures = load_pictures(paths)
        self.reseed(seed, 0)

    @property
    def side(self) -> int:
        """Height and width of the pictures."""
        return int(self.pictures.shape[2])

    def reseed(self, seed: int, step: int) -> None:
        """Begin the stream of a run that is taken up at a step."""
        self.generator = torch.Generator().manual_seed(random.Random(f"{seed} {step}").getrandbits(32))

    def batch(self, count: int) -> Tensor:
        """Return pictures (count, 3, side, side) in [0, 1]."""
        picked = torch.randint(len(self.pictures), (count,), generator=self.generator)
        return self.pictures[picked].float() / 255


def ramp(side: int, rng: random.Random) -> Tensor:
    """Return a plain colour, or a ramp from one colour to another in any direction, (1, 3, side, side) in [0, 1]."""
    first = torch.tensor([rng.random() for _ in range(3)])
    last = first if rng.random() < 0.3 else torch.tensor([rng.random() for _ in range(3)])
    angle = rng.uniform(0, 2 * np.pi)
    line = torch.linspace(-1, 1, side)
    place = (np.cos(angle) * line[:, None] + np.sin(angle) * line) / (abs(np.cos(angle)) + abs(np.sin(angle)))
    return torch.lerp(first[:, None, None], last[:, None, None], (place[None] + 1) / 2)[None].float()


def _detail(x: Tensor) -> float:
    """Return how much neighbouring pixels differ in a picture (N, 3, H, W)."""
    return float((x[..., 1:] - x[..., :-1]).abs().mean() + (x[..., 1:, :] - x[..., :-1, :]).abs().mean())


def _load(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")

"""What a VAE is held against: principal components of the training pictures, the best that anything linear can do.

A picture becomes as many numbers as the VAE makes of it, and comes back: block by block for a model whose latent is a
map, as a whole for one with a vector. Nothing is lost by a posterior's noise, so the comparison is not kind to the VAE.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from deepart.images import to_tensor
from deepart.models.spatial_vae import BLOCK
from recipes.gan_gaussian import BATCH, PictureGaussian
from recipes.gan_metrics import spread_out
from recipes.vae_start import principal_axes

CUT = 120  # blocks of a picture
SHRUNK = 3  # times that a picture is cut from, each at another size


@dataclass(frozen=True)
class BlockComponents:
    """The mean (192,) and the first axes (K, 192) of blocks of 8 x 8 pixels in [0, 1]."""

    mean: Tensor
    axes: Tensor

    def restore(self, x: Tensor) -> Tensor:
        """Return what is left of pictures (N, 3, H, W) in [0, 1], sides multiples of 8, in K numbers a block."""
        blocks = F.pixel_unshuffle(x, BLOCK).movedim(1, -1) - self.mean
        kept = (blocks @ self.axes.T) @ self.axes + self.mean
        return F.pixel_shuffle(kept.movedim(-1, 1), BLOCK).clamp(0, 1)


def cut_at_random(paths: Sequence[Path], seed: int = 0) -> Tensor:
    """Return blocks (N, 192) of picture files, in [0, 1]: as they are, and of pictures shrunk up to three times."""
    rng = random.Random(seed)
    blocks: list[Tensor] = []
    for path in paths:
        with Image.open(path) as file:
            image = file.convert("RGB")
        for _ in range(SHRUNK):
            factor = rng.uniform(1, SHRUNK)
            size = (max(BLOCK, round(image.width / factor)), max(BLOCK, round(image.height / factor)))
            x = to_tensor(image.resize(size, Image.Resampling.LANCZOS))
            for _ in range(CUT // SHRUNK):
                left, top = rng.randrange(size[0] - BLOCK + 1), rng.randrange(size[1] - BLOCK + 1)
                blocks.append(x[0, :, top : top + BLOCK, left : left + BLOCK].reshape(-1))
    return torch.stack(blocks)


def fit_blocks(paths: Sequence[Path], components: int, most: int = 2000) -> BlockComponents:
    """Return the first components of the blocks of at most so many pictures."""
    mean, axes, _ = principal_axes(cut_at_random(spread_out(paths, most)), components)
    return BlockComponents(mean.float(), axes.float())


def restore_whole(components: PictureGaussian, pictures: Tensor) -> Tensor:
    """Return what is left of pictures (N, 3, H, W), uint8, in one number for each axis; uint8."""
    kept = []
    for part in pictures.flatten(1).split(BATCH):
        numbers = (part.float() - components.mean) @ components.axes
        kept.append((components.mean + numbers @ components.axes.T).round().clamp(0, 255).to(torch.uint8))
    return torch.cat(kept).reshape(pictures.shape)

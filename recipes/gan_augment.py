"""Differentiable augmentation: what the discriminator sees of a picture, real or made, is changed at random.

Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training" (2006.10738). The generator learns through
the changes, so they do not show in what it makes; the discriminator cannot learn the training pictures by heart.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SHIFT = 1 / 8  # of the side
HOLE = 3 / 8  # of the side: of the square that is cut out


def augment(x: Tensor, amount: float = 1.0, colour: float = 1.0) -> Tensor:
    """Return pictures x (N, 3, H, W) in [-1, 1] with other colours, shifted, and with a grey square somewhere.

    amount: 0 to 1, the chance of a shift and of a square. colour: 0 to 1, scales the change of colours. Colours are
    what a short training leaves pale where they are changed.
    """
    x = _colour(x, colour) if colour > 0 else x
    return _cut(_shift(x, amount), amount) if amount > 0 else x


def _colour(x: Tensor, amount: float) -> Tensor:
    """Brightness +-0.5, saturation x0 to x2, contrast x0.5 to x1.5, as in the paper."""
    light, chroma, contrast = torch.rand(3, len(x), 1, 1, 1, device=x.device, dtype=x.dtype)
    x = x + amount * (light - 0.5)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * (1 + amount * (2 * chroma - 1))
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + (x - mean) * (1 + amount * (contrast - 0.5))


def _shift(x: Tensor, amount: float) -> Tensor:
    """Move by up to SHIFT; what comes in from outside is grey."""
    side = x.shape[-1]
    most = round(side * SHIFT)
    moved = torch.randint(-most, most + 1, (len(x), 2), device=x.device)
    moved = moved * (torch.rand(len(x), 1, device=x.device) < amount)
    padded = F.pad(x, (most,) * 4)
    steps = torch.arange(side, device=x.device) + most
    rows, columns = steps + moved[:, :1], steps + moved[:, 1:]
    pictures = torch.arange(len(x), device=x.device)
    return padded.permute(0, 2, 3, 1)[pictures[:, None, None], rows[:, :, None], columns[:, None, :]].permute(
        0, 3, 1, 2
    )


def _cut(x: Tensor, amount: float) -> Tensor:
    """Make a square of HOLE grey, its centre anywhere."""
    side = x.shape[-1]
    centre = torch.randint(0, side, (len(x), 2), device=x.device)
    steps = torch.arange(side, device=x.device)
    inside = (steps - centre[..., None]).abs() <= side * HOLE / 2
    hole = inside[:, 0, :, None] & inside[:, 1, None, :] & (torch.rand(len(x), 1, 1, device=x.device) < amount)
    return x * ~hole[:, None]

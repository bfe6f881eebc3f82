"""The simplest generator that there is: a Gaussian over the principal components of the training pictures.

It has the right mean colours and the right large shapes on average, and nothing else: what a trained generator has to
beat by far.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

COMPONENTS = 128
SPARE = 32  # further axes that make the wanted ones come out exactly; 0909.4061, section 4
ROUNDS = 4
BATCH = 500  # pictures


@dataclass(frozen=True)
class PictureGaussian:
    """A mean (D,), axes (D, K) and a deviation for each axis (K,), for pictures of a shape (3, H, W) in 0..255."""

    mean: Tensor
    axes: Tensor
    deviations: Tensor
    shape: tuple[int, int, int]

    def sample(self, count: int, seed: int = 0) -> Tensor:
        """Return pictures as uint8 (N, 3, H, W); what leaves 0..255 is clipped."""
        numbers = torch.randn(count, len(self.deviations), generator=torch.Generator().manual_seed(seed))
        made = [
            (self.mean + (part * self.deviations) @ self.axes.T).round().clamp(0, 255).to(torch.uint8)
            for part in numbers.split(BATCH)
        ]
        return torch.cat(made).reshape(count, *self.shape)


def fit(pictures: Tensor, components: int = COMPONENTS) -> PictureGaussian:
    """Return the Gaussian of pictures (N, 3, H, W), uint8.

    The components are found by subspace iteration (Halko, Martinsson and Tropp, 0909.4061), so that neither the
    covariance of all pixels nor the pictures as floats are ever held.
    """
    flat = pictures.flatten(1)
    components = min(components, len(flat) - 1, flat.shape[1])
    mean = torch.stack([part.double().sum(0) for part in flat.split(BATCH)]).sum(0).div(len(flat)).float()
    width = min(components + SPARE, len(flat), flat.shape[1])
    axes = torch.randn(flat.shape[1], width, generator=torch.Generator().manual_seed(0))
    for _ in range(ROUNDS):
        axes = torch.linalg.qr(_scatter(flat, mean, axes))[0]
    seen = torch.cat([(part.float() - mean) @ axes for part in flat.split(BATCH)])
    values, turn = torch.linalg.eigh(seen.double().T @ seen.double() / (len(flat) - 1))
    chosen = values.argsort(descending=True)[:components]
    shape = (int(pictures.shape[1]), int(pictures.shape[2]), int(pictures.shape[3]))
    return PictureGaussian(mean, axes @ turn[:, chosen].float(), values[chosen].clamp_min(0).sqrt().float(), shape)


def _scatter(flat: Tensor, mean: Tensor, axes: Tensor) -> Tensor:
    """Return the covariance, not divided by the number of pictures, times the axes."""
    total = torch.zeros_like(axes)
    for part in flat.split(BATCH):
        centred = part.float() - mean
        total += centred.T @ (centred @ axes)
    return total

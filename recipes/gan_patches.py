"""A second opinion that no network gives: how patches of generated pictures differ from real ones, scale by scale.

The sliced Wasserstein distance of patches from a Laplacian pyramid, section 5 of Karras et al. (1710.10196). A
discriminator that looked at relu2_2 and relu3_3 of a VGG16 taught the generator, so a Frechet distance in a deeper
layer of the same network flatters it. This one knows pixels only: grain, edges and colours of 7 x 7 pixels, at full
size, half and a quarter of it. In turn it does not know what is on a picture, so it stands beside the others.

Where it differs from the paper: both sets are scaled by the mean and deviation of the real one, not each by its own, so
that false contrast counts; and a pyramid ends at 32 pixels, as the pictures are small.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

LEVELS = 3
SIDE = 7  # pixels of a patch
PATCHES = 32  # of each picture at each level
DIRECTIONS = 256
BATCH = 100  # pictures


def pyramid(x: Tensor, levels: int = LEVELS) -> list[Tensor]:
    """Return the Laplacian pyramid of x (N, 3, H, W), finest first: what each halving loses, and the last half.

    Source: Burt and Adelson, "The Laplacian pyramid as a compact image code" (1983).
    """
    found = []
    for _ in range(levels - 1):
        half = _blur(x)[..., ::2, ::2]
        found.append(x - _double(half))
        x = half
    return [*found, x]


def _blur(x: Tensor, gain: float = 1.0) -> Tensor:
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = (gain * line[:, None] * line).expand(x.shape[1], 1, 5, 5)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), kernel, groups=x.shape[1])


def _double(x: Tensor) -> Tensor:
    wide = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    wide[..., ::2, ::2] = x
    return _blur(wide, 4.0)


def patches(pictures: Tensor, count: int = PATCHES, seed: int = 0) -> dict[int, Tensor]:
    """Return patches (N * count, 3, 7, 7) from places drawn by chance, under the side of their level in pixels.

    pictures: uint8 (N, 3, H, W).
    """
    generator = torch.Generator().manual_seed(seed)
    found: dict[int, list[Tensor]] = {}
    for part in pictures.split(BATCH):
        for level in pyramid(part.float()):
            found.setdefault(level.shape[3], []).append(_cut(level, count, generator))
    return {side: torch.cat(cut) for side, cut in found.items()}


def _cut(x: Tensor, count: int, generator: torch.Generator) -> Tensor:
    picture = torch.arange(len(x)).repeat_interleave(count)[:, None, None]
    inside = torch.arange(SIDE)
    top = torch.randint(x.shape[2] - SIDE + 1, (len(picture), 1, 1), generator=generator) + inside[:, None]
    left = torch.randint(x.shape[3] - SIDE + 1, (len(picture), 1, 1), generator=generator) + inside
    return x.permute(0, 2, 3, 1)[picture, top, left].permute(0, 3, 1, 2)


def sliced_wasserstein(real: Tensor, fake: Tensor, directions: int = DIRECTIONS, seed: int = 0) -> float:
    """Return the sliced Wasserstein distance of patches (N, 3, 7, 7) and (M, 3, 7, 7), times 1000 as in the paper.

    The mean over random directions of how far the sorted projections are apart; of the larger set only as many patches
    as the smaller one has are compared, at even distances. 1000 is one deviation of the real patches' pixels.
    """
    number = min(len(real), len(fake))
    mean, deviation = real.mean((0, 2, 3), keepdim=True), real.std((0, 2, 3), keepdim=True).clamp_min(1e-6)
    kept = (x[torch.arange(number) * len(x) // number] for x in (real, fake))
    a, b = (((x - mean) / deviation).flatten(1).T for x in kept)
    axes = torch.randn(directions, len(a), generator=torch.Generator().manual_seed(seed))
    apart = [
        ((part @ a).sort(1).values - (part @ b).sort(1).values).abs().mean(1)
        for part in F.normalize(axes, dim=1).split(16)
    ]
    return 1000 * torch.cat(apart).mean().item()


def spectrum(pictures: Tensor) -> Tensor:
    """Return the mean power (side / 2 - 1,) of the luma of square uint8 pictures (N, 3, side, side) at the frequencies
    1, 2, ... waves a side, whatever their direction. Ripples and meshes stand out in it.
    """
    side = pictures.shape[3]
    lines = torch.fft.fftfreq(side) * side
    rings = (lines[:, None].square() + lines.square()).sqrt().round().long().flatten()
    window = torch.hann_window(side, periodic=False)[:, None] * torch.hann_window(side, periodic=False)
    total = torch.zeros(side * side)
    for part in pictures.split(BATCH):
        luma = part.float().mean(1)
        waves = torch.fft.fft2((luma - luma.mean((1, 2), keepdim=True)) * window)
        total += waves.abs().square().sum(0).flatten()
    power = torch.zeros(int(rings.max()) + 1).index_add_(0, rings, total) / torch.bincount(rings)
    return power[1 : side // 2] / len(pictures)


def patch_distances(real: dict[int, Tensor], fake: dict[int, Tensor]) -> dict[str, float]:
    """Return the distance at each level, by its side in pixels, and their mean."""
    found = {str(side): sliced_wasserstein(real[side], fake[side]) for side in real}
    return {**found, "mean": sum(found.values()) / len(found)}

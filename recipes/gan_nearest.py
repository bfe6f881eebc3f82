"""Does a generator repeat its training pictures? The nearest training picture of each sample, and how near it is.

Two kinds of nearness. By features (relu4_3 of a VGG16, averaged over the picture): the same things and textures. By
pixels (the picture at 32 x 32, or mirrored): the same picture. Distances of held-out pictures tell what is usual:
samples of a generator that repeats would be much nearer than these.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from recipes.gan_metrics import BATCH, load_pictures

SMALL = 32  # pixels
SHEET_SIDE = 96  # pixels of a picture on the sheet
GAP = 4


def small(pictures: Tensor) -> Tensor:
    """Return uint8 pictures (N, 3, H, W) as rows (N, 3 * 32 * 32) in 0..255, each number the mean of an area."""
    return torch.cat([F.adaptive_avg_pool2d(part.float(), SMALL).flatten(1) for part in pictures.split(500)])


def mirrored(rows: Tensor) -> Tensor:
    """Return the rows that small() gives for mirrored pictures."""
    return rows.reshape(-1, 3, SMALL, SMALL).flip(3).flatten(1)


def small_files(paths: Sequence[Path]) -> Tensor:
    """Return picture files as rows of small()."""
    return torch.cat([small(load_pictures(paths[i : i + BATCH])) for i in range(0, len(paths), BATCH)])


def nearest(queries: Tensor, bank: Tensor, batch: int = 500) -> tuple[Tensor, Tensor]:
    """Return (distances, indices), both (N,): for each query (N, D) the nearest row of the bank (M, D).

    Distances are root mean squares over the D numbers, so they do not grow with D.
    """
    lengths = bank.square().sum(1)
    indices = torch.cat([(lengths - 2 * part @ bank.T).argmin(1) for part in queries.split(batch)])
    return (queries - bank[indices]).square().mean(1).sqrt(), indices


def nearest_pixels(queries: Tensor, bank: Tensor) -> tuple[Tensor, Tensor]:
    """Return (distances, indices) as nearest() does for rows of small(), where a mirrored picture is the same one."""
    plain, turned = nearest(queries, bank), nearest(mirrored(queries), bank)
    distances, way = torch.stack([plain[0], turned[0]]).min(0)
    return distances, torch.where(way == 0, plain[1], turned[1])


def compare(samples: Tensor, held_out: Tensor) -> dict[str, float]:
    """Return what the nearest distances of samples (N,) and of held-out pictures (M,) are.

    nearer: the share of samples that are nearer to a training picture than 95 % of the held-out pictures are; 0.05 is
    usual, and many more mean repetition.
    """
    low = held_out.quantile(0.05)
    return {
        "samples_median": samples.median().item(),
        "samples_5_percent": samples.quantile(0.05).item(),
        "held_out_median": held_out.median().item(),
        "held_out_5_percent": low.item(),
        "nearer": (samples < low).float().mean().item(),
    }


def nearest_sheet(samples: Tensor, *neighbours: Tensor, columns: int = 8, side: int = SHEET_SIDE) -> Image.Image:
    """Return samples (N, 3, H, W), each with its neighbours on its right; all uint8."""
    count, wide = len(samples), side * (1 + len(neighbours))
    columns = min(columns, count)
    rows = -(-count // columns)
    sheet = Image.new("RGB", (columns * (wide + GAP) + GAP, rows * (side + GAP) + GAP), "white")
    for index, pictures in enumerate(zip(samples, *neighbours, strict=True)):
        left, top = GAP + index % columns * (wide + GAP), GAP + index // columns * (side + GAP)
        for place, picture in enumerate(pictures):
            image = Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy())
            sheet.paste(image.resize((side, side), Image.Resampling.LANCZOS), (left + place * side, top))
    return sheet

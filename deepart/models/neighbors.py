"""Nearest neighbors: for each place of a picture the most similar place of a style, and the features that are there.

Source: Kolkin, Kucera, Paris, Sykora, Shechtman and Shakhnarovich, "Neural Neighbor Style Transfer" (2203.13215). What
a picture is corrected to are then features that the painting really has, one place beside the other, and not an average
of all. Ours standardises every channel, so that the layers' loudest ones do not decide alone.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.device import autocast

MOST = 6000  # places of 4 pixels; a picture that has more has places of 8: comparing grows with their square
COHERENCE = 0.15  # by how much less like (cosine) a place may be for each neighbor that it continues
ROUNDS = 6  # in which places look at what their neighbors take
AT_ONCE = 2**24  # comparisons of places that are held at once


Statistics = Sequence[tuple[Tensor, Tensor]]
"""Shift and scale, (1, C, 1, 1), of the channels of each layer."""


class Places(NamedTuple):
    """Descriptions (rows * columns, C) of the places of a grid over a picture, of length 1."""

    vectors: Tensor
    rows: int
    columns: int


def place_side(height: int, width: int, most: int = MOST) -> int:
    """Return the side in pixels of the places of a picture; places of a style that it takes from are as large."""
    return 4 if height * width <= 16 * most else 8


def grid(height: int, width: int, side: int) -> tuple[int, int]:
    """Return the rows and columns of places of so many pixels in a picture."""
    return max(1, height // side), max(1, width // side)


def describe(maps: Mapping[str, Tensor], rows: int, columns: int, statistics: Statistics | None = None) -> Places:
    """Describe the places of a grid by feature maps (1, C, h, w), each channel at mean 0 and about unit deviation.

    statistics: those of the whole picture, where the maps are of a part; None takes the maps' own.
    """
    statistics = statistics or measure_channels(maps, rows, columns)
    seen = _on_grid(maps, rows, columns)
    flat = torch.cat([(x - mean) * scale for x, (mean, scale) in zip(seen, statistics, strict=True)], 1)[0].flatten(1).T
    return Places(F.normalize(flat, dim=1), rows, columns)


def _on_grid(maps: Mapping[str, Tensor], rows: int, columns: int) -> list[Tensor]:
    return [
        F.interpolate(x, (rows, columns), mode="area" if x.shape[2] >= rows else "bilinear").float()
        for x in maps.values()
    ]


def measure_channels(maps: Mapping[str, Tensor], rows: int, columns: int) -> Statistics:
    """Return by what describe() shifts and scales the channels of feature maps (1, C, h, w) on a grid."""
    statistics = []
    for x in _on_grid(maps, rows, columns):
        mean, deviation = x.mean((2, 3), keepdim=True), x.std((2, 3), correction=0, keepdim=True)
        softened = deviation + 0.1 * deviation.square().mean().sqrt() + 1e-6
        loudness = (deviation / softened).square().sum().sqrt()  # of the layer: each counts alike
        statistics.append((mean, 1 / (softened * loudness.clamp_min(1e-6))))
    return statistics


def nearest(places: Places, others: Places) -> Tensor:
    """Return for each place which of the others is most like it (cosine), (rows, columns) of whole numbers."""
    with autocast(places.vectors.device):
        # max, for argmax takes four times as long.
        at_once = max(1, AT_ONCE // len(others.vectors))
        found = [(part @ others.vectors.T).max(1).indices for part in torch.split(places.vectors, at_once)]
    return torch.cat(found).view(places.rows, places.columns)


def coherent(index: Tensor, places: Places, others: Places, odd: int = 0) -> Tensor:
    """Return the index of nearest() with whole pieces of the style in it, where they are nearly as like.

    A place then takes what lies beside that which its neighbor takes, if that is hardly less like it: a plain sky
    becomes a piece of one and not the same place over and over. Sources: Ashikhmin, "Synthesizing Natural Textures"
    (2001); what spreads, and how, is from Barnes et al., "PatchMatch" (2009).

    odd: 1 where the first place is an odd one of a larger picture, so that parts of it come out as the whole does.
    """
    rows, columns = index.shape
    numbers = torch.arange(rows * columns, device=index.device).view(rows, columns)
    row, column = numbers // columns, numbers % columns
    shifts = torch.stack([index // others.columns - row, index % others.columns - column])  # what coherent places share
    for turn in range(ROUNDS):
        # Every other place, as on a chess board: two neighbors that follow each other at once would change places only.
        half = ((row + column + turn + odd) % 2 == 0).flatten().nonzero()[:, 0]
        tried = torch.stack(
            [shifts, *(torch.roll(shifts, step, dim) for step, dim in ((1, 1), (-1, 1), (1, 2), (-1, 2)))]
        )
        tried = tried.flatten(2)[..., half]  # (5, 2, places): its own shift and those of its neighbors
        agreeing = (tried[:, None] == tried[None, 1:]).all(2).sum(1)
        y, x = tried[:, 0] + row.flatten()[half], tried[:, 1] + column.flatten()[half]
        inside = (y >= 0) & (y < others.rows) & (x >= 0) & (x < others.columns)
        at = (y * others.columns + x).where(inside, 0)
        alike = (others.vectors[at] * places.vectors[half]).sum(-1)
        best = (alike + COHERENCE * agreeing).where(inside, -2.0).argmax(0)
        shifts.flatten(1)[:, half] = tried.gather(0, best.expand(1, 2, -1))[0]
    return (shifts[0] + row) * others.columns + shifts[1] + column


def take(maps: Tensor, places: Places, index: Tensor, like: Tensor) -> Tensor:
    """Put the features of chosen places together to maps as large as `like`, (1, C, H, W).

    maps: (1, C, h, w) of the picture that `places` describes. index: (rows, columns) of numbers of those places.
    """
    # Along the side of a place: a power of 2, whatever a last row that fills no place adds.
    cells = 2 ** int(math.log2(max(1, maps.shape[2] / places.rows)))
    if maps.shape[2] < places.rows:
        maps = F.interpolate(maps, (places.rows, places.columns), mode="nearest")
    blocks = F.pixel_unshuffle(maps[..., : places.rows * cells, : places.columns * cells], cells)
    taken = blocks[0].flatten(1)[:, index.flatten()].view(1, -1, *index.shape)
    made = F.pixel_shuffle(taken, cells)
    height, width = like.shape[2:]
    if made.shape[2] >= 2 * height:
        made = F.avg_pool2d(made, made.shape[2] // height)
    # A row or column that does not fill a place is continued from its neighbor.
    missing = max(0, width - made.shape[3]), max(0, height - made.shape[2])
    return F.pad(made, (0, missing[0], 0, missing[1]), mode="replicate")[..., :height, :width]

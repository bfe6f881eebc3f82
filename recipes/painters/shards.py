"""A photograph broken into facets, as by the cubists: straight cuts, shifted views, planes shaded at their edges."""

from __future__ import annotations

import numpy as np
from PIL import Image

from recipes.painters import canvas, regions
from recipes.painters.bay import bay
from recipes.painters.canvas import Array, Palette


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    cuts: int = 12,
    shift: float = 0.08,
    flatness: float = 0.5,
    shading: float = 0.5,
    own_colours: float = 0.6,
    supersampling: int = 2,
) -> Image.Image:
    """Facets between so many straight cuts (60 at most), each showing the photograph from a little elsewhere.

    `flatness` 1 fills a facet with its mean colour; `own_colours` 0 takes the nearest of the palette.
    """
    longer = max(size)
    big = (size[0] * supersampling, size[1] * supersampling)
    facet, from_cut = _facets(rng, big, cuts)
    count = int(facet.max()) + 1
    colour = regions.kuwahara(bay(rng, size) if photo is None else canvas.guide(photo, size), max(2, longer // 90))
    move = rng.normal(0, shift * longer, (2, count))[:, facet] * supersampling
    lab = canvas.oklab(regions.warp(regions.enlarged(colour, supersampling), *move))
    weight = np.bincount(facet.ravel(), minlength=count)
    mean = np.stack([np.bincount(facet.ravel(), lab[..., i].ravel(), count) / weight for i in range(3)], -1)
    pigments = canvas.oklab(canvas.rgb(palette))
    nearest = pigments[((mean[:, None] - pigments) ** 2).sum(-1).argmin(1)]
    change = canvas.mix(nearest, mean, own_colours) - mean + rng.normal(0, 1, mean.shape) * (0.05, 0.015, 0.015)
    sheet = canvas.mix(lab, mean[facet], flatness) + change[facet]
    sheet[..., 0] += shading * from_cut
    sheet[..., 0] += 0.03 * canvas.noise(rng, big, (0.02, 0.006), 2)  # the brush
    edge = canvas.smoothstep(1.6, 0.4, regions.from_borders(facet) / supersampling)
    sheet[..., 0] *= 1 - rng.uniform(0, 0.6) * edge
    return canvas.picture(canvas.from_oklab(sheet.astype(np.float32)), supersampling)


def _facets(rng: np.random.Generator, size: tuple[int, int], cuts: int) -> tuple[np.ndarray, Array]:
    """The facet of each pixel, and its shade: darker on one side of each cut and lighter on the other, fading away."""
    x, y = canvas.coordinates(size)
    sides = np.zeros(size[::-1], np.int64)  # a bit for each cut
    shade = np.zeros(size[::-1], np.float32)
    directions = rng.uniform(0, np.pi, 4)  # cuts in a few directions look built, not shattered
    for _ in range(cuts):
        turn = rng.choice(directions) + rng.normal(0, 0.12)
        at = (rng.uniform(0, x.max()), rng.uniform(0, y.max()))
        away = (x - at[0]) * np.cos(turn) + (y - at[1]) * np.sin(turn)
        if rng.uniform() < 0.35:
            away = np.hypot(x - at[0], y - at[1]) - rng.uniform(0.08, 0.4)  # a round cut
        # A cut ends somewhere: it divides only the facets on one side of a random line across it.
        along = (y - at[1]) * np.cos(turn) - (x - at[0]) * np.sin(turn)
        reaches = along > rng.uniform(-0.6, 0.1)
        sides = 2 * sides + ((away > 0) & reaches)
        fade = np.exp(-np.abs(away) / rng.uniform(0.03, 0.12))
        shade += reaches * fade * np.where(away > 0, -0.28, 0.14) * rng.uniform(0.3, 1)
    facet = np.unique(sides, return_inverse=True)[1].reshape(sides.shape)
    return facet, np.clip(shade, -0.45, 0.3).astype(np.float32)

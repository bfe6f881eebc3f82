"""Mosaic: square tesserae set along the contours, after Hausner 2001, "Simulating Decorative Mosaics".

The tiles are the cells of a Voronoi diagram in a turned square's distance, relaxed until they are evenly spread.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, spatial

from recipes.painters import canvas
from recipes.painters.bay import bay
from recipes.painters.canvas import Array, Palette


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    tile: float = 0.025,
    gap: float = 0.12,
    purity: float = 0.0,
    polish: float = 0.5,
    supersampling: int = 2,
) -> Image.Image:
    """Tesserae of `tile` longer sides with joints of `gap` tiles between them; the palette's darkest is the grout.

    `purity` moves each tile to the nearest of the palette; `polish` is how much the tiles catch the light.
    """
    colour = bay(rng, size) if photo is None else canvas.guide(photo, size)
    lab = canvas.oklab(colour)
    angle = _along_contours(rng, lab[..., 0])
    side = max(4.0, tile * max(size))
    seeds, turn = _set_tiles(rng, angle, side)
    owner, across, down = _cells(seeds, turn, size, supersampling)
    small = (seeds[:, 1].clip(0, size[1] - 1).astype(int), seeds[:, 0].clip(0, size[0] - 1).astype(int))
    glaze = ndimage.uniform_filter(lab, (max(1, round(0.6 * side)), max(1, round(0.6 * side)), 1))[small]
    pigments = canvas.oklab(canvas.rgb(palette))
    nearest = pigments[((glaze[:, None] - pigments) ** 2).sum(-1).argmin(1)]
    glaze = canvas.mix(glaze * (1, 1.3, 1.3), nearest, purity) + rng.normal(0, 1, glaze.shape) * (0.035, 0.012, 0.012)
    reach = np.maximum(np.abs(across), np.abs(down)) / (0.5 * side)
    # Tiles chip at their corners, so that joints are uneven.
    big = (size[0] * supersampling, size[1] * supersampling)
    joint = canvas.smoothstep(1.0 - gap, 1.06 - gap, reach + 0.06 * canvas.noise(rng, big, 0.012, 2))
    tilt = rng.normal(0, 1, (2, len(seeds)))
    shine = (tilt[0][owner] * across + tilt[1][owner] * down) / side + 0.15 * canvas.noise(rng, big, 0.006)
    bevel = canvas.smoothstep(0.7 - gap, 1 - gap, reach) * np.sign(-across - down) * 0.08
    tiles = glaze[owner]
    tiles[..., 0] += polish * (0.09 * shine + bevel)
    grout = pigments[pigments[:, 0].argmin()] if rng.uniform() < 0.6 else pigments[pigments[:, 0].argmax()]
    sheet = canvas.mix(tiles, grout * (1, 0.4, 0.4), joint[..., None]).astype(np.float32)
    return canvas.picture(canvas.from_oklab(sheet), supersampling)


def _along_contours(rng: np.random.Generator, lightness: Array) -> Array:
    """The direction of the nearest strong contour, everywhere (h, w)."""
    longer = max(lightness.shape)
    smooth = ndimage.gaussian_filter(lightness, 0.012 * longer)
    tensor = (ndimage.sobel(smooth, 1) + 1j * ndimage.sobel(smooth, 0)) ** 2
    weight = np.abs(tensor)
    tensor = np.where(weight > np.quantile(weight, 0.85), tensor / (weight + 1e-9), 0.01 * tensor)
    spread = 0.04 * longer
    smoothed = ndimage.gaussian_filter(tensor.real, spread) + 1j * ndimage.gaussian_filter(tensor.imag, spread)
    return (np.angle(smoothed + 1e-12 * np.exp(1j * rng.uniform(0, 6))) / 2).astype(np.float32)


def _set_tiles(rng: np.random.Generator, angle: Array, side: float) -> tuple[NDArray, NDArray]:
    """Places (n, 2) and turns (n,) of the tiles, relaxed by Lloyd's method on a coarse grid."""
    height, width = angle.shape
    x, y = np.meshgrid(np.arange(side / 2, width + side / 2, side), np.arange(side / 2, height + side / 2, side))
    seeds = np.stack([x.ravel(), y.ravel()], 1) + rng.uniform(-0.3, 0.3, (x.size, 2)) * side
    step = max(1, round(side / 5))
    px, py = np.meshgrid(np.arange(step / 2, width, step), np.arange(step / 2, height, step))
    pixels = np.stack([px.ravel(), py.ravel()], 1)
    for _ in range(7):
        turn = _turn_at(angle, seeds)
        owner = _nearest(seeds, turn, pixels)[0]
        weight = np.maximum(np.bincount(owner, minlength=len(seeds)), 1)
        moved = np.stack([np.bincount(owner, pixels[:, i], len(seeds)) / weight for i in (0, 1)], 1)
        seeds = np.where((np.bincount(owner, minlength=len(seeds)) > 0)[:, None], moved, seeds)
    return seeds, _turn_at(angle, seeds)


def _turn_at(angle: Array, seeds: NDArray) -> NDArray:
    rows = seeds[:, 1].clip(0, angle.shape[0] - 1).astype(int)
    return angle[rows, seeds[:, 0].clip(0, angle.shape[1] - 1).astype(int)]


def _nearest(seeds: NDArray, turn: NDArray, pixels: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """For each pixel (n, 2): the tile nearest in its turned square's distance, and the place within it."""
    _, near = spatial.cKDTree(seeds).query(pixels, k=min(5, len(seeds)))
    return _closest_of(near.reshape(len(pixels), -1), seeds, turn, pixels)


def _closest_of(near: NDArray, seeds: NDArray, turn: NDArray, pixels: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    x, y = pixels.astype(np.float32).T
    seed_x, seed_y = seeds.astype(np.float32).T
    cos, sin = np.cos(turn).astype(np.float32), np.sin(turn).astype(np.float32)
    least = np.full(len(pixels), np.inf, np.float32)
    owner = np.zeros(len(pixels), np.intp)
    across, down = np.zeros((2, len(pixels)), np.float32)
    for tile in near.T:
        dx, dy = x - seed_x[tile], y - seed_y[tile]
        u, v = dx * cos[tile] + dy * sin[tile], dy * cos[tile] - dx * sin[tile]
        distance = np.maximum(np.abs(u), np.abs(v))
        closer = distance < least
        np.copyto(least, distance, where=closer)
        for kept, new in ((owner, tile), (across, u), (down, v)):
            np.copyto(kept, new, where=closer)
    return owner, across, down


def _cells(seeds: NDArray, turn: NDArray, size: tuple[int, int], scale: int) -> tuple[NDArray, NDArray, NDArray]:
    """The tile of each pixel of the large picture and the pixel's place in it, in small pixels."""
    width, height = size
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    _, near = spatial.cKDTree(seeds).query(np.stack([x.ravel(), y.ravel()], 1), k=min(5, len(seeds)))
    near = near.reshape(height, width, -1).repeat(scale, 0).repeat(scale, 1).reshape(height * width * scale**2, -1)
    x, y = np.meshgrid((np.arange(width * scale) + 0.5) / scale, (np.arange(height * scale) + 0.5) / scale)
    found = _closest_of(near, seeds, turn, np.stack([x.ravel(), y.ravel()], 1))
    return tuple(values.reshape(height * scale, width * scale) for values in found)

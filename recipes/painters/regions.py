"""A photograph reduced to what a printer or painter keeps of it: calm areas, a few tones, and contours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from recipes.painters.canvas import Array

Labels = NDArray[np.intp]


def blur(colour: Array, sigma: float) -> Array:
    """Gaussian blur of each channel of (h, w, c)."""
    return np.stack([ndimage.gaussian_filter(colour[..., i], sigma) for i in range(colour.shape[-1])], -1)


def kuwahara(colour: Array, radius: int) -> Array:
    """Calm areas with sharp borders (Kuwahara 1976): each pixel takes the mean of its least varied quadrant."""
    side = radius + 1
    mean = _box(colour, side)
    spread = (_box(colour**2, side) - mean**2).sum(-1)
    reach = side // 2
    shifts = [(dy, dx) for dy in (-reach, reach) for dx in (-reach, reach)]
    spreads = np.stack([ndimage.shift(spread, shift, order=0, mode="nearest") for shift in shifts])
    means = np.stack([ndimage.shift(mean, (*shift, 0), order=0, mode="nearest") for shift in shifts])
    return np.take_along_axis(means, spreads.argmin(0)[None, ..., None], 0)[0]


def _box(colour: Array, side: int) -> Array:
    return ndimage.uniform_filter(colour, (side, side, 1))


def clusters(rng: np.random.Generator, colour: Array, count: int) -> Array:
    """The centres (count, c) of k-means (Lloyd 1982) on a sample of the pixels."""
    flat = colour.reshape(-1, colour.shape[-1])
    sample = flat[rng.integers(0, len(flat), 2500)]
    centres = sample[rng.choice(len(sample), count, replace=False)]
    for _ in range(10):
        nearest = ((sample[:, None] - centres) ** 2).sum(-1).argmin(1)
        for k in range(count):
            if (nearest == k).any():
                centres[k] = sample[nearest == k].mean(0)
    return centres


def areas(colour: Array, centres: Array, calm: float, scale: int = 1) -> Labels:
    """The nearest centre of each pixel, with borders smoothed over `calm` pixels, at `scale` times the size."""
    nearest = ((colour[..., None, :] - centres) ** 2).sum(-1).argmin(-1)
    size = (colour.shape[1] * scale, colour.shape[0] * scale)
    best = np.full(size[::-1], -1, np.float32)
    labels = np.zeros(size[::-1], np.intp)
    for k in range(len(centres)):
        # Each area's blurred mask, enlarged smoothly: where two are equal is a smooth border at any scale.
        mask = Image.fromarray(ndimage.gaussian_filter((nearest == k).astype(np.float32), calm))
        share = np.asarray(mask.resize(size, Image.Resampling.BICUBIC))
        labels[share > best] = k
        best = np.maximum(best, share)
    return labels


def borders(labels: Labels) -> NDArray[np.bool_]:
    """Pixels whose right or lower neighbour belongs to another area."""
    border = np.zeros(labels.shape, bool)
    border[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    border[:-1] |= labels[:-1] != labels[1:]
    return border


def from_borders(labels: Labels) -> Array:
    """Each pixel's distance in pixels to the nearest border between areas."""
    border = borders(labels)
    if not border.any():
        return np.full(labels.shape, float(max(labels.shape)), np.float32)
    return ndimage.distance_transform_edt(~border).astype(np.float32)


def contours(lightness: Array, sigma: float, sharp: float = 60.0, balance: float = 0.98) -> Array:
    """Ink 0..1 along the dark side of edges: a soft threshold on a difference of Gaussians (Winnemöller 2011)."""
    difference = ndimage.gaussian_filter(lightness, sigma) - balance * ndimage.gaussian_filter(lightness, 1.6 * sigma)
    level = 0.5 * (1 - balance) * lightness.mean()
    return np.clip(0.5 - 0.5 * np.tanh(sharp * (difference - level)), 0, 1).astype(np.float32)


def warp(image: Array, dx: Array, dy: Array) -> Array:
    """The image (h, w, c) read at places moved by so many pixels."""
    rows, columns = np.indices(image.shape[:2], dtype=np.float32)
    at = (rows + dy, columns + dx)
    layers = [ndimage.map_coordinates(image[..., i], at, order=1, mode="nearest") for i in range(image.shape[-1])]
    return np.stack(layers, -1)


def enlarged(image: Array, scale: int) -> Array:
    """The image (h, w, c) at `scale` times the size, smoothly."""
    if scale == 1:
        return image
    size = (image.shape[1] * scale, image.shape[0] * scale)
    layers = [Image.fromarray(np.ascontiguousarray(image[..., i], np.float32)) for i in range(image.shape[-1])]
    return np.stack([np.asarray(layer.resize(size, Image.Resampling.BICUBIC)) for layer in layers], -1)

"""What every painter needs: coordinates, colours, smooth noise and a way back to a PIL picture.

Lengths are in units of the picture's longer side, so that a composition is the same at every size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]
Palette = Sequence[str]
"""Colours as "#rrggbb"; each painter says in which order it wants them."""


def rgb(palette: Palette) -> Array:
    """The colours as rows of (n, 3), sRGB in 0..1."""
    rows = [[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in palette]
    return np.array(rows, np.float32).reshape(-1, 3)


def coordinates(size: tuple[int, int]) -> tuple[Array, Array]:
    """x (1, w) and y (h, 1) of the pixel centres; the longer side spans 0..1."""
    width, height = size
    longer = max(size)
    x = (np.arange(width, dtype=np.float32) + 0.5) / longer
    y = (np.arange(height, dtype=np.float32) + 0.5) / longer
    return x[None, :], y[:, None]


def noise(
    rng: np.random.Generator, size: tuple[int, int], cell: float | tuple[float, float], octaves: int = 1
) -> Array:
    """Smooth noise (h, w), about -1..1; `cell` is the size of its largest bumps (x, y if a pair).

    The random numbers sit on a coarse grid that does not depend on `size`, so a small picture shows the same bumps
    as a large one.
    """
    cell_x, cell_y = cell if isinstance(cell, tuple) else (cell, cell)
    width, height = size
    total = np.zeros((height, width), np.float32)
    amplitude, norm = 1.0, 0.0
    for octave in range(octaves):
        # A square of 1 x 1 is always drawn and cropped: the same numbers whatever the aspect ratio.
        columns = max(2, round(2**octave / cell_x)) + 3
        rows = max(2, round(2**octave / cell_y)) + 3
        grid = Image.fromarray(rng.uniform(-1, 1, (rows, columns)).astype(np.float32))
        longer = max(size)
        box = (1.0, 1.0, 1.0 + (columns - 3) * width / longer, 1.0 + (rows - 3) * height / longer)
        total += amplitude * np.asarray(grid.resize(size, Image.Resampling.BICUBIC, box=box))
        norm += amplitude
        amplitude /= 2
    return total / np.float32(norm) * np.float32(1.3)


class Stage:
    """A picture's size with its coordinates: x (1, w) and y (h, 1) in longer sides, and where chance comes from."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]) -> None:
        self.rng, self.size, self.longer = rng, size, max(size)
        self.width, self.height = size[0] / self.longer, size[1] / self.longer
        self.x, self.y = coordinates(size)

    def noise(self, cell: float | tuple[float, float], octaves: int = 1) -> Array:
        """Fresh smooth noise (h, w) over the picture."""
        return noise(self.rng, self.size, cell, octaves)

    def full(self, value: Array) -> Array:
        """A row or column of values spread over the picture."""
        return np.broadcast_to(value, (self.size[1], self.size[0]))


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below `low`, 1 above `high`, a smooth S between; falling if low > high."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(first: Array, second: Array, amount: Array | float) -> Array:
    """`first` where amount is 0, `second` where it is 1."""
    return first + (second - first) * amount


def ramp(colours: Array, position: Array) -> Array:
    """Colours (n, 3) spread evenly over 0..1 and read at `position` (...): a gradient, (..., 3)."""
    stops = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(position, stops, colours[:, i]) for i in range(3)], -1).astype(np.float32)


_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]], np.float32
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]], np.float32
)  # fmt: skip


def oklab(colour: Array) -> Array:
    """sRGB (..., 3) in 0..1 to Oklab (Ottosson 2020): lightness 0..1, then two colour axes."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((np.maximum(colour, 0) + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T


def from_oklab(lab: Array) -> Array:
    """Oklab (..., 3) to sRGB, clipped to 0..1."""
    linear = np.clip((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


def picture(colour: Array, supersampling: int = 1) -> Image.Image:
    """An (h * s, w * s, 3) array in 0..1, averaged over s x s blocks, as an RGB picture."""
    height, width = colour.shape[0] // supersampling, colour.shape[1] // supersampling
    blocks = colour.reshape(height, supersampling, width, supersampling, 3).mean((1, 3))
    return Image.fromarray((np.clip(blocks, 0, 1) * 255 + 0.5).astype(np.uint8))


def guide(photo: Image.Image, size: tuple[int, int]) -> Array:
    """The photograph cut to the aspect ratio of `size` around its middle and resized: (h, w, 3) in 0..1."""
    width, height = size
    scale = min(photo.width / width, photo.height / height)
    left, top = (photo.width - width * scale) / 2, (photo.height - height * scale) / 2
    box = (left, top, left + width * scale, top + height * scale)
    resized = photo.convert("RGB").resize(size, Image.Resampling.LANCZOS, box=box)
    return np.asarray(resized, np.float32) / 255

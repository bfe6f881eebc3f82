"""Pen and ink: tone by sets of parallel lines, the darker the more sets cross, and drawn contours."""

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
    pitch: float = 0.012,
    sets: int = 4,
    bend: float = 0.0,
    tint: float = 0.0,
    outline: float = 0.8,
    supersampling: int = 2,
) -> Image.Image:
    """A drawing in the palette's darkest colour on its lightest.

    `pitch` is the distance between lines in longer sides; `bend` lets them follow the relief, as in an engraving;
    `tint` adds flat colour below.
    """
    colours = canvas.rgb(palette)
    order = colours.sum(1).argsort()
    pen, sheet = colours[order[0]], colours[order[-1]]
    big = (size[0] * supersampling, size[1] * supersampling)
    colour = bay(rng, size) if photo is None else canvas.guide(photo, size)
    light = _stretched(canvas.oklab(colour)[..., 0])
    tone = regions.kuwahara(light[..., None], max(1, round(0.008 * max(size))))
    dark = np.clip(1 - regions.enlarged(tone, supersampling)[..., 0], 0, 1) ** 1.5
    ink = _hatched(rng, big, dark, pitch, sets, bend)
    if outline:
        edge = regions.enlarged(regions.contours(light, 0.0028 * max(size))[..., None], supersampling)[..., 0]
        ink = np.maximum(ink, outline * canvas.smoothstep(0.4, 0.7, edge))
    ground = np.broadcast_to(sheet, (big[1], big[0], 3))
    if tint:
        flat = regions.enlarged(regions.kuwahara(colour, max(2, round(0.02 * max(size)))), supersampling)
        ground = canvas.mix(ground, np.clip(0.35 + 0.65 * flat, 0, 1), tint)
    return canvas.picture(canvas.mix(ground, pen, ink[..., None]), supersampling)


def _stretched(lightness: Array) -> Array:
    low, high = np.quantile(lightness, (0.02, 0.95))
    return np.clip(1 + (lightness - high) / max(high - low, 0.05), 0, 1).astype(np.float32)


def _hatched(
    rng: np.random.Generator, size: tuple[int, int], dark: Array, pitch: float, sets: int, bend: float
) -> Array:
    """Ink 0..1 of all sets of lines; set k begins where the tone is darker than k / sets."""
    x, y = canvas.coordinates(size)
    ink = np.zeros(size[::-1], np.float32)
    first = rng.uniform(0, np.pi)
    for k in range(sets):
        turn = first + (0, 0.5, 0.25, 0.75, 0.12, 0.62)[k % 6] * np.pi + rng.normal(0, 0.06)
        across = (x * np.cos(turn) + y * np.sin(turn) + 0.35 * pitch * canvas.noise(rng, size, 0.12, 2)) / pitch
        across = across + bend * 0.06 / pitch * dark
        number = np.floor(across).astype(int)
        # Each line has its own pressure, and starts and ends a little late or early.
        own = rng.normal(0, 1, 4096).astype(np.float32)[number % 4096]
        along = (y * np.cos(turn) - x * np.sin(turn)) / (9 * pitch)
        lift = np.abs(2 * np.mod(along + own, 1) - 1) ** 6 if bend == 0 else 0
        over = dark - k / sets * 0.85 - 0.08 + 0.06 * own - 0.15 * lift
        width = np.clip(0.1 + 0.42 * over, 0, 0.31) * (over > 0)
        beside = np.abs(across - number - 0.5)
        soft = 0.7 / (pitch * max(size))  # a pixel, in pitches
        ink = np.maximum(ink, canvas.smoothstep(soft, -soft, beside - width) * (width > 0))
    return ink

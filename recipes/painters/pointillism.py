"""Pointillism: the picture is laid down in dots of nearly pure pigment that mix in the eye.

Each dot wants the colour of its place and takes a pigment at random, the likelier the nearer; now and then it takes the
complement, which makes its neighbours vibrate (Chevreul's contrast, as the Neo-Impressionists used it).
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from recipes.painters import canvas
from recipes.painters.bay import bay
from recipes.painters.canvas import Array, Palette


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    radius: float = 0.0056,
    vibration: float = 1.0,
    supersampling: int = 2,
) -> Image.Image:
    """A picture in dots; the palette holds the pigments, in any order, which are also used mixed with white.

    `radius` is that of the middle layer's dots, in longer sides; `vibration` 0 lays each dot in its place's colour.
    """
    pure = canvas.rgb(palette)
    white = np.array([1.0, 0.98, 0.93], np.float32)
    pigments = canvas.oklab(np.concatenate([canvas.mix(pure, white, amount) for amount in (0.0, 0.3, 0.6, 0.85)]))
    big = (size[0] * supersampling, size[1] * supersampling)
    colour = bay(rng, size) if photo is None else canvas.guide(photo, size)
    target = canvas.oklab(colour)
    if photo is not None:
        target[..., 1:] *= 1.5  # photographs are greyer than pigments
    ground = np.stack([ndimage.gaussian_filter(colour[..., i], 0.01 * max(size)) for i in range(3)], -1)
    sheet = np.asarray(Image.fromarray((ground * 255).astype(np.uint8)).resize(big), np.float32) / 255
    for scale, spacing in ((1.35, 1.35), (1.0, 1.5), (0.72, 2.4)):
        dot = radius * scale * max(big)
        _layer(rng, sheet, target, pigments, dot, dot * spacing, vibration)
    return canvas.picture(sheet, supersampling)


def _layer(
    rng: np.random.Generator, sheet: Array, target: Array, pigments: Array, dot: float, step: float, vibration: float
) -> None:
    """One layer of dots of radius `dot` pixels on a jittered grid of `step`, in random order."""
    height, width = sheet.shape[:2]
    columns, rows = np.arange(-1, width / step + 1), np.arange(-1, height / step + 1)
    places = np.stack(np.meshgrid(columns, rows), -1)
    places[1::2, :, 0] += 0.5
    places = (places + rng.uniform(-0.4, 0.4, places.shape)).reshape(-1, 2) * step
    places = rng.permutation(places[(places > -dot).all(1) & (places < (width + dot, height + dot)).all(1)])
    row = np.clip(places[:, 1] * target.shape[0] / height, 0, target.shape[0] - 1).astype(int)
    column = np.clip(places[:, 0] * target.shape[1] / width, 0, target.shape[1] - 1).astype(int)
    colours = _pigments_for(rng, target[row, column], pigments, vibration)
    stamps = _stamps(rng, dot)
    reach = stamps.shape[1] // 2
    choice = rng.integers(0, len(stamps), len(places))
    for (x, y), colour, k in zip(places, colours, choice, strict=True):
        left, top = round(x) - reach, round(y) - reach
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + 2 * reach + 1, width), min(top + 2 * reach + 1, height)
        if x0 < x1 and y0 < y1:
            cover, shine = stamps[k, y0 - top : y1 - top, x0 - left : x1 - left].transpose(2, 0, 1)
            patch = sheet[y0:y1, x0:x1]
            patch += cover[..., None] * (colour * shine[..., None] - patch)


def _pigments_for(rng: np.random.Generator, wanted: Array, pigments: Array, vibration: float) -> Array:
    """A pigment for each wanted Oklab colour (n, 3), as sRGB."""
    aim = wanted.copy()
    aim[:, 0] += rng.normal(0, 0.02 * vibration, len(aim))
    contrast = rng.uniform(0, 1, len(aim)) < 0.07 * vibration
    aim[contrast, 1:] *= -0.8
    weights = np.array([1.6, 1.0, 1.0], np.float32)
    distance = ((aim[:, None] - pigments[None]) ** 2 * weights).sum(-1)
    spread = (0.045 * vibration + 1e-3) ** 2
    # The Gumbel trick: the largest of log-likelihood plus Gumbel noise is a draw with those likelihoods.
    draw = -distance / (2 * spread) + rng.gumbel(size=distance.shape) * (vibration > 0)
    chosen = pigments[draw.argmax(1)]
    return canvas.from_oklab(canvas.mix(chosen, aim, 0.30 if vibration > 0 else 1.0))


def _stamps(rng: np.random.Generator, dot: float, count: int = 48) -> Array:
    """Dabs of a round brush, none quite round: (count, side, side, 2) holding cover 0..1 and shine about 1."""
    reach = int(np.ceil(dot * 1.35)) + 1
    offset = np.arange(-reach, reach + 1, dtype=np.float32)
    stamps = np.empty((count, len(offset), len(offset), 2), np.float32)
    for k in range(count):
        tilt, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 1.28)
        u = (offset[None] * np.cos(tilt) + offset[:, None] * np.sin(tilt)) / stretch
        v = (offset[:, None] * np.cos(tilt) - offset[None] * np.sin(tilt)) * stretch**0.5
        angle = np.arctan2(v, u)
        edge = (
            dot
            * rng.uniform(0.85, 1.12)
            * (1 + 0.06 * np.sin(2 * angle + rng.uniform(0, 6)) + 0.04 * np.sin(3 * angle + rng.uniform(0, 6)))
        )
        distance = np.hypot(u, v)
        stamps[k, ..., 0] = np.clip(edge - distance + 0.5, 0, 1)
        # Thick paint: lit from the upper left, and a little ridge at the rim.
        slope = -(offset[None] + offset[:, None]) / (dot * 1.4)
        stamps[k, ..., 1] = 1 + 0.07 * np.clip(slope, -1, 1) * np.clip(distance / edge, 0, 1) ** 2
    return stamps

"""Flat colours with dark outlines, in the manner of Japanese prints: a few blocks, soft gradients, a key block."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from recipes.painters import canvas, regions
from recipes.painters.bay import bay
from recipes.painters.canvas import Array, Palette


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    blocks: int = 7,
    line: float = 0.004,
    own_colours: float = 0.4,
    gradients: float = 0.5,
    supersampling: int = 2,
) -> Image.Image:
    """A print of so many colour blocks; the palette, from dark to light, gives their inks.

    `line` is the width of the outlines in longer sides, 0 for none; `own_colours` 1 keeps the photograph's colours;
    `gradients` is the strength of the wiped gradients (bokashi).
    """
    longer = max(size)
    lab = canvas.oklab(bay(rng, size) if photo is None else canvas.guide(photo, size)) * (1, 1.6, 1.6)
    calm = regions.kuwahara(lab.astype(np.float32), max(2, round(0.015 * longer)))
    centres = regions.clusters(rng, calm, blocks)
    labels = regions.areas(calm, centres, 0.006 * longer, supersampling)
    inks = _inks(centres, canvas.oklab(canvas.rgb(palette)), own_colours)
    big = (size[0] * supersampling, size[1] * supersampling)
    sheet = inks[labels] + gradients * _wiped(rng, big, blocks)[labels, np.arange(big[1])[:, None]]
    sheet[..., 0] += 0.012 * canvas.noise(rng, big, (0.15, 0.003), 2)  # the grain of the block
    colour = canvas.from_oklab(sheet.astype(np.float32))
    if line:
        key = _key_block(rng, calm[..., 0], labels, line * longer, supersampling)
        ink = canvas.from_oklab(np.array([inks[inks[:, 0].argmin()] * (0.45, 0.6, 0.6)], np.float32))[0]
        colour = canvas.mix(colour, ink, key[..., None])
    return canvas.picture(colour, supersampling)


def _inks(centres: Array, palette: Array, own: float) -> Array:
    """Each block's ink: by the rank of its lightness in the palette, mixed with its own colour."""
    rank = centres[:, 0].argsort().argsort() / max(1, len(centres) - 1)
    order = palette[palette[:, 0].argsort()]
    return canvas.mix(order[np.round(rank * (len(order) - 1)).astype(int)], centres, own).astype(np.float32)


def _wiped(rng: np.random.Generator, size: tuple[int, int], blocks: int) -> Array:
    """For each block and row (blocks, h, 3) a change of colour: a band, darker or lighter, that fades downwards."""
    y = np.linspace(0, 1, size[1])[None, :, None]
    start, width = rng.uniform(-0.1, 0.9, (2, blocks, 1, 1))
    fade = canvas.smoothstep(0, 1, np.abs(y - start) / (0.25 + 0.5 * np.abs(width)))
    change = rng.normal(0, 1, (blocks, 1, 3)) * (0.16, 0.03, 0.03)
    return ((1 - fade) * change).astype(np.float32)


def _key_block(rng: np.random.Generator, lightness: Array, labels: Array, line: float, scale: int) -> Array:
    """Outlines around the areas, swelling and thinning, and the strongest contours within them."""
    big = (labels.shape[1], labels.shape[0])
    # Borders between nearly equal tones need no line: contours say where there is something to outline.
    edge = ndimage.gaussian_gradient_magnitude(lightness, 0.8 * line + 0.6)
    strength = regions.enlarged(edge[..., None], scale)[..., 0]
    strength = canvas.smoothstep(0.2, 1.2, strength / (np.quantile(edge, 0.85) + 1e-4))
    width = 0.5 * line * scale * (0.25 + 1.1 * strength) * (1 + 0.5 * canvas.noise(rng, big, 0.05, 2))
    outline = canvas.smoothstep(0.6, -0.6, regions.from_borders(labels) - width)
    inner = regions.enlarged(regions.contours(lightness, 0.7 * line + 0.4)[..., None], scale)[..., 0]
    return np.maximum(outline * (width > 0.5), np.clip(1.6 * (inner - 0.35), 0, 1) * 0.8)

"""Washes of thin paint on wet paper: watercolour, and ink in greys (sumi-e).

The pigment's density changes a colour c to c - (c - c^2)(d - 1), after Bousseau et al. 2006, "Interactive watercolor
rendering with temporal coherence and abstraction": d grows where pigment gathers, at the borders of a wash, in the
hollows of the paper and with the turbulence of the water.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from recipes.painters import canvas, regions
from recipes.painters.bay import bay
from recipes.painters.canvas import Array, Palette


def thinned(colour: Array, density: Array) -> Array:
    """The colour of a wash of this density (h, w): 1 leaves it, more darkens it, 0 is nearly the paper."""
    return np.clip(colour - (colour - colour**2) * (density[..., None] - 1), 0, 1)


def watercolour(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    tones: int = 9,
    wet: float = 0.5,
    granulation: float = 0.5,
    edges: float = 0.6,
    border: bool = False,
) -> Image.Image:
    """A watercolour; the palette's lightest colour is the paper.

    `wet` 0..1 is how far the washes run; `edges` how dark their borders dry; `border` leaves an unpainted rim.
    """
    longer = max(size)
    sheet = canvas.rgb(palette)
    sheet = sheet[sheet.sum(1).argmax()]
    colour = bay(rng, size) if photo is None else canvas.guide(photo, size)
    run = [
        wet * longer * (0.02 * canvas.noise(rng, size, 0.12, 3) + 0.006 * canvas.noise(rng, size, 0.02)) for _ in "xy"
    ]
    colour = regions.warp(colour, *run)
    calm = regions.kuwahara(colour, max(2, round(0.016 * longer)))
    lab = canvas.oklab(calm)
    centres = regions.clusters(rng, lab, tones)
    labels = regions.areas(lab, centres, (0.004 + 0.006 * wet) * longer)
    # Half the area's flat tone, half what is in it: wet paint keeps soft changes within hard borders.
    mixed = canvas.mix(centres[labels], regions.blur(lab, 0.012 * longer), 0.5) * (1, 1.25, 1.25)
    mixed[..., 0] = 0.24 + 0.8 * mixed[..., 0]  # watercolours are light
    density = _density(rng, labels, mixed[..., 0], wet, granulation, edges)
    painted = thinned(canvas.from_oklab(_bled(rng, mixed.astype(np.float32), size, wet)), density)
    cover = _rim(rng, size) if border else np.ones(size[::-1], np.float32)
    # Light washes let the paper through; splashes of it stay bare.
    bare = canvas.smoothstep(0.55, 0.9, canvas.noise(rng, size, 0.1, 3) + 0.9 * (mixed[..., 0] - 0.75)) * 0.8
    return canvas.picture(
        canvas.mix(sheet, painted * canvas.mix(np.ones(3), sheet, 0.6), (cover * (1 - bare))[..., None])
    )


def _density(
    rng: np.random.Generator, labels: Array, light: Array, wet: float, granulation: float, edges: float
) -> Array:
    """How much pigment lies where."""
    size, longer = (labels.shape[1], labels.shape[0]), max(labels.shape)
    away = regions.from_borders(labels)
    width = (0.003 + 0.004 * rng.uniform()) * longer
    # Pigment dries on the inside of the darker wash only, and not at every border.
    inside = canvas.smoothstep(0.01, -0.03, light - ndimage.gaussian_filter(light, 0.012 * longer))
    dried = np.exp(-away / width) * inside * canvas.smoothstep(-0.5, 0.5, canvas.noise(rng, size, 0.12, 2))
    turbulence = canvas.noise(rng, size, 0.25, 4)
    paper = canvas.noise(rng, size, 0.006, 2)
    density = 1 + 1.5 * edges * dried + 0.5 * turbulence + 0.45 * granulation * paper
    # Back-runs: water pushed into a drying wash leaves a ragged dark line.
    front = np.abs(canvas.noise(rng, size, 0.3, 5) - 0.35)
    return (density + 0.5 * wet * np.exp(-front / 0.02) - 0.25 * (front < 0.03) * wet).astype(np.float32)


def _bled(rng: np.random.Generator, lab: Array, size: tuple[int, int], wet: float) -> Array:
    """Where the paper was wet, colours have run into each other."""
    soft = regions.blur(lab, 0.02 * max(size))
    where = canvas.smoothstep(0.0, 0.5, canvas.noise(rng, size, 0.3, 3) + 0.8 * wet - 0.5)
    return canvas.mix(lab, soft, where[..., None])


def _rim(rng: np.random.Generator, size: tuple[int, int]) -> Array:
    """1 inside an uneven painted field, 0 on the paper around it."""
    x, y = canvas.coordinates(size)
    inside = np.minimum(np.minimum(x, x.max() - x), np.minimum(y, y.max() - y))
    ragged = inside + 0.03 * canvas.noise(rng, size, 0.15, 4)
    return canvas.smoothstep(0.035, 0.05, ragged)


def ink(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    washes: int = 4,
    wet: float = 0.5,
    lines: float = 0.7,
) -> Image.Image:
    """Ink wash: the palette's darkest colour in a few dilutions on its lightest, with brushed contours."""
    longer = max(size)
    colours = canvas.rgb(palette)
    order = colours.sum(1).argsort()
    pigment, sheet = colours[order[0]], colours[order[-1]]
    colour = bay(rng, size) if photo is None else canvas.guide(photo, size)
    light = canvas.oklab(colour)[..., 0]
    low, high = np.quantile(light, (0.03, 0.9))
    light = np.clip(1 + (light - high) / max(high - low, 0.05), 0, 1).astype(np.float32)
    run = [wet * longer * 0.02 * canvas.noise(rng, size, 0.1, 4) for _ in "xy"]
    tone = regions.warp(regions.kuwahara(light[..., None], max(2, round(0.014 * longer))), *run)[..., 0]
    dark = np.zeros(size[::-1], np.float32)
    for k in range(washes):
        dark += _wash(rng, tone, size, 0.9 * (1 - (k + 0.5) / washes), wet) / washes
    mist = canvas.smoothstep(-0.5, 0.6, canvas.noise(rng, size, (0.6, 0.25), 2) + 0.4)
    dark = dark**1.3 * canvas.mix(np.float32(1), mist, 0.6)
    strokes = lines * _brushed(rng, ndimage.gaussian_filter(light, 0.0035 * longer), size)
    fibre = 1 + 0.02 * canvas.noise(rng, size, (0.05, 0.004), 2)
    cover = np.clip(0.92 * dark + strokes * (1 - 0.4 * dark), 0, 0.97)[..., None]
    return canvas.picture(canvas.mix(sheet * fibre[..., None], pigment, cover))


def _wash(rng: np.random.Generator, tone: Array, size: tuple[int, int], level: float, wet: float) -> Array:
    """One dilution laid over all that is darker than `level`: soft here, with a dried edge there."""
    edge = tone - level + 0.06 * canvas.noise(rng, size, 0.05, 3)
    hard = canvas.smoothstep(0.02, -0.02, edge)
    soft = ndimage.gaussian_filter(hard, (0.008 + 0.02 * wet) * max(size))
    where = canvas.smoothstep(-0.3, 0.4, canvas.noise(rng, size, 0.3, 2) + wet - 0.5)
    dried = 0.35 * np.exp(-np.abs(edge) / 0.012) * (1 - where)
    pool = 0.8 + 0.3 * canvas.noise(rng, size, 0.2, 4) + 0.08 * canvas.noise(rng, size, 0.005)
    return np.clip((canvas.mix(hard, soft, where) + dried * hard) * pool, 0, 1.2)


def _brushed(rng: np.random.Generator, light: Array, size: tuple[int, int]) -> Array:
    """Contours as a brush draws them: broad and narrow by turns, with dry gaps."""
    broad = regions.contours(light, 0.006 * max(size), 80.0)
    fine = regions.contours(light, 0.0025 * max(size), 60.0)
    pressure = canvas.smoothstep(-0.4, 0.5, canvas.noise(rng, size, 0.12, 2))
    dry = canvas.smoothstep(0.75, 0.2, canvas.noise(rng, size, (0.03, 0.006), 2))
    drawn = canvas.mix(fine * 0.7, broad, pressure)
    return np.clip(1.7 * (drawn - 0.4), 0, 1) * dry

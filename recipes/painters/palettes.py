"""Random palettes and random changes of a picture's colours, in Oklab (Ottosson 2020), where steps look even."""

from __future__ import annotations

import numpy as np
from PIL import Image

from recipes.painters import canvas
from recipes.painters.canvas import Array

# Scheme: hue distances from a random first hue (in turns), range of lightness, range of chroma.
SCHEMES: dict[str, tuple[tuple[float, ...], tuple[float, float], tuple[float, float]]] = {
    "analogous": ((0.0, 0.06, 0.12, -0.06), (0.25, 0.92), (0.04, 0.19)),
    "complementary": ((0.0, 0.5, 0.04, 0.46), (0.22, 0.93), (0.05, 0.20)),
    "triad": ((0.0, 1 / 3, 2 / 3), (0.25, 0.92), (0.06, 0.22)),
    "split": ((0.0, 0.42, 0.58), (0.2, 0.94), (0.05, 0.2)),
    "fauve": ((0.0, 0.2, 0.4, 0.6, 0.8), (0.42, 0.9), (0.14, 0.27)),
    "pastel": ((0.0, 0.25, 0.5, 0.75), (0.74, 0.96), (0.02, 0.09)),
    "earth": ((), (0.2, 0.9), (0.02, 0.11)),
    "night": ((), (0.1, 0.62), (0.03, 0.14)),
    "grey": ((0.0,), (0.12, 0.96), (0.0, 0.025)),
}
_FIXED_HUES = {"earth": (0.08, 0.14, 0.2, 0.27), "night": (0.68, 0.73, 0.78, 0.22)}


def hexadecimal(colours: Array) -> tuple[str, ...]:
    """Rows of sRGB in 0..1 as "#rrggbb"."""
    rows = (np.clip(colours, 0, 1) * 255 + 0.5).astype(np.uint8)
    return tuple("#" + bytes(row).hex() for row in rows)


def lch(lightness: Array, chroma: Array, turn: Array) -> Array:
    """Oklab's lightness, chroma and hue (in turns) to sRGB (..., 3)."""
    angle = 2 * np.pi * turn
    return canvas.from_oklab(np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], -1))


def palette(rng: np.random.Generator, count: int, scheme: str | None = None) -> tuple[str, ...]:
    """So many colours from dark to light, their lightness spread evenly, in a random scheme if none is named."""
    name = scheme or str(rng.choice(list(SCHEMES)))
    hues, (darkest, lightest), (dullest, purest) = SCHEMES[name]
    hues = np.array(_FIXED_HUES[name] if name in _FIXED_HUES else np.add(hues, rng.uniform()))
    lightness = np.linspace(darkest, lightest, count) + rng.normal(0, 0.03, count)
    chroma = rng.uniform(dullest, purest, count)
    turn = rng.choice(hues, count) + rng.normal(0, 0.015, count)
    return hexadecimal(lch(np.clip(lightness, 0.05, 0.98), chroma, turn))


def tint(rng: np.random.Generator, lightness: tuple[float, float], chroma: tuple[float, float]) -> str:
    """One colour of any hue within the ranges: a paper, an ink."""
    values = [np.array([rng.uniform(*span)]) for span in (lightness, chroma, (0, 1))]
    return hexadecimal(lch(*values))[0]


def paper(rng: np.random.Generator) -> str:
    """White to cream, sometimes a tinted sheet."""
    warm = canvas.from_oklab(np.array([[rng.uniform(0.9, 0.985), rng.normal(0.004, 0.004), rng.uniform(0, 0.05)]]))
    return tint(rng, (0.7, 0.94), (0.02, 0.08)) if rng.uniform() < 0.15 else hexadecimal(warm)[0]


def for_woodcut(rng: np.random.Generator) -> tuple[str, ...]:
    """Paper, pale, cool, warm and key block."""
    hue = rng.uniform() if rng.uniform() < 0.5 else 0.6
    cool = lch(np.array([rng.uniform(0.4, 0.62)]), np.array([rng.uniform(0.04, 0.14)]), np.array([hue]))
    warm = lch(
        np.array([rng.uniform(0.5, 0.66)]), np.array([rng.uniform(0.1, 0.2)]), np.array([hue + rng.uniform(0.35, 0.65)])
    )
    key = tint(rng, (0.12, 0.3), (0.0, 0.06))
    return (paper(rng), tint(rng, (0.78, 0.9), (0.04, 0.13)), *hexadecimal(np.concatenate([cool, warm])), key)


def for_marbling(rng: np.random.Generator) -> tuple[str, ...]:
    """Paper, then five to eight inks in random order, the paper's colour among them."""
    sheet = paper(rng)
    inks = [*palette(rng, int(rng.integers(4, 7))), sheet]
    return (sheet, *(inks[i] for i in rng.permutation(len(inks))))


def recolour(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    """The picture in other colours: turned hues, a tone ramp, a few pigments, or night."""
    lab = canvas.oklab(np.asarray(image.convert("RGB"), np.float32) / 255)
    change = (linear_map, tone_ramp, few_pigments, night)[rng.choice(4, p=(0.5, 0.2, 0.18, 0.12))]
    return canvas.picture(canvas.from_oklab(change(rng, lab)))


def linear_map(rng: np.random.Generator, lab: Array) -> Array:
    """Turn, stretch and shear the two colour axes, and bend the lightness."""
    turn = rng.uniform(-np.pi, np.pi) if rng.uniform() < 0.5 else rng.normal(0, 0.35)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    stretch = rotation @ (np.diag(rng.uniform(0.7, 2.2, 2)) + rng.normal(0, 0.2, (2, 2)))
    colour = lab[..., 1:] @ stretch.T + rng.normal(0, 0.025, 2)
    lightness = np.clip(lab[..., :1], 0, 1) ** rng.uniform(0.7, 1.4)
    lightness = (lightness - 0.5) * rng.uniform(0.85, 1.3) + 0.5
    return np.concatenate([lightness, colour], -1).astype(np.float32)


def tone_ramp(rng: np.random.Generator, lab: Array) -> Array:
    """Each lightness gets its own colour from a random palette, over what is left of the old one."""
    steps = canvas.oklab(canvas.rgb(palette(rng, int(rng.integers(3, 7)))))
    return canvas.mix(lab, canvas.ramp(steps, lab[..., 0]), rng.uniform(0.5, 1.0))


def few_pigments(rng: np.random.Generator, lab: Array) -> Array:
    """Each colour is mixed from the pigments near it."""
    pigments = canvas.oklab(canvas.rgb(palette(rng, int(rng.integers(4, 9)))))
    # The pigments' cloud is brought over the picture's, so that all of them find use.
    flat = lab.reshape(-1, 3)
    near = pigments - pigments.mean(0) + flat.mean(0)
    weight = np.exp(-((flat[:, None] - near) ** 2).sum(-1) / 2 / rng.uniform(0.05, 0.12) ** 2) + 1e-9
    mixed = (weight @ pigments / weight.sum(1, keepdims=True)).reshape(lab.shape)
    return canvas.mix(lab, mixed, rng.uniform(0.6, 1.0)).astype(np.float32)


def night(rng: np.random.Generator, lab: Array) -> Array:
    """Blue dark with the lights kept warm."""
    lightness = np.clip(lab[..., 0], 0, 1)
    dark = lightness ** rng.uniform(1.5, 2.4) * rng.uniform(0.75, 1.0) + 0.06
    glow = canvas.smoothstep(0.55, 0.9, lightness)[..., None]
    blue, warm = np.array([-0.02, -0.09]), np.array([0.02, 0.11])
    colour = 0.5 * lab[..., 1:] + canvas.mix(blue * rng.uniform(0.6, 1.4), warm * rng.uniform(0.3, 1.2), glow)
    return np.concatenate([dark[..., None], colour], -1).astype(np.float32)

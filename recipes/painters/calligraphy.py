"""Brush writing on paper: one large character, or columns of them, with a seal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from recipes.painters import canvas
from recipes.painters.canvas import Array, Palette

COMMON = (0x4E00, 0x9FA0)
"""The block of characters from which one is drawn; a font need not have them all."""


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    font: Path,
    rows: int = 4,
    seal: str | None = "#b8312a",
    supersampling: int = 2,
) -> Image.Image:
    """`rows` characters to a column, in the palette's first colour on its second. A photograph is not used."""
    ink, sheet = canvas.rgb(palette)[:2]
    big = (size[0] * supersampling, size[1] * supersampling)
    written = _written(rng, big, font, rows)
    # The brush runs dry: fibres of the paper stay bare along the way of the hand, more here than there.
    fibres = canvas.noise(rng, big, (0.008, 0.03), 3) + 0.6 * canvas.noise(rng, big, 0.2, 2)
    wet = canvas.smoothstep(1.1, 0.5, fibres)
    bled = 0.85 * written + 0.15 * ndimage.gaussian_filter(written, 2.5 * supersampling)
    grain = 1 + 0.03 * canvas.noise(rng, big, 0.3, 5) + 0.02 * canvas.noise(rng, big, (0.03, 0.004), 2)
    colour = canvas.mix(sheet * grain[..., None], ink, (bled * wet)[..., None])
    if seal:
        colour = _sealed(rng, colour, font, canvas.rgb([seal])[0])
    return canvas.picture(colour, supersampling)


def glyph(rng: np.random.Generator, font: ImageFont.FreeTypeFont) -> Array:
    """A random character that the font has, as a mask 0..1 cut to its ink."""
    for _ in range(200):
        mask, _ = font.getmask2(chr(int(rng.integers(*COMMON))), mode="L")
        if mask.size[0] and mask.size[1]:
            ink = np.asarray(mask, np.float32).reshape(mask.size[::-1]) / 255
            # Too little ink is a blank or a dot; a thin frame is the sign for a missing character.
            if 0.08 < ink.mean() < 0.8 and ink[ink.shape[0] // 4 : -ink.shape[0] // 4].mean() > 0.05:
                return ink
    raise ValueError("The font has no characters to write with.")


def _written(rng: np.random.Generator, size: tuple[int, int], font: Path, rows: int) -> Array:
    """Columns of characters over the sheet."""
    height = size[1] / rows * 0.95
    face = ImageFont.truetype(str(font), round(height * rng.uniform(0.8, 1.0)))
    sheet = Image.new("L", size, 0)
    columns = max(1, int(size[0] / (height * rng.uniform(0.9, 1.2))))
    for column in range(columns):
        for row in range(rows):
            mark = Image.fromarray((glyph(rng, face) * 255).astype(np.uint8))
            middle = ((column + 0.5) * size[0] / columns, (row + 0.5) * size[1] / rows)
            stray = rng.normal(0, 0.03 * height, 2)
            corner = (round(middle[0] - mark.width / 2 + stray[0]), round(middle[1] - mark.height / 2 + stray[1]))
            sheet.paste(255, corner, mark)
    return np.asarray(sheet, np.float32) / 255


def _sealed(rng: np.random.Generator, colour: Array, font: Path, red: Array) -> Array:
    """A red square with a character left bare, near a corner."""
    height, width = colour.shape[:2]
    side = round(rng.uniform(0.08, 0.15) * min(width, height))
    left, top = round(rng.choice([0.06, 0.8]) * (width - side)), round(rng.uniform(0.6, 0.92) * (height - side))
    stamp = Image.new("L", (side, side), 0)
    ImageDraw.Draw(stamp).rounded_rectangle((0, 0, side - 1, side - 1), side // 8, fill=230)
    mark = Image.fromarray((glyph(rng, ImageFont.truetype(str(font), side)) * 255).astype(np.uint8))
    inner = round(0.76 * side)
    stamp.paste(0, ((side - inner) // 2,) * 2, mark.resize((inner, inner)))
    cover = np.asarray(stamp, np.float32)[..., None] / 255
    colour = colour.copy()
    spot = colour[top : top + side, left : left + side]
    colour[top : top + side, left : left + side] = canvas.mix(spot, red, cover)
    return colour

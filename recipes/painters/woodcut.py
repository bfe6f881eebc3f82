"""A colour woodcut: a key block in black and three colour blocks, each carved with a gouge and printed flat on paper.

A cut is a lens-shaped piece taken out of the block. Cuts lie side by side along lines; where much light is wanted they
are wide and meet, where little is wanted they are thin or missing and the block prints solid.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from recipes.painters import canvas
from recipes.painters.blocks import PITCH, Print
from recipes.painters.canvas import Array, Palette
from recipes.painters.lake import lake


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    supersampling: int = 3,
) -> Image.Image:
    """A colour woodcut; the palette is paper, pale, cool and warm block, black key block."""
    colours = canvas.rgb(palette)
    big = (size[0] * supersampling, size[1] * supersampling)
    sheet = lake(rng, big) if photo is None else engraving(rng, big, photo, colours)
    paper = np.broadcast_to(colours[0], (big[1], big[0], 3)).copy()
    # Ink from a hand press is a little uneven along the grain of the block.
    grain = 1 + 0.035 * canvas.noise(rng, big, (0.25, 0.004), 2) + 0.03 * canvas.noise(rng, big, 0.004, 2)
    edge = np.minimum(np.minimum(sheet.x, sheet.width - sheet.x), np.minimum(sheet.y, sheet.height - sheet.y))
    edge = edge + 0.0012 * sheet.gouge.pressure
    for block, colour in ((sheet.pale, 1), (sheet.cool, 2), (sheet.warm, 3), (sheet.key, 4)):
        ink = block & (edge > 0.022)
        if colour == 4:
            ink |= (edge > 0.0195) & (edge < 0.024)
        paper[ink] = colours[colour] * grain[ink][:, None]
    return canvas.picture(paper, supersampling)


def engraving(rng: np.random.Generator, size: tuple[int, int], photo: Image.Image, colours: Array) -> Print:
    """A photograph as a print: cuts bend over its lights as over a relief, wide where it is light."""
    sheet = Print(rng, size)
    x, y, gouge, longer = sheet.x, sheet.y, sheet.gouge, sheet.longer
    seen = canvas.oklab(canvas.guide(photo, size))
    low, high = np.quantile(seen[..., 0], (0.03, 0.97))
    light = np.clip((seen[..., 0] - low) / max(high - low, 0.05), 0, 1)
    relief = ndimage.gaussian_filter(light, 0.02 * longer)
    angle = rng.uniform(-0.9, 0.9)
    across = (y * np.cos(angle) - x * np.sin(angle) + 0.10 * relief) / PITCH
    along = x * np.cos(angle) + y * np.sin(angle)
    sheet.key = ~gouge.cut(across, along, 1.25 * ndimage.gaussian_filter(light, 0.0012 * longer), 0.09)
    # The colour blocks: each area in the ink whose hue is nearest, cut away where the picture is lightest.
    hue = np.stack([ndimage.gaussian_filter(seen[..., i], 0.006 * longer) for i in (1, 2)], -1)
    inks = canvas.oklab(colours[1:4])[:, 1:]
    nearest = np.stack([((3 * hue - ink) ** 2).sum(-1) for ink in inks]).argmin(0)
    printed = ~gouge.cut(across + 0.5, along, canvas.smoothstep(0.45, 1.1, light), 0.12)
    sheet.pale, sheet.cool, sheet.warm = (printed & (nearest == i) for i in range(3))
    return sheet

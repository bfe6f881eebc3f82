"""Surfaces from numbers alone: flowing noise, weave, wood, cracked clay, terrazzo, brushed fur, scales."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage, spatial

from recipes.painters import canvas
from recipes.painters.canvas import Array, Palette, Stage


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    surface: str | None = None,
    supersampling: int = 2,
) -> Image.Image:
    """A surface, one of SURFACES, in the palette's colours in their order. A photograph is not used."""
    stage = Stage(rng, (size[0] * supersampling, size[1] * supersampling))
    draw = SURFACES[surface or str(rng.choice(list(SURFACES)))]
    return canvas.picture(draw(stage, canvas.rgb(palette)), supersampling)


def flow(stage: Stage, colours: Array) -> Array:
    """Noise read at places moved by noise, twice: smoke, marble, oil on water."""
    cell = stage.rng.uniform(0.15, 0.5)
    value = stage.noise(cell, 4)
    for _ in range(2):
        dx, dy = (stage.longer * stage.rng.uniform(0.05, 0.2) * stage.noise(cell, 3) for _ in "xy")
        rows, columns = np.indices(value.shape, dtype=np.float32)
        value = ndimage.map_coordinates(value, (rows + dy, columns + dx), order=1, mode="reflect")
    return canvas.ramp(colours, 0.5 + 0.75 * value)


def weave(stage: Stage, colours: Array) -> Array:
    """Cloth: warp over weft over warp, in stripes of several yarns."""
    pitch = stage.rng.uniform(0.009, 0.03)
    x = stage.x / pitch + 0.15 * stage.noise(0.1, 2)
    y = stage.y / pitch + 0.15 * stage.noise(0.1, 2)
    across, down = np.floor(x).astype(int), np.floor(y).astype(int)
    twill = int(stage.rng.integers(2, 5))
    over = (across + down) % twill < twill // 2
    round_x, round_y = (np.sqrt(np.clip(1 - (2 * np.mod(v, 1) - 1) ** 2, 0, 1)) for v in (x, y))
    yarns = stage.rng.integers(0, len(colours), (2, 512))
    repeat = int(stage.rng.integers(3, 12))
    warp, weft = colours[yarns[0, (across % 997) // repeat]], colours[yarns[1, (down % 997) // repeat]]
    colour = np.where(over[..., None], warp, weft)
    light = np.where(over, round_x, round_y) * (0.9 + 0.15 * stage.noise(0.008, 2))
    return colour * (0.45 + 0.6 * light)[..., None]


def wood(stage: Stage, colours: Array) -> Array:
    """A board: growth rings around a far pith, with pores along the grain."""
    stretch = stage.rng.uniform(0.08, 0.3)
    x, y = stage.x - stage.rng.uniform(-0.3, 1.3), (stage.y - stage.rng.uniform(-0.3, 1.3)) * stretch
    radius = np.hypot(x, y) + 0.03 * stage.noise((0.2, 0.7), 3)
    rings = np.mod(radius / stage.rng.uniform(0.02, 0.06), 1) ** 1.6
    pores = canvas.smoothstep(0.4, 0.9, stage.noise((0.004, 0.06), 2))
    tone = 0.65 * rings + 0.25 * stage.noise((0.01, 0.3), 3) + 0.2
    return canvas.ramp(colours[:4], np.clip(tone, 0, 1)) * (1 - 0.4 * pores)[..., None]


def cracks(stage: Stage, colours: Array) -> Array:
    """Dried mud or old glaze: plates with dark gaps, each of its own tone."""
    owner, gap = _cells(stage, stage.rng.uniform(0.05, 0.16), 0.02)
    tone = 0.55 + 0.12 * stage.rng.normal(0, 1, owner.max() + 1)[owner] + 0.22 * stage.noise(0.1, 5)
    width = stage.rng.uniform(0.002, 0.008)
    open_ = canvas.smoothstep(width * 1.5, width * 0.4, gap)
    rounded = canvas.smoothstep(0, 5 * width, gap)
    return canvas.ramp(colours, np.clip(tone, 0.15, 1)) * (0.75 + 0.25 * rounded - 0.7 * open_)[..., None]


def terrazzo(stage: Stage, colours: Array) -> Array:
    """Chips of stone of several sizes in a pale bed."""
    sheet = (
        np.broadcast_to(colours[-1], (stage.size[1], stage.size[0], 3)) * (1 + 0.04 * stage.noise(0.01, 2))[..., None]
    )
    for cell in (stage.rng.uniform(0.06, 0.15), 0.035, 0.018):
        owner, gap = _cells(stage, cell, 0.004)
        chosen = stage.rng.uniform(0, 1, owner.max() + 1) < 0.55
        chip = chosen[owner] & (gap > 0.22 * cell)
        tone = (
            colours[stage.rng.integers(0, len(colours), owner.max() + 1)][owner]
            * (1 + 0.1 * stage.noise(0.03, 3))[..., None]
        )
        sheet = np.where(chip[..., None], tone, sheet)
    return sheet


def fur(stage: Stage, colours: Array) -> Array:
    """Fine lines along a flowing field: noise smeared along it (line integral convolution, Cabral 1993)."""
    angle = 2.5 * stage.noise(stage.rng.uniform(0.3, 0.8)) + stage.rng.uniform(0, 6)
    grain = stage.noise(0.005) + 0.4 * stage.noise(0.02)
    rows, columns = np.indices(grain.shape, dtype=np.float32)
    step = 0.004 * stage.longer
    smeared = np.zeros_like(grain)
    for k in range(-5, 6):
        at = (rows + k * step * np.sin(angle), columns + k * step * np.cos(angle))
        smeared += ndimage.map_coordinates(grain, at, order=0, mode="reflect") / 11
    return canvas.ramp(colours, np.clip(0.5 + 0.9 * smeared + 0.35 * stage.noise(0.25, 3), 0, 1))


def scales(stage: Stage, colours: Array) -> Array:
    """Overlapping rows of rounded scales, as of fish or roof tiles, each shaded towards its root."""
    pitch = stage.rng.uniform(0.03, 0.1)
    x, y = stage.x / pitch + 0.1 * stage.noise(0.3), stage.y / (0.5 * pitch) + 0.1 * stage.noise(0.3)
    tones = stage.rng.integers(0, len(colours), (64, 64))
    sheet = np.zeros((stage.size[1], stage.size[0], 3), np.float32)
    first = np.floor(y).astype(int)
    for back in (2, 1, 0):  # the rows above lie over those below
        row = first - 2 + back
        centre = np.floor(x + 0.5 * (row % 2)) + 0.5 - 0.5 * (row % 2)
        away = np.hypot(x - centre, (y - row) / 2)
        inside = away < 0.56
        tone = colours[tones[row % 64, np.floor(centre).astype(int) % 64]]
        shade = (0.55 + 0.5 * canvas.smoothstep(0, 0.56, away)) * canvas.smoothstep(0.56, 0.5, away)
        sheet = np.where((inside & (y >= row))[..., None], tone * np.clip(shade, 0.15, 1)[..., None], sheet)
    return sheet


def _cells(stage: Stage, cell: float, wobble: float) -> tuple[np.ndarray, Array]:
    """A wobbly Voronoi diagram: each pixel's cell, and how far it is from the next cell, in longer sides."""
    count = max(4, round(1.3 / cell**2))
    seeds = stage.rng.uniform(-0.1, 1.1, (count, 2))
    x = stage.x + wobble * stage.noise(0.08, 3)
    y = stage.y + wobble * stage.noise(0.08, 3)
    away, near = spatial.cKDTree(seeds).query(np.stack([x.ravel(), y.ravel()], 1), k=2)
    shape = (stage.size[1], stage.size[0])
    return near[:, 0].reshape(shape), (away[:, 1] - away[:, 0]).reshape(shape).astype(np.float32)


SURFACES: dict[str, Callable[[Stage, Array], Array]] = {
    "flow": flow,
    "weave": weave,
    "wood": wood,
    "cracks": cracks,
    "terrazzo": terrazzo,
    "fur": fur,
    "scales": scales,
}

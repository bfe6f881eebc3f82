"""The design of the pointillist picture: a bay at sunset, as the colours to aim at."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from recipes.painters import canvas
from recipes.painters.canvas import Array, Stage

SKY = canvas.rgb(["#ffe27a", "#ffc65c", "#f9a56a", "#ee9aa0", "#b79fd6", "#7f9fe0", "#4f7fd0", "#3560b4"])
CLOUD = canvas.rgb(["#fff3c4", "#ffd9a8", "#f6b7b4", "#cdb4e2"])
SEA = canvas.rgb(["#8fc4e0", "#4aaed0", "#2489c0", "#2068b4", "#2f4aa0"])
GRASS = canvas.rgb(["#d8d850", "#8fc04a", "#3f9a5a", "#23706a", "#2a4a86"])
LEAVES = canvas.rgb(["#2a3f8a", "#1f6a7a", "#2f9a58", "#9cc63a", "#f7dc68"])
SUN, CLOUD_SHADE, ALPENGLOW, RIPPLE, GLITTER, SUNLIT_BARK, BARK = canvas.rgb(
    ["#fffbe0", "#8d78c8", "#f0956e", "#2a3f9a", "#ffd873", "#d2503c", "#4a3a96"]
)


def bay(rng: np.random.Generator, size: tuple[int, int]) -> Array:
    """A bay with sailing boats and an umbrella pine: sRGB (h, w, 3) in 0..1."""
    stage = Stage(rng, size)
    width, height = stage.width, stage.height
    horizon = height * rng.uniform(0.50, 0.55)
    sun = (width * rng.uniform(0.30, 0.42), horizon - height * rng.uniform(0.10, 0.14))
    colour = _sky(stage, horizon, sun)
    # Headlands, the nearer the darker.
    for start, end, tall, tone in ((0.78, 1.15, 0.075, "#8f86cc"), (-0.25, 0.24, 0.10, "#6f74c0"),
                                   (-0.25, 0.13, 0.06, "#4a5aa8")):  # fmt: skip
        colour = _headland(stage, colour, horizon, sun[0], (start * width, end * width, tall), canvas.rgb([tone])[0])
    colour = np.where((stage.y >= horizon)[..., None], _sea(stage, colour, horizon, sun[0]), colour)
    for at, down, scale, sail in ((0.155, 0.075, 0.17, "#fff3d6"), (0.50, 0.012, 0.055, "#fff3d6"),
                                  (0.745, 0.028, 0.085, "#d8455a"), (0.635, 0.15, 0.25, "#fffae8")):  # fmt: skip
        place = (at * width + rng.uniform(-0.015, 0.015), horizon + down)
        colour = _boat(stage, colour, place, scale * rng.uniform(0.95, 1.05), sail)
    colour = _meadow(stage, colour)
    return _pine(stage, colour)


def _sky(stage: Stage, horizon: float, sun: tuple[float, float]) -> Array:
    """From gold at the sun to blue far from it, with clouds lit from below and shaded above."""
    from_sun = np.hypot(stage.x - sun[0], stage.y - sun[1])
    shade = from_sun * 1.6 + 0.10 * stage.noise(0.3, 3) + 0.15 * (horizon - stage.y) - 0.06
    colour = canvas.ramp(SKY, np.clip(shade, 0, 1))
    streak = stage.noise((0.34, 0.075), 3)
    cloud = canvas.smoothstep(0.05, 0.35, streak) * canvas.smoothstep(horizon, horizon - 0.1, stage.y)
    colour = canvas.mix(colour, canvas.ramp(CLOUD, np.clip(from_sun * 1.6, 0, 1)), 0.8 * cloud[..., None])
    lower = ndimage.shift(streak, (0.018 * stage.longer, 0), order=1, mode="nearest")
    under = canvas.smoothstep(0.05, 0.3, lower) * (1 - cloud) * (stage.y < horizon - 0.04)
    colour = canvas.mix(colour, CLOUD_SHADE, 0.6 * under[..., None])
    return canvas.mix(colour, SUN, canvas.smoothstep(0.060, 0.050, from_sun)[..., None])


def _headland(
    stage: Stage, colour: Array, horizon: float, sun_x: float, place: tuple[float, float, float], tone: Array
) -> Array:
    """Land from `place[0]` to `place[1]`, `place[2]` high, warm where it faces the sun."""
    start, end, tall = place
    across = (stage.x - (start + end) / 2) / ((end - start) / 2)
    rise = tall * np.sqrt(np.clip(1 - across**2, 0, 1)) * (1 + 0.25 * stage.noise(0.07, 2))
    warmth = canvas.smoothstep(0.45, 0.1, np.abs(stage.x - sun_x)) * canvas.smoothstep(-0.4, 0.7, stage.noise(0.035, 2))
    land = (stage.y > horizon - rise) & (stage.y < horizon)
    return np.where(land[..., None], canvas.mix(tone, ALPENGLOW, 0.75 * warmth[..., None]), colour)


def _sea(stage: Stage, above: Array, horizon: float, sun_x: float) -> Array:
    """The sky mirrored and broken by ripples, with the sun's path."""
    longer = stage.longer
    depth = np.clip((stage.y - horizon) / (stage.height - horizon), 0, 1)
    rows, columns = np.indices((stage.size[1], stage.size[0]))
    ripple = stage.noise((0.10, 0.014), 3)
    line = horizon * longer
    mirrored = np.clip(2 * line - rows + 0.12 * longer * ripple * depth, 0, line - 1).astype(np.int64)
    aside = np.clip(columns + 0.02 * longer * ripple, 0, stage.size[0] - 1).astype(np.int64)
    # Facets mirror the sky or show the water: a blend of the two would be grey.
    facets = stage.noise((0.05, 0.009), 2) > 0.12 + 0.25 * depth
    water = np.where(facets[..., None], above[mirrored, aside], canvas.ramp(SEA, stage.full(depth)))
    water = canvas.mix(water, RIPPLE, 0.7 * canvas.smoothstep(0.2, 0.5, ripple)[..., None])
    path = np.exp(-(((stage.x - sun_x) / (0.045 + 0.12 * depth)) ** 2))
    path = path * canvas.smoothstep(-0.15, 0.35, -ripple + 0.25 * (1 - depth))
    return canvas.mix(water, GLITTER, 0.92 * path[..., None])


def _boat(stage: Stage, colour: Array, place: tuple[float, float], scale: float, sail: str) -> Array:
    """A boat with two sails whose waterline is at `place`, `scale` high, and its reflection."""
    tone, shade, hull = canvas.rgb([sail, "#8f8fe0", "#4a2a70"])
    parts = (
        (((-0.03, -0.10), (-0.06, -1.0), (-0.42, -0.12)), tone),
        (((0.0, -0.10), (-0.03, -0.92), (0.26, -0.45), (0.34, -0.12)), 0.4 * tone + 0.6 * shade),
        (((-0.40, -0.08), (0.42, -0.08), (0.30, 0.03), (-0.30, 0.03)), hull),
    )
    for stretch, strength in ((-0.75, 0.6), (1.0, 1.0)):  # the reflection, then the boat
        for outline, paint in parts:
            corners = [(place[0] + a * scale, place[1] + stretch * b * scale) for a, b in outline]
            mask = Image.new("L", stage.size, 0)
            ImageDraw.Draw(mask).polygon([(a * stage.longer, b * stage.longer) for a, b in corners], fill=255)
            colour = canvas.mix(colour, paint, np.asarray(mask, np.float32)[..., None] / 255 * strength)
    return colour


def _meadow(stage: Stage, colour: Array) -> Array:
    """A slope in front, rising to the right, with flowers."""
    bumps = stage.noise(0.06, 3)
    below = stage.y - stage.height * (0.985 - 0.26 * (stage.x / stage.width) ** 2.2) - 0.012 * bumps
    ground = below > 0
    colour = np.where(ground[..., None], canvas.ramp(GRASS, np.clip(below * 3.2 + 0.3 * bumps + 0.25, 0, 1)), colour)
    bloom = stage.noise(0.016)
    for flowers, tone in ((bloom > 0.72, "#e8486a"), (bloom < -0.74, "#ffd23c")):
        colour = np.where((ground & flowers)[..., None], canvas.rgb([tone])[0], colour)
    return colour


def _pine(stage: Stage, colour: Array) -> Array:
    """An umbrella pine on the right: a trunk, three boughs and four heaps of leaves lit from the left."""
    longer = stage.longer
    foot = stage.width * stage.rng.uniform(0.83, 0.88)
    mask = Image.new("L", stage.size, 0)
    pen = ImageDraw.Draw(mask)
    ups = np.linspace(0, 1, 30)
    trunk = np.stack([foot + 0.03 * np.sin(ups * 4) - 0.03 * ups, stage.height * (0.88 - 0.66 * ups)], 1)
    for k in range(len(trunk) - 1):
        thick = (0.040 - 0.020 * k / len(trunk)) * longer
        pen.line([tuple(trunk[k] * longer), tuple(trunk[k + 1] * longer)], fill=255, width=max(1, round(thick)))
    for at, reach, rise in ((0.66, -0.16, 0.12), (0.72, 0.12, 0.11), (0.85, -0.07, 0.07)):
        root = trunk[round(at * 29)]
        tip = root + np.array([reach, -rise])
        pen.line([tuple(root * longer), tuple(tip * longer)], fill=255, width=max(1, round(0.013 * longer)))
    bumps, tufts = stage.noise(0.06, 3), stage.noise(0.025, 2)
    shaded = canvas.smoothstep(-0.02, 0.02, stage.x - foot + 0.01 * bumps)
    wood = np.asarray(mask, np.float32)[..., None] / 255
    colour = canvas.mix(colour, canvas.mix(SUNLIT_BARK, BARK, shaded[..., None]), wood)
    top_x, top_y = trunk[-1]
    for dx, dy, wide, tall in ((-0.17, 0.0, 0.13, 0.045), (0.11, 0.01, 0.13, 0.05), (-0.04, -0.055, 0.17, 0.06),
                               (-0.26, 0.035, 0.08, 0.03)):  # fmt: skip
        across, up = (stage.x - top_x - dx) / wide, (top_y + dy - stage.y) / tall
        light = np.clip(0.42 + 0.5 * up - 0.24 * across + 0.2 * bumps + 0.35 * tufts, 0, 1)
        heap = across**2 + up**2 < 1 + 0.35 * bumps
        colour = np.where(heap[..., None], canvas.ramp(LEAVES, light), colour)
    return colour

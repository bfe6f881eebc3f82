"""The design of a woodcut: a peak over a lake in the evening."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from recipes.painters import canvas
from recipes.painters.blocks import PITCH, Print, shrunk


def lake(rng: np.random.Generator, size: tuple[int, int]) -> Print:
    """A peak over a lake in the evening, a row of firs on the far shore, a pine on ours."""
    sheet = Print(rng, size)
    width, height = sheet.width, sheet.height
    shore = height * rng.uniform(0.62, 0.66)
    if rng.uniform() >= 0.5:  # the pine stands on the right: the whole scene is turned over
        sheet.x = width - sheet.x
    _sky(sheet, width * rng.uniform(0.70, 0.78), height * rng.uniform(0.24, 0.30))
    for apex_x, apex_y, slope in (
        (0.97, 0.42, 0.55), (0.12, 0.40, 0.60), (rng.uniform(0.40, 0.48), rng.uniform(0.12, 0.17), 0.80)
    ):  # fmt: skip
        _mountain(sheet, width * apex_x, height * apex_y, slope, shore)
    _water(sheet, shore)
    _firs(sheet, shore)
    _bank(sheet)
    _pine(sheet)
    return sheet


def _sky(sheet: Print, sun_x: float, sun_y: float) -> None:
    """Rings of cuts around a rayed sun: pale near it, cool far from it; streaks of cloud left as paper."""
    x, y, gouge = sheet.x, sheet.y, sheet.gouge
    from_sun, angle = np.hypot(x - sun_x, y - sun_y), np.arctan2(y - sun_y, x - sun_x)
    rings, along = from_sun / PITCH, angle * from_sun
    dusk = canvas.smoothstep(0.10, 0.62, from_sun + 0.25 * (0.35 * sheet.height - y))
    cool = ~gouge.cut(rings, along, 1.02 - dusk, 0.13)
    pale = ~gouge.cut(rings, along, canvas.smoothstep(0.18, 0.55, from_sun), 0.13)
    streak = sheet.noise((0.42, 0.045), 3)
    cloud = (y > 0.06) & (streak > 0.36 + 1.2 * canvas.smoothstep(0.42, 0.16, from_sun))
    below = np.roll(cloud, -int(0.006 * sheet.longer), 0)
    sheet.put(np.ones_like(cloud), cool=cool & ~cloud, pale=pale & ~cloud, warm=cloud & ~below & (dusk < 0.8))
    ray = angle / (2 * np.pi) * 72 + 0.15 * gouge.drift
    length = 0.05 * ((np.floor(ray) * 0.618) % 1)
    sheet.warm |= (np.abs(ray % 1 - 0.5) < 0.22) & (from_sun > 0.10) & (from_sun < 0.13 + length)
    sheet.put(from_sun < 0.084, warm=True)


def _mountain(sheet: Print, apex_x: float, apex_y: float, slope: float, shore: float) -> None:
    """A peak with a shaded and a lit side, snow above and mist below."""
    x, y, gouge = sheet.x, sheet.y, sheet.gouge
    crag = sheet.noise(0.10, 4)
    sideways = x - apex_x + 0.035 * crag
    fall = np.abs(sideways) * slope * (1 - 0.45 * np.minimum(np.abs(sideways), 0.8))
    body = (y > apex_y + fall + 0.010 * crag) & (y < shore)
    down = y - apex_y
    ridge = 0.05 * np.sin(down * 17 + apex_x * 9) * canvas.smoothstep(0.0, 0.25, down) + 0.10 * down
    lit = sideways + 0.03 * sheet.noise(0.05, 2) > ridge
    # Ribs run down from the summit, one face light and the next dark.
    fan = sideways / (0.16 + np.maximum(down, 0))
    ribs = np.sin(fan * 13 + 3.0 * sheet.noise(0.22, 2) + down * 6)
    face = np.where(lit, 0.72 + 0.30 * ribs, 0.30 + 0.26 * ribs)
    foot = canvas.smoothstep(shore - 0.13, shore - 0.02, y + 0.02 * crag)
    face = np.clip(face + 0.75 * foot, 0, 1.2)  # mist over the water
    direction = np.where(lit, 0.62, -0.62).astype(np.float32)
    across = (x - direction * y) * 0.85 / PITCH + 0.9 * crag
    along = (y + direction * x) * 0.85
    key = ~gouge.cut(across, along, face, 0.06)
    snow = (down + 0.07 * crag + 0.05 * ribs < 0.24 * (shore - apex_y) / 0.34) & (foot < 0.3)
    key = np.where(snow & lit, ~gouge.cut(across, along, 0.90 + 0.3 * ribs, 0.06), key)
    key = np.where(snow & ~lit, ~gouge.cut(across, along, np.clip(0.62 + 0.3 * ribs, 0, 0.88), 0.06), key)
    cool = (~lit | (~snow & (ribs < 0.1))) & ~gouge.cut(y / PITCH + crag, x + 0 * y, 1.2 * foot, 0.15)
    warm = lit & ~snow & (ribs >= 0.1) & ~gouge.cut(across + 0.5, along, 0.45 + 0.9 * foot, 0.06)
    outline = body & ~shrunk(body, 0.0016 * sheet.longer)
    sheet.put(body, key=key | outline, cool=cool & ~snow | (snow & ~lit), warm=warm, pale=~snow & (lit | (foot > 0.35)))


def _water(sheet: Print, shore: float) -> None:
    """The lake mirrors what stands above it, broken into level cuts."""
    x, y, gouge, longer = sheet.x, sheet.y, sheet.gouge, sheet.longer
    rows, columns = np.indices(sheet.key.shape)
    depth = np.clip((y - shore) / (sheet.height - shore), 0, 1)
    ripple = sheet.noise((0.12, 0.012), 2)
    line = int(shore * longer)
    mirrored = np.clip(2 * line - rows, 0, line - 1)
    aside = np.clip(columns + (ripple * (0.004 + 0.035 * depth) * longer).astype(np.int64), 0, sheet.size[0] - 1)
    soft = 0.004 * longer
    tones = {
        name: ndimage.gaussian_filter(getattr(sheet, name).astype(np.float32), soft)[mirrored, aside]
        for name in ("key", "cool", "warm")
    }
    # Level lines, further apart towards us.
    across = np.log(0.25 + depth) * (0.62 * (sheet.height - shore) / PITCH) + 0.5 * ripple
    key = ~gouge.cut(across, x + 0 * y, np.clip(1.12 - 1.05 * tones["key"] - 0.10 * (1 - depth), 0.1, 1), 0.11)
    cool = ~gouge.cut(across + 0.5, x + 0 * y, np.clip(0.62 - 0.75 * tones["cool"] - 0.25 * depth, 0, 1), 0.14)
    warm = (tones["warm"] > 0.3) & ~gouge.cut(across + 0.3, x + 0 * y, np.full_like(ripple, 0.45), 0.08)
    sheet.put(np.broadcast_to(y >= shore, key.shape), key=key, cool=cool & ~warm, warm=warm)


def _firs(sheet: Print, shore: float) -> None:
    """A row of firs along the far shore, lit from the right."""
    rng = sheet.rng
    for _ in range(70):
        foot_x, tall = rng.uniform(-0.02, sheet.width + 0.02), rng.uniform(0.035, 0.085)
        boughs = rng.uniform(6, 8)
        spot = sheet.near(foot_x, shore, tall)
        across, up = spot.x - foot_x, (shore + 0.004 - spot.y) / tall
        half = tall * 0.24 * (1 - up) * (0.45 + 0.85 * (1 - (up * boughs) % 1))
        tree = (np.abs(across) < np.maximum(half, 0.0012)) & (up > 0) & (up < 1)
        droop = (spot.y + 0.9 * np.abs(across)) / (0.8 * PITCH)
        light = np.where(across > 0.1 * half, 0.38, 0.0)
        spot.put(tree, key=~spot.gouge.cut(droop, spot.x + 0 * spot.y, light, 0.03), cool=True)
    sheet.put(np.abs(sheet.y - shore - 0.003) < 0.0035 + 0.002 * sheet.gouge.pressure, key=True)


def _bank(sheet: Print) -> None:
    """The grassy bank we stand on."""
    x, y, gouge = sheet.x, sheet.y, sheet.gouge
    hump = sheet.height * (0.955 - 0.12 * np.exp(-((x / sheet.width / 0.26) ** 2))) + 0.006 * gouge.drift
    down = (y - hump) / PITCH
    blades = gouge.cut(x / (0.8 * PITCH) + 0.25 * down, y + 0 * x, np.clip(0.55 - 0.04 * down, 0.12, 0.55), 0.05)
    sheet.put(y > hump, key=~blades, cool=True)


# Of the boughs of the pine: how far up the trunk, how far they reach and rise, how large a pad of needles they carry.
BOUGHS = (
    (0.42, 0.20, 0.02, 0.085), (0.52, -0.13, 0.02, 0.065), (0.63, 0.255, 0.05, 0.095), (0.72, -0.12, 0.03, 0.07),
    (0.80, 0.15, 0.04, 0.08), (0.90, -0.06, 0.03, 0.075), (0.99, 0.06, 0.015, 0.085),
)  # fmt: skip


def _pine(sheet: Print) -> None:
    """An old pine: a bent trunk, boughs, and pads of needles."""
    rng, x, y, gouge = sheet.rng, sheet.x, sheet.y, sheet.gouge
    ups = np.linspace(0, 1, 40)
    bend = 0.055 * np.sin(ups * 5.2 + 0.4) + 0.035 * ups
    trunk = np.stack([(0.115 + bend) * sheet.width, sheet.height * (0.90 - 0.83 * ups)], 1)
    mask = Image.new("L", sheet.size, 0)
    pen = ImageDraw.Draw(mask)
    _limb(pen, sheet.longer, trunk, 0.022, 0.007)
    pads = []
    for at, reach, rise, pad in BOUGHS:
        root = trunk[round(at * 39)]
        tip = root + np.array([reach * rng.uniform(0.9, 1.1), -rise])
        middle = (root + tip) / 2 + np.array([0, 0.018 * rng.uniform(0.5, 1.5)])
        t = np.linspace(0, 1, 16)[:, None]
        _limb(pen, sheet.longer, (1 - t) ** 2 * root + 2 * t * (1 - t) * middle + t**2 * tip, 0.008, 0.003)
        pads += [(tip, pad), (0.45 * root + 0.55 * tip - np.array([0, 0.012]), 0.7 * pad)]
    wood = np.asarray(mask, bool)
    if x[0, 0] > x[0, -1]:
        wood = wood[:, ::-1]
    bark = gouge.cut((x + 0.012 * gouge.drift) / (0.75 * PITCH), y + 0 * x, sheet.full(np.float32([[0.38]])), 0.035)
    sheet.put(wood, key=~bark | (wood & ~shrunk(wood, 0.002 * sheet.longer)), warm=True)
    for place, pad in pads:
        _needles(sheet, place, pad)


def _needles(sheet: Print, place: NDArray[np.float64], pad: float) -> None:
    """A heap of shells, the upper ones first: needles spread from the foot of each shell."""
    rng = sheet.rng
    for layer, count in enumerate((2, 3, 4)):
        for lobe in np.linspace(-1, 1, count):
            radius = pad * rng.uniform(0.36, 0.44)
            foot_x = place[0] + pad * (lobe * (0.22 + 0.24 * layer) + rng.uniform(-0.06, 0.06))
            foot_y = place[1] + pad * (0.20 * layer - 0.24 + rng.uniform(-0.04, 0.04))
            spot = sheet.near(foot_x, foot_y, 1.1 * radius)
            dx, dy = spot.x - foot_x, spot.y - foot_y
            distance, needle = np.hypot(dx, 1.25 * dy), np.arctan2(-dy, dx) / np.pi * 17
            rim = radius * (0.86 + 0.28 * np.abs(needle % 1 - 0.5))
            light = np.where(distance > 0.34 * radius, 0.50, 0.0)
            cuts = spot.gouge.cut(needle + 0.5, distance - 0.30 * radius, light, 0.62 * radius, drift=0.05)
            spot.put((distance < rim) & (dy < 0.10 * radius), key=~cuts | (distance > 0.93 * rim), cool=True)


def _limb(pen: ImageDraw.ImageDraw, longer: int, path: NDArray[np.float64], start: float, end: float) -> None:
    """A tapering stroke along a path (n, 2), `start` and `end` its half widths."""
    for (x0, y0), (x1, y1), t in zip(path[:-1], path[1:], np.linspace(0, 1, len(path) - 1), strict=True):
        radius = (start + (end - start) * t) * longer
        a, b = (x0 * longer, y0 * longer), (x1 * longer, y1 * longer)
        pen.line([a, b], fill=255, width=max(1, round(2 * radius)))
        pen.ellipse([b[0] - radius, b[1] - radius, b[0] + radius, b[1] + radius], fill=255)

"""The design of a stained glass window: which pane each pixel belongs to and what glass it is cut from.

One design is a landscape of its own; the other grows its panes from a photograph.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.spatial import KDTree

from recipes.painters import canvas
from recipes.painters.canvas import Array

Labels = NDArray[np.int64]
Mask = NDArray[np.bool_]

ROLES = (
    "sun", "glow", "dawn", "rose", "sky", "deep sky", "far ridge", "near ridge",
    "meadow", "hill", "wood", "bright water", "water", "deep water", "petal", "dark petal", "border",
)  # fmt: skip
"""What the colours of the palette are for, in order, when there is no photograph."""

# Numbers of parts that are looked for later. A photograph has a part for each colour of the palette, so far fewer.
RIVER, FLOWERS, BORDER = 1010, 1030, 1090


class Window(canvas.Stage):
    """The map of panes, laid part over part.

    `part` (h, w) tells sky from hill, `pane` the pieces inside a part, `tone` where in the palette the glass is cut
    from: 4.5 lies between colours 4 and 5. `bloom` (h, w) is light from the sun itself.
    """

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]) -> None:
        super().__init__(rng, size)
        shape = (size[1], size[0])
        self.part = np.zeros(shape, np.int64)
        self.pane = np.zeros(shape, np.int64)
        self.tone = np.zeros(shape, np.float32)
        self.bloom = np.zeros(shape, np.float32)

    def lay(self, where: Mask, part: int, pane: Labels, tone: Array | float) -> None:
        """Cover `where` with a part."""
        where = np.broadcast_to(where, self.part.shape)
        self.part[where] = part
        self.pane[where] = np.broadcast_to(pane, where.shape)[where]
        self.tone[where] = np.broadcast_to(tone, where.shape)[where]

    def line(self, bumps: float, seed_phase: float) -> Array:
        """A rolling line (1, w) about -1..1 with roughly `bumps` rises across the picture."""
        across = self.x / self.width * 2 * np.pi
        waves = [np.sin(across * bumps * 0.5 * f + seed_phase * 7 * f) / f for f in (1, 1.9, 3.1)]
        return np.asarray(sum(waves) / 1.6, np.float32)

    def cells(self, step: tuple[float, float]) -> Labels:
        """Voronoi cells around a jittered brick grid of `step` (x, y)."""
        columns, rows = np.arange(-1, self.width / step[0] + 2), np.arange(-1, self.height / step[1] + 2)
        grid = np.stack(np.meshgrid(columns, rows), -1).astype(np.float32)
        grid[1::2, :, 0] += 0.5
        sites = (grid + self.rng.uniform(-0.32, 0.32, grid.shape)).reshape(-1, 2)
        pixels = np.stack(np.broadcast_arrays(self.x / step[0], self.y / step[1]), -1).reshape(-1, 2)
        return KDTree(sites).query(pixels)[1].reshape(self.part.shape).astype(np.int64)

    def courses(self, across: Array, along: Array, height: float, length: float) -> Labels:
        """Courses of `height` in the coordinate `across`, each cut at its own places about `length` apart along it."""
        course = np.floor(across / height).astype(np.int64)
        offsets, stretch = self.rng.uniform(0, 1, 4096), self.rng.uniform(0.75, 1.35, 4096)
        cut = np.floor(along / (length * stretch[course % 4096]) + offsets[course % 4096]).astype(np.int64)
        return course * 1000 + cut


def landscape(rng: np.random.Generator, size: tuple[int, int]) -> Window:
    """A low sun, hills, a river towards us, cypresses and poppies, in a border."""
    window = Window(rng, size)
    wobble, fine = window.noise(0.35), window.noise(0.12)
    horizon = window.height * rng.uniform(0.50, 0.56)
    sun = (window.width * rng.uniform(0.40, 0.60), horizon - window.height * rng.uniform(0.12, 0.17))
    _sky(window, sun, wobble, fine)
    _hills(window, horizon, wobble, fine)
    _river(window, horizon, sun[0], wobble, fine)
    _cypresses(window)
    _poppies(window)
    _border(window)
    return window


def _sky(window: Window, sun: tuple[float, float], wobble: Array, fine: Array) -> None:
    """Rays cut by rings, more rays further out, the rings of neighbours half a step apart."""
    from_sun = np.hypot(window.x - sun[0], window.y - sun[1])
    angle = np.arctan2(window.y - sun[1], window.x - sun[0]) + 0.13 * wobble + 0.8 * from_sun
    turn = (angle / (2 * np.pi)) % 1
    out = np.log(np.maximum(from_sun + 0.006 * fine, 0.001) / 0.078) / np.log(1.4)
    rays = np.where(out < 1, 14, np.where(out < 4, 28, 42))
    ray = np.floor(turn * rays).astype(np.int64)
    ring = np.floor(out + 0.5 * (ray % 2) * (out >= 2)).astype(np.int64)
    tone = np.interp(from_sun + 0.03 * wobble, [0.08, 0.14, 0.22, 0.31, 0.43, 0.58], [1, 1.5, 2.3, 3.2, 4.2, 5])
    window.lay(np.ones_like(ray, bool), 1, (rays * 100 + ray) * 100 + ring, tone.astype(np.float32))
    window.lay(from_sun < 0.078, 2, np.zeros_like(ray), 0.6)
    window.lay(from_sun < 0.052, 2, np.ones_like(ray), 0.0)
    window.bloom = np.exp(-((from_sun / 0.2) ** 2))


def _hills(window: Window, horizon: float, wobble: Array, fine: Array) -> None:
    """Two ridges of facets, then meadows in courses that follow their own backs."""
    rng, x, y = window.rng, window.x, window.y
    far = horizon - 0.035 - 0.055 * window.line(3, rng.uniform()) - 0.012 * window.line(11, rng.uniform())
    window.lay(y > far, 3, window.cells((0.075, 0.05)), 6.0)
    near = horizon + 0.015 - 0.045 * window.line(2.4, rng.uniform()) - 0.01 * window.line(9, rng.uniform())
    window.lay(y > near, 4, window.cells((0.085, 0.05)), 7.0)
    for k in range(4):
        rise = (0.03 + 0.008 * k) * window.line(1.6 + 0.3 * k, rng.uniform())
        back = horizon + window.height * (0.06 + 0.095 * k) - rise
        along = x + rng.uniform(-0.6, 0.6) * y + 0.02 * wobble
        pane = window.courses(y - back + 0.006 * fine, along, 0.034 + 0.008 * k, 0.12 + 0.02 * k)
        window.lay(y > back, 5 + k, pane, 8 + np.clip((y - back) / 0.16 + 0.5 * (k % 2), 0, 1.6))


def _river(window: Window, horizon: float, source: float, wobble: Array, fine: Array) -> None:
    """A river that winds from below the sun to us, in ripples."""
    height = window.height
    depth = np.clip((window.y - horizon - 0.045 * height) / (height * 0.955 - horizon), 0, 1)
    sway = np.sin(depth * 4.6 + window.rng.uniform(-0.4, 0.4)) * (0.25 + depth)
    half = 0.012 + 0.17 * depth**1.5 + 0.006 * fine
    side = (window.x - source - 0.16 * window.width * sway) / half
    ripple = np.log(0.12 + depth) + 0.02 * np.sin(side * 4 + 9 * depth)
    pane = window.courses(ripple, side + 3 * wobble * depth, 0.105, 0.95)
    tone = 11 + np.clip(np.abs(side) * 1.1 + 1.1 * depth**2, 0, 2)
    window.lay((np.abs(side) < 1) & (depth > 0), RIVER, pane, tone)


def _cypresses(window: Window) -> None:
    """Flames of two tongues, lighter towards the middle of the picture."""
    trees = ((0.10, 0.86, 0.60), (0.19, 0.80, 0.42), (0.895, 0.88, 0.54), (0.80, 0.80, 0.33))
    for k, (at, foot, tall) in enumerate(trees):
        middle = window.width * at + window.rng.uniform(-0.01, 0.01)
        tall *= window.height
        up = (window.height * foot - window.y) / tall
        across = (window.x - middle - 0.006 * np.sin(5 * up + k)) / (0.115 * tall)
        outline = 2.1 * np.clip(up, 0, 1) ** 0.45 * np.clip(1 - up, 0, 1) ** 0.85
        tongue = np.floor(across + 0.32 * np.sin(8 * up + 2 * k) + 10)
        piece = np.floor(up * tall / 0.07 + 0.5 * (tongue % 2) + 0.5 * np.abs(across))
        inwards = np.clip(across if at < 0.5 else -across, -1, 1)
        window.lay(np.abs(across) < outline, 20 + k, (tongue * 100 + piece).astype(np.int64), 10 - 0.45 * (1 + inwards))


def _poppies(window: Window, count: int = 9) -> None:
    """Flowers of five petals in the foreground, none on top of another or in the water."""
    rng = window.rng
    places: list[tuple[float, float]] = []
    for _ in range(400):
        across, down = rng.uniform(0.07, 0.93) * window.width, rng.uniform(0.77, 0.92) * window.height
        dry = window.part[int(down * window.longer), int(across * window.longer)] != RIVER
        if len(places) < count and dry and all(np.hypot(across - a, down - d) > 0.098 for a, d in places):
            places.append((across, down))
    for k, (across, down) in enumerate(places):
        radius = rng.uniform(0.034, 0.044)
        angle = np.arctan2(window.y - down, window.x - across) + rng.uniform(0, 2 * np.pi)
        distance = np.hypot(window.x - across, (window.y - down) * 1.12)
        petal = np.floor(angle / (2 * np.pi) * 5).astype(np.int64)
        outline = radius * (0.78 + 0.22 * np.abs(np.sin(angle * 2.5)))
        window.lay(distance < outline, FLOWERS + k, petal, 14 + 0.7 * (petal % 2))
        window.lay(distance < radius * 0.33, FLOWERS + 30 + k, np.zeros_like(petal), 1.0)


def _border(window: Window, thick: float = 0.034) -> None:
    """Blocks of two colours all round, with corners of a third."""
    x, y, width, height = window.x, window.y, window.width, window.height
    sideways, upright = np.minimum(x, width - x), np.minimum(y, height - y)
    beside = sideways < upright
    block = np.where(beside, np.floor(y / height * 9), np.floor(x / width * 12)).astype(np.int64)
    tone = np.where(block % 2 == 0, 16.0, 13.0).astype(np.float32)
    window.lay(np.minimum(sideways, upright) < thick, BORDER, block + 100 * beside, tone)
    corner = np.zeros_like(block) + (x > width / 2) + 2 * (y > height / 2)
    window.lay((sideways < thick) & (upright < thick), BORDER + 1, corner, 14.0)


def regions(rng: np.random.Generator, size: tuple[int, int], photo: Image.Image, colours: Array, panes: int) -> Window:
    """Panes grown from a photograph: k-means on place and blurred colour, each cut from the nearest palette glass."""
    window = Window(rng, size)
    seen = canvas.oklab(canvas.guide(photo, size))
    weight = 0.55  # one unit of Oklab counts as much as so many longer sides
    blurred = np.dstack([ndimage.gaussian_filter(seen[..., i], 0.008 * window.longer) for i in range(3)])
    features = np.dstack([window.full(window.x), window.full(window.y), weight * blurred]).reshape(-1, 5)
    sample = features[rng.choice(len(features), min(len(features), 120 * panes), replace=False)]
    centres = sample[:panes].copy()
    for _ in range(8):
        nearest = KDTree(centres).query(sample)[1]
        count = np.bincount(nearest, minlength=panes)[:, None]
        total = np.stack([np.bincount(nearest, sample[:, i], panes) for i in range(5)], 1)
        centres = np.where(count > 0, total / np.maximum(count, 1), centres)
    pane = KDTree(centres).query(features)[1].reshape(window.part.shape)
    glass = canvas.oklab(colours)
    choice = ((glass[None] - centres[:, None, 2:] / weight) ** 2).sum(-1).argmin(1)
    window.lay(np.ones_like(pane, bool), 1, pane, choice[pane].astype(np.float32))
    window.part = choice[pane] + 1
    return window

"""Geometric abstraction: discs, beams, grids and floating shapes on a ground, as in the 1910s."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from recipes.painters import canvas
from recipes.painters.canvas import Array, Palette

Point = tuple[float, float]


class Easel:
    """A sheet to draw flat and see-through shapes on; lengths are in longer sides."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int], colours: Array) -> None:
        self.rng, self.size, self.longer = rng, size, max(size)
        self.width, self.height = size[0] / self.longer, size[1] / self.longer
        self.colours = [tuple(int(255 * value) for value in colour) for colour in colours]
        self.image = Image.new("RGB", size, self.colours[-1])
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def colour(self, opacity: float = 1.0) -> tuple[int, ...]:
        """A random ink of the palette, more or less see-through."""
        return (*self.colours[int(self.rng.integers(len(self.colours)))], int(255 * opacity))

    def place(self, margin: float = 0.0) -> Point:
        x, y = self.rng.uniform(margin, 1 - margin, 2)
        return float(x * self.width), float(y * self.height)

    def polygon(self, corners: list[Point], fill: tuple[int, ...]) -> None:
        self.pen.polygon([(x * self.longer, y * self.longer) for x, y in corners], fill=fill)

    def disc(self, at: Point, radius: float, fill: tuple[int, ...], turns: Point = (0.0, 1.0)) -> None:
        """A disc, or the sector between two turns."""
        box = [(value + sign * radius) * self.longer for sign in (-1, 1) for value in at]
        self.pen.pieslice(box, 360 * turns[0], 360 * turns[1], fill=fill)

    def ring(self, at: Point, radius: float, width: float, fill: tuple[int, ...], turns: Point = (0.0, 1.0)) -> None:
        box = [(value + sign * radius) * self.longer for sign in (-1, 1) for value in at]
        self.pen.arc(box, 360 * turns[0], 360 * turns[1], fill=fill, width=max(1, round(width * self.longer)))

    def line(self, points: list[Point], width: float, fill: tuple[int, ...]) -> None:
        pixels = [(x * self.longer, y * self.longer) for x, y in points]
        self.pen.line(pixels, fill=fill, width=max(1, round(width * self.longer)), joint="curve")


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    composition: str | None = None,
    supersampling: int = 3,
) -> Image.Image:
    """A composition, one of COMPOSITIONS; the palette's last colour is the ground. A photograph is not used."""
    big = (size[0] * supersampling, size[1] * supersampling)
    easel = Easel(rng, big, canvas.rgb(palette))
    COMPOSITIONS[composition or str(rng.choice(list(COMPOSITIONS)))](easel)
    colour = np.asarray(easel.image, np.float32).reshape(size[1], supersampling, size[0], supersampling, 3)
    colour = colour.mean((1, 3)) / 255
    weave = 0.02 * canvas.noise(rng, size, 0.004) + rng.uniform(0.02, 0.08) * canvas.noise(rng, size, 0.2, 5)
    return canvas.picture(colour * (1 + weave[..., None]))


def discs(easel: Easel) -> None:
    """Discs of rings cut into sectors, each ring changing its colour from sector to sector."""
    for _ in range(int(easel.rng.integers(2, 7))):
        at, radius = easel.place(), easel.rng.uniform(0.12, 0.45)
        rings, sectors = int(easel.rng.integers(3, 8)), int(easel.rng.choice([2, 4, 4, 6]))
        first = easel.rng.uniform()
        for ring in range(rings, 0, -1):
            for sector in range(sectors):
                turns = (first + sector / sectors, first + (sector + 1) / sectors)
                easel.disc(at, radius * ring / rings, easel.colour(), turns)


def floating(easel: Easel) -> None:
    """Circles, beams, triangles, arcs, checkerboards and waves, thrown over each other."""
    for _ in range(int(easel.rng.integers(2, 5))):  # large, pale and see-through first
        easel.disc(easel.place(), easel.rng.uniform(0.1, 0.35), easel.colour(0.35))
    parts = (_beam, _triangle, _target, _checkerboard, _wave, _arcs, _fan)
    for _ in range(int(easel.rng.integers(12, 28))):
        parts[int(easel.rng.integers(len(parts)))](easel)


def _beam(easel: Easel) -> None:
    (x, y), turn = easel.place(), easel.rng.uniform(0, np.pi)
    reach = easel.rng.uniform(0.1, 0.6)
    dx, dy = reach * np.cos(turn), reach * np.sin(turn)
    easel.line([(x - dx, y - dy), (x + dx, y + dy)], easel.rng.uniform(0.003, 0.02), easel.colour(0.95))


def _triangle(easel: Easel) -> None:
    x, y = easel.place()
    turns = easel.rng.uniform(0, 2 * np.pi, 3)
    reach = easel.rng.uniform(0.04, 0.25, 3)
    corners = [(x + r * np.cos(t), y + r * np.sin(t)) for r, t in zip(reach, turns, strict=True)]
    easel.polygon(corners, easel.colour(easel.rng.uniform(0.5, 1)))


def _target(easel: Easel) -> None:
    at, radius = easel.place(), easel.rng.uniform(0.02, 0.12)
    for share in np.linspace(1, 0.25, int(easel.rng.integers(1, 5))):
        easel.disc(at, radius * share, easel.colour(0.95))


def _checkerboard(easel: Easel) -> None:
    (x, y), cell, turn = easel.place(), easel.rng.uniform(0.012, 0.035), easel.rng.uniform(-0.6, 0.6)
    inks = (easel.colour(), easel.colour())
    right, down = cell * np.array([np.cos(turn), np.sin(turn)]), cell * np.array([-np.sin(turn), np.cos(turn)])
    for row in range(int(easel.rng.integers(2, 6))):
        for column in range(int(easel.rng.integers(3, 6))):
            corner = np.array([x, y]) + column * right + row * down
            corners = [corner, corner + right, corner + right + down, corner + down]
            easel.polygon([tuple(point) for point in corners], inks[(row + column) % 2])


def _wave(easel: Easel) -> None:
    (x, y), turn, reach = easel.place(), easel.rng.uniform(0, 2 * np.pi), easel.rng.uniform(0.1, 0.4)
    t = np.linspace(0, 1, 40)
    swing = easel.rng.uniform(0.01, 0.05) * np.sin(2 * np.pi * easel.rng.uniform(1, 4) * t)
    across = x + reach * t * np.cos(turn) - swing * np.sin(turn)
    down = y + reach * t * np.sin(turn) + swing * np.cos(turn)
    easel.line(list(zip(across, down, strict=True)), easel.rng.uniform(0.003, 0.012), easel.colour())


def _arcs(easel: Easel) -> None:
    at, start, sweep = easel.place(), easel.rng.uniform(), easel.rng.uniform(0.2, 0.6)
    ink = easel.colour()
    for step in range(int(easel.rng.integers(1, 5))):
        easel.ring(at, 0.05 + 0.03 * step + easel.rng.uniform(0, 0.1), 0.006, ink, (start, start + sweep))


def _fan(easel: Easel) -> None:
    (x, y), start, reach = easel.place(), easel.rng.uniform(0, 2 * np.pi), easel.rng.uniform(0.1, 0.35)
    ink = easel.colour()
    for turn in start + np.arange(int(easel.rng.integers(3, 9))) * easel.rng.uniform(0.04, 0.12):
        easel.line([(x, y), (x + reach * np.cos(turn), y + reach * np.sin(turn))], 0.003, ink)


def grid(easel: Easel) -> None:
    """Black bars and rectangles, some of them coloured."""
    dark = min(easel.colours, key=sum)
    rectangles = [(0.0, 0.0, easel.width, easel.height)]
    for _ in range(int(easel.rng.integers(5, 16))):
        index = max(range(len(rectangles)), key=lambda i: _area(rectangles[i]) * easel.rng.uniform(0.3, 1))
        left, top, right, bottom = rectangles.pop(index)
        share = easel.rng.uniform(0.25, 0.75)
        if right - left > bottom - top:
            middle = left + share * (right - left)
            rectangles += [(left, top, middle, bottom), (middle, top, right, bottom)]
        else:
            middle = top + share * (bottom - top)
            rectangles += [(left, top, right, middle), (left, middle, right, bottom)]
    bar = easel.rng.uniform(0.004, 0.02)
    coloured = easel.rng.uniform(0.3, 1)
    for left, top, right, bottom in rectangles:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        if easel.rng.uniform() < coloured:
            easel.polygon(corners, easel.colour())
        easel.line([*corners, corners[0]], bar, (*dark, 255))


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def patchwork(easel: Easel) -> None:
    """Uneven rows of squares, many of them halved or with a mark within."""
    cell = easel.rng.uniform(0.06, 0.16)
    marked = easel.rng.uniform(0, 0.8)
    for y in np.arange(0, easel.height, cell):
        for x in np.arange(0, easel.width, cell):
            corners = [(x, y), (x + cell, y), (x + cell, y + cell), (x, y + cell)]
            easel.polygon(corners, easel.colour())
            if easel.rng.uniform() < marked:
                skip = int(easel.rng.integers(4))
                half = [corner for i, corner in enumerate(corners) if i != skip]
                if easel.rng.uniform() < 0.5:
                    easel.polygon(half, easel.colour())
                else:
                    easel.disc((x + cell / 2, y + cell / 2), cell * easel.rng.uniform(0.2, 0.5), easel.colour())


def suspended(easel: Easel) -> None:
    """A few turned rectangles, bars and a disc afloat on the bare ground."""
    lean = easel.rng.uniform(-0.8, 0.8)
    for _ in range(int(easel.rng.integers(6, 20))):
        (x, y), turn = easel.place(0.1), lean + easel.rng.choice([0, 0, np.pi / 2]) + easel.rng.normal(0, 0.08)
        long, short = easel.rng.uniform(0.05, 0.3), easel.rng.uniform(0.008, 0.12)
        right, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        corners = [
            np.array([x, y]) + a * long * right + b * short * down for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        easel.polygon([tuple(corner) for corner in corners], easel.colour())
    easel.disc(easel.place(0.15), easel.rng.uniform(0.03, 0.15), easel.colour())


def stripes(easel: Easel) -> None:
    """Parallel bands that bend together, in alternating inks."""
    pitch, turn = easel.rng.uniform(0.015, 0.06), easel.rng.uniform(0, np.pi)
    swing, waves = easel.rng.uniform(0, 0.08), easel.rng.uniform(0.5, 3)
    t = np.linspace(-1, 2, 120)
    bend = swing * np.sin(2 * np.pi * waves * t)
    inks = [easel.colour() for _ in range(int(easel.rng.integers(2, 5)))]
    for number, offset in enumerate(np.arange(-1.2, 1.8, pitch)):
        across = (t - 0.5) * np.cos(turn) - (offset + bend) * np.sin(turn) + 0.5
        down = (t - 0.5) * np.sin(turn) + (offset + bend) * np.cos(turn) + 0.3
        ink = inks[number % len(inks)]
        easel.line(list(zip(across, down, strict=True)), pitch * 1.02, ink)


COMPOSITIONS: dict[str, Callable[[Easel], None]] = {
    "discs": discs,
    "floating": floating,
    "grid": grid,
    "patchwork": patchwork,
    "suspended": suspended,
    "stripes": stripes,
}

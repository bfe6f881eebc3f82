"""Marbled paper: drops of ink on a bath, combed and curled, then laid on paper.

Every movement of the bath is an exact map of the plane that keeps areas, as in "Mathematical Marbling" (Lu, Jaffer,
Jin, Zhao and Mao, 2012) and Jaffer's notes on the mathematics of marbling: a drop of radius r at c pushes p to
c + (p - c) sqrt(1 + r^2 / |p - c|^2); a tine shears the bath by a function of the distance from its line; a swirl
turns it by a function of the distance from its centre. Their inverses are as exact, so each pixel is followed back in
time until it meets the drop it lies in: edges are sharp at any size.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recipes.painters import canvas
from recipes.painters.canvas import Array, Palette


@dataclass(frozen=True)
class Drop:
    """Ink number `ink` falls at (x, y) and spreads to `radius`."""

    x: float
    y: float
    radius: float
    ink: int

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Where points of the bath go when the drop falls."""
        dx, dy = x - self.x, y - self.y
        stretch = np.sqrt(1 + self.radius**2 / (dx * dx + dy * dy))
        return self.x + dx * stretch, self.y + dy * stretch

    def back(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Where points outside the drop were before it fell."""
        dx, dy = x - self.x, y - self.y
        shrink = np.sqrt(np.maximum(1 - self.radius**2 / (dx * dx + dy * dy), 0))
        return self.x + dx * shrink, self.y + dy * shrink


class Shear(ABC):
    """Every point moves along `angle`, by a distance that depends only on how far across that direction it lies."""

    angle: float

    @abstractmethod
    def shift(self, across: Array) -> Array:
        """How far a point moves at the signed distance `across` from the line through the origin."""

    def _move(self, x: Array, y: Array, sign: float) -> tuple[Array, Array]:
        cos, sin = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        shift = sign * self.shift(y * cos - x * sin)
        return x + shift * cos, y + shift * sin

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Where points go."""
        return self._move(x, y, 1)

    def back(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Where points were before."""
        return self._move(x, y, -1)


@dataclass(frozen=True)
class Comb(Shear):
    """Tines `spacing` apart drawn along `angle` for a distance `pull`; each drags what is within about `reach`.

    With `alternate`, every second tine is drawn the other way, as a rake that goes to and fro.
    """

    angle: float
    offset: float
    spacing: float
    pull: float
    reach: float
    alternate: bool = False

    def shift(self, across: Array) -> Array:
        """How far the bath moves along the comb at the signed distance `across` from the origin."""
        position = (across - self.offset) / self.spacing
        if self.alternate:
            return self.pull * np.cos(np.pi * position)
        # The sum over endlessly many tines of exp(-distance / reach), in closed form, 1 at a tine.
        tightness = self.spacing / self.reach
        from_tine = np.abs(position - np.round(position))
        return self.pull * np.cosh(tightness * (0.5 - from_tine)) / np.cosh(tightness / 2)


@dataclass(frozen=True)
class Wave(Shear):
    """The sheet is laid with a to-and-fro: a shear along `angle` by a sine of the distance across."""

    angle: float
    length: float
    height: float
    phase: float

    def shift(self, across: Array) -> Array:
        """How far the sheet moves along the wave at the signed distance `across` from the origin."""
        return self.height * np.sin(across * (2 * np.pi / self.length) + self.phase)


@dataclass(frozen=True)
class Swirl:
    """A stylus turned at (x, y): `turn` radians at the centre, none beyond `radius`."""

    x: float
    y: float
    radius: float
    turn: float

    def _move(self, x: Array, y: Array, sign: float) -> tuple[Array, Array]:
        dx, dy = x - self.x, y - self.y
        near = np.maximum(1 - np.sqrt(dx * dx + dy * dy) / self.radius, 0)
        angle = sign * self.turn * near * near
        cos, sin = np.cos(angle), np.sin(angle)
        return self.x + dx * cos - dy * sin, self.y + dx * sin + dy * cos

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Where points go when it is turned."""
        return self._move(x, y, 1)

    def back(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Where points were before."""
        return self._move(x, y, -1)


Pattern = Literal["stones", "nonpareil", "curl"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
Move = Drop | Comb | Wave | Swirl


def stones(rng: np.random.Generator, inks: int, cell: float) -> list[Drop]:
    """Ink after ink sprinkled evenly over the bath, then again finer: the early drops end as veins between the late."""
    drops = []
    for spread in (cell, 0.66 * cell):
        for ink in range(inks):
            steps = np.arange(-0.15, 1.15, spread)
            places = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
            places = places + rng.uniform(-0.5, 0.5, places.shape) * spread + rng.uniform(0, spread, 2)
            drops += [Drop(x, y, spread * rng.uniform(0.2, 0.36), ink) for x, y in rng.permutation(places)]
    for _ in range(160):  # a last shake of the brush
        drops.append(Drop(*rng.uniform(-0.1, 1.1, 2), rng.uniform(0.004, 0.012), int(rng.integers(inks))))
    return drops


def draw(rng: np.random.Generator, pattern: Pattern) -> list[Move]:
    """How the bath is moved once the ink is on it."""
    scale = rng.uniform(0.9, 1.1)
    if pattern == "stones":
        return [Wave(rng.uniform(0, np.pi), rng.uniform(0.4, 0.7), 0.05, rng.uniform(0, 2 * np.pi)) for _ in range(2)]
    moves: list[Move] = [
        Comb(np.pi / 2, rng.uniform(), 0.10 * scale, 0.12, 0.03, alternate=True),
        Comb(np.pi / 2, rng.uniform(), 0.07 * scale, 0.09, 0.03, alternate=True),
        Comb(0.0, rng.uniform(), 0.036 * scale, 0.06, 0.014),
    ]
    if pattern == "curl":
        step = 0.29 * scale
        for row in range(-1, 6):
            for column in range(-1, 6):
                x = (column + 0.5 * (row % 2)) * step + rng.uniform(-0.01, 0.01)
                y = (row + 0.4) * step * 0.87 + rng.uniform(-0.01, 0.01)
                moves.append(Swirl(x, y, 0.53 * step, rng.uniform(4.6, 5.4)))
    return moves


def inks_at(moves: Sequence[Move], x: Array, y: Array) -> tuple[NDArray[np.int16], Array]:
    """Which ink lies at each point once all is done (-1: the bare bath), and how near its drop's rim (0..1)."""
    ink = np.full(x.shape, -1, np.int16)
    rim = np.zeros(x.shape, np.float32)
    undecided = np.arange(x.size)
    for move in reversed(moves):
        if isinstance(move, Drop):
            squared = ((x - move.x) ** 2 + (y - move.y) ** 2) / move.radius**2
            inside = squared < 1
            if inside.any():
                ink[undecided[inside]] = move.ink
                rim[undecided[inside]] = squared[inside]
                outside = ~inside
                undecided, x, y = undecided[outside], x[outside], y[outside]
        x, y = move.back(x, y)
    return ink, rim


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    pattern: Pattern | None = None,
    cell: float = 0.17,
    supersampling: int = 3,
) -> Image.Image:
    """A sheet of marbled paper: `palette` is the paper and then the inks in the order they are sprinkled.

    With a photograph, each drop takes the ink nearest to the photograph's colour where it falls. `cell` is the distance
    between the first drops.
    """
    if pattern is None:
        pattern = PATTERNS[int(rng.integers(len(PATTERNS)))]
    colours = canvas.rgb(palette)
    drops = stones(rng, len(colours) - 1, cell)
    if photo is not None:
        drops = _follow(drops, canvas.guide(photo, size), colours[1:])
    moves = [*drops, *draw(rng, pattern)]
    big = (size[0] * supersampling, size[1] * supersampling)
    x, y = canvas.coordinates(big)
    sheet = np.empty((big[1], big[0], 3), np.float32)
    for rows in np.array_split(np.arange(big[1]), max(1, big[0] * big[1] // 400_000)):  # bounds the memory
        across, down = np.broadcast_arrays(x, y[rows])
        ink, rim = inks_at(moves, across.ravel(), down.ravel())
        # Ink gathers at the rim of a drop, which ends as a fine shade along each vein.
        tone = colours[ink + 1] * (1.03 - 0.15 * rim[:, None] ** 3)
        sheet[rows] = tone.reshape(len(rows), big[0], 3)
    fibres = canvas.noise(rng, big, 0.004, octaves=2) + canvas.noise(rng, big, (0.03, 0.003))
    return canvas.picture(sheet * (1 + 0.012 * fibres[..., None]), supersampling)


def _follow(drops: list[Drop], guide: Array, inks: Array) -> list[Drop]:
    height, width = guide.shape[:2]
    longer = max(width, height)
    wanted, inks = canvas.oklab(guide), canvas.oklab(inks)
    followed = []
    for drop in drops:
        row = int(np.clip(drop.y * longer, 0, height - 1))
        column = int(np.clip(drop.x * longer, 0, width - 1))
        ink = int(((inks - wanted[row, column]) ** 2).sum(-1).argmin())
        followed.append(dataclasses.replace(drop, ink=ink))
    return followed

"""The printing blocks of a woodcut and the gouge that carves them."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from recipes.painters import canvas
from recipes.painters.canvas import Array

Mask = NDArray[np.bool_]

PITCH = 0.0085
"""Distance between neighbouring cuts, in longer sides."""


class Gouge:
    """Cuts with a steady hand and a little chance: the same numbers for the same line and place at every size."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]) -> None:
        # Where each line's first cut begins and how long its cuts are, by the line's number.
        self.start = rng.uniform(0, 1, 8192).astype(np.float32)
        self.stretch = rng.uniform(0.7, 1.4, 8192).astype(np.float32)
        self.drift = canvas.noise(rng, size, 0.05, 2)
        self.pressure = canvas.noise(rng, size, 0.02, 2)

    def cut(self, across: Array, along: Array, light: Array | float, length: float = 0.08, drift: float = 0.3) -> Mask:
        """Where wood is taken away, (h, w): lines are 1 apart in `across`; `along` and `length` are in longer sides.

        `light` 0..1 is the share taken from a line's width in the middle of a cut; above 0.9 the ridges between cuts go
        too. `drift` is how far the hand strays from its line.
        """
        across = across + drift * self.drift
        line = np.floor(across).astype(np.int64)
        beside = np.abs(across - line - 0.5)
        place = along / (length * self.stretch[line % 8192]) + self.start[line % 8192]
        from_middle = np.abs(2 * (place - np.floor(place)) - 1)
        taper = 1 - from_middle**3
        width = np.clip(light + 0.12 * self.pressure * (light > 0), 0, 1.2)
        return beside < 0.5 * width * np.where(width > 0.9, 1, taper)


class Print(canvas.Stage):
    """The blocks of a print under construction: each a mask (h, w) of where its ink lies."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]) -> None:
        super().__init__(rng, size)
        shape = (size[1], size[0])
        self.pale, self.cool, self.warm, self.key = (np.zeros(shape, bool) for _ in range(4))
        self.gouge = Gouge(rng, size)

    def put(self, where: Mask, **blocks: Mask | bool) -> None:
        """Within `where`, make each block what is given; blocks not named carry no ink there."""
        for name in ("pale", "cool", "warm", "key"):
            block, ink = getattr(self, name), blocks.get(name, False)
            block[where] = ink[where] if isinstance(ink, np.ndarray) else ink

    def near(self, x: float, y: float, reach: float) -> Print:
        """The part within `reach` of (x, y), as a view: what is put there is put here. It may be empty."""
        rows = _span(np.abs(self.y[:, 0] - y) <= reach)
        columns = _span(np.abs(self.x[0] - x) <= reach)
        view = copy.copy(self)
        view.gouge = copy.copy(self.gouge)
        view.x, view.y = self.x[:, columns], self.y[rows]
        view.size = (view.x.shape[1], view.y.shape[0])
        for name in ("pale", "cool", "warm", "key"):
            setattr(view, name, getattr(self, name)[rows, columns])
        view.gouge.drift, view.gouge.pressure = (a[rows, columns] for a in (self.gouge.drift, self.gouge.pressure))
        return view


def shrunk(mask: Mask, pixels: float) -> Mask:
    """The mask without a rim of so many pixels."""
    return ndimage.distance_transform_edt(mask) > pixels


def _span(inside: Mask) -> slice:
    """From the first True to the last."""
    places = np.flatnonzero(inside)
    return slice(places[0], places[-1] + 1) if len(places) else slice(0, 0)

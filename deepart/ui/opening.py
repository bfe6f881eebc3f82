"""What the tab "Generate" opens with: the finished example, or pictures that the first visitor's page makes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass

from deepart.cache import Studio
from deepart.images import load_image, settings
from deepart.ui.first import first_files
from deepart.ui.pieces import Piece, fresh, name_of

PICTURES = 16  # on the wall that a visitor finds
NAMED = "directions_named"
"""The key under which a picture of the example has the names of its model's directions, strongest first."""


@dataclass(frozen=True)
class Example:
    """The finished example: the pictures, and the names of their model's directions."""

    pieces: tuple[Piece, ...]
    names: tuple[str, ...]


def finished(studio: Studio) -> Example | None:
    """Return the example that the default generator of a studio made; None where there is none. Loads no model."""
    pieces, names = [], []
    for path in first_files(studio, "gan"):
        made = settings(load_image(path)) or {}
        names = made.pop(NAMED)
        pieces.append(Piece(str(path), json.dumps(made, sort_keys=True), name_of(made)))
    return Example(tuple(sorted(pieces, key=lambda one: one.seed or 0)), tuple(names)) if pieces else None


class Opening:
    """Without an example, the pictures that every visitor finds: made for the first, kept while their files last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[Piece] | None = None

    def pieces(self, make: Callable[[], list[Piece] | None]) -> list[Piece] | None:
        """Return them, and make them if nobody has; None when that was stopped."""
        with self._lock:
            if self._made is None or not all(fresh(one.path) for one in self._made):
                self._made = make()
            return self._made

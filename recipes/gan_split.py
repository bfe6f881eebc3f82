"""Which pictures of a data set are trained on, and which are held out to measure by.

Landscapes are many crops and paintings of few photographs, so whole photographs are held out: a held-out picture shares
none with a training picture. Portraits are drawn one by one from seeds, so single pictures are held out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EVERY = 20  # one photograph, or one portrait, in so many is held out
PHOTOGRAPHS = {".jpg", ".jpeg", ".png", ".webp"}


def split(folder: str | Path) -> tuple[list[Path], list[Path]]:
    """Return the paths (training, held out) of a data set's pictures, both in the order of their names."""
    training: list[Path] = []
    held_out: list[Path] = []
    for group in groups(folder):
        for index, paths in enumerate(group):
            (held_out if index % EVERY == EVERY - 1 else training).extend(paths)
    return sorted(training), sorted(held_out)


def halves(folder: str | Path) -> tuple[list[Path], list[Path]]:
    """Return all pictures of a data set as two halves that share no photograph."""
    first: list[Path] = []
    second: list[Path] = []
    for group in groups(folder):
        for index, paths in enumerate(group):
            (second if index % 2 else first).extend(paths)
    return sorted(first), sorted(second)


def groups(folder: str | Path) -> list[list[list[Path]]]:
    """Return the pictures in one or two lists of what must stay together: those of one photograph, and single ones.

    folder: holds pictures/*.png, and manifest.json with {"files": {"pictures/00000.png": {"source": ...}}}. A source
    that is a picture file by its name is a photograph; any other (a seed, a drawing library) is not.
    """
    folder = Path(folder)
    if not (folder / "manifest.json").exists():
        raise SystemExit(f"{folder} is no set of pictures; make it with recipes.gan_data or recipes.own_pictures.")
    files: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    photographs: dict[str, list[Path]] = {}
    single: list[list[Path]] = []
    for name in sorted(name for name in files if name.startswith("pictures/")):
        source = str(files[name]["source"])
        if Path(source).suffix.lower() in PHOTOGRAPHS:
            photographs.setdefault(source, []).append(folder / name)
        else:
            single.append([folder / name])
    return [[photographs[source] for source in sorted(photographs)], single]

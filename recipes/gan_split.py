"""Which pictures of a data set are trained on, and which are held out to measure by.

Of a painting or a photograph there are many crops, so whole ones are held out: a held-out picture shares none with a
training picture. People are drawn one by one from seeds, so single pictures are held out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EVERY = (5, 20)  # one painting or photograph, and one single picture, in so many is held out
PHOTOGRAPHS = {".jpg", ".jpeg", ".png", ".webp"}
OWN = "own"  # kind of what own_pictures made, of files of any name


def split(folder: str | Path) -> tuple[list[Path], list[Path]]:
    """Return the paths (training, held out) of a data set's pictures, both in the order of their names."""
    training: list[Path] = []
    held_out: list[Path] = []
    for group, every in zip(groups(folder), EVERY, strict=True):
        for index, paths in enumerate(group):
            (held_out if index % every == every - 1 else training).extend(paths)
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
    """Return the pictures in two lists of what must stay together: those of one painting, and single ones.

    folder: holds pictures/*.png, and manifest.json with {"files": {"pictures/00000.png": {"source": ...}}}. A source
    that is a picture file by its name, or a picture of one's own, is a painting or a photograph; any other (a seed, a
    drawing library) is not.
    """
    folder = Path(folder)
    if not (folder / "manifest.json").exists():
        raise SystemExit(f"{folder} is no set; make one with recipes.art_pictures, gan_data or own_pictures.")
    files: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    photographs: dict[str, list[Path]] = {}
    single: list[list[Path]] = []
    for name in sorted(name for name in files if name.startswith("pictures/")):
        source = str(files[name]["source"])
        if Path(source).suffix.lower() in PHOTOGRAPHS or files[name].get("kind") == OWN:
            photographs.setdefault(source, []).append(folder / name)
        else:
            single.append([folder / name])
    return [[photographs[source] for source in sorted(photographs)], single]

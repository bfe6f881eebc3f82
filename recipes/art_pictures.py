"""Make training sets of real paintings: landscapes, painted faces, and contents and styles for style transfer.

    python -m recipes.art_pictures art data/gan --set landscapes
    python -m recipes.art_pictures art data/gan --set faces
    python -m recipes.art_pictures art data --set style

`art` holds the paintings and manifest.csv, which names for each file its painter, licence and hash, and the public
repository, commit and path that it is a copy of: that is where to get the paintings. A file that is missing or is not
what its hash says stops the recipe.

For style transfer it copies the files as they are: every painting is a style, and all but drawings and prints, the
faces and the photographs are contents, photographs four times as often.

Of the others it writes <set>/pictures/00000.png and so on, several crops of each painting, and <set>/manifest.json.
What is no landscape and no face seen from the front is left out by name (art_left_out.json).
Pictures that show the same painting, also near-duplicates, name the same source there, by which recipes/gan_split.py
holds out whole paintings.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from recipes import style_data

LEFT_OUT = Path(__file__).with_name("art_left_out.json")
FOLDERS = {"landscapes": "paintings/landscape/", "faces": "faces/"}
LEAST = {"landscapes": 0.8, "faces": 0.92}  # of the shorter side: the smallest crop; eyes stay where they are
CONTENTS = ("landscape", "portrait", "figure", "stilllife")  # kinds of paintings that are contents too
CROPS = 8  # of a painting, every other one mirrored
HASHED = 32  # pixels; side of what a hash looks at
WAVES = 8  # of them each way; the lowest
NEAR = 10  # of a hash's bits that near-duplicates differ in at most, as seen on sheets; 12 brings strangers


def read_manifest(art: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of manifest.csv that the set `name` is made of, in the order of their files."""
    left_out = {stem for stems in json.loads(LEFT_OUT.read_text("utf-8"))[name].values() for stem in stems}
    with (art / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith(FOLDERS[name])]
    kept = sorted((row for row in rows if Path(row["file"]).stem not in left_out), key=lambda row: row["file"])
    for row in kept:
        check_file(art, row)
    return kept


def perceptual_hashes(image: Image.Image) -> NDArray[np.bool_]:
    """Return two hashes (2, 63) of a picture, of the whole and of the square in the middle.

    The signs of its lowest cosine waves about their median: a copy that is smaller, paler or cut a little differs in
    few of them.
    """
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    where = np.arange(HASHED)
    waves = np.cos(np.pi / HASHED * (where + 0.5) * where[:WAVES, None])
    found = []
    for box in ((0, 0, *image.size), (left, top, left + side, top + side)):
        grey = np.asarray(image.convert("L").resize((HASHED, HASHED), Image.Resampling.LANCZOS, box), float)
        numbers = (waves @ grey @ waves.T).ravel()[1:]  # without the mean
        found.append(numbers > np.median(numbers))
    return np.stack(found)


def same_paintings(hashes: NDArray[np.bool_], known: Iterable[str]) -> list[int]:
    """Return for each picture the number of the first one that shows the same painting, itself where it is the first.

    hashes: (N, 2, 63). known: what is known of where each comes from; equal ones are of one painting.
    """
    signs = np.where(hashes, 1.0, -1.0)
    apart = np.full((len(hashes), len(hashes)), np.inf)
    for a in range(2):
        for b in range(2):
            apart = np.minimum(apart, (signs.shape[2] - signs[:, a] @ signs[:, b].T) / 2)
    first = list(range(len(hashes)))
    places: dict[str, int] = {}
    pairs = [(index, places.setdefault(place, index)) for index, place in enumerate(known)]
    for i, j in [*pairs, *np.argwhere(apart <= NEAR)]:
        old, new = max(first[i], first[j]), min(first[i], first[j])
        first = [new if number == old else number for number in first]
    return first


def crops(image: Image.Image, count: int, least: float, side: int, rng: np.random.Generator) -> list[Image.Image]:
    """Return square parts of a picture, `side` pixels wide: the largest in the middle and its mirror image, then random
    ones, every other one mirrored.
    """
    made = []
    for index in range(count):
        part = min(image.size) * (rng.uniform(least, 1) if index > 1 else 1.0)
        across, down = (rng.uniform(), rng.uniform()) if index > 1 else (0.5, 0.5)
        left, top = across * (image.width - part), down * (image.height - part)
        box = (left, top, left + part, top + part)
        cut = image.resize((side, side), Image.Resampling.LANCZOS, box)
        made.append(ImageOps.mirror(cut) if index % 2 else cut)
    return made


def make(art: Path, out: Path, name: str, side: int, seed: int) -> None:
    """Write the set `name` into a folder: its pictures of `side` pixels, and the manifest."""
    rows, hashes = read_manifest(art, name), []
    files: dict[str, Any] = {}
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    for index, row in enumerate(rows):
        with Image.open(art / row["file"]) as opened:
            image = opened.convert("RGB")
        hashes.append(perceptual_hashes(image))
        cut = crops(image, CROPS, LEAST[name], side, np.random.default_rng((seed, index)))
        for number, picture in enumerate(cut, index * CROPS):
            path = out / "pictures" / f"{number:05d}.png"
            style_data.save(picture, path)
            files[f"pictures/{path.name}"] = {"licence": row["licence"], "sha256": style_data.digest(path)}
    origin = [f"{row['source_repository']} {row['source_path']}" for row in rows]
    first = same_paintings(np.stack(hashes), origin)
    for number, entry in enumerate(files.values()):
        entry["source"] = rows[first[number // CROPS]]["file"]
    print(f"{len(files)} pictures of {len(rows)} files, which show {len(set(first))} paintings.")
    packages = sorted({f"{row['source_repository']} {row['source_commit']}" for row in rows})
    style_data.save_manifest(out, dict(package.split() for package in packages), files)


def make_style(art: Path, out: Path) -> None:
    """Write contents/, styles/ and the manifest into a folder."""
    with (art / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["file"])
    files: dict[str, Any] = {}
    for row in rows:
        check_file(art, row)
        top, *rest = row["file"].split("/")
        kinds = ["styles"] if top == "paintings" else []
        kinds += ["contents"] * (4 if top == "photos" else 1 if top == "faces" or rest[0] in CONTENTS else 0)
        for number, kind in enumerate(kinds):
            path = out / kind / "-".join([*rest[:-1], *([str(number)] if number else []), rest[-1]])
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(art / row["file"], path)
            name = path.relative_to(out).as_posix()
            files[name] = {"kind": top, "licence": row["licence"], "sha256": row["sha256"], "source": row["file"]}
    packages = sorted({f"{row['source_repository']} {row['source_commit']}" for row in rows})
    style_data.save_manifest(out, dict(package.split() for package in packages), files)
    print(f"{len(files)} files of {len(rows)}.")


def check_file(art: Path, row: dict[str, str]) -> None:
    """Raise SystemExit for a file that is not there or not what the manifest says."""
    path = art / row["file"]
    if not path.exists() or style_data.digest(path) != row["sha256"]:
        raise SystemExit(
            f"{path} is missing or another picture; it is {row['source_path']} of {row['source_repository']} at "
            f"{row['source_commit']} ({row['note'] or 'its shorter side at most 384 pixels'})."
        )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("art", type=Path, help="folder with manifest.csv and what it names")
    parser.add_argument("out", type=Path, help="folder to write the set's own folder to")
    parser.add_argument("--set", dest="name", choices=[*FOLDERS, "style"], required=True)
    parser.add_argument("--side", type=int, default=64, help="width and height of a picture (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.name == "style":
        make_style(options.art, options.out / options.name)
        return
    make(options.art, options.out / options.name, options.name, options.side, options.seed)


if __name__ == "__main__":
    main()

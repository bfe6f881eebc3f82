"""The recipe of real paintings: what it takes, that copies of a painting stay together, and what it cuts."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recipes import art_pictures

COLUMNS = ("file", "sha256", "licence", "source_repository", "source_commit", "source_path", "note")


def blobs(seed: int, size: tuple[int, int] = (90, 70)) -> Image.Image:
    colours = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """Twelve landscapes, of which the second is a small, pale copy of the first, and one that is left out by name."""
    folder, rows = tmp_path / "art", []
    left_out = next(iter(json.loads(art_pictures.LEFT_OUT.read_text())["landscapes"].values()))[0]
    for index in range(13):
        image = blobs(index)
        if index == 1:
            image = blobs(0).resize((60, 47)).point(lambda value: 40 + 0.7 * value)
        path = folder / "paintings" / "landscape" / (f"{left_out}.jpg" if index == 12 else f"someone-{index:04d}.jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, quality=95)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        name = path.relative_to(folder).as_posix()
        rows.append((name, digest, "public domain", "host/somebody/paintings", "0123abc", f"{index}.jpg", ""))
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return folder


def make(art: Path, out: Path) -> dict[str, dict[str, str]]:
    art_pictures.main([str(art), str(out), "--set", "landscapes", "--side", "16"])
    return json.loads((out / "landscapes" / "manifest.json").read_text())["files"]


def test_a_set_holds_crops_and_mirror_images_of_every_landscape_but_what_is_none(art: Path, tmp_path: Path) -> None:
    files = make(art, tmp_path / "out")
    assert len(files) == 12 * art_pictures.CROPS
    folder = tmp_path / "out" / "landscapes"
    for name, entry in files.items():
        assert entry["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert entry["licence"] == "public domain"
    pictures = [np.array(Image.open(folder / name)) for name in list(files)[: art_pictures.CROPS]]
    assert pictures[0].shape == (16, 16, 3)
    assert (pictures[1] == pictures[0][:, ::-1]).all()
    assert len({picture.tobytes() for picture in pictures}) == art_pictures.CROPS
    again = make(art, tmp_path / "again")
    assert again == files


def test_copies_of_a_painting_name_one_source(art: Path, tmp_path: Path) -> None:
    files = make(art, tmp_path / "out")
    sources = {entry["source"] for entry in files.values()}
    assert len(sources) == 11
    assert "paintings/landscape/someone-0001.jpg" not in sources
    assert len(files) == 12 * art_pictures.CROPS


def test_a_painting_that_is_missing_or_another_is_named(art: Path, tmp_path: Path) -> None:
    path = art / "paintings" / "landscape" / "someone-0003.jpg"
    blobs(99).save(path)
    with pytest.raises(SystemExit, match=r"someone-0003.jpg is missing or another picture; it is 3.jpg of host"):
        make(art, tmp_path / "out")
    path.unlink()
    with pytest.raises(SystemExit, match=r"someone-0003.jpg is missing"):
        make(art, tmp_path / "out")

"""The example pictures: each is listed with its licence, opens, is of a fit size, and comes from its recipe."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepart.ui.i18n import ABOUT
from recipes import make_examples

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "deepart" / "ui" / "examples"
CONTENTS = ROOT / "benchmarks" / "contents"
ENTRY = re.compile(r"^- `([^`]+)`: (CC0|public domain|MIT)\. \w", re.MULTILINE)

# Of each folder: the least and the most pixels of a picture's longer side, and the most bytes of its file.
FIT = {
    "content": (768, 1024, 200_000), "style": (768, 1024, 250_000), "paintings": (400, 1024, 200_000),
    "contents": (512, 512, 100_000), "how": (640, 1280, 50_000), "first": (128, 1024, 600_000),
}  # fmt: skip


def listed(folder: Path) -> dict[str, str]:
    """File to licence, as SOURCES.md says."""
    return dict(ENTRY.findall((folder / "SOURCES.md").read_text(encoding="utf-8")))


def found(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "SOURCES.md")
    return sorted(path.relative_to(folder).as_posix() for path in files)


PICTURES = [EXAMPLES / name for name in found(EXAMPLES) if not name.endswith(".safetensors")] + [
    CONTENTS / name for name in found(CONTENTS)
]


@pytest.mark.parametrize("folder", [EXAMPLES, CONTENTS], ids=lambda folder: folder.name)
def test_every_picture_is_listed_with_its_licence(folder: Path) -> None:
    assert found(folder) == sorted(listed(folder))


def test_there_are_the_promised_examples() -> None:
    names = found(EXAMPLES)
    assert [name for name in names if name.startswith("content/")] == sorted(
        f"content/{name}.jpg" for name in make_examples.APP
    )
    assert [name for name in names if name.startswith("style/")] == sorted(
        f"style/{name}.webp" for name in make_examples.STYLES
    )
    assert sum(name.startswith("paintings/") for name in names) == 8
    assert [name for name in names if name.startswith("how/")] == sorted(f"how/{task}.webp" for task in ABOUT)
    assert found(CONTENTS) == sorted(f"{name}.jpg" for name in make_examples.JUDGING)


def test_what_we_and_our_models_painted_is_ours_and_what_others_did_is_free() -> None:
    for name, licence in listed(EXAMPLES).items():
        assert (licence == "MIT") == name.startswith(("style/", "how/", "first/"))


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_opens_and_is_of_a_fit_size(path: Path) -> None:
    kind = "first" if path.is_relative_to(EXAMPLES / "first") else path.parent.name
    with Image.open(path) as image:
        image.load()
        assert image.format in ("JPEG", "PNG", "WEBP")
        assert image.mode == "RGB"
        low, high, most = FIT[kind]
        assert low <= max(image.size) <= high
        assert kind == "how" or max(image.size) <= 2 * min(image.size)  # those are parts beside each other
        assert not image.getexif()  # nothing about a camera or its owner
    assert path.stat().st_size <= most


def test_the_examples_are_light() -> None:
    assert sum((EXAMPLES / name).stat().st_size for name in found(EXAMPLES)) < 5_000_000


@pytest.mark.parametrize("name", make_examples.STYLES)
def test_a_committed_style_comes_from_its_recipe(name: str) -> None:
    def coarse(image: Image.Image) -> np.ndarray:
        return np.asarray(image.resize((16, 12), Image.Resampling.BOX), np.float64) / 255

    with Image.open(EXAMPLES / "style" / f"{name}.webp") as image:
        committed = coarse(image.convert("RGB"))
    same = np.abs(coarse(make_examples.paint(name, (128, 96))) - committed).mean()
    other = np.abs(coarse(make_examples.paint(name, (128, 96), seed=99)) - committed).mean()
    assert same < 0.05
    assert other > 1.5 * same


def test_a_photograph_is_cut_and_brought_to_size(tmp_path: Path) -> None:
    folder = tmp_path / "plugin" / "images" / "land"
    folder.mkdir(parents=True)
    Image.new("RGB", (60, 30), "#336699").save(folder / "lake.jpg")
    image = make_examples.photograph("lake.jpg", (0, 0, 45, 30), 90, tmp_path)
    assert image.size == (90, 60)
    assert make_examples.photograph("coffee", None, 300, tmp_path).size == (300, 200)

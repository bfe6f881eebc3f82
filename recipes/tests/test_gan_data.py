"""The generators' data recipe: whose pictures it takes, that it resumes and grows, and what its manifest says."""

import hashlib
import json
import os
import shutil
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recipes import gan_data

PASTELS = {"b6e3f4", "c0aede", "d1d4f9", "ffd5dc", "ffdfbf", "c8ecd0", "fff1c9"}

NODE = """#!{python}
# In place of Node: a square of a seed's own colour, or the end of everything at the {end}th seed.
import hashlib, sys
side = int(sys.argv[3])
for number, line in enumerate(sys.stdin.buffer):
    if number == {end}:
        break
    sys.stdout.buffer.write((hashlib.sha256(line.strip()).digest()[:3] + b"\\xff") * side * side)
    sys.stdout.buffer.flush()
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A made-up package."""
    package = tmp_path / "sources" / "node_modules" / "@dicebear" / "core"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "9.9.9"}')
    return tmp_path / "sources"


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program named node that draws squares."""
    return stand_in(tmp_path, monkeypatch, end=-1)


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: int) -> Path:
    program = tmp_path / "bin" / "node"
    program.parent.mkdir()
    program.write_text(NODE.format(python=sys.executable, end=end))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def make(sources: Path, out: Path, count: int, *more: str) -> dict[str, bytes]:
    """The set's pictures by name."""
    gan_data.main([str(sources), str(out), "--count", str(count), "--side", "32", *more])
    return {path.name: path.read_bytes() for path in (out / "pictures").iterdir()}


def listing(out: Path) -> dict:
    return json.loads((out / "manifest.json").read_text())


def check(folder: Path, licence: str) -> None:
    """All pictures are RGB of 32 x 32 and in the manifest, with their hash; nothing half done is left."""
    files = json.loads((folder / "manifest.json").read_text())["files"]
    assert sorted(files) == sorted(f"pictures/{path.name}" for path in (folder / "pictures").iterdir())
    for name, entry in files.items():
        assert entry["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert entry["licence"] == licence
        with Image.open(folder / name) as image:
            assert (image.mode, image.size) == ("RGB", (32, 32))


@pytest.mark.usefixtures("node")
def test_a_larger_set_begins_with_the_smaller_one(sources: Path, tmp_path: Path) -> None:
    few, many = (make(sources, tmp_path / str(count), count) for count in (2, 4))
    assert len(many) == 4
    assert few == {picture: many[picture] for picture in few}
    assert few != make(sources, tmp_path / "other", 2, "--seed", "1")


@pytest.mark.usefixtures("node")
def test_what_exists_is_kept_and_what_is_missing_is_made(sources: Path, tmp_path: Path) -> None:
    before = make(sources, tmp_path / "people", 3)
    manifest, folder = listing(tmp_path / "people"), tmp_path / "people" / "pictures"
    (folder / "00001.png").unlink()
    times = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert make(sources, tmp_path / "people", 3) == before
    assert listing(tmp_path / "people") == manifest
    assert times == {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.name in times}


@pytest.mark.usefixtures("node")
def test_kept_pictures_are_listed_as_what_they_are(sources: Path, tmp_path: Path) -> None:
    make(sources, tmp_path / "people", 1)
    make(sources, tmp_path / "people", 2, "--seed", "5")
    seeds = [entry["seed"] for entry in listing(tmp_path / "people")["files"].values()]
    assert seeds == [gan_data.person(0, 0), gan_data.person(5, 1)]


@pytest.mark.usefixtures("node")
def test_portraits_are_listed_with_their_style_and_seed(sources: Path, tmp_path: Path) -> None:
    make(sources, tmp_path / "people", 3)
    manifest = listing(tmp_path / "people")
    assert manifest["packages"] == {"@dicebear/core": "9.9.9"}
    for index, entry in enumerate(manifest["files"].values()):
        assert (entry["source"], entry["seed"]) == ("open-peeps", gan_data.person(0, index))
        colour = hashlib.sha256(entry["seed"].encode()).digest()[:3]
        with Image.open(tmp_path / "people" / "pictures" / f"{index:05d}.png") as image:
            assert image.getpixel((16, 16)) == tuple(colour)
    check(tmp_path / "people", "CC0 1.0")


@pytest.mark.parametrize("drawn", [0, 2])
def test_a_node_that_stops_is_one_sentence(
    drawn: int, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, end=drawn)
    with pytest.raises(SystemExit, match="Node stopped"):
        make(sources, tmp_path / "people", 3)
    assert len(list(tmp_path.glob("people/pictures/*.png"))) == drawn


def test_what_is_not_there_is_one_sentence(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="No Node"):
        make(sources, tmp_path / "people", 1)
    with pytest.raises(SystemExit, match="No @dicebear"):
        make(tmp_path / "empty", tmp_path / "people", 1)


FAKES = {
    "@dicebear/core/lib/index.js": """
        export const createAvatar = (style, options) => ({ toString: () => JSON.stringify(options) });""",
    "@dicebear/collection/lib/index.js": """
        const part = (...names) => ({ items: { enum: names } });
        export const openPeeps = { meta: { license: { name: "CC0 1.0" } }, schema: { properties: {
            head: part("afro", "bear"), face: part("smile", "monster"),
            accessories: part("glasses", "eyepatch"), facialHair: part("chin", "moustache8") } } };""",
    "@resvg/resvg-js/index.js": """
        exports.Resvg = class {
            constructor(svg, { fitTo }) { this.side = fitTo.value; this.text = Buffer.from(svg); }
            render() {
                const pixels = Buffer.alloc(4 * this.side * this.side, " ");
                this.text.forEach((letter, i) => { pixels[4 * Math.floor(i / 3) + i % 3] = letter; });
                return { pixels };
            }
        };""",
}
"""Packages in which a portrait's red, green and blue are the text of its options."""


def install_fakes(folder: Path, licence: str = "CC0 1.0") -> None:
    for name, text in FAKES.items():
        path = folder / "node_modules" / name
        path.parent.mkdir(parents=True)
        path.write_text(text.replace("CC0 1.0", licence))
        kind = "commonjs" if "resvg" in name else "module"
        (folder / "node_modules" / "/".join(name.split("/")[:2]) / "package.json").write_text(f'{{"type": "{kind}"}}')


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node")
def test_the_script_asks_dicebear_for_people_on_pastel_grounds(tmp_path: Path) -> None:
    install_fakes(tmp_path)
    with gan_data.artist(tmp_path, 64) as draw:
        first, second = (json.loads(draw(seed).tobytes()) for seed in ("one", "two"))
    assert (first.pop("seed"), second.pop("seed")) == ("one", "two")
    assert first == second
    assert first["maskProbability"] == 0
    assert first["face"] == ["smile"]
    assert first["accessories"] == ["glasses"]
    assert first["facialHair"] == ["chin"]
    assert "afro" in first["head"]
    assert "bear" not in first["head"]
    assert set(first["backgroundColor"]) == PASTELS


SOURCES = Path(os.environ.get("DEEPART_SOURCES", "no folder"))


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node")
@pytest.mark.skipif(not (SOURCES / "node_modules" / "@dicebear").is_dir(), reason="DEEPART_SOURCES has no DiceBear")
def test_real_portraits_fill_the_frame_before_a_pastel_ground(tmp_path: Path) -> None:
    make(SOURCES, tmp_path / "people", 12)
    grounds = set()
    for path in (tmp_path / "people" / "pictures").iterdir():
        with Image.open(path) as image:
            corner = image.getpixel((31, 0))
            pixels = np.asarray(image).astype(int)
        grounds.add(bytes(corner).hex())
        assert 0.3 < (np.abs(pixels - corner).sum(-1) > 30).mean() < 0.95
    assert grounds <= PASTELS
    assert len(grounds) > 2

"""The data recipe: whose pictures it takes, that it repeats and resumes, and what its manifest says."""

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recipes import style_data
from recipes.painters import repertoire

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: images/*
Copyright: Somebody
License: CC-BY-SA-4.0

Files: images/land/*
Copyright: Various
License: public-domain
 Donated by many. (Exceptions noted below.)

Files: images/land/*-author*
Copyright: An Author
License: CC-BY-SA-4.0

Files:
 images/land/fields1*
 images/land/sky8*
Copyright: Various
License: public-domain
 Donated by others.

Files: images/land/lava5*
Copyright: Somebody
License: CC-BY-SA-4.0
"""
LAND = ("fields1", "fields12-author", "lava5", "hills", "mountain", "sky8", "nasa7", "beach2", "space2")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A made-up package of nine photographs of which three may be used."""
    documents = tmp_path / "sources" / "usr" / "share" / "doc" / style_data.GAME
    documents.mkdir(parents=True)
    (documents / "copyright").write_text(COPYRIGHT)
    (documents / "changelog.Debian.gz").write_bytes(gzip.compress(b"endless-sky-high-dpi (1.2-3) unstable; x\n"))
    land = tmp_path / "sources" / "usr" / "share" / "games" / "images" / "land"
    land.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in LAND:
        colours = rng.integers(0, 255, (4, 8, 3), np.uint8)
        Image.fromarray(colours).resize((480, 240), Image.Resampling.BICUBIC).save(land / f"{name}@2x.jpg")
    return tmp_path / "sources"


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("land/fields1@2x.jpg", True),
        ("land/hills@2x.jpg", True),
        ("land/lava5@2x.jpg", False),
        ("land/hills-author@2x.jpg", False),
        ("land/fields12-author@2x.jpg", False),  # claimed by two patterns: doubtful
        ("ship/hills@2x.png", False),
    ],
)
def test_only_the_public_domain_counts(name: str, public: bool) -> None:
    assert style_data.is_public_domain(f"images/{name}", style_data.licences(COPYRIGHT)) is public


@pytest.mark.parametrize("kind", [name for name, kind in repertoire.KINDS.items() if kind.needs in ("photographs", "")])
def test_one_seed_is_one_style_picture(kind: str, sources: Path) -> None:
    used = repertoire.Sources(style_data.public_domain_photographs(sources))

    def paint(seed: int) -> Image.Image:
        sitting = repertoire.Sitting(np.random.default_rng(seed), used, (120, 96))
        return style_data.finish(sitting, repertoire.KINDS[kind].paint(sitting))

    first = paint(1)
    assert (first.mode, first.size) == ("RGB", (120, 96))
    assert first.tobytes() == paint(1).tobytes()
    assert first.tobytes() != paint(2).tobytes()


def test_it_makes_resumes_and_lists_the_set(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(repertoire, "SIZES", ((96, 72), (72, 72)))
    monkeypatch.setattr(style_data, "CONTENT_SIDE", 240)
    out = tmp_path / "out"
    command = [str(sources), str(out), "--count", "12", "--workers", "0"]
    style_data.main(command)
    said = capsys.readouterr().out
    assert "no calligraphy" in said
    assert "no patterns" in said
    assert sorted(path.name for path in (out / "contents").iterdir()) == ["fields1.jpg", "hills.jpg", "mountain.jpg"]
    with Image.open(out / "contents" / "hills.jpg") as content:
        assert content.size == (240, 120)
    styles = sorted((out / "styles").glob("*.jpg"))
    assert len(styles) >= 10  # all but the kinds whose packages are not there
    assert not list(out.rglob("*.part"))

    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["packages"] == {"endless-sky-high-dpi": "1.2-3"}
    pictures = [*(out / "contents").glob("*.jpg"), *styles]
    assert set(manifest["files"]) == {f"{path.parent.name}/{path.name}" for path in pictures}
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == hashlib.sha256((out / name).read_bytes()).hexdigest()
        assert entry["licence"] == ("public domain" if entry["sources"] else "made by this recipe")
        assert set(entry["sources"]) <= {"fields1@2x.jpg", "hills@2x.jpg", "mountain@2x.jpg"}

    kept, lost = styles[0], styles[1]
    before, kept_time = lost.read_bytes(), kept.stat().st_mtime_ns
    lost.unlink()
    style_data.main(command)
    assert kept.stat().st_mtime_ns == kept_time
    assert lost.read_bytes() == before
    assert json.loads((out / "manifest.json").read_text()) == manifest

"""The command line on clips, and with a mask."""

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from test_cli import photos as photos
from test_cli import run, times
from test_cli import tiny as tiny
from test_style import difference
from test_style_video import panned, read, write

from deepart import Style, load_image

pytestmark = pytest.mark.filterwarnings("ignore:OpenCV is not installed")


def comment(path: Path) -> dict[str, Any]:
    with av.open(str(path)) as container:
        return json.loads(container.metadata["comment"])


def test_a_clip_becomes_a_film(tiny: dict[str, Any], photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("clip.mp4"), [*panned(3), *panned(3)])
    line = "stylize clip.mp4 --style painting.jpg --size 64 --strength 0.5 --out out"
    assert run(line) == 0
    out = Path("out/clip.mp4")
    assert (len(read(out)), read(out)[0].size) == (6, (64, 42))
    made = comment(out)
    assert made["strength"] == 0.5
    before = times("out")
    assert run(line) == 0
    assert times("out") == before
    assert "1 done before" in capsys.readouterr().out.splitlines()[-1]
    assert run(line + " --seed 2") == 0  # another order
    assert "1 made" in capsys.readouterr().out
    assert times("out") != before
    assert run(line + "-2 --model fine") == 1
    assert "The model 'fine' paints no films; use 'fast'." in capsys.readouterr().err


def test_clips_and_photographs_of_a_folder(tiny: dict[str, Any], photos: Path) -> None:
    (photos / "b.jpg").unlink()
    write(photos / "a.webm", panned(2), codec="libvpx")
    assert run("stylize photos --style painting.jpg --size 64 --steps 1 --out out") == 0
    assert sorted(str(path) for path in Path("out").rglob("*.*")) == [
        "out/a.jpg.png", "out/a.webm.mp4", "out/c.png", "out/sub/d.png"
    ]  # fmt: skip
    assert len(read(Path("out/a.webm.mp4"))) == 2
    assert run("reconstruct photos --out again") == 0  # which leaves clips out
    assert not list(Path("again").rglob("*.mp4"))


def test_a_clip_that_is_broken_is_told_of(
    tiny: dict[str, Any], photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write(Path("clip.mp4"), panned(3)).read_bytes()
    Path("half.mp4").write_bytes(good[: len(good) // 2])
    assert run("stylize half.mp4 clip.mp4 --style painting.jpg --size 64 --out out") == 1
    assert "half.mp4: The clip is damaged or cut short" in capsys.readouterr().err
    assert [path.name for path in Path("out").iterdir()] == ["clip.mp4"]


def test_a_mask_says_where_to_paint(tiny: dict[str, Any], photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[:, 15:] = 255
    Image.fromarray(mask).save("mask.png")
    line = "stylize photos/a.jpg --style painting.jpg --model fast --out out"
    assert run(line + " --mask mask.png") == 0
    made, photo = load_image("out/a.png"), load_image(photos / "a.jpg")
    assert difference(made.crop((0, 0, 20, 32)), photo.crop((0, 0, 20, 32))) == 0
    assert difference(made.crop((28, 0, 48, 32)), photo.crop((28, 0, 48, 32))) > 1
    assert run(line + " --mask mask.png") == 0
    assert "1 done before" in capsys.readouterr().out
    assert run(line) == 0  # another order
    assert difference(load_image("out/a.png").crop((0, 0, 20, 32)), photo.crop((0, 0, 20, 32))) > 1
    assert run(line + " --mask nothing.png") == 2
    assert "no file 'nothing.png'" in capsys.readouterr().err


def test_a_style_that_was_kept(tiny: dict[str, Any], photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Style(load_image("painting.jpg")).save("mine.style.safetensors")
    assert run("stylize photos/a.jpg --style mine.style.safetensors --model fast --out out") == 0
    made = tiny["fast"].stylize(load_image(photos / "a.jpg"), Style.load("mine.style.safetensors"))
    assert load_image("out/a.png").tobytes() == made.tobytes()
    Path("bad.safetensors").write_bytes(Path("mine.style.safetensors").read_bytes()[:200])
    assert run("stylize photos/a.jpg --style bad.safetensors --out out") == 2
    assert "The style is damaged" in capsys.readouterr().err

import json
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import ExifTags, Image

from deepart import images, save_animation
from deepart.errors import DeepArtError, ImageError, OptionError

SETTINGS = {"task": "gan", "walk": {"stops": [1, 2], "frames": 5, "loop": True}, "note": "é"}
COLORS = [(200, 40, 40), (40, 180, 60), (50, 70, 200), (230, 220, 90), (10, 10, 10)]


@pytest.fixture
def frames() -> list[Image.Image]:
    return [images.with_settings(Image.new("RGB", (48, 32), color), SETTINGS) for color in COLORS]


def read(path: Path) -> Iterator[tuple[Image.Image, float]]:
    """Yield the pictures of an animation, and when each begins, in seconds."""
    if path.suffix == ".mp4":
        with av.open(str(path)) as film:
            for frame in film.decode(video=0):
                yield frame.to_image(), frame.time
        return
    with Image.open(path) as film:
        begins = 0.0
        for index in range(film.n_frames):
            film.seek(index)
            yield film.convert("RGB"), begins
            begins += film.info["duration"] / 1000


def note(path: Path) -> dict[str, object]:
    if path.suffix == ".mp4":
        with av.open(str(path)) as film:
            return json.loads(film.metadata["comment"])
    with Image.open(path) as film:
        text = film.info["comment"] if path.suffix == ".gif" else film.getexif()[ExifTags.Base.ImageDescription]
        return json.loads(text)


@pytest.mark.parametrize("ending", [".gif", ".webp", ".mp4", ".GIF"])
def test_every_picture_is_there_in_its_colours_at_its_time(
    frames: list[Image.Image], ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"walk{ending}"
    save_animation(frames, path, fps=12)
    seen = list(read(path))
    assert [picture.size for picture, _ in seen] == [(48, 32)] * 5
    for (picture, _), color in zip(seen, COLORS, strict=True):
        assert np.abs(np.asarray(picture).astype(int) - color).mean() < 4
    assert [begins for _, begins in seen] == pytest.approx([frame / 12 for frame in range(5)], abs=0.006)


@pytest.mark.parametrize("ending", [".gif", ".webp", ".mp4"])
def test_the_settings_are_inside(frames: list[Image.Image], ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"walk{ending}"
    save_animation(frames, path)
    assert note(path) == SETTINGS


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_moving_pictures_play_for_ever(frames: list[Image.Image], ending: str, tmp_path: Path) -> None:
    save_animation(frames, tmp_path / f"walk{ending}")
    with Image.open(tmp_path / f"walk{ending}") as film:
        assert film.info["loop"] == 0


def test_the_table_of_contents_of_a_film_comes_first(frames: list[Image.Image], tmp_path: Path) -> None:
    save_animation(frames, tmp_path / "walk.mp4")
    data = (tmp_path / "walk.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_gif_s_times_add_up(tmp_path: Path) -> None:
    """A GIF counts in hundredths: at 24 a second some frames get 4 of them, some 5."""
    frames = [Image.new("RGB", (16, 16), (i * 10, 0, 0)) for i in range(24)]
    save_animation(frames, tmp_path / "walk.gif", fps=24)
    with Image.open(tmp_path / "walk.gif") as film:
        durations = []
        for index in range(film.n_frames):
            film.seek(index)
            durations.append(film.info["duration"])
    assert set(durations) == {40, 50}
    assert sum(durations) == 1000


RED = Image.new("RGB", (16, 16), "red")


@pytest.mark.parametrize(
    ("frames", "name", "fps", "error", "sentence"),
    [
        ([RED], "walk.avi", 12, OptionError, "The animation's file is PosixPath("),
        ([RED], 5, 12, OptionError, "The animation's file is 5; its name must end in .gif, .webp, .mp4."),
        ([RED], "walk.gif", 0, OptionError, "The fps is 0; it must be a number from 1 to 50."),
        ([], "walk.gif", 12, OptionError, "There are 0 frames; give 1 to 1000."),
        (RED, "walk.gif", 12, OptionError, "The frames are a value of the type Image; give a list of 1 to 1000."),
        ([RED, "red"], "walk.gif", 12, ImageError, "The frame is of type str, not a PIL image"),
        ([RED, Image.new("RGB", (16, 20))], "walk.gif", 12, ImageError, "The frames are of different sizes, 16x16"),
        ([RED], "no/folder/walk.gif", 12, ImageError, "The file 'walk.gif' cannot be written;"),
    ],
)  # fmt: skip
def test_mistakes_get_a_sentence(
    frames: list[Image.Image], name: str, fps: float, error: type[DeepArtError], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        save_animation(frames, tmp_path / name if isinstance(name, str) else name, fps=fps)
    assert str(caught.value).startswith(sentence)
    assert list(tmp_path.iterdir()) == []

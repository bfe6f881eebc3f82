"""The GAN recipe on tiny data: it trains, resumes, keeps its best, and what it exports is a model of the package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deepart import checkpoint
from deepart.models.generator import Generator, GeneratorConfig
from recipes import export_gan, gan_directions, train_gan
from recipes.gan_augment import augment
from recipes.gan_discriminator import LAYERS, FeatureDiscriminator, PixelDiscriminator, spread

TINY = GeneratorConfig(latent=8, mapping=16, channels=(16, 12, 8))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A set of 40 small pictures, as recipes.gan_data lays it out."""
    folder = tmp_path / "blots"
    (folder / "pictures").mkdir(parents=True)
    rng, files = np.random.default_rng(0), {}
    for index in range(40):
        colours = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        name = f"pictures/{index:05d}.png"
        Image.fromarray(colours).resize((32, 32), Image.Resampling.BICUBIC).save(folder / name)
        files[name] = {"source": f"seed {index}", "licence": "CC0 1.0"}
    (folder / "manifest.json").write_text(json.dumps({"files": files}))
    return folder


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_gan, "GeneratorConfig", lambda **numbers: GeneratorConfig(**vars_of(TINY) | numbers))
    monkeypatch.setattr(export_gan, "GeneratorConfig", lambda **numbers: GeneratorConfig(**vars_of(TINY) | numbers))
    monkeypatch.setattr(train_gan, "JUDGED", 64)
    monkeypatch.setattr(train_gan, "PixelDiscriminator", lambda: PixelDiscriminator((8, 12)))
    monkeypatch.setattr(train_gan, "FeatureDiscriminator", lambda: FeatureDiscriminator(LAYERS, 4, 1))
    monkeypatch.setattr(export_gan, "MAPPED", 500)
    monkeypatch.setattr(gan_directions, "SEEDS", 100)
    monkeypatch.setattr(gan_directions, "SIDE", 8)


def vars_of(config: GeneratorConfig) -> dict[str, object]:
    return {name: getattr(config, name) for name in ("latent", "mapping", "channels")}


def arguments(pictures: Path, run: Path, *more: str) -> list[str]:
    return [str(pictures), "--run", str(run), "--batch", "4", "--device", "cpu", *more]


def test_it_trains_resumes_and_exports_a_model(tiny: None, pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "gan-blots"
    trainer = train_gan.Trainer(train_gan.parse(arguments(pictures, run, "--steps", "18")))
    before = {name: value.clone() for name, value in trainer.generator.state_dict().items()}
    trainer.train()
    assert trainer.shown == 72
    changed = [name for name, value in trainer.generator.state_dict().items() if not torch.equal(value, before[name])]
    assert {name.split(".")[0] for name in changed} >= {"mapping", "constant", "first", "second", "shuffled", "head"}
    assert all(value.isfinite().all() for value in trainer.generator.state_dict().values())

    train_gan.main(arguments(pictures, run, "--steps", "20"))
    rows = (run / "log.csv").read_text().splitlines()
    assert rows[0].startswith("step,pictures,minutes,frechet,")
    assert [row.split(",")[0] for row in rows[1:]] == ["18", "20"]
    assert (run / "grid-000020.jpg").exists()

    train_gan.main(arguments(pictures, run, "--steps", "20"))  # nothing is left to do, and nothing is lost
    assert len((run / "log.csv").read_text().splitlines()) == 3

    export_gan.main([str(run), str(tmp_path / "model"), "--sheet", str(tmp_path / "sheet.jpg")])
    config = json.loads((tmp_path / "model" / checkpoint.CONFIG).read_text())
    assert (config["task"], config["class"], config["latent"]) == ("gan", "Generator", 8)
    assert len(config["directions_named"]) == config["directions"] == export_gan.COUNT
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.size == (7 * 32, 3 * export_gan.COUNT * 32)


def test_directions_are_named_turned_round_and_left_out() -> None:
    network = Generator(GeneratorConfig(latent=3, mapping=4, channels=(4, 4), coarse=1, directions=3))
    network.directions.copy_(torch.eye(3))
    chosen, names = export_gan.choose(network, ["light", None, "-warmth"])
    assert names == ["light", "warmth"]
    assert chosen.directions.tolist() == [[1, 0, 0], [0, 0, -1]]
    assert torch.equal(chosen(torch.ones(1, 3)), network(torch.ones(1, 3)))


def test_discriminators_learn_to_tell_two_kinds_apart() -> None:
    torch.manual_seed(0)
    network = PixelDiscriminator((8,))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3, betas=(0.0, 0.99))
    stripes = (torch.arange(16) % 2 * 2.0 - 1).expand(8, 3, 16, 16)
    for _ in range(40):
        flat, striped = torch.rand(8, 3, 1, 1).expand(8, 3, 16, 16), stripes * torch.rand(8, 1, 1, 1)
        loss = torch.nn.functional.softplus(network(flat) - network(striped)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.2


def test_the_spread_of_equal_pictures_is_nothing_and_that_of_a_known_pair_is_known() -> None:
    assert spread(torch.ones(4, 2, 3, 3)).max() < 2e-4
    pair = torch.stack([torch.zeros(2, 3, 3), 2 * torch.ones(2, 3, 3)])
    assert torch.allclose(spread(pair), torch.ones(2, 1, 3, 3))


def test_augmentation_keeps_gradients_and_at_zero_does_nothing() -> None:
    torch.manual_seed(0)
    x = torch.rand(16, 3, 32, 32, requires_grad=True)
    assert augment(x, 0, 0) is x
    changed = augment(x, 1.0)
    assert changed.shape == x.shape
    assert ((changed == 0).float().mean((1, 2, 3)) > 0.02).any()  # the grey square, and what came in from outside
    changed.sum().backward()
    assert x.grad is not None
    assert (x.grad != 0).float().mean() > 0.5


def test_directions_are_orthogonal_and_the_strongest_is_found() -> None:
    torch.manual_seed(0)
    latents = torch.randn(3000, 6)
    rows = torch.zeros(3000, 12)
    rows[:, :6] = 3 * latents[:, 2:3]  # the third number of the latent lightens half of the picture
    rows[:, 8] = latents[:, 4]
    directions, shares = gan_directions.find_directions(latents, rows, 2)
    assert torch.allclose(directions @ directions.T, torch.eye(2), atol=1e-5)
    assert directions[0, 2] > 0.99
    assert directions[1, 4].abs() > 0.99
    assert torch.allclose(shares, torch.tensor([54 / 55, 1 / 55]), atol=0.01)

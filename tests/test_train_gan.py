"""The GAN recipe on tiny data: it trains, resumes, keeps its best, and what it exports is a model of the package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deepart import hub
from deepart.models.generator import Generator, GeneratorConfig
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from deepart.models.vgg import VGGConfig, VGGFeatures
from recipes import export_gan, gan_directions, gan_start, train_gan
from recipes.gan_augment import _shift, augment
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
    monkeypatch.setattr(train_gan, "configure", lambda side: TINY)
    monkeypatch.setattr(train_gan, "JUDGED", 64)
    monkeypatch.setattr(train_gan, "SEEN", (8, 12))
    monkeypatch.setattr(gan_start, "POOL", 64)
    monkeypatch.setattr(gan_start, "MAPPED", 16)
    monkeypatch.setattr(export_gan, "MAPPED", 500)
    monkeypatch.setattr(gan_directions, "SEEDS", 100)
    monkeypatch.setattr(gan_directions, "SIDE", 8)


@pytest.fixture
def vae(tmp_path: Path) -> Path:
    """A model's folder of a VAE that makes pictures of the same size."""
    numbers = {"latent": 8, "encoder": (8, 8), "decoder": (8, 8, 8), "prior": 8}
    network = VectorVAE(VectorVAEConfig(**numbers))
    with torch.no_grad():
        network.synthesis.weight.zero_()
        network.synthesis.weight[: 32 * 32, 0] = 8 / 32  # the first number of a latent is the brightness
    hub.write_folder(tmp_path / "vae", {"task": "vae", "class": "VectorVAE"} | numbers, network.state_dict(), "card")
    return tmp_path / "vae"


@pytest.fixture
def arguments(pictures: Path, slim_features: Path, tmp_path: Path) -> list[str]:
    return [
        str(pictures), "--run", str(tmp_path / "gan-blots"), "--features", str(slim_features), "--batch", "4",
        "--device", "cpu", "--warm", "2",
    ]  # fmt: skip


def test_it_begins_from_a_vae(tiny: None, arguments: list[str], vae: Path) -> None:
    command = [*arguments, "--start", str(vae), "--rate", "0.01", "--batch", "16", "--steps", "3", "--start-steps"]
    torch.manual_seed(0)
    z = torch.randn(64, TINY.latent)
    network = gan_start.load_vae(vae, torch.device("cpu"))
    wanted = network.decode(network.prior(z)).clamp(0, 1)
    apart = []
    for steps in ("0", "200"):
        (Path(arguments[2]) / "start.pt").unlink(missing_ok=True)
        trainer = train_gan.Trainer(train_gan.parse([*command, steps]))
        made = trainer.average(trainer.average.map(z)) / 2 + 0.5
        apart.append(float((made - wanted).abs().mean()))
    assert apart[1] < 0.85 * apart[0]
    trainer.train()
    assert trainer.shown == 48


def test_it_trains_resumes_and_exports_a_model(tiny: None, arguments: list[str], tmp_path: Path) -> None:
    run = tmp_path / "gan-blots"
    trainer = train_gan.Trainer(train_gan.parse([*arguments, "--steps", "18"]))
    before = {name: value.clone() for name, value in trainer.generator.state_dict().items()}
    trainer.train()
    assert trainer.shown == 72
    changed = [name for name, value in trainer.generator.state_dict().items() if not torch.equal(value, before[name])]
    assert {name.split(".")[0] for name in changed} >= {"mapping", "constant", "first", "second", "shuffled", "head"}
    assert all(value.isfinite().all() for value in trainer.generator.state_dict().values())

    train_gan.main([*arguments, "--steps", "20"])
    rows = (run / "log.csv").read_text().splitlines()
    assert rows[0].startswith("step,pictures,minutes,kernel,error,")
    assert [row.split(",")[0] for row in rows[1:]] == ["1", "18", "20"]
    assert (run / "grid-0000080.png").exists()

    train_gan.main([*arguments, "--steps", "20"])  # nothing is left to do, and nothing is lost
    assert len((run / "log.csv").read_text().splitlines()) == 4

    export_gan.main([str(run), str(tmp_path / "model"), "--sheet", str(tmp_path / "sheet.jpg")])
    config = json.loads((tmp_path / "model" / hub.CONFIG).read_text())
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


def test_every_feature_map_has_the_same_say() -> None:
    maps = {
        name: torch.randn(2, channels, side, side)
        for name, channels, side in zip(LAYERS, (8, 16), (32, 16), strict=True)
    }
    features = VGGFeatures(VGGConfig(((4, 4), (8, 8), (16, 16, 16))))
    network = FeatureDiscriminator(features, width=8).eval()  # in training each call turns the estimate of a norm
    logits = network(maps)
    for name, head in network.heads.items():
        own = head(maps[name])
        share = sum(int((row == logits[0]).sum()) for row in own[0].flatten()) / logits.shape[1]
        assert 0.4 < share < 0.6, name


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


def test_augmentation_moves_pictures_by_whole_pixels() -> None:
    torch.manual_seed(1)
    x = torch.arange(16.0).expand(8, 3, 16, 16).contiguous() + 1
    moved = _shift(x, 1.0)
    for row in moved[:, 0, 8]:
        inside = row[row > 0]
        assert (inside.diff() == 1).all()
        assert len(inside) >= 16 - 2


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

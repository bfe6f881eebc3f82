"""The GAN recipe on tiny data: it trains, resumes, keeps its best, and what it exports is a model of the package."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from test_gan_metrics import make_set

from deepart import checkpoint
from deepart.models.generator import Generator, GeneratorConfig
from recipes import export_gan, gan_directions, train_gan
from recipes.gan_augment import augment
from recipes.gan_discriminator import PixelDiscriminator

TINY = GeneratorConfig(latent=8, mapping=16, channels=(16, 12, 8))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A set of 40 small pictures."""
    return make_set(tmp_path / "blots", [f"seed {index}" for index in range(40)])


def arguments(pictures: Path, run: Path, *more: str) -> list[str]:
    return [str(pictures), "--run", str(run), "--batch", "4", "--device", "cpu", *more]


@pytest.mark.usefixtures("tiny_gan")
def test_it_trains_resumes_and_exports_a_model(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "gan-blots"
    trainer = train_gan.Trainer(train_gan.parse(arguments(pictures, run, "--steps", "9")))
    before = state_of(trainer)
    trainer.train()
    changed = {name.split(".")[0] for name, value in state_of(trainer).items() if not torch.equal(value, before[name])}
    assert changed == {"mapping", "constant", "first", "second", "glimpse"}  # at half the size

    trainer.options.steps, trainer.seconds = 18, 60 * trainer.options.minutes * (train_gan.HALF + 0.01)
    trainer.train()
    assert trainer.shown == 72
    after = state_of(trainer)
    assert all(not torch.equal(after[name], before[name]) for name in ("shuffled.weight", "head.weight", "head.bias"))
    assert all(value.isfinite().all() for value in after.values())

    train_gan.main(arguments(pictures, run, "--steps", "20"))
    rows = (run / "log.csv").read_text().splitlines()
    assert rows[0].startswith("step,pictures,minutes,side,kernel,")
    assert [row.split(",")[0] for row in rows[1:]] == ["9", "18", "20"]
    assert (run / "grid-0000080.jpg").exists()

    train_gan.main(arguments(pictures, run, "--steps", "20"))  # nothing is left to do, and nothing is lost
    assert len((run / "log.csv").read_text().splitlines()) == 4

    export_gan.main([str(run), str(tmp_path / "model"), "--sheet", str(tmp_path / "sheet.jpg")])
    config = json.loads((tmp_path / "model" / checkpoint.CONFIG).read_text())
    assert (config["task"], config["class"], config["latent"]) == ("gan", "Generator", 8)
    assert len(config["directions_named"]) == config["directions"] == export_gan.COUNT
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.size == (7 * 32, 3 * export_gan.COUNT * 32)


def state_of(trainer: train_gan.Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.generator.state_dict().items()}


def test_what_is_new_at_the_whole_size_changes_nothing_at_first() -> None:
    torch.manual_seed(0)
    network, x = PixelDiscriminator((8, 12), 4), torch.rand(3, 3, 32, 32)
    assert network.half == 16
    assert torch.allclose(network(x), network(torch.nn.functional.avg_pool2d(x, 2)), atol=1e-5)
    generator = Generator(TINY)
    torch.nn.init.zeros_(generator.head.weight)
    latents = torch.randn(2, TINY.latent)
    enlarged = torch.nn.functional.interpolate(generator.at_half_size(latents), scale_factor=2, mode="bilinear")
    assert torch.allclose(generator(latents), enlarged, atol=1e-5)


def test_directions_are_named_turned_round_and_left_out() -> None:
    network = Generator(GeneratorConfig(latent=3, mapping=4, channels=(4, 4), coarse=1, directions=3))
    network.directions.copy_(torch.eye(3))
    chosen, names = export_gan.choose(network, ["light", None, "-warmth"])
    assert names == ["light", "warmth"]
    assert chosen.directions.tolist() == [[1, 0, 0], [0, 0, -1]]
    assert torch.equal(chosen(torch.ones(1, 3)), network(torch.ones(1, 3)))


def test_discriminators_learn_to_tell_two_kinds_apart() -> None:
    torch.manual_seed(0)
    network = PixelDiscriminator((8,), 4)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3, betas=(0.0, 0.99))
    stripes = (torch.arange(16) % 2 * 2.0 - 1).expand(8, 3, 16, 16)
    for _ in range(40):
        flat, striped = torch.rand(8, 3, 1, 1).expand(8, 3, 16, 16), stripes * torch.rand(8, 1, 1, 1)
        loss = torch.nn.functional.softplus(network(flat) - network(striped)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.2


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

import dataclasses
from pathlib import Path

import pytest
import torch

from deepart import checkpoint
from deepart.errors import WeightsError
from deepart.models.generator import Generator, GeneratorConfig
from recipes.gan_directions import whiten

SMALL = GeneratorConfig(latent=6, mapping=12, channels=(8, 6, 4), coarse=2, directions=2)


@pytest.fixture
def network() -> Generator:
    torch.manual_seed(0)
    return Generator(SMALL).requires_grad_(False).eval()


def test_shapes(network: Generator) -> None:
    latents = network.map(torch.randn(3, 6))
    assert latents.shape == (3, 6)
    pictures = network(latents)
    assert SMALL.side == 32
    assert pictures.shape == (3, 3, 32, 32)
    assert pictures.dtype == torch.float32
    assert GeneratorConfig().side == 128


def test_whitening_changes_no_picture_and_gives_unit_covariance(network: Generator) -> None:
    z = torch.randn(20_000, 6)
    before = network.map(z)
    assert (before.T.cov() - torch.eye(6)).abs().max() > 0.1
    pictures = network(before[:8])
    whiten(network, before)
    after = network.map(z)
    assert after.mean(0).abs().max() < 1e-4
    assert torch.allclose(after.T.cov(), torch.eye(6), atol=1e-3)
    assert (network(after[:8]) - pictures).abs().max() < 1e-3
    assert (network(before[:8]) - pictures).abs().max() > 0.01  # the old latents mean other pictures now


def test_another_fine_latent_reaches_the_late_sizes_only(network: Generator) -> None:
    coarse, fine = network.map(torch.randn(2, 6)).split(1)
    seen: dict[str, list[torch.Tensor]] = {}
    for group in ("first", "second"):
        for index, layer in enumerate(getattr(network, group)):
            name = f"{group}.{index}"
            layer.register_forward_hook(
                lambda _, inputs, output, name=name: seen.setdefault(name, []).append(inputs[1])
            )
    network.shuffled.register_forward_hook(lambda _, inputs, output: seen.setdefault("last", []).append(inputs[1]))
    mixed = network(coarse, fine)
    used = {name: "fine" if torch.equal(latents[0], fine) else "coarse" for name, latents in seen.items()}
    assert used == {
        "first.0": "coarse", "second.0": "coarse", "first.1": "coarse", "second.1": "coarse",
        "first.2": "fine", "last": "fine",
    }  # fmt: skip
    assert torch.equal(network(coarse, coarse), network(coarse))
    assert not torch.allclose(mixed, network(coarse), atol=1e-3)
    assert not torch.allclose(mixed, network(fine), atol=1e-3)


@pytest.mark.parametrize("coarse", [0, 4])
def test_a_boundary_outside_of_the_sizes_is_refused(coarse: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"coarse is {coarse}; it must be from 1 to 3"):
        dataclasses.replace(SMALL, coarse=coarse)
    with pytest.raises(WeightsError, match="do not make a network"):
        checkpoint.make_config(GeneratorConfig, {**dataclasses.asdict(SMALL), "coarse": coarse}, tmp_path)


def test_doublings_can_be_pixel_shuffles_and_no_more_of_them_than_there_are() -> None:
    network = Generator(GeneratorConfig(latent=4, mapping=8, channels=(8, 6, 4), shuffles=2))
    latents = torch.randn(2, 4)
    assert network(latents).shape == (2, 3, 32, 32)
    assert network.at_half_size(latents).shape == (2, 3, 16, 16)
    assert network.first[2].weight.shape[0] == 16
    for shuffles in (0, 4):
        with pytest.raises(ValueError, match=r"shuffles is .; it must be from 1 to 3"):
            GeneratorConfig(channels=(8, 6, 4), shuffles=shuffles)

"""What the VAEs are trained on and with: divergence, perceptual distance, crops, linear beginnings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from deepart.pipelines.features import load_features
from recipes.vae_losses import divergence, free_bits, perceptual_distance
from recipes.vae_pictures import SHARES, CropSampler, FileSampler
from recipes.vae_refit import refit
from recipes.vae_start import cut_blocks, principal_axes, start_spatial, start_vector


def test_divergence_is_that_of_torch() -> None:
    mean, std = torch.randn(3, 5), torch.rand(3, 5) + 0.1
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mean, std), normal(torch.zeros(()), torch.ones(())))
    assert torch.allclose(divergence(mean, std), expected, atol=1e-6)


def test_free_bits_push_only_what_costs_more() -> None:
    cost = torch.tensor([[0.01, 2.0], [0.03, 4.0]], requires_grad=True)
    total = free_bits(cost, 0.05)
    assert total.item() == pytest.approx(0.05 + 3.0)
    total.backward()
    assert cost.grad is not None
    assert cost.grad.tolist() == [[0, 0.5], [0, 0.5]]
    maps = torch.ones(2, 3, 4, 5)
    assert free_bits(maps, 0.05).item() == pytest.approx(3 * 4 * 5)  # per picture, all places


def test_perceptual_distance_is_nothing_for_equals_and_grows_with_blur() -> None:
    features = load_features(device="cpu")
    torch.manual_seed(0)
    x = torch.rand(2, 3, 32, 32)
    once, twice = (torch.nn.functional.avg_pool2d(x, k, 1, k // 2) for k in (3, 5))
    assert perceptual_distance(features, x, x) == 0
    near, far = perceptual_distance(features, once, x), perceptual_distance(features, twice, x)
    assert 0 < near < far < 2
    moved = once.clone().requires_grad_()
    perceptual_distance(features, moved, x).backward()
    assert moved.grad is not None
    assert moved.grad.abs().sum() > 0


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = []
    for index in range(6):
        colours = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        paths.append(tmp_path / f"{index}.png")
        Image.fromarray(colours).resize((96, 64), Image.Resampling.BICUBIC).save(paths[-1])
    return paths


def test_crops_are_decided_by_seed_and_step(files: list[Path]) -> None:
    sources = dict.fromkeys(SHARES, files)
    first, second = CropSampler(sources, 32, seed=1), CropSampler(sources, 32, seed=1)
    x = first.batch(40)
    assert x.shape == (40, 3, 32, 32)
    assert x.min() >= 0
    assert x.max() <= 1
    assert torch.equal(second.batch(40), x)
    second.reseed(1, 5)
    assert not torch.equal(second.batch(40), x)
    assert len({part.numpy().tobytes() for part in x}) == 40


def test_whole_pictures_come_in_their_own_order(tmp_path: Path) -> None:
    paths = []
    for level in range(8):
        paths.append(tmp_path / f"{level}.png")
        Image.new("RGB", (16, 16), (level,) * 3).save(paths[-1])
    sampler = FileSampler(paths)
    assert sampler.side == 16
    levels = {round(float(part[0, 0, 0] * 255)) for part in sampler.batch(64)}
    assert levels == set(range(8))


@pytest.mark.parametrize("width", [20, 1200])
def test_principal_axes_are_found_exactly_and_by_chance(width: int) -> None:
    torch.manual_seed(0)
    axes = torch.linalg.qr(torch.randn(width, 3))[0].T
    rows = torch.randn(500, 3) * torch.tensor([5.0, 3.0, 1.0]) @ axes + 2
    mean, found, variances = principal_axes(rows, 3)
    assert torch.allclose(mean, rows.mean(0), atol=1e-4)
    assert ((found @ axes.T).abs() - torch.eye(3)).abs().max() < 0.15
    assert torch.allclose(variances, (rows - mean).square().sum(0).sum() * variances / variances.sum() / 500, rtol=0.01)
    assert (variances.diff() < 0).all()


def smooth(count: int, side: int) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.nn.functional.interpolate(torch.rand(count, 3, 3, 3), size=(side, side), mode="bicubic").clamp(0, 1)


def test_a_spatial_network_begins_as_a_principal_component_analysis() -> None:
    network = SpatialVAE(SpatialVAEConfig(channels=12, quarter=8, eighth=8))
    x = smooth(60, 32)
    start_spatial(network, x, 2 / 255)
    with torch.no_grad():
        mean, std = network.encode(x)
        found = cut_blocks(network.decode(mean))
    rows = cut_blocks(x)
    middle, axes, _ = principal_axes(rows, 12)
    expected = (rows - middle) @ axes.T @ axes + middle
    assert torch.allclose(found, expected, atol=1e-3)
    assert mean.var((0, 2, 3)).sub(1).abs().max() < 0.05
    assert std.mean((0, 2, 3)).diff().min() > 0  # the weaker the axis the wider the posterior


def test_a_vector_network_begins_near_one() -> None:
    network = VectorVAE(VectorVAEConfig(latent=27, encoder=(8, 8), decoder=(8, 8, 8)))
    x = smooth(200, 32)
    start_vector(network, x, 0.1)
    with torch.no_grad():
        mean, std = network.encode(x)
        error = (network.decode(mean) - x).square().mean()
    assert error < 0.05 * x.var()  # so few numbers make these pictures
    assert (std > 0).all()


def test_last_layers_set_anew_lose_less(files: list[Path]) -> None:
    torch.manual_seed(0)
    network = SpatialVAE(SpatialVAEConfig(channels=6, quarter=8, eighth=8, quarter_blocks=1, eighth_blocks=1)).eval()
    sampler = CropSampler({"contents": files}, 32)
    start_spatial(network, sampler.batch(60), 3 / 255)
    x = CropSampler({"contents": files}, 32, seed=5).batch(24)

    def error() -> float:
        with torch.inference_mode():
            return float((network.decode(network.encode(x)[0]) - x).square().mean((1, 2, 3)).log().mean())

    before = error()
    with torch.no_grad():
        network.synthesis.weight.mul_(0.7)
    assert error() > before
    refit(network, sampler, 4, 0.9)
    assert error() < before + 0.05

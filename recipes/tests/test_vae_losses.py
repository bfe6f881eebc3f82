"""What the VAEs are trained on and with: divergence, perceptual distance, crops, linear beginnings."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from recipes.vae_losses import divergence
from recipes.vae_pictures import SHARES, CropSampler


def test_divergence_is_that_of_torch() -> None:
    mean, std = torch.randn(3, 5), torch.rand(3, 5) + 0.1
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mean, std), normal(torch.zeros(()), torch.ones(())))
    assert torch.allclose(divergence(mean, std), expected, atol=1e-6)


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

from __future__ import annotations

import pytest
import torch

from deepart.errors import OptionError
from deepart.latents import MAX_SEED, check_seed, noise


def test_one_seed_names_one_noise() -> None:
    assert torch.equal(noise(7, (2, 3)), noise(7, (2, 3)))
    assert not torch.equal(noise(7, (2, 3)), noise(8, (2, 3)))


def test_noise_leaves_torch_s_own_generator_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    noise(5, (4,))
    assert torch.equal(torch.rand(1), expected)


def test_noise_is_standard_normal() -> None:
    sample = noise(0, (100_000,))
    assert abs(sample.mean()) < 0.01  # three standard errors of the mean
    assert abs(sample.std() - 1) < 0.01


@pytest.mark.parametrize("seed", [0, 1, MAX_SEED])
def test_seeds_in_range_are_taken(seed: int) -> None:
    assert check_seed(seed) == seed
    assert noise(seed, (1,)).isfinite().all()


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 1.0, float("nan"), "1", None, True])
def test_other_seeds_get_a_sentence(seed: int) -> None:
    with pytest.raises(OptionError, match=r"The seed is .*; it must be a whole number from 0 to 4294967295\."):
        check_seed(seed)

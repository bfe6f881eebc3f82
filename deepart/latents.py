"""Seeded noise: one seed names one picture, whatever the device and the batch size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from deepart.checks import whole_number

MAX_SEED = 2**32 - 1  # what a person can type, and what every tool that reads our settings can hold


def check_seed(seed: int) -> int:
    """Return the seed as an int in [0, MAX_SEED]; raises OptionError for anything else."""
    return whole_number("seed", seed, 0, MAX_SEED)


def noise(seed: int, shape: Sequence[int]) -> Tensor:
    """Return standard normal float32 noise of the given shape, on the CPU, the same on every machine.

    Drawn on the CPU because every device has a generator of its own: the picture would change with the machine.
    Raises OptionError for a seed outside [0, MAX_SEED].
    """
    return torch.randn(*shape, generator=torch.Generator().manual_seed(check_seed(seed)))


def chances(seed: int, count: int) -> Tensor:
    """Return `count` uniform float32 numbers in [0, 1), on the CPU, the same on every machine.

    Raises OptionError for a seed outside [0, MAX_SEED].
    """
    return torch.rand(count, generator=torch.Generator().manual_seed(check_seed(seed)))

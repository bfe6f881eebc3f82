"""Muon: momentum whose step for a matrix is made orthogonal, so that no few directions outweigh the others.

Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). Kernels of convolutions are
taken as matrices (outputs, inputs x height x width), which torch.optim.Muon does not do. For the first and the last
layer and for vectors use Adam beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return the matrix (m, n) with its singular values brought near 1, by a Newton-Schulz iteration of degree 5."""
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(steps):
        square = x @ x.T
        x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum; steps of a layer are scaled to those of Adam (Liu et al., 2502.16982)."""

    def __init__(self, params: Iterable[Tensor], lr: float = 1e-3, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Make one step."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["mean"] = torch.zeros_like(parameter)
                mean = state["mean"].lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(mean, group["momentum"]).flatten(1)
                change = orthogonal(ahead).view_as(parameter)
                parameter.add_(change, alpha=-group["lr"] * 0.2 * max(ahead.shape) ** 0.5)

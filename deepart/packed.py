"""Matrices stored in eight bits a number: half the file of float16, for networks whose matrices fill it.

A packed tensor is two in the file: whole numbers from -127 to 127 under its own name, and under that name with
".scale" one float32 for each row or for each column, whichever loses less. Loaded, it is float32 again. Symmetric
quantization with a scale per channel, as Krishnamoorthi describes it (1806.08342).
"""

from collections.abc import Mapping

import torch
from torch import Tensor

SCALE = ".scale"
TOP = 127
LEAST = 4096  # numbers of a tensor that is worth it


def worth(tensor: Tensor) -> bool:
    """Return whether a tensor is a matrix, or a kernel, large enough to be packed."""
    return tensor.is_floating_point() and tensor.dim() >= 2 and tensor.numel() >= LEAST


def pack(name: str, tensor: Tensor) -> dict[str, Tensor]:
    """Return the two tensors that stand for one of any shape with two sides or more, all numbers finite."""
    matrix = tensor.detach().float().flatten(1)
    found = min((_quantize(matrix, side) for side in (0, 1)), key=lambda pair: _loss(matrix, *pair))
    return {name: found[0].view_as(tensor), name + SCALE: found[1]}


def unpack(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a file, those that were packed whole again; fails for a scale that misfits."""
    found = dict(tensors)
    for name, tensor in tensors.items():
        if tensor.dtype == torch.int8 and name + SCALE in found:
            scale = found.pop(name + SCALE).float()
            found[name] = (tensor.flatten(1).float() * scale).view(tensor.shape)
    return found


def exact(tensor: Tensor) -> bool:
    """Return whether packing loses nothing of a tensor, as of one that was packed before."""
    return worth(tensor) and torch.equal(unpack(pack("x", tensor))["x"], tensor.detach().float().cpu())


def _quantize(matrix: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Return whole numbers and the scales of all that share one: columns for the side 0, rows for 1."""
    scale = matrix.abs().amax(side, keepdim=True) / TOP
    return (matrix / scale.clamp_min(torch.finfo(torch.float32).tiny)).round().to(torch.int8), scale


def _loss(matrix: Tensor, whole: Tensor, scale: Tensor) -> float:
    return float((whole.float() * scale.float() - matrix).square().sum())

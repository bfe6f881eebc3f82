"""Files in the layout of the published FastGANs, with weights by a formula: none like another, all known."""

import functools
import io
import zlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

CHANNELS = (1024, 512, 256, 128, 128, 64, 32, 16, 8)


def _convs() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of each convolution."""
    yield "_init._layers.0", (256, 2048, 4, 4)
    for index in range(1, 9):
        inputs, outputs, side = CHANNELS[index - 1], CHANNELS[index], 4 * 2**index
        yield f"_upsample_{side}._layers.1", (2 * outputs, inputs, 3, 3)
        if index % 2:
            yield f"_upsample_{side}._layers.5", (2 * outputs, outputs, 3, 3)
    for index in range(4, 8):
        inputs, outputs, side = CHANNELS[index - 4], CHANNELS[index], 4 * 2**index
        yield f"_sle_{side}._layers.1", (outputs, inputs, 4, 4)
        yield f"_sle_{side}._layers.3", (outputs, outputs, 1, 1)
    yield "_out_128.0", (3, 64, 1, 1)
    yield "_out_1024.0", (3, 8, 3, 3)


def _norms() -> Iterator[tuple[str, int]]:
    """Yield name and channels of each batch norm."""
    yield "_init._layers.1", 2048
    for index in range(1, 9):
        for order in (3, 7) if index % 2 else (2,):
            yield f"_upsample_{4 * 2**index}._layers.{order}", 2 * CHANNELS[index]


def _random(key: str, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(zlib.crc32(key.encode())))


def make_state(noise: float = 0.0) -> dict[str, Tensor]:
    """Return the 142 tensors of a file; noise: what the weights of the noise inside are.

    Tests share them, so a test that wants another one puts it in its place.
    """
    weights = {
        f"_upsample_{side}._layers.{order}._weight": torch.full((1,), noise)
        for side in (8, 32, 128, 512)
        for order in (2, 6)
    }
    return _without_noise() | weights


def file_of(state: Any) -> bytes:
    """Return the file pytorch_model.bin of a state, which may be anything."""
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


@functools.cache
def _without_noise() -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    for conv, shape in _convs():
        name = f"{conv}._conv.weight"
        weight = 0.05 * _random(f"{name}_orig", shape)
        matrix = (weight.transpose(0, 1) if conv.startswith("_init") else weight).flatten(1)
        u = normalize(_random(f"{name}_u", (len(matrix),)), dim=0)
        state |= {f"{name}_orig": weight, f"{name}_u": u, f"{name}_v": normalize(matrix.T @ u, dim=0)}
    for norm, channels in _norms():
        state[f"{norm}.weight"] = 1 + 0.1 * _random(f"{norm}.weight", (channels,))
        state[f"{norm}.bias"] = 0.05 * _random(f"{norm}.bias", (channels,))
        state[f"{norm}.running_mean"] = 0.05 * _random(f"{norm}.running_mean", (channels,))
        state[f"{norm}.running_var"] = 0.18 + 0.01 * _random(f"{norm}.running_var", (channels,)).abs()
        state[f"{norm}.num_batches_tracked"] = torch.tensor(0)
    return state

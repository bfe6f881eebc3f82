"""Matrices in eight bits: half the file, nearly the same numbers, and the same ones when packed again."""

from pathlib import Path

import pytest
import safetensors.torch
import torch

from deepart import checkpoint, packed
from deepart.errors import WeightsError


def matrix(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(64, 64), (100, 41), (32, 16, 3, 3)])
def test_what_is_packed_comes_back_within_half_a_step(shape: tuple[int, ...]) -> None:
    before = matrix(*shape)
    made = packed.pack("x", before)
    assert made["x"].dtype == torch.int8
    assert made["x"].shape == before.shape
    after = packed.unpack(made)
    assert list(after) == ["x"]
    assert (after["x"] - before).abs().max() <= 0.51 * made["x.scale"].float().max()
    assert torch.equal(packed.unpack(packed.pack("x", after["x"]))["x"], after["x"])
    assert packed.exact(after["x"])
    assert not packed.exact(before)


def test_a_folder_of_packed_tensors(tmp_path: Path) -> None:
    tensors = {"large": matrix(64, 80), "small": matrix(3).half().float()}
    checkpoint.write_folder(tmp_path, {"task": "vae", "class": "X"}, tensors, "card", in_eight_bits=["large"])
    path = tmp_path / checkpoint.TENSORS
    assert path.stat().st_size < 64 * 80 + 600
    found = checkpoint.read_tensors(path)
    assert torch.allclose(found["large"], tensors["large"], atol=0.03)
    assert torch.equal(found["small"].float(), tensors["small"])


def test_a_scale_that_does_not_fit_gets_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    made = packed.pack("x", matrix(64, 64)) | {"x.scale": torch.ones(7, 1)}
    safetensors.torch.save_file(made, path)
    with pytest.raises(WeightsError, match="is damaged"):
        checkpoint.read_tensors(path)
    made["x.scale"] = torch.full((64, 1), float("inf"))
    safetensors.torch.save_file(made, path)
    with pytest.raises(WeightsError, match="not finite"):
        checkpoint.read_tensors(path)

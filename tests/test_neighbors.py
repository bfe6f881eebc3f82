from __future__ import annotations

import pytest
import torch
from torch import Tensor

from deepart.models import neighbors
from deepart.models.neighbors import describe, grid, nearest, place_side, take


def maps(seed: int, height: int, width: int) -> dict[str, Tensor]:
    """Feature maps of a picture of so many pixels, at 1, 2, 4 and 8 pixels a place."""
    generator = torch.Generator().manual_seed(seed)
    sizes = {"relu1_1": 1, "relu2_1": 2, "relu3_1": 4, "relu4_1": 8}
    return {
        name: torch.rand(1, 5, height // stride, width // stride, generator=generator) for name, stride in sizes.items()
    }


@pytest.mark.parametrize("size", [(64, 48), (67, 45), (32, 33)])
def test_a_picture_finds_itself(size: tuple[int, int]) -> None:
    own = maps(0, *size)
    places = describe(own, *grid(*size, 4))
    index = nearest(places, places)
    assert (index.flatten() == torch.arange(index.numel())).float().mean() > 0.95
    for name in ("relu2_1", "relu3_1", "relu4_1"):
        taken = take(own[name], places, index, own[name])
        rows, columns = (side // 8 * 8 // (8 if name == "relu4_1" else 4) for side in taken.shape[2:])
        assert taken.shape == own[name].shape
        if name != "relu4_1" or size == (64, 48):  # half a place of a layer coarser than the grid is a neighbor's too
            assert torch.allclose(taken[..., :rows, :columns], own[name][..., :rows, :columns], atol=0.05)


def test_a_mirrored_picture_takes_from_the_mirrored_place() -> None:
    own = maps(1, 64, 64)
    other = {name: value.flip(3) for name, value in own.items()}
    here, there = describe(own, *grid(64, 64, 4)), describe(other, *grid(64, 64, 4))
    index = nearest(here, there)
    assert torch.equal(index, index.new_tensor(range(256)).view(16, 16).flip(1))
    # What is smaller than a place is taken as it stands there: blocks change places, not what is in them.
    assert torch.equal(take(other["relu3_1"], there, index, own["relu3_1"]), own["relu3_1"])


def test_sizes_need_not_agree() -> None:
    own, other = maps(2, 70, 100), maps(3, 33, 47)
    here, there = describe(own, *grid(70, 100, 4)), describe(other, *grid(33, 47, 4))
    index = nearest(here, there)
    assert index.shape == (17, 25)
    assert 0 <= index.min() <= index.max() < there.rows * there.columns
    for name, value in own.items():
        taken = take(other[name], there, index, value)
        assert taken.shape == value.shape
        assert taken.min() >= other[name].min()
        assert taken.max() <= other[name].max()


def test_large_pictures_have_coarser_places(monkeypatch: pytest.MonkeyPatch) -> None:
    assert grid(256, 250, place_side(256, 250)) == (64, 62)
    assert grid(2048, 1536, place_side(2048, 1536)) == (256, 192)
    monkeypatch.setattr(neighbors, "AT_ONCE", 7)
    own = describe(maps(4, 64, 48), *grid(64, 48, 4))
    assert torch.equal(nearest(own, own).flatten(), torch.arange(16 * 12))


def test_places_of_8_pixels_hold_more_of_each_layer() -> None:
    own = maps(5, 64, 96)
    places = describe(own, *grid(64, 96, 8))
    index = nearest(places, places)
    assert index.shape == (8, 12)
    for name, value in own.items():
        assert torch.equal(take(value, places, index, value), value), name

import pytest
import torch
from torch import Tensor

from deepart.models.neighbors import Places, coherent, describe, grid, nearest, take


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


def test_places_of_8_pixels_hold_more_of_each_layer() -> None:
    own = maps(5, 64, 96)
    places = describe(own, *grid(64, 96, 8))
    index = nearest(places, places)
    assert index.shape == (8, 12)
    for name, value in own.items():
        assert torch.equal(take(value, places, index, value), value), name


def test_a_plain_place_goes_on_where_its_neighbor_has_taken() -> None:
    generator = torch.Generator().manual_seed(0)
    plain = Places(torch.nn.functional.normalize(torch.ones(144, 8), dim=1), 12, 12)
    noisy = torch.ones(144, 8) + 0.01 * torch.rand(144, 8, generator=generator)
    style = Places(torch.nn.functional.normalize(noisy, dim=1), 12, 12)

    def continued(index: Tensor) -> float:
        """The share of places beside or under which the style goes on."""
        beside, under = index[1:, 1:] == index[1:, :-1] + 1, index[1:, 1:] == index[:-1, 1:] + 12
        return float((beside | under).float().mean())

    index = nearest(plain, style)
    assert continued(index) < 0.1  # the same place over and over
    pieces = coherent(index, plain, style)
    assert ((pieces >= 0) & (pieces < 144)).all()
    assert continued(pieces) > 0.7


def test_a_place_that_is_clearly_more_alike_is_not_given_up() -> None:
    own = maps(2, 64, 48)
    places = describe(own, *grid(64, 48, 4))
    mirrored = describe({name: value.flip(3) for name, value in own.items()}, *grid(64, 48, 4))
    index = nearest(places, mirrored)
    assert torch.equal(coherent(index, places, mirrored), index)

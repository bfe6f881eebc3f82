from __future__ import annotations

import pytest
import torch
from torch import Tensor

from deepart.models import collage

CHANCE = torch.rand(2**13, generator=torch.Generator().manual_seed(0))


def noise(seed: int, height: int = 64, width: int = 64) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def laid(content: Tensor, style: Tensor) -> tuple[collage.Bank, Tensor]:
    bank = collage.make_bank(style)
    return bank, collage.lay(collage.look_at(content), bank, CHANCE)


def test_a_flat_picture_has_no_detail_and_no_direction() -> None:
    look = collage.look_at(torch.full((1, 3, 32, 48), 0.5))
    assert look.color.shape == (3, 8, 12)
    assert look.color[0].allclose(torch.tensor(0.5))  # the luma
    assert look.color[1:].abs().max() < 1e-6
    assert look.detail.abs().max() < 1e-10
    assert look.direction.abs().max() < 1e-6


@pytest.mark.parametrize(("axis", "sign"), [(3, 1), (2, -1)])
def test_the_direction_of_stripes(axis: int, sign: int) -> None:
    places = torch.arange(96).view([-1 if dimension == axis else 1 for dimension in range(4)])
    stripes = (places % 24 < 12).float().expand(1, 3, 96, 96)
    cosine, sine = collage.look_at(stripes).direction[:, 6:-6, 6:-6].flatten(1).mean(1).tolist()
    assert cosine * sign > 0.8  # twice the angle of the gradient: 0 across, 180 degrees down
    assert abs(sine) < 0.05


def test_a_picture_laid_with_itself_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collage, "CHANCE", 0.0)
    x = noise(1)
    bank, offsets = laid(x, x)
    assert (offsets == 0).all()
    assert collage.render(bank, offsets, 0, 0, 64, 64).allclose(x, atol=1e-6)


def test_the_collage_is_made_of_the_style_and_of_the_right_parts_of_it() -> None:
    """Half of the style is dark and striped, half light and plain; the content is light on the left."""
    style = torch.ones(1, 3, 128, 128)
    style[..., :64] = 0.1 * (torch.arange(128) // 4 % 2).view(1, 1, 128, 1)
    content = torch.full((1, 3, 64, 128), 0.9)
    content[..., 64:] = 0.1
    bank, offsets = laid(content, style)
    made = collage.render(bank, offsets, 0, 0, 64, 128)
    assert made[..., 8:48].mean() > 0.95
    assert made[..., 80:120].mean() < 0.15
    rows = made[0, 0, :, 96]
    assert (rows.max() - rows.min()) > 0.05  # stripes, not their mean


def test_windows_are_parts_of_the_whole() -> None:
    bank, offsets = laid(noise(2, 64, 96), noise(3))
    whole = collage.render(bank, offsets, 0, 0, 64, 96)
    assert collage.render(bank, offsets, 16, 40, 24, 56).equal(whole[..., 16:40, 40:96])


def test_neighbours_stay_together() -> None:
    _, offsets = laid(noise(4, 128, 128) * 0.02 + 0.5, noise(5, 128, 128) * 0.02 + 0.5)
    apart = (offsets[..., 1:] != offsets[..., :-1]).any(0).float().mean()
    assert apart < 0.45  # in blocks of three, a third of the edges is between blocks


def test_the_details_take_the_distribution_of_the_style_and_keep_their_order() -> None:
    detail = torch.tensor([[[3.0, 1.0], [2.0, 0.0]], [[0.0, 1.0], [2.0, 3.0]]])
    target = torch.tensor([[10.0, 20.0, 30.0, 40.0], [1.0, 2.0, 3.0, 4.0]])
    matched = collage._matched(detail, target)
    assert matched.tolist() == [[[40, 20], [30, 10]], [[1, 2], [3, 4]]]


def test_equal_details_get_the_lowest_that_is_theirs() -> None:
    detail = torch.tensor([[[1.0, 1.0], [1.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]]])
    target = torch.tensor([[10.0, 20.0, 30.0, 40.0], [1.0, 2.0, 3.0, 4.0]])
    assert collage._matched(detail, target).tolist() == [[[10, 10], [10, 40]], [[1, 1], [1, 1]]]


def test_a_plain_area_gets_plain_pieces_all_over() -> None:
    """The style is half plain, half busy; the content plain but for a small busy square."""
    style = torch.full((1, 3, 128, 128), 0.5)
    style[..., :64] = noise(9, 128, 64)
    content = torch.full((1, 3, 256, 256), 0.5)
    content[..., 112:144, 112:144] = noise(10, 32, 32)
    bank, offsets = laid(content, style)
    made = collage.render(bank, offsets, 0, 0, 256, 256)
    bands = torch.stack([band.std() for band in made[..., :96].split(32, 2)])
    assert bands.max() < 0.03
    assert made[..., 120:136, 120:136].std() > 0.1


@pytest.mark.parametrize("width", [1024, 2048])
def test_a_large_plain_area_does_not_repeat_itself(width: int) -> None:
    chance = torch.rand(collage.chances_for(1024, width), generator=torch.Generator().manual_seed(2))
    content = collage.look_at(torch.full((1, 3, 1024, width), 0.5))
    offsets = collage.lay(content, collage.make_bank(noise(11, 128, 128) * 0.1 + 0.45), chance)
    places = offsets + collage.STRIDE * torch.stack(
        torch.meshgrid(*map(torch.arange, offsets.shape[1:]), indexing="ij")
    )
    for rows in (8, 16, 32, 48, 64, 96):
        same = (places[:, rows:] == places[:, :-rows]).all(0).float().mean()
        assert same < 0.2, rows


def test_chance_varies_the_choice_and_the_same_chance_does_not() -> None:
    content, bank = collage.look_at(torch.full((1, 3, 96, 96), 0.5)), collage.make_bank(noise(6) * 0.1 + 0.45)
    other = torch.rand(2**13, generator=torch.Generator().manual_seed(1))
    first = collage.lay(content, bank, CHANCE)
    assert first.equal(collage.lay(content, bank, CHANCE))
    assert not first.equal(collage.lay(content, bank, other))


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 128), (128, 8), (16, 24)])
def test_small_and_narrow_pictures(height: int, width: int) -> None:
    bank, offsets = laid(noise(7, height, width), noise(8, 8, 40))
    made = collage.render(bank, offsets, 0, 0, height, width)
    assert made.shape == (1, 3, height, width)
    assert 0 <= made.min() <= made.max() <= 1

import pytest
import torch
from torch import Tensor

from deepart.color import (
    color_moments,
    keep_color,
    match_color,
    match_palette,
    palette,
    rgb_to_oklab,
)


def patch(*rgb: float) -> Tensor:
    return torch.tensor(rgb).view(1, 3, 1, 1)


def picture(seed: int, height: int = 24, width: int = 20) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # white, black, and the primaries as published with the space
        ((1, 1, 1), (1, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (0.6280, 0.2249, 0.1258)),
        ((0, 1, 0), (0.8664, -0.2339, 0.1795)),
        ((0, 0, 1), (0.4520, -0.0325, -0.3115)),
    ],
)
def test_known_colors_in_oklab(rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    assert rgb_to_oklab(patch(*map(float, rgb))).flatten().tolist() == pytest.approx(lab, abs=2e-4)


def test_matching_gives_exactly_the_palette_asked_for() -> None:
    x, other = picture(1), picture(2, 30, 9) * 0.3 + 0.2
    mean, covariance = color_moments(match_color(x, *color_moments(other)))
    wanted_mean, wanted_covariance = color_moments(other)
    assert torch.allclose(mean, wanted_mean, atol=1e-4)
    assert torch.allclose(covariance, wanted_covariance, atol=1e-4)


def test_a_picture_of_one_color_becomes_the_mean_of_the_other() -> None:
    flat = torch.full((1, 3, 8, 8), 0.5)
    matched = match_color(flat, *color_moments(picture(4)))
    assert (matched - picture(4).mean((2, 3), keepdim=True)).abs().max() < 1e-4


def test_keeping_color_takes_lightness_from_one_and_the_rest_from_the_other() -> None:
    painted, content = picture(5) * 0.2 + 0.4, picture(6) * 0.2 + 0.4  # well inside the gamut
    lab, by, of = rgb_to_oklab(keep_color(painted, content)), rgb_to_oklab(painted), rgb_to_oklab(content)
    assert (lab[:, :1] - by[:, :1]).abs().max() < 2e-3
    assert (lab[:, 1:] - of[:, 1:]).abs().max() < 2e-3


def test_color_that_does_not_fit_gives_way_without_turning_the_hue() -> None:
    lab = rgb_to_oklab(keep_color(patch(0.9, 0.9, 0.9), patch(0.0, 0.0, 1.0)))
    blue = rgb_to_oklab(patch(0.0, 0.0, 1.0))
    assert lab[0, 0].item() == pytest.approx(rgb_to_oklab(patch(0.9, 0.9, 0.9))[0, 0].item(), abs=0.01)
    assert 0 < lab[0, 1:].norm() < blue[0, 1:].norm()
    cosine = torch.nn.functional.cosine_similarity(lab[0, 1:].flatten(), blue[0, 1:].flatten(), dim=0)
    assert cosine > 0.99


def test_a_picture_takes_the_colours_that_a_palette_has_at_its_lightness() -> None:
    # Darks are blue and lights buff in the one; the other is grey, and becomes so too.
    ramp = torch.linspace(0.1, 0.9, 48).expand(1, 1, 48, 48)
    buff_and_blue = torch.cat([ramp, ramp, torch.full_like(ramp, 0.5)], 1)
    gray = torch.linspace(0.2, 0.6, 40).view(1, 1, 40, 1).expand(1, 3, 40, 30)
    made = match_palette(gray, palette(buff_and_blue)).clamp(0, 1)
    dark, light = made[0, :, 2].mean(1), made[0, :, -3].mean(1)
    assert dark[2] > dark[0] + 0.1
    assert light[0] > light[2] + 0.1
    assert light.mean() > dark.mean() + 0.4


def test_a_picture_keeps_itself_in_its_own_palette_but_for_some_chroma() -> None:
    x = torch.nn.functional.interpolate(picture(5, 8, 8), (64, 64), mode="bicubic").clamp(0.1, 0.9)
    made = match_palette(x, palette(x))
    assert (rgb_to_oklab(made)[:, :1] - rgb_to_oklab(x)[:, :1]).abs().mean() < 0.01
    assert (made - x).abs().mean() < 0.05


@pytest.mark.parametrize("x", [torch.full((1, 3, 16, 16), 0.4), torch.rand(1, 3, 2, 3), torch.zeros(1, 3, 1, 40)])
def test_palettes_of_odd_pictures_are_numbers(x: Tensor) -> None:
    assert match_palette(x, palette(picture(3, 20, 30))).isfinite().all()
    assert match_palette(picture(3, 20, 30), palette(x)).isfinite().all()

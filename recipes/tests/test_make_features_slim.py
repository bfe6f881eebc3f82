from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from deepart.models.vgg import VGGConfig, VGGFeatures
from recipes.make_features_slim import SIDE, read_crops, refit, select_channels, slim


def test_a_channel_that_says_what_another_says_is_not_chosen_beside_it() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 4000, generator=generator, dtype=torch.float64)
    covariance = torch.cov(torch.stack([a, 2 * a, b, -a]))
    assert {1, 2} <= {*select_channels(covariance, 2), 1}
    assert 2 in select_channels(covariance, 2)


def test_the_fit_finds_a_convolution_that_is_there() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, 3, 12, 12, generator=generator)
    true = torch.nn.Conv2d(3, 5, 3, padding=1)
    with torch.no_grad():
        weight, bias = refit(x, true(x), generator)
        assert (weight - true.weight).abs().max() < 0.01
        assert (bias - true.bias).abs().max() < 0.01


def test_a_slim_network_follows_its_teacher() -> None:
    torch.manual_seed(0)
    teacher = VGGFeatures(VGGConfig(blocks=((8, 8), (8, 8), (8, 8, 8), (8, 8, 8))))
    crops = torch.rand(6, 3, 32, 32)
    network, errors = slim(teacher, 2, crops[:5], crops[5:])
    assert network.config.blocks == ((4, 4), (4, 4), (4, 4, 4), (4, 4))
    assert errors["relu1_1"] < 1e-3  # it sees all that its teacher sees
    assert max(errors.values()) < 1.5


def test_crops_are_the_same_each_time_and_few_pictures_get_a_sentence(tmp_path: Path) -> None:
    for i in range(3):
        Image.effect_noise((SIDE + 40 * i, SIDE + 10), 60).convert("RGB").save(tmp_path / f"{i}.png")
    crops = read_crops(tmp_path, 3)
    assert crops.shape == (3, 3, SIDE, SIDE)
    assert torch.equal(crops, read_crops(tmp_path, 3))
    with pytest.raises(SystemExit, match="has 3 pictures of 160 pixels and more; 4 are needed"):
        read_crops(tmp_path, 4)

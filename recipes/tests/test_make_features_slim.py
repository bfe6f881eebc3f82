from pathlib import Path

import pytest
import torch
from PIL import Image

from deepart.models.vgg import VGGConfig, VGGFeatures
from recipes.make_features_slim import SIDE, read_crops, slim


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

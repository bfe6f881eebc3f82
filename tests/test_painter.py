from __future__ import annotations

import pytest
import torch
from torch import Tensor

from deepart.models.painter import REACH, Painter, PainterConfig, lowpass, modulate, style_statistics

SMALL = PainterConfig(width=8, depth=1, style=6, code=4)


def painter(config: PainterConfig = SMALL, seed: int = 0) -> Painter:
    """A network whose every weight matters: a new one begins by mixing its two pictures alone."""
    torch.manual_seed(seed)
    network = Painter(config).eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.copy_(torch.randn_like(parameter) * 0.15)
    return network


def paint(network: Painter, recolored: Tensor, collage: Tensor, strength: float = 1.0, style: float = 0.0) -> Tensor:
    power = torch.full((1, 1), strength)
    code = network.describe(torch.full((1, network.config.style), style), power)
    painted: Tensor = network(recolored, collage, code, power[:, :, None, None])
    return painted


def noise(seed: int, height: int = 32, width: int = 32) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_equal_pictures_come_back_from_a_new_network() -> None:
    x = noise(0)
    torch.manual_seed(0)
    assert paint(Painter(SMALL), x, x).allclose(x, atol=1e-6)


def test_at_strength_0_the_recolored_content_comes_back() -> None:
    recolored, collage = noise(1), noise(2)
    assert paint(painter(), recolored, collage, 0.0).equal(recolored)
    assert not paint(painter(), recolored, collage, 1.0).allclose(recolored, atol=0.05)


def test_the_style_changes_the_picture() -> None:
    recolored, collage = noise(1), noise(2)
    assert not paint(painter(), recolored, collage, style=0.0).allclose(paint(painter(), recolored, collage, style=2.0))


def test_nothing_reaches_further_than_it_says() -> None:
    """Tiles overlap by REACH; at the default depth, with all weights at work."""
    network = painter(PainterConfig(width=8, style=6, code=4))
    width = 3 * REACH
    recolored, collage = noise(3, 32, width), noise(4, 32, width)
    touched = recolored.clone()
    touched[..., : width // 2] = 1 - touched[..., : width // 2]
    changed = (paint(network, recolored, collage) - paint(network, touched, collage)).abs().amax((0, 1, 2))
    assert changed[: width // 2].max() > 1e-3
    assert changed[width // 2 + REACH :].max() == 0


def test_lowpass_keeps_what_is_coarse() -> None:
    flat = torch.full((1, 3, 32, 40), 0.3)
    assert lowpass(flat).allclose(flat, atol=1e-6)
    checks = ((torch.arange(32)[:, None] + torch.arange(40)) % 2).float().expand(1, 3, 32, 40)
    assert lowpass(checks).allclose(torch.tensor(0.5), atol=1e-6)


def test_modulation_on_paper() -> None:
    x = torch.tensor([1.0, 3.0]).view(1, 2, 1, 1)  # normalised over the channels: -1, 1
    made = modulate(x, torch.tensor([[0.5, 1.0, 10.0, 20.0]]))  # scales 1.5 and 2, shifts 10 and 20
    assert made.flatten().tolist() == pytest.approx([8.5, 22.0], abs=1e-3)


def test_statistics_on_paper() -> None:
    maps = torch.tensor([[1.0, 3.0], [0.0, 0.0]]).view(1, 2, 1, 2)
    numbers = style_statistics({"relu1_1": maps}).exp().flatten().tolist()
    assert numbers == pytest.approx([2.01, 0.01, 2**0.5 + 0.01, 0.01], abs=1e-5)


def test_the_default_is_under_eight_megabytes_in_halves() -> None:
    assert sum(value.numel() for value in Painter(PainterConfig()).state_dict().values()) * 2 < 8e6

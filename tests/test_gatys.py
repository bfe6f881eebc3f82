import pytest
import torch
from torch import Tensor

from deepart.models import gatys_loss, neighbors
from deepart.models.gatys import Gatys, Level, descend, schedule
from deepart.models.gatys_loss import GatysConfig, Objective, gram
from deepart.models.vgg import VGGConfig, VGGFeatures

TINY = VGGConfig(blocks=((4, 4), (6, 6), (8, 8, 8), (8, 8, 8)))


@pytest.fixture(scope="module")
def network() -> Gatys:
    torch.manual_seed(0)
    return Gatys(VGGFeatures(TINY))


def picture(seed: int, height: int = 32, width: int = 32) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def paint(network: Gatys, content: Tensor, style: Tensor, levels: list[Level], **options: object) -> Tensor:
    defaults = {
        "strength": 1.0,
        "style_scale": 1.0,
        "start_noise": torch.zeros(1, 3, levels[0].height, levels[0].width),
        "on_step": lambda step, picture: None,
    }
    return network.paint(content, [(style, 1.0)], levels=levels, **{**defaults, **options})


def objective(network: Gatys, content: Tensor, style: Tensor, **options: float) -> Objective:
    options = {"strength": 1.0, "style_scale": 1.0, **options}
    return Objective(network.features, network.config, content, [(style, 1.0)], **options)


@pytest.mark.parametrize("sides", [(256, 256), (1024, 1024), (1024, 683), (128, 128), (64, 48), (32, 1024), (16, 512)])
def test_levels_climb_to_the_size_asked_for(sides: tuple[int, int]) -> None:
    levels = schedule(*sides, steps=100)
    assert (levels[-1].height, levels[-1].width) == sides
    areas = [level.height * level.width for level in levels]
    assert areas == sorted(areas)
    assert min(min(level.height, level.width) for level in levels) >= min(32, *sides)
    assert levels[0].steps == 100
    assert [level.steps for level in levels] == sorted((level.steps for level in levels), reverse=True)


def test_painting_brings_the_style_nearer(network: Gatys) -> None:
    content, style = picture(0), picture(1) * 0.3
    layers = ("relu1_1", "relu2_1")
    result = paint(network, content, style, [Level(32, 32, 40)])

    def distance(x: Tensor) -> float:
        found, wanted = network.features(x, layers), network.features(style, layers)
        return sum(((gram(found[n]) - gram(wanted[n])).norm() / gram(wanted[n]).norm()).item() for n in layers)

    assert result.shape == content.shape
    assert 0 <= result.min() <= result.max() <= 1
    assert distance(result) < 0.5 * distance(content)


@pytest.mark.parametrize("strength", [1.0, 0.6])
def test_a_picture_in_windows_has_the_loss_and_the_gradient_of_the_whole(
    network: Gatys, monkeypatch: pytest.MonkeyPatch, strength: float
) -> None:
    content, style, x = picture(7, 200, 136), picture(8, 96, 80), picture(9, 200, 136)
    for module in (gatys_loss, neighbors):
        monkeypatch.setattr(module, "autocast", lambda device: torch.autocast("cpu", enabled=False))
    whole, slope = objective(network, content, style, strength=strength)(x)
    monkeypatch.setattr(gatys_loss, "WINDOW", 64)
    assert len(gatys_loss.windows(200, 136)) == 12
    parts, parts_slope = objective(network, content, style, strength=strength)(x)
    assert parts == pytest.approx(whole, rel=1e-3)
    assert (parts_slope - slope).norm() < 1e-2 * slope.norm()  # a place may have two neighbors alike


def test_the_gradient_is_that_of_the_loss(network: Gatys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gatys_loss, "autocast", lambda device: torch.autocast("cpu", enabled=False))
    loss, x = objective(network, picture(0), picture(1)), 0.2 + 0.6 * picture(2)
    slope = loss(x)[1]
    along = slope / slope.abs().max()
    (ahead, _), (behind, _) = loss(x + 0.01 * along), loss(x - 0.01 * along)
    assert (ahead - behind) / 0.02 == pytest.approx(float((slope * along).sum()), rel=0.1)


def test_the_optimiser_takes_as_many_steps_as_asked_and_returns_the_best() -> None:
    seen: list[int] = []
    target = picture(4)

    def bowl(x: Tensor) -> tuple[float, Tensor]:
        return float((x - target).square().sum()), 2 * (x - target)

    found = descend(picture(5), bowl, 9, lambda step, so_far: seen.append(step))
    assert seen == list(range(1, 10))
    assert (found - target).abs().max() < 1e-3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="compares the CPU with a GPU; runs where there is one")
def test_a_gpu_starts_on_the_same_way(network: Gatys) -> None:
    levels = [Level(32, 32, 3)]
    on_cpu = paint(network, picture(0), picture(1), levels)
    torch.manual_seed(0)
    there = Gatys(VGGFeatures(TINY).cuda())
    on_gpu = paint(there, picture(0).cuda(), picture(1).cuda(), levels)
    assert (on_gpu.cpu() - on_cpu).abs().mean() < 2 / 255


def test_a_layer_deeper_than_the_border_is_measured_at_every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    deep = Gatys(VGGFeatures(VGGConfig(blocks=((4,), (4,), (4,), (4, 4), (4,)))))
    deep = Gatys(deep.features, GatysConfig((*GatysConfig().style_layers, "relu5_1"), ("relu3_1", "relu4_2")))
    for height, width in ((40, 57), (31, 44)):
        assert objective(deep, picture(0, height, width), picture(1, 45, 33))(picture(2, height, width))[0] > 0
    monkeypatch.setattr(gatys_loss, "WINDOW", 64)
    assert objective(deep, picture(0, 150, 90), picture(1, 45, 33))(picture(2, 150, 90))[0] > 0

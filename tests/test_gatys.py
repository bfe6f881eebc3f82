from __future__ import annotations

import pytest
import torch
from torch import Tensor

from deepart.errors import OptionError
from deepart.models.gatys import Gatys, GatysConfig, Level, _shares, check_layers, gram, schedule, total_variation
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


def test_gram_of_a_known_map() -> None:
    features = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]]]])
    assert gram(features).tolist() == [[[30 / 4, 5 / 4], [5 / 4, 2 / 4]]]


def test_gram_does_not_look_at_order_or_size() -> None:
    features = torch.rand(1, 5, 6, 6)
    assert torch.allclose(gram(features.flip(2).flip(3)), gram(features), atol=1e-6)
    assert torch.allclose(gram(features.repeat(1, 1, 2, 3)), gram(features), atol=1e-6)


def test_total_variation_of_a_checkerboard_is_two_and_of_a_flat_picture_nothing() -> None:
    board = (torch.arange(8)[:, None] + torch.arange(8)) % 2
    # Each neighbour differs by 1, down and across; the smoothing takes just under 1/255 from each.
    assert total_variation(board.float()[None, None]).item() == pytest.approx(2 - 2 / 255, abs=1e-4)
    assert total_variation(torch.full((1, 3, 5, 5), 0.7)).item() == pytest.approx(0, abs=1e-7)
    assert total_variation(torch.rand(1, 1, 1, 1)).item() == 0


@pytest.mark.parametrize("sides", [(256, 256), (1024, 1024), (1024, 683), (128, 128), (64, 48), (32, 1024), (16, 512)])
def test_levels_climb_to_the_size_asked_for(sides: tuple[int, int]) -> None:
    levels = schedule(*sides, steps=100)
    assert (levels[-1].height, levels[-1].width) == sides
    areas = [level.height * level.width for level in levels]
    assert areas == sorted(areas)
    assert min(min(level.height, level.width) for level in levels) >= min(32, *sides)
    assert levels[0].steps == 100
    assert [level.steps for level in levels] == sorted((level.steps for level in levels), reverse=True)


def test_work_grows_no_faster_than_pixels() -> None:
    def work(side: int) -> int:
        return sum(level.height * level.width * level.steps for level in schedule(side, side, 100))

    assert [level.width for level in schedule(256, 256, 100)] == [128, 181, 256]
    assert work(512) / work(256) < 4
    assert work(1024) / work(512) < 4


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


def test_a_painting_of_the_content_in_its_own_style_stays_it(network: Gatys) -> None:
    content = picture(2)
    smooth = torch.nn.functional.avg_pool2d(content, 9, 1, 4)
    assert (paint(network, smooth, smooth, [Level(32, 32, 20)]) - smooth).abs().mean() < 0.05


def test_less_strength_stays_nearer_to_the_content(network: Gatys) -> None:
    content, style = picture(3), picture(4) ** 3
    moved = [
        (paint(network, content, style, [Level(32, 32, 25)], strength=s) - content).abs().mean() for s in (0.1, 0.5, 1)
    ]
    assert moved == sorted(moved)


def test_every_step_is_reported_once_with_the_picture_so_far(network: Gatys) -> None:
    seen: list[tuple[int, tuple[int, ...]]] = []
    paint(network, picture(0), picture(1), [Level(16, 16, 3), Level(32, 32, 2)],
          on_step=lambda step, so_far: seen.append((step, tuple(so_far().shape))))  # fmt: skip
    assert seen == [(n, (1, 3, 16, 16)) for n in (1, 2, 3)] + [(n, (1, 3, 32, 32)) for n in (4, 5)]


def test_what_a_step_raises_ends_the_work_there(network: Gatys) -> None:
    steps = []

    def stop(step: int, so_far: object) -> None:
        steps.append(step)
        if step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint(network, picture(0), picture(1), [Level(16, 16, 9)], on_step=stop)
    assert steps == [1, 2]


def test_two_styles_count_by_their_weights(network: Gatys) -> None:
    first, second = picture(5), picture(6) ** 2
    blended = network._style_targets([(first, 0.75), (second, 0.25)], 32 * 32)
    one, two = (network._style_targets([(style, 1.0)], 32 * 32) for style in (first, second))
    for name, value in blended.items():
        assert torch.allclose(value, 0.75 * one[name] + 0.25 * two[name], rtol=1e-4, atol=1e-6)


def test_a_style_measured_in_pieces_has_nearly_the_same_gram(network: Gatys, monkeypatch: pytest.MonkeyPatch) -> None:
    style = picture(7, 96, 80)
    whole = network._style_targets([(style, 1.0)], 96 * 80)
    monkeypatch.setattr("deepart.models.gatys.STYLE_TILE", 48)
    pieces = network._style_targets([(style, 1.0)], 96 * 80)
    for name, value in whole.items():
        assert (pieces[name] - value).norm() < 0.25 * value.norm(), name  # borders of small maps weigh a little


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (GatysConfig(style_layers=()), "There is no style layer; name at least one"),
        (GatysConfig(content_layers=("relu9_9",)), "There is no content layer 'relu9_9'; this network has relu1_1"),
    ],
)
def test_layers_that_are_not_there_get_a_sentence(network: Gatys, config: GatysConfig, sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        check_layers(network.features, config)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="compares the CPU with a GPU; runs where there is one")
def test_a_gpu_starts_on_the_same_way(network: Gatys) -> None:
    levels = [Level(32, 32, 3)]
    on_cpu = paint(network, picture(0), picture(1), levels)
    torch.manual_seed(0)
    there = Gatys(VGGFeatures(TINY).cuda())
    on_gpu = paint(there, picture(0).cuda(), picture(1).cuda(), levels)
    assert (on_gpu.cpu() - on_cpu).abs().mean() < 2 / 255


def test_larger_strokes_come_from_a_larger_style(network: Gatys, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[tuple[int, int]] = []
    measure = Gatys._measure
    monkeypatch.setattr(
        Gatys, "_measure", lambda self, x, layers: measured.append(tuple(x.shape[2:])) or measure(self, x, layers)
    )
    paint(network, picture(0, 64, 64), picture(1, 50, 50), [Level(64, 64, 1)], style_scale=2.0)
    assert measured[0] == (128, 128)  # the style at twice the sides of the level
    assert measured[1] == (64, 64)


def test_without_style_and_smoothing_only_the_content_counts(network: Gatys) -> None:
    content = picture(8)
    still = Gatys(network.features, GatysConfig(style_weight=0, tv_weight=0))
    objective = still._objective(content, [(picture(1), 1.0)], 1.0, 1.0)
    assert objective(content).item() == pytest.approx(0, abs=1e-7)
    assert objective(0.9 * content + 0.1 * picture(9)).item() > 1e-4
    assert objective(picture(9)).item() > 2 * objective(0.9 * content + 0.1 * picture(9)).item()


def test_more_total_variation_weight_gives_a_smoother_picture(network: Gatys) -> None:
    rough, smooth = (
        paint(Gatys(network.features, GatysConfig(tv_weight=weight)), picture(2), picture(3), [Level(32, 32, 25)])
        for weight in (0.0, 40.0)
    )
    assert total_variation(smooth) < 0.8 * total_variation(rough)


def test_the_deepest_style_layer_counts_twice_and_shares_add_up(network: Gatys) -> None:
    assert list(_shares(network.config).values()) == pytest.approx([0.2, 0.2, 0.2, 0.4])


def test_rates_halve_towards_the_finest_level_and_settle_there(network: Gatys) -> None:
    assert network._rates(0, 3, 2) == pytest.approx([0.03, 0.03])
    assert network._rates(1, 3, 1) == pytest.approx([0.03 * 0.5**0.5])
    last = network._rates(2, 3, 4)
    assert last[0] == pytest.approx(0.015)
    assert last == sorted(last, reverse=True)
    assert last[-1] == pytest.approx(0.015 * 0.4)

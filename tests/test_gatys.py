from __future__ import annotations

import pytest
import torch
from torch import Tensor

from deepart.color import detail
from deepart.errors import OptionError
from deepart.models import gatys_loss, neighbors
from deepart.models.gatys import Gatys, Level, check_layers, descend, schedule
from deepart.models.gatys_loss import GatysConfig, Objective, apart, gram, moments, total_variation
from deepart.models.vgg import SlimConfig, SlimVGG, VGGConfig, VGGFeatures

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


def test_gram_of_a_known_map() -> None:
    features = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]]]])
    assert gram(features).tolist() == [[[30 / 4, 5 / 4], [5 / 4, 2 / 4]]]


def test_gram_does_not_look_at_order_or_size() -> None:
    features = torch.rand(1, 5, 6, 6)
    assert torch.allclose(gram(features.flip(2).flip(3)), gram(features), atol=1e-6)
    assert torch.allclose(gram(features.repeat(1, 1, 2, 3)), gram(features), atol=1e-6)


def test_gradient_of_the_gram_is_that_of_a_plain_product() -> None:
    features = torch.rand(1, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(1, 3, 3, dtype=torch.float64)
    flat = features.flatten(2)
    [wanted] = torch.autograd.grad((flat @ flat.transpose(1, 2) / 20 * weight).sum(), features)
    [found] = torch.autograd.grad((gram(features) * weight).sum(), features)
    assert torch.allclose(found, wanted, atol=1e-6)


def test_total_variation_is_the_length_of_the_gradient() -> None:
    across = torch.linspace(0, 0.7, 8).expand(1, 3, 8, 8)  # 0.1 a pixel in each channel
    assert total_variation(across).item() == pytest.approx(0.1, abs=0.01)
    both = across + across.transpose(2, 3)
    assert total_variation(both).item() == pytest.approx(2**0.5 * total_variation(across).item(), rel=0.05)
    assert total_variation(torch.full((1, 3, 5, 5), 0.7)).item() == pytest.approx(0, abs=1e-7)
    assert total_variation(torch.rand(1, 1, 1, 4)).item() == 0


def test_moments_are_a_covariance_and_a_mean() -> None:
    maps = torch.rand(1, 3, 5, 4)
    covariance, mean = apart(moments(maps))
    assert torch.allclose(covariance[0], torch.cov(maps.flatten(2)[0], correction=0), atol=1e-6)
    assert torch.allclose(mean[0, :, 0], maps.mean((2, 3))[0])


def test_detail_is_where_lightness_differs() -> None:
    x = torch.full((1, 3, 40, 60), 0.5)
    x[..., 10:20, 30:40] = picture(0, 10, 10)
    found = detail(x)[0, 0]
    assert found[12:18, 32:38].min() > 0.9
    assert found[30:, :20].max() < 1e-3
    assert detail(torch.rand(1, 3, 2, 5)).shape == (1, 1, 2, 5)


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
    content = torch.nn.functional.interpolate(picture(3, 4, 4), (32, 32), mode="bicubic").clamp(0, 1)
    moved = [
        (paint(network, content, picture(4) ** 3, [Level(32, 32, 25)], strength=s) - content).abs().mean()
        for s in (0.1, 0.5, 1)
    ]
    assert moved == sorted(moved)
    assert moved[0] < 0.5 * moved[2]


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

    def targets(*styles: tuple[Tensor, float]) -> dict[str, Tensor]:
        made = Objective(network.features, network.config, picture(0), styles, strength=1.0, style_scale=1.0)
        return made.style

    blended, one, two = targets((first, 0.75), (second, 0.25)), targets((first, 1.0)), targets((second, 1.0))
    for name, value in blended.items():
        assert torch.allclose(value, 0.75 * one[name] + 0.25 * two[name], rtol=1e-4, atol=1e-6)


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


def test_only_the_last_level_is_measured_in_half_the_width() -> None:
    torch.manual_seed(1)
    slim = SlimVGG(SlimConfig(((4, 4), (4, 4), (4, 4, 4), (4, 4)), ((2, 2), (2, 2), (2, 2, 2), (2, 2))))
    sizes: dict[str, set[int]] = {"half": set(), "quarter": set()}
    for name, part in (("half", slim.half_width), ("quarter", slim.quarter_width)):
        part.register_forward_hook(lambda _, given, __, name=name: sizes[name].add(given[0].shape[3]))
    paint(Gatys(slim), picture(0, 48, 48), picture(1, 48, 48), [Level(32, 32, 1), Level(48, 48, 1)])
    border = 2 * gatys_loss.BORDER
    assert sizes == {"half": {48 + border}, "quarter": {32 + border}}


def test_a_start_is_where_the_painting_begins(network: Gatys) -> None:
    content, start = picture(0), picture(1)
    still = Gatys(network.features, GatysConfig(style_weight=0, tv_weight=0))
    levels = [Level(16, 16, 1), Level(32, 32, 1)]
    begun, plain = (paint(still, content, picture(2), levels, start=x) for x in (start, None))
    assert (begun - start).abs().mean() < (plain - start).abs().mean()


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (GatysConfig(style_layers=()), "There is no style layer; name at least one"),
        (GatysConfig(content_layers=("relu9_9",)), "There is no content layer 'relu9_9'; this network has relu1_1"),
    ],
)
def test_layers_that_are_not_there_get_a_sentence(network: Gatys, config: GatysConfig, sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        check_layers(network.layers, config)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="compares the CPU with a GPU; runs where there is one")
def test_a_gpu_starts_on_the_same_way(network: Gatys) -> None:
    levels = [Level(32, 32, 3)]
    on_cpu = paint(network, picture(0), picture(1), levels)
    torch.manual_seed(0)
    there = Gatys(VGGFeatures(TINY).cuda())
    on_gpu = paint(there, picture(0).cuda(), picture(1).cuda(), levels)
    assert (on_gpu.cpu() - on_cpu).abs().mean() < 2 / 255


def test_larger_strokes_come_from_a_larger_style() -> None:
    torch.manual_seed(0)
    features, seen = VGGFeatures(TINY), []
    features.register_forward_hook(lambda _, given, __: seen.append(given[0].shape[3] - 2 * gatys_loss.BORDER))
    paint(Gatys(features), picture(0, 64, 64), picture(1, 50, 50), [Level(64, 64, 1)], style_scale=2.0)
    assert seen[:2] == [128, 64]  # the style at twice the sides of the level, then the content


def test_without_style_and_smoothing_only_the_content_counts(network: Gatys) -> None:
    content = picture(8)
    still = Gatys(network.features, GatysConfig(style_weight=0, tv_weight=0))
    loss = objective(still, content, picture(1))
    near = 0.9 * content + 0.1 * picture(9)
    assert loss(content)[0] == pytest.approx(0, abs=1e-6)
    assert loss(picture(9))[0] > 2 * loss(near)[0] > 1e-4


def test_more_total_variation_weight_gives_a_smoother_picture(network: Gatys) -> None:
    rough, smooth = (
        paint(Gatys(network.features, GatysConfig(tv_weight=weight)), picture(2), picture(3), [Level(32, 32, 25)])
        for weight in (0.0, 40.0)
    )
    assert total_variation(smooth) < 0.9 * total_variation(rough)


def test_a_layer_deeper_than_the_border_is_measured_at_every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    deep = Gatys(VGGFeatures(VGGConfig(blocks=((4,), (4,), (4,), (4, 4), (4,)))))
    deep = Gatys(deep.features, GatysConfig((*GatysConfig().style_layers, "relu5_1"), ("relu3_1", "relu4_2")))
    for height, width in ((40, 57), (31, 44)):
        assert objective(deep, picture(0, height, width), picture(1, 45, 33))(picture(2, height, width))[0] > 0
    monkeypatch.setattr(gatys_loss, "WINDOW", 64)
    assert objective(deep, picture(0, 150, 90), picture(1, 45, 33))(picture(2, 150, 90))[0] > 0


@pytest.mark.parametrize("plain", ["content", "style"])
def test_a_plain_picture_does_not_drown_the_other_distances(network: Gatys, plain: str) -> None:
    pictures = {"content": picture(0), "style": picture(1)} | {plain: torch.full((1, 3, 32, 32), 0.5)}
    assert 0 < objective(network, **pictures)(picture(2))[0] < 1e5


def test_styles_of_unlike_shapes_at_a_large_scale_are_capped(network: Gatys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gatys_loss, "MOST_STYLE", 64 * 64)
    seen: list[int] = []
    hook = network.features.register_forward_hook(lambda _, given, __: seen.append(given[0][0, 0].numel()))
    styles = [(picture(1, 20, 200), 0.5), (picture(2, 90, 30), 0.5)]
    Objective(network.features, network.config, picture(0, 48, 48), styles, strength=1.0, style_scale=4.0)
    hook.remove()
    assert max(seen) < 3 * 64 * 64  # with the border; without the cap 9 times as much

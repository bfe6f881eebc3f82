import pytest
import torch
from torch import Tensor

from deepart.models import fast, neighbors
from deepart.models.fast import Fast, StyleCode, style_sides, windows
from deepart.models.inverter import Inverter, InverterConfig
from deepart.models.spans import Span
from deepart.models.vgg import VGGConfig, VGGFeatures

CHANCE = torch.rand(fast.CHANCES, generator=torch.Generator().manual_seed(0))


def inverter(seed: int = 0) -> Inverter:
    """A small network whose every weight matters: a new one begins by giving the coarse colours alone."""
    torch.manual_seed(seed)
    network = Inverter(InverterConfig((4, 4, 4), (8, 8, 8, 4))).eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.copy_(torch.randn_like(parameter) * 0.1)
    return network


@pytest.fixture(scope="module")
def model() -> Fast:
    torch.manual_seed(0)
    return Fast(inverter(), VGGFeatures(VGGConfig(blocks=((4,), (4,), (4,), (4,)))))


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Float32 throughout: in bfloat16 many places are alike, and the first of them is taken."""
    for module in (fast, neighbors):
        monkeypatch.setattr(module, "autocast", lambda device: torch.autocast("cpu", enabled=False))


def picture(seed: int, height: int, width: int) -> Tensor:
    coarse = torch.rand(1, 3, height // 8 + 1, width // 8 + 1, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")


def paint(model: Fast, content: Tensor, codes: list[tuple[StyleCode, float]], strength: float = 1.0) -> Tensor:
    result = torch.full_like(content, torch.nan)

    def put(number: int, rows: Span, columns: Span, painted: Tensor) -> None:
        result[..., rows.kept, columns.kept] = painted

    model.paint(content, [codes], strengths=[strength], chances=[CHANCE], on_window=put)
    return result


@pytest.mark.parametrize("sides", [(16, 16), (1280, 1280), (1281, 700), (4096, 4096), (64, 4096), (2048, 1365)])
def test_windows_cover_every_pixel_once(sides: tuple[int, int]) -> None:
    count = torch.zeros(sides, dtype=torch.int8)
    for rows, columns in windows(*sides):
        count[rows.kept, columns.kept] += 1
        assert rows.start % 8 == columns.start % 8 == 0
        assert max(rows.stop - rows.start, columns.stop - columns.start) <= fast.WINDOW
    assert (count == 1).all()
    assert len(windows(*sides)) == 1 or max(sides) > fast.WINDOW


@pytest.mark.usefixtures("exact")
def test_tiles_and_whole_are_the_same_picture(model: Fast, monkeypatch: pytest.MonkeyPatch) -> None:
    content, code = picture(1, 500, 652), model.measure(picture(2, 200, 240), 8)
    whole = paint(model, content, [(code, 1.0)])
    assert not whole.isnan().any()
    monkeypatch.setattr(fast, "WINDOW", 400)
    assert len(windows(500, 652)) > 8
    tiled = paint(model, content, [(code, 1.0)])
    assert (whole - tiled).abs().mean() < 0.1 / 255  # 2/255 is asked for; only rounding differs
    for rows, columns in windows(500, 652):  # and no step where two tiles meet
        steps = [x[..., rows.kept, columns.start] - x[..., rows.kept, columns.start - 1] for x in (whole, tiled)]
        assert not columns.start or (steps[0] - steps[1]).abs().mean() < 0.5 / 255
        steps = [x[..., rows.start, columns.kept] - x[..., rows.start - 1, columns.kept] for x in (whole, tiled)]
        assert not rows.start or (steps[0] - steps[1]).abs().mean() < 0.5 / 255


def test_several_contents_at_once_are_those_one_by_one(model: Fast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "WINDOW", 400)
    contents = [picture(seed, 436, 500) for seed in (3, 8)]
    codes = [model.measure(picture(seed, 48, 48), 8) for seed in (4, 5)]
    strengths = [1.0, 0.4]
    result = torch.full((2, 3, 436, 500), torch.nan)

    def put(number: int, rows: Span, columns: Span, painted: Tensor) -> None:
        result[..., rows.kept, columns.kept] = painted

    model.paint(
        torch.cat(contents), [[(code, 1.0)] for code in codes], strengths=strengths, chances=[CHANCE, CHANCE],
        on_window=put,
    )  # fmt: skip
    for painted, *alone in zip(result.split(1), contents, codes, strengths, strict=True):
        content, code, strength = alone
        assert (painted - paint(model, content, [(code, 1.0)], strength)).abs().mean() < 0.1 / 255


@pytest.mark.parametrize(
    ("sides", "area", "scale", "wanted"),
    [
        ((400, 400), 400 * 400, 1.0, (400, 400)),
        ((400, 800), 200 * 400, 1.0, (200, 400)),
        ((400, 400), 400 * 400, 2.0, (800, 800)),
        ((400, 400), 1024 * 1024, 4.0, (2048, 2048)),  # no more than fits
        ((16, 16), 512 * 512, 1.0, (512, 512)),
        ((500, 500), 4096 * 4096, 1.0, (1024, 1024)),  # no larger for a large print
        ((16, 4000), 64 * 64, 0.25, (32, 8000)),  # what relu4_1 needs
    ],
)
def test_the_size_of_a_style(sides: tuple[int, int], area: int, scale: float, wanted: tuple[int, int]) -> None:
    assert style_sides(*sides, area, scale) == wanted

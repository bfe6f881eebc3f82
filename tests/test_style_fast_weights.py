"""The weights of "fast" that travel with the repository: what they make of real pictures."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import deepart
from benchmarks import distances
from deepart import StyleTransferPipeline, load_image, metrics
from deepart.color import color_moments, match_color
from deepart.images import fit, to_image, to_tensor
from deepart.models import fast
from deepart.models.vgg import VGGFeatures
from deepart.pipelines.features import load_features

EXAMPLES = Path(deepart.__file__).parent / "ui" / "examples"
PAINTINGS = ("hokusai-great-wave", "van-gogh-night-cafe", "renoir-moulin-de-la-galette")


@pytest.fixture(scope="module")
def pipeline() -> StyleTransferPipeline:
    return StyleTransferPipeline.from_pretrained("fast", device="cpu")


@pytest.fixture(scope="module")
def features() -> VGGFeatures:
    return load_features(device="cpu")


def square(name: str, side: int = 256) -> Image.Image:
    return load_image(EXAMPLES / name).resize((side, side), Image.Resampling.LANCZOS)


def test_it_takes_the_style_and_keeps_the_subject(pipeline: StyleTransferPipeline, features: VGGFeatures) -> None:
    """Against the same photographs in the paintings' colours: a third nearer to the styles."""
    before, after = [], []
    for name in ("cat", "mountain"):
        content = square(f"content/{name}.jpg")
        x = to_tensor(content)
        for painting in PAINTINGS:
            style = square(f"paintings/{painting}.jpg")
            wanted, painted = to_tensor(style), to_tensor(pipeline.stylize(content, style))
            recolored = match_color(x, *color_moments(wanted)).clamp(0, 1)
            before.append(distances.style_distance(features, recolored, wanted))
            after.append(distances.style_distance(features, painted, wanted))
            assert metrics.ssim(painted, x) > 0.2
            assert distances.flat_noise(painted, x) < 4
    assert sum(after) < 0.67 * sum(before)


def test_a_white_style_gives_a_nearly_white_picture(pipeline: StyleTransferPipeline) -> None:
    result = np.asarray(pipeline.stylize(square("content/cat.jpg"), Image.new("RGB", (200, 200), "white")), float)
    assert result.mean() > 235
    assert result.std() < 20


@pytest.mark.parametrize("sides", [(16, 16), (8000, 6000), (1600, 100)])
def test_styles_of_any_size(pipeline: StyleTransferPipeline, sides: tuple[int, int]) -> None:
    style = load_image(EXAMPLES / "paintings" / "van-gogh-night-cafe.jpg").resize(sides)
    result = np.asarray(pipeline.stylize(square("content/cat.jpg", 128), style), float)
    assert result.std() > 10
    assert np.abs(result.mean((0, 1)) - np.asarray(style, float).mean((0, 1))).max() < 40  # its colours


@pytest.mark.parametrize("sides", [(1024, 64), (64, 1024), (64, 64), (333, 77)])
def test_contents_of_any_shape(pipeline: StyleTransferPipeline, sides: tuple[int, int]) -> None:
    content = load_image(EXAMPLES / "content" / "mountain.jpg").resize(sides)
    result = pipeline.stylize(content, square("paintings/hokusai-great-wave.jpg"))
    assert result.size == sides
    assert metrics.ssim(to_tensor(result), to_tensor(content)) > 0.15


def test_tiles_and_whole_differ_by_rounding_only(
    pipeline: StyleTransferPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = fit(load_image(EXAMPLES / "content" / "mountain.jpg"), 640)
    style = square("paintings/van-gogh-night-cafe.jpg")
    whole = to_tensor(pipeline.stylize(content, style))
    monkeypatch.setattr(fast, "WINDOW", 448)
    tiled = to_tensor(pipeline.stylize(content, style))
    assert len(fast.windows(content.height, content.width)) > 1
    assert (whole - tiled).abs().mean() < 0.5 / 255


def test_strength_moves_evenly_and_leaves_no_ghost(pipeline: StyleTransferPipeline) -> None:
    """Each step of the strength moves the picture, and no more than twice as far as an even step would."""
    content, style = square("content/cat.jpg", 192), square("paintings/van-gogh-night-cafe.jpg", 192)
    steps = [to_tensor(pipeline.stylize(content, style, strength=s / 4)) for s in range(5)]
    total = (steps[-1] - steps[0]).abs().mean()
    moves = [(b - a).abs().mean() / total for a, b in pairwise(steps)]
    assert all(0.05 < move < 0.6 for move in moves)


def test_two_styles_are_both_seen(pipeline: StyleTransferPipeline, features: VGGFeatures) -> None:
    content = square("content/mountain.jpg")
    first, second = square("paintings/hokusai-great-wave.jpg"), square("paintings/van-gogh-night-cafe.jpg")

    def apart(weights: list[float]) -> torch.Tensor:
        painted = to_tensor(pipeline.stylize(content, [first, second], weights=weights))
        return torch.tensor([distances.style_distance(features, painted, to_tensor(s)) for s in (first, second)])

    only_first, both, only_second = apart([1, 0]), apart([1, 1]), apart([0, 1])
    assert only_first[0] < both[0] < only_second[0]
    assert only_second[1] < both[1] < only_first[1]


def test_another_seed_lays_other_pieces_of_the_same_picture(pipeline: StyleTransferPipeline) -> None:
    content, style = square("content/cat.jpg"), square("paintings/hokusai-great-wave.jpg")
    first, other = (to_tensor(pipeline.stylize(content, style, seed=seed)) for seed in (1, 2))
    assert (first - other).abs().mean() > 1 / 255
    assert metrics.ssim(first, other) > 0.4
    assert to_image(first).tobytes() == pipeline.stylize(content, style, seed=1).tobytes()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU; runs where there is one")
def test_a_gpu_paints_the_same_picture_as_the_cpu_and_twice_the_same(pipeline: StyleTransferPipeline) -> None:
    there = StyleTransferPipeline.from_pretrained("fast", device="cuda")
    content, style = square("content/cat.jpg"), square("paintings/van-gogh-night-cafe.jpg")
    first, again = (there.stylize(content, style) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert (to_tensor(first) - to_tensor(pipeline.stylize(content, style))).abs().mean() < 2 / 255

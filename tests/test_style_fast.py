"""The pipeline of a one-pass model."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from test_fast import inverter
from test_style import OTHER, STYLE, difference, picture

from deepart import StyleTransferPipeline, images
from deepart.color import rgb_to_oklab
from deepart.errors import OptionError, UnsupportedError
from deepart.images import to_tensor
from deepart.models.fast import Fast
from deepart.models.inverter import Inverter, InverterConfig
from deepart.models.vgg import SlimVGG, VGGConfig, VGGFeatures
from deepart.pipelines.features import load_all_widths
from deepart.registry import Located


@pytest.fixture(scope="module")
def pipeline() -> StyleTransferPipeline:
    torch.manual_seed(0)
    features = VGGFeatures(VGGConfig(blocks=((4,), (4,), (4,), (4,))))
    network = Fast(inverter(), features)
    return StyleTransferPipeline(Located("tiny", "0" * 12), torch.device("cpu"), network, "slim")


CONTENT = picture(0, 80, 64)


def test_the_result_has_the_content_s_size_and_carries_its_settings(pipeline: StyleTransferPipeline) -> None:
    result = pipeline.stylize(CONTENT, [STYLE, OTHER], weights=[3, 1], seed=5, style_scale=2, strength=0.5)
    assert (result.mode, result.size) == ("RGB", CONTENT.size)
    assert images.settings(result) == {
        "task": "style", "model": "tiny", "version": "0" * 12, "seed": 5, "strength": 0.5, "preserve_color": False,
        "style_scale": 2.0, "size": [80, 64], "weights": [0.75, 0.25],
    }  # fmt: skip


def test_the_same_arguments_give_the_same_picture_and_another_seed_does_not(pipeline: StyleTransferPipeline) -> None:
    first = pipeline.stylize(CONTENT, STYLE, seed=1)
    assert pipeline.stylize(CONTENT, STYLE, seed=1).tobytes() == first.tobytes()
    assert pipeline.stylize(CONTENT, STYLE, seed=2).tobytes() != first.tobytes()


@pytest.mark.parametrize("content", [(16, 16), (257, 16), (1024, 64), (64, 1024), (129, 77)])
@pytest.mark.parametrize("style", [(16, 16), (1200, 40), (40, 1200)])
def test_odd_sizes(pipeline: StyleTransferPipeline, content: tuple[int, int], style: tuple[int, int]) -> None:
    result = pipeline.stylize(picture(3, *content), picture(4, *style))
    assert result.size == content
    assert np.asarray(result).std() > 1


@pytest.mark.parametrize("color", ["white", "black", "red"])
def test_a_plain_style_gives_a_plain_picture(color: str) -> None:
    torch.manual_seed(0)
    features = VGGFeatures(VGGConfig(blocks=((4,), (4,), (4,), (4,))))
    network = Fast(Inverter(InverterConfig((4, 4, 4), (8, 8, 8, 4))), features)  # new: it gives coarse colours
    plain = Image.new("RGB", (64, 64), color)
    result = StyleTransferPipeline(Located("new", "0" * 12), torch.device("cpu"), network).stylize(CONTENT, plain)
    assert np.abs(np.asarray(result, float) - np.asarray(plain)[0, 0]).max() <= 8


def test_strength_0_gives_the_content_back(pipeline: StyleTransferPipeline) -> None:
    assert pipeline.stylize(CONTENT, STYLE, strength=0).tobytes() == CONTENT.tobytes()
    steps = [difference(pipeline.stylize(CONTENT, STYLE, strength=s), CONTENT) for s in (0.1, 0.5, 1.0)]
    assert 0 < steps[0] < steps[1] < steps[2]


def test_the_content_s_colors_stay(pipeline: StyleTransferPipeline) -> None:
    result = pipeline.stylize(CONTENT, STYLE, preserve_color=True)
    own, kept = (rgb_to_oklab(to_tensor(image))[:, 1:] for image in (CONTENT, result))
    other = rgb_to_oklab(to_tensor(pipeline.stylize(CONTENT, STYLE)))[:, 1:]
    assert (own * kept).sum() / (own.norm() * kept.norm()) > 0.85
    assert (own - kept).norm() < 0.7 * (own - other).norm()


def test_a_weight_of_0_leaves_a_style_out(pipeline: StyleTransferPipeline) -> None:
    alone = pipeline.stylize(CONTENT, STYLE)
    assert pipeline.stylize(CONTENT, [STYLE, OTHER], weights=[1, 0]).tobytes() == alone.tobytes()
    assert difference(pipeline.stylize(CONTENT, [STYLE, OTHER]), alone) > 1


def test_a_style_is_measured_once(pipeline: StyleTransferPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    measure = Fast.measure
    monkeypatch.setattr(Fast, "measure", lambda self, *x: calls.append(1) or measure(self, *x))
    style = picture(77, 50, 50)
    first = pipeline.stylize(CONTENT, style)
    assert pipeline.stylize(CONTENT, style.copy()).tobytes() == first.tobytes()
    assert len(calls) == 2  # for the small picture, and for the one that is painted over it
    pipeline.stylize(CONTENT, style, style_scale=2.0)
    pipeline.stylize(CONTENT, style, preserve_color=True)
    pipeline.stylize(picture(5), style, preserve_color=True)
    assert len(calls) == 7  # the last one is so small that nothing is painted before it


def test_a_sheet_is_what_stylize_gives_for_each(pipeline: StyleTransferPipeline) -> None:
    told: list[tuple[int, int]] = []
    sheet = pipeline.sheet(CONTENT, [STYLE, OTHER], seed=3, callback=lambda step, total, _: told.append((step, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]  # two styles measured, one part painted
    for painted, style in zip(sheet, (STYLE, OTHER), strict=True):
        alone = pipeline.stylize(CONTENT, style, seed=3)
        assert difference(painted, alone) < 0.5
        assert images.settings(painted) == images.settings(alone)


def test_a_batch_is_what_stylize_gives_for_each(pipeline: StyleTransferPipeline) -> None:
    orders: list[dict[str, Any]] = [
        {"content": picture(1, 80, 64), "style_image": picture(2), "seed": 3},
        {"content": picture(4, 160, 128), "style_image": [picture(5), picture(6)], "weights": [1, 3], "size": 80},
        {"content": picture(7, 80, 64), "style_image": picture(2), "strength": 0},
        {"content": picture(8, 80, 64), "style_image": picture(2), "strength": 0.5, "preserve_color": True},
    ]  # fmt: skip
    steps: list[tuple[int, int]] = []
    painted = pipeline.stylize_batch(orders, callback=lambda step, total, _: steps.append((step, total)))
    assert steps == [(1, 1)]
    for one, order in zip(painted, orders, strict=True):
        alone = pipeline.stylize(**order)
        assert difference(one, alone) < 1
        assert images.settings(one) == images.settings(alone)


def test_a_batch_of_different_sizes(pipeline: StyleTransferPipeline) -> None:
    orders = [{"content": picture(1, *sides), "style_image": picture(2)} for sides in ((80, 64), (64, 80))]
    with pytest.raises(OptionError, match="The pictures of a batch are of 64x80, 80x64 pixels; give"):
        pipeline.stylize_batch(orders)
    with pytest.raises(OptionError, match="are of no pixels"):
        pipeline.stylize_batch([])
    with pytest.raises(UnsupportedError, match="has no steps; leave it out"):
        pipeline.stylize_batch([orders[0] | {"steps": 3}])


@pytest.mark.parametrize("styles", [[], [STYLE] * 17])
def test_a_sheet_of_too_few_or_too_many(pipeline: StyleTransferPipeline, styles: list[Image.Image]) -> None:
    with pytest.raises(OptionError, match=f"There are {len(styles)} style pictures; give one to 16."):
        pipeline.sheet(CONTENT, styles)


def test_the_callback_follows_the_windows_and_may_stop_the_work(pipeline: StyleTransferPipeline) -> None:
    seen: list[tuple[int, int, tuple[int, int]]] = []
    content = picture(6, 1400, 64)
    shares = pipeline.work_shares(*content.size)
    pipeline.stylize(content, STYLE, callback=lambda step, total, preview: seen.append((step, total, preview.size)))
    assert [step for step, _, _ in seen] == list(range(1, len(shares) + 1))
    assert {total for _, total, _ in seen} == {len(shares)}
    assert seen[0][2] == (512, 23)
    assert shares[-1] == pytest.approx(1)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.stylize(content, STYLE, callback=stop)


def test_threads_share_a_pipeline(pipeline: StyleTransferPipeline) -> None:
    expected = [pipeline.stylize(CONTENT, style).tobytes() for style in (STYLE, OTHER)]
    found: dict[int, bytes] = {}

    def work(index: int) -> None:
        found[index] = pipeline.stylize(CONTENT, (STYLE, OTHER)[index % 2]).tobytes()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(made == expected[index % 2] for index, made in found.items())
    assert len(found) == 6


def test_saved_and_loaded_it_paints_the_same(tmp_path: Path) -> None:
    network = Inverter().requires_grad_(False)
    for value in network.state_dict().values():
        value.copy_(value.half())
    features = load_all_widths("slim", device="cpu")
    assert isinstance(features, SlimVGG)
    made = StyleTransferPipeline(
        Located("t", "0" * 12), torch.device("cpu"), Fast(network, features.quarter_width), "slim"
    )
    made.save_pretrained(tmp_path)
    loaded = StyleTransferPipeline.from_pretrained(tmp_path, device="cpu")
    assert loaded.one_pass
    assert loaded.max_side == 4096
    assert loaded.stylize(CONTENT, STYLE).tobytes() == made.stylize(CONTENT, STYLE).tobytes()

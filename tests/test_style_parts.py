"""Parts of pictures, by a mask, and styles that are kept in files; for both ways of painting."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from test_style import CONTENT, OTHER, STYLE, difference, picture
from test_style import pipeline as fine
from test_style_fast import pipeline as fast

from deepart import Style, StyleTransferPipeline, images
from deepart.errors import DeepArtError, ImageError

__all__ = ["fast", "fine"]


def same(one: Image.Image, other: Image.Image, part: tuple[int, int, int, int] | None = None) -> bool:
    """Whether two pictures, or a part of both, have the same pixels, whatever their settings."""
    return one.crop(part).tobytes() == other.crop(part).tobytes()


def half(width: int, height: int) -> Image.Image:
    """A mask, white on the right."""
    mask = Image.new("L", (width, height))
    mask.paste(255, (width // 2, 0, width, height))
    return mask


@pytest.fixture(params=["fast", "fine"])
def painter(request: pytest.FixtureRequest) -> Any:
    """A pipeline, and the options with which it is quick."""
    return request.getfixturevalue(request.param), {} if request.param == "fast" else {"steps": 2}


# -------------------------------------------------------------------------------------------------------------- masks


@pytest.mark.parametrize("mask", [half(40, 32), half(400, 300).convert("RGB"), half(17, 64).convert("1")])
def test_what_is_black_stays_and_what_is_white_is_painted(painter: Any, mask: Image.Image) -> None:
    pipeline, options = painter
    content = picture(0, 160, 128)
    whole = pipeline.stylize(content, STYLE, **options)
    part = pipeline.stylize(content, STYLE, mask=mask, **options)
    assert same(part, content, (0, 0, 70, 128))
    assert same(part, whole, (90, 0, 160, 128))
    assert difference(part.crop((75, 0, 85, 128)), content.crop((75, 0, 85, 128))) > 1
    assert images.settings(part) == images.settings(whole) | {"mask": images.settings(part)["mask"]}
    assert len(images.settings(part)["mask"]) == 12


def test_edges_are_soft_and_greys_are_between(painter: Any) -> None:
    pipeline, options = painter
    content = picture(0, 160, 128)
    whole = np.asarray(pipeline.stylize(content, STYLE, **options), float)
    grey = np.asarray(pipeline.stylize(content, STYLE, mask=Image.new("L", (32, 32), 128), **options), float)
    assert np.abs(grey - (np.asarray(content, float) + whole) / 2).max() < 3
    part = np.asarray(pipeline.stylize(content, STYLE, mask=half(40, 32), **options), float)
    change = np.abs(whole - np.asarray(content)).mean((0, 2)).clip(1)
    share = np.abs(part - np.asarray(content)).mean((0, 2)) / change
    assert ((share[74:86] > 0.1) & (share[74:86] < 0.9)).sum() >= 2


def test_a_black_mask_paints_nothing_and_a_white_one_everything(painter: Any) -> None:
    pipeline, options = painter
    called: list[int] = []
    black = pipeline.stylize(
        CONTENT, STYLE, mask=Image.new("L", (16, 16)), callback=lambda *_: called.append(1), **options
    )
    assert same(black, CONTENT)
    assert not called
    white = pipeline.stylize(CONTENT, STYLE, mask=Image.new("L", (16, 16), 255), **options)
    assert same(white, pipeline.stylize(CONTENT, STYLE, **options))


def test_previews_are_masked_too(fast: StyleTransferPipeline) -> None:
    content, seen = picture(6, 1400, 64), []
    mask = half(140, 64)
    result = fast.stylize(content, STYLE, mask=mask, callback=lambda step, total, preview: seen.append(preview))
    assert len(seen) > 1  # in windows
    assert same(result, content, (0, 0, 690, 64))
    assert difference(result.crop((720, 0, 1400, 64)), content.crop((720, 0, 1400, 64))) > 5
    small = content.resize(seen[-1].size, Image.Resampling.BILINEAR)
    assert difference(seen[-1].crop((0, 0, 240, 23)), small.crop((0, 0, 240, 23))) < 6


def test_a_batch_may_have_masks_and_shapes_stay_transparent(fast: StyleTransferPipeline) -> None:
    content = picture(0, 80, 64)
    orders: list[dict[str, Any]] = [
        {"content": content, "style_image": STYLE, "mask": mask} for mask in (None, half(40, 32))
    ]
    for one, order in zip(fast.stylize_batch(orders), orders, strict=True):
        assert difference(one, fast.stylize(**order)) < 1
    shape = content.copy()
    shape.putalpha(half(80, 64))
    result = fast.stylize(shape, STYLE, mask=half(20, 20).transpose(Image.Transpose.ROTATE_90), keep_alpha=True)
    assert result.getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize("mask", ["mask.png", 3, np.zeros((32, 32))])
def test_a_mask_of_the_wrong_kind(fast: StyleTransferPipeline, mask: Any) -> None:
    with pytest.raises(ImageError, match=r"The mask is of type (str|int|ndarray), not a PIL image"):
        fast.stylize(CONTENT, STYLE, mask=mask)


def test_another_mask_is_another_order(fast: StyleTransferPipeline) -> None:
    marks = {images.settings(fast.stylize(CONTENT, STYLE, mask=half(*size)))["mask"] for size in ((40, 32), (41, 32))}
    assert len(marks) == 2


# -------------------------------------------------------------------------------------------------------------- styles


def test_a_saved_style_paints_as_the_painting_does(painter: Any, tmp_path: Path) -> None:
    pipeline, options = painter
    path = tmp_path / "mine.style.safetensors"
    style = pipeline.read_style(STYLE)
    style.save(path)
    assert path.stat().st_size < 2**20
    opened = Style.load(path)
    for more in ({}, {"preserve_color": True, "style_scale": 2.0}):
        kept = pipeline.stylize(CONTENT, opened, **options, **more)
        assert kept == pipeline.stylize(CONTENT, style, **options, **more)
        assert difference(kept, pipeline.stylize(CONTENT, STYLE, **options, **more)) < 6
    with path.open("rb") as file:
        assert Style.load(file).picture == style.picture


def test_a_walk_between_saved_styles(fast: StyleTransferPipeline) -> None:
    ends = [fast.read_style(STYLE), fast.read_style(OTHER)]
    steps = [fast.stylize(CONTENT, ends, weights=[1 - share, share]) for share in (0, 0.5, 1)]
    assert same(steps[0], fast.stylize(CONTENT, ends[0]))
    assert same(steps[2], fast.stylize(CONTENT, ends[1]))
    away = [difference(steps[1], one) for one in (steps[0], steps[2])]
    assert max(away) < difference(steps[0], steps[2])
    assert difference(fast.sheet(CONTENT, [ends[0], STYLE])[0], steps[0]) < 1


def test_a_large_painting_makes_a_small_file(fast: StyleTransferPipeline, tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8))
    style = fast.read_style(noise)
    style.save(tmp_path / "noise.safetensors")
    assert (tmp_path / "noise.safetensors").stat().st_size <= 2**20 + 200
    assert 2**19 < style.picture.width * style.picture.height <= 2**20
    assert Style.load(tmp_path / "noise.safetensors").picture == style.picture


def test_bad_styles_are_told_in_one_sentence(fast: StyleTransferPipeline, tmp_path: Path) -> None:
    fast.read_style(STYLE).save(tmp_path / "good.safetensors")
    good = (tmp_path / "good.safetensors").read_bytes()
    packed = io.BytesIO()
    STYLE.save(packed, "PNG")
    bomb = io.BytesIO()
    Image.new("L", (4000, 4000)).save(bomb, "PNG")
    bad: dict[bytes, str] = {
        b"": "The file is .*, not a style; give one that was saved here",
        packed.getvalue(): "The file is PNG, not a style",
        good[:-40]: "The style is damaged, or another file; save it again",
        good[:60]: "The style is damaged",
        safetensors.torch.save({"mean": torch.zeros(3)}): "The style is damaged",
        safetensors.torch.save({"painting": torch.zeros(300)}): "The style is damaged",
        safetensors.torch.save({"painting": torch.zeros(300, dtype=torch.uint8)}): "The style is damaged",
        safetensors.torch.save(
            {"painting": torch.frombuffer(bytearray(bomb.getvalue()), dtype=torch.uint8)}
        ): "The style is damaged",
        bytes(3 * 2**20): "The file has more than 2 million bytes",
    }
    for data, sentence in bad.items():
        with pytest.raises(DeepArtError, match=sentence):
            Style.load(io.BytesIO(data))
    with pytest.raises(DeepArtError, match="no file 'nothing'"):
        Style.load("nothing")
    with pytest.raises(ImageError, match="cannot be written"):
        fast.read_style(STYLE).save("")
    with pytest.raises(ImageError, match="cannot be written"):
        fast.read_style(STYLE).save(tmp_path / "nowhere" / "a.safetensors")
    with pytest.raises(ImageError, match="The style picture is of type str"):
        fast.read_style("painting.jpg")  # type: ignore[arg-type]

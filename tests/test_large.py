"""Small pictures painted large: what the result is, what it carries, and what is refused."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from deepart import GANPipeline, ImageError, OptionError, StyleTransferPipeline, paint_large, settings
from deepart.images import to_tensor
from deepart.models.quilt import quilt


@pytest.fixture(scope="module")
def fast() -> StyleTransferPipeline:
    return StyleTransferPipeline.from_pretrained("fast", device="cpu")


@pytest.fixture(scope="module")
def small() -> Image.Image:
    """A yellow field under a blue sky, 64 x 48 pixels."""
    field = np.empty((48, 64, 3))
    field[:24], field[24:] = (90, 140, 220), (220, 190, 60)
    return Image.fromarray((field + np.random.default_rng(1).normal(0, 12, (48, 64, 1))).clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def manner() -> Image.Image:
    """Dark and light strokes, without any colour."""
    rng = np.random.default_rng(0)
    grey = Image.fromarray(rng.integers(0, 256, (12, 48), dtype=np.uint8)).resize((192, 192), Image.Resampling.BICUBIC)
    return grey.convert("RGB")


def test_composition_and_colours_are_the_small_picture_s_and_strokes_the_manner_s(
    fast: StyleTransferPipeline, small: Image.Image, manner: Image.Image
) -> None:
    painted = paint_large(small, manner, size=512, quality="fast", load=lambda _: fast)
    assert painted.size == (512, 384)
    pixels = np.asarray(painted, float)
    sky, field = pixels[16:176].mean((0, 1)), pixels[208:368].mean((0, 1))
    assert sky[2] > sky[0] + 40
    assert field[0] > field[2] + 40
    enlarged = small.resize(painted.size, Image.Resampling.BICUBIC)
    assert np.abs(pixels - np.asarray(enlarged, float)).mean() > 2


@pytest.mark.parametrize(("sides", "painting"), [((96, 128), (80, 80)), ((97, 203), (33, 640)), ((64, 64), (20, 9))])
def test_a_quilt_has_the_colours_of_the_picture_and_the_strokes_of_the_painting(
    sides: tuple[int, int], painting: tuple[int, int]
) -> None:
    red, blue = torch.tensor([0.8, 0.2, 0.2]).view(1, 3, 1, 1), torch.tensor([0.2, 0.2, 0.8]).view(1, 3, 1, 1)
    picture = blue.expand(1, 3, *sides).clone()
    picture[..., : sides[1] // 2] = red
    manner = red.expand(1, 3, *painting).clone()
    manner[..., : painting[1] // 2] = blue
    manner *= 1 + 0.2 * torch.randn(painting, generator=torch.Generator().manual_seed(0))
    laid = quilt(picture, manner.clamp(0, 1))
    assert laid.shape == picture.shape
    left, right = laid[..., : sides[1] // 4], laid[..., -(sides[1] // 4) :]
    assert left[:, 0].mean() > left[:, 2].mean() + 0.3
    assert right[:, 2].mean() > right[:, 0].mean() + 0.3
    assert laid[:, 1].std() > 0.01  # the picture's is even


def test_a_picture_that_is_busy_all_over_becomes_pieces_of_the_painting_in_its_own_colours(
    fast: StyleTransferPipeline, manner: Image.Image
) -> None:
    pixels = np.random.default_rng(2).integers(64, 192, (64, 64, 1), dtype=np.uint8)
    foliage = Image.fromarray(np.minimum(pixels * (0.7, 1.0, 0.4), 255).astype(np.uint8))
    previews: list[Image.Image] = []
    painted = paint_large(
        foliage, manner, size=512, quality="fast", load=lambda _: fast,
        callback=lambda step, total, preview: previews.append(preview) if preview else None,
    )  # fmt: skip
    enlarged = foliage.resize((512, 512), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(4))
    seen = [np.asarray(one.resize((4, 4), Image.Resampling.BOX), float) for one in (painted, enlarged, previews[-1])]
    assert np.abs(seen[0] - seen[1]).mean() < 12
    assert np.abs(seen[0] - seen[2]).mean() < 2  # what grows in place is what comes out
    fine = [np.abs(np.diff(np.asarray(one.convert("L"), float))).mean() for one in (painted, enlarged)]
    assert fine[0] > 1.1 * fine[1]


def test_strength_0_is_the_enlarged_picture_without_its_grid_of_pixels(
    fast: StyleTransferPipeline, small: Image.Image, manner: Image.Image
) -> None:
    painted = paint_large(small, manner, size=512, quality="fast", strength=0, load=lambda _: fast)
    enlarged = small.resize((512, 384), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(4))
    assert (to_tensor(painted) - to_tensor(enlarged)).abs().max() < 2 / 255


def test_it_carries_the_settings_of_both_models_and_makes_the_same_picture_again(
    fast: StyleTransferPipeline, manner: Image.Image
) -> None:
    [made] = GANPipeline.from_pretrained(device="cpu").generate(seed=3)
    asked = {"size": 512, "quality": "fast", "seed": 5, "strength": 0.9, "load": lambda _: fast}
    painted = paint_large(made, manner, **asked)
    told = settings(painted) or {}
    assert told["painted_from"] == settings(made)
    assert (told["task"], told["model"], told["seed"], told["strength"]) == ("style", "fast", 5, 0.9)
    assert len(told["manner"]) == 12
    assert paint_large(made, manner, **asked).tobytes() == painted.tobytes()
    other = paint_large(made, manner.transpose(Image.Transpose.ROTATE_90), **asked)
    assert (settings(other) or {})["manner"] != told["manner"]


def test_the_fine_quality_tells_its_steps_and_can_be_stopped(small: Image.Image, manner: Image.Image) -> None:
    steps: list[int] = []

    def stop(step: int, total: int, preview: Image.Image | None) -> None:
        steps.append(step)
        if step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), torch.no_grad():
        paint_large(small, manner, size=512, callback=stop)
    assert steps == [1, 2]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 511}, "size is 511; it must be a whole number of pixels from 512 to 2048"),
        ({"quality": "best"}, "The quality is 'best'; it must be 'fast' or 'fine'."),
        ({"strength": 1.5}, "strength"),
    ],
)
def test_an_option_out_of_range_gets_a_sentence(
    options: dict[str, object], sentence: str, small: Image.Image, manner: Image.Image
) -> None:
    with pytest.raises(OptionError, match=sentence):
        paint_large(small, manner, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("sides", [(31, 64), (64, 257), (512, 512)])
def test_a_picture_of_another_size_gets_a_sentence(sides: tuple[int, int], manner: Image.Image) -> None:
    with pytest.raises(ImageError, match=rf"has {sides[0]}x{sides[1]} pixels; sides of 32 to 256 can be painted large"):
        paint_large(Image.new("RGB", sides), manner)
    with pytest.raises(ImageError, match="painting for the manner"):
        paint_large(Image.new("RGB", (64, 64)), "painting.jpg")  # type: ignore[arg-type]

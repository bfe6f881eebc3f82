import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deepart import StyleTransferPipeline, images
from deepart.color import rgb_to_oklab
from deepart.errors import ImageError, MemoryLimitError, OptionError
from deepart.images import to_tensor
from deepart.models.gatys import Gatys
from deepart.models.vgg import VGGConfig, VGGFeatures
from deepart.registry import Located


@pytest.fixture(scope="module")
def pipeline() -> StyleTransferPipeline:
    torch.manual_seed(0)
    features = VGGFeatures(VGGConfig(blocks=((4, 4), (6, 6), (8, 8, 8), (8, 8, 8))))
    return StyleTransferPipeline(Located("tiny", "0" * 12), torch.device("cpu"), Gatys(features))


def picture(seed: int, width: int = 40, height: int = 32) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


CONTENT, STYLE, OTHER = picture(0), picture(1, 48, 48), picture(2, 33, 60)


def difference(a: Image.Image, b: Image.Image) -> float:
    return (to_tensor(a) - to_tensor(b)).abs().mean().item() * 255


def test_the_result_has_the_content_s_size_and_carries_its_settings(pipeline: StyleTransferPipeline) -> None:
    result = pipeline.stylize(CONTENT, STYLE, steps=3, seed=5, style_scale=2)
    assert result.mode == "RGB"
    assert result.size == CONTENT.size
    settings = images.settings(result)
    assert settings is not None
    expected = {"task": "style", "model": "tiny", "version": "0" * 12, "seed": 5, "steps": 3, "style_scale": 2.0,
                "strength": 1.0, "preserve_color": False, "size": [40, 32], "weights": [1.0]}  # fmt: skip
    assert expected.items() <= settings.items()


def test_the_transparency_is_kept_and_painted_inside(pipeline: StyleTransferPipeline) -> None:
    content = Image.merge("RGBA", (*CONTENT.split(), Image.linear_gradient("L").resize(CONTENT.size)))
    kept = pipeline.stylize(content, STYLE, steps=1, size=80, keep_alpha=True)
    assert (kept.mode, kept.size, images.settings(kept)["keep_alpha"]) == ("RGBA", (80, 64), True)
    alpha = content.getchannel("A").resize(kept.size, Image.Resampling.LANCZOS)
    assert kept.getchannel("A").tobytes() == alpha.tobytes()
    # Under the transparent part nothing is white: the painting began from the mean colour there.
    assert np.asarray(pipeline.stylize(content, STYLE, steps=1, strength=0.0, keep_alpha=True))[0, :, :3].mean() < 200
    over_white = pipeline.stylize(content, STYLE, steps=1)
    assert (over_white.mode, "keep_alpha" in images.settings(over_white)) == ("RGB", False)
    assert pipeline.stylize(CONTENT, STYLE, steps=1, keep_alpha=True) == pipeline.stylize(CONTENT, STYLE, steps=1)
    with pytest.raises(ImageError, match="wholly transparent"):
        pipeline.stylize(Image.new("RGBA", (32, 32)), STYLE, keep_alpha=True)


def test_the_result_carries_date_and_dpi_of_the_content(pipeline: StyleTransferPipeline, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "Camera", 6
    CONTENT.save(tmp_path / "photo.jpg", exif=exif, dpi=(240, 240))
    made = pipeline.stylize(images.load_image(tmp_path / "photo.jpg"), STYLE, steps=1, size=48)
    images.save_png(made, tmp_path / "made.png")
    with Image.open(tmp_path / "made.png") as found:
        assert (found.getexif()[0x0110], found.size) == ("Camera", (38, 48))
        assert found.info["dpi"] == pytest.approx((240, 240), abs=0.1)


def test_a_start_is_where_fine_begins(pipeline: StyleTransferPipeline) -> None:
    still = {"steps": 1, "style_weight": 0, "tv_weight": 0}
    begun = pipeline.stylize(CONTENT, STYLE, start=OTHER, **still)
    assert difference(begun, OTHER.resize(CONTENT.size)) < difference(
        pipeline.stylize(CONTENT, STYLE, **still), OTHER.resize(CONTENT.size)
    )
    assert images.settings(begun)["start"] is True
    with pytest.raises(ImageError, match="start picture"):
        pipeline.stylize(CONTENT, STYLE, start="painted.png")


@pytest.mark.parametrize(("size", "expected"), [(64, (64, 51)), (20, (20, 16)), (None, (40, 32))])
def test_size_is_the_longer_side(pipeline: StyleTransferPipeline, size: int | None, expected: tuple[int, int]) -> None:
    assert pipeline.stylize(CONTENT, STYLE, size=size, steps=1).size == expected


def test_strength_goes_from_the_content_to_the_full_style(pipeline: StyleTransferPipeline) -> None:
    results = [pipeline.stylize(CONTENT, STYLE, steps=12, strength=s) for s in (0, 0.02, 0.5, 1)]
    moved = [difference(result, CONTENT) for result in results]
    assert moved[0] == 0
    assert moved[1] < 6  # near the content, so that the slider has no jump at its end
    assert moved == sorted(moved)


def test_keeping_color_keeps_hue_and_chroma(pipeline: StyleTransferPipeline) -> None:
    gray = Image.fromarray(np.asarray(CONTENT.convert("L"))).convert("RGB")
    kept = pipeline.stylize(gray, STYLE, steps=5, preserve_color=True)
    free = pipeline.stylize(gray, STYLE, steps=5)
    chroma = [rgb_to_oklab(to_tensor(image))[:, 1:].norm(dim=1).mean().item() for image in (kept, free)]
    assert chroma[0] < 0.005 < 0.02 < chroma[1]


def test_more_styles_count_by_their_weights(pipeline: StyleTransferPipeline) -> None:
    alone = pipeline.stylize(CONTENT, STYLE, steps=3)
    assert pipeline.stylize(CONTENT, [STYLE], steps=3).tobytes() == alone.tobytes()
    only_first = pipeline.stylize(CONTENT, [STYLE, OTHER], weights=[5, 0], steps=3)
    assert difference(only_first, alone) < 0.01
    both = pipeline.stylize(CONTENT, [STYLE, OTHER], steps=3)
    assert difference(both, alone) > 1
    assert pipeline.stylize(CONTENT, (STYLE, OTHER), weights=(2, 2), steps=3).tobytes() == both.tobytes()


def test_the_callback_sees_every_step_and_a_preview_now_and_then(pipeline: StyleTransferPipeline) -> None:
    seen: list[tuple[int, int, Image.Image | None]] = []
    result = pipeline.stylize(CONTENT, STYLE, size=160, steps=6, callback=lambda *call: seen.append(call))
    total = seen[0][1]
    assert [step for step, _, _ in seen] == list(range(1, total + 1))
    assert all(shown is not None for step, _, shown in seen if step % 5 == 0)
    assert seen[0][2] is None
    last = seen[-1][2]
    assert last is not None
    assert last.tobytes() == result.tobytes()


def test_work_shares_rise_evenly_in_time_not_in_steps(pipeline: StyleTransferPipeline) -> None:
    calls = []
    pipeline.stylize(CONTENT, STYLE, size=160, steps=4, callback=lambda step, total, _: calls.append(total))
    shares = pipeline.work_shares(*CONTENT.size, size=160, steps=4)
    assert len(shares) == calls[0] == len(calls)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert shares[0] < shares[-1] - shares[-2]  # a step at the finest level is more work than one at the coarsest


def test_a_saved_pipeline_paints_the_same(pipeline: StyleTransferPipeline, tmp_path: Path) -> None:
    pipeline.save_pretrained(tmp_path / "mine")
    loaded = StyleTransferPipeline.from_pretrained(tmp_path / "mine", device="cpu")
    assert loaded.name == "mine"
    expected = pipeline.stylize(CONTENT, STYLE, steps=3)
    assert loaded.stylize(CONTENT, STYLE, steps=3).tobytes() == expected.tobytes()


def test_the_numbers_of_a_saved_pipeline_come_back(tmp_path: Path) -> None:
    features = VGGFeatures(VGGConfig(blocks=((4, 4), (6, 6), (8, 8, 8), (8, 8, 8))))
    config = dataclasses.replace(Gatys(features).config, steps=7, content_layers=("relu2_2",))
    made = StyleTransferPipeline(Located("tiny", "0" * 12), torch.device("cpu"), Gatys(features, config))
    made.save_pretrained(tmp_path)
    seen: list[int] = []
    StyleTransferPipeline.from_pretrained(tmp_path, device="cpu").stylize(
        CONTENT, STYLE, callback=lambda step, total, _: seen.append(total)
    )
    assert seen[0] == 7


@pytest.mark.parametrize(
    ("content", "style"),
    [
        (picture(3, 512, 16), STYLE),
        (CONTENT, picture(4, 16, 512)),
        (CONTENT, Image.new("RGB", (64, 64), "white")),
        (Image.new("RGB", (64, 64), "black"), STYLE),
        (picture(5, 17, 23), picture(6, 16, 16)),
        (CONTENT.convert("L"), STYLE.convert("RGBA")),
    ],
)
def test_odd_pictures_work(pipeline: StyleTransferPipeline, content: Image.Image, style: Image.Image) -> None:
    result = pipeline.stylize(content, style, steps=2)
    assert result.size == content.size


nan = float("nan")
WRONG = [
    ({"style_image": []}, "There are 0 style pictures; give one to 3."),
    ({"weights": [1, 2]}, "There are 2 weights for 1 style pictures; give one weight for each."),
    ({"weights": [0]}, "All style weights are 0; make at least one of them larger."),
    ({"weights": [-1]}, "The weight is -1; it must be a number from 0 to 1e+06."),
    ({"strength": 1.5}, "The strength is 1.5; it must be a number from 0 to 1."),
    ({"style_scale": 0}, "The style_scale is 0; it must be a number from 0.25 to 4."),
    ({"size": 2049}, "The size is 2049; it must be a whole number of pixels from 16 to 2048."),
    ({"size": 16}, "The result would be 16x13 pixels; its shorter side must be at least 16, so ask for a larger size"),
    ({"seed": -1}, "The seed is -1; it must be a whole number from 0 to 4294967295."),
    ({"steps": 0}, "The number of steps is 0; it must be a whole number from 1 to 1000."),
    ({"style_weight": -1}, "The style_weight is -1; it must be a number from 0 to 10000."),
    ({"style_layers": ["relu5_1"]}, "There is no style layer 'relu5_1'; this network has relu1_1"),
    ({"style_layers": {"relu1_1"}}, "The style_layers are {'relu1_1'}; give a list of names."),
    ({"preserve_color": "no"}, "The preserve_color is 'no'; it must be True or False."),
    ({"keep_alpha": "no"}, "The keep_alpha is 'no'; it must be True or False."),
    ({"callback": 1}, "The callback is 1; it must be a function of step, total and preview."),
    ({"content_layers": "relu"}, "There is no content layer 'relu'; this network has relu1_1"),
]


@pytest.mark.parametrize(("options", "sentence"), WRONG)
def test_options_out_of_range_get_a_sentence(
    pipeline: StyleTransferPipeline, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(OptionError) as caught:
        pipeline.stylize(CONTENT, **{"style_image": STYLE, **options})
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("content", "style", "sentence"),
    [
        (Image.new("RGB", (8, 8)), STYLE, "The content picture is 8x8 pixels"),
        (CONTENT, Image.new("RGB", (1, 3000)), "The style picture is 1x3000 pixels"),
        (CONTENT, "painting.jpg", "The style picture"),
        (None, STYLE, "The content picture"),
    ],
)
def test_pictures_that_will_not_do_get_a_sentence(
    pipeline: StyleTransferPipeline, content: Image.Image, style: Image.Image, sentence: str
) -> None:
    with pytest.raises(ImageError, match=sentence):
        pipeline.stylize(content, style)


def test_a_large_content_is_not_shrunk_behind_the_back(pipeline: StyleTransferPipeline) -> None:
    with pytest.raises(OptionError, match=r"2400x1000 pixels; this model paints up to 2048, so pass size=2048 or less"):
        pipeline.stylize(Image.new("RGB", (2400, 1000)), STYLE)


def test_out_of_memory_says_what_would_fit(pipeline: StyleTransferPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **options: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Gatys, "paint", full)
    with pytest.raises(MemoryLimitError, match=r"ran out of memory at 40 pixels; try size=20\."):
        pipeline.stylize(CONTENT, STYLE)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_it_paints_where_the_caller_has_turned_gradients_off(mode: type, tmp_path: Path) -> None:
    features = VGGFeatures(VGGConfig(blocks=((4, 4), (6, 6), (8, 8, 8), (8, 8, 8))))
    StyleTransferPipeline(Located("t", "0" * 12), torch.device("cpu"), Gatys(features)).save_pretrained(tmp_path)
    with mode():
        loaded = StyleTransferPipeline.from_pretrained(tmp_path, device="cpu")
        inside = loaded.stylize(CONTENT, STYLE, steps=2)
    assert inside.tobytes() == loaded.stylize(CONTENT, STYLE, steps=2).tobytes()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU; runs where there is one")
def test_a_gpu_paints_the_same_picture_twice(tmp_path: Path, pipeline: StyleTransferPipeline) -> None:
    pipeline.save_pretrained(tmp_path)
    there = StyleTransferPipeline.from_pretrained(tmp_path, device="cuda")
    first, again = (there.stylize(CONTENT, STYLE, size=96, steps=10) for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_the_settings_are_enough_to_make_the_picture_again(pipeline: StyleTransferPipeline) -> None:
    first = pipeline.stylize(CONTENT, [STYLE, OTHER], weights=[3, 1], steps=3, seed=9, strength=0.8, size=48)
    saved = images.settings(first)
    assert saved is not None
    names = ("weights", "steps", "seed", "strength", "preserve_color", "style_scale", "style_weight", "tv_weight",
             "moments_weight", "detail", "style_layers", "content_layers")  # fmt: skip
    again = pipeline.stylize(CONTENT, [STYLE, OTHER], size=max(saved["size"]), **{name: saved[name] for name in names})
    assert again.tobytes() == first.tobytes()


def test_a_model_that_is_only_its_features_is_saved_with_their_credits(tmp_path: Path) -> None:
    fine = StyleTransferPipeline.from_pretrained("fine", device="cpu")
    fine.save_pretrained(tmp_path)
    card = (tmp_path / "README.md").read_text("utf-8")
    assert card.startswith("---\nlicense: mit\nlibrary_name: deepart\ntags: [style]\n---\n# fine\n")
    features = (Path(images.__file__).parents[1] / "weights" / "features-slim" / "README.md").read_text("utf-8")
    assert card.endswith(features.split("---\n", 2)[2])  # the licence of the weights asks for the credits
    again = StyleTransferPipeline.from_pretrained(tmp_path, device="cpu")
    options = {"size": 48, "steps": 2}
    assert again.stylize(CONTENT, STYLE, **options).tobytes() == fine.stylize(CONTENT, STYLE, **options).tobytes()

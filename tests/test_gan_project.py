import statistics

import pytest
import torch
from PIL import Image
from running_page import tiny_generator
from torch import Tensor

from deepart import GANPipeline, images
from deepart.errors import ImageError, OptionError
from deepart.metrics import psnr
from deepart.models.vgg import VGGConfig, VGGFeatures
from deepart.pipelines import gan_project
from deepart.registry import Located


@pytest.fixture(scope="module")
def gan() -> GANPipeline:
    return GANPipeline(Located("landscapes", "0" * 12), torch.device("cpu"), tiny_generator())


def likeness(gan: GANPipeline, latent: Tensor, picture: Image.Image) -> float:
    return psnr(images.to_tensor(gan.generate(latents=latent)[0]), images.to_tensor(picture))


def test_it_finds_the_generator_s_own_pictures(gan: GANPipeline) -> None:
    found = [likeness(gan, gan.project(picture, steps=200), picture) for picture in gan.generate(3, seed=1000)]
    assert statistics.median(found) >= 25


def test_the_same_seed_gives_the_same_latent(gan: GANPipeline) -> None:
    picture = gan.generate(seed=3)[0]
    first, again, other = (gan.project(picture, steps=10, seed=seed) for seed in (0, 0, 1))
    assert first.shape == (1, 8)
    assert (first.dtype, first.device.type, first.requires_grad) == (torch.float32, "cpu", False)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_middle_square_of_any_picture_counts(gan: GANPipeline) -> None:
    [picture] = gan.generate(seed=8)
    wide = Image.new("RGBA", (96, 32), (255, 0, 0, 255))
    wide.paste(picture, (32, 0))
    assert torch.equal(gan.project(wide, steps=5), gan.project(picture, steps=5))
    square = gan_project.square(Image.new("RGB", (50, 301)), 32)
    assert square.size == (32, 32)


def test_it_tells_every_step_and_shows_what_it_has(gan: GANPipeline) -> None:
    [picture] = gan.generate(seed=8)
    calls: list[tuple[int, int, Image.Image | None]] = []
    found = gan.project(picture, steps=12, callback=lambda *call: calls.append(call))
    assert [call[:2] for call in calls] == [(step, 12) for step in range(1, 13)]
    previews = {call[0]: call[2] for call in calls if call[2] is not None}
    assert list(previews) == [5, 10, 12]
    for preview in previews.values():  # a preview is a picture of the model like every other
        [again] = gan.generate(latents=gan.latent(preview))
        assert (images.to_tensor(again) - images.to_tensor(preview)).abs().mean() < 2 / 255
    assert torch.equal(found, gan.project(picture, steps=12))  # watching changes nothing


def test_what_the_callback_raises_stops_the_work(gan: GANPipeline) -> None:
    steps = []

    def stop(step: int, total: int, preview: Image.Image | None) -> None:
        steps.append(step)
        if step == 3:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        gan.project(Image.new("RGB", (40, 40)), callback=stop)
    assert steps == [1, 2, 3]


def test_features_are_loaded_on_first_use_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    small = VGGFeatures(VGGConfig(blocks=((4, 4), (4, 4), (4, 4, 4))))
    loads = []

    def load(name: str, device: torch.device) -> VGGFeatures:
        loads.append((name, device.type))
        return small

    monkeypatch.setattr("deepart.pipelines.gan.load_features", load)
    gan = GANPipeline(Located("tiny", "0" * 12), torch.device("cpu"), tiny_generator(), (), "slim")
    weights = gan.nbytes
    [picture] = gan.generate(seed=1)
    assert loads == []
    found = gan.project(picture, steps=20)
    plain = GANPipeline(Located("tiny", "0" * 12), torch.device("cpu"), tiny_generator())
    assert not torch.equal(found, plain.project(picture, steps=20))  # they have a say
    gan.project(picture, steps=1)
    assert loads == [("slim", "cpu")]
    assert gan.nbytes == weights + sum(tensor.nbytes for tensor in small.parameters())
    assert gan._parts()[1]["features"] == "slim"


@pytest.mark.parametrize(
    ("picture", "options", "error", "sentence"),
    [
        ("picture.png", {}, ImageError, "The picture is of type str, not a PIL image;"),
        (Image.new("RGB", (8, 8)), {}, ImageError, "The picture is 8x8 pixels; each side must have at least 16"),
        (Image.new("RGB", (32, 32)), {"steps": 0}, OptionError, "The number of steps is 0; it must be a whole number"),
        (Image.new("RGB", (32, 32)), {"seed": "x"}, OptionError, "The seed is 'x'; it must be"),
        (Image.new("RGB", (32, 32)), {"callback": "x"}, OptionError, "The callback is 'x'; it must be a function"),
    ],
)  # fmt: skip
def test_mistakes_get_a_sentence(
    gan: GANPipeline, picture: Image.Image, options: dict[str, object], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        gan.project(picture, **options)
    assert str(caught.value).startswith(sentence)

"""Every registered model that travels with the repository, with its real files, and the records of all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.distances import style_distance
from deepart import GANPipeline, StyleTransferPipeline, VAEPipeline, hub, load_image
from deepart.images import settings, to_tensor
from deepart.metrics import psnr, ssim
from deepart.models.vgg import SlimVGG
from deepart.pipelines.features import load_all_widths, load_features
from deepart.registry import FEATURES, REGISTRY, ModelSpec

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "deepart" / "ui" / "examples"


def specs(*tasks: str) -> list[object]:
    """The models of tasks whose files are here for everybody; those of the Hub have tests of their own."""
    return [param(s) for s in REGISTRY.values() if s.task in tasks and travels(s)]


def travels(spec: ModelSpec) -> bool:
    """Whether a model, with the features that it needs, is a part of the repository."""
    return spec.repo_id is None and (spec.features is None or travels(REGISTRY[FEATURES, spec.features]))


def param(spec: ModelSpec) -> object:
    return pytest.param(spec, id=f"{spec.task}-{spec.name}")


def test_every_task_of_the_registry_has_its_test_here() -> None:
    assert {task for task, _ in REGISTRY} == {FEATURES, "gan", "vae", "style"}
    for task in (FEATURES, "gan", "vae", "style"):
        assert specs(task)


@pytest.mark.parametrize("spec", specs(FEATURES))
def test_features_run_from_their_real_files(spec: ModelSpec) -> None:
    network = load_all_widths(spec.name, device="cpu")
    assert isinstance(network, SlimVGG)
    widths = {network.half_width: 32, network.quarter_width: 16}
    for part, width in widths.items():
        maps = part(torch.rand(1, 3, 32, 32), ("relu1_1", "relu4_2"))
        assert maps["relu1_1"].shape == (1, width, 32, 32)
        assert maps["relu4_2"].shape == (1, 8 * width, 4, 4)
        assert all(value.isfinite().all() and value.max() > 0 for value in maps.values())


@pytest.mark.parametrize("spec", specs("style"))
def test_a_style_model_paints_from_its_real_files(spec: ModelSpec) -> None:
    photo = load_image(EXAMPLES / "content" / "cat.jpg")
    painting = load_image(EXAMPLES / "paintings" / "van-gogh-night-cafe.jpg")
    pipeline = StyleTransferPipeline.from_pretrained(spec.name, device="cpu")
    result = pipeline.stylize(photo, painting, size=64, steps=None if pipeline.one_pass else 15)
    assert result.size == (64, 43)
    assert (settings(result) or {})["model"] == spec.name
    # Neither the photograph nor noise: the statistics of the painting in the shape of the photograph.
    features = load_features(device="cpu")
    before, style = (to_tensor(x.resize(result.size, Image.Resampling.LANCZOS)) for x in (photo, painting))
    after = to_tensor(result)
    share = 0.8 if pipeline.one_pass else 0.5  # one pass takes palette and touches, and less of what is large
    assert style_distance(features, after, style) < share * style_distance(features, before, style)
    assert psnr(after, before) < 25
    assert ssim(after, before) > 0.3


@pytest.mark.parametrize("spec", specs("vae"))
def test_a_vae_model_gives_pictures_back_from_its_real_files(spec: ModelSpec) -> None:
    pipeline = VAEPipeline.from_pretrained(spec.name, device="cpu")
    if pipeline.spatial:
        picture = load_image(EXAMPLES / "content" / "cat.jpg")
    else:
        assert len(pipeline.directions) >= 3
        [picture] = pipeline.sample(seed=100)
        picture = Image.fromarray(np.asarray(picture))  # without the latent that it carries
    latent = pipeline.encode(picture)
    before, after = to_tensor(picture), to_tensor(pipeline.decode(latent))
    assert psnr(after, before) > 26
    assert ssim(after, before) > 0.9
    assert pipeline.compression(picture.size) > 5.9  # 6, but for the padding
    # A real VAE: a sample of the posterior is another picture, and costs little.
    sample = to_tensor(pipeline.vary(latent, n=1)[0])
    assert 255 * (sample - after).abs().mean() > 0.7
    # The card's six lose less than 1 dB; a smooth picture, which comes back at 46 dB, loses more, and stays very near.
    least = psnr(after, before) - 6
    assert psnr(sample, before) > (max(least, 40) if pipeline.spatial else least)


def test_the_vae_of_pictures_keeps_plain_colours_and_ramps() -> None:
    pipeline = VAEPipeline.from_pretrained("pictures", device="cpu")
    for colour in ((0, 0, 0), (255, 255, 255), (200, 30, 60), (12, 90, 130), (128, 128, 128)):
        picture = Image.new("RGB", (96, 80), colour)
        assert 255 * (to_tensor(pipeline.reconstruct(picture)) - to_tensor(picture)).abs().mean() < 1.5, colour
    ramp = Image.linear_gradient("L").convert("RGB")
    assert 255 * (to_tensor(pipeline.reconstruct(ramp)) - to_tensor(ramp)).abs().mean() < 1.5


@pytest.mark.parametrize("spec", specs("gan"))
def test_a_gan_model_makes_pictures_from_its_real_files(spec: ModelSpec) -> None:
    pipeline = GANPipeline.from_pretrained(spec.name, device="cpu")
    pictures = pipeline.generate(8, seed=100)
    assert all((settings(picture) or {})["model"] == spec.name for picture in pictures)
    x = torch.cat([to_tensor(picture) for picture in pictures])
    assert x.shape == (8, 3, pipeline.side, pipeline.side)
    assert (x.flatten(1).std(1) > 0.08).all()  # no mush
    apart = (x[:, None] - x[None]).square().mean((2, 3, 4)).sqrt()[~torch.eye(8, dtype=torch.bool)]
    assert apart.min() > 0.05  # no two alike
    neighbours = (x[..., 1:] - x[..., :-1]).square().mean().sqrt()
    assert neighbours < 0.5 * x.std()  # no noise
    # Truncated they are more alike, and still no mush.
    y = torch.cat([to_tensor(picture) for picture in pipeline.generate(8, seed=100, truncation=0.3)])
    alike = (y[:, None] - y[None]).square().mean((2, 3, 4)).sqrt()[~torch.eye(8, dtype=torch.bool)]
    assert alike.mean() < 0.7 * apart.mean()
    assert (y.flatten(1).std(1) > 0.05).all()


@pytest.mark.parametrize("spec", specs("gan"))
def test_every_direction_of_a_gan_model_does_something_of_its_own(spec: ModelSpec) -> None:
    pipeline = GANPipeline.from_pretrained(spec.name, device="cpu")
    assert len(pipeline.directions) == len(set(pipeline.directions)) >= 3
    [[start]] = [pipeline.generate(seed=1)]
    changes = []
    for name in pipeline.directions:
        [moved] = pipeline.generate(seed=1, directions={name: 3.0})
        changes.append((to_tensor(moved) - to_tensor(start)).flatten())
        assert changes[-1].square().mean().sqrt() > 0.02, name
    unit = torch.nn.functional.normalize(torch.stack(changes))
    assert (unit @ unit.T - torch.eye(len(unit))).abs().max() < 0.95


@pytest.mark.parametrize("spec", specs("gan"))
def test_a_mix_has_the_layout_of_one_and_the_detail_of_the_other(spec: ModelSpec) -> None:
    pipeline = GANPipeline.from_pretrained(spec.name, device="cpu")
    coarse = torch.cat([to_tensor(picture) for picture in pipeline.generate(6)])
    mixes = torch.cat([to_tensor(pipeline.mix(seed, seed + 50)) for seed in range(6)])
    fine = torch.cat([to_tensor(picture) for picture in pipeline.generate(6, seed=50)])

    def layout(x: torch.Tensor) -> torch.Tensor:
        light = torch.nn.functional.adaptive_avg_pool2d(x, 8).mean(1, keepdim=True)
        return light - light.mean((2, 3), keepdim=True)

    to_coarse, to_fine = ((layout(mixes) - layout(x)).square().mean() for x in (coarse, fine))
    assert to_coarse < 0.5 * to_fine
    assert (mixes - coarse).abs().mean() > 3 / 255  # a person sees that it is not the one


def test_every_folder_under_weights_is_registered() -> None:
    assert {path.name for path in hub.weights_root().iterdir()} <= {f"{task}-{name}" for task, name in REGISTRY}

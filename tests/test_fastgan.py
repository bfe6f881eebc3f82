"""FastGAN: our network against values that the published layout and a formula for its weights give."""

from pathlib import Path

import fastgan_layout
import numpy as np
import pytest
import torch
from loopback_hub import LoopbackHub, offer
from PIL import Image
from test_gan import furthest
from vae_lively import apart

from deepart import GANPipeline, checkpoint, registry
from deepart.errors import WeightsError
from deepart.images import settings
from deepart.models.fastgan import FastGAN, FastGANConfig, convert, sefa
from deepart.registry import Located, get_spec

LARGE = {
    (0, 0, 0, 0): 0.033384, (0, 0, 211, 307): -0.152584, (0, 0, 422, 614): 0.254616, (0, 0, 633, 921): 0.09814,
    (0, 1, 101, 17): 0.067761, (0, 1, 312, 324): 0.229611, (0, 1, 523, 631): 0.049893, (0, 1, 734, 938): 0.169079,
    (0, 2, 202, 34): -0.041633, (0, 2, 413, 341): -0.428355, (0, 2, 624, 648): 0.401551, (0, 2, 835, 955): 0.14066,
}  # fmt: skip
SMALL = {
    (0, 0, 0, 0): 0.026252, (0, 0, 83, 51): -0.012818, (0, 0, 38, 102): -0.238378, (0, 0, 121, 25): -0.202443,
    (0, 1, 101, 17): -0.010241, (0, 1, 56, 68): -0.350538, (0, 1, 11, 119): -0.105417, (0, 1, 94, 42): -0.127575,
    (0, 2, 74, 34): 0.27052, (0, 2, 29, 85): -0.543698, (0, 2, 112, 8): -0.051492, (0, 2, 67, 59): 0.5766,
}  # fmt: skip
"""Of z = torch.randn(2, 256) with the seed 0, by an implementation of the paper that is not ours: index and value."""

TINY = FastGANConfig(latent=6, channels=(8, 8, 6, 6, 8, 6, 4), directions=3)


def load(state: dict[str, torch.Tensor]) -> FastGAN:
    network = FastGAN(FastGANConfig(directions=4))
    checkpoint.load_strict(network, convert(state, 4), Path("pytorch_model.bin"))
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def network() -> FastGAN:
    return load(fastgan_layout.make_state())


@pytest.fixture
def tiny() -> FastGAN:
    """A network of 256 pixels, with noise inside."""
    torch.manual_seed(0)
    made = FastGAN(TINY).requires_grad_(False).eval()
    for name, parameter in made.named_parameters():
        if name.endswith("noise"):
            parameter.fill_(0.1)
    made.directions.copy_(sefa(made.start.weight, 3))
    return made


@pytest.fixture
def gan(tiny: FastGAN) -> GANPipeline:
    return GANPipeline(Located("fastgan", "0" * 12), torch.device("cpu"), tiny, ["axis 1", "axis 2", "axis 3"])


# ------------------------------------------------------------------------------------------------------------ network


def test_it_agrees_with_the_published_network(network: FastGAN) -> None:
    z = torch.randn(2, 256, generator=torch.Generator().manual_seed(0))
    for pictures, side, known, deviation in (
        (network(z), 1024, LARGE, 0.250031), (network.draft(z), 128, SMALL, 0.376296),
    ):  # fmt: skip
        assert pictures.shape == (2, 3, side, side)
        assert max(abs(pictures[index].item() - value) for index, value in known.items()) < 1e-4
        assert pictures.std().item() == pytest.approx(deviation, abs=1e-4)


def test_directions_are_what_the_first_layer_stretches_most() -> None:
    torch.manual_seed(0)
    weight = torch.randn(40, 5) @ torch.diag(torch.tensor([1.0, 5.0, 2.0, 0.5, 3.0]))
    found = sefa(weight, 3)
    assert torch.allclose(found @ found.T, torch.eye(3), atol=1e-5)
    lengths = (weight @ found.T).norm(dim=0)
    assert torch.allclose(lengths, torch.linalg.svdvals(weight)[:3], rtol=1e-4)
    assert torch.equal(found, sefa(weight, 3))
    assert (found.gather(1, found.abs().argmax(1, keepdim=True)) > 0).all()


# ----------------------------------------------------------------------------------------------------------- pipeline


def test_a_seed_names_one_picture_in_every_batch(gan: GANPipeline) -> None:
    assert gan.noisy
    [alone] = gan.generate(seed=5)
    among = gan.generate(8, seed=0)[5]
    assert furthest(alone, among) <= 1
    assert furthest(gan.generate(seed=6)[0], alone) > 3
    assert alone.size == (256, 256)


def test_the_noise_stays_while_a_picture_is_walked_changed_mixed_and_made_again(gan: GANPipeline) -> None:
    frames = gan.walk([3, 4], frames=8)
    assert [(settings(frame) or {}).get("noise", 3) for frame in frames] == [3] * 8
    assert furthest(frames[0], gan.generate(seed=3)[0]) <= 1
    [last] = gan.generate(latents=gan.latent(4), seed=3)
    assert furthest(frames[-1], last) <= 1
    for made in (
        frames[4], gan.mix(3, 9), gan.breed([3, 9], 1)[0], gan.sweep(3, truncations=[0.5])[0],
        gan.generate(seed=3, directions={"axis 2": 2.0})[0],
    ):  # fmt: skip
        recipe = gan.recipe(made)
        assert recipe.noise == 3
        again = gan.sweep(made, truncations=[recipe.truncation], directions=recipe.directions)[0]
        if not recipe.directions and recipe.truncation == 1:
            assert furthest(again, made) <= 1
    ends = gan.interpolate(3, 4, steps=5)
    assert furthest(ends[0], gan.generate(seed=3)[0]) == 0
    assert furthest(ends[-1], gan.generate(seed=4)[0]) == 0


def test_a_picture_is_found_in_small_ones(gan: GANPipeline) -> None:
    seen: list[tuple[int, Image.Image | None]] = []
    [wanted] = gan.generate(seed=11)
    latent = gan.project(wanted, steps=10, callback=lambda step, _, preview: seen.append((step, preview)))
    assert latent.shape == (1, 6)
    previews = [preview for _, preview in seen if preview is not None]
    assert [step for step, _ in seen] == list(range(1, 11))
    assert previews[-1].size == (128, 128)
    found = gan.generate(latents=latent)[0]
    others = gan.generate(16, seed=100)
    error = [apart(one, wanted).mean() for one in (found, *others)]
    assert error[0] < np.mean(error[1:])


# ---------------------------------------------------------------------------------------------------------------- Hub


def offered(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch, state: dict[str, torch.Tensor]) -> None:
    """Let the loopback Hub and the registry have a state as that of the model fastgan-painting."""
    offer(loopback, monkeypatch, "gan", "fastgan-painting", {"pytorch_model.bin": fastgan_layout.file_of(state)})


def test_a_registered_model_comes_from_the_hub(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    offered(loopback, monkeypatch, fastgan_layout.make_state(noise=0.1))
    assert not get_spec("gan", "fastgan-painting").here
    gan = GANPipeline.from_pretrained("fastgan-painting", device="cpu")
    assert loopback.count("GET", "pytorch_model.bin") == 1
    assert (gan.side, gan.latent_size, len(gan.directions), gan.noisy) == (1024, 256, 8, True)
    [picture] = gan.generate(seed=4, truncation=0.8, directions={"axis 1": 1.0})
    assert picture.size == (1024, 1024)
    found = settings(picture) or {}
    assert (found["model"], found["seed"], found["truncation"]) == ("fastgan-painting", 4, 0.8)
    assert found["version"] == registry.version(get_spec("gan", "fastgan-painting"))


def test_a_file_that_does_not_fit_gets_a_sentence(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    wider = {"_out_1024.0._conv.weight_orig": torch.ones(3, 8, 5, 5), "_out_1024.0._conv.weight_v": torch.ones(200)}
    offered(loopback, monkeypatch, fastgan_layout.make_state() | wider)
    with pytest.raises(WeightsError, match="does not fit the network"):
        GANPipeline.from_pretrained("fastgan-painting", device="cpu")

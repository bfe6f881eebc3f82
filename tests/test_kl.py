"""The autoencoder of Stable Diffusion: its published layout, its scale, its tiles, and what comes without diffusers."""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from published_vaes import KL_CONFIG, kl_files, kl_network, kl_tensors, offered, write
from safetensors.torch import save

from deepart import Studio, VAEPipeline, checkpoint
from deepart.errors import UnsupportedError, WeightsError
from deepart.models.kl import AutoencoderKL, KLConfig
from deepart.pipelines import vae_tiles
from deepart.pipelines.vae_hub import PUBLISHED, read_kl
from deepart.pipelines.vae_tiles import Tiled
from deepart.registry import get_spec


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> AutoencoderKL:
    return read_kl(write(tmp_path_factory.mktemp("kl"), kl_files())).eval().requires_grad_(False)


# -------------------------------------------------------------------------------------------------------- the network


def test_it_gives_what_the_library_gives_times_the_scale(network: AutoencoderKL, tmp_path: Path) -> None:
    from diffusers import AutoencoderKL as Published

    # The library reads the same files, with the old names in them, by a way of its own.
    other = Published.from_pretrained(write(tmp_path, kl_files()), low_cpu_mem_usage=False).eval()
    x = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        posterior = other.encode(2 * x - 1).latent_dist
        mean, std = network.encode(x)
        assert torch.allclose(mean, 0.18215 * posterior.mean, atol=1e-5)
        assert torch.allclose(std, 0.18215 * posterior.std, atol=1e-5)
        picture = 0.5 * other.decode(posterior.mean).sample + 0.5
        assert torch.allclose(network.decode(mean), picture, atol=1e-4)
    assert mean.shape == std.shape == (2, 4, 4, 6)
    assert picture.std() > 0.05
    assert 0.01 < std.mean() < 0.18


# -------------------------------------------------------------------------------------------------------------- tiles


def tiny_tiles(patch: pytest.MonkeyPatch) -> None:
    for name, pixels in (("FADING_WHOLE", 96), ("FADING_CORE", 64), ("FADING_MARGIN", 16)):
        patch.setattr(vae_tiles, name, pixels)


def test_tiles_fade_into_each_other_and_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of an extreme case, each of one level of its own: the step between two is spread over what they share."""
    network = kl_network()
    levels = iter((0.2, 0.8))
    seen: list[tuple[int, ...]] = []

    def decode(self: AutoencoderKL, z: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(z.shape))
        return torch.full((1, 3, 8 * z.shape[2], 8 * z.shape[3]), next(levels))

    monkeypatch.setattr(AutoencoderKL, "decode", decode)
    tiny_tiles(monkeypatch)
    [picture] = Tiled(network, torch.device("cpu")).decode(torch.zeros(1, 4, 4, 16), (125, 30))
    assert picture.size == (125, 30)
    assert seen == [(1, 4, 4, 10)] * 2
    row = np.asarray(picture)[7, :, 0].astype(int)
    assert set(row[:48]) == {51}
    assert set(row[80:]) == {204}
    assert 4 <= np.diff(row[48:80]).min() <= np.diff(row[48:80]).max() <= 5  # 153 levels over 32 pixels


# ------------------------------------------------------------------------------------------------------------- layout


def test_the_config_is_the_published_one_to_the_last_byte(tmp_path: Path) -> None:
    data = (json.dumps(KL_CONFIG, indent=2) + "\n").encode()
    [pin] = [file for file in get_spec("vae", "sd-vae").files if file.name == "config.json"]
    assert (len(data), hashlib.sha256(data).hexdigest()) == (pin.size, pin.sha256)
    # What it describes is what we build by default, and tensors of a smaller network do not fit.
    write(tmp_path, kl_files() | {"config.json": data})
    with pytest.raises(WeightsError, match="does not fit the network: it lacks"):
        read_kl(tmp_path)
    assert checkpoint.make_config(KLConfig, {}, tmp_path) == KLConfig(4, (128, 256, 512, 512), 2, 32, 0.18215)


def test_new_names_of_the_attention_are_read_too(network: AutoencoderKL, tmp_path: Path) -> None:
    tensors = network.network.state_dict()
    assert set(tensors) != set(kl_tensors(network))
    write(tmp_path, kl_files() | {PUBLISHED: save(tensors)})
    loaded = read_kl(tmp_path).network.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in tensors.items())


# ------------------------------------------------------------------------------------------------- without the package

WITHOUT = "This model needs the package diffusers; install it with 'pip install diffusers'."


@pytest.mark.parametrize(
    "get",
    [
        lambda: VAEPipeline.from_pretrained("sd-vae", device="cpu"),
        lambda: Studio(device="cpu").vae("sd-vae"),
        lambda: Studio(device="cpu").fetch("vae", "sd-vae"),
    ],
)
def test_without_diffusers_nothing_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, get: Callable[[], object]
) -> None:
    files = kl_files()
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with offered(monkeypatch, tmp_path, "sd-vae", files) as server, pytest.raises(UnsupportedError) as caught:
        get()
    assert str(caught.value) == WITHOUT
    assert server.requests == []

"""TAESD: the same numbers as another implementation, from the published layout, and tile by tile."""

from pathlib import Path

import pytest
import torch
from published_vaes import taesd_files, taesd_tensors, write
from safetensors.torch import save

from deepart.errors import WeightsError
from deepart.models.taesd import TAESD, TAESDConfig
from deepart.pipelines.vae_hub import PUBLISHED, read_taesd


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> TAESD:
    folder = write(tmp_path_factory.mktemp("taesd"), taesd_files())
    return read_taesd(folder).eval().requires_grad_(False)


# -------------------------------------------------------------------------------------------------------- the network


def test_it_is_the_network_of_another_implementation(network: TAESD) -> None:
    from diffusers import AutoencoderTiny

    other = AutoencoderTiny().eval()
    other.load_state_dict(taesd_tensors(), strict=True)
    generator = torch.Generator().manual_seed(0)
    x, z = torch.rand(2, 3, 64, 48, generator=generator), 3 * torch.randn(2, 4, 8, 6, generator=generator)
    with torch.no_grad():
        mean, picture = other.encode(2 * x - 1).latents, 0.5 * other.decode(z).sample + 0.5
        found = network.encode(x)
        assert (found[0] - mean).abs().max() < 1e-4
        assert (network.decode(z) - picture).abs().max() < 1e-4
    assert mean.std() > 0.1
    assert picture.std() > 0.1


# -------------------------------------------------------------------------------------------------------------- tiles


def seen(network: TAESD, coder: str) -> tuple[int, int]:
    """Return how far before and behind a place of the latent that decides about it lies, in pixels."""
    side = 400
    if coder == "encode":
        x = torch.rand(1, 3, 16, side, dtype=torch.float64, requires_grad=True)
        network.encoder(x)[..., side // 16].sum().backward()
        size = 1
    else:
        x = torch.rand(1, 4, 2, side // 8, dtype=torch.float64, requires_grad=True)
        network.decoder(x)[..., side // 2 : side // 2 + 8].sum().backward()
        size = 8
    assert x.grad is not None
    places = x.grad.abs().sum((0, 1, 2)).nonzero()
    return side // 2 - size * int(places.min()), size * (int(places.max()) + 1) - (side // 2 + 8)


def test_its_reach_is_that_of_its_convolutions() -> None:
    torch.manual_seed(0)
    network = TAESD(TAESDConfig(width=8)).double()
    for value in network.parameters():  # all positive, so that nothing is rectified away
        value.data.abs_()
    assert network.reach == 152
    assert seen(network, "encode") == (145, 138)
    assert seen(network, "decode") == (152, 152)  # whole places of the latent


# ------------------------------------------------------------------------------------------------------------- layout


def test_the_published_names_are_all_of_them() -> None:
    tensors = taesd_tensors()
    assert len(tensors) == 134
    assert sum(tensor.numel() for tensor in tensors.values()) == 2_445_063


def test_a_file_that_does_not_fit_gets_a_sentence(tmp_path: Path) -> None:
    tensors = taesd_tensors()
    tensors.pop("encoder.layers.0.bias")
    write(tmp_path, {PUBLISHED: save(tensors)})
    with pytest.raises(WeightsError) as caught:
        read_taesd(tmp_path)
    assert str(caught.value) == (
        f"The file {tmp_path / PUBLISHED} does not fit the network: it lacks 'encoder.layers.0.bias'."
    )

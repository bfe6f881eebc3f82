"""TAESD: the same numbers as another implementation, from both layouts, and tile by tile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from published_vaes import taesd_files, taesd_one, taesd_shapes, taesd_two, write
from safetensors.torch import save
from torch import Tensor
from vae_lively import apart, drawing

from deepart import checkpoint
from deepart.errors import WeightsError
from deepart.models.taesd import TAESD, TAESDConfig
from deepart.pipelines import vae_tiles
from deepart.pipelines.vae_hub import DECODER, ENCODER, PUBLISHED, read_taesd
from deepart.pipelines.vae_tiles import Tiled


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> TAESD:
    folder = write(tmp_path_factory.mktemp("taesd"), taesd_files())
    return read_taesd(folder).eval().requires_grad_(False)


def same(a: TAESD, b: TAESD) -> bool:
    tensors = b.state_dict()
    return all(torch.equal(tensor, tensors[name]) for name, tensor in a.state_dict().items())


# -------------------------------------------------------------------------------------------------------- the network


def test_it_is_the_network_of_another_implementation(network: TAESD) -> None:
    from diffusers import AutoencoderTiny

    other = AutoencoderTiny().eval()
    other.load_state_dict(taesd_one(taesd_two()), strict=True)
    generator = torch.Generator().manual_seed(0)
    x, z = torch.rand(2, 3, 64, 48, generator=generator), 3 * torch.randn(2, 4, 8, 6, generator=generator)
    with torch.no_grad():
        mean, picture = other.encode(2 * x - 1).latents, 0.5 * other.decode(z).sample + 0.5
        found = network.encode(x)
        assert (found[0] - mean).abs().max() < 1e-4
        assert (network.decode(z) - picture).abs().max() < 1e-4
    assert mean.std() > 0.1
    assert picture.std() > 0.1


@pytest.mark.parametrize("numbers", [{"deviation": 0.0}, {"width": 0}, {"channels": -1}])
def test_a_config_of_nothing_is_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(WeightsError, match="do not make a network"):
        checkpoint.make_config(TAESDConfig, numbers, Path())


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


@pytest.mark.parametrize("size", [(500, 60), (64, 400), (330, 350)])
def test_tiles_are_what_the_whole_is(network: TAESD, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    monkeypatch.setattr(vae_tiles, "autocast", lambda device: torch.autocast("cpu", enabled=False))
    coder, picture = Tiled(network, torch.device("cpu")), drawing(*size)
    whole = coder.encode([picture])[0]
    [result] = coder.decode(whole[0], size)
    monkeypatch.setattr(vae_tiles, "WHOLE", 128)
    monkeypatch.setattr(vae_tiles, "CORE", 128)
    parts = coder.encode([picture])[0]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(whole, parts, strict=True))
    assert apart(result, coder.decode(whole[0], size)[0]).max() <= 1
    # With less of a margin it would show.
    monkeypatch.setattr(TAESD, "reach", 0)
    assert not torch.allclose(whole[0], coder.encode([picture])[0][0], atol=1e-3)
    assert apart(result, coder.decode(whole[0], size)[0]).max() > 2


# ------------------------------------------------------------------------------------------------------------ layouts


def test_the_published_names_are_all_of_them() -> None:
    assert (len(taesd_shapes(ENCODER)), len(taesd_shapes(DECODER))) == (67, 67)
    numbers = sum(tensor.numel() for part in taesd_two().values() for tensor in part.values())
    assert numbers == sum(value.numel() for value in TAESD().parameters()) == 2_445_063


def test_both_layouts_load_alike(network: TAESD, tmp_path: Path) -> None:
    assert same(read_taesd(write(tmp_path, taesd_files(one=False))), network)
    convolution = network.decoder[0]
    assert isinstance(convolution, torch.nn.Conv2d)
    assert torch.equal(convolution.weight, taesd_two()[DECODER]["1.weight"])


def changed(change: Callable[[dict[str, Tensor]], object], tensors: dict[str, Tensor]) -> bytes:
    change(tensors)
    return save(tensors)


CHANGES: dict[str, tuple[Callable[[dict[str, Tensor]], object], str, str]] = {
    "one less": (lambda t: t.pop("0.bias"), "encoder", "it lacks '{}0.bias'."),
    "one more": (lambda t: t.update({"20.bias": torch.ones(1)}), "decoder", "it has '{}20.bias' too many."),
    "another shape": (
        lambda t: t.update({"14.weight": torch.ones(8, 64, 3, 3)}),
        "encoder",
        "'{}14.weight' is 8x64x3x3 float32 instead of 4x64x3x3 float32.",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_files_that_do_not_fit_get_a_sentence(name: str, tmp_path: Path) -> None:
    change, side, words = CHANGES[name]
    two = taesd_two()
    file = ENCODER if side == "encoder" else DECODER
    change(two[file])
    write(tmp_path / "two", {part: save(dict(tensors)) for part, tensors in two.items()})
    write(tmp_path / "one", {PUBLISHED: save(taesd_one(two))})
    with pytest.raises(WeightsError) as caught:
        read_taesd(tmp_path / "two")
    assert str(caught.value) == f"The file {tmp_path / 'two' / file} does not fit the network: {words.format('')}"
    with pytest.raises(WeightsError) as caught:
        read_taesd(tmp_path / "one")
    prefix = f"{side}.layers." if side == "encoder" else "decoder.layers."
    words = words.format(prefix).replace("layers.20.", "layers.19.")
    assert str(caught.value) == f"The file {tmp_path / 'one' / PUBLISHED} does not fit the network: {words}"

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from vae_lively import apart, drawing, lively, tiny_spatial

from deepart.images import to_tensor
from deepart.models.spans import spans
from deepart.models.spatial_vae import SpatialVAE
from deepart.pipelines import vae_tiles
from deepart.pipelines.vae_tiles import Tiled


@pytest.fixture(scope="module")
def network() -> SpatialVAE:
    made = lively(tiny_spatial())
    assert isinstance(made, SpatialVAE)
    return made


def tiled(network: SpatialVAE) -> Tiled:
    return Tiled(network, torch.device("cpu"))


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 32 pixels, so that small pictures have many."""
    monkeypatch.setattr(vae_tiles, "WHOLE", 64)
    monkeypatch.setattr(vae_tiles, "CORE", 32)


def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bfloat16, another kernel for another shape may round otherwise."""
    monkeypatch.setattr(vae_tiles, "autocast", lambda device: torch.autocast("cpu", enabled=False))


@pytest.mark.parametrize("length", [1, 128, 161, 256, 257, 300, 511, 512])
def test_the_parts_of_a_side_are_all_of_it_and_none_is_too_long(length: int) -> None:
    found = spans(length, 10, whole=160, core=128)
    assert [place for span in found for place in range(length)[span.kept]] == list(range(length))
    for span in found:
        assert 0 <= span.first <= span.start < span.stop <= span.last <= length
        assert span.stop - span.start <= (160 if len(found) == 1 else 128)
        assert span.first == max(0, span.start - 10)
        assert span.last == min(length, span.stop + 10)
        assert list(range(length))[span.seen][span.inside] == list(range(length))[span.kept]


@pytest.mark.parametrize("size", [(200, 150), (65, 16), (16, 130), (64, 128)])
def test_tiles_are_what_the_whole_is(
    network: SpatialVAE, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    in_float32(monkeypatch)
    coder, picture = tiled(network), drawing(*size)
    whole = coder.encode([picture])[0]
    [result] = coder.decode(whole[0], size)
    monkeypatch.setattr(vae_tiles, "WHOLE", 64)
    monkeypatch.setattr(vae_tiles, "CORE", 32)
    parts = coder.encode([picture])[0]
    for a, b in zip(whole, parts, strict=True):
        assert a.shape == (1, *coder.shape(size))
        assert torch.allclose(a, b, atol=1e-5)
    [again] = coder.decode(whole[0], size)
    assert again.size == size
    assert apart(result, again).max() <= 1
    assert apart(result, again).mean() < 1e-3


@pytest.mark.usefixtures("small_tiles")
def test_no_more_than_a_tile_is_worked_on_at_once(network: SpatialVAE, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []
    encode, decode = SpatialVAE.encode, SpatialVAE.decode

    def watch(work: Any, scale: int) -> Any:
        def watched(self: SpatialVAE, x: torch.Tensor) -> Any:
            seen.append((len(x), scale * x.shape[2], scale * x.shape[3]))
            return work(self, x)

        return watched

    monkeypatch.setattr(SpatialVAE, "encode", watch(encode, 1))
    monkeypatch.setattr(SpatialVAE, "decode", watch(decode, 8))
    coder, picture = tiled(network), drawing(500, 300)
    mean, _ = coder.encode([picture])[0]
    coder.decode(torch.cat([mean, mean]), picture.size)
    most = 32 + 2 * network.reach
    assert len(seen) == 3 * 16 * 10
    assert all(count == 1 and height <= most and width <= most for count, height, width in seen)


def test_what_a_picture_is_padded_with_are_its_own_last_pixels(
    network: SpatialVAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.Tensor] = []
    encode = SpatialVAE.encode
    monkeypatch.setattr(SpatialVAE, "encode", lambda self, x: seen.append(x) or encode(self, x))
    picture = drawing(19, 17)
    tiled(network).encode([picture])
    padded = np.pad(np.asarray(picture), ((0, 7), (0, 5), (0, 0)), mode="edge")
    assert torch.equal(seen[0], to_tensor(Image.fromarray(padded)))

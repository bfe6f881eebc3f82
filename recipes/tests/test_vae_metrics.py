"""The measures of a VAE, and what it is held against, on pictures whose distance is known on paper."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from PIL import Image
from test_gan_metrics import noise, randn, tiny_network
from torch import Tensor

from deepart.images import to_image, to_tensor
from deepart.pipelines.vae_latent import Latent
from recipes import gan_gaussian, vae_floor, vae_metrics
from recipes.vae_start import cut_blocks


class Brighter:
    """Gives pictures back 10 levels brighter; a sample of its posterior is another 5 brighter."""

    name, version, spatial = "brighter", "0123456789ab", True

    def encode(self, image: Image.Image) -> Latent:
        self.image = image
        return Latent(torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 4), image.size, self.name, self.version)

    def decode(self, latent: Latent) -> Image.Image:
        return self._brighter(10)

    def vary(self, source: Latent, strength: float = 1.0, *, n: int = 4, seed: int = 0) -> list[Image.Image]:
        return [self._brighter(10 + 5 * strength)] * n

    def _brighter(self, levels: float) -> Image.Image:
        return to_image(to_tensor(self.image) + levels / 255)


def dim(side: int = 32) -> Image.Image:
    """A picture that has room above."""
    return to_image(noise(1, side).float() / 2 / 255)


# ----------------------------------------------------------------------------------------------------------- measures


def test_a_shift_is_counted_in_levels_whatever_its_sign() -> None:
    x = to_tensor(dim())
    change = torch.tensor([10.0, -4, 1]).view(1, 3, 1, 1) / 255
    found = vae_metrics.compare(tiny_network(), x + change, x)
    assert found["shift"] == pytest.approx(5, rel=1e-4)
    assert found["psnr"] == pytest.approx(10 * math.log10(255**2 * 3 / (100 + 16 + 1)), rel=1e-4)
    assert found["perceptual"] > 0
    assert found["content"] > 0


def test_structural_similarity_of_channels_is_that_of_flat_colours() -> None:
    a, b = torch.tensor([0.2, 0.5, 1.0]), torch.tensor([0.4, 0.5, 0.7])
    each = (2 * a * b + 1e-4) / (a**2 + b**2 + 1e-4)  # without variance only the means are compared
    pictures = (flat.view(1, 3, 1, 1).expand(1, 3, 16, 16) for flat in (a, b))
    assert vae_metrics.channel_ssim(*pictures) == pytest.approx(float(each.mean()), rel=1e-5)


def test_bits_of_a_normal_distribution() -> None:
    mean, std = torch.full((1, 6), 2.0), torch.ones(1, 6)
    assert vae_metrics.bits(Latent(mean, std, (32, 32), "m", "v")) == pytest.approx(6 * 2 / math.log(2))
    wide = Latent(0 * mean, 2 * std, (32, 32), "m", "v")
    assert vae_metrics.bits(wide) == pytest.approx(6 * (1.5 - math.log(2)) / math.log(2), rel=1e-6)


def test_active_units_are_those_whose_mean_moves_with_the_picture() -> None:
    scales = torch.tensor([1.0, 0.2, 0.09, 0.0])
    vectors = list(randn(4000, 1, 4) * scales + 7)
    assert vae_metrics.active_units(vectors) == (2, 4)
    # On a map each place counts: one that is the same for all pictures but not for all places is active.
    places = torch.arange(6.0).reshape(1, 1, 2, 3)
    assert vae_metrics.active_units([torch.cat([places, torch.ones(1, 2, 2, 3)], 1)] * 3) == (1, 3)


def test_a_judge_measures_reconstruction_and_sample() -> None:
    judge = vae_metrics.Judge(Brighter(), tiny_network())
    images = [dim(), dim(40)]
    rows, made = judge.all(images)
    assert [image.size for image in made] == [(32, 32), (40, 40)]
    for row, image in zip(rows, images, strict=True):
        assert row["psnr"] == pytest.approx(20 * math.log10(255 / 10), abs=0.01)
        assert row["shift"] == pytest.approx(10, rel=1e-3)
        assert row["sample_levels"] == pytest.approx(5, rel=1e-3)
        assert row["sample_cost"] == pytest.approx(20 * math.log10(1.5), abs=0.01)
        assert row["bits"] == pytest.approx(24 * 0.5 / math.log(2))
        assert row["bits_pixel"] == pytest.approx(row["bits"] / image.width**2)
    assert [mean.shape for mean in judge.means] == [(1, 2, 3, 4)] * 2
    assert vae_metrics.mean_of([{"a": 1.0, "b": 4.0}, {"a": 2.0, "b": 8.0}]) == {"a": 1.5, "b": 6}


# ----------------------------------------------------------------------------------------------------------- pictures


# -------------------------------------------------------------------------------------------------------------- floor


def low_rank(count: int, rank: int) -> Tensor:
    """Pictures (count, 3, 16, 16) in [0, 1] whose blocks lie in so many dimensions around grey."""
    axes = randn(rank, 192)
    blocks = 0.5 + 0.01 * (randn(4 * count, rank, seed=1) @ axes)
    return torch.nn.functional.pixel_shuffle(blocks.reshape(count, 2, 2, 192).permute(0, 3, 1, 2), 8)


def test_components_give_back_what_lies_in_them_and_the_mean_of_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = low_rank(40, 3)
    monkeypatch.setattr(vae_floor, "cut_at_random", lambda paths: cut_blocks(x))
    enough = vae_floor.fit_blocks([tmp_path], 3)
    torch.testing.assert_close(enough.restore(x), x, atol=1e-5, rtol=0)
    fewer = vae_floor.fit_blocks([tmp_path], 2).restore(x)
    lost = (fewer - x).square().mean()
    values = torch.linalg.eigvalsh(cut_blocks(x).double().T.cov(correction=0)).flip(0)
    assert lost.item() == pytest.approx(values[2:].sum().item() / 192, rel=1e-3)


def test_portraits_in_the_span_of_the_components_come_back() -> None:
    axes = torch.linalg.qr(randn(3 * 64, 4))[0].T
    pictures = (128 + 60 * randn(300, 4, seed=1) @ axes).round().clamp(0, 255).to(torch.uint8).reshape(-1, 3, 8, 8)
    components = gan_gaussian.fit(pictures, 4)
    kept = vae_floor.restore_whole(components, pictures)
    assert (kept.shape, kept.dtype) == (pictures.shape, torch.uint8)
    assert (kept.int() - pictures.int()).abs().max() <= 2  # rounding is outside of the span
    other = noise(1, 8)
    assert (vae_floor.restore_whole(components, other).int() - other.int()).abs().float().mean() > 20

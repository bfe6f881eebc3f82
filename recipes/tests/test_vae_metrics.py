"""The measures of a VAE, and what it is held against, on pictures whose distance is known on paper."""

import math

import pytest
import torch
from test_gan_metrics import randn

from deepart.pipelines.vae_latent import Latent
from recipes import vae_metrics

# ----------------------------------------------------------------------------------------------------------- measures


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

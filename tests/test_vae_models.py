"""The networks of the VAE: shapes, reach, linear parts, and the flow behind the prior."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from deepart.models.latent_flow import LatentFlow
from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig
from deepart.models.vector_vae import DRAWN, SEEN, VectorVAE, VectorVAEConfig, from_rows, to_rows
from recipes.vae_prior import fit

SPATIAL = SpatialVAEConfig(channels=8, quarter=8, eighth=8, quarter_blocks=1, eighth_blocks=1)
VECTOR = VectorVAEConfig(latent=6, encoder=(8, 8), decoder=(8, 8, 8), directions=2, prior=8)


def stirred(network: nn.Module) -> nn.Module:
    """Give every weight that begins as zero a value, so that nothing is left out of what comes."""
    torch.manual_seed(0)
    with torch.no_grad():
        for value in network.parameters():
            if value.dim() > 1 and not value.any():
                value.normal_(std=0.3)
    return network.requires_grad_(False)


def test_a_map_is_an_eighth_of_the_picture_and_comes_back() -> None:
    network = stirred(SpatialVAE(SPATIAL))
    assert isinstance(network, SpatialVAE)
    mean, std = network.encode(torch.rand(2, 3, 32, 48))
    assert mean.shape == std.shape == (2, 8, 4, 6)
    assert (std > 0).all()
    assert network.decode(mean).shape == (2, 3, 32, 48)


@pytest.mark.parametrize("coder", ["encode", "decode"])
def test_beyond_its_reach_nothing_decides(coder: str) -> None:
    network = stirred(SpatialVAE(SPATIAL))
    assert isinstance(network, SpatialVAE)
    side = 2 * network.reach + 24
    if coder == "encode":
        x = torch.rand(1, 3, side, side, requires_grad=True)
        mean, std = network.encode(x)
        scale, centre = 1, mean.shape[2] // 2
        (mean + std)[..., centre, centre].sum().backward()
        low, high = 8 * centre - network.reach, 8 * centre + 8 + network.reach
    else:
        x = torch.randn(1, 8, side // 8, side // 8, requires_grad=True)
        scale, centre = 8, side // 16
        network.decode(x)[..., 8 * centre : 8 * centre + 8, 8 * centre : 8 * centre + 8].sum().backward()
        low, high = 8 * centre - network.reach, 8 * centre + 8 + network.reach
    assert x.grad is not None
    seen = x.grad.abs().sum((0, 1)).sum(1).nonzero().flatten() * scale
    assert low <= seen.min()
    assert seen.max() < high


def test_a_vector_stands_for_a_whole_picture() -> None:
    network = stirred(VectorVAE(VECTOR))
    assert isinstance(network, VectorVAE)
    assert network.side == 32
    mean, std = network.encode(torch.rand(3, 3, 32, 32))
    assert mean.shape == std.shape == (3, 6)
    assert network.decode(mean).shape == (3, 3, 32, 32)
    assert network.prior(torch.randn(4, 6)).shape == (4, 6)


def test_a_vector_needs_an_encoder_and_a_decoder_of_one_size() -> None:
    with pytest.raises(ValueError, match="2 and 2 sizes; the decoder must have one more"):
        VectorVAEConfig(encoder=(8, 8), decoder=(8, 8))


def test_rows_keep_plain_colours_and_the_length_of_pictures() -> None:
    plain = torch.rand(4, 3, 1, 1).expand(4, 3, 32, 32)
    for shrink in (SEEN, DRAWN):
        assert torch.allclose(from_rows(to_rows(plain, shrink), 32, shrink), plain, atol=1e-5)
    grey = torch.nn.functional.interpolate(torch.randn(2, 1, 4, 4), scale_factor=8).expand(2, 3, 32, 32)
    lengths = to_rows(grey, SEEN).norm(dim=1)
    assert torch.allclose(lengths, grey[:, 0].flatten(1).norm(dim=1), rtol=1e-4)


def test_a_flow_carries_noise_to_the_heaps_that_it_was_fitted_to_and_back() -> None:
    torch.manual_seed(0)
    heaps = torch.tensor([[4.0, 0.0], [-4.0, 0.0], [0.0, 6.0]])
    mean = heaps[torch.randint(3, (3000,))]
    flow = fit(LatentFlow(2, 24, 3), mean, torch.full_like(mean, 0.2), minutes=0, steps=800)
    noise = torch.randn(600, 2)
    with torch.no_grad():
        drawn = flow(noise)
        distances = torch.cdist(drawn, heaps)
        assert (distances.min(1).values < 1).float().mean() > 0.85  # a normal distribution would have a third there
        assert torch.bincount(distances.argmin(1), minlength=3).min() > 120
        assert (flow.back(drawn) - noise).abs().median() < 0.05
        assert torch.allclose(flow(noise[:3]), drawn[:3], atol=1e-4)

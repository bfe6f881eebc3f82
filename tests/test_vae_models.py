"""The networks of the VAE: shapes, reach, linear parts, and the flow behind the prior."""

import pytest
import torch

from deepart.models.latent_flow import LatentFlow
from deepart.models.spatial_vae import SpatialVAEConfig
from deepart.models.vector_vae import VectorVAEConfig
from recipes.vae_prior import fit

SPATIAL = SpatialVAEConfig(channels=8, quarter=8, eighth=8, quarter_blocks=1, eighth_blocks=1)
VECTOR = VectorVAEConfig(latent=6, encoder=(8, 8), decoder=(8, 8, 8), directions=2, prior=8)


def test_a_vector_needs_an_encoder_and_a_decoder_of_one_size() -> None:
    with pytest.raises(ValueError, match="2 and 2 sizes; the decoder must have one more"):
        VectorVAEConfig(encoder=(8, 8), decoder=(8, 8))


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

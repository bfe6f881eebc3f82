"""What a variational autoencoder is trained to make small: pixel error, perceptual distance, and divergence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from deepart.device import autocast
from deepart.models.vgg import VGGFeatures

LAYERS = ("relu1_2", "relu2_2", "relu3_3")


def divergence(mean: Tensor, std: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence of N(mean, std^2) from N(0, 1), in nats, for each number of the latents.

    Source: Kingma and Welling, 1312.6114, appendix B.
    """
    return 0.5 * (mean.square() + std.square() - 1) - std.log()


def free_bits(divergences: Tensor, least: float) -> Tensor:
    """Return the divergence of a picture, summed over its latent and averaged over the batch; a scalar.

    divergences: (N, C, ...), of each number. Channels that cost less than `least` nats on average are not pushed
    further (Kingma et al., 1606.04934), so that none is given up before it has been used.
    """
    channels = divergences.flatten(2).mean(2) if divergences.dim() > 2 else divergences
    places = divergences[0, 0].numel()
    return channels.mean(0).clamp_min(least).sum() * places


def perceptual_distance(
    features: VGGFeatures, result: Tensor, target: Tensor, layers: Sequence[str] = LAYERS
) -> Tensor:
    """Return how far pictures are from others as a VGG16 sees them; 0 is equal, around 1 unrelated; a scalar.

    The mean over layers of |F(result) - F(target)| / |F(target)|, absolute values averaged over the batch (after
    Johnson et al., 1603.08155). Both (N, 3, H, W) in [0, 1]; the gradient goes to the result alone.
    """
    with torch.no_grad(), autocast(target.device):
        wanted = features(target.contiguous(memory_format=torch.channels_last), tuple(layers))
    with autocast(result.device):
        found = features(result.contiguous(memory_format=torch.channels_last), tuple(layers))
    distances = [
        (found[name] - wanted[name]).float().abs().mean() / wanted[name].float().mean().clamp_min(1e-6)
        for name in layers
    ]
    return torch.stack(distances).mean()

"""Find the directions in a generator's latent space that change its pictures most, for the sliders of the page.

They are the principal components of a space of pictures, as seen from the latent: pictures of many seeds are brought
to 32 px, their first components are taken, and each component is regressed on the latent (Härkönen et al., GANSpace,
2004.02546, does so for early layers in place of small pictures). As the latent is whitened the slopes are covariances,
and a unit vector with an amount is a move of so many standard deviations. Directions are made orthogonal in their
order, so that a slider keeps its hands off those before it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.latents import noise
from deepart.models.generator import Generator, Linear, StyledConv

SIDE = 32  # pixels
SEEDS = 4000


@torch.no_grad()
def look_at_seeds(network: Generator, count: int | None = None, batch: int = 50) -> tuple[Tensor, Tensor]:
    """Return the latents (N, latent) of the seeds 0 to N - 1 and their pictures as rows (N, 3 SIDE^2) in [-1, 1].

    count: None for SEEDS.
    """
    count = SEEDS if count is None else count
    latents, rows = [], []
    for start in range(0, count, batch):
        z = torch.cat([noise(seed, (1, network.config.latent)) for seed in range(start, start + batch)])
        found = network.map(z)
        small = F.interpolate(network(found).clamp(-1, 1), size=(SIDE, SIDE), mode="area")
        latents.append(found)
        rows.append(small.flatten(1))
    return torch.cat(latents), torch.cat(rows)


def find_directions(latents: Tensor, rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return unit vectors (count, latent), orthogonal, and the share of the pictures' variance behind each.

    latents: (N, latent), whitened. rows: (N, D), a picture each. Each direction points to where the component grows
    that is positive for the brighter pictures, so that the sign means something.
    """
    centred = rows.double() - rows.double().mean(0)
    values, axes = torch.linalg.eigh(centred.T @ centred / len(rows))
    axes = axes.flip(1)[:, :count]
    shares = values.flip(0)[:count] / values.sum()
    scores = centred @ axes
    bright = scores.T @ centred.mean(1)
    scores = scores * torch.where(bright < 0, -1.0, 1.0)
    slopes = latents.double().T @ scores / len(rows)  # (latent, count)
    q, r = torch.linalg.qr(slopes)
    return (q * r.diagonal().sign()).T.float().contiguous(), shares.float()


def whiten(network: Generator, latents: Tensor) -> None:
    """Give the latents mean 0 and unit covariance, and change nothing of the pictures.

    latents: (N, latent) of many z. What the mapping's last layer gains in this, the layers that read it lose.
    Axes that hardly vary are left smaller than 1, as they decide nothing.
    """
    x = latents.double()
    mean = x.mean(0)
    values, axes = torch.linalg.eigh((x - mean).T.cov())
    root = values.clamp_min(1e-4 * values.max()).sqrt()
    forth, back = (axes / root).T, axes * root  # whitened = forth (w - mean), w = back whitened + mean
    last = network.mapping[-1]
    assert isinstance(last, Linear)
    with torch.no_grad():
        last.weight.copy_(forth @ last.weight.double())
        last.bias.copy_(forth @ (last.bias.double() - mean))
        for layer in network.modules():
            if isinstance(layer, StyledConv):
                weight = layer.style.weight.double()
                layer.style.bias.add_((weight @ mean * layer.style.scale).to(layer.style.bias))
                layer.style.weight.copy_(weight @ back)

"""The linear parts of a VAE as a principal component analysis would have them: training begins where that ends."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.models.spatial_vae import BLOCK, SpatialVAE
from deepart.models.vector_vae import DRAWN, SEEN, VectorVAE, to_rows

EXACT = 1000  # numbers of a row up to which all axes are computed
BEYOND = 32  # axes that a randomised computation looks at beside those that are wanted


def principal_axes(rows: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean (D,) of rows (N, D), their first axes (count, D), and the variances (count,) on them.

    Axes are orthonormal. Long rows take a randomised decomposition (Halko et al., 0909.4061).
    """
    mean = rows.mean(0)
    centred = rows - mean
    if rows.shape[1] <= EXACT:
        values, axes = torch.linalg.eigh(centred.double().T.cov(correction=0))
        axes, values = axes.flip(1), values.flip(0)
    else:
        _, lengths, axes = torch.svd_lowrank(centred, min(count + BEYOND, *rows.shape), niter=3)
        values = lengths.square() / len(rows)
    if axes.shape[1] < count:  # fewer pictures than axes: the rest are of no length
        axes = F.pad(axes, (0, count - axes.shape[1]))
        values = F.pad(values, (0, count - len(values)))
    return mean, axes[:, :count].T.to(rows).contiguous(), values[:count].clamp_min(1e-12).to(rows)


def cut_blocks(x: Tensor) -> Tensor:
    """Return the blocks of pictures (N, 3, H, W) as rows (N h w, 3 x 8 x 8)."""
    return F.pixel_unshuffle(x, BLOCK).permute(0, 2, 3, 1).flatten(0, 2)


@torch.no_grad()
def start_spatial(network: SpatialVAE, x: Tensor, noise: float) -> None:
    """Set the linear parts from pictures x (N, 3, H, W) in [0, 1]: blocks on their first axes, at unit variance.

    noise: standard deviation of the error per pixel that the posterior may make; 1 / 255 is a level.
    """
    mean, axes, variances = principal_axes(cut_blocks(x - 0.5), network.config.channels)
    root = variances.sqrt()
    forth = axes / root[:, None]
    network.analysis.weight.copy_(forth.unflatten(1, (3, BLOCK, BLOCK)))
    assert network.analysis.bias is not None
    assert network.synthesis.bias is not None
    network.analysis.bias.copy_(-forth @ mean)
    network.synthesis.weight.copy_((axes.T * root)[..., None, None])
    network.synthesis.bias.copy_(mean)
    network.log_variance.copy_(_posterior(noise**2 / variances))


@torch.no_grad()
def start_vector(network: VectorVAE, x: Tensor, noise: float) -> None:
    """Set the linear parts from pictures x (N, 3, side, side) in [0, 1]: shrunk, on their first axes at unit variance.

    The draft is the regression of pictures on these numbers.
    """
    rows, drawn = to_rows(x - 0.5, SEEN), to_rows(x - 0.5, DRAWN)
    mean, axes, variances = principal_axes(rows, network.config.latent)
    root = variances.sqrt()
    forth = axes / root[:, None]
    latents = (rows - mean) @ forth.T
    network.analysis.weight.copy_(forth)
    network.analysis.bias.copy_(-forth @ mean)
    network.synthesis.weight.copy_((drawn - drawn.mean(0)).T @ latents / len(x))
    network.synthesis.bias.copy_(drawn.mean(0))
    network.log_variance.copy_(_posterior(noise**2 / variances))


def _posterior(ratio: Tensor) -> Tensor:
    """Return the logarithms of the variances that the posterior of a linear model has, for noise / signal ratios."""
    return (ratio / (1 + ratio)).log()

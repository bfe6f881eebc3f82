"""What the fast style network is trained to make small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.color import gaussian_blur
from deepart.metrics import luma
from deepart.models.gatys_loss import gram, total_variation
from deepart.models.vgg import VGGFeatures
from recipes.style_sampler import STYLE_LAYERS, Batch, measure

CONTENT_LAYERS = {"relu3_1": 0.1, "relu4_2": 1.0}  # relu3_1 keeps eyes and mouths where they are
FLAT = 3e-4  # gradient energy at which an area counts as flat by 1/e


@dataclass(frozen=True)
class LossWeights:
    """What each part counts beside a content distance of weight 1 at relu4_2."""

    style: float = 5.0
    moments: float = 1.0
    structure: float = 0.4
    flat: float = 0.15
    variation: float = 0.5


def losses(features: VGGFeatures, painted: Tensor, batch: Batch, weights: LossWeights) -> dict[str, Tensor]:
    """Return the parts of the loss, each already weighted; their sum is the loss.

    The style target of a strength below 1 lies between the Gram matrices of content and style.
    """
    layers = tuple(dict.fromkeys((*STYLE_LAYERS, *CONTENT_LAYERS)))
    with torch.no_grad():
        wanted = measure(features, batch.content, layers)
    found = measure(features, painted.clamp(-0.1, 1.1), layers)
    style, moments = _style(found, wanted, batch)
    content = sum(
        share * _relative(F.instance_norm(found[name].float()), F.instance_norm(wanted[name].float()))
        for name, share in CONTENT_LAYERS.items()
    )
    return {
        "style": weights.style * style,
        "moments": weights.moments * moments,
        "content": torch.as_tensor(content),
        "structure": weights.structure * (1 - similarity(painted, batch.content)),
        "flat": weights.flat * 1000 * flat_grain(painted, batch.content),
        "variation": weights.variation * total_variation(painted),
        "range": 10 * (painted - painted.clamp(0, 1)).square().mean(),
    }


def _style(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the distance of Gram matrices as the yardstick has it, and that of means and deviations alone."""
    distance, moments = batch.content.new_zeros(()), batch.content.new_zeros(())
    strength = batch.strength[:, :, None]
    for name in STYLE_LAYERS:
        own, target = gram(found[name]), batch.grams[name]
        if bool((strength < 1).any()):
            target = torch.lerp(gram(wanted[name]), target, strength)
        relative = (own - target).square().sum((1, 2)) / target.square().sum((1, 2))
        # The logarithm, so that a style that is far off, as a near-black one can be, does not outvote all others.
        distance = distance + relative.log1p().mean() / len(STYLE_LAYERS)
        power, goal = (torch.diagonal(matrix, dim1=1, dim2=2).clamp_min(1e-8).sqrt() for matrix in (own, target))
        moments = moments + ((power - goal).square().sum(1) / goal.square().sum(1)).mean() / len(STYLE_LAYERS)
    return distance, moments


def similarity(painted: Tensor, content: Tensor) -> Tensor:
    """Return the structural similarity of the lightness (Wang et al. 2004), as metrics.ssim but with gradients."""
    x, y = luma(painted), luma(content)
    mean_x, mean_y, xx, yy, xy = gaussian_blur(torch.cat([x, y, x * x, y * y, x * y], 1), 1.5, radius=5).split(1, 1)
    var_x, var_y, cov = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    return ((2 * mean_x * mean_y + c1) * (2 * cov + c2) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean()


def flat_grain(painted: Tensor, content: Tensor) -> Tensor:
    """Return the energy of the fine grain of the lightness, where the content is flat."""
    gray = luma(content)
    down = F.pad(gray[..., 1:, :] - gray[..., :-1, :], (0, 0, 0, 1))
    across = F.pad(gray[..., 1:] - gray[..., :-1], (0, 1))
    flat = torch.exp(-gaussian_blur(down**2 + across**2, 3.0) / FLAT)
    grain = (luma(painted) - gaussian_blur(luma(painted), 1.5)).square()
    return (flat * grain).mean()


def _relative(found: Tensor, wanted: Tensor) -> Tensor:
    return ((found - wanted).square().sum((1, 2, 3)) / wanted.square().sum((1, 2, 3))).mean()

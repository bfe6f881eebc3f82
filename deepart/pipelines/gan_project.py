"""Finding a picture: the latent whose picture comes nearest to a given one, by optimisation.

Three starts are followed for the first steps, then the best of them alone: the mean, the nearest of many random
latents, and the one that a linear regression over these expects. Pixels are compared at several sizes, so that a shape
a few pixels off still pulls in the right direction; features join once one start is left, so that what the generator
cannot draw exactly becomes something alike. The latents are whitened: a light pull to the middle keeps what is found
within what the generator knows. Source of the idea: StyleGAN2's projector (1912.04958), section 5 and appendix D.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from deepart.device import autocast
from deepart.models.vgg import VGGFeatures

LAYERS = ("relu1_2", "relu2_2", "relu3_3")
SCALES = (1, 2, 4)  # by which the pictures are reduced for the comparison of pixels
SMALL = 16  # pixels; the size at which the random pictures are compared with the target
RIDGE = 0.1  # of the regression, in mean squared lengths of the small pictures
TOGETHER = 0.2  # share of the steps after which only the best start goes on
RATE = 0.15  # deviations; the longest correction of a number
WARM = 0.05  # share of the steps in which the rate rises
FEATURES = 0.02  # weight of the features' relative distance beside that of pixels
PRIOR = 1e-4  # weight of the mean square of a latent

Render = Callable[[Tensor], Tensor]


def square(image: Image.Image, side: int) -> Image.Image:
    """Return the middle of an RGB picture as a square of `side` pixels."""
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    crop = image.crop((left, top, left + short, top + short))
    return crop if short == side else crop.resize((side, side), Image.Resampling.LANCZOS)


def project(
    render: Render, target: Tensor, starts: Tensor, steps: int, features: VGGFeatures | None,
    report: Callable[[int, Tensor, Tensor], Any],
) -> Tensor:  # fmt: skip
    """Return the latent (1, latent) whose picture comes nearest to the target.

    render: latents (N, latent) to pictures (N, 3, side, side) in [0, 1]. target: (1, 3, side, side) in [0, 1].
    starts: (N, latent), random ones. report: called after each step with the step, the best latent and its picture.
    """
    distance = _distance_to(target, features)
    latents = begin(render, target, starts)
    latents.requires_grad_(True)
    first, second = torch.zeros_like(latents), torch.zeros_like(latents)
    best, least = latents.detach()[:1].clone(), math.inf
    alone = max(1, round(TOGETHER * steps))
    for step in range(1, steps + 1):
        pictures = render(latents)
        losses = distance(pictures, len(latents) == 1) + PRIOR * latents.square().mean(1)
        [slope] = torch.autograd.grad(losses.sum(), latents)
        now = int(losses.argmin())
        seen = latents.detach()[now : now + 1].clone()
        if losses[now].item() < least:
            least, best = losses[now].item(), seen
        with torch.no_grad():
            if step == alone:
                keep = slice(now, now + 1)
                latents, slope, first, second = latents[keep], slope[keep], first[keep], second[keep]
                least = math.inf  # what is measured from now on is more
            first = first.lerp(slope, 0.1)
            second = second.lerp(slope.square(), 0.01)
            change = (first / (1 - 0.9**step)) / ((second / (1 - 0.99**step)).sqrt() + 1e-12)
            latents = latents - _rate(step, steps) * change
        latents.requires_grad_(True)
        report(step, seen, pictures[now : now + 1].detach())
    with torch.no_grad():  # the last correction has not been looked at yet
        losses = distance(render(latents), True) + PRIOR * latents.square().mean(1)
    now = int(losses.argmin())
    return latents.detach()[now : now + 1].clone() if losses[now].item() < least else best


@torch.no_grad()
def begin(render: Render, target: Tensor, starts: Tensor) -> Tensor:
    """Return the three latents (3, latent) to begin with; the arguments are those of project()."""
    with autocast(target.device):  # the choice among hundreds does not hang on the last digit
        pictures = torch.cat([_small(render(part)) for part in torch.split(starts, 32)]).cpu()
    goal, latents = _small(target).cpu(), starts.cpu()
    nearest = latents[(pictures - goal).square().sum(1).argmin()]
    rows, aim = ((x - pictures.mean(0)).double() for x in (pictures, goal))
    products = rows @ rows.T
    scale = products.diagonal().mean().clamp_min(1e-12)
    weights = torch.linalg.solve(products / scale + RIDGE * torch.eye(len(rows)), latents.double())
    expected = (aim @ rows.T)[0] / scale @ weights
    return torch.stack([torch.zeros_like(nearest), nearest, expected.to(nearest)]).to(starts.device)


def _small(pictures: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(pictures.float().clamp(0, 1), SMALL).flatten(1)


def _rate(step: int, steps: int) -> float:
    """Return the length of a correction: rising at first, then falling as a half cosine."""
    done = (step - 1) / steps
    return RATE * min(1.0, (done + 1 / steps) / WARM) * (0.5 + 0.5 * math.cos(math.pi * done))


def _distance_to(target: Tensor, features: VGGFeatures | None) -> Callable[[Tensor, bool], Tensor]:
    """Return what tells for each of some pictures (N,) how far it is from the target; if asked, by its features too."""

    def look(pictures: Tensor) -> dict[str, Tensor]:  # at half the size, which costs a quarter: grain is for pixels
        if features is None:
            return {}
        with autocast(pictures.device):
            maps = features(F.avg_pool2d(pictures, 2), LAYERS)
        return {name: found.float() for name, found in maps.items()}

    sizes = [F.avg_pool2d(target, scale) for scale in SCALES]
    with torch.no_grad():
        goals = look(target)

    def distance(pictures: Tensor, closely: bool) -> Tensor:
        distances = [
            (F.avg_pool2d(pictures, scale) - goal).square().mean((1, 2, 3))
            for scale, goal in zip(SCALES, sizes, strict=True)
        ]
        for name, maps in look(pictures).items() if closely else ():
            error = (maps - goals[name]).square().mean((1, 2, 3)) / goals[name].square().mean()
            distances.append(FEATURES / len(LAYERS) * error)
        return torch.stack(distances).sum(0)

    return distance

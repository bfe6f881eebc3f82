"""Style transfer by optimising the pixels, coarse to fine.

Source: Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks" (CVPR 2016). Ours differs in
these ways, each chosen by looking at results on our features:

- coarse to fine: large strokes are laid at 128 px, and each finer level starts from the one before (as in Gatys et al.,
  "Controlling Perceptual Factors in Neural Style Transfer", 1611.07865);
- the content first takes the palette of the style by a linear map (see color.py), so that colours are right from the
  start and the corrections go into strokes;
- content is measured at relu3_1 as well: relu4_2 alone lets a mouth become a moustache;
- each Gram distance is divided by its target's squared norm, and each content distance by its target's variance, so
  that one style weight suits every layer and picture;
- Adam with averaged iterates instead of L-BFGS, which leaves noise on these features;
- total variation is the sum of absolute differences (Rudin, Osher and Fatemi 1992), smoothed at zero: it takes the
  grain off flat areas and leaves the edges of strokes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.device import autocast
from deepart.errors import OptionError
from deepart.models.vgg import VGGFeatures

FIRST_SIDE = 128  # longer side of the coarsest level: there a relu4_1 unit sees most of the picture
MIN_SIDE = 32  # no level has a shorter side below this, except where the result itself has: relu4_2 would see a line
STYLE_TILE = 1024  # a style larger than this is measured in pieces, so that style_scale costs time and not memory


@dataclass(frozen=True)
class GatysConfig:
    """What is measured, how much it counts, and for how long the picture is corrected.

    style_layers, content_layers: names of VGG layers.
    deep_share: how much more the last style layer counts than each of the others; it holds the largest motifs.
    style_weight: weight of the style distance beside a content distance of weight 1.
    tv_weight: weight of the total variation.
    steps: corrections at the coarsest level; each finer level has a fifth fewer, since it has less left to do.
    rate: step size of Adam at the coarsest level, in units of the pixel range; it halves towards the finest.
    """

    style_layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
    content_layers: tuple[str, ...] = ("relu3_1", "relu4_2")
    deep_share: float = 2.0
    style_weight: float = 15.0
    tv_weight: float = 4.0
    steps: int = 100
    rate: float = 0.03


VGG19_CONFIG = GatysConfig(style_layers=("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"))
"""For a network as deep as that of the paper, whose layers of style these are."""


@dataclass(frozen=True)
class Level:
    """One level of the pyramid: its height and width in pixels, and the number of corrections at it."""

    height: int
    width: int
    steps: int


def schedule(height: int, width: int, steps: int) -> list[Level]:
    """Return the levels from coarse to fine for a result of height x width pixels; the last has that size.

    Side lengths grow by about the square root of two. `steps` is for the first level.
    """
    start = max(FIRST_SIDE / max(height, width), MIN_SIDE / min(height, width))
    count = max(0, round(2 * math.log2(1 / start))) if start < 1 else 0
    levels = []
    for index in range(count + 1):
        scale = start ** (1 - index / count) if count else 1.0
        levels.append(Level(round(height * scale), round(width * scale), max(1, round(steps * 0.8**index))))
    return levels


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrices (N, C, C) of feature maps (N, C, H, W), divided by H * W, in float32."""
    flat = features.float().flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def total_variation(x: Tensor) -> Tensor:
    """Return the mean absolute difference between neighbouring pixels of x (N, C, H, W), down plus across.

    A single row (or column) has no difference down (or across). Smoothed below 1/255, for the gradient at zero.
    """
    total = x.new_zeros(())
    for difference in (x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]):
        if difference.numel():
            total = total + ((difference.square() + 255**-2).sqrt() - 1 / 255).mean()
    return total


class Gatys:
    """The optimisation on tensors: give it a content and styles, get the repainted picture."""

    def __init__(self, features: VGGFeatures, config: GatysConfig | None = None) -> None:
        self.config = config or GatysConfig()
        self.features = features.to(memory_format=torch.channels_last)

    def paint(
        self,
        content: Tensor,
        styles: Sequence[tuple[Tensor, float]],
        *,
        levels: Sequence[Level],
        strength: float,
        style_scale: float,
        start_noise: Tensor,
        on_step: Callable[[int, Callable[[], Tensor]], None],
        start: Tensor | None = None,
    ) -> Tensor:
        """Return the content (1, 3, H, W) repainted, in [0, 1], at the size of the last level.

        styles: pictures (1, 3, h, w) in [0, 1] with weights that add up to 1. strength: in (0, 1].
        style_scale: 2.0 measures the style at twice the size, which makes its strokes twice as large.
        start_noise: (1, 3, levels[0].height, levels[0].width), standard normal.
        on_step: called after every correction with its number from 1 on, and a function that returns the picture so
        far at the level's size; it may raise.
        start: a picture (1, 3, h, w) in [0, 1] to begin with in place of the content; where its strokes are good the
        coarsest levels may be left out.
        """
        done = 0
        x = _resize(content if start is None else start, levels[0])
        x = (x + 0.03 * strength * start_noise.to(x)).clamp(0, 1)
        for index, level in enumerate(levels):
            x = _resize(x, level)
            objective = self._objective(_resize(content, level), styles, strength, style_scale)
            x = _descend(x, objective, self._rates(index, len(levels), level.steps), done, on_step)
            done += level.steps
        return x

    def _rates(self, index: int, count: int, steps: int) -> list[float]:
        """Return the step size of every correction at a level; the last level ends at a fifth, to settle."""
        rate = self.config.rate * 0.5 ** (index / max(count - 1, 1))
        if index < count - 1:
            return [rate] * steps
        return [rate * (1 - 0.8 * step / steps) for step in range(steps)]

    def _measure(self, x: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Return feature maps of x, computed in the device's fastest type."""
        with autocast(x.device):
            maps: dict[str, Tensor] = self.features(x.contiguous(memory_format=torch.channels_last), layers)
        return maps

    @torch.no_grad()
    def _style_targets(self, styles: Sequence[tuple[Tensor, float]], area: float) -> dict[str, Tensor]:
        """Return the weighted mean of the styles' Gram matrices, each style brought to `area` pixels."""
        targets: dict[str, Tensor] = {}
        for style, weight in styles:
            scale = math.sqrt(area / (style.shape[2] * style.shape[3]))
            height, width = (max(MIN_SIDE, round(side * scale)) for side in style.shape[2:])
            for tile, share in _tiles(_resize(style, Level(height, width, 0))):
                for name, features in self._measure(tile, self.config.style_layers).items():
                    targets[name] = targets.get(name, 0) + weight * share * gram(features)
        return targets

    def _objective(
        self, content: Tensor, styles: Sequence[tuple[Tensor, float]], strength: float, style_scale: float
    ) -> Callable[[Tensor], Tensor]:
        """Return the loss to be made small at one level, as a function of the picture (1, 3, H, W)."""
        config = self.config
        grams = self._style_targets(styles, content.shape[2] * content.shape[3] * style_scale**2)
        with torch.no_grad():
            maps = {name: value.float() for name, value in self._measure(content, config.content_layers).items()}
        layers = tuple(dict.fromkeys(config.style_layers + config.content_layers))
        shares = _shares(config)
        # Less than full strength: the style counts less, and pixels are held to the content as well, since the content
        # layers alone let fine structure drift.
        style_weight, fidelity = config.style_weight * strength**2, 50 * (1 - strength) ** 2

        def loss(x: Tensor) -> Tensor:
            found = self._measure(x, layers)
            style = sum(
                (shares[name] * (gram(found[name]) - target).square().sum() / target.square().sum().clamp_min(1e-12))
                for name, target in grams.items()
            )
            kept = sum(
                (found[name].float() - target).square().mean() / target.var().clamp_min(1e-6) / len(maps)
                for name, target in maps.items()
            )
            total = style_weight * style + kept + config.tv_weight * strength * total_variation(x)
            return total + fidelity * (x - content).square().mean() if fidelity else total

        return loss


def _shares(config: GatysConfig) -> Mapping[str, float]:
    """Return the weight of each style layer; they add up to 1."""
    raw = dict.fromkeys(config.style_layers, 1.0)
    raw[config.style_layers[-1]] = config.deep_share
    return {name: value / sum(raw.values()) for name, value in raw.items()}


def _descend(
    x: Tensor,
    objective: Callable[[Tensor], Tensor],
    rates: Sequence[float],
    done: int,
    on_step: Callable[[int, Callable[[], Tensor]], None],
) -> Tensor:
    """Return x after one correction for each rate, as the exponential mean (decay 0.9) of the iterates."""
    x = x.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([x], betas=(0.9, 0.99))
    mean = torch.zeros_like(x, requires_grad=False)
    for step, rate in enumerate(rates, 1):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        objective(x).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            x.clamp_(0, 1)
            mean.mul_(0.9).add_(x, alpha=0.1)
        weight = 1 - 0.9**step  # the mean starts at zero; this undoes it, as in Adam
        on_step(done + step, lambda weight=weight: (mean / weight).clamp(0, 1))  # type: ignore[misc]
    return (mean / weight).clamp(0, 1)


def _resize(x: Tensor, level: Level) -> Tensor:
    """Return x (1, 3, h, w) at the level's size, in [0, 1]: bicubic, without aliasing."""
    if x.shape[2:] == (level.height, level.width):
        return x
    return F.interpolate(x, (level.height, level.width), mode="bicubic", antialias=True).clamp(0, 1)


def _tiles(x: Tensor) -> list[tuple[Tensor, float]]:
    """Cut x (1, 3, H, W) into near-equal pieces of at most STYLE_TILE a side, each with its share of the area."""
    rows = x.tensor_split(math.ceil(x.shape[2] / STYLE_TILE), 2)
    pieces = [piece for row in rows for piece in row.tensor_split(math.ceil(x.shape[3] / STYLE_TILE), 3)]
    return [(piece, piece[0, 0].numel() / x[0, 0].numel()) for piece in pieces]


def check_layers(features: VGGFeatures, config: GatysConfig) -> None:
    """Raise OptionError unless every layer of the config is one that the features have, and there is one of each."""
    for kind, layers in (("style", config.style_layers), ("content", config.content_layers)):
        if not layers:
            raise OptionError(
                "There is no {kind} layer; name at least one, such as {example}.",
                kind=kind, example=features.config.layers[-2],
            )  # fmt: skip
        for name in layers:
            if name not in features.config.layers:
                raise OptionError(
                    "There is no {kind} layer {name!r}; this network has {known}.",
                    kind=kind, name=name, known=", ".join(features.config.layers),
                )  # fmt: skip

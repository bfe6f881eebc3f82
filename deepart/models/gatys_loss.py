"""What style transfer by optimisation makes small: distances of style and content, and total variation.

See deepart/models/gatys.py for the sources.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.device import autocast
from deepart.models.vgg import VGGFeatures

MIN_STYLE = 32  # pixels of a style's shorter side: relu4_1 sees an eighth of it
WINDOW = 1152  # pixels: the largest side that is measured in one piece
MARGIN = 48  # pixels around a window that relu4_2 sees; a multiple of 8, so that poolings fall on the same places
OUTSIDE = 60.0  # weight of the squared part of a pixel outside [0, 1]: clamping would mislead the optimiser


@dataclass(frozen=True)
class GatysConfig:
    """What is measured, how much it counts, and for how long the picture is corrected.

    style_layers, content_layers: names of VGG layers.
    deep_share: how much more the last style layer counts than each of the others; it holds the largest motifs.
    style_weight: weight of the style distance beside a content distance of weight 1.
    tv_weight: weight of the total variation.
    steps: corrections at the coarsest level; each finer level has a fifth fewer, since it has less left to do.
    """

    style_layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
    content_layers: tuple[str, ...] = ("relu2_2", "relu3_1", "relu4_2")
    deep_share: float = 2.0
    style_weight: float = 25.0
    tv_weight: float = 1.4
    steps: int = 40


VGG19_CONFIG = GatysConfig(style_layers=("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"))
"""For a network as deep as that of the paper, whose layers of style these are."""


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrices (N, C, C) of feature maps (N, C, H, W), divided by H * W, in float32."""
    # Places by channels, as the maps lie in memory: so the gradient comes back in the layout of the convolutions'.
    flat = features.permute(0, 2, 3, 1).flatten(1, 2)
    return torch.stack([_Products.apply(places) for places in flat]) / flat.shape[1]


class _Products(torch.autograd.Function):
    """The sums of products of channels, of maps (places, C): with one product of matrices each way, in the maps' type."""

    @staticmethod
    def forward(ctx: Any, flat: Tensor) -> Tensor:
        ctx.save_for_backward(flat)
        return (flat.T @ flat).float()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        [flat] = ctx.saved_tensors
        return flat @ (gradient + gradient.T).to(flat)


class _SquaredError(torch.autograd.Function):
    """The summed squared difference of maps and a target, added up in float32; the difference stays in the maps' type."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, target: Tensor) -> Tensor:
        difference = maps - target
        ctx.save_for_backward(difference)
        return difference.float().square().sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        [difference] = ctx.saved_tensors
        return difference * (2 * gradient).to(difference), None


def total_variation(x: Tensor) -> Tensor:
    """Return the mean length of the gradient of x (N, C, H, W) over its channels together, in units of a pixel's range.

    Forward differences; a picture of one row or column has none. Smoothed below 1/255, for the gradient at zero.
    """
    if min(x.shape[2:]) < 2:
        return x.new_zeros(())
    down = x[..., 1:, :-1] - x[..., :-1, :-1]
    across = x[..., :-1, 1:] - x[..., :-1, :-1]
    floor = x.shape[1] * 255**-2
    length = ((down.square() + across.square()).sum(1) + floor).sqrt() - floor**0.5
    return length.mean() / x.shape[1] ** 0.5


@dataclass(frozen=True)
class Window:
    """A part of a picture: seen, what the features look at; inner, what counts, in pixels from the seen part's corner."""

    seen: tuple[slice, slice]
    inner: tuple[slice, slice]

    def of(self, x: Tensor) -> Tensor:
        """Return the view of x (N, C, H, W) that is seen."""
        return x[..., self.seen[0], self.seen[1]]

    def counted(self, maps: Tensor, stride: int) -> Tensor:
        """Return of feature maps (N, C, h, w) of what is seen, each `stride` pixels a place, those that count."""
        rows, columns = (slice(part.start // stride, part.stop and part.stop // stride) for part in self.inner)
        return maps[..., rows, columns]


def windows(height: int, width: int) -> list[Window]:
    """Return the windows of a picture: one where it fits, else near-equal ones, each seen with a margin."""
    return [Window((rows[0], columns[0]), (rows[1], columns[1])) for rows in _cuts(height) for columns in _cuts(width)]


def _cuts(length: int) -> Iterator[tuple[slice, slice]]:
    """Yield for each part of a side what is seen and what counts of that; the last counts to the end."""
    count = math.ceil(length / WINDOW)
    part = math.ceil(length / count / 8) * 8
    for start in range(0, length, part):
        before, stop = min(start, MARGIN), start + part
        end = None if stop >= length else stop - start + before
        yield slice(start - before, min(length, stop + MARGIN)), slice(before, end)


class Objective:
    """The loss at one level and its gradient, as a function of the picture (1, 3, H, W)."""

    def __init__(
        self, features: VGGFeatures, config: GatysConfig, content: Tensor, styles: Sequence[tuple[Tensor, float]],
        *, strength: float, style_scale: float,
    ) -> None:  # fmt: skip
        """See Gatys.paint for the arguments."""
        self._features, self._config, self._content = features, config, content
        self._windows = windows(*content.shape[2:])
        # Less than full strength: the style counts less, and pixels are held to the content as well, since the content
        # layers alone let fine structure drift.
        self._style_weight = config.style_weight * strength**2
        self._tv_weight, self._fidelity = config.tv_weight * strength, 50 * (1 - strength) ** 2
        self._style = self._style_targets(styles, content.shape[2] * content.shape[3] * style_scale**2)
        with torch.no_grad():
            self._kept = [self._maps(content, window, config.content_layers) for window in self._windows]
        self._content_scale = {
            name: self._scale_of([maps[name] for maps in self._kept]) for name in config.content_layers
        }

    def __call__(self, x: Tensor) -> tuple[float, Tensor]:
        """Return the loss and its gradient (1, 3, H, W)."""
        style, loss = (self._style_loss, x.new_zeros(())) if len(self._windows) == 1 else self._tangent(x)
        whole = x.detach().requires_grad_()
        rest = self._tv_weight * total_variation(whole) + OUTSIDE * (whole - whole.clamp(0, 1)).square().mean()
        if self._fidelity:
            rest = rest + self._fidelity * (whole - self._content).square().mean()
        [gradient] = torch.autograd.grad(rest, whole)
        loss = loss + rest.detach()
        for window, kept in zip(self._windows, self._kept, strict=True):
            part = window.of(x).detach().requires_grad_()
            maps = self._maps(part, window, (*self._config.style_layers, *self._config.content_layers))
            share = style(self._grams(maps, x)) + self._content_loss(maps, kept)
            [slope] = torch.autograd.grad(share, part)
            window.of(gradient).add_(slope)
            loss = loss + share.detach()
        return float(loss), gradient

    def _maps(self, x: Tensor, window: Window, layers: Sequence[str]) -> dict[str, Tensor]:
        """Return the feature maps of a window of x that count, in the device's fastest type."""
        with autocast(x.device):
            maps = self._features(x.contiguous(memory_format=torch.channels_last), layers)
        return {name: window.counted(value, _stride(name)) for name, value in maps.items()}

    def _grams(self, maps: Mapping[str, Tensor], whole: Tensor) -> dict[str, Tensor]:
        """Return a window's part in the Gram matrices of the whole picture."""
        sizes = {name: _places(whole, name) for name in self._config.style_layers}
        return {name: gram(maps[name]) * (maps[name][0, 0].numel() / size) for name, size in sizes.items()}

    def _style_loss(self, grams: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted distance of Gram matrices (1, C, C) to the styles'."""
        shares = _shares(self._config)
        distances = (
            shares[name] * (grams[name] - target).square().sum() / target.square().sum().clamp_min(1e-12)
            for name, target in self._style.items()
        )
        return self._style_weight * torch.stack(list(distances)).sum()

    def _tangent(self, x: Tensor) -> tuple[Callable[[Mapping[str, Tensor]], Tensor], Tensor]:
        """Return the linear function of the Gram matrices that touches the style loss at those of x, and its constant.

        A window's part can go through the linear one by itself, and the gradients add up to that of the whole picture.
        """
        grams: dict[str, Tensor] = {}
        with torch.no_grad():
            for window in self._windows:
                for name, part in self._grams(self._maps(window.of(x), window, self._config.style_layers), x).items():
                    grams[name] = grams.get(name, 0) + part
        leaves = [value.requires_grad_() for value in grams.values()]
        loss = self._style_loss(grams)
        slopes = dict(zip(grams, torch.autograd.grad(loss, leaves), strict=True))

        def linear(parts: Mapping[str, Tensor]) -> Tensor:
            return torch.stack([(slopes[name] * part).sum() for name, part in parts.items()]).sum()

        with torch.no_grad():
            return linear, loss.detach() - linear(grams)

    def _content_loss(self, maps: Mapping[str, Tensor], kept: Mapping[str, Tensor]) -> Tensor:
        """Return a window's part in the distance to the content."""
        distances = (
            _SquaredError.apply(maps[name], target) * self._content_scale[name] for name, target in kept.items()
        )
        return torch.stack(list(distances)).sum()

    def _scale_of(self, parts: Sequence[Tensor]) -> float:
        """Return what turns a layer's summed squared error into its share of the distance: one over its summed variance,
        the layers alike."""
        flat = [part.float() for part in parts]
        count = sum(part.numel() for part in flat)
        mean = sum(float(part.sum()) for part in flat) / count
        variance = sum(float((part - mean).square().sum()) for part in flat) / count
        return 1 / (count * max(variance, 1e-6) * len(self._config.content_layers))

    @torch.no_grad()
    def _style_targets(self, styles: Sequence[tuple[Tensor, float]], area: float) -> dict[str, Tensor]:
        """Return the weighted mean of the styles' Gram matrices, each style brought to `area` pixels."""
        targets: dict[str, Tensor] = {}
        for style, weight in styles:
            scale = math.sqrt(area / (style.shape[2] * style.shape[3]))
            height, width = (max(MIN_STYLE, round(side * scale)) for side in style.shape[2:])
            resized = resize(style, height, width)
            for window in windows(height, width):
                maps = self._maps(window.of(resized), window, self._config.style_layers)
                for name, part in self._grams(maps, resized).items():
                    targets[name] = targets.get(name, 0) + weight * part
        return targets


def _stride(layer: str) -> int:
    """Return how many pixels lie between two places of a layer such as relu3_1."""
    return int(2 ** (int(layer[4]) - 1))


def _places(x: Tensor, layer: str) -> int:
    """Return the number of places that a layer has on a picture (1, 3, H, W)."""
    return (x.shape[2] // _stride(layer)) * (x.shape[3] // _stride(layer))


def _shares(config: GatysConfig) -> Mapping[str, float]:
    """Return the weight of each style layer; they add up to 1."""
    raw = dict.fromkeys(config.style_layers, 1.0)
    raw[config.style_layers[-1]] = config.deep_share
    return {name: value / sum(raw.values()) for name, value in raw.items()}


def resize(x: Tensor, height: int, width: int) -> Tensor:
    """Return x (1, 3, h, w) at another size, in [0, 1]: bicubic, without aliasing."""
    if x.shape[2:] == (height, width):
        return x
    return F.interpolate(x, (height, width), mode="bicubic", antialias=True).clamp(0, 1)

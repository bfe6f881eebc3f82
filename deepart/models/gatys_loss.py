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
WINDOW = 704  # pixels: the largest side that is measured in one piece
MARGIN = 48  # pixels around a window that relu4_2 sees; a multiple of 8, so that poolings fall on the same places
COLOR_PLACES = 32  # along the longer side, where coarse colours are compared: regions, not strokes
NEAR = 0.08  # relative Gram distance of a style that is reached; there the style weight is what it says
BORDER = 8  # pixels by which a picture is continued before it is measured; a multiple of 8, as MARGIN is
OUTSIDE = 60.0  # weight of the squared part of a pixel outside [0, 1]: clamping would mislead the optimiser


@dataclass(frozen=True)
class GatysConfig:
    """What is measured, how much it counts, and for how long the picture is corrected.

    style_layers, content_layers: names of VGG layers.
    deep_share: how much more the last style layer counts than each of the others; it holds the largest motifs.
    style_weight: weight of the style distance beside a content distance of weight 1.
    tv_weight: weight of the total variation.
    color_weight: weight of the distance of coarse colours to the content's in the palette of the style: regions keep
    theirs, so that hair does not turn green because a painting is.
    steps: corrections at the coarsest level; each finer level has a fifth fewer, since it has less left to do.
    """

    style_layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
    content_layers: tuple[str, ...] = ("relu2_2", "relu3_1", "relu4_2")
    deep_share: float = 1.0
    style_weight: float = 100.0
    tv_weight: float = 5.0
    color_weight: float = 3.0
    steps: int = 25


VGG19_CONFIG = GatysConfig(style_layers=("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"))
"""For a network as deep as that of the paper, whose layers of style these are."""


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrices (N, C, C) of feature maps (N, C, H, W), divided by H * W, in float32."""
    # Places by channels, as the maps lie in memory: so the gradient comes back in the layout of the convolutions'.
    flat = features.permute(0, 2, 3, 1).flatten(1, 2)
    products: Tensor = torch.stack([_Products.apply(places) for places in flat])
    return products / flat.shape[1]


class _Products(torch.autograd.Function):
    """The sums of products of the channels of maps (places, C): one product of matrices each way, in the maps' type."""

    @staticmethod
    def forward(ctx: Any, flat: Tensor) -> Tensor:
        ctx.save_for_backward(flat)
        products: Tensor = (flat.T @ flat).float()
        return products

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        [flat] = ctx.saved_tensors
        slope: Tensor = flat @ (gradient + gradient.T).to(flat)
        return slope


class _Part(torch.autograd.Function):
    """A part of maps (N, C, H, W). Slicing would hand gradients on in another layout, which doubles the time of all."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, rows: slice, columns: slice) -> Tensor:
        ctx.place = maps.shape, rows, columns
        return maps[..., rows, columns].contiguous(memory_format=torch.channels_last)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        shape, rows, columns = ctx.place
        whole = gradient.new_zeros(shape).contiguous(memory_format=torch.channels_last)
        whole[..., rows, columns] = gradient
        return whole, None, None


class _SquaredError(torch.autograd.Function):
    """The summed squared difference of maps and a target: added up in float32, kept in the maps' type."""

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
    mean: Tensor = length.mean() / x.shape[1] ** 0.5
    return mean


@dataclass(frozen=True)
class Window:
    """A part of a picture that is continued by BORDER on all sides.

    seen: what the features look at, rows and columns of the continued picture. counted: which of that is the part.
    """

    seen: tuple[slice, slice]
    counted: tuple[slice, slice]

    def of(self, continued: Tensor) -> Tensor:
        """Return the view of a continued picture (1, C, H, W) that is seen."""
        return continued[..., self.seen[0], self.seen[1]]

    def part(self, maps: Tensor, stride: int) -> Tensor:
        """Return of the feature maps (1, C, h, w) of what is seen, each `stride` pixels a place, those of the part."""
        part: Tensor = _Part.apply(maps, *(slice(side.start // stride, side.stop // stride) for side in self.counted))
        return part


def windows(height: int, width: int) -> list[Window]:
    """Return the windows of a picture: one where it fits, else near-equal ones, each seen with a margin."""
    return [Window((rows[0], columns[0]), (rows[1], columns[1])) for rows in _cuts(height) for columns in _cuts(width)]


def _cuts(length: int) -> Iterator[tuple[slice, slice]]:
    """Yield for each part of a side what is seen, and what of that is the part."""
    count = math.ceil(length / WINDOW)
    part = math.ceil(length / count / 8) * 8
    for start in range(0, length, part):
        first, stop = start + BORDER, min(start + part, length) + BORDER
        before = min(first, MARGIN)
        yield slice(first - before, min(length + 2 * BORDER, stop + MARGIN)), slice(before, before + stop - first)


def continued(x: Tensor) -> Tensor:
    """Return x with its outermost pixels repeated BORDER times: next to a convolution's zeros bits of frames grow."""
    return F.pad(x, (BORDER,) * 4, mode="replicate")


class Objective:
    """The loss at one level and its gradient, as a function of the picture (1, 3, H, W)."""

    def __init__(
        self, features: VGGFeatures, config: GatysConfig, content: Tensor, styles: Sequence[tuple[Tensor, float]],
        *, strength: float, style_scale: float,
    ) -> None:  # fmt: skip
        """See Gatys.paint for the arguments. The attribute `style` has the Gram matrices that are wanted, by layer."""
        self._features, self._config, self._content = features, config, content
        self._windows = windows(*content.shape[2:])
        # Less than full strength: the style counts less, and pixels are held to the content as well, since the content
        # layers alone let fine structure drift.
        shares = [config.deep_share if name == config.style_layers[-1] else 1.0 for name in config.style_layers]
        self._shares = content.new_tensor(shares) / sum(shares)
        self._style_weight = config.style_weight * strength**2
        self._tv_weight, self._fidelity = config.tv_weight * strength, 50 * (1 - strength) ** 2
        self.style = self._style_targets(styles, content.shape[2] * content.shape[3] * style_scale**2)
        self._colors = coarse(content)
        self._color_variance = self._colors.var((2, 3), correction=0).mean().clamp_min(1e-3)
        with torch.no_grad():
            seen = continued(content)
            self._kept = [self._maps(window.of(seen), window, config.content_layers) for window in self._windows]
        self._content_scale = {
            name: self._scale_of([maps[name] for maps in self._kept]) for name in config.content_layers
        }

    def __call__(self, x: Tensor) -> tuple[float, Tensor]:
        """Return the loss and its gradient (1, 3, H, W)."""
        whole = x.detach().requires_grad_()
        pixels = self._pixel_loss(whole)
        [gradient] = torch.autograd.grad(pixels, whole)
        seen = continued(whole)
        style, constant = self._tangent(seen.detach(), x) if len(self._windows) > 1 else (self._style_loss, 0.0)
        loss, slopes = constant + float(pixels.detach()), torch.zeros_like(seen)
        for window, kept in zip(self._windows, self._kept, strict=True):
            part = window.of(seen.detach()).requires_grad_()
            maps = self._maps(part, window, (*self._config.style_layers, *self._config.content_layers))
            share = style(self._grams(maps, x)) + self._content_loss(maps, kept)
            window.of(slopes).add_(torch.autograd.grad(share, part)[0])
            loss += float(share.detach())
        return loss, gradient.add_(torch.autograd.grad(seen, whole, slopes)[0])

    def _pixel_loss(self, x: Tensor) -> Tensor:
        """Return what is measured on pixels: variation, coarse colours, what is outside [0, 1], and fidelity."""
        loss = self._tv_weight * total_variation(x) + OUTSIDE * (x - x.clamp(0, 1)).square().mean()
        loss = loss + self._config.color_weight * (coarse(x) - self._colors).square().mean() / self._color_variance
        if self._fidelity:
            loss = loss + self._fidelity * (x - self._content).square().mean()
        return loss

    def _maps(self, x: Tensor, window: Window, layers: Sequence[str]) -> dict[str, Tensor]:
        """Return the feature maps of a window's part of x, what is seen of it, in the device's fastest type."""
        with autocast(x.device):
            maps = self._features(x.contiguous(memory_format=torch.channels_last), layers)
        return {name: window.part(value, _stride(name)) for name, value in maps.items()}

    def _grams(self, maps: Mapping[str, Tensor], whole: Tensor) -> dict[str, Tensor]:
        """Return a window's part in the Gram matrices of the whole picture."""
        sizes = {name: _places(whole, name) for name in self._config.style_layers}
        return {name: gram(maps[name]) * (maps[name][0, 0].numel() / size) for name, size in sizes.items()}

    def _style_loss(self, grams: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted distance of Gram matrices (1, C, C) to the styles'."""
        distances = (
            (grams[name] - target).square().sum() / target.square().sum().clamp_min(1e-12)
            for name, target in self.style.items()
        )
        distance = (torch.stack(list(distances)) * self._shares).sum().clamp_min(1e-12)
        # Steeper the farther it is: a style that is reached leaves the content alone, one that is not insists.
        loss: Tensor = self._style_weight * distance**1.5 / NEAR**0.5
        return loss

    def _tangent(self, seen: Tensor, x: Tensor) -> tuple[Callable[[Mapping[str, Tensor]], Tensor], float]:
        """Return the linear function of the Gram matrices that touches the style loss at those of x, and its constant.

        A window's part can go through the linear one by itself, and the gradients add up to that of the whole picture.
        """
        grams: dict[str, Tensor] = {}
        with torch.no_grad():
            for window in self._windows:
                maps = self._maps(window.of(seen), window, self._config.style_layers)
                for name, part in self._grams(maps, x).items():
                    grams[name] = grams.get(name, 0) + part
        leaves = [value.requires_grad_() for value in grams.values()]
        loss = self._style_loss(grams)
        slopes = dict(zip(grams, torch.autograd.grad(loss, leaves), strict=True))

        def linear(parts: Mapping[str, Tensor]) -> Tensor:
            return torch.stack([(slopes[name] * part).sum() for name, part in parts.items()]).sum()

        with torch.no_grad():
            return linear, float(loss - linear(grams))

    def _content_loss(self, maps: Mapping[str, Tensor], kept: Mapping[str, Tensor]) -> Tensor:
        """Return a window's part in the distance to the content."""
        errors = [_SquaredError.apply(maps[name], kept[name]) * scale for name, scale in self._content_scale.items()]
        return torch.stack(errors).sum()

    def _scale_of(self, parts: Sequence[Tensor]) -> float:
        """Return what a layer's summed squared error counts: one over its variance, and the layers alike."""
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
            seen = continued(resized)
            for window in windows(height, width):
                maps = self._maps(window.of(seen), window, self._config.style_layers)
                for name, part in self._grams(maps, resized).items():
                    targets[name] = targets.get(name, 0) + weight * part
        return targets


def _stride(layer: str) -> int:
    """Return how many pixels lie between two places of a layer such as relu3_1."""
    return int(2 ** (int(layer[4]) - 1))


def _places(x: Tensor, layer: str) -> int:
    """Return the number of places that a layer has on a picture (1, 3, H, W)."""
    return (x.shape[2] // _stride(layer)) * (x.shape[3] // _stride(layer))


def coarse(x: Tensor) -> Tensor:
    """Return the colours of x (N, 3, H, W) averaged over about COLOR_PLACES squares along its longer side."""
    side = max(1, max(x.shape[2:]) // COLOR_PLACES)
    return F.avg_pool2d(x, side, ceil_mode=True, count_include_pad=False)


def resize(x: Tensor, height: int, width: int) -> Tensor:
    """Return x (1, 3, h, w) at another size, in [0, 1]: bicubic, without aliasing."""
    if x.shape[2:] == (height, width):
        return x
    return F.interpolate(x, (height, width), mode="bicubic", antialias=True).clamp(0, 1)

"""What style transfer by optimisation makes small: distances of style and content, and total variation.

See deepart/models/gatys.py for the sources.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.color import detail
from deepart.device import autocast
from deepart.models.neighbors import Places, describe, grid, nearest, place_side, take
from deepart.models.spans import Span, spans
from deepart.models.vgg import VGGFeatures

MOST_STYLE = 2**22  # pixels of a style: what is known of all its places would take gigabytes
MIN_STYLE = 32  # pixels of a style's shorter side: relu4_1 sees an eighth of it
WINDOW = 704  # pixels: the largest side that is measured in one piece
MARGIN = 48  # pixels around a window that relu4_2 sees; a multiple of 8, so that poolings fall on the same places
BORDER = 8  # pixels by which a picture is continued before it is measured; a multiple of 8, as MARGIN is
OUTSIDE = 60.0  # weight of the squared part of a pixel outside [0, 1]: clamping would mislead the optimiser


@dataclass(frozen=True)
class GatysConfig:
    """What is measured, how much it counts, and for how long the picture is corrected.

    style_layers, content_layers: names of VGG layers.
    style_weight: weight of the distance to the style's nearest neighbors, beside a content distance of weight 1.
    moments_weight: weight of the distance of means and covariances to the style's, beside that of the neighbors.
    detail: share of the content's own features where it has the most detail: eyes, mouths, masts.
    tv_weight: weight of the total variation.
    steps: corrections at the coarsest level; each finer level has a fifth fewer, since it has less left to do.
    """

    style_layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
    content_layers: tuple[str, ...] = ("relu2_2", "relu4_2")
    style_weight: float = 2.0
    moments_weight: float = 5.0
    detail: float = 0.8
    tv_weight: float = 1.3
    steps: int = 14


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
    """Return the mean length of the gradient of x (N, C, H, W) over its channels together, smoothed below 1/255."""
    down = x[..., 1:, :-1] - x[..., :-1, :-1]
    across = x[..., :-1, 1:] - x[..., :-1, :-1]
    floor = x.shape[1] * 255**-2
    length = ((down.square() + across.square()).sum(1) + floor).sqrt() - floor**0.5
    mean: Tensor = length.mean() / x.shape[1] ** 0.5
    return mean


class Window(NamedTuple):
    """A part of a picture, whose margin goes on for BORDER pixels; the whole is continued by as many on all sides."""

    rows: Span
    columns: Span

    def of(self, continued: Tensor) -> Tensor:
        """Return the view of a continued picture (1, C, H, W) that is seen."""
        rows, columns = (slice(a.first, a.last + 2 * BORDER) for a in self)
        return continued[..., rows, columns]

    def within(self, maps: Tensor, stride: int) -> Tensor:
        """Return the view of the whole picture's feature maps (1, C, h, w), each `stride` pixels, that is the part."""
        rows, columns = (slice(a.start // stride, a.stop // stride) for a in self)
        return maps[..., rows, columns]

    def part(self, maps: Tensor, stride: int) -> Tensor:
        """Return of the feature maps (1, C, h, w) of what is seen, each `stride` pixels a place, those of the part.

        As many as there are within the whole picture: at a stride of 16 the border is but half a place.
        """
        first = [(BORDER + a.inside.start) // stride for a in self]
        counts = [a.stop // stride - a.start // stride for a in self]
        rows, columns = (slice(start, start + count) for start, count in zip(first, counts, strict=True))
        part: Tensor = _Part.apply(maps, rows, columns)
        return part


def windows(height: int, width: int) -> list[Window]:
    """Return the windows of a picture: one where it fits, else near-equal ones, each seen with a margin."""
    down, across = (spans(side, MARGIN - BORDER, WINDOW, WINDOW, multiple=8) for side in (height, width))
    return [Window(rows, columns) for rows in down for columns in across]


def continued(x: Tensor) -> Tensor:
    """Return x with its outermost pixels repeated BORDER times: next to a convolution's zeros bits of frames grow."""
    return F.pad(x, (BORDER,) * 4, mode="replicate")


class Target(NamedTuple):
    """Feature maps (1, C, h, w) that a window's should come near to, and what their summed squared error counts."""

    layer: str
    maps: Tensor
    scale: float


class Style(NamedTuple):
    """A style as a level sees it: feature maps and moments by layer, the places to take from, and its share."""

    maps: dict[str, Tensor]
    places: Places
    moments: dict[str, Tensor]
    share: float


class Objective:
    """The loss at one level and its gradient, as a function of the picture (1, 3, H, W)."""

    def __init__(
        self, features: VGGFeatures, config: GatysConfig, content: Tensor, styles: Sequence[tuple[Tensor, float]],
        *, strength: float, style_scale: float, painted: Tensor | None = None,
    ) -> None:  # fmt: skip
        """See Gatys.paint for the arguments. The attribute `style` has the moments that are wanted, by layer.

        painted: the picture (1, 3, H, W) whose places' neighbors are looked for; None takes the content.
        """
        self._features, self._config, self._content = features, config, content
        self._windows = windows(*content.shape[2:])
        self._strength = strength
        # Less than full strength: the style counts less, and pixels are held to the content as well, since the content
        # layers alone let fine structure drift.
        self._tv_weight, self._fidelity = config.tv_weight * strength, 50 * (1 - strength) ** 2
        self._side = place_side(content.shape[2], content.shape[3])
        area = min(content.shape[2] * content.shape[3] * style_scale**2, MOST_STYLE)
        # Not of relu1_1 where there are others: pixels would be copied with it, and it is the largest.
        self._taken = tuple(name for name in config.style_layers if _stride(name) > 1) or config.style_layers
        with torch.no_grad():
            known = [self._see(style, share, area) for style, share in styles]
            self.style = {
                name: torch.stack([style.share * style.moments[name] for style in known]).sum(0)
                for name in config.style_layers
            }
            self._wanted = {name: _scaled(wanted) for name, wanted in self.style.items()}
            own = self._whole(content, tuple(dict.fromkeys((*config.content_layers, *self._taken))))
            targets = self._neighbors(content if painted is None else painted, known, own)
        targets += [_target(name, own[name], 1 / len(config.content_layers)) for name in config.content_layers]
        self._targets = [
            [Target(t.layer, window.within(t.maps, _stride(t.layer)), t.scale) for t in targets]
            for window in self._windows
        ]

    def _neighbors(self, picture: Tensor, styles: Sequence[Style], own: Mapping[str, Tensor]) -> list[Target]:
        """Return as targets the features of the styles' most similar places; own: the content's, for its detail."""
        if not self._config.style_weight * self._strength:
            return []
        here = describe(
            self._whole(picture, self._config.style_layers), *grid(picture.shape[2], picture.shape[3], self._side)
        )
        index = [(style, nearest(here, style.places)) for style in styles]
        mine = self._config.detail * detail(self._content)
        targets = []
        for name in self._taken:
            parts = [style.share * take(style.maps[name], style.places, found, own[name]) for style, found in index]
            taken, kept = torch.stack(parts).sum(0).float(), own[name].float()
            share = F.adaptive_avg_pool2d(mine, (kept.shape[2], kept.shape[3]))
            wanted = torch.lerp(kept, torch.lerp(taken, kept, share), self._strength).to(own[name])
            targets.append(_target(name, wanted, self._config.style_weight / len(self._taken)))
        return targets

    def __call__(self, x: Tensor) -> tuple[float, Tensor]:
        """Return the loss and its gradient (1, 3, H, W)."""
        whole = x.detach().requires_grad_()
        pixels = self._pixel_loss(whole)
        [gradient] = torch.autograd.grad(pixels, whole)
        seen = continued(whole)
        style, constant = self._tangent(seen.detach()) if len(self._windows) > 1 else (self._style_loss, 0.0)
        loss, slopes = constant + float(pixels.detach()), torch.zeros_like(seen)
        layers = tuple(dict.fromkeys((*self._config.style_layers, *self._config.content_layers)))
        for window, targets in zip(self._windows, self._targets, strict=True):
            part = window.of(seen.detach()).requires_grad_()
            maps = self._maps(part, window, layers)
            errors = [_SquaredError.apply(maps[target.layer], target.maps) * target.scale for target in targets]
            share = style(self._moments(maps)) + torch.stack(errors).sum()
            window.of(slopes).add_(torch.autograd.grad(share, part)[0])
            loss += float(share.detach())
        return loss, gradient.add_(torch.autograd.grad(seen, whole, slopes)[0])

    def _pixel_loss(self, x: Tensor) -> Tensor:
        """Return what is measured on pixels: variation, what is outside [0, 1], and fidelity."""
        loss = self._tv_weight * total_variation(x) + OUTSIDE * (x - x.clamp(0, 1)).square().mean()
        if self._fidelity:
            loss = loss + self._fidelity * (x - self._content).square().mean()
        return loss

    def _maps(self, x: Tensor, window: Window, layers: Sequence[str]) -> dict[str, Tensor]:
        """Return the feature maps of a window's part of x, what is seen of it, in the device's fastest type."""
        with autocast(x.device):
            maps = self._features(x.contiguous(memory_format=torch.channels_last), layers)
        return {name: window.part(value, _stride(name)) for name, value in maps.items()}

    def _whole(self, x: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Return the feature maps of a whole picture (1, 3, H, W), made window by window."""
        seen, maps = continued(x), dict[str, Tensor]()
        for window in windows(*x.shape[2:]):
            for name, part in self._maps(window.of(seen), window, layers).items():
                stride = _stride(name)
                if name not in maps:
                    size = (1, part.shape[1], x.shape[2] // stride, x.shape[3] // stride)
                    maps[name] = part.new_empty(size).contiguous(memory_format=torch.channels_last)
                window.within(maps[name], stride).copy_(part)
        return maps

    def _see(self, style: Tensor, share: float, area: float) -> Style:
        """Return what there is to know of a style that is brought to `area` pixels."""
        scale = math.sqrt(area / (style.shape[2] * style.shape[3]))
        height, width = (max(MIN_STYLE, round(side * scale)) for side in style.shape[2:])
        maps = self._whole(resize(style, height, width), self._config.style_layers)
        places = describe(maps, *grid(height, width, self._side))
        found = {name: moments(value) for name, value in maps.items()}
        return Style({name: maps[name] for name in self._taken}, places, found, share)

    def _moments(self, maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return a window's part in the moments of the whole picture."""
        found = {}
        for name in self._config.style_layers:
            height, width = (side // _stride(name) for side in self._content.shape[2:])
            found[name] = moments(maps[name]) * (maps[name][0, 0].numel() / (height * width))
        return found

    def _style_loss(self, found: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted distance of moments (1, C, C + 1) to the styles': of covariances and means apart."""
        distances = []
        for name, wanted in self._wanted.items():
            for part, (target, scale) in zip(apart(found[name]), wanted, strict=True):
                distances.append((part - target).square().sum() * scale)
        weight = self._config.style_weight * self._config.moments_weight * self._strength**2
        loss: Tensor = weight * torch.stack(distances).mean()
        return loss

    def _tangent(self, seen: Tensor) -> tuple[Callable[[Mapping[str, Tensor]], Tensor], float]:
        """Return the linear function of the moments that touches the style loss at those of x, and its constant.

        seen: x, continued. Windows go through it one by one, and their gradients add up to that of the whole picture.
        """
        found: dict[str, Tensor] = {}
        with torch.no_grad():
            for window in self._windows:
                maps = self._maps(window.of(seen), window, self._config.style_layers)
                for name, part in self._moments(maps).items():
                    found[name] = found.get(name, 0) + part
        leaves = [value.requires_grad_() for value in found.values()]
        loss = self._style_loss(found)
        slopes = dict(zip(found, torch.autograd.grad(loss, leaves), strict=True))

        def linear(parts: Mapping[str, Tensor]) -> Tensor:
            return torch.stack([(slopes[name] * part).sum() for name, part in parts.items()]).sum()

        with torch.no_grad():
            return linear, float(loss - linear(found))


def _target(layer: str, maps: Tensor, weight: float) -> Target:
    """Return maps as a target whose squared error is divided by their variance."""
    flat = maps.float()
    variance = max(float(flat.var(correction=0)), 0.2 * float(flat.square().mean()), 1e-6)  # of a plain picture it is 0
    return Target(layer, maps, weight / (maps.numel() * variance))


def _scaled(wanted: Tensor) -> list[tuple[Tensor, float]]:
    """Return the covariances and the means of moments, each with one over its squared norm."""
    covariances, means = apart(wanted)
    length = float(means.square().sum())
    floor = 0.02 * length**2  # a plain style has covariances of 0
    size = max(float(covariances.square().sum()), floor, 1e-12)
    return [(covariances, 1 / size), (means, 1 / max(length, 1e-12))]


def _stride(layer: str) -> int:
    """Return how many pixels lie between two places of a layer such as relu3_1."""
    return int(2 ** (int(layer[4]) - 1))


def moments(maps: Tensor) -> Tensor:
    """Return the Gram matrices of feature maps (N, C, H, W) and beside them their means: (N, C, C + 1), float32."""
    return torch.cat([gram(maps), maps.mean((2, 3), dtype=torch.float32)[..., None]], 2)


def apart(moments: Tensor) -> tuple[Tensor, Tensor]:
    """Return the covariances (N, C, C) and the means (N, C, 1) of moments (N, C, C + 1)."""
    mean = moments[..., -1:]
    return moments[..., :-1] - mean @ mean.transpose(1, 2), mean


def resize(x: Tensor, height: int, width: int) -> Tensor:
    """Return x (1, 3, h, w) at another size, in [0, 1]: bicubic, without aliasing."""
    if x.shape[2:] == (height, width):
        return x
    return F.interpolate(x, (height, width), mode="bicubic", antialias=True).clamp(0, 1)

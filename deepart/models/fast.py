"""Style transfer in one pass: a style is measured once, then pictures of any size are painted in its manner.

A style becomes a StyleCode: its pixels ready to be cut up (collage.py), what the network wants to know of it, and its
palette. A picture is laid out with pieces of the styles as a whole, which costs little, and then painted by the network
(painter.py) in windows, which overlap by as much as the network can see: so tiles show no seam and memory stays bounded
(URST, Chen et al., 2103.11784, shares the statistics of one small pass for the same end; here nothing else is shared
than the layout and the palette, since the network normalises each pixel for itself).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.color import blend_moments, color_map, color_moments
from deepart.device import autocast
from deepart.models import collage
from deepart.models.painter import MULTIPLE, REACH, Painter, style_statistics
from deepart.models.vgg import VGGFeatures

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
WINDOW = 1280  # pixels: the largest side that is painted in one piece
MEASURED = 448  # pixels: the features look at all of a style up to this side, of a larger one at four pieces of half
STYLE_AREA = 2**20  # pixels of a style at style_scale 1, however large the content: strokes of a print stay crisp
MIN_STYLE = 32  # pixels on the shorter side of a style, enlarged if need be: relu4_1 sees an eighth of it
PATCHWORK = 6  # pieces across which one style gives way to another where several are blended


@dataclass(frozen=True)
class StyleCode:
    """A style, measured: bank of its pixels, statistics (1, n), mean (3,) and covariance (3, 3) of its colours."""

    bank: collage.Bank
    statistics: Tensor
    palette: tuple[Tensor, Tensor]

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""
        return sum(x.nbytes for x in (self.bank.pixels, self.bank.keys, self.bank.detail, self.statistics))


Mix = Sequence[tuple[StyleCode, float]]


@dataclass(frozen=True)
class Window:
    """A part of the result, [top, bottom) x [left, right), in pixels."""

    top: int
    bottom: int
    left: int
    right: int


def style_sides(height: int, width: int, area: float, style_scale: float) -> tuple[int, int]:
    """Return height and width at which a style is cut up for a result of `area` pixels.

    At style_scale 1 it has as many pixels as the result, up to STYLE_AREA, so that its strokes are as large in the one
    as in the other.
    """
    scale = style_scale * (min(area, STYLE_AREA) / (height * width)) ** 0.5
    scale = max(scale, MIN_STYLE / min(height, width))
    return round(height * scale), round(width * scale)


def windows(height: int, width: int) -> list[Window]:
    """Return the windows of a result, row by row: one where it fits, else near-equal ones that do with a margin."""
    down, across = _cuts(height), _cuts(width)
    return [Window(*rows, *columns) for rows in down for columns in across]


def _cuts(length: int) -> list[tuple[int, int]]:
    """Return [start, stop) of near-equal parts of a side; starts are multiples of collage.STEP."""
    count = 1 if length <= WINDOW else -(-length // (WINDOW - 2 * REACH))
    part = -(-length // (count * collage.STEP)) * collage.STEP
    return [(start, min(start + part, length)) for start in range(0, length, part)]


class Fast:
    """The one-pass model on tensors: give it a content and codes of styles, get the repainted picture."""

    def __init__(self, painter: Painter, features: VGGFeatures) -> None:
        self.painter = painter.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.features = features.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def measure(self, style: Tensor) -> StyleCode:
        """Return the code of a style picture (1, 3, h, w) in [0, 1]; see style_sides for its size."""
        statistics = torch.stack([self._statistics(piece) for piece in _pieces(style)]).mean(0)
        return StyleCode(collage.make_bank(style), statistics, color_moments(style))

    def _statistics(self, x: Tensor) -> Tensor:
        with autocast(x.device):
            maps = self.features(x.contiguous(memory_format=torch.channels_last), STYLE_LAYERS)
        return style_statistics(maps)

    @torch.inference_mode()
    def paint(
        self,
        contents: Tensor,
        mixes: Sequence[Mix],
        *,
        strengths: Sequence[float],
        chances: Sequence[Tensor],
        on_window: Callable[[int, Window, Tensor], None],
    ) -> None:
        """Paint N pictures at once, each in its mix of styles; hand out the windows as they are done.

        contents: (N, 3, H, W) in [0, 1], or (1, 3, H, W) for all. mixes: each a list of styles with weights above 0
        that add up to 1. strengths: in (0, 1]. chances: uniform numbers in [0, 1), as many as collage.chances_for says.
        on_window: called as on_window(number from 1 on, window, pictures (N, 3, h, w) in [0, 1]); it may raise.
        """
        height, width = contents.shape[2:]
        times = len(mixes) if len(contents) == 1 else 1
        own = [content[None] for content in contents]
        moments = [color_moments(content) for content in own]
        sketches = [
            self._sketch(*seen) for seen in zip(own * times, moments * times, mixes, strengths, chances, strict=True)
        ]
        power = contents.new_tensor(list(strengths))[:, None, None, None]
        for number, window in enumerate(windows(height, width), 1):
            around, inner = _with_margin(window, height, width)
            parts = [_padded(x[..., around.top : around.bottom, around.left : around.right]) for x in own] * times
            batch = max(1, WINDOW**2 // (parts[0].shape[2] * parts[0].shape[3]))
            painted = []
            for start in range(0, len(sketches), batch):
                some = slice(start, start + batch)
                looks = (sketch.of(x, around) for sketch, x in zip(sketches[some], parts[some], strict=True))
                recolored, laid, codes = zip(*looks, strict=True)
                with autocast(contents.device):
                    pictures = self.painter(torch.cat(recolored), torch.cat(laid), torch.cat(codes), power[some])
                painted.append(pictures[..., inner.top : inner.bottom, inner.left : inner.right].clamp(0, 1))
            on_window(number, window, torch.cat(painted))

    def _sketch(
        self, content: Tensor, moments: tuple[Tensor, Tensor], mix: Mix, strength: float, chance: Tensor
    ) -> _Sketch:
        """Return what is known of a picture before any of it is painted."""
        layouts = []
        for code, _ in mix:  # each style chooses its pieces for a content in its own colours
            recolored = color_map(moments, code.palette)(_padded(content)).clamp(0, 1)
            layouts.append(collage.lay(collage.look_at(recolored), code.bank, chance))
        recolor = color_map(moments, blend_moments([(code.palette, weight) for code, weight in mix]))
        shares = _patchwork([weight for _, weight in mix], layouts[0].shape[1:], chance)
        statistics = torch.stack([code.statistics * weight for code, weight in mix]).sum(0)
        described = self.painter.describe(statistics, statistics.new_full((1, 1), strength))
        return _Sketch([code.bank for code, _ in mix], layouts, shares, recolor, strength, described)


@dataclass(frozen=True)
class _Sketch:
    """A picture before it is painted: for each style its bank, the layout and its share (styles, gh, gw) at each piece;
    what recolours the content; and the code (1, code) that the network is told."""

    banks: list[collage.Bank]
    layouts: list[Tensor]
    shares: Tensor
    recolor: Callable[[Tensor], Tensor]
    strength: float
    code: Tensor

    def of(self, seen: Tensor, around: Window) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the network gets for a part `seen` (1, 3, h, w) of the content: recoloured, collage, code."""
        height, width = seen.shape[2:]
        recolored = torch.lerp(seen, self.recolor(seen).clamp(0, 1), self.strength)
        parts = [
            collage.render(bank, layout, around.top, around.left, height, width)
            for bank, layout in zip(self.banks, self.layouts, strict=True)
        ]
        if len(parts) == 1:
            return recolored, parts[0], self.code
        shares = collage.spread(self.shares, around.top, around.left, height, width)[None]
        mixed = torch.stack([part * shares[:, i : i + 1] for i, part in enumerate(parts)]).sum(0)
        return recolored, mixed, self.code


def _padded(x: Tensor) -> Tensor:
    """Return x (N, 3, H, W) continued by its last pixels to multiples of what the network takes."""
    down, across = -x.shape[2] % MULTIPLE, -x.shape[3] % MULTIPLE
    return F.pad(x, (0, across, 0, down), mode="replicate") if down or across else x


def _pieces(style: Tensor) -> Iterator[Tensor]:
    """Yield what the features look at of a style: all of a small one, four pieces of a large one."""
    height, width = (side if side <= MEASURED else MEASURED // 2 for side in style.shape[2:])
    for row in {0, style.shape[2] - height}:
        for column in {0, style.shape[3] - width}:
            yield style[..., row : row + height, column : column + width]


def _with_margin(window: Window, height: int, width: int) -> tuple[Window, Window]:
    """Return what must be painted for a window to be right up to its edge, and where the window lies in that."""
    around = Window(
        max(0, window.top - REACH), min(height, window.bottom + REACH),
        max(0, window.left - REACH), min(width, window.right + REACH),
    )  # fmt: skip
    top, left = window.top - around.top, window.left - around.left
    return around, Window(top, top + window.bottom - window.top, left, left + window.right - window.left)


def _patchwork(shares: Sequence[float], sides: Sequence[int], chance: Tensor) -> Tensor:
    """Return how much each style shows at each piece, (styles, gh, gw): patches, on average as large as the shares.

    Mixing all everywhere would lay one texture over the other as on a photograph exposed twice.
    """
    height, width = sides
    if len(shares) == 1:
        return chance.new_ones(1, height, width)
    coarse = [max(2, side // PATCHWORK) for side in (height, width)]
    count = len(shares) * coarse[0] * coarse[1]
    numbers = chance.repeat(-(-count // len(chance)))[:count].view(1, len(shares), *coarse)
    bumps = F.interpolate(numbers, (height, width), mode="bicubic")[0]
    # Rank each style's bumps so that they spread evenly over [0, 1], whatever the interpolation did to them.
    even = (bumps.flatten(1).argsort(1).argsort(1).float() / (height * width)).view_as(bumps)
    weights = even.new_tensor(shares).view(-1, 1, 1)
    return torch.softmax(8 * (weights.log() / 4 + even), 0)

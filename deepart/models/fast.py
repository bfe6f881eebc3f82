"""Style transfer in one pass: a style is measured once, then pictures of any size are painted in its manner.

A style becomes a StyleCode: its feature maps, a description of each of their places, and its palette. The content takes
the palette; each of its places takes the features of the style's place that is most like it (neighbors.py), as in
"fine"; and a network (inverter.py) paints the picture that has these features, where "fine" corrects pixels until they
have them. First a small picture is painted, for the large shapes; the large one is painted over it, and takes from the
content what has detail. Large pictures are painted in windows that overlap by as much as is seen, and share the
statistics of one small pass (URST, Chen et al., 2103.11784): so tiles show no seam and memory stays bounded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.color import Palette, blend_palettes, contrast, highest, palette, palette_map, smooth_color
from deepart.device import autocast
from deepart.models.gatys_loss import resize
from deepart.models.inverter import LAYERS, MULTIPLE, REACH, Inverter
from deepart.models.neighbors import (
    Places,
    Statistics,
    coherent,
    describe,
    grid,
    measure_channels,
    nearest,
    place_side,
    take,
)
from deepart.models.spans import Span, spans
from deepart.models.vgg import VGGFeatures

SEEN_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")  # by which places are compared
WINDOW = 1280  # pixels: the largest side that is painted in one piece
SMALL = 512  # pixels: longer side at which a picture's statistics are taken
STYLE_AREA = 2**20  # pixels of a style at style_scale 1, however large the content: strokes of a print stay crisp
MOST_STYLE = 2**22  # pixels of a style at any scale: what is larger takes gigabytes to measure
LEAST = 64  # pixels of a longer side from which on a smaller picture is painted first
MIN_STYLE = 32  # pixels on the shorter side of a style, enlarged if need be: relu4_1 sees an eighth of it
PLACES = 4500  # places of 4 pixels of a content or style; one that has more has places of 8
MARGIN = 16  # pixels by which a picture is continued: next to a convolution's zeros bits of frames grow
DETAIL = 0.8  # share of the content's own features where it has the most detail
KEPT, MOST_KEPT = 2.5, 0.85  # share of the content under the strokes by the detail around a place, and the most of it
CHANCES = 4096  # numbers that a seed stands for
CHANCE = 0.02  # by how much a seed may favour one place of a style over another, in cosine


@dataclass(frozen=True)
class StyleCode:
    """A style, measured: feature maps of LAYERS, its places, its palette, and the same for the smaller picture."""

    maps: Mapping[str, Tensor]
    places: Places
    palette: Palette
    coarse: "StyleCode | None" = None

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""
        own = sum(x.nbytes for x in (*self.maps.values(), self.places.vectors))
        return own + (self.coarse.nbytes if self.coarse else 0)


Mix = Sequence[tuple[StyleCode, float]]
Place = tuple[int, int, int, int]  # the first row and column of a part, and height and width of the whole


def style_sides(height: int, width: int, area: float, style_scale: float) -> tuple[int, int]:
    """Return height and width at which a style is measured for a result of `area` pixels.

    At style_scale 1 it has as many pixels as the result, up to STYLE_AREA, so that its strokes are as large in the one
    as in the other; at no scale more than MOST_STYLE.
    """
    pixels = min(min(area, STYLE_AREA) * style_scale**2, MOST_STYLE)
    scale = max((pixels / (height * width)) ** 0.5, MIN_STYLE / min(height, width))
    return round(height * scale), round(width * scale)


def coarse_sides(height: int, width: int) -> tuple[int, int] | None:
    """Return height and width of the picture that is painted before one of this size, None where there is none."""
    longer = max(height, width)
    scale = min(SMALL, longer // 2) / longer
    sides = (max(1, round(side * scale / MULTIPLE)) * MULTIPLE for side in (height, width))
    return None if longer < LEAST else (next(sides), next(sides))


def windows(height: int, width: int) -> list[tuple[Span, Span]]:
    """Return the rows and columns of each window of a result: one where it fits, else near-equal ones that do."""
    down, across = (spans(side, REACH, WINDOW, WINDOW - 2 * REACH, MULTIPLE) for side in (height, width))
    return [(rows, columns) for rows in down for columns in across]


@dataclass(frozen=True)
class _Sketch:
    """A picture before it is painted: what recolours it, the smaller picture that was painted first, the side of its
    places, the statistics of its channels, the contrast of its detail, its styles with their places, as the seed
    favours them, and shares, and, of a picture that is small enough to be known as a whole, the recoloured picture,
    what is painted over, and its feature maps."""

    recolor: Callable[[Tensor], Tensor]
    strength: float
    coarse: Tensor | None
    side: int
    statistics: Statistics
    top: Tensor
    styles: Sequence[tuple[StyleCode, Places, float]]
    known: tuple[Tensor, Tensor, dict[str, Tensor]] | None

    def targets(
        self, recolored: Tensor, own: Mapping[str, Tensor], seen: Mapping[str, Tensor], place: Place
    ) -> dict[str, Tensor]:
        """Return the feature maps of LAYERS that a part (1, 3, h, w) at a place is to have.

        own: those that the recoloured content has. seen: those by which the style's places are looked up.
        """
        here = describe(seen, *grid(recolored.shape[2], recolored.shape[3], self.side), self.statistics)
        odd = (place[0] + place[1]) // self.side % 2
        index = [
            (code, places, coherent(nearest(here, places), here, places, odd), share)
            for code, places, share in self.styles
        ]
        mine = DETAIL * (contrast(recolored) / self.top).clamp(0, 1)
        found = {}
        for name in LAYERS:
            parts = [share * take(code.maps[name], places, at, own[name]) for code, places, at, share in index]
            taken, kept = torch.stack(parts).sum(0).float(), own[name].float()
            share = F.adaptive_avg_pool2d(mine, (kept.shape[2], kept.shape[3]))
            wanted = torch.lerp(kept, torch.lerp(taken, kept, share), self.strength)
            found[name] = wanted.to(own[name])
        return found


Likeness = tuple[_Sketch | None, _Sketch]
"""Sketches of a film's smaller pictures, if there are such, and of its frames; their measures are those of all."""


class Fast:
    """The one-pass model on tensors: give it a content and codes of styles, get the repainted picture."""

    def __init__(self, inverter: Inverter, features: VGGFeatures) -> None:
        self.inverter = inverter.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.features = features.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def measure(self, style: Tensor, side: int, coarse: StyleCode | None = None) -> StyleCode:
        """Return the code of a style picture (1, 3, h, w) in [0, 1]; see style_sides for its size.

        side: of its places in pixels, place_side(height, width, PLACES) of the results that it is for.
        coarse: the code of the style for the smaller picture that is painted before them.
        """
        maps = self._maps(style)
        places = describe(maps, *grid(style.shape[2], style.shape[3], side))
        return StyleCode({name: maps[name] for name in LAYERS}, places, palette(style), coarse)

    def _maps(self, x: Tensor) -> dict[str, Tensor]:
        """Return the feature maps of x (N, 3, H, W), in the device's fastest type."""
        seen = F.pad(x, (MARGIN,) * 4, mode="replicate").contiguous(memory_format=torch.channels_last)
        with autocast(x.device):
            maps = self.features(seen, SEEN_LAYERS)
        cut = {}
        for name, value in maps.items():
            stride = 2 ** (int(name[4]) - 1)
            rows, columns = (slice(MARGIN // stride, MARGIN // stride + length // stride) for length in x.shape[2:])
            cut[name] = value[..., rows, columns].contiguous(memory_format=torch.channels_last)
        return cut

    @torch.inference_mode()
    def paint(
        self, contents: Tensor, mixes: Sequence[Mix], *, strengths: Sequence[float], chances: Sequence[Tensor],
        on_window: Callable[[int, Span, Span, Tensor], None], like: Likeness | None = None,
    ) -> None:  # fmt: skip
        """Paint N pictures at once, each in its mix of styles; hand out the windows as they are done.

        contents: (N, 3, H, W) in [0, 1], or (1, 3, H, W) for all. mixes: each a list of styles with weights above 0
        that add up to 1. strengths: in (0, 1]. chances: uniform numbers in [0, 1), CHANCES of them.
        on_window: called as on_window(number from 1 on, rows, columns, pictures (N, 3, h, w) in [0, 1]); it may raise.
        like: what measure_film() returned, in place of what would be measured on each content; then mixes and strengths
        are those that it was given.
        """
        height, width = contents.shape[2:]
        times = len(mixes) if len(contents) == 1 else 1
        own = [content[None] for content in contents] * times
        coarse: Sequence[Tensor | None] = [None] * len(own)
        sides = coarse_sides(height, width)
        if sides is not None and all(code.coarse for mix in mixes for code, _ in mix):
            small = [resize(x, *sides) for x in own]
            less = [[(code.coarse, weight) for code, weight in mix if code.coarse] for mix in mixes]
            kept = like and like[0]
            first = [self._sketch(*one, None, kept) for one in zip(small, less, strengths, chances, strict=True)]
            coarse = torch.split(self._look(first, small, (0, 0, *sides)), 1)
        kept = like and like[1]
        sketches = [self._sketch(*one, kept) for one in zip(own, mixes, strengths, chances, coarse, strict=True)]
        for number, (rows, columns) in enumerate(windows(height, width), 1):
            parts = [_padded(x[..., rows.seen, columns.seen]) for x in own]
            painted = self._look(sketches, parts, (rows.seen.start, columns.seen.start, height, width))
            on_window(number, rows, columns, painted[..., rows.inside, columns.inside])

    @torch.inference_mode()
    def measure_film(self, sample: Tensor, mix: Mix, *, strength: float, chance: Tensor) -> Likeness:
        """Return what all frames of a film share, measured on a picture (1, 3, h, w) of their size; see paint()."""
        sides = coarse_sides(*sample.shape[2:])
        if sides is None or not all(code.coarse for code, _ in mix):
            return None, self._sketch(sample, mix, strength, chance, None)
        small = resize(sample, *sides)
        first = self._sketch(
            small, [(code.coarse, weight) for code, weight in mix if code.coarse], strength, chance, None
        )
        return first, self._sketch(sample, mix, strength, chance, self._look([first], [small], (0, 0, *sides)))

    def _sketch(
        self, content: Tensor, mix: Mix, strength: float, chance: Tensor, coarse: Tensor | None,
        like: _Sketch | None = None,
    ) -> _Sketch:  # fmt: skip
        """Return what is known of a picture before any of it is painted. like: a sketch whose measures it takes."""
        scale = SMALL / max(content.shape[2:])
        small = _padded(content)
        if scale < 1:
            small = resize(content, *(max(MULTIPLE, round(side * scale)) for side in content.shape[2:]))
        palette = blend_palettes([(code.palette, weight) for code, weight in mix])
        recolor = palette_map(small, palette) if like is None else like.recolor
        recolored = torch.lerp(small, recolor(small).clamp(0, 1), strength)
        side = place_side(content.shape[2], content.shape[3], PLACES)
        top = highest(contrast(recolored)) if like is None else like.top
        base = _enlarged(coarse, recolored, (0, 0, *(content if scale >= 1 else small).shape[2:]), top)
        maps = self._maps(base)
        rows, columns = grid(small.shape[2], small.shape[3], side)
        statistics = measure_channels(maps, rows, columns) if like is None else like.statistics
        styles = []
        for code, weight in mix:
            favoured = chance.repeat(-(-len(code.places.vectors) // len(chance)))[: len(code.places.vectors)]
            vectors = code.places.vectors * (1 + CHANCE * (favoured[:, None] - 0.5))
            styles.append((code, Places(vectors, code.places.rows, code.places.columns), weight))
        known = (recolored, base, maps) if scale >= 1 and len(windows(*content.shape[2:])) == 1 else None
        return _Sketch(recolor, strength, coarse, side, statistics, top, styles, known)

    def _look(self, sketches: Sequence[_Sketch], parts: Sequence[Tensor], place: Place) -> Tensor:
        """Return the pictures (N, 3, h, w) in [0, 1] of the parts of N contents, which are at one place of them."""
        batch = max(1, WINDOW**2 // (parts[0].shape[2] * parts[0].shape[3]))
        starts = range(0, len(sketches), batch)
        return torch.cat([self._batch(sketches[n : n + batch], parts[n : n + batch], place) for n in starts])

    def _batch(self, sketches: Sequence[_Sketch], parts: Sequence[Tensor], place: Place) -> Tensor:
        taken: dict[str, list[Tensor]] = {name: [] for name in LAYERS}
        colored, bases = [], []
        for sketch, x in zip(sketches, parts, strict=True):
            if sketch.known is None:
                recolored = torch.lerp(x, sketch.recolor(x).clamp(0, 1), sketch.strength)
                base = _enlarged(sketch.coarse, recolored, place, sketch.top)
                seen = self._maps(base)
            else:
                recolored, base, seen = sketch.known
            own = seen if base is recolored else self._maps(recolored)
            colored.append(recolored)
            bases.append(base)
            for name, value in sketch.targets(recolored, own, seen, place).items():
                taken[name].append(value)
        recolored = torch.cat(colored)
        with autocast(recolored.device):
            painted = self.inverter(torch.cat(bases), {name: torch.cat(values) for name, values in taken.items()})
        # Where the style is hardly wanted the network's own errors would be all that one sees.
        shares = painted.new_tensor([1 - (1 - sketch.strength) ** 3 for sketch in sketches])[:, None, None, None]
        return torch.lerp(recolored, smooth_color(painted.clamp(0, 1)), shares)


def _enlarged(coarse: Tensor | None, x: Tensor, place: Place, top: Tensor) -> Tensor:
    """Return what is painted over in a part x (1, 3, h, w): the smaller picture, if there is one, enlarged, and x.

    Of x as much as there is detail around: what is a line too many in a cheek is a stroke in a sky.
    """
    if coarse is None:
        return x
    top_row, left, height, width = place
    rows = 2 * (top_row + torch.arange(x.shape[2], device=x.device) + 0.5) / height - 1
    columns = 2 * (left + torch.arange(x.shape[3], device=x.device) + 0.5) / width - 1
    where = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)[None].to(x)
    enlarged = F.grid_sample(coarse, where, "bilinear", "border", align_corners=False)
    cell = MULTIPLE * max(1, max(height, width) // SMALL)
    around = F.avg_pool2d((contrast(x) / top).clamp(0, 1), cell, ceil_mode=True, count_include_pad=False)
    for _ in range(2):
        around = F.avg_pool2d(around, 5, 1, 2, count_include_pad=False)
    kept = KEPT * F.interpolate(around, x.shape[2:], mode="bilinear")
    return torch.lerp(enlarged, x, kept.clamp(0, MOST_KEPT))


def _padded(x: Tensor) -> Tensor:
    """Return x (N, 3, H, W) continued by its last pixels to multiples of what the network takes."""
    down, across = -x.shape[2] % MULTIPLE, -x.shape[3] % MULTIPLE
    return F.pad(x, (0, across, 0, down), mode="replicate") if down or across else x

"""The kinds of style picture, how many of each, and what chance decides in each: from what, in which colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from recipes.painters import (
    abstraction,
    calligraphy,
    hatching,
    marbling,
    mosaic,
    oil,
    palettes,
    pointillism,
    shards,
    stained_glass,
    textures,
    ukiyoe,
    wash,
    woodcut,
)

# Of the ready patterns, how often each; portraits are drawn in outlines and flat colours.
FAMILIES = {"shapes": 0.4, "rings": 0.3, "glass": 0.06, "pixelArt": 0.06, "openPeeps": 0.06, "lorelei": 0.06,
            "notionists": 0.06}  # fmt: skip

Size = tuple[int, int]
SIZES: tuple[Size, ...] = ((384, 384), (352, 352), (400, 300), (416, 312), (320, 400), (384, 288), (336, 336))


@dataclass
class Sources:
    """What painters may draw on. An empty list means that a package is not there."""

    photographs: Sequence[Path]
    fonts: Sequence[Path] = ()
    patterns: Sequence[Path] = ()


@dataclass
class Sitting:
    """One picture in the making: its chance, its size, and the sources it has used."""

    rng: np.random.Generator
    sources: Sources
    size: Size
    used: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, rng: np.random.Generator, sources: Sources) -> Sitting:
        return cls(rng, sources, SIZES[int(rng.integers(len(SIZES)))])

    def chance(self, probability: float) -> bool:
        return bool(self.rng.uniform() < probability)

    def span(self, low: float, high: float) -> float:
        """A number whose logarithm is even between the two: small and large scales are equally likely."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def pick(self, paths: Sequence[Path]) -> Path:
        path = paths[int(self.rng.integers(len(paths)))]
        self.used.append(path.name)
        return path

    def photo(self, recolour: float = 0.0, closest: float = 0.4) -> Image.Image:
        """A random crop of a random photograph in the picture's size, recoloured with that probability.

        `closest` is the smallest crop's height as a share of the photograph's. Of three crops the one with most to see
        is taken.
        """
        with Image.open(self.pick(self.sources.photographs)) as opened:
            whole = opened.convert("RGB")
        crop = max(
            (self._crop(whole, closest) for _ in range(3)), key=lambda image: np.asarray(image.convert("L")).std()
        )
        if self.chance(0.5):
            crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return palettes.recolour(self.rng, crop) if self.chance(recolour) else crop

    def _crop(self, whole: Image.Image, closest: float) -> Image.Image:
        aspect = self.size[0] / self.size[1]
        height = min(whole.height, whole.width / aspect) * self.rng.uniform(closest, 1)
        left = self.rng.uniform(0, whole.width - height * aspect)
        top = self.rng.uniform(0, whole.height - height)
        box = (left, top, left + height * aspect, top + height)
        return whole.resize(self.size, Image.Resampling.LANCZOS, box=box)

    def palette(self, few: int, many: int, scheme: str | None = None) -> tuple[str, ...]:
        return palettes.palette(self.rng, int(self.rng.integers(few, many + 1)), scheme)


def strokes(sitting: Sitting) -> Image.Image:
    photo = sitting.photo(recolour=0.55)
    return oil.paint(sitting.rng, sitting.size, sitting.palette(5, 9), photo)


def cut_wood(sitting: Sitting) -> Image.Image | None:
    if not sitting.chance(0.9):
        return None
    photo = sitting.photo()
    return woodcut.paint(sitting.rng, sitting.size, palettes.for_woodcut(sitting.rng), photo, supersampling=2)


def dots(sitting: Sitting) -> Image.Image | None:
    if not sitting.chance(0.92):
        return None
    photo = sitting.photo(recolour=0.5)
    radius, vibration = sitting.span(0.004, 0.014), sitting.rng.uniform(0.3, 1.1)
    return pointillism.paint(
        sitting.rng, sitting.size, sitting.palette(6, 12), photo, radius=radius, vibration=vibration
    )


def leaded_glass(sitting: Sitting) -> Image.Image | None:
    if sitting.chance(0.08):
        return None
    panes = int(sitting.span(50, 350))
    photo = sitting.photo(recolour=0.5)
    return stained_glass.paint(sitting.rng, sitting.size, sitting.palette(8, 14), photo, panes=panes)


def marbled_paper(sitting: Sitting) -> Image.Image:
    inks = palettes.for_marbling(sitting.rng)
    photo = sitting.photo() if sitting.chance(0.2) else None
    return marbling.paint(sitting.rng, sitting.size, inks, photo, cell=sitting.span(0.13, 0.3), supersampling=2)


def woodblock(sitting: Sitting) -> Image.Image:
    rng = sitting.rng
    return ukiyoe.paint(
        rng,
        sitting.size,
        sitting.palette(5, 9),
        sitting.photo(recolour=0.3),
        blocks=int(rng.integers(4, 11)),
        line=sitting.span(0.0025, 0.009) if sitting.chance(0.85) else 0.0,
        own_colours=rng.uniform(0, 1),
        gradients=rng.uniform(0.2, 1),
    )


def washes(sitting: Sitting) -> Image.Image:
    rng = sitting.rng
    return wash.watercolour(
        rng,
        sitting.size,
        (palettes.paper(rng),),
        sitting.photo(recolour=0.5),
        tones=int(rng.integers(5, 14)),
        wet=rng.uniform(0.15, 1),
        granulation=rng.uniform(0.2, 1),
        edges=rng.uniform(0.3, 1),
        border=sitting.chance(0.35),
    )


def ink_washes(sitting: Sitting) -> Image.Image:
    rng = sitting.rng
    pigment = "#15151a" if sitting.chance(0.6) else palettes.tint(rng, (0.15, 0.35), (0.01, 0.09))
    return wash.ink(
        rng,
        sitting.size,
        (pigment, palettes.paper(rng)),
        sitting.photo(),
        washes=int(rng.integers(3, 6)),
        wet=rng.uniform(0.1, 1),
        lines=rng.uniform(0.2, 1),
    )


def pen_drawing(sitting: Sitting) -> Image.Image:
    rng = sitting.rng
    pen = "#101014" if sitting.chance(0.5) else palettes.tint(rng, (0.15, 0.45), (0.02, 0.14))
    colours = (pen, palettes.paper(rng))
    return hatching.paint(
        rng,
        sitting.size,
        colours[::-1] if sitting.chance(0.1) else colours,
        sitting.photo(recolour=0.3),
        pitch=sitting.span(0.008, 0.022),
        sets=int(rng.integers(1, 6)),
        bend=rng.uniform(0.3, 1.2) if sitting.chance(0.4) else 0.0,
        tint=rng.uniform(0.4, 1) if sitting.chance(0.35) else 0.0,
        outline=rng.uniform(0.4, 1) if sitting.chance(0.75) else 0.0,
    )


def tesserae(sitting: Sitting) -> Image.Image:
    rng = sitting.rng
    return mosaic.paint(
        rng,
        sitting.size,
        sitting.palette(6, 12),
        sitting.photo(recolour=0.4),
        tile=sitting.span(0.016, 0.045),
        gap=rng.uniform(0.06, 0.22),
        purity=rng.uniform(0, 0.9) if sitting.chance(0.6) else 0.0,
        polish=rng.uniform(0.2, 1),
    )


def geometry(sitting: Sitting) -> Image.Image:
    rng = sitting.rng
    inks = sitting.palette(
        4, 9, str(rng.choice(["fauve", "triad", "complementary", "split", "pastel", "earth", "night"]))
    )
    ground = palettes.paper(rng) if sitting.chance(0.75) else palettes.tint(rng, (0.15, 0.7), (0.02, 0.12))
    dark = ("#14141a",) if sitting.chance(0.6) else ()
    names = ("floating", "discs", "patchwork", "suspended", "grid", "stripes")
    composition = str(rng.choice(names, p=(0.34, 0.24, 0.16, 0.1, 0.1, 0.06)))
    return abstraction.paint(rng, sitting.size, (*dark, *inks, ground), composition=composition)


def facets(sitting: Sitting) -> Image.Image:
    rng = sitting.rng
    return shards.paint(
        rng,
        sitting.size,
        sitting.palette(5, 9),
        sitting.photo(recolour=0.3),
        cuts=int(sitting.span(6, 40)),
        shift=sitting.span(0.01, 0.15),
        flatness=rng.uniform(0.2, 1),
        shading=rng.uniform(0.3, 1.1),
        own_colours=rng.uniform(0, 1),
    )


def brush_writing(sitting: Sitting) -> Image.Image:
    rng = sitting.rng
    ink = "#141416" if sitting.chance(0.7) else palettes.tint(rng, (0.2, 0.45), (0.03, 0.15))
    colours = (ink, palettes.paper(rng))
    return calligraphy.paint(
        rng,
        sitting.size,
        colours[::-1] if sitting.chance(0.12) else colours,
        font=sitting.pick(sitting.sources.fonts),
        rows=int(rng.choice([1, 1, 2, 2, 3, 4, 6])),
        seal="#b8312a" if sitting.chance(0.3) else None,
    )


def tiled_patterns(sitting: Sitting) -> Image.Image:
    """Ready patterns in rows, each in colours of its own, or the whole sheet recoloured."""
    rng, (width, height) = sitting.rng, sitting.size
    sheet = Image.new("RGB", sitting.size, palettes.tint(rng, (0.3, 0.97), (0.0, 0.12)))
    family = str(rng.choice(list(FAMILIES), p=list(FAMILIES.values())))
    alike = [path for path in sitting.sources.patterns if path.name.startswith(family)]
    side = -(-min(width, height) // int(rng.choice([1, 2, 2, 3, 4])))
    few = [sitting.pick(alike) for _ in range(int(rng.integers(2, 13)))]
    for top in range(0, height, side):
        for left in range(0, width, side):
            with Image.open(few[int(rng.integers(len(few)))]) as opened:
                tile = opened.convert("RGBA").resize((side, side), Image.Resampling.LANCZOS)
            turned = tile.rotate(90 * int(rng.integers(4))) if family in ("shapes", "rings", "glass") else tile
            sheet.paste(turned, (left, top), turned)
    return palettes.recolour(rng, sheet) if sitting.chance(0.6) else sheet


def surfaces(sitting: Sitting) -> Image.Image:
    return textures.paint(sitting.rng, sitting.size, sitting.palette(4, 7))


def photographs(sitting: Sitting) -> Image.Image:
    return sitting.photo(recolour=0.6, closest=0.3)


@dataclass(frozen=True)
class Kind:
    """A kind of style picture: its share of the set, its painter, and which of the Sources it needs ("": none).

    The painter may return None: that picture is left out of the set. Woodcuts, dots and leaded glass do so where they
    would be compositions of their own, which are those of the app's example pictures: training must not know them.
    """

    share: float
    paint: Callable[[Sitting], Image.Image | None]
    needs: str = "photographs"

    def possible(self, sources: Sources) -> bool:
        return not self.needs or bool(getattr(sources, self.needs))


KINDS: dict[str, Kind] = {
    "strokes": Kind(0.28, strokes),
    "woodcut": Kind(0.06, cut_wood),
    "pointillism": Kind(0.06, dots),
    "stained-glass": Kind(0.05, leaded_glass),
    "marbling": Kind(0.03, marbled_paper),
    "ukiyo-e": Kind(0.07, woodblock),
    "watercolour": Kind(0.07, washes),
    "ink-wash": Kind(0.05, ink_washes),
    "hatching": Kind(0.05, pen_drawing),
    "mosaic": Kind(0.05, tesserae),
    "abstraction": Kind(0.04, geometry, ""),
    "shards": Kind(0.03, facets),
    "calligraphy": Kind(0.03, brush_writing, "fonts"),
    "pattern": Kind(0.04, tiled_patterns, "patterns"),
    "texture": Kind(0.03, surfaces, ""),
    "photograph": Kind(0.06, photographs),
}


def schedule(count: int) -> list[str]:
    """The kind of each picture: every beginning of the list holds the kinds in their shares, within one picture."""
    painted = dict.fromkeys(KINDS, 0)
    order = []
    for index in range(count):
        name = max(KINDS, key=lambda kind: KINDS[kind].share * (index + 1) - painted[kind])
        painted[name] += 1
        order.append(name)
    return order

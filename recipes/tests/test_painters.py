"""The procedural painters in recipes/: the maps and shares that are known on paper, and each craft's own mark."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFont

from recipes import make_examples
from recipes.painters import (
    blocks,
    calligraphy,
    canvas,
    hatching,
    marbling,
    mosaic,
    oil,
    pointillism,
    regions,
    shards,
    stained_glass,
    ukiyoe,
    wash,
    woodcut,
)

SMALL = (96, 72)
PAINTERS = {
    "stained-glass": stained_glass.paint,
    "pointillism": pointillism.paint,
    "woodcut": woodcut.paint,
    "marbling": marbling.paint,
}
MOVES = [
    marbling.Drop(0.4, 0.3, 0.2, 0),
    marbling.Comb(0.7, 0.1, 0.2, 0.15, 0.05),
    marbling.Comb(0.2, 0.3, 0.2, 0.15, 0.05, alternate=True),
    marbling.Wave(1.1, 0.5, 0.1, 0.4),
    marbling.Swirl(0.5, 0.5, 0.4, 5.0),
]
AFTER_PHOTOGRAPHS = {
    "oil": oil.paint,
    "ukiyo-e": ukiyoe.paint,
    "watercolour": wash.watercolour,
    "ink": wash.ink,
    "hatching": hatching.paint,
    "mosaic": mosaic.paint,
    "shards": shards.paint,
}
INKS = ("#14161c", "#7a3428", "#2f6f8f", "#d9a441", "#f4ead8")


def pixels(image: Image.Image) -> NDArray[np.float64]:
    return np.asarray(image, np.float64) / 255


def photograph() -> Image.Image:
    """A blue to orange slope with a dark disc in it."""
    x, y = canvas.coordinates((120, 80))
    slope = canvas.mix(canvas.rgb(["#2060c0"]), canvas.rgb(["#f0a030"]), (x + 0 * y)[..., None])
    return canvas.picture(np.where((np.hypot(x - 0.5, y - 0.3) < 0.15)[..., None], 0.1, slope))


@pytest.mark.parametrize("name", PAINTERS)
@pytest.mark.parametrize("photo", [None, photograph()], ids=["own", "photo"])
def test_one_seed_is_one_picture(name: str, photo: Image.Image | None) -> None:
    def paint(seed: int) -> Image.Image:
        return PAINTERS[name](np.random.default_rng(seed), SMALL, make_examples.PALETTES[name], photo)

    first = paint(1)
    assert (first.mode, first.size) == ("RGB", SMALL)
    assert first.tobytes() == paint(1).tobytes()
    assert np.abs(pixels(first) - pixels(paint(2))).mean() > 0.01


@pytest.mark.parametrize("name", ["stained-glass", "woodcut", "pointillism"])
def test_a_photograph_is_recognised(name: str) -> None:
    image = PAINTERS[name](np.random.default_rng(0), (120, 80), make_examples.PALETTES[name], photograph())
    coarse = pixels(image.resize((12, 8), Image.Resampling.BOX)).mean(-1)
    wanted = pixels(photograph().resize((12, 8), Image.Resampling.BOX)).mean(-1)
    assert np.corrcoef(coarse.ravel(), wanted.ravel())[0, 1] > 0.7


def test_marbling_takes_its_inks_from_a_photograph() -> None:
    halves = Image.new("RGB", (64, 64), "#c4412f")
    halves.paste("#16426b", (0, 0, 32, 64))
    sheet = marbling.paint(
        np.random.default_rng(0), (64, 64), ("#ffffff", "#c4412f", "#16426b"), halves, pattern="stones"
    )
    red_minus_blue = pixels(sheet)[..., 0] - pixels(sheet)[..., 2]
    assert red_minus_blue[:, 48:].mean() - red_minus_blue[:, :16].mean() > 0.3


# Canvas.


def test_oklab_of_white_grey_and_back() -> None:
    np.testing.assert_allclose(canvas.oklab(np.ones((1, 3), np.float32)), [[1, 0, 0]], atol=1e-4)
    grey = canvas.oklab(np.full((1, 3), 0.5, np.float32))
    assert grey[0, 0] == pytest.approx(0.2140411 ** (1 / 3), abs=1e-4)  # the cube root of the linear light of sRGB 0.5
    colours = np.random.default_rng(0).uniform(0, 1, (50, 3)).astype(np.float32)
    np.testing.assert_allclose(canvas.from_oklab(canvas.oklab(colours)), colours, atol=1e-3)


def test_a_photograph_is_cut_around_its_middle() -> None:
    photo = Image.new("RGB", (40, 20), "black")
    photo.paste("white", (10, 0, 30, 20))
    assert canvas.guide(photo, (10, 10)).min() > 0.9


# Marbling.


@pytest.mark.parametrize("move", MOVES, ids=lambda move: type(move).__name__)
def test_every_movement_has_an_exact_inverse(move: marbling.Move) -> None:
    x, y = np.random.default_rng(0).uniform(0, 1, (2, 500))
    there = move.forward(x, y)
    np.testing.assert_allclose(move.back(*there), (x, y), atol=1e-5)
    assert np.hypot(there[0] - x, there[1] - y).max() > 0.05


@pytest.mark.parametrize("move", MOVES, ids=lambda move: type(move).__name__)
def test_every_movement_keeps_areas(move: marbling.Move) -> None:
    # A disc clear of the drop's centre, as a fine polygon: its area by the shoelace formula, before and after.
    turn = np.linspace(0, 2 * np.pi, 20001)[:-1]
    x, y = move.forward(0.72 + 0.2 * np.cos(turn), 0.62 + 0.2 * np.sin(turn))
    area = 0.5 * abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    assert area == pytest.approx(np.pi * 0.2**2, rel=1e-3)


def test_a_drop_pushes_a_ring_out_by_its_own_area() -> None:
    drop = marbling.Drop(0.5, 0.5, 0.3, 0)
    x, y = drop.forward(np.array([0.9]), np.array([0.5]))
    assert x[0] - 0.5 == pytest.approx(0.5)  # 0.4^2 + 0.3^2 = 0.5^2
    assert y[0] == 0.5


# Woodcut.


def test_the_gouge_takes_away_what_is_asked() -> None:
    size = (300, 300)
    gouge = blocks.Gouge(np.random.default_rng(0), size)
    x, y = canvas.coordinates(size)
    lines = y / 0.05 + 0 * x

    def share(light: float) -> float:
        return float(gouge.cut(lines, x + 0 * y, np.full(size[::-1], light, np.float32), 0.1).mean())

    assert share(0.0) == 0
    assert share(1.2) > 0.95
    # Half a line wide in the middle, tapering as 1 - |v|^3 whose mean over -1..1 is 3/4.
    assert share(0.5) == pytest.approx(0.375, abs=0.03)


def test_what_is_put_near_a_place_is_put_on_the_print() -> None:
    sheet = blocks.Print(np.random.default_rng(0), (60, 40))
    sheet.cool[:] = True
    spot = sheet.near(0.5, 0.25, 0.1)
    spot.put(np.ones_like(spot.key), key=True)
    rows, columns = np.nonzero(sheet.key)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (24, 35, 9, 20)
    assert not sheet.cool[sheet.key].any()
    assert sheet.near(3, 3, 0.1).key.size == 0


def test_a_print_shows_nothing_but_its_inks() -> None:
    palette = make_examples.PALETTES["woodcut"]
    # Without averaging, each pixel is one ink, a little uneven.
    image = woodcut.paint(np.random.default_rng(1), (320, 240), palette, supersampling=1)
    distance = np.abs(pixels(image)[..., None, :] - canvas.rgb(palette)).max(-1)
    assert distance.min(-1).max() < 0.12
    shares = np.bincount(distance.argmin(-1).ravel(), minlength=5) / distance[..., 0].size
    assert shares.min() > 0.03
    assert 0.2 < shares[4] < 0.6


# Stained glass.


# Pointillism.


def test_dots_mix_in_the_eye() -> None:
    flat = Image.new("RGB", (120, 90), "#9a8fb0")
    palette = make_examples.PALETTES["pointillism"]
    image = pointillism.paint(np.random.default_rng(0), (120, 90), palette, flat)
    wanted = canvas.oklab(canvas.rgb(["#9a8fb0"]))[0] * (1, 1.5, 1.5)
    seen = canvas.oklab(pixels(image).astype(np.float32)).mean((0, 1))
    np.testing.assert_allclose(seen, wanted, atol=0.05)
    calm = pointillism.paint(np.random.default_rng(0), (120, 90), palette, flat, vibration=0)
    assert pixels(image).std((0, 1)).mean() > 1.5 * pixels(calm).std((0, 1)).mean()  # yet neighbours differ


# Painters of the training set.


@pytest.mark.parametrize("name", [name for name in AFTER_PHOTOGRAPHS if name != "shards"])
def test_its_photograph_is_recognised(name: str) -> None:
    image = AFTER_PHOTOGRAPHS[name](np.random.default_rng(3), (120, 80), INKS, photograph())
    coarse = pixels(image.resize((12, 8), Image.Resampling.BOX)).mean(-1)
    wanted = pixels(photograph().resize((12, 8), Image.Resampling.BOX)).mean(-1)
    assert np.corrcoef(coarse.ravel(), wanted.ravel())[0, 1] > 0.6


# Palettes.


# Regions.


def test_kuwahara_keeps_a_step_and_calms_its_sides() -> None:
    rng = np.random.default_rng(0)
    step = np.where(np.arange(40) < 20, 0.2, 0.8)[None, :, None] + np.zeros((40, 40, 3))
    np.testing.assert_allclose(regions.kuwahara(step, 4), step, atol=1e-6)
    noisy = step + rng.normal(0, 0.05, step.shape)
    assert (regions.kuwahara(noisy, 4) - step).std() < 0.6 * (noisy - step).std()


def test_two_colours_are_two_areas() -> None:
    image = np.zeros((30, 40, 3), np.float32)
    image[:, 20:] = (0.9, 0.5, 0.1)
    centres = regions.clusters(np.random.default_rng(1), image, 2)
    labels = regions.areas(image, centres, 0.5, scale=2)
    assert labels.shape == (60, 80)
    assert len(np.unique(labels[:, :38])) == len(np.unique(labels[:, 42:])) == 1
    assert labels[0, 0] != labels[0, -1]
    # The last pixel of the left half is on the border, and each one further left is one further away.
    halves = np.repeat([[0] * 5 + [1] * 5], 3, 0)
    assert regions.from_borders(halves)[1].tolist() == [4, 3, 2, 1, 0, 1, 2, 3, 4, 5]


# Oil.

PLAIN = oil.Manner(hue=0, value=0, streak=0, relief=0)


def test_a_plain_hand_paints_a_plain_wall_plain() -> None:
    image = oil.paint(np.random.default_rng(0), SMALL, ("#808080",), Image.new("RGB", SMALL, "#808080"), hand=PLAIN)
    assert np.abs(pixels(image) - 128 / 255).max() < 0.01
    lit = oil.paint(
        np.random.default_rng(0), SMALL, ("#808080",), Image.new("RGB", SMALL, "#808080"), hand=oil.Manner(relief=1.0)
    )
    assert pixels(lit).std() > 0.03


def test_strokes_follow_contours() -> None:
    x = np.linspace(0, 40, 120, dtype=np.float32)
    stripes = np.broadcast_to(0.5 + 0.4 * np.sin(x), (120, 120))
    along = oil.directions(np.random.default_rng(0), stripes, oil.Manner(flow=0.0))
    upright = np.abs(np.sin(along[20:-20, 20:-20])).mean()  # as the stripes are
    free = oil.directions(np.random.default_rng(0), stripes, oil.Manner(flow=1.0))
    assert upright > 0.85 > np.abs(np.sin(free[20:-20, 20:-20])).mean()


# Washes, pen, tiles, facets, shapes, writing, surfaces.


def test_ink_and_watercolour_leave_their_paper_bare() -> None:
    white = Image.new("RGB", SMALL, "white")
    sheet = wash.ink(np.random.default_rng(0), SMALL, ("#101010", "#f0e0c0"), white)
    np.testing.assert_allclose(pixels(sheet).mean((0, 1)), canvas.rgb(["#f0e0c0"])[0], atol=0.06)
    rim = wash.watercolour(np.random.default_rng(0), (96, 96), ("#ffffff",), photograph(), border=True)
    assert pixels(rim)[0].min() > 0.97
    assert pixels(rim)[30:60, 30:60].mean() < 0.9


def test_a_print_has_no_more_inks_than_blocks() -> None:
    image = ukiyoe.paint(
        np.random.default_rng(0),
        SMALL,
        ("#203050", "#e0c090"),
        photograph(),
        blocks=2,
        line=0,
        own_colours=0,
        gradients=0,
    )
    distance = np.abs(pixels(image)[:, :, None] - canvas.rgb(["#203050", "#e0c090"])).max(-1)
    assert (distance.min(-1) < 0.06).mean() > 0.9  # all but the blended pixels along the border
    assert distance.argmin(-1).std() > 0.2


def test_writing_is_ink_on_paper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(calligraphy, "COMMON", (ord("A"), ord("Z") + 1))
    fonts = SimpleNamespace(truetype=lambda path, size: ImageFont.load_default(size))
    monkeypatch.setattr(calligraphy, "ImageFont", fonts)
    written = calligraphy.paint(
        np.random.default_rng(0), (128, 96), ("#000000", "#ffffff"), font=tmp_path, rows=2, seal="#ff0000"
    )
    red, green, _ = np.moveaxis(pixels(written), -1, 0)
    assert 0.02 < (red < 0.4).mean() < 0.5
    assert 0.002 < (red - green > 0.5).mean() < 0.05  # the seal

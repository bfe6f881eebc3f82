"""The procedural painters in recipes/: the maps and shares that are known on paper, and each craft's own mark."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recipes import make_examples
from recipes.painters import blocks, canvas, marbling, pointillism, stained_glass, window, woodcut

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


@pytest.mark.parametrize("name", PAINTERS)
@pytest.mark.parametrize("size", [(48, 96), (64, 64), (96, 40)])
def test_any_aspect_ratio(name: str, size: tuple[int, int]) -> None:
    image = PAINTERS[name](np.random.default_rng(0), size, make_examples.PALETTES[name], supersampling=1)
    assert image.size == size
    assert pixels(image).std() > 0.05


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


def test_colours_are_read_from_hex() -> None:
    np.testing.assert_allclose(canvas.rgb(["#ff0080", "#000000"]), [[1, 0, 128 / 255], [0, 0, 0]])


def test_oklab_of_white_grey_and_back() -> None:
    np.testing.assert_allclose(canvas.oklab(np.ones((1, 3), np.float32)), [[1, 0, 0]], atol=1e-4)
    grey = canvas.oklab(np.full((1, 3), 0.5, np.float32))
    assert grey[0, 0] == pytest.approx(0.2140411 ** (1 / 3), abs=1e-4)  # the cube root of the linear light of sRGB 0.5
    colours = np.random.default_rng(0).uniform(0, 1, (50, 3)).astype(np.float32)
    np.testing.assert_allclose(canvas.from_oklab(canvas.oklab(colours)), colours, atol=1e-3)


def test_noise_shows_the_same_bumps_at_every_size() -> None:
    small = canvas.noise(np.random.default_rng(3), (64, 48), 0.2, 2)
    large = canvas.noise(np.random.default_rng(3), (256, 192), 0.2, 2)
    np.testing.assert_allclose(large.reshape(48, 4, 64, 4).mean((1, 3)), small, atol=0.05)
    assert -1.6 < large.min() < -0.4
    assert 0.4 < large.max() < 1.6


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


def test_a_drop_in_a_drop_leaves_a_ring() -> None:
    x, y = np.broadcast_arrays(*canvas.coordinates((400, 400)))
    drops = [marbling.Drop(0.5, 0.5, 0.3, 0), marbling.Drop(0.5, 0.5, 0.2, 1)]
    ink, rim = marbling.inks_at(drops, x.ravel(), y.ravel())
    assert (ink == 1).mean() == pytest.approx(np.pi * 0.2**2, abs=1e-3)
    assert (ink == 0).mean() == pytest.approx(np.pi * 0.3**2, abs=1e-3)
    assert (ink == -1).mean() == pytest.approx(1 - np.pi * 0.13, abs=2e-3)
    assert rim[ink >= 0].max() > 0.98
    assert rim[ink == -1].max() == 0


def test_tines_pull_most_where_they_pass() -> None:
    comb = marbling.Comb(0.0, 0.1, 0.2, 0.05, 0.02)
    assert comb.shift(np.array([0.1, 0.3, 0.5])) == pytest.approx([0.05] * 3)
    assert comb.shift(np.array([0.2]))[0] == pytest.approx(0.05 / np.cosh(5))
    rake = marbling.Comb(0.0, 0.1, 0.2, 0.05, 0.02, alternate=True)
    assert rake.shift(np.array([0.1, 0.2, 0.3])) == pytest.approx([0.05, 0, -0.05], abs=1e-9)


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


def test_lead_frames_every_pane() -> None:
    image = stained_glass.paint(np.random.default_rng(6), (400, 300), make_examples.PALETTES["stained-glass"])
    dark = pixels(image).max(-1) < 0.25
    assert 0.08 < dark.mean() < 0.4
    # Along any row across the window one meets lead again and again, with glass between.
    crossings = np.diff(dark.astype(int), axis=1) == 1
    assert crossings.sum(1)[30:270].mean() > 8


def test_a_photograph_of_one_colour_has_panes_but_one_kind_of_glass() -> None:
    palette = ("#d02030", "#2040c0")
    image = stained_glass.paint(
        np.random.default_rng(0), (240, 160), palette, Image.new("RGB", (90, 60), "#c82838"), panes=40
    )
    red, _, blue = pixels(image).mean((0, 1))
    assert red > 2 * blue
    assert (pixels(image).max(-1) < 0.25).mean() > 0.02


def test_the_window_has_all_its_parts() -> None:
    drawn = window.landscape(np.random.default_rng(0), (240, 180))
    parts = set(np.unique(drawn.part))
    assert {1, 2, 3, 4, window.RIVER, window.BORDER, window.BORDER + 1} <= parts
    assert sum(window.FLOWERS <= part < window.FLOWERS + 30 for part in parts) >= 5
    assert drawn.tone.max() <= len(window.ROLES) - 1
    assert len(make_examples.PALETTES["stained-glass"]) == len(window.ROLES)


# Pointillism.


def test_dots_cover_the_canvas() -> None:
    # The ground is a blurred grey; the only pigment is red and white: what is not red is not covered.
    grey = Image.new("RGB", (120, 90), "#707070")
    image = pointillism.paint(np.random.default_rng(0), (120, 90), ("#ff0000",), grey, vibration=0.5)
    red, green, _ = np.moveaxis(pixels(image), -1, 0)
    assert (red - green > 0.15).mean() > 0.97


def test_dots_mix_in_the_eye() -> None:
    flat = Image.new("RGB", (120, 90), "#9a8fb0")
    palette = make_examples.PALETTES["pointillism"]
    image = pointillism.paint(np.random.default_rng(0), (120, 90), palette, flat)
    wanted = canvas.oklab(canvas.rgb(["#9a8fb0"]))[0] * (1, 1.5, 1.5)
    seen = canvas.oklab(pixels(image).astype(np.float32)).mean((0, 1))
    np.testing.assert_allclose(seen, wanted, atol=0.05)
    calm = pointillism.paint(np.random.default_rng(0), (120, 90), palette, flat, vibration=0)
    assert pixels(image).std((0, 1)).mean() > 1.5 * pixels(calm).std((0, 1)).mean()  # yet neighbours differ


def test_without_vibration_a_dot_has_the_colour_of_its_place() -> None:
    photo = photograph()
    image = pointillism.paint(np.random.default_rng(0), (120, 80), ("#00ff00",), photo, radius=0.01, vibration=0)
    wanted = canvas.oklab(pixels(photo).astype(np.float32)) * (1, 1.5, 1.5)
    error = np.abs(pixels(image) - canvas.from_oklab(wanted.astype(np.float32))).mean()
    assert error < 0.04

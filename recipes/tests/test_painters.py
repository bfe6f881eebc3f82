"""The procedural painters in recipes/: the maps and shares that are known on paper, and each craft's own mark."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFont

from recipes import make_examples
from recipes.painters import (
    calligraphy,
    canvas,
    hatching,
    marbling,
    mosaic,
    oil,
    pointillism,
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
AFTER_PHOTOGRAPHS = {
    "oil": oil.paint,
    "ukiyo-e": ukiyoe.paint,
    "watercolour": wash.watercolour,
    "ink": wash.ink,
    "hatching": hatching.paint,
    "mosaic": mosaic.paint,
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


@pytest.mark.parametrize("name", ["stained-glass", "woodcut", "pointillism", *AFTER_PHOTOGRAPHS])
def test_a_photograph_is_recognised(name: str) -> None:
    paint, inks = AFTER_PHOTOGRAPHS.get(name) or PAINTERS[name], make_examples.PALETTES.get(name, INKS)
    image = paint(np.random.default_rng(3 if name in AFTER_PHOTOGRAPHS else 0), (120, 80), inks, photograph())
    coarse = pixels(image.resize((12, 8), Image.Resampling.BOX)).mean(-1)
    wanted = pixels(photograph().resize((12, 8), Image.Resampling.BOX)).mean(-1)
    assert np.corrcoef(coarse.ravel(), wanted.ravel())[0, 1] > 0.6


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

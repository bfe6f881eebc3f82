"""Every recipe is there, says what it takes, and every painter paints: the part of these tests that CI runs."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import recipes
from recipes.make_examples import PALETTES

MODULES = sorted(module.name for module in pkgutil.walk_packages(recipes.__path__, "recipes."))


def scripts() -> list[str]:
    """The modules whose main() takes arguments."""
    found = []
    for name in MODULES:
        main = getattr(importlib.import_module(name), "main", None)
        if main is not None and inspect.signature(main).parameters:
            found.append(name)
    return found


def test_every_recipe_is_imported() -> None:
    assert len([importlib.import_module(name) for name in MODULES]) > 40


@pytest.mark.parametrize("name", scripts())
def test_a_script_says_what_it_takes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(name).main(["--help"])
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["marbling", "pointillism", "stained_glass", "woodcut"])
def test_a_painter_paints_the_same_picture_again(name: str) -> None:
    paint, palette = importlib.import_module(f"recipes.painters.{name}").paint, PALETTES[name.replace("_", "-")]
    first, second = (np.asarray(paint(np.random.default_rng(3), (96, 72), palette)) for _ in range(2))
    assert first.std() > 5
    assert (first == second).all()

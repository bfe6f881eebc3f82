"""The finished_grid example of the tab "Generate": what the model makes, shown before it is loaded."""

from pathlib import Path
from typing import Any

import pytest
from PIL import ImageChops, ImageStat
from running_page import TinyStudio

from deepart import GANPipeline
from deepart.cache import Studio
from deepart.images import load_image, settings
from deepart.ui.finished import FIRST_SEED, PICTURES, finished_grid
from deepart.ui.jobs import Jobs
from deepart.ui.widgets import shown_directions
from recipes import first_generate


class Idle(Studio):
    """A studio in which no generator may be loaded."""

    def gan(self, name: str | None = None) -> GANPipeline:
        raise AssertionError(f"The generator {name} is loaded.")


def lay(studio: Studio, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    import gradio as gr

    from deepart.ui.generate import GenerateTab

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    with gr.Blocks() as app:
        return GenerateTab(app, studio, Jobs())


@pytest.fixture
def tab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    return lay(Idle(device="cpu"), tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def landscapes() -> GANPipeline:
    return GANPipeline.from_pretrained(device="cpu")


def test_the_committed_pictures_are_what_the_model_makes(landscapes: GANPipeline) -> None:
    pieces, names = finished_grid(Idle(device="cpu"))
    assert names == landscapes.directions
    assert [one.seed for one in pieces] == list(range(FIRST_SEED, FIRST_SEED + PICTURES))
    for one, made in zip(pieces, landscapes.generate(PICTURES, seed=FIRST_SEED), strict=True):
        assert one.made == settings(made)
        painted = load_image(one.path)
        assert painted.size == (first_generate.SIZE,) * 2
        difference = ImageStat.Stat(ImageChops.difference(painted.resize(made.size), made)).mean
        assert sum(difference) / 3 < 25  # the same composition in the same colours


def test_another_model_has_no_example(tiny_studio: TinyStudio) -> None:
    assert finished_grid(tiny_studio) == ([], ())


def test_the_sliders_have_the_names_of_the_directions(tab: Any, landscapes: GANPipeline) -> None:
    shown = [slider.label for slider in tab.chosen.sliders.all if slider.visible]
    assert shown == [name.capitalize() for name in shown_directions(landscapes.directions)]


def test_a_link_sets_controls_of_the_tab(tab: Any) -> None:
    assert {name: part.value for name, part in tab.linked.items()} == {
        "model": "landscapes", "seed": FIRST_SEED, "count": PICTURES, "truncation": 1.0, "painted": True, "size": 768,
        "mutation": 0.2, "children": 12,
        "walk": "1, 2, 3", "frames": 48,
    }  # fmt: skip

"""The finished_grid example of the tab "Generate": what the model makes, shown before it is loaded."""

from pathlib import Path
from typing import Any

import pytest
from gradio.context import LocalContext
from PIL import ImageChops, ImageStat
from running_page import Request, TinyStudio

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


def test_the_tab_opens_with_the_example(tab: Any, landscapes: GANPipeline) -> None:
    grid, chosen = tab.grid, tab.chosen
    pieces = grid.pieces.value
    assert len(grid.gallery.value) == len(pieces) == PICTURES
    assert chosen.piece.value == pieces[0]
    assert chosen.download.value["path"] == pieces[0].path
    assert first_generate.FOLDER not in Path(pieces[0].path).parents  # other formats are written beside it
    assert f'alt="Seed {FIRST_SEED}, painted"' in chosen.stage.value
    last = FIRST_SEED + PICTURES - 1
    assert grid.told.value == f'<p class="da-note">Seeds {FIRST_SEED} to {last} · variety 1</p>'
    shown = [slider.label for slider in chosen.sliders.all if slider.visible]
    assert shown == [name.capitalize() for name in shown_directions(landscapes.directions)]
    taken = chosen.take(pieces[2])  # loads nothing, as Idle would tell
    assert taken[chosen.piece].seed == FIRST_SEED + 2


def test_what_is_there_from_the_beginning_is_said_in_chinese(tab: Any) -> None:
    grid, chosen = tab.grid, tab.chosen
    assert set(tab._speak()) == {grid.told}  # in English it stands there already
    token = LocalContext.request.set(Request("zh-CN"))  # type: ignore[arg-type]
    try:
        said = tab._speak()
    finally:
        LocalContext.request.reset(token)
    assert f"种子 {FIRST_SEED} 到 {FIRST_SEED + PICTURES - 1} · 多样性 1" in said[grid.told]
    assert said[grid.gallery].constructor_args["value"][3][1] == f"种子 {FIRST_SEED + 3}"
    assert f"种子 {FIRST_SEED}" in said[chosen.title]
    assert not said[chosen.sliders.all[0]].constructor_args["label"].isascii()


def test_a_link_sets_controls_of_the_tab(tab: Any) -> None:
    assert {name: part.value for name, part in tab.linked.items()} == {
        "model": "landscapes", "seed": FIRST_SEED, "count": PICTURES, "truncation": 1.0, "painted": True, "size": 768,
        "mutation": 0.2, "children": 12,
        "walk": "1, 2, 3", "frames": 48,
    }  # fmt: skip

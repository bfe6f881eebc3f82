"""The parts of the page that need no browser: jobs, time left, sentences, examples, wiring."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from PIL import Image
from running_page import Page, TinyStudio

from deepart import memory, registry
from deepart.errors import OptionError
from deepart.images import load_image
from deepart.ui import build_app
from deepart.ui.examples import TITLES, example_files, example_of
from deepart.ui.i18n import ABOUT
from deepart.ui.inputs import EXAMPLES, sentences
from deepart.ui.models import style_models
from deepart.ui.page import launch_options
from deepart.ui.run import progress
from deepart.ui.serving import serving_options
from deepart.ui.widgets import stage

RED = Image.new("RGB", (16, 16), "red")


def test_a_served_page_keeps_freed_memory_in_few_pools(
    tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(memory, "few_arenas", lambda: asked.append("few arenas"))
    serving_options(build_app(tiny_studio).queue(), tiny_studio)
    assert asked == ["few arenas"]


@pytest.mark.parametrize("at_once", [1, 5])
def test_a_page_lets_as_many_run_as_its_studio_says(
    tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(TinyStudio, "at_once", at_once)
    page = build_app(tiny_studio)
    limits = {fn.concurrency_limit for fn in page.fns.values() if fn.concurrency_id == "gpu"}
    assert limits == {at_once}
    said = " ".join(str(block.value) for block in page.blocks.values() if isinstance(block, gr.HTML))
    assert ("on this machine." in said) == (at_once == 1)
    assert ("whoever offers this page" in said) == (at_once > 1)


def test_the_ways_are_those_of_the_pipelines(tiny_studio: TinyStudio) -> None:
    ways = style_models()
    assert [(name, way.ours) for name, way in ways.items()] == [("fast", True), ("fine", True), ("fine-vgg19", False)]
    for name, way in list(ways.items())[:2]:
        pipeline = tiny_studio.style(name)
        assert (way.one_pass, way.max_side) == (pipeline.one_pass, pipeline.max_side)
        assert way.sentence.startswith(f"{way.title} ")


def test_a_size_goes_as_far_as_the_way_does() -> None:
    fast, fine, _ = style_models().values()
    assert (fast.size("cpu"), fine.size("cpu")) == (768, 384)
    assert (fast.size("cpu", 1536), fine.size("cpu", 1536), fine.size("cpu", 500)) == (1536, 1024, 500)
    assert (fast.most("cpu"), fast.most("cuda"), fine.most("cpu")) == (2048, 4096, 1024)


def test_the_page_opens_with_one_style_model_of_either_kind(
    tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, endpoints in (("fine", ["models", "stylize"]), ("fast", ["models", "sheet", "stylize"])):
        features = {key: spec for key, spec in registry.REGISTRY.items() if key[0] == registry.FEATURES}
        only = features | {("style", name): dataclasses.replace(registry.REGISTRY["style", name], default=True)}
        with monkeypatch.context() as patch:
            patch.setattr(registry, "REGISTRY", only)
            events = build_app(tiny_studio).fns.values()
        assert sorted(event.api_name for event in events if event.api_visibility == "public") == endpoints


def test_an_example_is_known_by_its_content(tmp_path: Path) -> None:
    example = EXAMPLES / "style" / "woodcut.webp"
    copy, other, gone = tmp_path / "image.webp", tmp_path / "woodcut.webp", tmp_path / "gone.webp"
    copy.write_bytes(example.read_bytes())
    RED.save(other)
    assert [example_of(str(path)) for path in (copy, other, gone)] == [example, None, None]


def test_words_do_not_become_html() -> None:
    for text in (stage(None, "<b>"), stage(RED, '"<b>'), progress(0.5, "<b>")):
        assert "<b>" not in text
        assert '""' not in text
    assert 'value="50.0"' in progress(0.5, "half")
    assert "value=" not in progress(None, "waiting")


def test_a_mistake_becomes_its_sentence(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(gr.Error) as caught, sentences():
        raise OptionError("The size is 0.")
    assert (caught.value.message, caught.value.print_exception) == ("The size is 0.", False)
    assert caplog.records == []


def test_our_own_fault_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as caught, sentences():
        raise RuntimeError("/home/somebody/secret")
    assert caught.value.message == "Something went wrong on our side; please try again."
    assert "/home/somebody/secret" in caplog.text


def test_every_example_has_a_name_and_can_be_read() -> None:
    files = example_files("content", "style", "paintings")
    on_disk = [path for folder in ("content", "style", "paintings") for path in (EXAMPLES / folder).iterdir()]
    assert sorted(files) == sorted(on_disk)
    assert sorted(path.stem for path in files) == sorted(TITLES)
    assert [len(example_files(name)) for name in ("content", "style", "paintings")] == [3, 4, 8]
    for path in files:
        load_image(path)


def test_the_theme_fetches_nothing() -> None:
    theme = launch_options()["theme"]
    assert theme._stylesheets == []
    assert "http" not in theme._get_theme_css().replace("http://www.w3.org/2000/svg", "")


def test_launch_options() -> None:
    options = launch_options()
    assert options["max_file_size"] == "40mb"
    assert options["show_error"] is False
    assert options["allowed_paths"] == [str(EXAMPLES)]


def test_all_heavy_work_shares_one_place(page: Page) -> None:
    events: dict[str, Any] = {event.name: event for event in page.blocks.fns.values()}
    heavy = [event for event in page.blocks.fns.values() if event.concurrency_id == "gpu"]
    style = {"_paint", "_paint_sheet", "_sheet", "_stylize"}
    endpoints = {"_generate", "_walk", "_mix", "_breed", "_project"}  # and of the same names, work of the page
    generate = {"_make", "_sweep", "_change", "_apply", "_find", "_read"}
    vae = {"_reconstruct", "_vary", "_morph", "_sample", "_draw", "_draw_one", "_combine"}  # and "_change" again
    assert {event.name for event in heavy} == style | endpoints | generate | vae
    assert all(event.concurrency_limit == 1 for event in heavy)
    public = [event.api_name for event in events.values() if event.api_visibility == "public"]
    assert sorted(public) == [
        "breed", "generate", "mix", "models", "morph", "project", "reconstruct", "sample", "sheet", "stylize", "vary",
        "walk",
    ]  # fmt: skip
    at_once = [event for event in events.values() if event.name in ("stop", "_rest", "resting", "_models")]
    assert len(at_once) == 4
    assert all(event.queue is False for event in at_once)


def test_the_page_holds_nothing_of_this_machine(page: Page) -> None:
    """Paths of the cache are there, since Gradio's addresses are made of them; those of the program are not."""
    assert str(EXAMPLES.parents[2]) not in str(page.blocks.config)


@pytest.mark.parametrize("task", registry.TASKS)
def test_how_it_works_has_a_caption_three_paragraphs_and_papers(task: str) -> None:
    caption, *paragraphs, reading, papers = ABOUT[task].strip().split("\n\n")
    assert (len(paragraphs), reading, caption[0]) == (3, "To read on:", "*")
    assert len(papers.splitlines()) == 3

"""The parts of the page that need no browser: jobs, time left, sentences, examples, wiring."""

import logging
import threading
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from running_page import Page, TinyStudio, until

from deepart import memory
from deepart.errors import OptionError
from deepart.images import load_image, save_png
from deepart.ui import build_app
from deepart.ui.examples import example_of
from deepart.ui.inputs import EXAMPLES, sentences
from deepart.ui.models import style_models
from deepart.ui.page import launch_options
from deepart.ui.run import progress
from deepart.ui.serving import serving_options
from deepart.ui.widgets import IMAGE_FORMATS, converted, stage

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
    jobs, go, running = page.jobs, threading.Event(), list[int]()  # type: ignore[attr-defined]
    for who in range(at_once + 1):
        steps = jobs.stream(
            SimpleNamespace(session_hash=str(who)), lambda callback: running.append(1) or go.wait(60), ""
        )
        threading.Thread(target=list, args=[steps]).start()
    until(lambda: (len(running), jobs.waiting) == (at_once, 1))
    go.set()
    until(lambda: jobs.running == 0)
    said = " ".join(str(block.value) for block in page.blocks.values() if isinstance(block, gr.HTML))
    assert ("on this machine." in said) == (at_once == 1)
    assert ("whoever offers this page" in said) == (at_once > 1)


def test_the_ways_are_those_of_the_pipelines(tiny_studio: TinyStudio) -> None:
    ways = style_models()
    assert [(name, way.ours) for name, way in ways.items()] == [("fine", True), ("fast", True), ("fine-vgg19", False)]
    for name, way in list(ways.items())[:2]:
        pipeline = tiny_studio.style(name)
        assert (way.one_pass, way.max_side) == (pipeline.one_pass, pipeline.max_side)
        assert way.sentence.startswith(f"{way.title} ")


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


def test_the_theme_fetches_nothing() -> None:
    theme = launch_options()["theme"]
    assert theme._stylesheets == []
    assert "http" not in theme._get_theme_css().replace("http://www.w3.org/2000/svg", "")


def test_all_heavy_work_shares_one_place(page: Page) -> None:
    events = list(page.blocks.fns.values())
    public = {event.api_name: event.concurrency_id for event in events if event.api_visibility == "public"}
    assert sorted(public) == [
        "breed", "generate", "mix", "models", "morph", "paint", "project", "reconstruct", "sample", "sheet", "stylize",
        "vary", "walk",
    ]  # fmt: skip
    assert {name for name, place in public.items() if place != "gpu"} == {"models"}
    beside = [event for event in events if event.name == "event" and event.concurrency_id != "gpu"]
    assert len(beside) == 3  # downloads of models
    assert not any(event.queue for event in events if event.name == "_stop")


@pytest.mark.parametrize("kind", IMAGE_FORMATS)
def test_a_result_in_each_format(tmp_path: Path, kind: str) -> None:
    ramp = Image.fromarray(np.tile(np.arange(64, dtype=np.uint8)[:, None, None] * 3, (1, 48, 3)))
    save_png(ramp, tmp_path / "deepart-fast-7.png")
    path = Path(converted(str(tmp_path / "deepart-fast-7.png"), kind, str(tmp_path / "cache")))
    with Image.open(path) as image:
        assert (image.format, image.size, path.stem) == (kind, (48, 64), "deepart-fast-7")
    error = np.abs(np.asarray(load_image(path), np.float64) - np.asarray(ramp, np.float64)).mean()
    assert error == 0 if kind == "PNG" else error < 2
    assert sorted(one.name for one in tmp_path.glob("*.*")) == ["deepart-fast-7.png"]  # nothing beside the original


def test_the_page_holds_nothing_of_this_machine(page: Page) -> None:
    """Paths of the cache are there, since Gradio's addresses are made of them; those of the program are not."""
    assert str(EXAMPLES.parents[2]) not in str(page.blocks.config)

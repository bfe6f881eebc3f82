"""The parts of the page that need no browser: jobs, time left, sentences, examples, wiring."""

from __future__ import annotations

import base64
import dataclasses
import html
import io
import json
import logging
import re
import threading
from collections.abc import Callable
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
from deepart.ui.inputs import EXAMPLES, sentences
from deepart.ui.models import style_models
from deepart.ui.page import HOW, how_html, launch_options, picture_html
from deepart.ui.run import (
    Callback,
    Clock,
    Job,
    Jobs,
    Moment,
    Pace,
    Starter,
    by_itself,
    corrections,
    duration,
    passes,
    progress,
)
from deepart.ui.serving import serving_options
from deepart.ui.widgets import stage
from deepart.ui.work import StyleRequests

RED = Image.new("RGB", (16, 16), "red")


class Steps:
    """Work of so many steps, with a preview at each second one, that waits before each until it may go on."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.allowed = threading.Semaphore(0)
        self.done = 0

    def __call__(self, callback: Callback) -> Image.Image:
        for step in range(1, self.count + 1):
            assert self.allowed.acquire(timeout=60)
            self.done = step
            callback(step, self.count, RED if step % 2 == 0 else None)
        return RED

    def allow(self, steps: int) -> None:
        self.allowed.release(steps)


def watch_until(job: Job[Any], enough: Callable[[Moment], bool]) -> Moment:
    """Watch a job until a moment is enough."""
    for moment in job.watch(every=0.01, pause=0):
        if enough(moment):
            return moment
    return job.moment


def test_a_job_tells_its_moments_and_its_result() -> None:
    work = Steps(3)
    with Jobs().run("visitor", work) as job:
        assert watch_until(job, lambda moment: True) == Moment()
        work.allow(2)
        assert watch_until(job, lambda moment: moment.step == 2) == Moment(2, 3, RED, 2)
        work.allow(1)
        assert watch_until(job, lambda moment: False) == Moment(3, 3, RED, 2)
        assert job.result() is RED


def test_of_work_that_is_soon_done_there_is_nothing_to_tell() -> None:
    work = Steps(1)
    with Jobs().run("visitor", work) as job:
        work.allow(1)
        assert list(job.watch(patience=60)) == []
        assert job.result() is RED
    with Jobs().run("visitor", Steps(2)) as job:
        assert next(job.watch(patience=0.01)) == Moment()


def test_a_browser_shows_by_itself_that_a_click_was_understood() -> None:
    with gr.Blocks():
        starter = Starter("Paint")
        starter.lay_status()
        box = gr.Textbox()
    script = by_itself(lambda: starter.waiting() | {box: gr.update(interactive=False)})
    begin, chinese, english = re.fullmatch(r"(.+? \?) (\[.*\]) : (\[.*\])", script).groups()  # type: ignore[union-attr]
    assert begin == "() => navigator.language.toLowerCase().startsWith('zh-') ?"
    for language, words in ((english, "In the queue"), (chinese, "排队中")):
        start, leave, stop, hint, bar, last = json.loads(language)
        assert [part["visible"] for part in (start, leave, stop, hint, bar)] == [False, True, False, False, True]
        assert words in bar["value"]
        assert last == {"__type__": "update", "interactive": False}


def test_what_stop_says_once_it_is_pressed_stays() -> None:
    with gr.Blocks():
        starter = Starter("Paint")
        starter.lay_status()
    work = Steps(1)
    changes = starter.follow(Jobs(), "visitor", work, "Painting")
    first, second = next(changes), next(changes)
    work.allow(1)
    assert starter.stop in first
    assert set(second) == {starter.bar}
    assert all(set(more) == {starter.bar} for more in changes)


def test_a_served_page_keeps_freed_memory_in_few_pools(
    tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(memory, "few_arenas", lambda: asked.append("few arenas"))
    serving_options(build_app(tiny_studio).queue(), tiny_studio)
    assert asked == ["few arenas"]


def test_the_first_use_of_a_model_says_that_it_is_loaded(tiny_studio: TinyStudio) -> None:
    with gr.Blocks():
        starter = Starter("Paint")
        starter.lay_status()
    assert list(starter.loading(tiny_studio, "style", "fast")) == []
    del tiny_studio.tiny["fast"]  # and so it is the one of the repository
    [changes] = starter.loading(tiny_studio, "style", "fast")
    assert "Loading the model" in changes[starter.bar]
    tiny_studio.style("fast")
    assert list(starter.loading(tiny_studio, "style", "fast")) == []


def test_as_many_jobs_run_at_once_as_there_are_places() -> None:
    jobs, go = Jobs(2), threading.Event()
    running: list[int] = []
    both = threading.Barrier(3)

    def work(callback: Callback) -> int:
        running.append(1)
        if len(running) <= 2:
            both.wait(60)  # passes only where two run at once
        assert go.wait(60)
        return len(running)

    with jobs.run("a", work) as first, jobs.run("b", work) as second, jobs.run("c", work) as third:
        both.wait(60)
        assert len(running) == 2  # the third waits for a place
        go.set()
        for job in (first, second, third):
            for _ in job.watch(every=0.01, pause=0):
                pass
        assert third.result() == 3


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


def test_a_stopped_job_does_no_other_step() -> None:
    work, jobs = Steps(9), Jobs()
    with jobs.run("visitor", work) as job:
        work.allow(2)
        watch_until(job, lambda moment: moment.step == 2)
        jobs.stop("visitor")
        work.allow(7)
        last = watch_until(job, lambda moment: False)
        assert job.result() is None
    assert work.done == 3  # the third was begun, or could have been
    assert last == Moment(3, 9, RED, 2)


def test_a_job_stopped_in_its_last_step_keeps_what_is_made() -> None:
    begun, go, jobs = threading.Event(), threading.Event(), Jobs()

    def work(callback: Callback) -> Image.Image:
        begun.set()
        assert go.wait(60)
        callback(1, 1, None)
        return RED

    with jobs.run("visitor", work) as job:
        assert begun.wait(60)
        jobs.stop("visitor")
        go.set()
        watch_until(job, lambda moment: False)
        assert job.result() is RED


def test_only_the_own_jobs_are_stopped() -> None:
    work, jobs = Steps(4), Jobs()
    with jobs.run("one", work) as job:
        jobs.stop("another")
        jobs.stop("nobody")
        work.allow(4)
        watch_until(job, lambda moment: False)
        assert job.result() is RED


def test_what_the_work_raises_reaches_who_watches() -> None:
    def fail(callback: Callback) -> Image.Image:
        raise OptionError("The size is odd.")

    with Jobs().run("visitor", fail) as job:
        watch_until(job, lambda moment: False)
        with pytest.raises(OptionError, match="odd"):
            job.result()


def test_one_job_at_a_time() -> None:
    jobs, first, second = Jobs(), Steps(1), Steps(1)
    with jobs.run("one", first) as one, jobs.run("two", second) as two:
        second.allow(1)
        assert watch_until(two, lambda moment: True) == Moment()
        assert second.done == 0  # the first has not ended
        first.allow(1)
        watch_until(one, lambda moment: False)
        watch_until(two, lambda moment: False)
        assert (one.result(), two.result()) == (RED, RED)


def test_a_job_stopped_before_its_turn_does_nothing() -> None:
    jobs, first, second = Jobs(), Steps(1), Steps(1)
    with jobs.run("one", first):
        with jobs.run("two", second) as two:
            jobs.stop("two")
            second.allow(1)
            first.allow(1)
            watch_until(two, lambda moment: False)
        assert two.result() is None
    assert second.done == 0


def test_a_job_ends_with_its_context() -> None:
    work, jobs = Steps(5), Jobs()
    with jobs.run("visitor", work) as job:
        work.allow(1)
        watch_until(job, lambda moment: moment.step == 1)
    work.allow(4)
    watch_until(job, lambda moment: False)
    assert job.result() is None
    assert work.done == 2
    assert not jobs._running


def test_efforts() -> None:
    assert corrections([0.1, 0.2, 0.6, 1.0], (1000, 500)) == pytest.approx(1.25)  # the last is 0.4 of all
    assert corrections([1.0], (1000, 1000)) == pytest.approx(1.0)
    assert passes((1000, 500), styles=0) == pytest.approx(0.5)
    assert passes((1000, 500), styles=3) == pytest.approx(0.5 + 3 / 3)
    assert passes((1000, 500), styles=6, pictures=6) == pytest.approx(3 + 2)


def test_pace() -> None:
    pace = Pace("cpu")
    assert not pace.measured
    pace.learn(1.25, 10.0)  # 8 seconds for each
    assert pace.measured
    assert pace.estimate(2.5) == pytest.approx(20.0)
    pace.learn(0.75, 3.0)  # 4 seconds for each, and 6 on average
    assert pace.estimate(2.5) == pytest.approx(15.0)


def test_a_pace_says_what_it_is_true_of() -> None:
    pace = Pace("cpu")
    assert pace.where == "on two processor cores"
    pace.learn(1.0, 1.0)
    assert pace.where == "on this machine"


def test_the_first_guesses() -> None:
    assert Pace("cuda").estimate(1.0) < Pace("cpu").estimate(1.0) / 10
    assert Pace("cpu", one_pass=True).estimate(passes((1000, 1000), 1)) == pytest.approx(1.5 + 0.5)


def test_one_model_s_pace_says_nothing_about_another(tiny_studio: TinyStudio) -> None:
    easel = StyleRequests(tiny_studio)
    fast, fine = (easel.pace(easel.pipeline(name)) for name in ("fast", "fine"))
    before = easel.estimate("fine", (600, 400), 384, 100)
    fast.learn(1.0, 1000.0)
    assert easel.estimate("fine", (600, 400), 384, 100) == before
    assert not fine.measured
    assert easel.pace(easel.pipeline(None)) is fast


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


def test_the_time_left_goes_by_what_is_done() -> None:
    clock = Clock([0.25, 0.5, 0.75, 1.0], None)
    assert clock.left(0, 1.0) is None
    assert clock.left(1, 10.0) == pytest.approx(30.0)
    assert clock.left(1, 14.0) == pytest.approx(26.0)  # it runs down between the steps
    assert clock.left(1, 99.0) == 0.0
    assert clock.left(3, 60.0) == pytest.approx(20.0)
    assert clock.left(4, 80.0) == 0.0


def test_the_time_left_begins_with_the_estimate() -> None:
    clock = Clock([0.1, 0.2, 1.0], 100.0)
    assert clock.left(0, 0.0) == pytest.approx(100.0)
    assert clock.left(1, 20.0) == pytest.approx(0.9 * 150.0)  # halfway between 100 and the 200 of the first step
    assert clock.left(2, 40.0) == pytest.approx(0.8 * 200.0)
    assert Clock([0.01, 1.0], None).left(1, 5.0) is None  # too little to go by


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 second"), (1.6, "2 seconds"), (9.6, "10 seconds"), (12, "10 seconds"), (38, "40 seconds"),
     (57, "55 seconds"), (58, "1 minute"), (89, "1 minute"), (100, "2 minutes"), (3600, "60 minutes")],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


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
def test_how_it_works_has_ten_sentences_a_picture_and_papers(task: str) -> None:
    how = HOW[task]
    assert len(how.sentences) == len(set(how.sentences)) == 10
    assert all(sentence.endswith((".", "?")) for sentence in how.sentences)
    assert all(re.fullmatch(r"\d{4}\.\d{4,5}", number) for _, number in how.papers)
    [data] = re.findall(r'src="data:image/webp;base64,([^"]+)"', picture_html(task))
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert picture.height == 160
    assert picture.width > 600
    assert all(html.escape(sentence) in how_html(task) for sentence in how.sentences)

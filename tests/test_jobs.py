"""The one path for work: its turn, its steps, how it is stopped, and what the page shows of it."""

import json
import re
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.context import LocalContext
from PIL import Image
from running_page import until

from deepart.errors import OptionError
from deepart.ui.jobs import Callback, Jobs, Step
from deepart.ui.run import Changes, RunButton, by_itself, duration, place

RED = Image.new("RGB", (16, 16), "red")


def visitor(name: str = "visitor") -> Any:
    return SimpleNamespace(session_hash=name)


class Steps:
    """Work of so many steps, with a preview at each second one, that waits before each until it may go on."""

    def __init__(self, count: int, allowed: int = 0) -> None:
        self.count = count
        self.allowed = threading.Semaphore(allowed)
        self.done = 0

    def __call__(self, callback: Callback) -> Image.Image:
        for step in range(1, self.count + 1):
            assert self.allowed.acquire(timeout=60)
            self.done = step
            callback(step, self.count, RED if step % 2 == 0 else None)
        return RED

    def allow(self, steps: int) -> None:
        self.allowed.release(steps)


def stream(jobs: Jobs, work: Any, who: str = "visitor", name: str = "/work", **options: Any) -> Iterator[Step[Any]]:
    return jobs.stream(visitor(who), work, name, every=0.01, pause=0, **options)


def last(steps: Iterator[Step[Any]]) -> Step[Any]:
    *_, step = steps
    return step


def test_steps_and_the_result_are_told() -> None:
    work = Steps(4)
    steps = stream(Jobs(), work)
    assert (next(steps).step, next(steps).preview) == (0, None)
    work.allow(2)
    step = next(step for step in steps if step.step == 2)
    assert (step.total, step.share, step.preview, step.preview_step, step.done) == (4, 0.5, RED, 2, False)
    assert step.left is not None
    work.allow(2)
    step = last(steps)
    assert (step.done, step.made, step.share) == (True, RED, 1)


def test_a_preview_is_fresh_once() -> None:
    work = Steps(3, allowed=2)
    steps = stream(Jobs(), work)
    seen = [next(step for step in steps if step.preview is not None), next(steps), next(steps)]
    assert [step.fresh for step in seen] == [True, False, False]


def test_of_work_that_is_soon_done_there_is_only_the_end() -> None:
    [step] = stream(Jobs(), Steps(1, allowed=1), patience=60)
    assert step.made is RED
    assert not next(stream(Jobs(), Steps(2), patience=0.01)).done


def test_shares_say_how_far_it_is_where_steps_are_not_alike() -> None:
    steps = stream(Jobs(), Steps(2, allowed=1), share=lambda step, total: step**2 / total**2)
    assert next(step for step in steps if step.step == 1).share == 0.25


def test_as_many_run_at_once_as_there_are_places() -> None:
    jobs, works = Jobs(2), [Steps(1), Steps(1), Steps(1, allowed=1)]
    streams = [stream(jobs, work, str(n)) for n, work in enumerate(works)]
    for one in streams:
        next(one)
    assert works[2].done == 0  # it waits for a place
    works[0].allow(1)
    assert last(streams[2]).made is last(streams[0]).made is RED
    works[1].allow(1)
    assert last(streams[1]).made is RED


def test_stopped_work_does_no_other_step_and_keeps_its_preview() -> None:
    jobs, work = Jobs(), Steps(9, allowed=2)
    steps = stream(jobs, work)
    next(step for step in steps if step.step == 2)
    jobs.stop("visitor")
    assert next(steps).stopping
    work.allow(7)
    step = last(steps)
    assert (step.made, step.preview, step.preview_step, step.done) == (None, RED, 2, True)
    assert work.done == 3


def test_work_stopped_in_its_last_step_keeps_what_is_made() -> None:
    jobs, work = Jobs(), Steps(1)
    steps = stream(jobs, work)
    next(steps)
    jobs.stop("visitor")
    work.allow(1)
    assert last(steps).made is RED


def test_only_what_is_meant_is_stopped() -> None:
    jobs, work = Jobs(), Steps(4)
    steps = stream(jobs, work, name="page paint")
    next(steps)
    jobs.stop("another")
    jobs.stop("visitor", "page walk-start")
    work.allow(4)
    assert last(steps).made is RED


def test_work_stopped_before_its_turn_does_nothing() -> None:
    jobs, first, second = Jobs(), Steps(1), Steps(1, allowed=1)
    running, waiting = stream(jobs, first, "one"), stream(jobs, second, "two")
    next(running), next(waiting)
    jobs.stop("two")
    first.allow(1)
    assert last(waiting).made is None
    assert second.done == 0


def test_who_does_not_wait_any_more_stops_the_work() -> None:
    jobs, work, outcomes = Jobs(), Steps(5, allowed=1), list[str]()
    jobs.listeners.append(lambda done: outcomes.append(done.outcome))
    steps = stream(jobs, work)
    next(step for step in steps if step.step == 1)
    steps.close()  # type: ignore[attr-defined]
    work.allow(4)
    assert last(stream(jobs, Steps(1, allowed=1))).made is RED  # there is a place again
    assert (work.done, outcomes) == (2, ["stopped", "ok"])
    assert jobs.running == 0


def test_quick_work_is_done_between_the_steps_of_long_work_which_has_its_turn_too() -> None:
    jobs, works = Jobs(), [Steps(4), Steps(1, allowed=1), Steps(1), Steps(1), Steps(1, allowed=1)]
    long, other, *quick = (stream(jobs, work, str(n), f"/{n}", long=n < 2) for n, work in enumerate(works))
    assert next(long).before is None
    waiting = [next(one).before for one in (other, *quick)]
    assert waiting == [1, 0, 1, 2]  # quick work does not wait for the work that gives way
    works[0].allow(1)
    works[2].allow(1)
    assert last(quick[0]).made is RED
    assert [work.done for work in works] == [1, 0, 1, 0, 0]
    assert next(step for step in quick[2] if step.before == 1).before == 1
    works[0].allow(1)  # a step of its own before the next
    works[3].allow(1)
    assert last(quick[1]).made is RED
    assert (works[0].done, works[4].done) == (2, 0)
    works[0].allow(2)
    assert last(quick[2]).made is last(long).made is last(other).made is RED
    assert jobs.running == jobs.waiting == 0


def test_long_work_that_has_given_way_ends_at_once_when_it_is_stopped() -> None:
    jobs, work, quick = Jobs(), Steps(4, allowed=1), Steps(1)
    between = stream(jobs, quick, "another")
    long = stream(jobs, lambda callback: next(between) and work(callback), long=True)
    next(long)
    until(lambda: work.done == 1)
    jobs.stop("visitor")
    assert last(long).made is None
    assert (work.done, quick.done) == (1, 0)
    quick.allow(1)
    assert last(between).made is RED
    assert last(stream(jobs, Steps(1, allowed=1))).made is RED


def test_the_time_until_one_s_turn_is_that_of_the_last_jobs() -> None:
    jobs, work = Jobs(), Steps(2, allowed=1)
    assert last(stream(jobs, lambda callback: time.sleep(0.2) or RED)).made is RED
    running, waiting, behind = stream(jobs, work, "1"), stream(jobs, Steps(1), "2"), stream(jobs, Steps(1), "3")
    next(running)
    steps = [next(waiting), next(behind)]
    assert [step.before for step in steps] == [1, 2]
    assert (steps[1].left or 0) >= 0.2
    assert (place(0, 0.0), place(2, None)) == ("In the queue: you are next", "In the queue: 2 before you")
    assert place(2, 21.3) == "In the queue: 2 before you, about 20 seconds"


def test_work_is_stopped_that_nobody_listens_for(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = {"one"}
    forgotten: list[str] = []
    monkeypatch.setattr("deepart.ui.jobs.UNHEARD", 0.05)
    event = LocalContext.event_id.set("event")
    jobs, works = Jobs(), [Steps(3), Steps(1, allowed=1), Steps(1, allowed=1)]
    jobs.audience = SimpleNamespace(heard=lambda session, event: session in heard, forget=forgotten.append)
    running, waiting, listened = map(stream, [jobs] * 3, works, ("two", "three", "one"))
    next(running), next(waiting), next(listened)
    assert last(waiting).made is None  # it has not begun
    until(lambda: next(running).stopping)
    works[0].allow(1)
    assert last(running).made is None
    assert last(listened).made is RED
    assert [work.done for work in works] == [1, 0, 1]
    assert set(forgotten) == {"two", "three"}
    LocalContext.event_id.reset(event)


def test_what_work_raises_is_one_sentence() -> None:
    def fail(callback: Callback) -> None:
        raise OptionError("The size is odd.")

    with pytest.raises(gr.Error, match=r"^'The size is odd\.'$"):
        Jobs().do(visitor(), fail, "/work")
    assert Jobs().do(visitor(), Steps(1, allowed=1), "/work") is RED


# ------------------------------------------------------------------------------------------------------------ the page


def test_the_button_s_status_line_says_all_and_ends_at_rest() -> None:
    with gr.Blocks() as app:
        button, box, work = RunButton("Paint", "paint-"), gr.Textbox(), Steps(2, allowed=1)
        button.lay_status("A hint.")

        def handler(words: str, request: gr.Request) -> Iterator[Changes]:
            step = yield from button.stream(request, work, words)
            if step.made is not None:
                yield {box: "painted"}

        event = button.wire(Jobs(), handler, [box], [box])
    call = next(fn.fn for fn in app.fns.values() if fn.concurrency_id == "gpu")
    assert event is not None
    changes = call(visitor(), "Painting")
    first = next(changes)
    assert set(first) == {button.status}
    assert "Painting" in first[button.status]
    assert "#paint-stop {" in first[button.status]
    work.allow(1)
    *_, end = changes
    assert end[button.status].startswith('<p class="da-note" id="paint-hint">A hint.</p>')
    assert end[box] == "painted"


def of_two_works() -> tuple[Any, Any, gr.Textbox]:
    """A button's event that does one work after another, what its stop does, and the box for what is done."""
    with gr.Blocks() as app:
        button, box = RunButton("Paint"), gr.Textbox()
        button.lay_status()

        def handler(request: gr.Request) -> Iterator[Changes]:
            for name in ("first", "second"):
                step = yield from button.stream(request, lambda callback: RED, name)
                yield {box: name if step.made is RED else "stopped"} | button.busy(name)

        button.wire(Jobs(), handler, [], [box])
    functions = [fn.fn for fn in app.fns.values() if fn.fn is not None]
    [stop] = [fn for fn in functions if fn.__name__ == "_stop"]
    [call] = [fn for fn in functions if fn is not stop]
    return call, stop, box


def test_stop_is_heard_between_two_works_of_one_press() -> None:
    call, stop, box = of_two_works()
    who = visitor()
    changes = call(who)
    assert next(one[box] for one in changes if box in one) == "first"
    stop(who)
    assert [one[box] for one in changes if box in one] == ["stopped"]
    assert [one[box] for one in call(who) if box in one] == ["first", "second"]  # the next press is another


def test_a_later_press_ends_what_an_earlier_one_began_and_nobody_else_s() -> None:
    call, _, box = of_two_works()
    who, other = visitor("somebody"), visitor("another")
    earlier, theirs = call(who), call(other)
    assert next(one[box] for one in earlier if box in one) == "first"
    assert next(one[box] for one in theirs if box in one) == "first"
    later = call(who)
    assert next(one[box] for one in later if box in one) == "first"
    assert list(earlier) == []
    assert [one[box] for one in later if box in one] == ["second"]
    assert [one[box] for one in theirs if box in one] == ["second"]


def test_a_browser_shows_by_itself_that_a_click_was_understood() -> None:
    with gr.Blocks() as app:
        button = RunButton("Paint")
        button.lay_status()
        button.wire(Jobs(), lambda request: iter(()), [], [])
    script = next(fn.js for fn in app.fns.values() if isinstance(fn.js, str))
    begin, chinese, english = re.fullmatch(r"(.+? \?) (\[.*\]) : (\[.*\])", script).groups()  # type: ignore[union-attr]
    assert begin == "() => navigator.language.toLowerCase().startsWith('zh-') ?"
    for language, words in ((english, "In the queue"), (chinese, "排队中")):
        [status] = json.loads(language)
        assert words in status["value"]
        assert "#stop { pointer-events: none;" in status["value"]  # the server would not hear it yet
    assert by_itself(lambda: {}) == f"{begin} [] : []"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (3.4, "3 seconds"),
        (12, "10 seconds"),
        (57, "55 seconds"),
        (80, "1 minute"),
        (200, "3 minutes"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words

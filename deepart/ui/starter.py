"""The button that starts a work, and what takes its place while the work waits and goes on."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeVar

import gradio as gr
from PIL import Image

from deepart.cache import Studio
from deepart.ui.common import AT_ONCE, GPU_SLOT, SOON, progress, visitor
from deepart.ui.jobs import Jobs, Work
from deepart.ui.language import IN_CHINESE, t, writing
from deepart.ui.pace import Clock, even, with_time_left

Changes = dict[Any, Any]  # of components of the page
T = TypeVar("T")
PATIENCE = 0.3
"""Seconds that work goes on before the page tells of it: to show how far it is takes time from what is soon done."""
Follows = Generator[Changes, None, T | None]


class Starter:
    """One button at a time: start, leave the queue, stop. Elsewhere, in a box of a fixed size, a hint or a bar."""

    def __init__(self, words: str, prefix: str = "", variant: Any = "secondary", verb: str = "paint") -> None:
        """Lay out the button; lay_status() does the rest.

        words: what the button says. prefix, verb: of the elements' names on the page. variant: of a gr.Button.
        """
        self._prefix = prefix
        self.start = gr.Button(words, variant=variant, elem_id=f"{prefix}{verb}")
        self.leave = gr.Button("Leave the queue", visible=False, elem_id=f"{prefix}leave")
        self.stop = gr.Button("Stop", visible=False, elem_id=f"{prefix}stop")

    def lay_status(self, words: str = "") -> None:
        """Lay out the hint, which says the words at first, and the bar."""
        with gr.Column(elem_classes="da-status"):
            self.hint = gr.HTML(note(words), elem_id=f"{self._prefix}hint")
            self.bar = gr.HTML(visible=False, elem_id=f"{self._prefix}progress", elem_classes="da-told")
        self.parts = [self.start, self.leave, self.stop, self.hint, self.bar]

    def waiting(self) -> Changes:
        """The page has understood, and the queue has no place yet."""
        return {
            self.start: gr.update(visible=False),
            self.leave: gr.update(visible=True),
            self.stop: gr.update(visible=False),
            self.hint: gr.update(visible=False),
            self.bar: gr.update(value=progress(None, t("In the queue")), visible=True),
        }

    def working(self, bar: str, stop: str) -> Changes:
        """The work goes on; stop: what the button that ends it says."""
        return {
            self.leave: gr.Button(visible=False),
            self.stop: gr.Button(stop, visible=True, interactive=True),
            self.bar: bar,
        }

    def loading(self, studio: Studio, task: str, name: str) -> Iterator[Changes]:
        """Say that a model is loaded first, where it is not in memory yet."""
        if not studio.is_loaded(task, name):
            yield {self.bar: progress(None, t("Loading the model, which its first use does"))}

    def resting(self) -> Changes:
        """As it was before."""
        return {
            self.start: gr.Button(visible=True),
            self.leave: gr.Button(visible=False),
            self.stop: gr.Button(visible=False),
            self.hint: gr.HTML(visible=True),
            self.bar: gr.HTML(visible=False),
        }

    def follow(
        self, jobs: Jobs, who: str, work: Work[T], words: str, preview: Callable[[Image.Image], Changes] | None = None
    ) -> Follows[T]:
        """Let a visitor's work be done, and yield how far it is; return what it made, None when it was stopped.

        words: what is done. preview: the changes that show a preview, where there is one. Raises what the work raises.
        """
        with jobs.run(who, work) as job:
            shown, share, told = 0, None, words
            clock: Clock | None = None
            begun = self.working("", t("Stop"))  # once: a second time would undo what "Stop" says once it is pressed
            for moment in job.watch(patience=PATIENCE):
                if moment.step:
                    clock = clock or even(moment.total)
                    share = clock.share(moment.step)
                    told = with_time_left(words, clock.left(moment.step, time.monotonic() - job.began))
                changes, begun = begun | {self.bar: progress(share, told)}, {}
                if preview is not None and moment.preview is not None and moment.shown != shown:
                    shown = moment.shown
                    changes |= preview(moment.preview)
                yield changes
            return job.result()

    def ready(self, words: str, hint: str) -> Changes:
        """It can be started; hint: what that will mean."""
        return {self.start: gr.Button(words, interactive=True), self.hint: note(hint)}

    def missing(self, words: str, hint: str) -> Changes:
        """It cannot be started yet; words: why, on the button itself."""
        return {self.start: gr.Button(words, interactive=False), self.hint: note(hint)}

    def wire(
        self, jobs: Jobs, begin: Callable[..., Changes], needs: Sequence[Any] | None,
        work: Callable[..., Any], wanted: Sequence[Any], rest: Callable[[], Changes], covers: Sequence[Any],
        shows: Sequence[Any], queue_on: Any, starts: Sequence[Callable[..., Any]] = (),
    ) -> list[Any]:  # fmt: skip
        """Let a click begin and then work, and give the page back afterwards; return the events that work.

        begin, with the values of `needs`: what the page shows at once, or what is wrong, before the queue has a place.
        Where `needs` is None it is called here and now, and what it returns the browser shows by itself: that spares
        the way to the server and back, and the work says what is wrong. work, with the values of `wanted`: a generator
        of changes. rest: what the page shows when the work was left or has failed. covers: what all three change
        besides the parts. shows: what work changes besides. queue_on: the component on which Gradio tells the place in
        the queue. starts: what begins the work as well as the click does, such as slider.release; the click is the last
        of the events.
        """
        touched = [*self.parts, *covers]

        def stop(request: gr.Request) -> Changes:
            jobs.stop(visitor(request))  # the visitor's own job; what is there comes from the event that works
            return {self.stop: gr.Button(t("Stopping after this step"), interactive=False)}

        events = []
        for start in (*starts, self.start.click):
            if needs is None:
                begun = start(None, None, list(begin()), js=by_itself(begin), **AT_ONCE)
            else:
                begun = start(begin, needs, touched, **SOON)
            working = begun.success(
                work, wanted, list(dict.fromkeys([*touched, *shows])), show_progress="minimal",
                show_progress_on=queue_on, api_visibility="private", **GPU_SLOT,
            )  # fmt: skip
            working.failure(rest, None, touched, **AT_ONCE)
            events.append(working)
        self.leave.click(rest, None, touched, cancels=events, **AT_ONCE)
        self.stop.click(stop, None, self.stop, **AT_ONCE)
        return events


def by_itself(begin: Callable[[], Changes]) -> str:
    """Return JavaScript that makes changes, which are gr.update() of components, in the language of the browser."""
    spoken = []
    for chinese in (True, False):
        with writing(chinese):
            spoken.append(json.dumps(list(begin().values())))
    return f"() => {IN_CHINESE} ? {spoken[0]} : {spoken[1]}"


def follow(causes: Sequence[Any], say: Callable[..., Any], needs: Sequence[Any], told: Any) -> None:
    """Let what the page says follow whatever changes the causes, which are components and states.

    say, with the values of `needs`: what is to be said of it, in the components `told`. A state is followed only where
    events of the queue change it: of the others Gradio's page is not told.
    """
    states = [cause.change for cause in causes if isinstance(cause, gr.State)]
    boxes = [cause.change for cause in causes if not isinstance(cause, gr.State)]
    # One event may change several states, and the page then runs what follows for each at once. Where only the last is
    # wanted, it loses count of them, and nothing follows from then on.
    for changed, mode in ((states, "multiple"), (boxes, "always_last")):
        if changed:
            gr.on(changed, say, needs, told, trigger_mode=mode, **AT_ONCE)


def note(words: str) -> str:
    """Return a line of small print as HTML."""
    return f'<p class="da-note">{html.escape(words)}</p>'

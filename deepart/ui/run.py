"""One path for work: the button that starts it, its turn on the machine, progress, previews, stop and errors.

Work is a function that takes a callback, reads what was uploaded, checks every rule, computes, and returns the result:

    def work(callback: Callback) -> Image.Image:
        picture = read_picture(path, "picture")  # raises ImageError
        return pipeline.sharpen(picture, callback=callback)  # callback(step, total, preview or None)

It runs in a thread of its own while it holds a place on the machine, so a rule is checked once, in there, and a file is
decoded once. Whatever it raises comes out of stream() as one sentence for the visitor. t() works in it.

On the page a RunButton starts it. Lay out the button, then its status line, and connect both:

    self.run = RunButton("Sharpen", "sharp-")         # ids: #sharp-start, -stop, -hint, -progress
    self.run.lay_status("What it will do.")           # one line: these words at rest, progress at work
    self.run.wire(jobs, self._sharpen, inputs=[self.picture], outputs=[self.stage, self.result])

    def _sharpen(self, path: str | None, request: gr.Request) -> Iterator[Changes]:
        step = yield from self.run.stream(request, work, t("Sharpening"))
        if step.made is not None:                     # None: it was stopped
            yield {self.stage: frame(step.made, "")}  # the status line goes back to rest by itself

Programs use the same through api.Endpoints, and sliders through Jobs.do(), which waits for the result.
"""

import html
import json
import threading
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeVar

import gradio as gr
from gradio.context import Context

from deepart.ui.i18n import IN_CHINESE, t, translate, writing
from deepart.ui.inputs import AT_ONCE, QUIETLY, SOON, sentences, visitor
from deepart.ui.jobs import Jobs, Step, Work

T = TypeVar("T")
Changes = dict[Any, Any]  # of components of the page
PATIENCE = 0.3  # seconds before the page tells how far work is, which takes time from what is soon done


class RunButton:
    """A button that starts work, one in its place that stops it or lets it leave the queue, and a status line.

    Only the status line is an output: its HTML says which of the buttons is seen, so that a click changes one component
    of the page and not five.
    """

    def __init__(
        self, words: str, prefix: str = "", verb: str = "start", variant: Any = "secondary", stop: str = ""
    ) -> None:
        """Lay out the buttons inside the Blocks being built; lay_status() does the rest.

        words: on the button. prefix, verb: of its element's id; the others have the prefix and "stop", "hint" or
        "progress". variant: of a gr.Button. stop: what the button that ends the work says, where not "Stop".
        """
        self._prefix, self._name = prefix, f"{prefix}{verb}"
        self._book = f"page {self._name}"  # what the books call the work
        self._presses: dict[str, threading.Event] = {}  # the last of each visitor whose work goes on; set by "Stop"
        self.start = gr.Button(words, variant=variant, elem_id=self._name)
        self.stop = gr.Button(stop or t("Stop"), elem_id=f"{prefix}stop", elem_classes="da-stop")

    def lay_status(self, words: str = "") -> None:
        """Lay out the status line, which says the words at rest."""
        self._words = words
        self.status = gr.HTML(self._at_rest(), elem_id=f"{self._prefix}progress", elem_classes=["da-status", "da-told"])

    def _at_rest(self) -> str:
        """Return the words at rest, and others that page.js shows in their place beside a result of other inputs."""
        hint = f'<p class="da-note" id="{self._prefix}hint">{html.escape(translate(self._words))}</p>'
        old = t("This result is of earlier inputs; press the button to make it anew.")
        return f'{hint}<p class="da-note da-old">{html.escape(old)}</p>'

    def wire(
        self, jobs: Jobs, handler: Callable[..., Iterator[Changes]], inputs: Sequence[Any], outputs: Sequence[Any], *,
        triggers: Sequence[Callable[..., Any]] = (), begin: Changes | None = None, rest: Changes | None = None,
        locks: Sequence[str] = (), beside: bool = False, sight: str = "", example: bool | None = None,
    ) -> Any:  # fmt: skip
        """Let a click start the work; return the event that works, for its success.

        handler: takes the values of `inputs` and `request`, and yields changes of `outputs`: those of stream(), and
        then what came out. After each that is not stream()'s the page is at rest. triggers: events of components that
        start the work as well as the click does, such as slider.release; what comes after an event can change a hidden
        text whose change is one. begin, rest: what else the page shows at once and afterwards, by component, made with
        gr.update(); the browser does it by itself. locks: ids of elements that cannot be used meanwhile. beside: it
        goes on beside the work of others, as a download does. sight: the element where the result will be, which the
        page scrolls to at once, as on a phone it is far away. example: whether the page opens with a result of the
        inputs; None where triggers make a new one of whatever the inputs become.

        A result is marked as soon as the inputs that a visitor sees are others than it was made of.
        """
        self._jobs, self._locks, self._rest = jobs, tuple(locks), dict(rest or {})
        first, presses = begin or {}, [*triggers, self.start.click]

        def started() -> Changes:
            return {self.status: gr.update(value=self._html(progress(None, t("In the queue")), dead=True))} | first

        def rested() -> Changes:
            return {self.status: gr.update(value=self._at_rest())} | self._rest

        shown = list(dict.fromkeys([self.status, *self._rest, *outputs]))
        begun = gr.on(presses, None, None, list(started()), js=by_itself(started, sight), **AT_ONCE)
        working = begun.success(
            self._event(handler), list(inputs), shown, trigger_mode="multiple" if triggers else "once",
            **(SOON if beside else QUIETLY),
        )  # fmt: skip
        if not beside and (example is not None or not triggers):
            self._mark(presses, working, inputs, example)
        working.failure(None, None, list(rested()), js=by_itself(rested), **AT_ONCE)
        self.stop.click(self._stop, None, None, **AT_ONCE)
        return working

    def _mark(self, presses: list[Any], working: Any, inputs: Sequence[Any], example: bool | None) -> None:
        """Let the browser compare what stands in the inputs with what stood there when the button was pressed."""
        seen: list[Any] = [
            box for box in inputs if isinstance(box, gr.components.FormComponent | gr.Image) and box.visible is True
        ]
        if not seen:
            return

        def script(name: str) -> dict[str, Any]:
            call = f"deepart.{name}({self._name!r}, {self.status.elem_id!r}, values)"
            return {"fn": None, "inputs": seen, "outputs": None, "js": f"(...values) => {call}", **AT_ONCE}

        gr.on(presses, trigger_mode="multiple", **script("pressed"))
        gr.on([box.change for box in seen], trigger_mode="multiple", **script("changed"))
        working.success(**script("made"))
        if example and Context.root_block is not None:
            Context.root_block.load(**script("made"))

    def stream(
        self, request: gr.Request, work: Work[T], words: str | Callable[[Step[T]], str], *, loading: str = "",
        preview: Callable[[Step[T]], Changes] | None = None, share: Callable[[int, int], float] | None = None,
        long: bool = False, beside: bool = False,
    ) -> Generator[Changes, None, Step[T]]:  # fmt: skip
        """Let work be done, and yield what the page shows of it; return the last step, whose `made` is the result.

        words: what is done, as a text or by the step. loading: words before the first step, where a model is loaded
        first; see models.loading(). preview: returns the changes that show step.preview. share, long, beside: see
        Jobs.stream.
        """
        step: Step[T] = Step()
        how: dict[str, Any] = {"share": share, "long": long, "beside": beside}
        if (press := self._presses.get(visitor(request))) and press.is_set():  # between two works of one press
            return step
        for step in self._jobs.stream(request, work, self._book, patience=PATIENCE, **how):
            if step.done:
                break
            if step.before is not None:
                yield {self.status: self._html(progress(None, place(step.before, step.left)))}
                continue
            said = loading if loading and not step.step else words if isinstance(words, str) else words(step)
            changes: Changes = {self.status: self._bar(step, said)}
            if preview is not None and step.fresh and step.preview is not None:
                changes |= preview(step)
            yield changes
        return step

    def busy(self, words: str) -> Changes:
        """Return the change that keeps the page at work between two streams."""
        return {self.status: self._bar(Step(), words)}

    def _bar(self, step: Step[Any], words: str) -> str:
        share = step.share or None
        if step.stopping:
            return self._html(progress(share, t("Stopping after this step")), dead=True)
        return self._html(progress(share, with_time_left(words, step.left)))

    def _html(self, bar: str, dead: bool = False) -> str:
        """Return the status line with the rules that show the right button.

        dead: stopping can not be pressed, since it is already, or before the server knows of the work.
        """
        stop = f"#{self._prefix}stop"
        locked = [f"#{one}" for one in self._locks] + ([stop] if dead else [])
        rules = f"#{self._name} {{ display: none !important; }} {stop} {{ display: inline-flex; }}"
        if locked:
            rules += f" {', '.join(locked)} {{ pointer-events: none; opacity: 0.5; }}"
        return f"<style>{rules}</style>{bar}"

    def _event(self, handler: Callable[..., Iterator[Changes]]) -> Callable[..., Iterator[Changes]]:
        """Return the handler as Gradio calls it: with one sentence for what goes wrong, and at rest in the end.

        Where a visitor presses again while it works, the later press takes its place.
        """

        def event(request: gr.Request, *values: Any) -> Iterator[Changes]:
            rest = {self.status: self._at_rest()} | self._rest
            who = visitor(request)
            mine = self._presses[who] = threading.Event()
            try:
                with sentences():
                    working = True
                    for changes in handler(*values, request=request):
                        if self._presses.get(who) is not mine:
                            return
                        working = self.status in changes
                        yield changes if working else rest | changes
                    if working:
                        yield rest
            finally:
                if self._presses.get(who) is mine:
                    del self._presses[who]

        return event

    def _stop(self, request: gr.Request) -> None:
        if press := self._presses.get(visitor(request)):
            press.set()
        self._jobs.stop(request, self._book)  # what is there comes from the event that works


def by_itself(begin: Callable[[], Changes], sight: str = "") -> str:
    """Return JavaScript that makes changes, which are gr.update() of components, in the language of the browser.

    sight: an element that it scrolls to.
    """
    spoken = []
    for chinese in (True, False):
        with writing(chinese):
            spoken.append(json.dumps(list(begin().values())))
    shown = f"{IN_CHINESE} ? {spoken[0]} : {spoken[1]}"
    return f"() => (deepart.intoSight('{sight}'), {shown})" if sight else f"() => {shown}"


def new_text() -> str:
    """Return a text that never was: written into a hidden box, it starts what waits for a change of that."""
    return uuid.uuid4().hex


def hidden_text(name: str, **options: Any) -> gr.Textbox:
    """Return a text that nobody sees, for events to change and to wait for. name: of the element on the page."""
    return gr.Textbox(visible="hidden", container=False, elem_id=name, **options)


def note(words: str) -> str:
    """Return a line of small print as HTML."""
    return f'<p class="da-note">{html.escape(words)}</p>'


def progress(share: float | None, words: str) -> str:
    """Return a bar with words under it as HTML; share is that of the work done, None while it is not known."""
    known = "" if share is None else f' value="{100 * share:.1f}"'
    bar = f'<progress max="100"{known} aria-label="{html.escape(t("Progress"))}"></progress>'
    return f'<div class="da-bar">{bar}<p>{html.escape(words)}</p></div>'


def with_time_left(words: str, seconds: float | None) -> str:
    """Return words about work, and the time left where it is known and worth telling."""
    if seconds is None or seconds < 1.5:
        return words
    return f"{words} · {t('about {time} left', time=duration(seconds))}"


def place(before: int, seconds: float | None) -> str:
    """Return the place in the queue in words, and the time until it is one's turn where that is known."""
    if before == 0:
        return t("In the queue: you are next")
    if seconds is None:
        return t("In the queue: {n} before you", n=before)
    return t("In the queue: {n} before you, about {time}", n=before, time=duration(seconds))


def duration(seconds: float) -> str:
    """Return a time in words, as exact as an estimate can be: "5 seconds", "40 seconds", "3 minutes"."""
    if seconds < 57.5:
        n = max(1, round(seconds)) if seconds < 10 else 5 * round(seconds / 5)
        return t("1 second") if n == 1 else t("{n} seconds", n=n)
    minutes = round(seconds / 60)
    return t("1 minute") if minutes == 1 else t("{n} minutes", n=minutes)

"""The tab "Style transfer": a content, one to three styles, a way of painting, and the picture being painted."""

from __future__ import annotations

import html
import inspect
import random
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from deepart.errors import DeepArtError, ImageError
from deepart.images import fit, settings
from deepart.latents import MAX_SEED
from deepart.models.gatys import GatysConfig
from deepart.pipelines.style import StyleTransferPipeline
from deepart.registry import get_spec
from deepart.studio import Studio
from deepart.ui.common import (
    AT_ONCE,
    GPU_SLOT,
    VEIL,
    api_corner,
    api_input,
    duration,
    keep_good,
    mistake,
    picture_input,
    progress,
    save_before,
    save_result,
    sentences,
    size_of,
    stage,
    visitor,
)
from deepart.ui.easel import Easel, Painted, PictureOrder
from deepart.ui.gallery import example_files, example_row
from deepart.ui.jobs import Jobs, Moment
from deepart.ui.menu import model_menu, title_of
from deepart.ui.more import MoreModels
from deepart.ui.pace import Clock
from deepart.ui.send import SendTo
from deepart.ui.sheet import Sheet
from deepart.ui.starter import Changes, Starter, note
from deepart.ui.ways import Way, style_ways, way_of

# The defaults of the pipeline, so that page and endpoint say the same as Python does.
_DEFAULT: dict[str, Any] = {
    name: parameter.default for name, parameter in inspect.signature(StyleTransferPipeline.stylize).parameters.items()
}
_GATYS = GatysConfig()
_PAINTING = progress(None, "Painting")


class StyleTab:
    """The components of the tab, and what happens when they are used."""

    def __init__(self, app: gr.Blocks, studio: Studio, jobs: Jobs) -> None:
        """Lay the tab out inside the Blocks being built, and wire it."""
        self._easel = Easel(studio)
        self._studio, self._jobs = studio, jobs
        self._ways = style_ways()
        self._first = next(iter(self._ways.values()))
        self._device = studio.device.type
        self._sheet: Sheet | None = None
        with gr.Row(elem_classes="da-studio"):
            with gr.Column(elem_classes="da-pictures"):
                self._lay_pictures()
            with gr.Column(elem_classes="da-result"):
                self._lay_result()
            with gr.Column(elem_classes="da-options"):
                self._lay_options()
        self._wire(app)
        with api_corner():
            self._add_endpoint()
            if self._sheet is not None:
                self._sheet.add_endpoint()

    # ---------------------------------------------------------------------------------------------------- what is there

    def _lay_pictures(self) -> None:
        contents, styles = example_files("content"), example_files("style", "paintings")
        with gr.Row():
            with gr.Column(min_width=150):
                self.content = picture_input("Content picture", value=str(contents[0]), height=220, elem_id="content")
                gr.HTML(note("What to paint: upload a photograph, or choose one."))
                example_row(contents, self.content)
            with gr.Column(min_width=150):
                self.style = picture_input("Style picture", value=str(styles[0]), height=220, elem_id="style")
                gr.HTML(note("How to paint it: upload any picture, or choose one."))
                example_row(styles, self.style)

    def _lay_options(self) -> None:
        self.strength = gr.Slider(
            0, 1, _DEFAULT["strength"], step=0.05, label="Strength",
            info="How far it goes: 0 leaves the photograph as it is.", elem_id="strength",
        )  # fmt: skip
        self.scale = gr.Slider(
            0.25, 4, _DEFAULT["style_scale"], step=0.25, label="Stroke size",
            info="2 makes the strokes twice as large.", elem_id="scale",
        )  # fmt: skip
        self.size = gr.Slider(
            128, self._first.most(self._device), self._first.size(self._device), step=64, label="Size",
            info="The longer side of the result in pixels.", elem_id="size",
        )  # fmt: skip
        self.keep = gr.Checkbox(
            _DEFAULT["preserve_color"], label="Keep the content's colours",
            info="Take the strokes of the style, but not its palette.",
        )  # fmt: skip
        with gr.Accordion("Blend in more styles", open=False):
            self.weight = _weight_slider("Weight of the first style", elem_id="weight")
            with gr.Row():
                with gr.Column(min_width=150):
                    self.style_2 = picture_input("Second style", height=180)
                    self.weight_2 = _weight_slider("Weight of the second")
                with gr.Column(min_width=150):
                    self.style_3 = picture_input("Third style", height=180)
                    self.weight_3 = _weight_slider("Weight of the third")
        with gr.Accordion("Fine tuning", open=False):
            self.seed = gr.Number(
                _DEFAULT["seed"], label="Seed", precision=0, minimum=0, maximum=MAX_SEED,
                info="The same seed gives the same picture, another one varies the details.", elem_id="seed",
            )  # fmt: skip
            self.dice = gr.Button("Another seed", size="sm")
            with gr.Column(visible=not self._first.one_pass) as self.corrected:
                self.steps = gr.Slider(
                    10, 300, _GATYS.steps, step=10, label="Steps", elem_id="steps",
                    info="Corrections at the coarsest level: fewer are faster, more are more thorough.",
                )  # fmt: skip
                self.pull = gr.Slider(
                    1, 100, _GATYS.style_weight, step=1, label="Style weight", elem_id="pull",
                    info="What the style counts beside the content: at 60 a face dissolves into strokes.",
                )  # fmt: skip

    def _lay_result(self) -> None:
        ours = [way for way in self._ways.values() if way.ours]
        with gr.Row(elem_classes="da-start"):
            self.model = model_menu("style", "model", self._studio.added("style"))
            self.paint = Starter("Paint", variant="primary")
        if len(ours) > 1:
            gr.HTML(note(" ".join(way.sentence for way in ours)))
        self.paint.lay_status()
        with gr.Column(elem_classes="da-canvas"):
            gr.HTML(stage(None, "Your painting will appear here."))
            self.slider = gr.ImageSlider(
                type="pil", format="png", label="Before and after", show_label=False, interactive=False, visible=False,
                buttons=["fullscreen"], max_height=4096, elem_id="slider",
            )  # fmt: skip
            self.preview = gr.HTML(visible=False, elem_id="preview")
        with gr.Row(elem_classes="da-under"):
            self.facts = gr.HTML(_facts(""), min_width=260, elem_id="facts")
            self.download = gr.DownloadButton(
                "Download the PNG", interactive=False, size="md", scale=0, min_width=200, elem_id="download"
            )
        self.result: Any = gr.State(None)  # str | None: the file of the last painting
        self.send = SendTo("style", ("content", "style", "photo", "find"))
        self.more = MoreModels("style", self._studio, self._jobs, self.model)
        quick = [way for way in self._ways.values() if way.one_pass]
        if quick:
            with gr.Accordion("Try many styles at once", open=False):
                self._sheet = Sheet(self._easel, self._jobs, quick[0], self._device)

    # ------------------------------------------------------------------------------------------------- what leads where

    def _wire(self, app: gr.Blocks) -> None:
        for box in (self.content, self.style, self.style_2, self.style_3):
            keep_good(box)
        self.dice.click(lambda: random.randint(0, MAX_SEED), None, self.seed, **AT_ONCE)
        told: list[Any] = [self.content, self.style, self.size, self.model, self.steps]
        hint = [self.paint.start, self.paint.hint]
        changes = [box.change for box in (self.content, self.style, self.size, self.steps)]
        gr.on([app.load, *changes], self._describe, told, hint, trigger_mode="always_last", **AT_ONCE)
        wished = gr.State(None)  # the size that the visitor has set; until then the way of painting decides
        self.size.input(lambda size: size, self.size, wished, trigger_mode="always_last", **AT_ONCE)
        for event in (self.model.input, self.more.wire(app).success):
            switched = event(self._switch, [self.model, wished], [self.size, self.corrected], **AT_ONCE)
            switched.then(self._describe, told, hint, **AT_ONCE)

        wanted = [
            self.content, self.style, self.style_2, self.style_3, self.weight, self.weight_2, self.weight_3,
            self.strength, self.keep, self.scale, self.size, self.seed, self.model, self.steps, self.pull,
        ]  # fmt: skip
        [painting] = self.paint.wire(
            self._jobs, self._begin, [self.content, self.style, self.model], self._paint, wanted, self._rest,
            covers=[self.preview], shows=[self.slider, self.facts, self.download, self.result], queue_on=self.preview,
        )  # fmt: skip
        painting.success(self._describe, told, hint, **AT_ONCE)  # the pace is known better now
        if self._sheet is not None:
            self._sheet.wire(app, self.content, self.style, [self.strength, self.keep, self.scale, self.seed])

    def _switch(self, model: str, wished: int | None) -> Changes:
        """Show what the way of painting takes; what the visitor has set stays, where it goes, and comes back."""
        way = self._way(model)
        return {
            self.size: gr.Slider(maximum=way.most(self._device), value=way.size(self._device, wished)),
            self.corrected: gr.Column(visible=not way.one_pass),
        }

    def _way(self, model: str) -> Way:
        """Return what is known of a model; one that is not registered has been loaded by now."""
        return self._ways.get(model) or way_of(self._easel.pipeline(model))

    def _describe(self, content: str | None, style: str | None, size: int, model: str, steps: int) -> Changes:
        """Say what the button waits for, and how long the painting would take."""
        missing = "content" if content is None else "style" if style is None else None
        if missing:
            return self.paint.missing(f"Choose a {missing} picture first", "The painting takes both.")
        return self.paint.ready("Paint", self._guess(content, size, model, steps))

    def _guess(self, content: str | None, size: int, model: str, steps: int) -> str:
        """Return how long a painting takes in words, or why it cannot be made."""
        one_pass = self._way(model).one_pass
        try:
            seconds = self._easel.estimate(model, size_of(str(content)), size, None if one_pass else steps)
            where = self._easel.pace(self._easel.pipeline(model)).where
        except DeepArtError as error:
            return str(error)
        more = "." if one_pass else "; twice the size takes over three times as long."
        return f"Takes about {duration(seconds)} {where}{more}"

    def _begin(self, content: str | None, style: str | None, model: str) -> Changes:
        """Show that the page has understood, before the queue has a place."""
        with sentences():
            for path, what in ((content, "content picture"), (style, "style picture")):
                if path is None:
                    raise ImageError(f"There is no {what} yet; upload one or choose an example.")
        # One pass is done before one has looked: what is there stays until the next picture comes.
        cover = VEIL if self._way(model).one_pass else stage(None, "Waiting for the machine to be free.")
        return self.paint.waiting() | {self.preview: gr.HTML(cover, visible=True)}

    def _rest(self) -> Changes:
        """Go back to how the page was: pictures and options stay, and so does the last result."""
        return self.paint.resting() | {self.preview: gr.HTML(visible=False)}

    def _paint(
        self, content: str, style: str, style_2: str | None, style_3: str | None,
        weight: float, weight_2: float, weight_3: float, strength: float, keep: bool, scale: float, size: int,
        seed: int, model: str, steps: int, pull: float, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Paint for the page: show how far it is, then what came out."""
        with sentences():
            styles = (style, style_2, style_3)
            weights = [number for number, path in zip((weight, weight_2, weight_3), styles, strict=True) if path]
            one_pass = self._way(model).one_pass
            order = self._easel.order(
                content, styles, model=model, weights=weights, strength=strength, preserve_color=keep,
                style_scale=scale, size=size, seed=seed, steps=None if one_pass else steps,
                style_weight=None if one_pass else float(pull),
            )  # fmt: skip
            clock = self._easel.clock(order)
            yield self._opening(order)
            shown = 0
            with self._jobs.run(visitor(request), order.work) as job:
                for moment in job.watch():
                    changes: Changes = {self.paint.bar: _bar(order, clock, moment, time.monotonic() - job.began)}
                    # The last preview would only flash up before the picture itself.
                    if moment.preview is not None and shown != moment.shown < moment.total:
                        shown = moment.shown
                        done = f"part {shown}" if one_pass else f"{shown} steps"
                        changes[self.preview] = stage(moment.preview, f"The picture after {done}")
                    yield changes
                painted = self._easel.finish(order, job)
            yield self._rest() if painted is None else self._rest() | self._show(order, painted)

    def _opening(self, order: PictureOrder) -> Changes:
        """Show that the work begins."""
        if order.pipeline.one_pass:
            return self.paint.working(_PAINTING, "Stop")
        first = stage(fit(order.content, min(max(order.size), 256)), "The content picture")
        bar = progress(0, "Looking at the pictures")
        return self.paint.working(bar, "Stop and keep what is there") | {self.preview: first}

    def _show(self, order: PictureOrder, painted: Painted) -> Changes:
        """Show the result beside the content, and offer its file."""
        cache = self.download.GRADIO_CACHE
        path = save_result(painted.image, _file_name(painted), cache)
        before = save_before(fit(order.content, max(painted.image.size)), cache)
        return {
            self.slider: gr.ImageSlider((before, path), visible=True),
            self.facts: _facts(_fact_line(painted)),
            self.result: path,
            self.download: gr.DownloadButton(value=path, interactive=True),
        }

    # --------------------------------------------------------------------------------------------------------- endpoint

    def _add_endpoint(self) -> None:
        boxes = [picture_input(label) for label in ("Content picture", "Style picture", "Second style", "Third style")]
        limits = ", ".join(f"{way.max_side} with {way.title}" for way in self._ways.values())
        options = [
            api_input("Weights: a number for each style, or null for equal ones", "array", example=[1]),
            api_input("Strength: 0 to 1", "number", _DEFAULT["strength"]),
            api_input("Keep the content's colours", "boolean", _DEFAULT["preserve_color"]),
            api_input("Stroke size: 0.25 to 4", "number", _DEFAULT["style_scale"]),
            api_input(
                f"Longer side of the result in pixels, up to {limits}; null keeps the content's", "integer", example=512
            ),
            api_input("Seed", "integer", _DEFAULT["seed"]),
            api_input(
                "Name of the model, or null for the default one; see /models", "string", example=get_spec("style").name
            ),
            api_input(
                "Corrections at the coarsest level, 1 to 1000; null for the model's own, and for one that has none",
                "integer",
                example=_GATYS.steps,
            ),
            api_input(
                "Weight of the style beside the content; null for the model's own, and for one that has none",
                "number",
                example=_GATYS.style_weight,
            ),
        ]
        outputs = [gr.Image(label="Result, an exact PNG", type="filepath", format="png"), gr.JSON(label="Settings")]
        gr.Button().click(self._stylize, [*boxes, *options], outputs, api_name="stylize", **GPU_SLOT)

    def _stylize(
        self, request: gr.Request, content: str, style: str, style_2: str | None = None, style_3: str | None = None,
        weights: list[float] | None = None, strength: float = _DEFAULT["strength"],
        preserve_color: bool = _DEFAULT["preserve_color"], style_scale: float = _DEFAULT["style_scale"],
        size: int | None = None, seed: int = _DEFAULT["seed"], model: str | None = None,
        steps: int | None = None, style_weight: float | None = None,
    ) -> Iterator[tuple[str | None, dict[str, Any]]]:  # fmt: skip
        """Repaint the content picture in the style of one to three others.

        While it works it tells the step and the number of steps; what comes last is the picture and its settings.
        """
        with sentences():
            order = self._easel.order(
                content, (style, style_2, style_3), model=model, weights=weights, strength=strength,
                preserve_color=preserve_color, style_scale=style_scale, size=size, seed=seed, steps=steps,
                style_weight=style_weight,
            )  # fmt: skip
            with self._jobs.run(visitor(request), order.work) as job:
                for moment in job.watch(every=1, pause=1):  # also to notice that the client has gone
                    yield None, {"step": moment.step, "steps": moment.total}
                painted = self._easel.finish(order, job)
            if painted is None:
                raise mistake("The work was stopped before there was a picture.")
            path = save_result(painted.image, _file_name(painted), self.download.GRADIO_CACHE)
            yield path, settings(painted.image) or {}


def _weight_slider(label: str, **options: Any) -> gr.Slider:
    return gr.Slider(0, 1, 1, step=0.05, label=label, info="Beside the others; 0 leaves it out.", **options)


def _file_name(painted: Painted) -> str:
    """Return the name under which a result is downloaded, without its ending."""
    made = settings(painted.image) or {}
    width, height = painted.image.size
    return f"deepart-{width}x{height}-seed{made.get('seed', 0)}"


def _fact_line(painted: Painted) -> str:
    made = settings(painted.image) or {}
    width, height = painted.image.size
    stopped = f", stopped after step {painted.stopped_at}" if painted.stopped_at is not None else ""
    title = title_of("style", made["model"])
    seconds = max(1, round(painted.seconds))
    time_taken = f"{seconds} second{'s' if seconds > 1 else ''}"
    return f"{width} × {height} pixels · {time_taken}{stopped} · seed {made.get('seed')} · {title}"


def _bar(order: PictureOrder, clock: Clock, moment: Moment, elapsed: float) -> str:
    """Return how far a job is, and how long it will go on."""
    one_pass = order.pipeline.one_pass
    if not moment.step or (one_pass and moment.step == moment.total):
        return _PAINTING if one_pass else progress(0, "Looking at the pictures")
    share, left = clock.share(moment.step), clock.left(moment.step, elapsed)
    then = "working out the time left" if left is None else f"about {duration(left)} left"
    done = f"{'part' if one_pass else 'step'} {moment.step} of {moment.total}"
    return progress(share, f"{100 * share:.0f} % · {done} · {then}")


def _facts(words: str) -> str:
    return f'<p class="da-facts" role="status">{html.escape(words)}</p>'

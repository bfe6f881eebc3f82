"""The style sheet: one content in many styles at once, as a gallery whose pictures choose a style."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from deepart.checks import whole_number
from deepart.errors import DeepArtError, ImageError, OptionError
from deepart.images import settings
from deepart.pipelines.style import MAX_SHEET, MIN_SIDE, StyleTransferPipeline
from deepart.ui.common import (
    AT_ONCE,
    GPU_SLOT,
    api_input,
    duration,
    mistake,
    picture_input,
    pictures_input,
    progress,
    read_picture,
    save_result,
    sentences,
    size_of,
    visitor,
)
from deepart.ui.easel import Easel, Order, checked, fitted
from deepart.ui.gallery import TITLES, example_files, example_of, thumbnail_css
from deepart.ui.jobs import Callback, Job, Jobs
from deepart.ui.language import t, t_text
from deepart.ui.pace import passes, with_time_left
from deepart.ui.starter import Changes, Starter, note
from deepart.ui.ways import Way

_SIDE = {"cpu": 384}  # pixels: twelve pictures in some seconds on two processor cores
_SIDE_ON_CARD = 512
_MAX_SIDE = 1024  # pixels: sixteen pictures are held at once
# The defaults of the pipeline, so that page and endpoint say the same as Python does.
_DEFAULT: dict[str, Any] = {
    name: parameter.default for name, parameter in inspect.signature(StyleTransferPipeline.sheet).parameters.items()
}


@dataclass(frozen=True)
class Style:
    """A style of a sheet: its file, what stands under its picture, and a part of the name of its file."""

    path: str
    title: str
    name: str


@dataclass(frozen=True)
class SheetOrder(Order):
    """One picture in each of many styles."""

    def work(self, callback: Callback) -> list[Image.Image]:
        """Paint them; see StyleTransferPipeline.sheet."""
        return self.pipeline.sheet(self.content, self.styles, **self.options, callback=callback)

    def effort(self) -> float:
        """Return what it takes, in the unit of the model's pace."""
        return passes(self.size, len(self.styles), len(self.styles))


class Sheet:
    """The components of the sheet, and what happens when they are used."""

    def __init__(self, easel: Easel, jobs: Jobs, way: Way, device: str) -> None:
        """Lay the sheet out inside the Blocks being built. way: the one of a single pass that paints it."""
        self._easel = easel
        self._jobs = jobs
        self._way = way
        self._side = _SIDE.get(device, _SIDE_ON_CARD)
        self._examples = {path.stem: path for path in example_files("style", "paintings")}
        self.chosen = gr.CheckboxGroup(
            [(TITLES[name], name) for name in self._examples], value=list(self._examples), label="Styles",
            info="A style picture that you have uploaded takes part as well.", show_select_all=True,
            elem_id="sheet-styles",
        )  # fmt: skip
        rules = thumbnail_css("#sheet-styles div.wrap label", list(self._examples.values()))
        gr.HTML(f"<style>{rules}</style>", elem_classes="da-rules")
        self.paint = Starter("Paint the sheet", "sheet-")
        self.paint.lay_status()
        self.gallery = gr.Gallery(
            label="Style sheet", show_label=False, format="png", columns=4, object_fit="cover", allow_preview=False,
            interactive=False, visible=False, buttons=["download_all"], elem_id="sheet",
        )  # fmt: skip
        self.told = gr.HTML(note(""), elem_id="sheet-told")
        self._shown = gr.State([])  # the styles of the pictures in the gallery

    def wire(self, app: gr.Blocks, content: gr.Image, style: gr.Image, options: Sequence[Any]) -> None:
        """Connect it with the tab. options: strength, the colours kept or not, size of strokes, seed."""
        told: list[Any] = [content, style, self.chosen]
        hint = [self.paint.start, self.paint.hint]
        gr.on(
            [app.load, *(component.change for component in told)], self._describe, told, hint,
            trigger_mode="always_last", **AT_ONCE,
        )  # fmt: skip
        [painting] = self.paint.wire(
            self._jobs, self._begin, told, self._paint_sheet, [*told, *options], self.paint.resting,
            covers=[], shows=[self.gallery, self.told, self._shown], queue_on=self.paint.bar,
        )  # fmt: skip
        painting.success(self._describe, told, hint, **AT_ONCE)
        self.gallery.select(self._choose, self._shown, [style, self.told], **AT_ONCE)

    # ------------------------------------------------------------------------------------------------------ on the page

    def _styles(self, style: str | None, chosen: Sequence[str]) -> list[Style]:
        """Return the styles that take part: an uploaded one, then the examples that are ticked."""
        examples = [Style(str(path), TITLES[name], name) for name, path in self._examples.items() if name in chosen]
        if style is None or example_of(style) is not None:
            return examples
        return [Style(style, "Your style picture", "yours"), *examples]

    def _describe(self, content: str | None, style: str | None, chosen: list[str]) -> Changes:
        """Say what the button waits for, or what it will do."""
        count = len(self._styles(style, chosen))
        if content is None or not count:
            missing = t("Choose a content picture first") if content is None else t("Choose styles first")
            return self.paint.missing(missing, t("The sheet takes a content picture and styles."))
        return self.paint.ready(t("Paint the sheet"), self._guess(content, count))

    def _guess(self, content: str, count: int) -> str:
        """Return what the sheet will be in words, or why it cannot be made."""
        try:
            pipeline = self._easel.pipeline(self._way.name)
            pipeline.work_shares(*size_of(content), size=self._side)  # an OptionError where that cannot be painted
            pace = self._easel.pace(pipeline)
            seconds = pace.estimate(passes(fitted(size_of(content), self._side), count, count))
        except DeepArtError as error:
            return t_text(str(error))
        values = {"count": count, "side": self._side, "time": duration(seconds), "where": pace.where}
        if count == 1:
            return t("1 picture of {side} pixels in about {time} {where}; click it to take its style.", **values)
        return t("{count} pictures of {side} pixels in about {time} {where}; click one to take its style.", **values)

    def _begin(self, content: str | None, style: str | None, chosen: list[str]) -> Changes:
        """Show that the page has understood, before the queue has a place."""
        with sentences():
            if content is None:
                raise ImageError("There is no content picture yet; upload one or choose an example.")
            if not self._styles(style, chosen):
                raise OptionError("No style is chosen; tick one or more.")
        return self.paint.waiting()

    def _paint_sheet(
        self, content: str, style: str | None, chosen: list[str], strength: float, keep: bool, scale: float,
        seed: int, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Paint the sheet for the page."""
        with sentences():
            styles = self._styles(style, chosen)
            order = self._order(
                content, styles, self._way.name, strength=strength, preserve_color=keep, style_scale=scale,
                size=self._side, seed=seed,
            )  # fmt: skip
            seconds = self._easel.pace(order.pipeline).estimate(order.effort())
            yield self.paint.working(_bar(order, None, seconds), t("Stop"))
            with self._jobs.run(visitor(request), order.work) as job:
                for moment in job.watch():
                    left = seconds - (time.monotonic() - job.began)
                    share = moment.step / moment.total if 0 < moment.step < moment.total else None
                    yield {self.paint.bar: _bar(order, share, left)}
                pictures = self._finish(order, job)
            shown = {} if pictures is None else self._show(styles, pictures)
            yield self.paint.resting() | shown

    def _show(self, styles: list[Style], pictures: list[Image.Image]) -> Changes:
        shown = [(path, t_text(title)) for path, title in self._files(styles, pictures)]
        return {
            self.gallery: gr.Gallery(shown, selected_index=None, visible=True),
            self.told: note(""),
            self._shown: styles,
        }

    def _choose(self, event: gr.SelectData, shown: list[Style]) -> tuple[str, str]:
        """Make the style of a picture of the sheet the style picture."""
        style = shown[event.index]
        words = t("{name}: this is the style picture now, and Paint makes it at full size.", name=t_text(style.title))
        return style.path, note(words)

    # ----------------------------------------------------------------------------------------------- page and endpoint

    def _order(
        self, content: str | None, styles: Sequence[Style], model: Any, *, size: Any, **options: Any
    ) -> SheetOrder:
        """Return the order for uploaded files; raises ImageError, OptionError, UnknownModelError, WeightsError."""
        pipeline = self._easel.pipeline(self._way.name if model is None else model)
        options = checked({**options, "size": self._side if size is None else size})
        whole_number("size", options["size"], MIN_SIDE, min(_MAX_SIDE, pipeline.max_side), "of pixels")
        if not 1 <= len(styles) <= MAX_SHEET:  # before they are read
            raise OptionError(f"There are {len(styles)} style pictures; give one to {MAX_SHEET}.")
        picture = read_picture(content, "content picture")
        named = [(style.path, f"style picture {number} ({style.title})") for number, style in enumerate(styles, 1)]
        return SheetOrder(pipeline, picture, [read_picture(path, what) for path, what in named], options)

    def _finish(self, order: SheetOrder, job: Job[list[Image.Image]]) -> list[Image.Image] | None:
        """Return the pictures of a job that is done, None when it was stopped; raises what the work raised."""
        pictures = job.result()
        if pictures is not None and job.moment.step:
            self._easel.pace(order.pipeline).learn(order.effort(), time.monotonic() - job.began)
        return pictures

    def _files(self, styles: Sequence[Style], pictures: Sequence[Image.Image]) -> list[tuple[str, str]]:
        """Write the pictures, and return them as a gallery takes them."""
        return [
            (save_result(picture, _file_name(style, picture), self.gallery.GRADIO_CACHE), style.title)
            for style, picture in zip(styles, pictures, strict=True)
        ]

    # --------------------------------------------------------------------------------------------------------- endpoint

    def add_endpoint(self) -> None:
        """Add what programs call; inside a part of the page that nobody sees."""
        inputs = [
            picture_input("Content picture"),
            pictures_input(f"Style pictures, one to {MAX_SHEET}"),
            api_input("Strength: 0 to 1", "number", _DEFAULT["strength"]),
            api_input("Keep the content's colours", "boolean", _DEFAULT["preserve_color"]),
            api_input("Stroke size: 0.25 to 4", "number", _DEFAULT["style_scale"]),
            api_input(
                f"Longer side of each picture in pixels, up to {_MAX_SIDE}; null for {self._side}", "integer",
                example=256,
            ),
            api_input("Seed", "integer", _DEFAULT["seed"]),
            api_input(
                f"Name of a model that paints in one pass, or null for {self._way.name}", "string",
                example=self._way.name,
            ),
        ]  # fmt: skip
        outputs = [
            gr.Gallery(label="The pictures, exact PNGs, in the order of the styles", format="png", type="filepath"),
            gr.JSON(label="Settings of each"),
        ]
        gr.Button().click(self._sheet, inputs, outputs, api_name="sheet", **GPU_SLOT)

    def _sheet(
        self, request: gr.Request, content: str, styles: list[str], strength: float = _DEFAULT["strength"],
        preserve_color: bool = _DEFAULT["preserve_color"], style_scale: float = _DEFAULT["style_scale"],
        size: int | None = None, seed: int = _DEFAULT["seed"], model: str | None = None,
    ) -> Iterator[tuple[list[tuple[str, str]], Any]]:  # fmt: skip
        """Repaint the content picture in each of many styles, in one pass.

        While it works it tells the step and the number of steps; what comes last are the pictures and their settings.
        """
        with sentences():
            wanted = [Style(path, Path(path).name, f"style{number}") for number, path in enumerate(styles, 1)]
            order = self._order(
                content, wanted, model, strength=strength, preserve_color=preserve_color, style_scale=style_scale,
                size=size, seed=seed,
            )  # fmt: skip
            with self._jobs.run(visitor(request), order.work) as job:
                for moment in job.watch(every=1, pause=1):  # also to notice that the client has gone
                    yield [], {"step": moment.step, "steps": moment.total}
                pictures = self._finish(order, job)
            if pictures is None:
                raise mistake("The work was stopped before there was a picture.")
            yield self._files(wanted, pictures), [settings(picture) for picture in pictures]


def _bar(order: SheetOrder, share: float | None, left: float) -> str:
    """Return how far a sheet is, and how long it will go on."""
    count = len(order.styles)
    what = t("Painting 1 picture") if count == 1 else t("Painting {count} pictures", count=count)
    return progress(share, with_time_left(what, left))


def _file_name(style: Style, picture: Image.Image) -> str:
    """Return the name under which a picture is downloaded, without its ending."""
    width, height = picture.size
    return f"deepart-{width}x{height}-{style.name}-seed{(settings(picture) or {}).get('seed', 0)}"

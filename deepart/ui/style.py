"""The tab "Style transfer": a content, one to three styles, a way of painting, and the picture being painted."""

import html
import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import gradio as gr
from PIL import Image

from deepart.cache import Studio
from deepart.images import fit, load_image, settings
from deepart.latents import MAX_SEED
from deepart.ui.artwork import Artwork, artwork_in, save_before
from deepart.ui.crop import Crop
from deepart.ui.examples import FIRST_SIZE, PAIRS, PairRow, example_files, example_row
from deepart.ui.finished import first_files
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, keep_good, picture_input
from deepart.ui.jobs import Jobs, Step
from deepart.ui.models import MoreModels, StyleModel, loading, model_menu, style_model_of, style_models, title_of
from deepart.ui.results import SendTo
from deepart.ui.run import Changes, RunButton, hidden_text, note
from deepart.ui.style_sheet import Sheet, Wall
from deepart.ui.style_work import GATYS, STYLIZE, StyleRequests, save_painting
from deepart.ui.widgets import VEIL, Format, stage


class StyleTab:
    """The components of the tab, and what happens when they are used."""

    def __init__(self, app: gr.Blocks, studio: Studio, jobs: Jobs) -> None:
        """Lay the tab out inside the Blocks being built, and wire it."""
        self.requests = StyleRequests(studio)
        self._studio, self._jobs = studio, jobs
        self._ways = style_models()
        self._first = next(iter(self._ways.values()))
        self._device = studio.device.type
        self._example = next(iter(first_files(studio, "style")), None)  # PAIRS[0], painted
        self._pair = PAIRS[0 if self._example is not None else 1]
        self._quick = next(way.name for way in self._ways.values() if way.one_pass)  # for what is there within a second
        self.wanted = hidden_text("style-wanted")  # changes when it should be painted
        with gr.Row(elem_classes="da-studio"):
            with gr.Column(elem_classes="da-result"):
                self._lay_result()
            with gr.Column(elem_classes="da-pictures"):
                self._lay_pictures()
            more = gr.Accordion("More", open=False, elem_id="style-extras", elem_classes="da-more")
            with more as self.extras, gr.Row():
                with gr.Column(min_width=260):
                    self._lay_options()
                with gr.Column(min_width=260):
                    self._lay_blend()
                    self.format = Format(self.download)
                    self.send = SendTo("style", ("content", "style", "photo", "find"))
                    self.more = MoreModels("style", self._studio, self._jobs, self.model)
        self._wire(app)

    # ---------------------------------------------------------------------------------------------------- what is there

    def _lay_pictures(self) -> None:
        gr.HTML(note("Your photograph: upload, paste or drop one. Or press a pair that goes well together."))
        with gr.Row(elem_classes="da-photo"):
            self.content = picture_input(
                "Your photograph", sources=["upload", "webcam", "clipboard"], value=str(self._pair.files[0]),
                height=210, elem_id="content", min_width=160,
            )  # fmt: skip
            self.pairs = PairRow()
        self.wall = Wall(self.requests, self._jobs, self._quick)

    def _lay_options(self) -> None:
        self._wished = gr.State(None)  # the size that the visitor has set; until then the way of painting decides
        ours = [way for way in self._ways.values() if way.ours]
        self.model = model_menu("style", "model", self._studio.added("style"))
        if len(ours) > 1:
            gr.HTML(_sentences([way.sentence for way in ours], "da-note"))
        self.strength = gr.Slider(
            0, 1, self._pair.strength, step=0.05, label="Strength",
            info="How far it goes: 0 leaves the photograph as it is.", elem_id="strength",
        )  # fmt: skip
        self.scale = gr.Slider(
            0.25, 4, self._pair.scale, step=0.25, label="Stroke size",
            info="2 makes the strokes twice as large.", elem_id="scale",
        )  # fmt: skip
        self.size = gr.Slider(
            128, self._first.max_side, self._size(self._first, None), step=64, label="Size",
            info="The longer side of the result in pixels.", elem_id="size",
        )  # fmt: skip
        self.keep = gr.Checkbox(
            STYLIZE["preserve_color"], label="Keep the content's colours",
            info="Take the strokes of the style, but not its palette.",
        )  # fmt: skip
        with gr.Accordion("Fine tuning", open=False):
            self.seed = gr.Number(
                STYLIZE["seed"], label="Seed", precision=0, minimum=0, maximum=MAX_SEED,
                info="The same seed gives the same picture, another one varies the details.", elem_id="seed",
            )  # fmt: skip
            self.dice = gr.Button("Shuffle", size="sm", elem_id="dice")
            with gr.Column(visible=not self._first.one_pass) as self.corrected:
                self.steps = gr.Slider(
                    2, 100, GATYS.steps, step=1, label="Steps", elem_id="steps",
                    info="Corrections at the coarsest level: fewer are faster, more are more thorough.",
                )  # fmt: skip
                self.style_weight = gr.Slider(
                    0.5, 20, GATYS.style_weight, step=0.5, label="Style weight", elem_id="pull",
                    info="What the style counts beside the content.",
                )  # fmt: skip

    def _lay_blend(self) -> None:
        example_row(example_files("content"), self.content, "Photographs to try")
        self.crop = Crop(self.content, self._jobs)
        self.style = picture_input("Style picture", value=str(self._pair.files[1]), height=180, elem_id="style")
        with gr.Accordion("Blend in more styles", open=False):
            gr.HTML(note("The painting takes from each of up to three styles, as much as its weight says."))
            with gr.Row():
                self.style_2 = picture_input("Second style", height=180, min_width=120)
                self.style_3 = picture_input("Third style", height=180, min_width=120, elem_id="style-3")
            self.weight = _weight_slider("Weight of the first style", elem_id="weight")
            self.weight_2 = _weight_slider("Weight of the second")
            self.weight_3 = _weight_slider("Weight of the third")
        with gr.Accordion("Try many styles at once", open=False):
            self.sheet = Sheet(self.requests, self._jobs, self._quick, self._device)

    def _lay_result(self) -> None:
        with gr.Column(elem_classes="da-canvas", elem_id="canvas"):
            gr.HTML(stage(None, "Your painting will appear here."))
            self.slider = gr.ImageSlider(
                None if self._example is None else (str(self._pair.files[0]), str(self._example)),
                type="pil", format="png", label="Before and after", show_label=False, interactive=False,
                visible=self._example is not None, buttons=[], max_height=4096, elem_id="slider",
            )  # fmt: skip
            self.preview = gr.HTML(visible=False, elem_id="preview")
        self.facts = gr.HTML(self._first_facts(), elem_id="facts")
        with gr.Row(elem_classes="da-acts"):
            self.paint = RunButton("Paint", "", "paint", "primary")
            self.download = gr.DownloadButton(
                "Download", None if self._example is None else str(self._example), scale=0, min_width=130,
                interactive=self._example is not None, elem_id="download",
            )  # fmt: skip
        self.paint.lay_status("Press a style, or Paint. It gets better for some seconds; Stop keeps what is there.")
        # Artwork | None: the last painting; at first the example's copy, which visitors may have
        self.result: Any = gr.State(self._first_result())

    # ------------------------------------------------------------------------------------------------- what leads where

    def _wire(self, app: gr.Blocks) -> None:
        self.pairs.wire(self.content, self.style, self.strength, self.scale, self.wanted)
        self.wall.wire(self.content, self.style, self.wanted, self.result)
        keep_good(self.content, self.style, self.style_2, self.style_3)
        self.dice.click(lambda: random.randint(0, MAX_SEED), None, self.seed, **AT_ONCE)
        self.size.input(lambda size: size, self.size, self._wished, trigger_mode="always_last", **AT_ONCE)
        for event in (self.model.input, self.more.wire(app).success):
            event(self._switch, [self.model, self._wished], [self.size, self.corrected], **AT_ONCE)
        inputs = [
            self.content, self.style, self.style_2, self.style_3, self.weight, self.weight_2, self.weight_3,
            self.strength, self.keep, self.scale, self.size, self.seed, self.model, self.steps, self.style_weight,
        ]  # fmt: skip
        self.paint.wire(
            self._jobs, self._paint, inputs, [self.preview, self.slider, self.facts, self.result],
            begin={self.preview: gr.update(value=VEIL, visible=True)}, rest={self.preview: gr.update(visible=False)},
            triggers=[self.wanted.change], locks=("download", "facts"), sight="canvas",
            example=self._example is not None,
        )  # fmt: skip
        self.sheet.wire(self.content, self.style, [self.strength, self.keep, self.scale, self.seed])
        self.format.wire(self.result, lambda one: one.path)

    @property
    def linked(self) -> dict[str, Any]:
        """The settings of a painting, by the keys that an address names them with."""
        return {
            "model": self.model, "strength": self.strength, "strokes": self.scale, "size": self.size,
            "keep-colours": self.keep, "seed": self.seed, "steps": self.steps, "style-weight": self.style_weight,
            "weight-1": self.weight, "weight-2": self.weight_2, "weight-3": self.weight_3,
        }  # fmt: skip

    @property
    def cleared(self) -> dict[Any, Callable[[], Any]]:
        """What makes, by component, the tab without a result: the last one is not of a picture that was sent here."""
        return {
            self.slider: lambda: gr.ImageSlider(visible=False),
            self.facts: lambda: _facts(
                t("Press Paint to paint this picture; what you painted before is in My results.")
            ),
            self.result: lambda: None,
        }

    def follow(self, linked: Any) -> None:
        """Let the tab show what belongs to its settings once an event has set them as an address says."""
        linked.then(self._settle, [self.model, self.size], [self.size, self.corrected, self._wished], **AT_ONCE)

    def _settle(self, model: str, size: int) -> Changes:
        """Show what the way of painting takes; a size that the page has not opened with is a wish."""
        wished = None if size == self._size(self._first, None) else size
        return self._switch(model, wished) | {self._wished: wished}

    def _switch(self, model: str, wished: int | None) -> Changes:
        """Show what the way of painting takes; what the visitor has set stays, where it goes, and comes back."""
        way = self._way(model)
        return {
            self.size: gr.Slider(maximum=way.max_side, value=self._size(way, wished)),
            self.corrected: gr.Column(visible=not way.one_pass),
        }

    def _size(self, way: StyleModel, wished: int | None) -> int:
        """Return the size that the page shows for a way of painting: that of the example as long as nobody wishes."""
        if wished is None and self._example is not None and way == self._first:
            return FIRST_SIZE
        return way.size(self._device, wished)

    def _way(self, model: str) -> StyleModel:
        """Return what is known of a model; one that is not registered has been loaded by now."""
        return self._ways.get(model) or style_model_of(self.requests.pipeline(model))

    def _first_facts(self) -> str:
        """Return the line under the example that the tab opens with; empty where there is none."""
        if self._example is None:
            return _facts("")
        width, height = load_image(self._example).size
        return _sentences(
            ["A finished example", f"· {width}\u00a0×\u00a0{height}\u00a0·", self._first.title], "da-facts"
        )

    def _first_result(self) -> Artwork | None:
        """Return the example that the tab opens with, as something made."""
        if self._example is None:
            return None
        made = (settings(load_image(self._example)) or {}) | {"from": [self._pair.content, self._pair.style]}
        return artwork_in(self.download.value["path"], made)

    def _paint(
        self, content: str | None, style: str | None, style_2: str | None, style_3: str | None,
        weight: float, weight_2: float, weight_3: float, strength: float, keep: bool, scale: float, size: int,
        seed: int, model: str, steps: int, style_weight: float, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Paint for the page: show what the quick way makes of it, how far it is, then what came out."""
        styles = (style, style_2, style_3)
        weights = [number for number, path in zip((weight, weight_2, weight_3), styles, strict=True) if path]
        one_pass = self._way(model).one_pass
        transfer = self.requests.transfer(
            content, styles, model=model, weights=weights, strength=strength, preserve_color=keep, style_scale=scale,
            size=size, seed=seed, steps=None if one_pass else steps,
            style_weight=None if one_pass else float(style_weight), first_look=None if one_pass else self._quick,
        )  # fmt: skip

        def preview(step: Step[Image.Image]) -> Changes:
            if step.preview is None or step.preview_step == step.total:  # the last would only flash up
                return {}
            n = step.preview_step
            if n == 0:
                return {self.preview: stage(step.preview, t("A first look; it gets better"))}
            words = t("The picture after part {n}", n=n) if one_pass else t("The picture after {n} steps", n=n)
            return {self.preview: stage(step.preview, words)}

        step = yield from self.paint.stream(
            request, transfer.work, partial(_words, one_pass), loading=loading(self._studio, "style", model),
            preview=preview, share=transfer.share, long=transfer.long,
        )  # fmt: skip
        image = step.made or transfer.stopped(step)
        if image is not None:
            files = [str(path) for path in (content, *styles) if path]
            yield self._show(transfer.content, image, step, files)

    def _show(self, content: Image.Image, image: Image.Image, step: Step[Image.Image], files: Sequence[str]) -> Changes:
        """Show the result beside the content, and offer its file. files: of the content, and of the styles."""
        cache = self.download.GRADIO_CACHE
        one = save_painting(image, files, cache)
        before = save_before(fit(content, max(image.size)), cache)
        return {
            self.slider: gr.ImageSlider((before, one.path), visible=True),
            self.facts: _facts(f"{translate(one.name)} · {_fact_line(image, step.seconds)}"),
            self.result: one,
        }


def _sentences(parts: list[str], kind: str) -> str:
    """Return a line of HTML whose parts are translated one by one. kind: its class."""
    return f'<p class="{kind}">{" <wbr>".join(map(html.escape, parts))}</p>'


def _weight_slider(label: str, **options: Any) -> gr.Slider:
    return gr.Slider(0, 1, 1, step=0.05, label=label, info="Beside the others; 0 leaves it out.", **options)


def _fact_line(image: Image.Image, seconds: float) -> str:
    made = settings(image) or {}
    width, height = image.size
    whole = max(1, round(seconds))
    parts = [
        t("{width} × {height} pixels", width=width, height=height),
        t("1 second") if whole == 1 else t("{n} seconds", n=whole),
        t("seed {n}", n=made.get("seed")),
        translate(title_of("style", made["model"])),
    ]
    if "stopped_at" in made:
        parts.insert(2, t("stopped after step {n}", n=made["stopped_at"]))
    return " · ".join(parts)


def _words(one_pass: bool, step: Step[Image.Image]) -> str:
    """Return how far a transfer is."""
    n, total = step.step, step.total
    if not n or (one_pass and n == total):
        return t("Painting the picture") if one_pass else t("Looking at the pictures")
    done = t("part {n} of {total}", n=n, total=total) if one_pass else t("step {n} of {total}", n=n, total=total)
    return f"{100 * step.share:.0f} % · {done}"


def _facts(words: str) -> str:
    return f'<p class="da-facts" role="status">{html.escape(words)}</p>'

"""The tab "Reconstruct": a picture is taken apart, put together again, and changed in between."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from PIL import Image

from deepart.cache import Studio
from deepart.errors import ImageError
from deepart.images import settings
from deepart.latents import MAX_SEED
from deepart.pipelines.vae import Source, VAEPipeline
from deepart.pipelines.vae_latent import Latent
from deepart.ui.artwork import (
    Artwork,
    Reconstruction,
    RoundTrip,
    cells,
    name_of_source,
    number_cells,
    save_artwork,
    save_before,
    save_reconstruction,
    save_result,
)
from deepart.ui.examples import example_files, example_of, example_row
from deepart.ui.finished import finished_reconstruction
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, GPU_SLOT, SOON, keep_good, mistake, picture_input, read_picture, sentences
from deepart.ui.jobs import Callback, Jobs
from deepart.ui.models import MoreModels, loading, model_menu, summary_of, title_of
from deepart.ui.reconstruct_tools import Change, Combine, Draw, Morph, Vary
from deepart.ui.reconstruct_views import ErrorMap, Inside, example_title, title
from deepart.ui.results import SendTo
from deepart.ui.run import Changes, RunButton, note
from deepart.ui.widgets import Format, RequestId, into_sight, picked_file, stage
from deepart.ui.work import VAERequests, defaults

_WHAT = "picture"


_EXACT = 1_000_000  # pixels: larger ones are compared with a JPEG, as a PNG takes seconds


_NOTHING = "There is no picture yet; upload one or choose an example."


_EXAMPLES = ("content", "paintings")  # folders


_HINT = "The picture goes through the model's latent, fewer numbers than it has, and comes back."


_LATER = "“Look inside”, “Work out the latent” and the tools below load the model first."


_DRAWN_FIRST = 0  # seed of the picture that a model begins with which knows only its own kind


_TEMPERATURE = defaults(VAEPipeline.sample)["temperature"]


@dataclass(frozen=True)
class _Looked:
    """A picture or a latent, its file, what came out, and the error map of that, None without an original."""

    path: str
    source: Source
    taken: RoundTrip
    error: Image.Image | None


class ReconstructTab:
    """The parts of the tab, and what leads from one to the other."""

    def __init__(self, app: gr.Blocks, tab: gr.Tab, studio: Studio, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built, and wire it. tab: the one that it is in."""
        self.requests = self._maker = VAERequests(studio)
        self._studio, self._jobs = studio, jobs
        self._example = finished_reconstruction(studio)
        self.opened: Any = gr.State(None)  # str | None: a latent file, in place of a picture
        # What was in the box for the picture, and what belongs there. The work itself cannot put it there: a component
        # that it leaves as it is Gradio builds anew, which a picture_input must not be.
        self.placed: Any = gr.State((None, None))
        self.turn = RequestId("vae-mark")
        with gr.Row(elem_classes="da-studio"):
            with gr.Column(elem_classes="da-pictures da-source"):
                self._lay_source()
            with gr.Column(elem_classes="da-result"):
                self._lay_result()
                self._lay_tools()
        self._wire(app, tab)

    # ---------------------------------------------------------------------------------------------------- what is there

    def _lay_source(self) -> None:
        examples = example_files(*_EXAMPLES)
        self.model = model_menu("vae", "vae-model", self._studio.added("vae"))
        self.about = gr.HTML(_about(self.model.value), elem_id="vae-about")
        self.more = MoreModels("vae", self._studio, self._jobs, self.model)
        self._first = str(examples[0]) if self._example is None else str(self._example.subject.picture)
        self.picture = picture_input("Picture", value=self._first, height=240, elem_id="vae-picture")
        gr.HTML(note("Upload a picture, or choose one: it is taken apart at once."))
        with gr.Column() as self.examples:
            self._chosen = example_row(examples, self.picture)
        self.draw = gr.Button("Draw a portrait", size="sm", visible=False, elem_id="vae-draw")
        self.start = RunButton("Reconstruct", "vae-", variant="primary")
        self.start.lay_status(_HINT)
        with gr.Accordion("Begin with a latent", open=False, elem_id="vae-latents"):
            gr.HTML(note("A latent that was saved here becomes a picture again, without the original."))
            self.open = gr.UploadButton("Open a latent file", size="sm", elem_id="vae-open")

    def _lay_result(self) -> None:
        example = self._example
        first = example.subject if example is not None else None
        empty = '<p class="da-title">&nbsp;</p>' + note("")
        named = empty if first is None else example_title(first, title_of("vae", first.model))
        self.title = gr.HTML(named, elem_id="vae-title")
        with gr.Tabs(elem_classes="da-tools", overflow_behavior="wrap"):
            with gr.Tab("Before and after"), gr.Column(elem_classes="da-canvas"):
                self.stage = gr.HTML(stage(None, "The reconstruction will appear here."), elem_id="vae-stage")
                self.slider = gr.ImageSlider(
                    None if first is None else (first.picture, first.made.path),
                    type="pil", format="png", label="Before and after", show_label=False, interactive=False,
                    visible=first is not None, buttons=["fullscreen"], max_height=4096, elem_id="vae-slider",
                )  # fmt: skip
            with gr.Tab("Error map") as self._error_tab:
                self._error = ErrorMap(self.turn)
            with gr.Tab("Look inside") as self._inside_tab:
                self._inside = Inside(self.turn)
        told = "" if example is None else cells(example.near, example.shape, example.subject.size) + note(_LATER)
        self.facts = gr.HTML(told, elem_id="vae-facts")
        with gr.Row(elem_classes="da-acts"):
            with gr.Row(elem_classes="da-save"):
                self.download = gr.DownloadButton(
                    "Download", None if first is None else first.made.path, size="sm", min_width=100,
                    interactive=first is not None, elem_id="vae-download",
                )  # fmt: skip
                self.format = Format(self.download)
            self.work_out = gr.Button(
                "Work out the latent", size="sm", min_width=140, visible=first is not None, elem_id="vae-work-out"
            )
            self.latent = gr.DownloadButton(
                "Save the latent", size="sm", min_width=140, interactive=False, visible=first is None,
                elem_id="vae-latent",
            )  # fmt: skip
        if first is not None:  # visitors have a copy of their own, beside which other formats of it can be written
            first = replace(first, made=replace(first.made, path=self.download.value["path"]))
        self.subject: Any = gr.State(first)  # Reconstruction | None
        self.send = SendTo("vae", ("content", "style", "find"))

    def _lay_tools(self) -> None:
        with gr.Tabs(elem_classes="da-tools", overflow_behavior="wrap") as self.tools:
            with gr.Tab("Vary", id="vary"):
                self._vary = Vary(self._maker, self._jobs, self.turn)
            with gr.Tab("Morph", id="morph"):
                self._morph = Morph(self._maker, self._jobs, self.turn)
            with gr.Tab("Change", id="change", visible=False) as self.change_tab:
                self._change = Change(self._maker, self._jobs, self.turn)
            with gr.Tab("Combine", id="combine", visible=False) as self.combine_tab:
                self._combine = Combine(self._maker, self._jobs)
            with gr.Tab("Sample", id="sample", visible=False) as self.sample_tab:
                self._draw = Draw(self._maker, self._jobs)

    # ------------------------------------------------------------------------------------------------- what leads where

    @property
    def linked(self) -> dict[str, Any]:
        """The controls that a link to the tab sets, by what they are called in it."""
        vary, draw, morph = self._vary, self._draw, self._morph
        return {
            "model": self.model, "gain": self._error.gain, "strength": vary.strength, "variations": vary.count,
            "seed": vary.seed, "frames": morph.frames, "path": morph.path, "back": morph.back,
            "temperature": draw.temperature, "samples": draw.count, "sample-seed": draw.seed,
        }  # fmt: skip

    @property
    def _suited(self) -> list[Any]:
        """The components that change with the model."""
        tabs = [self.tools, self.change_tab, self.combine_tab, self.sample_tab]
        return [self.model, self.about, self.examples, self.draw, *tabs, *self._morph.suited]

    @property
    def _shown(self) -> list[Any]:
        """The components that change with the picture."""
        return [
            self.subject, *self.turn.parts, self.placed, self.title, self.stage, self.slider, self.facts,
            self.download, self.work_out, self.latent, *self._error.parts, *self._inside.parts, *self._change.parts,
            *self._suited,
        ]  # fmt: skip

    def _wire(self, app: gr.Blocks, tab: gr.Tab) -> None:
        # Changes with the first look at the tab, where it has no example, and with the first wish for what nobody knows
        # of the example yet; then what is in the box is taken apart.
        self.asked = gr.Textbox(visible="hidden", elem_id="vae-first")
        self.sent = gr.Textbox(visible="hidden", elem_id="vae-sent")  # changes when another tab has sent a picture
        if self._example is None:
            tab.select(lambda: "seen", None, self.asked, **AT_ONCE)
        for wish in (self._inside_tab.select, self.work_out.click):
            wish(_asked_of_example, self.subject, self.asked, **AT_ONCE)
        source = [self.picture, self.opened]
        opened = self.open.upload(self._open, [self.open, self.model], [*source, self.model], **SOON)
        quick: dict[str, Any] = {"show_progress": "minimal", "api_visibility": "private", **GPU_SLOT}
        drawn = self.draw.click(self._draw_one, self.model, source, show_progress_on=self.start.hint, **quick)
        self._morph.draw.click(
            self._draw_one, self.model, [self._morph.picture, gr.State()], show_progress_on=self._morph.start.hint,
            **quick,
        )  # fmt: skip
        results = (self._vary.tray, self._draw.tray, self._change.single, self._combine.single)
        gone = [result.go.click(self._go, result.picked, source, **SOON).success for result in results]
        chosen = self._chosen.then(lambda: None, None, self.opened, **AT_ONCE)
        uploaded = keep_good(self.picture).success(lambda: None, None, self.opened, **AT_ONCE)
        needs = [self.picture, self.opened, self.model, self.subject, self._error.gain]
        events = self.start.wire(
            self._jobs, self._reconstruct, needs, self._shown,
            triggers=[self.asked.change, self.sent.change, uploaded.success, chosen.success, opened.success,
                      drawn.success, self.model.input, self.more.wire(app).success, *gone],
        )  # fmt: skip
        for event in events[1:]:  # all but what the visitor is looking at already
            event.success(None, None, None, js=f"() => {{ {into_sight('vae-title')} }}", **AT_ONCE)
        for event in events:
            event.success(_placed, [self.placed, self.picture], self.picture, **AT_ONCE)
        for event in events:  # a model that has failed is not the one that the page shows
            event.failure(self._model_of, [self.subject, self.model], self.model, **AT_ONCE)
        self.start.leave.click(self._model_of, [self.subject, self.model], self.model, **AT_ONCE)
        self.format.wire(self.subject, lambda subject: subject.made.path)
        self._error.wire(self.subject, self._error_tab)
        for part in (self._inside, self._vary, self._morph, self._change):
            part.wire(self.subject)
        self._combine.wire(self.subject, self.model)
        self._draw.wire(self.model)

    def follow(self, linked: Any) -> None:
        """Let the tab show what belongs to its settings once an event has set them as an address says."""
        linked.then(_asked_of_model, [self.subject, self.model], self.asked, **AT_ONCE)

    # ------------------------------------------------------------------------------------------------ what to work with

    def _open(self, path: str, model: str) -> tuple[None, str, str]:
        """Take a latent file in place of a picture, and the model that made it."""
        with sentences():
            latent = Latent.load(path)
            owner = self._maker.owner(latent, model)
            self._maker.pipeline(owner).latent(latent)  # before anything leaves the page for it
            return None, path, owner

    def _draw_one(self, model: str, request: gr.Request) -> tuple[str, None]:
        """Take a new picture of the model's."""
        with sentences():
            made = self._jobs.do(
                request, self._maker.sample(model, 1, random.randint(0, MAX_SEED), _TEMPERATURE), "page vae-draw"
            )
            if made is None:
                raise mistake("The work was stopped before there was a picture.")
            return save_artwork(made[0], self.download.GRADIO_CACHE).path, None

    def _drawn(self, model: str, seed: int) -> str:
        """Return the file of a sample, drawn within work."""
        [image] = self._maker.sample(model, 1, seed, _TEMPERATURE)(lambda *_: None)
        return save_artwork(image, self.download.GRADIO_CACHE).path

    def _go(self, one: Artwork | None) -> tuple[str, None]:
        """Take a picture that a tool has made."""
        with sentences():
            return picked_file(one), None

    def _model_of(self, subject: Reconstruction | None, model: str) -> gr.Radio:
        """Return the menu at the model of the picture that is shown."""
        return self.more.menu_at(model if subject is None else subject.model)

    def _suitable(self, path: str | None, model: str, subject: Reconstruction | None) -> str:
        """Return the picture to take apart: after a change of the model, an example becomes one of its own kind.

        What a visitor has uploaded stays.
        """
        drawable = self._maker.pipeline(model).has_prior
        if path is None:
            if not drawable:
                raise ImageError(_NOTHING)
            return self._drawn(model, _DRAWN_FIRST)
        if subject is None or subject.model == model:
            return path
        if drawable:
            return self._drawn(model, _DRAWN_FIRST) if example_of(path) else path
        made = settings(read_picture(path, _WHAT)) or {}
        if made.get("model") == subject.model and "temperature" in made:  # it was drawn for that model's sake
            return self._first
        return path

    # ---------------------------------------------------------------------------------------------- there and back

    def _reconstruct(
        self, path: str | None, opened: str | None, model: str, subject: Reconstruction | None, gain: float,
        request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Take a picture apart for the page, and put it together."""

        def work(callback: Callback) -> _Looked:
            if path is None and opened is not None:
                source: Source = Latent.load(opened)
                return _Looked(opened, source, self._maker.take(model, source)(callback), None)
            suitable = self._suitable(path, model, subject)
            picture = read_picture(suitable, _WHAT)
            taken = self._maker.take(model, picture)(callback)
            return _Looked(suitable, picture, taken, self._error.see(picture, taken.image, gain))

        words = t("Taking the picture apart, and putting it together")
        step = yield from self.start.stream(request, work, words, loading=loading(self._studio, "vae", model))
        looked = step.made
        if looked is None:
            yield {self.model: self._model_of(subject, model)}
            return
        picture = looked.source if isinstance(looked.source, Image.Image) else None
        name = name_of_source(looked.path, None if picture is None else settings(picture))
        one = save_reconstruction(
            looked.taken, None if picture is None else looked.path, name, self.download.GRADIO_CACHE
        )
        changes = self._show(one, looked)
        if subject is not None and subject.model != one.model and self._maker.pipeline(one.model).spatial:
            changes[self.tools] = gr.Tabs(
                selected="vary"
            )  # what was used may be among the tools that this model has not
        yield changes | {self.placed: (path, one.picture)}

    def _show(self, one: Reconstruction, looked: _Looked) -> Changes:
        """Show a reconstruction, begin all tools with it, and let the page be as its model is."""
        cache = self.download.GRADIO_CACHE
        taken, source, pipeline = looked.taken, looked.source, self._maker.pipeline(one.model)
        changes: Changes = {
            self.subject: one,
            self.title: title(one, title_of("vae", one.model)), self.facts: number_cells(taken),
            self.download: gr.DownloadButton(value=one.made.path, interactive=True),
            self.work_out: gr.Button(visible=False),
            self.latent: gr.DownloadButton(value=one.latent, interactive=True, visible=True),
        }  # fmt: skip
        if isinstance(source, Latent):
            changes |= {self.stage: stage(taken.image, translate(one.name)), self.slider: gr.ImageSlider(visible=False)}
        else:
            small = source.width * source.height <= _EXACT
            before = save_result(source, "before", cache) if small else save_before(source, cache)
            changes[self.slider] = gr.ImageSlider((before, one.made.path), visible=True)
        changes |= self._error.show(looked.error) | self._inside.show(taken.latent, one.made.made)
        return changes | self._change.put(one) | self._suit(one.model, pipeline) | self.turn.following()

    def _suit(self, model: str, pipeline: VAEPipeline) -> Changes:
        """Show the tools of a model, and what it is."""
        drawable, vector = pipeline.has_prior, not pipeline.spatial
        tabs = ((self.change_tab, bool(pipeline.directions)), (self.combine_tab, vector), (self.sample_tab, drawable))
        return {
            self.model: self.more.menu_at(model),
            self.about: _about(model),
            self.examples: gr.Column(visible=not drawable),
            self.draw: gr.Button(visible=drawable),
            **{tab: gr.Tab(visible=there) for tab, there in tabs},
        } | self._morph.suit(pipeline.spatial, drawable)


def _placed(placed: tuple[str | None, str | None], now: str | None) -> str | None:
    """Return what belongs into the box for the picture; what a visitor has put there meanwhile stays."""
    before, after = placed
    return after if now == before else now


def _asked_of_example(subject: Reconstruction | None) -> Any:
    """Return a new text where somebody asks for what nobody knows of the example yet; see ReconstructTab.asked."""
    return uuid.uuid4().hex if subject is not None and subject.latent is None else gr.skip()


def _asked_of_model(subject: Reconstruction | None, model: str) -> Any:
    """Return a new text where the page shows the work of another model than the chosen one."""
    return uuid.uuid4().hex if subject is not None and subject.model != model else gr.skip()


def _about(model: str) -> str:
    return note(translate(summary_of("vae", model)))

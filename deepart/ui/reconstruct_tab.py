"""The tab "Reconstruct": a picture is taken apart, put together again, and changed in between."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import ImageError
from deepart.images import settings
from deepart.latents import MAX_SEED
from deepart.pipelines.vae import Source, VAEPipeline
from deepart.pipelines.vae_latent import Latent
from deepart.studio import Studio
from deepart.ui.common import (
    AT_ONCE,
    GPU_SLOT,
    SOON,
    api_corner,
    into_sight,
    keep_good,
    mistake,
    picture_input,
    progress,
    read_picture,
    save_before,
    save_result,
    sentences,
    stage,
    visitor,
)
from deepart.ui.gallery import example_files, example_of, example_row
from deepart.ui.jobs import Callback, Jobs, Work
from deepart.ui.maker import defaults
from deepart.ui.menu import model_menu, summary_of, title_of
from deepart.ui.more import MoreModels
from deepart.ui.pieces import Piece, piece
from deepart.ui.reconstruct_api import ReconstructAPI
from deepart.ui.reconstruct_change import Change, Combine
from deepart.ui.reconstruct_draw import Draw, Vary
from deepart.ui.reconstruct_maker import Taken, VAEMaker
from deepart.ui.reconstruct_morph import Morph
from deepart.ui.reconstruct_subject import Subject, kept, name_of_source, number_cells
from deepart.ui.reconstruct_views import ErrorMap, Inside, title
from deepart.ui.send import SendTo
from deepart.ui.starter import Changes, Starter, note
from deepart.ui.tray import picked_file
from deepart.ui.turn import Turn

_WHAT = "picture"
_EXACT = 1_000_000  # pixels: larger ones are compared with a JPEG, as a PNG takes seconds
_WORDS = "Taking the picture apart, and putting it together"
_NOTHING = "There is no picture yet; upload one or choose an example."
_EXAMPLES = ("content", "paintings")  # folders
_DRAWN_FIRST = 0  # seed of the picture that a model begins with which knows only its own kind
_TEMPERATURE = defaults(VAEPipeline.sample)["temperature"]


@dataclass(frozen=True)
class _Looked:
    """A picture taken apart, and the error map of what came out, None without an original."""

    taken: Taken
    error: Image.Image | None


class ReconstructTab:
    """The parts of the tab, and what leads from one to the other."""

    def __init__(self, app: gr.Blocks, tab: gr.Tab, studio: Studio, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built, and wire it. tab: the one that it is in."""
        self._maker = VAEMaker(studio)
        self._studio, self._jobs = studio, jobs
        self.subject: Any = gr.State(None)  # Subject | None
        self.opened: Any = gr.State(None)  # str | None: a latent file, in place of a picture
        # What was in the box for the picture, and what belongs there. The work itself cannot put it there: a component
        # that it leaves as it is Gradio builds anew, which a picture_input must not be.
        self.placed: Any = gr.State((None, None))
        self.turn = Turn("vae-mark")
        with gr.Row(elem_classes="da-studio"):
            with gr.Column(elem_classes="da-pictures da-source"):
                self._lay_source()
            with gr.Column(elem_classes="da-result"):
                self._lay_result()
                self._lay_tools()
        self._wire(app, tab)
        with api_corner():
            ReconstructAPI(self._maker, jobs, self.download.GRADIO_CACHE).add_endpoints()

    # ---------------------------------------------------------------------------------------------------- what is there

    def _lay_source(self) -> None:
        examples = example_files(*_EXAMPLES)
        self.model = model_menu("vae", "vae-model", self._studio.added("vae"))
        self.about = gr.HTML(_about(self.model.value), elem_id="vae-about")
        self.more = MoreModels("vae", self._studio, self._jobs, self.model)
        self.picture = picture_input("Picture", value=str(examples[0]), height=240, elem_id="vae-picture")
        with gr.Column() as self.examples:
            self._chosen = example_row(examples, self.picture)
        with gr.Row(elem_classes="da-acts"):
            self.draw = gr.Button("Draw a portrait", size="sm", min_width=120, visible=False, elem_id="vae-draw")
            self.open = gr.UploadButton("Open a latent file", size="sm", min_width=120, elem_id="vae-open")
        self.start = Starter("Reconstruct", "vae-", "primary", "start")
        self.start.lay_status("The picture goes through the model's latent, a few numbers, and comes back.")

    def _lay_result(self) -> None:
        self.title = gr.HTML('<p class="da-title">&nbsp;</p>' + note(""), elem_id="vae-title")
        with gr.Tabs(elem_classes="da-tools", overflow_behavior="wrap"):
            with gr.Tab("Before and after"), gr.Column(elem_classes="da-canvas"):
                self.stage = gr.HTML(stage(None, "The reconstruction will appear here."), elem_id="vae-stage")
                self.slider = gr.ImageSlider(
                    type="pil", format="png", label="Before and after", show_label=False, interactive=False,
                    visible=False, buttons=["fullscreen"], max_height=4096, elem_id="vae-slider",
                )  # fmt: skip
            with gr.Tab("Error map"):
                self._error = ErrorMap(self.turn)
            with gr.Tab("Look inside"):
                self._inside = Inside(self.turn)
        self.facts = gr.HTML("", elem_id="vae-facts")
        with gr.Row(elem_classes="da-acts"):
            self.download = gr.DownloadButton(
                "Download the PNG", size="sm", min_width=140, interactive=False, elem_id="vae-download"
            )
            self.latent = gr.DownloadButton(
                "Save the latent", size="sm", min_width=140, interactive=False, elem_id="vae-latent"
            )
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
    def _suited(self) -> list[Any]:
        """The components that change with the model."""
        tabs = [self.tools, self.change_tab, self.combine_tab, self.sample_tab]
        return [self.model, self.about, self.examples, self.draw, *tabs, *self._morph.suited]

    @property
    def _shown(self) -> list[Any]:
        """The components that change with the picture."""
        return [
            self.subject, *self.turn.parts, self.placed, self.title, self.stage, self.slider, self.facts,
            self.download, self.latent, *self._error.parts, *self._inside.parts, *self._change.parts, *self._suited,
        ]  # fmt: skip

    def _wire(self, app: gr.Blocks, tab: gr.Tab) -> None:
        first = gr.Textbox(visible="hidden", elem_id="vae-first")  # changes with the first look at the tab
        self.sent = gr.Textbox(visible="hidden", elem_id="vae-sent")  # changes when another tab has sent a picture
        tab.select(lambda: "seen", None, first, **AT_ONCE)
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
        needs = [self.picture, self.opened, self.model]
        events = self.start.wire(
            self._jobs, self._begin, needs, self._reconstruct, [*needs, self.subject, self._error.gain],
            self.start.resting, covers=[], shows=self._shown, queue_on=self.start.bar,
            starts=[first.change, self.sent.change, uploaded.success, chosen.success, opened.success, drawn.success,
                    self.model.input, self.more.wire(app).success, *gone],
        )  # fmt: skip
        for event in events[1:]:  # all but the first look at the tab
            event.success(None, None, None, js=f"() => {{ {into_sight('vae-title')} }}", **AT_ONCE)
        for event in events:
            event.success(_placed, [self.placed, self.picture], self.picture, **AT_ONCE)
        for event in events:  # a model that has failed is not the one that the page shows
            event.failure(self._model_of, [self.subject, self.model], self.model, **AT_ONCE)
        self.start.leave.click(self._model_of, [self.subject, self.model], self.model, **AT_ONCE)
        for part in (self._error, self._inside, self._vary, self._morph, self._change):
            part.wire(self.subject)
        self._combine.wire(self.subject, self.model)
        self._draw.wire(self.model)

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
            return self._drawn(model, random.randint(0, MAX_SEED), request), None

    def _drawn(self, model: str, seed: int, request: gr.Request) -> str:
        """Return the file of a sample."""
        made = self._jobs.do(visitor(request), self._maker.sample(model, 1, seed, _TEMPERATURE))
        if made is None:
            raise mistake("The work was stopped before there was a picture.")
        return piece(made[0], self.download.GRADIO_CACHE).path

    def _go(self, one: Piece | None) -> tuple[str, None]:
        """Take a picture that a tool has made."""
        with sentences():
            return picked_file(one), None

    def _model_of(self, subject: Subject | None, model: str) -> gr.Radio:
        """Return the menu at the model of the picture that is shown."""
        return self.more.menu_at(model if subject is None else subject.model)

    def _suitable(self, path: str | None, model: str, subject: Subject | None, request: gr.Request) -> str:
        """Return the picture to take apart: after a change of the model, an example becomes one of its own kind.

        What a visitor has uploaded stays.
        """
        drawable = self._maker.pipeline(model).has_prior
        if path is None:
            if not drawable:
                raise ImageError(_NOTHING)
            return self._drawn(model, _DRAWN_FIRST, request)
        if subject is None or subject.model == model:
            return path
        if drawable:
            return self._drawn(model, _DRAWN_FIRST, request) if example_of(path) else path
        made = settings(read_picture(path, _WHAT)) or {}
        if made.get("model") == subject.model and "temperature" in made:  # it was drawn for that model's sake
            return str(example_files(*_EXAMPLES)[0])
        return path

    # ---------------------------------------------------------------------------------------------- there and back

    def _begin(self, path: str | None, opened: str | None, model: str) -> Changes:
        """Show that the page has understood, before the queue has a place."""
        with sentences():
            if path is None and opened is None and not self._maker.pipeline(model).has_prior:
                raise ImageError(_NOTHING)
        return self.start.waiting()

    def _reconstruct(
        self, path: str | None, opened: str | None, model: str, subject: Subject | None, gain: float,
        request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Take a picture apart for the page, and put it together."""
        with sentences():
            yield self.start.working(progress(None, _WORDS), "Stop")
            latent = Latent.load(opened) if path is None and opened is not None else None
            before = path
            if latent is None:
                path = self._suitable(path, model, subject, request)
            source: Source = read_picture(path, _WHAT) if latent is None else latent
            looked = yield from self.start.follow(self._jobs, visitor(request), self._work(model, source, gain), _WORDS)
            if looked is None:
                yield self.start.resting() | {self.model: self._model_of(subject, model)}
                return
            made = settings(source) if isinstance(source, Image.Image) else None
            name = name_of_source(str(path if latent is None else opened), made)
            one = kept(looked.taken, path if latent is None else None, name, self.download.GRADIO_CACHE)
            changes = self._show(one, looked, source)
            if subject is not None and subject.model != one.model and self._maker.pipeline(one.model).spatial:
                # What was used may be among the tools that this model has not.
                changes[self.tools] = gr.Tabs(selected="vary")
            yield self.start.resting() | changes | {self.placed: (before, one.picture)}

    def _work(self, model: str, source: Source, gain: float) -> Work[_Looked]:
        """Return the work of a reconstruction, and of what is shown with it."""
        take = self._maker.take(model, source)

        def work(callback: Callback) -> _Looked:
            taken = take(callback)
            return _Looked(taken, None if isinstance(source, Latent) else self._error.see(source, taken.image, gain))

        return work

    def _show(self, one: Subject, looked: _Looked, source: Source) -> Changes:
        """Show a reconstruction, begin all tools with it, and let the page be as its model is."""
        cache = self.download.GRADIO_CACHE
        taken, pipeline = looked.taken, self._maker.pipeline(one.model)
        changes: Changes = {
            self.subject: one,
            self.title: title(one, title_of("vae", one.model)), self.facts: number_cells(taken),
            self.download: gr.DownloadButton(value=one.made.path, interactive=True),
            self.latent: gr.DownloadButton(value=one.latent, interactive=True),
        }  # fmt: skip
        if isinstance(source, Latent):
            changes |= {self.stage: stage(taken.image, one.name), self.slider: gr.ImageSlider(visible=False)}
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


def _about(model: str) -> str:
    return note(summary_of("vae", model))

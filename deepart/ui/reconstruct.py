"""The tab "Reconstruct": a picture is taken apart, put together again, and changed in between."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from deepart.cache import Studio
from deepart.errors import ImageError
from deepart.images import picture_size, settings
from deepart.pipelines.vae import Source, VAEPipeline
from deepart.pipelines.vae_latent import MAX_SIDE, Latent
from deepart.ui.artwork import (
    Reconstruction,
    RoundTrip,
    name_of_source,
    save_artwork,
    save_before,
    save_reconstruction,
    save_result,
)
from deepart.ui.examples import example_files, example_of, example_row
from deepart.ui.finished import finished_reconstruction
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, COMPUTING, SOON, keep_good, picture_input, read_picture, read_scaled, sentences
from deepart.ui.jobs import Callback, Jobs
from deepart.ui.models import MoreModels, loading, model_menu, summary_of, title_of
from deepart.ui.reconstruct_tools import Around, Tools, drawn
from deepart.ui.reconstruct_views import ErrorMap, Inside, cells, example_title, title
from deepart.ui.results import SendTo
from deepart.ui.run import Changes, RunButton, hidden_text, new_text, note
from deepart.ui.widgets import Format, RequestId, into_sight, stage
from deepart.ui.work import VAERequests, defaults

_EXACT = 1_000_000  # pixels: larger ones are compared with a JPEG, as a PNG takes seconds
_DRAWN_FIRST = 0  # seed of the picture that a model begins with which knows only its own kind
_WITH_VECTOR = "Choose Portraits to vary, morph, change, combine and draw faces."


class ReconstructTab:
    """The parts of the tab, and what leads from one to the other."""

    def __init__(self, app: gr.Blocks, studio: Studio, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built, and wire it."""
        self.requests = VAERequests(studio)
        self._studio, self._jobs = studio, jobs
        example = finished_reconstruction(studio)
        self._example = None if example is None else example[0]
        self._numbers = "" if example is None else cells(example[1], example[2], example[0].size)
        self.opened: Any = gr.State(None)  # str | None: a latent file, in place of a picture
        # What was in the box for the picture, and what belongs there. The work itself cannot put it there: a component
        # that it leaves as it is Gradio builds anew, which a picture_input must not be.
        self.placed: Any = gr.State((None, None))
        self.request_id = RequestId("vae-mark")
        # Changes when what is in the box should be taken apart.
        self.wanted = hidden_text("vae-wanted")
        self.made: Any = gr.State([])  # list[Artwork]: what a tool has made last
        self.tools_of: Any = gr.State("")  # the model whose tools are there, "" for one that has none
        self.tool_settings = hidden_text("vae-tool-settings", value="", max_length=400)
        with gr.Row(elem_classes="da-studio"):
            with gr.Column(elem_classes="da-pictures da-source"):
                self._lay_source()
            with gr.Column(elem_classes="da-result"):
                self._lay_result()
            more = gr.Accordion("More", open=False, elem_id="reconstruct-extras", elem_classes="da-more")
            with more as self.extras:
                self._lay_more()
        self._wire(app)

    # ---------------------------------------------------------------------------------------------------- what is there

    def _lay_source(self) -> None:
        examples = example_files("content", "paintings")
        self.model = model_menu("vae", "vae-model", self._studio.added("vae"))
        self.about = gr.HTML(_about(self.model.value, tools=False), elem_id="vae-about")
        self._first = str(examples[0]) if self._example is None else str(self._example.picture)
        self.picture = picture_input("Picture", value=self._first, height=240, elem_id="vae-picture")
        with gr.Column() as self.examples:
            self._chosen = example_row(examples, self.picture)
        self.draw = gr.Button("Draw a portrait", size="sm", visible=False, elem_id="vae-draw")
        self.start = RunButton("Reconstruct", "vae-", variant="primary")
        self.start.lay_status("The picture is squeezed into a few numbers, and rebuilt from them.")

    def _lay_result(self) -> None:
        first = self._example
        empty = '<p class="da-title">&nbsp;</p>' + note("")
        named = empty if first is None else example_title(first, title_of("vae", first.model))
        self.title = gr.HTML(named, elem_id="vae-title")
        with gr.Column(elem_classes="da-canvas", elem_id="vae-canvas"):
            self.stage = gr.HTML(stage(None, "The reconstruction will appear here."), elem_id="vae-stage")
            self.slider = gr.ImageSlider(
                None if first is None else (first.picture, first.made.path),
                type="pil", format="png", label="Before and after", show_label=False, interactive=False,
                visible=first is not None, buttons=[], max_height=4096, elem_id="vae-slider",
            )  # fmt: skip
        with gr.Row(elem_classes="da-acts"):
            self.download = gr.DownloadButton(
                "Download", None if first is None else first.made.path, min_width=130, scale=0,
                interactive=first is not None, elem_id="vae-download",
            )  # fmt: skip
        if first is not None:  # visitors have a copy of their own, beside which other formats of it can be written
            first = replace(first, made=replace(first.made, path=self.download.value["path"]))
        self.subject: Any = gr.State(first)  # Reconstruction | None

    def _lay_more(self) -> None:
        first = self._example
        with gr.Row(elem_classes="da-acts"):
            self.latent = gr.DownloadButton(
                "Save the latent", None if first is None else first.latent, size="sm", min_width=140,
                interactive=first is not None, elem_id="vae-latent",
            )  # fmt: skip
            self.open = gr.UploadButton("Open a latent file that was saved here", size="sm", elem_id="vae-open")
            self.format = Format(self.download)
        self.send = SendTo("vae", ("content", "style", "find"))
        with gr.Tabs(elem_classes="da-tools", overflow_behavior="wrap"):
            with gr.Tab("Numbers"):
                self.facts = gr.HTML(self._numbers, elem_id="vae-facts")
            with gr.Tab("Error map") as self._error_tab:
                self.error_map = ErrorMap()
            with gr.Tab("Look inside") as self._inside_tab:
                self.inside = Inside()
        self._lay_tools()
        self.more = MoreModels("vae", self._studio, self._jobs, self.model)

    def _lay_tools(self) -> None:
        """Let the tools be laid out when a model that has some is first used, and anew for another such model."""
        around = Around(
            self.requests, self._jobs, self.subject, self.request_id, self.picture, self.opened, self.wanted,
            self.tool_settings, self.made,
        )  # fmt: skip

        @gr.render(  # type: ignore[untyped-decorator, unused-ignore]
            [self.tools_of, self.tool_settings], triggers=[self.tools_of.change], show_progress="hidden"
        )
        def lay(model: str, asked: str) -> None:
            if model:
                Tools(around, model, asked)

    # ------------------------------------------------------------------------------------------------- what leads where

    @property
    def linked(self) -> dict[str, Any]:
        """The controls that a link to the tab sets, by what they are called in it."""
        return {"model": self.model, "gain": self.error_map.gain, "tools": self.tool_settings}

    def recall(self, one: Mapping[str, Any]) -> Changes:
        """Return what else changes when the settings of a result are taken; what was drawn is itself taken apart."""
        drawn = {self.picture: one["path"]} if "temperature" in one["made"] and one["path"] else {}
        return drawn | {self.opened: None, self.wanted: new_text(), self.tools_of: ""}  # the tools are laid out anew

    @property
    def _shown(self) -> list[Any]:
        """The components that change with the picture."""
        return [
            self.subject, *self.request_id.parts, self.placed, self.title, self.stage, self.slider, self.facts,
            self.download, self.latent, self.model, self.about, self.examples, self.draw, self.tools_of,
        ]  # fmt: skip

    def _wire(self, app: gr.Blocks) -> None:
        source = [self.picture, self.opened, self.wanted]
        self.open.upload(self._open, [self.open, self.model], [*source, self.model], **SOON)
        self.draw.click(self._draw_one, self.model, source, show_progress_on=self.start.status, **COMPUTING)
        for put in (self._chosen, keep_good(self.picture)):
            put.success(lambda: (None, new_text()), None, [self.opened, self.wanted], **AT_ONCE)
        self.more.wire(app).success(new_text, None, self.wanted, **AT_ONCE)
        needs = [self.picture, self.opened, self.model, self.subject]
        work = self.start.wire(
            self._jobs, self._reconstruct, needs, self._shown, triggers=[self.wanted.change, self.model.input],
            sight="vae-title",
        )  # fmt: skip
        # What belongs into the box, and the result in sight.
        work.success(_placed, [self.placed, self.picture], self.picture, js=into_sight("vae-title"), **AT_ONCE)
        # The model of the menu is then not what the page shows.
        work.failure(self._model_of, [self.subject, self.model], self.model, **AT_ONCE)
        self.format.wire(self.subject, lambda subject: subject.made.path)
        self.error_map.wire(self.subject, self._error_tab)
        self.inside.wire(self.subject, self._inside_tab)

    def follow(self, linked: Any) -> None:
        """Let the tab show what belongs to its settings once an event has set them as an address says."""
        linked.then(_wanted_of_model, [self.subject, self.model, self.wanted], self.wanted, **AT_ONCE)

    # ------------------------------------------------------------------------------------------------ what to work with

    def _open(self, path: str, model: str) -> tuple[None, str, str, str]:
        """Take a latent file in place of a picture, and the model that made it."""
        with sentences():
            latent = Latent.load(path)
            owner = self.requests.owner(latent, model)
            self.requests.pipeline(owner).latent(latent)  # before anything leaves the page for it
            return None, path, new_text(), owner

    def _draw_one(self, model: str, request: gr.Request) -> tuple[str, None, str]:
        """Take a new picture of the model's."""
        [path] = drawn(self.requests, self._jobs, request, model, 1, self.download.GRADIO_CACHE)
        return path, None, new_text()

    def _drawn(self, model: str, seed: int) -> str:
        """Return the file of a sample, drawn within work."""
        [image] = self.requests.sample(model, 1, seed, defaults(VAEPipeline.sample)["temperature"])(lambda *_: None)
        return save_artwork(image, self.download.GRADIO_CACHE).path

    def _model_of(self, subject: Reconstruction | None, model: str) -> gr.Radio:
        """Return the menu at the model of the picture that is shown."""
        return self.more.menu_at(model if subject is None else subject.model)

    def _suitable(self, path: str | None, model: str, subject: Reconstruction | None) -> str:
        """Return the picture to take apart: after a change of the model, an example becomes one of its own kind.

        What a visitor has uploaded stays.
        """
        drawable = self.requests.pipeline(model).has_prior
        if path is None:
            if not drawable:
                raise ImageError("There is no picture yet; upload one or choose an example.")
            return self._drawn(model, _DRAWN_FIRST)
        if subject is None or subject.model == model:
            return path
        if drawable:
            return self._drawn(model, _DRAWN_FIRST) if example_of(path) else path
        made = settings(read_picture(path, "picture")) or {}
        if made.get("model") == subject.model and "temperature" in made:  # it was drawn for that model's sake
            return self._first
        return path

    # ---------------------------------------------------------------------------------------------- there and back

    def _reconstruct(
        self, path: str | None, opened: str | None, model: str, subject: Reconstruction | None, request: gr.Request
    ) -> Iterator[Changes]:
        """Take a picture apart for the page, and put it together."""

        def look(callback: Callback) -> tuple[str, Source, RoundTrip]:
            if path is None and opened is not None:
                source: Source = Latent.load(opened)
                return opened, source, self.requests.take(model, source)(callback)
            suitable = self._suitable(path, model, subject)
            picture = read_scaled(suitable, "picture", MAX_SIDE)
            if max(picture_size(suitable)) > MAX_SIDE:  # the error map compares with what was taken apart
                suitable = save_result(picture, Path(suitable).stem, self.download.GRADIO_CACHE)
            if self.requests.pipeline(model).has_prior and (settings(picture) or {}).get("model") != model:
                words = t(
                    "This model knows drawn people only, and makes a mess of anything else. “Find it as a drawn one” "
                    "looks for a drawn person like it."
                )
                gr.Warning(words, title="")
            return suitable, picture, self.requests.take(model, picture)(callback)

        def work(callback: Callback) -> tuple[str, Source, RoundTrip]:
            looked = look(callback)
            self._jobs.stop(request, "page vae-sliders")  # what waits is about the picture before
            return looked

        words = t("Taking the picture apart, and putting it together")
        step = yield from self.start.stream(request, work, words, loading=loading(self._studio, "vae", model))
        if step.made is None:
            yield {self.model: self._model_of(subject, model)}
            return
        looked, source, taken = step.made
        known, file = (settings(source), looked) if isinstance(source, Image.Image) else (None, None)
        one = save_reconstruction(taken, file, name_of_source(looked, known), self.download.GRADIO_CACHE)
        yield self._show(one, source, taken) | {self.placed: (path, file)}

    def _show(self, one: Reconstruction, source: Source, taken: RoundTrip) -> Changes:
        """Show a reconstruction, begin all tools with it, and let the page be as its model is."""
        cache, pipeline = self.download.GRADIO_CACHE, self.requests.pipeline(one.model)
        changes: Changes = {
            self.subject: one,
            self.title: title(one, title_of("vae", one.model)),
            self.facts: cells(taken.near, taken.shape, taken.latent.size, taken.seconds),
            self.download: gr.DownloadButton(value=one.made.path, interactive=True),
            self.latent: gr.DownloadButton(value=one.latent, interactive=True),
            self.model: self.more.menu_at(one.model),
            self.about: _about(one.model, tools=not pipeline.spatial),
            self.examples: gr.Column(visible=not pipeline.has_prior),
            self.draw: gr.Button(visible=pipeline.has_prior),
            self.tools_of: "" if pipeline.spatial else one.model,
        }  # fmt: skip
        if isinstance(source, Latent):
            changes |= {self.stage: stage(taken.image, translate(one.name)), self.slider: gr.ImageSlider(visible=False)}
        else:
            small = source.width * source.height <= _EXACT
            before = save_result(source, "before", cache) if small else save_before(source, cache)
            changes[self.slider] = gr.ImageSlider((before, one.made.path), visible=True)
        return changes | self.request_id.following()


def _placed(placed: tuple[str | None, str | None], now: str | None) -> str | None:
    """Return what belongs into the box for the picture; what a visitor has put there meanwhile stays."""
    before, after = placed
    return after if now == before else now


def _wanted_of_model(subject: Reconstruction | None, model: str, wanted: str | None) -> Any:
    """Return a new text where the page shows the work of another model than the chosen one, and none is begun yet."""
    return new_text() if not wanted and subject is not None and subject.model != model else gr.skip()


def _about(model: str, tools: bool) -> str:
    """Return what a model is, and without tools of its own which has some."""
    said = [summary_of("vae", model), *([] if tools else [_WITH_VECTOR])]
    return "".join(note(translate(words)) for words in said)

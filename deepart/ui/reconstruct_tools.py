"""What is done with a reconstruction by a model whose latent is one vector: it is varied, morphed, changed, combined.

The tools are laid out when such a model is first used, in the language of the visitor who uses it: all words go
through t(). What a visitor sets is interactive=True: Gradio does not find that out by itself for what it renders later.
"""

import html
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr
from PIL import Image

from deepart.animations import strip_of, there_and_back
from deepart.errors import ImageError, Phrase
from deepart.images import settings
from deepart.latents import MAX_SEED
from deepart.pipelines.vae import MAX_STEPS, MAX_TEMPERATURE, MIN_STEPS, PATHS, VAEPipeline
from deepart.ui.artwork import (
    Artwork,
    Reconstruction,
    current_reconstruction,
    facts,
    name_of_source,
    save_artwork,
    save_result,
    slug,
    the_chosen,
)
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, COMPUTING, SOON, picture_input, read_picture, sentences
from deepart.ui.jobs import Callback, Jobs
from deepart.ui.page import settings_in
from deepart.ui.run import Changes, RunButton, new_text, progress
from deepart.ui.widgets import (
    FPS,
    Animation,
    RequestId,
    ResultsGallery,
    Sliders,
    address,
    lasting,
    said,
    shown_directions,
)
from deepart.ui.work import MAX_GRID, MAX_VARIATIONS, MORPH_SIDE, Pictures, VAERequests, defaults

_VARY, _SAMPLE = defaults(VAEPipeline.vary), defaults(VAEPipeline.sample)
_MOST = 4.0  # deviations
_DRAWN = 16  # samples at first
_FRAMES = 24
_LETTERS = "ABC"


@dataclass(frozen=True)
class Around:
    """What the tools work with: parts of the tab around them.

    subject: the state with the Reconstruction. picture, opened, wanted: where a tool puts a picture to be taken apart.
    settings: a hidden text with the settings of the tools, for the link to the tab. made: a state for what they make.
    """

    requests: VAERequests
    jobs: Jobs
    subject: Any
    request_id: RequestId
    picture: Any
    opened: Any
    wanted: Any
    settings: Any
    made: Any


class Tools:
    """A tab for each tool of a model, and under them what they make."""

    def __init__(self, around: Around, model: str, asked: str = "") -> None:
        """Lay them out inside the Blocks being built, and wire them. asked: settings, as a link has them."""
        pipeline = around.requests.pipeline(model)
        tools: list[Any] = []
        known = dict(parse_qsl(asked))
        selected = known.get("tool") if known.get("tool") in ("Vary", "Change", "Sample") else None
        with gr.Tabs(elem_classes="da-tools", overflow_behavior="wrap", selected=selected):
            with gr.Tab(t("Vary"), id="Vary"):
                tools.append(Vary(around))
            with gr.Tab(t("Morph")):
                tools.append(Morph(around, model, pipeline.has_prior))
            if pipeline.directions:
                with gr.Tab(t("Change"), id="Change"):
                    tools.append(Change(around, shown_directions(pipeline.directions)))
            with gr.Tab(t("Combine")):
                tools.append(Combine(around, model, pipeline.has_prior))
            if pipeline.has_prior:
                with gr.Tab(t("Sample"), id="Sample"):
                    tools.append(Sample(around, model))
        results = ResultsGallery("made-")
        results.go.click(_taken, results.picked, [around.picture, around.opened, around.wanted], **SOON)
        results.pieces.change(lambda pieces: pieces, results.pieces, around.made, **AT_ONCE)
        linked: dict[str, Any] = {}
        for tool in tools:
            tool.wire(results)
            linked |= tool.linked
        for part, value in settings_in(known, linked).items():
            part.value = value
        script = f"(...values) => deepart.query({list(linked)!r}, values)"
        changed = [part.change for part in linked.values()]
        gr.on(changed, None, list(linked.values()), around.settings, js=script, **AT_ONCE)
        self.tools = {type(tool).__name__: tool for tool in tools}
        self.results = results


def _taken(one: Artwork | None) -> tuple[str, None, str]:
    return the_chosen(one).path, None, new_text()


class Vary:
    """Variations: the same picture, with the latent moved by chance within what the model is unsure of."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self.strength = gr.Slider(
            0, _MOST, _VARY["strength"], step=0.25, label=t("Strength"), elem_id="vary-strength", interactive=True,
            info=t("In deviations: at 1 the model holds all as likely, at 4 they leave the picture behind."),
        )  # fmt: skip
        self.count = _count(MAX_VARIATIONS, _VARY["n"], "vary-count")
        self.seed = _seed(_VARY["seed"], "vary-seed")
        self.start = RunButton(t("Make variations"), "vary-")
        self.start.lay_status(t("The same picture again and again, each a little different."))
        self.linked = {"strength": self.strength, "variations": self.count, "seed": self.seed}

    def wire(self, results: ResultsGallery) -> None:
        """Connect it with the gallery for what it makes."""
        around, self._results = self._around, results
        needs = [around.subject, *around.request_id.parts, self.count, self.seed, self.strength]
        self.start.wire(around.jobs, self._vary, needs, results.parts)

    def _vary(
        self, subject: Reconstruction | None, now: str, mark: str, n: Any, seed: Any, strength: float,
        request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        def work(callback: Callback) -> Pictures:
            one = current_reconstruction(subject, now == mark)
            return self._around.requests.vary(one.model, one.source(), strength, n, seed)(callback)

        words = t("Making 1 variation") if n == 1 else t("Making {n} variations", n=n)
        step = yield from self.start.stream(request, work, words)
        if step.made is None or subject is None:
            return
        told = t(
            "{name} at strength {strength}, {seeds}.", name=translate(subject.name), strength=f"{strength:g}",
            seeds=_seeds(seed, n),
        )  # fmt: skip
        cache, name = self._results.cache, subject.name
        names = [Phrase("Variation {n} of {name}", n=seed + number, name=name) for number in range(len(step.made))]
        made = [save_artwork(subject.descended(one), cache, said) for one, said in zip(step.made, names, strict=True)]
        yield self._results.show(made, told)


class Sample:
    """Pictures that never existed, drawn from the prior of a model that has one."""

    def __init__(self, around: Around, model: str) -> None:
        self._around, self._model = around, model
        self.seed = _seed(_SAMPLE["seed"], "sample-seed")
        self.count = _count(MAX_GRID, _DRAWN, "sample-count")
        self.temperature = gr.Slider(
            0, MAX_TEMPERATURE, _SAMPLE["temperature"], step=0.05, label=t("Temperature"), interactive=True,
            elem_id="sample-temperature", info=t("Lower: more typical and alike; higher: more varied and odd."),
        )  # fmt: skip
        with gr.Row(elem_classes="da-start"):
            self.start = RunButton(t("Draw pictures"), "sample-")
            self.dice = gr.Button(t("Shuffle"), elem_id="sample-dice", min_width=120, scale=0)
        self.start.lay_status(t("Portraits of people who never existed, drawn from what the model knows of faces."))
        self.linked = {"temperature": self.temperature, "samples": self.count, "sample-seed": self.seed}

    def wire(self, results: ResultsGallery) -> None:
        """Connect it with the gallery for what it makes."""
        self._results = results
        self.dice.click(lambda: random.randint(0, MAX_SEED - MAX_GRID), None, self.seed, **AT_ONCE)
        self.start.wire(self._around.jobs, self._sample, [self.count, self.seed, self.temperature], results.parts)

    def _sample(self, n: Any, seed: Any, temperature: float, request: gr.Request) -> Iterator[Changes]:
        words = t("Drawing 1 picture") if n == 1 else t("Drawing {n} pictures", n=n)
        work = self._around.requests.sample(self._model, n, seed, temperature)
        step = yield from self.start.stream(request, work, words)
        if step.made is not None:
            told = t("Temperature {n}, {seeds}.", n=f"{temperature:g}", seeds=_seeds(seed, n))
            yield self._results.show([save_artwork(image, self._results.cache) for image in step.made], told)


def _seed(value: int, name: str) -> gr.Number:
    info = t("Names the first picture; the next has the next seed.")
    return gr.Number(value, label=t("Seed"), precision=0, elem_id=name, info=info, interactive=True)


def _count(most: int, value: int, name: str) -> gr.Slider:
    info = t("How many are made at once.")
    return gr.Slider(1, most, value, step=1, label=t("Pictures"), buttons=[], elem_id=name, info=info, interactive=True)


def _seeds(seed: int, n: int) -> str:
    return t("seed {n}", n=seed) if n == 1 else t("seeds {first} to {last}", first=seed, last=seed + n - 1)


class Morph:
    """An animation and a strip from the picture above to a second one."""

    def __init__(self, around: Around, model: str, drawable: bool) -> None:
        self._around, self._model = around, model
        with gr.Row():
            with gr.Column(min_width=150):
                self.picture = picture_input(t("Second picture"), height=170, elem_id="morph-picture", interactive=True)
                self.draw = gr.Button(t("Draw a portrait"), size="sm", visible=drawable, elem_id="morph-draw")
            with gr.Column(min_width=220):  # on a phone under the other
                info = t("{n} are shown in a second, at most {side} pixels large.", n=f"{FPS:g}", side=MORPH_SIDE)
                self.frames = gr.Slider(
                    MIN_STEPS, MAX_STEPS, _FRAMES, step=1, label=t("Frames"), buttons=[], elem_id="morph-frames",
                    interactive=True, info=info,
                )  # fmt: skip
                self.back = gr.Checkbox(
                    True, label=t("And back again"), info=t("So that the animation has no jump."),
                    elem_id="morph-back", interactive=True,
                )  # fmt: skip
                self.path = gr.Radio(
                    [(translate(name.capitalize()), name) for name in PATHS], value=PATHS[0], label=t("Path"),
                    elem_id="morph-path", interactive=True,
                    info=t("Straight, or on an arc; that of Portraits leads through its prior."),
                )  # fmt: skip
        self.start = RunButton(t("Morph"), "morph-")
        self.start.lay_status(t("From the picture above to the second one, which is cropped to its shape."))
        self.animation = Animation("morph-", t("The morph will play here."))
        with self.animation.row:
            self.strip = gr.DownloadButton(t("Strip"), size="sm", min_width=80, elem_id="morph-strip-download")
        self.linked = {"frames": self.frames, "path": self.path, "back": self.back}

    def wire(self, results: ResultsGallery) -> None:
        """Connect it with the picture that a morph begins with."""
        around = self._around
        self.draw.click(self._draw, None, self.picture, show_progress_on=self.start.status, **COMPUTING)
        needs = [around.subject, *around.request_id.parts, self.picture, self.frames, self.path, self.back]
        self.start.wire(around.jobs, self._morph, needs, [self.strip, *self.animation.parts])

    def _draw(self, request: gr.Request) -> str:
        around = self._around
        return drawn(around.requests, around.jobs, request, self._model, 1, self.strip.GRADIO_CACHE)[0]

    def _morph(
        self, subject: Reconstruction | None, now: str, mark: str, other: str | None, frames: int, path: str,
        back: bool, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        names: list[str] = []

        def work(callback: Callback) -> Pictures:
            one = current_reconstruction(subject, now == mark)
            second = read_picture(other, "second picture")
            names[:] = one.name, name_of_source(str(other), settings(second))
            return self._around.requests.morph(one.model, one.source(), second, steps=frames, path=path)(callback)

        words, glimpse = t("Making {n} frames", n=frames), self.animation.glimpse(t("A frame of the morph"))
        step = yield from self.start.stream(request, work, words, preview=glimpse, long=True)
        if step.made is None:
            yield self.animation.stopped(t("The morph was stopped."))
            return
        yield {self.start.status: progress(None, t("Writing the files"))}
        yield self._show(step.made, names[0], names[1], back)

    def _show(self, made: list[Image.Image], first: str, second: str, back: bool) -> Changes:
        way = f"{translate(first)} → {translate(second)}"
        name = f"deepart-morph-{slug(first)}-{slug(second)}"
        frames = there_and_back(made) if back else made
        strip = strip_of(made)
        file = save_result(strip, f"{name}-strip", self.strip.GRADIO_CACHE)
        alt = html.escape(t("A strip: {n} frames", n=len(made)))
        image = f'<img class="da-strip" alt="{alt}" src="{address(strip)}">'
        what, words = t("A morph: {way}", way=way), f"{way} · {lasting(len(frames))}"
        return self.animation.show(frames, name, what, words, image) | {self.strip: gr.DownloadButton(value=file)}


def drawn(requests: VAERequests, jobs: Jobs, request: gr.Request, model: str, n: int, cache: str) -> list[str]:
    """Draw pictures that never existed, at once, and return their files."""
    with sentences():
        work = requests.sample(model, n, random.randint(0, MAX_SEED - n), _SAMPLE["temperature"])
        return [save_artwork(image, cache).path for image in jobs.do(request, work, "page vae-draw")]


class Change:
    """Sliders that move the picture along what the model has learned."""

    def __init__(self, around: Around, names: Sequence[str]) -> None:
        """Lay it out inside the Blocks being built. names: of the directions."""
        self._around, self._names = around, names
        self.sliders = Sliders("vae-", names)
        self.reset = gr.Button(t("Reset"), size="sm", elem_id="vae-reset")
        self.linked = dict(zip(names, self.sliders.all, strict=False))

    def wire(self, results: ResultsGallery) -> None:
        """Connect it with the picture above, which sets the sliders to 0, and with the gallery for what it makes."""
        around, self._results = self._around, results
        level = [0.0] * len(self.sliders.all)
        around.subject.change(lambda: level, None, self.sliders.all, **AT_ONCE)
        self.sliders.wire(around.subject, around.request_id, self._change, self._show, results.parts, self.reset)

    def _change(self, request: gr.Request, subject: Reconstruction | None, values: tuple[float, ...]) -> Artwork:
        one = current_reconstruction(subject)
        amounts = {name: amount for name, amount in said(self._names, values, {}).items() if amount}
        if not amounts:
            return one.made
        work = self._around.requests.edit(one.model, one.source(), amounts)
        made = self._around.jobs.do(request, work, "page vae-sliders")
        return save_artwork(one.descended(made), self._results.cache, Phrase("{name} changed", name=one.name))

    def _show(self, one: Artwork) -> Changes:
        return self._results.show([one], facts(one.made) or t("Not changed yet."))


class Combine:
    """A - B + C: what A has and B has not, given to C."""

    def __init__(self, around: Around, model: str, drawable: bool) -> None:
        self._around, self._model = around, model
        with gr.Row(elem_classes="da-three"):
            self.boxes = [
                picture_input(
                    f"{sign}{letter}", height=150, elem_id=f"combine-{letter.lower()}", min_width=90, interactive=True
                )
                for letter, sign in zip(_LETTERS, ("", "− ", "+ "), strict=True)
            ]
        self.draw = gr.Button(t("Draw three portraits"), size="sm", visible=drawable, elem_id="combine-draw")
        self.start = RunButton("A − B + C", "combine-")
        self.start.lay_status(
            t("What A has and B has not goes to C: a face with glasses − one without + another face. "
              "An empty box is the picture above.")
        )  # fmt: skip
        self.linked: dict[str, Any] = {}

    def wire(self, results: ResultsGallery) -> None:
        """Connect it with the picture above, and with the gallery for what it makes."""
        self._results = results
        self.draw.click(self._draw, None, self.boxes, show_progress_on=self.start.status, **COMPUTING)
        self.start.wire(self._around.jobs, self._combine, [self._around.subject, *self.boxes], results.parts)

    def _draw(self, request: gr.Request) -> list[str]:
        around = self._around
        return drawn(around.requests, around.jobs, request, self._model, len(_LETTERS), self._results.cache)

    def _combine(
        self, subject: Reconstruction | None, a: str | None, b: str | None, c: str | None, request: gr.Request
    ) -> Iterator[Changes]:
        def work(callback: Callback) -> Image.Image:
            if (a, b, c) == (None, None, None):
                raise ImageError("There is no picture A, B or C yet; upload one or draw three.")
            above = current_reconstruction(subject)
            whole = above.original() or above.result()
            three = [whole if path is None else path for path in (a, b, c)]
            return self._around.requests.combine(self._model, *three)(callback)

        step = yield from self.start.stream(request, work, t("Adding up"))
        if step.made is not None:
            one = save_artwork(step.made, self._results.cache)
            yield self._results.show([one], translate(one.name))

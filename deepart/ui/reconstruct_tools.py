"""Pictures by chance: variations of one, and new ones drawn from the prior."""

from __future__ import annotations

import html
import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import ImageError
from deepart.images import fit, settings, with_settings
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
)
from deepart.ui.examples import example_files, example_row
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import (
    AT_ONCE,
    GPU_SLOT,
    QUIETLY,
    SOON,
    keep_good,
    mistake,
    picture_input,
    read_picture,
    sentences,
)
from deepart.ui.jobs import Callback, Jobs
from deepart.ui.run import Changes, RunButton, note, progress
from deepart.ui.widgets import (
    FPS,
    MAX_SLIDERS,
    Animation,
    RequestId,
    ResultsGallery,
    Save,
    Single,
    Sliders,
    address,
    if_current,
    lasting,
    said,
)
from deepart.ui.work import MAX_GRID, MAX_VARIATIONS, MORPH_SIDE, Pictures, VAERequests, defaults

_VARY, _SAMPLE = defaults(VAEPipeline.vary), defaults(VAEPipeline.sample)


_SEED = "Names the first picture; the next has the next seed."


_MANY = "How many are made at once."


_MOST = 4.0  # deviations


_DRAWN = 16  # samples at first


class Vary:
    """Variations: the same picture, with the latent moved by chance within what the model is unsure of."""

    def __init__(self, maker: VAERequests, jobs: Jobs, turn: RequestId) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        self._turn = turn
        self.strength = gr.Slider(
            0, _MOST, _VARY["strength"], step=0.25, label="Strength", elem_id="vary-strength",
            info="In deviations: at 1 the model holds all as likely, at 4 they leave the picture behind.",
        )  # fmt: skip
        self.count = gr.Slider(
            1, MAX_VARIATIONS, _VARY["n"], step=1, label="Pictures", buttons=[], elem_id="vary-count", info=_MANY
        )
        with gr.Accordion("Fine tuning", open=False, elem_id="vary-fine"):
            self.seed = gr.Number(_VARY["seed"], label="Seed", precision=0, elem_id="vary-seed", info=_SEED)
        self.start = RunButton("Make variations", "vary-")
        self.start.lay_status("The same picture again and again, each a little different.")
        self.tray = ResultsGallery("vary-")

    def wire(self, subject: Any) -> None:
        """Connect it with the picture that is varied."""
        self.tray.wire()
        needs = [subject, *self._turn.parts, self.count, self.seed, self.strength]
        self.start.wire(self._jobs, self._vary, needs, self.tray.parts)

    def _vary(
        self, subject: Reconstruction | None, turn: str, mark: str, n: Any, seed: Any, strength: float,
        request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Make variations for the page."""

        def work(callback: Callback) -> Pictures:
            one = current_reconstruction(subject, turn == mark)
            return self._maker.vary(one.model, one.source(), strength, n, seed)(callback)

        words = t("Making 1 variation") if n == 1 else t("Making {n} variations", n=n)
        step = yield from self.start.stream(request, work, words)
        if step.made is None or subject is None:
            return
        cache = self.tray.gallery.GRADIO_CACHE
        told = t(
            "{name} at strength {strength}, {seeds}.", name=translate(subject.name), strength=f"{strength:g}",
            seeds=_seeds(seed, n),
        )  # fmt: skip
        yield self.tray.show([save_artwork(image, cache) for image in step.made], told)


class Draw:
    """Samples: pictures that never existed, drawn from the prior of a model that has one."""

    def __init__(self, maker: VAERequests, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        with gr.Row():
            self.seed = gr.Number(
                _SAMPLE["seed"], label="Seed", precision=0, min_width=140, elem_id="sample-seed", info=_SEED
            )
            self.count = gr.Slider(
                1, MAX_GRID, _DRAWN, step=1, label="Pictures", min_width=160, buttons=[], elem_id="sample-count",
                info=_MANY,
            )  # fmt: skip
        self.temperature = gr.Slider(
            0, MAX_TEMPERATURE, _SAMPLE["temperature"], step=0.05, label="Temperature", elem_id="sample-temperature",
            info="Lower: more typical and alike; higher: more varied and odd.",
        )  # fmt: skip
        with gr.Row(elem_classes="da-start"):
            self.start = RunButton("Draw pictures", "sample-")
            self.dice = gr.Button("Another seed", elem_id="sample-dice", min_width=170, scale=0)
        self.start.lay_status("Portraits of people who never existed, drawn from what the model knows of faces.")
        self.tray = ResultsGallery("sample-")

    def wire(self, model: Any) -> None:
        """Connect it with the choice of a model."""
        self.tray.wire()
        rolled = self.dice.click(lambda: random.randint(0, MAX_SEED - MAX_GRID), None, self.seed, **AT_ONCE)
        inputs = [model, self.count, self.seed, self.temperature]
        self.start.wire(self._jobs, self._draw, inputs, self.tray.parts, triggers=[rolled.then])

    def _draw(self, model: str, n: Any, seed: Any, temperature: float, request: gr.Request) -> Iterator[Changes]:
        """Draw for the page."""
        words = t("Drawing 1 picture") if n == 1 else t("Drawing {n} pictures", n=n)
        step = yield from self.start.stream(request, self._maker.sample(model, n, seed, temperature), words)
        if step.made is not None:
            cache = self.tray.gallery.GRADIO_CACHE
            told = t("Temperature {n}, {seeds}.", n=f"{temperature:g}", seeds=_seeds(seed, n))
            yield self.tray.show([save_artwork(image, cache) for image in step.made], told)


def _seeds(seed: int, n: int) -> str:
    return t("seed {n}", n=seed) if n == 1 else t("seeds {first} to {last}", first=seed, last=seed + n - 1)


_FRAMES = 24


_SHOWN = 8  # pictures of the strip


_STRIP = 160  # pixels; height of the strip


_WHAT = "second picture"


_HINT_MORPH = "From the picture above to the second one, which is cropped to its shape."


CROSS_FADE = (
    "With this model a morph is a cross-fade: its latent is a map, so the pictures lie over each other. "
    "Take Portraits for one face that turns into another."
)


class Morph:
    """A box for the second picture, the controls, the strip and the animation."""

    def __init__(self, maker: VAERequests, jobs: Jobs, turn: RequestId) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        self._turn = turn
        self.warning = gr.HTML(note(CROSS_FADE), elem_id="morph-warning")
        with gr.Row():
            with gr.Column(min_width=150):
                self.picture = picture_input("Second picture", height=170, elem_id="morph-picture")
                with gr.Column(visible=True) as self.examples:
                    example_row(example_files("content", "paintings"), self.picture)
                self.draw = gr.Button("Draw a portrait", size="sm", visible=False, elem_id="morph-draw")
            with gr.Column(min_width=220):  # on a phone under the other
                self.frames = gr.Slider(
                    MIN_STEPS, MAX_STEPS, _FRAMES, step=1, label="Frames", buttons=[], elem_id="morph-frames",
                    info=f"{FPS:g} are shown in a second, at most {MORPH_SIDE} pixels large.",
                )  # fmt: skip
                self.back = gr.Checkbox(
                    True, label="And back again", info="So that the animation has no jump.", elem_id="morph-back"
                )
                with gr.Accordion("Fine tuning", open=False, elem_id="morph-fine"):
                    self.path = gr.Radio(
                        [(name.capitalize(), name) for name in PATHS], value=PATHS[0], label="Path",
                        info="Straight, or on an arc; that of Portraits leads through its prior.", elem_id="morph-path",
                    )  # fmt: skip
        self.start = RunButton("Morph", "morph-")
        self.start.lay_status(_HINT_MORPH)
        self.strip = gr.HTML("", elem_id="morph-strip")
        self.film = Animation("morph-", "The morph will play here.")
        self.strip_save = Save("morph-strip-download", "Download the strip")

    def suit(self, spatial: bool, drawable: bool) -> Changes:
        """Show what a model can do."""
        return {
            self.warning: gr.HTML(visible=spatial),
            self.examples: gr.Column(visible=not drawable),
            self.draw: gr.Button(visible=drawable),
        }

    @property
    def suited(self) -> list[Any]:
        """The components that suit() changes."""
        return [self.warning, self.examples, self.draw]

    def wire(self, subject: Any) -> None:
        """Connect it with the picture that a morph begins with."""
        keep_good(self.picture)
        needs = [subject, *self._turn.parts, self.picture, self.frames, self.path, self.back]
        self.start.wire(self._jobs, self._morph, needs, [self.strip, *self.strip_save.parts, *self.film.parts])

    def _morph(
        self, subject: Reconstruction | None, turn: str, mark: str, other: str | None, frames: int, path: str,
        back: bool, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Morph for the page."""
        names: list[str] = []

        def work(callback: Callback) -> Pictures:
            one = current_reconstruction(subject, turn == mark)
            second = read_picture(other, _WHAT)
            names[:] = one.name, name_of_source(str(other), settings(second))
            return self._maker.morph(one.model, one.source(), second, steps=frames, path=path)(callback)

        words, glimpse = t("Making {n} frames", n=frames), self.film.glimpse(t("A frame of the morph"))
        step = yield from self.start.stream(request, work, words, preview=glimpse)
        if step.made is None:
            yield self.film.stopped(t("The morph was stopped.")) | {self.strip: ""} | self.strip_save.offer(None)
            return
        yield {self.start.status: progress(None, t("Writing the files"))}
        yield self._show(step.made, names[0], names[1], back)

    def _show(self, made: list[Image.Image], first: str, second: str, back: bool) -> Changes:
        way = f"{translate(first)} → {translate(second)}"
        name = f"deepart-morph-{slug(first)}-{slug(second)}"
        frames = there_and_back(made) if back else made
        strip = strip_of(made)
        path = save_result(strip, f"{name}-strip", self.strip_save.cache)
        file = Artwork(path, json.dumps(settings(strip), sort_keys=True), "Strip")
        alt = html.escape(t("A strip: {n} frames", n=len(made)))
        image = f'<img class="da-strip" alt="{alt}" src="{address(strip)}">'
        changes = self.film.show(frames, name, t("A morph: {way}", way=way), f"{way} · {lasting(len(frames))}")
        return changes | {self.strip: image} | self.strip_save.offer(file)


def there_and_back(frames: list[Image.Image]) -> list[Image.Image]:
    """Return the frames and then those between the ends once more, backwards, so that a loop has no jump."""
    return frames + frames[-2:0:-1]


def strip_of(frames: Sequence[Image.Image]) -> Image.Image:
    """Return up to eight of the frames, from the first to the last, beside each other as one picture."""
    count = min(_SHOWN, len(frames))
    picked = [frames[round(index * (len(frames) - 1) / (count - 1))] for index in range(count)]
    width, height = picked[0].size
    small = [fit(one, max(1, round(max(one.size) * _STRIP / height))) for one in picked] if height > _STRIP else picked
    width, height = small[0].size
    strip = Image.new("RGB", (count * width, height))
    for index, one in enumerate(small):
        strip.paste(one, (index * width, 0))
    return with_settings(strip, (settings(frames[0]) or {}) | {"view": "strip", "pictures": count})


_LETTERS = "ABC"


_SUM = "A − B + C"


_HINT_CHANGE = "The sum has the size of A."


class Change:
    """Sliders that move the picture along what the model has learned."""

    def __init__(self, maker: VAERequests, jobs: Jobs, turn: RequestId) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        self._turn = turn
        self._moved: Any = gr.State(None)  # tuple[str, Artwork] | None: what sliders have made, and in which turn
        with gr.Row(elem_classes="da-change"):
            with gr.Column(min_width=140, elem_classes="da-changed"):
                self.single = Single("change-", "The changed picture will appear here.")
            with gr.Column(min_width=140):
                gr.HTML(note("Each slider pushes the picture along one thing that the model has learned."))
                self.sliders = Sliders("vae-")
                self.reset = gr.Button("Reset", size="sm", elem_id="vae-reset")

    def put(self, subject: Reconstruction) -> Changes:
        """Begin with a picture: sliders at 0, and the reconstruction beside them."""
        names = self._names(subject.model)
        changes = self.sliders.put(names, {})
        return changes | self.single.show(subject.made, t("Not changed yet.")) if names else changes

    @property
    def parts(self) -> list[Any]:
        """The components that put() changes."""
        return [*self.sliders.all, *self.single.parts]

    def _names(self, model: str) -> Sequence[str]:
        return self._maker.pipeline(model).directions[:MAX_SLIDERS]

    def wire(self, subject: Any) -> None:
        """Let the sliders change the subject."""
        needs = [subject, *self._turn.parts, *self.sliders.all]
        moved = gr.on(
            [slider.input for slider in self.sliders.all], self._change, needs, self._moved,
            trigger_mode="always_last", **QUIETLY,
        )  # fmt: skip
        level = self.reset.click(self.sliders.level, None, self.sliders.all, **AT_ONCE)
        for made in (moved, level.then(self._change, needs, self._moved, **QUIETLY)):
            made.success(self._arrive, [self._turn.now, self._moved, self.single.picked], self.single.parts, **SOON)

    def _change(self, request: gr.Request, subject: Reconstruction | None, turn: str, mark: str, *values: float) -> Any:
        """Make the picture again with what the sliders say, unless that was said of another picture."""
        with sentences():
            one = current_reconstruction(subject)
            if mark != turn:
                return gr.skip()
            amounts = said(self._names(one.model), values, {})
            amounts = {name: amount for name, amount in amounts.items() if amount}
            if not amounts:
                return turn, one.made
            made = self._jobs.do(request, self._maker.edit(one.model, one.source(), amounts), "page vae-sliders")
            return gr.skip() if made is None else (turn, save_artwork(made, self._cache, f"{one.name} changed"))

    @property
    def _cache(self) -> str:
        return self.single.save.cache

    def _arrive(self, turn: str, moved: tuple[str, Artwork] | None, there: Artwork | None) -> Changes:
        """Show what sliders have made, unless it is there, or there is another picture meanwhile."""
        with sentences():
            one = if_current(turn, moved)
            if one is None or one == there:
                return {self.single.told: gr.skip()}
            return self.single.show(one, facts(one.made) or t("Not changed yet."))


class Combine:
    """A - B + C: what A has and B has not, given to C."""

    def __init__(self, maker: VAERequests, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        gr.HTML(note("What A has and B has not goes to C: a face with glasses − one without + another face."))
        with gr.Row(elem_classes="da-three"):
            self.boxes, self.takes = [], []
            for letter, sign in zip(_LETTERS, ("", "− ", "+ "), strict=True):
                name = f"combine-{letter.lower()}"
                with gr.Column(min_width=90):
                    self.boxes.append(picture_input(f"{sign}{letter}", height=150, elem_id=name))
                    self.takes.append(gr.Button("The picture above", size="sm", min_width=60, elem_id=f"{name}-take"))
        self.draw = gr.Button("Draw three portraits", size="sm", elem_id="combine-draw")
        self.start = RunButton(_SUM, "combine-")
        self.start.lay_status(_HINT_CHANGE)
        self.single = Single("combine-", "The sum will appear here.")

    def wire(self, subject: Any, model: Any) -> None:
        """Connect it with the picture above, and the choice of a model."""
        for box, take in zip(self.boxes, self.takes, strict=True):
            keep_good(box)
            take.click(self._take, subject, box, **SOON)
        self.draw.click(
            self._draw, model, self.boxes, show_progress="minimal", show_progress_on=self.start.hint,
            api_visibility="private", **GPU_SLOT,
        )  # fmt: skip
        self.start.wire(self._jobs, self._combine, [model, *self.boxes], self.single.parts)

    def _take(self, subject: Reconstruction | None) -> str:
        with sentences():
            one = current_reconstruction(subject)
            return one.picture or one.made.path

    def _draw(self, model: str, request: gr.Request) -> list[str]:
        """Fill the boxes with three samples."""
        with sentences():
            seed = random.randint(0, MAX_SEED - len(_LETTERS))
            made = self._jobs.do(request, self._maker.sample(model, len(_LETTERS), seed, 1.0), "page combine-draw")
            if made is None:
                raise mistake("The work was stopped before there was a picture.")
            cache = self.single.save.cache
            return [save_artwork(image, cache).path for image in made]

    def _combine(
        self, model: str, a: str | None, b: str | None, c: str | None, request: gr.Request
    ) -> Iterator[Changes]:
        """Add up for the page."""

        def work(callback: Callback) -> Image.Image:
            return self._maker.combine(model, *_three((a, b, c)))(callback)

        step = yield from self.start.stream(request, work, t("Adding up"))
        if step.made is not None:
            one = save_artwork(step.made, self.single.save.cache)
            yield self.single.show(one, translate(one.name))


def _three(paths: Sequence[str | None]) -> list[str]:
    """Return the files of three pictures; raises ImageError where one is missing."""
    missing = _missing(paths)
    if missing is not None:
        raise ImageError(f"There is no picture {missing} yet; upload one, take the picture above or draw three.")
    return [path for path in paths if path is not None]


def _missing(paths: Sequence[str | None]) -> str | None:
    """Return the first letter that has no picture."""
    return next((letter for letter, path in zip(_LETTERS, paths, strict=True) if path is None), None)

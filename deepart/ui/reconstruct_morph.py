"""Morphs: one picture becomes another, as a strip of pictures and as an animation."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import ImageError
from deepart.images import fit, settings, with_settings
from deepart.pipelines.vae import MAX_STEPS, MIN_STEPS, PATHS
from deepart.ui.common import keep_good, picture_input, progress, read_picture, save_result, sentences, visitor
from deepart.ui.film import FPS, Film, lasting
from deepart.ui.gallery import example_files, example_row
from deepart.ui.jobs import Jobs
from deepart.ui.language import t, t_text
from deepart.ui.pieces import Piece, slug
from deepart.ui.reconstruct_maker import MORPH_SIDE, VAEMaker
from deepart.ui.reconstruct_subject import Subject, name_of_source, subject_of
from deepart.ui.starter import Changes, Starter, follow, note
from deepart.ui.tray import Save
from deepart.ui.turn import Turn
from deepart.ui.views import address

_FRAMES = 24
_SHOWN = 8  # pictures of the strip
_STRIP = 160  # pixels; height of the strip
_WHAT = "second picture"
_HINT = "From the picture above to the second one, which is cropped to its shape."
CROSS_FADE = (
    "With this model a morph is a cross-fade: its latent is a map, so the pictures lie over each other. "
    "Take Portraits for one face that turns into another."
)


class Morph:
    """A box for the second picture, the controls, the strip and the animation."""

    def __init__(self, maker: VAEMaker, jobs: Jobs, turn: Turn) -> None:
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
        self.start = Starter("Morph", "morph-", verb="start")
        self.start.lay_status(_HINT)
        self.start.start.value, self.start.start.interactive = "Choose a second picture first", False
        self.strip = gr.HTML("", elem_id="morph-strip")
        self.film = Film("morph-", "The morph will play here.")
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
        follow([self.picture], self._describe, [self.picture], [self.start.start, self.start.hint])
        needs = [subject, *self._turn.parts, self.picture]
        self.start.wire(
            self._jobs, self._begin, needs, self._morph, [*needs, self.frames, self.path, self.back],
            self.start.resting, covers=[], shows=[self.strip, *self.strip_save.parts, *self.film.parts],
            queue_on=self.start.bar,
        )  # fmt: skip

    def _describe(self, other: str | None) -> Changes:
        """Say what the button waits for, or what it will do."""
        if other is None:
            return self.start.missing(t("Choose a second picture first"), t_text(_HINT))
        return self.start.ready(t("Morph"), t_text(_HINT))

    def _begin(self, subject: Subject | None, turn: str, mark: str, other: str | None) -> Changes:
        with sentences():
            subject_of(subject)
            if other is None:
                raise ImageError(f"There is no {_WHAT} yet; upload one or choose one.")
        return self.start.waiting()

    def _morph(
        self, subject: Subject | None, turn: str, mark: str, other: str | None, frames: int, path: str, back: bool,
        request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Morph for the page."""
        with sentences():
            one = subject_of(subject, turn == mark)
            second = read_picture(other, _WHAT)
            work = self._maker.morph(one.model, one.source(), second, steps=frames, path=path)
            words = t("Making {n} frames", n=frames)
            glimpse = self.film.glimpse(t("A frame of the morph"))
            made = yield from self.start.follow(self._jobs, visitor(request), work, words, glimpse)
            if made is None:
                gone = {self.strip: ""} | self.strip_save.offer(None)
                yield self.start.resting() | self.film.stopped(t("The morph was stopped.")) | gone
                return
            yield {self.start.bar: progress(None, t("Writing the files"))}
            yield self.start.resting() | self._show(made, one.name, name_of_source(str(other), settings(second)), back)

    def _show(self, made: list[Image.Image], first: str, second: str, back: bool) -> Changes:
        way = f"{t_text(first)} → {t_text(second)}"
        name = f"deepart-morph-{slug(first)}-{slug(second)}"
        frames = there_and_back(made) if back else made
        strip = strip_of(made)
        path = save_result(strip, f"{name}-strip", self.strip_save.cache)
        file = Piece(path, json.dumps(settings(strip), sort_keys=True), "Strip")
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

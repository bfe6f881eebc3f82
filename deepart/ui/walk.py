"""Walks: an animation from one picture to the next, playing on the page and as a file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from deepart.animations import save_animation
from deepart.errors import OptionError
from deepart.latents import truncate
from deepart.pipelines.gan import MAX_FRAMES, MAX_STOPS, MIN_FRAMES, GANPipeline
from deepart.pipelines.gan_origin import Origin
from deepart.ui.common import progress, sentences, visitor
from deepart.ui.jobs import Jobs, Moment
from deepart.ui.maker import Maker, defaults, seeds_of
from deepart.ui.pieces import Piece, slug
from deepart.ui.starter import Changes, Starter, note
from deepart.ui.views import frame, playing

FORMATS = ("webp", "gif", "mp4")
FPS = 12.0
_DEFAULT = defaults(GANPipeline.walk)


class Walk:
    """The controls of a walk, and where it plays."""

    def __init__(self, maker: Maker, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        self.seeds = gr.Textbox(
            "1, 2, 3", label="Through these seeds", placeholder="3, 17, 42", elem_id="walk-seeds",
            info="Seeds with commas between them, in the order of the visit.",
        )  # fmt: skip
        with gr.Row():
            self.begin_here = gr.Checkbox(True, label="Begin at the chosen picture", min_width=150, elem_id="walk-here")
            self.visit_liked = gr.Checkbox(
                False, label="Visit the pictures you like", min_width=150, elem_id="walk-liked"
            )
            self.loop = gr.Checkbox(True, label="Come back to the beginning", min_width=150, elem_id="walk-loop")
        self.frames = gr.Slider(
            MIN_FRAMES, MAX_FRAMES, _DEFAULT["frames"], step=1, label="Frames", elem_id="walk-frames",
            info=f"{FPS:g} are shown in a second; more make the walk slower and smoother.",
        )  # fmt: skip
        self.start = Starter("Walk", "walk-", verb="start")
        self.start.lay_status()
        self.stage = gr.HTML(frame(None, "The walk will play here."), elem_id="walk-stage")
        self.told = gr.HTML(note(""), elem_id="walk-facts")
        with gr.Row(elem_classes="da-acts"):
            self.files = [
                gr.DownloadButton(kind.upper() if kind != "webp" else "WebP", size="sm", min_width=80,
                                  interactive=False, elem_id=f"walk-{kind}")
                for kind in FORMATS
            ]  # fmt: skip

    def wire(self, truncation: Any, chosen: Any, liked: Any, model: Any) -> None:
        """Connect it with what else is on the tab."""
        needs = [self.seeds, self.begin_here, self.visit_liked, chosen, liked, model]
        self.start.wire(
            self._jobs, self._begin, needs, self._walk, [*needs, self.frames, self.loop, truncation],
            self.start.resting, covers=[], shows=[self.stage, self.told, *self.files], queue_on=self.start.bar,
        )  # fmt: skip

    def _begin(
        self, seeds: str, here: bool, visit: bool, chosen: Piece | None, liked: list[Piece], model: str
    ) -> Changes:
        with sentences():
            _check(pieces_of(here, visit, chosen, liked, model), seeds_of(seeds))
        return self.start.waiting()

    def _walk(
        self, seeds: str, here: bool, visit: bool, chosen: Piece | None, liked: list[Piece], model: str, frames: int,
        loop: bool, truncation: float, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Walk for the page."""
        with sentences():
            pieces, numbers = pieces_of(here, visit, chosen, liked, model), seeds_of(seeds)
            _check(pieces, numbers)
            if here and chosen is not None:
                model = chosen.model
            stops = [*(one.origin() for one in pieces), *self._seeds(model, numbers, truncation)]
            work = self._maker.walk(model, stops, frames=frames, loop=loop, truncation=1.0)
            yield self.start.working(_bar(Moment(), frames), "Stop")
            with self._jobs.run(visitor(request), work) as job:
                shown = 0
                for moment in job.watch():
                    changes: Changes = {self.start.bar: _bar(moment, frames)}
                    if moment.preview is not None and moment.shown != shown:
                        shown = moment.shown
                        changes[self.stage] = frame(moment.preview, "A frame of the walk")
                    yield changes
                made = job.result()
            if made is None:
                stopped = frame(None, "The walk was stopped.")
                yield self.start.resting() | {self.stage: stopped, self.told: note("")} | self._no_files()
                return
            names = [one.name for one in pieces] + [f"Seed {number}" for number in numbers]
            yield self.start.resting() | self._show(made, names, loop)

    def _seeds(self, model: str, numbers: Sequence[int], truncation: float) -> list[Origin]:
        """Return seeds as stops at a truncation, which the walk itself does not apply: pictures stay as they are."""
        if truncation == 1:
            return list(numbers)
        pipeline = self._maker.pipeline(model)
        return [truncate(pipeline.latent(number), truncation) for number in numbers]

    def _show(self, made: list[Image.Image], names: Sequence[str], loop: bool) -> Changes:
        way = " → ".join([*names, names[0]] if loop else names)
        paths = save_walk(made, FORMATS, f"deepart-walk-{slug(names[0])}-{len(made)}", self.files[0].GRADIO_CACHE)
        buttons = {
            button: gr.DownloadButton(value=path, interactive=True)
            for button, path in zip(self.files, paths, strict=True)
        }
        words = f"{way} · {len(made)} frames, {len(made) / FPS:.1f} seconds"
        return {self.stage: playing(paths[0], f"A walk: {way}"), self.told: note(words), **buttons}

    def _no_files(self) -> Changes:
        return {button: gr.DownloadButton(interactive=False) for button in self.files}


def save_walk(frames: list[Image.Image], kinds: Sequence[str], name: str, cache: str) -> list[str]:
    """Write a walk in some formats where Gradio serves files from, and return their paths."""
    folder = Path(cache) / uuid.uuid4().hex
    folder.mkdir(parents=True)
    paths = [str(folder / f"{name}.{kind}") for kind in kinds]
    for path in paths:
        save_animation(frames, path, fps=FPS)
    return paths


def pieces_of(here: bool, visit: bool, chosen: Piece | None, liked: Sequence[Piece], model: str) -> list[Piece]:
    """Return the pictures that a walk visits before the seeds."""
    pieces = [chosen] if here and chosen is not None else []
    of = pieces[0].model if pieces else model
    if visit:
        pieces += [one for one in liked if one.model == of and one not in pieces]
    return pieces


def _check(pieces: Sequence[Piece], numbers: Sequence[int]) -> None:
    """Raise OptionError for a walk that cannot be made."""
    stops = len(pieces) + len(numbers)
    if stops < 2:
        raise OptionError(f"A walk needs two pictures or more and this one has {stops}; type more seeds.")
    if stops > MAX_STOPS:
        raise OptionError(f"A walk goes through {MAX_STOPS} pictures at most and this one has {stops}; type fewer.")


def _bar(moment: Moment, frames: int) -> str:
    if not moment.step:
        return progress(None, f"Making {frames} frames")
    return progress(moment.step / moment.total, f"Making {frames} frames · {moment.step} are done")

"""Changes on purpose: sliders along the latent's axes, and arithmetic with three pictures."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from deepart.errors import ImageError
from deepart.latents import MAX_SEED
from deepart.ui.common import (
    AT_ONCE,
    GPU_SLOT,
    QUIETLY,
    SOON,
    keep_good,
    mistake,
    picture_input,
    read_picture,
    sentences,
    visitor,
)
from deepart.ui.jobs import Jobs
from deepart.ui.language import t, t_text
from deepart.ui.pieces import Piece, facts, piece
from deepart.ui.reconstruct_maker import VAEMaker
from deepart.ui.reconstruct_subject import Subject, subject_of
from deepart.ui.sliders import MAX_SLIDERS, Sliders, said
from deepart.ui.starter import Changes, Starter, follow, note
from deepart.ui.tray import Single
from deepart.ui.turn import Turn, wanted

_LETTERS = "ABC"
_SUM = "A − B + C"
_HINT = "The sum has the size of A."


class Change:
    """Sliders that move the picture along what the model has learned."""

    def __init__(self, maker: VAEMaker, jobs: Jobs, turn: Turn) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        self._turn = turn
        self._moved: Any = gr.State(None)  # tuple[str, Piece] | None: what sliders have made, and in which turn
        with gr.Row(elem_classes="da-change"):
            with gr.Column(min_width=140, elem_classes="da-changed"):
                self.single = Single("change-", "The changed picture will appear here.")
            with gr.Column(min_width=140):
                gr.HTML(note("Each slider pushes the picture along one thing that the model has learned."))
                self.sliders = Sliders("vae-")
                self.reset = gr.Button("Reset", size="sm", elem_id="vae-reset")

    def put(self, subject: Subject) -> Changes:
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

    def _change(self, request: gr.Request, subject: Subject | None, turn: str, mark: str, *values: float) -> Any:
        """Make the picture again with what the sliders say, unless that was said of another picture."""
        with sentences():
            one = subject_of(subject)
            if mark != turn:
                return gr.skip()
            amounts = said(self._names(one.model), values, {})
            amounts = {name: amount for name, amount in amounts.items() if amount}
            if not amounts:
                return turn, one.made
            made = self._jobs.do(visitor(request), self._maker.edit(one.model, one.source(), amounts))
            return gr.skip() if made is None else (turn, piece(made, self._cache, f"{one.name} changed"))

    @property
    def _cache(self) -> str:
        return self.single.save.cache

    def _arrive(self, turn: str, moved: tuple[str, Piece] | None, there: Piece | None) -> Changes:
        """Show what sliders have made, unless it is there, or there is another picture meanwhile."""
        with sentences():
            one = wanted(turn, moved)
            if one is None or one == there:
                return {self.single.told: gr.skip()}
            return self.single.show(one, facts(one.made) or t("Not changed yet."))


class Combine:
    """A - B + C: what A has and B has not, given to C."""

    def __init__(self, maker: VAEMaker, jobs: Jobs) -> None:
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
        self.start = Starter(_SUM, "combine-", verb="start")
        self.start.lay_status(_HINT)
        self.start.start.value, self.start.start.interactive = "Choose picture A first", False
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
        follow(self.boxes, self._describe, self.boxes, [self.start.start, self.start.hint])
        needs = [model, *self.boxes]
        self.start.wire(
            self._jobs, self._begin, needs, self._combine, needs, self.start.resting, covers=[],
            shows=self.single.parts, queue_on=self.start.bar,
        )  # fmt: skip

    def _take(self, subject: Subject | None) -> str:
        with sentences():
            one = subject_of(subject)
            return one.picture or one.made.path

    def _draw(self, model: str, request: gr.Request) -> list[str]:
        """Fill the boxes with three samples."""
        with sentences():
            seed = random.randint(0, MAX_SEED - len(_LETTERS))
            made = self._jobs.do(visitor(request), self._maker.sample(model, len(_LETTERS), seed, 1.0))
            if made is None:
                raise mistake("The work was stopped before there was a picture.")
            cache = self.single.save.cache
            return [piece(image, cache).path for image in made]

    def _describe(self, *paths: str | None) -> Changes:
        """Say which picture the button waits for."""
        missing = _missing(paths)
        if missing is None:
            return self.start.ready(_SUM, t_text(_HINT))
        return self.start.missing(t("Choose picture {letter} first", letter=missing), t_text(_HINT))

    def _begin(self, model: str, *paths: str | None) -> Changes:
        with sentences():
            _three(paths)
        return self.start.waiting()

    def _combine(
        self, model: str, a: str | None, b: str | None, c: str | None, request: gr.Request
    ) -> Iterator[Changes]:
        """Add up for the page."""
        with sentences():
            files = zip(_three((a, b, c)), _LETTERS, strict=True)
            pictures = [read_picture(path, f"picture {letter}") for path, letter in files]
            work = self._maker.combine(model, *pictures)
            made = yield from self.start.follow(self._jobs, visitor(request), work, t("Adding up"))
            changes = self.start.resting()
            if made is not None:
                one = piece(made, self.single.save.cache)
                changes |= self.single.show(one, t_text(one.name))
            yield changes


def _three(paths: Sequence[str | None]) -> list[str]:
    """Return the files of three pictures; raises ImageError where one is missing."""
    missing = _missing(paths)
    if missing is not None:
        raise ImageError(f"There is no picture {missing} yet; upload one, take the picture above or draw three.")
    return [path for path in paths if path is not None]


def _missing(paths: Sequence[str | None]) -> str | None:
    """Return the first letter that has no picture."""
    return next((letter for letter, path in zip(_LETTERS, paths, strict=True) if path is None), None)

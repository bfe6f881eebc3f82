"""Pictures by chance: variations of one, and new ones drawn from the prior."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import gradio as gr

from deepart.latents import MAX_SEED, check_seeds
from deepart.pipelines.vae import MAX_TEMPERATURE, VAEPipeline
from deepart.ui.common import AT_ONCE, sentences, visitor
from deepart.ui.jobs import Jobs
from deepart.ui.language import t, t_text
from deepart.ui.maker import MAX_GRID, count, defaults, typed_seed
from deepart.ui.pieces import piece
from deepart.ui.reconstruct_maker import MAX_VARIATIONS, VAEMaker
from deepart.ui.reconstruct_subject import Subject, subject_of
from deepart.ui.starter import Changes, Starter
from deepart.ui.tray import Tray
from deepart.ui.turn import Turn

_VARY, _SAMPLE = defaults(VAEPipeline.vary), defaults(VAEPipeline.sample)
_SEED = "Names the first picture; the next has the next seed."
_MANY = "How many are made at once."
_MOST = 4.0  # deviations
_DRAWN = 16  # samples at first


class Vary:
    """Variations: the same picture, with the latent moved by chance within what the model is unsure of."""

    def __init__(self, maker: VAEMaker, jobs: Jobs, turn: Turn) -> None:
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
        self.start = Starter("Make variations", "vary-", verb="start")
        self.start.lay_status("The same picture again and again, each a little different.")
        self.tray = Tray("vary-")

    def wire(self, subject: Any) -> None:
        """Connect it with the picture that is varied."""
        self.tray.wire()
        needs = [subject, *self._turn.parts, self.count, self.seed]
        self.start.wire(
            self._jobs, self._begin, needs, self._vary, [*needs, self.strength], self.start.resting,
            covers=[], shows=self.tray.parts, queue_on=self.start.bar,
        )  # fmt: skip

    def _begin(self, subject: Subject | None, turn: str, mark: str, n: Any, seed: Any) -> Changes:
        with sentences():
            subject_of(subject)
            check_seeds(typed_seed(seed), n)
        return self.start.waiting()

    def _vary(
        self, subject: Subject | None, turn: str, mark: str, n: Any, seed: Any, strength: float, request: gr.Request
    ) -> Iterator[Changes]:
        """Make variations for the page."""
        with sentences():
            one = subject_of(subject, turn == mark)
            work = self._maker.vary(one.model, one.source(), strength, n, seed)
            words = t("Making 1 variation") if n == 1 else t("Making {n} variations", n=n)
            made = yield from self.start.follow(self._jobs, visitor(request), work, words)
            changes = self.start.resting()
            if made is not None:
                cache = self.tray.gallery.GRADIO_CACHE
                pieces = [piece(image, cache) for image in made]
                told = t(
                    "{name} at strength {strength}, {seeds}.", name=t_text(one.name), strength=f"{strength:g}",
                    seeds=_seeds(seed, n),
                )  # fmt: skip
                changes |= self.tray.show(pieces, told)
            yield changes


class Draw:
    """Samples: pictures that never existed, drawn from the prior of a model that has one."""

    def __init__(self, maker: VAEMaker, jobs: Jobs) -> None:
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
            self.start = Starter("Draw pictures", "sample-", verb="start")
            self.dice = gr.Button("Another seed", elem_id="sample-dice", min_width=170, scale=0)
        self.start.lay_status("Portraits of people who never existed, drawn from what the model knows of faces.")
        self.tray = Tray("sample-")

    def wire(self, model: Any) -> None:
        """Connect it with the choice of a model."""
        self.tray.wire()
        rolled = self.dice.click(lambda: random.randint(0, MAX_SEED - MAX_GRID), None, self.seed, **AT_ONCE)
        needs = [model, self.count, self.seed]
        self.start.wire(
            self._jobs, self._begin, needs, self._draw, [*needs, self.temperature], self.start.resting,
            covers=[], shows=self.tray.parts, queue_on=self.start.bar, starts=[rolled.then],
        )  # fmt: skip

    def _begin(self, model: str, n: Any, seed: Any) -> Changes:
        with sentences():
            check_seeds(typed_seed(seed), count(n))
        return self.start.waiting()

    def _draw(self, model: str, n: Any, seed: Any, temperature: float, request: gr.Request) -> Iterator[Changes]:
        """Draw for the page."""
        with sentences():
            work = self._maker.sample(model, n, seed, temperature)
            words = t("Drawing 1 picture") if n == 1 else t("Drawing {n} pictures", n=n)
            made = yield from self.start.follow(self._jobs, visitor(request), work, words)
            changes = self.start.resting()
            if made is not None:
                cache = self.tray.gallery.GRADIO_CACHE
                pieces = [piece(image, cache) for image in made]
                changes |= self.tray.show(
                    pieces, t("Temperature {n}, {seeds}.", n=f"{temperature:g}", seeds=_seeds(seed, n))
                )
            yield changes


def _seeds(seed: int, n: int) -> str:
    return t("seed {n}", n=seed) if n == 1 else t("seeds {first} to {last}", first=seed, last=seed + n - 1)

"""Finding a picture: the model's picture that comes nearest to an uploaded one, to go on from there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import ImageError
from deepart.images import settings
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.gan_project import square
from deepart.ui.common import AT_ONCE, keep_good, picture_input, progress, read_picture, sentences, visitor
from deepart.ui.jobs import Jobs, Moment
from deepart.ui.language import t
from deepart.ui.maker import Maker, defaults, likeness
from deepart.ui.pace import Clock, even, with_time_left
from deepart.ui.pieces import Piece, piece
from deepart.ui.starter import Changes, Starter, note
from deepart.ui.views import pair

_DEFAULT = defaults(GANPipeline.project)
_WHAT = "picture to find"


class Find:
    """A box for a picture, the controls, and both pictures beside each other."""

    def __init__(self, maker: Maker, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        gr.HTML(note("The model looks for the picture of its own that comes nearest; its middle square counts."))
        self.picture = picture_input("Picture to find", height=180, elem_id="find-picture")
        self.start = Starter("Upload a picture first", "find-", verb="start")
        self.start.start.interactive = False
        self.start.lay_status()
        with gr.Accordion("More settings", open=False, elem_id="find-more"):
            self.steps = gr.Slider(
                20, 1000, _DEFAULT["steps"], step=10, label="Steps", elem_id="find-steps",
                info="Corrections: more come nearer, and take longer.",
            )  # fmt: skip
        self.stage = gr.HTML("", elem_id="find-stage")
        self.told = gr.HTML(note(""), elem_id="find-facts")

    def wire(self, take: Callable[[Piece], Changes], parts: Sequence[Any], model: Any) -> None:
        """Connect it; take, parts: those of the chosen picture."""
        self._take = take
        keep_good(self.picture)
        self.picture.change(self._say, self.picture, self.start.start, **AT_ONCE)
        self.start.wire(
            self._jobs, self._begin, [self.picture], self._find, [self.picture, self.steps, model], self.start.resting,
            covers=[], shows=[self.stage, self.told, *parts], queue_on=self.start.bar,
        )  # fmt: skip

    def _say(self, path: str | None) -> gr.Button:
        """Say on the button what it will do, or what it waits for."""
        if path is None:
            return gr.Button(t("Upload a picture first"), interactive=False)
        return gr.Button(t("Find this picture"), interactive=True)

    def _begin(self, path: str | None) -> Changes:
        with sentences():
            if path is None:
                raise ImageError(f"There is no {_WHAT} yet; upload one.")
        return self.start.waiting()

    def _find(self, path: str | None, steps: int, model: str, request: gr.Request) -> Iterator[Changes]:
        """Look for a picture, for the page."""
        with sentences():
            picture = read_picture(path, _WHAT)
            target = square(picture, self._maker.pipeline(model).side)
            work = self._maker.project(model, picture, steps=steps, seed=_DEFAULT["seed"])
            wanted = t("The picture to find")
            begun = pair((target, wanted), (None, t("The best so far")))
            yield self.start.working(_bar(Moment(), None, 0.0), t("Stop and keep what is found")) | {self.stage: begun}
            shown, clock = 0, None
            with self._jobs.run(visitor(request), work) as job:
                for moment in job.watch():
                    clock = clock or (even(moment.total) if moment.step else None)
                    changes: Changes = {self.start.bar: _bar(moment, clock, time.monotonic() - job.began)}
                    if moment.preview is not None and shown != moment.shown:
                        shown = moment.shown
                        changes[self.stage] = pair((target, wanted), (moment.preview, t("After {n} steps", n=shown)))
                    yield changes
                image, stopped = job.result(), 0
                if image is None and carries(job.moment.preview):
                    image, stopped = self._whole(model, job.moment.preview, request), job.moment.shown
            if image is None:
                nothing = note(t("Stopped before anything was found."))
                yield self.start.resting() | {self.stage: "", self.told: nothing}
                return
            one = piece(image, self.picture.GRADIO_CACHE, "Found picture")
            both = pair((target, wanted), (image, t("What was found")))
            words = _found(likeness(image, target), stopped)
            yield self.start.resting() | self._take(one) | {self.stage: both, self.told: note(words)}

    def _whole(self, model: str, preview: Image.Image | None, request: gr.Request) -> Image.Image | None:
        """Return the picture that a preview stands for: a large network is looked through at a small size."""
        if preview is None or preview.width == self._maker.pipeline(model).side:
            return preview
        small = piece(preview, self.picture.GRADIO_CACHE, "Found picture")
        made = self._jobs.do(visitor(request), self._maker.moved([small], small.amounts))
        return made[0] if made else None


def carries(preview: Image.Image | None) -> bool:
    """Tell whether a preview says how to make it again."""
    return preview is not None and "latent" in (settings(preview) or {})


def _found(near: float, stopped: int) -> str:
    """Return what is to be said of a picture that was found. near: in dB. stopped: after which step, 0 for the last."""
    if stopped:
        return t(
            "{near} dB near it, stopped after step {step}; it is the chosen picture now, so sliders and walks go on "
            "from it.",
            near=f"{near:.1f}", step=stopped,
        )  # fmt: skip
    return t("{near} dB near it; it is the chosen picture now, so sliders and walks go on from it.", near=f"{near:.1f}")


def _bar(moment: Moment, clock: Clock | None, elapsed: float) -> str:
    if not moment.step or clock is None:
        return progress(None, t("Looking at the picture"))
    share = clock.share(moment.step)
    words = t("{share} % · step {step} of {total}", share=f"{100 * share:.0f}", step=moment.step, total=moment.total)
    return progress(share, with_time_left(words, clock.left(moment.step, elapsed)))

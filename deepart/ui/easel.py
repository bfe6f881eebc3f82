"""What the page and the endpoint of style transfer share: an order, the work on it, and what comes out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from deepart.cache import Studio
from deepart.errors import OptionError
from deepart.images import fitted_size, with_settings
from deepart.pipelines.style import StyleTransferPipeline
from deepart.ui.common import read_picture
from deepart.ui.jobs import Callback, Job, Moment
from deepart.ui.pace import Clock, Pace, corrections, passes

_NAMES = ("style picture", "second style picture", "third style picture")


@dataclass(frozen=True)
class Order:
    """What somebody wants painted: pictures that could be read, and options for the pipeline to check."""

    pipeline: StyleTransferPipeline
    content: Image.Image
    styles: list[Image.Image]
    options: dict[str, Any]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the result in pixels."""
        return fitted(self.content.size, self.options["size"])


@dataclass(frozen=True)
class PictureOrder(Order):
    """One picture, in one to three styles."""

    def work(self, callback: Callback) -> Image.Image:
        """Paint it; see StyleTransferPipeline.stylize."""
        return self.pipeline.stylize(self.content, self.styles, **self.options, callback=callback)

    def shares(self) -> list[float]:
        """Return the share of the work that is done after each step."""
        width, height = self.content.size
        return self.pipeline.work_shares(width, height, size=self.options["size"], steps=self.options["steps"])

    def effort(self) -> float:
        """Return what it takes, in the unit of the model's pace."""
        return passes(self.size, len(self.styles)) if self.pipeline.one_pass else corrections(self.shares(), self.size)


@dataclass(frozen=True)
class Painted:
    """A result: the picture with its settings, how long it took, and the step it was stopped at, if it was."""

    image: Image.Image
    seconds: float
    stopped_at: int | None = None


class Easel:
    """Takes orders for the style models of a studio, and knows how long they take."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._paces: dict[str, Pace] = {}

    def order(self, content: str | None, styles: Sequence[str | None], *, model: Any, **options: Any) -> PictureOrder:
        """Return the order for uploaded files; the first style must be there.

        Raises ImageError for a file, OptionError for options of the wrong type, UnknownModelError, WeightsError.
        """
        pipeline, options = self.pipeline(model), checked(options)
        picture = read_picture(content, "content picture")
        files = [(path, what) for path, what in zip(styles, _NAMES, strict=True) if path or what == _NAMES[0]]
        return PictureOrder(pipeline, picture, [read_picture(*file) for file in files], options)

    def pipeline(self, model: Any) -> StyleTransferPipeline:
        """Return a model of the studio; raises OptionError, UnknownModelError, WeightsError."""
        if not (model is None or isinstance(model, str)):
            raise OptionError(f"The model is {model!r}; it must be a name.")
        return self._studio.style(model)

    def pace(self, pipeline: StyleTransferPipeline) -> Pace:
        """Return the pace of a model, which is its own: what one has shown says nothing about another."""
        return self._paces.setdefault(pipeline.name, Pace(self._studio.device.type, pipeline.one_pass))

    def estimate(self, model: str | None, sides: tuple[int, int], size: int | None, steps: int | None) -> float:
        """Return how many seconds a painting will take in one style, for a content of width x height pixels.

        Raises OptionError for a size that cannot be painted, UnknownModelError, WeightsError.
        """
        pipeline = self.pipeline(model)
        shares, result = pipeline.work_shares(*sides, size=size, steps=steps), fitted(sides, size)
        return self.pace(pipeline).estimate(passes(result, 1) if pipeline.one_pass else corrections(shares, result))

    def clock(self, order: PictureOrder) -> Clock:
        """Return what tells the time left of an order; it begins with an estimate where this machine is known."""
        pace = self.pace(order.pipeline)
        return Clock(order.shares(), pace.estimate(order.effort()) if pace.measured else None)

    def finish(self, order: PictureOrder, job: Job[Image.Image]) -> Painted | None:
        """Return what a job that is done has painted; None when it was stopped before there was a picture to keep.

        Raises what the work raised.
        """
        image, seconds, moment = job.result(), time.monotonic() - job.began, job.moment
        if moment.step:
            self.pace(order.pipeline).learn(order.effort() * order.shares()[moment.step - 1], seconds)
        if image is not None:
            return Painted(image, seconds)
        if moment.preview is None or order.pipeline.one_pass:  # a few parts of a picture are none
            return None
        return Painted(_stopped(order, moment, moment.preview), seconds, moment.shown)


def checked(options: dict[str, Any]) -> dict[str, Any]:
    """Return options of an endpoint as the pipeline takes them; what is out of range it finds out itself."""
    if not isinstance(options["preserve_color"], bool):
        raise OptionError(f"The preserve_color is {options['preserve_color']!r}; it must be true or false.")
    whole = {
        name: int(value) for name, value in options.items()
        if name in ("size", "seed", "steps") and isinstance(value, float) and value.is_integer()
    }  # fmt: skip
    return options | whole  # JavaScript does not tell 256 from 256.0


def fitted(sides: tuple[int, int], size: int | None) -> tuple[int, int]:
    """Return width and height of a result."""
    return sides if size is None else fitted_size(sides, size)


def _stopped(order: PictureOrder, moment: Moment, preview: Image.Image) -> Image.Image:
    """Return the last preview at the size of the result, with the settings that led to it."""
    pipeline, (width, height) = order.pipeline, order.size
    options = {name: value for name, value in order.options.items() if value is not None}
    settings = {"task": pipeline.task, "model": pipeline.name, "version": pipeline.version, **options}
    settings |= {"size": [width, height], "stopped_at": moment.shown}
    return with_settings(preview.resize((width, height), Image.Resampling.LANCZOS), settings)

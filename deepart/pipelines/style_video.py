"""Films painted without flicker: each frame in one pass, with the strokes of the frame before it where they belong.

What is measured on a picture is measured once for the clip (Fast.hold), and what is painted goes along with what moves:
the last result is warped by optical flow and kept where the flow is sure. Sources: Ruder, Dosovitskiy and Brox,
"Artistic style transfer for videos" (1604.08610) for what is sure; Kroeger, Timofte, Dai and Van Gool, "Fast Optical
Flow using Dense Inverse Search" (1603.03590) for the flow, by OpenCV where it is installed. Without it the last result
is kept where the clip stands still.
"""

import importlib
import json
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from deepart.checks import shown
from deepart.containers import name_of
from deepart.errors import OptionError
from deepart.films import Clip, Survey
from deepart.images import fit
from deepart.pipelines.base import Callback
from deepart.pipelines.style_fast import PREVIEW_SIDE, FastPainter
from deepart.pipelines.style_job import StyleJob

MAX_SECONDS = 20.0  # of a clip
MIN_FILM, MAX_FILM = 64, 2048  # pixels: longer side of a film
KEPT = 0.85  # share of the last result where the flow is sure
UNLIKE = 0.04  # by how much, on average over a few pixels, what was warped may differ from what is there; of 1
AWAY = (
    0.01,
    0.5,
)  # squared pixels that forward and backward flow may miss each other by: share of their squares, and at least
NO_FLOW = "OpenCV is not installed, so strokes do not go along with what moves; run pip install opencv-python-headless."

Array = npt.NDArray[Any]
Paint = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Film:
    """What stylize_video() has made. path: of the file. size: width and height in pixels. frames, seconds: how many,
    and how long they last. sound: whether it has any. whole: False where a part of the clip could not be read."""

    path: Path
    size: tuple[int, int]
    frames: int
    seconds: float
    sound: bool
    whole: bool


def check_target(out: Any) -> Path:
    """Return the path of a film to write, before hours are spent on it; raises OptionError."""
    if not isinstance(out, str | os.PathLike) or Path(out).suffix.lower() != ".mp4":
        raise OptionError("The film's file is {path}; its name must end in .mp4.", path=shown(out))
    if not os.access(Path(out).parent, os.W_OK | os.X_OK) or Path(out).is_dir():
        raise OptionError(
            "The file {name} cannot be written; check that its folder exists and is yours.", name=name_of(out)
        )
    return Path(out)


def paint_film(
    clip: Clip, survey: Survey, job: StyleJob, painter: FastPainter, target: Path, settings: Mapping[str, Any],
    warp: bool, callback: Callback | None,
) -> Film:  # fmt: skip
    """Paint a clip as a job says, whose content is one of its frames; see StyleTransferPipeline.stylize_video."""
    total = len(survey.picked)
    still = job.untouched or job.strength == 0
    paint = Steadier((lambda frame: frame) if still else painter.steady(job, survey.samples[::2]), warp and not still)

    def make(number: int, frame: Image.Image) -> Image.Image:
        picture = replace(job, content=frame).masked(paint(frame))
        if callback is not None:
            callback(number, total, fit(picture, min(PREVIEW_SIDE, max(picture.size))))
        return picture

    frames, sound = clip.paint(survey, target, json.dumps(settings, sort_keys=True), make)
    return Film(target, survey.size, frames, survey.seconds, sound, survey.whole)


class Steadier:
    """Paints frames one after another, each with what still holds of the one before."""

    def __init__(self, paint: Paint, warp: bool = True) -> None:
        """warp: whether to; if not, every frame is painted by itself. Warns where there is no OpenCV."""
        self._paint, self._warp = paint, warp
        self._last: tuple[Image.Image, Image.Image] | None = None
        try:
            self._cv: Any = importlib.import_module("cv2") if warp else None
        except ImportError:
            self._cv = None
            warnings.warn(NO_FLOW, UserWarning, stacklevel=4)

    def __call__(self, frame: Image.Image) -> Image.Image:
        """Return the frame, RGB, painted."""
        if self._last is not None and self._last[0].tobytes() == frame.tobytes():
            return self._last[1]
        painted = self._paint(frame)
        if self._warp and self._last is not None:
            before, result = (np.asarray(one, np.float32) / 255 for one in self._last)
            there, kept, sure = self._carried(before, np.asarray(frame, np.float32) / 255, result)
            new = np.asarray(painted, np.float32) / 255
            mixed = new + KEPT * (sure * _likeness(there))[..., None] * (kept - new)
            painted = Image.fromarray((mixed.clip(0, 1) * 255 + 0.5).astype(np.uint8))
        self._last = frame, painted
        return painted

    def _carried(self, before: Array, now: Array, result: Array) -> tuple[Array, Array, Array]:
        """Return by how much each pixel differs from where it was (h, w), the last result moved along (h, w, 3), and
        where the flow is sure (h, w) in [0, 1]."""
        if self._cv is None:
            return np.abs(before - now).mean(2), result, np.ones(now.shape[:2], np.float32)
        cv = self._cv
        old, new = (cv.cvtColor((one * 255).astype(np.uint8), cv.COLOR_RGB2GRAY) for one in (before, now))
        finder = cv.DISOpticalFlow_create(cv.DISOPTICAL_FLOW_PRESET_MEDIUM)
        back, forth = finder.calc(new, old, None), finder.calc(old, new, None)
        rows, columns = np.mgrid[: now.shape[0], : now.shape[1]].astype(np.float32)
        x, y = columns + back[..., 0], rows + back[..., 1]

        def moved(picture: Array, how: int) -> Array:
            there: Array = cv.remap(picture, x, y, how, borderMode=cv.BORDER_REPLICATE)
            return there

        missed = np.square(back + moved(forth, cv.INTER_LINEAR)).sum(2)
        far = AWAY[0] * (np.square(back).sum(2) + np.square(moved(forth, cv.INTER_LINEAR)).sum(2)) + AWAY[1]
        inside = (x >= 0) & (x <= now.shape[1] - 1) & (y >= 0) & (y <= now.shape[0] - 1)
        sure = ((missed < far) & inside).astype(np.float32)
        differs = np.abs(moved(before, cv.INTER_LINEAR) - now).mean(2)
        return differs, moved(result, cv.INTER_CUBIC), cv.GaussianBlur(sure, (0, 0), 1.0) * sure


def _likeness(differs: Array) -> Array:
    """Return how much of the last result holds, (h, w) in [0, 1], by how much the frames differ at each pixel."""
    # Over a few pixels, for a grain of noise is no reason to paint anew.
    around = np.asarray(Image.fromarray(differs.astype(np.float32)).reduce(1))
    return np.exp(-np.square(around / UNLIKE))

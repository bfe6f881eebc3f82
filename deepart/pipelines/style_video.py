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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from deepart.checks import shown
from deepart.color import soft
from deepart.errors import OptionError
from deepart.films import Clip, Survey
from deepart.images import fit, to_image, to_tensor
from deepart.pipelines.base import Callback
from deepart.pipelines.style_fast import PREVIEW_SIDE, FastPainter
from deepart.pipelines.style_job import StyleJob

MAX_SECONDS = 20.0  # of a clip
MIN_FILM, MAX_FILM = 64, 2048  # pixels: longer side of a film
KEPT = 0.85  # share of the last result where the flow is sure
SIZES, REACH, GAIN = (1.5, 4.0), 4.0, 1.3  # pixels of strokes, over how many such they count, most strengthening
UNLIKE = 0.04  # by how much, on average over a few pixels, what was warped may differ from what is there; of 1
AWAY = 0.01, 0.5  # by which flows there and back may miss each other: share of their squares, and squared pixels
NO_FLOW = "OpenCV is not installed, so strokes do not go along with what moves; run pip install opencv-python-headless."


@dataclass(frozen=True)
class Film:
    """What stylize_video() has made. size: width and height in pixels. frames, seconds: how many,
    and how long they last. sound: whether it has any. whole: False where a part of the clip could not be read."""

    size: tuple[int, int]
    frames: int
    seconds: float
    sound: bool
    whole: bool


def check_target(out: Any) -> None:
    """Raise OptionError for what no film can be written to, before hours are spent on it."""
    is_path = isinstance(out, str | os.PathLike) and Path(out).suffix.lower() == ".mp4" and not Path(out).is_dir()
    if not hasattr(out, "write") and not (is_path and os.access(Path(out).parent, os.W_OK | os.X_OK)):
        raise OptionError(
            "The film is to be {path}; give a name that ends in .mp4, in a folder that is there and yours.",
            path=shown(out),
        )


def paint_film(
    clip: Clip, survey: Survey, job: StyleJob, painter: FastPainter, out: Any, settings: Mapping[str, Any],
    warp: bool, callback: Callback | None,
) -> Film:  # fmt: skip
    """Paint a clip as a job says, whose content is one of its frames; see StyleTransferPipeline.stylize_video."""
    total = len(survey.frames)
    still = job.untouched or job.strength == 0
    paint = (lambda frame: frame) if still else Steadier(painter.film(job), warp)

    def make(number: int, frame: Image.Image) -> Image.Image:
        picture = replace(job, content=frame).masked(paint(frame))
        if callback is not None:
            callback(number, total, fit(picture, min(PREVIEW_SIDE, max(picture.size))))
        return picture

    frames, sound = clip.paint(survey, out, json.dumps(settings, sort_keys=True), make)
    return Film(survey.size, frames, survey.seconds, sound, survey.whole)


class Steadier:
    """Paints frames one after another, each with what still holds of the one before."""

    def __init__(self, paint: Callable[[Image.Image], Image.Image], warp: bool = True) -> None:
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
            before, result, now, new = (to_tensor(one) for one in (*self._last, frame, painted))
            back, forth = self._flows(self._last[0], frame)
            places = torch.stack(torch.meshgrid(*(torch.arange(side) for side in back.shape[2:]), indexing="ij")[::-1])
            where = (2 * (places + back) + 1).permute(0, 2, 3, 1) / torch.tensor(frame.size) - 1

            def moved(picture: Tensor, how: str = "bilinear") -> Tensor:
                return F.grid_sample(picture, where, how, "border", align_corners=False)

            there = moved(forth)
            missed, far = ((back + there).square(), back.square() + there.square())
            sure = (missed.sum(1) < AWAY[0] * far.sum(1) + AWAY[1]) & (where.abs() <= 1).all(3)
            differs = (moved(before) - now).abs().mean(1, keepdim=True)
            # Over a few pixels, for a grain of noise is no reason to paint anew.
            holds = KEPT * sure[:, None] * torch.exp(-(soft(differs, 1.5) / UNLIKE).square())
            holds = torch.minimum(holds, soft(holds, 1.0))
            painted = to_image(_as_strong(torch.lerp(new, moved(result, "bicubic"), holds), new))
        self._last = frame, painted
        return painted

    def _flows(self, before: Image.Image, now: Image.Image) -> Sequence[Tensor]:
        """Return where each pixel (x, y) of now comes from, and where each of before goes, (1, 2, H, W) in pixels."""
        if self._cv is None:
            return [torch.zeros(1, 2, now.height, now.width)] * 2
        old, new = (np.asarray(one.convert("L")) for one in (before, now))
        finder = self._cv.DISOpticalFlow_create(self._cv.DISOPTICAL_FLOW_PRESET_MEDIUM)
        flows = (finder.calc(*pair, None) for pair in ((new, old), (old, new)))
        return [torch.from_numpy(flow).permute(2, 0, 1)[None] for flow in flows]


def _as_strong(mixed: Tensor, new: Tensor) -> Tensor:
    """Return a mixture (1, 3, H, W) with strokes as strong as those of the new picture: the mean of two that differ is
    weaker than either, and that of many is flat."""
    for sigma in SIZES:
        rest, other = soft(mixed, sigma), soft(new, sigma)
        fine = mixed - rest
        has, wants = (_around(part.square().mean(1, True), REACH * sigma).sqrt() for part in (fine, new - other))
        mixed = rest + fine * (wants / has.clamp_min(1e-3)).clamp(1, GAIN)
    return mixed.clamp(0, 1)


def _around(x: Tensor, reach: float) -> Tensor:
    size = 2 * min(round(reach), (min(x.shape[2:]) - 1) // 2) + 1
    for sides, rest in (((size, 1), (size // 2, 0)), ((1, size), (0, size // 2))):
        x = F.avg_pool2d(x, sides, 1, rest, count_include_pad=False)
    return x

"""Style transfer: one picture repainted in the style of others."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, BinaryIO, ClassVar, Self

import torch
from PIL import Image
from torch import Tensor

from deepart import checkpoint
from deepart.checks import number, switch, whole_number
from deepart.errors import UnsupportedError
from deepart.films import Clip
from deepart.images import with_settings
from deepart.models.fast import Fast
from deepart.models.gatys import Gatys
from deepart.models.gatys_loss import VGG19_CONFIG, GatysConfig
from deepart.models.inverter import Inverter, InverterConfig
from deepart.models.vgg import SlimVGG
from deepart.pipelines.base import Callback, Pipeline, check_one_size, defaults_of, oom_guard
from deepart.pipelines.features import build_features, check_features, load_all_widths
from deepart.pipelines.style_fast import FastPainter
from deepart.pipelines.style_fine import FinePainter
from deepart.pipelines.style_job import MIN_SIDE as MIN_SIDE
from deepart.pipelines.style_job import Painting, StyleJob, check_job, check_styles, result_sides
from deepart.pipelines.style_saved import Style
from deepart.pipelines.style_video import MAX_FILM, MAX_SECONDS, MIN_FILM, Film, check_target, paint_film
from deepart.registry import Located

MAX_SHEET = 16  # styles of a sheet
NUMBERS = (
    "steps", "style_weight", "moments_weight", "detail", "tv_weight", "style_layers", "content_layers", "start",
)  # fmt: skip
"""Options of stylize() for a model that optimises."""


class StyleTransferPipeline(Pipeline):
    """Repaints a content picture in the style of one to three others.

    The model "fast" paints in one pass of a network (deepart/models/fast.py): any style, up to 4096 pixels, at once.
    The model "fine" corrects the pixels (Gatys et al., CVPR 2016; see deepart/models/gatys.py): any style, in seconds.
    """

    task: ClassVar[str] = "style"
    networks: ClassVar[tuple[str, ...]] = ("Gatys", "Inverter")

    def __init__(
        self, located: Located, device: torch.device, network: Gatys | Fast, features: str | None = None
    ) -> None:
        """features: the registered name of the features of a one-pass network, which save_pretrained writes down."""
        super().__init__(located, device)
        self._features = features
        self._painter = (
            FinePainter(network, device) if isinstance(network, Gatys) else FastPainter(network, device, located.name)
        )
        self.max_side = self._painter.max_side
        """The largest longer side of a result, in pixels."""
        self.one_pass = isinstance(network, Fast)
        """Whether it paints in one pass; if not, it takes `steps` and the other numbers of an optimisation."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the weights take, those of the features included."""
        features = self._painter.network.features.parameters() if self.one_pass else ()
        return super().nbytes + sum(tensor.nbytes for tensor in features)

    def stylize(
        self, content: Image.Image, style_image: Painting | Sequence[Painting], *,
        weights: Sequence[float] | None = None, strength: float = 1.0, preserve_color: bool = False,
        style_scale: float = 1.0, size: int | None = None, seed: int = 0, callback: Callback | None = None,
        steps: int | None = None, style_weight: float | None = None, moments_weight: float | None = None,
        detail: float | None = None, tv_weight: float | None = None, style_layers: Sequence[str] | None = None,
        content_layers: Sequence[str] | None = None, start: Image.Image | None = None, keep_alpha: bool = False,
        mask: Image.Image | None = None,
    ) -> Image.Image:  # fmt: skip
        """Return the content repainted in the style, as an RGB image that carries its settings, EXIF and DPI.

        style_image: one picture, or what read_style() made of one, or a list of one to three of them. weights: how much
        each counts, in any unit (None: equally). strength: 0 gives the content back, 1 the full style. preserve_color:
        keep the content's hue and chroma and take only the lightness of the painting. style_scale: 0.25 to 4; 2.0 makes
        strokes twice as large. size: longer side of the result in pixels, up to max_side; None keeps the content's.
        seed: varies the details.
        callback: called as callback(step, total, preview) after every correction of "fine", and after every part of the
        picture that "fast" has painted; preview is the picture so far, now and then, else None. What it raises stops
        the work and reaches the caller.

        steps (corrections at the coarsest level), style_weight, moments_weight, detail, tv_weight, style_layers and
        content_layers replace the numbers of the GatysConfig of "fine"; None keeps them. start: a picture that "fast"
        painted, say, for "fine" to begin with in place of the content; it is brought to the size of the result.
        keep_alpha: the transparency of the content is that of the result, which is then RGBA, painted inside the shape;
        else it is white. mask: a picture of any size, brought to that of the result: what is white is painted, what is
        black stays the content, greys are between.

        A one-pass model remembers the styles of its last calls. Raises ImageError for a picture too small or too large,
        OptionError, UnsupportedError for a number of an optimisation where there is none, MemoryLimitError.
        """
        job = check_job(
            content, style_image, weights, strength, preserve_color, style_scale, size, seed, self.max_side, keep_alpha,
            mask,
        )  # fmt: skip
        given = steps, style_weight, moments_weight, detail, tv_weight, style_layers, content_layers, start
        numbers = dict(zip(NUMBERS, given, strict=True))
        used = self._painter.settings(numbers)
        with self._space(job):
            painted = job.content.copy() if job.untouched else self._painter.paint(job, numbers, _masked(job, callback))
        return self._finished(painted, job, used)

    def read_style(self, painting: Image.Image) -> Style:
        """Return the style of a painting, to be saved and used again in its place; raises ImageError."""
        return Style(painting)

    def stylize_video(
        self, path: str | os.PathLike[str] | BinaryIO, style: Painting | Sequence[Painting], *,
        out: str | os.PathLike[str] | BinaryIO, size: int = 512, fps: float | None = None,
        weights: Sequence[float] | None = None, strength: float = 1.0, preserve_color: bool = False,
        style_scale: float = 1.0, seed: int = 0, mask: Image.Image | None = None, max_seconds: float = MAX_SECONDS,
        warp: bool = True, callback: Callback | None = None,
    ) -> Film:  # fmt: skip
        """Paint a clip in MP4, MOV, WebM or GIF frame by frame, with the strokes held still, and write it as MP4.

        path: of the clip, or a binary file. style, weights, strength, preserve_color, style_scale, seed, mask: see
        stylize(); they hold for every frame. out: path of the MP4, whose folder must exist, or a binary file. size:
        longer side in pixels, up to 2048; odd sides lose a pixel. fps: at most so many frames a second are painted;
        None paints all, up to 60. max_seconds: that the clip may last. warp: whether the strokes go along with what
        moves; if not, each frame is painted by itself. Frames keep their times, the clip its sound, and it stands
        upright. The file carries its settings as its comment.

        callback: called as callback(step, total, preview) after each frame that is painted, and before that with step 0
        and None while the clip is measured. Where it raises, the file holds all frames so far and plays, and what it
        raised reaches the caller.

        Returns what was made; its `whole` says whether all of the clip could be read. Memory does not grow with the
        clip. Without OpenCV, strokes are only held where nothing moves, and a UserWarning says so.

        Raises UnsupportedError for a model that does not paint in one pass, ImageError for what is no good clip or is
        too long or too large, OptionError, MemoryLimitError.
        """
        if not isinstance(self._painter, FastPainter):
            raise UnsupportedError("The model {name!r} paints no films; use 'fast'.", name=self.name)
        check_target(out)
        longer = whole_number("size", size, MIN_FILM, MAX_FILM, "of pixels")
        rate = None if fps is None else number("fps", fps, 1, 60)
        most, warp = number("max_seconds", max_seconds, 1, 3600), switch("warp", warp)

        def job_for(frame: Image.Image) -> StyleJob:
            return check_job(
                frame, style, weights, strength, preserve_color, style_scale, None, seed, self.max_side, mask=mask
            )

        job_for(Image.new("RGB", (longer, longer)))  # what is wrong with the options is said before the clip is read
        clip = Clip(path)
        survey = clip.survey(longer, rate, most, lambda count: callback(0, count, None) if callback else None)
        with self._space(job := job_for(survey.sample)):
            made = {"task": self.task, "model": self.name, "version": self.version, **job.settings(), "warp": warp}
            return paint_film(clip, survey, job, self._painter, out, made, warp, callback)

    def sheet(
        self, content: Image.Image, styles: Sequence[Image.Image], *, strength: float = 1.0,
        preserve_color: bool = False, style_scale: float = 1.0, size: int | None = None, seed: int = 0,
        callback: Callback | None = None,
    ) -> list[Image.Image]:  # fmt: skip
        """Return the content in each of one to 16 styles: what stylize() gives for each, painted as one batch.

        callback: called as callback(step, total, None) after each style that is measured and after each part of all
        pictures; it may raise. Raises UnsupportedError for a model that does not paint in one pass.
        """
        if not isinstance(self._painter, FastPainter):
            raise UnsupportedError(
                "The model {name!r} paints one picture at a time; use 'fast' for a sheet.", name=self.name
            )
        pictures = check_styles(styles, MAX_SHEET)
        job = check_job(content, pictures[0], None, strength, preserve_color, style_scale, size, seed, self.max_side)
        with self._space(job):
            painted = self._painter.sheet(dataclasses.replace(job, styles=pictures), callback)
        return [self._finished(picture, job) for picture in painted]

    def stylize_batch(
        self, orders: Sequence[Mapping[str, Any]], *, callback: Callback | None = None
    ) -> list[Image.Image]:
        """Return what stylize() gives for each order, which holds its arguments by name, painted as one batch.

        All results must be of one size. In another batch the last bits of a number may differ, so a picture to within
        1/255 on average of what it is alone. callback: called as callback(step, total, None) after each part of all
        pictures; it may raise. Raises UnsupportedError for a model that does not paint in one pass.
        """
        if not isinstance(self._painter, FastPainter):
            raise UnsupportedError(
                "The model {name!r} paints one picture at a time; use 'fast' for a batch.", name=self.name
            )
        jobs = [self._job({**_DEFAULTS, **order}) for order in orders]
        check_one_size(job.content.size for job in jobs)
        with self._space(jobs[0]):
            painted = self._painter.paint_batch(jobs, callback)
        return [self._finished(picture, job) for picture, job in zip(painted, jobs, strict=True)]

    def _job(self, options: dict[str, Any]) -> StyleJob:
        """Return what stylize() is asked for, checked; takes the numbers of an optimisation out of the options."""
        self._painter.settings({name: options.pop(name) for name in NUMBERS})
        return check_job(**options, max_side=self.max_side)

    def work_shares(self, width: int, height: int, *, size: int | None = None, steps: int | None = None) -> list[float]:
        """Return the share of the work that is done after each step: late ones of "fine" are finer and take longer."""
        return self._painter.shares(*result_sides((width, height), size, self.max_side), steps)

    def _finished(
        self, painted: Image.Image, job: StyleJob, used: Mapping[str, Any] = MappingProxyType({})
    ) -> Image.Image:
        """Return a result with its alpha and all that it carries."""
        painted = job.masked(painted)
        if job.alpha is not None:
            painted.putalpha(job.alpha)
        made = {"task": self.task, "model": self.name, "version": self.version, **job.settings(), **used}
        return with_settings(painted, made, source=job.content)

    def _space(self, job: StyleJob) -> AbstractContextManager[None]:
        longer = max(job.content.size)
        return oom_guard(self.device, f"at {longer} pixels", f"try size={longer // 2}")

    @classmethod
    def _load(cls, located: Located, config: Mapping[str, Any], device: torch.device) -> Self:
        folder = located.folder
        if folder is None:  # a registered model that is only its features
            found = load_all_widths(located.spec.features if located.spec is not None else None, device=device)
            return cls(located, device, Gatys(found, VGG19_CONFIG if "relu5_1" in Gatys(found).layers else None))
        besides = ("task", "class", "features")
        if config["class"] == "Inverter":
            name = check_features(config.get("features"), folder)
            shape = checkpoint.make_config(InverterConfig, config, folder, besides)
            inverter = checkpoint.build(lambda: Inverter(shape), folder / checkpoint.TENSORS).to(device)
            features = load_all_widths(name, device=device)
            small = features.quarter_width if isinstance(features, SlimVGG) else features
            return cls(located, device, Fast(inverter, small), name)
        retired = ("deep_share", "color_weight")  # of folders that were saved before neighbors were looked for
        numbers = checkpoint.make_config(GatysConfig, config, folder, (*besides, *retired))
        return cls(located, device, Gatys(build_features(config.get("features"), folder).to(device), numbers))

    def _parts(self) -> tuple[str, Mapping[str, Any], Mapping[str, Tensor]]:
        network = self._painter.network
        if isinstance(network, Fast):
            shape = {"features": self._features, **dataclasses.asdict(network.inverter.config)}
            return "Inverter", shape, network.inverter.state_dict()
        numbers = {**dataclasses.asdict(network.config), "features": dataclasses.asdict(network.features.config)}
        return "Gatys", numbers, network.features.state_dict()


def _masked(job: StyleJob, callback: Callback | None) -> Callback | None:
    """Return a callback that is shown the previews as the result will be."""
    if job.mask is None or callback is None:
        return callback
    return lambda step, total, preview: callback(step, total, None if preview is None else job.masked(preview))


_DEFAULTS = defaults_of(StyleTransferPipeline.stylize)
del _DEFAULTS["callback"]  # which all jobs of a batch share

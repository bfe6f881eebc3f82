"""Painting in one pass: the way of "fast". See deepart/models/fast.py for how."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from deepart.color import color_moments, keep_color, match_color
from deepart.device import repeatable
from deepart.errors import UnsupportedError
from deepart.images import fit, to_image, to_tensor
from deepart.latents import chances
from deepart.models.fast import CHANCES, PLACES, Fast, Likeness, StyleCode, coarse_sides, style_sides, windows
from deepart.models.gatys_loss import resize
from deepart.models.neighbors import place_side
from deepart.models.spans import Span
from deepart.pipelines.base import Callback
from deepart.pipelines.style_job import StyleJob

PREVIEW_SIDE = 512  # pixels: longer side of a preview, which may be of a large picture
CODE_BYTES = 2**28  # of the styles that are remembered, and of those that are painted at once
PIXEL_BYTES = 116  # of a code: what feature maps and descriptions take for each pixel of a style

Moments = tuple[Tensor, Tensor] | None  # of the colours that a style is to have, where those of the content are kept


class FastPainter:
    """Paints jobs with the network, and remembers the styles of the last ones."""

    max_side = 4096  # pixels

    def __init__(self, network: Fast, device: torch.device, name: str) -> None:
        self.network = network
        self._device = device
        self._name = name
        self._codes: OrderedDict[bytes, StyleCode] = OrderedDict()  # of the styles measured last
        self._lock = threading.Lock()

    def paint(self, job: StyleJob, numbers: Mapping[str, Any], callback: Callback | None) -> Image.Image:
        """Return the picture; see StyleTransferPipeline.stylize."""

        def report(number: int, total: int, canvases: Sequence[Image.Image]) -> None:
            if callback is not None:
                side = min(PREVIEW_SIDE, max(canvases[0].size))
                callback(number, total, fit(canvases[0], side))

        [painted] = self._paint([job], report)
        return painted

    def paint_batch(self, jobs: Sequence[StyleJob], callback: Callback | None) -> list[Image.Image]:
        """Return the pictures of jobs that are of one size."""
        return self._paint(jobs, lambda number, total, _: callback(number, total, None) if callback else None)

    def sheet(self, job: StyleJob, callback: Callback | None) -> list[Image.Image]:
        """Return the content in each of the job's styles, painted as one batch; each style measured is a step too.

        Where the codes of all styles would take more memory than is kept for codes, in several batches.
        """
        area = job.content.width * job.content.height
        sides = [style_sides(style.height, style.width, area, job.style_scale) for style in job.styles]
        most = max(1, CODE_BYTES // max(PIXEL_BYTES * height * width for height, width in sides))
        groups = [job.styles[start : start + most] for start in range(0, len(job.styles), most)]
        parts = len(windows(job.content.height, job.content.width))
        steps, done = len(job.styles) + parts * len(groups), 0
        painted: list[Image.Image] = []

        def tell(*_: object) -> None:
            nonlocal done
            done += 1
            if callback is not None:
                callback(done, steps, None)

        for group in groups:
            painted += self._paint([replace(job, styles=[style], shares=[1.0]) for style in group], tell, tell)
        return painted

    def film(self, job: StyleJob) -> Callable[[Image.Image], Image.Image]:
        """Return what paints the frames of a film, all alike: what is measured, is measured on the job's content."""
        sample = to_tensor(job.content).to(self._device)
        palette = color_moments(sample) if job.preserve_color else None
        with repeatable():
            chance = chances(job.seed, CHANCES).to(self._device)
            like = self.network.measure_film(sample, self._mix(job, palette), strength=job.strength, chance=chance)
        return lambda frame: self._paint([replace(job, content=frame)], lambda *_: None, film=(palette, like))[0]

    def settings(self, numbers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the numbers that a result was painted with, none; raises UnsupportedError for one that is given."""
        for name, value in numbers.items():
            if value is not None:
                raise UnsupportedError(
                    "The model {model!r} paints in one pass and has no {name}; leave it out, or use 'fine'.",
                    model=self._name, name=name,
                )  # fmt: skip
        return {}

    def shares(self, width: int, height: int, steps: int | None) -> list[float]:
        """Return the share of the work that is done after each window."""
        self.settings({"steps": steps})
        parts = [(rows.stop - rows.start) * (part.stop - part.start) for rows, part in windows(height, width)]
        return [work / (width * height) for work in accumulate(parts)]

    def _paint(
        self, jobs: Sequence[StyleJob], report: Callable[[int, int, Sequence[Image.Image]], None],
        measured: Callable[[int], None] = lambda number: None, film: tuple[Moments, Likeness] | None = None,
    ) -> list[Image.Image]:  # fmt: skip
        """Return the pictures of jobs that are of one size, painted window by window, all at once; film: see film()."""
        canvases = [job.content.copy() for job in jobs]
        painted = [(job, canvas) for job, canvas in zip(jobs, canvases, strict=True) if job.strength > 0]
        if not painted:
            return canvases
        contents = {id(job.content): job.content for job, _ in painted}  # those of a sheet are one
        pictures = {key: to_tensor(content).to(self._device) for key, content in contents.items()}
        own = [pictures[id(job.content)] for job, _ in painted]
        height, width = own[0].shape[2:]
        total = len(windows(height, width))

        def done(number: int, rows: Span, columns: Span, seen: Tensor) -> None:
            for (job, canvas), x, picture in zip(painted, own, seen.unsqueeze(1), strict=True):
                part = x[..., rows.kept, columns.kept]
                finished = keep_color(picture, part) if job.preserve_color else picture
                canvas.paste(to_image(finished), (columns.start, rows.start))
            report(number, total, canvases)

        with repeatable():
            codes = []
            for number, (job, _) in enumerate(painted, 1):
                palette = color_moments(own[number - 1]) if job.preserve_color and film is None else film and film[0]
                codes.append(self._mix(job, palette))
                measured(number)
            self.network.paint(
                own[0] if len(pictures) == 1 else torch.cat(own), codes,
                strengths=[job.strength for job, _ in painted],
                chances=[chances(job.seed, CHANCES).to(self._device) for job, _ in painted], on_window=done,
                like=film and film[1],
            )  # fmt: skip
        return canvases

    def _mix(self, job: StyleJob, palette: Moments) -> list[tuple[StyleCode, float]]:
        """Return the codes of the job's styles, with their shares."""
        shares = zip(job.styles, job.shares, strict=True)
        return [(self._code(style, job, palette), share) for style, share in shares if share > 0]

    def _code(self, style: Image.Image, job: StyleJob, palette: Moments) -> StyleCode:
        """Return the code of a style for the size of a job, in the palette given, if any."""
        area = job.content.width * job.content.height
        height, width = style_sides(style.height, style.width, area, job.style_scale)
        side = place_side(job.content.height, job.content.width, PLACES)
        numbers = b"" if palette is None else b"".join(part.numpy().tobytes() for part in palette)
        digest = hashlib.sha256(repr((style.size, height, width, side)).encode() + numbers)
        digest.update(style.tobytes())

        def make() -> StyleCode:
            resized = style.resize((width, height), Image.Resampling.LANCZOS)
            picture = to_tensor(resized).to(self._device)
            if palette is not None:
                picture = match_color(picture, *palette).clamp(0, 1)
            coarse = None
            small = coarse_sides(job.content.height, job.content.width)
            if small is not None:
                sides = style_sides(style.height, style.width, small[0] * small[1], job.style_scale)
                coarse = self.network.measure(resize(picture, *sides), place_side(*small, PLACES))
            return self.network.measure(picture, side, coarse)

        key = digest.digest()
        with self._lock:  # many threads may ask
            code = self._codes.pop(key, None) or make()
            self._codes[key] = code
            while len(self._codes) > 1 and sum(kept.nbytes for kept in self._codes.values()) > CODE_BYTES:
                self._codes.popitem(last=False)
            return code

"""Painting by optimisation: the way of "fine". See deepart/models/gatys.py for what is optimised."""

import dataclasses
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from deepart.checks import number, shown, whole_number
from deepart.color import blend_palettes, color_moments, keep_color, match_color, match_palette, palette, smooth_color
from deepart.device import repeatable
from deepart.errors import OptionError
from deepart.images import check_image, fit, to_image, to_tensor
from deepart.latents import noise
from deepart.models.gatys import Gatys, check_layers, schedule
from deepart.models.gatys_loss import GatysConfig, resize
from deepart.pipelines.base import Callback
from deepart.pipelines.style_job import MIN_SIDE, StyleJob

LANCZOS = Image.Resampling.LANCZOS
STYLE_PIXELS = 2**21  # a style with more is reduced before it becomes a tensor
PREVIEW_EVERY = 5  # corrections between two previews


class FinePainter:
    """Paints jobs with the network; `numbers` are overrides of its config, None where its own is kept."""

    max_side = 2048  # pixels: beyond it the pictures that the optimiser remembers take gigabytes

    def __init__(self, network: Gatys, device: torch.device) -> None:
        self.network = network
        self._device = device

    def paint(self, job: StyleJob, numbers: Mapping[str, Any], callback: Callback | None) -> Image.Image:
        """Return the picture; see StyleTransferPipeline.stylize."""
        config = self.config(numbers)
        network = self.network if config == self.network.config else Gatys(self.network.features, config)
        levels = schedule(job.content.height, job.content.width, config.steps)
        total = sum(level.steps for level in levels)

        def report(step: int, picture: Callable[[], Tensor]) -> None:
            if callback is not None:
                show = step % PREVIEW_EVERY == 0 or step == total
                callback(step, total, to_image(finish(picture())) if show else None)

        # Gradients even where the caller has turned them off; the same kernels each time, not the fastest.
        with torch.inference_mode(False), torch.enable_grad(), repeatable():
            x, targets, finish = self._prepare(job)
            if job.strength == 0:
                return to_image(x)
            begun = numbers.get("start")
            start = None if begun is None else to_tensor(begun.convert("RGB").resize(job.content.size, LANCZOS))
            painted = network.paint(
                x, targets, levels=levels, strength=job.strength, style_scale=job.style_scale,
                start_noise=noise(job.seed, (1, 3, levels[0].height, levels[0].width)), on_step=report,
                start=None if start is None else start.to(self._device),
            )  # fmt: skip
            return to_image(finish(painted))

    def settings(self, numbers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the numbers that a result was painted with."""
        started = numbers.get("start") is not None
        if started:
            check_image(numbers["start"], "start picture")
        return dataclasses.asdict(self.config(numbers)) | ({"start": True} if started else {})

    def shares(self, width: int, height: int, steps: int | None) -> list[float]:
        """Return the share of the work that is done after each step."""
        levels = schedule(height, width, self.config({"steps": steps}).steps)
        done = list(accumulate(level.height * level.width for level in levels for _ in range(level.steps)))
        return [work / done[-1] for work in done]

    def config(self, numbers: Mapping[str, Any]) -> GatysConfig:
        """Return the network's config with the given numbers in place of its own; raises OptionError."""
        given: dict[str, Any] = {}
        if numbers.get("steps") is not None:
            given["steps"] = whole_number("number of steps", numbers["steps"], 1, 1000)
        for name, top in (("style_weight", 1e4), ("moments_weight", 1e4), ("detail", 1), ("tv_weight", 1e3)):
            if numbers.get(name) is not None:
                given[name] = number(name, numbers[name], 0, top)
        for name in ("style_layers", "content_layers"):
            layers = numbers.get(name)
            if layers is not None:
                # A set will not do: it has no order, and the same picture comes from the same order.
                if not isinstance(layers, str | list | tuple):
                    raise OptionError("The {name} are {layers}; give a list of names.", name=name, layers=shown(layers))
                given[name] = (layers,) if isinstance(layers, str) else tuple(layers)
        config = dataclasses.replace(self.network.config, **given)
        check_layers(self.network.layers, config)
        return config

    def _prepare(self, job: StyleJob) -> tuple[Tensor, list[tuple[Tensor, float]], Callable[[Tensor], Tensor]]:
        """Return the content and the styles on the device, in each other's colours, and what finishes the result."""
        x = to_tensor(job.content).to(self._device)
        # Far larger than they are ever looked at they would only cost memory, up to gigabytes.
        area = max(STYLE_PIXELS, job.content.width * job.content.height * job.style_scale**2)
        wanted = [(style, share) for style, share in zip(job.styles, job.shares, strict=True) if share > 0]
        pictures = [(to_tensor(_shrunk(style, area)).to(self._device), share) for style, share in wanted]
        if job.preserve_color:  # the styles take its own: no correction is spent on colour that would be thrown away
            own = color_moments(x)
            matched = [(match_color(picture, *own).clamp(0, 1), share) for picture, share in pictures]
            return x, matched, lambda painted: keep_color(painted, F.interpolate(x, painted.shape[2:], mode="area"))
        palettes = [(palette(_with_area(picture, x)), share) for picture, share in pictures]
        recolored = match_palette(x, blend_palettes(palettes)).clamp(0, 1)

        def finish(painted: Tensor) -> Tensor:  # features hardly see specks of another hue beside each other
            return torch.lerp(painted, smooth_color(painted), job.strength)

        return torch.lerp(x, recolored, job.strength), pictures, finish


def _with_area(picture: Tensor, of: Tensor) -> Tensor:
    """Return a picture (1, 3, h, w) reduced to about as many pixels as `of` has."""
    scale = (of[0, 0].numel() / picture[0, 0].numel()) ** 0.5
    height, width = (max(1, round(side * min(1, scale))) for side in picture.shape[2:])
    return resize(picture, height, width)


def _shrunk(image: Image.Image, area: float) -> Image.Image:
    """Return the picture with at most `area` pixels, and no side below what a picture must have."""
    scale = max((area / (image.width * image.height)) ** 0.5, MIN_SIDE / min(image.size))
    return image if scale >= 1 else fit(image, round(max(image.size) * scale))

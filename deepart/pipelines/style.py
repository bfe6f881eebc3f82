"""Style transfer: one picture repainted in the style of others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, ClassVar, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from deepart import hub, registry
from deepart.checks import number, shown, whole_number
from deepart.color import color_moments, keep_color, match_color
from deepart.errors import MemoryLimitError, OptionError
from deepart.images import check_image, fit, fitted_size, to_image, to_tensor, with_settings
from deepart.latents import check_seed, noise
from deepart.models.gatys import Gatys, GatysConfig, check_layers, schedule
from deepart.models.vgg import VGGConfig, VGGFeatures
from deepart.pipelines.base import Pipeline
from deepart.registry import Located

MAX_SIDE = 1024  # longer side of a result of "fine", in pixels: beyond it minutes become an hour
MIN_SIDE = 16  # shorter side of a result, in pixels: relu4_2 sees an eighth of it
MAX_STYLES = 3
STYLE_PIXELS = 2**21  # a style with more is reduced before it becomes a tensor
PREVIEW_EVERY = 5  # corrections between two previews

_REPEATABLE = partial(torch.backends.cudnn.flags, benchmark=False, deterministic=True)

Callback = Callable[[int, int, Image.Image | None], None]


class StyleTransferPipeline(Pipeline):
    """Repaints a content picture in the style of one to three others.

    The model "fine" optimises the pixels (Gatys et al., CVPR 2016; see deepart/models/gatys.py): slow, any style.
    """

    task: ClassVar[str] = "style"
    networks: ClassVar[tuple[str, ...]] = ("Gatys",)

    def __init__(self, located: Located, device: torch.device, network: Gatys) -> None:
        super().__init__(located, device)
        self._network = network

    def stylize(
        self,
        content: Image.Image,
        style_image: Image.Image | Sequence[Image.Image],
        *,
        weights: Sequence[float] | None = None,
        strength: float = 1.0,
        preserve_color: bool = False,
        style_scale: float = 1.0,
        size: int | None = None,
        seed: int = 0,
        callback: Callback | None = None,
        steps: int | None = None,
        style_weight: float | None = None,
        tv_weight: float | None = None,
        style_layers: Sequence[str] | None = None,
        content_layers: Sequence[str] | None = None,
    ) -> Image.Image:
        """Return the content repainted in the style, as an RGB image that carries its settings.

        style_image: one picture, or a list of one to three. weights: how much each counts, in any unit (None: equally).
        strength: 0 gives the content back, 1 the full style. preserve_color: keep the content's hue and chroma and take
        only the lightness of the painting. style_scale: 0.25 to 4; 2.0 makes strokes twice as large. size: longer side
        of the result in pixels, up to 1024; None keeps the content's. seed: varies the details.
        callback: called as callback(step, total, preview) after every correction; preview is the picture so far at the
        size it is worked on, every few steps, else None. What it raises stops the work and reaches the caller.

        steps (corrections at the coarsest level), style_weight, tv_weight, style_layers and content_layers replace the
        numbers of the model's GatysConfig; None keeps them.

        The same arguments give the same picture on one device with one number of threads.

        Raises ImageError for a picture too small or too large, OptionError for an option out of its range,
        MemoryLimitError when the device's memory is too small for the size.
        """
        content = check_image(content, "content picture")
        styles = _check_styles(style_image)
        shares = _check_weights(weights, len(styles))
        strength = number("strength", strength, 0, 1)
        style_scale = number("style_scale", style_scale, 0.25, 4)
        seed = check_seed(seed)
        if not isinstance(preserve_color, bool):
            raise OptionError(f"The preserve_color is {shown(preserve_color)}; it must be True or False.")
        if callback is not None and not callable(callback):
            raise OptionError(f"The callback is {shown(callback)}; it must be a function of step, total and preview.")
        content = _fit_content(content, size)
        config = self._override(steps, style_weight, tv_weight, style_layers, content_layers)
        network = self._network if config == self._network.config else Gatys(self._network.features, config)
        levels = schedule(content.height, content.width, config.steps)
        total = sum(level.steps for level in levels)

        def report(step: int, picture: Callable[[], Tensor]) -> None:
            if callback is not None:
                show = step % PREVIEW_EVERY == 0 or step == total
                callback(step, total, to_image(finish(picture())) if show else None)

        try:
            # Gradients even where the caller has turned them off; the same kernels each time, not the fastest.
            with torch.inference_mode(False), torch.enable_grad(), _REPEATABLE():
                x, targets, finish = self._prepare(content, styles, shares, strength, preserve_color, style_scale)
                painted = x if strength == 0 else finish(
                    network.paint(
                        x, targets, levels=levels, strength=strength, style_scale=style_scale,
                        start_noise=noise(seed, (1, 3, levels[0].height, levels[0].width)), on_step=report,
                    )
                )  # fmt: skip
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise MemoryLimitError(
                f"The {self.device} ran out of memory at {max(content.size)} pixels; try size={max(content.size) // 2}."
            ) from error
        settings = {
            "task": self.task, "model": self.name, "version": self.version, "seed": seed, "strength": strength,
            "preserve_color": preserve_color, "style_scale": style_scale, "size": list(content.size),
            "weights": shares, **dataclasses.asdict(config),
        }  # fmt: skip
        return with_settings(to_image(painted), settings)

    def work_shares(self, width: int, height: int, *, size: int | None = None, steps: int | None = None) -> list[float]:
        """Return the share of the work that is done after each step, for a content of width x height pixels.

        The last is 1. Late steps are at finer levels and take longer; with these shares a progress bar runs evenly.
        """
        width, height = _fitted((width, height), size)
        levels = schedule(height, width, self._override(steps).steps)
        done = list(accumulate(level.height * level.width for level in levels for _ in range(level.steps)))
        return [work / done[-1] for work in done]

    def _prepare(
        self,
        content: Image.Image,
        styles: Sequence[Image.Image],
        shares: Sequence[float],
        strength: float,
        keep: bool,
        style_scale: float,
    ) -> tuple[Tensor, list[tuple[Tensor, float]], Callable[[Tensor], Tensor]]:
        """Return the content and the styles on the device, in each other's colours, and what finishes the result.

        Either the content takes the palette of the styles, or, when it keeps its own, the styles take the content's:
        then corrections are not spent on colour that would be thrown away.
        """
        x = to_tensor(content).to(self.device)
        # Far larger than they are ever looked at they would only cost memory, up to gigabytes.
        area = max(STYLE_PIXELS, content.width * content.height * style_scale**2)
        pictures = [to_tensor(_shrunk(style, area)).to(self.device) for style in styles]
        if keep:
            palette = color_moments(x)
            matched = [(match_color(p, *palette).clamp(0, 1), share) for p, share in zip(pictures, shares, strict=True)]
            return x, matched, lambda painted: keep_color(painted, _at_size_of(x, painted))
        recolored = match_color(x, *_blend_palettes(pictures, shares)).clamp(0, 1)
        return torch.lerp(x, recolored, strength), list(zip(pictures, shares, strict=True)), lambda painted: painted

    def _override(
        self,
        steps: int | None,
        style_weight: float | None = None,
        tv_weight: float | None = None,
        style_layers: Sequence[str] | None = None,
        content_layers: Sequence[str] | None = None,
    ) -> GatysConfig:
        """Return the model's config with the given numbers in place of its own."""
        given: dict[str, Any] = {}
        if steps is not None:
            given["steps"] = whole_number("number of steps", steps, 1, 1000)
        for name, value, top in (("style_weight", style_weight, 1e4), ("tv_weight", tv_weight, 1e3)):
            if value is not None:
                given[name] = number(name, value, 0, top)
        for name, layers in (("style_layers", style_layers), ("content_layers", content_layers)):
            if layers is not None:
                # A set will not do: it has no order, and the last style layer counts more.
                if not isinstance(layers, str | list | tuple):
                    raise OptionError(f"The {name} are {shown(layers)}; give a list of names.")
                given[name] = (layers,) if isinstance(layers, str) else tuple(layers)
        config = dataclasses.replace(self._network.config, **given)
        check_layers(self._network.features, config)
        return config

    @classmethod
    def _load(cls, located: Located, config: Mapping[str, Any], device: torch.device) -> Self:
        folder = located.folder
        if folder is None:  # a registered model that is only its features
            name = located.spec.features if located.spec is not None else None
            return cls(located, device, Gatys(registry.load_features(name, device=device)))
        besides = ("task", "class", "features")
        numbers = hub.make_config(GatysConfig, config, folder, besides)
        shape = config.get("features")
        vgg = hub.make_config(VGGConfig, shape if isinstance(shape, dict) else {}, folder, ())
        features = hub.build(lambda: VGGFeatures(vgg), folder / hub.TENSORS).to(device)
        return cls(located, device, Gatys(features, numbers))

    def _parts(self) -> tuple[str, Mapping[str, Any], Mapping[str, Tensor]]:
        features = self._network.features
        numbers = {**dataclasses.asdict(self._network.config), "features": dataclasses.asdict(features.config)}
        return "Gatys", numbers, features.state_dict()


def _check_styles(style_image: Image.Image | Sequence[Image.Image]) -> list[Image.Image]:
    """Return the styles as a list of one to MAX_STYLES checked pictures."""
    styles: Sequence[Any] = style_image if isinstance(style_image, list | tuple) else [style_image]
    if not 1 <= len(styles) <= MAX_STYLES:
        raise OptionError(f"There are {len(styles)} style pictures; give one to {MAX_STYLES}.")
    return [check_image(style, "style picture") for style in styles]


def _check_weights(weights: Sequence[float] | None, count: int) -> list[float]:
    """Return one share for each style; they add up to 1."""
    if weights is None:
        return [1 / count] * count
    values: list[Any] = list(weights) if isinstance(weights, list | tuple | np.ndarray) else [weights]
    if len(values) != count:
        raise OptionError(f"There are {len(values)} weights for {count} style pictures; give one weight for each.")
    values = [number("weight", value, 0, 1e6) for value in values]
    total = sum(values)
    if total <= 0:
        raise OptionError("All style weights are 0; make at least one of them larger.")
    return [value / total for value in values]


def _fitted(sides: tuple[int, int], size: int | None) -> tuple[int, int]:
    """Return width and height of the result; raises OptionError where "fine" cannot paint that size."""
    if size is not None:
        size = whole_number("size", size, MIN_SIDE, MAX_SIDE, "of pixels")
    if size is None and max(sides) > MAX_SIDE:
        raise OptionError(
            f"The content picture is {sides[0]}x{sides[1]} pixels; this model paints up to {MAX_SIDE}, so pass "
            f"size={MAX_SIDE} or less."
        )
    width, height = sides if size is None else fitted_size(sides, size)
    if min(width, height) < MIN_SIDE:
        raise OptionError(
            f"The result would be {width}x{height} pixels; its shorter side must be at least {MIN_SIDE}, so ask for a "
            "larger size or crop the content picture."
        )
    return width, height


def _fit_content(content: Image.Image, size: int | None) -> Image.Image:
    """Return the content at the size of the result."""
    return fit(content, max(_fitted(content.size, size)))


def _shrunk(image: Image.Image, area: float) -> Image.Image:
    """Return the picture with at most `area` pixels, and no side below what a picture must have."""
    scale = max((area / (image.width * image.height)) ** 0.5, MIN_SIDE / min(image.size))
    return image if scale >= 1 else fit(image, round(max(image.size) * scale))


def _at_size_of(x: Tensor, other: Tensor) -> Tensor:
    """Return x at the height and width of the other; previews are smaller than the result."""
    if x.shape == other.shape:
        return x
    return torch.nn.functional.interpolate(x, other.shape[2:], mode="area")


def _blend_palettes(pictures: Sequence[Tensor], shares: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Return mean (3,) and covariance (3, 3) of the colours of all pictures together, each with its share."""
    moments = [color_moments(picture) for picture in pictures]
    mean = sum((share * m for share, (m, _) in zip(shares, moments, strict=True)), torch.zeros(3, dtype=torch.float64))
    covariance = torch.zeros(3, 3, dtype=torch.float64)
    for share, (own, spread) in zip(shares, moments, strict=True):
        covariance += share * (spread + torch.outer(own - mean, own - mean))
    return mean, covariance

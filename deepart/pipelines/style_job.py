"""An order for a style transfer, checked: what both ways of painting start from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageFilter, ImageStat

from deepart.checks import number, switch, whole_number
from deepart.errors import ImageError, OptionError
from deepart.images import check_image, fit, fitted_size
from deepart.latents import check_seed
from deepart.pipelines.style_saved import Style

MIN_SIDE = 16  # shorter side of a result, in pixels: relu4_2 sees an eighth of it
MAX_STYLES = 3
FEATHER = 0.002  # share of the longer side by which the edge of a mask is blurred

Painting = Image.Image | Style
"""What a style is taken from."""


@dataclass(frozen=True)
class StyleJob:
    """One picture to paint; see StyleTransferPipeline.stylize for the options.

    content: at the size of the result. shares: a number for each style; they add up to 1. alpha: of the result, None
    where it has none. mask: of mode "L" and as large, white where to paint, None for everywhere.
    """

    content: Image.Image
    styles: list[Image.Image]
    shares: list[float]
    strength: float
    preserve_color: bool
    style_scale: float
    seed: int
    alpha: Image.Image | None = None
    mask: Image.Image | None = None

    def settings(self) -> dict[str, Any]:
        """Return the options, for the result to carry."""
        made = {
            "seed": self.seed, "strength": self.strength, "preserve_color": self.preserve_color,
            "style_scale": self.style_scale, "size": list(self.content.size), "weights": self.shares,
        }  # fmt: skip
        made |= {} if self.alpha is None else {"keep_alpha": True}
        return made if self.mask is None else made | {"mask": hashlib.sha256(self.mask.tobytes()).hexdigest()[:12]}

    @property
    def untouched(self) -> bool:
        """Whether the mask says to paint nothing."""
        return self.mask is not None and not self.mask.getextrema()[1]

    def masked(self, painted: Image.Image) -> Image.Image:
        """Return a result, or a smaller preview of it, with the content where the mask is black."""
        if self.mask is None:
            return painted
        content, mask = (one.resize(painted.size, Image.Resampling.BILINEAR) for one in (self.content, self.mask))
        return Image.composite(painted, content, mask)


def check_job(
    content: Image.Image, style_image: Painting | Sequence[Painting], weights: Sequence[float] | None,
    strength: float, preserve_color: bool, style_scale: float, size: int | None, seed: int, max_side: int,
    keep_alpha: bool = False, mask: Image.Image | None = None,
) -> StyleJob:  # fmt: skip
    """Return the job; raises ImageError for a picture that cannot be used, OptionError for an option out of range."""
    switch("keep_alpha", keep_alpha)
    content = check_image(content, "content picture", keep_alpha=keep_alpha)
    alpha = content.getchannel("A") if content.mode == "RGBA" else None
    styles = check_styles(style_image, MAX_STYLES)
    shares = _check_weights(weights, len(styles))
    strength = number("strength", strength, 0, 1)
    style_scale = number("style_scale", style_scale, 0.25, 4)
    seed = check_seed(seed)
    switch("preserve_color", preserve_color)
    longer = max(result_sides(content.size, size, max_side))
    if alpha is not None:
        content = _filled(content, alpha)
        alpha = fit(alpha.convert("RGB"), longer).getchannel(0)
    content = fit(content, longer)
    if mask is not None:  # not by Lanczos, which would leave a trace of paint beside every edge
        mask = check_image(mask, "mask").convert("L").resize(content.size, Image.Resampling.BILINEAR)
        mask = mask.filter(ImageFilter.GaussianBlur(FEATHER * longer))
    return StyleJob(content, styles, shares, strength, preserve_color, style_scale, seed, alpha, mask)


def _filled(picture: Image.Image, alpha: Image.Image) -> Image.Image:
    """Return an RGBA picture over its mean colour, so that no white shines through where its shape ends."""
    if not alpha.getextrema()[1]:
        raise ImageError("The content picture is wholly transparent; choose one that shows something.")
    mean = ImageStat.Stat(picture.convert("RGB"), alpha).mean
    filled = Image.new("RGB", picture.size, tuple(round(value) for value in mean))
    filled.paste(picture, mask=alpha)
    filled.info = picture.info
    return filled


def check_styles(style_image: Any, most: int) -> list[Image.Image]:
    """Return the styles as a list of one to `most` checked pictures."""
    styles: Sequence[Any] = style_image if isinstance(style_image, list | tuple) else [style_image]
    if not 1 <= len(styles) <= most:
        raise OptionError("There are {count} style pictures; give one to {most}.", count=len(styles), most=most)
    return [style.picture if isinstance(style, Style) else check_image(style, "style picture") for style in styles]


def result_sides(sides: tuple[int, int], size: int | None, max_side: int) -> tuple[int, int]:
    """Return width and height of the result; raises OptionError where a model of `max_side` cannot paint that size."""
    if size is not None:
        size = whole_number("size", size, MIN_SIDE, max_side, "of pixels")
    if size is None and max(sides) > max_side:
        raise OptionError(
            "The content picture is {width}x{height} pixels; this model paints up to {most}, so pass "
            "size={most} or less.",
            width=sides[0], height=sides[1], most=max_side,
        )  # fmt: skip
    width, height = sides if size is None else fitted_size(sides, size)
    if min(width, height) < MIN_SIDE:
        raise OptionError(
            "The result would be {width}x{height} pixels; its shorter side must be at least {least}, so ask for a "
            "larger size or crop the content picture.",
            width=width, height=height, least=MIN_SIDE,
        )  # fmt: skip
    return width, height


def _check_weights(weights: Sequence[float] | None, count: int) -> list[float]:
    """Return one share for each style; they add up to 1."""
    if weights is None:
        return [1 / count] * count
    values: list[Any] = list(weights) if isinstance(weights, list | tuple | np.ndarray) else [weights]
    if len(values) != count:
        raise OptionError(
            "There are {weights} weights for {count} style pictures; give one weight for each.",
            weights=len(values), count=count,
        )  # fmt: skip
    values = [number("weight", value, 0, 1e6) for value in values]
    total = sum(values)
    if total <= 0:
        raise OptionError("All style weights are 0; make at least one of them larger.")
    return [value / total for value in values]

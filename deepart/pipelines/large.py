"""Small pictures painted large: the composition and colours of one, the strokes of a painting."""

import hashlib
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageFilter, ImageOps

from deepart.checks import number, shown, whole_number
from deepart.errors import ImageError, OptionError
from deepart.images import check_image, settings, with_settings
from deepart.pipelines.base import Callback
from deepart.pipelines.style import StyleTransferPipeline

SMALLEST, LARGEST = 32, 256  # pixels: sides of what is painted
SIZES = 512, 2048  # pixels: longer side of the result
BLUR = 0.5  # pixels of the small picture, by which the enlarged one is blurred: its grid of pixels would show
# What is enlarged has no detail to keep, so strokes are larger and may run over all of it. At the whole strength, or
# with all of a painting's moments, cracks and ridges are laid where the picture is plain.
STROKES: dict[str, dict[str, Any]] = {
    "fast": {"strength": 0.7, "style_scale": 2.0},
    "fine": {
        "strength": 0.8, "style_scale": 1.5, "style_weight": 5.0, "moments_weight": 0.5, "detail": 0.0,
        "content_layers": ("relu4_2",),
    },
}  # fmt: skip
QUALITIES = tuple(STROKES)


def paint_large(
    picture: Image.Image, manner: Image.Image, *, size: int = 1024, quality: str = "fine", seed: int = 0,
    strength: float = 1.0, callback: Callback | None = None,
    load: Callable[[str], StyleTransferPipeline] = StyleTransferPipeline.from_pretrained,
) -> Image.Image:  # fmt: skip
    """Return a small picture painted large, as an RGB image that carries its settings and those of the small one.

    What is where, and in which colours, is the small picture's: a generator knows that much at 64 pixels. The strokes
    are the manner's, laid by style transfer on the enlarged picture.

    picture: of 32 to 256 pixels each way. manner: a painting. size: longer side of the result, 512 to 2048 pixels.
    quality: "fine", or "fast" for one pass. seed: varies the strokes. strength: 0 is the enlarged picture, 1 is all
    strokes. callback: see StyleTransferPipeline.stylize, whose errors this raises. load: returns the pipeline of a
    quality.
    """
    if quality not in QUALITIES:
        raise OptionError("The quality is {value}; it must be 'fast' or 'fine'.", value=shown(quality))
    size = whole_number("size", size, *SIZES, "of pixels")
    strength = number("strength", strength, 0, 1)
    small, manner = check_image(picture, "picture to paint"), check_image(manner, "painting for the manner")
    if min(small.size) < SMALLEST or max(small.size) > LARGEST:
        width, height = small.size
        raise ImageError(
            "The picture to paint has {width}x{height} pixels; sides of {least} to {most} can be painted large.",
            width=width, height=height, least=SMALLEST, most=LARGEST,
        )  # fmt: skip
    if (settings(picture) or {}).get("task") == "gan":  # generators draw lines along the edges of their pictures
        small = ImageOps.crop(small, max(1, min(small.size) // 32))
    scale = size / max(small.size)
    enlarged = small.resize([round(side * scale) for side in small.size], Image.Resampling.BICUBIC)
    enlarged = enlarged.filter(ImageFilter.GaussianBlur(BLUR * scale))
    options = STROKES[quality] | {"strength": STROKES[quality]["strength"] * strength}
    painted = load(quality).stylize(enlarged, manner, preserve_color=True, seed=seed, callback=callback, **options)
    made: dict[str, Any] = settings(painted) or {}
    painting = hashlib.sha256(manner.tobytes()).hexdigest()[:12]  # of its pixels: whose strokes they are
    made["strength"] = strength
    return with_settings(painted, made | {"manner": painting, "painted_from": settings(picture)})

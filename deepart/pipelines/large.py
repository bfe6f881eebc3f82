"""Small pictures painted large: the composition and colours of one, the strokes of a painting."""

import hashlib
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter, ImageOps
from torch import Tensor

from deepart.checks import number, shown, whole_number
from deepart.color import color_moments, match_color, oklab_to_rgb, rgb_to_oklab, soft
from deepart.errors import ImageError, OptionError
from deepart.images import check_image, settings, to_image, to_tensor, with_settings
from deepart.models.gatys_loss import resize
from deepart.models.quilt import quilt
from deepart.pipelines.base import Callback
from deepart.pipelines.style import StyleTransferPipeline

SMALLEST, LARGEST = 32, 256  # pixels: sides of what is painted
SIZES = 512, 2048  # pixels: longer side of the result
BLUR = 0.5  # pixels of the small picture, by which the enlarged one is blurred: its grid of pixels would show
# What is enlarged has no detail to keep, so strokes are larger and may run over all of it. At the whole strength, or
# with all of a painting's moments, cracks and ridges are laid where the picture is plain.
CALM: dict[str, dict[str, Any]] = {
    "fast": {"strength": 0.7, "style_scale": 2.0, "preserve_color": True},
    "fine": {
        "strength": 0.8, "style_scale": 1.5, "style_weight": 5.0, "moments_weight": 0.5, "detail": 0.0,
        "content_layers": ("relu4_2",), "preserve_color": True,
    },
}  # fmt: skip
# Of foliage all over only lumps would be left: there, pieces of the painting are laid first, with its strokes.
STROKES = {
    "fast": {"strength": 0.9},
    "fine": CALM["fine"] | {"strength": 0.9, "style_scale": 1.0, "preserve_color": False},
}
SEEN = 256  # pixels: longer side at which it is looked at for what follows
FINE, AROUND = 2.0, 3.5  # pixels of the small picture: what is smaller is detail, and how far around it it is busy
FAINT = 0.03  # brightness from which on a detail counts as a whole one
BUSY = 0.3, 0.7  # share of details around a place that is plain, and of one that is all pieces of the painting
LEAST = 0.1  # share of these where it is plain
ALL_OVER = 0.885  # mean share of a picture that is busy all over: two viewers liked it better in pieces, and no other
AFAR = 1.8  # pixels of the small picture: what is larger has its colours, and half its lightness
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
    wanted = to_tensor(enlarged)
    busy = _busy(wanted, scale)
    in_pieces = float(busy.mean()) > ALL_OVER
    content, style = _in_pieces(wanted, manner, strength * busy) if in_pieces else (enlarged, manner)

    def finished(painting: Image.Image) -> Image.Image:
        return to_image(_from_afar(to_tensor(painting), wanted, strength, scale)) if in_pieces else painting

    def tell(step: int, total: int, preview: Image.Image | None) -> None:
        if callback is not None:
            callback(step, total, None if preview is None else finished(preview))

    options = (STROKES if in_pieces else CALM)[quality]
    options = options | {"strength": options["strength"] * strength}
    painted = load(quality).stylize(content, style, seed=seed, callback=tell, **options)
    made: dict[str, Any] = settings(painted) or {}
    painting = hashlib.sha256(manner.tobytes()).hexdigest()[:12]  # of its pixels: whose strokes they are
    made |= {"strength": strength, "manner": painting, "painted_from": settings(picture)}
    return with_settings(finished(painted), made)


def _in_pieces(wanted: Tensor, manner: Image.Image, share: Tensor) -> tuple[Image.Image, Image.Image]:
    """Return a picture (1, 3, H, W) of which a share (1, 1, H, W) is pieces of a painting, and that, in its colours."""
    colored = match_color(to_tensor(manner), *color_moments(wanted)).clamp(0, 1)
    return to_image(torch.lerp(wanted, quilt(wanted, colored), share)), to_image(colored)


def _busy(x: Tensor, scale: float) -> Tensor:
    """Return how busy a picture (1, 3, H, W) is around each pixel, from LEAST to 1; scale: by which it was enlarged."""
    light, pixel = _seen(x).mean(1, keepdim=True), scale * SEEN / max(x.shape[2:])
    details = ((light - soft(light, FINE * pixel)).abs() / FAINT).clamp(0, 1)
    plain, busy = BUSY
    share = LEAST + (1 - LEAST) * ((soft(details, AROUND * pixel) - plain) / (busy - plain)).clamp(0, 1)
    return F.interpolate(share, x.shape[2:], mode="bilinear")


def _from_afar(painted: Tensor, wanted: Tensor, strength: float, scale: float) -> Tensor:
    """Return a painting (1, 3, h, w), or a smaller preview of it, in the colours that are wanted, seen from afar."""
    shift = rgb_to_oklab(_seen(wanted)) - rgb_to_oklab(resize(painted, *_seen(wanted).shape[2:]))
    shift = soft(shift, AFAR * scale * SEEN / max(wanted.shape[2:]))
    shift[:, :1] /= 2
    shift = F.interpolate(shift, painted.shape[2:], mode="bilinear")
    return oklab_to_rgb(rgb_to_oklab(painted) + strength * shift).clamp(0, 1)


def _seen(x: Tensor) -> Tensor:
    """Return a picture (1, 3, H, W) as small as it is looked at."""
    return resize(x, *(max(1, round(side * SEEN / max(x.shape[2:]))) for side in x.shape[2:]))

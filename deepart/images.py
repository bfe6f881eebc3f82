"""The one place where pictures and tensors meet, and where a picture from outside is read.

Outside, a picture is a PIL image: RGB, upright, sRGB. Inside, it is a float32 tensor (1, 3, H, W) in [0, 1].
"""

import io
import json
import os
from collections.abc import Mapping
from numbers import Real
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image, PngImagePlugin
from torch import Tensor

from deepart import containers
from deepart.checks import whole_number
from deepart.decoding import MAX_PIXELS, TURN, check_size, decode, open_picture, to_rgb
from deepart.decoding import MIN_SIDE as MIN_SIDE
from deepart.errors import ImageError, OptionError
from deepart.exif import ORIENTATION, Exif

_KEY, _GPS = containers.SETTINGS_KEY, "keep_gps"

# ----------------------------------------------------------------------------------------------------------- pictures


def load_image(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    max_pixels: int = MAX_PIXELS,
    keep_alpha: bool = False,
    keep_gps: bool = False,
) -> Image.Image:
    """Read a picture file of any depth and colour model, the first frame of an animation.

    It may be a PNG, JPEG, WEBP, AVIF, GIF or BMP, and HEIC where the package pillow-heif is installed.

    Returns an RGB image, upright (EXIF), in sRGB (the embedded profile is applied), with transparency over white; with
    keep_alpha, an RGBA image where there is some. Of what else the file carries, these stay in `info`: "deepart", the
    settings of a picture made by DeepArt; "exif", when and with what it was taken, and where only with keep_gps; "dpi".

    `source` is a path or a binary file, which is read from its start. `max_pixels` is checked against the header,
    before anything is decoded; Pillow's own `Image.MAX_IMAGE_PIXELS` holds as well where it is lower. A JPEG of up to
    four times as many is read at half its width and height.

    Raises ImageError for anything else than a good picture of at least MIN_SIDE pixels a side, OptionError for a
    max_pixels that is no whole number above 0.
    """
    cap = whole_number("max_pixels", max_pixels, 1, 2**31)
    return _finish(decode(containers.take_apart(containers.read_file(source)), cap), "picture", keep_alpha, keep_gps)


def picture_size(source: str | os.PathLike[str] | BinaryIO, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Return width and height of a picture file as load_image reads it, before the EXIF turn, and decode nothing.

    Raises ImageError for what load_image would refuse by the file's first bytes and by its size.
    """
    return open_picture(containers.take_apart(containers.read_file(source)), max_pixels).size


def check_image(image: Image.Image, what: str = "picture", *, keep_alpha: bool = False) -> Image.Image:
    """Return a PIL image as load_image would: a new RGB image, upright, sRGB, transparency over white or kept.

    Takes every mode of Pillow: the integers of "I" and "I;16" as 0 .. 65535, the numbers of "F" as 0 .. 255. `what`
    names the picture in the sentence of an error: "The style picture is 8x8 pixels; ...".

    Raises ImageError for what is no PIL image, cannot be decoded, or is too small, too large or too long.
    """
    _need_image(image, what)
    check_size(image.size, what, MAX_PIXELS)
    return _finish(image, what, keep_alpha)


def fitted_size(size: tuple[int, int], longer_side: int) -> tuple[int, int]:
    """Return width and height after `fit`, which keeps the proportion; each is at least 1."""
    longest = max(size)
    # In whole numbers, halves up: the same on every machine.
    width, height = (max(1, (2 * side * longer_side + longest) // (2 * longest)) for side in size)
    return width, height


def fit(image: Image.Image, longer_side: int) -> Image.Image:
    """Return the RGB image resampled (Lanczos) so that its longer side has `longer_side` pixels, in proportion."""
    size = fitted_size(image.size, longer_side)
    return image.copy() if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


# ------------------------------------------------------------------------------------------------------------ tensors


def to_tensor(image: Image.Image) -> Tensor:
    """Return an RGB image as a float32 tensor (1, 3, H, W) in [0, 1], on the CPU; exact, see to_image."""
    pixels = torch.from_numpy(np.array(image))  # np.array, not asarray: torch wants memory it may write to
    return pixels.permute(2, 0, 1)[None].to(torch.float32, memory_format=torch.contiguous_format).div_(255)


def to_image(tensor: Tensor) -> Image.Image:
    """Return a tensor (1, 3, H, W) or (3, H, W) as an RGB image: clamped to [0, 1], rounded to the nearest of 256.

    Any float type and device will do; what is not a number becomes 0. `to_image(to_tensor(image))` equals `image`.
    """
    values = tensor.detach().reshape(tensor.shape[-3:]).to(torch.float32).nan_to_num(nan=0.0)
    pixels = values.clamp(0, 1).mul(255).round().to(torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().cpu().numpy())


# ----------------------------------------------------------------------------------------------------------- settings


def with_settings(image: Image.Image, settings: Mapping[str, Any], *, source: Image.Image | None = None) -> Image.Image:
    """Return a copy of the image that carries its settings as JSON, keys sorted, in `info["deepart"]`.

    settings: text, finite numbers, true, false, None, lists and mappings of these, under keys that are text; at most 64
    KiB. source: what it was made from, whose EXIF and DPI the copy carries as well.
    """
    result = image.copy()
    result.info |= {} if source is None else _carried(source)
    try:
        result.info[_KEY] = json.dumps(settings, sort_keys=True, allow_nan=False)
    except ValueError as error:  # not a number, as a stranger's settings may have
        raise OptionError("The settings of a picture hold a number that is not finite.") from error
    return result


def notes(image: Image.Image, description: str | None = None) -> dict[str, Any]:
    """Return the options for Image.save that write the EXIF and the DPI of an image; description: put into the EXIF."""
    found, dpi = Image.Exif(), image.info.get("dpi")
    found.load(image.info.get("exif", b""))
    if description is not None:
        found[0x010E] = description
    if dpi is not None:  # all that WEBP has
        found[0x011A], found[0x011B] = dpi
        found[0x0128] = 2
    return ({"exif": found.tobytes()} if found else {}) | ({} if dpi is None else {"dpi": dpi})


def settings(image: Image.Image) -> dict[str, Any] | None:
    """Return the settings that the image carries, or None where there are none that can be read.

    Raises ImageError for what is no PIL image.
    """
    _need_image(image, "picture")
    text = image.info.get(_KEY)
    if not isinstance(text, str):
        return None
    try:
        if len(text.encode()) > containers.MAX_SETTINGS:
            return None
        found = json.loads(text)
        json.dumps(found, allow_nan=False)  # JSON has no NaN and no infinity, Python's reader takes both
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def save_png(
    image: Image.Image, path_or_file: str | os.PathLike[str] | BinaryIO, *, compress_level: int = 6,
    dpi: int | None = None,
) -> None:  # fmt: skip
    """Write the image as PNG, to the last bit, with the settings, the EXIF and the DPI it carries.

    compress_level: of zlib, 0 to 9: 1 is quick and makes files a little larger, and the picture is the same. dpi: how
    many pixels an inch has in print, which the file says; the picture is the same.

    Raises ImageError when the image has a mode that PNG lacks, or the file cannot be written.
    """
    _need_image(image, "picture")
    text = PngImagePlugin.PngInfo()
    if settings(image) is not None:
        text.add_text(_KEY, image.info[_KEY])
    packed = io.BytesIO()  # all of it first: a picture that cannot be packed leaves no half a file behind
    try:
        more = notes(image) | ({} if dpi is None else {"dpi": (dpi, dpi)})
        image.save(packed, "PNG", pnginfo=text, compress_level=compress_level, **more)
    except Exception as error:  # among them OSError for the mode, ValueError for a closed image
        raise ImageError(
            "A picture of mode {mode} cannot be saved as PNG; convert it to RGB.", mode=image.mode
        ) from error
    containers.write_file(path_or_file, packed.getbuffer())


# -------------------------------------------------------------------------------------------------- what is carried on


def _finish(image: Image.Image, what: str, keep_alpha: bool, keep_gps: bool = False) -> Image.Image:
    """Return the image as RGB, or RGBA, upright, sRGB, with its settings, EXIF and DPI and no other info."""
    info, turn, held = _carried(image, keep_gps), _orientation(image), [image]
    del image  # whoever holds it beside to_rgb adds its size to the peak
    result = to_rgb(held.pop(), what, turn, keep_alpha)
    result.info = info
    return result


def _carried(image: Image.Image, keep_gps: bool = False) -> dict[Any, Any]:
    """Return what of the info of an image goes on into what is made of it."""
    info: dict[Any, Any] = {} if settings(image) is None else {_KEY: image.info[_KEY]}
    data, dpi = image.info.get("exif"), image.info.get("dpi")
    exif, places = Exif(data if isinstance(data, bytes) else b""), keep_gps or image.info.get(_GPS) is True
    if copy := exif.copy(places):
        info["exif"] = copy
    if places:
        info[_GPS] = True  # else the next to look at it would leave them out
    if not isinstance(dpi, tuple) or len(dpi) != 2 or not all(isinstance(one, Real) for one in dpi):
        dpi = exif.dpi
    if all(1 <= one <= 20_000 for one in dpi):
        info["dpi"] = tuple(round(float(one), 1) for one in dpi)  # PNG has them by the metre
    return info


def _need_image(image: object, what: str) -> None:
    if not isinstance(image, Image.Image):
        raise ImageError(
            "The {what} is of type {kind}, not a PIL image; open a picture file with deepart.images.load_image.",
            what=what, kind=type(image).__name__,
        )  # fmt: skip


def _orientation(image: Image.Image) -> int:
    exif = image.info.get("exif")
    if TURN in image.info:
        return int(image.info[TURN])
    if isinstance(exif, bytes):
        return Exif(exif).orientation
    if "Raw profile type exif" in image.info:  # Pillow would look into this one, and may warn
        return 1
    try:
        return int(image.getexif().get(ORIENTATION, 1))  # set by hand, without a file
    except Exception:  # Pillow documents none, and lets several through
        return 1

"""The one place where pictures and tensors meet, and where a picture from outside is read.

Outside, a picture is a PIL image: RGB, upright, sRGB. Inside, it is a float32 tensor (1, 3, H, W) in [0, 1].

No warning filter and no setting of Pillow is changed here. Both are one per process: a filter put aside for the time
of a load, as `warnings.catch_warnings` does it, is put back in the wrong order as soon as two threads load at once,
and meanwhile hides the warnings of all others. It is not needed either: `containers` leaves nothing in a file that
Pillow warns about, and the cap on pixels, checked before Pillow sees the file, never lies above Pillow's own.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import sys
from collections.abc import Mapping
from numbers import Real
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)
from torch import Tensor

from deepart import containers
from deepart.checks import shown, whole_number
from deepart.errors import ImageError, OptionError, Phrase
from deepart.exif import ORIENTATION, Exif

MAX_PIXELS = 8192 * 6144
"""Most pixels of a picture: a camera of 50 megapixels. WEBP is what sets it: Pillow holds 16 bytes a pixel while it
decodes one (two canvases, a copy and the picture, 805 MB at the cap), and a load should stay under 1 GB. A JPEG may
have four times as many, as it can be decoded at half its size."""
MIN_SIDE = 16
"""Fewest pixels of each side: a network that halves the picture four times has one left."""
MAX_ASPECT = 60
"""How many times the shorter side the longer one may be."""

_KEY, _GPS = containers.SETTINGS_KEY, "keep_gps"
_READERS = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}


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
    image, turn = _decode(containers.take_apart(containers.read_file(source)), cap)
    image.info[_GPS] = keep_gps
    return _finish(image, "picture", turn, keep_alpha)


def picture_size(source: str | os.PathLike[str] | BinaryIO, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Return width and height of a picture file as load_image reads it, before the EXIF turn, and decode nothing.

    Raises ImageError for what load_image would refuse by the file's first bytes and by its size.
    """
    return _open(containers.take_apart(containers.read_file(source)), max_pixels).size


def check_image(image: Image.Image, what: str = "picture", *, keep_alpha: bool = False) -> Image.Image:
    """Return a PIL image as load_image would: a new RGB image, upright, sRGB, transparency over white or kept.

    Takes every mode of Pillow: the integers of "I" and "I;16" as 0 .. 65535, the numbers of "F" as 0 .. 255. `what`
    names the picture in the sentence of an error: "The style picture is 8x8 pixels; ...".

    Raises ImageError for what is no PIL image, cannot be decoded, or is too small, too large or too long.
    """
    _need_image(image, what)
    _check_size(image.size, what, MAX_PIXELS)
    return _finish(image, what, _orientation(image), keep_alpha)


def fitted_size(size: tuple[int, int], longer_side: int) -> tuple[int, int]:
    """Return width and height after `fit`, which keeps the proportion; each is at least 1."""
    longest = max(size)
    # In whole numbers, halves up: the same on every machine.
    width, height = (max(1, (2 * side * longer_side + longest) // (2 * longest)) for side in size)
    return width, height


def fit(image: Image.Image, longer_side: int) -> Image.Image:
    """Return the image resampled (Lanczos) so that its longer side has `longer_side` pixels, in proportion.

    Raises OptionError for a size below 1, or one that makes more than MAX_PIXELS pixels.
    """
    if isinstance(longer_side, bool) or not isinstance(longer_side, int) or longer_side < 1:
        raise OptionError(
            "The size is {size}; it must be a whole number of pixels, 1 or more.", size=shown(longer_side)
        )
    width, height = fitted_size(_need_rgb(image).size, longer_side)
    if width * height > MAX_PIXELS:
        raise OptionError(
            "The size {size} makes {width}x{height} pixels; at most {most:,} are made, so ask for less.",
            size=longer_side, width=width, height=height, most=MAX_PIXELS,
        )  # fmt: skip
    if (width, height) == image.size:
        return image.copy()
    return image.resize((width, height), Image.Resampling.LANCZOS)


# ------------------------------------------------------------------------------------------------------------ tensors


def to_tensor(image: Image.Image) -> Tensor:
    """Return an RGB image as a float32 tensor (1, 3, H, W) in [0, 1], on the CPU; exact, see to_image."""
    pixels = torch.from_numpy(np.array(_need_rgb(image)))  # np.array, not asarray: torch wants memory it may write to
    return pixels.permute(2, 0, 1)[None].to(torch.float32, memory_format=torch.contiguous_format).div_(255)


def to_image(tensor: Tensor) -> Image.Image:
    """Return a tensor (1, 3, H, W) or (3, H, W) as an RGB image: clamped to [0, 1], rounded to the nearest of 256.

    Any float type and device will do; what is not a number becomes 0. `to_image(to_tensor(image))` equals `image`.

    Raises ImageError for another shape.
    """
    if tensor.dim() not in (3, 4) or tensor.shape[-3] != 3 or (tensor.dim() == 4 and tensor.shape[0] != 1):
        raise ImageError(
            "The tensor has the shape {shape}; a picture is (1, 3, H, W) or (3, H, W).", shape=tuple(tensor.shape)
        )
    values = tensor.detach().reshape(tensor.shape[-3:]).to(torch.float32).nan_to_num(nan=0.0)
    pixels = values.clamp(0, 1).mul(255).round().to(torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().cpu().numpy())


# ----------------------------------------------------------------------------------------------------------- settings


def with_settings(image: Image.Image, settings: Mapping[str, Any], *, source: Image.Image | None = None) -> Image.Image:
    """Return a copy of the image that carries its settings as JSON, keys sorted, in `info["deepart"]`.

    source: what it was made from, whose EXIF and DPI the copy carries as well.

    Raises OptionError for settings that are not plain (text, finite numbers, true, false, None, lists and mappings of
    these, under keys that are text), or larger than 64 KiB.
    """
    try:
        text = json.dumps(_plain_settings(settings), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(
            "The settings of a picture hold something that JSON cannot hold; give text, finite numbers and lists."
        ) from error
    if len(text) > containers.MAX_SETTINGS:
        raise OptionError(
            "The settings of a picture take {count:,} bytes; at most {most:,} do.",
            count=len(text), most=containers.MAX_SETTINGS,
        )  # fmt: skip
    result = image.copy()
    result.info |= {} if source is None else _carried(source)
    result.info[_KEY] = text
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


def save_png(image: Image.Image, path_or_file: str | os.PathLike[str] | BinaryIO, *, compress_level: int = 6) -> None:
    """Write the image as PNG, to the last bit, with the settings, the EXIF and the DPI it carries.

    compress_level: of zlib, 0 to 9: 1 is quick and makes files a little larger, and the picture is the same.

    Raises ImageError when the image has a mode that PNG lacks, or the file cannot be written.
    """
    _need_image(image, "picture")
    text = PngImagePlugin.PngInfo()
    if settings(image) is not None:
        text.add_text(_KEY, image.info[_KEY])
    packed = io.BytesIO()  # all of it first: a picture that cannot be packed leaves no half a file behind
    try:
        image.save(packed, "PNG", pnginfo=text, compress_level=compress_level, **notes(image))
    except Exception as error:  # among them OSError for the mode, ValueError for a closed image
        raise ImageError(
            "A picture of mode {mode} cannot be saved as PNG; convert it to RGB.", mode=image.mode
        ) from error
    try:
        if isinstance(path_or_file, (str, os.PathLike)):
            with open(path_or_file, "wb") as file:
                file.write(packed.getbuffer())
        else:
            path_or_file.write(packed.getbuffer())
    except (OSError, ValueError, TypeError, AttributeError):  # the first names the whole path, so it is not passed on
        name = containers.name_of(path_or_file) if isinstance(path_or_file, (str, os.PathLike)) else "object"
        raise ImageError(
            "The file {name} cannot be written; check that its folder exists and is yours.", name=name
        ) from None


def _plain_settings(value: Any) -> Any:
    """Check the keys, which json.dumps would turn into text without a word."""
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a key is not text")
        return {key: _plain_settings(item) for key, item in value.items()}
    return [_plain_settings(item) for item in value] if isinstance(value, (list, tuple)) else value


# ------------------------------------------------------------------------------------------------- from file to pixels


def _check_size(size: tuple[int, int], what: str, limit: int) -> None:
    width, height = size
    came = Phrase("The {what} is {width}x{height} pixels", what=what, width=width, height=height)
    if width * height > limit:
        share = (limit / (width * height)) ** 0.5
        raise ImageError(
            "{came}, {pixels:,} in all; at most {most:,} are taken, and four times as many of a JPEG, so scale it down "
            "to {less}x{lower} in a picture viewer.",
            came=came, pixels=width * height, most=limit, less=int(width * share), lower=int(height * share),
        )  # fmt: skip
    if min(size) < MIN_SIDE:
        raise ImageError(
            "{came}; each side must have at least {least}, so choose a larger one.", came=came, least=MIN_SIDE
        )
    if max(size) > MAX_ASPECT * min(size):
        raise ImageError(
            "{came}; the longer side may be {most} times the shorter at most, so crop it.", came=came, most=MAX_ASPECT
        )


def _open(file: containers.PictureFile, most: int) -> Image.Image:
    """Return the picture with its header checked, at most so many pixels and Pillow's cap, before it is decoded."""
    most = min(most, Image.MAX_IMAGE_PIXELS or most)
    try:
        # Not Image.open, which warns before the size is known.
        image = (_READERS.get(file.kind) or _heif_reader())(io.BytesIO(file.pixels))
        half = tuple((side + 1) // 2 for side in image.size)
        if file.halves and half[0] * half[1] <= most < image.width * image.height:
            image.draft(None, (image.width // 2, image.height // 2))
        _check_size(image.size, "picture", most)
        return image
    except ImageError:
        raise
    except Exception as error:  # decoders raise whatever they stumble over, SyntaxError and EOFError among it
        raise containers.damaged(file.kind) from error


def _heif_reader() -> Any:
    try:
        return importlib.import_module("pillow_heif").HeifImageFile
    except ImportError:
        raise ImageError(
            "The file is HEIC, which is read only where the package pillow-heif is installed; run pip install "
            "pillow-heif, or save the picture as JPEG and try again."
        ) from None


def _decode(file: containers.PictureFile, most: int) -> tuple[Image.Image, int]:
    """Decode the pixels; returns them, with what _finish needs of the metadata beside them, and the orientation."""
    kind, proofs = file.kind, set[bytes]()
    if file.endless:  # libjpeg makes up what is missing, and says nothing
        proofs = {hashlib.sha256(_decode(one, most)[0].tobytes()).digest() for one in file.proofs()}
    image = _open(file, most)
    own: bytes = (
        image.info.get("exif") or b""
    )  # of an AVIF: which way it is turned, which goes before what its EXIF says
    info: dict[Any, Any] = {"exif": file.exif or own, "icc_profile": file.icc or image.info.get("icc_profile")}
    info[_KEY] = file.settings
    turn = Exif(own if kind == "AVIF" else info["exif"]).orientation
    del file  # and with it the packed pixels: what holds them longer than Pillow does adds to the peak
    try:
        image.load()
    except MemoryError as error:
        raise ImageError("The picture does not fit into the free memory; scale it down.") from error
    except Exception as error:
        raise containers.damaged(kind) from error
    if proofs and {hashlib.sha256(image.tobytes()).digest()} != proofs:
        raise containers.damaged(kind)
    image.info = info | {key: value for key, value in image.info.items() if key in ("transparency", "dpi")}
    return image, turn


# -------------------------------------------------------------------------------------------- from any mode to our RGB


def _finish(image: Image.Image, what: str, turn: int, keep_alpha: bool) -> Image.Image:
    """Return the image as RGB, or RGBA, upright, sRGB, with its settings, EXIF and DPI and no other info."""
    try:
        image.load()
        info, profile = _carried(image), image.info.get("icc_profile")
        image = _simplify(image)
        if isinstance(profile, bytes) and profile:
            image = _to_srgb(image, profile)
        if keep_alpha and image.mode in ("LA", "RGBA") and image.getchannel("A").getextrema() != (255, 255):
            image = image.convert("RGBA")
        else:
            image = _over_white(image)
        image.info = {}
        if turn != 1:
            image.getexif()[ORIENTATION] = turn
            image = ImageOps.exif_transpose(image)
    except MemoryError as error:
        raise ImageError("The {what} does not fit into the free memory; scale it down.", what=what) from error
    except Exception as error:  # a closed or half-read file, or info that does not go with the pixels
        raise ImageError(
            "The {what} cannot be read as RGB; convert it to RGB or save it as PNG first.", what=what
        ) from error
    image.info = info
    return image


def _carried(image: Image.Image) -> dict[Any, Any]:
    """Return what of the info of an image goes on into what is made of it."""
    info: dict[Any, Any] = {} if settings(image) is None else {_KEY: image.info[_KEY]}
    data, dpi = image.info.get("exif"), image.info.get("dpi")
    exif, places = Exif(data if isinstance(data, bytes) else b""), image.info.get(_GPS) is True
    if copy := exif.copy(places):
        info["exif"] = copy
    if places and exif.has_places:
        info[_GPS] = True
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


def _need_rgb(image: Image.Image) -> Image.Image:
    _need_image(image, "picture")
    if image.mode != "RGB":
        raise ImageError(
            "The picture has the mode {mode}, not RGB; pass it through deepart.images.check_image.", mode=image.mode
        )
    return image


def _orientation(image: Image.Image) -> int:
    exif = image.info.get("exif")
    if isinstance(exif, bytes):
        return Exif(exif).orientation
    if "Raw profile type exif" in image.info:  # Pillow would look into this one, and may warn
        return 1
    try:
        return int(image.getexif().get(ORIENTATION, 1))  # set by hand, without a file
    except Exception:  # Pillow documents none, and lets several through
        return 1


def _simplify(image: Image.Image) -> Image.Image:
    """Return a new image of one of the modes L, LA, RGB, RGBA and CMYK."""
    mode, key = image.mode, image.info.get("transparency")
    if mode == "I;16N":  # Pillow knows this one by its bytes only, and converts it wrongly
        image = Image.frombytes("I;16" if sys.byteorder == "little" else "I;16B", image.size, image.tobytes())
    if mode == "I" or mode.startswith("I;16"):
        wide = image.convert("I")
        grey = wide.point([(value + 128) // 257 for value in range(65536)], "L")  # 257 = 65535 / 255
        if key is not None:
            grey.putalpha(wide.point([0 if value == key else 255 for value in range(65536)], "L"))
        return grey
    if mode == "F":
        return image.point(lambda value: value + 0.5).convert("L")  # Pillow cuts off both the fraction and what is out
    if mode == "CMYK":
        return image.copy()
    if image.has_transparency_data:
        return image.convert("LA" if mode in ("1", "L", "LA", "La") else "RGBA")
    return image.convert("L" if mode in ("1", "L") else "RGB")


def _to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    """Apply the colour profile; may change the image in place.

    A profile that is broken, or for another colour model than the picture has, is passed over: sRGB is then the best
    guess, and a picture with slightly wrong colours is better than none.
    """
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        space, target = profile.profile.xcolor_space.strip(), ImageCms.createProfile("sRGB")
        alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
        if space == "RGB" and image.mode != "CMYK":
            result = image if image.mode.startswith("RGB") else image.convert("RGB" if alpha is None else "RGBA")
            ImageCms.profileToProfile(result, profile, target, inPlace=True)
            return result
        if (space == "GRAY" and image.mode in ("L", "LA")) or (space == "CMYK" and image.mode == "CMYK"):
            colour = image.getchannel("L") if image.mode == "LA" else image
            converted = ImageCms.profileToProfile(colour, profile, target, outputMode="RGB")
            assert converted is not None  # it is None only when done in place
            if alpha is not None:
                converted.putalpha(alpha)
            return converted
    except Exception:  # Pillow documents PyCMSError, and lets others through
        pass
    return image


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image.convert("RGB") if image.mode != "RGB" else image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image)  # its own alpha is the mask: no third copy of a large picture
    return white

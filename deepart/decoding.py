"""From a picture file to pixels, and from any mode of Pillow to RGB.

No warning filter and no setting of Pillow is changed, for both are one per process and not per thread: `containers`
leaves nothing in a file that Pillow warns about, and the cap on pixels never lies above Pillow's own.
"""

import hashlib
import importlib
import io
import sys
from typing import Any

from PIL import Image, ImageCms, ImageOps

from deepart import containers
from deepart.errors import ImageError, Phrase
from deepart.exif import ORIENTATION, Exif

MAX_PIXELS = 8192 * 6144
"""Most pixels of a picture: a camera of 50 megapixels. WEBP is what sets it: Pillow holds 16 bytes a pixel while it
decodes one (two canvases, a copy and the picture, 805 MB at the cap), and a load should stay under 1 GB. A JPEG may
have four times as many, as it can be decoded at half its size."""
MIN_SIDE = 16
"""Fewest pixels of each side: a network that halves the picture four times has one left."""
TURN = "deepart turn"  # among the info of what decode returns
MAX_ASPECT = 60
"""How many times the shorter side the longer one may be."""


def check_size(size: tuple[int, int], what: str, limit: int, *, baseline: bool = False) -> None:
    """Raise ImageError for a picture of that size that is too large, too small or too long.

    baseline: whether it would be taken as a baseline JPEG, which can be decoded at half its size.
    """
    width, height = size
    came = Phrase("The {what} is {width}x{height} pixels", what=what, width=width, height=height)
    if width * height > limit:
        share = (limit / (width * height)) ** 0.5
        if baseline:
            raise ImageError("{came}, too many for this sort of JPEG; save it as a baseline JPEG.", came=came)
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


def open_picture(file: containers.PictureFile, most: int) -> Image.Image:
    """Return the picture with its header checked, at most so many pixels and Pillow's cap, before it is decoded."""
    most = min(most, Image.MAX_IMAGE_PIXELS or most)
    try:
        Image.init()  # makes all readers known; not Image.open, which warns before the size is known
        reader = _heif_reader() if file.kind == "HEIC" else Image.OPEN[file.kind][0]
        image = reader(io.BytesIO(file.pixels), "")
        half = tuple((side + 1) // 2 for side in image.size)
        large = file.kind == "JPEG" and half[0] * half[1] <= most < image.width * image.height
        if large and file.halves:
            image.draft(None, (image.width // 2, image.height // 2))
        check_size(image.size, "picture", most, baseline=large)
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


def decode(file: containers.PictureFile, most: int) -> Image.Image:
    """Decode the pixels, and put beside them what is needed of the metadata, the orientation as info[TURN]."""
    kind, proofs = file.kind, set[bytes]()
    if file.endless:  # libjpeg makes up what is missing, and says nothing
        proofs = {hashlib.sha256(decode(one, most).tobytes()).digest() for one in file.proofs()}
    image = open_picture(file, most)
    own: bytes = image.info.get("exif") or b""
    exif = file.exif or own
    info: dict[Any, Any] = {"exif": exif, "icc_profile": file.icc or image.info.get("icc_profile")}
    # Pillow says which way an AVIF is turned, which goes before what its EXIF says.
    turn = Exif(own if kind == "AVIF" else exif).orientation
    info[containers.SETTINGS_KEY] = file.settings
    del file  # and with it the packed pixels: what holds them longer than Pillow does adds to the peak
    try:
        image.load()
    except MemoryError as error:
        raise ImageError("The picture does not fit into the free memory; scale it down.") from error
    except Exception as error:
        raise containers.damaged(kind) from error
    if proofs and {hashlib.sha256(image.tobytes()).digest()} != proofs:
        raise containers.damaged(kind)
    info[TURN] = turn
    image.info = info | {key: value for key, value in image.info.items() if key in ("transparency", "dpi")}
    return image


def to_rgb(image: Image.Image, what: str, turn: int, keep_alpha: bool) -> Image.Image:
    """Return an image of any mode as RGB, or RGBA where its alpha is kept, upright, sRGB, with no info."""
    try:
        image.load()
        profile = image.info.get("icc_profile")
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
    return image


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

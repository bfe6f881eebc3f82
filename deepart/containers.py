"""What a picture file says about itself, read without decoding a single pixel.

Pillow's readers do much before the first pixel: they unpack text and colour profiles, follow EXIF tables, count the
frames of an animation and set up a canvas for them, and complain about odd findings through `warnings`. All of that
is within reach of a hostile file. So the file is taken apart here first: the little we want from its metadata is read
below, with a bound on each thing, and what goes on to Pillow is the same picture with nothing but its first frame.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, replace
from typing import Literal

from deepart.errors import ImageError

MAX_PROFILE = 8_000_000  # bytes of an unpacked colour profile; those of printing presses reach 3 million
MAX_SETTINGS = 65_536  # bytes of the settings that our own PNG files carry
MAX_SCANS = 100  # passes of a progressive JPEG; encoders make about ten, a bomb of a few kilobytes holds thousands

SETTINGS_KEY = "deepart"

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class PictureFile:
    """A PNG, JPEG or WEBP file taken apart.

    `size` is (width, height) as stored, before the EXIF turn. `pixels` is a file of the same kind that holds the first
    frame and nothing else. `exif` and `icc` are as found, empty when there are none. `settings` is the text stored
    under "deepart" in a PNG.
    """

    kind: Literal["PNG", "JPEG", "WEBP"]
    size: tuple[int, int]
    pixels: bytes
    exif: bytes = b""
    icc: bytes = b""
    settings: str | None = None


def damaged(kind: str) -> ImageError:
    """Return the error for a file whose pixels cannot be had."""
    return ImageError(
        "The {kind} file is damaged, cut short or of a rare sort, so it cannot be read; "
        "save it again as PNG, JPEG or WEBP and try again.",
        kind=kind,
    )


def take_apart(data: bytes) -> PictureFile:
    """Return the parts of a PNG, JPEG or WEBP file, told by its first bytes and never by its name.

    Raises ImageError for a file of another kind, and for one too damaged to have a size.
    """
    if data.startswith(_PNG_MAGIC):
        kind, read = "PNG", _take_apart_png
    elif data.startswith(b"\xff\xd8\xff"):
        kind, read = "JPEG", _take_apart_jpeg
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind, read = "WEBP", _take_apart_webp
    else:
        raise ImageError(
            "The file is {kind}, not PNG, JPEG or WEBP; save it as one of these and try again.", kind=name_kind(data)
        )
    try:
        file = read(data)
    except (struct.error, IndexError) as error:  # a field lies beyond the end of its part
        raise damaged(kind) from error
    return file if len(file.icc) <= MAX_PROFILE else replace(file, icc=b"")


def orientation(exif: bytes) -> int:
    """Return the EXIF orientation, 1 to 8; 1 (upright) when there is none or it makes no sense."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (table,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, table)
        for entry in range(table + 2, table + 2 + 12 * entries, 12):
            tag, field = struct.unpack_from(order + "HH", tiff, entry)
            if tag == 0x0112 and field in (3, 4):  # a short by the book, a long by some writers
                (value,) = struct.unpack_from(order + "HI"[field - 3], tiff, entry + 8)
                return value if 1 <= value <= 8 else 1
    except struct.error:  # the table points out of the data
        pass
    return 1


# ---------------------------------------------------------------------------------------------------------------- PNG


def _take_apart_png(data: bytes) -> PictureFile:
    """Keep IHDR, PLTE, tRNS and the picture data; that leaves the still picture of an animated PNG."""
    view = memoryview(data)
    first: dict[bytes, bytes] = {}  # the first of each: a thousand profiles would take a thousand times as long
    packed = bytearray()  # the picture data in one piece: a million pieces of one byte would cost Pillow minutes
    position = len(_PNG_MAGIC)
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            break  # cut short: Pillow will tell whether the pixels so far are all
        critical = not name[0] & 0x20
        if critical or name in _PNG_NOTES:
            body = view[position + 8 : end - 4]
            intact = zlib.crc32(body, zlib.crc32(name)) == int.from_bytes(view[end - 4 : end], "big")
            if critical and (not intact or (name == b"IHDR") == (b"IHDR" in first)):
                raise damaged("PNG")  # but a note that is damaged is only left out: the pixels may well be good
            if name == b"IEND":
                break
            if name == b"IDAT":
                packed += body
            elif name in _PNG_TEXTS:
                if intact and bytes(body[: len(_PNG_KEYWORD)]) == _PNG_KEYWORD:
                    first.setdefault(_PNG_KEYWORD, name + body[len(_PNG_KEYWORD) :])
            elif intact:
                first.setdefault(name, bytes(body))
        position = end
    width, height, depth, colour = struct.unpack_from(">IIBB", first.get(b"IHDR", b""))
    pixels = [_PNG_MAGIC, *_png_chunk(b"IHDR", first[b"IHDR"])]
    if palette := first.get(b"PLTE"):
        pixels += _png_chunk(b"PLTE", palette)
    if key := first.get(b"tRNS"):
        pixels += _png_chunk(b"tRNS", _scale_png_key(key, depth, colour))
    pixels += *_png_chunk(b"IDAT", packed), *_png_chunk(b"IEND", b"")
    profile = first.get(b"iCCP", b"").partition(b"\0")[2]  # behind its name: method 0, then the profile, deflated
    return PictureFile(
        "PNG",
        (width, height),
        b"".join(pixels),
        exif=first.get(b"eXIf", b""),
        icc=_inflate(profile[1:], MAX_PROFILE),
        settings=_png_text(first[_PNG_KEYWORD]) if _PNG_KEYWORD in first else None,
    )


_PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_PNG_NOTES = _PNG_TEXTS | {b"tRNS", b"eXIf", b"iCCP"}
_PNG_KEYWORD = SETTINGS_KEY.encode() + b"\0"


def _png_chunk(name: bytes, body: bytes | bytearray) -> tuple[bytes, bytes, bytes | bytearray, bytes]:
    return struct.pack(">I", len(body)), name, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


def _scale_png_key(body: bytes, depth: int, colour: int) -> bytes:
    """Bring a transparent colour to the scale that Pillow compares it on: its pixels are scaled, the key is not."""
    if colour == 0 and depth in (2, 4):
        (value,) = struct.unpack(">H", body)
        return struct.pack(">H", min(value, 2**depth - 1) * 255 // (2**depth - 1))
    if colour == 2 and depth == 16:  # Pillow keeps the high byte of each value
        return struct.pack(">3H", *(value >> 8 for value in struct.unpack(">3H", body)))
    return body[:256]


def _png_text(chunk: bytes) -> str | None:
    """Return the text of a text chunk, given as its name and what follows its keyword; None if it makes no sense."""
    name, rest = chunk[:4], chunk[4:]
    if name == b"tEXt":
        return rest.decode("latin-1") if len(rest) <= MAX_SETTINGS else None
    if name == b"zTXt":
        return _inflate(rest[1:], MAX_SETTINGS).decode("latin-1") or None
    text = rest[2:].split(b"\0", 2)[-1]  # flag, method, language\0, translated keyword\0, text
    if rest[:1] == b"\1":
        text = _inflate(text, MAX_SETTINGS)
    try:
        return text.decode() if 0 < len(text) <= MAX_SETTINGS else None
    except UnicodeDecodeError:
        return None


def _inflate(data: bytes, limit: int) -> bytes:
    """Unpack at most `limit` bytes; nothing at all when there are more, or when the data is damaged."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, limit)
    except zlib.error:
        return b""
    return unpacked if unpacker.eof else b""


# --------------------------------------------------------------------------------------------------------------- JPEG

_JPEG_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")  # any but restarts, stuffing and filling
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})


def _take_apart_jpeg(data: bytes) -> PictureFile:
    """Keep the frame, tables and scans, and the two notes that tell colour models apart, up to the first end marker."""
    found = PictureFile("JPEG", (0, 0), b"")
    pixels = bytearray(data[:2])
    profile: dict[int, bytes] = {}
    profile_parts = 0
    scans = 0
    position = 2
    while match := _JPEG_MARKER.search(data, position):
        marker = match[1][0]
        if scans:
            pixels += data[position : match.start()]  # the packed pixels between two markers
        position = match.end()
        if marker == 0xD9:
            pixels += match[0]
            break
        if marker == 0xD8:
            raise damaged("JPEG")
        (length,) = struct.unpack_from(">H", data, position)
        body = data[position + 2 : position + length]
        if length < 2 or len(body) != length - 2:
            break
        keep = marker in _JPEG_TABLES
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", body, 1)
            if found.size != (0, 0):
                raise damaged("JPEG")
            found = replace(found, size=(width, height))
            keep = True
        elif marker == 0xDA:
            scans += 1
            if scans > MAX_SCANS:
                raise damaged("JPEG")
            keep = True
        elif marker == 0xE0:
            keep = body.startswith(b"JFIF\0")
        elif marker == 0xEE:
            keep = body.startswith(b"Adobe")
        elif marker == 0xE1 and body.startswith(b"Exif\0\0") and not found.exif:
            found = replace(found, exif=body)
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            profile_parts = body[13]
            profile[body[12]] = body[14:]
        if keep:
            pixels += data[match.start() : position + length]
        position += length
    else:
        if scans:
            pixels += data[position:]
    if sorted(profile) == list(range(1, profile_parts + 1)):
        found = replace(found, icc=b"".join(profile[part] for part in sorted(profile)))
    if not scans or found.size == (0, 0):
        raise damaged("JPEG")
    return replace(found, pixels=bytes(pixels))


# --------------------------------------------------------------------------------------------------------------- WEBP


def _take_apart_webp(data: bytes) -> PictureFile:
    """Keep the canvas and the first frame with its transparency."""
    parts: dict[bytes, bytes] = {}  # the first of each: of a million frames, one
    end = min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    position = 12
    while position + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, position)
        if position + 8 + length > end:
            break
        if name not in parts and name in (b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"EXIF", b"ICCP"):
            parts[name] = data[position + 8 : position + 8 + length]
        position += 8 + length + (length & 1)
    still = b"VP8L" if b"VP8L" in parts else b"VP8 "
    names: tuple[bytes, ...]
    if canvas := parts.get(b"VP8X"):
        width, height = (1 + int.from_bytes(canvas[at : at + 3], "little") for at in (4, 7))
        parts[b"VP8X"] = bytes([canvas[0] & 0x12]) + canvas[1:]  # only the flags of transparency and animation hold on
        names = (b"VP8X", b"ANIM", b"ANMF") if canvas[0] & 0x02 else (b"VP8X", b"ALPH", still)
    else:
        names = (still,)
        if still == b"VP8L":
            (sides,) = struct.unpack_from("<I", parts.get(still, b""), 1)
            width, height = 1 + (sides & 0x3FFF), 1 + (sides >> 14 & 0x3FFF)
        else:
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", parts.get(still, b""), 6))
    pieces = [b"WEBP"]
    for name in names:
        if name in parts:
            pieces += name, struct.pack("<I", len(parts[name])), parts[name], b"\0" * (len(parts[name]) & 1)
    return PictureFile(
        "WEBP",
        (width, height),
        b"".join((b"RIFF", struct.pack("<I", sum(map(len, pieces))), *pieces)),
        exif=parts.get(b"EXIF", b""),
        icc=parts.get(b"ICCP", b""),
    )


# ------------------------------------------------------------------------------------------------------- other kinds

_MAGIC = (
    (_PNG_MAGIC, "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\1\0", "an icon (ICO)"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"%PDF", "PDF"),
    (b"PK\3\4", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1a\x45\xdf\xa3", "a video (WebM or Matroska)"),
    *((bytes([0x80, protocol]), "a Python pickle") for protocol in (2, 3, 4, 5)),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"mif1": "HEIC"}


def name_kind(data: bytes) -> str:
    """Return what the file seems to be, in a word or two, for the sentence that refuses it; nothing is decoded."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "a video (MP4)")
    start = data[:4096]
    try:
        text = start.decode("utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "ignore").lower()
    except UnicodeError:
        text = ""
    if "<svg" in text:
        return "SVG"
    if "<html" in text or "<!doctype html" in text:
        return "a web page (HTML)"
    if b"\0" not in start and len(text.encode()) + 3 >= len(start):  # next to nothing was not text
        return "text"
    return "of an unknown kind"

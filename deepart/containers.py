"""Picture files brought to what Pillow may see: the pixels of the first frame, with the notes beside them.

Pillow's readers do much before the first pixel: they unpack text and colour profiles, follow EXIF tables, and complain
about odd findings through `warnings`. All of that is within reach of a hostile file. So the chunks of a PNG and the
segments of a JPEG are chosen here first, with a bound on each thing; a WEBP, whose reader does none of that, is only
cut down to its first frame, and the EXIF of an AVIF is put out of Pillow's sight.

Pillow 12 has two critical flaws, which Pillow 13 mends. One (CVE-2026-112403) writes past a line of a JPEG of which its
header and libjpeg see different widths: what is kept here has one frame, and only what libjpeg can halve is halved. The
other (CVE-2026-96639) is in reading a second frame of another mode, which is never done, and which leads to TIFF and
PSD. These stay out, also for what else is open in their decoders.
"""

import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from deepart.errors import ImageError

MAX_BYTES = 128_000_000  # of a picture file; a 16-bit PNG of a 24 megapixel camera has about 110 million
MAX_PROFILE = 8_000_000  # bytes of an unpacked colour profile; those of printing presses reach 3 million
MAX_SETTINGS = 65_536  # bytes of the settings that our own PNG files carry
MAX_SCANS = 100  # passes of a progressive JPEG; encoders make about ten, a bomb of a few kilobytes holds thousands

SETTINGS_KEY = "deepart"

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class PictureFile:
    """A picture file taken apart.

    `pixels` is a file of the same kind that holds the first frame and nothing else. `exif` and `icc` are as found,
    empty when there are none. `settings` is the text stored under "deepart" in a PNG. `halves`: a JPEG that can be
    decoded at half its size, in half the memory. `endless`: a JPEG that came without its end marker; see proofs.
    """

    kind: str
    pixels: bytes
    exif: bytes = b""
    icc: bytes = b""
    settings: str | None = None
    halves: bool = False
    endless: bool = False

    def proofs(self) -> "Iterator[PictureFile]":
        """Yield what an endless JPEG would be if it went on; they differ in their pixels where some are missing."""
        yield from (replace(self, pixels=self.pixels[:-2] + more + _JPEG_END, endless=False) for more in _JPEG_MORE)


def read_file(source: object, what: str = "picture", most: int | None = None) -> bytes:
    """Return the bytes of a file, at most MAX_BYTES or so many; raises ImageError."""
    most = MAX_BYTES if most is None else most
    if isinstance(source, (str, os.PathLike)):
        if os.path.isdir(source):
            raise ImageError("The path is that of a folder; name a file in it.")
        if not os.path.isfile(source):  # nor a pipe or a device, on which a read may never end
            raise ImageError("There is no file {name}; check the name and try again.", name=name_of(source))
        try:
            with open(source, "rb") as file:
                return _read_all(file, most)
        except OSError:  # it names the whole path, so it is not passed on
            raise ImageError("The file cannot be opened; check that you may read it and try again.") from None
    if not hasattr(source, "read") or not hasattr(source, "seek"):
        raise ImageError(
            "The {what} is of type {kind}; give a path or a file open in binary mode.",
            what=what, kind=type(source).__name__,
        )  # fmt: skip
    try:
        source.seek(0)
        return _read_all(source, most)
    except ImageError:
        raise
    except Exception as error:  # whatever a stranger's file object raises
        raise ImageError(
            "The file object cannot be read from its start; give a path or a file open in binary mode."
        ) from error


def write_file(target: Any, data: bytes | memoryview) -> None:
    """Write a path or a file open in binary mode; raises ImageError."""
    is_path = isinstance(target, (str, os.PathLike))
    try:
        if is_path:
            with open(target, "wb") as file:
                file.write(data)
        else:
            target.write(data)
    except (OSError, ValueError, TypeError, AttributeError):  # the first names the whole path, so it is not passed on
        name = name_of(target) if is_path else "object"
        raise ImageError(
            "The file {name} cannot be written; check that its folder exists and is yours.", name=name
        ) from None


def name_of(path: str | os.PathLike[str]) -> str:
    """Return the name at the end of a path: its folders are nobody's business."""
    return repr(os.path.basename(path)[-100:])


def _read_all(file: Any, most: int) -> bytes:
    parts: list[bytes] = []
    while part := file.read(most + 1 - sum(map(len, parts))):  # a raw file may give less than asked for
        parts.append(part)
        if sum(map(len, parts)) > most:
            raise ImageError("The file has more than {most} million bytes; save it smaller.", most=most // 1_000_000)
    return b"".join(parts)  # a TypeError for the text of a file in text mode


def damaged(kind: str) -> ImageError:
    """Return the error for a file whose pixels cannot be had."""
    return ImageError(
        "The {kind} file is damaged, cut short or of a rare sort, so it cannot be read; "
        "save it again as PNG, JPEG or WEBP and try again.",
        kind=kind,
    )


def take_apart(data: bytes) -> PictureFile:
    """Return the parts of a picture file, recognised by its first bytes and never by its name.

    Raises ImageError for a file of a kind that is not read, and for one too damaged to have pixels.
    """
    if not data:
        raise ImageError("The file is empty; choose a PNG, JPEG or WEBP file.")
    kind = name_kind(data)
    if kind not in KINDS:
        raise ImageError(
            "The file is {kind}, not PNG, JPEG, WEBP, AVIF, GIF or BMP; save it as one of these and try again.",
            kind=kind,
        )
    try:
        file = _READERS[kind](data) if kind in _READERS else PictureFile(kind, data)
    except (struct.error, IndexError, KeyError) as error:  # a part is missing, or ends within a field
        raise damaged(kind) from error
    return file if len(file.icc) <= MAX_PROFILE else replace(file, icc=b"")


# ---------------------------------------------------------------------------------------------------------------- PNG


def _take_apart_png(data: bytes) -> PictureFile:
    """Keep IHDR, PLTE, tRNS, pHYs and the picture data; that leaves the still picture of an animated PNG."""
    first: dict[bytes, bytes] = {}  # the first of each: a thousand profiles would take a thousand times as long
    packed = bytearray()  # the picture data in one piece: a million pieces of one byte would cost Pillow minutes
    for name, body, intact in _png_chunks(data):
        critical = not name[0] & 0x20
        if critical and (not intact or (name == b"IHDR") == (b"IHDR" in first)):
            raise damaged("PNG")  # but a note that is damaged is only left out: the pixels may well be good
        if name == b"IEND":
            break
        if name == b"IDAT":
            packed += body
        elif intact and name == b"tEXt":  # as save_png writes them
            if bytes(body[: len(_PNG_KEYWORD)]) == _PNG_KEYWORD:
                first.setdefault(_PNG_KEYWORD, bytes(body[len(_PNG_KEYWORD) :][: MAX_SETTINGS + 1]))
        elif intact and (critical or name in (b"tRNS", b"eXIf", b"iCCP", b"pHYs")):
            first.setdefault(name, bytes(body))
    header = first[b"IHDR"]
    kept = {name: first[name] for name in (b"IHDR", b"PLTE", b"tRNS") if first.get(name)}
    if len(first.get(b"pHYs", b"")) == 9:
        kept[b"pHYs"] = first[b"pHYs"]
    if b"tRNS" in kept:
        kept[b"tRNS"] = _scale_png_key(kept[b"tRNS"], header[8], header[9])
    pieces: list[bytes | bytearray] = [_PNG_MAGIC]
    whole: list[tuple[bytes, bytes | bytearray]] = [*kept.items(), (b"IDAT", packed), (b"IEND", b"")]
    for name, chunk in whole:
        pieces += struct.pack(">I", len(chunk)), name, chunk, struct.pack(">I", zlib.crc32(chunk, zlib.crc32(name)))
    profile = first.get(b"iCCP", b"").partition(b"\0")[2]  # behind its name: method 0, then the profile, deflated
    note = first.get(_PNG_KEYWORD, b"")
    return PictureFile(
        "PNG", b"".join(pieces), first.get(b"eXIf", b""), _inflate(profile[1:], MAX_PROFILE),
        note.decode("latin-1") if 0 < len(note) <= MAX_SETTINGS else None,
    )  # fmt: skip


_PNG_KEYWORD = SETTINGS_KEY.encode() + b"\0"


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, bool]]:
    """Yield name, body and whether the checksum is right, up to where the file is cut short."""
    view, position = memoryview(data), len(_PNG_MAGIC)
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        body = view[position + 8 : position + 8 + length]
        position += 12 + length
        if position > len(data):
            return  # Pillow will tell whether the pixels so far are all
        yield name, body, zlib.crc32(body, zlib.crc32(name)) == int.from_bytes(view[position - 4 : position], "big")


def _scale_png_key(body: bytes, depth: int, colour: int) -> bytes:
    """Bring a transparent colour to the scale that Pillow compares it on: its pixels are scaled, the key is not."""
    if colour == 0 and depth in (2, 4):
        (value,) = struct.unpack(">H", body)
        return struct.pack(">H", min(value, 2**depth - 1) * 255 // (2**depth - 1))
    if colour == 2 and depth == 16:  # Pillow keeps the high byte of each value
        return struct.pack(">3H", *(value >> 8 for value in struct.unpack(">3H", body)))
    return body[:256]


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
_JPEG_KEPT = frozenset({*range(0xC0, 0xD0), 0xDA, 0xDB, 0xDC, 0xDD})  # frame, tables and scans
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_END = b"\xff\xd9"
_JPEG_MORE = [
    b"".join(mark + 99 * bytes.fromhex(code) for mark in (b"", *(b"\xff%c" % number for number in range(0xD0, 0xD8))))
    for code in ("96d35ab16ca54bd29a", "55", "aa", "692ca54e935ab42d65")
]  # of restart intervals one each, whichever is due
_MAX_COEFFICIENTS = 610_000_000  # bytes that libjpeg holds of a JPEG in several scans: 200 megapixels of 4:2:0


def _take_apart_jpeg(data: bytes) -> PictureFile:
    """Keep the frame, tables and scans, and the two notes that tell colour models apart, up to the first end marker."""
    pixels = bytearray(data[:2])
    exif, frame, profile, profile_parts, scans, position = b"", b"", dict[int, bytes](), 0, 0, 2
    finest: set[tuple[int, int]] = set()  # the coefficients, by component, of which the last bit has come
    while match := _JPEG_MARKER.search(data, position):
        marker, start = match[1][0], match.start()
        if scans:
            pixels += data[position:start]  # the packed pixels between two markers
        position = match.end()
        if marker == 0xD9:
            pixels += match[0]
            break
        (length,) = struct.unpack_from(">H", data, position)
        body = data[position + 2 : position + length]
        if length < 2 or len(body) != length - 2:
            break
        scans += marker == 0xDA
        # A second frame may be of another size, and Pillow would make room for the one and libjpeg fill in the other.
        if marker == 0xD8 or scans > MAX_SCANS or (marker in _JPEG_FRAMES and frame):
            raise damaged("JPEG")
        if marker in _JPEG_FRAMES:
            frame = bytes([marker]) + body
        elif marker == 0xDA and not body[-1] & 15:
            finest.update((part, number) for part in body[1:-3:2] for number in range(body[-3], body[-2] + 1))
        position += length
        known = body.startswith({0xE0: b"JFIF\0", 0xEE: b"Adobe"}.get(marker, b"?"))
        if marker in _JPEG_KEPT or (known and marker in (0xE0, 0xEE)):
            pixels += data[start:position]
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif = exif or body
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            profile_parts, profile[body[12]] = body[13], body[14:]
    else:
        pixels += data[position:] if scans else b""
    if not scans:
        raise damaged("JPEG")
    endless = not pixels.endswith(_JPEG_END) and len(finest) >= 64 * frame[6]  # else whole scans are missing
    if endless:
        pixels[:] = bytes(pixels).removesuffix(b"\xff") + _JPEG_END
    whole = sorted(profile) == list(range(1, profile_parts + 1))
    icc = b"".join(profile[n] for n in sorted(profile)) if whole else b""
    return PictureFile("JPEG", bytes(pixels), exif, icc, None, _can_be_halved(frame, scans), endless)


def _can_be_halved(frame: bytes, scans: int) -> bool:
    """Return whether libjpeg makes half the size of a JPEG, within bounded memory. frame: its marker and body."""
    if frame[0] > 0xC2:  # a lossless one would come out whole, past the end of the room that Pillow makes for half
        return False
    sides = [(part >> 4, part & 15) for part in frame[8::3]]  # of a block of each component, across and down
    largest = max((across for across, _ in sides), default=0) * max((down for _, down in sides), default=0)
    blocks = sum(across * down for across, down in sides) / max(1, largest)
    height, width = struct.unpack_from(">HH", frame, 2)
    return (frame[0] < 0xC2 and scans == 1) or 2 * blocks * width * height <= _MAX_COEFFICIENTS


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
    names = [b"VP8L" if b"VP8L" in parts else b"VP8 "]
    if canvas := parts.get(b"VP8X"):
        parts[b"VP8X"] = bytes([canvas[0] & 0x12]) + canvas[1:]  # only the flags of transparency and animation hold on
        names = [b"VP8X", b"ANIM", b"ANMF"] if canvas[0] & 0x02 else [b"VP8X", b"ALPH", *names]
    pieces = [b"WEBP"]
    for name in names:
        if name in parts:
            pieces += name, struct.pack("<I", len(parts[name])), parts[name], b"\0" * (len(parts[name]) & 1)
    pixels = b"".join((b"RIFF", struct.pack("<I", sum(map(len, pieces))), *pieces))
    return PictureFile("WEBP", pixels, parts.get(b"EXIF", b""), parts.get(b"ICCP", b""))


# ------------------------------------------------------------------------------------------------------ GIF, BMP, AVIF


def _take_apart_gif(data: bytes) -> PictureFile:
    """Leave out the comments before the first frame, which Pillow joins one by one, each time copying all."""
    start = position = 13 + (3 * 2 ** (1 + (data[10] & 7)) if data[10] & 0x80 else 0)
    control = b""
    while data[position] == 0x21:
        begin, position = position, position + 2
        while data[position]:
            position += 1 + data[position]
        position += 1
        if data[begin + 1] == 0xF9:
            control = data[begin:position]
    return PictureFile("GIF", data[:start] + control + data[position:])


def _take_apart_avif(data: bytes) -> PictureFile:
    """Keep all, with the EXIF under another name and beside it."""
    pixels, count = re.subn(rb"(infe[\2\3]\0\0.{3,7}?)Exif", rb"\1free", data, count=1, flags=re.DOTALL)
    found = _TIFF.search(data) if count else None
    return PictureFile("AVIF", pixels, data[found.start() : found.start() + 65536] if found else b"")


def _take_apart_bmp(data: bytes) -> PictureFile:
    if struct.unpack_from("<I", data, 14)[0] >= 40 and struct.unpack_from("<I", data, 30)[0] == 2:
        raise damaged("BMP")  # four bits a pixel, packed in runs: Pillow 12 reads most of these wrongly
    return PictureFile("BMP", data)


_TIFF = re.compile(rb"II\*\0\x08\0\0\0|MM\0\*\0\0\0\x08")

# -------------------------------------------------------------------------------------------------------------- kinds

_READERS = {
    "PNG": _take_apart_png, "JPEG": _take_apart_jpeg, "WEBP": _take_apart_webp, "GIF": _take_apart_gif,
    "AVIF": _take_apart_avif, "BMP": _take_apart_bmp,
}  # fmt: skip
KINDS = frozenset({*_READERS, "HEIC"})
"""What is read, as name_kind says it; HEIC where pillow-heif is installed."""

_MAGIC = {
    _PNG_MAGIC: "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF",
    b"8BPS": "a Photoshop file", b"\0\0\1\0": "an icon (ICO)", b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000", b"\xff\x4f\xff\x51": "JPEG 2000", b"%PDF": "PDF", b"PK\3\4": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive", b"\x1a\x45\xdf\xa3": "a video (WebM or Matroska)",
    **{bytes([0x80, protocol]): "a Python pickle" for protocol in (2, 3, 4, 5)},
}  # fmt: skip
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc"), "HEIC")
PICTURES = KINDS | {"TIFF", "JPEG XL", "JPEG 2000", "a Photoshop file"}
"""What is a picture, as name_kind says it."""
FILMS = {"a video (MP4)": "mov", "a video (WebM or Matroska)": "matroska"}
"""What is a film, as name_kind says it, and what FFmpeg calls its container."""


def name_kind(data: bytes) -> str:
    """Return what the file seems to be, in a word or two; nothing is decoded."""
    for magic, name in _MAGIC.items():
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] in (b"moov", b"mdat", b"wide"):  # as QuickTime wrote them
        return "a video (MP4)"
    if data[4:8] == b"ftyp":
        brands = [data[place : place + 4] for place in range(8, min(len(data), 64, int.from_bytes(data[:4], "big")), 4)]
        return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), "a video (MP4)")
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

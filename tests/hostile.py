"""Picture files built by hand, and hundreds of malformed or hostile ones made from a seed.

`make(seed, kind, index)` makes one of them again, to look into a failure. Run as a script it gives all of them to
`load_image` in a process of its own, and prints what went wrong and how much memory it took at its peak, as JSON.
"""

import functools
import importlib
import io
import json
import random
import struct
import sys
import tempfile
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP")
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"

# ------------------------------------------------------------------------------------------------- files, byte by byte


def png_chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_file(
    width: int,
    height: int,
    depth: int,
    colour: int,
    rows: bytes,
    *,
    before: bytes = b"",
    after: bytes = b"",
    packed: bytes | None = None,
) -> bytes:
    """A PNG of rows without filter bytes; `before` and `after` are whole chunks around the picture data."""
    if packed is None:
        stride = len(rows) // height
        packed = zlib.compress(b"".join(b"\0" + rows[row * stride : (row + 1) * stride] for row in range(height)))
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return PNG_MAGIC + header + before + png_chunk(b"IDAT", packed) + after + png_chunk(b"IEND")


def zeros_deflated(count: int) -> bytes:
    """A zlib stream of `count` zeros, without packing them one by one: the same packed million again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    million = packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    rest = last.compress(bytes(count % 1_000_000)) + last.flush()
    return b"\x78\xda" + million * (count // 1_000_000) + rest + struct.pack(">HH", count % 65521, 1)


def flat_png(width: int, height: int, depth: int = 8, colour: int = 0) -> bytes:
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    return png_file(
        width, height, depth, colour, b"", packed=zeros_deflated(height * (1 + (width * channels * depth + 7) // 8))
    )


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def flat_jpeg(width: int, height: int, components: int = 3, *, progressive: bool = False, scans: int = 1) -> bytes:
    """A grey JPEG in which a block takes a bit of zero, or two; more scans of a progressive one take next to none."""
    blocks = -(-width // 8) * -(-height // 8)
    ids = range(1, components + 1)
    frame = struct.pack(">BHHB", 8, height, width, components) + b"".join(bytes([i, 0x11, 0]) for i in ids)
    tables = segment(0xDB, b"\0" + bytes([1] * 64)) + segment(0xC2 if progressive else 0xC0, frame)
    # One code of one bit: no difference (DC); end of block, or the end of up to 32767 blocks (AC).
    tables += segment(0xC4, b"\0\1" + bytes(15) + b"\0") + segment(
        0xC4, b"\x10\1" + bytes(15) + bytes([0xE0 if progressive else 0])
    )
    last = 0 if progressive else 63
    data = b"\xff\xd8" + tables
    data += segment(0xDA, bytes([components]) + b"".join(bytes([i, 0]) for i in ids) + bytes([0, last, 0]))
    data += bytes(blocks * components * (1 if progressive else 2) // 8 + 1)
    runs = -(-blocks // 32767)
    bits = ("0" + "1" * 14) * runs
    packed = int(bits.ljust(-(-len(bits) // 8) * 8, "1"), 2).to_bytes(-(-len(bits) // 8), "big")
    for scan in range(scans - 1):
        data += segment(0xDA, bytes([1, 1 + scan % components, 0, 1, 63, 0])) + packed.replace(b"\xff", b"\xff\0")
    return data + b"\xff\xd9"


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) & 1)


def vp8l(width: int, height: int, argb: tuple[int, int, int, int] = (255, 90, 120, 60)) -> bytes:
    """A lossless WebP chunk of one colour, of any size in about 25 bytes: each code table has one code, of no bits."""
    alpha, red, green, blue = argb
    fields = [(0x2F, 8), (width - 1, 14), (height - 1, 14), (1, 1), (0, 3), (0, 1), (0, 1), (0, 1)]
    for symbol in (green, red, blue, alpha, 0):
        fields += [(1, 1), (0, 1), (1, 1), (symbol, 8)]
    value = bits = 0
    for field, width_in_bits in fields:
        value |= field << bits
        bits += width_in_bits
    return riff_chunk(b"VP8L", value.to_bytes(bits // 8 + 3, "little"))


def vp8x(width: int, height: int, flags: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff_chunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides)


def anmf(x: int, y: int, width: int, height: int, frame: bytes) -> bytes:
    numbers = (x // 2, y // 2, width - 1, height - 1, 100)
    return riff_chunk(b"ANMF", b"".join(number.to_bytes(3, "little") for number in numbers) + b"\0" + frame)


def exif(orientation: int = 1, order: str = "<") -> bytes:
    """The smallest EXIF (without the "Exif" in front that JPEG has) that says which side is up."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return head + struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)


SRGB_D50 = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
"""X, Y, Z of red, green and blue of sRGB under D50, as its ICC profile has them."""
P3_D50 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
"""The same of Display P3."""
SRGB_CURVE = b"para\0\0\0\0\0\3\0\0" + b"".join(
    struct.pack(">i", round(value * 65536)) for value in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
)
LINEAR_CURVE = b"curv\0\0\0\0\0\0\0\0"


def icc(space: bytes, tags: dict[bytes, bytes], *, pcs: bytes = b"XYZ ", device: bytes = b"mntr") -> bytes:
    """An ICC profile, version 2, of these tags and a D50 white."""
    tags = {b"wtpt": _xyz(0.9642, 1.0, 0.8249), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = bytes(8) + bytes.fromhex("02400000") + device + space + pcs + bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">iii", 0xF6D6, 0x10000, 0xD32D) + bytes(48)
    return struct.pack(">I", 128 + len(table) + len(body)) + head[4:] + table + body


def icc_rgb(colorants: tuple[tuple[float, ...], ...], curve: bytes = SRGB_CURVE) -> bytes:
    names = (b"r", b"g", b"b")
    tags = {name + b"XYZ": _xyz(*colorant) for name, colorant in zip(names, colorants, strict=True)}
    return icc(b"RGB ", tags | {name + b"TRC": curve for name in names})


def icc_grey(curve: bytes = LINEAR_CURVE) -> bytes:
    return icc(b"GRAY", {b"kTRC": curve})


def icc_cmyk(lightness: Callable[[tuple[int, ...]], int]) -> bytes:
    """A press whose ink corners (0 or 1 of cyan, magenta, yellow, black) are greys of this L, 0 .. 255 for 0 .. 100."""
    steps = bytes(range(256))
    corners = [(corner >> 3 & 1, corner >> 2 & 1, corner >> 1 & 1, corner & 1) for corner in range(16)]
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    table += steps * 4 + b"".join(bytes([lightness(corner), 128, 128]) for corner in corners) + steps * 3
    return icc(b"CMYK", {b"A2B0": table}, pcs=b"Lab ", device=b"prtr")


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def jpeg_with(data: bytes, *segments: bytes) -> bytes:
    """The JPEG with segments put in behind its start marker."""
    return data[:2] + b"".join(segments) + data[2:]


def icc_segments(profile: bytes) -> bytes:
    parts = [profile[start : start + 65000] for start in range(0, len(profile), 65000)]
    return b"".join(
        segment(0xE2, b"ICC_PROFILE\0" + bytes([number, len(parts)]) + part) for number, part in enumerate(parts, 1)
    )


# ------------------------------------------------------------------------------------------------------ good pictures


@functools.cache
def _good(format: str, variant: int) -> bytes:
    """One of several good files of a format, of noise, with metadata."""
    rng = random.Random(f"{format} {variant}")
    width, height = 40 + 8 * (variant % 3), 32
    rgb = Image.frombytes("RGB", (width, height), rng.randbytes(width * height * 3))
    rgba = Image.frombytes("RGBA", (width, height), rng.randbytes(width * height * 4))
    notes: dict[str, Any] = {"exif": b"Exif\0\0" + exif(1 + variant % 8), "icc_profile": icc_rgb(P3_D50)}
    file = io.BytesIO()
    if format == "PNG":
        if variant % 4 == 3:
            return png_file(width, height, 16, 0, rng.randbytes(width * height * 2), before=png_chunk(b"tRNS", b"\1\2"))
        (rgb, rgba, rgb.quantize(16))[variant % 4].save(file, "PNG", **notes)
    elif format == "JPEG":
        image = (rgb, rgb.convert("L"), rgb.convert("CMYK"), rgb)[variant % 4]
        image.save(file, "JPEG", progressive=variant % 4 == 3, exif=notes["exif"])
    else:
        frames = [rgba.rotate(90 * turn) for turn in range(1, 4)] if variant % 4 == 3 else []
        image = rgb if variant % 4 == 0 else rgba
        image.save(file, "WEBP", lossless=variant % 2 == 1, save_all=bool(frames), append_images=frames, **notes)
    return file.getvalue()


def _any_good(rng: random.Random, index: int) -> bytes:
    return _good(FORMATS[index % 3], rng.randrange(8))


# ----------------------------------------------------------------------------------------------------- what is hostile

Made = tuple[bytes, str]
"""The file, and how a load must end: "good", "refused", or "either"."""


def _truncated(rng: random.Random, index: int) -> Made:
    data = _any_good(rng, index)
    return data[: rng.randrange(len(data))], "either"


def _flipped(rng: random.Random, index: int) -> Made:
    data = bytearray(_any_good(rng, index))
    reach = len(data) if rng.random() < 0.5 else 200  # half of them where the headers are
    for _ in range(rng.choice((1, 2, 5, 40))):
        data[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    if data.startswith(PNG_MAGIC) and rng.random() < 0.7:  # checksums that hold, so that the damage gets further
        data = bytearray(_mend(bytes(data)))
    return bytes(data), "either"


def _mend(png: bytes) -> bytes:
    result, position = png[:8], 8
    while position + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, position)
        body = png[position + 8 : position + 8 + length]
        result += png_chunk(png[position + 4 : position + 8], body)
        position += 12 + length
    return result


def _wrong_magic(rng: random.Random, index: int) -> Made:
    data = bytearray(_any_good(rng, index))
    choice = index // 3 % 4
    if choice == 0:  # one byte of the magic
        data[rng.randrange(3)] ^= rng.randrange(1, 256)
    elif choice == 1:  # the magic of another of the three
        magic = {"PNG": PNG_MAGIC, "JPEG": b"\xff\xd8\xff\xe0", "WEBP": b"RIFF\xff\0\0\0WEBPVP8 "}[
            FORMATS[(index + 1 + rng.randrange(2)) % 3]
        ]
        data[: len(magic)] = magic
    elif choice == 2:  # the magic of a fourth
        magic = rng.choice(
            [b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"8BPS", b"%PDF-1.7", b"\0\0\1\0", b"PK\3\4", b"\x7fELF"]
        )
        data[: len(magic)] = magic
    else:  # a good picture of a fourth kind
        file = io.BytesIO()
        kind = ("TIFF", "ICO", "PPM", "JPEG2000", "TGA", "PCX")[index // 12 * 3 % 6 + index % 3]
        Image.open(io.BytesIO(_good("PNG", 0))).convert("RGB").save(file, kind)
        return file.getvalue(), "refused"
    return bytes(data), "refused"


def _huge_header(rng: random.Random, index: int) -> Made:
    many = rng.choice((30_000, 65_500, 100_000, 2**31 - 1, 2**32 - 1))
    few = rng.choice((0, 1, 700, 30_000, 2**20))
    width, height = rng.choice(((many, many), (many, few), (few, many)))
    if index % 3 == 0:
        if index % 2:  # a chunk that claims more than there is
            data = bytearray(_good("PNG", rng.randrange(8)))
            struct.pack_into(
                ">I", data, rng.choice((8, data.index(b"IDAT") - 4)), rng.choice((2**31, 2**32 - 1, 10**6))
            )
            return bytes(data), "refused"
        depth, colour = rng.choice(((1, 0), (8, 0), (16, 0), (8, 2), (16, 6), (8, 3)))
        return png_file(width, height, depth, colour, b"", packed=zlib.compress(rng.randbytes(1000))), "refused"
    if index % 3 == 1:
        data = bytearray(_good("JPEG", rng.randrange(8)))
        frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
        if index % 2:
            struct.pack_into(">H", data, frame + 2, rng.choice((0, 1, 2, 65535)))  # the length of its own part
        else:
            struct.pack_into(
                ">HH", data, frame + 5, *rng.choice(((65500, 65500), (65535, 1), (0, 0), (20_000, 30_000)))
            )
        return bytes(data), "refused"
    small = vp8l(40, 32)
    choice = index // 3 % 4
    if choice == 0:
        return riff(vp8x(min(2**24, many), min(2**24, many), 0x10), small), "refused"
    if choice == 1:
        canvas = vp8x(2**24, 2**24, 0x12)
        return riff(canvas, riff_chunk(b"ANIM", bytes(6)), anmf(0, 0, 40, 32, small)), "refused"
    if choice == 2:
        return riff(vp8l(16384, 16384)), "refused"
    data = bytearray(_good("WEBP", 0))
    position = data.index(b"VP8 ") + 4
    struct.pack_into("<I", data, position, rng.choice((2**32 - 1, 2**31, len(data) * 2)))
    return bytes(data), "refused"


_LARGE: tuple[Callable[[], Made], ...] = (  # just under the cap, so they are decoded: the test of the peak
    lambda: (flat_png(8192, 6144, 1, 0), "good"),
    lambda: (flat_jpeg(8192, 6144, 3), "good"),
    lambda: (riff(vp8l(8192, 6144, (100, 1, 2, 3))), "good"),
    lambda: (flat_png(8192, 6144, 8, 6), "good"),
    lambda: (flat_jpeg(8192, 6144, 4, progressive=True, scans=3), "good"),
    lambda: (riff(vp8x(8192, 6144, 0x18), vp8l(8192, 6144), riff_chunk(b"EXIF", exif(6))), "good"),
    lambda: (flat_png(8192, 6144, 16, 0), "good"),
    lambda: (flat_jpeg(16384, 12288, 3), "good"),  # decoded at half its size
    lambda: (
        jpeg_with(flat_jpeg(8192, 6144, 1), segment(0xE1, b"Exif\0\0" + exif(6)), icc_segments(icc_grey())),
        "good",
    ),
    lambda: (
        riff(
            vp8x(8192, 6144, 0x32),
            riff_chunk(b"ICCP", icc_rgb(P3_D50)),
            riff_chunk(b"ANIM", bytes(6)),
            *[anmf(0, 0, 8192, 6144, vp8l(8192, 6144, (9, 9, 9, 9)))] * 100,
        ),
        "good",
    ),
)


def _bomb(rng: random.Random, index: int) -> Made:
    if index < len(_LARGE):
        return _LARGE[index]()
    side = rng.randrange(16_000, 65_000)
    choice = index // 3 % 4
    if index % 3 == 1:
        if choice == 0:
            return flat_jpeg(800, 600, 3, progressive=True, scans=rng.randrange(2_000, 20_000)), "refused"
        if choice == 1:  # thirty megabytes of notes
            return jpeg_with(_good("JPEG", 0), segment(0xE5, bytes(65_000)) * 500), "good"
        due = "refused" if side * (side // 4) > 4 * 8192 * 6144 else "either"  # up to there halved, unless progressive
        return flat_jpeg(side, side // 4, rng.choice((1, 3, 4)), progressive=choice == 2), due
    if index % 3 == 2:
        if choice == 0:
            return riff(vp8x(40, 32, 0x20), riff_chunk(b"ICCP", bytes(30_000_000)), vp8l(40, 32)), "good"
        if choice == 1:
            return riff(vp8x(40, 32, 0x10), *[riff_chunk(b"junk", b"")] * 300_000, vp8l(40, 32)), "good"
        return riff(vp8l(min(side, 16384), rng.randrange(8_000, 16_384))), "refused"
    good, cut = _good("PNG", 3), len(PNG_MAGIC) + 25
    packed = zeros_deflated(rng.choice((10**8, 10**9)))
    if choice == 0:
        return flat_png(side, side, *rng.choice(((1, 0), (2, 0)))), "refused"
    if choice == 1:
        rows = zlib.compress(bytes(41 * 200))
        pieces = b"".join(png_chunk(b"IDAT", rows[i : i + 1]) + png_chunk(b"IDAT") * 3_000 for i in range(len(rows)))
        header = good[:16] + struct.pack(">IIBBBBB", 40, 200, 8, 0, 0, 0, 0)
        header += struct.pack(">I", zlib.crc32(header[12:]))
        return header + pieces + png_chunk(b"IEND"), "good"
    if choice == 2:  # text and profiles that unpack to a gigabyte
        notes = (
            png_chunk(b"zTXt", b"deepart\0\0" + packed),
            png_chunk(b"iTXt", b"deepart\0\1\0\0\0" + packed),
            png_chunk(b"iCCP", b"press\0\0" + packed),
        )
        return good[:cut] + b"".join(rng.sample(notes, rng.randrange(1, 4))) * rng.choice((1, 20)) + good[cut:], "good"
    return png_file(64, 48, 8, 0, b"", packed=packed), "good"  # picture data for a million more rows


def _broken_exif(rng: random.Random) -> bytes:
    order = rng.choice("<>")
    head = b"II*\0" if order == "<" else b"MM\0*"

    def field(tag: int, kind: int, count: int, value: int) -> bytes:
        return struct.pack(order + "HHII", tag, kind, count & 0xFFFFFFFF, value & 0xFFFFFFFF)

    table = struct.pack(order + "H", 3)
    fields = (
        field(0x010F, 2, rng.choice((2**32 - 1, 10**6)), 8),  # text that is longer than the file
        field(0x0112, rng.choice((0, 2, 3, 7, 99)), rng.choice((0, 1, 10**9)), rng.choice((0, 9, 2**32 - 1))),
        field(0x8769, 4, 1, rng.choice((8, 0, 2**32 - 1))),  # a table within the table, which is itself
        field(0x011A, 5, 1, 2**31),
        field(0x927C, 7, 2**31, 4),
        field(0x0100, 4, 5, 10),  # five widths
    )
    return rng.choice(
        (
            rng.randbytes(rng.randrange(1, 300)),
            head,
            head[: rng.randrange(1, 5)],
            head + struct.pack(order + "I", rng.choice((0, 7, 2**31, 2**32 - 1))),
            head + struct.pack(order + "IH", 8, 65535),
            head + struct.pack(order + "IH", 8, 65535) + field(0x0110, 2, 4, 0) * 4000,
            head + struct.pack(order + "I", 8) + table + b"".join(rng.sample(fields, 3)) + struct.pack(order + "I", 8),
            head + struct.pack(order + "I", 8) + table + b"".join(rng.sample(fields, 3))[:-5],
            bytes(60_000),
        )
    )


def _broken_icc(rng: random.Random) -> bytes:
    good = rng.choice(
        (icc_rgb(P3_D50), icc_rgb(SRGB_D50, LINEAR_CURVE), icc_grey(), icc_cmyk(lambda inks: 200 * inks[0]))
    )
    data = bytearray(good)
    choice = rng.randrange(8)
    if choice == 0:
        return rng.randbytes(rng.randrange(1, 4000))
    if choice == 1:
        return good[: rng.randrange(len(good))]
    if choice == 2:
        struct.pack_into(">I", data, 128, rng.choice((0, 101, 2**31, 2**32 - 1)))  # how many tags
    elif choice == 3:
        struct.pack_into(">II", data, 136, rng.choice((0, 2**31, 2**32 - 16)), 2**32 - 1)  # where the first one is
    elif choice == 4:
        data[16:20] = rng.choice((b"CMYK", b"Lab ", b"GRAY", b"RGB ", b"15CL", b"\0\0\0\0"))  # another colour model
    elif choice == 5:
        data[12:16] = rng.choice((b"link", b"abst", b"nmcl", b"\xff\xff\xff\xff"))  # another sort of profile
    else:
        for _ in range(rng.randrange(1, 60)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def _broken_metadata(rng: random.Random, index: int) -> Made:
    """Good pixels, so a good picture."""
    bad_exif, bad_icc = _broken_exif(rng), _broken_icc(rng)
    colour = rng.randrange(3)
    if index % 3 == 0:
        pixels = {0: (8, 0, bytes(40 * 32)), 1: (8, 2, bytes(40 * 32 * 3)), 2: (8, 6, bytes(40 * 32 * 4))}[colour]
        packed = zlib.compress(bad_icc)
        profile = rng.choice((b"p\0\0" + packed, b"p\0\0" + packed[:-9], b"p\0\1" + packed, b"p", b"p\0\0" + bad_icc))
        before = png_chunk(b"iCCP", profile) + png_chunk(b"eXIf", bad_exif)
        if index % 2:  # and a checksum that does not hold
            before = before[:-1] + bytes([before[-1] ^ 1])
        before += png_chunk(
            b"tEXt", b"deepart\0" + rng.choice((b"{", b"[]", b'{"a": NaN}', b"[" * 60_000, b"\xff\xfe"))
        )
        before += png_chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 9\nzz")
        return png_file(40, 32, pixels[0], pixels[1], pixels[2], before=before), "good"
    if index % 3 == 1:
        image = flat_jpeg(40, 32, (1, 3, 4)[colour])
        whole = icc_segments(bad_icc)
        odd = segment(0xE2, b"ICC_PROFILE\0" + bytes([rng.randrange(4), rng.randrange(4)]) + bad_icc)
        turn = segment(0xE1, b"Exif\0\0" + bad_exif)
        pictures = segment(0xE2, b"MPF\0" + bad_exif)
        photoshop = segment(0xED, b"Photoshop 3.0\0" + b"8BIM" + rng.randbytes(40))
        notes = [turn, rng.choice((whole, odd, segment(0xE2, b"ICC_PROFILE\0\1\1"))), pictures, photoshop]
        return jpeg_with(
            image, *rng.sample(notes, rng.randrange(1, 5)), segment(0xEE, b"Adobe\0\x64\0\0\0\0\0")
        ), "good"
    notes = [riff_chunk(b"ICCP", bad_icc), vp8l(40, 32), riff_chunk(b"EXIF", rng.choice((b"Exif\0\0", b"")) + bad_exif)]
    return riff(vp8x(40, 32, rng.choice((0x38, 0x18, 0x10))), *notes), "good"


def _endless_animation(rng: random.Random, index: int) -> Made:
    count = rng.randrange(1_000, 20_000)
    if index % 3 == 0:  # APNG
        control = struct.pack(">IIIIIHHBB", 0, 40, 32, 0, 0, 1, 100, rng.randrange(3), rng.randrange(2))
        claim = rng.choice((0, 1, count, 2**31, 2**32 - 1))
        before = png_chunk(b"acTL", struct.pack(">II", claim, 0)) * rng.choice((1, 2))
        before += png_chunk(b"fcTL", control)
        step = rng.choice((0, 1))  # numbers of frames that do not count up
        frame = zlib.compress(bytes(33 * 40))
        after = b"".join(
            png_chunk(b"fcTL", struct.pack(">I", 1 + step * 2 * i) + control[4:])
            + png_chunk(b"fdAT", struct.pack(">I", 2 + step * 2 * i) + frame)
            for i in range(count)
        )
        return png_file(40, 32, 8, 0, bytes(40 * 32), before=before, after=after), "good"
    if index % 3 == 2:  # WEBP
        first = rng.choice((anmf(0, 0, 40, 32, vp8l(40, 32)), anmf(8, 4, 20, 20, vp8l(20, 20))))
        rest = anmf(*rng.choice(((0, 0, 40, 32), (2**24, 0, 2**24, 2**24))), vp8l(40, 32)) * count
        return riff(vp8x(40, 32, 0x12), riff_chunk(b"ANIM", bytes(6)), first + rest), "good"
    if index % 2:  # JPEG after JPEG, of which an index says how many there are
        claim = rng.choice((0, 2, count, 2**32 - 1))
        table = b"II*\0" + struct.pack("<IH", 8, 3) + struct.pack("<HHI4s", 0xB000, 7, 4, b"0100")
        table += struct.pack("<HHII", 0xB001, 4, 1, claim) + struct.pack("<HHII", 0xB002, 7, (claim * 16) % 2**32, 50)
        first = jpeg_with(flat_jpeg(40, 32), segment(0xE2, b"MPF\0" + table + bytes(4) + rng.randbytes(640)))
        return first + flat_jpeg(40, 32) * count, "good"
    file = io.BytesIO()
    Image.new("L", (40, 32), 90).save(file, "GIF")
    whole = file.getvalue()
    start = 13 + 3 * 2 ** (1 + (whole[10] & 7))
    loop = b"\x21\xff\x0bNETSCAPE2.0\3\1\0\0\0"
    return whole[:start] + loop + (b"\x21\xf9\4\0\1\0\0\0" + whole[start:-1]) * count + b";", "good"


def _lost_end(rng: random.Random, index: int) -> Made:
    """A JPEG that lacks its end marker, or part of it, is whole; one that lacks pixels is not."""
    lost = index % 5 + 1
    return _good("JPEG", rng.randrange(8))[:-lost], "good" if lost <= 2 else "refused"


def _other_kinds(rng: random.Random, index: int) -> Made:
    """GIF, BMP, AVIF and HEIC: cut short, flipped, with a huge header, with bombs, with notes that make no sense."""
    kind, choice = ("GIF", "BMP", "AVIF", "HEIC")[index % 4], index // 4 % 5
    file = io.BytesIO()
    image = Image.frombytes("RGB", (48, 32), rng.randbytes(48 * 32 * 3))
    notes = exif() + (bytes(1_000_000) if choice == 3 else _broken_exif(rng))  # libavif writes none without a header
    more = {"exif": notes, "quality": 90} if kind in ("AVIF", "HEIC") and choice > 2 else {}
    if kind == "HEIC":
        importlib.import_module("pillow_heif").from_pillow(image).save(file, **more)
    else:
        image.save(file, kind, **more, **({"speed": 10} if more else {}))
    data = bytearray(file.getvalue())
    if choice == 0:
        return bytes(data[: rng.randrange(len(data))]), "either"
    if choice == 1:
        for _ in range(rng.choice((1, 5, 40))):
            data[rng.randrange(rng.choice((200, len(data))))] ^= 1 << rng.randrange(8)
        return bytes(data), "either"
    if choice == 2:
        form, place = {"GIF": ("<HH", 6), "BMP": ("<II", 18)}.get(kind, (">II", data.find(b"ispe") + 8))
        struct.pack_into(form, data, place, *rng.choice(((60_000, 60_000), (65_535, 1), (0, 0), (30_000, 9_000))))
        # A frame may be larger than a GIF says, and a HEIC has two sizes.
        return bytes(data), "either" if kind in ("GIF", "HEIC") else "refused"
    if kind == "GIF":
        start = 13 + 3 * 2 ** (1 + (data[10] & 7))
        junk = (b"\x21\xfe" + (b"\xff" + bytes(255)) * rng.randrange(100_000) + b"\0") * rng.choice((1, 3))
        return bytes(data[:start] + junk + data[start:]), "good"
    if kind == "BMP" and choice == 3:  # runs that leap over the end of each line, in a few bytes
        head = struct.pack("<2sIHHIIiiHHIIIIII", b"BM", 0, 0, 0, 1078, 40, 6000, 6000, 1, 8, 1, 0, 0, 0, 256, 0)
        return head + bytes(1024) + b"\0\2\xff\xff" * rng.randrange(9_000) + bytes([0, 1]), "either"
    return bytes(data).replace(exif(), exif()[:8] + rng.randbytes(len(exif()) - 8)), "good"


def _long_or_many_scans(rng: random.Random, index: int) -> Made:
    """Panoramas around the longest shape, and JPEGs in several scans of 100 to 200 megapixels, in a few kilobytes."""
    side, more = rng.randrange(16, 200), rng.choice((0, 1))
    due = "refused" if more else "good"
    if index % 4 == 0:
        return flat_jpeg(60 * side + more, side), due
    if index % 4 == 1:
        return flat_png(side, 60 * side + more), due
    if index % 4 == 2:
        return riff(vp8l(60 * side + more, side)), due
    components, width = rng.choice((1, 3)), 8 * rng.randrange(1250, 1750)
    many = 2 * components * width * 10_000 > 610_000_000  # bytes of coefficients that libjpeg would hold
    return flat_jpeg(width, 10_000, components, progressive=True, scans=3), "refused" if many else "good"


_KINDS: dict[str, tuple[int, Callable[[random.Random, int], Made]]] = {
    "truncated": (65, _truncated),
    "flipped": (75, _flipped),
    "wrong magic": (50, _wrong_magic),
    "huge header": (60, _huge_header),
    "bomb": (50, _bomb),
    "broken metadata": (80, _broken_metadata),
    "endless animation": (50, _endless_animation),
    "lost end": (30, _lost_end),
    "other kinds": (100, _other_kinds),
    "long or many scans": (24, _long_or_many_scans),
}
"""How many there are of each kind, and what makes one."""
COUNTS = {kind: count for kind, (count, _) in _KINDS.items()}


def make(seed: int, kind: str, index: int) -> Made:
    """Return one hostile file, always the same for the same seed, kind and index, and how a load of it must end."""
    return _KINDS[kind][1](random.Random(f"{seed}/{kind}/{index}"), index)


def names() -> Iterator[tuple[str, int]]:
    for kind, count in COUNTS.items():
        for index in range(count):
            yield kind, index


# ----------------------------------------------------------------------------------------------------------- the trial


def judge(load: Callable[[Any], Image.Image], source: Any, due: str) -> tuple[str, str | None]:
    """Load a picture: how it ended ("good" or "refused"), and what was wrong with that (None for nothing)."""
    from deepart.errors import ImageError

    with warnings.catch_warnings(record=True) as heard:  # no threads here
        warnings.simplefilter("always")
        try:
            image = load(source)
        except ImageError as error:
            text = str(error)
            one_sentence = text.endswith(".") and len(text) < 250 and text.isprintable() and ". " not in text
            end, fault = "refused", None if one_sentence else f"not one sentence: {text!r}"
        except Exception as error:
            end, fault = "crashed", f"{type(error).__name__}: {error}"
        else:
            plain = image.mode == "RGB" and min(image.size) >= 16 and set(image.info) <= {"deepart", "exif", "dpi"}
            end, fault = "good", None if plain else f"{image.mode} {image.size} {image.info}"
    if fault is None and heard:
        fault = f"warned: {heard[0].message}"
    if fault is None and due not in ("either", end):
        fault = f"{end} instead of {due}" + (f": {text}" if end == "refused" else "")
    return end, fault


def memory(name: str) -> float:
    """Return the memory of this process in megabytes: "VmRSS" is now, "VmHWM" the most there has been."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(name)


def trial(load: Callable[[Any], Image.Image], seed: int) -> dict[str, Any]:
    """Load every hostile file, by turns from a path and from memory."""
    ends: Counter[str] = Counter()
    faults = []
    start = memory("VmRSS")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload.png"
        for kind, index in names():
            data, due = make(seed, kind, index)
            source: Any = io.BytesIO(data)
            if index % 2:
                path.write_bytes(data)
                source = path
            del data
            end, fault = judge(load, source, due)
            ends[f"{kind}: {end}"] += 1
            if fault is not None:
                faults.append(f"seed {seed}, {kind} {index}: {fault}")
    return {"ends": ends, "faults": faults, "start": start, "above": memory("VmHWM") - start}


if __name__ == "__main__":
    from deepart.images import load_image

    print(json.dumps(trial(load_image, int(sys.argv[1]))))

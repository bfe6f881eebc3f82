"""What load_image makes of picture files that others made for their tests: refused, failed and wrong-coloured ones.

    pip download --no-binary pillow --no-deps pillow==12.3.0 && tar xf pillow-12.3.0.tar.gz
    python -m benchmarks.loader pillow-12.3.0/Tests/images          # writes benchmarks/loader.json

Beside the files of the folders it loads PNG files of every colour type, depth and interlacing, made here from pixels
that are known (npm has no package pngsuite). The pixels of a file are compared with those that FFmpeg and Pillow
decode, or with those of the PNG beside it in the suite of BMP files. Wrong-coloured is what differs from all of them by
more than LIMIT of 255 on average; disputed, what differs from one of them only, and JUDGED says which of the two is
right. Failed is what ends in anything else than a picture or an ImageError. Exit status 1 where files have failed, are
wrong-coloured, or are disputed and not judged.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageCms, ImageOps

from benchmarks.machine import machine
from deepart.containers import KINDS, name_kind
from deepart.errors import ImageError
from deepart.images import load_image

LIMIT = 4.0
JUDGED = {
    "avif/star.avifs": "Pillow is right, as star.png shows: FFmpeg's first frame is that of the transparency.",
    "avif/transparency.avif": "Pillow is right: FFmpeg leaves the transparency out.",
    "bmp/b/badrle.bmp": "Nobody is: of the suite's bad files, to which no picture belongs.",
    "bmp/b/pal8badindex.bmp": "Nobody is: of the suite's bad files, to which no picture belongs.",
    "bmp/q/rgb32fakealpha.bmp": "Pillow is right: without a mask the fourth byte is no transparency, as FFmpeg has it.",
    "hopper_bad_exif.jpg": "Pillow is right: all that FFmpeg makes of it is black.",
    "i_trns.png": "FFmpeg is right: Pillow cuts sixteen bits off at 255 where it converts them.",
    "mmap_error.bmp": "Pillow is right, as bmp/g/pal8.bmp shows: FFmpeg has no colours.",
    "truncated_jpeg.jpg": "Pillow is right: noise, all there but for half the end marker; FFmpeg blurs its colours.",
}
"""Who is right about files of which the decoders differ; load_image sees those as they are, but where nobody is."""
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp", ".heif", ".mpo", ".apng"}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # of Adam7
PNG = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def over_white(image: Image.Image) -> np.ndarray[Any, Any]:
    """Return any image as (H, W, 3), its transparency over white."""
    rgba = np.asarray(image.convert("RGBA")).astype(float)
    alpha = rgba[..., 3:] / 255
    return rgba[..., :3] * alpha + 255 * (1 - alpha)


def references(path: Path) -> list[np.ndarray[Any, Any]]:
    """Return the pixels (H, W, 3), upright, as a picture beside it has them, or else as FFmpeg and Pillow do."""
    beside = path.parents[1] / "html" / f"{path.stem.replace('rle', '')}.png"
    if beside.exists():
        return [over_white(Image.open(beside))]
    found, profile, mode, exif = [], None, "", Image.Exif()
    data = path.read_bytes()
    # A JPEG gets the end that it may lack. Where Pillow fails, FFmpeg has to do.
    with (
        contextlib.suppress(Exception),
        Image.open(io.BytesIO(data + b"\xff\xd9" * data.startswith(b"\xff\xd8"))) as image,
    ):
        profile, mode = image.info.get("icc_profile"), image.mode
        exif.load(image.info.get("exif", b""))
        found.append(upright(in_srgb(image, profile), exif.get(0x0112, 1)))
    if not profile and mode != "CMYK":
        with (
            contextlib.suppress(av.FFmpegError, StopIteration, ValueError),
            av.open(io.BytesIO(still(data)) if data.startswith(PNG) else str(path)) as container,
        ):
            frame = next(container.decode(video=0)).to_ndarray(format="rgba")
            found.append(upright(Image.fromarray(frame), exif.get(0x0112, 1)))
    return found


def still(data: bytes) -> bytes:
    """Return a PNG without its animation, of which FFmpeg would show a frame in place of the still picture."""
    kept, place = PNG, len(PNG)
    while place < len(data):
        (length,) = struct.unpack_from(">I", data.ljust(place + 4), place)
        kept += b"" if data[place + 4 : place + 8] in (b"acTL", b"fcTL", b"fdAT") else data[place : place + 12 + length]
        place += 12 + length
    return kept


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an image whose colour profile, where it goes with its mode, is applied."""
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        source, target = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        if source.profile.xcolor_space.strip() in (image.mode.removesuffix("A"), {"L": "GRAY"}.get(image.mode)):
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            image = ImageCms.profileToProfile(image, source, target, outputMode=mode) or image
    if image.mode.startswith("I"):
        image = image.convert("I").point([(value + 128) // 257 for value in range(65536)], "L")
    return image


def upright(image: Image.Image, turn: int) -> np.ndarray[Any, Any]:
    """Return an image as over_white does, turned as its EXIF says."""
    image = image.copy()
    image.info = {name: value for name, value in image.info.items() if name == "transparency"}
    image.getexif()[0x0112] = turn
    return over_white(ImageOps.exif_transpose(image))


def made(width: int = 37, height: int = 29) -> Iterator[tuple[str, bytes, np.ndarray[Any, Any]]]:
    """Yield a name, a PNG file and its pixels (H, W, 3), for each way to store them."""
    rng = np.random.default_rng(0)
    for colour, interlaced in itertools.product(CHANNELS, (False, True)):
        for depth in DEPTHS[colour]:
            values = rng.integers(0, 2**depth, (height, width, CHANNELS[colour]))
            palette = rng.integers(0, 256, (2**depth, 3), dtype=np.uint8) if colour == 3 else None
            packed = b"".join(
                rows(values[y::down, x::across], depth)
                for x, y, across, down in (PASSES if interlaced else ((0, 0, 1, 1),))
            )
            head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
            chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(packed)), (b"IEND", b"")]
            if palette is not None:
                chunks.insert(1, (b"PLTE", palette.tobytes()))
            file = PNG + b"".join(
                struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
                for name, body in chunks
            )
            scaled = values * 255 / (2**depth - 1)
            shown = palette[values[..., 0]].astype(float) if palette is not None else scaled
            alpha = shown[..., -1:] / 255 if colour in (4, 6) else 1.0
            rgb = shown[..., :3] if shown.shape[2] >= 3 else np.repeat(shown[..., :1], 3, 2)
            yield f"colour {colour}, {depth} bits{', interlaced' * interlaced}", file, rgb * alpha + 255 * (1 - alpha)


def rows(values: np.ndarray[Any, Any], depth: int) -> bytes:
    """Return pixels (H, W, C) as a PNG packs them, each row with the filter 0 in front; b"" where there are none."""
    if not values.size:
        return b""
    flat = values.reshape(len(values), -1)
    if depth < 8:
        bits = np.unpackbits(flat.astype(np.uint8)[..., None], axis=2)[..., 8 - depth :].reshape(len(values), -1)
        lines = np.packbits(bits, axis=1)
    else:
        lines = np.ascontiguousarray(flat.astype(">u2" if depth == 16 else np.uint8)).view(np.uint8)
    return b"".join(b"\0" + line.tobytes() for line in lines.reshape(len(values), -1))


class Tally:
    """What became of files, by their kind."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.named: dict[str, dict[str, str]] = {"refused": {}, "disputed": {}, "failed": {}, "wrong": {}}

    def add(self, name: str, kind: str, load: Callable[[], Image.Image], expected: Any) -> None:
        """Load one file; expected: returns its pixels."""
        count = self.counts.setdefault(kind, Counter())
        try:
            found = np.asarray(load()).astype(float)
        except ImageError as error:
            return self._say(name, count, "refused", str(error))
        except Exception as error:
            return self._say(name, count, "failed", f"{type(error).__name__}: {error}")
        off = [float(np.abs(found - one).mean()) if one.shape == found.shape else 255.0 for one in expected()]
        if not off:
            count["loaded, which nobody else can"] += 1
            return None
        if min(off) > LIMIT:
            return self._say(
                name, count, "wrong", f"{found.shape[1]}x{found.shape[0]}, off by {min(off):.1f} on average"
            )
        if max(off) > LIMIT:  # damaged or animated files, and alpha that FFmpeg sees elsewhere
            undecided = f"the decoders differ by {max(off):.1f} on average"
            return self._say(name, count, "disputed", JUDGED.get(name, undecided))
        count["loaded"] += 1
        return None

    @property
    def good(self) -> bool:
        """Whether none has failed or is wrong-coloured, and all that are disputed are judged."""
        judged = all(why in JUDGED.values() for why in self.named["disputed"].values())
        return judged and not self.named["failed"] and not self.named["wrong"]

    def _say(self, name: str, count: Counter[str], end: str, why: str) -> None:
        count[end] += 1
        self.named[end][name] = why


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="with picture files, also below them")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("loader.json"))
    options = parser.parse_args()
    tally, start = Tally(), time.perf_counter()
    for folder in options.folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            kind = name_kind(path.read_bytes())
            if kind in KINDS or path.suffix.lower() in SUFFIXES:
                tally.add(str(path.relative_to(folder)), kind, partial(load_image, path), partial(references, path))
    for name, file, pixels in made():
        tally.add(f"made: {name}", "PNG, made here", partial(load_image, io.BytesIO(file)), partial(list, [pixels]))
    record = {
        "seconds": round(time.perf_counter() - start, 1), "counts": {k: dict(c) for k, c in tally.counts.items()},
        **tally.named, "machine": machine() | {"pillow": Image.__version__},
    }  # fmt: skip
    options.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps({name: record[name] for name in ("counts", *tally.named)}, indent=1, ensure_ascii=False))
    sys.exit(int(not tally.good))


if __name__ == "__main__":
    main()

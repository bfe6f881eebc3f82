"""The loader, the tensors and the settings, against values known on paper."""

import io
import json
import os
import struct
import sys
import threading
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hostile import (
    LINEAR_CURVE,
    P3_D50,
    PNG_MAGIC,
    SRGB_D50,
    anmf,
    exif,
    flat_jpeg,
    flat_png,
    icc_cmyk,
    icc_grey,
    icc_rgb,
    icc_segments,
    jpeg_with,
    png_chunk,
    png_file,
    riff,
    riff_chunk,
    segment,
    vp8l,
    vp8x,
)
from PIL import Image

from deepart import containers
from deepart.errors import DeepArtError, ImageError
from deepart.exif import Exif
from deepart.images import (
    check_image,
    fit,
    load_image,
    notes,
    picture_size,
    save_png,
    settings,
    to_image,
    to_tensor,
    with_settings,
)

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)


def load(data: bytes, **options) -> Image.Image:
    return load_image(io.BytesIO(data), **options)


def encode(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def flat(image: Image.Image, tolerance: int = 0) -> tuple[int, int, int]:
    """The one colour of a flat RGB picture."""
    assert image.mode == "RGB"
    pixels = np.asarray(image).astype(int)
    assert np.ptp(pixels, axis=(0, 1)).max() <= tolerance
    return tuple(pixels[0, 0].tolist())


def noise(height: int = 24, width: int = 40, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, channels), dtype=np.uint8)


def quarters() -> Image.Image:
    """48x32: red, green / blue, yellow. No turn or flip leaves it as it is."""
    image = Image.new("RGB", (48, 32), RED)
    image.paste(GREEN, (24, 0, 48, 16))
    image.paste(BLUE, (0, 16, 24, 32))
    image.paste(YELLOW, (24, 16, 48, 32))
    return image


def refusal(source, **options) -> str:
    """The one sentence of the ImageError that a load ends in."""
    with pytest.raises(ImageError) as caught:
        load_image(source, **options)
    text = str(caught.value)
    assert text.endswith(".")
    assert text.isprintable()
    assert ". " not in text
    return text


# ------------------------------------------------------------------------------------------------------------- sources


def test_a_picture_from_a_path_and_from_a_file(tmp_path):
    pixels = noise()
    path = tmp_path / "picture.jpg"  # the name says nothing about the kind
    Image.fromarray(pixels).save(path, "PNG")
    with open(path, "rb") as file, open(path, "rb", buffering=0) as raw:
        file.seek(10)
        for source in (path, str(path), file, raw, io.BytesIO(path.read_bytes())):
            image = load_image(source)
            assert type(image) is Image.Image
            assert (image.mode, image.size, image.info) == ("RGB", (40, 24), {})
            assert np.array_equal(image, pixels)
        assert not file.closed


def test_paths_that_are_no_picture(tmp_path, monkeypatch):
    secret = tmp_path / "secret-folder"
    secret.mkdir()
    (secret / "empty.png").touch()
    os.mkfifo(secret / "pipe.png")
    monkeypatch.chdir(tmp_path)
    for path in ("missing.png", "pipe.png", "nul\0.png", "x" * 5000, "empty.png", "."):
        for source in (secret / path, f"secret-folder/{path}"):
            assert "secret" not in refusal(source)
    assert refusal(secret / "missing.png") == "There is no file 'missing.png'; check the name and try again."
    assert refusal(secret) == "The path is that of a folder; name a file in it."
    assert refusal(secret / "empty.png") == "The file is empty; choose a PNG, JPEG or WEBP file."


def test_file_objects_that_cannot_be_read():
    data = flat_png(20, 20)
    closed = io.BytesIO(data)
    closed.close()
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    with open(reader, "rb") as pipe:
        for source in (closed, pipe, io.StringIO("text"), io.BytesIO(), Path):
            refusal(source)


@pytest.mark.parametrize("source", [None, 0, 3.5, b"bytes", bytearray(b"x"), np.zeros((20, 20, 3)), object()])
def test_what_is_neither_path_nor_file(source):
    assert type(source).__name__ in refusal(source)


def test_a_file_of_too_many_bytes(tmp_path, monkeypatch):
    data = flat_png(20, 20)
    monkeypatch.setattr(containers, "MAX_BYTES", len(data))
    assert load(data).size == (20, 20)
    monkeypatch.setattr(containers, "MAX_BYTES", len(data) - 1)
    assert "million bytes" in refusal(io.BytesIO(data))


OTHER_KINDS = [
    (b"II*\0" + bytes(20), "TIFF"),
    (b"MM\0*" + bytes(20), "TIFF"),
    (b"8BPS" + bytes(20), "a Photoshop file"),
    (b"\0\0\1\0\1\0", "an icon (ICO)"),
    (b"\xff\x0a" + bytes(20), "JPEG XL"),
    (b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a", "JPEG XL"),
    (b"\0\0\0\x0cjP  \x0d\x0a\x87\x0a", "JPEG 2000"),
    (b"\0\0\0\x20ftypisom\0\0\0\0", "a video (MP4)"),
    (b"%PDF-1.7\n", "PDF"),
    (b"PK\3\4" + bytes(20), "a ZIP archive"),
    (b"\x1f\x8b\x08" + bytes(20), "a gzip archive"),
    (b"\x1a\x45\xdf\xa3" + bytes(20), "a video (WebM or Matroska)"),
    (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    ('<?xml version="1.0"?><SVG/>'.encode("utf-16"), "SVG"),
    (b"<!DOCTYPE html><p>not found</p>", "a web page (HTML)"),
    ("eine schöne Landschaft".encode(), "text"),
    (b"\x7fELF" + bytes(20), "of an unknown kind"),
    (b"RIFF\4\0\0\0AVI ", "of an unknown kind"),
    (b"\x88PNG\r\n\x1a\n" + bytes(20), "of an unknown kind"),
]


@pytest.mark.parametrize(("data", "kind"), OTHER_KINDS, ids=[f"{kind} {i}" for i, (_, kind) in enumerate(OTHER_KINDS)])
def test_other_kinds_are_named(data, kind):
    expected = f"The file is {kind}, not PNG, JPEG, WEBP, AVIF, GIF or BMP; save it as one of these and try again."
    assert refusal(io.BytesIO(data)) == expected


@pytest.mark.parametrize("format", ["TIFF", "ICO", "PPM", "JPEG2000", "TGA", "PCX"])
def test_no_other_kind_is_decoded(format, monkeypatch):
    data = encode(quarters(), format)
    monkeypatch.setattr(Image, "open", None)
    assert "not PNG, JPEG, WEBP, AVIF, GIF or BMP" in refusal(io.BytesIO(data))


def exact(format, **notes):
    """The quarters as phones make pictures, near enough to the pixel."""
    if format == "AVIF":
        return encode(quarters(), format, quality=100, subsampling="4:4:4", **notes)
    import pillow_heif  # here, since it is of the tests alone: the loader must do without

    file = io.BytesIO()
    pillow_heif.from_pillow(quarters()).save(file, quality=-1, chroma=444, **notes)
    return file.getvalue()


@pytest.mark.parametrize("format", ["AVIF", "GIF", "BMP", "HEIF"])
def test_pictures_of_phones_and_old_ones(format, monkeypatch):
    data = exact(format) if format in ("AVIF", "HEIF") else encode(quarters(), format)
    monkeypatch.setattr(Image, "open", None)
    assert picture_size(io.BytesIO(data)) == (48, 32)
    assert np.abs(np.asarray(load(data)).astype(int) - np.asarray(quarters())).max() <= 3
    assert "in all; at most 1,535 are taken" in refusal(io.BytesIO(data), max_pixels=48 * 32 - 1)
    for length in (40, len(data) // 2):
        refusal(io.BytesIO(data[:length]))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    if format == "HEIF":
        assert "run pip install pillow-heif, or save the picture as JPEG" in refusal(io.BytesIO(data))


@pytest.mark.parametrize("format", ["AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_of_a_phone_is_turned_and_its_profile_applied(format, orientation):
    notes = Image.Exif()
    notes[0x0112], notes[0x010F], notes[0x011A], notes[0x011B] = orientation, "Maker", 240.0, 240.0
    swapped = orientation == 8 and format == "AVIF"
    found = load(exact(format, exif=notes.tobytes(), **({"icc_profile": SWAPPED} if swapped else {})))
    expected = turned(np.asarray(quarters())[..., [1, 0, 2] if swapped else [0, 1, 2]].astype(int), orientation)
    assert np.abs(np.asarray(found).astype(int) - expected).max() <= 4
    assert b"Maker" in found.info["exif"]
    assert found.info["dpi"] == (240, 240)


def test_the_first_frame_of_a_gif():
    """Its comments, which Pillow would join for minutes, are passed over; what is transparent becomes white."""
    first = Image.new("P", (20, 24), 1)
    first.putpalette([*RED, *BLUE])
    first.paste(0, (0, 0, 20, 12))
    data = encode(first, "GIF", save_all=True, append_images=[Image.new("RGB", (20, 24), GREEN)], transparency=0)
    comment = b"\x21\xfe" + (b"\xff" + bytes(255)) * 200_000 + b"\0"
    start = 13 + 3 * 2 ** (1 + (data[10] & 7))
    image = load(data[:start] + comment + data[start:])
    assert (image.getpixel((5, 5)), image.getpixel((5, 20))) == ((255, 255, 255), BLUE)


# ---------------------------------------------------------------------------------------------------------------- size


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_sizes(format):
    for size, part in [
        ((8, 8), "The picture is 8x8 pixels; each side must have at least 16"),
        ((1, 3000), "The picture is 1x3000 pixels; each side"),
        ((3000, 15), "The picture is 3000x15 pixels; each side"),
        ((16, 961), "The picture is 16x961 pixels; the longer side may be 60 times"),
        ((1300, 20), "The picture is 1300x20 pixels; the longer side"),
    ]:
        assert part in refusal(io.BytesIO(encode(Image.new("RGB", size), format)))
    for size in [(16, 16), (16, 960), (960, 16)]:
        assert load(encode(Image.new("RGB", size), format)).size == size


@pytest.mark.parametrize(
    "data",
    [
        PNG_MAGIC + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)),
        b"\xff\xd8" + segment(0xC0, struct.pack(">BHHB", 8, 65000, 65000, 3)) + segment(0xDA, bytes(10)),
        riff(vp8l(16384, 16384)),
    ],
    ids=["PNG", "JPEG", "WEBP"],
)
def test_the_cap_is_checked_from_the_header(data):
    assert "in all; at most 50,331,648 are taken, and four times as many of a JPEG, so scale it down to 70" in refusal(
        io.BytesIO(data)
    )


def test_a_large_jpeg_is_read_at_half_its_size():
    image = encode(quarters().resize((640, 320)), "JPEG", quality=95)
    small = load(image, max_pixels=640 * 320 // 4)
    assert small.size == picture_size(io.BytesIO(image), max_pixels=640 * 320 // 4) == (320, 160)
    expected = np.asarray(quarters().resize((320, 160))).astype(int)
    assert np.abs(np.asarray(small).astype(int) - expected).mean() < 2
    assert load(image, max_pixels=640 * 320).size == (640, 320)
    assert "so scale it down" in refusal(io.BytesIO(image), max_pixels=640 * 320 // 4 - 1)
    assert "so scale it down" in refusal(io.BytesIO(encode(quarters(), "PNG")), max_pixels=48 * 32 - 1)
    # 168 and 201 megapixels, of which libjpeg would hold 16 bits of each value of a progressive one: 1.2 GB.
    assert picture_size(io.BytesIO(flat_jpeg(16384, 12288))) == (8192, 6144)
    told = refusal(io.BytesIO(flat_jpeg(16384, 12288, progressive=True, scans=2)))
    assert told.endswith("pixels, too many for this sort of JPEG; save it as a baseline JPEG.")
    assert "four times as many" in refusal(io.BytesIO(flat_jpeg(16384, 12296, progressive=True)))


def test_a_lossless_jpeg_is_never_halved():
    """Pillow would make room for half of it, and libjpeg write the whole."""
    data = bytearray(encode(quarters(), "JPEG"))
    data[data.index(b"\xff\xc0") + 1] = 0xC3
    assert "save it as a baseline JPEG" in refusal(io.BytesIO(data), max_pixels=48 * 32 // 2)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}, {"optimize": True}])
def test_a_jpeg_without_its_last_two_bytes_is_whole(options):
    data = encode(Image.fromarray(noise()), "JPEG", quality=90, **options)
    for lost in (1, 2):
        assert load(data[:-lost]).tobytes() == load(data).tobytes()
    for lost in (3, 4, 5, 9, 30, 200):
        assert "damaged" in refusal(io.BytesIO(data[:-lost]))


def test_a_jpeg_without_its_last_scan_is_refused():
    data = encode(Image.fromarray(noise()), "JPEG", quality=90, progressive=True)
    assert "damaged" in refusal(io.BytesIO(data[: data.rindex(b"\xff\xda")]))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_cut_short(format):
    data = encode(Image.fromarray(noise()), format)
    for length in (len(data) * 2 // 3, 40):
        assert refusal(io.BytesIO(data[:length])).startswith(f"The {format} file is damaged, cut short or of a rare")


# ------------------------------------------------------------------------------------------------------ depth and modes


def png_of(colour: int, depth: int, *values: int, before: bytes = b"") -> bytes:
    """A flat 16x16 PNG whose every pixel has these channel values."""
    if depth == 16:
        row = struct.pack(f">{len(values)}H", *values) * 16
    elif depth == 8:
        row = bytes(values) * 16
    else:
        row = bytes([sum(values[0] << shift for shift in range(0, 8, depth))]) * (2 * depth)
    return png_file(16, 16, depth, colour, row * 16, before=before)


PALETTE = png_chunk(b"PLTE", bytes([10, 20, 30, 200, 100, 50]))


@pytest.mark.parametrize(
    ("colour", "depth", "values", "before", "expected"),
    [
        (0, 1, [0], b"", (0, 0, 0)),
        (0, 1, [1], b"", (255, 255, 255)),
        (0, 2, [1], b"", (85, 85, 85)),
        (0, 4, [3], b"", (51, 51, 51)),
        (0, 8, [99], b"", (99, 99, 99)),
        # 16 bits: value / 257, to the nearest.
        (0, 16, [0], b"", (0, 0, 0)),
        (0, 16, [128], b"", (0, 0, 0)),
        (0, 16, [129], b"", (1, 1, 1)),
        (0, 16, [300], b"", (1, 1, 1)),
        (0, 16, [32768], b"", (128, 128, 128)),
        (0, 16, [65406], b"", (254, 254, 254)),
        (0, 16, [65407], b"", (255, 255, 255)),
        (0, 16, [65535], b"", (255, 255, 255)),
        (2, 8, [1, 2, 3], b"", (1, 2, 3)),
        (2, 16, [257, 2 * 257, 65535], b"", (1, 2, 255)),
        (3, 1, [1], PALETTE, (200, 100, 50)),
        (3, 4, [0], PALETTE, (10, 20, 30)),
        (3, 8, [1], PALETTE, (200, 100, 50)),
        # Over white: 255 - (255 - value) * alpha.
        (4, 8, [100, 51], b"", (224, 224, 224)),
        (4, 16, [100 * 257, 51 * 257], b"", (224, 224, 224)),
        (6, 8, [200, 100, 0, 51], b"", (244, 224, 204)),
        (6, 8, [1, 2, 3, 0], b"", (255, 255, 255)),
        (6, 8, [1, 2, 3, 255], b"", (1, 2, 3)),
        (6, 16, [200 * 257, 100 * 257, 0, 51 * 257], b"", (244, 224, 204)),
        # One colour or palette entry that is transparent, and its neighbour that is not.
        (0, 1, [0], png_chunk(b"tRNS", b"\0\0"), (255, 255, 255)),
        (0, 1, [0], png_chunk(b"tRNS", b"\0\1"), (0, 0, 0)),
        (0, 2, [1], png_chunk(b"tRNS", b"\0\1"), (255, 255, 255)),
        (0, 2, [1], png_chunk(b"tRNS", b"\0\2"), (85, 85, 85)),
        (0, 4, [3], png_chunk(b"tRNS", b"\0\3"), (255, 255, 255)),
        (0, 8, [99], png_chunk(b"tRNS", b"\0\x63"), (255, 255, 255)),
        (0, 8, [99], png_chunk(b"tRNS", b"\0\x64"), (99, 99, 99)),
        (0, 16, [500], png_chunk(b"tRNS", struct.pack(">H", 500)), (255, 255, 255)),
        (0, 16, [501], png_chunk(b"tRNS", struct.pack(">H", 500)), (2, 2, 2)),
        (2, 8, [1, 2, 3], png_chunk(b"tRNS", struct.pack(">3H", 1, 2, 3)), (255, 255, 255)),
        (2, 8, [1, 2, 4], png_chunk(b"tRNS", struct.pack(">3H", 1, 2, 3)), (1, 2, 4)),
        (2, 16, [257, 514, 771], png_chunk(b"tRNS", struct.pack(">3H", 257, 514, 771)), (255, 255, 255)),
        (2, 16, [257, 514, 771], png_chunk(b"tRNS", struct.pack(">3H", 257, 514, 5000)), (1, 2, 3)),
        (3, 8, [0], PALETTE + png_chunk(b"tRNS", b"\0"), (255, 255, 255)),
        (3, 8, [1], PALETTE + png_chunk(b"tRNS", b"\0"), (200, 100, 50)),
        (3, 8, [1], PALETTE + png_chunk(b"tRNS", bytes([255, 51])), (244, 224, 214)),
        (3, 1, [1], PALETTE + png_chunk(b"tRNS", bytes([7, 51]) + bytes(300)), (244, 224, 214)),
    ],
)
def test_png_depths(colour, depth, values, before, expected):
    assert flat(load(png_of(colour, depth, *values, before=before))) == expected


@pytest.mark.parametrize(("inks", "colour"), [((0, 0, 0, 0), (255, 255, 255)), ((0, 0, 0, 255), (0, 0, 0))])
def test_cmyk_jpeg(inks, colour):
    data = encode(Image.new("CMYK", (32, 24), inks), "JPEG", quality=95)
    assert b"\xff\xee\0\x0eAdobe" in data  # so the inks are stored the other way round
    assert flat(load(data)) == colour
    assert flat(load(encode(Image.new("CMYK", (32, 24), (255, 0, 0, 0)), "JPEG", quality=95))) == (0, 255, 255)


def test_grey_and_progressive_jpeg():
    assert flat(load(encode(Image.new("L", (32, 24), 77), "JPEG", quality=95)), 1) == (77, 77, 77)
    image = load(encode(quarters(), "JPEG", quality=95, progressive=True))
    assert np.abs(np.asarray(image).astype(int) - np.asarray(quarters()))[4:12, 4:20].max() < 8


def test_webp_with_alpha():
    assert flat(load(riff(vp8l(20, 30, (51, 200, 100, 0))))) == (244, 224, 204)
    lossy = encode(Image.new("RGBA", (32, 32), (0, 0, 0, 128)), "WEBP", quality=90)
    assert b"ALPH" in lossy
    assert flat(load(lossy), 2)[0] == pytest.approx(127, abs=2)


# --------------------------------------------------------------------------------------------------------- orientation


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """What EXIF says: 2 mirrored, 3 upside down, 4 both, 5 to 8 with rows for columns."""
    return {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.transpose(1, 0, 2),
        6: np.rot90(pixels, -1),
        7: pixels[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(pixels),
    }[orientation]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_orientation(format, orientation, order):
    notes = b"Exif\0\0" + exif(orientation, order)
    data = encode(quarters(), format, exif=notes, lossless=True, quality=95, subsampling=0)
    pixels = np.asarray(load(data)).astype(int)
    expected = turned(np.asarray(quarters()).astype(int), orientation)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).max() <= (3 if format == "JPEG" else 0)  # the edges lie on those of its blocks


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II*\0",
        exif(0),
        exif(9),
        exif(6)[:18],
        b"XX" + exif(6)[2:],
        exif(6)[:4] + b"\xff\xff\xff\xff" + exif(6)[8:],
    ],
)
def test_orientation_that_makes_no_sense(data):
    assert Exif(data).orientation == 1
    assert np.array_equal(load(encode(quarters(), "PNG", exif=data)), quarters())


def test_orientation_in_a_chunk_after_the_pixels():
    rows = np.asarray(quarters()).tobytes()
    image = load(png_file(48, 32, 8, 2, rows, after=png_chunk(b"eXIf", exif(6))))
    assert image.getpixel((0, 0)) == BLUE  # turned to the right, the lower left corner comes up


# ------------------------------------------------------------------------------------------- what photographers need


def photographed() -> Image.Exif:
    found = Image.Exif()
    found[0x010F], found[0x0132], found[0x0112] = "Maker", "2026:11:30 10:00:00", 6
    found.get_ifd(0x8769).update({0x9003: "2026:11:29 09:00:00", 0x829A: 0.008, 0x927C: b"secret", 0xA431: "serial"})
    found.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.5)})
    return found


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize("gps", [False, True])
def test_date_camera_and_dpi_are_kept_and_the_place_only_when_asked(format, gps, tmp_path):
    exif = photographed()
    exif[0x011A] = exif[0x011B] = 300.0
    exif[0x0128] = 2
    data = encode(quarters(), format, exif=exif.tobytes(), **({} if format == "WEBP" else {"dpi": (300, 300)}))
    photo = load(data, keep_gps=gps)
    made = with_settings(check_image(photo), {"seed": 1}, source=check_image(photo))
    save_png(made, tmp_path / "made.png")
    for kind in ("PNG", "JPEG", "WEBP"):
        load_image(tmp_path / "made.png", keep_gps=gps).save(
            tmp_path / "made", kind, **notes(load_image(tmp_path / "made.png", keep_gps=gps))
        )
        for path in (tmp_path / "made.png", tmp_path / "made"):
            with Image.open(path) as found:
                read = found.getexif()
                assert (read[0x010F], read[0x0132], read.get(0x0112)) == ("Maker", "2026:11:30 10:00:00", None)
                assert read.get_ifd(0x8769) == {0x9003: "2026:11:29 09:00:00", 0x829A: 0.008}
                assert bool(read.get_ifd(0x8825)) is gps
                assert read[0x011A] == 300
            assert load_image(path).info["dpi"] == (300, 300)
    if gps:
        assert read.get_ifd(0x8825) == {1: "N", 2: (52.0, 31.0, 12.5)}


def test_a_picture_keeps_its_alpha_only_when_asked():
    shape = quarters().convert("RGBA")
    shape.paste((9, 9, 9, 0), (0, 0, 24, 16))
    for data in (encode(shape, "PNG"), encode(shape, "WEBP", lossless=True)):
        kept = load(data, keep_alpha=True)
        assert (kept.mode, kept.getpixel((1, 1))[3], kept.getpixel((30, 1))) == ("RGBA", 0, (*GREEN, 255))
        assert load(data).getpixel((1, 1)) == (255, 255, 255)
    assert load(encode(quarters().convert("RGBA"), "PNG"), keep_alpha=True).mode == "RGB"


# ------------------------------------------------------------------------------------------------------ colour profiles

SWAPPED = icc_rgb((SRGB_D50[1], SRGB_D50[0], SRGB_D50[2]))  # its red is the green of sRGB
LINEAR = icc_rgb(SRGB_D50, LINEAR_CURVE)  # half the light is 188 in sRGB: 1.055 * (128 / 255) ** (1 / 2.4) - 0.055


def close(colour: tuple[int, int, int], expected: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(colour, expected, strict=True)) <= 1


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_profile_is_applied(format):
    options = {"quality": 100} if format == "JPEG" else {"lossless": True}
    data = encode(Image.new("RGB", (32, 32), RED), format, icc_profile=SWAPPED, **options)
    assert close(flat(load(data)), GREEN)
    data = encode(Image.new("RGB", (32, 32), (128, 128, 128)), format, icc_profile=LINEAR, **options)
    assert close(flat(load(data)), (188, 188, 188))


def test_wide_colours_become_srgb():
    # The red of sRGB is (234, 51, 35) in Display P3; what only P3 has is cut off at the edge of sRGB.
    for colour, expected in [((234, 51, 35), RED), ((255, 0, 0), RED), ((0, 255, 0), GREEN), ((90, 90, 90),) * 2]:
        data = encode(Image.new("RGB", (32, 32), colour), "PNG", icc_profile=icc_rgb(P3_D50))
        assert close(flat(load(data)), expected)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encode(Image.new("L", (20, 20), 128), "PNG", icc_profile=icc_grey()), (188, 188, 188)),
        (encode(Image.new("L", (24, 24), 128), "JPEG", quality=100, icc_profile=icc_grey()), (188, 188, 188)),
        (encode(Image.new("1", (20, 20), 1), "PNG", icc_profile=icc_grey()), (255, 255, 255)),
        (encode(Image.new("I;16", (20, 20), 128 * 257), "PNG", icc_profile=icc_grey()), (188, 188, 188)),
        # Grey pixels with a profile for colours: as red = green = blue.
        (encode(Image.new("L", (20, 20), 128), "PNG", icc_profile=LINEAR), (188, 188, 188)),
        # The profile first, then the white: 255 - (255 - 188) * 0.2.
        (encode(Image.new("LA", (20, 20), (128, 51)), "PNG", icc_profile=icc_grey()), (242, 242, 242)),
        (encode(Image.new("LA", (20, 20), (128, 51)), "PNG", icc_profile=LINEAR), (242, 242, 242)),
        (encode(Image.new("RGBA", (20, 20), (128, 128, 128, 51)), "PNG", icc_profile=LINEAR), (242, 242, 242)),
        (encode(Image.new("RGBA", (20, 20), (*RED, 51)), "WEBP", lossless=True, icc_profile=SWAPPED), (204, 255, 204)),
        (encode(Image.new("RGB", (20, 20), RED).quantize(2), "PNG", icc_profile=SWAPPED), GREEN),
        # For another colour model, or no profile at all: passed over.
        (encode(Image.new("RGB", (20, 20), RED), "PNG", icc_profile=icc_grey()), RED),
        (encode(Image.new("RGB", (20, 20), RED), "PNG", icc_profile=icc_cmyk(lambda inks: 0)), RED),
        (encode(Image.new("RGB", (20, 20), RED), "PNG", icc_profile=SWAPPED[:200]), RED),
        (encode(Image.new("RGB", (20, 20), RED), "PNG", icc_profile=b"profile"), RED),
        (encode(Image.new("CMYK", (24, 24)), "JPEG", quality=100, icc_profile=SWAPPED), (255, 255, 255)),
    ],
)
def test_profiles_and_modes(data, expected):
    assert close(flat(load(data), 1), expected)


def test_cmyk_with_a_press_profile():
    """A press that prints cyan as L = 50, a grey of 119, and magenta as black."""
    press = icc_cmyk(lambda inks: 0 if inks[1] or inks[3] else 128 if inks[0] else 255)
    for inks, grey in [((255, 0, 0, 0), 119), ((0, 255, 0, 0), 0), ((0, 0, 0, 255), 0), ((0, 0, 0, 0), 255)]:
        data = encode(Image.new("CMYK", (32, 32), inks), "JPEG", quality=100, icc_profile=press)
        assert close(flat(load(data), 1), (grey,) * 3)


def test_a_long_profile_in_parts_out_of_order():
    profile = SWAPPED + bytes(100_000)
    profile = struct.pack(">I", len(profile)) + profile[4:]
    picture = encode(Image.new("RGB", (32, 32), RED), "JPEG", quality=100)
    segments = icc_segments(profile)
    first = 4 + 14 + 65000
    assert close(flat(load(jpeg_with(picture, segments))), GREEN)
    assert close(flat(load(jpeg_with(picture, segments[first:], segments[:first]))), GREEN)
    assert close(flat(load(jpeg_with(picture, segments[:first]))), RED)  # a part is missing: passed over


# ---------------------------------------------------------------------------------------------------- frames and notes


def test_the_first_frame_of_an_animation():
    first, second = Image.new("RGB", (20, 24), RED), Image.new("RGB", (20, 24), BLUE)
    for format in ("PNG", "WEBP"):
        data = encode(first, format, save_all=True, append_images=[second], lossless=True)
        assert Image.open(io.BytesIO(data)).n_frames == 2
        assert flat(load(data)) == RED
    # A picture for readers without animation, which is not part of it: it comes first.
    data = encode(first, "PNG", save_all=True, append_images=[second], default_image=True)
    assert flat(load(data)) == RED
    assert flat(load(encode(first, "MPO", save_all=True, append_images=[second], quality=100)), 1) == (254, 0, 0)


def test_a_frame_that_does_not_fill_its_canvas():
    head = (vp8x(40, 32, 0x12), riff_chunk(b"ANIM", b"\0\0\xff\xff\0\0"))
    image = load(riff(*head, anmf(10, 8, 20, 16, vp8l(20, 16, (255, *BLUE))), anmf(0, 0, 40, 32, vp8l(40, 32))))
    assert image.size == (40, 32)
    assert image.getpixel((9, 8)) == image.getpixel((30, 8)) == (255, 255, 255)
    assert image.getpixel((10, 8)) == image.getpixel((29, 23)) == BLUE


def test_the_first_of_several_notes_counts():
    """Or unpacking them all takes as long as a file likes, a good one or a bad one in front."""
    bad, good = zlib.compress(SWAPPED)[:-9], zlib.compress(SWAPPED)
    rows = bytes(RED) * 400
    for profiles, seed, expected in [((good, bad), 1, GREEN), ((bad, good), 2, RED)]:
        before = b"".join(png_chunk(b"iCCP", b"name\0\0" + profile) for profile in profiles)
        before += png_chunk(b"tEXt", b'deepart\0{"seed": %d}' % seed) + png_chunk(b"tEXt", b'deepart\0{"seed": 3}')
        image = load(png_file(20, 20, 8, 2, rows, before=before))
        assert close(flat(image), expected)
        assert settings(image) == {"seed": seed}


@pytest.mark.parametrize(
    "chunk", [png_chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 0)), b"\0\0\0\1PLTEx1234"]
)
def test_png_with_a_second_header_or_a_wrong_checksum(chunk):
    assert "damaged" in refusal(io.BytesIO(png_file(40, 32, 8, 0, bytes(40 * 32), before=chunk)))


def test_jpeg_with_a_second_frame_or_too_many_scans():
    frame = segment(0xC0, struct.pack(">BHHB", 8, 9000, 9000, 3) + bytes(9))
    assert "damaged" in refusal(io.BytesIO(jpeg_with(flat_jpeg(40, 32), frame)))
    assert load(flat_jpeg(40, 32, progressive=True, scans=containers.MAX_SCANS)).size == (40, 32)
    assert "damaged" in refusal(io.BytesIO(flat_jpeg(40, 32, progressive=True, scans=containers.MAX_SCANS + 1)))


def test_warnings_of_others_are_left_alone():
    """Eight threads load files that Pillow itself would warn about; the filters are never touched, nothing is heard."""
    broken = b"Exif\0\0" + exif(6)[:10] + b"\0\x01\2\0\xff\xff\xff\xff\xff\xff\xff\xff"
    data = jpeg_with(encode(quarters(), "JPEG", quality=95), segment(0xE1, broken))
    with pytest.warns(UserWarning, match="Truncated"):
        Image.open(io.BytesIO(data)).getexif()
    filters, seen, faults = list(warnings.filters), [], []

    def work():
        try:
            for _ in range(20):
                seen.append(load(data).size)
                faults.extend(() if warnings.filters == filters else ("the filters changed",))
        except BaseException as error:
            faults.append(error)

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        filters = list(warnings.filters)
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (faults, heard) == ([], [])
    assert seen == [(48, 32)] * 160


# --------------------------------------------------------------------------------------------------------- check_image

MODES = {
    "1": (1, (255, 255, 255)),
    "L": (99, (99, 99, 99)),
    "P": (1, (200, 100, 50)),
    "PA": ((1, 51), (244, 224, 214)),
    "LA": ((100, 51), (224, 224, 224)),
    "La": ((20, 51), (224, 224, 224)),  # the 100 above, already times its alpha
    "RGB": ((1, 2, 3), (1, 2, 3)),
    "RGBX": ((1, 2, 3, 4), (1, 2, 3)),
    "RGBA": ((200, 100, 0, 51), (244, 224, 204)),
    "RGBa": ((40, 20, 0, 51), (244, 224, 204)),
    "CMYK": ((255, 0, 0, 0), (0, 255, 255)),
    "YCbCr": ((99, 128, 128), (99, 99, 99)),
    "LAB": ((128, 128, 128), (119, 119, 119)),
    "HSV": ((0, 255, 200), (200, 0, 0)),
    "I": (65407, (255, 255, 255)),
    "F": (98.6, (99, 99, 99)),
    "I;16": (32768, (128, 128, 128)),
    "I;16L": (129, (1, 1, 1)),
    "I;16B": (32768, (128, 128, 128)),
    "I;16N": (32768, (128, 128, 128)),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_pillow(mode):
    colour, expected = MODES[mode]
    image = Image.new(mode, (32, 20), colour)
    if mode in ("P", "PA"):
        image.putpalette([10, 20, 30, 200, 100, 50])
    before = image.tobytes()
    result = check_image(image)
    assert close(flat(result), expected)
    assert (result.size, result.info) == ((32, 20), {})
    assert (image.mode, image.tobytes()) == (mode, before)


@pytest.mark.parametrize(("value", "expected"), [(-5, 0), (0, 0), (65535, 255), (10**6, 255)])
def test_numbers_out_of_range(value, expected):
    assert flat(check_image(Image.new("I", (20, 20), value))) == (expected,) * 3
    assert flat(check_image(Image.new("F", (20, 20), value))) == (min(max(value, 0), 255),) * 3


@pytest.mark.parametrize(
    "image", [None, "picture.png", b"", 7, np.zeros((32, 32, 3), np.uint8), torch.zeros(3, 32, 32)]
)
def test_what_is_no_image(image):
    with pytest.raises(ImageError, match=rf"^The style picture is of type {type(image).__name__}, not a PIL image; "):
        check_image(image, "style picture")


def test_an_image_that_cannot_be_decoded():
    lazy = Image.open(io.BytesIO(encode(Image.fromarray(noise()), "PNG")[:300]))
    closed = Image.new("RGB", (20, 20))
    closed.close()
    odd = Image.new("RGB", (20, 20))
    odd.info["transparency"] = "none"
    for image in (lazy, closed, odd):
        with pytest.raises(ImageError, match=r"^The content picture cannot be read as RGB; "):
            check_image(image, "content picture")


def test_an_image_is_turned_and_brought_to_srgb_and_left_as_it_was():
    image = Image.open(io.BytesIO(encode(quarters(), "PNG", exif=exif(6), icc_profile=SWAPPED)))
    result = check_image(image)
    assert result.size == (32, 48)
    assert close(result.getpixel((31, 0)), GREEN)  # red by its numbers, turned to the right
    assert result.info == {}
    assert image.size == (48, 32)
    assert image.getpixel((0, 0)) == RED
    by_hand = quarters()
    by_hand.getexif()[0x0112] = 3
    assert check_image(by_hand).getpixel((0, 0)) == YELLOW


# ------------------------------------------------------------------------------------------------------------- tensors


def test_all_256_values_there_and_back():
    ramp = np.arange(256, dtype=np.uint8)
    pixels = np.stack([ramp, ramp[::-1], np.roll(ramp, 99)], axis=1).reshape(16, 16, 3)
    tensor = to_tensor(Image.fromarray(pixels))
    assert (tensor.shape, tensor.dtype, tensor.is_contiguous()) == ((1, 3, 16, 16), torch.float32, True)
    assert torch.equal(tensor[0, 0].flatten(), torch.arange(256, dtype=torch.float32) / 255)
    assert torch.equal(tensor[0, 1, 0, :3], torch.tensor([255.0, 254.0, 253.0]) / 255)
    for result in (to_image(tensor), to_image(tensor[0]), to_image(tensor.double()), to_image(tensor.requires_grad_())):
        assert result.mode == "RGB"
        assert np.array_equal(result, pixels)


def test_to_image_clamps_and_rounds():
    values = torch.tensor([-1.0, 2.0, 0.49 / 255, 0.51 / 255, float("nan"), float("inf"), -float("inf"), 254.6 / 255])
    assert np.asarray(to_image(values.expand(3, 1, 8)))[0, :, 2].tolist() == [0, 255, 0, 1, 0, 255, 0, 255]
    assert flat(to_image(torch.full((3, 4, 4), 0.5, dtype=torch.bfloat16))) == (128, 128, 128)


# ----------------------------------------------------------------------------------------------------------------- fit


@pytest.mark.parametrize(
    ("size", "longer_side", "expected"),
    [
        ((400, 300), 200, (200, 150)),
        ((300, 400), 200, (150, 200)),
        ((40, 30), 200, (200, 150)),
        ((100, 100), 33, (33, 33)),
        ((400, 301), 200, (200, 151)),  # 150.5, halves up
        ((1000, 10), 20, (20, 1)),  # 0.2, but no side is lost
        ((64, 48), 64, (64, 48)),
    ],
)
def test_fit_keeps_the_proportions(size, longer_side, expected):
    image = Image.new("RGB", size, (9, 99, 199))
    result = fit(image, longer_side)
    assert result.size == expected
    assert flat(result) == (9, 99, 199)
    assert result is not image


# ------------------------------------------------------------------------------------------------------------ settings

PLAIN = {"seed": 7, "model": "fäst", "strength": 0.25, "size": None, "weights": [1, 2.5], "keep": True, "by": {"a": 1}}


def test_settings_there_and_back(tmp_path):
    image = with_settings(quarters(), PLAIN)
    assert settings(image) == PLAIN
    assert list(json.loads(image.info["deepart"])) == sorted(PLAIN)
    assert settings(quarters()) is None
    image.info |= {"dpi": (72, 72), "comment": "of no use"}
    path, file = tmp_path / "picture.png", io.BytesIO()
    save_png(image, path)
    save_png(image, str(tmp_path / "picture.jpg"))  # PNG, whatever the name
    save_png(image, file)
    assert path.read_bytes() == (tmp_path / "picture.jpg").read_bytes() == file.getvalue()
    loaded = load_image(path)
    assert (loaded.info.pop("dpi"), loaded.info) == ((72, 72), {"deepart": image.info["deepart"]})
    assert settings(loaded) == PLAIN
    assert np.array_equal(loaded, quarters())
    assert settings(check_image(loaded)) == PLAIN


BAD_SETTINGS = ["", "{", "[1]", "7", "null", '{"a": NaN}', '{"a": 1e999}', "[" * 60_000, '{"a": "\ud800"}', 7, b"{}"]
BAD_SETTINGS += ['{"a": "' + "x" * 65_536 + '"}', '{"a": ' + "9" * 5000 + "}"]


@pytest.mark.parametrize("text", BAD_SETTINGS, ids=range(len(BAD_SETTINGS)))
def test_settings_that_cannot_be_read(text):
    image = quarters()
    image.info["deepart"] = text
    assert settings(image) is None
    assert check_image(image).info == {}
    file = io.BytesIO()
    save_png(image, file)
    assert "deepart" not in Image.open(file).info


TEXT = b'{"seed": 7}'


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        (png_chunk(b"tEXt", b"deepart\0" + TEXT), {"seed": 7}),
        (png_chunk(b"tEXt", b"deepart\0" + TEXT)[:-1] + b"x", None),  # its checksum is wrong
        (png_chunk(b"tEXt", b"other\0" + TEXT), None),
        (png_chunk(b"tEXt", b'deepart\0{"a": "' + b"x" * 70_000 + b'"}'), None),
    ],
)
def test_settings_in_a_text_chunk(chunk, expected):
    for place in ("before", "after"):
        image = load(png_file(20, 20, 8, 0, bytes(400), **{place: chunk}))
        assert settings(image) == expected
        assert set(image.info) == ({"deepart"} if expected else set())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_save_png_is_exact(mode, tmp_path):
    image = Image.fromarray(noise()).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.arange(960, dtype=np.uint16).reshape(24, 40) * 65)
    save_png(image, tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as back:
        assert (back.mode, back.tobytes()) == (mode, image.tobytes())


def test_a_picture_that_cannot_be_written(tmp_path):
    closed = io.BytesIO()
    closed.close()
    for target in (tmp_path / "no-such-folder" / "picture.png", tmp_path, "nul\0.png", closed, io.StringIO()):
        with pytest.raises(ImageError, match="cannot be written") as caught:
            save_png(quarters(), target)
        assert "no-such-folder" not in str(caught.value)
    with pytest.raises(ImageError, match="mode CMYK cannot be saved as PNG"):
        save_png(Image.new("CMYK", (20, 20)), tmp_path / "cmyk.png")
    assert not (tmp_path / "cmyk.png").exists()
    with pytest.raises(DeepArtError, match="of type NoneType"):
        save_png(None, tmp_path / "none.png")


@pytest.mark.parametrize("target", [None, 5, b"picture.png", []])
def test_what_cannot_be_written_to_gets_a_sentence(target: Any) -> None:
    with pytest.raises(ImageError, match="cannot be written"):
        save_png(Image.new("RGB", (16, 16)), target)

"""Pictures one after another, as a file that plays: GIF, WebP or MP4."""

import io
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from deepart import images
from deepart.checks import listed, number, shown
from deepart.containers import write_file
from deepart.errors import ImageError, OptionError

MAX_FRAMES = 1000
_SHOWN, _STRIP = 8, 160  # pictures of a strip, and its height in pixels
_GIF_WHOLE, _GIF_COPY = 128, 96  # pixels: what is the largest frame whose own pixels choose its palette, else a copy
MIN_FPS, MAX_FPS = 1, 50  # a GIF counts in hundredths of a second, and browsers slow down frames of one


def save_animation(frames: Sequence[Image.Image], path: str | os.PathLike[str], *, fps: float = 12.0) -> None:
    """Write pictures of one size as an animation; the end of the path, .gif, .webp or .mp4, says which.

    fps: pictures a second, 1 to 50. GIF and WebP play in a loop. The settings that the first picture carries go into
    the file: as the comment of a GIF, the image description (EXIF) of a WebP, the comment of an MP4. Raises OptionError
    for another ending, and ImageError.
    """
    if not isinstance(path, str | os.PathLike) or Path(path).suffix.lower() not in FORMATS:
        raise OptionError(
            "The animation's file is {path}; its name must end in {endings}.",
            path=shown(path), endings=", ".join(FORMATS),
        )  # fmt: skip
    fps = number("fps", fps, MIN_FPS, MAX_FPS)
    pictures = [images.check_image(frame, "frame") for frame in listed("frames", frames, 1, MAX_FRAMES)]
    sizes = sorted({picture.size for picture in pictures})
    if len(sizes) > 1:
        first, second = (f"{width}x{height}" for width, height in sizes[:2])
        raise ImageError(
            "The frames are of different sizes, {first} and {second} among them; bring them to one size.",
            first=first, second=second,
        )  # fmt: skip
    found = images.settings(pictures[0])
    note = json.dumps(found, sort_keys=True) if found is not None else ""
    write_file(path, FORMATS[Path(path).suffix.lower()](pictures, fps, note))


def _gif(frames: Sequence[Image.Image], fps: float, note: str) -> bytes:
    return _looped([_paletted(frame) for frame in frames], fps, 10, format="GIF", comment=note.encode(), optimize=False)


def _paletted(frame: Image.Image) -> Image.Image:
    """Return a frame with a palette of its own: in one for all, the colours of a walk would not do."""
    # To find the best colours for each of a million pixels takes seconds, and a small copy has the same.
    small = images.fit(frame, _GIF_COPY) if max(frame.size) > _GIF_WHOLE else frame
    palette = small.quantize(256, Image.Quantize.MEDIANCUT)
    return palette if small is frame else frame.quantize(palette=palette, dither=Image.Dither.NONE)


def _webp(frames: Sequence[Image.Image], fps: float, note: str) -> bytes:
    exif = Image.Exif()
    if note:
        exif[ExifTags.Base.ImageDescription] = note
    return _looped(frames, fps, 1, format="WEBP", quality=90, method=4, exif=exif.tobytes())


def _looped(frames: Sequence[Image.Image], fps: float, unit: int, **options: Any) -> bytes:
    """Return a file that plays in a loop. unit: milliseconds that a frame's time is a multiple of."""
    # Counted from the start, so that they add up to the whole as nearly as may be.
    ends = [round(frame * 1000 / fps / unit) * unit for frame in range(len(frames) + 1)]
    durations, file = [end - start for start, end in pairwise(ends)], io.BytesIO()
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=durations, loop=0, **options)
    return file.getvalue()


def _mp4(frames: Sequence[Image.Image], fps: float, note: str) -> bytes:
    import av  # here, since few who import us make a film

    # In a folder of its own: to put the table of contents first, as browsers like it, the file is read while written.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
            if note:
                container.metadata["comment"] = note
            stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
            # Colour at half the size, which every player takes; so the sides must be even.
            stream.width, stream.height = (side - side % 2 for side in frames[0].size)
            stream.pix_fmt = "yuv420p"
            stream.options = {"crf": "16", "preset": "medium"}
            for frame in frames:
                picture = av.VideoFrame.from_ndarray(np.asarray(frame.crop((0, 0, stream.width, stream.height))))
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        return path.read_bytes()


FORMATS: dict[str, Callable[[Sequence[Image.Image], float, str], bytes]] = {".gif": _gif, ".webp": _webp, ".mp4": _mp4}
"""How a file with each ending is made."""


def there_and_back(frames: list[Image.Image]) -> list[Image.Image]:
    """Return the frames and then those between the ends once more, backwards, so that a loop has no jump."""
    return frames + frames[-2:0:-1]


def strip_of(frames: Sequence[Image.Image]) -> Image.Image:
    """Return up to eight of the frames, from the first to the last, beside each other as one picture."""
    count = min(_SHOWN, len(frames))
    small = [frames[round(index * (len(frames) - 1) / (count - 1))] for index in range(count)]
    width, height = small[0].size
    if height > _STRIP:
        small = [images.fit(one, max(1, round(max(one.size) * _STRIP / height))) for one in small]
        width, height = small[0].size
    strip = Image.new("RGB", (count * width, height))
    for index, one in enumerate(small):
        strip.paste(one, (index * width, 0))
    return images.with_settings(strip, (images.settings(frames[0]) or {}) | {"view": "strip", "pictures": count})

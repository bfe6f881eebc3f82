"""Films, frame by frame: clips in MP4, MOV, WebM and GIF are read, and MP4 is written, with PyAV.

A film is never in memory as a whole. Only these three containers are opened, by what the file's first bytes say: FFmpeg
knows others that name further files, also on other machines.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from itertools import count as count_up
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from deepart.checks import shown
from deepart.containers import FILMS, name_kind, name_of, write_file
from deepart.decoding import check_size
from deepart.errors import ImageError
from deepart.images import fitted_size

MAX_PIXELS = 4096 * 4096  # of a frame: decoders hold up to seventeen
MAX_RATE, USUAL = 60, Fraction(25)  # frames a second: more are not painted; and where a clip does not say
SAMPLES = 8  # frames that stand for a clip
_BUSY = 240  # frames a second above which no clip is meant to be painted
_COPIED = frozenset({"aac", "mp3"})  # sound that every player of an MP4 takes
_SDR, _UNKNOWN = 1, 2  # BT.709 and "not said", for the matrix, the primaries and the curve alike
_COVER = 1024  # FFmpeg's mark of a picture that goes with a tune
_HD = 720  # lines from which on players take BT.709 where a film does not say


@dataclass(frozen=True)
class Survey:
    """What a clip holds. size: of the frames to make, sides even. frames: of each frame to make, by its number among
    those that can be read, when it is shown and for how long, in seconds. seconds: of the whole. rate: frames a second.
    sample: a picture in strips of frames that are spread over the clip. whole: whether all of it can be read."""

    size: tuple[int, int]
    frames: dict[int, tuple[Fraction, Fraction]]
    seconds: float
    rate: Fraction
    sample: Image.Image
    whole: bool


class Clip:
    """A clip to read: a path, or a binary file, which is read from its start as often as need be."""

    def __init__(self, source: str | os.PathLike[str] | BinaryIO) -> None:
        self._source: Any = source
        self._start: Fraction | None = None  # seconds at which its first frame is shown

    def survey(
        self, longer: int, fps: float | None, most: float, tell: Callable[[int], None] = lambda count: None
    ) -> Survey:
        """Read the clip once and return what it holds.

        longer: longer side of the frames to make. fps: at most so many of them a second, None for all. most: seconds
        that it may last. tell: called with the number of frames seen so far; may raise.

        Raises ImageError for what is no clip or cannot be opened, has no frame, or is too large or too long.
        """
        times, samples, every, whole = list[Fraction](), list[Image.Image](), 1, True
        size, last = (0, 0), Fraction(1)
        with self._opened() as container:
            stream = _moving(container)
            rate, count = stream.average_rate or USUAL, stream.frames
            said = Fraction(container.duration or 0, 10**6)  # this and the count are 0 where the header does not say
            for time, frame in self._decoded(container, stream):
                if frame is None:
                    whole = False
                    continue
                if max(time, said - 1) > most or len(times) > _BUSY * most:
                    raise ImageError(
                        "The clip lasts more than {most:g} seconds; cut it shorter, and paint one piece after the "
                        "other.",
                        most=most,
                    )
                size = size if times else _size(frame, stream, longer)
                if len(times) % every == 0:
                    samples.append(_picture(frame, size))
                if len(samples) == 2 * SAMPLES:
                    samples, every = samples[::2], 2 * every
                times.append(time)
                last = frame.duration * frame.time_base if frame.duration and frame.time_base else 1 / rate
                tell(len(times))
        if not times:
            raise ImageError("The clip has no frame that can be read; save it again, or choose another.")
        # An edit list may leave out some frames, and sound go on for a while.
        end = times[-1] + last
        whole &= len(times) >= 0.9 * count if count else end >= said * Fraction(9, 10) - Fraction(1, 2)
        cap = Fraction(fps or (MAX_RATE if rate > MAX_RATE + 1 else 10_000))
        slots: dict[int, int] = {}  # the first frame of each
        for number, time in enumerate(times):
            slots.setdefault(int(time * cap + Fraction(1, 1000)), number)
        pairs = pairwise([*slots.values(), len(times)])
        times.append(end)
        frames = {number: (times[number], times[after] - times[number]) for number, after in pairs}
        return Survey(size, frames, float(end), min(rate, cap), _strips(samples), whole)

    def paint(
        self, survey: Survey, target: Any, note: str, make: Callable[[int, Image.Image], Image.Image]
    ) -> tuple[int, bool]:
        """Write an MP4 of what `make` gives for each frame to be made, with the clip's sound.

        note: text that the file carries. make: called with the frame's number, from 1 on, and the frame, RGB, upright;
        where it raises, the file holds all frames so far, and the error reaches the caller.

        Returns how many frames there are, and whether there is sound. Raises ImageError where the file cannot be
        written.
        """
        count, numbers = 0, count_up()
        with self._opened() as container, tempfile.TemporaryDirectory() as folder:
            stream = _moving(container)
            sounds = [one for one in container.streams.audio if one.codec_context is not None][:1]
            film = _Film(Path(folder) / "film.mp4", survey, stream.time_base, sounds, note)
            try:
                for _, frame in self._decoded(container, stream, sounds, film.add_sound):
                    place = None if frame is None else survey.frames.get(next(numbers))
                    if place is not None:
                        film.add(make(count + 1, _picture(frame, survey.size)), *place)
                        count += 1
            finally:
                film.close()
                if count:
                    write_file(target, film.path.read_bytes())
            return count, film.heard

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        import av  # here, since few who import us read a film

        is_path = isinstance(self._source, str | os.PathLike)
        try:
            file = open(self._source, "rb") if is_path else self._source  # noqa: SIM115
            file.seek(0)
            start = file.read(64)
            file.seek(0)
        except (OSError, TypeError, ValueError, AttributeError):
            name = name_of(self._source) if is_path else shown(self._source)
            raise ImageError(
                "The clip {name} cannot be opened; check that the file is there and yours.", name=name
            ) from None
        with file if is_path else nullcontext():
            kind = name_kind(start)
            if kind not in FILMS and kind != "GIF":
                raise ImageError("The clip is {kind}; give an MP4, MOV, WebM or GIF file.", kind=kind)
            try:
                container = av.open(file, format=FILMS.get(kind, "gif"), metadata_errors="replace")
            except (av.FFmpegError, OSError, ValueError) as error:
                raise ImageError("The clip is damaged or cut short, and cannot be opened; save it again.") from error
            with container:
                yield container

    def _decoded(
        self, container: Any, stream: Any, sounds: Any = (), on_sound: Callable[[Any, Fraction], None] | None = None
    ) -> Iterator[tuple[Fraction, Any]]:
        """Yield the time and the frame of each that can be read, and None for a frame where some cannot."""
        import av

        # What a header lies about, the decoder sees.
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        before, packets = Fraction(-1), container.demux(stream, *sounds)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                if packet.stream is not stream:
                    if on_sound is not None and packet.dts is not None:
                        on_sound(packet, self._start or Fraction(0))
                    continue
                frames = packet.decode()
            except (av.FFmpegError, ValueError):  # of a file that ends early, or of one part; then the next may do
                yield before, None
                continue
            for frame in frames:
                if frame.is_corrupt:
                    yield before, None
                if frame.pts is None:
                    continue
                time = frame.pts * Fraction(frame.time_base)
                self._start = start = time if self._start is None else self._start
                if time - start > before:  # else it would stand still, or go back
                    before = time - start
                    yield before, frame


class _Film:
    """An MP4 being written: H.264 with half the colour, which every player takes, and the sound of a clip."""

    def __init__(self, path: Path, survey: Survey, time_base: Fraction, sounds: Sequence[Any], note: str) -> None:
        import av

        self.path, self.heard = path, False
        # To put the table of contents first, as browsers like it, the file is read while written.
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        self._container.metadata["comment"] = note
        self._video = self._container.add_stream("libx264", rate=survey.rate.limit_denominator(1001))
        self._video.width, self._video.height = survey.size
        self._video.pix_fmt, self._video.options = "yuv420p", {"crf": "16", "preset": "medium"}
        self._time_base = self._video.codec_context.time_base = max(time_base, Fraction(1, 90_000))
        for name in ("colorspace", "color_primaries", "color_trc", "color_range"):
            setattr(self._video.codec_context, name, _SDR)
        self._sound: Any = None
        self._copied = bool(sounds) and sounds[0].codec_context.codec.canonical_name in _COPIED
        if self._copied:
            self._sound = self._container.add_stream_from_template(sounds[0])
        elif sounds:
            self._sound = self._container.add_stream("aac", rate=min(sounds[0].rate or 48_000, 48_000))

    def add(self, picture: Image.Image, time: Fraction, lasts: Fraction) -> None:
        """Add a frame that is shown at a time, for so long, both in seconds."""
        import av

        frame = av.VideoFrame.from_ndarray(np.asarray(picture))
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
        frame.time_base, frame.pts = self._time_base, round(time / self._time_base)
        frame.duration = max(1, round(lasts / self._time_base))
        self._container.mux(self._video.encode(frame))

    def add_sound(self, packet: Any, start: Fraction) -> None:
        """Add a part of the sound of a clip whose first frame is at `start` seconds."""
        for part in [packet] if self._copied else packet.decode():
            shift = round(start / Fraction(part.time_base))
            part.pts = None if part.pts is None else part.pts - shift
            if self._copied:
                part.dts, part.stream = part.dts - shift, self._sound
            self._container.mux(part if self._copied else self._sound.encode(part))
            self.heard = True

    def close(self) -> None:
        """Write what is left, so that the file plays."""
        self._container.mux(self._video.encode(None))
        if self._sound is not None and not self._copied:
            self._container.mux(self._sound.encode(None))
        self._container.close()


def _moving(container: Any) -> Any:
    """Return the video of a container, which is not the cover of a record; raises ImageError for none, or too large."""
    shown = [one for one in container.streams.video if one.codec_context is not None and not one.disposition & _COVER]
    if not shown:
        raise ImageError("The clip has no moving picture, only sound or nothing; choose one that shows something.")
    width, height = shown[0].codec_context.width, shown[0].codec_context.height
    if width * height > MAX_PIXELS:
        raise ImageError(
            "The clip is {width}x{height} pixels; at most {most:,} pixels are taken, so scale it down.",
            width=width, height=height, most=MAX_PIXELS,
        )  # fmt: skip
    return shown[0]


def _size(frame: Any, stream: Any, longer: int) -> tuple[int, int]:
    """Return width and height of the frames to make, both even, for one of the clip; raises ImageError."""
    shape = stream.sample_aspect_ratio or Fraction(1)  # of a pixel
    width, height = max(1, round(frame.width * shape)), frame.height
    size = (height, width) if frame.rotation % 180 else (width, height)
    check_size(size, "clip", MAX_PIXELS * 16)
    width, height = fitted_size(size, longer)
    return width - width % 2, height - height % 2


def _strips(pictures: Sequence[Image.Image]) -> Image.Image:
    """Return one picture of as many upright strips as there are pictures, each of another, where it is in that."""
    whole = pictures[0].copy()
    for number, one in enumerate(pictures):
        left, right = (place * whole.width // len(pictures) for place in (number, number + 1))
        whole.paste(one.crop((left, 0, right, whole.height)), (left, 0))
    return whole


def _picture(frame: Any, size: tuple[int, int]) -> Image.Image:
    """Return a frame as an RGB picture of that size, upright, over white."""
    turns = round(frame.rotation / 90) % 4
    width, height = size if turns % 2 == 0 else size[::-1]
    alpha = any(component.is_alpha for component in frame.format.components)
    said = frame.colorspace != _UNKNOWN or frame.height < _HD
    made = frame.reformat(
        width, height, "rgba" if alpha else "rgb24", interpolation="LANCZOS", src_colorspace=None if said else "ITU709"
    )
    picture = Image.fromarray(np.ascontiguousarray(np.rot90(made.to_ndarray(), turns)))
    if not alpha:
        return picture
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture)
    return white

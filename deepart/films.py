"""Films, frame by frame: clips in MP4, MOV, WebM and GIF are read, and MP4 is written, with PyAV.

A film is never in memory as a whole. Only these three containers are opened, by what the file's first bytes say: FFmpeg
knows others that name further files, also on other machines.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from PIL import Image

from deepart.checks import shown
from deepart.containers import name_kind, name_of, write_file
from deepart.decoding import check_size
from deepart.errors import ImageError
from deepart.images import fitted_size

MAX_PIXELS = 4096 * 4096  # of a frame: decoders hold up to seventeen
MAX_RATE = 60  # frames a second: more are not painted
SAMPLES = 8  # frames that stand for a clip
_BUSY = 240  # frames a second above which no clip is meant to be painted
_COPIED = frozenset({"aac", "mp3"})  # sound that every player of an MP4 takes
_SDR, _UNKNOWN = 1, 2  # BT.709 and "not said", for the matrix, the primaries and the curve alike
_COVER = 1024  # FFmpeg's mark of a picture that goes with a tune
_HD = 720  # lines from which on players take BT.709 where a film does not say

Told = Callable[[int], None]


def is_clip(start: bytes) -> str | None:
    """Return FFmpeg's name of the container that a file of these first bytes is, None where it is none of ours."""
    if start[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip") or name_kind(start) == "a video (MP4)":
        return "mov"
    return "matroska" if start[:4] == b"\x1a\x45\xdf\xa3" else "gif" if start[:4] == b"GIF8" else None


def is_film(start: bytes) -> bool:
    """Return whether a file of these first bytes is a clip that is no picture as well."""
    return is_clip(start) in ("mov", "matroska")


@dataclass(frozen=True)
class Survey:
    """What a clip holds. size: of the frames to make, sides even. times: of each readable frame, in seconds from the
    first. picked: the numbers of those to make. last: seconds that the last one is shown. rate: frames a second.
    samples: some frames, spread over the clip. whole: whether all of it can be read."""

    size: tuple[int, int]
    times: list[Fraction]
    picked: list[int]
    last: Fraction
    rate: Fraction
    samples: list[Image.Image]
    whole: bool

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return float(self.times[-1] + self.last)


class Clip:
    """A clip to read: a path, or a binary file, which is read from its start as often as need be."""

    def __init__(self, source: str | os.PathLike[str] | BinaryIO) -> None:
        """Raises ImageError for what is no clip, or cannot be opened."""
        self._mine = isinstance(source, str | os.PathLike)
        try:
            self._file: Any = open(source, "rb") if isinstance(source, str | os.PathLike) else source  # noqa: SIM115
            self._file.seek(0)
            start = self._file.read(64)
        except (OSError, TypeError, ValueError, AttributeError):
            name = name_of(source) if isinstance(source, str | os.PathLike) else shown(source)
            raise ImageError(
                "The clip {name} cannot be opened; check that the file is there and yours.", name=name
            ) from None
        kind = is_clip(start)
        if kind is None:
            self.__exit__()
            raise ImageError("The clip is {kind}; give an MP4, MOV, WebM or GIF file.", kind=name_kind(start))
        self._kind = kind
        self._start: Fraction | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._mine:
            self._file.close()

    def survey(self, longer: int, fps: float | None, most: float, tell: Told = lambda count: None) -> Survey:
        """Read the clip once and return what it holds.

        longer: longer side of the frames to make. fps: at most so many of them a second, None for all. most: seconds
        that it may last. tell: called with the number of frames seen so far; may raise.

        Raises ImageError for a clip without a frame, too large or too long.
        """
        times, samples, every, whole = list[Fraction](), list[Image.Image](), 1, True
        size, last, rate = (0, 0), Fraction(1, 25), Fraction(25)
        with self._opened() as container:
            stream = _moving(container)
            rate = stream.average_rate or rate
            for time, frame in self._decoded(container, stream):
                if frame is None:
                    whole = False
                    continue
                if time > most or len(times) > _BUSY * most:
                    raise ImageError(
                        "The clip lasts more than {most:g} seconds; cut it shorter, and paint one piece after "
                        "the other.",
                        most=most,
                    )  # fmt: skip
                size = size if times else _size(frame, stream, longer)
                if len(times) % every == 0:
                    samples.append(_picture(frame, size))
                    if len(samples) == 2 * SAMPLES:
                        samples, every = samples[::2], 2 * every
                times.append(time)
                last = Fraction(frame.duration or 0) * (frame.time_base or 0) or 1 / rate
                tell(len(times))
            count, said = stream.frames, Fraction(container.duration or 0, 10**6)  # 0 where the header does not say
        if not times:
            raise ImageError("The clip has no frame that can be read; save it again, or choose another.")
        # An edit list may leave out some frames, and sound go on for a while.
        whole &= len(times) >= 0.9 * count if count else times[-1] + last >= said * Fraction(9, 10) - Fraction(1, 2)
        cap = fps if fps is not None else MAX_RATE if rate > MAX_RATE + 1 else None
        picked, seen = [], -1
        for number, time in enumerate(times):
            slot = number if cap is None else int(time * Fraction(cap) + Fraction(1, 1000))
            if slot > seen:
                picked.append(number)
                seen = slot
        return Survey(size, times, picked, last, min(rate, Fraction(cap or rate)), samples, whole)

    def paint(
        self, survey: Survey, target: Path, note: str, make: Callable[[int, Image.Image], Image.Image]
    ) -> tuple[int, bool]:
        """Write an MP4 of what `make` gives for each frame to be made, with the clip's sound.

        note: text that the file carries. make: called with the frame's number, from 1 on, and the frame, RGB, upright;
        where it raises, the file holds all frames so far, and the error reaches the caller.

        Returns how many frames there are, and whether there is sound. Raises ImageError where the file cannot be
        written.
        """
        wanted, count = {number: order for order, number in enumerate(survey.picked)}, 0
        ends = [*(survey.times[number] for number in survey.picked[1:]), survey.times[-1] + survey.last]
        with self._opened() as container, tempfile.TemporaryDirectory() as folder:
            stream = _moving(container)
            sounds = [one for one in container.streams.audio if one.codec_context is not None][:1]
            film = _Film(Path(folder) / "film.mp4", survey, stream.time_base, sounds, note)
            number = 0
            try:
                for time, frame in self._decoded(container, stream, sounds, film.add_sound):
                    if frame is None:
                        continue
                    if number in wanted and count < len(ends):
                        picture = make(count + 1, _picture(frame, survey.size))
                        film.add(picture, time, ends[wanted[number]] - time)
                        count += 1
                    number += 1
            finally:
                film.close()
                if count:
                    write_file(target, film.path.read_bytes())
            return count, film.heard

    def _opened(self) -> Any:
        import av  # here, since few who import us read a film

        try:
            self._file.seek(0)
            return av.open(self._file, format=self._kind)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise ImageError("The clip is damaged or cut short, and cannot be opened; save it again.") from error

    def _decoded(
        self, container: Any, stream: Any, sounds: Any = (), on_sound: Callable[[Any, Fraction], None] | None = None
    ) -> Iterator[tuple[Fraction, Any]]:
        """Yield the time and the frame of each that can be read, and None for a frame where some cannot."""
        import av

        # What a header lies about, the decoder sees.
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        before, step = None, 1 / (stream.average_rate or Fraction(25))
        packets = container.demux(stream, *sounds)
        while True:
            packet = None
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
                yield Fraction(0), None
                continue
            for frame in frames:
                own = None if frame.pts is None else frame.pts * Fraction(frame.time_base)
                if self._start is None:
                    self._start = own or Fraction(0)
                time = before + step if own is None and before is not None else (own or self._start) - self._start
                if before is None or time > before:  # else it would stand still, or go back
                    before = time
                    yield time, frame
                if frame.is_corrupt:
                    yield time, None


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
        self._copied = bool(sounds) and sounds[0].codec_context.codec.canonical_name in _COPIED
        self._sound = None
        if sounds and self._copied:
            self._sound = self._container.add_stream_from_template(sounds[0])
        elif sounds:
            self._sound = self._container.add_stream(
                "aac", rate=min(sounds[0].codec_context.sample_rate or 44_100, 48_000)
            )

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
        shift = round(start / packet.time_base)
        if self._copied and packet.size:
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts, packet.stream = packet.dts - shift, self._sound
            self._container.mux(packet)
            self.heard = True
        elif not self._copied and self._sound is not None:
            for frame in packet.decode():
                frame.pts = None if frame.pts is None else frame.pts - round(start / Fraction(frame.time_base))
                self._container.mux(self._sound.encode(frame))
                self.heard = True

    def close(self) -> None:
        """Write what is left, so that the file plays."""
        for stream in (self._video, *([] if self._copied or self._sound is None else [self._sound])):
            self._container.mux(stream.encode(None))
        self._container.close()


def _moving(container: Any) -> Any:
    """Return the video of a container, which is not the cover of a record; raises ImageError where there is none."""
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & _COVER:
            return stream
    raise ImageError("The clip has no moving picture, only sound or nothing; choose one that shows something.")


def _size(frame: Any, stream: Any, longer: int) -> tuple[int, int]:
    """Return width and height of the frames to make, both even, for one of the clip; raises ImageError."""
    width, height = frame.width, frame.height
    if width * height > MAX_PIXELS:
        raise ImageError(
            "The clip is {width}x{height} pixels; at most {most:,} pixels are taken, so scale it down.",
            width=width, height=height, most=MAX_PIXELS,
        )  # fmt: skip
    shape = stream.sample_aspect_ratio or Fraction(1)  # of a pixel
    width = max(1, round(width * shape))
    size = (height, width) if frame.rotation % 180 else (width, height)
    check_size(size, "clip", MAX_PIXELS * 16)
    width, height = fitted_size(size, longer)
    return width - width % 2, height - height % 2


def _picture(frame: Any, size: tuple[int, int]) -> Image.Image:
    """Return a frame as an RGB picture of that size, upright, over white."""
    turns = round(frame.rotation / 90) % 4
    width, height = size if turns % 2 == 0 else size[::-1]
    alpha = any(component.is_alpha for component in frame.format.components)
    said = frame.colorspace != _UNKNOWN or frame.height < _HD
    made = frame.reformat(
        width, height, "rgba" if alpha else "rgb24", interpolation="LANCZOS", src_colorspace=None if said else "ITU709"
    )
    pixels = np.rot90(made.to_ndarray(), turns)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if alpha:
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture)
        return white
    return picture

"""Films: painted with the strokes held still, and what comes out of clips of every sort."""

import io
import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from running_page import tiny_fine
from test_style import STYLE, difference, picture
from test_style_fast import pipeline as pipeline

from deepart import Film, Style, StyleTransferPipeline, films
from deepart.errors import ImageError, OptionError, UnsupportedError

FPS = 10
WARNED = "ignore:OpenCV is not installed"
pytestmark = pytest.mark.filterwarnings(WARNED)


def still(count: int = 4, size: tuple[int, int] = (96, 64)) -> list[Image.Image]:
    return [picture(0, *size)] * count


def panned(count: int = 6, size: tuple[int, int] = (96, 64), step: int = 2) -> list[Image.Image]:
    """A window that moves over a smooth picture, a whole number of pixels a frame."""
    whole = picture(3, 24, 16).resize((size[0] + step * count, size[1]), Image.Resampling.BICUBIC)
    return [whole.crop((step * n, 0, step * n + size[0], size[1])) for n in range(count)]


def write(
    path: Path, frames: Sequence[Image.Image], *, codec: str = "libx264", sound: str | None = None,
    times: Sequence[int] | None = None, turned: int = 0, rate: Fraction = Fraction(FPS),
) -> Path:  # fmt: skip
    """Write a clip. times: of the frames, in milliseconds. turned: degrees that a player is to turn it by."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(codec, rate=rate)
        video.width, video.height = frames[0].size
        video.pix_fmt = {"gif": "rgb8"}.get(codec, "yuv420p")
        video.options = {"crf": "4", "b": "2M"} if codec != "gif" else {}
        if times is not None:
            video.codec_context.time_base = Fraction(1, 1000)
        if turned:
            video.set_display_rotation(turned)
        audio: Any = container.add_stream(sound, rate=48_000) if sound else None
        for number, frame in enumerate(frames):
            made = av.VideoFrame.from_image(frame)
            if times is not None:
                made.pts, made.time_base = times[number], Fraction(1, 1000)
            container.mux(video.encode(made))
        container.mux(video.encode(None))
        if audio is not None:
            samples = (np.sin(np.arange(len(frames) * 48_000 // FPS) / 20) * 9000).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            frame.rate, frame.pts = 48_000, 0
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def read(path: Path) -> list[Image.Image]:
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def times_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [round(float(frame.time), 3) for frame in container.decode(video=0)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "film.mp4"


def test_strokes_stand_still_on_a_clip_that_does(pipeline: StyleTransferPipeline, tmp_path: Path, out: Path) -> None:
    clip = write(tmp_path / "clip.mp4", still())
    film = pipeline.stylize_video(clip, STYLE, out=out, size=96)
    assert film == Film((96, 64), 4, pytest.approx(0.4), False, True)  # type: ignore[arg-type]
    frames = read(out)
    assert max(difference(frame, frames[0]) for frame in frames) < 1
    assert difference(frames[0], pipeline.stylize(still()[0], STYLE)) < 12
    assert difference(frames[0], still()[0]) > 15


def flicker(frames: Sequence[Image.Image], step: int = 2) -> float:
    pixels = [np.asarray(frame, float)[:, 4:-4] for frame in frames]
    return float(np.mean([np.abs(b[:, :-step] - a[:, step:]).mean() for a, b in pairwise(pixels)]))


def test_what_moves_takes_its_strokes_along(pipeline: StyleTransferPipeline, tmp_path: Path, out: Path) -> None:
    clip, frames = write(tmp_path / "clip.mp4", panned()), panned()
    alone = flicker([pipeline.stylize(frame, STYLE) for frame in frames])
    pipeline.stylize_video(clip, STYLE, out=out, size=96, warp=False)
    held = flicker(read(out))
    assert held < 0.6 * alone  # what is measured is the same for all
    pipeline.stylize_video(clip, STYLE, out=out, size=96)
    assert flicker(read(out)) < 0.9 * held


def test_without_opencv_it_says_so_once(
    pipeline: StyleTransferPipeline, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    clip = write(tmp_path / "clip.mp4", still())
    with pytest.warns(UserWarning, match=r"OpenCV is not installed, .* pip install opencv-python-headless\.") as said:
        film = pipeline.stylize_video(clip, STYLE, out=out, size=96)
    assert (film.frames, len(said)) == (4, 1)
    assert max(difference(frame, read(out)[0]) for frame in read(out)) < 1


@pytest.mark.parametrize(
    ("name", "codec", "sound"),
    [("clip.mp4", "libx264", "aac"), ("clip.mov", "libx264", "pcm_s16le"), ("clip.webm", "libvpx-vp9", "libopus")],
)
def test_sound_is_kept(
    pipeline: StyleTransferPipeline, tmp_path: Path, out: Path, name: str, codec: str, sound: str
) -> None:
    film = pipeline.stylize_video(write(tmp_path / name, still(5), codec=codec, sound=sound), STYLE, out=out, size=64)
    assert (film.sound, film.frames, film.whole) == (True, 5, True)
    with av.open(str(out)) as container:
        heard = np.concatenate([one.to_ndarray()[0].astype(float) for one in container.decode(audio=0)])
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "aac"
        assert len(heard) / stream.rate == pytest.approx(0.5, abs=0.06)
    assert np.abs(heard).max() > 0.1
    if sound == "aac":  # copied: packet for packet the same
        assert packets(out) == packets(tmp_path / name)


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("turned", [90, 180, -90])
def test_a_turned_clip_stands_upright(pipeline: StyleTransferPipeline, tmp_path: Path, out: Path, turned: int) -> None:
    frame = Image.new("RGB", (96, 64), "black")
    frame.paste("white", (0, 0, 48, 32))
    clip = write(tmp_path / "clip.mp4", [frame] * 2, turned=turned)
    film = pipeline.stylize_video(clip, STYLE, out=out, size=96, strength=0.0)
    upright = frame.rotate(turned, expand=True)
    assert film.size == upright.size
    assert difference(read(out)[0], upright) < 6


def test_frames_keep_their_times(pipeline: StyleTransferPipeline, tmp_path: Path, out: Path) -> None:
    times = [0, 100, 130, 400, 1000]
    clip = write(tmp_path / "clip.mp4", panned(5), times=times)
    film = pipeline.stylize_video(clip, STYLE, out=out, size=64, strength=0.0)
    assert times_of(out) == [time / 1000 for time in times]
    assert film.frames == 5
    assert pipeline.stylize_video(clip, STYLE, out=out, size=64, strength=0.0, fps=5).frames == 3
    assert times_of(out) == [0, 0.4, 1.0]
    rate = Fraction(30000, 1001)
    pipeline.stylize_video(write(clip, still(9), rate=rate), STYLE, out=out, size=64, strength=0.0)
    with av.open(str(out)) as container:
        assert container.streams.video[0].average_rate == rate


def test_a_gif_and_sides_that_are_odd(pipeline: StyleTransferPipeline, tmp_path: Path, out: Path) -> None:
    frames = panned(3, (97, 65))
    for frame in frames:
        frame.putalpha(Image.linear_gradient("L").resize(frame.size).point(lambda value: 255 * (value > 99)))
    frames[0].save(tmp_path / "clip.gif", save_all=True, append_images=frames[1:], duration=200, disposal=2)
    film = pipeline.stylize_video(tmp_path / "clip.gif", STYLE, out=out, size=97, strength=0.0)
    assert (film.size, film.frames, film.seconds) == ((96, 64), 3, pytest.approx(0.6))
    assert np.asarray(read(out)[0])[:10].mean() > 245  # over white
    assert times_of(out) == [0, 0.2, 0.4]
    data, made = io.BytesIO((tmp_path / "clip.gif").read_bytes()), io.BytesIO()
    assert pipeline.stylize_video(data, STYLE, out=made, size=64, strength=0.0).size == (64, 42)
    out.write_bytes(made.getvalue())
    assert len(read(out)) == 3


def test_the_callback_follows_and_what_it_raises_leaves_a_film_that_plays(
    pipeline: StyleTransferPipeline, tmp_path: Path, out: Path
) -> None:
    clip = write(tmp_path / "clip.mp4", panned(5), sound="aac")
    told: list[tuple[int, int, Any]] = []

    def stop(step: int, total: int, preview: Image.Image | None) -> None:
        told.append((step, total, preview and preview.size))
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.stylize_video(clip, STYLE, out=out, size=64, callback=stop)
    assert [one for one in told if one[0]] == [(step, 5, (64, 42)) for step in (1, 2, 3)]
    assert len(read(out)) == 2  # the third was not yet written
    assert packets(out)
    out.unlink()

    def at_once(step: int, total: int, preview: Image.Image | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.stylize_video(clip, STYLE, out=out, size=64, callback=at_once)
    assert not out.exists()


def test_a_film_says_how_it_was_made(pipeline: StyleTransferPipeline, tmp_path: Path, out: Path) -> None:
    pipeline.stylize_video(write(tmp_path / "clip.mp4", still()), STYLE, out=out, size=64, seed=5)
    with av.open(str(out)) as container:
        made = json.loads(container.metadata["comment"])
    assert (made["task"], made["seed"], made["size"]) == ("style", 5, [64, 42])


def test_a_clip_that_breaks_off_is_painted_as_far_as_it_goes(
    pipeline: StyleTransferPipeline, tmp_path: Path, out: Path
) -> None:
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 255, (64, 96, 3), np.uint8)) for _ in range(20)]
    whole = write(tmp_path / "clip.webm", frames, codec="libvpx")
    assert pipeline.stylize_video(whole, STYLE, out=out, size=64, strength=0.0).whole
    half = tmp_path / "half.webm"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    film = pipeline.stylize_video(half, STYLE, out=out, size=64, strength=0.0)
    assert not film.whole
    assert 5 < film.frames < 15
    assert len(read(out)) == film.frames


def bad(folder: Path) -> Iterator[tuple[str, bytes | None, str]]:
    """Names of files, what is in them, and what is said of them."""
    clip = write(folder / "good.mp4", still()).read_bytes()
    yield "none.mp4", None, r"The clip 'none.mp4' cannot be opened; check that the file is there and yours\."
    yield "photo.mp4", png(), "The clip is PNG; give an MP4, MOV, WebM or GIF file"
    yield "text.mp4", b"#EXTM3U\n/etc/passwd\n", "The clip is text; give an MP4"
    yield "empty.mp4", b"", "give an MP4, MOV, WebM or GIF file"
    yield "half.mp4", clip[: len(clip) // 2], "The clip is damaged or cut short"
    sound = folder / "sound.mp4"
    with av.open(str(sound), "w") as container:
        audio = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.int16), format="s16", layout="mono")
        frame.rate = 48_000
        container.mux([*audio.encode(frame), *audio.encode(None)])
    yield "tune.mp4", sound.read_bytes(), "The clip has no moving picture"
    long = write(folder / "long.mp4", still(2), times=[0, 21_000])
    yield "long.mp4", long.read_bytes(), "The clip lasts more than 20 seconds; cut it shorter"
    start, end = clip.index(b"mdat") + 4, clip.rindex(b"moov") - 4  # the frames, but not what is said of them
    yield "zeros.mp4", clip[:start] + bytes(end - start) + clip[end:], "The clip has no frame that can be read"
    small = write(folder / "small.mp4", still(2, (96, 8)))
    yield "small.mp4", small.read_bytes(), "The clip is 96x8 pixels; each side must have at least 16"


def png() -> bytes:
    file = io.BytesIO()
    picture(0).save(file, "PNG")
    return file.getvalue()


def test_bad_clips_are_told_in_one_sentence(pipeline: StyleTransferPipeline, tmp_path: Path, out: Path) -> None:
    out.write_bytes(b"an older film")
    for name, data, sentence in bad(tmp_path):
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(ImageError, match=sentence):
            pipeline.stylize_video(path, STYLE, out=out)
    assert out.read_bytes() == b"an older film"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"out": "film.avi"}, r"The film is to be 'film\.avi'; give a name that ends in \.mp4, in a folder"),
        ({"out": "nowhere/film.mp4"}, "The film is to be 'nowhere/film.mp4'"),
        ({"size": 4000}, "The size is 4000; it must be a whole number of pixels from 64 to 2048"),
        ({"fps": 0}, "The fps is 0"),
        ({"strength": 2}, "The strength is 2"),
        ({"warp": 1}, "The warp is 1; it must be True or False"),
    ],
)
def test_bad_options(pipeline: StyleTransferPipeline, tmp_path: Path, options: dict[str, Any], sentence: str) -> None:
    clip = write(tmp_path / "clip.mp4", still(2))
    with pytest.raises(OptionError, match=sentence):
        pipeline.stylize_video(clip, STYLE, **{"out": tmp_path / "film.mp4", **options})


def test_a_portrait_of_4k_from_a_phone(pipeline: StyleTransferPipeline, tmp_path: Path, out: Path) -> None:
    frame = picture(1, 384, 216).resize((3840, 2160))
    clip = write(tmp_path / "clip.mov", [frame] * 2, turned=-90)
    film = pipeline.stylize_video(clip, STYLE, out=out, size=128)
    assert (film.size, film.frames) == ((72, 128), 2)


def test_a_clip_of_too_many_pixels(
    pipeline: StyleTransferPipeline, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write(tmp_path / "clip.mp4", still(2))
    monkeypatch.setattr(films, "MAX_PIXELS", 6000)
    with pytest.raises(ImageError, match="The clip is 96x64 pixels; at most 6,000 pixels are taken, so scale it down"):
        pipeline.stylize_video(clip, STYLE, out=out)


def test_a_mask_holds_for_every_frame(pipeline: StyleTransferPipeline, tmp_path: Path, out: Path) -> None:
    frames = panned(3)
    mask = Image.new("L", (300, 200))
    mask.paste(255, (150, 0, 300, 200))
    pipeline.stylize_video(write(tmp_path / "clip.mp4", frames), STYLE, out=out, size=96, mask=mask)
    for made, frame in zip(read(out), frames, strict=True):
        assert difference(made.crop((0, 0, 40, 64)), frame.crop((0, 0, 40, 64))) < 6
        assert difference(made.crop((56, 0, 96, 64)), frame.crop((56, 0, 96, 64))) > 12


def test_colors_are_kept_and_small_frames_painted(pipeline: StyleTransferPipeline, tmp_path: Path, out: Path) -> None:
    clip = write(tmp_path / "clip.mp4", panned(3, (64, 48)))
    assert pipeline.stylize_video(clip, [STYLE, picture(8)], out=out, size=64, preserve_color=True).frames == 3
    assert difference(read(out)[0], panned(3, (64, 48))[0]) > 5


def test_a_saved_style_paints_films_and_fine_does_not(
    pipeline: StyleTransferPipeline, tmp_path: Path, out: Path
) -> None:
    clip = write(tmp_path / "clip.mp4", still(2))
    pipeline.read_style(STYLE).save(tmp_path / "mine.safetensors")
    assert pipeline.stylize_video(clip, Style.load(tmp_path / "mine.safetensors"), out=out, size=96).frames == 2
    assert difference(read(out)[0], still()[0]) > 10
    with pytest.raises(UnsupportedError, match=r"The model 'fine' paints no films; use 'fast'\."):
        tiny_fine().stylize_video(clip, STYLE, out=out)

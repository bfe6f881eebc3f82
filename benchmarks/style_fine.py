"""Fine style transfer: how fast, how large, how good, and what it looks like.

    python -m benchmarks.style_fine speed       # writes benchmarks/style_fine_speed.json
    python -m benchmarks.style_fine paint       # paints 8 contents in 6 styles at 256 px, a few at 384,
                                                # into runs/ (resumable; --shard 0 --of 2 is every other one)
    python -m benchmarks.style_fine look        # measures them: benchmarks/style_fine_look.csv, and draws the sheets

speed: for each size one run in a process of its own, with the time of every step and the most memory it took above
what it held before the run. look: the yardstick of metrics.py at 384x384 for every pair, and for the content as it is.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import torch

from benchmarks import pictures
from benchmarks.machine import machine, peak_memory
from benchmarks.pictures import CONTENTS, Cell
from benchmarks.yardstick import Row, mean_row, measure, squared, write_rows
from deepart import StyleTransferPipeline, load_image, save_png
from deepart.images import fit, to_tensor
from deepart.models.gatys import GatysConfig, schedule
from deepart.pipelines.features import load_features

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "style_fine"
SIZES = (256, 512, 1024)
PAINTED = 256  # longer side of the judged pictures
SHOWN = 384  # and of the few that the README shows

STYLES = {
    name: pictures.STYLES[name]
    for name in ("great wave", "night cafe", "moulin", "stained glass", "woodcut", "marbling")
}
FEW_CONTENTS = ["portrait", "cat", "mountain"]
FEW_STYLES = ["stained glass", "night cafe", "woodcut", "marbling"]


def speed_of(size: int) -> dict[str, float]:
    """Time one run at a size and return its numbers; memory is that of this process, so it runs in its own."""
    pipeline = StyleTransferPipeline.from_pretrained("fine")
    content, style = fit(load_image(CONTENTS["portrait"]), size), load_image(STYLES["night cafe"])
    pipeline.stylize(content, style, size=64, steps=2)  # the first convolutions of a process also choose their kernels
    before = peak_memory()
    ticks = [time.perf_counter()]
    pipeline.stylize(content, style, callback=lambda *_: ticks.append(time.perf_counter()))
    gaps = [later - earlier for earlier, later in pairwise(ticks)]
    full = schedule(content.height, content.width, GatysConfig().steps)[-1].steps
    result = {
        "width": content.width,
        "height": content.height,
        "steps": len(gaps),
        "seconds": round(ticks[-1] - ticks[0], 1),
        "seconds_per_step_at_full_size": round(statistics.median(gaps[-full:]), 3),
        "peak_memory_mb": round(peak_memory() / 1e6),
        "above_start_mb": round((peak_memory() - before) / 1e6),
    }
    if torch.cuda.is_available():
        result["gpu_peak_mb"] = round(torch.cuda.max_memory_allocated() / 1e6)
    return result


def speed() -> None:
    rows = []
    for size in SIZES:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.style_fine", "speed-of", str(size)], check=True, capture_output=True
        )
        rows.append(json.loads(done.stdout))
        print(rows[-1], flush=True)
    text = json.dumps({"machine": machine(), "sizes": rows}, indent=2)
    (HERE / "style_fine_speed.json").write_text(text + "\n")


def painted_path(content: str, style: str, size: int) -> Path:
    return RUNS / f"{content}-{style}-{size}.png".replace(" ", "_")


def paint(shard: int, of: int) -> None:
    """Paint every of-th picture from `shard` on that is not painted yet."""
    RUNS.mkdir(parents=True, exist_ok=True)
    pipeline = StyleTransferPipeline.from_pretrained("fine")
    wanted = [(content, style, PAINTED) for style in STYLES for content in CONTENTS]
    wanted += [(content, style, SHOWN) for style in FEW_STYLES for content in FEW_CONTENTS]
    for content, style, size in wanted[shard::of]:
        path = painted_path(content, style, size)
        if not path.exists():
            start = time.perf_counter()
            result = pipeline.stylize(load_image(CONTENTS[content]), load_image(STYLES[style]), size=size)
            save_png(result, path)
            print(f"{content} / {style} at {size}: {time.perf_counter() - start:.0f} s", flush=True)


def look() -> None:
    features = load_features(device="cpu")
    rows: list[Row] = []
    for content_name, content_path in CONTENTS.items():
        content = to_tensor(squared(load_image(content_path)))
        for style_name, style_path in STYLES.items():
            style = to_tensor(squared(load_image(style_path)))
            painted = to_tensor(squared(load_image(painted_path(content_name, style_name, PAINTED))))
            row: Row = {"content": content_name, "style": style_name}
            for when, picture in (("before", content), ("after", painted)):
                numbers = measure(features, picture, content, style)
                row.update({f"{name}_{when}": value for name, value in numbers.items()})
            rows.append(row)
    rows.append(mean_row(rows, "of all"))
    write_rows(rows, HERE / "style_fine_look.csv")
    print(rows[-1])
    draw_sheet(list(CONTENTS), list(STYLES), PAINTED, 180, HERE / "style_fine_sheet.webp")
    draw_sheet(FEW_CONTENTS, FEW_STYLES, SHOWN, 248, HERE / "style_fine_few.webp", names=False)


def draw_sheet(contents: list[str], styles: list[str], size: int, side: int, path: Path, *, names: bool = True) -> None:
    """Draw styles along the top and one row a content, every picture cropped to a square of `side` pixels."""
    cells: list[list[Cell]] = [[None, *((load_image(STYLES[style]), style) for style in styles)]]
    for content in contents:
        painted = ((load_image(painted_path(content, style, size)), f"{content} / {style}") for style in styles)
        cells.append([(load_image(CONTENTS[content]), content), *painted])
    pictures.draw_sheet(cells, side, names=names).save(path, quality=66, method=6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    jobs = parser.add_subparsers(dest="job", required=True)
    jobs.add_parser("speed")
    jobs.add_parser("speed-of").add_argument("size", type=int)
    painter = jobs.add_parser("paint")
    painter.add_argument("--shard", type=int, default=0)
    painter.add_argument("--of", type=int, default=1)
    jobs.add_parser("look")
    options = parser.parse_args()
    if options.job == "speed":
        speed()
    elif options.job == "speed-of":
        print(json.dumps(speed_of(options.size)))
    elif options.job == "paint":
        paint(options.shard, options.of)
    else:
        look()


if __name__ == "__main__":
    main()

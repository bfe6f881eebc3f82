"""How fast GANPipeline makes pictures, what memory it takes, and how well it finds the latent of a picture.

    python -m benchmarks.gan speed          # writes benchmarks/gan_speed.json, a minute
    python -m benchmarks.gan recovery       # writes benchmarks/gan_recovery.json, two minutes

`--model FOLDER` before the job tries a checkpoint: the files then go to runs/gan/<name of the folder>/.

speed: on the CPU with `--threads` threads, each number of pictures in a process of its own, medians; on a machine with
CUDA also the GPU. speed_of, png_of and memory_of say what is timed. recovery: project() of eight of the generator's own
pictures, of seeds that the number of steps was not chosen on.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.modules import module as torch_module

from benchmarks.machine import machine, peak_memory
from deepart import metrics
from deepart.images import save_png, to_tensor

if TYPE_CHECKING:
    from deepart import GANPipeline

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "gan"
MODEL = "landscapes"
COUNTS = (1, 16, 64)
REPEATS = {1: 31, 16: 11, 64: 5}
STEPS = 200
SEEDS = range(1000, 1008)


def output_folder(model: str) -> Path:
    """Return where results go: beside this file only for the model that is shipped."""
    return HERE if model == MODEL else RUNS / Path(model).resolve().name


def load(model: str, device: str) -> GANPipeline:
    from deepart import GANPipeline

    return GANPipeline.from_pretrained(model, device=device)


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(repeats):
        start = now()
        call()
        times.append(now() - start)
    return statistics.median(times)


class Spent:
    """Time inside of networks, in seconds."""

    def __init__(self) -> None:
        self.depth, self.start, self.total = 0, 0.0, 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count, until the end of the block, the time inside of outermost calls of any torch module."""
        hooks = (
            torch_module.register_module_forward_pre_hook(self.enter),
            torch_module.register_module_forward_hook(self.leave),
        )
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def enter(self, *_: object) -> None:
        if self.depth == 0:
            self.start = now()
        self.depth += 1

    def leave(self, *_: object) -> None:
        self.depth -= 1
        if self.depth == 0:
            self.total += now() - self.start


def now() -> float:
    """Return the time in seconds, once a GPU has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


# -------------------------------------------------------------------------------------------------------------- speed


def speed_of(model: str, count: int, device: str, threads: int) -> dict[str, float]:
    """Time generate() of `count` seeds, from the call to PIL images; the model is loaded and warm.

    outside: the share of that time that is spent outside of the network: noise, conversion to PIL, settings.
    """
    torch.set_num_threads(threads)
    pipeline = load(model, device)
    call = partial(pipeline.generate, count)
    call()
    took = seconds(call, REPEATS[count])
    spent = Spent()
    with spent.watched():
        start = now()
        for _ in range(REPEATS[count]):
            call()
        total = now() - start
    return {
        "pictures": count,
        "seconds": round(took, 4),
        "pictures_per_second": round(count / took, 1),
        "outside": round(1 - spent.total / total, 3),
    }


def png_of(model: str, count: int, device: str, threads: int) -> dict[str, float]:
    """Time generate() of `count` seeds and packing them as PNG files in memory; outside: also the packing."""
    torch.set_num_threads(threads)
    pipeline = load(model, device)

    def call() -> None:
        for picture in pipeline.generate(count):
            save_png(picture, io.BytesIO())

    call()
    spent, pictures = Spent(), pipeline.generate(count)
    took = seconds(call, REPEATS[count])
    with spent.watched():
        start = now()
        call()
        total = now() - start
    packing = seconds(lambda: [save_png(picture, io.BytesIO()) for picture in pictures], REPEATS[count])
    return {
        "pictures": count,
        "side": pipeline.side,
        "seconds": round(took, 3),
        "png_seconds": round(packing, 3),
        "outside": round(1 - spent.total / total, 3),
    }


def memory_of(model: str, count: int, device: str, threads: int) -> dict[str, float]:
    """Return the most memory of this process after `count` pictures, and what came after loading and one picture."""
    torch.set_num_threads(threads)
    pipeline = load(model, device)
    pipeline.generate(1)
    before = peak_memory()
    pictures = pipeline.generate(count)
    return {
        "pictures": len(pictures),
        "peak_memory_mb": round(peak_memory() / 1e6),
        "above_start_mb": round((peak_memory() - before) / 1e6),
    }


def painted_of(model: str, count: int, device: str, threads: int) -> dict[str, float]:
    """Time `count` generated pictures painted large by "fine", four at 768 pixels or one at 2048; all is loaded."""
    from deepart import StyleTransferPipeline, load_image, paint_large
    from deepart.ui.examples import example_files

    torch.set_num_threads(threads)
    pictures = load(model, device).generate(count)
    fine = StyleTransferPipeline.from_pretrained("fine", device=device)
    manner = load_image(example_files("paintings")[0])
    size = 768 if count > 1 else 2048
    paint_large(pictures[0], manner, size=512, load=lambda _: fine)
    start = now()
    for picture in pictures:
        paint_large(picture, manner, size=size, load=lambda _: fine)
    return {
        "pictures": count,
        "size": size,
        "seconds": round(now() - start, 1),
        "peak_memory_mb": round(peak_memory() / 1e6),
    }


JOBS = {"speed-of": speed_of, "png-of": png_of, "memory-of": memory_of, "painted-of": painted_of}


def in_own_process(*arguments: object) -> dict[str, Any]:
    """Run a job of this file in a process of its own and return what it printed."""
    command = [sys.executable, "-m", "benchmarks.gan", *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=HERE.parent)
    result: dict[str, Any] = json.loads(done.stdout)
    print(*arguments, result, flush=True)
    return result


def speed(model: str, threads: int) -> None:
    torch.set_num_threads(threads)
    load_before = os.getloadavg()[0]  # of the machine: above 0.5 something else was running

    def on(device: str) -> dict[str, Any]:
        run = partial(in_own_process, "--model", model, "--threads", threads, "--device", device)
        return {
            "time": [run("speed-of", count) for count in COUNTS],
            "with_png": run("png-of", COUNTS[-1]),
            "painted": [run("painted-of", count) for count in (4, 1)],
        }

    result = {
        "machine": machine(),
        "load_before": round(load_before, 2),
        "model": model,
        "cpu": on("cpu"),
        "memory": in_own_process("--model", model, "--threads", threads, "--device", "cpu", "memory-of", COUNTS[-1]),
        "gpu": on("cuda") if torch.cuda.is_available() else None,
    }
    write(result, output_folder(model) / "gan_speed.json")


# ----------------------------------------------------------------------------------------------------------- recovery


def recovery(model: str, threads: int, device: str | None = None) -> None:
    """Find eight pictures of the generator's own again, and say how near the found ones come, in dB."""
    torch.set_num_threads(threads)
    pipeline = load(model, device or ("cuda" if torch.cuda.is_available() else "cpu"))
    rows = []
    for seed in SEEDS:
        [picture] = pipeline.generate(seed=seed)
        start = now()
        latent = pipeline.project(picture, steps=STEPS)
        took = now() - start
        [found] = pipeline.generate(latents=latent)
        quality = metrics.psnr(to_tensor(picture), to_tensor(found))
        rows.append({"seed": seed, "psnr_db": round(quality, 2), "seconds": round(took, 2)})
        print(rows[-1], flush=True)
    result = {
        "machine": machine(),
        "model": model,
        "steps": STEPS,
        "median_psnr_db": round(statistics.median(row["psnr_db"] for row in rows), 2),
        "worst_psnr_db": min(row["psnr_db"] for row in rows),
        "median_seconds": round(statistics.median(row["seconds"] for row in rows), 2),
        "pictures": rows,
    }
    write(result, output_folder(model) / "gan_recovery.json")


def write(result: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=MODEL, help="a registered name or a folder with a checkpoint")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", help="of one job (default: the best there is)")
    jobs = parser.add_subparsers(dest="job", required=True)
    for name in ("speed", "recovery"):
        jobs.add_parser(name)
    for name in JOBS:
        jobs.add_parser(name).add_argument("count", type=int, choices=(*COUNTS, 4))
    options = parser.parse_args()
    if options.job == "speed":
        speed(options.model, options.threads)
    elif options.job == "recovery":
        recovery(options.model, options.threads, options.device)
    else:
        print(json.dumps(JOBS[options.job](options.model, options.count, options.device, options.threads)))


if __name__ == "__main__":
    main()

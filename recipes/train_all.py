"""Train everything that learns from pictures, in one command, on a GPU or a CPU: "fast" and the generators.

    python -m recipes.train_all --make data pack                # once: a pack of small JPEGs of the sets in data/
    python -m recipes.train_all pack out --minutes 10

data holds the sets style, landscapes, faces and people, as recipes.art_pictures and gan_data make them; one that
is missing is left out. The pack has some pictures of each, as large as training looks at them, within MOST_PACK bytes:
small enough to travel with the project to a machine that has nothing else.

out gets for each training what its recipe leaves (checkpoint, log.csv, sheets of held-out pictures), the weights as
model folders in out/weights, and speed.json: how long "fine" and "fast" take, beside the multiply-adds that they need
at the rate of a large product of matrices on the device. The same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.machine import machine
from deepart import StyleTransferPipeline
from deepart.device import autocast, pick_device
from recipes import export_gan, train_gan, train_style

MOST_PACK, MOST_ALL = 20 * 2**20, 60 * 2**20  # bytes of a pack; of a pack and the project's own files
ROOT = Path(__file__).parent.parent
QUALITY = 88  # of a pack's JPEGs
SIZES = (512, 1024, 2048)  # pixels; of the timings


class Training(NamedTuple):
    """What is trained: its set, its share of the minutes and of the pack's bytes, and the shorter side of its pictures
    in pixels. train: takes the set, the run's folder and the arguments of its recipe. write: the run's model folder.
    """

    data: str
    time: float
    bytes: float
    side: int
    batch: int
    train: Callable[[Sequence[str]], None]
    write: Callable[[Path, Path, Path], None]


def _write_style(data: Path, run: Path, out: Path) -> None:
    train_style.main([str(data), "--run", str(run), "--write", str(out)])


def _write_gan(data: Path, run: Path, out: Path) -> None:
    export_gan.main([str(run), str(out)])


TRAININGS = {
    "style-fast": Training("style", 0.4, 0.6, 224, 16, train_style.main, _write_style),
    "gan-landscapes": Training("landscapes", 0.25, 0.18, 64, 32, train_gan.main, _write_gan),
    "gan-faces": Training("faces", 0.2, 0.1, 64, 32, train_gan.main, _write_gan),
    "gan-people": Training("people", 0.15, 0.12, 64, 32, train_gan.main, _write_gan),
}


def make_pack(data: Path, pack: Path) -> None:
    """Write the pack: of each set as many pictures, evenly spread, as its share of the bytes holds."""
    for training in TRAININGS.values():
        source = data / training.data
        if not (source / "manifest.json").exists():
            print(f"{source} is no set; it is left out.")
            continue
        manifest: dict[str, Any] = json.loads((source / "manifest.json").read_text("utf-8"))
        names = _evenly(sorted(manifest["files"]))
        kept: dict[str, Any] = {}
        room = MOST_PACK * training.bytes
        for name in names:
            packed = _reduced(source / name, training.side)
            room -= len(packed) + 300  # and what the manifest says of it
            if room < 0:
                break
            target = Path(name).with_suffix(".jpg").as_posix()
            (pack / training.data / target).parent.mkdir(parents=True, exist_ok=True)
            (pack / training.data / target).write_bytes(packed)
            kept[target] = {key: value for key, value in manifest["files"][name].items() if key != "sha256"}
        (pack / training.data / "manifest.json").write_text(json.dumps(manifest | {"files": kept}, indent=1) + "\n")
        print(f"{training.data}: {len(kept)} of {len(names)} pictures")


def _evenly(names: list[str]) -> list[str]:
    """Return names in an order whose beginnings are spread over all of them: by the golden ratio."""
    return [name for _, name in sorted((index * 0.6180339887 % 1, name) for index, name in enumerate(names))]


def _reduced(path: Path, side: int) -> bytes:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = min(1, side / min(image.size))
    image = image.resize([max(1, round(length * scale)) for length in image.size], Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=QUALITY)
    return packed.getvalue()


def weigh(pack: Path) -> int:
    """Return the bytes of a pack and of the project's own files, those that git knows or would; prints them.

    Raises SystemExit where that is more than MOST_ALL: it would not travel.
    """
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True,
        check=False,
    ).stdout.split(b"\0")  # fmt: skip
    files = {(ROOT / name.decode()).resolve() for name in names if name} | {one.resolve() for one in pack.rglob("*")}
    total = sum(path.stat().st_size for path in files if path.is_file())
    print(f"pack and project: {total / 2**20:.1f} MiB")
    if total > MOST_ALL:
        raise SystemExit(f"The pack and the project have {total / 2**20:.0f} MiB; at most {MOST_ALL // 2**20} travel.")
    return total


def train(pack: Path, out: Path, minutes: float, device: torch.device, more: Mapping[str, Sequence[str]]) -> None:
    """Run the trainings whose sets are in the pack, each for its share of the minutes, and write their weights.

    more: further arguments for the recipe of a training.
    """
    present = {name: one for name, one in TRAININGS.items() if (pack / one.data / "manifest.json").exists()}
    if not present:
        raise SystemExit(f"{pack} holds no set; make the pack with --make.")
    whole = sum(one.time for one in present.values())
    for name, one in present.items():
        data, run, share = pack / one.data, out / name, minutes * one.time / whole
        print(f"== {name}: {share:.1f} minutes", flush=True)
        arguments = [str(data), "--run", str(run), "--minutes", f"{share:.3f}", "--device", str(device)]
        arguments += ["--batch", str(one.batch), "--every", f"{max(share / 6, 0.02):.3f}"]
        one.train([*arguments, *more.get(name, ())])
        one.write(data, run, out / "weights" / name)


def measure(device: torch.device, sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """Return how long "fine" and "fast" take, and how long their multiply-adds would at the rate of the device."""
    peak = product_rate(device)
    rows = []
    for model in ("fine", "fast"):
        pipeline = StyleTransferPipeline.from_pretrained(model, device=device)
        for size in sizes:
            content, style = (Image.effect_mandelbrot((size, size), box, 60).convert("RGB") for box in _BOXES)
            with FlopCounterMode(display=False) as counted:
                pipeline.stylize(content, style)  # also a first run, which loads what runs later
            start = time.perf_counter()
            pipeline.stylize(content, style, seed=1)
            seconds = time.perf_counter() - start
            macs = counted.get_total_flops() / 2
            rows.append({"model": model, "size": size, "seconds": round(seconds, 2), "gmac": round(macs / 1e9, 1),
                         "share_of_peak": round(macs / peak / seconds, 4)})  # fmt: skip
    return {"machine": machine(), "peak_tmac_per_s": round(peak / 1e12, 3), "runs": rows}


_BOXES = ((-2.0, -1.2, 0.6, 1.2), (-0.8, 0.0, -0.6, 0.2))


def product_rate(device: torch.device, side: int = 2048, times: int = 8) -> float:
    """Return the multiply-adds a second of a product of matrices in the device's fastest type."""

    def ready() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    with autocast(device):
        a, b = torch.randn(2, side, side, device=device)
        for _ in range(2):
            a @ b
        ready()
        start = time.perf_counter()
        for _ in range(times):
            a @ b
        ready()
    return times * side**3 / (time.perf_counter() - start)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path, help="folder of the pack; with --make of the sets")
    parser.add_argument("out", type=Path, help="folder for the results; with --make for the pack")
    parser.add_argument("--make", action="store_true", help="make the pack")
    parser.add_argument("--minutes", type=float, default=10, help="of all trainings together (default: %(default)s)")
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    parser.add_argument("--limit", type=int, help="take only so many pictures for each generator, as for a trial")
    options = parser.parse_args(arguments)
    if options.make:
        make_pack(options.pack, options.out)
        weigh(options.out)
        return
    weigh(options.pack)
    device = pick_device(options.device)
    limit = ["--limit", str(options.limit)] if options.limit else []
    train(options.pack, options.out, options.minutes, device, {name: limit for name in TRAININGS if "gan" in name})
    found = measure(device)
    (options.out / "speed.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

"""What it costs to start a model of the Hub that is in the cache, against loading the same file by hand with torch.

    python -m benchmarks.hub            # writes benchmarks/hub.json

The files have the names, shapes and sizes of the published ones, with random weights, and lie in a Hub cache of their
own. Each start is a fresh process, the ways in turn, the files in the page cache; medians. by_hand: read the file,
put its tensors into the same network, nothing checked. ours: from_pretrained, which finds the file in the cache, knows
that it was verified, and looks at every number. first: the same with a file that was never verified. load_ms counts
from when torch and deepart are there; start_ms from when torch is there.

target: ours takes less than 1.1 times by_hand, or less than 50 ms more.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from benchmarks.machine import machine

HERE = Path(__file__).parent
MODELS = ("fastgan-painting", "taesd")
WAYS = ("by_hand", "ours", "first")
RATIO, MORE = 1.1, 50.0  # the target; MORE in ms


# --- Files as they are published -------------------------------------------------------------------------------------


def fastgan_state() -> dict[str, Tensor]:
    """Return tensors with the names and shapes of a published FastGAN."""
    from deepart.models.fastgan import BASE, DRAFT, LEAP, FastGANConfig

    config = FastGANConfig()
    channels, sides = config.channels, [BASE * 2**index for index in range(len(config.channels))]
    convs: dict[str, tuple[int, ...]] = {"_init._layers.0": (config.latent, 2 * channels[0], 4, 4)}
    norms = {"_init._layers.1": 2 * channels[0]}
    state: dict[str, Tensor] = {}
    for index in range(1, len(sides)):
        block, long = f"_upsample_{sides[index]}._layers", index % 2 == 1
        convs[f"{block}.1"] = (2 * channels[index], channels[index - 1], 3, 3)
        if long:
            convs[f"{block}.5"] = (2 * channels[index], channels[index], 3, 3)
            state |= {f"{block}.{order}._weight": torch.zeros(1) for order in (2, 6)}
        norms |= {f"{block}.{order}": 2 * channels[index] for order in ((3, 7) if long else (2,))}
    for index in range(LEAP, len(sides) - 1):
        convs[f"_sle_{sides[index]}._layers.1"] = (channels[index], channels[index - LEAP], 4, 4)
        convs[f"_sle_{sides[index]}._layers.3"] = (channels[index], channels[index], 1, 1)
    convs[f"_out_{sides[DRAFT]}.0"] = (3, channels[DRAFT], 1, 1)
    convs[f"_out_{sides[-1]}.0"] = (3, channels[-1], 3, 3)
    for name, shape in convs.items():
        weight = 0.05 * torch.randn(shape)
        matrix = (weight.transpose(0, 1) if name.startswith("_init") else weight).flatten(1)
        u = normalize(torch.randn(len(matrix)), dim=0)
        v = normalize(matrix.T @ u, dim=0)
        state |= {
            f"{name}._conv.weight_{part}": value for part, value in zip(("orig", "u", "v"), (weight, u, v), strict=True)
        }
    for name, count in norms.items():
        state |= {f"{name}.{part}": torch.rand(count) + 0.1 for part in ("weight", "bias", "running_mean")}
        state |= {f"{name}.running_var": torch.rand(count) + 0.1, f"{name}.num_batches_tracked": torch.tensor(0)}
    return state


def taesd_names(network: Any) -> nn.Module:
    """Return a view of a TAESD under whose names its tensors are published."""
    parts = {"encoder": network.encoder, "decoder": network.decoder}
    return nn.ModuleDict({name: nn.ModuleDict({"layers": layers}) for name, layers in parts.items()})


def write_file(model: str, path: Path) -> None:
    """Write a file in the layout of a model's published one."""
    from deepart.models.taesd import TAESD

    torch.manual_seed(0)
    if model == "taesd":
        safetensors.torch.save_file(taesd_names(TAESD()).state_dict(), path)
    else:
        torch.save(fastgan_state(), path)


def fill_cache(model: str, home: Path) -> dict[str, Any]:
    """Put a model's file into a Hub cache; return its name, size, sha256 and path."""
    spec = record(model)
    repo = home / "hub" / ("models--" + (spec.repo_id or "").replace("/", "--"))
    snapshot = repo / "snapshots" / (spec.revision or "")
    (repo / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    name = spec.files[0].name
    scratch = repo / "blobs" / "scratch"
    write_file(model, scratch)
    with scratch.open("rb") as stream:
        sha = hashlib.file_digest(stream, "sha256").hexdigest()
    scratch.rename(repo / "blobs" / sha)
    (snapshot / name).symlink_to(Path("../../blobs") / sha)
    path = snapshot / name
    return {"name": name, "size": path.stat().st_size, "sha256": sha, "path": str(path)}


def record(model: str) -> Any:
    """Return what the registry says about a model."""
    from deepart.registry import REGISTRY

    return next(spec for spec in REGISTRY.values() if spec.name == model)


# --- One start, in a process of its own ------------------------------------------------------------------------------


def by_hand(model: str, path: str) -> nn.Module:
    """Load a file as one would without us: nothing is checked."""
    if model == "taesd":
        from deepart.models.taesd import TAESD

        network: nn.Module = TAESD()
        taesd_names(network).load_state_dict(safetensors.torch.load_file(path))
        return network.eval()
    from deepart.models.fastgan import FastGAN, FastGANConfig, convert
    from deepart.pipelines.gan import PUBLISHED_DIRECTIONS as DIRECTIONS

    network = FastGAN(FastGANConfig(directions=DIRECTIONS))
    network.load_state_dict(convert(torch.load(path, map_location="cpu", weights_only=True), DIRECTIONS))
    return network.eval()


def ours(model: str, file: dict[str, Any]) -> object:
    """Load the model as an app does; its record has the sha256 of our file in place of the published one's."""
    from deepart import GANPipeline, VAEPipeline, registry

    spec = record(model)
    pin = registry.ModelFile(file["name"], file["size"], file["sha256"])
    registry.REGISTRY = dict(registry.REGISTRY) | {(spec.task, model): dataclasses.replace(spec, files=(pin,))}
    kind = GANPipeline if spec.task == "gan" else VAEPipeline
    return kind.from_pretrained(model, device="cpu")


def start(way: str, model: str, file: dict[str, Any]) -> None:
    """Start once and print the milliseconds, from when deepart is there and from when torch is."""
    begin = time.perf_counter()
    import deepart.pipelines.gan
    import deepart.pipelines.vae  # noqa: F401

    there = time.perf_counter()
    loaded = by_hand(model, file["path"]) if way == "by_hand" else ours(model, file)
    end = time.perf_counter()
    assert loaded is not None
    print(json.dumps([1e3 * (end - there), 1e3 * (end - begin)]))


def fresh(way: str, model: str, file: dict[str, Any], home: Path) -> tuple[float, float]:
    """Start once in a fresh process; return what start() prints."""
    environment = os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "DEEPART_CACHE": str(home / "deepart")}
    if way == "first":
        shutil.rmtree(home / "deepart", ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hub", "--start", way, model, json.dumps(file)],
        check=True, capture_output=True, text=True, cwd=HERE.parent, env=environment,
    )  # fmt: skip
    load, whole = json.loads(done.stdout)
    return load, whole


# --- All of them -----------------------------------------------------------------------------------------------------


def measure(model: str, home: Path, runs: int) -> dict[str, Any]:
    """Return the medians of a model's starts, and whether the target is met."""
    file = fill_cache(model, home)
    time.sleep(0.5)  # a file that was only just written is not marked as verified
    for way in WAYS:  # fills the page cache and the compiled-module cache
        fresh(way, model, file, home)
    taken: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(runs):
        # "ours" after "first", which leaves the file marked.
        for way in ("by_hand", "first", "ours"):
            taken[way].append(fresh(way, model, file, home))
    loads = {way: statistics.median(load for load, _ in times) for way, times in taken.items()}
    starts = {way: statistics.median(whole for _, whole in times) for way, times in taken.items()}
    ratio, more = loads["ours"] / loads["by_hand"], loads["ours"] - loads["by_hand"]
    return {
        "bytes": file["size"],
        "load_ms": {way: round(found, 1) for way, found in loads.items()},
        "start_ms": {way: round(found, 1) for way, found in starts.items()},
        "ratio": round(ratio, 2),
        "more_ms": round(more, 1),
        "target_met": ratio < RATIO or more < MORE,
        "first_verification_ms": round(loads["first"] - loads["ours"], 1),
    }


def verification(home: Path, size: int, runs: int) -> dict[str, float]:
    """Time the check of a file of random bytes, without and with its marker."""
    from deepart import checkpoint, hub

    path = home / "random.bin"
    path.write_bytes(os.urandom(size))
    file = hub.ModelFile(path.name, size, checkpoint.digest(path))
    os.environ["DEEPART_CACHE"] = str(home / "deepart")
    time.sleep(0.5)

    def timed(before: Callable[[], object]) -> Iterator[float]:
        for _ in range(runs):
            before()
            begin = time.perf_counter()
            hub.verify(path, file)
            yield 1e3 * (time.perf_counter() - begin)

    first = statistics.median(timed(lambda: shutil.rmtree(home / "deepart", ignore_errors=True)))
    later = statistics.median(timed(lambda: None))
    return {"bytes": size, "first_ms": round(first, 1), "later_ms": round(later, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "hub.json")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--start", nargs=3, metavar=("WAY", "MODEL", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.start:
        way, model, file = options.start
        return start(way, model, json.loads(file))
    result: dict[str, Any] = {"machine": machine(), "runs": options.runs}
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        for model in MODELS:
            result[model] = measure(model, home, options.runs)
        result["verification"] = verification(home, result[MODELS[0]]["bytes"], options.runs)
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    print(options.out.read_text(), end="")


if __name__ == "__main__":
    main()

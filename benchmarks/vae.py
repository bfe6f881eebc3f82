"""How fast VAEPipeline's model takes pictures apart and puts them together, and what memory it takes.

    python -m benchmarks.vae speed          # writes benchmarks/vae_speed.json, some minutes

`--model FOLDER` before the job tries a checkpoint: the file then goes to runs/vae/<name of the folder>/.

The rival is diffusers' AutoencoderTiny, the small autoencoder that people use, with random weights, which cost the same
time: as many channels at an eighth of the size, its own width of 64, and in encoder and decoder each as many blocks at
the eighth of the size, where they are cheapest, as bring it nearest to our number of parameters (see rival_of).

time: from tensor to tensor, both networks in one process, by turns, each size in a process of its own; medians. Once in
the type that our pipeline picks (bfloat16 where the hardware has it), once in float32, and channels last for both.
pipeline: from PIL image to Latent, and to PIL image, tiles where it takes them. memory: the most that a fresh process
held. tiles: by how much a picture made in tiles differs from one made whole. With CUDA all times also on the GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from benchmarks.gan import now, write
from benchmarks.machine import machine, peak_memory
from benchmarks.pictures import CONTENTS, crop_square
from deepart import checkpoint, load_image, registry
from deepart.device import autocast, compute_dtype, repeatable
from deepart.images import to_image, to_tensor
from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny
    from PIL import Image

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "vae"
MODEL = "pictures"
WIDTH = 64  # channels of the rival, as it comes
SIZES = (256, 512, 1024, 2048)
MEMORY = {"ours": SIZES, "rival": SIZES, "pipeline": (*SIZES, 4096)}
TILED = 2048  # pixels
REPEATS = {256: 21, 512: 11, 1024: 5, 2048: 3}
TYPES = {"autocast": SIZES, "float32": SIZES[:3]}  # at 2048 pixels float32 takes minutes


def output_folder(model: str) -> Path:
    """Return where results go: beside this file only for the model that is shipped."""
    return HERE if model == MODEL else RUNS / Path(model).resolve().name


def load(model: str) -> SpatialVAE:
    """Return the network of a registered model or a folder."""
    located = registry.locate("vae", model)
    folder = located.folder or Path()
    config = checkpoint.make_config(SpatialVAEConfig, located.read_config(), folder)
    network = checkpoint.build(lambda: SpatialVAE(config), folder / checkpoint.TENSORS)
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def square(size: int) -> Image.Image:
    return crop_square(load_image(CONTENTS["portrait"]), size)


def count(module: nn.Module) -> int:
    """Return how many parameters a module has."""
    return sum(value.numel() for value in module.parameters())


def parameters(network: nn.Module) -> dict[str, int]:
    """Return how many parameters encode and decode have; `analysis` and `synthesis` are the linear parts of ours."""
    ways = {"encoder": ("encoder", "analysis"), "decoder": ("decoder", "synthesis")}
    return {
        way: sum(count(getattr(network, name)) for name in names if hasattr(network, name))
        for way, names in ways.items()
    }  # fmt: skip


def rival_of(ours: SpatialVAE) -> AutoencoderTiny:
    """Return an AutoencoderTiny with as many channels as ours at the same scale, and about as many parameters."""
    from diffusers import AutoencoderTiny

    channels = ours.config.channels

    def make(encoder: int, decoder: int) -> AutoencoderTiny:
        return AutoencoderTiny(
            latent_channels=channels, num_encoder_blocks=(1, 3, 3, encoder), num_decoder_blocks=(decoder, 3, 3, 1),
            encoder_block_out_channels=(WIDTH,) * 4, decoder_block_out_channels=(WIDTH,) * 4,
        )  # fmt: skip

    few, more, wanted = (parameters(network) for network in (make(1, 1), make(2, 2), ours))
    blocks = {way: max(1, 1 + round((wanted[way] - few[way]) / (more[way] - few[way]))) for way in wanted}
    torch.manual_seed(0)
    made = make(**blocks)
    return made.eval().requires_grad_(False).to(memory_format=torch.channels_last)


# --------------------------------------------------------------------------------------------------------------- time


def ways(who: str, network: Any) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """Return what takes pictures (N, 3, H, W) apart, and what puts them together."""
    if who == "ours":
        return lambda x: network.encode(x)[0], network.decode
    return lambda x: network.encode(x).latents, lambda z: network.decode(z).sample


def in_type(kind: str, device: torch.device) -> AbstractContextManager[Any]:
    return autocast(device) if kind == "autocast" else nullcontext()


@torch.inference_mode()
def time_of(model: str, size: int, kind: str, device: str) -> dict[str, Any]:
    """Time both networks on a square picture; over: our time over the rival's."""
    target = torch.device(device)
    network = load(model)
    both = {"ours": network.to(target), "rival": rival_of(network).to(target)}
    x = to_tensor(square(size)).to(target, memory_format=torch.channels_last)
    times: dict[tuple[str, str], list[float]] = {}
    with repeatable(), in_type(kind, target):
        for _ in range(REPEATS[size] + 1):
            for who, found in both.items():
                encode, decode = ways(who, found)
                start = now()
                z = encode(x)
                middle = now()
                decode(z)
                times.setdefault((who, "encode"), []).append(middle - start)
                times.setdefault((who, "decode"), []).append(now() - middle)
    # The first turn warms up.
    medians = {key: 1000 * statistics.median(found[1:]) for key, found in times.items()}
    rows = {who: {f"{way}_ms": round(medians[who, way], 2) for way in ("encode", "decode")} for who in both}
    over = {way: round(medians["ours", way] / medians["rival", way], 3) for way in ("encode", "decode")}
    total = [sum(medians[who, way] for way in ("encode", "decode")) for who in both]
    return {"size": size, **rows, "over": {**over, "both": round(total[0] / total[1], 3)}}


def pipeline_of(model: str, size: int, device: str) -> dict[str, Any]:
    """Time encode() and decode() of the pipeline on a square picture."""
    from deepart import VAEPipeline

    pipeline = VAEPipeline.from_pretrained(model, device=device)
    image = square(size)
    times = []
    for _ in range(REPEATS[size] + 1):
        start = now()
        latent = pipeline.encode(image)
        middle = now()
        pipeline.decode(latent)
        times.append((middle - start, now() - middle))
    encode, decode = (1000 * statistics.median(part) for part in zip(*times[1:], strict=True))
    return {"size": size, "encode_ms": round(encode, 1), "decode_ms": round(decode, 1)}


# ------------------------------------------------------------------------------------------------------------- memory


@torch.inference_mode()
def memory_of(model: str, who: str, size: int) -> dict[str, Any]:
    """Return the most memory of this process after a picture there and back, and what came on top of 64 pixels.

    who: "ours" and "rival", the networks on the whole picture; "pipeline", ours in its tiles.
    """
    network = load(model)
    if who == "pipeline":
        from deepart import VAEPipeline

        call: Callable[[int], object] = partial(_through, VAEPipeline.from_pretrained(model, device="cpu"))
    else:
        encode, decode = ways(who, network if who == "ours" else rival_of(network))

        def call(side: int) -> object:
            with autocast(torch.device("cpu")):
                return decode(encode(to_tensor(square(side)).contiguous(memory_format=torch.channels_last)))

    call(64)
    before, start = peak_memory(), now()
    call(size)
    return {
        "who": who,
        "size": size,
        "seconds": round(now() - start, 2),
        "peak_memory_mb": round(peak_memory() / 1e6),
        "above_start_mb": round((peak_memory() - before) / 1e6),
    }


def _through(pipeline: Any, side: int) -> object:
    return pipeline.reconstruct(square(side))


@torch.inference_mode()
def tiles_of(model: str, size: int) -> dict[str, Any]:
    """Return by how many of 255 levels a picture in tiles differs from the whole one: on average, and at most."""
    from deepart import VAEPipeline

    pipeline, network, image = VAEPipeline.from_pretrained(model, device="cpu"), load(model), square(size)
    with autocast(torch.device("cpu")):
        mean = network.encode(to_tensor(image))[0].half().float()  # as the pipeline rounds it
        whole = to_image(network.decode(mean))
    apart = 255 * (to_tensor(pipeline.reconstruct(image)) - to_tensor(whole)).abs()
    return {"size": size, "mean_levels": round(float(apart.mean()), 4), "most_levels": round(float(apart.max()))}


# ---------------------------------------------------------------------------------------------------------------- all


JOBS = {"time-of": time_of, "pipeline-of": pipeline_of, "memory-of": memory_of, "tiles-of": tiles_of}


def in_own_process(*arguments: object) -> dict[str, Any]:
    """Run a job of this file in a process of its own and return what it printed."""
    command = [sys.executable, "-m", "benchmarks.vae", *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=HERE.parent)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(*arguments, result, flush=True)
    return result


def speed(model: str, threads: int) -> None:
    torch.set_num_threads(threads)
    load_before = os.getloadavg()[0]  # of the machine: above 0.5 something else was running
    network = load(model)
    other = rival_of(network)
    run = partial(in_own_process, "--model", model, "--threads", threads)

    def on(device: str) -> dict[str, Any]:
        return {
            "type": str(compute_dtype(torch.device(device))).removeprefix("torch."),
            **{kind: [run("time-of", size, kind, device) for size in sizes] for kind, sizes in TYPES.items()},
            "pipeline": [run("pipeline-of", size, device) for size in SIZES],
        }

    result = {
        "machine": machine(),
        "load_before": round(load_before, 2),
        "model": model,
        "version": registry.locate("vae", model).version,
        "parameters": {"ours": parameters(network), "rival": parameters(other)},
        "rival": {name: list(other.config[name]) for name in ("num_encoder_blocks", "num_decoder_blocks")},
        "cpu": on("cpu"),
        "memory": [run("memory-of", who, size) for who, sizes in MEMORY.items() for size in sizes],
        "tiles": run("tiles-of", TILED),
        "gpu": on("cuda") if torch.cuda.is_available() else None,
    }
    write(result, output_folder(model) / "vae_speed.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=MODEL, help="a registered name or a folder with a checkpoint")
    parser.add_argument("--threads", type=int, default=2)
    jobs = parser.add_subparsers(dest="job", required=True)
    jobs.add_parser("speed")
    for name in JOBS:
        job = jobs.add_parser(name)
        if name == "memory-of":
            job.add_argument("who", choices=MEMORY)
        job.add_argument("size", type=int)
        if name == "time-of":
            job.add_argument("kind", choices=TYPES)
        if name in ("time-of", "pipeline-of"):
            job.add_argument("device")
    options = vars(parser.parse_args())
    name, threads = options.pop("job"), options.pop("threads")
    if name == "speed":
        speed(options["model"], threads)
    else:
        torch.set_num_threads(threads)
        print(json.dumps(JOBS[name](**options)))


if __name__ == "__main__":
    main()

"""What a cluster adds and costs: replicas, batches, the way there, folder jobs, and twenty visitors.

    python -m benchmarks.scale               # writes benchmarks/scale.json; about twelve minutes on two cores
    python -m benchmarks.scale batches       # one part of it, anew; see main for their names
    python -m benchmarks.scale table         # prints the tables of deploy/SCALING.md

It needs what deploy/requirements.txt names. The cluster is one of this machine, of processes that are started for it;
every worker has one thread. Start-up is measured by itself and is in no other number. Where two ways are compared they
take turns, since the machine is not equally quick at all times.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait leave the cores to others, in all processes
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import torch
from PIL import Image

from benchmarks.machine import machine
from deepart import GANPipeline, StyleTransferPipeline, VAEPipeline, load_image
from deepart.images import fit, save_png

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULT = HERE / "scale.json"
EXAMPLES = ROOT / "deepart" / "ui" / "examples"
SECONDS = 20.0  # that a throughput is measured for
TURNS = 2  # of each of two ways that are compared
BATCHES = (1, 2, 4, 8)
PICTURES = 500  # of the folder job
SIDES = (128, 512)  # pixels of the pictures of it
TRIVIAL = 5000  # pictures that cost nothing
VISITORS = 20
IN_FLIGHT = 16  # requests that a replica holds at most: max_ongoing_requests in deploy/page.py
BUSY = 0.7  # of its time that a replica works; where it is more, queues grow long


def photo(side: int) -> Image.Image:
    return fit(load_image(EXAMPLES / "content" / "cat.jpg"), side)


def painting(side: int = 512) -> Image.Image:
    return fit(load_image(EXAMPLES / "paintings" / "hokusai-great-wave.jpg"), side)


# ------------------------------------------------------------------------------------------------------------ cluster


@contextmanager
def cluster() -> Iterator[None]:
    """A cluster of this machine, whose processes find this repository."""
    import ray

    os.environ["PYTHONPATH"] = str(ROOT)
    ray.init(num_cpus=4, num_gpus=0, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def pool(task: str, replicas: int) -> Iterator[tuple[Any, float]]:
    """A pool of so many replicas, and the seconds until all of them take work."""
    from ray import serve

    from deploy.remote import RemoteStudio
    from deploy.replicas import BATCH, Models

    start = time.perf_counter()
    deployment = serve.deployment(
        Models, name=task, num_replicas=replicas, max_ongoing_requests=2 * BATCH, ray_actor_options={"num_cpus": 1},
    )  # fmt: skip
    handle = serve.run(deployment.bind(task, device="cpu"), name="pool", route_prefix=None)
    took = time.perf_counter() - start
    try:
        yield getattr(RemoteStudio({task: handle}), task)(), took
    finally:
        serve.shutdown()


def throughput(ask: Callable[[int], object], callers: int, seconds: float) -> float:
    """Return how many answers come a second where so many callers ask again as soon as they have theirs."""
    done: list[int] = []
    numbers = iter(range(10**9))
    start = time.perf_counter()

    def call() -> None:
        while time.perf_counter() - start < seconds:
            ask(next(numbers))
            done.append(1)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done) / (time.perf_counter() - start)


def replicas() -> dict[str, Any]:
    """Measure one replica against two, of one thread each, on transfers and on what one click asks of a GAN."""
    small, large, style = photo(256), photo(512), painting(256)
    asks: dict[str, tuple[str, Callable[[Any, int], object]]] = {
        "transfer of 256 px": ("style", lambda model, seed: model.stylize(small, style, seed=seed)),
        "transfer of 512 px": ("style", lambda model, seed: model.stylize(large, style, seed=seed)),
        "GAN, 16 pictures of 128 px": ("gan", lambda model, seed: model.generate(16, seed=16 * seed)),
    }
    rows = []
    for what, (task, ask) in asks.items():
        rates: dict[int, list[float]] = {1: [], 2: []}
        starts: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(TURNS):
            for count in rates:
                with pool(task, count) as (model, started):
                    for number in range(4 * count):  # until each replica has measured the style
                        ask(model, number)
                    rates[count].append(throughput(lambda n: ask(model, n), 4 * count, SECONDS))  # noqa: B023
                    starts[count].append(started)
        one, two = (statistics.mean(found) for found in rates.values())
        rows.append({
            "work": what, "per_second_1": round(one, 3), "per_second_2": round(two, 3), "ratio": round(two / one, 2),
            "start_s_1": round(min(starts[1]), 1), "start_s_2": round(min(starts[2]), 1),
        })  # fmt: skip
        print(rows[-1], flush=True)
    return {"rows": rows, "wanted": 1.7}


def way() -> dict[str, Any]:
    """Measure what it adds that a picture of 512 pixels is painted by a replica and not by this process."""
    torch.set_num_threads(1)
    content, style = photo(512), painting()
    here = StyleTransferPipeline.from_pretrained(device="cpu")
    found: dict[str, list[float]] = {}

    def clock(name: str, ask: Callable[[], object]) -> None:
        start = time.perf_counter()
        ask()
        found.setdefault(name, []).append(1000 * (time.perf_counter() - start))

    with pool("style", 1) as (there, _):
        for model in (here, there):
            model.stylize(content, style)
        for turn in range(24):
            ways = (("direct", here), ("cluster", there))
            for name, model in ways if turn % 2 else ways[::-1]:
                clock(f"{name}", lambda: model.stylize(content, style))  # noqa: B023
        for _ in range(30):  # strength 0 gives the picture back, and nothing is computed: all that takes is the way
            for name, model in (("direct_idle", here), ("cluster_idle", there)):
                clock(name, lambda: model.stylize(content, style, strength=0))  # noqa: B023
    middle = {f"{name}_ms": round(statistics.median(times), 1) for name, times in found.items()}
    pairs = [b - a for a, b in zip(found["direct"], found["cluster"], strict=True)]
    result = middle | {
        "adds_ms": round(middle["cluster_idle_ms"] - middle["direct_idle_ms"], 1),
        "adds_in_all_ms": round(statistics.median(pairs), 1), "wanted_ms": 30,
    }  # fmt: skip
    print(result, flush=True)
    return result


# ------------------------------------------------------------------------------------------------------------- batches


def batches() -> dict[str, Any]:
    """Measure the time that a picture takes in batches of several sizes, on one thread, or on a GPU if there is one."""
    torch.set_num_threads(1)
    gan, style, vae = (kind.from_pretrained() for kind in (GANPipeline, StyleTransferPipeline, VAEPipeline))
    content, other = {side: photo(side) for side in (256, 512)}, painting(256)
    works: dict[str, Callable[[int], object]] = {
        "GAN, 128 px": lambda n: gan.generate_batch([{"seed": seed} for seed in range(n)]),
        **{
            f"transfer, {side} px": lambda n, side=side: style.stylize_batch(
                [{"content": content[side], "style_image": other, "seed": seed} for seed in range(n)]
            )
            for side in content
        },
        "reconstruction, 256 px": lambda n: vae.decode_batch(vae.encode_batch([content[256]] * n)),
    }
    rows = []
    for what, work in works.items():
        work(1)
        times: dict[int, list[float]] = {count: [] for count in BATCHES}
        for _ in range(5):
            for count in BATCHES:
                start = time.perf_counter()
                work(count)
                times[count].append(1000 * (time.perf_counter() - start) / count)
        rows.append({"work": what, **{f"ms_{n}": round(statistics.median(found), 1) for n, found in times.items()}})
        print(rows[-1], flush=True)
    return {"rows": rows}


def sizes() -> dict[str, Any]:
    """Measure how many bytes go to a replica and come back, and how many go to a visitor."""
    rows = []
    for side in (256, 512, 1024):
        content = photo(side)
        start = time.perf_counter()
        packed = _png(content)
        rows.append({
            "side": side, "to_replica_kb": round(len(pickle.dumps((content, painting()))) / 1000),
            "from_replica_kb": round(len(pickle.dumps(content)) / 1000), "png_kb": round(packed / 1000),
            "png_ms": round(1000 * (time.perf_counter() - start)),
        })  # fmt: skip
    print(rows, flush=True)
    return {"rows": rows}


def _png(image: Image.Image) -> int:
    with tempfile.TemporaryFile() as file:
        save_png(image, file, compress_level=1)
        return file.tell()


# ---------------------------------------------------------------------------------------------------------- folder job


def folder() -> dict[str, Any]:
    """Measure a job on a folder of pictures: a loop in one process of one thread, and two workers of one thread."""
    rows = [_folder(side) for side in SIDES]
    return {"pictures": PICTURES, "rows": rows, "wanted": 1.7}


def _folder(side: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        photos = Path(place, "photos")
        photos.mkdir()
        base = load_image(EXAMPLES / "content" / "cat.jpg").resize((512, 384))
        for number in range(PICTURES):  # five hundred different cuts
            left, top = 7 * (number % 25), 5 * (number // 25)
            cut = base.crop((left, top, left + 256, top + 192))
            cut.resize((side, 3 * side // 4)).save(photos / f"{number:04d}.jpg", quality=90)
        style = Path(place, "style.jpg")
        painting(256).save(style)
        row: dict[str, Any] = {"side": side}
        for name, module, more in (("loop", "deepart", []), ("two_workers", "deploy.jobs", ["--workers", "2"])):
            out = Path(place, name)
            command = [
                sys.executable, "-m", module, "stylize", str(photos), "--style", str(style), "--out", str(out),
                "--device", "cpu", "--no-progress", *more,
            ]  # fmt: skip
            alone = {"OMP_NUM_THREADS": "1", "RAY_ADDRESS": ""}
            start = time.perf_counter()
            subprocess.run(command, check=True, cwd=ROOT, env=os.environ | alone, stdout=subprocess.DEVNULL)
            whole = time.perf_counter() - start
            # The clock runs from the first picture to the last, of which the first does not count.
            times = sorted(path.stat().st_mtime for path in out.rglob("*.png"))
            assert len(times) == PICTURES
            worked = times[-1] - times[0]
            row |= {
                f"{name}_s": round(whole, 1), f"{name}_start_s": round(whole - worked, 1),
                f"{name}_per_second": round((PICTURES - 1) / worked, 3),
            }  # fmt: skip
    row["ratio"] = round(row["two_workers_per_second"] / row["loop_per_second"], 2)
    print(row, flush=True)
    return row


def driver() -> dict[str, Any]:
    """Measure how many pictures a second one folder job can hand out at most: such as cost next to nothing to make."""
    import ray

    from deepart.cli.jobs import Opened, Order
    from deploy.jobs import Pool, outcomes
    from deploy.storage import Folder
    from deploy.tasks import Task

    class Blank(Order):
        """A white picture of 8 pixels for each seed."""

        def open(self) -> Opened:
            return {}, lambda told, seed: Image.new("RGB", (8, 8), "white")

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    todo = [Task(seed, f"{seed:05d}.png") for seed in range(TRIVIAL)]
    with tempfile.TemporaryDirectory() as place:
        rows = outcomes(todo, Blank("gan", None, "cpu", {}), Folder(place), Pool(2, 1, 0.0))
        first = next(rows)
        start = time.perf_counter()
        left = sum(row["status"] == first["status"] for row in rows)
        took = time.perf_counter() - start
    assert left == TRIVIAL - 1
    result = {"pictures": TRIVIAL, "workers": 2, "per_second": round(left / took, 1)}
    print(result, flush=True)
    return result


# ------------------------------------------------------------------------------------------------------------- visitors


def visitors() -> dict[str, Any]:
    """Let twenty visitors ask the page at once, each for one thing after the other, and look how long each waits."""
    import socket

    from gradio_client import Client, handle_file
    from ray import serve

    from deploy.page import build

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    start = time.perf_counter()
    serve.run(build({"at_once": 16}), name="deepart", route_prefix="/")
    started = time.perf_counter() - start
    content, style = (
        handle_file(EXAMPLES / name) for name in ("content/cat.jpg", "paintings/hokusai-great-wave.jpg")
    )  # fmt: skip
    calls: dict[str, dict[str, Any]] = {
        "/generate": {"n": 1}, "/reconstruct": {"image": content},
        "/stylize": {"content": content, "style": style, "size": 256},
    }  # fmt: skip
    found: dict[str, list[float]] = {name: [] for name in calls}
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as files:
        clients = [
            Client(f"http://127.0.0.1:{port}", verbose=False, download_files=Path(files)) for _ in range(VISITORS)
        ]
        for name, options in calls.items():
            clients[0].predict(**options, api_name=name)
        begun = time.perf_counter()

        def visit(number: int) -> None:
            for turn in range(6):
                name = list(calls)[(number + turn) % len(calls)]
                asked = time.perf_counter()
                try:
                    clients[number].predict(**calls[name], api_name=name)
                    found[name].append(time.perf_counter() - asked)
                except Exception as error:  # a full queue is an answer too, but not a good one
                    failed.append(str(error))

        threads = [threading.Thread(target=visit, args=[number]) for number in range(VISITORS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - begun
        status = {
            task: serve.get_deployment_handle(task, "deepart").status.remote().result().batches
            for task in ("gan", "vae", "style")
        }
    serve.shutdown()
    rows = []
    for name, times in found.items():
        cuts = statistics.quantiles(times, n=100, method="inclusive")
        rows.append({
            "endpoint": name, "requests": len(times), **{f"p{cut}_s": round(cuts[cut - 1], 2) for cut in (50, 95, 99)},
        })  # fmt: skip
        print(rows[-1], flush=True)
    return {
        "visitors": VISITORS, "start_s": round(started, 1), "failed": len(failed), "seconds": round(took, 1),
        "per_second": round(sum(map(len, found.values())) / took, 2), "rows": rows,
        "batches": {task: {str(n): times for n, times in sorted(seen.items())} for task, seen in status.items()},
    }  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- tables


def replicas_for(pictures: float, milliseconds: float) -> int:
    """Return the replicas for so many pictures a second of so many milliseconds each, busy for BUSY of the time."""
    return math.ceil(pictures * milliseconds / 1000 / BUSY)


def plan(result: dict[str, Any]) -> str:
    """Return the table of what 1, 10 and 1,000 transfers of 512 pixels a second take, by what was measured."""
    load, models = (json.loads((HERE / name).read_text()) for name in ("load.json", "models.json"))
    page = max(row["per_second"] for row in load["rows"] if row["endpoint"] == "/models")
    [memory] = (row["peak_memory_mb"] for row in models["models"] if row["name"] == "fast")
    [milliseconds] = (row["ms_1"] for row in result["batches"]["rows"] if row["work"] == "transfer, 512 px")
    [kilobytes] = (
        row["to_replica_kb"] + row["from_replica_kb"] for row in result["sizes"]["rows"] if row["side"] == 512
    )
    rows = [
        "| Pictures | Replicas | CPUs | Memory of replicas | To and from replicas | Object store | Pages |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for rate in (1, 10, 1000):
        count = replicas_for(rate, milliseconds)
        rows.append(
            f"| {rate} a second | {count:,} | {count:,} | {count * memory / 1000:,.0f} GB "
            f"| {rate * kilobytes / 1000:,.1f} MB/s | {count * IN_FLIGHT * kilobytes / 1e6:,.2f} GB "
            f"| {math.ceil(rate / page):,} |"
        )
    return "\n".join(rows)


def table(result: dict[str, Any]) -> str:
    """Return the tables of deploy/SCALING.md."""
    rows = [
        "| Work, one thread a replica | One replica | Two replicas | Ratio |", "| --- | ---: | ---: | ---: |",
        *(
            f"| {row['work']} | {row['per_second_1']:.2f} a second | {row['per_second_2']:.2f} a second "
            f"| {row['ratio']:.2f} |"
            for row in result["replicas"]["rows"]
        ),
        "", f"| Folder job, {PICTURES} pictures | A loop | Two workers | Ratio | Whole job, loop | Two workers |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {row['side']} px | {row['loop_per_second']:.2f} a second "
            f"| {row['two_workers_per_second']:.2f} a second | {row['ratio']:.2f} "
            f"| {row['loop_s']:.0f} s | {row['two_workers_s']:.0f} s |"
            for row in result["folder"]["rows"]
        ),
        "", f"| Milliseconds a picture, one thread | {' | '.join(f'batch of {n}' for n in BATCHES)} |",
        "| --- |" + " ---: |" * len(BATCHES),
        *(
            f"| {row['work']} | {' | '.join(format(row[f'ms_{n}'], '.0f') for n in BATCHES)} |"
            for row in result["batches"]["rows"]
        ),
        "", "| Side | To a replica | Back | PNG for the visitor | To make the PNG |",
        "| ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {row['side']} px | {row['to_replica_kb']} KB | {row['from_replica_kb']} KB | {row['png_kb']} KB "
            f"| {row['png_ms']} ms |"
            for row in result["sizes"]["rows"]
        ),
        "", f"| Endpoint, {VISITORS} visitors at once | Requests | Median | 95 % | 99 % |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| `{row['endpoint']}` | {row['requests']} | {row['p50_s']:.1f} s | {row['p95_s']:.1f} s "
            f"| {row['p99_s']:.1f} s |"
            for row in result["visitors"]["rows"]
        ),
    ]  # fmt: skip
    return "\n".join(rows)


def main(arguments: list[str]) -> None:
    parts: dict[str, tuple[Callable[[], dict[str, Any]], bool]] = {
        "batches": (batches, False), "sizes": (sizes, False), "folder": (folder, False), "driver": (driver, True),
        "replicas": (replicas, True), "way": (way, True), "visitors": (visitors, True),
    }  # fmt: skip
    result = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    if arguments == ["table"]:
        print(f"{table(result)}\n\n{plan(result)}")
        return
    for name in arguments or parts:
        work, needs_cluster = parts[name]
        if needs_cluster:
            with cluster():
                result[name] = work()
        else:
            result[name] = work()
        import ray

        result["machine"] = machine() | {"ray": ray.__version__}
        RESULT.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

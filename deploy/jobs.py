"""Folder jobs on a cluster: python -m deploy.jobs, with the commands and options of python -m deepart.

The pictures may lie in a folder, in a bucket, or stand in a list; Ray Data deals them out to workers, which hold the
model, and gives those of a worker that dies to another. What is done is told as on one machine: by the mark in the
result itself. So a job that is run again goes on where it was stopped or killed, with any number of workers.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import logging
import math
import os
import signal
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

# Ray reads it when it starts a cluster.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere

import ray
import ray.data
from PIL import Image
from ray.data import ActorPoolStrategy

from deepart.checks import number, whole_number
from deepart.cli.jobs import STOPPED, Order, bar, full, no_pictures, seeded, tell
from deepart.cli.options import add_commands, asked_large, given
from deepart.errors import DeepArtError, ImageError, OptionError
from deepart.folder import CLOSED, FORMATS
from deepart.images import load_image
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deploy import tasks as planned
from deploy.report import REPORT, Report
from deploy.storage import Folder, split
from deploy.tasks import Task
from deploy.worker import FAILED, FULL, KEPT, MADE, WRONG, Starts, Worker

BLOCKS, TOGETHER, SHARES = 10_000, 8, 32
"""Pictures are dealt out in blocks, each to one worker as a whole, and the outcomes of a block come back together.
Ray's own work on a block takes as long as a small picture, so a block has up to TOGETHER pictures, as long as each
worker gets SHARES of them, which evens out who is quick and who is slow; a million pictures are BLOCKS of them."""
KNOCK = 20.0
"""Seconds in which a cluster has to answer."""
MOST_WORKERS, MOST_THREADS, MOST_GPUS = 10_000, 1024, 64

_PROG = "python -m deploy.jobs"
_PLACES = "folders, with all below them, pictures, and lists of pictures: .txt, .jsonl or .parquet; paths or URLs"
_MORE = f"""\
Every place may be a path or a URL, such as s3://bucket/photos. A command that is run again makes only what is missing,
damaged, or was made from another picture, with other options or by another model. What became of each picture stands
in FOLDER/{REPORT}. Exit status: 0 all is made, 1 some pictures failed and are listed at the end, 2 the command is wrong
and nothing was made, 130 stopped by Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1, 2 or 130; argparse itself ends the program with 0 or 2.

    A connection to a cluster that this process has is used and kept, whatever --address says.
    """
    options = parser().parse_args(arguments)
    try:
        _check(options)
        out = Folder(options.out)
        asked = given(options, _METHODS[options.command])
        left: dict[str, str] = {}
        todo = _tasks(options, asked, out, left)
        asked |= asked_large(options) if options.command == "generate" else {}
        order = _order(options, asked)
        with contextlib.redirect_stdout(io.StringIO()), _cluster(options.address):
            # Ray prints remarks on workers that die; what it means for the pictures is told below.
            ending = _work(options, todo, order, out)
        undone = len(todo) - ending.counts.total()
        tell(out.url, ending.counts[MADE], ending.counts[KEPT], undone, ending.failed, ending.ended, left)
        return ending.status or int(bool(ending.failed) or CLOSED in left.values())
    except DeepArtError as error:
        print(f"{_PROG} {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; the same command starts again.", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = argparse.ArgumentParser(
        prog=_PROG, description="Deep learning for art, on folders of pictures and many machines.", epilog=_MORE
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = add_commands(commands, str, _PLACES, _MORE)
    made["generate"].add_argument(
        "--seeds", metavar="FILE", help="list of seeds, .txt, .jsonl or .parquet, instead of --n and --seed"
    )
    for one in made.values():
        more = one.add_argument_group("cluster")
        more.add_argument(
            "--workers", type=int, metavar="N", help="how many (default: all that the cluster has room for)"
        )
        more.add_argument(
            "--threads", type=int, default=1, metavar="N", help="CPUs that one worker takes (default: %(default)s)"
        )
        more.add_argument(
            "--gpus", type=float, metavar="N",
            help="GPUs that one worker takes, such as 0.5 (default: 1 where the cluster has any, else 0)",
        )  # fmt: skip
        more.add_argument(
            "--address", help="a running cluster (default: RAY_ADDRESS, else one on this machine, for this job)"
        )
    return whole


_METHODS: dict[str, Callable[..., Any]] = {
    "stylize": StyleTransferPipeline.stylize, "generate": GANPipeline.generate, "reconstruct": VAEPipeline.reconstruct,
}  # fmt: skip
_TASKS = {"stylize": StyleTransferPipeline.task, "generate": GANPipeline.task, "reconstruct": VAEPipeline.task}


def _check(options: argparse.Namespace) -> None:
    if options.workers is not None:
        whole_number("number of workers", options.workers, 1, MOST_WORKERS)
    whole_number("number of threads", options.threads, 1, MOST_THREADS)
    if options.gpus is not None:
        gpus = number("number of GPUs", options.gpus, 0, MOST_GPUS)
        if gpus > 1 and not gpus.is_integer():
            raise OptionError(f"The number of GPUs is {gpus}; above 1 it must be whole.")


def _tasks(options: argparse.Namespace, asked: dict[str, Any], out: Folder, left: dict[str, str]) -> list[Task]:
    """Return what there is to make; takes out of the options of the method those that say how many.

    left: takes what is passed over, with the reason.
    """
    suffix = FORMATS[options.format]
    if options.command == "generate":
        few = seeded(asked, suffix)
        if options.seeds is None:
            return [Task(seed, name) for seed, name in few]
        if {"n", "seed"} & set(vars(options)):
            raise OptionError("The seeds stand in a file; leave out --n and --seed, or --seeds.")
        return planned.seeds(options.seeds, out, suffix)
    todo = planned.pictures(options.pictures, out, suffix, left)
    if not todo:
        raise no_pictures(options.pictures, left)
    return todo


def _order(options: argparse.Namespace, asked: dict[str, Any]) -> Order:
    model = options.model
    if model is not None and os.path.isdir(model):
        model = os.path.abspath(model)  # where a worker's working folder is, is Ray's business
    read = [_style(place) for place in getattr(options, "style", [])]
    pictures, digests = [picture for picture, _ in read], [digest for _, digest in read]
    return Order(_TASKS[options.command], model, options.device, asked, pictures, digests)


def _style(place: str) -> tuple[Image.Image, str]:
    where, name = split(place)
    try:
        data = where.read(name)
    except OSError as error:
        raise ImageError(f"The style picture {place!r} cannot be read: {error.strerror or error}.") from None
    return load_image(io.BytesIO(data)), hashlib.sha256(data).hexdigest()


# ------------------------------------------------------------------------------------------------------- the cluster


@dataclass(frozen=True)
class Pool:
    """The workers of a job: how many, and what each takes."""

    workers: int
    threads: int
    gpus: float


@contextlib.contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """Be connected to a cluster: the one that this process is in, or the address's, or a small one of its own."""
    if ray.is_initialized():
        yield
        return
    address = address or os.environ.get("RAY_ADDRESS")
    more: dict[str, Any] = {"include_dashboard": False} if address is None else {}
    if address is not None:
        _knock(address)
    try:
        ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, **more)
    except (OSError, RuntimeError, ValueError) as error:
        where = "on this machine cannot be started" if address is None else f"{address!r} cannot be reached"
        raise OptionError(f"The cluster {where}: {' '.join(str(error).split()).rstrip('.')}.") from None
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise OptionError where nobody listens at an address: Ray would try for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():  # else it is "auto", or something that Ray itself refuses
        try:
            socket.create_connection((host, int(port)), KNOCK).close()
        except (OSError, OverflowError) as error:
            raise OptionError(
                f"The cluster {address!r} cannot be reached: {error}; start it, or leave out --address and RAY_ADDRESS."
            ) from None


def _pool(options: argparse.Namespace) -> Pool:
    """Return the workers that were asked for, or as many as there is room for.

    Raises OptionError where not one fits on a machine: Ray would wait for a larger one.
    """
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = options.gpus
    if gpus is None:
        wanted = options.device is None or options.device.startswith("cuda")
        gpus = 1.0 if wanted and any(one.get("GPU", 0) for one in machines) else 0.0
    workers = options.workers
    if workers is None:
        takes = {"CPU": options.threads, "GPU": gpus}
        workers = sum(min(int(one.get(name, 0) // n) for name, n in takes.items() if n) for one in machines)
        if workers == 0:
            raise OptionError(
                f"A worker takes {options.threads} CPUs and {gpus:g} GPUs, and no machine of the cluster has as many; "
                "ask for less, or say with --workers how many a cluster that grows by itself shall have."
            )
    return Pool(workers, options.threads, gpus)


# ----------------------------------------------------------------------------------------------------------- the work


@dataclass
class _Ending:
    """How a job went: how many pictures were made, kept or failed; which failed; why it ended early, and its status."""

    counts: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[object, str]] = field(default_factory=list)
    ended: str = ""
    status: int = 0


def _work(options: argparse.Namespace, todo: Sequence[Task], order: Order, out: Folder) -> _Ending:
    """Do the tasks, and write the report; raises OptionError where nothing can be made."""
    pool, report, ending = _pool(options), Report(out), _Ending()
    with bar(options.progress, len(todo), unit=" pictures") as shown:
        try:
            with _interrupted() as pressed, contextlib.closing(outcomes(todo, order, out, pool)) as rows:
                for row in rows:
                    task, status, error = todo[row["index"]], row["status"], row["error"]
                    if status in (WRONG, FULL):
                        if status == WRONG and not ending.counts:
                            raise OptionError(error)
                        ending.ended, ending.status = error, 1
                        break
                    line = {"source": task.source, "target": task.target, "status": status, "error": error}
                    report.add(row["index"], line)
                    ending.counts[status] += 1
                    if status == FAILED:
                        ending.failed.append((task.source if task.root else task.target, error))
                    shown.update()
                    if pressed.is_set():
                        raise KeyboardInterrupt
        except KeyboardInterrupt:
            ending.ended, ending.status = STOPPED, 130
        except OSError as error:
            ending.ended, ending.status = full(error), 1
        except ray.exceptions.RayError as error:
            ending.ended, ending.status = f"Stopped, since the cluster has failed: {error}", 1
    try:
        report.close()
        out.sweep()
    except OSError as error:
        ending.ended, ending.status = ending.ended or full(error), ending.status or 1
    return ending


@contextlib.contextmanager
def _interrupted() -> Iterator[threading.Event]:
    """Note that Ctrl-C was pressed: where it strikes inside of Ray, the KeyboardInterrupt may be lost there."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # no other hears of signals
        yield pressed
        return

    def note(*_: object) -> None:
        pressed.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _blocks(pictures: int, workers: int) -> int:
    """Return in how many blocks so many pictures are dealt out."""
    together = max(1, min(TOGETHER, pictures // (SHARES * workers)))
    return min(math.ceil(pictures / together), BLOCKS)


def outcomes(todo: Sequence[Task], order: Order, out: Folder, pool: Pool) -> Generator[dict[str, Any], None, None]:
    """Yield what became of each task, as deploy.worker.Worker returns it, in the order in which they are finished.

    Raises RayError where the cluster cannot go on; a worker that dies is no such reason.
    """
    blocks = _blocks(len(todo), pool.workers)
    data = ray.data.from_items([task.row(index) for index, task in enumerate(todo)], override_num_blocks=blocks)
    data.context.enable_progress_bars = False
    data.context.print_on_execution_start = False
    data.context.execution_no_progress_timeout_s = -1  # a picture takes as long as it takes
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # Ray's log files have it all
    starts = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Starts).remote()
    done = data.map(
        Worker,
        fn_constructor_kwargs={"order": order, "out": out.root, "threads": pool.threads, "starts": starts},
        compute=ActorPoolStrategy(size=min(pool.workers, blocks), max_tasks_in_flight_per_actor=2),
        num_cpus=pool.threads,
        num_gpus=pool.gpus or None,
    )
    for block in done.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):  # each as it comes
        yield from block.to_pylist()


if __name__ == "__main__":
    sys.exit(main())

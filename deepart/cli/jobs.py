"""The three commands that make pictures: what each asks of its pipeline, and the loop over a folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import torch
from PIL import Image
from tqdm import tqdm  # type: ignore[import-untyped]

from deepart import folder, registry
from deepart.checks import whole_number
from deepart.cli.options import given
from deepart.errors import OptionError
from deepart.folder import FORMATS, Outcome, Task
from deepart.images import load_image, to_image
from deepart.latents import check_seeds
from deepart.pipelines.base import Callback, Pipeline
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline

MOST = 1_000_000  # pictures of one command
_SIDE = 64  # pixels of the picture that options are tried on

P = TypeVar("P", bound=Pipeline)


class _EnoughError(Exception):
    """The options have passed all checks; there is no need to paint on."""


def stylize(options: argparse.Namespace) -> int:
    """Repaint every picture."""
    tasks = _planned(options)
    pictures, digests = [load_image(path) for path in options.style], [folder.digest(path) for path in options.style]
    asked = given(options, StyleTransferPipeline.stylize)
    pipeline = _pipeline(StyleTransferPipeline, options)
    _rehearse(pipeline, pictures, asked)

    def make(told: Callback | None, photo: Image.Image) -> Image.Image:
        return pipeline.stylize(photo, pictures, callback=told, **asked)

    return _work(options, tasks, _order(pipeline, asked, styles=digests), make)


def generate(options: argparse.Namespace) -> int:
    """Make pictures from seeds, one file for each."""
    asked = given(options, GANPipeline.generate)
    n, seed = whole_number("number of pictures", asked.pop("n"), 1, MOST), asked.pop("seed")
    suffix = FORMATS[options.format]
    tasks = [Task(one, options.out / f"seed-{one:06d}{suffix}") for one in check_seeds(seed, n)]
    pipeline = _pipeline(GANPipeline, options)
    pipeline.generate(1, seed=seed, **asked)  # what is wrong with the options is said before any work

    def make(told: Callback | None, one: int) -> Image.Image:
        [picture] = pipeline.generate(1, seed=one, **asked)
        return picture

    return _work(options, tasks, _order(pipeline, asked), make)


def reconstruct(options: argparse.Namespace) -> int:
    """Take every picture apart, and put it together again."""
    tasks = _planned(options)
    asked = given(options, VAEPipeline.reconstruct)
    pipeline = _pipeline(VAEPipeline, options)

    def make(told: Callback | None, photo: Image.Image) -> Image.Image:
        return pipeline.reconstruct(photo, **asked)

    return _work(options, tasks, _order(pipeline, asked), make)


def _planned(options: argparse.Namespace) -> list[Task]:
    tasks = folder.plan(options.pictures, options.out, FORMATS[options.format])
    if not tasks:
        places = ", ".join(map(repr, map(str, options.pictures)))
        raise OptionError(f"There is no PNG, JPEG or WEBP picture in {places}; name a folder that has some.")
    return tasks


def _pipeline(kind: type[P], options: argparse.Namespace) -> P:
    """Load the model, and show the download where it is not here yet."""
    name = options.model
    spec = registry.get_spec(kind.task, name) if name is None or (kind.task, name) in registry.REGISTRY else None
    if spec is not None and not spec.here:
        with _bar(options, spec.size, f"Downloading {spec.name}", unit="B", unit_scale=True) as bar:
            registry.fetch(spec, lambda arrived, total: bar.update(arrived - bar.n))
    return kind.from_pretrained(name, device=options.device)


def _rehearse(pipeline: StyleTransferPipeline, styles: Sequence[Image.Image], asked: Mapping[str, Any]) -> None:
    """Raise what is wrong with the options and the styles, whatever the photographs are: before any of them is done."""

    def enough(step: int, total: int, preview: Image.Image | None) -> None:
        raise _EnoughError

    pipeline.work_shares(_SIDE, _SIDE, size=asked["size"], steps=asked["steps"])
    with suppress(_EnoughError):  # small, whatever the size of the results will be
        grey = to_image(torch.full((3, _SIDE, _SIDE), 0.5))
        pipeline.stylize(grey, styles, callback=enough, **{**asked, "size": None})


def _order(pipeline: Pipeline, asked: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return what all pictures of the job have in common; see folder.attempt."""
    return {
        "task": pipeline.task, "model": pipeline.name, "version": pipeline.version, "options": dict(asked), **more,
    }  # fmt: skip


def _work(
    options: argparse.Namespace, tasks: Sequence[Task], order: Mapping[str, Any],
    make: Callable[[Callback | None, Any], Image.Image],
) -> int:  # fmt: skip
    """Do the tasks, tell how it went, and return the exit status: 0, 1 where some have failed, 130 when stopped."""
    folder.ready(options.out)
    outcomes: list[Outcome] = []
    ended, status = "", 0
    with _bar(options, len(tasks), unit=" pictures") as bar:
        try:
            for task in tasks:
                name = task.about.name
                bar.set_postfix_str(name)
                told = None if bar.disable else partial(_tell, bar, name)
                outcomes.append(folder.attempt(task, order, partial(make, told)))
                bar.update()
        except KeyboardInterrupt:
            ended, status = "Stopped; the same command goes on from here.", 130
        except OSError as error:
            ended, status = f"Stopped, since the disk takes no more: {error.strerror}.", 1
    failed = [one for one in outcomes if one.error]
    made = sum(one.made for one in outcomes)
    counts = [f"{made} made", f"{len(outcomes) - made - len(failed)} done before", f"{len(failed)} failed"]
    if len(outcomes) < len(tasks):
        counts.append(f"{len(tasks) - len(outcomes)} left")
    print(f"{options.out}: {', '.join(counts)}.")
    for one in failed:
        print(f"{one.task.about}: {one.error}", file=sys.stderr)
    if ended:
        print(ended, file=sys.stderr)
    return status or int(bool(failed))


def _bar(options: argparse.Namespace, total: int | None, title: str = "", **more: Any) -> Any:
    """Return a progress bar on stderr; where nothing was asked for, one that only a terminal shows."""
    hidden = None if options.progress is None else not options.progress
    return tqdm(total=total, desc=title or None, file=sys.stderr, disable=hidden, dynamic_ncols=True, **more)


def _tell(bar: Any, name: str, step: int, total: int, preview: Image.Image | None) -> None:
    """Show how far a picture is that takes several steps."""
    if total > 1:
        bar.set_postfix_str(f"{name} {step}/{total}")

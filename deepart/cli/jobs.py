"""The three commands that make pictures: what each asks of its pipeline, and the loop over a folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

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
from deepart.pipelines.base import Pipeline
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline

MOST = 1_000_000  # pictures of one command


class _EnoughError(Exception):
    """The options have passed all checks; there is no need to paint on."""


def stylize(options: argparse.Namespace) -> int:
    """Repaint every picture."""
    tasks = _planned(options)
    pictures, digests = [load_image(path) for path in options.style], [folder.digest(path) for path in options.style]
    asked = given(options, StyleTransferPipeline.stylize)
    pipeline = _pipeline(StyleTransferPipeline, options)
    _rehearse(pipeline, pictures, asked)

    def make(photo: Image.Image, told: Callable[..., None]) -> Image.Image:
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

    def make(one: int, told: Callable[..., None]) -> Image.Image:
        [picture] = pipeline.generate(1, seed=one, **asked)
        return picture

    return _work(options, tasks, _order(pipeline, asked), make)


def reconstruct(options: argparse.Namespace) -> int:
    """Take every picture apart, and put it together again."""
    tasks = _planned(options)
    asked = given(options, VAEPipeline.reconstruct)
    pipeline = _pipeline(VAEPipeline, options)

    def make(photo: Image.Image, told: Callable[..., None]) -> Image.Image:
        return pipeline.reconstruct(photo, **asked)

    return _work(options, tasks, _order(pipeline, asked), make)


def _planned(options: argparse.Namespace) -> list[Task]:
    tasks = folder.plan(options.pictures, options.out, FORMATS[options.format])
    if not tasks:
        places = ", ".join(map(repr, map(str, options.pictures)))
        raise OptionError(f"There is no PNG, JPEG or WEBP picture in {places}; name a folder that has some.")
    return tasks


def _pipeline[P: Pipeline](kind: type[P], options: argparse.Namespace) -> P:
    return kind.from_pretrained(options.model, device=options.device)


def _order(pipeline: Pipeline, asked: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return what all pictures of the job have in common; see folder.attempt."""
    return {
        "task": pipeline.task, "model": pipeline.name, "version": pipeline.version, "options": dict(asked), **more,
    }  # fmt: skip

"""What the page and the replicas say to each other."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from deepart.errors import DeepArtError
from deepart.pipelines.base import Pipeline
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline

KINDS: dict[str, type[Pipeline]] = {kind.task: kind for kind in (GANPipeline, VAEPipeline, StyleTransferPipeline)}
"""The pipelines, by task; there is a pool of replicas for each."""

QUICK = frozenset({"recipe", "work_shares", "latent_shape", "compression"})
"""Verbs that compute nothing to speak of: at a replica they wait for no other work."""

NOT_FROM_AFAR = frozenset({"from_pretrained", "save_pretrained", "stylize_video"})
"""Verbs that read or write the disk of the machine that they run on."""


@dataclass(frozen=True)
class Facts:
    """What can be known of a pipeline without any work: its public attributes and properties, by name.

    load_seconds: how long it took to load, where this very question has loaded it.
    """

    values: Mapping[str, Any]
    load_seconds: float | None


@dataclass(frozen=True)
class Request:
    """One verb of one pipeline. watched: somebody wants to hear of its steps, with previews."""

    task: str
    model: str | None
    verb: str
    args: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    watched: bool = False

    def bound(self) -> dict[str, Any]:
        """Return all arguments by name; raises TypeError where they do not fit the verb."""
        given = inspect.signature(getattr(KINDS[self.task], self.verb)).bind(None, *self.args, **self.options)
        return {name: value for name, value in given.arguments.items() if name != "self"}


@dataclass(frozen=True)
class Status:
    """What a replica does: its process, the verbs that it works on now, how far they are, and what there was before.

    step: how many steps are done of how many. waiting: requests that wait. batches: how many there were of each size.
    """

    pid: int
    working: tuple[str, ...]
    step: tuple[int, int]
    waiting: int
    batches: Mapping[int, int]


@dataclass(frozen=True)
class Told:
    """The work has come so far; see deepart.pipelines.base.Callback."""

    step: int
    total: int
    preview: Image.Image | None


@dataclass(frozen=True)
class Made:
    """The end: what the verb returned."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """The end: a mistake of the user's, as the pipeline raised it."""

    error: DeepArtError


Message = Told | Made | Failed


def facts_of(pipeline: Pipeline) -> dict[str, Any]:
    """Return what Facts hold of a pipeline: its public attributes and properties, by name.

    Without functions that were set on it: what a studio has it do when memory is low is that studio's.
    """
    properties = {name for name, value in inspect.getmembers_static(type(pipeline)) if isinstance(value, property)}
    names = {name for name in vars(pipeline).keys() | properties if not name.startswith("_")}
    return {name: value for name in names if not callable(value := getattr(pipeline, name))}


def verbs_of(kind: type[Pipeline]) -> frozenset[str]:
    """Return the names of what a Request may ask of a sort of pipeline: all its public methods."""
    return frozenset(
        name for name, value in inspect.getmembers_static(kind)
        if not name.startswith("_") and inspect.isfunction(value)
    ) - NOT_FROM_AFAR  # fmt: skip

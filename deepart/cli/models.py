"""The known models as a table for the terminal, or as JSON for a program."""

from __future__ import annotations

import argparse
import json
from typing import Any

from deepart.registry import FEATURES, REGISTRY, TASKS, ModelSpec


def show(options: argparse.Namespace) -> int:
    """Print the models of one task, or of all."""
    tasks = TASKS if options.task is None else (options.task,)
    specs = [spec for spec in REGISTRY.values() if spec.task in tasks]
    if options.json:
        print(json.dumps([_record(spec) for spec in specs], indent=2))
        return 0
    rows = [("TASK", "NAME", "TITLE", "LICENCE", "")]
    rows += [(spec.task, spec.name, spec.title, spec.licence, _state(spec)) for spec in specs]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _record(spec: ModelSpec) -> dict[str, Any]:
    return {
        "task": spec.task, "name": spec.name, "title": spec.title, "summary": spec.summary, "licence": spec.licence,
        "default": spec.default, "here": spec.here, "download_bytes": 0 if spec.here else _bytes(spec),
        "needs": spec.extra or None,
    }  # fmt: skip


def _state(spec: ModelSpec) -> str:
    """Return whether a model is here, and how much is to be downloaded if not."""
    if spec.here:
        state = "here"
    elif (size := _bytes(spec)) is None:
        state = "to download, size not said"
    else:
        state = f"{size / 1e6:.1f} MB to download"
    return f"{state}, needs the package {spec.extra}" if spec.extra else state


def _bytes(spec: ModelSpec) -> int | None:
    """Return how many bytes a model that is not here has to download; None where nobody has said it."""
    features = [REGISTRY[FEATURES, spec.features]] if spec.features is not None else []
    sizes = [part.size for part in (spec, *features) if part.files and not part.here]
    return None if None in sizes else sum(size for size in sizes if size is not None)

"""The first model card of a model that somebody trained on pictures of their own.

It says what the run and the set say, and claims nothing else: no licence, no measure, and none of our data. An export
writes it where the model's folder has no card yet; whoever shares the model goes on from there.
"""

from __future__ import annotations

import csv
import hashlib
import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepart import checkpoint
from recipes.own_pictures import KIND, UNSAID

_PIPELINES = {"gan": "GANPipeline", "vae": "VAEPipeline", "style": "StyleTransferPipeline"}
_RECIPES = {"gan": "train_gan", "vae": "train_vae", "style": "train_style"}
_BEST = {"gan": "kernel"}  # columns of the log; the smallest names the weights that are kept

WIDTH = 118

_TEXT = """---
library_name: deepart
tags: [{task}]
---
# {name}

A {task} model for DeepArt, trained on pictures of its maker's own.

    from deepart import {pipeline}

    pipeline = {pipeline}.from_pretrained("this folder, or its Hub repository id")

## Training

`recipes/own_pictures.py`, then `recipes/{recipe}.py`{told}.{notes}

It has not been evaluated.

## Data

{data}

## Licence

The licence of the weights has not been said yet.
"""


def find_card(out: Path, task: str, run: Path, data: Path | None) -> str:
    """Return the README.md for a model folder: the one that it has, else a first one.

    task: gan, vae or style. run: folder of the training. data: folder of the set; None where nobody named it.
    """
    card = out / checkpoint.CARD
    return card.read_text("utf-8") if card.exists() else first_card(out.resolve().name, task, run, data)


def first_card(name: str, task: str, run: Path, data: Path | None) -> str:
    """Return a README.md that says what is known; see find_card."""
    row = kept_row(run, _BEST.get(task))
    told = f"; {int(row['step']):,} steps in {float(row['minutes']):.0f} minutes" if row else ""
    notes = run / "notes.md"  # what whoever trained it has to say
    return _TEXT.format(
        task=task, name=name, pipeline=_PIPELINES[task], recipe=_RECIPES[task], told=told,
        notes=f"\n\n{notes.read_text('utf-8').strip()}" if notes.exists() else "",
        data=data_text((data / "manifest.json").read_bytes()) if data else "The pictures are not described yet.",
    )  # fmt: skip


def kept_row(run: Path, best: str | None) -> dict[str, str]:
    """Return the line of a run's log that its exported weights are of: the one with the smallest `best`, or the last.

    A second phase has a log of its own. A run that was stopped before its first look has none: {}.
    """
    paths = [path for path in (run / "log-adversarial.csv", run / "log.csv") if path.exists()]
    if not paths:
        return {}
    with paths[0].open() as file:
        rows = list(csv.DictReader(file))
    return min(rows, key=lambda row: float(row[best])) if best else rows[-1]


def is_own(manifest: Mapping[str, Any]) -> bool:
    """Return whether a set was made by recipes.own_pictures."""
    return any(entry.get("kind") == KIND for entry in manifest["files"].values())


def has_own(data: Path | None) -> bool:
    """Return whether a folder holds a set that was made by recipes.own_pictures."""
    manifest = data / "manifest.json" if data is not None else None
    return manifest is not None and manifest.exists() and is_own(json.loads(manifest.read_text("utf-8")))


def data_text(written: bytes) -> str:
    """Return how many pictures a set has, what is said of their licence, and the manifest's hash."""
    files = json.loads(written)["files"]
    counts = {kind: sum(name.startswith(f"{kind}/") for name in files) for kind in ("contents", "styles")}
    told = f"The set has {counts['contents']:,} pictures of the maker's own"
    told += f", and {counts['styles']:,} pictures of styles. " if counts["styles"] else ". "
    licences = sorted({str(entry["licence"]) for entry in files.values()})
    said = [licence for licence in licences if licence != UNSAID]
    told += f"Their licence, as the maker says: {', '.join(said)}. " if said else "Their licence is not said. "
    told += f"The manifest, with the name and hash of each, has the sha256 {hashlib.sha256(written).hexdigest()}."
    return textwrap.fill(told, WIDTH, break_long_words=False, break_on_hyphens=False)

"""The model card of the fast style network: what it was trained on, for how long, and how it does."""

from __future__ import annotations

import csv
import json
import textwrap
from collections import Counter
from pathlib import Path

from benchmarks.machine import machine
from deepart.models.painter import Painter, PainterConfig
from recipes import own_card

_TEXT = """---
license: mit
library_name: deepart
tags: [style-transfer, style]
---
# style-fast

Repaints a picture in the style of any other in one forward pass (`deepart/models/fast.py`). A collage of the style's
own pixels is laid out after the content, and this network (`deepart/models/painter.py`, {parameters:.2f} M parameters,
float16) joins it to the content. It needs the features of `features-vgg16` to measure a style.

- **Input**: content and style as RGB in [0, 1]; results from 16 to 4096 pixels, in tiles above 1280.
- **Made by**: `recipes/style_data.py`, then `recipes/train_style.py`; {steps} steps in {minutes:.0f} minutes on
  {hardware}.{notes}
- **Losses**: relative distance of Gram matrices, of means and of deviations at relu1_1, relu2_1, relu3_1, relu4_1;
  instance-normalised content at relu4_2 and relu3_1; structural similarity; grain on flat areas; a little total
  variation.
- **Held-out pictures** (4 photographs, 6 styles of the kinds below, 256 px): style {style:.3f}, content {content:.2f},
  SSIM {ssim:.2f}, flat noise {flat_noise:.2f}. For pictures of kinds that were not trained on see DeepArt's
  benchmarks/README.md.

## Data

{data}

A fifth of the contents in training are style pictures too. There is no portrait photograph among them and no
painter's work; the paintings that DeepArt shows were never trained on.

## Limits

- It takes the style's pixels at their word: motifs of the style (an eye, a letter, a boat) can turn up in the result.
- Small faces, lettering and thin lines of the content give way to strokes; a lower strength keeps them.
- A strength between 0 and 1 is nearly a cross-fade: outlines stay where they are, but strokes become translucent.
- Two styles are blended patch by patch, each about as large in all as its weight; no blend was trained on.
- A palette is moved by a linear map, so a style with two colour worlds (gold on blue) can fall on the wrong parts.
- The photographs are landscapes, buildings and spacecraft: a photographed face was never seen.
"""


def card(run: Path, data: Path) -> str:
    """Return the README.md for the best weights of a run."""
    with (run / "log.csv").open() as file:
        best = min(csv.DictReader(file), key=lambda row: float(row["score"]))
    notes = run / "notes.md"  # what whoever trained it has to say
    numbers = {name: float(value) for name, value in best.items()}
    parameters = sum(value.numel() for value in Painter(PainterConfig()).state_dict().values()) / 1e6
    return _TEXT.format(
        **{**numbers, "steps": f"{int(numbers['step']):,}"}, parameters=parameters,
        hardware=hardware(), notes=_indented(notes), data=data_text(data),
    )  # fmt: skip


def _indented(notes: Path) -> str:
    """Return the text of a file as lines of a list, "" where there is none."""
    return "".join(f"\n  {line}" for line in notes.read_text("utf-8").splitlines()) if notes.exists() else ""


def hardware() -> str:
    """Return what this machine trains on, in words."""
    found = machine()
    return str(found["gpu"] or f"{found['threads']} threads of an {found['processor']}")


def data_text(data: Path) -> str:
    """Return what the pictures are, from the manifest: packages, kinds and licences."""
    manifest = json.loads((data / "manifest.json").read_text("utf-8"))
    if own_card.is_own(manifest):
        return own_card.data_text((data / "manifest.json").read_bytes())
    files = manifest["files"]
    styles = {name: entry for name, entry in files.items() if name.startswith("styles/")}
    kinds = Counter(entry["kind"] for entry in styles.values())
    licences = Counter(entry["licence"] for entry in files.values())
    told = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
    terms = ", ".join(f"{name} ({count})" for name, count in licences.most_common())
    packages = "\n".join(f"- `{name}` {version}" for name, version in manifest["packages"].items())
    text = (
        f"{len(files) - len(styles)} photographs as contents and {len(styles)} style pictures made by the recipe, many "
        f"of them after the same photographs: {told}. Licences: {terms}. From these "
        "packages:"
    )
    return f"{textwrap.fill(text, 118)}\n\n{packages}"

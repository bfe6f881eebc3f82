"""The model card of the fast style network: what it was trained on, for how long, and how it does."""

from __future__ import annotations

import csv
import json
import textwrap
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks.machine import machine
from deepart.models.inverter import Inverter
from recipes import own_card

_TEXT = """---
license: mit
library_name: deepart
tags: [style-transfer, style]
---
# style-fast

Repaints a picture in the style of any other without optimisation (`deepart/models/fast.py`). Each place of the content
takes the features of the style's place that is most like it, whole pieces of the style where they fit, and this network
(`deepart/models/inverter.py`, {parameters:.2f} M parameters, float16) paints the picture that has these features: a
small one first, then the full one over it. It needs the features of `features-slim`.

- **Input**: content and style as RGB in [0, 1]; results from 16 to 4096 pixels, in windows above 1280.
- **Made by**: `recipes/train_style.py`; {pairs:,} pairs in {minutes:.0f} minutes on {hardware}.{notes}
- **Losses**: those of "fine" (`deepart/models/gatys_loss.py`), in the quarter width of the slim features.
- **Held-out pictures** (30 pairs, 256 px): neighbors {neighbors:.2f}, content {content:.2f}, moments {moments:.2f}.
  For the yardstick on pictures of other kinds see DeepArt's benchmarks/README.md.

## Data

{data}

## Limits

- It knows no style as such: what a place of the painting has not, it does not paint. "fine" goes further.
- Small faces, lettering and thin lines of the content are softened; a lower strength keeps them.
- Two styles are blended feature by feature; no blend was trained on.
"""


def card(run: Path, data: Path) -> str:
    """Return the README.md for the weights of a run."""
    with (run / "log.csv").open() as file:
        last = list(csv.DictReader(file))[-1]
    numbers = {name: float(value) for name, value in last.items()} | {"pairs": int(last["pairs"])}
    parameters = sum(value.numel() for value in Inverter().state_dict().values()) / 1e6
    return _TEXT.format(
        **numbers, parameters=parameters, hardware=hardware(), notes=_indented(run / "notes.md"), data=data_text(data)
    )


def _indented(notes: Path) -> str:
    """Return the text of a file as lines of a list, "" where there is none."""
    return "".join(f"\n  {line}" for line in notes.read_text("utf-8").splitlines()) if notes.exists() else ""


def hardware() -> str:
    """Return what this machine trains on, in words."""
    found = machine()
    threads = "1 thread" if found["threads"] == 1 else f"{found['threads']} threads"
    return str(found["gpu"] or f"{threads} of an {found['processor']}")


def data_text(data: Path) -> str:
    """Return what the pictures are, from the manifest: packages, kinds and licences."""
    manifest = json.loads((data / "manifest.json").read_text("utf-8"))
    if own_card.is_own(manifest):
        return own_card.data_text((data / "manifest.json").read_bytes())
    files = manifest["files"]
    packages = "\n".join(f"- `{name}` at {version}" for name, version in manifest["packages"].items())
    real = all("source" in entry for entry in files.values())  # of recipes.art_pictures, else of recipes.style_data
    sources = {entry.get("source", name): entry for name, entry in files.items()}
    terms = _counted(entry["licence"] for entry in sources.values())
    if real:
        text = (
            f"{len(sources)} pictures: {_counted(entry['kind'] for entry in sources.values())}. Every painting is a "
            "style; paintings, faces cut from them and photographs are contents. "
            f"Licences: {terms}. From these repositories:"
        )
    else:
        styles = [entry["kind"] for name, entry in files.items() if name.startswith("styles/")]
        text = (
            f"{len(files) - len(styles)} photographs as contents and {len(styles)} style pictures made by the recipe, "
            f"many of them after the same photographs: {_counted(styles)}. Licences: {terms}. From these packages:"
        )
    return f"{textwrap.fill(text, 118)}\n\n{packages}"


def _counted(names: Iterable[str]) -> str:
    """Return how often each name occurs, in words."""
    return ", ".join(f"{name} ({count})" for name, count in Counter(names).most_common())

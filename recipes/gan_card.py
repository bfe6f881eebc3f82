"""The model card of a generator: what it was trained on, for how long, how it does, and what is still bad.

    python -m recipes.gan_card weights/gan-landscapes --run runs/gan-landscapes --data data/gan/landscapes

writes README.md into the model's folder. It reads log.csv of the run (and notes.md, what whoever trained it has to
say), manifest.json of the data, evaluation.json in the model's folder (recipes/evaluate_gan.py), and what is still bad
from recipes/gan_limits/<name of the model's folder>.md, without which there is no card.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import textwrap
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from deepart import checkpoint
from deepart.models.generator import Generator, GeneratorConfig
from recipes import own_card
from recipes.gan_split import PHOTOGRAPHS

LIMITS = Path(__file__).with_name("gan_limits")
WIDTH = 118
LICENCE = "license: mit\n"  # of our models; the licence of others is for those who made them to say

_TEXT = """---
{licence}library_name: deepart
pipeline_tag: unconditional-image-generation
tags: [gan, {name}]
---
# {name}

{about}

- **Output**: RGB pictures of {side} x {side} pixels from a latent of {latent} numbers (`deepart/models/generator.py`,
  {parameters:.2f} M parameters, kernels in eight bits a number). The latent is whitened: normal noise is a plausible
  one, times a number below 1 it is truncated. {directions}
- **Made by**: `recipes/{maker}.py`, then `recipes/train_gan.py`; {steps:,} steps, {pictures:,} pictures shown, in
  {minutes:.0f} minutes on {hardware}.{notes}
- **Losses**: relativistic, with gradient penalties on real and made pictures; differentiable augmentation; first at
  half the size; averaged weights, those kept that were nearest to held-out pictures.

## Evaluation

{evaluation}

## Data

{data}

## What is still bad

{limits}
"""

_ABOUT = {
    "gan-landscapes": "Paints small landscapes that were never painted.",
    "gan-faces": "Paints small faces of people who never existed.",
    "gan-people": "Draws cartoon portraits of people who never existed.",
}

_ROWS = {
    "gan": "This model, truncation 1",
    "gan_0.7": "This model, truncation 0.7",
    "gaussian": "Gaussian over principal components",
    "gan_fewer": "This model, as many as below",
    "real": "Real against real",
    "held_out": "Held-out against training",
}


def card(name: str, config: GeneratorConfig, names: list[str], run: Path, data: Path, evaluation: Path) -> str:
    """Return the README.md of a model folder.

    names: of the directions. run, data: folders of the training and of its set. evaluation: evaluation.json; where it
    is missing, the card says so.

    Raises FileNotFoundError where nobody has written down what is still bad.
    """
    with (run / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    best = min(rows, key=lambda row: float(row["kernel"]))
    notes = run / "notes.md"
    parameters = sum(value.numel() for value in Generator(config).parameters())
    limits = LIMITS / f"{name}.md"
    if not limits.exists():
        raise FileNotFoundError(f"{limits} is missing: look at the samples and write down what is still bad.")
    found = machine()
    hardware = found["gpu"] or f"an {found['processor']}"  # how many of its cores trained is for the notes
    told = f"It has {len(names)} named directions." if names else ""
    own = own_card.has_own(data)
    maker = "own_pictures" if own else "gan_data" if name == "gan-people" else "art_pictures"
    return _TEXT.format(
        licence="" if own else LICENCE, maker=maker,
        name=name, about=_ABOUT.get(name, "Makes pictures that never existed."), side=config.side,
        latent=config.latent, parameters=parameters / 1e6, directions=told, steps=int(best["step"]),
        pictures=int(best["pictures"]), minutes=float(best["minutes"]), hardware=hardware, notes=indented(notes),
        evaluation=evaluation_text(json.loads(evaluation.read_text("utf-8"))) if evaluation.exists() else
        "Not evaluated yet.", data=data_text((data / "manifest.json").read_bytes()),
        limits=limits.read_text("utf-8").strip(),
    )  # fmt: skip


def indented(notes: Path) -> str:
    """Return the text of a file as lines of a list, "" where there is none."""
    return "".join(f"\n  {line}" for line in notes.read_text("utf-8").splitlines()) if notes.exists() else ""


def measures_table(rows: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str]) -> str:
    """Return those rows that have a title as a Markdown table."""
    head = ("", "Kernel", "Frechet", "Precision", "Recall", "Patches, finest first", "Pictures")
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for key, title in titles.items():
        if key not in rows:
            continue
        row = rows[key]
        apart = " / ".join(f"{value:.0f}" for side, value in row["patches"].items() if side != "mean")
        cells = (
            title, f"{row['kernel']:.3g} ± {row['kernel_error']:.2g}", f"{row['frechet']:.1f}",
            f"{row['precision']:.2f}", f"{row['recall']:.2f}", apart,
            f"{row['pictures']:,} against {row['real_pictures']:,}",
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def evaluation_text(found: Mapping[str, Any]) -> str:
    """Return the measures as a Markdown table, and what they say about repeated training pictures."""
    intro = (
        f"Weights `{found['version']}`, by `recipes/evaluate_gan.py`. Kernel distance with its standard error, Frechet "
        "distance, precision and recall are measured in features of `features-vgg16` (relu4_3, averaged over the "
        "picture), so they cannot be compared with numbers of papers; no discriminator saw this layer. The sliced "
        "Wasserstein distance of patches (times 1000) knows pixels only. The Gaussian "
        "has the first 128 principal components of the training pictures: what has to be beaten by far. Real against "
        "real are two halves of the pictures; none is in both, and no painting is behind pictures of both. Where there "
        "are several crops of each painting these are one another's nearest neighbours, so that precision and recall "
        "are low even of real pictures, and say little."
    )
    ratio = (
        f"Its kernel distance is {found['kernel_over_gaussian']:.2f} of the Gaussian's. The power of its pictures' "
        f"spectrum is {min(found['spectrum']):.2f} to {max(found['spectrum']):.2f} times that of the training "
        "pictures'. The seeds 0 to 63 are in `samples.webp`."
    )
    table = measures_table(found["rows"], _ROWS)
    return "\n\n".join([filled(intro), table, filled(f"{ratio} {memory_text(found['memory'])}")])


def memory_text(memory: Mapping[str, Any]) -> str:
    """Return whether samples repeat training pictures, in sentences."""
    told = (
        "The evaluation draws beside each of them, in `nearest.webp`, the training picture nearest by features, then "
        f"the one nearest by pixels at 32 x 32, among all {memory['training_pictures']:,} and their mirror images; "
        "where training pictures are paintings that sheet stays with whoever runs it."
    )
    for kind, how in (("features", "By features"), ("pixels", "By pixels")):
        if kind in memory:
            part = memory[kind]
            told += (
                f" {how}, the nearest training picture of a sample is at {part['samples_median']:.3g} (median; 5 %: "
                f"{part['samples_5_percent']:.3g}), that of a held-out picture at {part['held_out_median']:.3g} (5 %: "
                f"{part['held_out_5_percent']:.3g}); {100 * part['nearer']:.1f} % of the samples are nearer than the "
                "nearest twentieth of the held-out pictures."
            )
    return told


def data_text(written: bytes) -> str:
    """Return what the pictures are, from the manifest: counts, licences, packages, and the manifest's hash."""
    manifest: Mapping[str, Any] = json.loads(written)
    if own_card.is_own(manifest):
        return own_card.data_text(written)
    files: Mapping[str, Mapping[str, Any]] = manifest["files"]
    sources = Counter(str(entry["source"]) for entry in files.values())
    photographs = [source for source in sources if Path(source).suffix.lower() in PHOTOGRAPHS]
    made = f"from {len(photographs):,} paintings" if photographs else f"in the style {', '.join(sources)}"
    licences = Counter(str(entry["licence"]) for entry in files.values() if "licence" in entry)
    terms = ", ".join(f"{name} ({count:,})" for name, count in licences.most_common())
    text = f"{len(files):,} pictures made by the recipe {made}. "
    text += f"Licences of what they are made of, by pictures: {terms}. " if terms else ""
    text += f"The manifest, with the source and hash of each, has the sha256 {hashlib.sha256(written).hexdigest()}. "
    text += "From:"
    packages = "\n".join(f"- `{name}` {version}" for name, version in manifest["packages"].items())
    return f"{filled(text)}\n\n{packages}"


def filled(text: str, first: str = "", rest: str = "") -> str:
    """Return a paragraph in lines of at most WIDTH, which begin with `first` and `rest`."""
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="the model's folder")
    parser.add_argument("--run", type=Path, required=True, help="folder of the training, with log.csv")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set, with manifest.json")
    options = parser.parse_args(arguments)
    found = checkpoint.read_config(options.model)
    config = checkpoint.make_config(
        GeneratorConfig, found, options.model, ("task", "class", "features", "directions_named")
    )
    names = found.get("directions_named", [])
    name = options.model.resolve().name
    text = card(name, config, names, options.run, options.data, options.model / "evaluation.json")
    (options.model / checkpoint.CARD).write_text(text, "utf-8")


if __name__ == "__main__":
    main()

"""The model card of a VAE: what it was trained on, for how long, how it does, and what is still bad.

    python -m recipes.vae_card weights/vae-pictures --run runs/vae-pictures --pictures data/style
    python -m recipes.vae_card weights/vae-portraits --run runs/vae-portraits

writes README.md into the model's folder. It reads log.csv of the run, log-adversarial.csv where there was a second
phase (and notes.md, what whoever trained it has to say), manifest.json of the data, evaluation.json in the model's
folder (recipes/evaluate_vae.py), and what is still bad from recipes/vae_limits/<name of the model's folder>.md, without
which there is no card.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepart import checkpoint
from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from recipes import gan_card, own_card, style_card
from recipes.gan_card import filled, indented, measures_table, memory_text

LIMITS = Path(__file__).with_name("vae_limits")

Config = SpatialVAEConfig | VectorVAEConfig

_TEXT = """---
{licence}library_name: deepart
tags: [vae, {name}]
---
# {name}

{about}

{shape}
{made}{notes}
{losses}

## Evaluation

{evaluation}

## Data

{data}

## What is still bad

{limits}
"""

_ABOUT = {
    "vae-pictures": "Takes any picture apart into a small map of numbers, and puts it together again.",
    "vae-portraits": "Takes a cartoon portrait apart into one vector of numbers, and draws people who never existed.",
}

Compared = tuple[int, Mapping[str, float], Mapping[str, float], Mapping[str, float] | None]
"""How many pictures; the measures of the model, of principal components, and published ones."""

_MEASURES = {
    "psnr": ("PSNR, dB", ".1f"),
    "ssim": ("SSIM", ".3f"),
    "ssim_channels": ("SSIM of channels", ".3f"),
    "perceptual": ("Perceptual", ".3f"),
    "content": ("relu4_2", ".3f"),
}

_SAMPLES = {
    "prior": "This model, temperature 1",
    "gaussian": "Gaussian over 128 principal components",
    "prior_fewer": "This model, as many as below",
    "real": "Real against real",
    "held_out": "Held-out against training",
}


def card(name: str, config: Config, names: list[str], run: Path, data: Mapping[str, Path], evaluation: Path) -> str:
    """Return the README.md of a model folder.

    names: of the directions. run: folder of the training. data: folders of "pictures", for a model with a map, and of
    "portraits". evaluation: evaluation.json; where it is missing, the card says so.

    Raises FileNotFoundError where nobody has written down what is still bad.
    """
    limits = LIMITS / f"{name}.md"
    if not limits.exists():
        raise FileNotFoundError(f"{limits} is missing: look at what it makes and write down what is still bad.")
    sharpened = (run / "log-adversarial.csv").exists()
    with (run / ("log-adversarial.csv" if sharpened else "log.csv")).open() as file:
        last = list(csv.DictReader(file))[-1]
    spatial = isinstance(config, SpatialVAEConfig)
    own = any(own_card.has_own(folder) for folder in data.values())
    makers = "`recipes/own_pictures.py`" if own else f"{'`recipes/style_data.py` and ' * spatial}`recipes/gan_data.py`"
    made = (
        f"**Made by**: {makers}, then `recipes/train_vae.py`; "
        f"{int(last['step']):,} steps, {int(last['pictures']):,} pictures shown, in {float(last['minutes']):.0f} "
        f"minutes on {style_card.hardware()}."
    )
    found = json.loads(evaluation.read_text("utf-8")) if evaluation.exists() else None
    return _TEXT.format(
        licence="" if own else gan_card.LICENCE,
        name=name, about=_ABOUT.get(name, "Takes pictures apart, and puts them together again."),
        shape=_point(shape_text(config, names)), made=_point(made), notes=indented(run / "notes.md"),
        losses=_point(losses_text(spatial, sharpened)),
        evaluation=evaluation_text(found) if found else "Not evaluated yet.", data=data_text(data),
        limits=limits.read_text("utf-8").strip(),
    )  # fmt: skip


def shape_text(config: Config, names: list[str]) -> str:
    """Return what goes in, what comes out, and what is between."""
    if isinstance(config, SpatialVAEConfig):
        count = sum(value.numel() for value in SpatialVAE(config).parameters()) / 1e6
        return (
            f"**Latent**: {config.channels} numbers for each block of 8 x 8 pixels, {192 / config.channels:g} numbers "
            f"in to 1 out; pictures from 16 to 4096 pixels a side (`deepart/models/spatial_vae.py`, {count:.2f} M "
            "parameters, the network's kernels in eight bits, the rest in float16)."
        )
    count = sum(value.numel() for value in VectorVAE(config).parameters()) / 1e6
    told = f" {len(names)} named directions." if names else ""
    prior = f" Its prior is a flow of width {config.prior}." if config.prior else ""
    return (
        f"**Latent**: one vector of {config.latent} numbers for a portrait of {config.side} x {config.side} pixels "
        f"(`deepart/models/vector_vae.py`, {count:.2f} M parameters, in eight bits).{prior}{told}"
    )


def losses_text(spatial: bool, sharpened: bool) -> str:
    """Return what training made small."""
    text = (
        "**Losses**: absolute error of pixels, distance in `features-vgg16` (relu1_2, relu2_2, relu3_3), and "
        "Kullback-Leibler divergence, warmed up and with free bits"
    )
    if sharpened:
        of = "reconstructions" if spatial else "reconstructions and samples"
        text += f"; in a second phase, with the encoder fixed, discriminators of patches and of features, on {of}"
    return text + ". The linear parts began as a principal component analysis; the weights are averaged."


# --------------------------------------------------------------------------------------------------------- evaluation


def evaluation_text(found: Mapping[str, Any]) -> str:
    """Return the measures as tables and sentences."""
    return "\n\n".join(map_parts(found) if found["kind"] == "map" else vector_parts(found))


def map_parts(found: Mapping[str, Any]) -> list[str]:
    """Return what was measured of a model whose latent is a map."""
    ours, floor, anchor = found["rows"]["model"], found["rows"]["floor"], found["anchor"]
    rows = {
        (f"six, {name} px" if name.isdigit() else f"held-out {name}"): (
            ours[name]["pictures"], ours[name]["mean"], floor[name]["mean"], anchor.get(name)
        )
        for name in ours
    }  # fmt: skip
    intro = (
        f"Weights `{found['version']}`, by `recipes/evaluate_vae.py`; each cell: this model / principal components / "
        "published. The six are scikit-image's astronaut, chelsea, coffee, rocket, camera and motorcycle, cut to the "
        "square in the middle and resampled by Lanczos; training has not seen them. Principal components are those of "
        "blocks of 8 x 8 pixels of the training photographs and painted pictures, "
        f"{found['latent']['units']} numbers a block, without any noise. Published is an autoencoder, not "
        "variational, of 2 x 1.34 M parameters with 32 channels at the same scale. "
        f"Held-out pictures were brought to the same square, 256 px. {_EXPLAINED}"
    )
    sides = [name for name in ours if name.isdigit()]
    head = ["Picture", *(f"PSNR, {side} px" for side in sides), *(f"SSIM, {side} px" for side in sides)]
    lines = [
        [title, *(f"{ours[side][title]['psnr']:.1f}" for side in sides),
         *(f"{ours[side][title]['ssim']:.3f}" for side in sides)]
        for title in ours[sides[0]] if title not in ("pictures", "mean")
    ]  # fmt: skip
    posterior = " ".join(f"At {side} pixels {posterior_text(ours[side]['mean'])}" for side in sides)
    plain = " ".join(
        f"{title} come back within {found[key]['mean']:.2f}/255 on average (worst {found[key]['worst']:.2f})."
        for key, title in (("flat_colours", "Flat colours"), ("ramps", "Ramps"))
    )
    shift = f"The mean colour of the six is off by {ours[sides[0]]['mean']['shift']:.2f}/255."
    text = f"{posterior} {units_text(found['latent'])} {plain} {shift}"
    return [filled(intro), comparison(rows), markdown(head, lines), filled(text)]


_EXPLAINED = (
    "SSIM is that of lightness, SSIM of channels scikit-image's for red, green and blue. Perceptual is the distance in "
    "relu1_2, relu2_2 and relu3_3 of `features-vgg16`, which training makes small itself; relu4_2 it never sees."
)


def vector_parts(found: Mapping[str, Any]) -> list[str]:
    """Return what was measured of a model whose latent is a vector."""
    ours, floor = (found["rows"][who]["held_out"] for who in ("model", "floor"))
    row = ours["mean"]
    intro = (
        f"Weights `{found['version']}`, by `recipes/evaluate_vae.py`; each cell: this model / as many principal "
        f"components of the training portraits. {_EXPLAINED}"
    )
    text = f"For a portrait {posterior_text(row)} {units_text(found['latent'])}"
    parts = [filled(intro), comparison({"held-out portraits": (ours["pictures"], row, floor["mean"], None)})]
    return [*parts, filled(text), *samples_parts(found.get("samples"))]


def samples_parts(found: Mapping[str, Any] | None) -> list[str]:
    """Return what was measured of samples of the prior, if it was."""
    if not found:
        return []
    intro = (
        "Samples of the prior, compared with training portraits in features of `features-vgg16` (relu4_3, averaged "
        "over the picture), so the numbers cannot be compared with those of papers; patches are the sliced "
        "Wasserstein distance (times 1000), which knows pixels only. Real against real are two halves of the portraits."
    )
    text = (
        f"Its Frechet distance is {found['frechet_over_gaussian']:.2f} of the Gaussian's. The seeds 0 to 63 are in "
        f"`samples.webp`. {memory_text(found['memory'])}"
    )
    return [filled(intro), measures_table(found["rows"], _SAMPLES), filled(text)]


def posterior_text(row: Mapping[str, float]) -> str:
    """Return what a posterior says of a picture, and what a sample of it does."""
    return (
        f"the posterior has {row['bits']:,.0f} bits ({row['bits_pixel']:.2g} a pixel); a sample of it changes the "
        f"picture by {row['sample_levels']:.1f}/255 on average and costs {row['sample_cost']:.2f} dB."
    )


def units_text(latent: Mapping[str, Any]) -> str:
    """Return how many units are active, and what that means."""
    return (
        f"Active {latent['of']} of the latent (the variance of the mean over the pictures is above 0.01; 1509.00519): "
        f"{latent['active']} of {latent['units']}."
    )


def comparison(rows: Mapping[str, Compared]) -> str:
    """Return a table of the measures, a row for each set of pictures."""
    lines = []
    for title, (count, ours, floor, published) in rows.items():
        cells = [title, str(count)]
        for key, (_, digits) in _MEASURES.items():
            values = [ours[key], floor[key], *([published[key]] if published and key in published else [])]
            cells.append(" / ".join(format(value, digits) for value in values))
        lines.append(cells)
    return markdown(["Pictures", "Count", *(title for title, _ in _MEASURES.values())], lines)


def markdown(head: list[str], lines: list[list[str]]) -> str:
    """Return a Markdown table, numbers on the right."""
    rows = [head, ["---", *["---:"] * (len(head) - 1)], *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


# --------------------------------------------------------------------------------------------------------------- data


def data_text(data: Mapping[str, Path]) -> str:
    """Return what the training pictures are, with licences, packages and the manifests' hashes."""
    own = any(own_card.has_own(folder) for folder in data.values())
    if (
        own and len({folder.resolve() for folder in data.values()}) == 1
    ):  # recipes.own_pictures makes one folder for all
        return own_card.data_text((data["portraits"] / "manifest.json").read_bytes())
    parts = []
    if "pictures" in data:
        parts.append(f"### Pictures\n\n{style_card.data_text(data['pictures'])}")
        patterns = len(list((data["pictures"] / "patterns").glob("*.png")))
        if patterns:
            parts.append(f"And {patterns} of the CC0 patterns of `@dicebear/collection`, as they are.")
    parts.append(f"### Portraits\n\n{gan_card.data_text((data['portraits'] / 'manifest.json').read_bytes())}")
    if not own:
        parts.append("None of the pictures that the table is made of, or that DeepArt shows, is among them.")
    return "\n\n".join(parts)


def _point(text: str) -> str:
    """Return a text as a point of a list."""
    return filled(text, "- ", "  ")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="the model's folder")
    parser.add_argument("--run", type=Path, required=True, help="folder of the training, with log.csv")
    parser.add_argument("--pictures", type=Path, help="folder made by recipes.style_data, where it was trained on that")
    parser.add_argument("--portraits", type=Path, default=Path("data/vae/portraits"), help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    found = checkpoint.read_config(options.model)
    kind = SpatialVAEConfig if found["class"] == "SpatialVAE" else VectorVAEConfig
    config = checkpoint.make_config(kind, found, options.model, ("task", "class", "directions_named"))
    folders = {"pictures": options.pictures, "portraits": options.portraits}
    data = {name: folder for name, folder in folders.items() if folder is not None}
    name = options.model.resolve().name
    evaluation = options.model / "evaluation.json"
    text = card(name, config, found.get("directions_named", []), options.run, data, evaluation)
    (options.model / checkpoint.CARD).write_text(text, "utf-8")


if __name__ == "__main__":
    main()

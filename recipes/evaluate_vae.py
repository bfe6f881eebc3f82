"""Measure a VAE: how near its pictures come to the originals, what its latent says, and how good its samples are.

    python -m recipes.evaluate_vae weights/vae-pictures data/style data/vae/portraits
    python -m recipes.evaluate_vae weights/vae-portraits data/vae/portraits

writes evaluation.json and reconstructions.webp (originals, each with its reconstruction on its right) into the model's
folder, or --out; for a model with a prior also samples.webp (the seeds 0 to 63, none left out) and nearest.webp (each
of them beside the training picture that is nearest by features, and the one that is nearest by pixels).

A model whose latent is a map is measured on scikit-image's six pictures at 256 and 512 pixels and on held-out pictures
of each training source at 256, beside the first components of blocks of 8 x 8 pixels, as many numbers a block as its
latent has channels; and on flat colours and ramps. A model with a vector is measured on held-out portraits beside as
many components of whole training portraits, and its samples as recipes.evaluate_gan measures a generator's. What the
measures are stands in recipes/vae_metrics.py and recipes/gan_metrics.py.

What does not depend on the model is kept beside the data, in yardsticks.json and features.pt, so a second evaluation is
quicker; delete them when the measures change.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.machine import machine
from deepart.images import to_tensor
from recipes import gan_gaussian, gan_nearest, gan_split
from recipes.evaluate_gan import SHOWN, Evaluation, rounded
from recipes.full_features import VERSION
from recipes.gan_metrics import PictureFeatures, load_pictures, spread_out
from recipes.vae_floor import fit_blocks, restore_whole
from recipes.vae_metrics import (
    Judge,
    Row,
    TakesApart,
    active_units,
    compare,
    flat_colours,
    mean_of,
    middles,
    plain_error,
    ramps,
    six_pictures,
)
from recipes.vae_pictures import Sources, find_sources

SIDES = (256, 512)  # pixels, of the six pictures
HELD_OUT_SIDE = 256
LIMIT = {"map": 24, "vector": 200}  # held-out pictures of a source
ANCHOR = {"256": {"psnr": 30.2, "ssim": 0.923}, "512": {"psnr": 32.4, "ssim": 0.936}}
"""What a published autoencoder of 2 x 1.34 M parameters, 32 channels at an eighth of the size, reaches on the six."""


class Samples(Protocol):
    """A model that has a prior; a VAEPipeline."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def has_prior(self) -> bool: ...

    def sample(self, n: int = 1, *, seed: int = 0, temperature: float = 1.0) -> list[Image.Image]: ...


class AsGenerator:
    """A VAE's prior under the name that a generator's pictures have; truncation is its temperature."""

    def __init__(self, pipeline: Samples) -> None:
        self.pipeline = pipeline
        self.name, self.version = pipeline.name, pipeline.version

    def generate(self, n: int = 1, *, seed: int = 0, truncation: float = 1.0) -> list[Image.Image]:
        return self.pipeline.sample(n, seed=seed, temperature=truncation)


class SampleEvaluation(Evaluation):
    """The measures of samples; the rows that are the same for every model are computed once."""

    def yardsticks(self) -> Iterator[tuple[str, dict[str, Any]]]:
        def make() -> dict[str, Any]:
            return dict(super(SampleEvaluation, self).yardsticks())

        yield from remembered([self.data], f"{self.samples} samples", make).items()


def remembered(data: Sequence[Path], what: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what make() returns, from yardsticks.json in the first folder where it was made of the same pictures."""
    path = data[0] / "yardsticks.json"
    known: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    sums = [hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()[:12] for folder in data]
    mark = f"{what}, pictures {' '.join(sums)}, features {VERSION}"
    if mark not in known:
        known[mark] = make()
        path.write_text(json.dumps(known, indent=2) + "\n")
    found: dict[str, Any] = known[mark]
    return found


# ---------------------------------------------------------------------------------------------------------------- map


def gather(sources: Sources, limit: int) -> dict[str, dict[str, Image.Image]]:
    """Return pictures to measure a map's model on, by set and name."""
    sets = {str(side): six_pictures(side) for side in SIDES}
    for source, paths in sources.held_out.items():
        few = spread_out(paths, limit)
        if few:
            sets[source] = dict(zip((path.name for path in few), middles(few, HELD_OUT_SIDE), strict=True))
    return sets


def floor_of_blocks(
    sets: Mapping[str, Mapping[str, Image.Image]], sources: Sources, channels: int, features: PictureFeatures
) -> dict[str, Any]:
    """Return for each set the measures of each picture restored from the components of its blocks."""
    components = fit_blocks([*sources.training["contents"], *sources.training["styles"]], channels)
    found = {}
    for name, images in sets.items():
        found[name] = {}
        for title, image in images.items():
            x = to_tensor(image)
            kept = components.restore(x).mul(255).round().div(255)
            found[name][title] = compare(features.network, kept, x)
    return found


def evaluate_map(
    pipeline: TakesApart, pictures: Path, portraits: Path, limit: int, features: PictureFeatures
) -> tuple[dict[str, Any], Image.Image]:
    """Return the measures of a model whose latent is a map, and the sheet of the six pictures."""
    sources = find_sources(pictures, portraits)
    sets, judge = gather(sources, limit), Judge(pipeline, features.network)
    found: dict[str, Any] = {"model": {}, "floor": {}}  # set to measures
    shown: list[tuple[Image.Image, Image.Image]] = []
    for name, images in sets.items():
        rows, made = judge.all(images.values())
        found["model"][name] = _table(images, rows, name)
        print(name, found["model"][name]["mean"], flush=True)
        if name == str(SIDES[0]):
            shown = list(zip(images.values(), made, strict=True))
    active, units = active_units(judge.means)
    floor = remembered(
        [pictures, portraits], f"{units} components of blocks, {limit} held out",
        lambda: floor_of_blocks(sets, sources, units, features),
    )  # fmt: skip
    for name, images in sets.items():
        found["floor"][name] = _table(images, [floor[name][title] for title in images], name)
    return {
        "rows": found,
        "anchor": ANCHOR,
        "latent": {"active": active, "units": units, "of": "channels"},
        "flat_colours": rounded(plain_error(pipeline, flat_colours())),
        "ramps": rounded(plain_error(pipeline, ramps())),
    }, sheet([a for a, _ in shown], [b for _, b in shown])


def _table(images: Mapping[str, Image.Image], rows: Sequence[Row], name: str) -> dict[str, Any]:
    """Return the mean over a set, and for the six pictures each of them too."""
    each = dict(zip(images, map(rounded, rows), strict=True)) if name.isdigit() else {}
    return {"pictures": len(rows), **each, "mean": rounded(mean_of(rows))}


def sheet(originals: Sequence[Image.Image], made: Sequence[Image.Image], columns: int = 2) -> Image.Image:
    """Return originals, each with its reconstruction on its right; all of one size."""
    before, after = (torch.cat([_bytes(image) for image in images]) for images in (originals, made))
    return gan_nearest.nearest_sheet(before, after, columns=columns, side=before.shape[3])


def _bytes(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]


# ------------------------------------------------------------------------------------------------------------- vector


def floor_of_portraits(
    training: Sequence[Path], held_out: Sequence[Path], numbers: int, features: PictureFeatures
) -> dict[str, Any]:
    """Return the mean measures of portraits restored from as many components of the training portraits."""
    components = gan_gaussian.fit(load_pictures(training), numbers)
    pictures = load_pictures(held_out)
    kept = restore_whole(components, pictures)
    return mean_of([
        compare(features.network, a[None].float() / 255, b[None].float() / 255)
        for a, b in zip(kept, pictures, strict=True)
    ])  # fmt: skip


def evaluate_vector(
    pipeline: TakesApart, data: Path, limit: int, features: PictureFeatures
) -> tuple[dict[str, Any], Image.Image]:
    """Return the measures of the reconstructions of a model with a vector, and a sheet of some."""
    training, held_out = gan_split.split(data)
    paths = spread_out(held_out, limit)
    images = [Image.fromarray(picture.permute(1, 2, 0).numpy()) for picture in load_pictures(paths)]
    judge = Judge(pipeline, features.network)
    rows, made = judge.all(images)
    active, units = active_units(judge.means)
    mean = rounded(mean_of(rows))
    print("held-out", mean, flush=True)
    floor = remembered(
        [data], f"{units} components, {len(paths)} held out",
        lambda: floor_of_portraits(training, paths, units, features),
    )  # fmt: skip
    return {
        "rows": {
            "model": {"held_out": {"pictures": len(rows), "mean": mean}},
            "floor": {"held_out": {"pictures": len(rows), "mean": rounded(floor)}},
        },
        "latent": {"active": active, "units": units, "of": "numbers"},
    }, sheet(images[:32], made[:32], columns=4)


def evaluate_samples(
    pipeline: Samples, data: Path, out: Path, samples: int, features: PictureFeatures
) -> dict[str, Any]:
    """Return the measures of samples, and write the sheets of them."""
    run = SampleEvaluation(AsGenerator(pipeline), data, samples, features, cautious=False)
    rows = {name.replace("gan", "prior"): rounded(row) for name, row in run.rows()}
    memory, nearest = run.memory()
    gan_nearest.nearest_sheet(run.made[:SHOWN], side=run.made.shape[3]).save(out / "samples.webp", quality=66, method=6)
    nearest.save(out / "nearest.webp", quality=66, method=6)
    return {
        "rows": rows,
        "frechet_over_gaussian": rounded(rows["prior"]["frechet"] / rows["gaussian"]["frechet"]),
        "memory": rounded(memory),
    }


# ---------------------------------------------------------------------------------------------------------------- all


def evaluate(
    pipeline: Any, data: Sequence[Path], out: Path, samples: int, limit: int | None = None,
    features: PictureFeatures | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write evaluation.json and the sheets; return what is in the first.

    pipeline: a VAEPipeline. data: for a map the folder of pictures and that of portraits, for a vector the latter.
    samples: of the prior; 0 leaves them out. limit: held-out pictures of each source.
    """
    features = features or PictureFeatures()
    out.mkdir(parents=True, exist_ok=True)
    kind = "map" if pipeline.spatial else "vector"
    limit = limit or LIMIT[kind]
    if pipeline.spatial:
        found, shown = evaluate_map(pipeline, *data, limit, features)
    else:
        found, shown = evaluate_vector(pipeline, *data, limit, features)
        if pipeline.has_prior and samples:
            found["samples"] = evaluate_samples(pipeline, *data, out, samples, features)
    result = {
        "model": pipeline.name,
        "version": pipeline.version,
        "kind": kind,
        "features": VERSION,
        **found,
        "machine": machine(),
    }
    shown.save(out / "reconstructions.webp", quality=66, method=6)
    (out / "evaluation.json").write_text(json.dumps(result, indent=2) + "\n")
    return result


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder of a model, or a registered name")
    parser.add_argument("data", type=Path, nargs="+", help="[pictures made by recipes.style_data,] portraits")
    parser.add_argument("--samples", type=int, default=5000, help="of the prior; 0: none (default: %(default)s)")
    parser.add_argument("--limit", type=int, help=f"held-out pictures of each source (default: {LIMIT})")
    parser.add_argument("--out", type=Path, help="folder for the results (default: the model's)")
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    options = parser.parse_args(arguments)
    from deepart import VAEPipeline

    pipeline = VAEPipeline.from_pretrained(options.model, device=options.device)
    wanted = 2 if pipeline.spatial else 1
    if len(options.data) != wanted:
        parser.error(f"{options.model!r} needs {wanted} folders of data, not {len(options.data)}.")
    out = options.out or Path(options.model)
    if not out.is_dir() and options.out is None:
        parser.error(f"{options.model!r} is no folder; say with --out where the results go")
    features = PictureFeatures(options.device)
    evaluate(pipeline, options.data, out, options.samples, options.limit, features)


if __name__ == "__main__":
    main()

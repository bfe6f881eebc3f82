"""Measure a generator against its training pictures, beside two yardsticks, and look for pictures that it repeats.

    python -m recipes.evaluate_gan weights/gan-landscapes data/gan/landscapes

writes evaluation.json, samples.webp (the seeds 0 to 63, none left out) and nearest.webp (each of them beside the
training picture that is nearest by features, and the one that is nearest by pixels) into the model's folder, or --out.

Every row compares `samples` pictures with as many training pictures (fewer where there are fewer, which the counts
say): kernel and Frechet distance, precision and recall in features of a VGG16 (recipes/gan_metrics.py), and the sliced
Wasserstein distance of patches (recipes/gan_patches.py). The rows:

    gan, gan_0.7       the generator at truncation 1 and 0.7
    gaussian           a Gaussian over 128 principal components of the training pictures: what a generator has to beat
    real               real pictures against real ones that share no painting with them: what it can hope for
    gan_fewer          the generator again, with as many pictures as that row has, where these are fewer
    held_out           the pictures that training did not see; they are few

"spectrum" is the power of the samples over that of the training pictures at 1, 2, ... waves a side: near 1 everywhere
where there are no ripples.

The measures depend on how many pictures are compared, but for the kernel distance; compare rows of equal counts.
Features of real pictures are kept beside them in features.pt, so a second evaluation is quicker.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.machine import machine
from recipes import gan_gaussian, gan_nearest, gan_patches
from recipes.full_features import VERSION
from recipes.gan_metrics import PictureFeatures, load_pictures, measure, spread_out
from recipes.gan_patches import spectrum
from recipes.gan_split import halves, split

SHOWN = 64  # samples on the sheets
CHUNK = 64  # pictures of one call
TRUNCATIONS = {"gan": 1.0, "gan_0.7": 0.7}


class Generates(Protocol):
    """What is measured; a GANPipeline."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def generate(self, n: int = 1, *, seed: int = 0, truncation: float = 1.0) -> list[Image.Image]: ...


def draw(pipeline: Generates, count: int, truncation: float = 1.0) -> Tensor:
    """Return the pictures of the seeds 0 to count - 1 as uint8 (N, 3, H, W)."""
    made = []
    for seed in range(0, count, CHUNK):
        pictures = pipeline.generate(min(CHUNK, count - seed), seed=seed, truncation=truncation)
        made.append(torch.from_numpy(np.stack([np.array(picture) for picture in pictures])).permute(0, 3, 1, 2))
    return torch.cat(made).contiguous()


class Evaluation:
    """The measures of one model against one data set; without a model only yardsticks()."""

    def __init__(
        self, pipeline: Generates | None, data: Path, samples: int, features: PictureFeatures, cautious: bool = True
    ) -> None:
        """cautious: measure truncation 0.7 too."""
        self.truncations = TRUNCATIONS if cautious else {"gan": 1.0}
        self.pipeline, self.data, self.samples, self.features = pipeline, data, samples, features
        self.cache = data / "features.pt"
        self.training, self.held_out = split(data)
        self.reference = spread_out(self.training, samples)
        self.real = features.of_files(self.reference, self.cache)
        self.pictures = load_pictures(self.reference)
        self.patches = gan_patches.patches(self.pictures)

    def row(self, pictures: Tensor, seen: Tensor) -> dict[str, Any]:
        """Compare pictures, and their features, with the reference."""
        return self._row(self.real, self.patches, seen, gan_patches.patches(pictures, seed=1))

    def _row(
        self, real: Tensor, real_patches: dict[int, Tensor], fake: Tensor, fake_patches: dict[int, Tensor]
    ) -> dict[str, Any]:
        apart = gan_patches.patch_distances(real_patches, fake_patches)
        return {**measure(real, fake), "patches": apart, "real_pictures": len(real), "pictures": len(fake)}

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the name and the measures of every row."""
        assert self.pipeline is not None
        for name, truncation in self.truncations.items():
            made = draw(self.pipeline, self.samples, truncation)
            seen = self.features(made)
            if truncation == 1:
                self.made, self.seen = made, seen
            yield name, {"truncation": truncation, **self.row(made, seen)}
        yield from self.yardsticks()
        a, b = self.sides()
        if len(a) < len(self.reference):
            few = [self.reference.index(path) for path in spread_out(self.reference, len(a))]
            yield "gan_fewer", self._row(
                self.real[few], gan_patches.patches(self.pictures[few]),
                self.seen[: len(b)], gan_patches.patches(self.made[: len(b)], seed=1),
            )  # fmt: skip

    def sides(self) -> tuple[list[Path], list[Path]]:
        """Return the two sides of real against real."""
        first, second = halves(self.data)
        return spread_out(first, self.samples), spread_out(second, self.samples)

    def yardsticks(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the rows that are the same for every model."""
        simple = gan_gaussian.fit(self.pictures).sample(self.samples)
        yield "gaussian", self.row(simple, self.features(simple))
        a, b = self.sides()
        yield "real", self._row(
            self.features.of_files(a, self.cache), gan_patches.patches(load_pictures(a)),
            self.features.of_files(b, self.cache), gan_patches.patches(load_pictures(b), seed=1),
        )  # fmt: skip
        if len(self.held_out) > 1:
            seen = self.features.of_files(self.held_out, self.cache)
            yield "held_out", self.row(load_pictures(self.held_out), seen)

    def memory(self) -> tuple[dict[str, Any], Image.Image]:
        """Return how near samples and held-out pictures are to training pictures, and the sheet of the first samples.

        After rows(), whose samples these are.
        """
        bank, small_bank = self.features.of_files(self.training, self.cache), gan_nearest.small_files(self.training)
        by_features, alike = gan_nearest.nearest(self.seen, bank)
        by_pixels, same = gan_nearest.nearest_pixels(gan_nearest.small(self.made), small_bank)
        found: dict[str, Any] = {"training_pictures": len(self.training), "held_out_pictures": len(self.held_out)}
        if self.held_out:
            usual, _ = gan_nearest.nearest(self.features.of_files(self.held_out, self.cache), bank)
            usual_pixels, _ = gan_nearest.nearest_pixels(gan_nearest.small_files(self.held_out), small_bank)
            found["features"] = gan_nearest.compare(by_features, usual)
            found["pixels"] = gan_nearest.compare(by_pixels, usual_pixels)
        neighbours = [load_pictures([self.training[i] for i in which[:SHOWN].tolist()]) for which in (alike, same)]
        return found, gan_nearest.nearest_sheet(self.made[:SHOWN], *neighbours)


def evaluate(
    pipeline: Generates, data: Path, out: Path, samples: int, features: PictureFeatures | None = None,
    cautious: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Write evaluation.json, samples.webp and nearest.webp; return what is in the first."""
    run = Evaluation(pipeline, data, samples, features or PictureFeatures(), cautious)
    rows: dict[str, dict[str, Any]] = {}
    for name, row in run.rows():
        rows[name] = rounded(row)
        print(name, rows[name], flush=True)
    memory, sheet = run.memory()
    result = {
        "model": pipeline.name,
        "version": pipeline.version,
        "features": VERSION,
        "data": data.name,
        "rows": rows,
        "kernel_over_gaussian": rounded(rows["gan"]["kernel"] / rows["gaussian"]["kernel"]),
        "spectrum": [rounded(float(ratio)) for ratio in spectrum(run.made) / spectrum(run.pictures)],
        "memory": rounded(memory),
        "machine": machine(),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluation.json").write_text(json.dumps(result, indent=2) + "\n")
    gan_nearest.nearest_sheet(run.made[:SHOWN], side=run.made.shape[3]).save(out / "samples.webp", quality=66, method=6)
    sheet.save(out / "nearest.webp", quality=66, method=6)
    return result


def rounded(value: Any) -> Any:
    """Return numbers to four significant digits, also inside of mappings; whole numbers as they are."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder of a model, or a registered name")
    parser.add_argument("data", type=Path, help="folder of a set made by recipes.art_pictures or gan_data")
    parser.add_argument("--samples", type=int, default=5000, help="pictures to compare (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="leave out truncation 0.7, a third of the time")
    parser.add_argument("--out", type=Path, help="folder for the results (default: the model's)")
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    options = parser.parse_args(arguments)
    from deepart import GANPipeline

    pipeline = GANPipeline.from_pretrained(options.model, device=options.device)
    out = options.out or Path(options.model)
    if not out.is_dir() and options.out is None:
        parser.error(f"{options.model!r} is no folder; say with --out where the results go")
    evaluate(pipeline, options.data, out, options.samples, PictureFeatures(options.device), not options.quick)


if __name__ == "__main__":
    main()

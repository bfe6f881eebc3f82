"""Draw what the README shows of the VAEs. Nothing is picked out.

    python -m benchmarks.vae_look data/vae/portraits

writes vae_six.webp (scikit-image's six pictures at 256 pixels, each before and after, with its numbers), vae_morph.webp
(from the first held-out portraits to the ones after them: the portrait, the way, the other portrait) and
vae_samples.webp (the seeds 0 to 63) beside this file. --pictures and --portraits try checkpoints; --out is then needed.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from benchmarks.pictures import Cell, draw_sheet
from benchmarks.style_fast import save_under
from deepart import VAEPipeline, load_image, metrics
from deepart.images import to_tensor
from recipes.gan_split import split
from recipes.vae_metrics import six_pictures

HERE = Path(__file__).parent
SIDE = 256  # pixels, of the six
MORPHS, STEPS = 3, 7
PORTRAIT_SIDE = 96  # pixels on the sheets
SEEDS, COLUMNS = 64, 8
BYTES = {"vae_six.webp": 400_000, "vae_morph.webp": 150_000, "vae_samples.webp": 250_000}


def six_sheet(pipeline: VAEPipeline, pictures: Mapping[str, Image.Image]) -> Image.Image:
    """Return pictures before and after, two pairs a row, with PSNR and SSIM."""
    rows: list[list[Cell]] = []
    for index, (name, image) in enumerate(pictures.items()):
        made = pipeline.reconstruct(image)
        a, b = to_tensor(image), to_tensor(made)
        if index % 2 == 0:
            rows.append([])
        rows[-1] += [(image, name), (made, f"{metrics.psnr(a, b):.1f} dB, SSIM {metrics.ssim(a, b):.3f}")]
    return draw_sheet(rows, next(iter(pictures.values())).width)


def morph_sheet(pipeline: VAEPipeline, portraits: Sequence[Image.Image]) -> Image.Image:
    """Return a row for each two portraits: the one, the way between their reconstructions, the other."""
    rows: list[list[Cell]] = []
    for first, second in zip(portraits[::2], portraits[1::2], strict=True):
        way = pipeline.interpolate(first, second, steps=STEPS, path="spherical")
        rows.append([(image, "") for image in (first, *way, second)])
    return draw_sheet(rows, PORTRAIT_SIDE, names=False)


def samples_sheet(pipeline: VAEPipeline) -> Image.Image:
    """Return the pictures of the first seeds."""
    cells: list[Cell] = [(image, "") for image in pipeline.sample(SEEDS)]
    return draw_sheet([cells[i : i + COLUMNS] for i in range(0, SEEDS, COLUMNS)], PORTRAIT_SIDE, names=False)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the portraits, made by recipes.gan_data")
    parser.add_argument("--pictures", default="pictures", help="model for the six (default: %(default)s)")
    parser.add_argument("--portraits", default="portraits", help="model for the portraits (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="folder for the sheets (default: beside this file)")
    options = parser.parse_args(arguments)
    if options.out is None and (options.pictures, options.portraits) != ("pictures", "portraits"):
        parser.error("say with --out where the sheets of a checkpoint go")
    out = options.out or HERE
    pictures, portraits = (VAEPipeline.from_pretrained(name) for name in (options.pictures, options.portraits))
    held_out = [load_image(path) for path in split(options.data)[1][: 2 * MORPHS]]
    sheets = {
        "vae_six.webp": six_sheet(pictures, six_pictures(SIDE)),
        "vae_morph.webp": morph_sheet(portraits, held_out),
        "vae_samples.webp": samples_sheet(portraits),
    }
    for name, sheet in sheets.items():
        save_under(sheet, out / name, BYTES[name])


if __name__ == "__main__":
    main()

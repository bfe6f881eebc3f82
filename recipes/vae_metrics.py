"""How near a VAE's pictures are to the originals, and how much its latent says.

psnr, ssim       of deepart.metrics; a mean over pictures is the mean of the dB of each
ssim_channels    scikit-image's structural_similarity as it comes: windows of 7 x 7, red, green and blue averaged
perceptual       distance in relu1_2, relu2_2 and relu3_3 of features-vgg16 (recipes/vae_losses.py). Training makes
                 this very number small, which flatters
content          deepart.distances.content_distance: relu4_2 of the same network, which training does not look at
shift            by how many of 255 levels the mean colour is off, averaged over red, green and blue
bits             Kullback-Leibler divergence of the posterior from N(0, 1), of a whole picture; bits_pixel: over
                 its pixels
sample_levels    by how many of 255 levels a posterior sample's picture differs from that of the mean, on average
sample_cost      how many dB of PSNR the sample loses
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image
from torch import Tensor

from benchmarks import distances
from deepart import metrics
from deepart.images import to_tensor
from deepart.models.vgg import VGGFeatures
from deepart.pipelines.vae_latent import Latent
from recipes.style_pictures import measure
from recipes.vae_losses import divergence, perceptual_distance

LEVELS = 255
ACTIVE = 0.01  # variance over the data of a unit's posterior mean, above which it is active
SIX = {
    "astronaut": "astronaut.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "rocket": "rocket.jpg",
    "camera": "camera.png",
    "motorcycle": "motorcycle_left.png",
}
"""The pictures that scikit-image brings along; no training has seen them."""

Row = dict[str, float]


class TakesApart(Protocol):
    """What is measured; a VAEPipeline."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def spatial(self) -> bool: ...

    def encode(self, image: Image.Image) -> Latent: ...

    def decode(self, latent: Latent) -> Image.Image: ...

    def vary(self, source: Latent, strength: float = 1.0, *, n: int = 4, seed: int = 0) -> list[Image.Image]: ...


# ----------------------------------------------------------------------------------------------------------- pictures


def middle(image: Image.Image, side: int) -> Image.Image:
    """Return the largest square around the middle of a picture at `side` pixels, resampled by Lanczos.

    A colour profile is left out, for the pixels are what is measured; the pipeline would bring them to sRGB.
    """
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    box = (left, top, left + edge, top + edge)
    found = image.crop(box).resize((side, side), Image.Resampling.LANCZOS)
    found.info.clear()
    return found


def middles(paths: Iterable[Path], side: int) -> list[Image.Image]:
    """Return the middles of picture files."""
    found = []
    for path in paths:
        with Image.open(path) as image:
            found.append(middle(image.convert("RGB"), side))
    return found


def six_pictures(side: int, folder: Path | None = None) -> dict[str, Image.Image]:
    """Return the middles of those of scikit-image's six pictures that its package holds; nothing is downloaded."""
    import skimage

    folder = folder or Path(skimage.__file__).parent / "data"
    there = {name: folder / file for name, file in SIX.items() if (folder / file).is_file()}
    return dict(zip(there, middles(there.values(), side), strict=True))


def flat_colours(side: int = 64) -> list[Image.Image]:
    """Return 125 pictures of one colour: five levels each of red, green and blue."""
    levels = (0, 64, 128, 191, 255)
    return [Image.new("RGB", (side, side), (r, g, b)) for r in levels for g in levels for b in levels]


def ramps(side: int = 256) -> list[Image.Image]:
    """Return 14 pictures from black to each corner of the colour cube, from left to right and from top to bottom."""
    line = torch.linspace(0, LEVELS, side).round().to(torch.uint8)
    across = Image.fromarray(line.repeat(side, 1).numpy())
    black = Image.new("L", across.size)
    found = []
    for corner in range(1, 8):
        bands = [across if corner >> channel & 1 else black for channel in range(3)]
        image = Image.merge("RGB", bands)
        found += [image, image.transpose(Image.Transpose.TRANSPOSE)]
    return found


# ----------------------------------------------------------------------------------------------------------- measures


def channel_ssim(a: Tensor, b: Tensor) -> float:
    """Return scikit-image's structural similarity of two pictures (1, 3, H, W) in [0, 1], averaged over channels."""
    from skimage.metrics import structural_similarity

    return float(structural_similarity(a[0].numpy(), b[0].numpy(), channel_axis=0, data_range=1))


@torch.inference_mode()
def compare(features: VGGFeatures, result: Tensor, picture: Tensor) -> Row:
    """Return how near a result is to its picture; both (1, 3, H, W) in [0, 1], on the CPU."""
    device = features.mean.device
    x, y = (t.to(device, memory_format=torch.channels_last) for t in (result, picture))

    def seen(z: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        return {name: value.float() for name, value in measure(features, z, layers).items()}

    return {
        "psnr": metrics.psnr(result, picture),
        "ssim": metrics.ssim(result, picture),
        "ssim_channels": channel_ssim(result, picture),
        "perceptual": float(perceptual_distance(features, x, y)),
        "content": distances.content_distance(seen, x, y),
        "shift": LEVELS * float((result - picture).mean((2, 3)).abs().mean()),
    }


def bits(latent: Latent) -> float:
    """Return the Kullback-Leibler divergence of a posterior from the standard normal distribution, in bits."""
    return float(divergence(latent.mean, latent.std).double().sum()) / math.log(2)


def active_units(means: Sequence[Tensor]) -> tuple[int, int]:
    """Return how many units of the latent are active, and how many there are.

    means: of the posteriors, each (1, latent), or (1, channels, h, w), where each place counts like a picture of its
    own. Source: Burda et al. (1509.00519), section 5.2: the variance of the mean over the data is above 0.01.
    """
    rows = torch.cat([mean.flatten(2).movedim(2, 1).flatten(0, 1) if mean.dim() > 2 else mean for mean in means])
    return int((rows.double().var(0) > ACTIVE).sum()), rows.shape[1]


class Judge:
    """Measures the pictures of one model, and remembers the means of their latents."""

    def __init__(self, pipeline: TakesApart, features: VGGFeatures) -> None:
        self.pipeline, self.features = pipeline, features
        self.means: list[Tensor] = []

    def __call__(self, image: Image.Image, seed: int = 0) -> tuple[Row, Image.Image]:
        """Return the measures of a picture, and its reconstruction. seed: of the posterior sample."""
        latent = self.pipeline.encode(image)
        self.means.append(latent.mean)
        made = self.pipeline.decode(latent)
        [drawn] = self.pipeline.vary(latent, 1.0, n=1, seed=seed)
        picture, result, sample = to_tensor(image), to_tensor(made), to_tensor(drawn)
        row = compare(self.features, result, picture)
        row["bits"] = bits(latent)
        row["bits_pixel"] = row["bits"] / (image.width * image.height)
        row["sample_levels"] = LEVELS * float((sample - result).abs().mean())
        row["sample_cost"] = row["psnr"] - metrics.psnr(sample, picture)
        return row, made

    def all(self, images: Iterable[Image.Image]) -> tuple[list[Row], list[Image.Image]]:
        """Return the measures of pictures, and their reconstructions."""
        found = [self(image, seed) for seed, image in enumerate(images)]
        return [row for row, _ in found], [made for _, made in found]


def plain_error(pipeline: TakesApart, images: Sequence[Image.Image]) -> Row:
    """Return by how many of 255 levels reconstructions are off: on average over pictures, and in the worst one."""
    errors = []
    for image in images:
        made = pipeline.decode(pipeline.encode(image))
        errors.append(LEVELS * float((to_tensor(made) - to_tensor(image)).abs().mean()))
    return {"mean": statistics.fmean(errors), "worst": max(errors), "pictures": len(errors)}


def mean_of(rows: Sequence[Row]) -> Row:
    """Return the mean of each measure over pictures."""
    return {name: statistics.fmean(row[name] for row in rows) for name in rows[0]}

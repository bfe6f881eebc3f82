"""Pictures of what cannot be seen: a latent from inside, and where a reconstruction is wrong."""

import math
from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from deepart.checks import number, whole_number
from deepart.color import oklab_to_rgb
from deepart.errors import ImageError, UnsupportedError
from deepart.images import check_image, to_image
from deepart.pipelines.vae_latent import MAX_SIDE, Latent

GAIN = 4.0  # times that an error map shows an error
MAX_GAIN = 100.0
_STRIP = 256  # pixels; height of what an error map looks at at once
_TAIL = 0.01  # share of the numbers at each end that may leave the scale

# Lightness, a and b in Oklab, from low to high. Lightness rises evenly, so that equal steps of a number are equal steps
# to the eye, and in print without colours too; the hue turns from night blue over magenta and orange to pale yellow.
_HEAT = (
    (0.12, 0.010, -0.050),
    (0.33, 0.055, -0.130),
    (0.54, 0.180, -0.020),
    (0.75, 0.085, 0.115),
    (0.96, -0.015, 0.100),
)


def components(latent: Latent, *, side: int | None = None) -> Image.Image:
    """Return a latent's means as one picture: the first three principal components of a map as red, green and blue.

    One pixel is one place of the map; each component is scaled so that its 1st to 99th percentile spans the range. A
    vector is shown as a heat map of its numbers, row by row in a grid, 0 in the middle of the scale. side: enlarge the
    pixels, whole times, until the longer side has about as many.
    """
    if not latent.spatial:
        return _enlarge(_heat(_grid(latent.mean[0])), side)
    height, width = latent.mean.shape[2:]
    rows = latent.mean[0].flatten(1).double()
    rows = rows - rows.mean(1, keepdim=True)
    axes = torch.linalg.eigh(rows @ rows.T)[1].flip(1)[:, :3].T  # the largest variance first
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    found = axes * largest.sign() @ rows  # an axis has no sign of its own: the largest of its numbers is positive
    planes = [_spread(row) for row in found] + [torch.full((height * width,), 0.5)] * (3 - len(axes))
    return _enlarge(to_image(torch.stack(planes).view(3, height, width)), side)


def channel(latent: Latent, index: int, *, side: int | None = None) -> Image.Image:
    """Return one channel of a map's means as a heat map, from its 1st to its 99th percentile.

    index: from 0 on. side: as of components(). Raises UnsupportedError for a latent that is a vector.
    """
    if not latent.spatial:
        raise UnsupportedError(
            "The latent of {model!r} is a vector and has no channels to look at; use 'pictures'.", model=latent.model
        )
    index = whole_number("channel", index, 0, latent.mean.shape[1] - 1)
    plane = latent.mean[0, index]
    return _enlarge(_heat(_spread(plane.flatten()).view_as(plane)), side)


def error_map(picture: Image.Image, reconstruction: Image.Image, gain: float = GAIN) -> Image.Image:
    """Return where two pictures of one size differ: the mean absolute error of the three colours as a heat map.

    gain: 1 to 100; at 4 an error of a quarter of the range is as bright as can be. Raises ImageError, OptionError.
    """
    gain = number("gain", gain, 1, MAX_GAIN)
    a, b = check_image(picture), check_image(reconstruction, "reconstruction")
    if a.size != b.size:
        raise ImageError(
            "The picture is {width}x{height} pixels and the reconstruction {other_width}x{other_height}; an error map "
            "takes two of one size.",
            width=a.width, height=a.height, other_width=b.width, other_height=b.height,
        )  # fmt: skip
    # By way of a table, in whole numbers and in strips: large pictures would take gigabytes as fractions.
    most = 3 * 255
    table = heat_colors()[(torch.arange(most + 1) * (gain / most)).clamp(0, 1).mul(255).round().long()].numpy()
    made = Image.new("RGB", a.size)
    for top in range(0, a.height, _STRIP):
        box = (0, top, a.width, min(a.height, top + _STRIP))
        first, second = (np.asarray(one.crop(box)).astype(np.int16) for one in (a, b))
        made.paste(Image.fromarray(table[np.abs(first - second).sum(2)]), box)
    return made


@lru_cache(1)
def heat_colors() -> Tensor:
    """Return the 256 colours of a heat map, (256, 3) uint8, from low to high."""
    points = torch.tensor(_HEAT)
    place = torch.linspace(0, len(points) - 1, 256)
    index = place.long().clamp_max(len(points) - 2)
    lab = torch.lerp(points[index], points[index + 1], (place - index)[:, None])
    rgb = oklab_to_rgb(lab.T[None, :, :, None])[0, :, :, 0].T
    return rgb.clamp(0, 1).mul(255).round().to(torch.uint8)


def _heat(values: Tensor) -> Image.Image:
    """Return numbers (h, w) from 0 to 1 in the colours of heat."""
    levels = values.clamp(0, 1).mul(255).round().long()
    return Image.fromarray(heat_colors()[levels].numpy())


def _spread(values: Tensor) -> Tensor:
    """Return numbers (n,) scaled so that their percentiles are 0 and 1; all the same: 0.5."""
    ordered = values.double().sort().values
    low, high = ordered[int(_TAIL * (len(ordered) - 1))], ordered[math.ceil((1 - _TAIL) * (len(ordered) - 1))]
    if high - low < 1e-6:
        return torch.full_like(values, 0.5, dtype=torch.float32)
    return ((values - low) / (high - low)).float().clamp(0, 1)


def _grid(numbers: Tensor) -> Tensor:
    """Return numbers (n,) in rows of a grid about twice as wide as high, scaled to [0, 1] with 0 at 0.5."""
    width = 2 ** math.ceil(math.log2(2 * len(numbers)) / 2)
    scaled = 0.5 + 0.5 * numbers / numbers.abs().max().clamp_min(1e-6)
    rest = -len(numbers) % width
    return torch.cat([scaled, scaled.new_full((rest,), 0.5)]).view(-1, width)


def _enlarge(image: Image.Image, side: int | None) -> Image.Image:
    if side is None:
        return image
    times = max(1, whole_number("side", side, 1, MAX_SIDE, "of pixels") // max(image.size))
    return image.resize((times * image.width, times * image.height), Image.Resampling.NEAREST)

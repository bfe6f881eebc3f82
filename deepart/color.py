"""Colour on tensors: the Oklab space, and giving one picture the palette of another.

Sources: Ottosson, "A perceptual color space for image processing" (2020) for Oklab and its numbers; Pitie and Kokaram,
"The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer" (CVMP 2007) for the map.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

STEPS = 24  # of lightness in a palette
RANKED = 0.3  # share of the way that lightness goes to the target's distribution, beyond its mean and deviation
KEPT = 0.8  # share of what sets a colour apart from others of its lightness
RICHER = 0.8, 1.5  # least and most by which all colours are made as rich as the target's: means are duller
BANDS = 4  # of contrast
GAINS = 0.8, 1.7  # least and most by which the contrast of a band changes
FAINT = 0.008  # lightness: what differs less is hardly strengthened, or grain would become a texture

# Linear sRGB to cone response, and cube-rooted cone response to Oklab (rows are output channels).
_RGB_TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_LMS_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def _mix(matrix: Tensor, x: Tensor) -> Tensor:
    """Multiply the channels of x (N, 3, H, W) by a 3x3 matrix."""
    mixed: Tensor = torch.einsum("ij,njhw->nihw", matrix.to(x), x)
    return mixed


def rgb_to_oklab(rgb: Tensor) -> Tensor:
    """Turn sRGB (N, 3, H, W) in [0, 1] into Oklab: lightness in [0, 1], then a and b around 0, about -0.4 to 0.4."""
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb.clamp_min(0) + 0.055) / 1.055) ** 2.4)
    return _mix(torch.tensor(_LMS_TO_LAB), _mix(torch.tensor(_RGB_TO_LMS), linear).clamp_min(0) ** (1 / 3))


def oklab_to_rgb(lab: Tensor) -> Tensor:
    """Turn Oklab (N, 3, H, W) into sRGB; colours outside the gamut come out outside [0, 1]."""
    # Inverted in float64 from the forward numbers, so that there and back is exact to float32.
    to_lms = torch.linalg.inv(torch.tensor(_LMS_TO_LAB, dtype=torch.float64))
    to_rgb = torch.linalg.inv(torch.tensor(_RGB_TO_LMS, dtype=torch.float64))
    linear = _mix(to_rgb, _mix(to_lms, lab) ** 3)
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055)


def keep_color(painted: Tensor, content: Tensor) -> Tensor:
    """Return the painted picture's lightness with the content's hue and chroma; all (N, 3, H, W) in [0, 1].

    Where lightness and chroma together leave the gamut, chroma gives way: a clipped channel would turn the hue.
    """
    lab, color = rgb_to_oklab(painted), rgb_to_oklab(content)[:, 1:]
    lightness = lab[:, :1]
    low, high = torch.zeros_like(lightness), torch.ones_like(lightness)
    for _ in range(8):  # bisection of the share of chroma that fits: to 1/256
        share = (low + high) / 2
        rgb = oklab_to_rgb(torch.cat([lightness, color * share], 1))
        fits = ((rgb >= -1e-3) & (rgb <= 1 + 1e-3)).all(1, keepdim=True)
        low, high = torch.where(fits, share, low), torch.where(fits, high, share)
    full = oklab_to_rgb(torch.cat([lightness, color], 1))
    inside = ((full >= -1e-3) & (full <= 1 + 1e-3)).all(1, keepdim=True)
    return torch.where(inside, full, oklab_to_rgb(torch.cat([lightness, color * low], 1))).clamp(0, 1)


def color_moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (3,) and the covariance (3, 3) of the colours of x (1, 3, H, W), as float64 on the CPU."""
    flat = x.detach().flatten(2)[0].double().cpu()
    return flat.mean(1), torch.cov(flat, correction=0)


def match_color(x: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """Move the colours of x (1, 3, H, W) to the given mean (3,) and covariance (3, 3); the result is not clipped.

    Of all linear maps with that outcome, that of Monge and Kantorovich moves the colours least.
    """
    own_mean, own_covariance = color_moments(x)
    # A picture of one colour has no covariance to stretch; the ridge (1/255 squared) keeps the map tame there.
    ridge = torch.eye(3, dtype=torch.float64) / 255**2
    root = _root(own_covariance + ridge)
    inverse = torch.linalg.inv(root)
    matrix = inverse @ _root(root @ (covariance + ridge) @ root) @ inverse
    offset = mean - matrix @ own_mean
    moved: Tensor = _mix(matrix, x) + offset.view(1, 3, 1, 1).to(x)
    return moved


class Palette(NamedTuple):
    """What a picture is painted with, by lightness: darks may be blue and lights buff whatever they show.

    lightness: (STEPS,), the middle of each of as many equal parts of the pixels, from dark to light.
    moments: (2,), mean and deviation of the lightness.
    color: (2, STEPS), the mean a and b of each part. spread: (), how far colours lie from that mean, on average.
    chroma: (), the root mean square of all colours' a and b.
    contrast: (BANDS,), the deviation of the lightness in bands of sizes, each twice as large as the one before.
    """

    lightness: Tensor
    moments: Tensor
    color: Tensor
    spread: Tensor
    chroma: Tensor
    contrast: Tensor


def palette(x: Tensor) -> Palette:
    """Return the palette of x (1, 3, H, W)."""
    lab = rgb_to_oklab(x)
    lightness, color = lab[0, 0].flatten(), lab[0, 1:].flatten(1)
    order = lightness.argsort(stable=True)
    edges = [len(order) * step // STEPS for step in range(STEPS + 1)]
    # Of a picture with fewer pixels than parts some pixels stand for several.
    parts = [order[min(low, len(order) - 1) : max(high, low + 1)] for low, high in itertools.pairwise(edges)]
    spread = torch.stack([color[:, part].std(1, correction=0) for part in parts]).mean()
    return Palette(
        torch.stack([lightness[part[len(part) // 2]] for part in parts]),
        torch.stack([lightness.mean(), lightness.std(correction=0)]),
        torch.stack([color[:, part].mean(1) for part in parts], 1),
        spread,
        color.square().sum(0).mean().sqrt(),
        torch.stack([band.std(correction=0) for band in _bands(lab[:, :1])[0]]),
    )


def blend_palettes(palettes: Sequence[tuple[Palette, float]]) -> Palette:
    """Return the weighted mean of palettes; the shares add up to 1."""
    scaled = [[part * share for part in palette] for palette, share in palettes]
    return Palette(*(sum(parts, torch.zeros(())) for parts in zip(*scaled, strict=True)))


def palette_map(x: Tensor, target: Palette) -> Callable[[Tensor], Tensor]:
    """Return what gives x (1, 3, H, W), and larger pictures of the same and their parts, another palette; not clipped.

    Lightness goes part of the way to the target's distribution: all of it would take the shading out of a face. A
    colour becomes the target's at that lightness, and keeps a part of what sets it apart from its like.
    """
    own = palette(x)
    stretch = target.moments[1] / own.moments[1].clamp_min(1 / 255)
    apart = KEPT * (target.spread / own.spread.clamp_min(1e-3)).clamp_max(3)
    gains = (target.contrast / (own.contrast * stretch).clamp_min(1e-3)).clamp(*GAINS)

    def recolor(lab: Tensor) -> tuple[Tensor, Tensor]:
        lightness, color = lab[0, 0].flatten(), lab[0, 1:].flatten(1)
        scaled = (lightness - own.moments[0]) * stretch + target.moments[0]
        lighter = torch.lerp(scaled, _interpolate(lightness, own.lightness, target.lightness), RANKED)
        aside = apart * (color - _interpolate(lightness, own.lightness, own.color))
        return lighter, _interpolate(lighter, target.lightness, target.color) + aside

    richness = recolor(rgb_to_oklab(x))[1].square().sum(0).mean().sqrt()
    richer = (target.chroma / richness.clamp_min(1e-3)).clamp(*RICHER)

    def mapped(picture: Tensor) -> Tensor:
        lab = rgb_to_oklab(picture)
        lightness, color = recolor(lab)
        bands, made = _bands(lightness.view_as(lab[:, :1]).clamp(0, 1))
        for band, gain in zip(bands, gains, strict=True):
            made = made + band * (1 + (gain - 1) * band.abs() / (band.abs() + FAINT))
        return oklab_to_rgb(torch.cat([made.clamp(0, 1), richer * color.view_as(lab[:, 1:])], 1))

    return mapped


def match_palette(x: Tensor, target: Palette) -> Tensor:
    """Give x (1, 3, H, W) another palette and its contrast; not clipped. See palette_map."""
    return palette_map(x, target)(x)


def gaussian_blur(x: Tensor, sigma: float, radius: int | None = None) -> Tensor:
    """Return x (N, C, H, W) under a Gaussian of `sigma` pixels cut at `radius` (None: 4 sigma), borders reflected."""
    radius = math.ceil(4 * sigma) if radius is None else radius
    kernel = [math.exp(-(offset**2) / (2 * sigma**2)) for offset in range(radius + 1)]
    total = kernel[0] + 2 * sum(kernel[1:])
    # Sums of shifted copies: a convolution of single channels takes four times as long on a CPU.
    for dim, sides in ((2, (0, 0, radius, radius)), (3, (radius, radius, 0, 0))):
        padded, length = F.pad(x, sides, mode="reflect"), x.shape[dim]
        x = padded.narrow(dim, radius, length) * (kernel[0] / total)
        for offset in range(1, radius + 1):
            for start in (radius - offset, radius + offset):
                x.add_(padded.narrow(dim, start, length), alpha=kernel[offset] / total)
    return x


def contrast(x: Tensor) -> Tensor:
    """Return the contrast of lightness, (1, 1, H, W), around each pixel of a picture (1, 3, H, W): squares of 9."""
    lightness = rgb_to_oklab(x)[:, :1]
    size = min(9, (min(x.shape[2:]) - 1) // 2 * 2 + 1)

    def mean(y: Tensor) -> Tensor:
        return F.avg_pool2d(y, size, 1, size // 2, count_include_pad=False)

    return mean((lightness - mean(lightness)).square()).sqrt()


def highest(contrasts: Tensor) -> Tensor:
    """Return the contrast that a tenth of a picture's pixels exceed; there its detail is full."""
    place = int(0.9 * contrasts.numel())
    return contrasts.flatten().float().cpu().sort().values[place].to(contrasts).clamp_min(0.01)


def detail(x: Tensor) -> Tensor:
    """Return where a picture (1, 3, H, W) has detail, (1, 1, H, W) in [0, 1]."""
    found = contrast(x)
    return (found / highest(found)).clamp(0, 1)


def smooth_color(x: Tensor, sigma: float = 1.5) -> Tensor:
    """Return x (1, 3, H, W) with hue and chroma blurred by `sigma` pixels and its lightness as it is, in [0, 1]."""
    lab = rgb_to_oklab(x)
    radius = min(math.ceil(2.5 * sigma), min(x.shape[2:]) - 1)
    return oklab_to_rgb(torch.cat([lab[:, :1], gaussian_blur(lab[:, 1:], sigma, radius)], 1)).clamp(0, 1)


def _interpolate(x: Tensor, places: Tensor, values: Tensor) -> Tensor:
    """Return the piecewise linear function with values (..., N) at rising places (N,), at x (M,): (..., M)."""
    places = places + torch.arange(len(places), device=places.device) * 1e-6  # of one colour they are all the same
    after = torch.searchsorted(places, x.contiguous()).clamp(1, len(places) - 1)
    weight = ((x - places[after - 1]) / (places[after] - places[after - 1])).clamp(0, 1)
    return torch.lerp(values[..., after - 1], values[..., after], weight)


def soft(x: Tensor, sigma: float) -> Tensor:
    """Return x (N, C, H, W) of any size under a Gaussian of `sigma` pixels, cut where hardly anything is left of it."""
    return gaussian_blur(x, sigma, min(math.ceil(2.5 * sigma), min(x.shape[2:]) - 1))


def _bands(lightness: Tensor) -> tuple[list[Tensor], Tensor]:
    """Return what of a lightness (1, 1, H, W) is fine, less fine, and so on, and the rest: they add up to it."""
    bands, rest = [], lightness
    for band in range(BANDS):
        sigma = 0.8 * 2**band
        blurred = soft(rest, sigma)
        bands.append(rest - blurred)
        rest = blurred
    return bands, rest


def _root(matrix: Tensor) -> Tensor:
    """Return the symmetric square root of a symmetric positive semidefinite matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T
    return root

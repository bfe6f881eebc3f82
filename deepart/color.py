"""Colour on tensors: the Oklab space, and giving one picture the palette of another.

Sources: Ottosson, "A perceptual color space for image processing" (2020) for Oklab and its numbers; Pitie and Kokaram,
"The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer" (CVMP 2007) for the map.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

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
    mean = flat.mean(1)
    centered = flat - mean[:, None]
    return mean, centered @ centered.T / flat.shape[1]


def blend_moments(moments: Sequence[tuple[tuple[Tensor, Tensor], float]]) -> tuple[Tensor, Tensor]:
    """Return mean (3,) and covariance (3, 3) of the colours of pictures taken together, each with its share."""
    mean = sum((share * m for (m, _), share in moments), torch.zeros(3, dtype=torch.float64))
    covariance = torch.zeros(3, 3, dtype=torch.float64)
    for (m, c), share in moments:
        covariance += share * (c + torch.outer(m - mean, m - mean))
    return mean, covariance


def color_map(own: tuple[Tensor, Tensor], target: tuple[Tensor, Tensor]) -> Callable[[Tensor], Tensor]:
    """Return the Monge-Kantorovich map from colours with one mean and covariance to another, on (N, 3, H, W).

    Of all linear maps with that outcome it is the one that moves the colours least. The result is not clipped.
    """
    # A picture of one colour has no covariance to stretch; the ridge (1/255 squared) keeps the map tame there.
    ridge = torch.eye(3, dtype=torch.float64) / 255**2
    root = _root(own[1] + ridge)
    inverse = torch.linalg.inv(root)
    matrix = inverse @ _root(root @ (target[1] + ridge) @ root) @ inverse
    offset = target[0] - matrix @ own[0]
    return lambda x: _mix(matrix, x) + offset.view(1, 3, 1, 1).to(x)


def match_color(x: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """Move the colours of x (1, 3, H, W) to the given mean (3,) and covariance (3, 3); see color_map."""
    return color_map(color_moments(x), (mean, covariance))(x)


def palette(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (3,) and the variance (3,) of the Oklab channels of x (1, 3, H, W), as float64 on the CPU."""
    mean, covariance = color_moments(rgb_to_oklab(x))
    return mean, covariance.diagonal()


def match_palette(x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Give the Oklab channels of x (1, 3, H, W) a mean (3,) and a variance (3,), each by itself; not clipped.

    Source: Reinhard et al., "Color Transfer between Images" (2001), in a newer space. Milder than match_color: no hue
    turns into another.
    """
    own = palette(x)
    scale, offset = ((variance + 255**-2) / (own[1] + 255**-2)).sqrt(), mean
    lab = rgb_to_oklab(x)
    shape = (1, 3, 1, 1)
    return oklab_to_rgb((lab - own[0].view(shape).to(x)) * scale.view(shape).to(x) + offset.view(shape).to(x))


def _root(matrix: Tensor) -> Tensor:
    """Return the symmetric square root of a symmetric positive semidefinite matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T
    return root

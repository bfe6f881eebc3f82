"""Numbers that say how near two pictures are: the ones the app shows and the benchmarks write down."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.errors import ImageError
from deepart.models.gatys import gram
from deepart.models.vgg import VGGFeatures

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
CONTENT_LAYER = "relu4_2"


def luma(x: Tensor) -> Tensor:
    """Return the luma (N, 1, H, W) of RGB x (N, 3, H, W), with the weights of ITU-R BT.601."""
    return (x * x.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)


def gaussian_blur(x: Tensor, sigma: float, radius: int | None = None) -> Tensor:
    """Return x (N, C, H, W) under a Gaussian of `sigma` pixels cut at `radius` (None: 4 sigma), borders reflected."""
    radius = math.ceil(4 * sigma) if radius is None else radius
    offsets = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).repeat(x.shape[1], 1)
    x = F.pad(x, (radius, radius, radius, radius), mode="reflect")
    x = F.conv2d(x, kernel[:, None, :, None], groups=x.shape[1])
    return F.conv2d(x, kernel[:, None, None, :], groups=x.shape[1])


def psnr(a: Tensor, b: Tensor) -> float:
    """Return the peak signal-to-noise ratio in dB of two pictures in [0, 1]; infinite when they are equal."""
    _check_same(a, b)
    error = (a - b).square().mean().item()
    return 10 * math.log10(1 / error) if error else math.inf


def ssim(a: Tensor, b: Tensor) -> float:
    """Return the structural similarity of the lumas of two pictures (N, 3, H, W) in [0, 1]; 1 when they are equal.

    Source: Wang et al., "Image Quality Assessment" (2004): an 11x11 Gaussian window of sigma 1.5, population
    covariances, and the mean over the places where the whole window fits.

    Raises ImageError for unequal shapes, or sides under 11 pixels.
    """
    _check_same(a, b)
    if min(a.shape[2:]) < 11:
        raise ImageError(
            "The pictures are {width}x{height} pixels; SSIM needs at least 11 on each side.",
            width=a.shape[3], height=a.shape[2],
        )  # fmt: skip
    x, y = luma(a).double(), luma(b).double()
    moments = torch.cat([x, y, x * x, y * y, x * y], 1)
    mean_x, mean_y, xx, yy, xy = _weighted(_weighted(moments, 2), 3).unbind(1)
    var_x, var_y, cov = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    score = (2 * mean_x * mean_y + c1) * (2 * cov + c2) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    return float(score.mean())


def _weighted(x: Tensor, axis: int, sigma: float = 1.5, radius: int = 5) -> Tensor:
    """Return the Gaussian means of x along an axis, where the whole window fits.

    In float64, which PyTorch has no quick convolution for, adding the parts up is several times quicker.
    """
    weights = [math.exp(-(offset**2) / (2 * sigma**2)) for offset in range(-radius, radius + 1)]
    length = x.shape[axis] - 2 * radius
    out = x.narrow(axis, 0, length) * (weights[0] / sum(weights))
    for start, weight in enumerate(weights[1:], 1):
        out.add_(x.narrow(axis, start, length), alpha=weight / sum(weights))
    return out


@torch.inference_mode()
def style_distance(features: VGGFeatures, result: Tensor, style: Tensor) -> float:
    """Return how far the result's Gram matrices are from the style's: 0 is equal, 1 as far as a picture of nothing.

    Mean over relu1_1, relu2_1, relu3_1 and relu4_1 of |G(result) - G(style)|^2 / |G(style)|^2. Both (1, 3, H, W) in
    [0, 1], of one size if the number is to be compared with others.
    """
    a, b = features(result, STYLE_LAYERS), features(style, STYLE_LAYERS)
    distances = []
    for name in STYLE_LAYERS:
        target = gram(b[name])
        distances.append((gram(a[name]) - target).square().sum() / target.square().sum())
    return torch.stack(distances).mean().item()


@torch.inference_mode()
def content_distance(features: VGGFeatures, result: Tensor, content: Tensor) -> float:
    """Return how far the result's structure is from the content's: 0 is equal.

    |F(result) - F(content)|^2 / |F(content)|^2 at relu4_2, where F is instance-normalised, so that colour and contrast
    count little. Both (1, 3, H, W) in [0, 1], of one size.
    """
    _check_same(result, content)
    a, b = (F.instance_norm(features(x, (CONTENT_LAYER,))[CONTENT_LAYER]) for x in (result, content))
    return ((a - b).square().sum() / b.square().sum()).item()


def flat_noise(result: Tensor, content: Tensor) -> float:
    """Return the fine grain that the result has where the content is flat, times 1000.

    Mean squared (luma - luma blurred with sigma 1.5) of the result, over the fifth of the pixels where the content has
    the least gradient energy (blurred with sigma 3). Both (1, 3, H, W) in [0, 1], of one size.
    """
    _check_same(result, content)
    gray = luma(content)
    down = F.pad(gray[..., 1:, :] - gray[..., :-1, :], (0, 0, 0, 1))
    across = F.pad(gray[..., 1:] - gray[..., :-1], (0, 1))
    energy = gaussian_blur(down**2 + across**2, 3.0).flatten()
    order = energy.argsort(stable=True)[: max(1, energy.numel() // 5)]
    grain = (luma(result) - gaussian_blur(luma(result), 1.5)).square().flatten()
    return 1000 * grain[order].mean().item()


def _check_same(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:
        raise ImageError(
            "The pictures have the shapes {shape} and {other}; bring them to one size first.",
            shape=tuple(a.shape), other=tuple(b.shape),
        )  # fmt: skip

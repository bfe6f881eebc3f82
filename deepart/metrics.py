"""Numbers that say how near two pictures are: the ones the app shows and the benchmarks write down."""

import math
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from deepart.color import gaussian_blur
from deepart.images import to_tensor

_ROWS = 256  # of a strip
_WINDOW = 11  # rows that SSIM looks at together


def luma(x: Tensor) -> Tensor:
    """Return the luma (N, 1, H, W) of RGB x (N, 3, H, W), with the weights of ITU-R BT.601."""
    return (x * x.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)


def psnr(a: Tensor, b: Tensor) -> float:
    """Return the peak signal-to-noise ratio in dB of two pictures in [0, 1]; infinite when they are equal."""
    error = (a - b).square().mean().item()
    return 10 * math.log10(1 / error) if error else math.inf


def ssim(a: Tensor, b: Tensor) -> float:
    """Return the structural similarity of the lumas of two pictures (N, 3, H, W) in [0, 1]; 1 when they are equal.

    They must be of one size, of 11 pixels at least on each side.

    Source: Wang et al., "Image Quality Assessment" (2004): an 11x11 Gaussian window of sigma 1.5, population
    covariances, and the mean over the places where the whole window fits.
    """
    x, y = luma(a).double(), luma(b).double()
    moments = torch.cat([x, y, x * x, y * y, x * y], 1)
    mean_x, mean_y, xx, yy, xy = gaussian_blur(moments, 1.5, 5)[..., 5:-5, 5:-5].unbind(1)
    var_x, var_y, cov = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    score = (2 * mean_x * mean_y + c1) * (2 * cov + c2) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    return float(score.mean())


class Nearness(NamedTuple):
    """psnr: in dB, infinite for equal pictures. ssim: 1 for equal pictures."""

    psnr: float
    ssim: float


def nearness(picture: Image.Image, other: Image.Image) -> Nearness:
    """Return how near two RGB pictures of one size are, as psnr() and ssim() say, a strip at a time."""
    width, height = picture.size
    squares, likeness, windows = 0.0, 0.0, height - _WINDOW + 1
    for top in range(0, windows, _ROWS):
        rows = min(_ROWS, windows - top)
        last = top + rows == windows
        a, b = (to_tensor(one.crop((0, top, width, top + rows + _WINDOW - 1))) for one in (picture, other))
        likeness += rows * ssim(a, b)
        own = slice(None) if last else slice(rows)  # the rows of a window's height come again in the next strip
        squares += (a[:, :, own] - b[:, :, own]).double().square().sum().item()
    error = squares / (3 * width * height)
    return Nearness(10 * math.log10(1 / error) if error else math.inf, likeness / windows)

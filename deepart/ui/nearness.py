"""How near a picture comes to another, measured in strips, so that a large one needs little memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image

from deepart.images import to_tensor
from deepart.metrics import ssim

_ROWS = 256  # of a strip
_WINDOW = 11  # rows that SSIM looks at together


@dataclass(frozen=True)
class Nearness:
    """psnr: in dB, infinite for equal pictures. ssim: 1 for equal pictures."""

    psnr: float
    ssim: float


def nearness(picture: Image.Image, other: Image.Image) -> Nearness:
    """Return how near two RGB pictures of one size are, as metrics.psnr and metrics.ssim say."""
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

"""The yardsticks of style transfer, on tensors: distance from style and content, and grain."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.color import gaussian_blur
from deepart.metrics import luma
from deepart.models.gatys_loss import gram
from deepart.models.vgg import VGGFeatures

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
CONTENT_LAYER = "relu4_2"


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
    assert result.shape == content.shape
    a, b = (F.instance_norm(features(x, (CONTENT_LAYER,))[CONTENT_LAYER]) for x in (result, content))
    return ((a - b).square().sum() / b.square().sum()).item()


def flat_noise(result: Tensor, content: Tensor) -> float:
    """Return the fine grain that the result has where the content is flat, times 1000.

    Mean squared (luma - luma blurred with sigma 1.5) of the result, over the fifth of the pixels where the content has
    the least gradient energy (blurred with sigma 3). Both (1, 3, H, W) in [0, 1], of one size.
    """
    assert result.shape == content.shape
    gray = luma(content)
    down = F.pad(gray[..., 1:, :] - gray[..., :-1, :], (0, 0, 0, 1))
    across = F.pad(gray[..., 1:] - gray[..., :-1], (0, 1))
    energy = gaussian_blur(down**2 + across**2, 3.0).flatten()
    order = energy.argsort(stable=True)[: max(1, energy.numel() // 5)]
    grain = (luma(result) - gaussian_blur(luma(result), 1.5)).square().flatten()
    return 1000 * grain[order].mean().item()

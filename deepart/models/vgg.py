"""VGG networks: the features in which style and content are measured.

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (1409.1556),
configurations D (VGG16, ours up to relu4_3) and E (VGG19); the use for style is that of Gatys, Ecker and Bethge (CVPR
2016).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class VGGConfig:
    """Numbers that make a VGG feature network.

    blocks: output channels of the convolutions of each block; a 2x2 max pooling stands between blocks.
    mean, std: per RGB channel; the network sees (x - mean) / std for x in [0, 1].
    """

    blocks: tuple[tuple[int, ...], ...] = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    @property
    def convolutions(self) -> list[tuple[int, int, int]]:
        """Block and place in it, counted from 1, and output channels of each convolution."""
        blocks = enumerate(self.blocks, 1)
        return [(block, index, width) for block, widths in blocks for index, width in enumerate(widths, 1)]

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers in the literature's way, from relu1_1 down."""
        return tuple(f"relu{block}_{index}" for block, index, _ in self.convolutions)


VGG19 = VGGConfig(blocks=((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,)))
"""Configuration E as far as style is measured in it: up to relu5_1."""


def published_names(config: VGGConfig) -> dict[str, str]:
    """Return the names of a VGGFeatures' tensors in torchvision's and timm's files, which number all layers."""
    # A rectifier follows each convolution, and a pooling each block.
    places = {f"conv{block}_{index}": 2 * i + block - 1 for i, (block, index, _) in enumerate(config.convolutions)}
    return {f"{n}.{part}": f"features.{place}.{part}" for n, place in places.items() for part in ("weight", "bias")}


class VGGFeatures(nn.Module):
    """The convolutions of a VGG network as named feature maps, frozen; before reluB_I is the submodule convB_I."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: VGGConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or VGGConfig()
        channels = 3
        for block, index, width in config.convolutions:
            self.add_module(f"conv{block}_{index}", nn.Conv2d(channels, width, 3, padding=1))
            channels = width
        # Not in the state dict: they are numbers of the config, and a weight file should say each thing once.
        self.register_buffer("mean", torch.tensor(config.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    def forward(self, x: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Return the wanted feature maps of x (N, 3, H, W) in [0, 1], computing no deeper than asked.

        The map of block b has shape (N, C, H / 2^(b-1), W / 2^(b-1)), rounded down. H and W must be at least 2^(b-1).
        """
        features: dict[str, Tensor] = {}
        x = (x - self.mean) / self.std
        for block, index, _ in self.config.convolutions:
            if len(features) == len(set(layers)):
                break
            if block > 1 and index == 1:
                x = F.max_pool2d(x, 2)
            x = F.relu(self.get_submodule(f"conv{block}_{index}")(x))
            if f"relu{block}_{index}" in layers:
                features[f"relu{block}_{index}"] = x
        return features


@dataclass(frozen=True)
class SlimConfig:
    """Numbers that make a SlimVGG: `blocks` of either width, as in VGGConfig; mean and std are those of both."""

    half_width: tuple[tuple[int, ...], ...] = ((32, 32), (64, 64), (128, 128, 128), (256, 256))
    quarter_width: tuple[tuple[int, ...], ...] = ((16, 16), (32, 32), (64, 64, 64), (128, 128))
    mean: tuple[float, float, float] = VGGConfig.mean
    std: tuple[float, float, float] = VGGConfig.std


class SlimVGG(nn.Module):
    """VGG16 up to relu4_2 with half and with a quarter of its channels, a VGGFeatures each.

    Their maps are those of chosen channels of the full network, as near as least squares brings them
    (recipes/make_features_slim.py), so distances in them stand for distances there at a fraction of the time.
    """

    half_width: VGGFeatures
    quarter_width: VGGFeatures

    def __init__(self, config: SlimConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SlimConfig()
        self.half_width = VGGFeatures(VGGConfig(config.half_width, config.mean, config.std))
        self.quarter_width = VGGFeatures(VGGConfig(config.quarter_width, config.mean, config.std))

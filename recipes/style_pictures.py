"""Which pictures of a set are held out, and what features see of a picture; for the recipes of VAEs."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from deepart.device import autocast
from deepart.models.vgg import VGGFeatures

HELD_OUT = 12  # one picture in so many is kept for the held-out table


def split(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the pictures to train on and those held out."""
    if not folder.is_dir():
        raise SystemExit(f"There is no {folder}; make it with recipes.style_data or recipes.own_pictures.")
    files = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png", ".webp"))
    # By name, so that a picture stays on its side when others come.
    held = [zlib.crc32(path.name.encode()) % HELD_OUT == 0 for path in files]
    return [f for f, out in zip(files, held, strict=True) if not out], [
        f for f, out in zip(files, held, strict=True) if out
    ]


def measure(features: VGGFeatures, x: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Return feature maps of x, computed in the device's fastest type."""
    with autocast(x.device):
        maps: dict[str, Tensor] = features(x.contiguous(memory_format=torch.channels_last), layers)
    return maps

"""How near generated pictures are to real ones, measured in what a VGG16 sees.

Pictures become the means of the maps of relu4_3, 512 numbers each; the measures compare two such matrices. They are
those of torch-fidelity, with our features in place of Inception's: so numbers are comparable with one another, and not
with those of papers. frechet() alone needs no such package, as training calls it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from deepart.device import autocast
from deepart.models.vgg import VGGFeatures
from recipes.full_features import load_full_features

LAYER = "relu4_3"
BATCH = 50  # pictures


class PictureFeatures:
    """Turns pictures into numbers that say what is on them."""

    def __init__(
        self, device: str | torch.device | None = None, *, network: VGGFeatures | None = None, layer: str = LAYER
    ) -> None:
        """network: None loads the whole VGG16 onto the device (None: the best); another stays where it is."""
        self.layer = layer
        self.network = load_full_features(device) if network is None else network

    @torch.inference_mode()
    def __call__(self, pictures: Tensor, batch: int = BATCH) -> Tensor:
        """Return the features (N, 512), float32 on the CPU, of pictures (N, 3, H, W): uint8, or float in [0, 1]."""
        device = self.network.mean.device
        found = []
        for part in pictures.split(batch):
            x = part.to(device)
            x = x.float() / 255 if x.dtype == torch.uint8 else x.float()
            with autocast(device):
                maps = self.network(x.contiguous(memory_format=torch.channels_last), (self.layer,))[self.layer]
            found.append(maps.float().mean((2, 3)).cpu())
        return torch.cat(found)

    def of_files(self, paths: Sequence[Path], cache: Path | None = None, batch: int = BATCH) -> Tensor:
        """Return the features of picture files; those that the cache, a .pt file, knows are not computed again."""
        known: dict[str, Tensor] = {}
        if cache is not None and cache.exists():
            kept = torch.load(cache, weights_only=True)
            known = dict(zip(kept["marks"], kept["features"], strict=True))
        marks = [_mark(path) for path in paths]
        missing = [(mark, path) for mark, path in zip(marks, paths, strict=True) if mark not in known]
        for i in range(0, len(missing), batch):
            part = missing[i : i + batch]
            found = self(load_pictures([path for _, path in part]), batch)
            known.update(zip((mark for mark, _ in part), found, strict=True))
        if cache is not None and missing:
            torch.save({"marks": list(known), "features": torch.stack(list(known.values()))}, cache)
        return torch.stack([known[mark] for mark in marks])


def load_pictures(paths: Sequence[Path], side: int | None = None) -> Tensor:
    """Return picture files as uint8 (N, 3, H, W): those of one size, or brought to squares of `side` pixels."""
    pixels = []
    for path in paths:
        with Image.open(path) as image:
            picture = image.convert("RGB")
        if side is not None and picture.size != (side, side):
            picture = picture.resize((side, side), Image.Resampling.LANCZOS)
        pixels.append(np.array(picture))
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()


def _mark(path: Path) -> str:
    """Return a text that changes with the file: its name, its size and the time of its last change."""
    state = path.stat()
    return f"{path.name} {state.st_size} {state.st_mtime_ns}"


def spread_out(paths: Sequence[Path], count: int) -> list[Path]:
    """Return at most `count` of the paths, at even distances."""
    if len(paths) <= count:
        return list(paths)
    return [paths[i * len(paths) // count] for i in range(count)]


# ----------------------------------------------------------------------------------------------- measures of features


def frechet(real: Tensor, fake: Tensor) -> float:
    """Return the Frechet distance of Gaussians fitted to features (N, D) and (M, D): 0 is equal.

    Source: Heusel et al. (1706.08500). It grows as N and M get smaller: compare at equal numbers. A test holds it to
    torch-fidelity's, from which it differs by taking the root of a symmetric matrix, so that no number is complex.
    """
    a, b = real.detach().double().cpu(), fake.detach().double().cpu()
    first, second = a.T.cov(), b.T.cov()
    values, axes = torch.linalg.eigh(first)
    root = axes * values.clamp_min(0).sqrt()  # first = root root^T, so first @ second has the eigenvalues of this:
    shared = torch.linalg.eigvalsh(root.T @ second @ root).clamp_min(0).sqrt().sum()
    apart = (a.mean(0) - b.mean(0)).square().sum()
    return max(0.0, float(apart + first.trace() + second.trace() - 2 * shared))  # rounding may pass below 0


def kernel(real: Tensor, fake: Tensor, blocks: int = 10) -> tuple[float, float]:
    """Return the kernel distance of features (N, D) and (M, D), and its standard error; about 0 is equal.

    The unbiased squared maximum mean discrepancy with the kernel (x y / D + 1)^3 (Bińkowski et al., 1801.01401), over
    all pairs. Its size does not depend on N and M. The error is a jackknife's that leaves out a block of either side
    at a time; pictures of one painting should stand together, as they do in a set. Of fewer than four it is unknown.
    """
    sides = [x.detach().double().cpu() for x in (real, fake)]
    blocks = min(blocks, len(real) // 2, len(fake) // 2)
    marks = [torch.arange(len(x)) * blocks // len(x) for x in sides]
    pairs = {}
    for i, j in ((0, 0), (1, 1), (0, 1)):
        values = (sides[i] @ sides[j].T / sides[i].shape[1] + 1) ** 3
        if i == j:
            values.fill_diagonal_(0)
        rows = torch.zeros(blocks, values.shape[1], dtype=values.dtype).index_add_(0, marks[i], values)
        pairs[i, j] = torch.zeros(blocks, blocks, dtype=values.dtype).index_add_(1, marks[j], rows)
    sizes = [torch.bincount(mark, minlength=blocks).double() for mark in marks]

    def distance(kept: Tensor) -> float:
        n, m = (float(size[kept].sum()) for size in sizes)
        inside = [float(pairs[i, j][kept][:, kept].sum()) for i, j in ((0, 0), (1, 1), (0, 1))]
        return inside[0] / (n * (n - 1)) + inside[1] / (m * (m - 1)) - 2 * inside[2] / (n * m)

    every = torch.arange(blocks)
    if blocks == 1:
        return distance(every), math.nan
    found = torch.tensor([distance(every[every != block]) for block in range(blocks)])
    return distance(every), float((found.var() * (blocks - 1) ** 2 / blocks).sqrt())


def precision_recall(real: Tensor, fake: Tensor, neighbours: int = 3) -> tuple[float, float]:
    """Return (precision, recall), each 0..1: the share of fakes that lie among the real ones, and of real among fakes.

    "Among" is within the distance of a picture to its third neighbour of its own kind. Source: Kynkäänniemi et al.
    (1904.06991). Both depend on N and M: compare at equal numbers.
    """
    from torch_fidelity.metric_prc import prc_features_to_metric

    found = prc_features_to_metric(
        fake.detach().float().cpu(), real.detach().float().cpu(), prc_neighborhood=neighbours, verbose=False
    )
    return float(found["precision"]), float(found["recall"])


def measure(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Return all measures of features (N, D) and (M, D)."""
    precision, recall = precision_recall(real, fake)
    distance, error = kernel(real, fake)
    return {
        "kernel": distance,
        "kernel_error": error,
        "frechet": frechet(real, fake),
        "precision": precision,
        "recall": recall,
    }

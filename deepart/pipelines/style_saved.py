"""A style of one's own, kept: a small file that opens without the painting.

What a style is measured into depends on the size of what is painted. So the file holds what it is measured from: the
painting, reduced and packed as WEBP, as the bytes of one tensor. It is safetensors, which holds nothing that could run.
"""

import io
import os
from typing import BinaryIO, Self

import numpy as np
import safetensors.numpy
from PIL import Image

from deepart.containers import name_kind, read_file, write_file
from deepart.errors import OptionError
from deepart.images import check_image, fit, load_image
from deepart.models.fast import STYLE_AREA

MAX_BYTES = 2**20  # of the packed picture
_QUALITIES = (95, 90, 80, 60)  # of WEBP; the first at which it is small enough is taken
_NAME = "painting"


class Style:
    """A style that was read from a painting; wherever a style picture is taken, it is taken too.

    picture: what is measured, RGB, at most STYLE_AREA pixels. It is as the file gives it back, so that a style paints
    the same to the bit before and after it was saved.
    """

    def __init__(self, painting: Image.Image) -> None:
        """Read a style; raises ImageError for a painting that cannot be used."""
        picture = check_image(painting, "style picture")
        scale = min(1.0, (STYLE_AREA / (picture.width * picture.height)) ** 0.5)
        picture = fit(picture, int(max(picture.size) * scale))
        for quality in _QUALITIES:
            packed = io.BytesIO()
            picture.save(packed, "WEBP", quality=quality, method=4)
            if packed.tell() <= MAX_BYTES:
                break
        self._packed = np.frombuffer(packed.getvalue(), np.uint8)
        self.picture = load_image(packed)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as one safetensors file of at most 1 MB, which load() reads back; raises ImageError."""
        write_file(path, safetensors.numpy.save({_NAME: self._packed}))

    @classmethod
    def load(cls, path_or_file: str | os.PathLike[str] | BinaryIO) -> Self:
        """Read a file that save() wrote: a path, or a file open in binary mode.

        Runs no code. Raises ImageError for a file that cannot be read, OptionError for one that holds no style.
        """
        data = read_file(path_or_file, "style", 2 * MAX_BYTES)
        if data[8:9] != b"{":
            raise OptionError("The file is {kind}, not a style; give one that was saved here.", kind=name_kind(data))
        style = cls.__new__(cls)
        try:
            style._packed = safetensors.numpy.load(data)[_NAME]
            style.picture = load_image(io.BytesIO(style._packed.tobytes()), max_pixels=STYLE_AREA)
        except Exception as error:  # safetensors documents none
            raise OptionError("The style is damaged, or another file; save it again.") from error
        return style

"""Pictures and maps of latents: a VAE with a spatial latent, on pictures of any size, in bounded memory.

A place of the latent, as one of the picture, depends on no more than `reach` pixels around it. So a large picture goes
in tiles, each with a margin of as much: what comes out of a tile is what would come out of the whole, to the last bits
of rounding, and there is nothing to blend where they meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from deepart.device import autocast, repeatable
from deepart.images import to_image, to_tensor
from deepart.models.spatial_vae import SpatialVAE

WHOLE = 1280  # pixels: the largest side that goes in one piece
CORE = 1024  # pixels: the largest side of a tile without its margin


class Span(NamedTuple):
    """A part of a side: [start, stop) is wanted, and [first, last) is what must be seen for it."""

    first: int
    start: int
    stop: int
    last: int

    def times(self, factor: int) -> Span:
        """Return it in units that are `factor` times smaller."""
        return Span(*(factor * place for place in self))

    @property
    def seen(self) -> slice:
        """What must be seen."""
        return slice(self.first, self.last)

    @property
    def wanted(self) -> slice:
        """What is wanted."""
        return slice(self.start, self.stop)

    @property
    def inside(self) -> slice:
        """What is wanted, counted from where the seen begins."""
        return slice(self.start - self.first, self.stop - self.first)


def spans(length: int, margin: int, whole: int, core: int) -> list[Span]:
    """Return a side's near-equal parts: one up to the length `whole`, else as many as keep each within `core`."""
    part = -(-length // (1 if length <= whole else -(-length // core)))
    return [
        Span(max(0, start - margin), start, min(start + part, length), min(start + part + margin, length))
        for start in range(0, length, part)
    ]


class Tiled:
    """A SpatialVAE on one device: RGB images in and out, latents (1, channels, h, w) on the CPU."""

    def __init__(self, network: SpatialVAE, device: torch.device) -> None:
        self.network = network
        self._device = device
        self._block = network.multiple  # pixels to a place of the latent

    def shape(self, size: tuple[int, int]) -> tuple[int, ...]:
        """Return channels, height and width of the latent of a picture of a size (width, height)."""
        width, height = (-(-side // self._block) for side in size)
        return self.network.config.channels, height, width

    def encode(self, image: Image.Image) -> tuple[Tensor, Tensor]:
        """Return mean and deviation; a picture that does not come out even is padded by repeating its last pixels."""
        padded = _pad(image, self._block)
        mean, std = (torch.empty(1, *self.shape(image.size)) for _ in range(2))
        for row, column in self._tiles(mean):
            left, _, _, right = column.times(self._block)
            top, _, _, bottom = row.times(self._block)
            seen = to_tensor(padded.crop((left, top, right, bottom))).to(self._device)
            with torch.inference_mode(), repeatable(), autocast(self._device):
                found = self.network.encode(seen)
            for whole, tile in zip((mean, std), found, strict=True):
                whole[..., row.wanted, column.wanted] = tile[..., row.inside, column.inside].cpu()
        return mean, std

    def decode(self, latents: Tensor, size: tuple[int, int]) -> list[Image.Image]:
        """Return the pictures of latents (N, channels, h, w), one after the other, cropped to the size."""
        return [self._decode(latent, size) for latent in torch.split(latents, 1)]

    def _decode(self, latent: Tensor, size: tuple[int, int]) -> Image.Image:
        picture = Image.new("RGB", size)
        for row, column in self._tiles(latent):
            seen = latent[..., row.seen, column.seen].to(self._device)
            with torch.inference_mode(), repeatable(), autocast(self._device):
                tile = self.network.decode(seen)
            down, across = row.times(self._block), column.times(self._block)
            picture.paste(to_image(tile[..., down.inside, across.inside]), (across.start, down.start))
        return picture

    def _tiles(self, latent: Tensor) -> Iterator[tuple[Span, Span]]:
        """Yield the tiles of a latent (1, channels, h, w), row by row; all numbers are places of it."""
        margin, whole, core = (pixels // self._block for pixels in (self.network.reach, WHOLE, CORE))
        rows, columns = (spans(side, margin, whole, core) for side in latent.shape[2:])
        return ((row, column) for row in rows for column in columns)


def _pad(image: Image.Image, multiple: int) -> Image.Image:
    """Return an RGB image with its last column and row repeated until both sides are multiples."""
    right, bottom = (-side % multiple for side in image.size)
    if not right and not bottom:
        return image
    return Image.fromarray(np.pad(np.asarray(image), ((0, bottom), (0, right), (0, 0)), mode="edge"))

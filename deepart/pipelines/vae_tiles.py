"""Pictures and latents of pictures of any size: a VAE of squares, and one with a spatial latent, in bounded memory.

A large picture goes in tiles. In most networks a place of the latent, as one of the picture, depends on no more than
`reach` pixels around it. Then each tile has a margin of as much: what comes out of it is what would come out of the
whole, to the last bits of rounding, and there is nothing to blend where tiles meet.

A network whose reach is None looks at all that it is given, as one with group norms or attention does. Its tiles differ
a little in brightness and colour, so they overlap, and each fades into the next. They are near the size of pictures
that such a network was trained on, and no tile is a sliver, whose few pixels would make poor statistics.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from deepart.device import autocast, repeatable
from deepart.images import fit, fitted_size, to_image, to_tensor
from deepart.models.kl import AutoencoderKL
from deepart.models.spans import Span, spans
from deepart.models.spatial_vae import SpatialVAE
from deepart.models.taesd import TAESD
from deepart.models.vector_vae import VectorVAE

WHOLE = 1280  # pixels: the largest side that goes in one piece
CORE = 1024  # pixels: the largest side of a tile without its margin
FADING_WHOLE, FADING_CORE = 640, 512  # the same, for tiles that fade into each other
FADING_MARGIN = 64  # pixels; two tiles share twice as many

Spatial = SpatialVAE | TAESD | AutoencoderKL
"""A network whose latent is a map."""


def fade(span: Span) -> Tensor:
    """Return the share of a tile at each place that it sees; it changes evenly over the margins of two tiles."""
    places = torch.arange(span.first, span.last) + 0.5
    share = torch.ones(len(places))
    if span.first < span.start:
        share = share.minimum((places - span.first) / (2 * (span.start - span.first)))
    if span.stop < span.last:
        share = share.minimum((span.last - places) / (2 * (span.last - span.stop)))
    return share


class Tiled:
    """A network on one device: RGB images in and out, latents (N, channels, h, w) on the CPU."""

    def __init__(self, network: Spatial, device: torch.device) -> None:
        self.network = network
        self._device = device
        self._block = network.multiple  # pixels to a place of the latent

    def shape(self, size: tuple[int, int]) -> tuple[int, ...]:
        """Return channels, height and width of the latent of a picture of a size (width, height)."""
        width, height = (-(-side // self._block) for side in size)
        return self.network.config.channels, height, width

    def encode(self, images: Sequence[Image.Image]) -> list[tuple[Tensor, Tensor]]:
        """Return mean and deviation of pictures of one size, which go through the network together."""
        padded = [_pad(image, self._block) for image in images]
        mean, std = (torch.zeros(len(images), *self.shape(images[0].size)) for _ in range(2))
        for row, column in self._tiles(mean):
            left, _, _, right = column.times(self._block)
            top, _, _, bottom = row.times(self._block)
            seen = torch.cat([to_tensor(image.crop((left, top, right, bottom))) for image in padded])
            for some in self._together(seen):
                with torch.inference_mode(), repeatable(), autocast(self._device):
                    found = self.network.encode(seen[some].to(self._device))
                for whole, tile in zip((mean, std), found, strict=True):
                    self._join(whole[some], tile.cpu(), row, column)
        return list(zip(torch.split(mean, 1), torch.split(std, 1), strict=True))

    def decode(self, latents: Tensor, size: tuple[int, int]) -> list[Image.Image]:
        """Return the pictures of latents (N, channels, h, w), cropped to the size."""
        return [one for some in self._together(latents, self._block) for one in self._decode(latents[some], size)]

    def _together(self, x: Tensor, factor: int = 1) -> Iterator[slice]:
        """Yield the parts of a batch (N, ...) that go through the network at once; x has 1/factor of the pixels."""
        area = factor**2 * x.shape[2] * x.shape[3]
        most = max(1, WHOLE**2 // area) if self.network.reach is not None else 1
        for start in range(0, len(x), most):
            yield slice(start, start + most)

    def _decode(self, latents: Tensor, size: tuple[int, int]) -> list[Image.Image]:
        if self.network.reach is not None:  # what is done is done, and need not be kept in floating point
            pictures = [Image.new("RGB", size) for _ in latents]
            for tiles, row, column in self._decoded(latents):
                for picture, tile in zip(pictures, torch.split(tiles[..., row.inside, column.inside], 1), strict=True):
                    picture.paste(to_image(tile), (column.start, row.start))
            return pictures
        whole = torch.zeros(len(latents), 3, *(self._block * side for side in latents.shape[2:]))
        for tiles, row, column in self._decoded(latents):
            self._join(whole, tiles.cpu(), row, column)
        return [to_image(picture) for picture in torch.split(whole[..., : size[1], : size[0]], 1)]

    def _decoded(self, latents: Tensor) -> Iterator[tuple[Tensor, Span, Span]]:
        """Yield tiles of the pictures, with the spans of their pixels."""
        for row, column in self._tiles(latents):
            seen = latents[..., row.seen, column.seen].to(self._device)
            with torch.inference_mode(), repeatable(), autocast(self._device):
                tiles = self.network.decode(seen)
            yield tiles, row.times(self._block), column.times(self._block)

    def _join(self, whole: Tensor, tile: Tensor, row: Span, column: Span) -> None:
        """Put a tile into the whole, which begins as zeros."""
        if self.network.reach is not None:
            whole[..., row.kept, column.kept] = tile[..., row.inside, column.inside]
        else:
            whole[..., row.seen, column.seen] += tile * fade(row)[:, None] * fade(column)

    def _tiles(self, latent: Tensor) -> Iterator[tuple[Span, Span]]:
        """Yield the tiles of latents (N, channels, h, w), row by row; all numbers are places of it."""
        reach = self.network.reach
        limits = (FADING_MARGIN, FADING_WHOLE, FADING_CORE) if reach is None else (reach, WHOLE, CORE)
        margin, whole, core = (pixels // self._block for pixels in limits)
        rows, columns = (spans(side, margin, whole, core) for side in latent.shape[2:])
        return ((row, column) for row in rows for column in columns)


def _pad(image: Image.Image, multiple: int) -> Image.Image:
    """Return an RGB image with its last column and row repeated until both sides are multiples."""
    right, bottom = (-side % multiple for side in image.size)
    if not right and not bottom:
        return image
    return Image.fromarray(np.pad(np.asarray(image), ((0, bottom), (0, right), (0, 0)), mode="edge"))


class Square:
    """A VectorVAE on one device: RGB images in and out, latents (1, latent) on the CPU.

    A picture is scaled to fit into the square, in its middle, and what it leaves free is filled by repeating its edges.
    """

    def __init__(self, network: VectorVAE, device: torch.device) -> None:
        self.network = network
        self._device = device

    def shape(self, size: tuple[int, int]) -> tuple[int, ...]:
        """Return the numbers of a latent, which are as many for a picture of any size."""
        return (self.network.config.latent,)

    def encode(self, images: Sequence[Image.Image]) -> list[tuple[Tensor, Tensor]]:
        """Return mean and deviation of pictures, made as one batch."""
        squares = torch.cat([to_tensor(self._square(image)) for image in images])
        with torch.inference_mode(), repeatable(), autocast(self._device):
            mean, std = self.network.encode(squares.to(self._device))
        return list(zip(torch.split(mean.cpu(), 1), torch.split(std.cpu(), 1), strict=True))

    def _square(self, image: Image.Image) -> Image.Image:
        side = self.network.side
        left, top, right, bottom = _place(image.size, side)
        edges = ((top, side - bottom), (left, side - right), (0, 0))
        return Image.fromarray(np.pad(np.asarray(fit(image, side)), edges, mode="edge"))

    def decode(self, latents: Tensor, size: tuple[int, int]) -> list[Image.Image]:
        """Return the pictures of latents (N, latent), made as one batch, cropped and scaled to the size."""
        with torch.inference_mode(), repeatable(), autocast(self._device):
            squares = self.network.decode(latents.to(self._device)).cpu()
        box = _place(size, self.network.side)
        return [to_image(square).resize(size, Image.Resampling.LANCZOS, box) for square in squares]


def _place(size: tuple[int, int], side: int) -> tuple[int, int, int, int]:
    """Return where in the square a picture of a size lies: left, top, right and bottom."""
    width, height = fitted_size(size, side)
    left, top = (side - width) // 2, (side - height) // 2
    return left, top, left + width, top + height

"""Pictures and vectors of latents: a VAE whose pictures are squares of one size, on pictures of any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from deepart.device import autocast, repeatable
from deepart.images import fit, fitted_size, to_image, to_tensor
from deepart.models.vector_vae import VectorVAE


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

"""Tiny autoencoders in which every layer has a say: those of the page leave all to their linear parts."""

import io
from typing import Any

import numpy as np
import torch
from PIL import Image
from running_page import tiny_spatial, tiny_vector

from deepart import VAEPipeline, images
from deepart.models.spatial_vae import SpatialVAE
from deepart.models.vector_vae import VectorVAE
from deepart.registry import Located


def lively(network: SpatialVAE | VectorVAE) -> SpatialVAE | VectorVAE:
    """Give the weights that are zero at the start of a training small random numbers."""
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(3)
        for parameter in network.parameters():
            if parameter.dim() > 1 and not parameter.any():
                parameter.normal_(std=0.5 * parameter[0].numel() ** -0.5)
    return network


def spatial_vae() -> VAEPipeline:
    return VAEPipeline(Located("pictures", "0123456789ab"), torch.device("cpu"), lively(tiny_spatial()))


def vector_vae() -> VAEPipeline:
    network = lively(tiny_vector())
    return VAEPipeline(Located("portraits", "ba9876543210"), torch.device("cpu"), network, ("hair", "glasses"))


def drawing(width: int, height: int, seed: int = 0) -> Image.Image:
    """A smooth picture with some life in it."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def through_png(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    images.save_png(picture, file)
    return images.load_image(file)


def apart(a: Image.Image, b: Image.Image) -> np.ndarray:
    """The differences of the levels of two pictures."""
    return np.abs(np.asarray(a).astype(int) - np.asarray(b).astype(int))


def settings_of(picture: Image.Image) -> dict[str, Any]:
    found = images.settings(picture)
    assert found is not None
    return found

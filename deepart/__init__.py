"""Deep learning for art, in a few lines: the README shows them."""

from deepart.animations import save_animation
from deepart.cache import Studio
from deepart.errors import (
    DeepArtError,
    ImageError,
    MemoryLimitError,
    OptionError,
    UnknownModelError,
    UnsupportedError,
    WeightsError,
)
from deepart.images import load_image, save_png, settings
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.large import paint_large
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.style_saved import Style
from deepart.pipelines.style_video import Film
from deepart.pipelines.vae import VAEPipeline
from deepart.pipelines.vae_latent import Latent
from deepart.registry import list_models

__version__ = "0.1.0"

__all__ = [
    "DeepArtError",
    "Film",
    "GANPipeline",
    "ImageError",
    "Latent",
    "MemoryLimitError",
    "OptionError",
    "Studio",
    "Style",
    "StyleTransferPipeline",
    "UnknownModelError",
    "UnsupportedError",
    "VAEPipeline",
    "WeightsError",
    "list_models",
    "load_image",
    "paint_large",
    "save_animation",
    "save_png",
    "settings",
]

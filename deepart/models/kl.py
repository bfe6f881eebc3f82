"""The autoencoder of Stable Diffusion (Rombach and others, 2112.10752), as the package diffusers builds it.

That package is no requirement. It is imported when a network of this kind is made, and only then.
"""

import importlib
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from deepart.errors import UnsupportedError

LOG_VARIANCE = (-30.0, 20.0)  # of the posterior, as in the training
MIN_DEVIATION = 1e-6  # of the scaled latent; less would be 0 in float16


@dataclass(frozen=True)
class KLConfig:
    """Numbers that make an AutoencoderKL, under the names that diffusers gives them.

    block_out_channels: of the maps, from the picture's size on, each half as wide as the one before.
    layers_per_block: residual blocks at each size. norm_num_groups: of the group norms.
    scaling_factor: what latents are multiplied by, so that they have a deviation of about 1.
    """

    latent_channels: int = 4
    block_out_channels: tuple[int, ...] = (128, 256, 512, 512)
    layers_per_block: int = 2
    norm_num_groups: int = 32
    scaling_factor: float = 0.18215

    def __post_init__(self) -> None:
        counts = (self.latent_channels, self.layers_per_block, self.norm_num_groups, *self.block_out_channels)
        if not self.block_out_channels or min(counts) < 1 or self.scaling_factor <= 0:
            raise ValueError("all numbers of an AutoencoderKL are above 0")

    @property
    def channels(self) -> int:
        """Of the latent, as other spatial networks call them."""
        return self.latent_channels


class AutoencoderKL(nn.Module):
    """Pictures to maps of normal distributions, and maps of numbers to pictures; latents are scaled.

    Its group norms and its attention look at all that they are given, so a part of a picture does not give exactly the
    numbers of the whole: `reach` is None. It runs in float32, one picture after the other. Raises UnsupportedError.
    """

    reach: ClassVar[None] = None

    def __init__(self, config: KLConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or KLConfig()
        sizes = len(config.block_out_channels)
        self.multiple = 2 ** (sizes - 1)
        self.network = library()(
            **asdict(config), down_block_types=("DownEncoderBlock2D",) * sizes,
            up_block_types=("UpDecoderBlock2D",) * sizes,
        )  # fmt: skip
        self.network.enable_slicing()

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of the posterior, scaled, each (N, channels, h, w), float32.

        x: (N, 3, H, W) in [0, 1], H and W multiples of `multiple`, which h and w are as many times smaller.
        """
        with torch.autocast(x.device.type, enabled=False):
            found = self.network.encode(2 * x.float() - 1).latent_dist
            std = torch.exp(0.5 * found.logvar.clamp(*LOG_VARIANCE))
            scale = self.config.scaling_factor
            return scale * found.mean, (scale * std).clamp_min(MIN_DEVIATION)

    def decode(self, z: Tensor) -> Tensor:
        """Return pictures (N, 3, H, W), float32, about in [0, 1]; z: (N, channels, h, w), scaled."""
        with torch.autocast(z.device.type, enabled=False):
            picture: Tensor = self.network.decode(z.float() / self.config.scaling_factor).sample
            return 0.5 * picture + 0.5


def library() -> Any:
    """Return the class of diffusers; raises UnsupportedError where the package is not installed, or does not work."""
    try:
        return importlib.import_module("diffusers").AutoencoderKL
    except (ImportError, AttributeError, RuntimeError) as error:
        raise UnsupportedError(
            "This model needs the package diffusers; install it with 'pip install diffusers'."
        ) from error

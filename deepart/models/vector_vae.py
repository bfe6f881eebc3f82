"""A variational autoencoder with one latent vector for a whole picture, and a prior that pictures can be drawn from.

The posterior is a normal distribution with a mean and a deviation per number of the latent (Kingma and Welling,
1312.6114). Both ways have a linear part beside the network: about what a principal component analysis would give. The
linear part of the decoder is a draft at full size, in luma, with coarser chroma as in JPEG. The network is our
generator's, whose every convolution the latent scales, and it sees the draft at every size: it corrects what a sum of
fixed pictures cannot do, and does not need to learn again what that can.

The prior is a flow (deepart/models/latent_flow.py) fitted to the posteriors of the training pictures once the encoder
is trained, as the standard normal leaves holes and corners (Ghosh et al., 1903.12436; Dai and Wipf, 1903.05789).
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deepart.models.generator import BASE, StyledConv, blur, smooth
from deepart.models.latent_flow import LatentFlow
from deepart.models.spatial_vae import LOG_VARIANCE, SLOPE, ResidualBlock

QUARTER = 4  # pixels; side of what the encoder reads at once
SEEN = (2, 8)  # how many times smaller the luma and the chroma are that the encoder's linear part sees
DRAWN = (1, 4)  # and those that the decoder's makes
TO_CHROMA = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))  # JPEG's, of RGB
TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))


@dataclass(frozen=True)
class VectorVAEConfig:
    """Numbers that make a VectorVAE.

    latent: numbers of the latent. encoder: channels of the maps at a quarter of the side, an eighth, ..., down to 4
    pixels. decoder: channels of the maps at 4, 8, 16, ... pixels; the picture is twice as large as the last of them.
    directions: how many are stored. prior: width of the prior's network; 0: there is none.
    """

    latent: int = 128
    encoder: tuple[int, ...] = (64, 128, 160, 160)
    decoder: tuple[int, ...] = (128, 128, 128, 64, 32)
    directions: int = 0
    prior: int = 0

    def __post_init__(self) -> None:
        if not self.encoder or len(self.decoder) != len(self.encoder) + 1:
            raise ValueError(
                f"encoder and decoder have {len(self.encoder)} and {len(self.decoder)} sizes; "
                "the decoder must have one more, and the encoder one at least."
            )

    @property
    def side(self) -> int:
        """Height and width of a picture in pixels."""
        return int(BASE * 2 ** len(self.decoder))


class VectorVAE(nn.Module):
    """Pictures to normal distributions, and latent vectors to pictures."""

    directions: Tensor

    def __init__(self, config: VectorVAEConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or VectorVAEConfig()
        self.side = config.side
        latent, inner, outer = config.latent, config.encoder, config.decoder
        self.analysis = nn.Linear(_numbers(config.side, SEEN), latent)
        self.synthesis = nn.Linear(latent, _numbers(config.side, DRAWN))
        self.log_variance = nn.Parameter(torch.full((latent,), -2.0))
        layers: list[nn.Module] = [nn.Conv2d(3 * QUARTER**2, inner[0], 3, padding=1), ResidualBlock(inner[0])]
        for narrow, wide in pairwise(inner):
            layers += [nn.Conv2d(narrow, wide, 3, 2, padding=1), ResidualBlock(wide)]
        self.encoder = nn.Sequential(
            *layers, nn.LeakyReLU(SLOPE), nn.Flatten(), nn.Linear(inner[-1] * BASE**2, 2 * latent)
        )
        self.start = nn.Linear(latent, outer[0] * BASE**2)
        sizes = list(zip((outer[0], *outer[:-1]), outer, strict=True))
        self.first = nn.ModuleList(StyledConv(inputs, outputs, latent) for inputs, outputs in sizes)
        self.second = nn.ModuleList(StyledConv(outputs, outputs, latent) for _, outputs in sizes[:-1])
        self.shuffled = StyledConv(outer[-1], 2 * outer[-1], latent)
        self.hints = nn.ModuleList(nn.Conv2d(3, width, 3, padding=1) for width in (*outer, outer[-1] // 2))
        self.last = nn.Conv2d(outer[-1] // 2, outer[-1] // 2, 3, padding=1)
        self.head = nn.Conv2d(outer[-1] // 2, 3, 3, padding=1)
        self.glimpse = nn.ModuleList(nn.Conv2d(width, 3, 1) for width in outer)  # a picture at every size
        for layer in (self.encoder[-1], self.head, *self.glimpse):  # the linear parts alone, to begin with
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        # One standard deviation along an axis each, the strongest first.
        self.register_buffer("directions", torch.zeros(config.directions, latent))
        self.flow = LatentFlow(latent, config.prior) if config.prior else None

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of the posterior, each (N, latent), float32; x: (N, 3, side, side)."""
        found = self.encoder(F.pixel_unshuffle(x - 0.5, QUARTER).contiguous(memory_format=torch.channels_last))
        with torch.autocast(x.device.type, enabled=False):
            change, log_variance = found.float().chunk(2, 1)
            mean: Tensor = self.analysis(to_rows(x.float() - 0.5, SEEN)) + change
            return mean, torch.exp(0.5 * (log_variance + self.log_variance).clamp(*LOG_VARIANCE))

    def decode(self, z: Tensor) -> Tensor:
        """Return pictures (N, 3, side, side), float32, about in [0, 1]; z: (N, latent), float32."""
        device = z.device.type
        with torch.autocast(device, enabled=False):
            draft = from_rows(self.synthesis(z.float()), self.side, DRAWN)
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else z.dtype
        x = self.start(z).unflatten(1, (-1, BASE, BASE)).to(dtype, memory_format=torch.channels_last)
        seen: Tensor | None = None
        for index, first in enumerate(self.first):
            x = first(smooth(x) if index else x, z)
            x = x + self.hints[index](F.adaptive_avg_pool2d(draft, x.shape[2]))
            if index < len(self.second):
                x = self.second[index](x, z)
            glimpse = self.glimpse[index](x)
            seen = glimpse if seen is None else smooth(seen) + glimpse
        x = blur(F.pixel_shuffle(self.shuffled(x, z), 2)) + self.hints[-1](draft)
        x = F.leaky_relu(self.last(F.leaky_relu(x, SLOPE)), SLOPE)
        assert seen is not None
        picture: Tensor = draft + (smooth(seen) + self.head(x)).float() + 0.5
        return picture

    def prior(self, noise: Tensor, temperature: float = 1.0) -> Tensor:
        """Return latents (N, latent), float32, drawn from the prior, which the network must have.

        noise: (N, latent), standard normal. temperature: what it is scaled by.
        """
        assert self.flow is not None
        found: Tensor = self.flow(noise * temperature)
        return found


def to_rows(x: Tensor, shrink: tuple[int, int]) -> Tensor:
    """Return pictures (N, 3, H, W) as rows of numbers: luma and chroma, so many times smaller in height and width.

    A number is scaled by the pixels that it stands for, so that the length of a row is about that of the picture.
    """
    luma, chroma = torch.einsum("ij,njhw->nihw", x.new_tensor(TO_CHROMA), x).tensor_split((1,), 1)
    parts = [F.avg_pool2d(part, times).flatten(1) * times for part, times in zip((luma, chroma), shrink, strict=True)]
    return torch.cat(parts, 1)


def from_rows(rows: Tensor, side: int, shrink: tuple[int, int]) -> Tensor:
    """Return the pictures (N, 3, side, side) of rows that to_rows() made, enlarged smoothly."""
    parts = []
    sizes = [side // times for times in shrink]
    for part, size, times in zip(rows.tensor_split((sizes[0] ** 2,), 1), sizes, shrink, strict=True):
        maps = part.view(len(part), -1, size, size) / times
        parts.append(F.interpolate(maps, (side, side), mode="bilinear", align_corners=False) if times > 1 else maps)
    return torch.einsum("ij,njhw->nihw", rows.new_tensor(TO_RGB), torch.cat(parts, 1))


def _numbers(side: int, shrink: tuple[int, int]) -> int:
    return int((side // shrink[0]) ** 2 + 2 * (side // shrink[1]) ** 2)

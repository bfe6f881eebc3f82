"""The other side of a VAE's second phase: discriminators that tell pictures from reconstructions and samples."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from deepart.device import autocast
from deepart.models.generator import SLOPE
from deepart.models.vector_vae import VectorVAE
from deepart.models.vgg import VGGFeatures
from recipes.gan_discriminator import FeatureDiscriminator, see

PACES = {"patch": 0.5, "feature": 0.15}  # of the learning rate
DRAWN = 4096  # latents that samples are made of


class PatchDiscriminator(nn.Module):
    """Judges every patch of a picture by its pixels (PatchGAN, Isola et al., 1611.07004)."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            spectral_norm(nn.Conv2d(12, width, 3, 1, 1)), nn.LeakyReLU(SLOPE),
            spectral_norm(nn.Conv2d(width, 2 * width, 4, 2, 1)), nn.LeakyReLU(SLOPE),
            spectral_norm(nn.Conv2d(2 * width, 2 * width, 4, 2, 1)), nn.LeakyReLU(SLOPE),
            spectral_norm(nn.Conv2d(2 * width, 1, 3, 1, 1)),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, 3, H, W) in [-1, 1]; returns logits (N, 1, H / 8, W / 8), larger for what looks real."""
        logits: Tensor = self.layers(x.contiguous(memory_format=torch.channels_last))
        return logits.float()


class Adversary(nn.Module):
    """The discriminators with their optimizers.

    Each picture is compared with one that was made: with its own reconstruction, and with a sample (a relativistic
    loss, 1807.00734).
    """

    def __init__(self, features: VGGFeatures) -> None:
        super().__init__()
        self.patch, self.feature = PatchDiscriminator(), FeatureDiscriminator(features)
        self._features = (features,)  # in a tuple: not a part of this module
        self._scales: dict[str, float] | None = None
        self._drawn: Tensor | None = None
        self.optimizers = {
            name: torch.optim.Adam(getattr(self, name).parameters(), betas=(0.0, 0.99)) for name in PACES
        }

    def get_extra_state(self) -> dict[str, float]:
        """Return the scales of the features, which a resumed training goes on with."""
        return self._scales or {}

    def set_extra_state(self, state: dict[str, float]) -> None:
        self._scales = state or None

    @torch.no_grad()
    def imagine(self, network: VectorVAE, count: int) -> Tensor:
        """Return latents (count, latent) drawn from the prior, out of a stock of them."""
        device = network.log_variance.device
        if self._drawn is None:
            noise = torch.randn(DRAWN, network.config.latent, generator=torch.Generator().manual_seed(0))
            self._drawn = torch.cat([network.prior(part.to(device)) for part in noise.split(512)])
        return self._drawn[torch.randint(DRAWN, (count,), device=device)]

    def advance(self, real: Tensor, made: Tensor, push: float, rate: float) -> dict[str, Tensor]:
        """Make one step of the discriminators; return what the other side is to make small (g_), and their losses (d_).

        real: pictures (N, 3, H, W) in [0, 1]. made: as many, or a multiple, that are to look like them. push: weight.
        """
        real = real.repeat(len(made) // len(real), 1, 1, 1)
        seen_real, seen_made = self._look(real), self._look(made)
        told = {}
        for name, optimizer in self.optimizers.items():
            judge = getattr(self, name)
            with autocast(real.device):
                on_real, on_made = judge(seen_real[name]), judge(_detached(seen_made[name]))
            loss = F.softplus(on_made - on_real).mean()
            optimizer.param_groups[0]["lr"] = rate * PACES[name]
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            judge.requires_grad_(False)
            with autocast(real.device):
                told[f"g_{name}"] = push * F.softplus(on_real.detach() - judge(seen_made[name])).mean()
            judge.requires_grad_(True)
            told[f"d_{name}"] = loss.detach()
        return told

    def _look(self, x: Tensor) -> dict[str, Any]:
        """Return what each discriminator sees of pictures in [0, 1]."""
        signed = 2 * x - 1
        features = self._features[0]
        with autocast(x.device):
            if self._scales is None:
                maps = {name: value.detach().float() for name, value in see(features, signed).items()}
                self._scales = {name: float(value.square().mean().sqrt()) for name, value in maps.items()}
            return {"patch": signed, "feature": see(features, signed, self._scales)}


def _detached(seen: Any) -> Any:
    return {name: value.detach() for name, value in seen.items()} if isinstance(seen, dict) else seen.detach()

"""Begin a generator from what a vector VAE and its prior make, so that it has compositions before anybody judges it.

The generator's latents become those of the VAE at unit variance: its mapping learns by regression where the prior
carries normal noise, its convolutions what the decoder makes of a latent. From nothing, a small pair of generator and
discriminators makes one pattern in many colours for tens of thousands of pictures.

In the training that follows thumbnails of the same samples hold it to them (Anchor): what is where stays, the strokes
are the discriminators' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart import hub
from deepart.device import autocast
from deepart.models.generator import Generator
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from deepart.models.vgg import VGGFeatures
from recipes.vae_losses import perceptual_distance

START = VectorVAEConfig(encoder=(64, 128, 160), decoder=(128, 128, 128, 64), prior=256)  # of 64 pixels
POOL = 4096  # samples of the prior
THUMBNAIL = 8  # pixels
MAPPED = 512  # latents in a step of the mapping
PERCEPTUAL = 0.05  # beside an absolute pixel error of weight 1, of pictures in [0, 1]
TOLD_EVERY = 100  # steps


def load_vae(folder: Path, device: torch.device) -> VectorVAE:
    """Return the VAE of a run of `recipes.train_vae start`, or of a model's folder; it must have a prior."""
    if (folder / "checkpoint.pt").exists():
        network = VectorVAE(START)
        network.load_state_dict(torch.load(folder / "checkpoint.pt", map_location="cpu", weights_only=True)["average"])
    else:
        config = hub.read_config(folder)
        known = {name: config[name] for name in VectorVAEConfig.__dataclass_fields__ if name in config}
        numbers = hub.make_config(VectorVAEConfig, known, folder)
        network = hub.build(lambda: VectorVAE(numbers), folder / hub.TENSORS)
    if network.flow is None:
        raise SystemExit(f"The VAE in {folder} has no prior to draw from.")
    return network.to(device, memory_format=torch.channels_last).requires_grad_(False)


class Anchor:
    """Samples of a VAE: noise, the latents that its prior carries it to, and thumbnails of what the decoder makes."""

    @torch.no_grad()
    def __init__(self, vae: VectorVAE, count: int = POOL, seed: int = 0) -> None:
        assert vae.flow is not None
        self.vae, device = vae, vae.log_variance.device
        self.noise = torch.randn(count, vae.config.latent, generator=torch.Generator().manual_seed(seed)).to(device)
        self.latents = torch.cat([vae.prior(part) for part in self.noise.split(1024)])
        thumbnails = []
        for part in self.latents.split(64):
            with autocast(device):
                made = vae.decode(part)
            thumbnails.append((shrink(made).clamp(0, 1) * 255).round().to(torch.uint8))
        self.thumbnails = torch.cat(thumbnails)

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Return noise (count, latent) and the thumbnails (count, 3, 8, 8) in [-1, 1] that belong to it."""
        picked = torch.randint(len(self.noise), (count,), device=self.noise.device)
        return self.noise[picked], self.thumbnails[picked].float() / 127.5 - 1

    def teach(
        self, generator: Generator, optimizers: Mapping[str, torch.optim.Optimizer], features: VGGFeatures, steps: int,
        batch: int,
    ) -> None:  # fmt: skip
        """Train a generator to make what the VAE makes, at its optimizers' learning rates, falling to 0."""
        flow = self.vae.flow
        assert flow is not None
        latents = (self.latents - flow.mean) / flow.deviation
        rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in optimizers.items()}
        told = {"pixels": 0.0, "perceived": 0.0, "mapped": 0.0}
        for step in range(steps):
            for name, optimizer in optimizers.items():
                optimizer.param_groups[0]["lr"] = rates[name] * min(1, (step + 1) / 50) * (1 - step / steps)
                optimizer.zero_grad(set_to_none=True)
            picked = torch.randint(len(latents), (batch,), device=latents.device)
            many = torch.randint(len(latents), (MAPPED,), device=latents.device)
            with autocast(latents.device):
                wanted = self.vae.decode(self.latents[picked]).clamp(0, 1)
                made = generator(latents[picked]) / 2 + 0.5
                mapped = generator.map(self.noise[many])
            losses = {
                "pixels": (made - wanted).abs().mean(),
                "perceived": PERCEPTUAL * perceptual_distance(features, made, wanted),
                "mapped": (mapped.float() - latents[many]).square().mean(),
            }
            torch.stack(list(losses.values())).sum().backward()
            for optimizer in optimizers.values():
                optimizer.step()
            told = {name: told[name] + float(loss.detach()) / TOLD_EVERY for name, loss in losses.items()}
            if step % TOLD_EVERY == TOLD_EVERY - 1:
                parts = " ".join(f"{name} {value:.4f}" for name, value in told.items())
                print(f"start {step + 1} {parts}", flush=True)
                told = dict.fromkeys(told, 0.0)


def shrink(x: Tensor) -> Tensor:
    """Return pictures (N, 3, H, W) as thumbnails (N, 3, 8, 8)."""
    return F.adaptive_avg_pool2d(x.float(), THUMBNAIL)

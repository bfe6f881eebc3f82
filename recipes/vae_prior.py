"""The prior of a vector VAE: a flow fitted to the posteriors of the training pictures, once the encoder is trained.

A standard normal prior is where training pulls the latents, not where they are (Ghosh et al., 1903.12436; Dai and
Wipf, 1903.05789). See deepart/models/latent_flow.py.
"""

from __future__ import annotations

import copy
import time

import torch
from torch import Tensor

from deepart.device import autocast
from deepart.models.latent_flow import LatentFlow
from deepart.models.vector_vae import VectorVAE

PICTURES = 50  # encoded at once
BATCH = 512  # latents in a step
RATE = 2e-3
MEMORY = 200  # steps; half-life of the average
TOLD_EVERY = 500  # steps


@torch.no_grad()
def posteriors(network: VectorVAE, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Return means and deviations (N, latent) of the posteriors of uint8 pictures (N, 3, side, side), on the CPU."""
    device = network.log_variance.device
    found = []
    for part in pictures.split(PICTURES):
        with autocast(device):
            found.append([x.cpu() for x in network.encode(part.to(device).float() / 255)])
    means, deviations = zip(*found, strict=True)
    return torch.cat(means), torch.cat(deviations)


def error(flow: LatentFlow, mean: Tensor, std: Tensor, count: int) -> Tensor:
    """Return the mean squared error of the velocity, from noise to latents of posteriors (N, latent); a scalar."""
    picked = torch.randint(len(mean), (count,), device=mean.device)
    latents = mean[picked] + std[picked] * torch.randn_like(mean[picked])
    latents = (latents - flow.mean) / flow.deviation
    noise, share = torch.randn_like(latents), torch.rand(count, device=mean.device)
    with autocast(mean.device):
        found = flow.velocity(torch.lerp(noise, latents, share[:, None]), share)
    return (found.float() - (latents - noise)).square().mean()


def fit(flow: LatentFlow, mean: Tensor, std: Tensor, minutes: float, steps: int = 1) -> LatentFlow:
    """Return a flow of the same shape, trained on the means and deviations of posteriors (N, latent), and averaged.

    The learning rate falls to 0 over the minutes, or over so many steps where they take longer.
    """
    flow = copy.deepcopy(flow).requires_grad_(True)
    device = flow.mean.device
    mean, std = mean.to(device), std.to(device)
    flow.mean.copy_(mean.mean(0))
    flow.deviation.copy_((mean.var(0) + std.square().mean(0)).sqrt())
    average = copy.deepcopy(flow).requires_grad_(False)
    optimizer = torch.optim.AdamW(flow.parameters(), RATE, betas=(0.9, 0.99), weight_decay=0.01)
    start, step, passed, total = time.perf_counter(), 0, 0.0, 0.0
    while passed < 1:
        optimizer.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 100) * (1 - passed)
        found = error(flow, mean, std, BATCH)
        optimizer.zero_grad(set_to_none=True)
        found.backward()
        optimizer.step()
        step, total = step + 1, total + float(found.detach())
        with torch.no_grad():
            share = 1 - 0.5 ** (1 / min(MEMORY, 0.1 * step))
            for kept, value in zip(average.parameters(), flow.parameters(), strict=True):
                kept.lerp_(value, share)
        if step % TOLD_EVERY == 0:
            print(f"prior: {step} steps, error {total / TOLD_EVERY:.4f}", flush=True)
            total = 0.0
        passed = min((time.perf_counter() - start) / max(1e-6, 60 * minutes), step / steps)
    return average

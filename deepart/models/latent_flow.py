"""A prior over latent vectors: a small network that carries normal noise to where the latents of pictures are.

A flow trained by flow matching (Lipman et al., 2210.02747; rectified flow, Liu et al., 2209.03003): on the straight
line from noise to a latent it learns the velocity, and to draw is to follow it from time 0 to 1 in some steps. It is
the second stage that Dai and Wipf (1903.05789) put after a VAE, and as all it sees is vectors, it is quick to train.
Where the latents of drawn faces lie in hundreds of separate heaps, a mixture of normal distributions makes ghosts of
several faces at once, and this does not.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEPS = 24  # of Heun's method; more change nothing that is seen
TIMES = 64  # numbers that tell the network the time


class FlowBlock(nn.Module):
    """A hidden layer beside a straight way; the time scales and shifts what it reads."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.time = nn.Linear(TIMES, 2 * width)
        self.inner, self.outer = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        nn.init.zeros_(self.outer.weight)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """x: (N, width), time: (N, TIMES)."""
        scale, shift = self.time(time).chunk(2, 1)
        change: Tensor = self.outer(F.silu(self.inner(F.layer_norm(x, x.shape[1:]) * (1 + scale) + shift)))
        return x + change


class LatentFlow(nn.Module):
    """Normal noise in, latents out, one to one."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, latent: int, width: int, depth: int = 5) -> None:
        """latent: numbers of a latent. width, depth: of the network."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(latent))  # of the latents, which the network sees at unit variance
        self.register_buffer("deviation", torch.ones(latent))
        self.enter, self.leave = nn.Linear(latent, width), nn.Linear(width, latent)
        self.blocks = nn.ModuleList(FlowBlock(width) for _ in range(depth))

    def velocity(self, x: Tensor, time: Tensor) -> Tensor:
        """Return the velocities (N, latent) at places x (N, latent) and times (N,) from 0, noise, to 1, latents."""
        frequencies = torch.exp(torch.linspace(0, math.log(100), TIMES // 2, device=x.device))
        angles = time[:, None] * frequencies
        embedded = torch.cat([angles.sin(), angles.cos()], 1)
        hidden = self.enter(x)
        for block in self.blocks:
            hidden = block(hidden, embedded)
        found: Tensor = self.leave(F.layer_norm(hidden, hidden.shape[1:]))
        return found

    def forward(self, noise: Tensor, steps: int = STEPS) -> Tensor:
        """Return the latents (N, latent) that standard normal noise (N, latent) is carried to."""
        return self._follow(noise, 0.0, 1.0, steps) * self.deviation + self.mean

    def back(self, latents: Tensor, steps: int = STEPS) -> Tensor:
        """Return the noise (N, latent) that is carried to latents (N, latent), nearly: the steps leave an error."""
        return self._follow((latents - self.mean) / self.deviation, 1.0, 0.0, steps)

    def _follow(self, x: Tensor, start: float, end: float, steps: int) -> Tensor:
        """Return where places (N, latent) are at the time `end`, by Heun's method, in float32."""
        size = (end - start) / steps
        with torch.autocast(x.device.type, enabled=False):
            for step in range(steps):
                now = x.new_full((len(x),), start + step * size)
                first = self.velocity(x, now)
                second = self.velocity(x + size * first, now + size)
                x = x + size / 2 * (first + second)
        return x

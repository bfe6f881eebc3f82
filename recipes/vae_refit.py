"""The last layers of a trained map by least squares: what PSNR asks for, where training made absolute errors small.

    python -m recipes.vae_refit runs/vae-pictures

The picture is linear in the weights of the decoder's last convolution and of its linear part. So with all else fixed
the best of them are the solution of a linear system, which is summed up over crops of the training pictures, at the
means of the posterior. A crop counts by one over its error, as PSNR is a logarithm: smooth pictures count as much as
busy ones. The averaged network of RUN/checkpoint.pt is changed.

What is best for the means makes more of the posterior's noise, too: so only a share of the way is gone (--share).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deepart.models.spatial_vae import BLOCK, SpatialVAE
from recipes.vae_pictures import CropSampler, find_sources
from recipes.vae_start import cut_blocks

RIDGE = 1e-4  # of the mean of the diagonal: features that hardly vary stay as they are
LEAST = 1e-5  # mean squared error; below it, 50 dB, a crop counts no more
BATCH = 16


class Sums:
    """A linear system, summed up: rows of features, targets for each, and how much a row counts."""

    def __init__(self, features: int, targets: int) -> None:
        self.left = torch.zeros(features, features, dtype=torch.float64)
        self.right = torch.zeros(features, targets, dtype=torch.float64)

    def add(self, rows: Tensor, wanted: Tensor, weights: Tensor) -> None:
        """rows: (N, features), wanted: (N, targets), weights: (N,)."""
        scaled = rows * weights[:, None]
        self.left += (scaled.T @ rows).double()
        self.right += (scaled.T @ wanted).double()

    def solve(self) -> Tensor:
        """Return the changes (features, targets) that make the weighted squares least."""
        ridge = RIDGE * self.left.diagonal().mean() * torch.eye(len(self.left), dtype=torch.float64)
        return torch.linalg.solve(self.left + ridge, self.right).float()


@torch.no_grad()
def refit(network: SpatialVAE, sampler: CropSampler, batches: int, share: float) -> None:
    """Set the last convolution of the decoder, then the linear part, anew; share: how much of the way to go."""
    last = network.decoder[-2]
    assert isinstance(last, nn.Conv2d)
    assert last.bias is not None
    seen: list[Tensor] = []
    hook = last.register_forward_hook(lambda _, inputs, found: seen.append(inputs[0].float()))
    sums = Sums(9 * last.in_channels + 1, last.out_channels)
    for _ in range(batches):
        x = sampler.batch(BATCH)
        mean, _ = network.encode(x)
        missing = x - network.decode(mean)
        rows = F.unfold(seen.pop(), 3, padding=1).transpose(1, 2).flatten(0, 1)
        wanted = F.pixel_unshuffle(missing, 4).flatten(2).transpose(1, 2).flatten(0, 1)
        sums.add(_with_one(rows), wanted, _weights(missing, len(rows) // len(x)))
    hook.remove()
    change = share * sums.solve()
    last.weight += change[:-1].T.reshape(last.weight.shape)
    last.bias += change[-1]
    assert network.synthesis.bias is not None
    sums = Sums(network.config.channels + 1, len(network.synthesis.bias))
    for _ in range(batches):
        x = sampler.batch(BATCH)
        mean, _ = network.encode(x)
        missing = x - network.decode(mean)
        rows = mean.permute(0, 2, 3, 1).flatten(0, 2)
        sums.add(_with_one(rows), cut_blocks(missing), _weights(missing, (x.shape[2] // BLOCK) ** 2))
    change = share * sums.solve()
    network.synthesis.weight += change[:-1].T[..., None, None]
    network.synthesis.bias += change[-1]


def _with_one(rows: Tensor) -> Tensor:
    return torch.cat([rows, torch.ones(len(rows), 1)], 1)


def _weights(missing: Tensor, places: int) -> Tensor:
    """Return how much each of the places of each crop counts, (N places,)."""
    error = missing.square().mean((1, 2, 3)).clamp_min(LEAST)
    return (LEAST / error).repeat_interleave(places)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run of recipes.train_vae pictures")
    parser.add_argument("--pictures", type=Path, default=Path("data/style"), help="made by recipes.style_data")
    parser.add_argument("--portraits", type=Path, default=Path("data/vae/portraits"), help="made by recipes.gan_data")
    parser.add_argument("--batches", type=int, default=80, help="of 16 crops (default: %(default)s)")
    parser.add_argument("--share", type=float, default=0.85, help="of the way to go (default: %(default)s)")
    parser.add_argument("--side", type=int, default=128, help="pixels; side of a crop (default: %(default)s)")
    options = parser.parse_args(arguments)
    path = options.run / "checkpoint.pt"
    found = torch.load(path, map_location="cpu", weights_only=True)
    network = SpatialVAE().eval()
    network.load_state_dict(found["average"])
    sampler = CropSampler(find_sources(options.pictures, options.portraits).training, options.side, found["step"])
    refit(network, sampler, options.batches, options.share)
    torch.save(found | {"average": network.state_dict()}, path)
    print(f"The last layers of {path} are set anew.")


if __name__ == "__main__":
    main()

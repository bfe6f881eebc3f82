"""Train the variational autoencoders: a map for any picture (spatial), or one vector for a portrait (vector).

The kind "start" is a small vector one for pictures of 64 pixels, which a generator begins from (recipes/gan_start.py).

    python -m recipes.style_data SOURCES data/style
    python -m recipes.gan_data SOURCES data/vae/portraits --count 12000
    python -m recipes.train_vae pictures --minutes 110                    # stop and start it again as you like
    python -m recipes.train_vae portraits --minutes 110
    python -m recipes.export_vae runs/vae-pictures weights/vae-pictures

One command on a GPU or a CPU, in bfloat16 where the hardware multiplies it. It resumes from RUN/checkpoint.pt; every
few minutes, and when it is asked to stop, it saves, draws a grid and adds a line to log.csv. --minutes is the length of
the whole training, over all its parts.

Training begins with the linear parts as a principal component analysis has them (recipes/vae_start.py), or goes on from
a model's stored weights (--weights weights/vae-pictures), when the run that made them is gone. Phase one
makes pixel error, perceptual distance and Kullback-Leibler divergence small together; the divergence is warmed up and
has free bits (1312.6114, 1606.04934). Phase two, a share of the time at the end (--adversarial), fixes the encoder,
fits the prior of a vector (recipes/vae_prior.py), and adds discriminators that sharpen what the decoder makes of
posteriors and of the prior (VAE-GAN, 1512.09300).
"""

from __future__ import annotations

import argparse
import copy
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from deepart import hub
from deepart.device import autocast, pick_device
from deepart.latents import noise
from deepart.metrics import psnr
from deepart.models.generator import StyledConv
from deepart.models.spatial_vae import SpatialVAE
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from deepart.registry import load_features
from recipes import gan_split, run_log
from recipes.gan_discriminator import load_quarter
from recipes.gan_metrics import spread_out
from recipes.gan_start import START
from recipes.muon import Muon
from recipes.train_gan import sheet
from recipes.vae_adversary import Adversary
from recipes.vae_losses import divergence, free_bits, perceptual_distance
from recipes.vae_pictures import CropSampler, FileSampler, find_sources
from recipes.vae_prior import fit, posteriors
from recipes.vae_start import start_spatial, start_vector

VAE = SpatialVAE | VectorVAE
FLOOR = 0.02  # of the learning rate, at the end
# Of the learning rate: kernels of unit deviation need larger steps than others; the linear parts begin near their best.
PACES = {"styled": 5.0, "matrices": 1.0, "linear": 0.05, "others": 0.5}
STARTED = 6000  # pictures that the linear parts are set from
SEEN = 64  # pixels; side of the parts that the perceptual distance looks at: a quarter of the time
COUNTERS = ("step", "shown", "seconds", "turned")
JUDGED = 64  # held-out pictures that a look measures


@dataclass(frozen=True)
class Kind:
    """What differs between the models.

    batch: pictures in a step. rate: learning rate. perceptual: weight beside an absolute pixel error of weight 1.
    beta: weight of a nat of divergence beside the mean pixel error. free: nats that a channel may cost for nothing.
    noise: deviation of the error per pixel that the posterior makes at the start. adversarial: share of the time of
    phase two, and push, what the discriminators count in it.
    """

    make: Callable[[], VAE]
    batch: int
    rate: float
    perceptual: float
    beta: float
    free: float
    noise: float
    adversarial: float
    push: float


KINDS = {
    "pictures": Kind(SpatialVAE, 8, 2e-3, 0.02, 1.2e-4, 0.05, 3.6 / 255, 0.0, 0.0),
    "start": Kind(lambda: VectorVAE(START), 16, 2e-3, 0.05, 6e-4, 0.05, 0.3, 0.25, 0.0),
    "portraits": Kind(lambda: VectorVAE(VectorVAEConfig(prior=256)), 16, 2e-3, 0.05, 3e-4, 0.05, 0.3, 0.55, 0.02),
}


class Trainer:
    """The state of a training run: network, its average, optimizers, and how long it has been at it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.kind = KINDS[options.model]
        self.device = pick_device(options.device)
        self.run: Path = options.run
        self.run.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(options.seed)
        slim = options.features
        features = load_quarter(slim, self.device) if slim else load_features(device=self.device)
        self.features = features.to(memory_format=torch.channels_last)
        self.sampler, held_out = self.gather()
        self.network = self.kind.make().to(self.device, memory_format=torch.channels_last)
        known = (self.run / "checkpoint.pt").exists()
        if not known:
            self.begin()
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.adversary = Adversary(self.features).to(self.device)
        self.optimizers = make_optimizers(self.network)
        self.step, self.shown, self.seconds, self.turned = 0, 0, 0.0, False
        self.held_out = held_out.batch(JUDGED).to(self.device)
        if known:
            self.resume()

    def gather(self) -> tuple[CropSampler | FileSampler, CropSampler | FileSampler]:
        """Return what draws training pictures, and what draws held-out ones."""
        options, seed = self.options, self.options.seed
        if options.model != "pictures":
            training, held_out = gan_split.split(options.portraits)
            return FileSampler(training[: options.limit], seed), FileSampler(spread_out(held_out, 4 * JUDGED), 1)
        sources = find_sources(options.pictures, options.portraits)
        samplers = [
            CropSampler({name: paths[: options.limit] for name, paths in part.items()}, options.side, start)
            for part, start in ((sources.training, seed), (sources.held_out, 1))
        ]
        return samplers[0], samplers[1]

    def begin(self) -> None:
        """Take stored weights, or set the linear parts from training pictures."""
        if self.options.weights:
            path = self.options.weights / hub.TENSORS
            hub.load_strict(self.network, hub.read_tensors(path), path)
            return
        x = torch.cat([self.sampler.batch(100) for _ in range(max(1, self.options.started // 100))]).to(self.device)
        if isinstance(self.network, SpatialVAE):
            start_spatial(self.network, x, self.kind.noise)
        else:
            wanted, there = 2 * self.network.config.latent, len(self.sampler.pictures)
            if there < wanted:  # axes along which they do not differ would have no length
                raise SystemExit(f"A vector needs {wanted} training pictures to begin with, and there are {there}.")
            start_vector(self.network, x, self.kind.noise)

    def state(self) -> dict[str, Any]:
        parts = {"network": self.network, "average": self.average, "adversary": self.adversary}
        return parts | self.optimizers | self.adversary.optimizers

    def resume(self) -> None:
        found: dict[str, Any] = torch.load(self.run / "checkpoint.pt", map_location=self.device, weights_only=True)
        for name, part in self.state().items():
            part.load_state_dict(found[name])
        self.step, self.shown, self.seconds, self.turned = (found[key] for key in COUNTERS)
        if self.turned:
            self.freeze()
        torch.manual_seed(self.options.seed + self.step)
        self.sampler.reseed(self.options.seed, self.step)

    def save(self) -> None:
        found: dict[str, Any] = {name: part.state_dict() for name, part in self.state().items()}
        found |= {key: getattr(self, key) for key in COUNTERS}
        torch.save(found, self.run / "checkpoint.tmp")
        (self.run / "checkpoint.tmp").replace(self.run / "checkpoint.pt")

    @property
    def left(self) -> float:
        """The share of the time that is left."""
        return max(0.0, 1 - self.seconds / (60 * self.options.minutes))

    @property
    def sharpening(self) -> bool:
        """Whether this is phase two."""
        return self.left < self.options.adversarial

    def pace(self) -> float:
        """Return the learning rate: warmed up, then even, then falling to the end in a straight line."""
        fall = min(1.0, self.left / self.options.cool)
        return float(self.options.rate * min(1, (self.step + 1) / 100) * (FLOOR + (1 - FLOOR) * fall))

    def advance(self) -> dict[str, float]:
        """Make one step and return the parts of the loss."""
        if self.sharpening and not self.turned:
            self.turn()
        start = time.perf_counter()
        for name, optimizer in self.optimizers.items():
            optimizer.param_groups[0]["lr"] = self.pace() * PACES[name]
        x = self.sampler.batch(self.options.batch).to(self.device)
        with autocast(self.device):
            mean, std = self.network.encode(x)
            result = self.network.decode(mean + std * torch.randn_like(std))
        cost = divergence(mean, std)
        warm = min(1.0, (self.step + 1) / self.options.warm)
        parts = {
            "pixels": (result - x).abs().mean(),
            "perceptual": self.options.perceptual * self.perceive(result, x),
            "divergence": warm * self.options.beta * free_bits(cost, self.options.free) / self.places(std),
        }
        if self.sharpening:
            parts |= self.adversary.advance(x, self.all_made(result), self.options.push, self.pace())
        for optimizer in self.optimizers.values():
            optimizer.zero_grad(set_to_none=True)
        torch.stack([part for name, part in parts.items() if not name.startswith("d_")]).sum().backward()
        with autocast(self.device):  # orthogonal steps need no more precision than that
            for optimizer in self.optimizers.values():
                optimizer.step()
        self.step += 1
        self.shown += len(x)
        self.blend()
        self.seconds += time.perf_counter() - start
        return {name: float(part.detach()) for name, part in parts.items()} | {
            "bits": float(cost.detach().flatten(1).sum(1).mean() / 0.6931)
        }

    def all_made(self, result: Tensor) -> Tensor:
        """Return the reconstructions, and as many samples where the model has a prior."""
        if not isinstance(self.network, VectorVAE):
            return result
        latents = self.adversary.imagine(self.network, len(result))
        with autocast(self.device):
            return torch.cat([result, self.network.decode(latents)])

    def turn(self) -> None:
        """Begin phase two: from the averaged weights, with a fixed encoder and a prior fitted to what it finds."""
        self.network.load_state_dict(self.average.state_dict())
        self.freeze()
        if isinstance(self.network, VectorVAE) and self.network.flow and isinstance(self.sampler, FileSampler):
            start = time.perf_counter()
            mean, std = posteriors(self.network, self.sampler.pictures)
            self.network.flow = fit(self.network.flow, mean, std, self.options.prior).requires_grad_(False)
            self.average.load_state_dict(self.network.state_dict())
            self.seconds += time.perf_counter() - start
        self.turned = True  # not before: a run that is stopped while the prior is fitted has to fit it later
        self.save()

    def freeze(self) -> None:
        """Train the decoder alone from here on: were the latents to move, they would leave the prior behind."""
        for name, parameter in self.network.named_parameters():
            if name.startswith(("analysis", "log_variance", "encoder", "flow")):
                parameter.requires_grad_(False)

    def places(self, std: Tensor) -> int:
        """Return how many places a latent has; the divergence counts per place, so that size does not matter."""
        return int(std[0, 0].numel())

    def perceive(self, result: Tensor, target: Tensor) -> Tensor:
        """Return the perceptual distance of one part of the pictures, another one each time."""
        room = target.shape[2] - SEEN
        top, left = (8 * int(torch.randint(room // 8 + 1, ())) if room > 0 else 0 for _ in range(2))
        area = (..., slice(top, top + SEEN), slice(left, left + SEEN))
        return perceptual_distance(self.features, result[area], target[area])

    @torch.no_grad()
    def blend(self) -> None:
        """Bring the averaged network a little nearer; its memory is a share of what has been shown."""
        memory = min(self.options.memory, 0.1 * self.shown)
        share = 1 - 0.5 ** (self.options.batch / memory)
        for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(value, share)

    def train(self) -> None:
        """Train until the time is up, looking at what is made on the way."""
        looked, recent = self.seconds, []
        while self.left > 0 and self.step < self.options.steps:
            recent.append(self.advance())
            if self.step % 100 == 0 or self.step < 4:
                told = " ".join(f"{name} {value:.4f}" for name, value in average_of(recent[-100:]).items())
                print(f"{self.step} {self.shown} pictures {self.seconds / 60:.1f} min {told}", flush=True)
            if self.seconds - looked > 60 * self.options.every:
                looked = self.seconds
                self.look(recent)
                recent = []
        if recent:
            self.look(recent)

    @torch.no_grad()
    def look(self, recent: list[dict[str, float]]) -> None:
        """Draw, measure and save. recent: parts of the loss since the last look."""
        x = self.held_out
        with autocast(self.device):
            mean, std = self.average.encode(x)
            result = self.average.decode(mean).clamp(0, 1)
            drawn = self.average.decode(mean + std * torch.randn_like(std)).clamp(0, 1)
        row: dict[str, Any] = {"step": self.step, "pictures": self.shown, "minutes": round(self.seconds / 60, 1)}
        row |= {
            "psnr": round(sum(psnr(a[None], b[None]) for a, b in zip(result, x, strict=True)) / len(x), 3),
            "psnr_sample": round(sum(psnr(a[None], b[None]) for a, b in zip(drawn, x, strict=True)) / len(x), 3),
            "perceived": round(float(perceptual_distance(self.features, result, x)), 4),
            "levels": round(float((drawn - result).abs().mean() * 255), 3),
        }
        row |= {name: round(value, 5) for name, value in average_of(recent).items()}
        path = self.run / ("log-adversarial.csv" if self.sharpening else "log.csv")
        run_log.append(path, row)
        pairs = torch.stack([x[:32], result[:32]], 1).flatten(0, 1)
        made = [pairs]
        if self.turned and isinstance(self.average, VectorVAE):
            made.append(self.dream())
        pixels = (torch.cat(made).clamp(0, 1) * 255).round().to(torch.uint8).cpu()
        sheet(pixels).save(self.run / f"grid-{self.step:06d}.jpg", quality=92)
        self.save()

    @torch.no_grad()
    def dream(self) -> Tensor:
        """Return 64 samples, always of the same seeds."""
        assert isinstance(self.average, VectorVAE)
        z = torch.cat([noise(seed, (1, self.average.config.latent)) for seed in range(64)]).to(self.device)
        with autocast(self.device):
            return self.average.decode(self.average.prior(z))


def average_of(parts: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each part that the last of the steps had."""
    return {name: sum(part.get(name, 0.0) for part in parts) / len(parts) for name in parts[-1]}


def make_optimizers(network: VAE) -> dict[str, torch.optim.Optimizer]:
    """Return the optimizers of a network: Muon for kernels inside it, Adam for the rest."""
    groups: dict[str, list[Tensor]] = {name: [] for name in PACES}
    kernels: dict[int, str] = {}
    for layer in network.modules():
        if isinstance(layer, StyledConv):
            kernels[id(layer.weight)] = "styled"
        elif isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3) and layer.out_channels > 48:
            kernels[id(layer.weight)] = "matrices"
    for name, parameter in network.named_parameters():
        if name.startswith("flow"):
            continue
        linear = name.startswith(("analysis", "synthesis", "log_variance"))
        groups[kernels.get(id(parameter), "linear" if linear else "others")].append(parameter)
    made: dict[str, torch.optim.Optimizer] = {}
    for name, parameters in groups.items():
        if parameters and name in ("styled", "matrices"):
            made[name] = Muon(parameters, momentum=0.9)
        elif parameters:
            made[name] = torch.optim.Adam(parameters, betas=(0.9, 0.99))
    return made


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=list(KINDS))
    parser.add_argument("--pictures", type=Path, default=Path("data/style"), help="made by recipes.style_data")
    parser.add_argument("--portraits", type=Path, default=Path("data/vae/portraits"), help="made by recipes.gan_data")
    parser.add_argument("--minutes", type=float, default=110, help="length of the training (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many steps")
    parser.add_argument("--every", type=float, default=8, help="minutes between looks (default: %(default)s)")
    parser.add_argument("--side", type=int, default=128, help="pixels; side of a crop (default: %(default)s)")
    parser.add_argument("--cool", type=float, default=0.5, help="share of the time in which the learning rate falls")
    parser.add_argument("--warm", type=int, default=1000, help="steps in which the divergence gets its weight")
    parser.add_argument("--memory", type=float, default=4000, help="half-life of the average, in pictures")
    parser.add_argument("--started", type=int, default=STARTED, help="pictures that the linear parts are set from")
    for name in ("batch", "rate", "perceptual", "beta", "free", "adversarial", "push"):
        parser.add_argument(f"--{name}", type=int if name == "batch" else float, help="default: that of the model")
    parser.add_argument("--prior", type=float, default=10, help="minutes of them for the prior (default: %(default)s)")
    parser.add_argument("--features", type=Path, help="made by recipes.make_features_slim: perceive in these, sooner")
    parser.add_argument("--limit", type=int, help="take only so many training pictures of each source")
    parser.add_argument("--weights", type=Path, help="a model's folder: go on from its weights, in a new run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    parser.add_argument("--run", type=Path, help="folder for checkpoints and grids (default: runs/vae-<model>)")
    options = parser.parse_args(arguments)
    options.run = options.run or Path("runs") / f"vae-{options.model}"
    for name in ("batch", "rate", "perceptual", "beta", "free", "adversarial", "push"):
        if getattr(options, name) is None:
            setattr(options, name, getattr(KINDS[options.model], name))
    return options


def main(arguments: list[str] | None = None) -> None:
    trainer = Trainer(parse(arguments))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        trainer.train()
    except KeyboardInterrupt:
        trainer.save()


if __name__ == "__main__":
    main()

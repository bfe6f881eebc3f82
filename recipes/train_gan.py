"""Train a generator (deepart/models/generator.py) and its discriminators against each other, on a folder of pictures.

    python -m recipes.gan_data SOURCES data/gan --set landscapes          # gathers and paints the pictures
    python -m recipes.train_gan data/gan/landscapes --minutes 90          # trains; stop and start it again as you like
    python -m recipes.export_gan runs/gan-landscapes weights/gan-landscapes

One command on a GPU or a CPU, in bfloat16 where the hardware multiplies it. It resumes from RUN/checkpoint.pt; every
few minutes, and when it is asked to stop, it saves; every few minutes it draws a grid, adds a line to log.csv and keeps
the averaged weights that are nearest to the training pictures. --minutes is the length of the whole training, over all
its parts.

Phase one trains both against each other: a relativistic loss (each real picture against a made one; 1807.00734,
2501.05441), a gradient penalty on real pictures now and then (R1, 1801.04406), differentiable augmentation, an
exponential moving average of the generator. Phase two, the last REFINE of the time, refines: learning rates fall to a
twentieth and the average reaches further back. The network has no batch norm whose statistics would need to be taken
anew.
"""

from __future__ import annotations

import argparse
import copy
import math
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from deepart.device import autocast, pick_device
from deepart.latents import noise
from deepart.models.generator import Generator, GeneratorConfig, Linear, StyledConv
from deepart.pipelines.features import load_features
from recipes import run_log
from recipes.gan_augment import augment
from recipes.gan_discriminator import FeatureDiscriminator, PixelDiscriminator, see
from recipes.gan_metrics import PictureFeatures, frechet, load_pictures, spread_out
from recipes.gan_split import split
from recipes.muon import Muon

REFINE = 0.25  # share of the time
FLOOR = 0.05  # of the learning rate, at the end
BETAS = (0.0, 0.99)
MOMENTUM = 0.6
# Of the learning rate: Muon's steps are smaller than Adam's by five; discriminators that learn faster than this know
# everything before the generator has learned anything.
PACES = {"matrices": 5.0, "generator": 1.0, "pixel": 0.7, "feature": 0.15}
PENALTY_EVERY = 16  # steps
JUDGED = 1000  # pictures that a look compares


class Trainer:
    """The state of a training run: networks, averaged generator, optimizers, and how long it has been at it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = pick_device(options.device)
        self.run: Path = options.run
        self.run.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(options.seed)
        self.features = load_features(device=self.device).to(memory_format=torch.channels_last)
        train, _ = split(options.data)
        self.pictures = load_pictures(train[: options.limit]).to(self.device)
        self.config = config = GeneratorConfig()
        self.generator = Generator(config).to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.pixel = PixelDiscriminator().to(self.device, memory_format=torch.channels_last)
        self.feature = FeatureDiscriminator().to(self.device, memory_format=torch.channels_last)
        self.optimizers = {
            "matrices": Muon(matrices(self.generator), momentum=MOMENTUM),
            "generator": torch.optim.Adam(others(self.generator), betas=BETAS),
            "pixel": torch.optim.Adam(self.pixel.parameters(), betas=BETAS),
            "feature": torch.optim.Adam(self.feature.parameters(), betas=BETAS),
        }
        self.scales = self.feature_scales()
        self.step, self.shown, self.seconds, self.best = 0, 0, 0.0, math.inf
        self.measure = PictureFeatures(network=self.features)
        # Training pictures: the held-out landscapes are of few photographs, and a distance to them says mostly which.
        # What is learned by heart shows elsewhere, in recipes.evaluate_gan.
        self.real = self.measure(load_pictures(spread_out(train, JUDGED)))
        if (self.run / "checkpoint.pt").exists():
            self.resume()

    @property
    def modules(self) -> dict[str, torch.nn.Module]:
        return {
            "generator": self.generator, "average": self.average, "pixel": self.pixel, "feature": self.feature
        }  # fmt: skip

    def resume(self) -> None:
        state: dict[str, Any] = torch.load(self.run / "checkpoint.pt", map_location=self.device, weights_only=True)
        for name, module in self.modules.items():
            module.load_state_dict(state[name])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.step, self.shown, self.seconds, self.best = (state[k] for k in ("step", "shown", "seconds", "best"))
        torch.manual_seed(self.options.seed + self.step)

    def save(self) -> None:
        state: dict[str, Any] = {name: module.state_dict() for name, module in self.modules.items()}
        state["optimizers"] = {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()}
        state |= {"step": self.step, "shown": self.shown, "seconds": self.seconds, "best": self.best}
        torch.save(state, self.run / "checkpoint.tmp")
        (self.run / "checkpoint.tmp").replace(self.run / "checkpoint.pt")

    def feature_scales(self) -> dict[str, float]:
        """Return the root mean square of each feature map over some real pictures."""
        with torch.no_grad(), autocast(self.device):
            maps = see(self.features, to_signed(self.pictures[:64]))
        return {name: float(value.float().square().mean().sqrt()) for name, value in maps.items()}

    @property
    def left(self) -> float:
        """The share of the time that is left."""
        return max(0.0, 1 - self.seconds / (60 * self.options.minutes))

    def reals(self) -> Tensor:
        """Return a batch of training pictures, half of them mirrored unless that is switched off."""
        picked = torch.randint(len(self.pictures), (self.options.batch,))
        x = to_signed(self.pictures[picked.to(self.device)])
        if not self.options.mirror:
            return x
        return torch.where(torch.rand(len(x), 1, 1, 1, device=self.device) < 0.5, x.flip(3), x)

    def look_at(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return what the discriminators see of pictures: augmented pixels, and feature maps."""
        changed = augment(x, self.options.augment, self.options.colour)
        return changed, see(self.features, changed, self.scales)

    def judge(self, seen: tuple[Tensor, Mapping[str, Tensor]]) -> tuple[Tensor, Tensor]:
        return self.pixel(seen[0]), self.feature(seen[1])

    def advance(self) -> dict[str, float]:
        """Make one step of both sides and return the parts of the losses."""
        start = time.perf_counter()
        rate = self.options.rate * (FLOOR + (1 - FLOOR) * min(1, self.left / REFINE)) * min(1, (self.step + 1) / 100)
        for name, optimizer in self.optimizers.items():
            optimizer.param_groups[0]["lr"] = rate * PACES[name]
        with autocast(self.device):
            made = self.generator(
                self.generator.map(torch.randn(self.options.batch, self.config.latent).to(self.device))
            )
            fake = self.look_at(made)
            with torch.no_grad():
                real = self.look_at(self.reals())
        told, against = self.teach(real, (fake[0].detach(), {name: value.detach() for name, value in fake[1].items()}))
        for discriminator in (self.pixel, self.feature):
            discriminator.requires_grad_(False)
        with autocast(self.device):
            logits = self.judge(fake)
        losses = [F.softplus(b - a).mean() for a, b in zip(logits, against, strict=True)]
        self.generator.zero_grad(set_to_none=True)
        (self.options.pixel_weight * losses[0] + losses[1]).backward()
        for name in ("generator", "matrices"):
            self.optimizers[name].step()
        for discriminator in (self.pixel, self.feature):
            discriminator.requires_grad_(True)
        self.step += 1
        self.shown += self.options.batch
        self.blend()
        self.seconds += time.perf_counter() - start
        return told | {"g_pixel": float(losses[0].detach()), "g_feature": float(losses[1].detach())}

    def teach(self, real: tuple[Tensor, dict[str, Tensor]], fake: tuple[Tensor, dict[str, Tensor]]) -> dict[str, float]:
        """Make one step of the discriminators."""
        penalised = self.step % PENALTY_EVERY == 0
        if penalised:
            real = (real[0].detach().requires_grad_(), {k: v.float().requires_grad_() for k, v in real[1].items()})
        with autocast(self.device):
            on_real, on_fake = self.judge(real), self.judge(fake)
        losses = [F.softplus(b - a).mean() for a, b in zip(on_real, on_fake, strict=True)]
        total = losses[0] + losses[1]
        if penalised:
            inputs = [real[0], *real[1].values()]
            logits = on_real[0].sum() + on_real[1].mean(1).sum()
            slopes = torch.autograd.grad(logits, inputs, create_graph=True)
            penalty = sum(slope.float().square().flatten(1).sum(1).mean() for slope in slopes)
            total = total + self.options.penalty / 2 * PENALTY_EVERY * penalty
        for name in ("pixel", "feature"):
            self.optimizers[name].zero_grad(set_to_none=True)
        total.backward()
        for name in ("pixel", "feature"):
            self.optimizers[name].step()
        right = [float((a > b).float().mean()) for a, b in zip(on_real, on_fake, strict=True)]
        told = {
            "d_pixel": float(losses[0].detach()), "d_feature": float(losses[1].detach()), "right_pixel": right[0],
            "right_feature": right[1],
        }  # fmt: skip
        return told, [part.detach() for part in on_real]

    @torch.no_grad()
    def blend(self) -> None:
        """Bring the averaged generator a little nearer; its memory is a share of what has been shown."""
        memory = min(self.options.memory * (1 if self.left > REFINE else 2), 0.1 * self.shown)
        share = 1 - 0.5 ** (self.options.batch / memory)
        for mean, value in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(value, share)

    def train(self) -> None:
        """Train until the time is up, looking at what is made on the way."""
        looked, recent = self.seconds, []
        while self.left > 0 and self.step < self.options.steps:
            recent.append(self.advance())
            if self.step % 50 == 0 or self.step < 4:
                mean = {name: sum(part[name] for part in recent[-50:]) / len(recent[-50:]) for name in recent[-1]}
                told = " ".join(f"{name} {value:.2f}" for name, value in mean.items())
                print(f"{self.step} {self.shown} pictures {self.seconds / 60:.1f} min {told}", flush=True)
            if self.seconds - looked > 60 * self.options.every:
                looked = self.seconds
                self.look(recent)
                recent = []
        if recent:
            self.look(recent)

    def look(self, recent: list[dict[str, float]]) -> None:
        """Draw and measure; keep the averaged weights where they are the best so far. recent: parts of the losses."""
        made = self.sample(JUDGED)
        sheet(made[:64]).save(self.run / f"grid-{self.step:06d}.jpg", quality=92)
        distance = frechet(self.real, self.measure(made))
        row = {"step": self.step, "pictures": self.shown, "minutes": round(self.seconds / 60, 1)}
        row |= {"frechet": round(distance, 2)}
        row |= {name: round(sum(part[name] for part in recent) / len(recent), 3) for name in recent[0]}
        run_log.append(self.run / "log.csv", row)
        if distance < self.best:
            self.best = distance
            torch.save(self.average.state_dict(), self.run / "best.tmp")
            (self.run / "best.tmp").replace(self.run / "best.pt")
        self.save()

    @torch.no_grad()
    def sample(self, count: int) -> Tensor:
        """Return pictures (N, 3, H, W), uint8, of the seeds 0 to count - 1 by the averaged generator."""
        made = []
        for start in range(0, count, 50):
            z = torch.cat([noise(seed, (1, self.config.latent)) for seed in range(start, min(start + 50, count))])
            with autocast(self.device):
                made.append(to_bytes(self.average(self.average.map(z.to(self.device)))).cpu())
        return torch.cat(made)


def matrices(network: Generator) -> list[Tensor]:
    """Return the weights that Muon moves: all but what stands at the ends, and vectors."""
    return [layer.weight for layer in network.modules() if isinstance(layer, StyledConv | Linear)]


def others(network: Generator) -> list[Tensor]:
    """Return the parameters that Adam moves."""
    taken = {id(weight) for weight in matrices(network)}
    return [parameter for parameter in network.parameters() if id(parameter) not in taken]


def to_signed(x: Tensor) -> Tensor:
    """Return uint8 pictures as float32 in [-1, 1]."""
    return x.float() / 127.5 - 1


def to_bytes(x: Tensor) -> Tensor:
    """Return pictures in [-1, 1] as uint8."""
    return ((x.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def sheet(pictures: Tensor, columns: int = 8) -> Image.Image:
    """Return uint8 pictures (N, 3, H, W) side by side."""
    rows = [torch.cat(list(row), 2) for row in pictures.split(columns) if len(row) == columns]
    return Image.fromarray(torch.cat(rows, 1).permute(1, 2, 0).numpy())


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="set made by recipes.gan_data or recipes.own_pictures")
    parser.add_argument("--minutes", type=float, default=90, help="length of the whole training (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many steps")
    parser.add_argument("--every", type=float, default=8, help="minutes between looks (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=8, help="pictures in a step (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate (default: %(default)s)")
    parser.add_argument("--penalty", type=float, default=2.0, help="weight of R1 (default: %(default)s)")
    parser.add_argument("--pixel-weight", type=float, default=1.0, help="of the pixel discriminator's word")
    parser.add_argument("--augment", type=float, default=0.7, help="0 to 1: shifts, squares (default: %(default)s)")
    parser.add_argument("--colour", type=float, default=0.0, help="0 to 1: changed colours (default: %(default)s)")
    parser.add_argument("--no-mirror", dest="mirror", action="store_false", help="pictures that have a left and right")
    parser.add_argument(
        "--memory", type=float, default=1000, help="half-life of the average, in pictures (default: %(default)s)"
    )
    parser.add_argument("--limit", type=int, help="take only so many training pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    parser.add_argument("--run", type=Path, help="folder for checkpoints and grids (default: runs/gan-<set>)")
    options = parser.parse_args(arguments)
    options.run = options.run or Path("runs") / f"gan-{options.data.name}"
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

"""Train a generator (deepart/models/generator.py) and a discriminator against each other, on a set of pictures.

    python -m recipes.art_pictures art data/gan --set landscapes
    python -m recipes.train_gan data/gan/landscapes --minutes 90          # trains; stop and start it again as you like
    python -m recipes.export_gan runs/gan-landscapes weights/gan-landscapes

One command on a GPU or a CPU, in bfloat16 where the hardware multiplies it. It resumes from RUN/checkpoint.pt; every
few minutes, and when it is asked to stop, it saves; now and then it draws a sheet, adds a line to log.csv and keeps
the averaged weights that are nearest to the held-out pictures: by the kernel distance in features that the
discriminator, which looks at pixels, does not see. --minutes is the length of the whole training, over all its parts.

What a composition is, is learned four times as quickly at half the size: for the first HALF of the time both networks
work there, then at the whole (progressive growing, 1710.10196, without its fading in, as what is new begins at
nothing). A relativistic loss (each real picture against a made one; 1807.00734) with gradient penalties on real and
made pictures (R1 and R2, as in R3GAN, 2501.05441), by the slope along a random direction, which needs no second
derivative (2501.08316); differentiable augmentation; an exponential moving average of the generator. In the last
REFINE of either part the learning rate falls.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from deepart import checkpoint
from deepart.device import autocast, pick_device
from deepart.latents import noise
from deepart.models.generator import Generator, GeneratorConfig
from deepart.pipelines.features import load_features
from recipes import run_log
from recipes.gan_augment import augment
from recipes.gan_discriminator import PixelDiscriminator
from recipes.gan_metrics import PictureFeatures, kernel, load_pictures, spread_out
from recipes.gan_split import split

CONFIG = GeneratorConfig(latent=64, mapping=128, channels=(192, 160, 96, 48), shuffles=2)
HALF = 0.4  # share of the time at half the size
REFINE = 0.3  # share of either part's time
FLOOR = 0.05  # of the learning rate, at the end
BETAS = (0.0, 0.99)
# Of the learning rate: the generator's weights are kept at unit deviation (see Linear), so its steps are larger.
PACES = {"generator": 8.0, "mapping": 0.8, "discriminator": 1.0}
PENALTY_EVERY = 4  # steps
LENGTH = 0.05  # deviation of the noise along which slopes are measured
SAVE_EVERY = 180  # seconds
JUDGED = 1000  # pictures that a look compares
LAYER = "relu4_2"  # in which they are compared


class Trainer:
    """The state of a training run: networks, averaged generator, optimizers, and how long it has been at it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = pick_device(options.device)
        self.run: Path = options.run
        self.run.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(options.seed)
        train, held_out = split(options.data)
        self.generator = Generator(CONFIG).to(self.device, memory_format=torch.channels_last)
        self.pictures = load_pictures(train[: options.limit], CONFIG.side).to(self.device)
        self.small = F.avg_pool2d(self.pictures.float(), 2).round().to(torch.uint8)
        with torch.no_grad():
            self.generator.head.weight.zero_()  # the detail of the whole size begins at nothing
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.discriminator = PixelDiscriminator().to(self.device, memory_format=torch.channels_last)
        mapping = list(self.generator.mapping.parameters())
        known = {id(parameter) for parameter in mapping}
        others = [parameter for parameter in self.generator.parameters() if id(parameter) not in known]
        self.optimizers = {
            "generator": torch.optim.Adam(others, betas=BETAS),
            "mapping": torch.optim.Adam(mapping, betas=BETAS),
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), betas=BETAS),
        }
        self.step, self.shown, self.seconds, self.best = 0, 0, 0.0, math.inf
        self.measure = PictureFeatures(network=load_features(device=self.device), layer=LAYER)
        compared = held_out if len(held_out) > 1 else train
        real = self.measure(load_pictures(spread_out(compared, 2 * JUDGED), CONFIG.side))
        self.unit = real.square().mean().sqrt()  # the kernel is no measure of how loud features are
        self.real = real / self.unit
        if (self.run / "checkpoint.pt").exists():
            self.resume()
        (self.run / checkpoint.CONFIG).write_text(json.dumps(asdict(CONFIG), indent=2) + "\n")

    @property
    def modules(self) -> dict[str, torch.nn.Module]:
        return {"generator": self.generator, "average": self.average, "discriminator": self.discriminator}

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

    @property
    def done(self) -> float:
        """The share of the time that is over."""
        return min(1.0, self.seconds / (60 * self.options.minutes))

    @property
    def whole(self) -> bool:
        """Whether both networks work at the whole size."""
        return self.done >= HALF

    @property
    def part(self) -> float:
        """The share of the present part's time that is over."""
        return (self.done - HALF) / (1 - HALF) if self.whole else self.done / HALF

    def penalty(self) -> float:
        """Return the weight of the gradient penalties: it falls, as in R3GAN, while the pictures get nearer.

        At the whole size it is four times as large, as the pixels are four times as many: with less the discriminator
        was soon right about nine pairs of ten.
        """
        first, last = self.options.penalty
        return float(first * (last / first) ** min(1, self.done / HALF)) * (4 if self.whole else 1)

    def reals(self) -> Tensor:
        """Return a batch of training pictures in [-1, 1], half of them mirrored unless that is switched off."""
        pictures = self.pictures if self.whole else self.small
        x = to_signed(pictures[torch.randint(len(pictures), (self.options.batch,), device=self.device)])
        if not self.options.mirror:
            return x
        return torch.where(torch.rand(len(x), 1, 1, 1, device=self.device) < 0.5, x.flip(3), x)

    def make(self, network: Generator, z: Tensor) -> Tensor:
        """Return pictures of noise z (N, latent), of the size at which both networks work."""
        latents = network.map(z)
        return network(latents) if self.whole else network.at_half_size(latents)

    def judge(self, x: Tensor) -> Tensor:
        with autocast(self.device):
            logits: Tensor = self.discriminator(x)
        return logits

    def advance(self) -> dict[str, float]:
        """Make one step of both sides and return the parts of the losses."""
        start = time.perf_counter()
        fade = FLOOR + (1 - FLOOR) * min(1, (1 - self.part) / REFINE)
        for name, optimizer in self.optimizers.items():
            optimizer.param_groups[0]["lr"] = self.options.rate * PACES[name] * fade * min(1, (self.step + 1) / 100)
        with autocast(self.device):
            made = self.make(self.generator, torch.randn(self.options.batch, CONFIG.latent).to(self.device))
        real, fake = (augment(x, self.options.augment, self.options.colour) for x in (self.reals(), made))
        told, against = self.teach(real, fake.detach())
        self.discriminator.requires_grad_(False)
        loss = F.softplus(against - self.judge(fake)).mean()
        self.generator.zero_grad(set_to_none=True)
        loss.backward()
        for name in ("generator", "mapping"):
            self.optimizers[name].step()
        self.discriminator.requires_grad_(True)
        self.step += 1
        self.shown += self.options.batch
        self.blend()
        self.seconds += time.perf_counter() - start
        return told | {"g": float(loss.detach())}

    def teach(self, real: Tensor, fake: Tensor) -> tuple[dict[str, float], Tensor]:
        """Make one step of the discriminator; return the parts of the loss, and what it says of real pictures."""
        on_real, on_fake = self.judge(real), self.judge(fake)
        loss = F.softplus(on_fake - on_real).mean()
        total = loss
        if self.step % PENALTY_EVERY == 0:
            slopes = [
                (self.judge(x + LENGTH * torch.randn_like(x)) - logits) / LENGTH
                for x, logits in ((real, on_real), (fake, on_fake))
            ]
            penalty = torch.stack([slope.square().mean() for slope in slopes]).sum()
            total = loss + self.penalty() / 2 * PENALTY_EVERY * penalty
        self.discriminator.zero_grad(set_to_none=True)
        total.backward()
        self.optimizers["discriminator"].step()
        right = float((on_real > on_fake).float().mean())
        return {"d": float(loss.detach()), "right": right}, on_real.detach()

    @torch.no_grad()
    def blend(self) -> None:
        """Bring the averaged generator a little nearer; its memory is a share of what has been shown."""
        share = 1 - 0.5 ** (self.options.batch / min(self.options.memory, 0.1 * self.shown))
        for mean, value in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(value, share)

    def train(self) -> None:
        """Train until the time is up, looking at what is made on the way."""
        looked, saved, recent = self.seconds, self.seconds, list[dict[str, float]]()
        while self.done < 1 and self.step < self.options.steps:
            recent.append(self.advance())
            if self.step % 200 == 0:
                mean = {name: sum(part[name] for part in recent[-200:]) / len(recent[-200:]) for name in recent[-1]}
                told = " ".join(f"{name} {value:.2f}" for name, value in mean.items())
                print(f"{self.step} {self.shown} pictures {self.seconds / 60:.1f} min {told}", flush=True)
            if self.seconds - looked > 60 * self.options.every:
                looked = saved = self.seconds
                self.look(recent)
                recent = []
            elif self.seconds - saved > SAVE_EVERY:
                saved = self.seconds
                self.save()
        if recent:
            self.look(recent)

    def look(self, recent: list[dict[str, float]]) -> None:
        """Draw and measure; keep the averaged weights where they are the best so far. recent: parts of the losses."""
        made = self.sample(JUDGED)
        sheet(made[:64]).save(self.run / f"grid-{self.shown:07d}.jpg", quality=92)
        distance, error = kernel(self.real, self.measure(made) / self.unit)
        row = {"step": self.step, "pictures": self.shown, "minutes": round(self.seconds / 60, 1)}
        row |= {"side": made.shape[3], "kernel": round(distance, 3), "error": round(error, 3)}
        row |= {name: round(sum(part[name] for part in recent) / len(recent), 3) for name in recent[0]}
        run_log.append(self.run / "log.csv", row)
        if not self.whole or distance < self.best:  # at half the size all pictures are less sharp than real ones
            self.best = distance if self.whole else math.inf
            torch.save(self.average.state_dict(), self.run / "best.tmp")
            (self.run / "best.tmp").replace(self.run / "best.pt")
        self.save()

    @torch.no_grad()
    def sample(self, count: int) -> Tensor:
        """Return pictures (N, 3, side, side), uint8, of the seeds 0 to count - 1 by the averaged generator."""
        made = []
        for start in range(0, count, 50):
            z = torch.cat([noise(seed, (1, CONFIG.latent)) for seed in range(start, min(start + 50, count))])
            with autocast(self.device):
                pictures = self.make(self.average, z.to(self.device))
            size = (CONFIG.side, CONFIG.side)
            made.append(to_bytes(F.interpolate(pictures, size=size, mode="bicubic", antialias=True)).cpu())
        return torch.cat(made)


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
    parser.add_argument("data", type=Path, help="set made by recipes.art_pictures, gan_data or own_pictures")
    parser.add_argument("--minutes", type=float, default=90, help="length of the whole training (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many steps")
    parser.add_argument("--every", type=float, default=5, help="minutes between looks (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=32, help="pictures in a step (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=2.5e-4, help="learning rate (default: %(default)s)")
    parser.add_argument(
        "--penalty",
        type=float,
        nargs=2,
        default=(1.0, 0.2),
        help="of R1 and R2, at first and at last",
    )
    parser.add_argument("--augment", type=float, default=0.6, help="0 to 1: shifts and squares (default: %(default)s)")
    parser.add_argument("--colour", type=float, default=0.3, help="0 to 1: changed colours (default: %(default)s)")
    parser.add_argument("--no-mirror", dest="mirror", action="store_false", help="pictures that have a left and right")
    parser.add_argument(
        "--memory", type=float, default=10_000, help="half-life of the average, in pictures (default: %(default)s)"
    )
    parser.add_argument("--limit", type=int, help="take only so many training pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    parser.add_argument("--run", type=Path, help="folder for checkpoints and sheets (default: runs/gan-<set>)")
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

"""Train a generator (deepart/models/generator.py) and its discriminators against each other, on a set of pictures.

    python -m recipes.art_pictures art data/gan --set landscapes
    python -m recipes.train_vae start --portraits data/gan/landscapes --run runs/start-landscapes --minutes 16
    python -m recipes.train_gan data/gan/landscapes --start runs/start-landscapes     # stop and start it as you like
    python -m recipes.export_gan runs/gan-landscapes weights/gan-landscapes

One command on a GPU or a CPU, in bfloat16 where the hardware multiplies it. It resumes from RUN/checkpoint.pt; every
few minutes, and when it is asked to stop, it saves. Every --every pictures it draws a sheet, adds a line to log.csv and
keeps the averaged weights that are nearest to the held-out pictures: by the kernel distance in a layer of the whole
VGG16 that no discriminator sees. It ends after --pictures, or when that distance has not fallen for --patience.

The generator begins from a VAE of the same pictures (recipes/gan_start.py). Then both sides train: a relativistic loss
(each real picture against a made one; 1807.00734), gradient penalties on real and made pictures now and then (R1 and
R2; 1801.04406, 2501.05441), differentiable augmentation, an exponential moving average of the generator. A
discriminator that is right too often waits for the generator. In the last REFINE of the pictures learning rates fall
to a twentieth and the average reaches further back.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from deepart import hub
from deepart.device import autocast, pick_device
from deepart.latents import noise
from deepart.models.generator import BASE, Generator, GeneratorConfig, Linear, StyledConv
from recipes import run_log
from recipes.gan_augment import augment
from recipes.gan_discriminator import FeatureDiscriminator, PixelDiscriminator, load_quarter, see
from recipes.gan_metrics import PictureFeatures, kernel, load_pictures
from recipes.gan_split import split
from recipes.gan_start import Anchor, load_vae, shrink
from recipes.muon import Muon

REFINE = 0.25  # share of the pictures
FLOOR = 0.05  # of the learning rate, at the end
BETAS = (0.0, 0.99)
MOMENTUM = 0.6
# Of the learning rate: Muon's steps are smaller than Adam's by five; features learn sooner than pixels. A generator
# that has compositions goes slowly: at five times this pace 200 steps left one pattern in all pictures.
PACES = {"matrices": 1.0, "generator": 0.2, "pixel": 0.7, "feature": 0.1}
BEGUN = {"matrices": 5.0, "generator": 1.0}  # the paces while it learns what the VAE makes
RIGHT = 0.8  # a discriminator that is right more often than this knows too much to teach, and waits
PENALTY_EVERY = 16  # steps
SAVE_EVERY = 180  # seconds
JUDGED = 1000  # made pictures that a look compares
CHANNELS = (256, 192, 128, 64, 32)  # of the generator; as many as the side of the pictures wants
SEEN = (64, 128, 192, 256)  # channels of the pixel discriminator, one fewer
COUNTERS = ("step", "shown", "seconds", "best", "best_at")


class Trainer:
    """The state of a training run: networks, averaged generator, optimizers, and how long it has been at it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = pick_device(options.device)
        self.run: Path = options.run
        self.run.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(options.seed)
        train, held_out = split(options.data)
        self.pictures = load_pictures(train[: options.limit]).to(self.device)
        self.features = load_quarter(options.features, self.device)
        self.config = config = configure(self.pictures.shape[3])
        self.generator = Generator(config).to(self.device, memory_format=torch.channels_last)
        self.pixel = PixelDiscriminator(SEEN[: len(config.channels) - 1]).to(self.device)
        self.feature = FeatureDiscriminator(self.features, width=32).to(self.device)
        self.optimizers = {
            "matrices": Muon(matrices(self.generator), momentum=MOMENTUM),
            "generator": torch.optim.Adam(others(self.generator), betas=BETAS),
            "pixel": torch.optim.Adam(self.pixel.parameters(), betas=BETAS),
            "feature": torch.optim.Adam(self.feature.parameters(), betas=BETAS),
        }
        self.scales = self.feature_scales()
        self.step, self.shown, self.seconds, self.best, self.best_at = 0, 0, 0.0, math.inf, 0
        self.right = {"pixel": 0.5, "feature": 0.5}
        self.measure = PictureFeatures(self.device)
        self.real = self.measure(load_pictures(held_out if len(held_out) > 1 else train))
        self.anchor = Anchor(load_vae(options.start, self.device)) if options.start else None
        known = (self.run / "checkpoint.pt").exists()
        if self.anchor and not known:
            self.begin(self.anchor)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        if known:
            self.resume()
        (self.run / hub.CONFIG).write_text(json.dumps(asdict(config), indent=2) + "\n")

    @property
    def modules(self) -> dict[str, torch.nn.Module]:
        return {
            "generator": self.generator, "average": self.average, "pixel": self.pixel, "feature": self.feature
        }  # fmt: skip

    def begin(self, anchor: Anchor) -> None:
        """Have the generator learn what the VAE makes, or take it from start.pt where an earlier run did."""
        path = self.run / "start.pt"
        if not path.exists():
            for name, pace in BEGUN.items():
                self.optimizers[name].param_groups[0]["lr"] = self.options.rate * pace
            mine = {name: self.optimizers[name] for name in BEGUN}
            anchor.teach(self.generator, mine, self.features, self.options.start_steps, self.options.batch)
            torch.save(self.generator.state_dict(), path)
            for optimizer in mine.values():
                optimizer.state.clear()
        self.generator.load_state_dict(torch.load(path, map_location=self.device, weights_only=True))

    def resume(self) -> None:
        state: dict[str, Any] = torch.load(self.run / "checkpoint.pt", map_location=self.device, weights_only=True)
        for name, module in self.modules.items():
            module.load_state_dict(state[name])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        for name in COUNTERS:
            setattr(self, name, state[name])
        torch.manual_seed(self.options.seed + self.step)

    def save(self) -> None:
        state: dict[str, Any] = {name: module.state_dict() for name, module in self.modules.items()}
        state["optimizers"] = {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()}
        state |= {name: getattr(self, name) for name in COUNTERS}
        torch.save(state, self.run / "checkpoint.tmp")
        (self.run / "checkpoint.tmp").replace(self.run / "checkpoint.pt")

    def feature_scales(self) -> dict[str, float]:
        """Return the root mean square of each feature map over some real pictures."""
        with torch.no_grad(), autocast(self.device):
            maps = see(self.features, to_signed(self.pictures[:64]))
        return {name: float(value.float().square().mean().sqrt()) for name, value in maps.items()}

    @property
    def left(self) -> float:
        """The share of the training that is left."""
        return max(0.0, 1 - self.shown / self.options.pictures)

    def reals(self) -> Tensor:
        """Return a batch of training pictures, half of them mirrored unless that is switched off."""
        picked = torch.randint(len(self.pictures), (self.options.batch,), device=self.device)
        x = to_signed(self.pictures[picked])
        if not self.options.mirror:
            return x
        return torch.where(torch.rand(len(x), 1, 1, 1, device=self.device) < 0.5, x.flip(3), x)

    def look_at(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return what the discriminators see of pictures: augmented pixels, and feature maps."""
        changed = augment(x, self.options.augment, self.options.colour)
        return changed, see(self.features, changed, self.scales)

    def judge(self, seen: tuple[Tensor, Mapping[str, Tensor]]) -> tuple[Tensor, Tensor]:
        return self.pixel(seen[0]), self.feature(seen[1])

    def make(self) -> tuple[Tensor, Tensor]:
        """Return a batch of made pictures, and how far the first half of them is from the VAE's samples; a scalar."""
        z = torch.randn(self.options.batch, self.config.latent, device=self.device)
        held = self.options.batch // 2 if self.anchor and self.options.anchor else 0
        if self.anchor and held:
            z[:held], wanted = self.anchor.draw(held)
        with autocast(self.device):
            made = self.generator(self.generator.map(z))
        apart = (shrink(made[:held]) - wanted).abs().mean() if held else made.new_zeros(())
        return made, apart

    def advance(self) -> dict[str, float]:
        """Make one step of both sides and return the parts of the losses."""
        start = time.perf_counter()
        rate = self.options.rate * (FLOOR + (1 - FLOOR) * min(1, self.left / REFINE)) * min(1, (self.step + 1) / 100)
        for name, optimizer in self.optimizers.items():
            optimizer.param_groups[0]["lr"] = rate * PACES[name]
        made, apart = self.make()
        with autocast(self.device):
            fake = self.look_at(made)
            with torch.no_grad():
                real = self.look_at(self.reals())
        told, against = self.teach(real, (fake[0].detach(), {name: value.detach() for name, value in fake[1].items()}))
        for discriminator in (self.pixel, self.feature):
            discriminator.requires_grad_(False)
        with autocast(self.device):
            logits = self.judge(fake)
        losses = [F.softplus(b - a).mean() for a, b in zip(logits, against, strict=True)]
        for name in ("generator", "matrices"):
            self.optimizers[name].zero_grad(set_to_none=True)
        (self.options.pixel_weight * losses[0] + losses[1] + self.options.anchor * apart).backward()
        if self.step >= self.options.warm:  # the discriminators learn what they are there for first
            for name in ("generator", "matrices"):
                self.optimizers[name].step()
        for discriminator in (self.pixel, self.feature):
            discriminator.requires_grad_(True)
        self.step += 1
        self.shown += self.options.batch
        self.blend()
        self.seconds += time.perf_counter() - start
        found = {"g_pixel": losses[0], "g_feature": losses[1], "anchor": apart}
        return told | {name: float(value.detach()) for name, value in found.items()}

    def teach(
        self, real: tuple[Tensor, dict[str, Tensor]], fake: tuple[Tensor, dict[str, Tensor]]
    ) -> tuple[dict[str, float], list[Tensor]]:
        """Make one step of the discriminators; return the parts of the losses, and what they say of real pictures."""
        penalised = self.step % PENALTY_EVERY == 0
        if penalised:
            real, fake = slippery(real), slippery(fake)
        with autocast(self.device):
            on_real, on_fake = self.judge(real), self.judge(fake)
        losses = [F.softplus(b - a).mean() for a, b in zip(on_real, on_fake, strict=True)]
        total = losses[0] + losses[1]
        if penalised:
            for seen, logits in ((real, on_real), (fake, on_fake)):
                slopes = torch.autograd.grad(
                    logits[0].sum() + logits[1].mean(1).sum(), [seen[0], *seen[1].values()], create_graph=True
                )
                penalty = sum(slope.float().square().flatten(1).sum(1).mean() for slope in slopes)
                total = total + self.options.penalty / 2 * PENALTY_EVERY * penalty
        for name in ("pixel", "feature"):
            self.optimizers[name].zero_grad(set_to_none=True)
        total.backward()
        told = {}
        for name, loss, a, b in zip(self.right, losses, on_real, on_fake, strict=True):
            self.right[name] += 0.05 * (float((a > b).float().mean()) - self.right[name])
            if self.right[name] < RIGHT:
                self.optimizers[name].step()
            told |= {f"d_{name}": float(loss.detach()), f"right_{name}": self.right[name]}
        return told, [logits.detach() for logits in on_real]

    @torch.no_grad()
    def blend(self) -> None:
        """Bring the averaged generator a little nearer; its memory is a share of what has been shown."""
        memory = min(self.options.memory * (1 if self.left > REFINE else 2), 0.1 * self.shown)
        share = 1 - 0.5 ** (self.options.batch / memory)
        for mean, value in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(value, share)

    def train(self) -> None:
        """Train until the pictures are up or nothing gets better, looking at what is made on the way."""
        looked, saved, recent = self.shown, self.seconds, list[dict[str, float]]()
        if self.step == 0:
            self.look([self.advance()])
        while self.left > 0 and self.step < self.options.steps and self.shown - self.best_at < self.options.patience:
            recent.append(self.advance())
            if self.step % 50 == 0:
                mean = {name: sum(part[name] for part in recent[-50:]) / len(recent[-50:]) for name in recent[-1]}
                told = " ".join(f"{name} {value:.2f}" for name, value in mean.items())
                print(f"{self.step} {self.shown} pictures {self.seconds / 60:.1f} min {told}", flush=True)
            if self.shown - looked >= self.options.every:
                looked = self.shown
                self.look(recent)
                recent = []
            if self.seconds - saved > SAVE_EVERY:
                saved = self.seconds
                self.save()
        if recent:
            self.look(recent)

    def look(self, recent: list[dict[str, float]]) -> None:
        """Draw, measure and save; keep the averaged weights where they are the best so far. recent: of the losses."""
        made = self.sample(JUDGED)
        sheet(made[:64]).save(self.run / f"grid-{self.shown:07d}.png")
        distance, error = kernel(self.real, self.measure(made))
        row = {"step": self.step, "pictures": self.shown, "minutes": round(self.seconds / 60, 1)}
        row |= {"kernel": round(distance, 4), "error": round(error, 4)}
        row |= {name: round(sum(part[name] for part in recent) / len(recent), 3) for name in recent[0]}
        run_log.append(self.run / "log.csv", row)
        if distance < self.best:
            self.best, self.best_at = distance, self.shown
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


def slippery(seen: tuple[Tensor, Mapping[str, Tensor]]) -> tuple[Tensor, dict[str, Tensor]]:
    """Return pixels and feature maps as leaves, whose slopes can be asked for."""
    leaves = {name: value.detach().float().requires_grad_() for name, value in seen[1].items()}
    return seen[0].detach().requires_grad_(), leaves


def configure(side: int) -> GeneratorConfig:
    """Return the numbers of a generator for pictures of `side` pixels, a power of two."""
    return GeneratorConfig(channels=CHANNELS[: (side // BASE).bit_length() - 1])


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
    parser.add_argument("data", type=Path, help="set made by recipes.art_pictures, gan_data or own_pictures")
    parser.add_argument("--start", type=Path, help="begin from this VAE: a run of train_vae, or a model's folder")
    parser.add_argument("--start-steps", type=int, default=1000, help="of learning what that makes (%(default)s)")
    parser.add_argument("--anchor", type=float, default=4.0, help="weight of staying near its thumbnails (%(default)s)")
    parser.add_argument("--pictures", type=int, default=1_000_000, help="to show in all (default: %(default)s)")
    parser.add_argument("--patience", type=int, default=100_000, help="end after so many without a better look")
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many steps")
    parser.add_argument("--every", type=int, default=10_000, help="pictures between looks (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=16, help="pictures in a step (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate (default: %(default)s)")
    parser.add_argument("--penalty", type=float, default=2.0, help="weight of R1 and R2 (default: %(default)s)")
    parser.add_argument("--pixel-weight", type=float, default=1.0, help="of the pixel discriminator's word")
    parser.add_argument("--warm", type=int, default=100, help="steps in which the discriminators learn alone")
    parser.add_argument("--augment", type=float, default=0.7, help="0 to 1: shifts, squares (default: %(default)s)")
    parser.add_argument("--colour", type=float, default=0.0, help="0 to 1: changed colours (default: %(default)s)")
    parser.add_argument("--no-mirror", dest="mirror", action="store_false", help="pictures that have a left and right")
    parser.add_argument(
        "--memory", type=float, default=2000, help="half-life of the average, in pictures (default: %(default)s)"
    )
    parser.add_argument("--limit", type=int, help="take only so many training pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    parser.add_argument("--features", type=Path, default=Path("weights/features-slim"), help="(default: %(default)s)")
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

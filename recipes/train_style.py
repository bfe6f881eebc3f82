"""Train the fast style network (deepart/models/painter.py) on open pictures and write its weights folder.

    python -m recipes.style_data SOURCES data/style                 # gathers and paints the pictures
    python -m recipes.train_style data/style --minutes 90           # trains; stop it and start it again as you like
    python -m recipes.train_style data/style --write weights/style-fast

One command on a GPU or a CPU, in bfloat16 where the hardware multiplies it. It resumes from runs/train_style/
checkpoint.pt; every few minutes it draws a grid of held-out pictures there, adds a line to log.csv and keeps the
averaged weights that did best on them. --minutes is the length of the whole training, over all its parts.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from deepart import checkpoint
from deepart.device import pick_device
from deepart.models.painter import Painter, PainterConfig
from deepart.pipelines.features import load_features
from recipes import own_card, run_log
from recipes.muon import Muon
from recipes.style_card import card
from recipes.style_held_out import HeldOut, repaint
from recipes.style_losses import LossWeights, losses
from recipes.style_sampler import Sampler, split

RUN = Path("runs/train_style")
AVERAGE = 0.998  # decay of the averaged weights
WARM_UP = 100  # steps
SETTLE = 0.6  # share of the time in which the learning rate falls


class Trainer:
    """The state of a training run: network, averaged network, optimizer, and how long it has been at it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = pick_device(options.device)
        self.features = load_features(device=self.device)
        self.run: Path = options.run
        self.run.mkdir(parents=True, exist_ok=True)
        contents, held_contents = split(options.data / "contents")
        styles, held_styles = split(options.data / "styles")
        if not all((contents, held_contents, styles, held_styles)):
            raise SystemExit(
                f"{options.data} has too few contents or styles; make it with recipes.style_data, or anew "
                "with recipes.own_pictures and its option --styles."
            )
        self.sampler = Sampler(contents, styles, self.features, options.size, options.seed)
        torch.manual_seed(options.seed)
        self.network = Painter(PainterConfig()).to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizers = make_optimizers(self.network)
        self.step, self.seconds, self.best = 0, 0.0, math.inf
        self.held = HeldOut(held_contents, held_styles, self.features)
        if (self.run / "checkpoint.pt").exists():
            self.resume()
        else:
            self.scale_statistics()

    def scale_statistics(self) -> None:
        """Set the mean and deviation of the style numbers from some training styles."""
        count = len(self.sampler.style_files)
        indices = range(0, count, max(1, count // 100))
        found = torch.cat([self.sampler.style(index).statistics for index in indices])
        for network in (self.network, self.average):
            network.style_mean.copy_(found.mean(0))
            network.style_std.copy_(found.std(0).clamp_min(0.05))

    def resume(self) -> None:
        state: dict[str, Any] = torch.load(self.run / "checkpoint.pt", map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.seconds, self.best = state["step"], state["seconds"], state["best"]
        self.sampler.reseed(self.options.seed, self.step)

    def save(self) -> None:
        state = {
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step, "seconds": self.seconds, "best": self.best,
        }  # fmt: skip
        torch.save(state, self.run / "checkpoint.tmp")
        (self.run / "checkpoint.tmp").replace(self.run / "checkpoint.pt")

    def rate(self) -> float:
        """Return the learning rate: warmed up, level, then down along a cosine as the time runs out."""
        left = max(0.0, 1 - self.seconds / (60 * self.options.minutes)) / SETTLE
        return float(
            self.options.rate * min(1, (self.step + 1) / WARM_UP) * (0.5 - 0.5 * math.cos(math.pi * min(1, left)))
        )

    def advance(self) -> dict[str, float]:
        """Make one step and return the parts of the loss."""
        start = time.perf_counter()
        batch = self.sampler.batch(self.options.batch)
        painted = repaint(self.network, batch.recolored, batch.collage, batch.statistics, batch.strength)
        parts = losses(self.features, painted, batch, LossWeights(style=self.options.style_weight))
        loss = torch.stack(list(parts.values())).sum()
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.param_groups[0]["lr"] = self.rate()
            optimizer.step()
        self.step += 1
        decay = min(AVERAGE, self.step / (self.step + 20))
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)
        self.seconds += time.perf_counter() - start
        return {name: float(value.detach()) for name, value in parts.items()}

    def train(self) -> None:
        """Train until the time is up, looking at held-out pictures on the way."""
        looked, recent = self.seconds, []
        while self.seconds < 60 * self.options.minutes and self.step < self.options.steps:
            recent.append(self.advance())
            if self.step % 20 == 0 or self.step < 4:
                mean = {name: sum(part[name] for part in recent[-20:]) / len(recent[-20:]) for name in recent[-1]}
                told = " ".join(f"{name} {value:.3f}" for name, value in mean.items())
                print(f"{self.step} {self.seconds / 60:.1f} min {told}", flush=True)
            if self.seconds - looked > 60 * self.options.every:
                looked = self.seconds
                self.look()
        self.look()

    def look(self) -> None:
        """Measure and draw held-out pictures; keep the averaged weights where they are the best so far."""
        found = self.held.judge(self.average, self.run / f"grid-{self.step:06d}.jpg")
        row = {"step": self.step, "minutes": round(self.seconds / 60, 1), **found}
        run_log.append(self.run / "log.csv", row)
        if row["score"] < self.best:
            self.best = row["score"]
            torch.save(self.average.state_dict(), self.run / "best.pt")
        self.save()


def make_optimizers(network: Painter) -> list[torch.optim.Optimizer]:
    """Return Muon for the kernels in the middle, Adam for what stands at the ends and for vectors."""
    ends = {id(layer.weight) for layer in (network.stem, network.head, network.seen_half, network.code[0])}
    middle = [p for p in network.parameters() if p.ndim > 1 and id(p) not in ends]
    chosen = {id(p) for p in middle}
    others = [p for p in network.parameters() if id(p) not in chosen]
    return [Muon(middle), torch.optim.Adam(others, betas=(0.9, 0.99))]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="made by recipes.style_data or recipes.own_pictures")
    parser.add_argument("--minutes", type=float, default=90, help="length of the whole training (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many steps")
    parser.add_argument("--every", type=float, default=5, help="minutes between looks (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=2, help="pairs in a step (default: %(default)s)")
    parser.add_argument("--size", type=int, default=192, help="side of a content crop in pixels (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate (default: %(default)s)")
    parser.add_argument("--style-weight", type=float, default=LossWeights().style, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    parser.add_argument("--write", type=Path, help="do not train: write the best weights so far to this folder")
    parser.add_argument("--soup", nargs="+", metavar="FILE:SHARE", help="with --write: the mean of these checkpoints")
    parser.add_argument("--run", type=Path, default=RUN, help="folder for checkpoints and grids (default: %(default)s)")
    return parser.parse_args(arguments)


def soup(ingredients: Sequence[str]) -> dict[str, Tensor]:
    """Return the mean of the weights of one run, each named as "file:share"; shares add up to 1.

    Source: Wortsman et al., "Model soups" (2203.05482). Between a checkpoint that is near to the content and one that
    is near to the style it chooses the balance after training.
    """
    mixed: dict[str, Tensor] = {}
    for ingredient in ingredients:
        file, _, share = ingredient.rpartition(":")
        state = torch.load(file, map_location="cpu", weights_only=True)
        for name, value in state.get("average", state).items():
            mixed[name] = mixed.get(name, 0) + float(share) * value
    return mixed


def write(options: argparse.Namespace) -> None:
    """Write the best weights of a run as a model folder, with its card."""
    network = Painter(PainterConfig())
    network.load_state_dict(soup(options.soup or [f"{options.run / 'best.pt'}:1"]))
    config = {"task": "style", "class": "Painter", "features": "vgg16", **asdict(network.config)}
    own = own_card.has_own(options.data)
    text = (
        own_card.find_card(options.write, "style", options.run, options.data)
        if own
        else card(options.run, options.data)
    )
    checkpoint.write_folder(options.write, config, network.state_dict(), text, half=True)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if options.write:
        write(options)
    else:
        Trainer(options).train()


if __name__ == "__main__":
    main()

"""Train the network of "fast" (deepart/models/inverter.py) to paint what has given features, and write its folder.

    python -m recipes.art_pictures art data --set style           # or recipes.own_pictures
    python -m recipes.train_style data/style --minutes 120        # trains; stop it and start it again as you like
    python -m recipes.train_style data/style --write weights/style-fast

data/style holds pictures in contents/ and in styles/. A step takes a content and a style, looks up for each place of
the one the most similar of the other, has the network paint the picture that has these features, at half the size and
then over that at the whole, and corrects both by what "fine" corrects pixels by (deepart/models/gatys_loss.py): nearest
neighbors, content, moments, total variation.

One command on a GPU or a CPU, in bfloat16 where the hardware multiplies it. It resumes from RUN/checkpoint.pt; every
few minutes it draws a grid of held-out pictures, adds a line to log.csv and saves.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import random
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from deepart import checkpoint
from deepart.color import detail, match_palette, palette, smooth_color
from deepart.device import autocast, pick_device
from deepart.images import to_image
from deepart.models import gatys_loss
from deepart.models.gatys_loss import GatysConfig, apart, moments, resize, total_variation
from deepart.models.inverter import LAYERS, MULTIPLE, Inverter, InverterConfig
from deepart.models.neighbors import coherent, describe, nearest, take
from deepart.models.vgg import VGGFeatures
from deepart.pipelines.features import load_all_widths
from recipes import own_card, run_log
from recipes.style_card import card

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
HELD_SIDE = 256  # pixels of a held-out pair
HELD_OUT = 16  # every so many-th picture is
LARGEST = 320  # pixels of a picture's shorter side that are kept: of 6,000 pictures these are 2 GB
SIDES = (128, 160, 192, 224, 256)  # pixels of a crop; the smaller picture painted first has half
SEEN = GatysConfig()
LOOKED_AT = tuple(dict.fromkeys((*SEEN.style_layers, *SEEN.content_layers)))
MOMENTS = 10.0  # weight of means and covariances, beside 1 of the neighbors: one pass paints too faint strokes
AVERAGE = 0.998  # decay of the averaged weights
WARM_UP, SETTLE = 100, 0.5  # steps; share of the time in which the learning rate falls
SAVE_EVERY = 180  # seconds


def find_pictures(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the pictures of a folder to train on, and those that are held out; raises SystemExit for too few."""
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    manifest = folder.parent / "manifest.json"
    files = json.loads(manifest.read_text("utf-8"))["files"] if manifest.exists() else {}
    if len(found) < 2:
        raise SystemExit(
            f"{folder} has too few pictures, {len(found)}; make the set with recipes.art_pictures, or with "
            "recipes.own_pictures and its option --styles."
        )

    def source(path: Path) -> str:  # a photograph is there several times
        return str(files.get(f"{folder.name}/{path.name}", {}).get("source", path.name))

    sources = sorted({source(path) for path in found})
    held = set(sources[:: min(HELD_OUT, len(sources))])
    return [path for path in found if source(path) not in held], [path for path in found if source(path) in held]


class Pairs:
    """Random crops of contents and styles; every number of a seed the same.

    A picture is read once, no larger than crops want it, and kept on the device: no worker reads ahead of a GPU.
    """

    def __init__(self, contents: Sequence[Path], styles: Sequence[Path], seed: int, device: torch.device) -> None:
        self.contents, self.styles, self.random = contents, styles, random.Random(seed)
        self._device, self._read = device, dict[Path, Tensor]()

    def draw(self, side: int) -> tuple[Tensor, Tensor]:
        """Return a content (1, 3, side, side) and a style with as many pixels, in [0, 1]."""
        content, style = (
            self.crop(self.random.choice(files), side, least)
            for files, least in ((self.contents, 0.45), (self.styles, 0.6))
        )
        if self.random.random() < 0.25:  # palettes that no painting has
            style = style[:, self.random.sample(range(3), 3)]
        return content, style

    def crop(self, path: Path, side: int, least: float) -> Tensor:
        """Return a square of a picture whose side is a share of the shorter one, from `least` to 1."""
        whole = self.whole(path)
        length = max(1, round(min(whole.shape[2:]) * self.random.uniform(least, 1)))
        top, left = (self.random.randint(0, size - length) for size in whole.shape[2:])
        square = whole[..., top : top + length, left : left + length].float() / 255
        return resize(square.flip(3) if self.random.random() < 0.5 else square, side, side)

    def whole(self, path: Path) -> Tensor:
        """Return a picture (1, 3, H, W), uint8, whose shorter side has LARGEST pixels at most."""
        if path not in self._read:
            with Image.open(path) as image:
                picture = image.convert("RGB")
            scale = min(1, LARGEST / min(picture.size))
            sides = [max(1, round(length * scale)) for length in picture.size]
            pixels = np.array(picture.resize(sides, Image.Resampling.LANCZOS) if scale < 1 else picture)
            self._read[path] = torch.from_numpy(pixels).permute(2, 0, 1)[None].to(self._device)
        return self._read[path]


class Prepared:
    """A pair as the network and the loss see it: the recoloured content, what it is to have, and what the style is.

    coarse: the smaller picture (1, 3, h, w) that was painted first, if one was.
    """

    @torch.no_grad()
    def __init__(
        self, features: VGGFeatures, recolored: Tensor, style: Tensor, place: int, coarse: Tensor | None = None
    ) -> None:
        self.base = recolored
        own, other = (see(features, x) for x in (recolored, style))
        seen = own
        if coarse is not None:
            self.base = F.interpolate(coarse, recolored.shape[2:], mode="bilinear")
            seen = see(features, self.base)
        rows, columns = (length // place for length in recolored.shape[2:])
        here, there = (
            describe({name: maps[name] for name in SEEN.style_layers}, rows, columns) for maps in (seen, other)
        )
        index = coherent(nearest(here, there), here, there)
        mine = SEEN.detail * detail(recolored)
        self.wanted = {
            name: torch.lerp(
                take(other[name], there, index, own[name]).float(), own[name].float(),
                F.adaptive_avg_pool2d(mine, own[name].shape[2:]),
            )
            for name in LAYERS
        }  # fmt: skip
        self.content = {name: own[name].float() for name in SEEN.content_layers}
        self.moments = {name: moments(other[name]) for name in SEEN.style_layers}


def see(features: VGGFeatures, x: Tensor) -> dict[str, Tensor]:
    """Return what is looked at of pictures (N, 3, H, W)."""
    with autocast(x.device):
        return features(x.contiguous(memory_format=torch.channels_last), LOOKED_AT)


def losses(features: VGGFeatures, painted: Tensor, pairs: Sequence[Prepared]) -> dict[str, Tensor]:
    """Return the parts of the loss of pictures (N, 3, H, W): those of "fine", each with its weight."""
    maps = see(features, painted)

    def relative(name: str, wanted: Sequence[Mapping[str, Tensor]]) -> Tensor:
        target = torch.cat([part[name] for part in wanted])
        flat = target.flatten(1)
        spread = torch.maximum(flat.var(1), 0.2 * flat.square().mean(1)).clamp_min(1e-6)  # of a plain picture it is 0
        return ((maps[name].float() - target).square().flatten(1).mean(1) / spread).mean()

    found = {name: apart(moments(maps[name])) for name in SEEN.style_layers}
    distances = []
    for name, parts in found.items():
        targets = apart(torch.cat([pair.moments[name] for pair in pairs]))
        for part, target in zip(parts, targets, strict=True):
            error = (part - target).square().flatten(1).sum(1)
            least = 1e-3 * targets[1].square().flatten(1).sum(1) ** (2 if part is parts[0] else 1)
            distances.append((error / (target.square().flatten(1).sum(1) + least).clamp_min(1e-12)).mean())
    neighbors = torch.stack([relative(name, [pair.wanted for pair in pairs]) for name in LAYERS]).mean()
    content = torch.stack([relative(name, [pair.content for pair in pairs]) for name in SEEN.content_layers]).mean()
    return {
        "neighbors": SEEN.style_weight * neighbors,
        "content": content,
        "moments": SEEN.style_weight * MOMENTS * torch.stack(distances).mean(),
        "variation": SEEN.tv_weight * total_variation(painted),
        "outside": gatys_loss.OUTSIDE * (painted - painted.clamp(0, 1)).square().mean(),
    }


class Trainer:
    """The state of a training run: network, averaged network, optimizers, and how long it has been at it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.run = options, options.run
        self.device = pick_device(options.device)
        self.run.mkdir(parents=True, exist_ok=True)
        self.features = load_all_widths("slim", device=self.device).quarter_width
        self.features = self.features.to(memory_format=torch.channels_last)
        contents, held_contents = find_pictures(options.data / "contents")
        styles, held_styles = find_pictures(options.data / "styles")
        self.pairs = Pairs(contents, styles, options.seed, self.device)
        held = Pairs(held_contents, held_styles, 1, self.device)
        self.held = [[self.recolor(*held.draw(HELD_SIDE)) for _ in range(6)] for _ in range(5)]
        torch.manual_seed(options.seed)
        self.network = Inverter(InverterConfig()).to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizer = torch.optim.Adam(self.network.parameters(), betas=(0.9, 0.99))
        self.step, self.seconds = 0, 0.0
        if (self.run / "checkpoint.pt").exists():
            self.resume()
        else:
            self.measure_scales()

    def recolor(self, content: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """Return the content in the palette of the style, and the style."""
        return match_palette(content, palette(style)).clamp(0, 1), style

    @torch.no_grad()
    def measure_scales(self) -> None:
        """Set the scales of the networks' inputs from some paintings."""
        seen = [see(self.features, self.pairs.draw(HELD_SIDE)[1].to(self.device)) for _ in range(32)]
        for name in LAYERS:
            scale = torch.stack([maps[name].float().square().mean((0, 2, 3)) for maps in seen]).mean(0).sqrt()
            for network in (self.network, self.average):
                network.get_buffer(f"scale_{name}").copy_(scale.clamp_min(1e-3))

    def resume(self) -> None:
        state: dict[str, Any] = torch.load(self.run / "checkpoint.pt", map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.pairs.random.seed(self.options.seed + self.step)

    def save(self) -> None:
        state = {
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(), "step": self.step, "seconds": self.seconds,
        }  # fmt: skip
        torch.save(state, self.run / "checkpoint.tmp")
        (self.run / "checkpoint.tmp").replace(self.run / "checkpoint.pt")

    def rate(self) -> float:
        """Return the learning rate: warmed up, level, then down along a cosine as the time runs out."""
        left = max(0.0, 1 - self.seconds / (60 * self.options.minutes)) / SETTLE
        warm = min(1, (self.step + 1) / WARM_UP)
        return float(self.options.rate * warm * (0.5 - 0.5 * math.cos(math.pi * min(1, left))))

    def paint(self, network: Inverter, pairs: Sequence[Prepared]) -> Tensor:
        with autocast(self.device):
            painted: Tensor = network(
                torch.cat([pair.base for pair in pairs]),
                {name: torch.cat([pair.wanted[name] for pair in pairs]) for name in LAYERS},
            )
        return painted

    def paint_twice(
        self, network: Inverter, drawn: Sequence[tuple[Tensor, Tensor]], place: int
    ) -> list[tuple[Tensor, list[Prepared]]]:
        """Return the pictures of recoloured contents and styles, with the pairs, as deepart/models/fast.py paints them.

        First those of half the size, then those that are painted over them; under these nothing is kept of the content
        here, so that strokes are learned everywhere. place: side of a place in pixels.
        """
        half = [length // (2 * MULTIPLE) * MULTIPLE for length in drawn[0][0].shape[2:]]
        small = [Prepared(self.features, *(resize(x, *half).clamp(0, 1) for x in pair), 4) for pair in drawn]
        first = self.paint(network, small)
        coarse = smooth_color(first.detach().clamp(0, 1)).split(1)
        large = [Prepared(self.features, *pair, place, under) for pair, under in zip(drawn, coarse, strict=True)]
        return [(first, small), (self.paint(network, large), large)]

    def advance(self) -> dict[str, float]:
        """Make one step and return the parts of the loss."""
        start = time.perf_counter()
        side = self.pairs.random.choice(SIDES)
        place = 8 if self.pairs.random.random() < 0.7 else 4
        assert side % (2 * MULTIPLE) == 0
        drawn = [self.recolor(*self.pairs.draw(side)) for _ in range(self.options.batch)]
        both = [losses(self.features, *painted) for painted in self.paint_twice(self.network, drawn, place)]
        parts = {name: torch.stack([one[name] for one in both]).mean() for name in both[0]}
        self.network.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.param_groups[0]["lr"] = self.rate()
        self.optimizer.step()
        self.step += 1
        decay = min(AVERAGE, self.step / (self.step + 20))
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)
        self.seconds += time.perf_counter() - start
        return {name: float(value.detach()) for name, value in parts.items()}

    def train(self) -> None:
        """Train until the time is up, looking at held-out pictures on the way."""
        looked, saved, recent = self.seconds, self.seconds, list[dict[str, float]]()
        while self.seconds < 60 * self.options.minutes and self.step < self.options.steps:
            recent = [*recent[-99:], self.advance()]
            if self.step % 50 == 0 or self.step < 4:
                told = " ".join(f"{name} {sum(p[name] for p in recent) / len(recent):.3f}" for name in recent[0])
                print(f"{self.step} {self.seconds / 60:.1f} min {told}", flush=True)
            if self.seconds - looked > 60 * self.options.every:
                looked = self.seconds
                self.look()
            if self.seconds - saved > SAVE_EVERY:
                saved = self.seconds
                self.save()
        self.look()
        self.save()

    @torch.no_grad()
    def look(self) -> None:
        """Measure and draw held-out pairs."""
        found, rows = [], []
        for row in self.held:
            _, (painted, pairs) = self.paint_twice(self.average, row, 8)
            found.append({name: float(value) for name, value in losses(self.features, painted, pairs).items()})
            shown = [torch.cat([pair[0], x.clamp(0, 1)[None]], 2) for pair, x in zip(row, painted, strict=True)]
            rows.append(torch.cat(shown, 3))
        to_image(torch.cat(rows, 2)).save(self.run / f"grid-{self.step:06d}.jpg", quality=92)
        mean = {name: round(sum(part[name] for part in found) / len(found), 4) for name in found[0]}
        row = {"step": self.step, "pairs": self.step * self.options.batch, "minutes": round(self.seconds / 60, 1)}
        run_log.append(self.run / "log.csv", row | mean | {"loss": round(sum(mean.values()), 4)})


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with contents/ and styles/, such as recipes.own_pictures makes")
    parser.add_argument("--minutes", type=float, default=120, help="of the whole training (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many steps")
    parser.add_argument("--every", type=float, default=8, help="minutes between looks (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=2, help="pairs in a step (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    parser.add_argument("--write", type=Path, help="do not train: write the averaged weights so far to this folder")
    parser.add_argument("--run", type=Path, default=Path("runs/style-fast"), help="(default: %(default)s)")
    return parser.parse_args(arguments)


def write(options: argparse.Namespace) -> None:
    """Write the averaged weights of a run as a model folder, with its card."""
    network = Inverter()
    state = torch.load(options.run / "checkpoint.pt", map_location="cpu", weights_only=True)
    network.load_state_dict(state["average"])
    config = {"task": "style", "class": "Inverter", "features": "slim", **asdict(network.config)}
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
        return
    trainer = Trainer(options)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        trainer.train()
    except KeyboardInterrupt:
        trainer.save()


if __name__ == "__main__":
    main()

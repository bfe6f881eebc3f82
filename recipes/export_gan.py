"""Write a trained generator as a model folder: latents whitened, directions found and named, kernels in eight bits.

    python -m recipes.export_gan runs/gan-landscapes weights/gan-landscapes
    python -m recipes.export_gan runs/gan-landscapes looking --sheet directions.jpg        # what the directions do
    python -m recipes.export_gan runs/gan-cats models/cats --data data/cats                # of pictures of one's own

The names of the directions stand in recipes/gan_names.json, given after looking at the sheet: "-name" turns one round,
null leaves one out. A run that is not in it, or of pictures of one's own, gets numbers for names.
Evaluate the folder with recipes.evaluate_gan and give it its card with recipes.gan_card.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from deepart import checkpoint, packed
from deepart.latents import noise
from deepart.models.generator import Generator, GeneratorConfig
from recipes import own_card
from recipes.gan_directions import find_directions, look_at_seeds, whiten
from recipes.train_gan import sheet, to_bytes

NAMES = Path(__file__).with_name("gan_names.json")
COUNT = 8  # directions
MAPPED = 50_000  # z over which the latents are whitened


@torch.no_grad()
def finish(state: dict[str, Tensor], config: GeneratorConfig) -> Generator:
    """Return the generator of a training run with whitened latents and its directions."""
    network = Generator(replace(config, directions=COUNT))
    network.load_state_dict(state | {"directions": network.directions})
    generator = torch.Generator().manual_seed(0)
    whiten(network, network.map(torch.randn(MAPPED, network.config.latent, generator=generator)))
    directions, shares = find_directions(*look_at_seeds(network), COUNT)
    network.directions.copy_(directions)
    print("share of the variance of small pictures:", [round(float(share), 3) for share in shares])
    return network.eval()


def choose(network: Generator, names: Sequence[str | None]) -> tuple[Generator, list[str]]:
    """Return the network with the directions that have a name, turned round where it begins with "-", and the names."""
    rows = [
        -row if name.startswith("-") else row
        for row, name in zip(network.directions, names, strict=True) if name is not None
    ]  # fmt: skip
    chosen = Generator(replace(network.config, directions=len(rows)))
    chosen.load_state_dict(network.state_dict() | {"directions": torch.stack(rows)})
    return chosen.eval(), [name.removeprefix("-") for name in names if name is not None]


@torch.no_grad()
def direction_sheet(network: Generator, seeds: int = 3) -> Tensor:
    """Return uint8 pictures, seven a row: each direction from -3 to 3 deviations, for some seeds."""
    pictures = []
    amounts = torch.linspace(-3, 3, 7)[:, None]
    for direction in network.directions:
        for seed in range(seeds):
            start = network.map(noise(seed, (1, network.config.latent)))
            pictures.append(to_bytes(network(start + amounts * direction)))
    return torch.cat(pictures)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run of recipes.train_gan")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--weights", default="best.pt", help="file in the run (default: %(default)s)")
    parser.add_argument("--data", type=Path, help="made by recipes.own_pictures: what the card says of the pictures")
    parser.add_argument("--sheet", type=Path, help="also draw what the directions do")
    options = parser.parse_args(arguments)
    numbers = GeneratorConfig(**json.loads((options.run / checkpoint.CONFIG).read_text("utf-8")))
    network = finish(torch.load(options.run / options.weights, map_location="cpu", weights_only=True), numbers)
    known: dict[str, list[str | None]] = {} if own_card.has_own(options.data) else json.loads(NAMES.read_text())
    names = known.get(options.run.name.removeprefix("gan-"), [f"direction {index + 1}" for index in range(COUNT)])
    network, kept = choose(network, names)
    config = {"task": "gan", "class": "Generator", "features": "slim", "directions_named": kept}
    text = own_card.find_card(options.out, "gan", options.run, options.data)
    tensors = network.state_dict()
    small = [name for name, tensor in tensors.items() if packed.worth(tensor)]
    checkpoint.write_folder(options.out, config | asdict(network.config), tensors, text, half=True, in_eight_bits=small)
    if options.sheet:
        sheet(direction_sheet(network), 7).save(options.sheet, quality=92)


if __name__ == "__main__":
    main()

"""Write a trained VAE as a model folder: weights as float16, and for a vector the directions, found and named.

    python -m recipes.export_vae runs/vae-pictures weights/vae-pictures
    python -m recipes.export_vae runs/vae-portraits weights/vae-portraits
    python -m recipes.export_vae runs/vae-portraits looking --sheet directions.jpg        # what the directions do
    python -m recipes.export_vae runs/vae-cats models/cats --model pictures --data data/cats      # of one's own

The names of the directions stand in recipes/vae_names.json, given after looking at the sheet, as those of the
generators do (recipes/export_gan.py). Evaluate the folder with recipes.evaluate_vae; recipes.vae_card writes its card.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart import checkpoint, packed
from deepart.device import autocast
from deepart.models.vector_vae import VectorVAE
from recipes import gan_split, own_card
from recipes.gan_directions import SIDE, find_directions
from recipes.gan_metrics import load_pictures, spread_out
from recipes.train_gan import sheet
from recipes.train_vae import KINDS, VAE
from recipes.vae_prior import PICTURES, posteriors

NAMES = Path(__file__).with_name("vae_names.json")
COUNT = 10  # directions
LOOKED = 2000  # training pictures that they are found by


def load_average(run: Path, model: str | None = None) -> VAE:
    """Return the averaged network of a training run of that model; None: the name of the run's folder ends with it."""
    kind = model or run.name.rpartition("-")[2]
    if kind not in KINDS:
        raise SystemExit(f"What {run} trained does not show in its name; say it with --model {' or '.join(KINDS)}.")
    network = KINDS[kind].make()
    found = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    network.load_state_dict(found["average"])
    return network.eval().requires_grad_(False)


@torch.no_grad()
def strongest(network: VectorVAE, latents: Tensor, count: int = COUNT) -> Tensor:
    """Return the directions (count, latent) that change pictures most, each one standard deviation of latents long.

    latents: (N, latent). They are whitened for the search, see recipes/gan_directions.py.
    """
    mean = latents.mean(0)
    root = torch.linalg.cholesky(
        (latents - mean).T.cov().double() + 1e-6 * torch.eye(latents.shape[1]).double()
    ).float()
    white = torch.linalg.solve_triangular(root, (latents - mean).T, upper=False).T
    rows = []
    for part in latents.split(PICTURES):
        with autocast(torch.device("cpu")):
            pictures = network.decode(part)
        rows.append(F.interpolate(2 * pictures - 1, (SIDE, SIDE), mode="area").flatten(1))
    directions, shares = find_directions(white, torch.cat(rows), count)
    print("share of the variance of small pictures:", [round(float(share), 3) for share in shares])
    return directions @ root.T


def finish(network: VectorVAE, directions: Tensor, names: list[str | None]) -> VectorVAE:
    """Return the network with the directions that have a name, turned round at a "-"."""
    rows = [
        -row if name.startswith("-") else row for row, name in zip(directions, names, strict=True) if name is not None
    ]
    whole = VectorVAE(replace(network.config, directions=len(rows)))
    whole.load_state_dict(network.state_dict() | {"directions": torch.stack(rows) if rows else whole.directions})
    return whole.eval()


@torch.no_grad()
def direction_sheet(network: VectorVAE, directions: Tensor, starts: Tensor) -> Tensor:
    """Return uint8 pictures, seven a row: each direction from -3 to 3 deviations, from each of the latents `starts`."""
    amounts = torch.linspace(-3, 3, 7)[:, None]
    pictures = [network.decode(start + amounts * direction) for direction in directions for start in starts]
    return (torch.cat(pictures).clamp(0, 1) * 255).round().to(torch.uint8)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run of recipes.train_vae")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--model", choices=list(KINDS), help="what was trained (default: the end of the run's name)")
    parser.add_argument("--data", type=Path, help="made by recipes.own_pictures, where it was trained on that")
    parser.add_argument(
        "--portraits", type=Path, help="made by recipes.gan_data (default: --data, or data/vae/portraits)"
    )
    parser.add_argument("--sheet", type=Path, help="also draw what the directions do")
    options = parser.parse_args(arguments)
    network = load_average(options.run, options.model)
    config: dict[str, Any] = {"task": "vae", "class": type(network).__name__}
    if isinstance(network, VectorVAE):
        training, held_out = gan_split.split(options.portraits or options.data or Path("data/vae/portraits"))
        latents, _ = posteriors(network, load_pictures(spread_out(training, LOOKED)))
        starts, _ = posteriors(network, load_pictures(held_out[:3]))
        directions = strongest(network, latents)
        known: dict[str, list[str | None]] = {} if own_card.has_own(options.data) else json.loads(NAMES.read_text())
        names = known.get(options.run.name.removeprefix("vae-")) or [f"direction {i + 1}" for i in range(COUNT)]
        if options.sheet:
            sheet(direction_sheet(network, directions, starts), 7).save(options.sheet, quality=92)
        network = finish(network, directions, names)
        config["directions_named"] = [name.removeprefix("-") for name in names if name is not None]
    text = own_card.find_card(options.out, "vae", options.run, options.data)
    tensors = network.state_dict()
    # Eight bits a number halve the file and cost next to nothing. The linear part of a map stays exact: plain colours
    # hang on it.
    parts = "" if isinstance(network, VectorVAE) else ("encoder", "decoder")
    small = [name for name, tensor in tensors.items() if name.startswith(parts) and packed.worth(tensor)]
    checkpoint.write_folder(options.out, config | asdict(network.config), tensors, text, in_eight_bits=small)


if __name__ == "__main__":
    main()

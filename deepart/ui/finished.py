"""The finished example that each tab opens with: made by our models, and there before any of them is loaded."""

import json
from pathlib import Path

from deepart.cache import Studio
from deepart.errors import DeepArtError
from deepart.images import load_image, settings
from deepart.metrics import Nearness
from deepart.ui.artwork import Artwork, Reconstruction, name_of, name_of_source
from deepart.ui.examples import examples
from deepart.ui.inputs import EXAMPLES


def first_files(studio: Studio, task: str) -> list[Path]:
    """Return the PNGs that the default model of a task made for its tab to open with, in the order of their names.

    Empty where the model is not here, or is not the one that made them: a page shows only what it would make again.
    """
    files = sorted((EXAMPLES / "first" / task).glob("*.png"))
    if not files:
        return []
    made = settings(load_image(files[0])) or {}
    makers = [made, *([made["painted_from"]] if "painted_from" in made else [])]
    try:
        current = all(studio.version(one["task"], one["model"]) == one["version"] for one in makers)
    except DeepArtError:
        return []
    return files if current else []


PICTURES, FIRST_SEED = 4, 53  # on the grid that a visitor finds, painted large

NAMED = "directions_named"  # the key in settings of the example's small pictures: their directions, strongest first


def finished_grid(studio: Studio) -> tuple[list[Artwork], tuple[str, ...]]:
    """Return the pictures that the default generator of a studio made, and the names of its directions.

    Both are empty where there are none. It loads no model.
    """
    pieces, names = [], []
    for path in first_files(studio, "gan"):
        made = (settings(load_image(path)) or {})["painted_from"]
        names = made.pop(NAMED)
        pieces.append(Artwork(str(path), json.dumps(made, sort_keys=True), name_of(made)))
    return sorted(pieces, key=lambda one: one.seed or 0), tuple(names)


PICTURE = "arcimboldo-spring"  # the smallest of the examples, with detail enough for the error map to tell something
LATENT = ".safetensors"  # of the file beside the example's PNG
NUMBERS = "numbers"  # the key in the example's PNG for what is known: psnr in dB, ssim, latent_shape, compression


def finished_reconstruction(studio: Studio) -> tuple[Reconstruction, Nearness, tuple[int, ...]] | None:
    """Return the example that the default model of a studio made, how near its picture came back, and the shape of the
    latent; None where there is none. It loads no model.
    """
    files = first_files(studio, "vae")
    if not files:
        return None
    made = settings(load_image(files[0])) or {}
    known = made.pop(NUMBERS)
    picture = str(examples()[PICTURE])
    name = name_of_source(picture)
    piece = Artwork(str(files[0]), json.dumps(made, sort_keys=True), f"{name} reconstructed")
    near = Nearness(known["psnr"], known["ssim"])
    one = Reconstruction(name, picture, str(files[0].with_suffix(LATENT)), piece)
    return one, near, tuple(known["latent_shape"])

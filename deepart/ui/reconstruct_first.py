"""The finished example that the tab "Reconstruct" opens with: a painting, and what the default model made of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from deepart.cache import Studio
from deepart.images import load_image, settings
from deepart.ui.first import first_files
from deepart.ui.gallery import example_files
from deepart.ui.nearness import Nearness
from deepart.ui.pieces import Piece
from deepart.ui.reconstruct_subject import Subject, name_of_source

PICTURE = "arcimboldo-spring"  # the smallest of the examples, with detail enough for the error map to tell something
NUMBERS = "numbers"
"""The key under which the example's PNG has what is known of it: psnr in dB, ssim, latent_shape, compression."""


@dataclass(frozen=True)
class Example:
    """A subject without a latent, how near its picture came back, and the shape of the latent that it came from."""

    subject: Subject
    near: Nearness
    shape: tuple[int, ...]


def finished(studio: Studio) -> Example | None:
    """Return the example that the default model of a studio made; None where there is none. Loads no model."""
    files = first_files(studio, "vae")
    if not files:
        return None
    [picture] = [path for path in example_files("paintings") if path.stem == PICTURE]
    made = settings(load_image(files[0])) or {}
    known = made.pop(NUMBERS)
    name = name_of_source(str(picture))
    piece = Piece(str(files[0]), json.dumps(made, sort_keys=True), f"{name} reconstructed")
    near = Nearness(known["psnr"], known["ssim"])
    return Example(Subject(name, str(picture), None, piece), near, tuple(known["latent_shape"]))

"""Generators from files in the layouts of others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from deepart import checkpoint
from deepart.errors import Phrase, WeightsError
from deepart.models.fastgan import FastGAN, FastGANConfig, convert
from deepart.registry import Located

DIRECTIONS = 8  # of a FastGAN: beyond them sefa() finds little


def read_published(located: Located, folder: Path) -> tuple[FastGAN, list[str], str | None]:
    """Return the FastGAN of a registered Hub model, names of its directions, and the features that project() uses."""
    assert located.spec is not None
    path = folder / located.spec.files[0].name
    tensors = fastgan_tensors(path)
    config = FastGANConfig(directions=DIRECTIONS)
    with torch.device("meta"):
        network = FastGAN(config)
    checkpoint.load_strict(network, tensors, path)
    # All of it is in the file, so the tensors move in: to fill the network with random numbers first takes longer.
    network.load_state_dict(tensors, assign=True)
    return network, [f"axis {number}" for number in range(1, DIRECTIONS + 1)], located.spec.features


class _Read(dict[str, Tensor]):
    """Tensors of a file, and which of them have been read."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__(tensors)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Tensor:
        self.names.add(name)
        return super().__getitem__(name)


def fastgan_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of our FastGAN from a published file; raises WeightsError."""
    state, what = _Read(checkpoint.read_tensors(path)), ""
    found: dict[str, Tensor] = {}
    try:
        found = convert(state, DIRECTIONS)
        extra = sorted(name for name in {*state} - state.names if not name.endswith(".num_batches_tracked"))
        what = Phrase("it has {names} too many", names=repr(extra[0])) if extra else ""
    except KeyError as error:
        what = Phrase("it lacks {names}", names=str(error))
    except RuntimeError:  # a product of tensors whose shapes do not belong together
        what = "its tensors have other shapes"
    if what:
        raise WeightsError("The file {path} is no FastGAN of 1024 pixels: {what}.", path=path, what=what)
    for name, tensor in found.items():
        if not torch.isfinite(tensor).all():  # a variance below 0, or a spectral norm of 0
            raise WeightsError(
                "The file {path} makes numbers in {name!r} that are not finite; get it again.", path=path, name=name
            )
    return found

"""What a VAE makes of a picture, and the small file that it can be kept in.

The file is safetensors: numbers, a few words beside them, and nothing that could run. It may come from a stranger, so
what its header says is checked before a single number is read.
"""

import contextlib
import json
import os
from dataclasses import dataclass
from typing import Any, BinaryIO, Self

import safetensors.torch
import torch
from torch import Tensor

from deepart.checks import shown, whole_number
from deepart.containers import name_kind, name_of, read_file, write_file
from deepart.errors import ImageError, OptionError, Phrase
from deepart.images import MIN_SIDE

MAX_SIDE = 4096  # pixels of the longer side of a picture
MAX_VALUE = 10_000.0  # of a mean or a deviation; those of pictures stay in the hundreds
MAX_BYTES = 100_000_000  # of a file; that of a picture of 4096 x 4096 pixels has 67 million at most
_MAX_HEADER = 16_384  # bytes; ours have three hundred
_KEY = "deepart"  # of the words beside the numbers


@dataclass(frozen=True, eq=False)
class Latent:
    """What a VAE makes of a picture: a normal distribution for each number of its latent.

    mean, std: float32 on the CPU, std above 0; (1, channels, h, w) of a model with a map for a latent, (1, latent) of
    one with a vector. size: width and height of the picture in pixels. model, version: of the pipeline that made it.

    To change one, take `dataclasses.replace(latent, mean=...)`. Raises OptionError for numbers that no latent has.
    """

    mean: Tensor
    std: Tensor
    size: tuple[int, int]
    model: str
    version: str

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            object.__setattr__(self, name, _check_numbers(name, getattr(self, name)))
        if self.mean.shape != self.std.shape:
            raise OptionError(
                "The latent has {means} means and {deviations} deviations; "
                "it must have as many of the one as of the other.",
                means=_by(self.mean.shape), deviations=_by(self.std.shape),
            )  # fmt: skip
        if not (self.std > 0).all():
            raise OptionError("The latent has a deviation that is not above 0; take one that a VAE made.")
        object.__setattr__(self, "size", check_size(self.size))
        for what, value in (("model", self.model), ("version", self.version)):
            if not isinstance(value, str) or not 0 < len(value) <= 200:
                raise OptionError(
                    "The {what} of the latent is {value}; it must be a name.", what=what, value=shown(value)
                )

    @property
    def spatial(self) -> bool:
        """Whether it is a map, a small picture of many channels; else it is one vector."""
        return self.mean.dim() == 4

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as one safetensors file, which load() reads back to the last bit; raises OptionError."""
        if not isinstance(path, str | os.PathLike) or not str(path).strip():
            raise OptionError("The file for the latent is {path}; give a name.", path=shown(path))
        tensors = {"mean": self.mean, "std": self.std}
        # Those that encode() makes lose nothing; see there.
        if all(torch.equal(tensor.half().float(), tensor) for tensor in tensors.values()):
            tensors = {name: tensor.half() for name, tensor in tensors.items()}
        words = {"task": "vae", "model": self.model, "version": self.version, "size": list(self.size)}
        data = safetensors.torch.save(
            {name: tensor.contiguous() for name, tensor in tensors.items()}, {_KEY: json.dumps(words, sort_keys=True)}
        )
        try:
            write_file(path, data)
        except ImageError as error:
            raise OptionError(error.phrase) from None

    @classmethod
    def load(cls, path_or_file: str | os.PathLike[str] | BinaryIO) -> Self:
        """Read a file that save() wrote: a path, or a file open in binary mode. Runs no code; raises OptionError."""
        try:
            data = read_file(path_or_file, "latent", MAX_BYTES)
        except ImageError as error:
            raise OptionError(error.phrase) from None
        name = "file"
        if isinstance(path_or_file, str | os.PathLike):
            name = Phrase("file {name}", name=name_of(path_or_file))
        length = int.from_bytes(data[:8], "little")
        if len(data) < 9 or data[8:9] != b"{" or length > _MAX_HEADER:
            kind = Phrase("is {kind}", kind=name_kind(data)) if data else "is empty"
            raise OptionError(
                "The {name} {kind}, not a latent; give one that was saved here as a safetensors file.",
                name=name, kind=kind,
            )  # fmt: skip
        try:
            notes = json.loads(data[8 : 8 + length]).get("__metadata__", {})
            tensors = safetensors.torch.load(data)
        except Exception as error:  # safetensors documents none
            raise OptionError("The {name} is damaged or cut short; save the latent again.", name=name) from error
        if set(tensors) != {"mean", "std"}:
            raise OptionError(
                "The {name} holds other tensors than those of a latent; give one that was saved here.", name=name
            )
        words: dict[str, Any] = {}
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):  # what makes no sense says nothing
            words = dict(json.loads(notes[_KEY]))
        if words.get("task") != "vae" or set(words) != {"task", "model", "version", "size"}:
            raise OptionError(
                "The {name} does not say which model made its numbers, so they cannot be used; give one that was "
                "saved here.",
                name=name,
            )
        return cls(tensors["mean"], tensors["std"], words["size"], words["model"], words["version"])


def check_size(size: object) -> tuple[int, int]:
    """Return width and height of a picture, each from MIN_SIDE to MAX_SIDE pixels; raises OptionError for others."""
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise OptionError("The size is {size}; it must be a width and a height in pixels.", size=shown(size))
    named = zip(("width", "height"), size, strict=True)
    width, height = (whole_number(what, side, MIN_SIDE, MAX_SIDE, "of pixels") for what, side in named)
    return width, height


def _check_numbers(name: str, tensor: Any) -> Tensor:
    if not isinstance(tensor, Tensor) or not tensor.is_floating_point() or tensor.layout != torch.strided:
        kind = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
        raise OptionError(
            "The {name} of the latent is of type {kind}; it must be a tensor of fractions.", name=name, kind=kind
        )
    if tensor.dim() not in (2, 4) or tensor.shape[0] != 1 or not tensor.numel():
        raise OptionError(
            "The {name} of the latent has the shape {shape}; it must be (1, channels, h, w) or (1, latent).",
            name=name, shape=tuple(tensor.shape),
        )  # fmt: skip
    found = tensor.detach().to("cpu", torch.float32)
    if not (found.abs() <= MAX_VALUE).all():
        raise OptionError(
            "The {name} of the latent holds numbers that are not finite or beyond {most:,.0f}; take one that a "
            "VAE made.",
            name=name, most=MAX_VALUE,
        )  # fmt: skip
    return found


def _by(shape: torch.Size) -> str:
    return "x".join(map(str, shape[1:]))

"""Checkpoints: a model's folder, checked, read as tensors and nothing else, and written.

A model is a folder: config.json (what to build), model.safetensors (its tensors) and README.md (its card). The folder
is a Hub repository as it stands, so a folder on disk and a repository on the Hub are read by the same lines.
"""

import dataclasses
import hashlib
import json
import math
import os
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from deepart import packed
from deepart.checks import shown
from deepart.errors import DeepArtError, OptionError, Phrase, WeightsError

CONFIG = "config.json"
TENSORS = "model.safetensors"
CARD = "README.md"
FILES = (CONFIG, TENSORS)
MAX_CONFIG_BYTES = 65536  # a config is a handful of numbers; a larger one was not made by us

_MOST = 4096  # what a whole number may be: a config can ask for a thousand million layers

Network = TypeVar("Network", bound=nn.Module)
Config = TypeVar("Config")


def read_config(folder: Path) -> dict[str, Any]:
    """Return what config.json of a model's folder says; raises WeightsError when it is missing or no JSON object."""
    path = folder / CONFIG
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        if len(data) > MAX_CONFIG_BYTES:
            raise ValueError(f"more than {MAX_CONFIG_BYTES} bytes")
        config = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise WeightsError(
            "The file {path} is not JSON ({error}); save the model again.", path=path, error=error
        ) from error
    if not isinstance(config, dict):
        raise WeightsError(
            "The file {path} holds a {kind}, not an object; save the model again.",
            path=path, kind=type(config).__name__,
        )  # fmt: skip
    return config


def check_config(config: Mapping[str, Any], task: str, networks: Iterable[str], folder: Path) -> None:
    """Raise WeightsError for a config of another task or of none of the networks (class names)."""
    path, known = folder / CONFIG, tuple(networks)
    if config.get("task") != task:
        raise WeightsError(
            "The file {path} is for the task {other}; this needs a {task} model.",
            path=path, other=shown(config.get("task")), task=task,
        )  # fmt: skip
    if config.get("class") not in known:
        raise WeightsError(
            "The file {path} is for a network {network}; known for {task} are: {known}.",
            path=path, network=shown(config.get("class")), task=task, known=", ".join(known),
        )  # fmt: skip


def make_config(
    kind: type[Config], values: Mapping[str, Any], folder: Path, besides: Sequence[str] = ("task", "class")
) -> Config:
    """Return the config dataclass that the values of a config.json describe.

    Every field of the dataclass has a default, which also says what type it takes; a value that is absent keeps it.
    besides: keys that belong to somebody else. Lists become tuples. Raises WeightsError for other keys and types.
    """
    defaults: Any = kind()
    fields = [field.name for field in dataclasses.fields(defaults)]
    unknown = [key for key in values if key not in fields and key not in besides]
    if unknown:
        raise WeightsError(
            "The file {path} has {key!r}, which this DeepArt does not know; update it.",
            path=folder / CONFIG, key=unknown[0],
        )  # fmt: skip
    given = {name: _tupled(values[name]) for name in fields if name in values}
    for name, value in given.items():
        if not _alike(value, getattr(defaults, name)):
            example = json.dumps(getattr(defaults, name))
            raise WeightsError(
                "In the file {path}, {name!r} is {value}; it takes a value like {example}.",
                path=folder / CONFIG, name=name, value=json.dumps(value)[:80], example=example,
            )  # fmt: skip
    try:
        return kind(**given)
    except (DeepArtError, ValueError) as error:
        raise WeightsError(
            "The numbers in {path} do not make a network; save the model again.", path=folder / CONFIG
        ) from error


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value


def _alike(value: Any, example: Any) -> bool:
    """Whether a value has the type of the example and is not huge; a tuple may have up to 64 items like the first."""
    if isinstance(example, tuple):
        return isinstance(value, tuple) and len(value) <= 64 and all(_alike(item, example[0]) for item in value)
    if isinstance(example, float):
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is type(example) and (not isinstance(value, int) or value <= _MOST)


def read_tensors(path: Path, names: Sequence[str] | None = None) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors file, or of a .bin, .pt or .pth file, on the CPU; runs no code from it.

    names: of a .safetensors file, read only these. Raises WeightsError for a file that is missing or damaged, lacks a
    name, or holds anything but tensors of finite numbers.
    """
    try:
        path.open("rb").close()  # safetensors has no error of its own for what may not be opened
        if path.suffix == ".safetensors":
            with safetensors.safe_open(path, framework="pt", device="cpu") as stream:
                tensors = {name: stream.get_tensor(name) for name in names or stream.keys()}
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
        tensors = packed.unpack(tensors)
        plain = (tensor.layout == torch.strided and tensor.device.type == "cpu" for tensor in tensors.values())
        if not all(plain) or not all(isinstance(name, str) for name in tensors):
            raise ValueError("It holds other things than named, plain tensors.")
    except OSError as error:
        raise unreadable(path, error) from error
    except Exception as error:  # a damaged file can fail in any way, and each means the same to the user
        raise WeightsError(
            "The file {path} is damaged, or holds more than tensors; get it again.", path=path
        ) from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not _finite(tensor.detach()):
            raise WeightsError(
                "The file {path} has numbers in {name!r} that are not finite; get it again.", path=path, name=name
            )
    return tensors


def _finite(tensor: Tensor) -> bool:
    """Return whether all numbers of a tensor are finite; the extremes tell it, ten times as fast as isfinite()."""
    values = tensor if tensor.dtype.itemsize > 1 else tensor.float()
    return not tensor.numel() or all(math.isfinite(value) for value in values.aminmax())


def load_strict(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy tensors into a module, whose types they take; raises WeightsError when names, shapes or kinds differ."""
    expected = module.state_dict()
    missing = [name for name in expected if name not in tensors]
    extra = [name for name in tensors if name not in expected]
    if missing or extra:
        lacks = Phrase("it lacks {names}", names=_some(missing))
        what = lacks if missing else Phrase("it has {names} too many", names=_some(extra))
        raise WeightsError("The file {path} does not fit the network: {what}.", path=path, what=what)
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape or tensor.is_floating_point() != expected[name].is_floating_point():
            raise WeightsError(
                "The file {path} does not fit the network: {name!r} is {shape} instead of {expected}.",
                path=path, name=name, shape=_shape(tensor), expected=_shape(expected[name]),
            )  # fmt: skip
    if not any(tensor.is_meta for tensor in expected.values()):
        module.load_state_dict(dict(tensors), strict=True)


def move_in(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Give a module on the meta device the tensors of a file, which it must all have; raises WeightsError."""
    load_strict(module, tensors, path)
    # As copies: what was read may still be the file itself, mapped into memory.
    module.load_state_dict({name: tensor.to(torch.float32, copy=True) for name, tensor in tensors.items()}, assign=True)


def build(make: Callable[[], Network], path: Path) -> Network:
    """Return the network that make() describes, with the tensors of a file, on the CPU, ready to use.

    make() is called twice. The first network has shapes but no memory: a config that asks for more than the file holds
    is refused before it costs much. Raises WeightsError.
    """
    tensors = read_tensors(path)
    try:
        with torch.device("meta"):
            sketch = make()
    except Exception as error:  # numbers from a file can break a constructor in any way
        config = path.parent / CONFIG
        raise WeightsError(
            "The numbers in {config} do not make a network; save the model again.", config=config
        ) from error
    load_strict(sketch, tensors, path)
    network = make()
    load_strict(network, tensors, path)
    return network.eval()


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:3])
    return Phrase("{names} and {count} more", names=shown, count=len(names) - 3) if len(names) > 3 else shown


def _shape(tensor: Tensor) -> str:
    return f"{'x'.join(map(str, tensor.shape)) or 'one number'} {str(tensor.dtype).removeprefix('torch.')}"


def digest(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal; raises WeightsError when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError, mend: str = "get it again from where it came from") -> WeightsError:
    """Return our error for a file that cannot be opened; mend: see hub.verify()."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return WeightsError("The file {path} is missing; {mend}.", path=path, mend=mend)
    return WeightsError(
        "The file {path} cannot be read ({reason}); {mend}.", path=path, reason=error.strerror or error, mend=mend
    )


# --- Writing ---------------------------------------------------------------------------------------------------------


def write_folder(
    folder: str | os.PathLike[str], config: Mapping[str, Any], tensors: Mapping[str, Tensor], card: str, *,
    half: bool = True, in_eight_bits: Collection[str] = (),
) -> None:  # fmt: skip
    """Write a model's folder: config.json, model.safetensors and README.md, made new or put in place of old ones.

    config: numbers and names, with "task" and "class". half: store fractions as float16, but for a tensor that would
    overflow. in_eight_bits: names of tensors to store as deepart/packed.py does. Raises OptionError when the folder is
    a file, WeightsError when a tensor is not finite or the disk refuses.
    """
    if not isinstance(folder, str | os.PathLike) or not str(folder).strip():
        raise OptionError(
            "The folder is {folder}; give the name of one, new or with a model in it.", folder=shown(folder)
        )
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise OptionError("{path} is a file; a model is saved as a folder, so give the name of one.", path=path)
    if (path / CARD).exists() and not (path / CONFIG).exists():
        raise OptionError(
            "{path} has a {card} but no model, and would lose it; give another folder.", path=path, card=CARD
        )
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        stored |= _stored(name, tensor, half, name in in_eight_bits)
    contents = {
        TENSORS: safetensors.torch.save(stored),
        CONFIG: (json.dumps(config, indent=2, allow_nan=False) + "\n").encode(),
        CARD: card.encode(),
    }
    try:
        write_files(path, contents)
    except OSError as error:
        raise WeightsError(
            "The model was not saved in {path} ({reason}); choose a folder with space that is yours.",
            path=path, reason=error.strerror or error,
        ) from error  # fmt: skip


def _stored(name: str, tensor: Tensor, half: bool, small: bool) -> dict[str, Tensor]:
    """Return what stands for a tensor in a file: on the CPU, in memory of its own. small: in eight bits."""
    tensor = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    if not tensor.is_floating_point():
        return {name: tensor}
    if not _finite(tensor):
        raise WeightsError("The model was not saved, because {name!r} has numbers that are not finite.", name=name)
    if small:
        return packed.pack(name, tensor)
    return {name: tensor.half() if half and _finite(tensor.half()) else tensor}


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is made if need be; under their names there is never half of one.

    They are written under hidden names beside and then renamed; killed in between, hidden files, `.*.part`, stay.
    Raises OSError when the disk refuses; then all is as it was.
    """
    halves = {name: folder / f".{uuid.uuid4().hex}.part" for name in contents}
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name, half in halves.items():
            half.write_bytes(contents[name])
        for name, half in halves.items():
            os.replace(half, folder / name)
    finally:
        for half in halves.values():
            half.unlink(missing_ok=True)

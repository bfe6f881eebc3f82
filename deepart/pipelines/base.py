"""What every pipeline has in common: made by from_pretrained, written by save_pretrained, on one device."""

import functools
import inspect
import os
import re
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import torch
from PIL import Image
from torch import Tensor

from deepart import checkpoint, hub, packed, registry
from deepart.checks import shown
from deepart.device import pick_device
from deepart.errors import MemoryLimitError, OptionError, Phrase, WeightsError
from deepart.registry import Located

T = TypeVar("T")
Callback = Callable[[int, int, Image.Image | None], None]
"""Called as callback(step, total, preview) during long work; what it raises stops the work and reaches the caller."""


class Pipeline(ABC):
    """A model with the verbs of one job: pictures and plain numbers in, pictures out.

    A subclass names its task and the networks (class names in config.json) that it can build, and says in _load how to
    build one and in _parts what to write.
    """

    task: ClassVar[str]
    networks: ClassVar[tuple[str, ...]]

    name: str
    """The registered name, the name of the folder, or the Hub repository id."""
    version: str
    """Twelve hexadecimal digits that change with the weights; they go into the settings of every picture."""
    device: torch.device
    """The device that the model runs on."""
    on_low_memory: Callable[[], bool] | None = None
    """Called when a verb has run out of memory: frees what it can, and returns whether that is worth a second try."""

    def __init__(self, located: Located, device: torch.device) -> None:
        self.name, self.version, self.device = located.name, located.version, device
        self._located = located

    def __init_subclass__(cls, **options: Any) -> None:
        """Give every verb, which is every public method, the check of its callback and its second try."""
        super().__init_subclass__(**options)
        for name, verb in list(vars(cls).items()):
            if inspect.isfunction(verb) and not name.startswith("_"):
                setattr(cls, name, _tried_again(verb))

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike[str] | None = None, *, device: str | torch.device | None = None
    ) -> Self:
        """Return the pipeline of a model, its weights checked and on the device.

        name: a registered name (see list_models), a local folder that save_pretrained made, or a Hub repository id
        ("org/name", "org/name@revision"); None is the default of the task. device: None picks CUDA, then MPS, then CPU.

        Raises UnknownModelError for a name that is none of these, OptionError for a device that this machine does not
        have, WeightsError when files are missing, damaged, cannot be downloaded, or are for another task or network,
        MemoryLimitError when the weights do not fit into the device's memory.
        """
        target = pick_device(device)
        located = registry.locate(cls.task, name)
        config = located.read_config()
        checkpoint.check_config(config, cls.task, cls.networks, located.folder or Path())
        loading = oom_guard(target, Phrase("loading the model {name!r}", name=located.name))
        with loading, torch.inference_mode(False):  # else the weights could take no part in gradients, later
            return cls._load(located, config, target)

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write the model as a folder that from_pretrained takes, and that is a Hub repository as it stands.

        It holds config.json, model.safetensors and README.md; other files in the folder stay. Fractions are stored as
        float16, and matrices in eight bits, where that loses nothing. Raises OptionError when the folder is a file,
        WeightsError when the disk refuses.
        """
        network, numbers, tensors = self._parts()
        config = {"task": self.task, "class": network, **numbers}
        fractions = {name: value for name, value in tensors.items() if value.is_floating_point()}
        long = {name: value for name, value in fractions.items() if not torch.equal(value.half().float(), value)}
        small = [name for name, value in long.items() if packed.exact(value)]
        half = len(small) == len(long)
        checkpoint.write_folder(folder, config, tensors, self._card(), half=half, in_eight_bits=small)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the weights take; the work on a picture comes on top."""
        return sum(tensor.nbytes for tensor in self._parts()[2].values())

    @classmethod
    @abstractmethod
    def _load(cls, located: Located, config: Mapping[str, Any], device: torch.device) -> Self:
        """Build the pipeline of the weights in located.folder; None: of only the features that located.spec names."""

    @abstractmethod
    def _parts(self) -> tuple[str, Mapping[str, Any], Mapping[str, Tensor]]:
        """Return what save_pretrained writes: the network's class name, its numbers for config.json, its tensors."""

    def _card(self) -> str:
        """Return the README.md: that of the model's own folder, else a new one with the card of its features."""
        located, spec, kind = self._located, self._located.spec, type(self).__name__
        if own := _read_card(located.folder):
            return own
        lines = [
            "---", *([f"license: {spec.licence.lower()}"] if spec is not None else []), "library_name: deepart",
            f"tags: [{self.task}]", "---", f"# {located.name}", "",
            f"A {self.task} model for DeepArt, saved from `{located.name}`, version {located.version}.", "",
            f"    from deepart import {kind}", "",
            f'    pipeline = {kind}.from_pretrained("this folder, or its Hub repository id")', "",
        ]  # fmt: skip
        if spec is not None and spec.features is not None:
            features = _read_card(hub.weights_root() / f"{registry.FEATURES}-{spec.features}")
            lines.append(re.sub(r"\A---\n.*?\n---\n", "", features, flags=re.DOTALL))
        return "\n".join(lines)


@contextmanager
def oom_guard(device: torch.device, doing: str, fits: str = "") -> Iterator[None]:
    """Turn a lack of memory into a MemoryLimitError: "The `device` ran out of memory `doing`; `fits`.".

    fits: what would do with less memory, such as "try size=512"; "" stands for nothing in particular.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # On a CPU torch has no class of its own for it.
        out_of_memory = isinstance(error, MemoryError | torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)
        if not out_of_memory:
            raise
        if device.type == "cpu":
            mend = fits or "close other programs, or choose a smaller model"
        else:
            mend = Phrase("{fits}, or use the CPU (--device cpu)", fits=fits) if fits else "use the CPU (--device cpu)"
        raise MemoryLimitError(
            "The {device} ran out of memory {doing}; {mend}.", device=device, doing=doing, mend=mend
        ) from error


def _tried_again(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Return a verb that checks its callback, and begins once more where on_low_memory() could free something."""

    @functools.wraps(verb)
    def run(self: Pipeline, *args: Any, **options: Any) -> Any:
        check_callback(options.get("callback"))
        return twice(functools.partial(verb, self, *args, **options), self.on_low_memory)

    return run


def twice(work: Callable[[], T], free: Callable[[], bool] | None) -> T:
    """Return what the work returns, done once more where it lacked memory and free() says that it freed some."""
    try:
        return work()
    except MemoryLimitError as error:
        for seen in (error, error.__cause__):  # these keep the frames of the work alive, with its tensors
            traceback.clear_frames(seen.__traceback__ if seen is not None else None)
        if free is None or not free():
            raise
    return work()


def check_callback(callback: Any) -> None:
    """Raise OptionError for what is neither None nor a function."""
    if callback is not None and not callable(callback):
        raise OptionError(
            "The callback is {callback}; it must be a function of step, total and preview.", callback=shown(callback)
        )


def check_one_size(sizes: Iterable[tuple[int, int]]) -> None:
    """Raise OptionError unless all pictures of a batch are of one size, and there is one."""
    found = sorted(set(sizes))
    if len(found) != 1:
        listed = ", ".join(f"{width}x{height}" for width, height in found) or "no"
        raise OptionError("The pictures of a batch are of {sizes} pixels; give pictures of one size.", sizes=listed)


def defaults_of(verb: Callable[..., Any]) -> dict[str, Any]:
    """Return the options of a verb that have a default, and these."""
    parameters = inspect.signature(verb).parameters.items()
    return {name: one.default for name, one in parameters if one.default is not one.empty}


def read_names(config: Mapping[str, Any], count: int, folder: Path) -> list[str]:
    """Return the names that a config has for the `count` directions of its network; raises WeightsError for others."""
    names = config.get("directions_named", [])
    good = isinstance(names, list) and all(isinstance(name, str) and name for name in names)
    if not good or len(set(names)) != len(names) or len(names) != count:
        raise WeightsError(
            "The file {path} names its {count} directions as {names}; it takes as many different names.",
            path=folder / checkpoint.CONFIG, count=count, names=shown(names),
        )  # fmt: skip
    return list(names)


def _read_card(folder: Path | None) -> str:
    """Return the README.md of a folder, which carries licences and credits; "" where there is none."""
    try:
        return (folder / checkpoint.CARD).read_text("utf-8") if folder is not None else ""
    except (OSError, UnicodeDecodeError):
        return ""

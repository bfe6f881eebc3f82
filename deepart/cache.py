"""The models at hand: each pipeline is loaded once, on its first use, and leaves when others need the room."""

import gc
import threading
import time
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import torch

from deepart import checkpoint, memory, registry
from deepart.checks import whole_number
from deepart.device import pick_device
from deepart.errors import DeepArtError, OptionError
from deepart.hub import Progress
from deepart.pipelines.base import Pipeline, twice
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.registry import Located, get_spec

P = TypeVar("P", bound=Pipeline)
Key = tuple[str, str]
"""Task and name of a model."""


class Studio:
    """Loads pipelines on demand and keeps them, least recently used first to go, within a bound of memory.

    A pipeline is in use as long as anybody but the studio holds it. It then never leaves, because that would free
    nothing, and the next visitor would load it a second time beside it. So whoever is done with a pipeline drops it.

    Its methods may be called from many threads at once. Visitors who want the same model cause one download and one
    load; those who want different ones do not wait for each other.
    """

    at_once = 1
    """Jobs that may run at the same time: they would only take the machine from each other."""

    def __init__(self, *, device: str | torch.device | None = None, memory_limit: int | None = None) -> None:
        """device: None picks CUDA, then MPS, then CPU.

        memory_limit: bytes that the weights kept may take together; None is half of the memory that the machine, the
        container, or the GPU has to spare now. Pipelines in use always stay, even over the limit.
        """
        self.device = pick_device(device)
        bound = memory.weights_bound(self.device) if memory_limit is None else memory_limit
        self.memory_limit = whole_number("memory limit", bound, 0, 2**63, "of bytes")
        self._lock = threading.Lock()  # held for moments, to look after the two below
        self._kept: OrderedDict[Key, Pipeline | None] = OrderedDict()  # least recently used first
        self._coming: dict[Key, int] = {}  # bytes of the models that are being loaded
        self._added: dict[Key, Located] = {}
        self._locks: defaultdict[Key, threading.Lock] = defaultdict(threading.Lock)  # held while a model is loaded
        self.on_load: Callable[[str, str, float], object] | None = None
        """Hears of each model that was loaded: its task, its name, the seconds that it took, download not included."""

    def gan(self, name: str | None = None) -> GANPipeline:
        """Return the pipeline of a generator, registered or added; None: the default one. Raises as from_pretrained."""
        return self._get("gan", name, GANPipeline)

    def style(self, name: str | None = None) -> StyleTransferPipeline:
        """Return the style transfer pipeline of a model; see gan()."""
        return self._get("style", name, StyleTransferPipeline)

    def vae(self, name: str | None = None) -> VAEPipeline:
        """Return the pipeline of an autoencoder; see gan()."""
        return self._get("vae", name, VAEPipeline)

    def add(self, task: str, name: str) -> str:
        """Make a model known that is not registered, and return its name from now on: the folder's or repository's.

        name: a local folder or a Hub repository with a model that save_pretrained made. It is downloaded and loaded
        now, so that who starts the studio is told what is wrong with it, and not a visitor. Not for visitors: any
        folder will do. Raises as from_pretrained, and OptionError where there is a model of that name already.
        """
        located = registry.locate(task, name)
        if located.spec is not None:
            return located.name
        key = task, located.name
        if key in registry.REGISTRY or self._added.get(key, located) != located:
            raise OptionError(
                "There is a {task} model {name!r} already; give the folder another name.", task=task, name=located.name
            )
        if key not in self._added:
            self._added[key] = located
            try:
                getattr(self, task)(located.name)
            except DeepArtError:
                del self._added[key]
                raise
        return located.name

    def added(self, task: str) -> list[str]:
        """Return the names of the models of a task that add() has made known."""
        return [name for kind, name in self._added if kind == task]

    @property
    def loaded(self) -> dict[Key, int]:
        """The models that are loaded now, and the bytes of each."""
        with self._lock:
            return {key: pipeline.nbytes for key, pipeline in self._kept.items() if pipeline is not None}

    def is_loaded(self, task: str, name: str) -> bool:
        """Tell whether a model is in memory, so that it can begin at once."""
        return (task, name) in self.loaded

    def preload(self) -> Iterator[Key]:
        """Load each model whose files are here, and yield its task and name after that; raises as from_pretrained.

        Those that no longer fit into the memory limit let the first ones go again.
        """
        here = [spec for spec in registry.REGISTRY.values() if spec.task in registry.TASKS and spec.here]
        for task, name in [*self._added, *((spec.task, spec.name) for spec in here)]:
            getattr(self, task)(name)
            yield task, name

    def fetch(self, task: str, name: str | None = None, progress: Progress | None = None) -> None:
        """Make sure that a model's files are here, those of its features included, without loading it.

        progress: as of registry.fetch(). Visitors who want the same model cause one download; each sees how far it is
        and may leave.
        """
        key = self._key(task, name)
        if key not in self._added:
            registry.fetch(get_spec(*key), progress)
        elif progress is not None:
            size, _ = self._source(key)
            progress(size, size)

    def version(self, task: str, name: str | None = None) -> str:
        """Return what tells the weights of a registered model from others, as its pictures carry it; loads nothing."""
        return registry.version(get_spec(task, name))

    def _key(self, task: str, name: str | None) -> Key:
        """Return the key of a model, added or registered. A visitor's name never leads to a folder or a repository."""
        added = isinstance(name, str) and (task, name) in self._added
        return task, str(name) if added else get_spec(task, name).name

    def _get(self, task: str, name: str | None, kind: type[P]) -> P:
        key = self._key(task, name)
        with self._lock:
            lock = self._locks[key]
        with lock:
            with self._lock:
                pipeline = self._kept.get(key)
                if key in self._kept:
                    self._kept.move_to_end(key)
            if not isinstance(pipeline, kind):
                pipeline = self._load(key, kind)
        with self._lock:
            # A model may take more than its files do, and may have grown since it was loaded.
            self._make_room(0, besides=key)
        return pipeline

    def _source(self, key: Key) -> tuple[int, str]:
        """Return the bytes of a model, and what from_pretrained takes for it, after its files are here."""
        located = self._added.get(key)
        if located is not None and located.folder is not None:  # a repository stays at the commit that it had at first
            files = [located.folder / name for name in checkpoint.FILES]
            pinned = f"{key[1]}@{located.folder.name}" if "/" in key[1] else str(located.folder)
            return sum(file.stat().st_size for file in files), pinned
        spec = get_spec(*key)
        if not spec.here:
            registry.fetch(spec)  # before others make room: it may take long, or fail
        return spec.size or 0, spec.name

    def _load(self, key: Key, kind: type[P]) -> P:
        """Load a pipeline after making room for its files, and keep it.

        Where the device lacks the memory even so, it is tried once more after all that are not in use have left.
        """
        size, source = self._source(key)
        began = time.monotonic()
        with self._lock:
            self._make_room(size, besides=key)
            self._coming[key] = size
        try:
            relieve = partial(self._relieve, key)
            pipeline = twice(partial(kind.from_pretrained, source, device=self.device), relieve)
            pipeline.on_low_memory = relieve
            with self._lock:
                self._kept[key] = pipeline
        finally:
            with self._lock:
                self._coming.pop(key, None)
        if self.on_load is not None:
            self.on_load(*key, time.monotonic() - began)
        return pipeline

    def _relieve(self, key: Key) -> bool:
        """Let all other pipelines go that are not in use, and return whether there was one."""
        with self._lock:
            found = [self._let_go(other) for other in list(self._kept) if other != key]
        memory.give_back(self.device)
        return any(found)

    def _make_room(self, size: int, besides: Key) -> None:
        """Let pipelines go until `size` more bytes are within the limit, or none is left that is not in use."""
        for key in list(self._kept):
            taken = sum(kept.nbytes for kept in self._kept.values() if kept is not None) + sum(self._coming.values())
            if taken + size <= self.memory_limit:
                return
            if key != besides:
                self._let_go(key)

    def _let_go(self, key: Key) -> bool:
        """Drop a pipeline unless somebody else holds it, which keeps it in its place; return whether it has gone."""
        watch = weakref.ref(self._kept[key])
        self._kept[key] = None
        if watch() is not None:
            gc.collect()  # a pipeline and its parts may hold each other
        self._kept[key] = watch()
        if self._kept[key] is not None:
            return False
        del self._kept[key]
        return True

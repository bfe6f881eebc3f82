"""The models at hand: each pipeline is loaded once, on its first use, and leaves when others need the room."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch

from deepart import hub, memory, registry
from deepart.checks import shown, whole_number
from deepart.device import pick_device
from deepart.errors import DeepArtError, MemoryLimitError, OptionError, UnknownModelError, WeightsError
from deepart.hub import Progress
from deepart.pipelines.base import Pipeline, forget_work
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.registry import Located, get_spec

MOST_OF_REPO = 300_000_000  # bytes of a file, where any repository may be loaded
MOST_OF_REPOS = 10 * MOST_OF_REPO  # and of all such repositories together

P = TypeVar("P", bound=Pipeline)
Key = tuple[str, str]
"""Task and name of a model."""


class Studio:
    """Loads pipelines on demand and keeps them, least recently used first to go, within a bound of memory.

    A pipeline is in use as long as anybody but the studio holds it: a job that runs, or one that waits for its turn. It
    then never leaves, because that would free nothing, and the next visitor would load it a second time beside it. So
    whoever is done with a pipeline drops it, and asks for it again when it is wanted again.

    One studio serves all visitors of an app: its methods may be called from many threads at once. Visitors who want the
    same model cause one download and one load; those who want different ones do not wait for each other.
    """

    at_once = 1
    """Jobs that may run at the same time: they would only take the machine from each other."""

    def __init__(
        self,
        *,
        device: str | torch.device | None = None,
        memory_limit: int | None = None,
        allow_any_repo: bool = False,
    ) -> None:
        """device: None picks CUDA, then MPS, then CPU.

        memory_limit: bytes that the weights kept may take together; None is half of the memory that the machine, the
        container, or the GPU has to spare now. Pipelines in use always stay, even over the limit.

        allow_any_repo: let a name be a Hub repository, "org/name", with a model that save_pretrained made. Each has
        files of 300 MB at most, and all together 3 GB. A folder is never taken: visitors choose the names.
        """
        self.device = pick_device(device)
        bound = memory.weights_bound(self.device) if memory_limit is None else memory_limit
        self.memory_limit = whole_number("memory limit", bound, 0, 2**63, "of bytes")
        self._lock = threading.Lock()  # held for moments, to look after the two below
        self._kept: OrderedDict[Key, Pipeline | None] = OrderedDict()  # least recently used first
        self._coming: dict[Key, int] = {}  # bytes of the models that are being loaded
        self.allow_any_repo = allow_any_repo
        self._repos: dict[Key, Path] = {}  # folders of repositories that are not registered
        self._taken: set[Path] = set()  # all such folders that have been downloaded, those of bad models too
        self._asked = 0  # repositories that are being downloaded
        self._added: dict[Key, Located] = {}
        self._doors: defaultdict[Key, threading.Lock] = defaultdict(threading.Lock)  # held while a model is loaded
        self.on_load: Callable[[str, str, float], object] | None = None
        """Hears of each model that was loaded: its task, its name, the seconds that it took, download not included."""

    def gan(self, name: str | None = None) -> GANPipeline:
        """Return the pipeline of a registered generator; None: the default one.

        Raises UnknownModelError, WeightsError or MemoryLimitError as from_pretrained does.
        """
        return self._get("gan", name, GANPipeline)

    def style(self, name: str | None = None) -> StyleTransferPipeline:
        """Return the style transfer pipeline of a registered model; None: the default one.

        Raises UnknownModelError, WeightsError or MemoryLimitError as from_pretrained does.
        """
        return self._get("style", name, StyleTransferPipeline)

    def vae(self, name: str | None = None) -> VAEPipeline:
        """Return the pipeline of a registered autoencoder; None: the default one.

        Raises UnknownModelError, WeightsError or MemoryLimitError as from_pretrained does.
        """
        return self._get("vae", name, VAEPipeline)

    def add(self, task: str, name: str) -> str:
        """Make a model known that is not registered, and return the name that it has here from now on.

        name: a local folder or a Hub repository with a model that save_pretrained made, as from_pretrained takes it; it
        is downloaded and loaded now, so that who starts the studio is told what is wrong with it, and not a visitor.
        The name is that of the folder, or the repository's. Not for visitors: any folder will do.

        Raises UnknownModelError, OptionError, WeightsError or MemoryLimitError as from_pretrained does, and OptionError
        where there is a model of that name already.
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
        """Load each model whose files are here, and yield its task and name after that.

        Those that no longer fit into the memory limit let the first ones go again.

        Raises WeightsError or MemoryLimitError as from_pretrained does.
        """
        here = [spec for spec in registry.REGISTRY.values() if spec.task in registry.TASKS and spec.here]
        for task, name in [*self._added, *((spec.task, spec.name) for spec in here)]:
            getattr(self, task)(name)
            yield task, name

    def fetch(self, task: str, name: str | None = None, progress: Progress | None = None) -> None:
        """Make sure that a registered model's files are here, those of its features included, without loading it.

        progress: called as progress(done, total) in bytes, at the beginning, while files come, and at the end; total is
        None as long as it is not known. What it raises stops the download, leaves nothing half-written, and reaches the
        caller. Visitors who want the same model cause one download; each sees how far it is and may leave.

        Raises UnknownModelError or WeightsError as from_pretrained does.
        """
        if self._is_other(task, name):
            self._fetch_other(task, str(name), progress)
        else:
            registry.fetch(get_spec(task, name), progress)

    def version(self, task: str, name: str | None = None) -> str:
        """Return what tells the weights of a registered model from others, as its pictures carry it; loads nothing.

        Raises UnknownModelError as from_pretrained does.
        """
        return registry.version(get_spec(task, name))

    def _get(self, task: str, name: str | None, kind: type[P]) -> P:
        other = self._is_other(task, name)
        key = (task, str(name) if other else get_spec(task, name).name)
        with self._lock:
            door = self._doors[key]
        with door:
            pipeline = self._find(key)
            if not isinstance(pipeline, kind):
                size, where = self._fetched(*key) if not other else self._fetch_other(*key)
                began = time.monotonic()
                try:
                    pipeline = self._load(key, size, partial(kind.from_pretrained, where, device=self.device))
                except WeightsError:
                    with self._lock:
                        self._repos.pop(key, None)  # its owner may mend it: the next try asks for the newest commit
                    raise
                if self.on_load is not None:
                    self.on_load(*key, time.monotonic() - began)
        with self._lock:
            # A model may take more than its files do, and may have grown since it was loaded.
            self._make_room(0, besides=key)
        return pipeline

    def _is_other(self, task: str, name: str | None) -> bool:
        """Return whether a name is not registered and yet a model's: one that add() knows, or a Hub repository.

        Raises UnknownModelError for a repository where these are not allowed.
        """
        if not isinstance(name, str) or (task, name) in registry.REGISTRY:
            return False
        if (task, name) in self._added:
            return True
        if "/" not in name:
            return False
        if not self.allow_any_repo:
            raise UnknownModelError(
                "There is no {task} model {name} here; Hub repositories are taken where DeepArt is started "
                "with --allow-any-repo.",
                task=task, name=shown(name),
            )  # fmt: skip
        if (hub.parse_repo(name) or (None, ""))[1] is not None:
            raise UnknownModelError("{name} is no Hub repository; give one like org/name.", name=shown(name))
        return True

    def _fetched(self, task: str, name: str) -> tuple[int, str]:
        """Return the bytes of a registered model, and what from_pretrained takes for it, after its files are here."""
        spec = get_spec(task, name)
        if not spec.here:
            registry.fetch(spec)  # before others make room: it may take long, or fail
        return spec.size or 0, name

    def _fetch_other(self, task: str, name: str, progress: Progress | None = None) -> tuple[int, str]:
        """Return the same of another model; a repository stays at the commit that it had at first."""
        added = self._added.get((task, name))
        if added is not None and added.folder is not None:
            size = _size_of(added.folder)
            if progress is not None:
                progress(size, size)
            pinned = f"{name}@{added.folder.name}" if "/" in name else str(added.folder)
            return size, pinned
        with self._lock:
            folder = self._repos.get((task, name))
            # What others are downloading now counts as if it were as large as it may be.
            taken = sum(_size_of(other) for other in self._taken) + self._asked * MOST_OF_REPO
            if folder is None and taken > MOST_OF_REPOS:
                raise MemoryLimitError(
                    "Enough repositories have been loaded here, {gigabytes:.1f} GB; use one of them.",
                    gigabytes=taken / 1e9,
                )
            self._asked += folder is None
        if folder is None:
            try:
                folder = hub.fetch(name, progress=progress, most=MOST_OF_REPO, token=False)
            finally:
                with self._lock:
                    self._asked -= 1
            with self._lock:
                self._taken.add(folder)
                folder = self._repos.setdefault((task, name), folder)  # another visitor may have been here first
        elif progress is not None:
            progress(_size_of(folder), _size_of(folder))
        return _size_of(folder), f"{name}@{folder.name}"

    def _find(self, key: Key) -> Pipeline | None:
        """Return a pipeline that is kept, as the one used last."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _load(self, key: Key, size: int, load: Callable[[], P]) -> P:
        """Load a pipeline after making room for its files of `size` bytes, and keep it.

        Where the device lacks the memory even so, it is tried once more after all that are not in use have left.
        """
        with self._lock:
            self._make_room(size, besides=key)
            self._coming[key] = size
        try:
            try:
                return self._keep(key, load())
            except MemoryLimitError as error:
                forget_work(error)
                if not self._relieve(key):
                    raise
            return self._keep(key, load())
        finally:
            with self._lock:
                self._coming.pop(key, None)

    def _keep(self, key: Key, pipeline: P) -> P:
        pipeline.on_low_memory = partial(self._relieve, key)
        with self._lock:
            self._kept[key] = pipeline
            self._kept.move_to_end(key)
        return pipeline

    def _relieve(self, key: Key) -> bool:
        """Let all other pipelines go that are not in use, and return whether there was one."""
        with self._lock:
            found = self._let_go([other for other in self._kept if other != key])
        memory.give_back(self.device)
        return found

    def _make_room(self, size: int, besides: Key) -> None:
        """Let pipelines go until `size` more bytes are within the limit, or none is left that is not in use."""
        for key in list(self._kept):
            taken = sum(kept.nbytes for kept in self._kept.values() if kept is not None) + sum(self._coming.values())
            if taken + size <= self.memory_limit:
                return
            if key != besides:
                self._let_go([key])

    def _let_go(self, keys: Iterable[Key]) -> bool:
        """Drop pipelines that nobody else holds, and return whether there was one. Those in use keep their places."""
        found = False
        for key in keys:
            watch = weakref.ref(self._kept[key])
            self._kept[key] = None
            if watch() is not None:
                gc.collect()  # a pipeline and its parts may hold each other
            self._kept[key] = watch()
            if self._kept[key] is None:
                del self._kept[key]
                found = True
        return found


def _size_of(folder: Path) -> int:
    """Return the bytes of a model's files; its card and what else lies there do not count."""
    return sum((folder / name).stat().st_size for name in (hub.CONFIG, hub.TENSORS) if (folder / name).exists())

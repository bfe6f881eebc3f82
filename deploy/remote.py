"""The models of a cluster, as the page knows those of one machine: a studio whose pipelines work elsewhere."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from ray.exceptions import NodeDiedError, ObjectLostError, RayActorError, WorkerCrashedError
from ray.serve.exceptions import DeploymentUnavailableError, RequestCancelledError
from ray.serve.handle import DeploymentHandle

from deepart import Studio
from deepart.errors import DeepArtError, OptionError
from deepart.hub import Progress
from deepart.pipelines.base import Callback, check_callback
from deepart.registry import REGISTRY, TASKS
from deploy.messages import KINDS, QUICK, Facts, Failed, Made, Request, Told, verbs_of

LOST = RayActorError, WorkerCrashedError, NodeDiedError, ObjectLostError, DeploymentUnavailableError
"""What Ray raises where a replica has gone, or its machine with what it has made."""
BEAT = 0.5
"""Seconds without news after which a callback is called all the same: it may want to stop."""


GONE = "The machine that worked on this was lost; please start it again."


class LostError(DeepArtError):
    """The replica that worked on a request has gone."""


class RemotePipeline:
    """A pipeline that lives in a pool of replicas: the properties and verbs of its class in deepart.pipelines.

    Its verbs wait for a replica that is free. A callback hears of the steps as it does on one machine, and what it
    raises stops the work there. A verb without a callback whose replica is lost is done again by another, once, since
    the same arguments give the same result; one with a callback whose steps somebody has seen is not.

    Verbs raise what the pipeline raises there, and LostError.
    """

    def __init__(self, pool: DeploymentHandle, task: str, model: str | None, facts: Facts) -> None:
        self.task = task
        self._pool, self._model = pool, model
        self._facts = facts

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):  # which are set by now, but while a copy is made of this
            if name in self._facts.values:
                return self._facts.values[name]
            if name in verbs_of(KINDS[self.task]):
                return partial(self._do, name)
        raise AttributeError(f"A remote {self.__dict__.get('task')} pipeline has no {name!r}.")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._facts.values, *verbs_of(KINDS[self.task])]

    def _do(self, verb: str, /, *args: Any, callback: Callback | None = None, **options: Any) -> Any:
        check_callback(callback)
        request = Request(self.task, self._model, verb, args, options, watched=callback is not None)
        if verb in QUICK:
            return _again(lambda: _value(self._pool.quick.remote(request).result()))
        seen = _Seen(callback)
        return _again(lambda: self._follow(request, seen), lambda: not seen.steps)

    def _follow(self, request: Request, seen: _Seen) -> Any:
        messages = self._pool.options(stream=True).work.remote(request)
        news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        # Beside this thread, since the next message may be long in coming: no replica may even be free yet.
        threading.Thread(target=_read, args=(messages, news), name="deepart-news", daemon=True).start()
        try:
            while True:
                try:
                    message = news.get(timeout=BEAT)
                except queue.Empty:
                    seen.beat()
                    continue
                if isinstance(message, BaseException):
                    raise message
                if isinstance(message, Made | Failed):
                    return _value(message)
                seen.hear(message)
        except BaseException:
            # A callback's wish to stop, for one; the replica hears of it within a step, unless it is lost.
            with contextlib.suppress(Exception):
                messages.cancel()
            raise


def _read(messages: Iterable[Any], news: queue.SimpleQueue[Any]) -> None:
    """Pass on all messages, or what goes wrong with them; the end without a last one is that, too."""
    try:
        for message in messages:
            news.put(message)
            if isinstance(message, Made | Failed):
                return
        news.put(LostError(GONE))
    except BaseException as error:
        news.put(error)


class _Seen:
    """Passes messages on to a callback."""

    def __init__(self, callback: Callback | None) -> None:
        self._callback = callback
        self.steps = 0
        self._last = 0, 1

    def hear(self, told: Told) -> None:
        """Pass on a step."""
        if self._callback is not None:
            self.steps += 1
            self._last = told.step, told.total
            self._callback(told.step, told.total, told.preview)

    def beat(self) -> None:
        """Say the last step again; before the first, that none of one is done."""
        if self._callback is not None and self._last[0] < self._last[1]:
            self._callback(*self._last, None)


def _value(message: Made | Failed) -> Any:
    if isinstance(message, Failed):
        raise message.error
    return message.value


def _again(ask: Callable[[], Any], pure: Callable[[], bool] = lambda: True) -> Any:
    """Return what is asked, once more where the replica that was asked is lost and nobody has seen it work."""
    try:
        try:
            return ask()
        except LOST:
            if not pure():
                raise
            return ask()
    except (*LOST, RequestCancelledError) as error:
        raise LostError(GONE) from error


class RemoteStudio:
    """The models of a cluster; has the methods of deepart.Studio, so that build_app takes the one for the other.

    Files are looked after on two sides: each replica fetches, checks and loads what it needs, by the same code as on
    one machine, and the machine of the page fetches what a visitor asks for too, so that its menus say what is there.
    """

    def __init__(
        self, pools: Mapping[str, DeploymentHandle], *, device: str = "cpu", at_once: int = 1,
        added: Mapping[str, list[str]] | None = None,
    ) -> None:  # fmt: skip
        """pools: of the tasks. device: what the replicas work on, for the page's first guess at how long it takes.

        at_once: jobs that may run at the same time. added: names of the models that the replicas have beside the
        registered ones, by task.
        """
        self.device = torch.device(device)
        self.at_once = at_once
        self.on_load: Callable[[str, str, float], object] | None = None
        self._pools = dict(pools)
        self._added = {task: list(names) for task, names in (added or {}).items()}
        self._known: dict[tuple[str, str | None], RemotePipeline] = {}
        self._lock = threading.Lock()
        # Looks after files on this machine, with the rules for names; it loads nothing.
        self._files = Studio(device="cpu", memory_limit=0)

    def gan(self, name: str | None = None) -> RemotePipeline:
        """Return the pipeline of a generator; see Studio.gan."""
        return self._get("gan", name)

    def style(self, name: str | None = None) -> RemotePipeline:
        """Return the style transfer pipeline of a model; see Studio.style."""
        return self._get("style", name)

    def vae(self, name: str | None = None) -> RemotePipeline:
        """Return the pipeline of an autoencoder; see Studio.vae."""
        return self._get("vae", name)

    def add(self, task: str, name: str) -> str:
        """Raise OptionError: the replicas are told of further models when they start; see `models` in serve.yaml."""
        raise OptionError(
            "A running cluster takes no further {task} model like {name!r}; name it in serve.yaml.",
            task=task,
            name=name,
        )

    def added(self, task: str) -> list[str]:
        """Return the names of the models of a task that are not registered."""
        return list(self._added.get(task, []))

    @property
    def memory_limit(self) -> int:
        """Bytes that this process keeps of weights: none; the replicas have limits of their own."""
        return self._files.memory_limit

    @property
    def loaded(self) -> dict[tuple[str, str], int]:
        """The models that a replica has loaded for this page, and the bytes of each in one replica."""
        with self._lock:
            known = list(self._known.items())
        return {(task, pipeline.name): pipeline.nbytes for (task, _), pipeline in known}

    def is_loaded(self, task: str, name: str) -> bool:
        """Tell whether a replica has loaded a model for this page."""
        return (task, name) in self.loaded

    def preload(self) -> Iterator[tuple[str, str]]:
        """Let a replica of each pool load each model whose files are here, and yield its task and name after that."""
        names = [(task, name) for task in TASKS for name in self.added(task)]
        names += [(spec.task, spec.name) for spec in REGISTRY.values() if spec.task in TASKS and spec.here]
        for task, name in names:
            self._get(task, name)
            yield task, name

    def fetch(self, task: str, name: str | None = None, progress: Progress | None = None) -> None:
        """Make sure that a model's files are on this machine; see Studio.fetch."""
        if name not in self.added(task):
            self._files.fetch(task, name, progress)

    def version(self, task: str, name: str | None = None) -> str:
        """Return what tells the weights of a registered model from others; see Studio.version."""
        return self._files.version(task, name)

    def _get(self, task: str, name: str | None) -> RemotePipeline:
        key = task, name
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known
        pool = self._pools[task]
        facts = _again(lambda: pool.facts.remote(name).result())
        if isinstance(facts, Failed):
            raise facts.error
        if self.on_load is not None and facts.load_seconds is not None:
            self.on_load(task, facts.values["name"], facts.load_seconds)
        with self._lock:
            return self._known.setdefault(key, RemotePipeline(pool, task, name, facts))

"""Long work for visitors: each job in a thread of its own and in its turn, stopped when asked or when nobody waits."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

from PIL import Image

T = TypeVar("T")
Callback = Callable[[int, int, Image.Image | None], None]
Work = Callable[[Callback], T]
Slot = AbstractContextManager[Any]
"""A lock, or a semaphore, which work holds while it runs."""


class Stopped(Exception):  # noqa: N818, it is no error: it carries a wish out of a pipeline's callback
    """The visitor, or the visitor's leaving, stops the work."""


@dataclass(frozen=True)
class Moment:
    """How far a job is: steps done of how many, the newest preview, and the step at which that was made."""

    step: int = 0
    total: int = 0
    preview: Image.Image | None = None
    shown: int = 0


class Job(Generic[T]):
    """One piece of work with a callback; watch it from the thread that serves the visitor."""

    def __init__(self, work: Work[T], slot: Slot) -> None:
        self._work = work
        self._slot = slot
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._moment = Moment()
        self._done = False
        self._made: T | None = None
        self._error: BaseException | None = None
        self.began = time.monotonic()  # set again when the work has the machine to itself

    def start(self) -> None:
        """Begin, in a thread of its own."""
        threading.Thread(target=self._run, name="deepart-job", daemon=True).start()

    def stop(self) -> None:
        """Ask the work to end; it does so within one step, unless that is the last."""
        self._stop.set()

    def watch(self, every: float = 0.5, pause: float = 0.2, patience: float = 0.0) -> Iterator[Moment]:
        """Yield the newest moment, at least every so many seconds and not more often than the pause, until it is done.

        Moments in between are skipped: a fast machine makes more than a page can show. patience: seconds before the
        first; work that is done by then has none.
        """
        if patience:
            with self._news:
                self._news.wait_for(lambda: self._done, patience)
        seen = self._moment
        while not self._done:
            yield seen
            with self._news:
                self._news.wait_for(lambda: self._done, pause)
                self._news.wait_for(partial(self._newer, seen), every - pause)
                seen = self._moment

    def _newer(self, seen: Moment) -> bool:
        return self._done or self._moment is not seen

    @property
    def moment(self) -> Moment:
        """The newest moment."""
        return self._moment

    def result(self) -> T | None:
        """Return what the work has made once it is done, None when it was stopped; raises what the work raised."""
        if self._error is not None:
            raise self._error
        return self._made

    def _run(self) -> None:
        try:
            # Gradio's queue lets no more jobs run at a time either, but it gives the place away as soon as a visitor is
            # gone, when the last step of the work may still be running.
            with self._slot:
                self.began = time.monotonic()
                if not self._stop.is_set():
                    self._made = self._work(self._note)
        except Stopped:
            pass
        except BaseException as error:
            self._error = error
        finally:
            with self._news:
                self._done = True
                self._news.notify_all()

    def _note(self, step: int, total: int, preview: Image.Image | None) -> None:
        with self._news:
            self._moment = replace(self._moment, step=step, total=total)
            if preview is not None:
                self._moment = replace(self._moment, preview=preview, shown=step)
            self._news.notify_all()
        if self._stop.is_set() and step < total:  # after the last step there is nothing left to spare
            raise Stopped


class Jobs:
    """The jobs of all visitors of one app: what runs, and for whom."""

    def __init__(self, at_once: int = 1) -> None:
        """at_once: jobs that may run at the same time."""
        self._slot = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._running: defaultdict[str, set[Job[Any]]] = defaultdict(set)

    @contextmanager
    def run(self, visitor: str, work: Work[T], slot: Slot | None = None) -> Iterator[Job[T]]:
        """Start a job for a visitor; it is stopped at the end of the context, which a closed generator reaches too.

        slot: what it has to itself while it runs; None is a place on the machine, for which it waits.
        """
        job = Job(work, slot or self._slot)
        with self._lock:
            self._running[visitor].add(job)
        try:
            job.start()
            yield job
        finally:
            job.stop()
            with self._lock:
                self._running[visitor].discard(job)
                if not self._running[visitor]:
                    del self._running[visitor]

    def do(self, visitor: str, work: Work[T]) -> T | None:
        """Let a short job be done and return its result, None when it was stopped; raises what the work raised."""
        with self.run(visitor, work) as job:
            for _ in job.watch(every=0.05, pause=0.0):
                pass
            return job.result()

    def stop(self, visitor: str) -> None:
        """Stop the jobs of one visitor; those of others go on."""
        with self._lock:
            for job in self._running.get(visitor, ()):
                job.stop()

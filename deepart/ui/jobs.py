"""The work of all visitors: each job in a thread of its own and in its turn, stopped when asked or when left."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

import gradio as gr
from PIL import Image

from deepart.ui.inputs import Fault, sentences, visitor

T = TypeVar("T")
Callback = Callable[[int, int, Image.Image | None], None]
Work = Callable[[Callback], T]
Slot = AbstractContextManager[Any]
"""A lock, or a semaphore, which work holds while it runs."""
_KNOWN = 0.05  # share of the work after which the time left can be told


class Stopped(Exception):  # noqa: N818, it is no error: it carries a wish out of a pipeline's callback
    """The visitor, or the visitor's leaving, stops the work."""


@dataclass(frozen=True)
class Step(Generic[T]):
    """How far work is. The last step that stream() yields is `done` and has what the work made.

    step, total: steps done of how many; 0 before the first. share: of the work that is done, 0 to 1. left: seconds,
    None where nobody knows. seconds: since the work has its place. preview: the newest picture, made after step
    `preview_step`. fresh: whether the step before had another preview. stopping: a wish to stop was heard. made: None
    before the end, and at the end of work that was stopped.
    """

    step: int = 0
    total: int = 0
    share: float = 0.0
    left: float | None = None
    seconds: float = 0.0
    preview: Image.Image | None = None
    preview_step: int = 0
    fresh: bool = False
    stopping: bool = False
    done: bool = False
    made: T | None = None


@dataclass(frozen=True)
class Done:
    """A request that has ended, for who keeps books. It holds nothing of the visitor.

    name: "/stylize", or "page paint". outcome: ok; refused, a mistake of the visitor's; stopped; failed, our fault.
    waited: seconds from its arrival to its place on the machine. seconds: from there to its end.
    """

    name: str
    outcome: Literal["ok", "refused", "stopped", "failed"]
    waited: float
    seconds: float


class _Job(Generic[T]):
    """Work in a thread of its own; stream() watches it from the thread that serves the visitor."""

    def __init__(self, work: Work[T], slot: Slot) -> None:
        self._work, self._slot = work, slot
        self._context = contextvars.copy_context()  # which knows the visitor's language
        self.news = threading.Condition()
        self.now: Step[T] = Step()
        self.began: float | None = None
        self._step_at = 0.0
        self._share: Callable[[int, int], float] | None = None
        self.error: BaseException | None = None

    def start(self, share: Callable[[int, int], float] | None) -> None:
        self._share = share
        threading.Thread(target=self._context.run, args=(self._run,), name="deepart-job", daemon=True).start()

    def stop(self) -> None:
        """Ask the work to end; it does so within one step, unless that is the last."""
        self._tell(stopping=True)

    def _tell(self, **changes: Any) -> None:
        with self.news:
            self.now = replace(self.now, **changes)
            self.news.notify_all()

    def _run(self) -> None:
        made = None
        try:
            # Gradio's queue lets no more jobs run at a time either, but it gives the place away as soon as a visitor is
            # gone, when the last step of the work may still be running.
            with self._slot:
                self.began = time.monotonic()
                if not self.now.stopping:
                    made = self._work(self._note)
        except Stopped:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self._tell(done=True, made=made, seconds=self.seconds())

    def _note(self, step: int, total: int, preview: Image.Image | None) -> None:
        self._step_at = self.seconds()
        share = (step / total if total else 0.0) if self._share is None else self._share(step, total)
        shown = {} if preview is None else {"preview": preview, "preview_step": step}
        self._tell(step=step, total=total, share=share, **shown)
        if self.now.stopping and step < total:  # after the last step there is nothing left to spare
            raise Stopped

    def seconds(self) -> float:
        return 0.0 if self.began is None else time.monotonic() - self.began

    def timed(self, step: Step[T]) -> Step[T]:
        """Return a step with the time that has gone and the time that is left."""
        seconds, left = self.seconds(), None
        if step.share >= _KNOWN:
            left = max(self._step_at / step.share * (1 - step.share) - (seconds - self._step_at), 0.0)
        return replace(step, seconds=seconds, left=left)


class Jobs:
    """The work of all visitors of one app: what runs, and for whom."""

    def __init__(self, at_once: int = 1) -> None:
        """at_once: jobs that may run at the same time."""
        self._slot = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._running: defaultdict[str, dict[_Job[Any], str]] = defaultdict(dict)  # by visitor, with the job's name
        self.listeners: list[Callable[[Done], None]] = []
        """Called with each request that has ended, from many threads."""

    @property
    def running(self) -> int:
        """How many jobs run, or wait for their place on the machine."""
        with self._lock:
            return sum(map(len, self._running.values()))

    def stream(
        self, request: gr.Request, work: Work[T], name: str, *, every: float = 0.5, pause: float = 0.2,
        patience: float = 0.0, share: Callable[[int, int], float] | None = None, slot: Slot | None = None,
    ) -> Iterator[Step[T]]:  # fmt: skip
        """Let work be done for a visitor, and yield how far it is; the last step is `done` and has what it made.

        A closed generator stops the work: so does a visitor who leaves, and Jobs.stop(). Raises gr.Error, with one
        sentence in the visitor's language, for whatever the work raises.

        name: of the work in the books, and what Jobs.stop() may name. every: seconds at most between two steps that
        are yielded; pause: at least. patience: seconds before the first; work that is done by then has only the last.
        share: returns the share of the work that is done after a step of how many, where steps are not alike; it is
        first called when the work calls its callback. slot: what the work has to itself while it runs; None is a place
        on the machine.
        """
        job = _Job(work, slot or self._slot)
        with self._counted(request, job, name), sentences():
            job.start(share)
            self._wait(job, patience)
            seen: Step[T] | None = None
            while not job.now.done:
                now = job.now
                yield replace(job.timed(now), fresh=now.preview is not (seen and seen.preview))
                seen = now
                self._wait(job, pause)
                self._wait(job, every - pause, seen)
            if job.error is not None:
                raise job.error
            yield job.now

    def do(self, request: gr.Request, work: Work[T], name: str) -> T | None:
        """Let short work be done and return what it made, None when it was stopped; raises as stream() does."""
        made: T | None = None
        for step in self.stream(request, work, name, every=0.05, pause=0.0):
            made = step.made
        return made

    def stop(self, who: str, name: str | None = None) -> None:
        """Stop the jobs of one visitor, those of one name or all; those of others go on."""
        with self._lock:
            jobs = [job for job, its in self._running.get(who, {}).items() if name in (None, its)]
        for job in jobs:
            job.stop()

    @staticmethod
    def _wait(job: _Job[Any], seconds: float, seen: Step[Any] | None = None) -> None:
        """Wait until the job is done or, where a step was seen, until there is another."""
        if seconds > 0:
            with job.news:
                job.news.wait_for(lambda: job.now.done or (seen is not None and job.now is not seen), seconds)

    @contextmanager
    def _counted(self, request: gr.Request, job: _Job[Any], name: str) -> Iterator[None]:
        """Let a job be known while it runs, stop it at the end, and tell the listeners what became of it."""
        who, arrived = visitor(request), _arrival(request)
        outcome: Literal["ok", "refused", "stopped", "failed"] = "failed"
        with self._lock:
            self._running[who][job] = name
        try:
            yield
            outcome = "ok" if job.now.made is not None else "stopped"
        except GeneratorExit:
            outcome = "ok" if job.now.done and job.now.made is not None else "stopped"
            raise
        except gr.Error as error:
            outcome = "failed" if isinstance(error, Fault) else "refused"
            raise
        finally:
            job.stop()
            with self._lock:
                del self._running[who][job]
                if not self._running[who]:
                    del self._running[who]
            waited = (time.monotonic() if job.began is None else job.began) - arrived
            for listener in self.listeners:
                listener(Done(name, outcome, waited, job.seconds()))


ARRIVED = "deepart.arrived"
"""The key in a request's scope under which serving notes when it came, by time.monotonic()."""


def _arrival(request: gr.Request) -> float:
    scope = getattr(getattr(request, "request", None), "scope", None) or {}
    return float(scope.get(ARRIVED, time.monotonic()))

"""The work of all visitors: each job in a thread of its own and in its turn, stopped when asked or when left.

Gradio's queue lets all work in at once, and the turns are given here, since only here it is known how long work takes:
quick work does not wait for long work, which gives its place away between two of its steps. So what has begun and is
held in memory is one piece of long work and one of quick work for each place, whatever comes.
"""

import contextvars
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, Protocol, TypeVar

import gradio as gr
from gradio.context import LocalContext
from PIL import Image

from deepart.errors import Phrase
from deepart.ui.inputs import Fault, mistake, sentences, visitor

T = TypeVar("T")
Callback = Callable[[int, int, Image.Image | None], None]
Work = Callable[[Callback], T]
MAX_WAITING = 3  # jobs of one visitor that may wait for a place
UNHEARD = 20.0  # seconds after which the work of a program that does not listen for its result is stopped
_KNOWN = 0.05  # share of the work after which the time left can be told
_LOOK = 2.0  # seconds between two looks at whether somebody who waits is still there


class Stopped(Exception):  # noqa: N818, it is no error: it carries a wish out of a pipeline's callback
    """The visitor, or the visitor's leaving, stops the work."""


@dataclass(frozen=True)
class Step(Generic[T]):
    """How far work is. The last step that stream() yields is `done` and has what the work made.

    step, total: steps done of how many; 0 before the first. share: of the work that is done, 0 to 1. left: seconds
    until it ends, or begins while it waits; None where nobody knows. seconds: since the work has its place. preview:
    the newest picture, made after step `preview_step`. fresh: whether the step before had another preview. stopping: a
    wish to stop was heard. made: None before the end, and after work that was stopped. before: jobs whose turn comes
    first; None once it has begun.
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
    before: int | None = None


Outcome = Literal["ok", "refused", "full", "stopped", "failed"]


@dataclass(frozen=True)
class Done:
    """A request that has ended, for who keeps books. It holds nothing of the visitor.

    name: "/stylize", or "page paint". outcome: ok; refused, a mistake of the visitor's; full, no place in the queue;
    stopped; failed, our fault. waited: seconds from its arrival to its place. seconds: that it had that place.
    """

    name: str
    outcome: Outcome
    waited: float
    seconds: float


class _Job(Generic[T]):
    """Work in a thread of its own; stream() watches it from the thread that serves the visitor."""

    def __init__(
        self, work: Work[T], kind: "Kind", places: "Places", share: Callable[[int, int], float] | None
    ) -> None:
        self._work, self.kind, self._places, self._share = work, kind, places, share
        self._context = contextvars.copy_context()  # which knows the visitor's language
        self.news = threading.Condition()
        self.now: Step[T] = Step()
        self.turn = threading.Event()
        self.began: float | None = None
        self._paused: float | None = None
        self._step_at = 0.0
        self.error: BaseException | None = None

    def start(self) -> None:
        threading.Thread(target=self._context.run, args=(self._run,), name="deepart-job", daemon=True).start()

    def stop(self) -> None:
        """Ask the work to end; it does so within one step, unless that is the last, and at once where it waits."""
        self.tell(stopping=True)
        self._places.cancel(self)

    def tell(self, **changes: Any) -> None:
        with self.news:
            self.now = replace(self.now, **changes)
            self.news.notify_all()

    def _run(self) -> None:
        made = None
        try:
            self.turn.wait()
            if not self.now.stopping:
                self.began = time.monotonic()
                self.tell(before=None, left=None)
                made = self._work(self._note)
        except Stopped:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self._places.release(self)
            self.tell(done=True, made=made, seconds=self.seconds())

    def _note(self, step: int, total: int, preview: Image.Image | None) -> None:
        self._step_at = self.seconds()
        share = (step / total if total else 0.0) if self._share is None else self._share(step, total)
        shown = {} if preview is None else {"preview": preview, "preview_step": step}
        self.tell(step=step, total=total, share=share, **shown)
        if step >= total:  # after the last step there is nothing left to spare
            return
        if not self.now.stopping and self._places.give_way(self):
            self._paused = time.monotonic()
            self.turn.wait()
            self.began, self._paused = (self.began or 0.0) + time.monotonic() - self._paused, None
        if self.now.stopping:
            raise Stopped

    def seconds(self) -> float:
        """Return how long it has worked, without the time in which others had its place."""
        return 0.0 if self.began is None else (self._paused or time.monotonic()) - self.began

    def timed(self, step: Step[T]) -> Step[T]:
        """Return a step with the time that has gone and the time that is left; work that waits knows it already."""
        if step.before is not None:
            return step
        seconds, left = self.seconds(), None
        if step.share >= _KNOWN:
            left = max(self._step_at / step.share * (1 - step.share) - (seconds - self._step_at), 0.0)
        return replace(step, seconds=seconds, left=left)


@dataclass(frozen=True)
class Kind:
    """What is known of work before it begins. name: in the books. long: it gives way to other work between its steps.

    Work `beside` has no place on the machine, and waits for none, as a download does.
    """

    name: str
    long: bool = False
    beside: bool = False


class Places:
    """The places on the machine, and who waits for one: in order, but nobody who is quick for somebody who is not.

    Where both wait, they take turns. Long work that has given its place away is the first of the long, so that no more
    of it has begun than there are places.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.RLock()
        self._free = count
        self._running: list[_Job[Any]] = []
        self._waiting: list[_Job[Any]] = []  # long work that gave way lies in front
        self._quick_last = False
        self._took: defaultdict[Kind, deque[float]] = defaultdict(lambda: deque(maxlen=10))

    def join(self, job: _Job[Any], most: int | None) -> bool:
        """Let a job have its turn, now or later; return whether there was a place in the queue. most: that wait."""
        with self._lock:
            if job.kind.beside:
                job.turn.set()
                return True
            if not self._free and most is not None and sum(map(self.waits, self._waiting)) >= most:
                return False
            self._waiting.append(job)
            self._deal()
            return True

    def give_way(self, job: _Job[Any]) -> bool:
        """Take the place from long work where quick work waits, and return whether it was so; its turn comes again."""
        with self._lock:
            if not job.kind.long or all(one.kind.long for one in self._waiting):
                return False
            job.turn.clear()
            self._running.remove(job)
            self._waiting.insert(0, job)
            self._free += 1
            self._deal()
            return True

    def cancel(self, job: _Job[Any]) -> None:
        """Let a job that waits not wait any more; its turn comes for nothing but to end."""
        with self._lock:
            if job in self._waiting:
                self._waiting.remove(job)
                job.turn.set()
                self._deal()

    def release(self, job: _Job[Any]) -> None:
        """Give the place of a job that has ended to the next."""
        with self._lock:
            if job in self._running:
                if not job.now.stopping and job.error is None:
                    self._took[job.kind].append(job.seconds())
                self._running.remove(job)
                self._free += 1
                self._deal()

    def waits(self, job: _Job[Any]) -> bool:
        """Tell whether a job waits for its first turn."""
        return job in self._waiting and job.began is None

    def _deal(self) -> None:
        while self._free and self._waiting:
            kinds = {one.kind.long: one for one in reversed(self._waiting)}  # the first of each
            job = kinds.get(self._quick_last, self._waiting[0])
            self._quick_last = not job.kind.long
            self._waiting.remove(job)
            self._running.append(job)
            self._free -= 1
            job.turn.set()
        for job in self._waiting:
            if job.began is None:
                job.tell(**self._outlook(job))

    def _outlook(self, job: _Job[Any]) -> dict[str, Any]:
        """Return how many come before a job that waits, and the seconds until its turn, from the mean of the last."""
        ahead = self._waiting[: self._waiting.index(job)]
        if job.kind.long:  # long work that runs gives way to quick work, and to no other
            quick = [one for one in self._waiting if not one.kind.long and one not in ahead]
            first = [*self._running, *ahead, *quick]
        else:
            first = [one for one in [*self._running, *ahead] if not one.kind.long]
        times = [self._left(one) for one in first]
        known = [one for one in times if one is not None]
        seconds = sum(known) / max(1, len(self._running)) if len(known) == len(times) else None
        return {"before": len(first), "left": seconds}

    def _left(self, job: _Job[Any]) -> float | None:
        """Return the seconds that a job still takes, None where nobody knows."""
        told = job.timed(job.now).left if job.began is not None else None
        took = self._took.get(job.kind)
        if told is not None or not took:
            return told
        return max(sum(took) / len(took) - job.seconds(), 0.0)


class Audience(Protocol):
    """Knows who listens for results."""

    def heard(self, session: str, event: str) -> bool:
        """Tell whether somebody listens for an event of a session."""

    def forget(self, session: str) -> None:
        """Drop what a session was told and has not heard."""


class Jobs:
    """The work of all visitors of one app: what runs, and for whom."""

    def __init__(self, at_once: int = 1, most: int | None = None) -> None:
        """at_once: jobs that may run at the same time. most: those that may wait; None is any number."""
        self.most = most
        self._places = Places(at_once)
        self._lock = threading.Lock()
        self._running: dict[_Job[Any], tuple[str, str]] = {}  # with the visitor's and the job's name
        self.listeners: list[Callable[[Done], None]] = []  # called with each request that has ended, from many threads
        self.audience: Audience | None = None  # None where nobody can tell who listens

    @property
    def running(self) -> int:
        """How many jobs run, or wait for their place on the machine."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many jobs wait for their first turn."""
        return sum(map(self._places.waits, list(self._running)))

    def stream(
        self, request: gr.Request, work: Work[T], name: str, *, every: float = 0.5, pause: float = 0.2,
        patience: float = 0.0, share: Callable[[int, int], float] | None = None, long: bool = False,
        beside: bool = False,
    ) -> Iterator[Step[T]]:  # fmt: skip
        """Let work be done for a visitor, and yield how far it is; the last step is `done` and has what it made.

        A closed generator stops the work: so does a visitor who leaves, or never listens, and Jobs.stop(). Raises
        gr.Error, with one sentence in the visitor's language, for whatever the work raises, and where too many wait.

        name: of the work in the books, and what Jobs.stop() may name. every: seconds at most between two steps that
        are yielded; pause: at least. patience: seconds before the first; work that is done by then has only the last.
        share: returns the share of the work that is done after a step of how many, where steps are not alike; it is
        first called when the work calls its callback. long, beside: see Kind.
        """
        job, who = _Job(work, Kind(name, long, beside), self._places, share), visitor(request)
        scope = getattr(getattr(request, "request", None), "scope", None) or {}
        with self._counted(who, scope.get(ARRIVED, time.monotonic()), job, name), sentences():
            self._join(who, job)
            job.start()
            self._wait(job, patience)
            seen: Step[T] | None = None
            event, heard = LocalContext.event_id.get(None), time.monotonic()
            while not job.now.done:
                now = job.now
                yield replace(job.timed(now), fresh=now.preview is not (seen and seen.preview))
                seen = now
                self._wait(job, pause)
                self._wait(job, every - pause if now.before is None else _LOOK, seen)
                if event is None or self.audience is None or self.audience.heard(who, event):
                    heard = time.monotonic()
                elif time.monotonic() - heard > UNHEARD:
                    job.stop()
                    self.audience.forget(who)
            if job.error is not None:
                raise job.error
            yield job.now

    def _join(self, who: str, job: _Job[Any]) -> None:
        """Let a job wait for its turn; raises gr.Error where too many do."""
        with self._lock:
            mine = sum(self._places.waits(one) for one, (whose, _) in self._running.items() if whose == who)
            full = mine < MAX_WAITING and not self._places.join(job, self.most)
        if mine >= MAX_WAITING:
            words = Phrase("You have {n} requests in the queue already; please let one of them be done first.", n=mine)
            raise mistake(words, Full)
        if full:
            words = Phrase("The queue is full, with {n} waiting; please try again in a minute.", n=self.most)
            raise mistake(words, Full)

    def do(self, request: gr.Request, work: Work[T], name: str) -> T:
        """Let short work be done and return what it made; raises as stream() does, and where it was stopped."""
        *_, last = self.stream(request, work, name, every=0.05, pause=0.0)
        if last.made is None:
            raise mistake("The work was stopped before there was a picture.", Ended)
        return last.made

    def stop(self, who: str | gr.Request, name: str | None = None) -> None:
        """Stop the jobs of one visitor, those of one name or all; those of others go on."""
        who = who if isinstance(who, str) else visitor(who)
        with self._lock:
            jobs = [job for job, (whose, its) in self._running.items() if whose == who and name in (None, its)]
        for job in jobs:
            job.stop()

    @staticmethod
    def _wait(job: _Job[Any], seconds: float, seen: Step[Any] | None = None) -> None:
        """Wait until the job is done or, where a step was seen, until there is another."""
        if seconds > 0:
            with job.news:
                job.news.wait_for(lambda: job.now.done or (seen is not None and job.now is not seen), seconds)

    @contextmanager
    def _counted(self, who: str, arrived: float, job: _Job[Any], name: str) -> Iterator[None]:
        """Let a job be known while it runs, stop it at the end, and tell the listeners what became of it."""
        outcome: Outcome = "failed"
        with self._lock:
            self._running[job] = who, name
        try:
            yield
            outcome = "ok" if job.now.made is not None else "stopped"
        except GeneratorExit:
            outcome = "ok" if job.now.done and job.now.made is not None else "stopped"
            raise
        except gr.Error as error:
            outcome = "full" if isinstance(error, Full) else "failed" if isinstance(error, Fault) else "refused"
            raise
        finally:
            job.stop()
            with self._lock:
                del self._running[job]
            waited = (time.monotonic() if job.began is None else job.began) - arrived
            for listener in self.listeners:
                listener(Done(name, outcome, waited, job.seconds()))


class Full(gr.Error):
    """What a visitor is told where too many wait."""


class Ended(gr.Error):
    """What a visitor is told of short work that was stopped."""


ARRIVED = "deepart.arrived"  # in a request's scope: when it came, by time.monotonic()

"""A replica: one process that holds the models of one task, as the app on one machine does, and works for the page.

It has one pair of hands: what is asked of it is done one after the other, or, where that is possible, as one batch.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from PIL import Image

from deepart import Studio, memory
from deepart.device import pick_device
from deepart.errors import DeepArtError
from deepart.registry import REGISTRY
from deploy import batches
from deploy.messages import KINDS, QUICK, Facts, Failed, Made, Message, Request, Status, Told, facts_of, verbs_of

BATCH = 4  # requests that may go together


class Stopped(Exception):  # noqa: N818, it is no error: it carries a wish out of a pipeline's callback
    """Nobody waits any more for what is being worked on."""


@dataclass(eq=False)
class Ticket:
    """A request at a replica, what is to be said of it, and whether anybody still listens."""

    request: Request
    loop: asyncio.AbstractEventLoop
    news: asyncio.Queue[Message | BaseException] = field(default_factory=asyncio.Queue)
    left: threading.Event = field(default_factory=threading.Event)

    def tell(self, message: Message | BaseException) -> None:
        """Say something, from any thread."""
        self.loop.call_soon_threadsafe(self.news.put_nowait, message)


class Models:
    """The models of one task in one process; a pool of such is a deployment of Ray Serve."""

    def __init__(
        self, task: str, *, device: str | None = None, threads: int = 1, memory_limit: int | None = None,
        added: Sequence[str] = (), preload: bool = False, share: float = 1.0,
    ) -> None:  # fmt: skip
        """threads: of PyTorch. added: folders or repositories of further models. Other options are those of Studio.

        share: of the machine, or of its GPU, that is this replica's; without a memory limit, of the room there is it
        takes that part of what Studio would.

        Raises what Studio and its add() raise, which ends the start.
        """
        torch.set_num_threads(threads)
        self._task = task
        if memory_limit is None:
            memory_limit = int(min(1.0, share) * memory.weights_bound(pick_device(device)))
        self._studio = Studio(device=device, memory_limit=memory_limit)
        self._loaded: dict[str, float] = {}  # seconds, until somebody has been told
        self._studio.on_load = lambda _, name, seconds: self._loaded.update({name: seconds})
        for name in added:
            self._studio.add(task, name)
        for name in self._here() if preload else ():
            self._pipeline(name)
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="deepart-work")
        self._waiting: deque[Ticket] = deque()
        self._working: tuple[str, ...] = ()
        self._steps = 0, 0
        self._batches: Counter[int] = Counter()

    def _here(self) -> list[str]:
        here = [spec.name for spec in REGISTRY.values() if spec.task == self._task and spec.here]
        return [*here, *self._studio.added(self._task)]

    def _pipeline(self, model: str | None) -> Any:
        return getattr(self._studio, self._task)(model)

    # ------------------------------------------------------------------------------------ what computes next to nothing

    async def status(self) -> Status:
        """Return what this replica is doing; which replica of the pool answers is Ray's choice."""
        return Status(os.getpid(), self._working, self._steps, len(self._waiting), dict(self._batches))

    async def added(self) -> list[str]:
        """Return the names of the models that are not registered."""
        return self._studio.added(self._task)

    async def facts(self, model: str | None) -> Facts | Failed:
        """Return what is known of a model, which is loaded for that."""
        return await self._told(self._facts, model)

    async def quick(self, request: Request) -> Made | Failed:
        """Return what a verb of QUICK returns, without waiting for other work."""
        return await self._told(lambda: Made(self._call(request)))

    async def _told(self, work: Any, *args: Any) -> Any:
        try:
            return await asyncio.to_thread(work, *args)
        except DeepArtError as error:
            return Failed(error)

    def _facts(self, model: str | None) -> Facts:
        pipeline = self._pipeline(model)
        return Facts(facts_of(pipeline), self._loaded.pop(pipeline.name, None))

    def _call(self, request: Request) -> Any:
        if request.verb not in QUICK & verbs_of(KINDS[self._task]):
            raise ValueError(f"{request.verb!r} is no quick verb of {self._task}.")
        return getattr(self._pipeline(request.model), request.verb)(*request.args, **request.options)

    # ------------------------------------------------------------------------------------------------------------- work

    async def work(self, request: Request) -> AsyncIterator[Message]:
        """Do what is asked and tell of it: Told for each step, and at the end Made or Failed.

        Whoever cancels it, or is gone, stops the work within one step, unless others wait for the same batch.
        """
        if request.verb not in verbs_of(KINDS[self._task]):
            raise ValueError(f"{request.verb!r} is no verb of {self._task}.")
        ticket = Ticket(request, asyncio.get_running_loop())
        self._waiting.append(ticket)
        self._hands.submit(self._next)  # one for each ticket: where it went with another's, there is less to do
        try:
            while True:
                message = await ticket.news.get()
                if isinstance(message, BaseException):
                    raise message
                yield message
                if isinstance(message, Made | Failed):
                    return
        finally:
            ticket.left.set()

    def _next(self) -> None:
        """Do what came first of all that waits, and whatever of the rest goes together with it.

        Ray's own serve.batch gathers what comes within a time to wait, and while one batch is worked on it makes the
        next ones, of one request each. Here nothing waits for company, and a batch is made when there are hands for it.
        """
        first = self._take()
        if first is None:
            return
        tickets = [first]
        try:
            pipeline = self._pipeline(first.request.model)
            key = batches.together(first.request) if batches.pays(pipeline, first.request) else None
            if key is not None:
                tickets += self._take_like(key, BATCH - 1)
            self._working = tuple(ticket.request.verb for ticket in tickets)
            self._batches[len(tickets)] += 1
            self._do(pipeline, tickets)
        except DeepArtError as error:
            self._tell(tickets, Failed(error))
        except BaseException as error:
            self._tell(tickets, error)
        finally:
            self._working, self._steps = (), (0, 0)

    def _take(self) -> Ticket | None:
        """Return the first that waits and has not left. Only one thread takes, while another may append."""
        while self._waiting:
            ticket = self._waiting.popleft()
            if not ticket.left.is_set():
                return ticket
        return None

    def _take_like(self, key: Hashable, most: int) -> list[Ticket]:
        """Return those, up to so many, that go together under a key; the others keep their places."""
        found: list[Ticket] = []
        for ticket in list(self._waiting):
            if len(found) < most and not ticket.left.is_set() and batches.together(ticket.request) == key:
                self._waiting.remove(ticket)
                found.append(ticket)
        return found

    def _do(self, pipeline: Any, tickets: list[Ticket]) -> None:
        if len(tickets) > 1:
            try:
                made = batches.batch(pipeline, [one.request for one in tickets], partial(self._step, tickets))
            except Stopped:
                return
            except DeepArtError:  # one of them is to blame, and the others shall not suffer
                pass
            else:
                for ticket, one in zip(tickets, made, strict=True):
                    ticket.tell(Made(one))
                return
        for ticket in tickets:
            try:
                if not ticket.left.is_set():
                    ticket.tell(Made(batches.alone(pipeline, ticket.request, partial(self._step, [ticket]))))
            except Stopped:
                pass
            except DeepArtError as error:
                ticket.tell(Failed(error))

    @staticmethod
    def _tell(tickets: list[Ticket], message: Message | BaseException) -> None:
        for ticket in tickets:
            ticket.tell(message)

    def _step(self, tickets: list[Ticket], step: int, total: int, preview: Image.Image | None) -> None:
        if all(ticket.left.is_set() for ticket in tickets):
            raise Stopped
        self._steps = step, total
        self._tell([ticket for ticket in tickets if ticket.request.watched], Told(step, total, preview))

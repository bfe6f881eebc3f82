"""A replica: one process that holds the models of one task, as the app on one machine does, and works for the page.

It has one pair of hands: what is asked of it is done one after the other, or, where that is possible, as one batch.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from PIL import Image
from ray import serve

from deepart import Studio
from deepart.errors import DeepArtError
from deepart.registry import REGISTRY
from deploy import batches
from deploy.messages import (
    KINDS,
    QUICK,
    Facts,
    Failed,
    Made,
    Message,
    Request,
    Status,
    Told,
    Waiting,
    facts_of,
    verbs_of,
)

BATCH = 4  # requests that may go together
BEAT = 0.5  # seconds: how long the page waits for news before it hears that there are none


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
        allow_any_repo: bool = False, added: Sequence[str] = (), preload: bool = False,
    ) -> None:  # fmt: skip
        """threads: of PyTorch. added: folders or repositories of further models. Other options are those of Studio.

        Raises what Studio and its add() raise, which ends the start.
        """
        torch.set_num_threads(threads)
        self._task = task
        self._studio = Studio(device=device, memory_limit=memory_limit, allow_any_repo=allow_any_repo)
        self._loaded: dict[str, float] = {}  # seconds, until somebody has been told
        self._studio.on_load = lambda _, name, seconds: self._loaded.update({name: seconds})
        for name in added:
            self._studio.add(task, name)
        for name in self._here() if preload else ():
            self._pipeline(name)
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="deepart-work")
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
        return Status(os.getpid(), self._working, self._steps, dict(self._batches))

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
        values = {name: getattr(pipeline, name) for name in facts_of(KINDS[self._task])}
        return Facts(values, self._loaded.pop(pipeline.name, None))

    def _call(self, request: Request) -> Any:
        if request.verb not in QUICK & verbs_of(KINDS[self._task]):
            raise ValueError(f"{request.verb!r} is no quick verb of {self._task}.")
        return getattr(self._pipeline(request.model), request.verb)(*request.args, **request.options)

    # ------------------------------------------------------------------------------------------------------------- work

    async def work(self, request: Request) -> AsyncIterator[Message]:
        """Do what is asked and tell of it: Told and Waiting, and at the end Made or Failed.

        Whoever cancels it, or is gone, stops the work within one step, unless others wait for the same batch.
        """
        if request.verb not in verbs_of(KINDS[self._task]):
            raise ValueError(f"{request.verb!r} is no verb of {self._task}.")
        ticket = Ticket(request, asyncio.get_running_loop())
        batch = asyncio.ensure_future(self._together(ticket))
        try:
            while True:
                try:
                    message = await asyncio.wait_for(ticket.news.get(), BEAT)
                except TimeoutError:
                    if batch.done() and ticket.news.empty():  # it ended without a word: that is its error
                        batch.result()
                        return
                    message = Waiting()
                if isinstance(message, BaseException):
                    raise message
                yield message
                if isinstance(message, Made | Failed):
                    return
        finally:
            ticket.left.set()
            batch.cancel()  # where it has not begun, Ray leaves it out

    @serve.batch(max_batch_size=BATCH, batch_wait_timeout_s=0.0)
    async def _together(self, tickets: list[Ticket]) -> list[None]:
        """Do all that has come while the last batch was worked on; no request waits for others to come."""
        await asyncio.get_running_loop().run_in_executor(self._hands, self._do, tickets)
        return [None] * len(tickets)

    def _do(self, tickets: list[Ticket]) -> None:
        for group in batches.group(tickets, lambda ticket: ticket.request):
            waiting = [ticket for ticket in group if not ticket.left.is_set()]
            if not waiting:
                continue
            self._working = tuple(ticket.request.verb for ticket in waiting)
            self._batches[len(waiting)] += 1
            try:
                self._do_group(waiting)
            except Stopped:
                pass
            except DeepArtError as error:
                self._tell(waiting, Failed(error))
            except BaseException as error:
                self._tell(waiting, error)
            finally:
                self._working, self._steps = (), (0, 0)

    def _do_group(self, tickets: list[Ticket]) -> None:
        pipeline = self._pipeline(tickets[0].request.model)
        results = batches.work(pipeline, [ticket.request for ticket in tickets], partial(self._step, tickets))
        for ticket, result in zip(tickets, results, strict=True):
            try:
                ticket.tell(Made(result()))
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

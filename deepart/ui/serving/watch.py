"""Sees each request from its turn in the queue to its end, and tells those who keep books about it."""

from __future__ import annotations

import functools
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import gradio as gr
from gradio.context import LocalContext

from deepart.ui.common import GPU_SLOT, Fault, mistake
from deepart.ui.serving.limit import RateLimit, who

# ok: answered. refused: a mistake of the visitor's. limited: too many within a minute. full: the queue had no place.
# stopped: the visitor has left. failed: our fault.
Outcome = Literal["ok", "refused", "limited", "full", "stopped", "failed"]


@dataclass(frozen=True)
class Done:
    """A request that has ended. It holds nothing of the visitor: no address, no name, no file, no picture."""

    endpoint: str  # "/stylize", or "page Wall.make" for what a visitor does on the page
    outcome: Outcome
    seconds: float  # from its turn to its end
    waited: float  # seconds in the queue before


class _Limited(gr.Error):
    """A visitor has asked too often."""


class Watch:
    """All requests of one page: how many are being worked on, and what becomes of them."""

    def __init__(self, page: gr.Blocks, limit: RateLimit | None = None) -> None:
        """page: as build_app and queue() have made it, not launched yet."""
        self._page = page
        self._limit = limit
        self._lock = threading.Lock()
        self._tell: list[Callable[[Done], None]] = []
        self.running = 0
        names = {number: endpoint for number, fn in page.fns.items() if (endpoint := endpoint_of(fn)) is not None}
        for number, endpoint in names.items():
            fn = page.fns[number]
            fn.fn = self._watched(fn.fn, endpoint, computes(fn))
        self._see_full_queue(names)

    def tell(self, listener: Callable[[Done], None]) -> None:
        """Let a listener hear of each request that ends; it is called from many threads."""
        self._tell.append(listener)

    @property
    def waiting(self) -> int:
        """How many events wait for their turn."""
        return len(self._page._queue)

    def _watched(self, call: Any, endpoint: str, limited: bool) -> Callable[..., Any]:
        """Return a function, or a generator function, that does the same and is seen."""
        watched: Callable[..., Any]
        if inspect.isgeneratorfunction(call):

            @functools.wraps(call)
            def watched(*inputs: Any, **more: Any) -> Iterator[Any]:
                with self._event(endpoint, limited):
                    yield from call(*inputs, **more)

        else:

            @functools.wraps(call)
            def watched(*inputs: Any, **more: Any) -> Any:
                with self._event(endpoint, limited):
                    return call(*inputs, **more)

        return watched

    @contextmanager
    def _event(self, endpoint: str, limited: bool) -> Iterator[None]:
        began, waited, outcome = time.monotonic(), self._waited(), "failed"
        with self._lock:
            self.running += 1
        try:
            if limited:
                self._ask_limit()
            yield
            outcome = "ok"
        except GeneratorExit:
            outcome = "stopped"
            raise
        except gr.Error as error:
            outcome = "limited" if isinstance(error, _Limited) else "failed" if isinstance(error, Fault) else "refused"
            raise
        finally:
            with self._lock:
                self.running -= 1
            self._end(Done(endpoint, outcome, time.monotonic() - began, waited))  # type: ignore[arg-type]

    def _waited(self) -> float:
        event = self._page._queue.event_ids_to_events.get(LocalContext.event_id.get(None) or "")
        return 0.0 if event is None else max(0.0, time.monotonic() - event.enqueue_time)

    def _ask_limit(self) -> None:
        request = LocalContext.request.get(None)
        if self._limit is None or request is None:
            return
        client = getattr(request, "client", None)
        seconds = self._limit.wait(who(getattr(request, "username", None), getattr(client, "host", None)))
        if seconds:
            n = self._limit.per_minute
            raise mistake(f"Each visitor may ask {n} times a minute here; please wait {seconds} s.", _Limited)

    def _see_full_queue(self, names: dict[int, str]) -> None:
        """Hear also of requests that the queue turns away, which never have their turn."""
        queue = self._page._queue
        push = queue.push

        async def pushed(body: Any, request: Any, username: str | None) -> Any:
            answer = await push(body=body, request=request, username=username)
            if answer[2] == "queue_full" and body.fn_index in names:
                self._end(Done(names[body.fn_index], "full", 0.0, 0.0))
            return answer

        queue.push = pushed  # type: ignore[method-assign]

    def _end(self, done: Done) -> None:
        for listener in self._tell:
            listener(done)


def computes(fn: Any) -> bool:
    """Return whether an event of a page computes pictures, one at a time."""
    return bool(fn.concurrency_id == GPU_SLOT["concurrency_id"])


def endpoint_of(fn: Any) -> str | None:
    """Return how an event is called in the books; None for those of the page itself, which compute nothing."""
    if fn.fn is None:
        return None
    if fn.api_visibility == "public":
        return f"/{fn.api_name}"
    return f"page {fn.fn.__qualname__.replace('._', '.')}" if computes(fn) else None

"""What a host wants of the page: whether it is well, how much it does, tools for language models, a GPU on loan.

Who may open the page, how often, and lines of a log are a proxy's: see deploy/nginx.conf.
"""

import collections
import functools
import importlib
import importlib.util
import inspect
import time
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deepart import memory
from deepart.cache import Studio
from deepart.errors import OptionError
from deepart.registry import REGISTRY
from deepart.ui.i18n import LANGUAGE, LANGUAGES
from deepart.ui.inputs import GPU_SLOT
from deepart.ui.jobs import ARRIVED, Done, Jobs
from deepart.ui.upkeep import MOST, sweeping

GPU_SECONDS = 120  # that a call may keep a GPU on loan at most
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)  # seconds


def serving_options(
    page: gr.Blocks, studio: Studio, *, metrics: bool = False, mcp: bool = False, disk_limit: int = MOST
) -> dict[str, Any]:
    """Prepare a page for its host, and return what launch() needs to know about that.

    page: as build_app and queue() have made it; it must not have been prepared before. metrics: answer GET /metrics.
    mcp: offer the endpoints as tools; raises OptionError where the package for that is missing. disk_limit: bytes that
    visitors' files may have.
    """
    memory.few_arenas()  # before the server has its threads
    if mcp and importlib.util.find_spec("mcp") is None:
        raise OptionError('--mcp needs the package mcp: pip install "mcp>=1.21,<2".')
    lend_gpu(page)
    name_tools(page)
    jobs: Jobs = page.jobs  # type: ignore[attr-defined]
    jobs.most, jobs.audience = page._queue.max_size, (audience := Listeners(page))

    def health(request: Request) -> Response:
        """Tell whoever asks whether the page takes requests, and nothing else."""
        stopped = page._queue.stopped
        return JSONResponse({"status": "stopped" if stopped else "ok"}, status_code=503 if stopped else 200)

    routes = [Route("/healthz", health)]
    if metrics:
        counted = Metrics(page, studio, jobs)
        routes.append(Route("/metrics", lambda request: Response(counted.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)))
    middleware = [Middleware(audience.watch), Middleware(switch_language)]
    options = {"routes": routes, "middleware": middleware, "lifespan": sweeping(page, disk_limit)}
    return {"mcp_server": mcp, "app_kwargs": options}


class Metrics:
    """Counters of one page in the format of Prometheus; several pages in a process keep their own."""

    def __init__(self, page: gr.Blocks, studio: Studio, jobs: Jobs) -> None:
        """The counters begin at nothing, and hear of each request and each model loaded from now on."""
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # resident memory and CPU seconds, where the system tells them
        self._requests = Counter(
            "deepart_requests", "Requests that have ended", ["endpoint", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "deepart_request_seconds", "Seconds that the work of a request took", ["endpoint"], buckets=_BUCKETS,
            registry=registry,
        )  # fmt: skip
        self._waited = Histogram(
            "deepart_queue_wait_seconds", "Seconds that a request waited for its turn", buckets=_BUCKETS,
            registry=registry,
        )  # fmt: skip
        self._loads = Counter("deepart_model_loads", "Models loaded", ["task", "model"], registry=registry)
        self._load_seconds = Histogram(
            "deepart_model_load_seconds", "Seconds to load a model", buckets=_BUCKETS, registry=registry
        )
        for name, words, value in (
            ("deepart_queue_length", "Events that wait for their turn", lambda: jobs.waiting),
            ("deepart_requests_running", "Requests that are being worked on", lambda: jobs.running),
            ("deepart_models", "Models that are loaded", lambda: len(studio.loaded)),
            ("deepart_models_bytes", "Bytes of the weights of these models", lambda: sum(studio.loaded.values())),
        ):
            Gauge(name, words, registry=registry).set_function(value)
        jobs.listeners.append(self.note)
        studio.on_load = self.note_load

    def note(self, done: Done) -> None:
        """Count a request."""
        self._requests.labels(done.name, done.outcome).inc()
        self._seconds.labels(done.name).observe(done.seconds)
        self._waited.observe(done.waited)

    def note_load(self, task: str, name: str, seconds: float) -> None:
        """Count a model that was loaded; names that are not registered are told as "other"."""
        self._loads.labels(task, name if (task, name) in REGISTRY else "other").inc()
        self._load_seconds.observe(seconds)

    def text(self) -> bytes:
        """Return all numbers as Prometheus reads them."""
        return generate_latest(self._registry)


class Listeners:
    """Who waits for results now: a browser and gradio_client keep a stream open, and so does whoever asks by hand.

    Of work that nobody listens for Gradio knows nothing: it would be done, and its messages kept.
    """

    def __init__(self, page: gr.Blocks) -> None:
        self._page = page
        self._open: collections.Counter[str] = collections.Counter()  # streams, by a session or the id of an event

    def heard(self, session: str, event: str) -> bool:
        """Tell whether somebody listens for an event."""
        return bool(self._open[session] or self._open[event])

    def forget(self, session: str) -> None:
        """Drop what a session was told and has not heard: previews are large."""
        messages = self._page._queue.pending_messages_per_session.get(session)
        while messages is not None and not messages.empty():
            messages.get_nowait()

    def watch(self, app: ASGIApp) -> ASGIApp:
        """Return the application behind middleware that notes who listens, and when each request came."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            scope[ARRIVED] = time.monotonic()
            name = _listens_for(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
            self._open.update([name] if name else [])
            try:
                await app(scope, receive, send)
            finally:
                self._open.subtract([name] if name else [])
                if name and not self._open[name]:
                    del self._open[name]

        return watched


def _listens_for(scope: Scope) -> str | None:
    """Return the session or the event whose stream a request asks for; None for any other request."""
    parts = scope["path"].rstrip("/").split("/")
    if parts[-2:] == ["queue", "data"]:
        return next(iter(parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [])), None)
    return parts[-1] if "call" in parts[-4:-2] else None


_SPEAKS = """<head><script>
  Object.defineProperty(navigator, 'language', { get: () => '%s', configurable: true });
  Object.defineProperty(navigator, 'languages', { get: () => ['%s'], configurable: true });
</script>"""


def switch_language(app: ASGIApp) -> ASGIApp:
    """Return the application behind middleware that lets the page be in the language of its switch, a cookie.

    Gradio translates by what the browser says, and asks it before any script of the page's own.
    """

    async def switched(scope: Scope, receive: Receive, send: Send) -> None:
        language = Request(scope).cookies.get(LANGUAGE) if scope["type"] == "http" else None
        begun: list[Message] = []

        async def send_on(message: Message) -> None:
            if "headers" in message and "text/html" in (MutableHeaders(scope=message).get("content-type") or ""):
                begun.append(message)
                return
            if begun:
                page = message["body"].replace(b"<head>", (_SPEAKS % (language, language)).encode(), 1)
                MutableHeaders(scope=begun[0])["content-length"] = str(len(page))
                await send(begun.pop())
                message["body"] = page
            await send(message)

        await app(scope, receive, send_on if language in LANGUAGES else send)

    return switched


def name_tools(page: gr.Blocks) -> None:
    """Let the function behind each endpoint carry what Gradio makes a tool's description of.

    The name is that of the endpoint; the words on the parameters are the labels of the inputs, which "Use via API"
    shows as well. The function must be the endpoint's own, since other events may share a method.
    """
    for fn in page.fns.values():
        if fn.fn is not None and fn.api_visibility == "public":
            call = fn.fn = _own(fn.fn)
            names = [name for name in inspect.signature(call).parameters if name != "request"]
            labels = [getattr(box, "label", None) for box in fn.inputs]
            words = [f"    {name}: {label}." for name, label in zip(names, labels, strict=True) if label]
            call.__name__ = str(fn.api_name)
            call.__doc__ = "\n".join([inspect.getdoc(call) or "", "", "Args:", *words])


def _own(call: Any) -> Any:
    """Return a function that does the same as a method, and can carry words of its own."""
    if inspect.isgeneratorfunction(call):

        @functools.wraps(call)
        def streaming(*inputs: Any, **more: Any) -> Any:
            yield from call(*inputs, **more)

        return streaming

    @functools.wraps(call)
    def plain(*inputs: Any, **more: Any) -> Any:
        return call(*inputs, **more)

    return plain


def lend_gpu(page: gr.Blocks) -> None:
    """Let each event that computes ask for the GPU, where the package `spaces` of ZeroGPU is there; else do nothing.

    Off ZeroGPU the decorator of that package gives functions back as they are.
    """
    if importlib.util.find_spec("spaces") is None:
        return
    decorate: Any = importlib.import_module("spaces").GPU(duration=GPU_SECONDS)
    for fn in page.fns.values():
        if fn.fn is not None and fn.concurrency_id == GPU_SLOT["concurrency_id"]:
            call, fn.fn = fn.fn, decorate(fn.fn)
            if fn.fn is not call:  # it works in a process of its own, which knows of no other job: one at a time
                fn.concurrency_limit = 1

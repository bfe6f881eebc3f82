"""What a host wants of the page: who may open it, how much of it, how it is doing; and tools for language models."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deepart import memory
from deepart.cache import Studio
from deepart.errors import OptionError
from deepart.ui.serving import logs
from deepart.ui.serving.limit import RateLimit
from deepart.ui.serving.metrics import CONTENT_TYPE, Metrics
from deepart.ui.serving.passwords import Passwords
from deepart.ui.serving.tools import name_tools
from deepart.ui.serving.watch import Watch
from deepart.ui.serving.zero import lend_gpu

__all__ = ["serving_options"]


def serving_options(
    page: gr.Blocks,
    studio: Studio,
    *,
    auth: str | Path | None = None,
    rate_limit: int | None = None,
    metrics: bool = False,
    log_json: bool = False,
    mcp: bool = False,
    trusted_proxies: str | None = None,
) -> dict[str, Any]:
    """Prepare a page for its host, and return what launch() needs to know about that.

    page: as build_app and queue() have made it; it must not have been prepared before.
    auth: a file of hashed passwords; None: everybody may open the page.
    rate_limit: requests a minute of each visitor; None: as many as the queue takes.
    metrics: answer GET /metrics. log_json: write a line of JSON for each request to the standard error.
    mcp: offer the endpoints as tools. trusted_proxies: addresses or networks, with commas, whose word on where a
    request comes from is believed; None: this machine.

    Raises OptionError where the file of passwords is none, or the tools cannot be offered.
    """
    memory.few_arenas()  # before the server has its threads
    if mcp:
        _check_mcp(auth)
    door = None if auth is None else Passwords(auth).door()
    lend_gpu(page)
    watch = Watch(page, None if rate_limit is None else RateLimit(rate_limit))
    name_tools(page)
    routes = [Route("/healthz", _health(page))]
    listeners = []
    if log_json:
        logs.write_lines()
        watch.tell(logs.note)
        listeners.append(logs.note_load)
    if metrics:
        counted = Metrics(watch, studio)
        routes.append(Route("/metrics", lambda request: Response(counted.text(), media_type=CONTENT_TYPE)))
        listeners.append(counted.note_load)
    if listeners:

        def loaded(task: str, name: str, seconds: float) -> None:
            for listener in listeners:
                listener(task, name, seconds)

        studio.on_load = loaded
    if trusted_proxies is not None:
        os.environ["FORWARDED_ALLOW_IPS"] = trusted_proxies  # where the server that Gradio starts reads it
    return {"auth": door, "mcp_server": mcp, "app_kwargs": {"routes": routes}}


def _health(page: gr.Blocks) -> Any:
    """Return what tells whoever asks whether the page takes requests, and nothing else."""

    def health(request: Request) -> Response:
        stopped = page._queue.stopped
        return JSONResponse({"status": "stopped" if stopped else "ok"}, status_code=503 if stopped else 200)

    return health


def _check_mcp(auth: str | Path | None) -> None:
    if auth is not None:
        raise OptionError("--mcp cannot be used with --auth: tools have no way to log in.")
    if importlib.util.find_spec("mcp") is None:
        raise OptionError('--mcp needs the package mcp: pip install "mcp>=1.21,<2".')

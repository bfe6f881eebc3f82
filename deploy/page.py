"""The page on Ray Serve: one process with the page, and a pool of replicas for each task. See serve.yaml.

There is one page, never several: Gradio keeps what a visitor does in the memory of its process, and a second process
would not know of it. It computes no pictures, so that one serves many pools; see SCALING.md.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # as app.py does; Gradio reads it when it is imported

import ray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ray import serve
from ray.serve import Application
from ray.serve.handle import DeploymentHandle

from deepart.errors import OptionError
from deepart.registry import TASKS
from deploy.replicas import BATCH, Models

LONGEST = 1800
"""Seconds that a replica has to end its work, where its pool shrinks: "fine" may take minutes for a picture."""


class Settings(BaseModel):
    """What stands under `args` in serve.yaml; the options of app.py have the same names and meanings there."""

    model_config = ConfigDict(extra="forbid")

    device: str | None = Field(None, description="cuda or cpu; null: cuda where the cluster has GPUs")
    threads: int = Field(1, ge=1, description="threads of PyTorch, and CPUs, of a replica that works on a CPU")
    gpus: float | None = Field(None, gt=0, description="GPUs of a replica; null: a third of one, or one where it fits")
    max_replicas: int = Field(4, ge=1, description="of each pool, where `deployments` in serve.yaml does not say more")
    at_once: int = Field(16, ge=1, description="jobs of all visitors that may run at the same time")
    max_queue: int = Field(100, ge=1, description="visitors that may wait")
    memory_limit: float | None = Field(
        None, gt=0, description="GB for models in each replica; null: its part of half the room"
    )
    preload: bool = Field(True, description="load the models that are here before a replica takes work")
    models: dict[str, list[str]] = Field(default_factory=dict, description="further models by task, as --gan has them")
    disk_limit: float = Field(5.0, gt=0, description="GB for visitors' files; above it the oldest go earlier")
    metrics: bool = False
    mcp: bool = False
    root_path: str | None = None


class Page:
    """The page, as a deployment: an ASGI application that Ray Serve builds where it is to run."""

    async def __init__(self, settings: Settings, device: str, pools: dict[str, DeploymentHandle]) -> None:
        self._settings, self._device, self._pools = settings, device, pools
        # Only a replica knows what its models are called; so the page opens when there is one of each pool.
        self._added = {task: await pool.added.remote() for task, pool in pools.items()}

    def __serve_build_asgi_app__(self) -> Any:
        import gradio as gr
        from fastapi import FastAPI

        from deepart.ui import build_app, launch_options
        from deepart.ui.serving import serving_options
        from deploy.remote import RemoteStudio

        asked = self._settings
        studio: Any = RemoteStudio(self._pools, device=self._device, at_once=asked.at_once, added=self._added)
        page = build_app(studio)
        page.max_threads = 40 + asked.at_once + asked.max_queue  # each visitor who works or waits has one
        page.queue(max_size=asked.max_queue)
        limit = int(1e9 * asked.disk_limit)
        serving = serving_options(page, studio, metrics=asked.metrics, mcp=asked.mcp, disk_limit=limit)
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        return gr.mount_gradio_app(
            app, page, path="/", root_path=asked.root_path, **launch_options(page), **serving,
        )  # fmt: skip


def build(args: Mapping[str, Any]) -> Application:
    """Return the application: what `import_path` in serve.yaml names. args: see Settings.

    Each replica asks the cluster for what it works on: a GPU or a part of one where the cluster has GPUs, else as many
    CPUs as it has threads; on a cluster with fewer CPUs than pools, a part of one.

    Raises OptionError for a setting that there is not, or of a wrong value.
    """
    settings = _checked(args)
    found = ray.cluster_resources()
    device, needs = share(settings, found.get("GPU", 0.0), found.get("CPU", 1.0))
    pools: dict[str, Any] = {}
    for task in TASKS:
        pool = serve.deployment(
            Models, name=task, ray_actor_options=needs, max_ongoing_requests=4 * BATCH,
            autoscaling_config=scaling(settings),
            graceful_shutdown_timeout_s=LONGEST,
        )  # fmt: skip
        limit = None if settings.memory_limit is None else int(1e9 * settings.memory_limit)
        pools[task] = pool.bind(
            task, device=device, threads=settings.threads, memory_limit=limit,
            added=settings.models.get(task, []), preload=settings.preload,
            share=needs["num_gpus"] or needs["num_cpus"] / (os.cpu_count() or 1),
        )  # fmt: skip
    page = serve.deployment(
        serve.ingress()(Page), name="page", num_replicas=1, ray_actor_options={"num_cpus": 0},
        max_ongoing_requests=100_000,  # a visitor's browser keeps some open as long as it looks at the page
        graceful_shutdown_timeout_s=2, health_check_timeout_s=60,
    )  # fmt: skip
    return page.bind(settings, device, pools)


def scaling(settings: Settings) -> dict[str, Any]:
    """Return how a pool grows: by what each replica works on and what waits there, within seconds; it shrinks late."""
    return {
        "min_replicas": 1, "max_replicas": settings.max_replicas, "target_ongoing_requests": 2, "upscale_delay_s": 5,
        "downscale_delay_s": 120,
    }  # fmt: skip


def _checked(args: Mapping[str, Any]) -> Settings:
    try:
        settings = Settings.model_validate(dict(args))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise OptionError(f"The setting {place!r} in the args of serve.yaml is wrong: {first['msg']}.") from None
    for task in settings.models.keys() - set(TASKS):
        raise OptionError(f"The models of serve.yaml have a task {task!r}; it must be one of {', '.join(TASKS)}.")
    return settings


def share(settings: Settings, gpus: float, cpus: float) -> tuple[str, dict[str, float]]:
    """Return the device of a replica, and what it asks of the cluster.

    gpus, cpus: those of the whole cluster, as it is now.
    """
    pools = len(TASKS)
    if settings.device == "cpu" or (settings.device is None and settings.gpus is None and gpus < 1):
        needed = min(float(settings.threads), math.floor(100 * cpus / pools) / 100)
        return "cpu", {"num_cpus": max(needed, 0.01), "num_gpus": 0}
    part = settings.gpus or (1.0 if gpus >= pools else math.floor(100 / pools) / 100)
    needs = {"num_cpus": min(1.0, max(cpus / pools, 0.01)), "num_gpus": part}
    return settings.device or "cuda", needs

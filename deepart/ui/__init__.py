"""The page: one Gradio app over the pipelines of a studio. Nothing else in the package imports Gradio."""

from __future__ import annotations

from typing import Any

import gradio as gr

from deepart import registry
from deepart.registry import TASKS, list_models
from deepart.studio import Studio
from deepart.ui.common import KEEP_FILES, api_input, launch_options, sentences, visitor
from deepart.ui.generate_tab import GenerateTab
from deepart.ui.jobs import Jobs
from deepart.ui.reconstruct_tab import ReconstructTab
from deepart.ui.style_tab import StyleTab

__all__ = ["build_app", "launch_options"]

_HEAD = """<header class="da-head"><h1>DeepArt</h1>
<p>Make pictures that never existed, take pictures apart, repaint photographs. All is computed on this machine.</p>
</header>"""


def build_app(studio: Studio) -> gr.Blocks:
    """Return the page over the models of a studio; call queue() and launch(**launch_options()) on it."""
    jobs = Jobs()

    def leave(request: gr.Request) -> None:
        jobs.stop(visitor(request))

    app: gr.Blocks
    with gr.Blocks(title="DeepArt", analytics_enabled=False, delete_cache=KEEP_FILES, fill_width=True) as app:
        gr.HTML(_HEAD)
        with gr.Tabs(overflow_behavior="wrap"):
            if list_models("gan"):
                with gr.Tab("Generate"):
                    GenerateTab(app, studio, jobs)
            if list_models("vae"):
                with gr.Tab("Reconstruct") as tab:
                    ReconstructTab(app, tab, studio, jobs)
            with gr.Tab("Style transfer"):
                StyleTab(app, studio, jobs)
        with gr.Column(visible=False):
            task, found = (
                api_input("Task: gan, vae or style, or null for all", "string", example="style"),
                gr.JSON(label="Models"),
            )
            gr.Button().click(_models, task, found, api_name="models", queue=False)
        app.unload(leave)
    return app


def _models(task: str | None = None) -> list[dict[str, Any]]:
    """List the models: task, name, title, one line about it, licence, whether it is its task's default.

    Further: whether it needs no download, its bytes, the Hub repository that it is from, and what it costs.
    """
    with sentences():
        if task is not None:
            list_models(task)  # an OptionError for a task that there is not
        specs = [spec for spec in registry.REGISTRY.values() if spec.task in TASKS and task in (None, spec.task)]
        fields = ("task", "name", "title", "summary", "licence", "default", "here", "size", "repo_id", "cost")
        return [{field: getattr(spec, field) for field in fields} for spec in specs]

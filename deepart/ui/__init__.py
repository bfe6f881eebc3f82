"""The page: one Gradio app over the pipelines of a studio. Nothing else in the package imports Gradio."""

from __future__ import annotations

from typing import Any

import gradio as gr

from deepart import memory, registry
from deepart.cache import Studio
from deepart.registry import TASKS, list_models
from deepart.ui.common import KEEP_FILES, api_corner, api_input, launch_options, sentences, share_machine, visitor
from deepart.ui.gallery import lay_thumbnails
from deepart.ui.generate_tab import GenerateTab
from deepart.ui.how import lay_how
from deepart.ui.jobs import Jobs
from deepart.ui.language import localise
from deepart.ui.link import Link, restore
from deepart.ui.reconstruct_tab import ReconstructTab
from deepart.ui.send import Place
from deepart.ui.session import Kept, Reader, Session
from deepart.ui.style_tab import StyleTab

__all__ = ["build_app", "launch_options"]

_HEAD = '<header class="da-head"><h1>DeepArt</h1><p>{}</p></header>'
_HERE = "Make pictures that never existed, take pictures apart, repaint photographs. All is computed on this machine."
_THERE = (
    "Make pictures that never existed, take pictures apart, repaint photographs. All is computed on the machines of "
    "whoever offers this page."
)


def build_app(studio: Studio) -> gr.Blocks:
    """Return the page over the models of a studio; call queue() and launch(**launch_options(page)) on it."""
    jobs = Jobs(studio.at_once)

    def leave(request: gr.Request) -> None:
        jobs.stop(visitor(request))
        memory.trim()

    app: gr.Blocks
    with gr.Blocks(title="DeepArt", analytics_enabled=False, delete_cache=KEEP_FILES, fill_width=True) as app:
        gr.HTML(_HEAD.format(_HERE if studio.at_once == 1 else _THERE))
        lay_thumbnails()
        generate: GenerateTab | None = None
        reconstruct: ReconstructTab | None = None
        links: list[Link] = []
        with gr.Tabs(overflow_behavior="wrap") as tabs:
            if list_models("gan"):
                with gr.Tab("Generate", id="generate"):
                    generate = GenerateTab(app, studio, jobs)
                    links.append(Link("generate", generate.linked))
                    lay_how("gan")
            if list_models("vae"):
                with gr.Tab("Reconstruct", id="reconstruct") as tab:
                    reconstruct = ReconstructTab(app, tab, studio, jobs)
                    links.append(Link("reconstruct", reconstruct.linked))
                    lay_how("vae")
            with gr.Tab("Style transfer", id="style"):
                style = StyleTab(app, studio, jobs)
                links.append(Link("style", style.linked))
                lay_how("style")
            with gr.Tab("My results", id="results"):
                session = Session()
        _connect(tabs, generate, reconstruct, style, session)
        for link in links:
            link.wire()
        linked = restore(app, tabs, links)
        style.follow(linked)
        if reconstruct is not None:
            reconstruct.follow(linked)
        with api_corner():
            task, found = (
                api_input("Task: gan, vae or style, or null for all", "string", example="style"),
                gr.JSON(label="Models"),
            )
            gr.Button().click(_models, task, found, api_name="models", queue=False)
        app.unload(leave)
    share_machine(app, studio.at_once)
    app.i18n_instance = localise(app)  # launch_options() takes it from here
    return app


def _connect(
    tabs: gr.Tabs, generate: GenerateTab | None, reconstruct: ReconstructTab | None, style: StyleTab, session: Session
) -> None:
    """Let the results of each tab be sent to the others, and be kept for the visitor."""
    results: list[tuple[Any, Reader]] = [(style.result, lambda path: Kept(path, "Painting"))]
    places = {
        "content": Place(style.content, "style", "content"), "style": Place(style.style, "style", "style"),
    }  # fmt: skip
    if generate is not None:
        inside = {generate.tools: lambda: gr.Tabs(selected="find")}
        places["find"] = Place(generate.find.picture, "generate", "find-picture", inside)
    if reconstruct is not None:
        places["photo"] = Place(
            reconstruct.picture, "reconstruct", "vae-title", {reconstruct.opened: lambda: None}, reconstruct.sent
        )
        results.append((reconstruct.subject, lambda subject: Kept(subject.made.path, f"{subject.name}, reconstructed")))
        reconstruct.send.wire(reconstruct.subject, lambda subject: subject.made.path, places, tabs)
    if generate is not None:
        results.append((generate.chosen.piece, lambda piece: Kept(piece.path, piece.name)))
        generate.chosen.send.wire(generate.chosen.piece, lambda piece: piece.path, places, tabs)
    style.send.wire(style.result, lambda path: path, places, tabs)
    session.send.wire(session.picked, lambda picked: picked[-1] if picked else None, places, tabs)
    breed = generate.breed if generate is not None else None
    there = {} if generate is None else {generate.tools: lambda: gr.Tabs(selected="breed")}
    session.wire(results, breed, there, tabs)


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

"""The page: one Gradio app over the pipelines of a studio. Nothing else in the package imports Gradio."""

from __future__ import annotations

from typing import Any

import gradio as gr

from deepart import memory
from deepart.cache import Studio
from deepart.errors import Phrase
from deepart.registry import list_models
from deepart.ui.endpoints import Endpoints
from deepart.ui.examples import lay_thumbnails
from deepart.ui.generate import GenerateTab
from deepart.ui.i18n import localise
from deepart.ui.inputs import api_corner, hide_schemas, refuse_foreign_files, visitor
from deepart.ui.jobs import Jobs
from deepart.ui.page import SESSIONS, Link, launch_options, lay_about, restore
from deepart.ui.reconstruct import ReconstructTab
from deepart.ui.results import MyResults, Place, Reader, Result
from deepart.ui.style import StyleTab

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
    with gr.Blocks(title="DeepArt", analytics_enabled=False, fill_width=True) as app:
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
                    lay_about("gan")
            if list_models("vae"):
                with gr.Tab("Reconstruct", id="reconstruct"):
                    reconstruct = ReconstructTab(app, studio, jobs)
                    links.append(Link("reconstruct", reconstruct.linked))
                    lay_about("vae")
            with gr.Tab("Style transfer", id="style"):
                style = StyleTab(app, studio, jobs)
                links.append(Link("style", style.linked))
                lay_about("style")
            with gr.Tab("My results", id="results"):
                session = MyResults()
        _connect(tabs, generate, reconstruct, style, session)
        for link in links:
            link.wire()
        linked = restore(app, tabs, links)
        style.follow(linked)
        if reconstruct is not None:
            reconstruct.follow(linked)
        with api_corner():
            Endpoints(
                jobs, style.requests, None if generate is None else generate.requests,
                None if reconstruct is None else reconstruct.requests,
                None if style.sheet is None else (style.sheet.model, style.sheet.side),
            )  # fmt: skip
        app.unload(leave)
    hide_schemas(app)
    app.state_session_capacity = SESSIONS  # as mount_gradio_app() takes it; launch() is told by app.py
    app.jobs = jobs  # type: ignore[attr-defined]  # serving_options() takes it from here, and launch_options() the next
    app.i18n_instance = localise(app)  # launch_options() takes it from here
    refuse_foreign_files(app)
    return app


def _connect(
    tabs: gr.Tabs, generate: GenerateTab | None, reconstruct: ReconstructTab | None, style: StyleTab, session: MyResults
) -> None:
    """Let the results of each tab be sent to the others, and be kept for the visitor."""
    kept: dict[Any, Reader] = {style.result: lambda path: Result(path, "Painting")}
    places = {
        "content": Place(style.content, "style", "content"), "style": Place(style.style, "style", "style"),
    }  # fmt: skip
    if generate is not None:
        inside = {generate.tools: lambda: gr.Tabs(selected="find")}
        places["find"] = Place(generate.projection.picture, "generate", "find-picture", inside)
    if reconstruct is not None:
        besides = {reconstruct.opened: lambda: None}
        places["photo"] = Place(reconstruct.picture, "reconstruct", "vae-title", besides, reconstruct.wanted)
        kept[reconstruct.subject] = lambda one: Result(one.made.path, Phrase("{name}, reconstructed", name=one.name))
        reconstruct.send.wire(reconstruct.subject, lambda subject: subject.made.path, places, tabs)
    if generate is not None:
        kept[generate.chosen.piece] = lambda piece: Result(piece.path, piece.name)
        generate.chosen.send.wire(generate.chosen.piece, lambda piece: piece.path, places, tabs)
    style.send.wire(style.result, lambda path: path, places, tabs)
    session.send.wire(session.picked, lambda picked: picked[-1] if picked else None, places, tabs)
    session.wire(kept)

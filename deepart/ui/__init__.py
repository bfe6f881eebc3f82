"""The page: one Gradio app over the pipelines of a studio. Nothing else in the package imports Gradio."""

from typing import Any

import gradio as gr

from deepart import memory
from deepart.cache import Studio
from deepart.ui.endpoints import Endpoints
from deepart.ui.examples import lay_thumbnails
from deepart.ui.generate import GenerateTab
from deepart.ui.i18n import localise
from deepart.ui.inputs import AT_ONCE, api_corner, hide_schemas, mend_calls
from deepart.ui.jobs import Jobs
from deepart.ui.page import RESULTS, SESSIONS, Link, launch_options, lay_about, restore
from deepart.ui.reconstruct import ReconstructTab
from deepart.ui.remake import Remake
from deepart.ui.results import MyResults, Place, recall
from deepart.ui.run import new_text
from deepart.ui.shelf import Reader, Shelf
from deepart.ui.style import StyleTab

__all__ = ["build_app", "launch_options"]

_HEAD = (
    '<header class="da-head"><h1>DeepArt</h1><p>{}</p><button type="button" class="da-theme" '
    'aria-label="Light or dark" title="Light or dark" onclick="deepart.switchTheme()"></button><button type="button" '
    'class="da-language" aria-label="English or Chinese" onclick="deepart.switchLanguage()"></button></header>'
)
_HERE = "Make pictures that never existed, take pictures apart, repaint photographs. All is computed on this machine."
_THERE = (
    "Make pictures that never existed, take pictures apart, repaint photographs. All is computed on the machines of "
    "whoever offers this page."
)


def build_app(studio: Studio) -> gr.Blocks:
    """Return the page over the models of a studio; call queue() and launch(**launch_options(page)) on it."""
    jobs = Jobs(studio.at_once)
    jobs.listeners.append(lambda done: None if jobs.running else memory.trim())  # at rest: it takes a moment

    def leave(request: gr.Request) -> None:
        jobs.stop(request)

    app: gr.Blocks
    with gr.Blocks(title="DeepArt", analytics_enabled=False, fill_width=True) as app:
        gr.HTML(_HEAD.format(_HERE if studio.at_once == 1 else _THERE))
        lay_thumbnails()
        shelf = Shelf()
        with gr.Tabs(overflow_behavior="wrap", elem_id="tabs") as tabs:
            with gr.Tab("Style transfer", id="style"):
                style = StyleTab(app, studio, jobs)
                mixed = {
                    "content": style.content,
                    "style": style.style,
                    "style-2": style.style_2,
                    "style-3": style.style_3,
                }
                links = [_under(style, "style", mixed, style.wanted)]
            with gr.Tab("Generate", id="generate"):
                generate = GenerateTab(app, studio, jobs)
                grid = generate.grid
                links.append(_under(generate, "generate", {"manner": grid.painting.manner}, grid.wanted))
            with gr.Tab("Reconstruct", id="reconstruct"):
                reconstruct = ReconstructTab(app, studio, jobs)
                links.append(_under(reconstruct, "reconstruct", {"picture": reconstruct.picture}, reconstruct.wanted))
            with gr.Tab("My results", id=RESULTS):
                session = MyResults(shelf, jobs)
        style.follow(_connect(tabs, generate, reconstruct, style, session, links))
        linked = restore(app, tabs, links, session.asked, [*session.shown, session.wanted])
        style.follow(linked)
        reconstruct.follow(linked)
        # Afterwards, as a link may name other pictures.
        kept = shelf.restore(linked, style.cleared)
        kept.then(None, None, None, js="() => deepart.ready()", **AT_ONCE)
        style.wall.follow(kept)
        with api_corner():
            sheet = style.sheet
            Endpoints(jobs, style.requests, generate.requests, reconstruct.requests, sheet.model, sheet.side)
        app.unload(leave)
    hide_schemas(app)
    app.state_session_capacity = SESSIONS  # as mount_gradio_app() takes it; launch() is told by app.py
    app.jobs = jobs  # type: ignore[attr-defined]  # serving_options() takes it from here, and launch_options() the next
    app.i18n_instance = localise(app)  # launch_options() takes it from here
    mend_calls(app)
    return app


def _under(
    tab: StyleTab | GenerateTab | ReconstructTab, name: str, pictures: dict[str, gr.Image], wanted: Any = None
) -> Link:  # fmt: skip
    """Lay out what is under each of the tabs, and return the link to its settings; pictures, wanted: see Link."""
    with tab.extras:
        link = Link(name, tab.linked, pictures, wanted)
    lay_about({"generate": "gan", "reconstruct": "vae"}.get(name, name))
    return link


def _connect(
    tabs: gr.Tabs, generate: GenerateTab, reconstruct: ReconstructTab, style: StyleTab, session: MyResults,
    links: list[Link],
) -> Any:  # fmt: skip
    """Let the results of each tab be sent to the others, be kept for the visitor, and give their settings back.

    Returns the event that does the last.
    """
    chosen, shelf = generate.chosen, session.shelf
    kept: dict[Any, Reader] = {
        style.result: lambda one: [one], style.sheet.made: lambda made: [piece for _, piece in made],
        reconstruct.made: lambda pieces: pieces, reconstruct.subject: lambda subject: [subject.made],
        generate.grid.pieces: lambda pieces: pieces, chosen.piece: lambda piece: [piece],
    }  # fmt: skip
    anew = {reconstruct.opened: lambda: None, reconstruct.wanted: new_text}
    inside = {generate.tools: lambda: gr.Tabs(selected="find")}
    places = {
        "content": Place(style.content, "style", "content", style.cleared),
        "style": Place(style.style, "style", "style", style.cleared),
        "photo": Place(reconstruct.picture, "reconstruct", "vae-title", anew),
        "find": Place(generate.projection.picture, "generate", "find-picture", inside),
    }
    chosen.send.wire(chosen.piece, lambda piece: piece.path, places, tabs)
    reconstruct.send.wire(reconstruct.subject, lambda subject: subject.made.path, places, tabs)
    style.send.wire(style.result, lambda one: one.path, places, tabs)
    session.send.wire(session.picked, lambda picked: picked[-1]["path"] or None if picked else None, places, tabs)
    remake = Remake(style.requests, generate.requests, generate.grid.painting, reconstruct.requests)
    session.wire(remake, generate.breed.liked)
    shelf.wire(remake, kept, generate.breed.liked, [style.content, style.style, reconstruct.picture])
    besides = {"generate": generate.recall, "reconstruct": reconstruct.recall}
    return recall(session.use, session.picked, tabs, links, besides, [*chosen.parts, *anew, reconstruct.tools_of])

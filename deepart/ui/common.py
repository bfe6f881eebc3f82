"""What all tabs share: the look, the door for files, sentences for mistakes, progress as HTML."""

from __future__ import annotations

import base64
import html
import io
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

import gradio as gr
from gradio.components.api_component import Api
from gradio.data_classes import FileData, GradioRootModel
from PIL import Image
from pydantic import ValidationError

from deepart import images
from deepart.errors import DeepArtError, ImageError
from deepart.ui.language import API, t, t_text
from deepart.ui.theme import theme

EXAMPLES = Path(__file__).parent / "examples"
MAX_UPLOAD = "40mb"  # the latent of a picture of 4096 pixels has 34
KEEP_FILES = (3600, 86400)  # seconds: look every hour, delete what is older than a day
GPU_SLOT: dict[str, Any] = {"concurrency_id": "gpu", "concurrency_limit": 1}  # for every event that computes a picture
# For events of the page itself, which compute nothing. The first kind passes the queue by, so that it works however
# full that is; the second may say what is wrong, which Gradio shows only for events of the queue.
# Neither shows progress anywhere. That is said by an empty list: what an event could show it on, the page goes through
# at every turn of every event, which costs it a few milliseconds a component.
_UNSEEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "show_progress_on": []}
AT_ONCE: dict[str, Any] = _UNSEEN | {"queue": False}
SOON: dict[str, Any] = _UNSEEN | {"concurrency_limit": None}
QUIETLY: dict[str, Any] = _UNSEEN | GPU_SLOT  # for what is computed while somebody moves a slider
IN_TURN: dict[str, Any] = SOON | {"concurrency_limit": 1}  # one after another, where each goes on from the last

_log = logging.getLogger("deepart.ui")

_CSS = """
.gradio-container { width: 100% !important; max-width: 1360px !important; margin: 0 auto !important;
  overflow: clip !important; /* Gradio hides it, and what would stay in sight while one scrolls would not */ }
.gradio-container .html-container { padding: 0 !important; }
.da-head h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; }
.da-head p { margin: 2px 0 0; color: var(--body-text-color-subdued); }
.da-note { margin: 0; font-size: var(--text-sm); color: var(--body-text-color-subdued); }

.dark .gradio-container button[role=tab].selected { color: var(--primary-300); }
.da-format { overflow: visible !important; }

/* Pictures and options on the left, the result on the right; on a phone the result comes before the options. */
.da-studio { display: grid !important; gap: 16px !important; align-items: start; grid-template-rows: auto 1fr;
  grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); grid-template-areas: "pictures result" "options result"; }
.da-studio > * { min-width: 0 !important; }
.da-pictures { grid-area: pictures; }
.da-result { grid-area: result; }
.da-options { grid-area: options; }

.da-examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(44px, 1fr)); gap: 6px; }
.da-pairs { display: grid; grid-template-columns: 1fr 1fr; gap: 6px; }
:is(.da-examples, .da-pairs) button { display: flex; margin: 0 !important; padding: 0; border-radius: 6px;
  overflow: hidden; }
:is(.da-examples, .da-pairs) button:is(:hover, :focus-visible) { outline: 2px solid var(--color-accent); }
:is(.da-examples, .da-pairs) span { flex: 1; aspect-ratio: 1; background-size: cover; }

/* What was painted and what is being painted lie over each other in boxes of a fixed size: nothing moves. */
.da-canvas, .da-status { display: grid !important; gap: 0 !important; }
.da-canvas > *, .da-status > * { grid-area: 1 / 1; min-width: 0; }
.da-canvas, .da-canvas > *, .da-stage, .da-stage img { height: clamp(280px, 60vh, 760px) !important; }
.da-status, .da-status > * { height: 3rem; }
:is(#slider, #vae-slider) { z-index: 0; }
#preview { z-index: 5; }
#preview:has(.da-veil) { pointer-events: none; }
:is(#preview, .da-told) .pending { opacity: 1; }
/* Holds Gradio's words on the place in the queue. */
:is(#preview, .da-told) .wrap { overflow: visible !important; z-index: 6; }
:is(#slider, #vae-slider, .da-stage) { border: 1px solid var(--border-color-primary) !important;
  border-radius: 10px !important; background: var(--background-fill-secondary) !important; }
.da-stage { display: grid; place-items: center; overflow: hidden; }
.da-stage img { width: 100%; object-fit: contain; display: block; margin: 0; }
.da-veil { height: 100%; }
.da-stage p { color: var(--body-text-color-subdued); text-align: center; padding: 0 24px; margin: 0; }
:is(#slider, #vae-slider) :is(.image-container, .slider-wrap, .wrap, .content, img) { height: 100% !important; }
:is(#slider, #vae-slider) img { width: 100% !important; object-fit: contain !important; background: none !important; }

.da-bar progress { -webkit-appearance: none; appearance: none; width: 100%; height: 8px; border: 0; border-radius: 4px;
  overflow: hidden; display: block; margin: 4px 0 8px; background: var(--border-color-primary); }
.da-bar progress::-webkit-progress-bar { background: var(--border-color-primary); }
.da-bar progress::-webkit-progress-value { background: var(--color-accent); }
.da-bar progress::-moz-progress-bar { background: var(--color-accent); }
.da-bar progress:not([value]) { animation: da-breathe 1.2s ease-in-out 0.4s infinite alternate; }
/* It begins late: drawing it would take from what is done in a moment. */
.da-bar progress:not([value])::-webkit-progress-bar { background: var(--color-accent); }
@keyframes da-breathe { from { opacity: 0.2; } to { opacity: 0.7; } }
@media (prefers-reduced-motion: reduce) { .da-bar progress:not([value]) { animation: none; opacity: 0.5; } }
.da-bar p, .da-facts { margin: 0; font-variant-numeric: tabular-nums; }
.da-facts { color: var(--body-text-color-subdued); min-height: 1.6em; }
.da-start { flex-wrap: wrap; align-items: stretch !important; }
.da-start :is(#model, #gan-model) { flex: 0 1 auto; width: auto; min-width: 0 !important; max-width: 100%;
  overflow: visible !important; }
.da-start :is(#model, #gan-model) .wrap { flex-wrap: wrap; height: 100%; }

/* The sheet: its styles with their thumbnails, and all of its pictures without a scroll of their own. */
#sheet-styles div.wrap { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 6px; }
#sheet-styles div.wrap label { padding: 4px 8px 4px 4px; font-size: var(--text-sm); line-height: 1.25; }
#sheet-styles div.wrap label::before { content: ""; flex: none; width: 32px; height: 32px; margin-right: 8px;
  border-radius: 4px; background-size: cover; }
#sheet-styles div.wrap label:not(.selected)::before { opacity: 0.45; }
#sheet .grid-wrap { min-height: 0; max-height: none; overflow: visible; }
#sheet .grid-container { grid-template-columns: repeat(auto-fill, minmax(min(160px, 45%), 1fr)); }
#sheet .caption-label { left: 0; right: 0; bottom: 0; max-width: none; border-width: 1px 0 0; border-radius: 0;
  white-space: normal; line-height: 1.25; opacity: 1; }
.da-rules { display: none; }
#sheet-told { min-height: 1.5em; }
.da-under { align-items: center !important; flex-wrap: wrap; }
#facts { min-width: 260px !important; }

/* The tab Generate: the wall of pictures on the left, the chosen picture and the tools on the right. */
.da-atelier { display: grid !important; gap: 20px !important; align-items: start;
  grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
.da-atelier > * { min-width: 0 !important; }
#grid, #mixes { border: 0 !important; background: none !important; padding: 0 !important;
  overflow: visible !important; }
:is(#grid, #mixes) .grid-wrap { min-height: 0; max-height: none; overflow: visible; padding: 0; }
#grid .grid-container { grid-template-columns: repeat(var(--grid-cols), minmax(0, 1fr)); gap: 6px;
  align-items: start; grid-auto-rows: auto; }
#mixes .grid-container { grid-template-columns: 1fr 1fr; gap: 6px; }
:is(#grid, #mixes) .gallery-item { position: relative; }
:is(#grid, #mixes) .caption-label { left: 0; right: 0; bottom: 0; max-width: none; border: 0; border-radius: 0;
  white-space: normal; line-height: 1.25; }
#grid .caption-label { opacity: 0; transition: opacity 0.15s; background: #000a; color: #fff; }
#grid .gallery-item:is(:hover, :focus-within) .caption-label { opacity: 1; }
#grid .gallery-item { border-radius: 8px; aspect-ratio: 1; }
#grid .gallery-item :is(button, img) { width: 100%; height: 100%; min-width: 0; min-height: 0; }
.da-atelier .da-status, .da-atelier .da-status > * { height: 2.7rem; }
#grid .gallery-item::after { content: "♥"; display: none; position: absolute; top: 6px; right: 6px; width: 26px;
  height: 26px; place-items: center; border-radius: 50%; background: #fffd; color: #d11a4a; pointer-events: none; }
.da-wall .da-under > :first-child { flex: 1; border: 0; background: none; }
.da-frame { display: grid; place-items: center; aspect-ratio: 1; width: 100%; max-width: 560px; margin: 0 auto;
  overflow: hidden; border: 1px solid var(--border-color-primary); border-radius: 10px;
  background: var(--background-fill-secondary); }
.da-frame img { width: 100%; height: 100%; object-fit: contain; display: block; margin: 0; }
.da-frame p { margin: 0; padding: 0 24px; text-align: center; color: var(--body-text-color-subdued); }
.da-title { margin: 0; font-weight: 600; }
/* The chosen picture stays in sight while one moves the sliders under it. */
.da-bench { overflow: visible !important; }
.da-hero { display: grid !important; grid-template-columns: minmax(0, 1fr) 168px; gap: 16px !important;
  position: sticky; top: 0; z-index: 60; /* above the labels of sliders */
  padding: 8px 0 12px; background: var(--body-background-fill); }
.da-hero > * { min-width: 0 !important; }
.da-hero .da-frame { max-width: min(100%, 52vh); }
.da-acts { gap: 8px !important; }
.da-save { flex-wrap: nowrap !important; align-items: stretch; gap: 6px !important; }
.da-hero .da-acts > .da-save, .da-hero .da-save > button { min-width: 0 !important; }
.da-save .da-format { width: 84px; min-width: 0 !important; flex: none !important; }
.da-save .da-format :is(.wrap, .wrap-inner, .secondary-wrap, input) { min-width: 0; }
.da-save .da-format .wrap-inner { padding: 0 2px 0 8px; }
#session-grid .grid-container { grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 6px; }
#session-grid .grid-wrap { max-height: none; overflow: visible; padding: 0; }
#session-facts pre { overflow-x: auto; font-size: var(--text-sm); }
/* Gradio's "Error" is in English whatever the page is in, and the colour and the sign say it. */
.toast-title { font-size: 0 !important; }
.toast-count { font-size: var(--text-md); }
.da-how img { width: 100%; max-width: 1156px; display: block; border-radius: 8px; }
.da-how p { max-width: 75ch; line-height: 1.55; margin: 0 0 8px; }
.da-how .da-caption { font-size: var(--text-sm); color: var(--body-text-color-subdued); }
.da-how ul { margin: 0 0 8px; padding-left: 20px; line-height: 1.55; list-style: disc; }
.da-send { gap: 8px !important; align-items: center; }
.da-send > .html-container, .da-send > div:first-child { flex: none !important; width: auto !important; }
.da-sliders .form { display: grid !important; grid-template-columns: 1fr 1fr; background: none; }
.da-pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
.da-pair figure { margin: 0; }
.da-pair figcaption { font-size: var(--text-sm); color: var(--body-text-color-subdued); text-align: center; }
.da-thumbs { display: flex; flex-wrap: wrap; gap: 4px; }
.da-thumbs button { width: 48px; height: 48px; padding: 0; border-radius: 6px; overflow: hidden; }
.da-thumbs button:hover, .da-thumbs button:focus-visible { outline: 2px solid var(--color-accent); }
.da-thumbs button.da-raised { outline: 2px solid #d11a4a; }
.da-thumbs img { width: 100%; height: 100%; object-fit: cover; display: block; margin: 0; }
:is(#walk-stage, #morph-stage, #combine-stage) .da-frame { max-width: 400px; }
.da-changed { position: sticky; top: 0; z-index: 60; background: var(--body-background-fill); }
.da-change .da-sliders .form { grid-template-columns: minmax(0, 1fr) !important; }
#vae-inside .da-frame { max-width: 420px; }

/* The tab Reconstruct: the picture on the left, in sight as long as it fits; on the right what comes of it. */
@media (min-width: 769px) and (min-height: 740px) { .da-source { position: sticky; top: 0; } }
.da-source #vae-model { width: auto; }
.da-result .da-tools .da-stage, .da-result .da-tools .da-stage img, .da-result .da-tools .da-canvas,
.da-result .da-tools .da-canvas > * { height: clamp(260px, 50vh, 600px) !important; }
.da-numbers { display: flex; flex-wrap: wrap; margin: 0 0 6px;
  border: 1px solid var(--border-color-primary); border-radius: 8px; overflow: hidden; }
.da-numbers div { flex: 1 0 auto; min-width: 96px; padding: 6px 10px; box-shadow: 1px 1px var(--border-color-primary); }
.da-numbers dt { font-size: var(--text-sm); color: var(--body-text-color-subdued); }
.da-numbers dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.da-acts > .da-save { min-width: 180px !important; }
#vae-inside img, #vae-channel-stage img { image-rendering: pixelated; }
.da-tray { border: 0 !important; background: none !important; padding: 0 !important; }
.da-tray .grid-wrap { min-height: 0; max-height: none; overflow: visible; padding: 0; }
.da-tray .grid-container { grid-template-columns: repeat(auto-fill, minmax(min(128px, 30%), 1fr)); gap: 6px; }
.da-tray .gallery-container:has(.preview) { min-height: min(440px, 60vh); }
.da-source .da-examples { grid-template-columns: repeat(auto-fill, minmax(38px, 1fr)); }
.da-strip { width: 100%; display: block; margin: 0; border-radius: 8px; }
.da-tree section { border-top: 1px solid var(--border-color-primary); padding: 8px 0; }
.da-litter { display: grid; grid-template-columns: minmax(48px, max-content) auto 1fr; gap: 8px; align-items: center;
  margin-top: 4px; }
.da-litter > .da-thumbs:first-child { max-width: 104px; }
@media (max-width: 900px) {
  .da-atelier { grid-template-columns: minmax(0, 1fr); }
  #grid .grid-container { grid-template-columns: repeat(4, minmax(0, 1fr)); }
  .da-tools button[role=tab] { padding: 8px 10px; }
  .da-hero { grid-template-columns: minmax(0, 1fr); }
  .da-hero .da-frame { max-width: min(100%, 38vh); }
  .da-hero .da-acts { display: grid !important; grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .da-hero #chosen-title { grid-column: 1 / -1; }
  .da-wall .da-under > :first-child { flex: 1 0 100%; }
  .da-wall .da-under button { flex: 1; }
}
@media (max-width: 768px) {
  .gradio-container button[role=tab] { padding: 8px 9px; } /* all three tabs beside each other */
  .da-changed .da-frame { max-width: min(100%, 34vh); }
  .da-result .da-tools .da-stage, .da-result .da-tools .da-stage img, .da-result .da-tools .da-canvas,
  .da-result .da-tools .da-canvas > * { height: clamp(240px, 78vw, 480px) !important; }
  .da-start { flex-direction: column; }
  .da-pictures .da-examples { grid-template-columns: repeat(auto-fill, minmax(32px, 1fr)); }
  :is(#content, #style) { height: 160px !important; }
  .da-status, .da-status > * { height: 4.2rem; }
  .da-start :is(#model, #gan-model, #gan-dice) { width: 100%; }
  .da-start #gan-dice { min-width: 100% !important; }
  .da-start :is(#model, #gan-model) label { flex: 1; }
  .gradio-container .main { padding: 12px !important; }
  .da-sliders .form { grid-template-columns: minmax(0, 1fr); }
  .da-studio { grid-template-columns: minmax(0, 1fr); grid-template-rows: auto;
    grid-template-areas: "pictures" "result" "options"; }
  .da-canvas, .da-canvas > *, .da-stage, .da-stage img { height: clamp(260px, 96vw, 480px) !important; }
}
"""


def launch_options(page: Any = None) -> dict[str, Any]:
    """Return what launch() needs to know about the page; every door that opens the page passes it on.

    page: what build_app has returned; without it the page is English only.
    """
    return {
        "i18n": getattr(page, "i18n_instance", None),
        "theme": theme(),
        "css": _CSS,
        "max_file_size": MAX_UPLOAD,
        "allowed_paths": [str(EXAMPLES)],
        "footer_links": ["api", "settings"],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
    }


def share_machine(page: gr.Blocks, at_once: int) -> None:
    """Let so many events that compute a picture run at the same time, where there is more than one machine."""
    for fn in page.fns.values():
        if fn.concurrency_id == GPU_SLOT["concurrency_id"]:
            fn.concurrency_limit = at_once


def into_sight(name: str) -> str:
    """Return the JavaScript that scrolls to an element of the page, where it is out of sight."""
    return f"document.querySelector('#{name}')?.scrollIntoView({{behavior: 'smooth', block: 'nearest'}});"


# ------------------------------------------------------------------------------------------------------ files in, out


def picture_input(label: str, **options: Any) -> gr.Image:
    """Return a box for a picture that hands over the uploaded file as it is, for images.load_image to read.

    gr.Image opens each file with any decoder that Pillow has, and fails with a traceback on what is no picture. Its
    parts are replaced on the object, since a subclass would make Gradio write a .pyi file beside this one. So events
    may set the value of such a box, and no other property: for that Gradio would build the component anew.
    """
    box = gr.Image(
        label=label, type="filepath", image_mode=None, sources=["upload", "clipboard"], buttons=[], **options
    )
    _take_uploads_only(box)
    _hand_over(box, _Upload)
    # For the snippets of "Use via API", which else name a picture on the web.
    box.example_payload = lambda: _EXAMPLE  # type: ignore[method-assign]
    return box


def latent_input() -> gr.File:
    """Return an input of an endpoint for the file of a latent, which it hands over like picture_input."""
    box = gr.File(label="Latent file instead of a picture, or null")
    _take_uploads_only(box, "latent")
    _hand_over(box, _LatentUpload)
    return box


def pictures_input(label: str) -> gr.File:
    """Return an input of an endpoint for a list of pictures, whose files it hands over like picture_input."""
    box = gr.File(label=label, file_count="multiple")
    _take_uploads_only(box)
    box.data_model = _Uploads
    box.preprocess = _raw_paths  # type: ignore[method-assign, assignment]
    box.example_payload = lambda: [_EXAMPLE]  # type: ignore[method-assign]
    return box


def _hand_over(box: gr.Image | gr.File, model: type[FileData]) -> None:
    box.data_model = model
    box.preprocess = _raw_path  # type: ignore[method-assign, assignment]


def _take_uploads_only(box: gr.Image | gr.File, what: str = "picture") -> None:
    """Let a component refuse what Gradio would fetch from elsewhere."""
    move = box.async_move_resource_to_block_cache

    async def move_local(source: str | Path | None) -> str | None:
        if str(source).startswith(("http://", "https://")):
            raise mistake(f"The {what} is a web address; upload the file itself.")
        return await move(source)

    box.async_move_resource_to_block_cache = move_local  # type: ignore[method-assign, assignment]


_EXAMPLE = {"path": "picture.jpg", "url": "picture.jpg", "meta": {"_type": "gradio.FileData"}}


class _Upload(FileData):
    """What comes in for a picture; anything but an uploaded file is a mistake.

    Gradio's own ImageData would let a path of the server pass that comes without the mark of a file.
    """

    what: ClassVar[str] = "picture"

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        try:
            return super().model_validate(obj, **options)
        except ValidationError:
            raise mistake(f"The {cls.what} is not an uploaded file; in Python pass handle_file(path).") from None


class _LatentUpload(_Upload):
    """What comes in for a latent."""

    what: ClassVar[str] = "latent"


class _Uploads(GradioRootModel):
    """What comes in for a list of pictures."""

    root: list[FileData]

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        try:
            return super().model_validate(obj, **options)
        except ValidationError:
            raise mistake("The pictures are no list of uploaded files; in Python pass [handle_file(path)].") from None


def _raw_path(payload: _Upload | None) -> str | None:
    return payload.path if payload is not None else None


def _raw_paths(payload: _Uploads | None) -> list[str]:
    return [file.path for file in payload.root] if payload is not None else []


def api_corner() -> gr.Column:
    """Return the place for what endpoints are made of: nobody sees it, and it speaks English."""
    return gr.Column(visible=False, elem_classes=API)


def api_input(
    label: str, kind: str | tuple[str, ...], default: Any = None, example: Any = None, items: Any = "number"
) -> Api:
    """Return an input of an endpoint that has no place on the page: any JSON value, which the pipeline checks.

    kind is a type of JSON, or several; items is that of the items of an array.
    """
    schema = _schema(kind)
    if kind == "array":
        schema["items"] = _schema(items)
    entry = Api(default, schema, label)
    entry.example_payload = lambda: default if example is None else example  # type: ignore[method-assign]
    return entry


def _schema(kind: str | tuple[str, ...]) -> dict[str, Any]:
    return {"type": kind} if isinstance(kind, str) else {"anyOf": [{"type": one} for one in kind]}


def read_picture(path: str | None, what: str) -> Image.Image:
    """Return an uploaded picture; raises ImageError with a sentence that says which one it is about."""
    if path is None:
        raise ImageError(f"There is no {what} yet; upload one or choose an example.")
    try:
        return images.load_image(path)
    except ImageError as error:
        raise ImageError(f"The {what} cannot be used. {error}") from error


def keep_good(box: gr.Image) -> Any:
    """Let a box say at once what is wrong with a file, and go back to the last good one; return the event of a good."""
    kept = gr.State(box.value["path"] if box.value else None)
    box.change(_last_good, [box, kept], kept, **AT_ONCE)
    looked = box.upload(_look_at, box, None, **SOON)
    looked.failure(lambda path: path, kept, box, **AT_ONCE)
    return looked


def _look_at(path: str | None) -> None:
    with sentences():
        read_picture(path, "picture")


def _last_good(path: str | None, kept: str | None) -> str | None:
    """Return the last good file after a change: the new one, unless it is none, as for a moment while one comes."""
    try:
        return path if path is not None and size_of(path) else kept
    except ImageError:
        return kept


def save_result(image: Image.Image, name: str, cache: str) -> str:
    """Write an exact PNG, settings inside, where Gradio serves files from and deletes them after a day."""
    folder = Path(cache) / uuid.uuid4().hex
    folder.mkdir(parents=True)
    path = folder / f"{name}.png"
    images.save_png(image, path, compress_level=1)  # somebody is waiting: a quarter of the time
    return str(path)


def save_before(image: Image.Image, cache: str) -> str:
    """Write the content to compare a result with, like save_result: as JPEG, which takes no time."""
    folder = Path(cache) / uuid.uuid4().hex
    folder.mkdir(parents=True)
    path = folder / "before.jpg"
    image.save(path, quality=92)
    return str(path)


@lru_cache(maxsize=64)
def size_of(path: str) -> tuple[int, int]:
    """Return width and height of an uploaded picture as the loader sees it; its path changes with its content."""
    return images.load_image(path).size


# ----------------------------------------------------------------------------------------------- visitors and mistakes


def visitor(request: gr.Request) -> str:
    """Return the name of a visitor's session; a request without one is a visitor of its own."""
    return request.session_hash or uuid.uuid4().hex


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what goes wrong inside into one sentence for the visitor; only what is our fault goes into the log."""
    try:
        yield
    except gr.Error:
        raise
    except DeepArtError as error:
        raise mistake(str(error)) from None
    except Exception:
        _log.exception("An action failed.")
        raise mistake("Something went wrong on our side; please try again.", Fault) from None


class Fault(gr.Error):
    """What a visitor is told of a fault that is ours."""


def mistake(sentence: str, kind: type[gr.Error] = gr.Error) -> gr.Error:
    """Return the error to raise for a mistake of the visitor's, in the visitor's language."""
    return kind(t_text(sentence), title=t("Error"), duration=12, print_exception=False)


# ----------------------------------------------------------------------------------------------------------- progress


VEIL = '<div class="da-veil"></div>'  # over what was painted: it can be seen through


def stage(image: Image.Image | None, words: str) -> str:
    """Return the picture so far, or words where there is none yet, as HTML of the size of the result."""
    if image is None:
        return f'<div class="da-stage"><p>{html.escape(words)}</p></div>'
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=85)
    data = base64.b64encode(packed.getvalue()).decode()
    return f'<div class="da-stage"><img alt="{html.escape(words)}" src="data:image/jpeg;base64,{data}"></div>'


def progress(share: float | None, words: str) -> str:
    """Return a bar with words under it as HTML; share is that of the work done, None while it is not known."""
    known = "" if share is None else f' value="{100 * share:.1f}"'
    bar = f'<progress max="100"{known} aria-label="{html.escape(t("Progress"))}"></progress>'
    return f'<div class="da-bar">{bar}<p>{html.escape(words)}</p></div>'


def duration(seconds: float) -> str:
    """Return a time in words, as exact as an estimate can be: "5 seconds", "40 seconds", "3 minutes"."""
    if seconds < 1.5:
        return t("1 second")
    if seconds < 10:
        return t("{n} seconds", n=f"{seconds:.0f}")
    if seconds < 57.5:
        return t("{n} seconds", n=5 * round(seconds / 5))
    minutes = round(seconds / 60)
    return t("1 minute") if minutes == 1 else t("{n} minutes", n=minutes)

"""What comes in: uploaded files, values of endpoints, visitors; and the sentences for what is wrong with them."""

import logging
import os
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Self

import gradio as gr
from gradio.components.api_component import Api
from gradio.data_classes import FileData, GradioRootModel
from gradio.exceptions import InvalidPathError
from PIL import Image
from pydantic import ValidationError

from deepart import images
from deepart.errors import DeepArtError, ImageError, Phrase
from deepart.ui.i18n import API, shown_blocks, t, translate

EXAMPLES = Path(__file__).parent / "examples"
GPU_SLOT: dict[str, Any] = {"concurrency_id": "gpu", "concurrency_limit": None}
"""For every event that computes a picture: the jobs give it its turn, and on ZeroGPU the host does."""
COMPUTING: dict[str, Any] = GPU_SLOT | {"show_progress": "minimal", "api_visibility": "private"}

# For events of the page itself, which compute nothing. The first kind passes the queue by, so that it works however
# full that is; the second may say what is wrong, which Gradio shows only for events of the queue.
# Neither shows progress anywhere. That is said by an empty list: what an event could show it on, the page goes through
# at every turn of every event, which costs it a few milliseconds a component.
_UNSEEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "show_progress_on": []}
AT_ONCE: dict[str, Any] = _UNSEEN | {"queue": False}
SOON: dict[str, Any] = _UNSEEN | {"concurrency_limit": None}
QUIETLY: dict[str, Any] = _UNSEEN | GPU_SLOT  # for what is computed
IN_TURN: dict[str, Any] = SOON | {"concurrency_limit": 1}  # one after another, where each goes on from the last

_log = logging.getLogger("deepart.ui")


# ------------------------------------------------------------------------------------------------------ files in, out


def picture_input(label: str, sources: Sequence[Any] = ("upload", "clipboard"), **options: Any) -> gr.Image:
    """Return a box for a picture that hands over the uploaded file as it is, for images.load_image to read.

    gr.Image opens each file with any decoder that Pillow has, and fails with a traceback on what is no picture. Its
    parts are replaced on the object, since a subclass would make Gradio write a .pyi file beside this one. So events
    may set the value of such a box, and no other property: for that Gradio would build the component anew.
    """
    box = gr.Image(label=label, type="filepath", image_mode=None, sources=list(sources), buttons=[], **options)
    _hand_over(box, _Upload)
    # For the snippets of "Use via API", which else name a picture on the web.
    box.example_payload = lambda: _EXAMPLE  # type: ignore[method-assign]
    return box


def latent_input() -> gr.File:
    """Return an input of an endpoint for the file of a latent, which it hands over like picture_input."""
    box = gr.File(label="Latent file instead of a picture, or null")
    _hand_over(box, _LatentUpload, "latent")
    return box


def pictures_input(label: str) -> gr.File:
    """Return an input of an endpoint for a list of pictures, whose files it hands over like picture_input."""
    box = gr.File(label=label, file_count="multiple")
    _hand_over(box, _Uploads)
    box.example_payload = lambda: [_EXAMPLE]  # type: ignore[method-assign]
    return box


def _hand_over(box: gr.Image | gr.File, model: Any, what: str = "picture") -> None:
    """Let a component hand over the paths of uploaded files, and refuse what Gradio would fetch from elsewhere."""
    box.data_model, box.preprocess = model, model.paths  # type: ignore[method-assign]
    move = box.async_move_resource_to_block_cache

    async def move_local(source: str | Path | None) -> str | None:
        if str(source).startswith(("http://", "https://")):
            raise mistake(Phrase("The {what} is a web address; upload the file itself.", what=what))
        return await move(source)

    box.async_move_resource_to_block_cache = move_local  # type: ignore[method-assign, assignment]


_EXAMPLE = {"path": "picture.jpg", "url": "picture.jpg", "meta": {"_type": "gradio.FileData"}}


def mend_calls(app: gr.Blocks) -> None:
    """Give calls over HTTP what they leave out at the end, and a sentence for a file that was not uploaded.

    Gradio answers both with null, and so a call that was right before a parameter was added.
    """
    preprocess = app.preprocess_data

    async def checked(event: Any, values: list[Any], *state: Any, **options: Any) -> Any:
        try:
            defaults = [box.value for box in event.inputs[len(values) :]]
            return await preprocess(event, [*values, *defaults], *state, **options)
        except InvalidPathError:
            raise mistake("A file was not uploaded here; upload it first, in Python with handle_file(path).") from None

    app.preprocess_data = checked  # type: ignore[method-assign, assignment]


# Gradio's own ImageData would let a path of the server pass that comes without the mark of a file. The docstrings are
# what "Use via API" says of each.
class _Upload(FileData):
    """A picture file that was uploaded; in Python handle_file(path)."""

    what: ClassVar[str] = "picture"

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        try:
            return super().model_validate(obj, **options)
        except ValidationError:
            sentence = "The {what} is not an uploaded file; in Python pass handle_file(path)."
            raise mistake(Phrase(sentence, what=cls.what)) from None

    def paths(self: "_Upload | None") -> str | None:
        """Return the path, None where there is no file."""
        return None if self is None else self.path


class _LatentUpload(_Upload):
    """A latent file that was uploaded; in Python handle_file(path)."""

    what: ClassVar[str] = "latent"


class _Uploads(GradioRootModel):
    """Picture files that were uploaded; in Python [handle_file(path), ...]."""

    root: list[_Upload]

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        try:
            return super().model_validate(obj, **options)
        except ValidationError:
            raise mistake("The pictures are no list of uploaded files; in Python pass [handle_file(path)].") from None

    def paths(self: "_Uploads | None") -> list[str]:
        """Return the paths, none where there are no files."""
        return [] if self is None else [file.path for file in self.root]


def new_file(cache: str, name: str) -> str:
    """Return the path of a file to write where Gradio serves files from, in a new folder."""
    folder = Path(cache) / uuid.uuid4().hex
    folder.mkdir(parents=True)
    return str(folder / name)


def api_corner() -> gr.Column:
    """Return the place for what endpoints are made of: nobody sees it, and it speaks English."""
    return gr.Column(visible=False, elem_classes=API)


def hide_schemas(app: gr.Blocks) -> None:
    """Leave schemas of what no endpoint takes or gives out of what the browser loads: they were a sixth of it."""
    for block in shown_blocks(app):
        block.api_info = block.example_inputs = dict


def api_input(default: Any, label: str, kind: str | tuple[str, ...], example: Any = None, items: Any = "number") -> Api:
    """Return an input of an endpoint for any JSON value, of one type or several; items: the type of an array's."""
    schema = _schema(kind)
    if kind == "array":
        schema["items"] = _schema(items)
    entry = Api(default, schema, label)
    entry.example_payload = lambda: default if example is None else example  # type: ignore[method-assign]
    return entry


def _schema(kind: str | tuple[str, ...]) -> dict[str, Any]:
    return {"type": kind} if isinstance(kind, str) else {"anyOf": [{"type": one} for one in kind]}


def read_picture(path: str | Image.Image | None, what: str, *, keep_alpha: bool = False) -> Image.Image:
    """Return an uploaded picture, or one that was read; raises ImageError with a sentence that says which one."""
    if isinstance(path, Image.Image):
        return path
    if path is None:
        raise ImageError("There is no {what} yet; upload one or choose an example.", what=what)
    try:
        return _recent.read(path, keep_alpha)
    except ImageError as error:
        raise ImageError("The {what} cannot be used. {reason}", what=what, reason=error.phrase) from error


class _Recent:
    """The uploads that were read last: a photograph is shown in each style and painted again, and decoded once."""

    COUNT, PIXELS = 4, 21_000_000  # a content and its styles; of all together, which have 3 bytes each

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, Image.Image] = OrderedDict()  # the one that was read longest ago first

    def read(self, path: str, keep_alpha: bool) -> Image.Image:
        """Return the picture of a file, for the caller alone; raises ImageError."""
        key = None
        with suppress(OSError, ValueError):  # there is no such file, which load_image says
            key = path, keep_alpha, os.stat(path).st_mtime_ns
        with self._lock:
            picture = self._kept.pop(key, None)
        picture = images.load_image(path, keep_alpha=keep_alpha) if picture is None else picture
        if not Path(path).is_relative_to(EXAMPLES):  # these are small, and many are read for the wall
            with self._lock:
                self._kept[key] = picture
                while len(self._kept) > self.COUNT or sum(prod(one.size) for one in self._kept.values()) > self.PIXELS:
                    self._kept.popitem(last=False)
        return picture.copy()


_recent = _Recent()


def read_scaled(path: str | Image.Image | None, what: str, most: int) -> Image.Image:
    """Return an uploaded picture, scaled down to `most` pixels a side where it is larger, which the visitor is told."""
    picture = read_picture(path, what)
    if max(picture.size) <= most:
        return picture
    words = t(
        "The picture has {width} × {height} pixels and at most {most} a side are taken, so it was scaled down.",
        width=picture.width, height=picture.height, most=most,
    )  # fmt: skip
    gr.Warning(words, title="")
    return images.fit(picture, most)


def keep_good(*boxes: gr.Image) -> Any:
    """Let boxes say at once what is wrong with a file, by its header, and go back to the last good one.

    Returns the event of an upload, which succeeds for a good file.
    """
    kept = gr.State([box.value["path"] if box.value else None for box in boxes])
    # In one line, so that a bad file finds the good one before it in its place.
    line: dict[str, Any] = IN_TURN | {"trigger_mode": "multiple", "concurrency_id": "boxes"}
    gr.on([box.change for box in boxes], _last_good, [kept, *boxes], kept, **line)
    looked = gr.on([box.upload for box in boxes], _look_at, [kept, *boxes], kept, **line)
    looked.failure(lambda good: good if len(boxes) > 1 else good[0], kept, [*boxes], **AT_ONCE)
    return looked


def _look_at(kept: list[str | None], *paths: str | None) -> list[str | None]:
    with sentences():
        for path in filter(None, paths):
            images.picture_size(path)
    return _last_good(kept, *paths)  # a change is told later, and when it is the next file may have come


def _last_good(kept: list[str | None], *paths: str | None) -> list[str | None]:
    """Return the last good files after a change; for a moment, while a new one comes, there is none."""
    good = list(kept)
    for index, path in enumerate(paths):
        with suppress(ImageError):
            if path is not None:
                images.picture_size(path)
                good[index] = path
    return good


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
        raise mistake(error) from None
    except Exception:
        _log.exception("An action failed.")
        raise mistake("Something went wrong on our side; please try again.", Fault) from None


class Fault(gr.Error):
    """What a visitor is told of a fault that is ours."""


def mistake(sentence: str | DeepArtError, kind: type[gr.Error] = gr.Error) -> gr.Error:
    """Return the error to raise for a mistake of the visitor's, in the visitor's language."""
    return kind(translate(sentence), title=t("Error"), duration=12, print_exception=False)

"""The endpoints: what programs call, with the same words and limits as the page, and the same path for work.

Each is a method that yields, while its work goes on, empty outputs and {"step", "steps"}, and at last what came out:

    def _sharpen(self, request: gr.Request, image: str, strength: float = 1.0) -> Answer:
        \"\"\"Make a picture sharper.\"\"\"
        picture = yield from self._run(request, work, "/sharpen", None)
        yield self._file(picture)

    self._add(self._sharpen, "sharpen", {"image": picture_input("Picture"), "strength": ("Strength: 0 to 2", "number")},
              [picture_output("The result"), gr.JSON(label="Settings")])

The defaults that "Use via API" shows are those of the method's signature. What several endpoints take or give is one
component of the page, and what Gradio keeps of a client that has called is dropped after a while.
"""

import inspect
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, TypeVar

import gradio as gr
from gradio.components.gallery import GalleryImage
from gradio.context import Context
from gradio.data_classes import FileData, GradioRootModel
from PIL import Image

from deepart.checks import shown
from deepart.errors import OptionError
from deepart.images import settings
from deepart.ui.artwork import save_artwork
from deepart.ui.inputs import GPU_SLOT, api_input, mistake
from deepart.ui.jobs import Callback, Jobs, Work
from deepart.ui.upkeep import slim
from deepart.ui.widgets import FORMATS, save_animations
from deepart.ui.work import Pictures

FORGOTTEN = 10.0  # seconds after its call
_STEPS = "While it works it tells the step and the number of steps; what comes last is the result."
T = TypeVar("T")
Answer = Iterator[tuple[Any, ...]]


class EndpointsBase:
    """What endpoints have in common; lay them out inside inputs.api_corner()."""

    def __init__(self, jobs: Jobs, labels: Mapping[str, Any]) -> None:
        """labels: of parameters that several endpoints have; see _add."""
        self._jobs, self._labels = jobs, labels
        self._page: Any = Context.root_block
        self._clients: dict[str, float] = {}  # by session: when it has called last
        self._door = gr.Button()  # which nobody presses: what endpoints are the events of
        self._boxes: dict[Any, Any] = {}

    def _add(
        self, call: Callable[..., Any], name: str, inputs: Mapping[str, Any], outputs: list[Any], **options: Any
    ) -> None:
        """Add an endpoint. inputs: by parameter, a component, or for any JSON a label, a type and an example."""
        boxes = []
        for parameter, given in inspect.signature(call).parameters.items():
            if parameter != "request":
                box = inputs.get(parameter) or self._labels[parameter]
                default = None if given.default is inspect.Parameter.empty else given.default
                boxes.append(self._shared(api_input(default, *box) if isinstance(box, tuple) else box))
        about = f"{call.__doc__}{f' {_STEPS}' if inspect.isgeneratorfunction(call) else ''}"
        for box in outputs:
            box.data_model = _MODELS.get(type(box), box.data_model)
        shown = [self._shared(box) for box in outputs]
        self._cache = getattr(outputs[0], "GRADIO_CACHE", "")
        self._door.click(call, boxes, shown, api_name=name, api_description=about, **(options or GPU_SLOT))

    def _shared(self, box: Any) -> Any:
        """Return the component that is like this one, the first of its kind: the others leave the page again."""
        key = box.get_block_name(), box.label, repr(box.value), repr(box.api_info())
        if key in self._boxes:
            box.unrender()
        return self._boxes.setdefault(key, box)

    def _forget(self, request: gr.Request) -> None:
        """Drop what Gradio keeps of clients that called a while ago: half a megabyte each, which no endpoint needs."""
        now = time.monotonic()
        for client in [one for one, called in list(self._clients.items()) if called < now - FORGOTTEN]:
            self._clients.pop(client, None)
            self._page.state_holder.session_data.pop(client, None)
            self._page.state_holder.time_last_used.pop(client, None)
        slim(self._page, request.session_hash)
        if request.session_hash is not None:
            self._clients[request.session_hash] = now

    def _run(
        self, request: gr.Request, work: Work[T], name: str, *empty: Any, long: bool = False
    ) -> Generator[tuple[Any, ...], None, T]:
        """Yield `empty` and the step, also to notice that the client has gone; return what the work has made.

        long: see jobs.Kind.
        """
        self._forget(request)
        made: T | None = None
        for step in self._jobs.stream(request, work, name, every=1, pause=0.1, long=long):
            made = step.made
            if not step.done:
                yield *empty, {"step": step.step, "steps": step.total}
        if made is None:  # a client that stops it is gone, and sees neither this nor a preview
            raise mistake("The work was stopped before there was a picture.")
        return made

    def _pictures(self, request: gr.Request, work: Work[Pictures], name: str) -> Answer:
        """Yield the step while the work goes on, and at last its pictures and their settings."""
        made = yield from self._run(request, work, name, [])
        artworks = [save_artwork(picture, self._cache) for picture in made]
        yield [(one.path, one.name) for one in artworks], [one.made for one in artworks]

    def _animation(self, request: gr.Request, work: Work[Pictures], name: str, kind: str) -> Answer:
        """Yield the step while the work goes on, and at last its frames as a file, and their settings."""

        def checked(callback: Callback) -> Pictures:
            if kind not in FORMATS:
                raise OptionError(
                    "The format is {format}; it must be one of {known}.", format=shown(kind), known=", ".join(FORMATS)
                )
            return work(callback)

        made = yield from self._run(request, checked, name, None, long=True)
        [path] = save_animations(made, [kind], f"deepart-{name.strip('/')}-{len(made)}", self._cache)
        yield path, settings(made[0]) or {}

    def _file(self, picture: Image.Image) -> tuple[str, dict[str, Any]]:
        one = save_artwork(picture, self._cache)
        return one.path, one.made


class _Made(FileData):
    """A file that was made; it is at its url."""


class _Pictures(GradioRootModel):
    """Pictures that were made; each is at its url."""

    root: list[GalleryImage]


_MODELS: dict[Any, Any] = {gr.File: _Made, gr.Gallery: _Pictures}  # Gradio's own speak of its inside


def gallery_output(label: str = "The pictures, exact PNGs") -> gr.Gallery:
    """Return an output that holds several pictures, each as its file."""
    return gr.Gallery(label=label, format="png", type="filepath")


def picture_output(label: str) -> gr.Image:
    """Return an output that holds a picture as its file."""
    return gr.Image(label=label, type="filepath", format="png")

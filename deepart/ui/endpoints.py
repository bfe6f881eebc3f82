"""What the endpoints of all tabs share: how they are added, watched and answered."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

import gradio as gr
from PIL import Image

from deepart.checks import shown
from deepart.errors import OptionError
from deepart.registry import get_spec
from deepart.ui.common import GPU_SLOT, api_input, mistake, visitor
from deepart.ui.film import FORMATS
from deepart.ui.jobs import Jobs, Work
from deepart.ui.pieces import Piece, piece

T = TypeVar("T")


class Endpoints:
    """Endpoints of one task: long work that a client can watch, pictures with their settings as the answer."""

    def __init__(self, task: str, jobs: Jobs, cache: str) -> None:
        """cache: the folder for results."""
        self._task = task
        self._jobs = jobs
        self._cache = cache

    def add(self, call: Callable[..., Any], name: str, inputs: list[Any], outputs: list[Any]) -> None:
        """Add an endpoint to the page, inside a part of it that nobody sees."""
        gr.Button().click(call, inputs, outputs, api_name=name, **GPU_SLOT)

    def model_input(self) -> Any:
        """Return the input for the name of a model."""
        name = get_spec(self._task).name
        return api_input("Name of the model, or null for the default one; see /models", "string", example=name)

    def watch(self, request: gr.Request, work: Work[T], *nothing: Any) -> Generator[tuple[Any, ...], None, T]:
        """Yield `nothing` and the step, also to notice that the client has gone; return what the work has made."""
        with self._jobs.run(visitor(request), work) as job:
            for moment in job.watch(every=1, pause=0.1):
                yield *nothing, {"step": moment.step, "steps": moment.total}
            made = job.result()
        if made is None:  # a client that stops it is gone, and sees neither this nor a preview
            raise mistake("The work was stopped before there was a picture.")
        return made

    def pictures(self, request: gr.Request, work: Work[list[Image.Image]]) -> Iterator[tuple[Any, ...]]:
        """Yield the step while the work goes on, and at last its pictures and their settings."""
        made = yield from self.watch(request, work, [])
        pieces: list[Piece] = [piece(picture, self._cache) for picture in made]
        yield [(one.path, one.name) for one in pieces], [one.made for one in pieces]

    def keep(self, picture: Image.Image) -> tuple[str, dict[str, Any]]:
        """Return the file of a picture and its settings."""
        one = piece(picture, self._cache)
        return one.path, one.made


def check_format(kind: Any) -> str:
    """Return the format of an animation; raises OptionError."""
    if kind not in FORMATS:
        raise OptionError(f"The format is {shown(kind)}; it must be one of {', '.join(FORMATS)}.")
    return str(kind)


def gallery_output() -> gr.Gallery:
    """Return the output for several pictures."""
    return gr.Gallery(label="The pictures, exact PNGs", format="png", type="filepath")


def picture_output(label: str) -> gr.Image:
    """Return the output for one picture."""
    return gr.Image(label=label, type="filepath", format="png")


def json_output(label: str) -> gr.JSON:
    """Return the output for settings and numbers."""
    return gr.JSON(label=label)

"""What of a photograph is painted, and in which proportions: cut by hand with Gradio's editor, and by a choice."""

import io
from collections import OrderedDict
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import OptionError
from deepart.images import load_image
from deepart.ui.artwork import save_result
from deepart.ui.inputs import AT_ONCE, SOON
from deepart.ui.jobs import Jobs
from deepart.ui.shelf import is_ours

ASPECTS = {
    "As it is": None, "Square": 1.0, "4 : 3": 4 / 3, "3 : 2": 3 / 2, "16 : 9": 16 / 9, "Paper (A4)": 2**0.5,
}  # fmt: skip
_WAITING = 8  # pictures from editors that no event has taken yet


class _Waiting(OrderedDict[str, Any]):
    """What editors have sent and no event has taken: Gradio keeps all of it for ever, and this the last ones."""

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        while len(self) > _WAITING:
            self.popitem(last=False)


class Crop:
    """An editor for the picture of a box, closed until somebody opens it."""

    def __init__(self, box: gr.Image, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built, and wire it. box: a picture_input."""
        self._jobs = jobs
        with gr.Accordion("Cut it to size", open=False, elem_id="crop"):
            self.editor = gr.ImageEditor(
                box.value and box.value["path"], type="filepath", image_mode="RGB", format="png",
                transforms=("crop",), label="Cut it with the tool on the left", elem_id="crop-editor",
            )  # fmt: skip
            self.editor.blob_storage = _Waiting()
            self.editor.preprocess = self._taken  # type: ignore[method-assign]
            self.aspect = gr.Radio(list(ASPECTS), value="As it is", label="Proportions", elem_id="crop-aspect")
            self.use = gr.Button("Use it", size="sm", elem_id="crop-use")
        box.change(lambda path: path, box, self.editor, **AT_ONCE)  # not when it opens: it could not take it yet
        # It sends what is cut only where somebody listens to its changes, and else the whole picture.
        self.editor.change(None, None, None, js="() => {}", **AT_ONCE)
        self.use.click(self._use, [self.editor, self.aspect, box], box, **SOON)

    def _taken(self, payload: Any) -> Any:
        """Return what an editor shows: bytes, the path of a file, or None. Pillow's other decoders never see it."""
        if payload is None:
            return None
        sent = payload if payload.id is None else self.editor.blob_storage.pop(payload.id, None)
        shown = None if sent is None else sent.composite or sent.background
        path = getattr(shown, "path", None)
        return shown if path is None else path if is_ours(path, self.editor.GRADIO_CACHE) else None

    def _use(self, shown: Any, aspect: str, path: str | None, request: gr.Request) -> str:
        def work(callback: Any) -> str:
            if shown is None:
                raise OptionError("There is no picture to cut yet; put one in first.")
            picture = load_image(io.BytesIO(shown) if isinstance(shown, bytes) else shown)
            name = "picture" if path is None else Path(path).stem
            return save_result(cut(picture, ASPECTS.get(aspect)), name, self.editor.GRADIO_CACHE)

        return self._jobs.do(request, work, "page cut")


def cut(picture: Image.Image, aspect: float | None) -> Image.Image:
    """Return the middle of a picture in other proportions: longer side to shorter one, lying or standing as it is."""
    if aspect is None:
        return picture
    width, height = picture.size
    wished = aspect if width >= height else 1 / aspect
    across, down = min(width, round(height * wished)), min(height, round(width / wished))
    left, top = (width - across) // 2, (height - down) // 2
    return picture.crop((left, top, left + across, top + down))

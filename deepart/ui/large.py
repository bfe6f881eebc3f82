"""Generated pictures painted large, in the manner of a painting: the controls, and the work; see pipelines/large.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr
from PIL import Image

from deepart.cache import Studio
from deepart.images import fit, settings, with_settings
from deepart.pipelines.large import LARGEST, SIZES, paint_large
from deepart.ui.artwork import Artwork, save_result, slug
from deepart.ui.examples import example_files, example_row
from deepart.ui.inputs import picture_input, read_picture
from deepart.ui.jobs import Callback, Work
from deepart.ui.work import GANRequests, whole

SIZE = 768  # pixels: half a minute of two cores for two of them
MANNER = "van-gogh-langlois-bridge"  # of the examples


class LargePainting:
    """Whether pictures are painted large, in whose manner, and how large."""

    def __init__(self, requests: GANRequests, studio: Studio) -> None:
        """Lay it out inside the Blocks being built."""
        self._requests, self._studio = requests, studio
        [manner] = [path for path in example_files("paintings") if path.stem == MANNER]
        with gr.Accordion("How they are painted", open=False, elem_id="painting"):
            self.on = gr.Checkbox(
                True, label="Paint new pictures large", elem_id="painted",
                info="Off: they stay as small as the generator makes them, and are there at once.",
            )  # fmt: skip
            self.manner = picture_input("In the manner of", value=str(manner), height=180, elem_id="manner")
            example_row(example_files("style", "paintings"), self.manner, "Whose strokes; the colours stay.")
            self.size = gr.Slider(
                *SIZES, SIZE, step=64, label="Size", elem_id="painting-size",
                info="Of a painting, in pixels each way.",
            )  # fmt: skip

    @property
    def inputs(self) -> list[Any]:
        """The controls that work() takes the values of, after the picture."""
        return [self.manner, self.size]

    def work(self, piece: Artwork, manner: Any, size: Any, quality: str = "fine") -> Work[Image.Image]:
        """Return the work that paints a picture large. manner: a file."""

        def work(callback: Callback) -> Image.Image:
            painting = read_picture(manner, "painting for the manner")
            [small] = self._requests.moved([piece], piece.amounts)(lambda *_: None)
            if max(small.size) > LARGEST:  # of a large generator's picture the composition and the colours
                small = with_settings(fit(small, LARGEST), settings(small) or {})
            return paint_large(
                small, painting, size=whole(size), quality=quality, callback=callback, load=self._studio.style
            )

        return work

    def share(self, size: Any) -> Callable[[int, int], float]:
        """Return what tells the share of the work after a step of "fine"; see Jobs.stream."""
        shares: list[float] = []

        def share(step: int, total: int) -> float:
            shares.extend(() if shares else self._studio.style("fine").work_shares(int(size), int(size)))
            return shares[step - 1] if 0 < step <= len(shares) else step / total

        return share


def painted(piece: Artwork, image: Image.Image, cache: str) -> Artwork:
    """Return the artwork whose file is a painting of it; all else that is made of it still begins at its latent."""
    path = save_result(image, f"deepart-{slug(piece.model)}-{slug(piece.name)}-{image.width}px", cache)
    return replace(piece, path=path)

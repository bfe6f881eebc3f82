"""What a command asks of its model for every picture of a job: plain data, which may be sent to another machine."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import torch
from PIL import Image

from deepart.cli.options import LARGE
from deepart.images import to_image
from deepart.pipelines.base import Callback
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.large import paint_large
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline

_SIDE = 64  # pixels of the picture that options are tried on

Make = Callable[[Callback | None, Any], Image.Image]
"""Tells a callback about its steps, and makes a result of a photograph or of a seed."""


class _EnoughError(Exception):
    """The options have passed all checks; there is no need to paint on."""


class Opened(NamedTuple):
    """An order whose model is loaded: what its pictures have in common (see folder.attempt), and what makes one."""

    common: dict[str, Any]
    make: Make


@dataclass(frozen=True)
class Order:
    """A model, and what it is asked for.

    task: "style", "gan" or "vae". model, device: as from_pretrained takes them. asked: the options of the method,
    without those of a single picture (`n` and `seed` of generate). styles: the style pictures, for a GAN the painting
    in whose manner its pictures are painted large; digests: of their files.
    """

    task: str
    model: str | None
    device: str | None
    asked: Mapping[str, Any]
    styles: Sequence[Image.Image] = ()
    digests: Sequence[str] = ()

    def open(self) -> Opened:
        """Load the model, and try the options on something small, before any picture is made.

        Raises DeepArtError for what is wrong with the model, the device or the options, whatever the photographs are.
        """
        asked, styles = dict(self.asked), self.styles
        said = {name: value for name, value in asked.items() if name != "keep_alpha" or value}  # old marks lack it
        common: dict[str, Any] = {"task": self.task, "options": said}
        pipeline: GANPipeline | VAEPipeline | StyleTransferPipeline
        if self.task == GANPipeline.task:
            pipeline = gan = GANPipeline.from_pretrained(self.model, device=self.device)
            common |= {"styles": list(self.digests)} if styles else {}
            large = {name: asked.pop(name) for name in LARGE if name in asked}
            [tried] = gan.generate(1, seed=0, **asked)
            paint = self._painter(large, tried) if styles else None

            def make(callback: Callback | None, source: Any) -> Image.Image:
                [made] = gan.generate(1, seed=source, **asked)
                return made if paint is None else paint(made, callback)

        elif self.task == VAEPipeline.task:
            pipeline = vae = VAEPipeline.from_pretrained(self.model, device=self.device)

            def make(callback: Callback | None, source: Any) -> Image.Image:
                return vae.reconstruct(source, **asked)

        else:
            pipeline = style = StyleTransferPipeline.from_pretrained(self.model, device=self.device)
            _rehearse(style, styles, asked)
            common["styles"] = list(self.digests)

            def make(callback: Callback | None, source: Any) -> Image.Image:
                return style.stylize(source, styles, callback=callback, **asked)

        return Opened(common | {"model": pipeline.name, "version": pipeline.version}, make)

    def _painter(
        self, large: Mapping[str, Any], tried: Image.Image
    ) -> Callable[[Image.Image, Callback | None], Image.Image]:
        """Return what paints generated pictures large, once it has taken the options and the first of them."""
        load = cache(partial(StyleTransferPipeline.from_pretrained, device=self.device))

        def paint(picture: Image.Image, callback: Callback | None) -> Image.Image:
            return paint_large(picture, self.styles[0], callback=callback, load=load, **large)

        with suppress(_EnoughError):
            paint(tried, _enough)
        return paint


def _enough(step: int, total: int, preview: Image.Image | None) -> None:
    raise _EnoughError


def _rehearse(pipeline: StyleTransferPipeline, styles: Sequence[Image.Image], asked: Mapping[str, Any]) -> None:
    """Raise what is wrong with the options and the styles, whatever the photographs are: before any of them is done."""
    pipeline.work_shares(_SIDE, _SIDE, size=asked["size"], steps=asked["steps"])
    with suppress(_EnoughError):  # small, whatever the size of the results will be
        grey = to_image(torch.full((3, _SIDE, _SIDE), 0.5))
        pipeline.stylize(grey, styles, callback=_enough, **{**asked, "size": None})

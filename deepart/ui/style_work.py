"""Requests for style transfers, by the page and by programs alike; see work.py.

work = StyleRequests(studio).transfer("cat.jpg", ["waves.jpg"], model=None, strength=0.8, ...).work
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from deepart.cache import Studio
from deepart.checks import shown, whole_number
from deepart.errors import OptionError, Phrase
from deepart.images import fitted_size, settings, with_settings
from deepart.models.gatys_loss import GatysConfig
from deepart.pipelines.large import QUALITIES
from deepart.pipelines.style import MAX_SHEET, MIN_SIDE, StyleTransferPipeline
from deepart.registry import get_spec
from deepart.ui.artwork import Artwork, painting_name, save_result, slug
from deepart.ui.examples import named
from deepart.ui.inputs import read_picture
from deepart.ui.jobs import Callback, Step
from deepart.ui.models import style_models
from deepart.ui.work import Pictures, defaults, model_name, request, whole

MAX_SHEET_SIDE = 1024  # pixels: sixteen pictures are held at once
GATYS = GatysConfig()
STYLIZE = defaults(StyleTransferPipeline.stylize)
_NAMES = ("style picture", "second style picture", "third style picture")


class Transfer:
    """A style transfer request: a content, one to three styles, a model and options for the pipeline to check.

    pipeline and content are there once the work has begun.
    """

    pipeline: StyleTransferPipeline
    content: Image.Image

    def __init__(
        self, requests: "StyleRequests", content: str | None, styles: Sequence[str | None], model: Any, quality: Any,
        first_look: str | None, options: dict[str, Any],
    ) -> None:  # fmt: skip
        """content, styles: files; the first style must be there. model, quality: see model_of. first_look: a model of
        a single pass, whose picture is the first preview.
        """
        self._requests, self._files, self._options = requests, (content, styles), options
        self._model, self._quality, self._quick = model, quality, first_look
        self._looked: Image.Image | None = None
        self._shares: list[float] = []

    def work(self, callback: Callback) -> Image.Image:
        """Read the pictures and paint; see StyleTransferPipeline.stylize."""
        self.pipeline = self._requests.pipeline(model_of(self._quality, self._model))
        self._options = checked(self._options)
        content, files = self._files
        alpha = self._options.get("keep_alpha") is True
        self.content = read_picture(content, "content picture", keep_alpha=alpha)
        named = [(path, what) for path, what in zip(files, _NAMES, strict=True) if path or what == _NAMES[0]]
        styles = [read_picture(*one) for one in named]
        if not self.pipeline.one_pass:
            size, steps = self._options["size"], self._options["steps"]
            self._shares = self.pipeline.work_shares(*self.content.size, size=size, steps=steps)
            callback = callback if self._quick is None else self._look_first(self._quick, styles, callback)
        return self.pipeline.stylize(self.content, styles, **self._options, callback=callback)

    def _look_first(self, model: str, styles: list[Image.Image], callback: Callback) -> Callback:
        """Show what a model of a single pass makes of it; return the callback for the rest, without coarse previews."""
        options = {name: value for name, value in self._options.items() if name not in ("steps", "style_weight")}
        self._looked = looked = self._requests.pipeline(model).stylize(self.content, styles, **options)
        callback(0, len(self._shares), looked)

        def rest(step: int, total: int, preview: Image.Image | None) -> None:
            callback(step, total, preview if preview and preview.size == looked.size else None)

        return rest

    @property
    def long(self) -> bool:
        """Whether it takes many steps, as far as one knows before a model is loaded."""
        name = self._quality or self._model or get_spec("style").name
        way = style_models().get(name) if isinstance(name, str) else None
        return way is None or not way.one_pass

    def share(self, step: int, total: int) -> float:
        """Return the share of the work that is done after a step: late ones take longer where levels grow finer."""
        return self._shares[step - 1] if step and self._shares else step / total

    def stopped(self, step: Step[Image.Image]) -> Image.Image | None:
        """Return what is worth keeping of stopped work: the last preview at the size of the result, with its settings.

        None where there is nothing: a few parts of a picture are none.
        """
        if step.preview is None or self.pipeline.one_pass:
            return None
        if step.preview is self._looked:
            return self._looked
        size = self._options["size"]
        sides = self.content.size if size is None else fitted_size(self.content.size, size)
        model = self.pipeline
        made: dict[str, Any] = {"task": model.task, "model": model.name, "version": model.version}
        made |= {name: value for name, value in self._options.items() if value is not None}
        made |= {"size": list(sides), "stopped_at": step.preview_step}
        return with_settings(step.preview.resize(sides, Image.Resampling.LANCZOS), made, source=self.content)


class StyleRequests:
    """Makes work of style transfer requests."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def pipeline(self, model: Any) -> StyleTransferPipeline:
        """Return a model of the studio; None: the default one."""
        return self._studio.style(model_name(model))

    def transfer(
        self, content: str | None, styles: Sequence[str | None], *, model: Any, quality: Any = None,
        first_look: str | None = None, **options: Any,
    ) -> Transfer:  # fmt: skip
        """Return the request for one picture. quality: one of QUALITIES, which name a model too; None: see model.

        first_look: see Transfer.
        """
        return Transfer(self, content, styles, model, quality, first_look, options)

    @request
    def sheet(
        self, callback: Callback, /, content: str | Image.Image | None, styles: Sequence[tuple[str, str]], *,
        model: Any, **options: Any,
    ) -> Pictures:  # fmt: skip
        """Paint one content in each of many styles, each a file and what it is called."""
        pipeline, known = self.pipeline(model), checked(options)
        whole_number("size", known["size"], MIN_SIDE, min(MAX_SHEET_SIDE, pipeline.max_side), "of pixels")
        if not 1 <= len(styles) <= MAX_SHEET:  # before they are read
            raise OptionError(
                "There are {count} style pictures; give one to {most}.", count=len(styles), most=MAX_SHEET
            )
        picture = read_picture(content, "content picture")
        named = [
            (path, Phrase("style picture {n} ({title})", n=number, title=title))
            for number, (path, title) in enumerate(styles, 1)
        ]
        return pipeline.sheet(picture, [read_picture(*one) for one in named], **known, callback=callback)


def model_of(quality: Any, model: Any) -> Any:
    """Return the model that paints in a quality, or the one that is named; raises OptionError for both at once."""
    if quality is None:
        return model
    if quality not in QUALITIES:
        raise OptionError("The quality is {value}; it must be 'fast' or 'fine'.", value=shown(quality))
    if model is not None:
        raise OptionError("There is a model and a quality; give one of them, for a quality is the model of its name.")
    return quality


def checked(options: dict[str, Any]) -> dict[str, Any]:
    """Return options of an endpoint as the pipeline takes them; what is out of range it finds out itself."""
    if not isinstance(options["preserve_color"], bool):
        raise OptionError(
            "The preserve_color is {value}; it must be true or false.", value=shown(options["preserve_color"])
        )
    return options | {name: whole(options[name]) for name in ("size", "seed", "steps") if name in options}


def save_painting(image: Image.Image, files: Sequence[str], cache: str) -> Artwork:
    """Write a painting where Gradio serves files from, and return it. files: of its content, then of its styles."""
    known = [named(path) for path in files]
    made = (settings(image) or {}) | {"from": [example for example, _ in known]}
    path = save_print(with_settings(image, made), files[1], files[0], cache)
    return Artwork(path, json.dumps(made, sort_keys=True), painting_name(known[0][1], known[1][1], made.get("seed")))


def save_print(image: Image.Image, style: str, content: str, cache: str) -> str:
    """Write a painting where Gradio serves files from, named after its files, size and seed, and return its path."""
    parts = [*(slug(Path(path).stem)[:40] for path in (style, content)), str(max(image.size))]
    seed = (settings(image) or {}).get("seed")
    return save_result(image, "-".join([*parts, *([f"seed-{seed}"] if seed else [])]), cache)

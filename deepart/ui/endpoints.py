"""The endpoints of the page: what is here, and what each task does for programs; see api.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from PIL import Image

from deepart.checks import shown
from deepart.errors import OptionError
from deepart.images import settings
from deepart.latents import MAX_SEED
from deepart.pipelines import gan, vae
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.gan_origin import MAX_AMOUNT, MAX_TRUNCATION
from deepart.pipelines.large import SIZES, paint_large
from deepart.pipelines.style import MAX_SHEET, StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.pipelines.vae_latent import Latent
from deepart.registry import get_spec, list_models
from deepart.ui.api import Answer, EndpointsBase, gallery_output, picture_output
from deepart.ui.artwork import numbers, save_latent
from deepart.ui.inputs import latent_input, picture_input, pictures_input, read_picture, sentences
from deepart.ui.jobs import Callback, Jobs, Work
from deepart.ui.models import style_models
from deepart.ui.style_work import GATYS, MAX_SHEET_SIDE, STYLIZE, StyleRequests, save_print
from deepart.ui.widgets import FORMATS
from deepart.ui.work import (
    MAX_GRID,
    MAX_VARIATIONS,
    MORPH_SIDE,
    GANRequests,
    Pictures,
    VAERequests,
    defaults,
    read_source,
    whole,
)

T = TypeVar("T")
_SHEET = defaults(StyleTransferPipeline.sheet)
_GENERATE, _WALK, _MIX = (defaults(one) for one in (GANPipeline.generate, GANPipeline.walk, GANPipeline.mix))
_BREED, _PROJECT = (defaults(one) for one in (GANPipeline.breed, GANPipeline.project))
_PAINT = defaults(paint_large)
_VARY, _MORPH, _SAMPLE = (defaults(one) for one in (VAEPipeline.vary, VAEPipeline.interpolate, VAEPipeline.sample))
_ORIGIN = "a seed, the settings of a picture, or the latent in them as text"
_EITHER = ("integer", "object", "string")
_LABELS: dict[str, tuple[Any, ...]] = {
    "n": (f"Number of pictures: 1 to {MAX_GRID}", "integer"),
    "seed": (f"Seed of the first picture: 0 to {MAX_SEED}", "integer"),
    "truncation": (f"Truncation: 0 to {MAX_TRUNCATION:g}; lower is more typical, higher more varied", "number"),
    "directions": (f"Directions: an object of names and amounts, -{MAX_AMOUNT:g} to {MAX_AMOUNT:g} deviations, or null",
                   "object", {}),
    "format": (f"Format: {', '.join(FORMATS)}", "string"), "strength": ("Strength: 0 to 1", "number"),
    "preserve_color": ("Keep the content's colours", "boolean"), "style_scale": ("Stroke size: 0.25 to 4", "number"),
}  # fmt: skip
"""Label, type of JSON and example of what parameters take, where an endpoint says nothing else of its own."""


class Endpoints(EndpointsBase):
    """All endpoints of the page; lay them out inside inputs.api_corner()."""

    def __init__(
        self, jobs: Jobs, style: StyleRequests, gan: GANRequests, vae: VAERequests, sheet_model: str, sheet_side: int
    ) -> None:
        """Add them. sheet_model, sheet_side: what paints a style sheet, and the size that this has unless given."""
        super().__init__(jobs, _LABELS)
        self._style, self._gan, self._vae = style, gan, vae
        self._sheet_model, self._sheet_side = sheet_model, sheet_side
        self._add(self._models, "models", {"task": ("Task: gan, vae or style, or null for all", "string", "style")},
                  [gr.JSON(label="Models")], queue=False)  # fmt: skip
        self._add_style()
        self._add_gan()
        self._add_vae()

    def _models(self, request: gr.Request, task: str | None = None) -> list[dict[str, Any]]:
        """List the models: what each is, its licence, its size, and whether it needs no download."""
        self._forget(request)
        with sentences():
            if task is not None:
                list_models(task)  # an OptionError for a task that there is not
            specs = [get_spec(*known) for known in list_models() if task in (None, known[0])]
            fields = ("task", "name", "title", "summary", "licence", "default", "here", "size", "repo_id", "cost")
            return [{field: getattr(spec, field) for field in fields} for spec in specs]

    # -------------------------------------------------------------------------------------------------- style transfer

    def _add_style(self) -> None:
        limits = ", ".join(f"{way.max_side} with {way.title}" for way in style_models().values())
        labels = {"content": "Content picture", "style": "Style picture", "style_2": "Second style"}
        self._add(
            self._stylize, "stylize",
            {name: picture_input(label) for name, label in (labels | {"style_3": "Third style"}).items()} | {
                "weights": ("Weights: a number for each style, or null for equal ones", "array", [1]),
                "size": (f"Longer side of the result in pixels, up to {limits}; null keeps the content's",
                         "integer", 512),
                "seed": ("Seed", "integer"), "model": _model("style"),
                "steps": ("Corrections at the coarsest level, 1 to 1000; null for the model's own, and for one that "
                          "has none", "integer", GATYS.steps),
                "style_weight": ("Weight of the style beside the content; null for the model's own, and for one that "
                                 "has none", "number", GATYS.style_weight),
                "quality": ("In place of a model: fine, which works for some seconds, or fast, in one pass; or null",
                            "string"),
                "keep_alpha": ("Keep the content's transparency", "boolean"),
            },
            [picture_output("Result, an exact PNG"), gr.JSON(label="Settings")],
        )  # fmt: skip
        self._add(
            self._sheet, "sheet",
            {"content": picture_input("Content picture"),
             "styles": pictures_input(f"Style pictures, one to {MAX_SHEET}"),
             "size": (f"Longer side of each picture in pixels, up to {MAX_SHEET_SIDE}; null for {self._sheet_side}",
                      "integer", 256),
             "seed": ("Seed", "integer"),
             "model": (f"Name of a model that paints in one pass, or null for {self._sheet_model}", "string",
                       self._sheet_model)},
            [gallery_output("The pictures, exact PNGs, in the order of the styles"), gr.JSON(label="Settings of each")],
        )  # fmt: skip

    def _stylize(
        self, request: gr.Request, content: str, style: str, style_2: str | None = None, style_3: str | None = None,
        weights: list[float] | None = None, strength: float = STYLIZE["strength"],
        preserve_color: bool = STYLIZE["preserve_color"], style_scale: float = STYLIZE["style_scale"],
        size: int | None = None, seed: int = STYLIZE["seed"], model: str | None = None,
        steps: int | None = None, style_weight: float | None = None, quality: str | None = None,
        keep_alpha: bool = STYLIZE["keep_alpha"],
    ) -> Answer:  # fmt: skip
        """Repaint the content picture in the style of one to three others."""
        transfer = self._style.transfer(
            content, (style, style_2, style_3), model=model, quality=quality, weights=weights, strength=strength,
            preserve_color=preserve_color, style_scale=style_scale, size=size, seed=seed, steps=steps,
            style_weight=style_weight, keep_alpha=keep_alpha,
        )  # fmt: skip
        picture = yield from self._run(request, transfer.work, "/stylize", None, long=transfer.long)
        yield save_print(picture, style, content, self._cache), settings(picture) or {}

    def _sheet(
        self, request: gr.Request, content: str, styles: list[str], strength: float = _SHEET["strength"],
        preserve_color: bool = _SHEET["preserve_color"], style_scale: float = _SHEET["style_scale"],
        size: int | None = None, seed: int = _SHEET["seed"], model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Repaint the content picture in each of many styles, in one pass."""
        named = [(path, Path(path).name) for path in styles]
        work = self._style.sheet(
            content, named, model=self._sheet_model if model is None else model, strength=strength,
            preserve_color=preserve_color, style_scale=style_scale, seed=seed,
            size=self._sheet_side if size is None else size,
        )  # fmt: skip
        made = yield from self._run(request, work, "/sheet", [], long=True)
        files = [save_print(one, path, content, self._cache) for one, path in zip(made, styles, strict=True)]
        titles = [title for _, title in named]
        yield list(zip(files, titles, strict=True)), [settings(one) for one in made]

    # ------------------------------------------------------------------------------------------------------ generators

    def _add_gan(self) -> None:
        self._add(
            self._generate, "generate",
            {"model": _model("gan"), "latent": ("Latent of one picture as text, instead of a seed, or null", "string")},
            [gallery_output(), gr.JSON(label="Settings of each")],
        )  # fmt: skip
        self._add(
            self._walk, "walk",
            {"seeds": (f"Stops, 2 to {gan.MAX_STOPS}: each {_ORIGIN}", "array", [3, 17, 42], _EITHER),
             "frames": (f"Number of frames: {gan.MIN_FRAMES} to {gan.MAX_FRAMES}", "integer"),
             "loop": ("Come back to the beginning", "boolean"), "model": _model("gan")},
            [gr.File(label="The animation"), gr.JSON(label="Settings")],
        )  # fmt: skip
        self._add(
            self._mix, "mix",
            {"coarse": (f"Coarse shapes from: {_ORIGIN}", _EITHER, 3),
             "fine": (f"Fine detail from: {_ORIGIN}", _EITHER, 17), "model": _model("gan")},
            [picture_output("The mix, an exact PNG"), gr.JSON(label="Settings")],
        )  # fmt: skip
        self._add(
            self._breed, "breed",
            {"seeds": (f"Parents, 1 to {gan.MAX_PARENTS}: each {_ORIGIN}", "array", [3, 17], _EITHER),
             "n": (f"Number of children: 1 to {gan.MAX_CHILDREN}", "integer"),
             "mutation": ("Mutation: 0 only crosses the parents, 1 forgets them", "number"),
             "seed": ("Seed of the chances", "integer"), "model": _model("gan")},
            [gallery_output(), gr.JSON(label="Settings of each")],
        )  # fmt: skip
        self._add(
            self._paint, "paint",
            {"image": picture_input("Picture to paint large, of 32 to 256 pixels"),
             "manner": picture_input("Painting whose strokes it gets"),
             "size": (f"Longer side of the result in pixels: {SIZES[0]} to {SIZES[1]}", "integer"),
             "quality": ("fine, which works for some seconds, or fast, in one pass", "string"),
             "seed": ("Seed", "integer")},
            [picture_output("The painting, an exact PNG"), gr.JSON(label="Settings, with those of the small picture")],
        )  # fmt: skip
        self._add(
            self._project, "project",
            {"image": picture_input("Picture to find; its middle square counts"),
             "steps": (f"Number of steps: 1 to {gan.MAX_STEPS}", "integer"), "seed": ("Seed of the search", "integer"),
             "model": _model("gan")},
            [picture_output("What was found, an exact PNG"), gr.JSON(label="Settings; the latent is among them")],
        )  # fmt: skip

    def _generate(
        self, request: gr.Request, n: int = _GENERATE["n"], seed: int = _GENERATE["seed"],
        truncation: float = _GENERATE["truncation"], directions: dict[str, float] | None = None,
        model: str | None = None, latent: str | None = None,
    ) -> Answer:  # fmt: skip
        """Make pictures that never existed, from a seed on; the next picture has the next seed."""

        def one(callback: Callback) -> Pictures:
            if whole(n) != 1:
                raise OptionError("The number of pictures is {n}; a latent is of one picture.", n=shown(n))
            return self._gan.one(model, latent, truncation, directions)(callback)

        work = self._gan.grid(model, n, seed, truncation, directions) if latent is None else one
        yield from self._pictures(request, work, "/generate")

    def _paint(
        self, request: gr.Request, image: str, manner: str, size: int = _PAINT["size"],
        quality: str = _PAINT["quality"], seed: int = _PAINT["seed"], strength: float = _PAINT["strength"],
    ) -> Answer:  # fmt: skip
        """Paint a small picture large: its composition and colours, the strokes of a painting."""

        def work(callback: Callback) -> Image.Image:
            return paint_large(
                read_picture(image, "picture to paint"), read_picture(manner, "painting for the manner"),
                size=whole(size), quality=quality, seed=whole(seed), strength=strength, callback=callback,
                load=self._style.pipeline,
            )  # fmt: skip

        painting = yield from self._run(request, work, "/paint", None, long=quality != "fast")
        yield save_print(painting, manner, image, self._cache), settings(painting) or {}

    def _walk(
        self, request: gr.Request, seeds: list[Any], frames: int = _WALK["frames"], loop: bool = _WALK["loop"],
        truncation: float = _WALK["truncation"], directions: dict[str, float] | None = None, model: str | None = None,
        format: str = "webp",
    ) -> Answer:  # fmt: skip
        """Make an animation that walks through pictures in the order given."""
        work = self._gan.walk(model, seeds, frames=frames, loop=loop, truncation=truncation, directions=directions)
        yield from self._animation(request, work, "/walk", format)

    def _mix(
        self, request: gr.Request, coarse: Any, fine: Any, truncation: float = _MIX["truncation"],
        directions: dict[str, float] | None = None, model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Make a picture with the coarse shapes of one and the fine detail of another."""
        work = self._gan.mix(model, coarse, fine, truncation=truncation, directions=directions)
        yield self._file((yield from self._run(request, work, "/mix", None))[0])

    def _breed(
        self, request: gr.Request, seeds: list[Any], n: int = _BREED["n"], mutation: float = _BREED["mutation"],
        seed: int = _BREED["seed"], truncation: float = _BREED["truncation"], model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Make children of one to eight pictures, by crossing latents; that in its settings makes a child a parent."""
        work = self._gan.breed(model, seeds, n=n, mutation=mutation, seed=seed, truncation=truncation)
        yield from self._pictures(request, work, "/breed")

    def _project(
        self, request: gr.Request, image: str, steps: int = _PROJECT["steps"], seed: int = _PROJECT["seed"],
        model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Find the picture of the model that comes nearest to a given one."""
        work = self._gan.project(model, image, steps=steps, seed=seed)
        yield self._file((yield from self._run(request, work, "/project", None, long=True)))

    # ---------------------------------------------------------------------------------------------------- autoencoders

    def _add_vae(self) -> None:
        self._add(
            self._reconstruct, "reconstruct",
            {"image": picture_input("Picture; null where a latent is given"), "latent": latent_input(),
             "model": _model("vae")},
            [picture_output("What came back, an exact PNG"), gr.File(label="The latent, a safetensors file"),
             gr.JSON(label="Settings, and numbers of how near it is")],
        )  # fmt: skip
        self._add(
            self._vary, "vary",
            {"image": picture_input("Picture; null where a latent is given"),
             "strength": (f"Strength: 0 to {vae.MAX_STRENGTH:g} deviations of the posterior", "number"),
             "n": (f"Number of pictures: 1 to {MAX_VARIATIONS}", "integer"),
             "latent": latent_input(), "model": _model("vae")},
            [gallery_output(), gr.JSON(label="Settings of each")],
        )  # fmt: skip
        self._add(
            self._morph, "morph",
            {"image": picture_input("First picture"), "other": picture_input("Second picture"),
             "steps": (f"Number of frames: {vae.MIN_STEPS} to {vae.MAX_STEPS}", "integer"),
             "path": (f"Way: {', '.join(vae.PATHS)}", "string"), "model": _model("vae")},
            [gr.File(label=f"The animation, at most {MORPH_SIDE} pixels large"), gr.JSON(label="Settings")],
        )  # fmt: skip
        self._add(
            self._sample, "sample",
            {"temperature": (f"Temperature: 0 to {vae.MAX_TEMPERATURE:g}; lower is more typical, higher more varied",
                             "number"),
             "model": ("Name of a model with a prior, or null for the first that has one", "string", "portraits")},
            [gallery_output(), gr.JSON(label="Settings of each")],
        )  # fmt: skip

    def _reconstruct(
        self, request: gr.Request, image: str | None = None, latent: str | None = None,
        directions: dict[str, float] | None = None, model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Take a picture apart and put it together, or put a latent together."""
        work = self._of_either(image, latent, lambda source: self._vae.take(model, source, directions))
        taken = yield from self._run(request, work, "/reconstruct", None, None)
        path, made = self._file(taken.image)
        yield path, save_latent(taken.latent, "latent", self._cache), made | {"numbers": numbers(taken)}

    def _vary(
        self, request: gr.Request, image: str | None = None, strength: float = _VARY["strength"], n: int = _VARY["n"],
        seed: int = _VARY["seed"], latent: str | None = None, model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Make variations of a picture, from a seed on; the next picture has the next seed."""
        work = self._of_either(image, latent, lambda source: self._vae.vary(model, source, strength, n, seed))
        yield from self._pictures(request, work, "/vary")

    def _morph(
        self, request: gr.Request, image: str, other: str, steps: int = _MORPH["steps"], path: str = _MORPH["path"],
        model: str | None = None, format: str = "webp",
    ) -> Answer:  # fmt: skip
        """Make an animation in which one picture becomes another; of a spatial model it is a cross-fade."""
        work = self._vae.morph(model, image, other, steps=steps, path=path)
        yield from self._animation(request, work, "/morph", format)

    def _sample(
        self, request: gr.Request, n: int = _SAMPLE["n"], seed: int = _SAMPLE["seed"],
        temperature: float = _SAMPLE["temperature"], model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Draw pictures that never existed from the prior of a model, from a seed on; the next has the next seed."""
        yield from self._pictures(request, self._vae.sample(model, n, seed, temperature), "/sample")

    @staticmethod
    def _of_either(image: str | None, latent: str | None, request: Callable[[Any], Work[T]]) -> Work[T]:
        """Return the work of a request on what somebody gives: a picture or a latent file."""

        def work(callback: Callback) -> T:
            if image is not None and latent is not None:
                raise OptionError("There are a picture and a latent file; give one of the two.")
            return request(Latent.load(latent) if latent is not None else read_source(image))(callback)

        return work


def _model(task: str) -> tuple[str, str, str]:
    return "Name of the model, or null for the default one; see /models", "string", get_spec(task).name

"""The endpoints: what programs call, with the same words and limits as the page, and the same path for work.

Each is a method that yields, while its work goes on, empty outputs and {"step", "steps"}, and at last what came out:

    def _sharpen(self, request: gr.Request, image: str, strength: float = 1.0) -> Answer:
        \"\"\"Make a picture sharper.\"\"\"
        picture = yield from self._run(request, work, "/sharpen", None)
        yield self._file(picture)

    self._add(self._sharpen, "sharpen", {"image": picture_input("Picture"), "strength": ("Strength: 0 to 2", "number")},
              [_picture("The result"), _json("Settings")])

The defaults that "Use via API" shows are those of the method's signature. What several endpoints take or give is one
component of the page, and what Gradio keeps of a client that has called is dropped after a while.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.context import Context
from PIL import Image

from deepart.checks import shown
from deepart.errors import OptionError
from deepart.images import settings
from deepart.latents import MAX_SEED
from deepart.pipelines import gan, vae
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.gan_origin import MAX_AMOUNT, MAX_TRUNCATION
from deepart.pipelines.style import MAX_SHEET, StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.pipelines.vae_latent import Latent
from deepart.registry import REGISTRY, TASKS, get_spec, list_models
from deepart.ui.artwork import numbers, save_artwork, save_latent, save_result
from deepart.ui.inputs import GPU_SLOT, api_input, latent_input, mistake, picture_input, pictures_input, sentences
from deepart.ui.jobs import Callback, Jobs, Work
from deepart.ui.models import style_models
from deepart.ui.widgets import FORMATS, save_animations
from deepart.ui.work import (
    GATYS,
    MAX_GRID,
    MAX_SHEET_SIDE,
    MAX_VARIATIONS,
    MORPH_SIDE,
    STYLIZE,
    GANRequests,
    Pictures,
    StyleRequests,
    VAERequests,
    defaults,
    file_name,
    read_source,
    whole,
)

FORGOTTEN = 10.0  # seconds after its call
T = TypeVar("T")
Answer = Iterator[tuple[Any, ...]]
_SHEET = defaults(StyleTransferPipeline.sheet)
_GENERATE, _WALK, _BREED, _PROJECT, _MIX = (
    defaults(method)
    for method in (GANPipeline.generate, GANPipeline.walk, GANPipeline.breed, GANPipeline.project, GANPipeline.mix)
)
_VARY, _MORPH, _SAMPLE = (
    defaults(method) for method in (VAEPipeline.vary, VAEPipeline.interpolate, VAEPipeline.sample)
)
_ORIGIN = "a seed, the settings of a picture, or the latent in them as text"
_EITHER = ("integer", "object", "string")
_AMOUNTS: tuple[str, str, dict[str, float]] = (
    f"Directions: an object of names and amounts, -{MAX_AMOUNT:g} to {MAX_AMOUNT:g} deviations, or null", "object", {}
)  # fmt: skip
_TRUNCATION = (f"Truncation: 0 to {MAX_TRUNCATION:g}; lower is more typical, higher more varied", "number")
_SEED = (f"Seed of the first picture: 0 to {MAX_SEED}", "integer")
_FORMAT = (f"Format: {', '.join(FORMATS)}", "string")
_STYLE_OPTIONS = {
    "strength": ("Strength: 0 to 1", "number"), "preserve_color": ("Keep the content's colours", "boolean"),
    "style_scale": ("Stroke size: 0.25 to 4", "number"),
}  # fmt: skip


class Endpoints:
    """All endpoints of the page; lay them out inside inputs.api_corner()."""

    def __init__(
        self, jobs: Jobs, style: StyleRequests, generators: GANRequests | None, autoencoders: VAERequests | None,
        sheet: tuple[str, int] | None,
    ) -> None:  # fmt: skip
        """Add them. sheet: the model that paints a style sheet, and the size that it has unless given."""
        self._jobs, self._style = jobs, style
        self._page: Any = Context.root_block
        self._clients: dict[str, float] = {}  # by session: when it has called last
        self._door = gr.Button()  # which nobody presses: what endpoints are the events of
        self._boxes: dict[Any, Any] = {}
        self._add(self._models, "models", {"task": ("Task: gan, vae or style, or null for all", "string", "style")},
                  [gr.JSON(label="Models")], queue=False)  # fmt: skip
        self._add_style(sheet)
        if generators is not None:
            self._gan = generators
            self._add_gan()
        if autoencoders is not None:
            self._vae = autoencoders
            self._add_vae()

    def _add(
        self, call: Callable[..., Any], name: str, inputs: Mapping[str, Any], outputs: list[Any], **options: Any
    ) -> None:
        """Add an endpoint. inputs: by parameter, a component, or for any JSON a label, a type and an example."""
        given = inspect.signature(call).parameters
        boxes = [
            self._shared(box if not isinstance(box, tuple) else _json_input(given[parameter].default, *box))
            for parameter, box in inputs.items()
        ]
        shown = [self._shared(box) for box in outputs]
        self._cache = getattr(outputs[0], "GRADIO_CACHE", "")
        self._door.click(call, boxes, shown, api_name=name, **(options or GPU_SLOT))

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
        if request.session_hash is not None:
            self._clients[request.session_hash] = now

    def _run(self, request: gr.Request, work: Work[T], name: str, *empty: Any) -> Generator[tuple[Any, ...], None, T]:
        """Yield `empty` and the step, also to notice that the client has gone; return what the work has made."""
        self._forget(request)
        made: T | None = None
        for step in self._jobs.stream(request, work, name, every=1, pause=0.1):
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

        made = yield from self._run(request, checked, name, None)
        [path] = save_animations(made, [kind], f"deepart-{name.strip('/')}-{len(made)}", self._cache)
        yield path, settings(made[0]) or {}

    def _file(self, picture: Image.Image) -> tuple[str, dict[str, Any]]:
        one = save_artwork(picture, self._cache)
        return one.path, one.made

    def _models(self, request: gr.Request, task: str | None = None) -> list[dict[str, Any]]:
        """List the models: task, name, title, one line about it, licence, whether it is its task's default.

        Further: whether it needs no download, its bytes, the Hub repository that it is from, and what it costs.
        """
        self._forget(request)
        with sentences():
            if task is not None:
                list_models(task)  # an OptionError for a task that there is not
            specs = [spec for spec in REGISTRY.values() if spec.task in TASKS and task in (None, spec.task)]
            fields = ("task", "name", "title", "summary", "licence", "default", "here", "size", "repo_id", "cost")
            return [{field: getattr(spec, field) for field in fields} for spec in specs]

    # -------------------------------------------------------------------------------------------------- style transfer

    def _add_style(self, sheet: tuple[str, int] | None) -> None:
        limits = ", ".join(f"{way.max_side} with {way.title}" for way in style_models().values())
        labels = {"content": "Content picture", "style": "Style picture", "style_2": "Second style"}
        self._add(
            self._stylize, "stylize",
            {name: picture_input(label) for name, label in (labels | {"style_3": "Third style"}).items()} | {
                "weights": ("Weights: a number for each style, or null for equal ones", "array", [1]),
                **_STYLE_OPTIONS,
                "size": (f"Longer side of the result in pixels, up to {limits}; null keeps the content's",
                         "integer", 512),
                "seed": ("Seed", "integer"), "model": _model("style"),
                "steps": ("Corrections at the coarsest level, 1 to 1000; null for the model's own, and for one that "
                          "has none", "integer", GATYS.steps),
                "style_weight": ("Weight of the style beside the content; null for the model's own, and for one that "
                                 "has none", "number", GATYS.style_weight),
            },
            [_picture("Result, an exact PNG"), _json("Settings")],
        )  # fmt: skip
        if sheet is None:
            return
        self._sheet_model, self._sheet_side = sheet
        self._add(
            self._sheet, "sheet",
            {"content": picture_input("Content picture"),
             "styles": pictures_input(f"Style pictures, one to {MAX_SHEET}"), **_STYLE_OPTIONS,
             "size": (f"Longer side of each picture in pixels, up to {MAX_SHEET_SIDE}; null for {sheet[1]}",
                      "integer", 256),
             "seed": ("Seed", "integer"),
             "model": (f"Name of a model that paints in one pass, or null for {sheet[0]}", "string", sheet[0])},
            [_gallery("The pictures, exact PNGs, in the order of the styles"), _json("Settings of each")],
        )  # fmt: skip

    def _stylize(
        self, request: gr.Request, content: str, style: str, style_2: str | None = None, style_3: str | None = None,
        weights: list[float] | None = None, strength: float = STYLIZE["strength"],
        preserve_color: bool = STYLIZE["preserve_color"], style_scale: float = STYLIZE["style_scale"],
        size: int | None = None, seed: int = STYLIZE["seed"], model: str | None = None,
        steps: int | None = None, style_weight: float | None = None,
    ) -> Answer:  # fmt: skip
        """Repaint the content picture in the style of one to three others.

        While it works it tells the step and the number of steps; what comes last is the picture and its settings.
        """
        transfer = self._style.transfer(
            content, (style, style_2, style_3), model=model, weights=weights, strength=strength,
            preserve_color=preserve_color, style_scale=style_scale, size=size, seed=seed, steps=steps,
            style_weight=style_weight,
        )  # fmt: skip
        picture = yield from self._run(request, transfer.work, "/stylize", None)
        yield save_result(picture, file_name(picture), self._cache), settings(picture) or {}

    def _sheet(
        self, request: gr.Request, content: str, styles: list[str], strength: float = _SHEET["strength"],
        preserve_color: bool = _SHEET["preserve_color"], style_scale: float = _SHEET["style_scale"],
        size: int | None = None, seed: int = _SHEET["seed"], model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Repaint the content picture in each of many styles, in one pass.

        While it works it tells the step and the number of steps; what comes last are the pictures and their settings.
        """
        named = [(path, Path(path).name) for path in styles]
        work = self._style.sheet(
            content, named, model=self._sheet_model if model is None else model, strength=strength,
            preserve_color=preserve_color, style_scale=style_scale, seed=seed,
            size=self._sheet_side if size is None else size,
        )  # fmt: skip
        made = yield from self._run(request, work, "/sheet", [])
        files = [save_result(one, file_name(one, f"style{n}"), self._cache) for n, one in enumerate(made, 1)]
        titles = [title for _, title in named]
        yield list(zip(files, titles, strict=True)), [settings(one) for one in made]

    # ------------------------------------------------------------------------------------------------------ generators

    def _add_gan(self) -> None:
        common = {"truncation": _TRUNCATION, "directions": _AMOUNTS, "model": _model("gan")}
        self._add(
            self._generate, "generate",
            {"n": (f"Number of pictures: 1 to {MAX_GRID}", "integer"), "seed": _SEED, **common,
             "latent": ("Latent of one picture as text, instead of a seed, or null", "string")},
            [_gallery(), _json("Settings of each")],
        )  # fmt: skip
        self._add(
            self._walk, "walk",
            {"seeds": (f"Stops, 2 to {gan.MAX_STOPS}: each {_ORIGIN}", "array", [3, 17, 42], _EITHER),
             "frames": (f"Number of frames: {gan.MIN_FRAMES} to {gan.MAX_FRAMES}", "integer"),
             "loop": ("Come back to the beginning", "boolean"), **common, "format": _FORMAT},
            [_file("The animation"), _json("Settings")],
        )  # fmt: skip
        self._add(
            self._mix, "mix",
            {"coarse": (f"Coarse shapes from: {_ORIGIN}", _EITHER, 3),
             "fine": (f"Fine detail from: {_ORIGIN}", _EITHER, 17), **common},
            [_picture("The mix, an exact PNG"), _json("Settings")],
        )  # fmt: skip
        self._add(
            self._breed, "breed",
            {"seeds": (f"Parents, 1 to {gan.MAX_PARENTS}: each {_ORIGIN}", "array", [3, 17], _EITHER),
             "n": (f"Number of children: 1 to {gan.MAX_CHILDREN}", "integer"),
             "mutation": ("Mutation: 0 only crosses the parents, 1 forgets them", "number"),
             "seed": ("Seed of the chances", "integer"), "truncation": _TRUNCATION, "model": _model("gan")},
            [_gallery(), _json("Settings of each")],
        )  # fmt: skip
        self._add(
            self._project, "project",
            {"image": picture_input("Picture to find; its middle square counts"),
             "steps": (f"Number of steps: 1 to {gan.MAX_STEPS}", "integer"), "seed": ("Seed of the search", "integer"),
             "model": _model("gan")},
            [_picture("What was found, an exact PNG"), _json("Settings; the latent is among them")],
        )  # fmt: skip

    def _generate(
        self, request: gr.Request, n: int = _GENERATE["n"], seed: int = _GENERATE["seed"],
        truncation: float = _GENERATE["truncation"], directions: dict[str, float] | None = None,
        model: str | None = None, latent: str | None = None,
    ) -> Answer:  # fmt: skip
        """Make pictures that never existed, from a seed on; the next picture has the next seed.

        While it works it tells the step and the number of steps; what comes last are the pictures and their settings.
        """

        def one(callback: Callback) -> Pictures:
            if whole(n) != 1:
                raise OptionError("The number of pictures is {n}; a latent is of one picture.", n=shown(n))
            return self._gan.one(model, latent, truncation, directions)(callback)

        work = self._gan.grid(model, n, seed, truncation, directions) if latent is None else one
        yield from self._pictures(request, work, "/generate")

    def _walk(
        self, request: gr.Request, seeds: list[Any], frames: int = _WALK["frames"], loop: bool = _WALK["loop"],
        truncation: float = _WALK["truncation"], directions: dict[str, float] | None = None, model: str | None = None,
        format: str = FORMATS[0],
    ) -> Answer:  # fmt: skip
        """Make an animation that walks through pictures in the order given.

        While it works it tells the step and the number of steps; what comes last is the file and its settings.
        """
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
        """Make children of one to eight pictures, by crossing their latents.

        What comes last are the children and their settings; the latent in these makes a child a parent in turn.
        """
        work = self._gan.breed(model, seeds, n=n, mutation=mutation, seed=seed, truncation=truncation)
        yield from self._pictures(request, work, "/breed")

    def _project(
        self, request: gr.Request, image: str, steps: int = _PROJECT["steps"], seed: int = _PROJECT["seed"],
        model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Find the picture of the model that comes nearest to a given one.

        While it works it tells the step and the number of steps; what comes last is the picture that was found, and
        its settings, whose latent goes into the other endpoints.
        """
        work = self._gan.project(model, image, steps=steps, seed=seed)
        yield self._file((yield from self._run(request, work, "/project", None)))

    # ---------------------------------------------------------------------------------------------------- autoencoders

    def _add_vae(self) -> None:
        self._add(
            self._reconstruct, "reconstruct",
            {"image": picture_input("Picture; null where a latent is given"), "latent": latent_input(),
             "directions": _AMOUNTS, "model": _model("vae")},
            [_picture("What came back, an exact PNG"), _file("The latent, a safetensors file"),
             _json("Settings, and numbers of how near it is")],
        )  # fmt: skip
        self._add(
            self._vary, "vary",
            {"image": picture_input("Picture; null where a latent is given"),
             "strength": (f"Strength: 0 to {vae.MAX_STRENGTH:g} deviations of the posterior", "number"),
             "n": (f"Number of pictures: 1 to {MAX_VARIATIONS}", "integer"), "seed": _SEED,
             "latent": latent_input(), "model": _model("vae")},
            [_gallery(), _json("Settings of each")],
        )  # fmt: skip
        self._add(
            self._morph, "morph",
            {"image": picture_input("First picture"), "other": picture_input("Second picture"),
             "steps": (f"Number of frames: {vae.MIN_STEPS} to {vae.MAX_STEPS}", "integer"),
             "path": (f"Way: {', '.join(vae.PATHS)}", "string"), "model": _model("vae"), "format": _FORMAT},
            [_file(f"The animation, at most {MORPH_SIDE} pixels large"), _json("Settings")],
        )  # fmt: skip
        self._add(
            self._sample, "sample",
            {"n": (f"Number of pictures: 1 to {MAX_GRID}", "integer"), "seed": _SEED,
             "temperature": (f"Temperature: 0 to {vae.MAX_TEMPERATURE:g}; lower is more typical, higher more varied",
                             "number"),
             "model": ("Name of a model with a prior, or null for the first that has one", "string", "portraits")},
            [_gallery(), _json("Settings of each")],
        )  # fmt: skip

    def _reconstruct(
        self, request: gr.Request, image: str | None = None, latent: str | None = None,
        directions: dict[str, float] | None = None, model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Take a picture apart and put it together, or put a latent together.

        What comes last are the picture, its latent as a file, and the settings with what is known of both.
        """
        work = self._of_either(image, latent, lambda source: self._vae.take(model, source, directions))
        taken = yield from self._run(request, work, "/reconstruct", None, None)
        path, made = self._file(taken.image)
        yield path, save_latent(taken.latent, "latent", self._cache), made | {"numbers": numbers(taken)}

    def _vary(
        self, request: gr.Request, image: str | None = None, strength: float = _VARY["strength"], n: int = _VARY["n"],
        seed: int = _VARY["seed"], latent: str | None = None, model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Make variations of a picture, from a seed on; the next picture has the next seed.

        While it works it tells the step and the number of steps; what comes last are the pictures and their settings.
        """
        work = self._of_either(image, latent, lambda source: self._vae.vary(model, source, strength, n, seed))
        yield from self._pictures(request, work, "/vary")

    def _morph(
        self, request: gr.Request, image: str, other: str, steps: int = _MORPH["steps"], path: str = _MORPH["path"],
        model: str | None = None, format: str = FORMATS[0],
    ) -> Answer:  # fmt: skip
        """Make an animation in which one picture becomes another; of a spatial model it is a cross-fade.

        While it works it tells the step and the number of steps; what comes last is the file and its settings.
        """
        work = self._vae.morph(model, image, other, steps=steps, path=path)
        yield from self._animation(request, work, "/morph", format)

    def _sample(
        self, request: gr.Request, n: int = _SAMPLE["n"], seed: int = _SAMPLE["seed"],
        temperature: float = _SAMPLE["temperature"], model: str | None = None,
    ) -> Answer:  # fmt: skip
        """Draw pictures that never existed from the prior of a model, from a seed on; the next has the next seed.

        While it works it tells the step and the number of steps; what comes last are the pictures and their settings.
        """
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


def _gallery(label: str = "The pictures, exact PNGs") -> gr.Gallery:
    return gr.Gallery(label=label, format="png", type="filepath")


def _picture(label: str) -> gr.Image:
    return gr.Image(label=label, type="filepath", format="png")


def _file(label: str) -> gr.File:
    return gr.File(label=label)


def _json_input(default: Any, label: str, kind: Any, example: Any = None, items: Any = "number") -> Any:
    return api_input(label, kind, None if default is inspect.Parameter.empty else default, example, items)


def _json(label: str) -> gr.JSON:
    return gr.JSON(label=label)

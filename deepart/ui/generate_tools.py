"""What is done with generated pictures: a walk through them, a mix of two, and the projection of any picture."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import OptionError, Phrase
from deepart.images import settings
from deepart.latents import truncate
from deepart.metrics import nearness
from deepart.pipelines.gan import MAX_FRAMES, MIN_FRAMES, GANPipeline
from deepart.pipelines.gan_project import square
from deepart.pipelines.large import SIZES
from deepart.ui.artwork import Artwork, blank, name_of, save_artwork, slug, the_chosen
from deepart.ui.grid import Grid, LargePainting
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, SOON, keep_good, picture_input, read_picture
from deepart.ui.jobs import Callback, Jobs, Step
from deepart.ui.run import Changes, RunButton, note
from deepart.ui.widgets import FPS, Animation, into_sight, lasting, pair, strip, thumb
from deepart.ui.work import GANRequests, Pictures, check_seed, defaults, seeds_of

_WALK, _PROJECT = defaults(GANPipeline.walk), defaults(GANPipeline.project)
_HERE, _LIKED, _LOOP, _LARGE = "here", "liked", "loop", "large"


class Walk:
    """An animation from one picture to the next: its controls, and where it plays."""

    def __init__(self, requests: GANRequests, jobs: Jobs) -> None:
        self._requests, self._jobs = requests, jobs
        self.seeds = gr.Textbox(
            "1, 2, 3", label="Through these seeds", placeholder="3, 17, 42", elem_id="walk-seeds",
            info="Seeds with commas between them, in the order of the visit.",
        )  # fmt: skip
        ways = [
            ("Begin at the chosen picture", _HERE), ("Visit the pictures you like", _LIKED),
            ("Come back to the beginning", _LOOP), ("Paint each frame large, which takes longer", _LARGE),
        ]  # fmt: skip
        self.ways = gr.CheckboxGroup(
            ways, value=[_HERE, _LOOP], show_label=False, container=False, label="Way", elem_id="walk-ways"
        )
        self.frames = gr.Slider(
            MIN_FRAMES, MAX_FRAMES, _WALK["frames"], step=1, label="Frames", elem_id="walk-frames",
            info=f"{FPS:g} are shown in a second; more make the walk slower and smoother.",
        )  # fmt: skip
        self.start = RunButton("Walk", "walk-")
        self.start.lay_status()
        self.animation = Animation("walk-", "The walk will play here.")

    def wire(self, truncation: Any, chosen: Any, liked: Any, model: Any, painting: LargePainting) -> None:
        """Connect it with what else is on the tab."""
        self._painting = painting
        needs = [self.seeds, self.ways, self.frames, chosen, liked, model, truncation, painting.manner]
        self.start.wire(self._jobs, self._walk, needs, self.animation.parts, sight="walk-stage")

    def _walk(
        self, seeds: str, ways: list[str], frames: int, chosen: Artwork | None, liked: list[Artwork], model: str,
        truncation: float, manner: str | None, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        loop = _LOOP in ways
        pieces = pieces_of(_HERE in ways, _LIKED in ways, chosen, liked, model)
        model = pieces[0].model if pieces else model

        def work(callback: Callback) -> Pictures:
            numbers = seeds_of(seeds)
            pipeline = self._requests.pipeline(model)
            # The walk itself applies no truncation: pictures stay as they are.
            own = numbers if truncation == 1 else [truncate(pipeline.latent(one), truncation) for one in numbers]
            stops = [*(blank(one.made) for one in pieces), *own]
            walk = self._requests.walk(model, stops, frames=frames, loop=loop, truncation=1.0)
            if _LARGE not in ways:
                return walk(callback)
            painting, painted = read_picture(manner, "painting for the manner"), list[Image.Image]()
            for small in walk(lambda *_: None):  # by one pass, whose strokes stay where they are
                painted.append(self._painting.paint(small, painting, SIZES[0], "fast"))
                callback(len(painted), frames, painted[-1])
            return painted

        glimpse = self.animation.glimpse(t("A frame of the walk"))
        step = yield from self.start.stream(request, work, t("Making {n} frames", n=frames), preview=glimpse, long=True)
        if step.made is None:
            yield self.animation.stopped(t("The walk was stopped."))
            return
        stops = [translate(one.name) for one in pieces] + [t("Seed {n}", n=number) for number in seeds_of(seeds)]
        way = " → ".join([*stops, *(stops[:1] if loop else [])])
        first = pieces[0].name if pieces else f"Seed {seeds_of(seeds)[0]}"
        n = len(step.made)
        name, words = f"deepart-walk-{slug(first)}-{n}", f"{way} · {lasting(n)}"
        yield self.animation.show(step.made, name, t("A walk: {way}", way=way), words)


def pieces_of(here: bool, visit: bool, chosen: Artwork | None, liked: Sequence[Artwork], model: str) -> list[Artwork]:
    """Return the pictures that a walk visits before the seeds."""
    pieces = [chosen] if here and chosen is not None else []
    of = pieces[0].model if pieces else model
    if visit:
        pieces += [one for one in liked if one.model == of and one not in pieces]
    return pieces


class Mix:
    """Two places for pictures or seeds; either parent and both mixes go to the grid."""

    def __init__(self, requests: GANRequests, jobs: Jobs, grid: Grid) -> None:
        """Lay it out inside the Blocks being built. grid: where the four pictures are hung."""
        self._requests, self._jobs, self._grid = requests, jobs, grid
        self.shape: Any = gr.State(None)  # Artwork | None; without one the seed counts
        self.detail: Any = gr.State(None)
        with gr.Row():
            self.shape_seed = gr.Number(
                0, label="Shapes from seed", precision=0, elem_id="mix-shape", min_width=140,
                info="What is where: sky, hills, a head.",
            )  # fmt: skip
            self.detail_seed = gr.Number(
                1, label="Detail from seed", precision=0, elem_id="mix-detail", min_width=140,
                info="How it is painted: colours, strokes, texture.",
            )  # fmt: skip
        self.told = gr.HTML(_places(None, None), elem_id="mix-told")
        self.start = RunButton("Mix", "mix-")
        self.start.lay_status("The shapes of one with the detail of the other, both ways, on the grid.")

    def wire(self, chosen: Any, as_shape: gr.Button, as_detail: gr.Button, truncation: Any, model: Any) -> None:
        """Connect it; as_shape, as_detail: the buttons that put the chosen picture into a place."""
        typed: dict[str, Any] = {"trigger_mode": "always_last", **SOON}
        self.shape_seed.input(lambda other: (None, _places(None, other)), self.detail, [self.shape, self.told], **typed)
        self.detail_seed.input(
            lambda other: (None, _places(other, None)), self.shape, [self.detail, self.told], **typed
        )
        as_shape.click(_put, [chosen, self.detail], [self.shape, self.shape_seed, self.told], **SOON)
        put = partial(_put, detail=True)
        as_detail.click(put, [chosen, self.shape], [self.detail, self.detail_seed, self.told], **SOON)
        sources = [self.shape, self.detail, self.shape_seed, self.detail_seed, model, truncation]
        mixed = self.start.wire(self._jobs, self._mix, sources, self._grid.parts)
        mixed.success(None, None, None, js=into_sight("grid"), **AT_ONCE)

    def _mix(
        self, shape: Artwork | None, detail: Artwork | None, shape_seed: Any, detail_seed: Any, model: str,
        truncation: float, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        def work(callback: Callback) -> Pictures:
            of = _model_of(shape, detail, model)
            parents: Pictures = []
            for kept, seed, what in ((shape, shape_seed, "shapes"), (detail, detail_seed, "detail")):
                if kept is None and seed is None:
                    raise OptionError(
                        "There is no picture for the {what} yet; type a seed or choose a picture.", what=what
                    )
                if kept is None:
                    parents += self._requests.grid(of, 1, check_seed(seed), truncation, None)(lambda *_: None)
                else:
                    parents.append(blank(kept.made))
            callback(1, 2, None)
            return [*parents, *self._requests.mix(of, *parents, truncation=1.0, both=True)(callback)]

        step = yield from self.start.stream(request, work, t("Mixing"))
        if step.made is None:
            return
        grid, (first, second, *mixed) = self._grid, step.made
        one, other = (kept or grid.keep([made])[0] for kept, made in ((shape, first), (detail, second)))
        a, b = name_of(one.made), name_of(other.made)
        names = [Phrase("{name}, detail of {other}", name=one, other=two) for one, two in ((a, b), (b, a))]
        words = t("Mixes of {a} and {b}", a=translate(a), b=translate(b))
        yield grid.show([one, *grid.keep(mixed, names), other], words)


def _model_of(shape: Artwork | None, detail: Artwork | None, model: str) -> str:
    """Return the model of the pictures to mix; that of the menu where both are seeds."""
    models = {kept.model for kept in (shape, detail) if kept is not None}
    if len(models) > 1:
        raise OptionError("The two pictures are of different models; take two of the same.")
    return next(iter(models), model)


def _put(chosen: Artwork | None, other: Artwork | None, detail: bool = False) -> tuple[Any, Any, str]:
    """Put the chosen picture into the place for shapes, or that for detail; it stands in the seed's stead."""
    one = the_chosen(chosen)
    return one, one.seed, _places(other, one) if detail else _places(one, other)


def _places(shape: Artwork | None, detail: Artwork | None) -> str:
    """Return which pictures stand in the places in the seeds' stead."""
    words = {t("Shapes: {name}"): shape, t("Detail: {name}"): detail}
    held = [(one, said.format(name=translate(one.name))) for said, one in words.items() if one is not None]
    return strip([thumb(one.path, said, "0") for one, said in held]) + note(" · ".join(said for _, said in held))


class Projection:
    """A box for any picture, and beside it the nearest one that the model can make."""

    def __init__(self, requests: GANRequests, jobs: Jobs) -> None:
        self._requests, self._jobs = requests, jobs
        self.picture = picture_input("Picture to find", height=180, elem_id="find-picture")
        self.steps = gr.Slider(
            20, 1000, _PROJECT["steps"], step=10, label="Steps", elem_id="find-steps",
            info="Corrections: more come nearer, and take longer.",
        )  # fmt: skip
        self.start = RunButton("Find this picture", "find-", stop="Stop and keep what is found")
        words = "The model looks for the picture of its own that comes nearest; its middle square counts."
        self.start.lay_status(words)
        self.stage = gr.HTML("", elem_id="find-stage")

    def wire(self, take: Callable[[Artwork], Changes], parts: Sequence[Any], model: Any) -> None:
        """Connect it; take, parts: those of the chosen picture."""
        self._take = take
        keep_good(self.picture)
        found = self.start.wire(self._jobs, self._project, [self.picture, self.steps, model], [self.stage, *parts])
        found.success(None, None, None, js=into_sight("chosen"), **AT_ONCE)

    def _project(self, path: str | None, steps: int, model: str, request: gr.Request) -> Iterator[Changes]:
        cache, found = self.picture.GRADIO_CACHE, {}

        def work(callback: Callback) -> Image.Image:
            picture = read_picture(path, "picture to find")
            found["target"] = square(picture, self._requests.pipeline(model).side)
            return self._requests.project(model, picture, steps=steps, seed=_PROJECT["seed"])(callback)

        def beside(image: Image.Image | None, words: str) -> str:
            return pair((found["target"], t("The picture to find")), (image, words))

        step = yield from self.start.stream(
            request, work, _words,
            preview=lambda step: {self.stage: beside(step.preview, t("After {n} steps", n=step.preview_step))},
            long=True,
        )  # fmt: skip
        image, said = step.made, "{near} dB near it; it is the chosen picture now, so sliders and walks go on from it."
        if image is None and step.preview is not None and "latent" in (settings(step.preview) or {}):
            image = self._whole(model, step.preview, request)
            said = (
                "{near} dB near it, stopped after step {step}; it is the chosen picture now, so sliders and walks go "
                "on from it."
            )
        if image is None:
            yield {self.stage: note(t("Stopped before anything was found."))}
            return
        words = translate(Phrase(said, near=f"{nearness(image, found['target']).psnr:.1f}", step=step.preview_step))
        one = save_artwork(image, cache, "Found picture")
        yield self._take(one) | {self.stage: beside(image, t("What was found")) + note(words)}

    def _whole(self, model: str, preview: Image.Image, request: gr.Request) -> Image.Image:
        """Return the picture that a preview stands for: a large network is looked through at a small size."""
        if preview.width == self._requests.pipeline(model).side:
            return preview
        small = save_artwork(preview, self.picture.GRADIO_CACHE, "Found picture")
        return self._jobs.do(request, self._requests.moved([small], small.amounts), "page find-whole")[0]


def _words(step: Step[Any]) -> str:
    if not step.step:
        return t("Looking at the picture")
    share = f"{100 * step.share:.0f}"
    return t("{share} % · step {step} of {total}", share=share, step=step.step, total=step.total)

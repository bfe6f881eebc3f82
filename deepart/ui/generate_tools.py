"""Walks: an animation from one picture to the next, playing on the page and as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import OptionError
from deepart.images import settings
from deepart.latents import truncate
from deepart.pipelines.gan import MAX_FRAMES, MAX_STOPS, MIN_FRAMES, TRUNCATIONS, GANPipeline
from deepart.pipelines.gan_origin import Origin
from deepart.pipelines.gan_project import square
from deepart.ui.artwork import Artwork, check_settings, name_of, save_artwork, slug
from deepart.ui.grid import Grid
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import GPU_SLOT, SOON, keep_good, mistake, picture_input, read_picture, sentences
from deepart.ui.jobs import Callback, Jobs, Step
from deepart.ui.run import Changes, RunButton, follow, note
from deepart.ui.widgets import FPS, Animation, lasting, pair, strip, thumb
from deepart.ui.work import GANRequests, Pictures, again, check_seed, defaults, likeness, seeds_of

_DEFAULT_WALK = defaults(GANPipeline.walk)


_SEEDS = "1, 2, 3"


_SAID = 6  # stops that a line has room for


class Walk:
    """The controls of a walk, and where it plays."""

    def __init__(self, maker: GANRequests, jobs: Jobs, first: Artwork | None = None) -> None:
        """Lay it out inside the Blocks being built. first: the picture that is chosen from the beginning."""
        self._maker = maker
        self._jobs = jobs
        self.seeds = gr.Textbox(
            _SEEDS, label="Through these seeds", placeholder="3, 17, 42", elem_id="walk-seeds",
            info="Seeds with commas between them, in the order of the visit.",
        )  # fmt: skip
        with gr.Row():
            self.begin_here = gr.Checkbox(True, label="Begin at the chosen picture", min_width=150, elem_id="walk-here")
            self.visit_liked = gr.Checkbox(
                False, label="Visit the pictures you like", min_width=150, elem_id="walk-liked"
            )
            self.loop = gr.Checkbox(True, label="Come back to the beginning", min_width=150, elem_id="walk-loop")
        self.frames = gr.Slider(
            MIN_FRAMES, MAX_FRAMES, _DEFAULT_WALK["frames"], step=1, label="Frames", elem_id="walk-frames",
            info=f"{FPS:g} are shown in a second; more make the walk slower and smoother.",
        )  # fmt: skip
        self.start = RunButton("Walk", "walk-")
        begin = [] if first is None else [first]
        self.start.lay_status(_way(_names(begin, seeds_of(_SEEDS)), loop=True) if begin else "")
        self.film = Animation("walk-", "The walk will play here.")

    def wire(self, truncation: Any, chosen: Any, liked: Any, model: Any) -> None:
        """Connect it with what else is on the tab."""
        needs = [self.seeds, self.begin_here, self.visit_liked, chosen, liked, model]
        self.says = [*needs, self.loop]
        follow(self.says, self.say, self.says, self.told)
        self.start.wire(self._jobs, self._walk, [*needs, self.frames, self.loop, truncation], self.film.parts)

    @property
    def told(self) -> list[Any]:
        """The components that say() changes."""
        return [self.start.hint]

    def say(
        self, seeds: str, here: bool, visit: bool, chosen: Artwork | None, liked: list[Artwork], model: str, loop: bool
    ) -> Changes:
        """Say where the walk will lead."""
        try:
            names = _names(pieces_of(here, visit, chosen, liked, model), seeds_of(seeds))
        except OptionError:
            names = []  # a click tells the seed that is none
        return {self.start.hint: note(_way(names, loop) if names else "")}

    def _walk(
        self, seeds: str, here: bool, visit: bool, chosen: Artwork | None, liked: list[Artwork], model: str,
        frames: int, loop: bool, truncation: float, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Walk for the page."""
        pieces = pieces_of(here, visit, chosen, liked, model)
        if here and chosen is not None:
            model = chosen.model

        def work(callback: Callback) -> Pictures:
            numbers = seeds_of(seeds)
            _check(pieces, numbers)
            stops = [*(one.origin() for one in pieces), *self._seeds(model, numbers, truncation)]
            return self._maker.walk(model, stops, frames=frames, loop=loop, truncation=1.0)(callback)

        glimpse = self.film.glimpse(t("A frame of the walk"))
        step = yield from self.start.stream(request, work, t("Making {n} frames", n=frames), preview=glimpse)
        if step.made is None:
            yield self.film.stopped(t("The walk was stopped."))
        else:
            yield self._show(step.made, pieces, seeds_of(seeds), loop)

    def _seeds(self, model: str, numbers: Sequence[int], truncation: float) -> list[Origin]:
        """Return seeds as stops at a truncation, which the walk itself does not apply: pictures stay as they are."""
        if truncation == 1:
            return list(numbers)
        pipeline = self._maker.pipeline(model)
        return [truncate(pipeline.latent(number), truncation) for number in numbers]

    def _show(self, made: list[Image.Image], pieces: Sequence[Artwork], numbers: Sequence[int], loop: bool) -> Changes:
        names = _names(pieces, numbers)
        way = _way(names, loop, len(names))
        name = f"deepart-walk-{slug(pieces[0].name if pieces else f'Seed {numbers[0]}')}-{len(made)}"
        return self.film.show(made, name, t("A walk: {way}", way=way), f"{way} · {lasting(len(made))}")


def pieces_of(here: bool, visit: bool, chosen: Artwork | None, liked: Sequence[Artwork], model: str) -> list[Artwork]:
    """Return the pictures that a walk visits before the seeds."""
    pieces = [chosen] if here and chosen is not None else []
    of = pieces[0].model if pieces else model
    if visit:
        pieces += [one for one in liked if one.model == of and one not in pieces]
    return pieces


def _names(pieces: Sequence[Artwork], numbers: Sequence[int]) -> list[str]:
    """Return what the stops of a walk are called, in the visitor's language."""
    return [translate(one.name) for one in pieces] + [t("Seed {n}", n=number) for number in numbers]


def _way(names: Sequence[str], loop: bool, most: int = _SAID) -> str:
    """Return a walk's stops in words, at most so many of them."""
    told = [*names[:most], *(["…"] if len(names) > most else []), *(names[:1] if loop else [])]
    return " → ".join(told)


def _check(pieces: Sequence[Artwork], numbers: Sequence[int]) -> None:
    """Raise OptionError for a walk that cannot be made."""
    stops = len(pieces) + len(numbers)
    if stops < 2:
        raise OptionError(f"A walk needs two pictures or more and this one has {stops}; type more seeds.")
    if stops > MAX_STOPS:
        raise OptionError(f"A walk goes through {MAX_STOPS} pictures at most and this one has {stops}; type fewer.")


_SHAPES, _DETAIL = "shapes", "detail"


_OF = ", detail of "


class Mix:
    """Two places for pictures, and the four that come of them: either parent, and both mixes."""

    def __init__(self, maker: GANRequests, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        self.pieces: Any = gr.State([])  # list[Artwork], as the gallery shows them
        self.shape: Any = gr.State(None)  # Artwork | None; without one the seed counts
        self.detail: Any = gr.State(None)
        gr.HTML(note("The coarse shapes of one picture with the fine detail of another, and the other way round."))
        with gr.Row():
            with gr.Column(min_width=140):
                self.shape_seed = gr.Number(
                    0, label="Shapes from seed", precision=0, elem_id="mix-shape", min_width=100,
                    info="What is where: sky, hills, a head.",
                )  # fmt: skip
                self.shape_told = gr.HTML(_told(None), elem_id="mix-shape-told")
            with gr.Column(min_width=140):
                self.detail_seed = gr.Number(
                    1, label="Detail from seed", precision=0, elem_id="mix-detail", min_width=100,
                    info="How it is painted: colours, strokes, texture.",
                )  # fmt: skip
                self.detail_told = gr.HTML(_told(None), elem_id="mix-detail-told")
        self.start = RunButton("Mix", "mix-")
        self.start.lay_status()
        self.gallery = gr.Gallery(
            label="Mixes", show_label=False, format="png", columns=2, object_fit="cover", allow_preview=False,
            interactive=False, buttons=[], visible=False, elem_id="mixes",
        )  # fmt: skip

    def wire(self, truncation: Any, model: Any) -> None:
        """Connect it with what else is on the tab."""
        for seed, kept, told in (
            (self.shape_seed, self.shape, self.shape_told), (self.detail_seed, self.detail, self.detail_told)
        ):  # fmt: skip
            seed.input(lambda: (None, _told(None)), None, [kept, told], trigger_mode="always_last", **SOON)
        sources = [self.shape, self.detail, self.shape_seed, self.detail_seed]
        self.start.wire(self._jobs, self._mix, [*sources, model, truncation], [self.gallery, self.pieces])

    def places(self, where: str) -> tuple[Any, Any, Any]:
        """Return the components of one of the two places, `shapes` or `detail`."""
        if where == _SHAPES:
            return self.shape, self.shape_seed, self.shape_told
        return self.detail, self.detail_seed, self.detail_told

    def put(self, chosen: Artwork, where: str) -> Changes:
        """Put a picture into one of the two places, `shapes` or `detail`."""
        kept, seed, told = self.places(where)
        return {kept: chosen, seed: chosen.seed, told: _told(chosen)}

    def _sources(
        self, shape: Artwork | None, detail: Artwork | None, shape_seed: Any, detail_seed: Any, model: str
    ) -> tuple[str, list[Artwork | int]]:
        """Return the model and the two sources: pictures, or seeds."""
        sources: list[Artwork | int] = []
        for kept, seed, what in ((shape, shape_seed, _SHAPES), (detail, detail_seed, _DETAIL)):
            if kept is None and seed is None:
                raise OptionError(f"There is no picture for the {what} yet; type a seed or choose a picture.")
            sources.append(kept if kept is not None else check_seed(seed))
        models = {source.model for source in sources if isinstance(source, Artwork)}
        if len(models) > 1:
            raise OptionError("The two pictures are of different models; take two of the same.")
        return next(iter(models), model), sources

    def _mix(
        self, shape: Artwork | None, detail: Artwork | None, shape_seed: Any, detail_seed: Any, model: str,
        truncation: float, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Mix for the page."""

        def work(callback: Callback) -> list[Image.Image]:
            of, sources = self._sources(shape, detail, shape_seed, detail_seed, model)
            parents: list[Image.Image] = []
            for source in sources:
                if isinstance(source, int):
                    parents += self._maker.grid(of, 1, source, truncation, None)(lambda *_: None)
                else:
                    parents.append(source.origin())
            callback(1, 2, None)
            return [*parents, *self._maker.mix(of, *parents, truncation=1.0, both=True)(callback)]

        step = yield from self.start.stream(request, work, t("Mixing"))
        if step.made is None:
            return
        cache, (first, second, *mixed) = self.gallery.GRADIO_CACHE, step.made
        one = shape or save_artwork(first, cache)
        other = detail or save_artwork(second, cache)
        names = [f"{_brief(a)}{_OF}{_brief(b)}" for a, b in ((one, other), (other, one))]
        shown = [one, *(save_artwork(image, cache, name) for image, name in zip(mixed, names, strict=True)), other]
        yield {
            self.pieces: shown,
            self.gallery: gr.Gallery(
                [(each.path, translate(each.name)) for each in shown], visible=True, selected_index=None
            ),
        }


def _brief(parent: Artwork) -> str:
    """Return the name of a parent; of one that is a mix itself, a short one, since names would grow with each mix."""
    return name_of(parent.made) if _OF in parent.name else parent.name


def _told(kept: Artwork | None) -> str:
    """Return what stands under the seed of a place: the picture that was put there in its stead."""
    if kept is None:
        return note("")
    name = translate(kept.name)
    return strip([thumb(kept.path, name, "0")]) + note(name)


_DEFAULT_FIND = defaults(GANPipeline.project)


_WHAT = "picture to find"


class Projection:
    """A box for a picture, the controls, and both pictures beside each other."""

    def __init__(self, maker: GANRequests, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        gr.HTML(note("The model looks for the picture of its own that comes nearest; its middle square counts."))
        self.picture = picture_input("Picture to find", height=180, elem_id="find-picture")
        self.start = RunButton("Find this picture", "find-", stop="Stop and keep what is found")
        self.start.lay_status()
        with gr.Accordion("More settings", open=False, elem_id="find-more"):
            self.steps = gr.Slider(
                20, 1000, _DEFAULT_FIND["steps"], step=10, label="Steps", elem_id="find-steps",
                info="Corrections: more come nearer, and take longer.",
            )  # fmt: skip
        self.stage = gr.HTML("", elem_id="find-stage")
        self.told = gr.HTML(note(""), elem_id="find-facts")

    def wire(self, take: Callable[[Artwork], Changes], parts: Sequence[Any], model: Any) -> None:
        """Connect it; take, parts: those of the chosen picture."""
        self._take = take
        keep_good(self.picture)
        self.start.wire(self._jobs, self._find, [self.picture, self.steps, model], [self.stage, self.told, *parts])

    def _find(self, path: str | None, steps: int, model: str, request: gr.Request) -> Iterator[Changes]:
        """Look for a picture, for the page."""
        cache, found = self.picture.GRADIO_CACHE, {}

        def work(callback: Callback) -> Image.Image:
            picture = read_picture(path, _WHAT)
            found["target"] = square(picture, self._maker.pipeline(model).side)
            return self._maker.project(model, picture, steps=steps, seed=_DEFAULT_FIND["seed"])(callback)

        def beside(image: Image.Image | None, words: str) -> str:
            return pair((found["target"], t("The picture to find")), (image, words))

        step = yield from self.start.stream(
            request, work, _words,
            preview=lambda step: {self.stage: beside(step.preview, t("After {n} steps", n=step.preview_step))},
        )  # fmt: skip
        image, stopped = step.made, 0
        if image is None and carries(step.preview):
            image, stopped = self._whole(model, step.preview, request), step.preview_step
        if image is None:
            yield {self.stage: "", self.told: note(t("Stopped before anything was found."))}
            return
        words = _found(likeness(image, found["target"]), stopped)
        one = save_artwork(image, cache, "Found picture")
        yield self._take(one) | {self.stage: beside(image, t("What was found")), self.told: note(words)}

    def _whole(self, model: str, preview: Image.Image | None, request: gr.Request) -> Image.Image | None:
        """Return the picture that a preview stands for: a large network is looked through at a small size."""
        if preview is None or preview.width == self._maker.pipeline(model).side:
            return preview
        small = save_artwork(preview, self.picture.GRADIO_CACHE, "Found picture")
        made = self._jobs.do(request, self._maker.moved([small], small.amounts), "page find-whole")
        return made[0] if made else None


def carries(preview: Image.Image | None) -> bool:
    """Tell whether a preview says how to make it again."""
    return preview is not None and "latent" in (settings(preview) or {})


def _found(near: float, stopped: int) -> str:
    """Return what is to be said of a picture that was found. near: in dB. stopped: after which step, 0 for the last."""
    if stopped:
        return t(
            "{near} dB near it, stopped after step {step}; it is the chosen picture now, so sliders and walks go on "
            "from it.",
            near=f"{near:.1f}", step=stopped,
        )  # fmt: skip
    return t("{near} dB near it; it is the chosen picture now, so sliders and walks go on from it.", near=f"{near:.1f}")


def _words(step: Step[Any]) -> str:
    if not step.step:
        return t("Looking at the picture")
    share = f"{100 * step.share:.0f}"
    return t("{share} % · step {step} of {total}", share=share, step=step.step, total=step.total)


class ImportSettings:
    """A box for a picture that was made here."""

    def __init__(self, maker: GANRequests, jobs: Jobs, wall: Grid) -> None:
        """Lay it out inside the Blocks being built. wall: whose controls are set."""
        self._maker = maker
        self._jobs = jobs
        self._wall = wall
        gr.HTML(note("A PNG downloaded from this tab carries its settings; put it here and go on from it."))
        self.picture = picture_input("Picture made here", height=160, elem_id="reread")
        self.told = gr.HTML(note(""), elem_id="reread-told")

    def wire(self, take: Callable[[Artwork], Changes], parts: Sequence[Any]) -> None:
        """Connect it; take, parts: those of the chosen picture."""
        self._take = take
        wall = self._wall
        controls = [wall.model, wall.seed, wall.truncation]
        self.picture.upload(
            self._read, self.picture, [*controls, self.told, *parts], show_progress="minimal",
            show_progress_on=self.told, api_visibility="private", **GPU_SLOT,
        )  # fmt: skip

    def _read(self, path: str | None, request: gr.Request) -> Changes:
        """Make the picture again from its settings, and set the controls to them."""
        with sentences():

            def work(callback: Callback) -> Image.Image:
                made = check_settings(settings(read_picture(path, "picture")))
                return again(self._maker.pipeline(made["model"]), made, made.get("directions") or {})

            image = self._jobs.do(request, work, "page reread")
            if image is None:
                raise mistake("The work was stopped before there was a picture.")
            one = save_artwork(image, self.picture.GRADIO_CACHE)
            return self._take(one) | self._set(one)

    def _set(self, one: Artwork) -> Changes:
        """Set the controls to a picture's settings."""
        wall, made = self._wall, one.made
        changes: Changes = {
            wall.model: wall.more.menu_at(made["model"]),
            self.told: note(t("{name} is the chosen picture now.", name=translate(one.name))),
        }
        if one.seed is not None:
            changes[wall.seed] = one.seed
        if TRUNCATIONS[0] <= made["truncation"] <= TRUNCATIONS[-1]:
            changes[wall.truncation] = made["truncation"]
        return changes

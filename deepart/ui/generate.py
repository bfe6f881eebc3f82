"""The tab "Generate": a grid of pictures, the one that is chosen, and the tools that go on from it."""

import html
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from deepart.cache import Studio
from deepart.errors import OptionError
from deepart.images import fit, load_image, settings, with_settings
from deepart.ui.artwork import Artwork, at, facts, save_artwork, the_chosen
from deepart.ui.breeding import Breed
from deepart.ui.finished import finished_grid
from deepart.ui.generate_tools import Mix, Projection, Walk
from deepart.ui.grid import Grid, LargePainting, about, painted
from deepart.ui.i18n import chinese, t, translate
from deepart.ui.inputs import AT_ONCE, COMPUTING, IN_TURN, SOON, mistake, sentences
from deepart.ui.jobs import Jobs
from deepart.ui.results import SendTo
from deepart.ui.run import Changes, RunButton, note
from deepart.ui.shelf import artwork_of
from deepart.ui.widgets import Format, RequestId, Sliders, frame, into_sight, said, shown_directions
from deepart.ui.work import GANRequests, whole


class Chosen:
    """The chosen picture and its buttons; lay_sliders() puts the sliders where they belong."""

    def __init__(self, requests: GANRequests, jobs: Jobs, first: Artwork | None = None) -> None:
        """Lay it out inside the Blocks being built. first: the picture that is chosen from the beginning."""
        self._requests, self._jobs, self._first = requests, jobs, first
        self.piece: Any = gr.State(first)  # Artwork | None
        self.request_id = RequestId("chosen-mark")
        with gr.Row(elem_classes="da-hero"):
            empty = frame(None, "Click a picture to see it here.")
            self.stage = gr.HTML(empty if first is None else _large(first), elem_id="chosen")
            with gr.Column(elem_classes="da-acts", min_width=100):
                self.title = gr.HTML(_title(first), elem_id="chosen-title")
                self.like = _button("♡ Like", "like")
                self.download = gr.DownloadButton(
                    "Download", first.path if first is not None else None, size="sm", min_width=90,
                    interactive=first is not None, elem_id="chosen-download",
                )  # fmt: skip

    def lay_further(self) -> None:
        """Lay out what else can be done with the chosen picture."""
        with gr.Row(elem_classes="da-acts"):
            self.paint = RunButton("Paint it large", "large-", "paint")
            self.use_seed = _button("Use its seed", "use-seed")
            self.as_shape = _button("Mix its shapes", "as-shape")
            self.as_detail = _button("Mix its detail", "as-detail")
            self.format = Format(self.download)
        self.paint.lay_status()
        self.send = SendTo("chosen", ("content", "style", "photo"))

    def lay_sliders(self) -> None:
        """Lay out the sliders; without a picture they get their names with the first one."""
        self.sliders = Sliders(names=() if self._first is None else self.names(self._first))
        with gr.Row():
            self.reset = gr.Button("Reset", size="sm", elem_id="reset")
            self.apply = gr.Button("Apply to all pictures", size="sm", elem_id="apply")

    @property
    def shown(self) -> list[Any]:
        """The components that show() changes."""
        return [self.piece, self.stage, self.title, self.download]

    @property
    def parts(self) -> list[Any]:
        """The components that take() changes."""
        return [*self.shown, *self.request_id.parts, *self.sliders.all]

    def take(self, chosen: Artwork) -> Changes:
        """Choose a picture: show it, and set the sliders to where it is."""
        put = self.sliders.put(self.names(chosen), chosen.amounts)
        return self.show(chosen) | put | self.request_id.following()

    def show(self, chosen: Artwork) -> Changes:
        """Show a picture as the chosen one."""
        if not Path(chosen.path).is_file():
            raise OptionError("The file of this picture was deleted, as all are after a day; make the picture again.")
        return {
            self.piece: chosen,
            self.stage: _large(chosen),
            self.title: _title(chosen),
            self.download: gr.DownloadButton(value=chosen.path, interactive=True),
        }

    def follow(self, pieces: list[Artwork], chosen: Artwork | None) -> Changes:
        """Show the chosen picture as it hangs on the grid now: it may have been painted there."""
        news = [one for one in pieces if chosen is not None and one.text == chosen.text and one.path != chosen.path]
        return self.show(news[0]) if news else {self.piece: gr.skip()}

    def names(self, chosen: Artwork) -> tuple[str, ...]:
        """The directions of the model that made a picture which have a slider."""
        return shown_directions(self._requests.directions(chosen))

    def wire(self, seed: Any, painting: LargePainting) -> None:
        """Connect the sliders with the picture, the choice of a format with its file, and a button with the seed."""
        self._painting = painting
        inputs = [self.piece, painting.manner, painting.size]
        self.paint.wire(self._jobs, self._paint, inputs, self.shown, sight="chosen")
        self.sliders.wire(self.piece, self.request_id, self._change, self.show, self.shown, self.reset)
        let_go = [*(slider.release for slider in self.sliders.all), self.reset.click]
        gr.on(let_go, None, None, None, js=into_sight("chosen"), **AT_ONCE)
        self.format.wire(self.piece, lambda one: str(one.path))
        self.use_seed.click(_seed_of, self.piece, seed, **SOON)

    def _paint(self, chosen: Artwork | None, manner: str | None, size: int, request: gr.Request) -> Iterator[Changes]:
        """Paint the chosen picture large, for the page."""
        one = the_chosen(chosen)
        step = yield from self.paint.stream(
            request, self._painting.work(one, manner, size), t("Painting the picture"),
            preview=lambda step: {self.stage: frame(step.preview, t("The painting so far"))},
            share=self._painting.share(size), long=True,
        )  # fmt: skip
        image = step.made
        if image is None and step.preview is not None:  # of a coarse level, perhaps: enlarged, and told in the title
            made = {"painted_from": one.made, "stopped_at": step.preview_step}
            image = with_settings(fit(step.preview, whole(size)), made)
        yield {} if image is None else self.show(painted(one, image, self.download.GRADIO_CACHE))

    def _change(self, request: gr.Request, chosen: Artwork | None, values: tuple[float, ...]) -> Artwork:
        """Make the chosen picture again with what the sliders say."""
        one = the_chosen(chosen)
        [made] = self._jobs.do(request, self._requests.moved([one], self.amounts(one, values)), "page sliders")
        return save_artwork(made, self.download.GRADIO_CACHE, one.name)

    def amounts(self, chosen: Artwork, values: tuple[float, ...]) -> dict[str, float]:
        """Return what the sliders say of a picture, by the names of the model's directions."""
        return said(self.names(chosen), values, chosen.amounts)


def _seed_of(chosen: Artwork | None) -> int:
    """Return the seed of the chosen picture, where it has one."""
    seed = the_chosen(chosen).seed
    if seed is None:
        raise mistake("This picture has no seed: it was bred, mixed or found.")
    return seed


def _button(words: str, name: str) -> gr.Button:
    return gr.Button(words, size="sm", min_width=90, elem_id=name)


def _large(chosen: Artwork) -> str:
    image, side = load_image(chosen.path), (chosen.made.get("size") or [128])[0]
    if image.width > side:
        return frame(image, t("{name}, painted", name=translate(chosen.name)))
    return frame(image, t("{name}, enlarged from {side} pixels", name=translate(chosen.name), side=side))


def _title(chosen: Artwork | None) -> str:
    if chosen is None:
        return '<p class="da-title">&nbsp;</p>' + note("")
    image = load_image(chosen.path)
    width, height = image.size
    size = t("{width} × {height} pixels", width=width, height=height)
    stopped = (settings(image) or {}).get("stopped_at")
    if stopped:
        size += f" · {t('stopped after step {n}, and enlarged', n=stopped)}"
    if width <= (chosen.made.get("size") or [128])[0]:
        size = t("{width} × {height} pixels, enlarged here", width=width, height=height)
    told = facts(chosen.made)
    return f'<p class="da-title">{html.escape(translate(chosen.name))}</p>' + note(f"{told} · {size}" if told else size)


class GenerateTab:
    """The parts of the tab, and what leads from one to the other."""

    def __init__(self, app: gr.Blocks, studio: Studio, jobs: Jobs) -> None:
        """Lay the tab out inside the Blocks being built, and wire it."""
        self.requests = requests = GANRequests(studio)
        self._jobs = jobs
        example, names = finished_grid(studio)
        if example:
            requests.know(example[0], names)
        with gr.Row(elem_classes="da-atelier"):
            with gr.Column(elem_classes="da-wall"):
                self.grid = Grid(requests, jobs, studio, example)
            with gr.Column(elem_classes="da-bench"):
                self.chosen = Chosen(requests, jobs, next(iter(self.grid.example), None))
                more = gr.Accordion("More", open=False, elem_id="generate-extras", elem_classes="da-more")
                with more as self.extras:
                    self._lay_more()
        self._wire(app)

    def _lay_more(self) -> None:
        requests, jobs = self.requests, self._jobs
        self.chosen.lay_further()
        with gr.Tabs(elem_classes="da-tools", overflow_behavior="wrap") as self.tools:
            with gr.Tab("Change", id="change"):
                self.chosen.lay_sliders()
            with gr.Tab("Walk", id="walk"):
                self.walk = Walk(requests, jobs)
            with gr.Tab("Mix", id="mix"):
                self.mix = Mix(requests, jobs, self.grid)
            with gr.Tab("Breed", id="breed"):
                self.breed = Breed(requests, jobs, self.grid)
            with gr.Tab("Find", id="find"):
                self.projection = Projection(requests, jobs)
        self.grid.lay_settings()

    @property
    def linked(self) -> dict[str, Any]:
        """The controls that a link to the tab sets, by what they are called in it."""
        grid, breed, walk = self.grid, self.breed, self.walk
        return {
            "model": grid.model, "seed": grid.seed, "count": grid.count, "truncation": grid.truncation,
            "painted": grid.painting.on, "size": grid.painting.size,
            "mutation": breed.mutation, "children": breed.count, "walk": walk.seeds, "frames": walk.frames,
        }  # fmt: skip

    def recall(self, one: Mapping[str, Any]) -> Changes:
        """Return what else changes when the settings of a picture are taken: it is the chosen one, if it is there."""
        piece = artwork_of(one)
        return {} if piece is None or not Path(piece.path).is_file() else self.chosen.take(piece)

    def _wire(self, app: gr.Blocks) -> None:
        grid, chosen, breed = self.grid, self.chosen, self.breed
        take, parts = chosen.take, chosen.parts
        picked = grid.gallery.select(
            self._pick, grid.pieces, [*parts, grid.gallery], trigger_mode="multiple", **IN_TURN
        )
        picked.then(None, None, None, js=into_sight("chosen"), **AT_ONCE)  # on a phone it is under the grid
        chosen.apply.click(
            self._apply, [grid.pieces, chosen.piece, *chosen.sliders.all], grid.parts, show_progress_on=grid.told,
            js=into_sight("grid"), **COMPUTING,
        )  # fmt: skip
        grid.wire(app, take, chosen.piece, parts)
        grid.pieces.change(chosen.follow, [grid.pieces, chosen.piece], chosen.shown, **AT_ONCE)
        chosen.wire(grid.seed, grid.painting)
        breed.wire(take, chosen.piece, parts, chosen.like)
        self.projection.wire(take, parts, grid.model)
        self.walk.wire(grid.truncation, chosen.piece, breed.liked, grid.model, grid.painting)
        self.mix.wire(chosen.piece, chosen.as_shape, chosen.as_detail, grid.truncation, grid.model)
        for put in (chosen.as_shape, chosen.as_detail):
            put.click(lambda: gr.Tabs(selected="mix"), None, self.tools, **AT_ONCE)
        if grid.example:
            shown = [grid.gallery, grid.told, chosen.stage, chosen.title, *chosen.sliders.all]
            app.load(self._speak, None, shown, **AT_ONCE)

    def _speak(self) -> Changes:
        """Say what is there from the beginning in the visitor's language; in English it says so already.

        Gradio's page translates no captions of a gallery, and no words with numbers in them.
        """
        grid, chosen = self.grid, self.chosen
        if not chinese():
            return {grid.told: gr.skip()}
        first = grid.example[0]
        said = grid.show(grid.example, about(grid.example)) | chosen.take(first)
        shown = (grid.gallery, grid.told, chosen.stage, chosen.title, *chosen.sliders.all)
        return {part: said[part] for part in shown}

    def _pick(self, pieces: list[Artwork], event: gr.SelectData) -> Changes:
        """Choose a picture of the grid."""
        with sentences():
            # Nothing stays selected, so that the same can be clicked again.
            return self.chosen.take(at(pieces, event.index)) | {self.grid.gallery: gr.Gallery(selected_index=None)}

    def _apply(self, request: gr.Request, pieces: list[Artwork], chosen: Artwork | None, *values: float) -> Changes:
        """Make all pictures of the grid again with what the sliders say."""
        with sentences():
            if chosen is None or not pieces:
                raise OptionError("There are no pictures yet; make some first.")
            if any(one.model != chosen.model for one in pieces):
                raise OptionError("The pictures of the grid are of another model than the sliders; make new ones.")
            work = self.requests.moved(pieces, self.chosen.amounts(chosen, values))
            pictures = self._jobs.do(request, work, "page apply")
            moved = self.grid.keep(pictures, [one.name for one in pieces])
            n = len(moved)
            one, many = t("1 picture with the sliders' changes"), t("{n} pictures with the sliders' changes", n=n)
            return self.grid.show(moved, one if n == 1 else many)

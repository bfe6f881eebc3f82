"""The grid of pictures: from a seed on, at one truncation or at several, painted large, to click and to take home."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
from PIL import Image

from deepart.cache import Studio
from deepart.errors import Phrase
from deepart.images import fit, settings, with_settings
from deepart.latents import MAX_SEED
from deepart.pipelines.gan import TRUNCATIONS, GANPipeline
from deepart.pipelines.large import LARGEST, QUALITIES, SIZES, paint_large
from deepart.ui.artwork import Artwork, bundle, name_of, painting_of, save_artwork, save_result, slug, the_chosen
from deepart.ui.examples import example_files, example_row, examples
from deepart.ui.finished import FIRST_SEED, PICTURES
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, COMPUTING, keep_good, picture_input, read_picture, sentences
from deepart.ui.jobs import Callback, Jobs, Work
from deepart.ui.models import MoreModels, loading, model_menu
from deepart.ui.run import Changes, RunButton, hidden_text, new_text, note
from deepart.ui.widgets import into_sight
from deepart.ui.work import MAX_GRID, GANRequests, defaults, whole

_DEFAULT = defaults(GANPipeline.generate)
SIZE = 768  # pixels: half a minute of two cores for two of them
MANNER = "cassatt-summertime"  # of the examples


class LargePainting:
    """Whether pictures are painted large, in whose manner, and how large."""

    def __init__(self, requests: GANRequests, studio: Studio) -> None:
        """Lay it out inside the Blocks being built."""
        self._requests, self._studio = requests, studio
        with gr.Accordion("How they are painted", open=False, elem_id="painting"):
            self.on = gr.Checkbox(
                True, label="Paint new pictures large", elem_id="painted",
                info="Off: they stay as small as the generator makes them, and are there at once.",
            )  # fmt: skip
            self.manner = picture_input("In the manner of", value=str(examples()[MANNER]), height=180, elem_id="manner")
            example_row(example_files("style", "paintings"), self.manner, "Whose strokes; the colours stay.")
            self.size = gr.Slider(
                *SIZES, SIZE, step=64, label="Size", elem_id="painting-size",
                info="Of a painting, in pixels each way.",
            )  # fmt: skip

    def work(self, piece: Artwork, manner: Any, size: Any, quality: str = "fine") -> Work[Image.Image]:
        """Return the work that paints a picture large. manner: a file."""

        def work(callback: Callback) -> Image.Image:
            painting = read_picture(manner, "painting for the manner")
            [small] = self._requests.moved([piece], piece.amounts)(lambda *_: None)
            return self.paint(small, painting, whole(size), quality, callback)

        return work

    def paint(
        self, small: Image.Image, manner: Image.Image, size: int, quality: str, callback: Callback | None = None
    ) -> Image.Image:
        """Return a generated picture painted large; see paint_large."""
        if max(small.size) > LARGEST:  # of a large generator's picture the composition and the colours
            small = with_settings(fit(small, LARGEST), settings(small) or {})
        return paint_large(small, manner, size=size, quality=quality, callback=callback, load=self._studio.style)

    def share(self, size: Any) -> Callable[[int, int], float]:
        """Return what tells the share of the work after a step of "fine"; see Jobs.stream."""
        shares: list[float] = []

        def share(step: int, total: int) -> float:
            shares.extend(() if shares else self._studio.style("fine").work_shares(int(size), int(size)))
            return shares[step - 1] if 0 < step <= len(shares) else step / total

        return share


def painted(piece: Artwork, image: Image.Image, cache: str) -> Artwork:
    """Return the artwork whose file is a painting of it; all else that is made of it still begins at its latent."""
    path = save_result(image, f"{slug(piece.model)}-{slug(piece.name)}-{max(image.size)}", cache)
    return replace(piece, path=path, painted=painting_of(settings(image) or {}))


class Grid:
    """The controls, the pictures, and what is under them. Mixes, children and sweeps hang here as well."""

    def __init__(self, requests: GANRequests, jobs: Jobs, studio: Studio, example: Sequence[Artwork] = ()) -> None:
        """Lay out what is in sight inside the Blocks being built; lay_settings() does the rest.

        example: the pictures that are there from the beginning.
        """
        self._requests, self._jobs, self._studio = requests, jobs, studio
        with gr.Row(elem_classes="da-start"):
            self.model = model_menu("gan", "gan-model", studio.added("gan"))
            self.dice = gr.Button("New pictures", variant="primary", elem_id="gan-dice", min_width=110)
            self.make = RunButton("Make again", "gan-", "make")
        self.make.lay_status("“New pictures” makes others, “Make again” those of the settings. Press one to choose it.")
        self.told = gr.HTML(note(about(example) if example else "Press “New pictures” to begin."), elem_id="gan-about")
        self.gallery = gr.Gallery(
            [(one.path, one.name) for one in example] or None, label="Pictures", show_label=False, format="png",
            columns=columns(len(example) or PICTURES), object_fit="cover", allow_preview=False, interactive=False,
            buttons=[], elem_id="grid",
        )  # fmt: skip
        # The files that the gallery serves, which stay as long as the page is open: other formats are written beside
        # them, and the page's own may be in a folder that is read only.
        served = [item["image"]["path"] for item in self.gallery.value or []]
        self.example = [replace(one, path=path) for one, path in zip(example, served, strict=True)]
        self.pieces: Any = gr.State(self.example)  # list[Artwork], as the gallery shows them
        self.marks = gr.HTML(mark_rules(self.example, [], next(iter(self.example), None)), elem_classes="da-rules")
        self.wanted = hidden_text("gan-wanted")  # changes when pictures should be made

    def lay_settings(self) -> None:
        """Lay out what can be set of new pictures."""
        with gr.Row(elem_classes="da-settings"):
            self.seed = gr.Number(
                FIRST_SEED, label="Seed", precision=0, min_width=120, elem_id="gan-seed",
                info="Names the first picture; the next has the next seed.",
            )  # fmt: skip
            self.count = gr.Slider(
                1, MAX_GRID, PICTURES, step=1, label="Pictures", min_width=150, buttons=[], elem_id="gan-count",
                info="How many are made at once.",
            )  # fmt: skip
            self.truncation = gr.Slider(
                min(TRUNCATIONS), max(TRUNCATIONS), _DEFAULT["truncation"], step=0.05, label="Variety (truncation)",
                min_width=150, buttons=[], elem_id="gan-truncation",
                info="Low: alike; high: varied and odd.",
            )  # fmt: skip
        self.painting = LargePainting(self._requests, self._studio)
        with gr.Row(elem_classes="da-under"):
            self.sweep = gr.Button("Compare varieties", size="sm", scale=0, min_width=160, elem_id="gan-sweep")
            self.zip = gr.DownloadButton(
                "All as a zip", bundle(self.example, self.gallery.GRADIO_CACHE) if self.example else None, size="sm",
                scale=0, min_width=120, interactive=bool(self.example), elem_id="gan-zip",
            )  # fmt: skip
        self.more = MoreModels("gan", self._studio, self._jobs, self.model)

    @property
    def parts(self) -> list[Any]:
        """The components that show() changes."""
        return [self.pieces, self.gallery, self.told, self.zip]

    def show(self, pieces: Sequence[Artwork], words: str) -> Changes:
        """Hang pictures; words: what they are."""
        return {
            self.pieces: list(pieces),
            self.gallery: gr.Gallery(
                [(one.path, translate(one.name)) for one in pieces], columns=columns(len(pieces)), selected_index=None
            ),
            self.told: note(words),
            self.zip: gr.DownloadButton(value=bundle(pieces, self.gallery.GRADIO_CACHE), interactive=True),
        }

    def keep(self, pictures: Sequence[Image.Image], names: Sequence[str] = ()) -> list[Artwork]:
        """Write pictures where Gradio serves files from; names: what they are called, else their settings say it."""
        cache = self.gallery.GRADIO_CACHE
        return [save_artwork(one, cache, *names[index : index + 1]) for index, one in enumerate(pictures)]

    # ---------------------------------------------------------------------------------------------- what leads where

    def wire(self, app: gr.Blocks, take: Callable[[Artwork], Changes], chosen: Any, parts: Sequence[Any]) -> None:
        """Connect it; take, chosen, parts: those of the chosen picture."""
        self._take, painting = take, self.painting
        keep_good(painting.manner)
        self.dice.click(
            lambda: (random.randint(0, MAX_SEED - MAX_GRID), new_text()), None, [self.seed, self.wanted], **AT_ONCE
        )
        self.more.wire(app).success(new_text, None, self.wanted, **AT_ONCE)
        self.make.wire(
            self._jobs, self._make,
            [self.model, self.count, self.seed, self.truncation, painting.on, painting.manner, painting.size],
            [*self.parts, *parts], locks=("gan-dice", "gan-model"),
            triggers=[self.wanted.change, self.model.input], sight="grid", example=bool(self.example) or None,
        )  # fmt: skip
        self.sweep.click(
            self._sweep, chosen, self.parts, show_progress_on=self.told, js=into_sight("grid"), **COMPUTING
        )

    def _make(
        self, model: str, n: Any, seed: Any, truncation: float, on: bool, manner: str | None, size: int,
        request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Make pictures for the page: small ones, then each painted fast, then each painted well."""
        work = self._requests.grid(model, n, seed, truncation, None)
        words = t("Making 1 picture") if n == 1 else t("Making {n} pictures", n=n)
        step = yield from self.make.stream(request, work, words, loading=loading(self._studio, "gan", model))
        if step.made is None:
            return
        pieces = self.keep(step.made)
        changes = self.show(pieces, about(pieces)) | self._take(pieces[0])  # what was chosen is in My results
        if not on:
            yield changes
            return
        yield changes | self.make.busy(words)
        for quality in QUALITIES:
            for index, one in enumerate(pieces):
                which = {"n": index + 1, "total": len(pieces)}
                first = t("A first look at picture {n} of {total}", **which)
                said = first if quality == "fast" else t("Painting picture {n} of {total}", **which)
                share = self.painting.share(size) if quality == "fine" else None
                paint = self.painting.work(one, manner, size, quality)
                drawn = yield from self.make.stream(request, paint, said, share=share, long=quality == "fine")
                if drawn.made is None:
                    stopped = t("Stopped before all were painted: the others are smaller, or painted fast.")
                    yield {self.told: note(f"{about(pieces)} · {stopped}")}
                    return
                pieces[index] = painted(one, drawn.made, self.gallery.GRADIO_CACHE)
                yield self.show(pieces, about(pieces)) | self.make.busy(said)

    def _sweep(self, chosen: Artwork | None, request: gr.Request) -> Changes:
        """Show the chosen picture at several truncations."""
        with sentences():
            one = the_chosen(chosen)
            pictures = self._jobs.do(request, self._requests.sweep(one), "page gan-sweep")
            base = name_of(one.made)
            names = [Phrase("{name} at {truncation}", name=base, truncation=f"{psi:g}") for psi in TRUNCATIONS]
            low, high = f"{TRUNCATIONS[0]:g}", f"{TRUNCATIONS[-1]:g}"
            words = t("{name} at variety {low} to {high}", name=translate(base), low=low, high=high)
            return self.show(self.keep(pictures, names), words)


def columns(n: int) -> int:
    """Return the columns of a grid of n pictures, which is about a square, whatever their number."""
    return max(2, math.ceil(math.sqrt(n)))


def mark_rules(pieces: Sequence[Artwork], liked: Sequence[Artwork], chosen: Artwork | None) -> str:
    """Return CSS that puts a heart on what is liked, and a ring around what is chosen, moved by sliders or not."""
    hearts = [index for index, one in enumerate(pieces) if one.among(liked)]
    rings = [index for index, one in enumerate(pieces) if chosen is not None and one.root == chosen.root]
    rules = [(hearts, "::after", "display: grid"), (rings, "", "outline: 3px solid var(--color-accent)")]
    # Gradio puts selectors of its own before those of the page's style sheet, so the rule must insist.
    return "".join(
        f"<style>#grid .gallery-item:nth-of-type({index + 1}){part} {{ {rule} !important; }}</style>"
        for places, part, rule in rules for index in places
    )  # fmt: skip


def about(pieces: Sequence[Artwork]) -> str:
    """Return what a grid of pictures is, in words: the pictures are of seeds, one after the other."""
    first, last = pieces[0].seed, pieces[-1].seed
    truncation = f"{pieces[0].made['truncation']:g}"
    if len(pieces) == 1:
        return t("Seed {n} · variety {truncation}", n=first, truncation=truncation)
    return t("Seeds {first} to {last} · variety {truncation}", first=first, last=last, truncation=truncation)

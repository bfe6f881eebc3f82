"""Mixing: the shapes of one picture with the detail of another, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.ui.common import SOON, sentences, visitor
from deepart.ui.jobs import Jobs
from deepart.ui.language import t, t_text
from deepart.ui.maker import Maker, check_seed
from deepart.ui.pieces import Piece, name_of, piece
from deepart.ui.starter import Changes, Starter, follow, note
from deepart.ui.views import strip, thumb

_SHAPES, _DETAIL = "shapes", "detail"
_OF = ", detail of "


class Mix:
    """Two places for pictures, and the four that come of them: either parent, and both mixes."""

    def __init__(self, maker: Maker, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        self.pieces: Any = gr.State([])  # list[Piece], as the gallery shows them
        self.shape: Any = gr.State(None)  # Piece | None; without one the seed counts
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
        self.start = Starter("Mix", "mix-", verb="start")
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
        follow(sources, self._say, sources, self.start.start)
        needs = [*sources, model]
        self.start.wire(
            self._jobs, self._begin, needs, self._mix, [*needs, truncation], self.start.resting, covers=[],
            shows=[self.gallery, self.pieces], queue_on=self.start.bar,
        )  # fmt: skip

    def places(self, where: str) -> tuple[Any, Any, Any]:
        """Return the components of one of the two places, `shapes` or `detail`."""
        if where == _SHAPES:
            return self.shape, self.shape_seed, self.shape_told
        return self.detail, self.detail_seed, self.detail_told

    def put(self, chosen: Piece, where: str) -> Changes:
        """Put a picture into one of the two places, `shapes` or `detail`."""
        kept, seed, told = self.places(where)
        return {kept: chosen, seed: chosen.seed, told: _told(chosen)}

    def _say(self, shape: Piece | None, detail: Piece | None, shape_seed: Any, detail_seed: Any) -> gr.Button:
        """Say on the button what it will do, or what it waits for."""
        if shape is None and shape_seed is None:
            return gr.Button(t("Type a seed for the shapes first"), interactive=False)
        if detail is None and detail_seed is None:
            return gr.Button(t("Type a seed for the detail first"), interactive=False)
        return gr.Button(t("Mix"), interactive=True)

    def _sources(
        self, shape: Piece | None, detail: Piece | None, shape_seed: Any, detail_seed: Any, model: str
    ) -> tuple[str, list[Piece | int]]:
        """Return the model and the two sources: pictures, or seeds."""
        sources: list[Piece | int] = []
        for kept, seed, what in ((shape, shape_seed, _SHAPES), (detail, detail_seed, _DETAIL)):
            if kept is None and seed is None:
                raise OptionError(f"There is no picture for the {what} yet; type a seed or choose a picture.")
            sources.append(kept if kept is not None else check_seed(seed))
        models = {source.model for source in sources if isinstance(source, Piece)}
        if len(models) > 1:
            raise OptionError("The two pictures are of different models; take two of the same.")
        return next(iter(models), model), sources

    def _begin(
        self, shape: Piece | None, detail: Piece | None, shape_seed: Any, detail_seed: Any, model: str
    ) -> Changes:
        with sentences():
            self._sources(shape, detail, shape_seed, detail_seed, model)
        return self.start.waiting()

    def _mix(
        self, shape: Piece | None, detail: Piece | None, shape_seed: Any, detail_seed: Any, model: str,
        truncation: float, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Mix for the page."""
        with sentences():
            model, sources = self._sources(shape, detail, shape_seed, detail_seed, model)
            who, words = visitor(request), t("Mixing")
            cache = self.gallery.GRADIO_CACHE
            parents: list[Piece] = []
            for source in sources:
                if isinstance(source, int):
                    alone = self._maker.grid(model, 1, source, truncation, None)
                    made = yield from self.start.follow(self._jobs, who, alone, words)
                    if made is None:
                        yield self.start.resting()
                        return
                    source = piece(made[0], cache)
                parents.append(source)
            one, other = parents
            work = self._maker.mix(model, one.origin(), other.origin(), truncation=1.0, both=True)
            mixed = yield from self.start.follow(self._jobs, who, work, words)
            if mixed is None:
                yield self.start.resting()
                return
            names = [f"{_brief(a)}{_OF}{_brief(b)}" for a, b in ((one, other), (other, one))]
            first, second = (piece(picture, cache, name) for picture, name in zip(mixed, names, strict=True))
            shown = [one, first, second, other]
            yield self.start.resting() | {
                self.pieces: shown,
                self.gallery: gr.Gallery(
                    [(each.path, t_text(each.name)) for each in shown], visible=True, selected_index=None
                ),
            }


def _brief(parent: Piece) -> str:
    """Return the name of a parent; of one that is a mix itself, a short one, since names would grow with each mix."""
    return name_of(parent.made) if _OF in parent.name else parent.name


def _told(kept: Piece | None) -> str:
    """Return what stands under the seed of a place: the picture that was put there in its stead."""
    if kept is None:
        return note("")
    name = t_text(kept.name)
    return strip([thumb(kept.path, name, "0")]) + note(name)

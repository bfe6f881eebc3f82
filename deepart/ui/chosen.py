"""The picture that a visitor has chosen: shown large, with what can be done with it, and sliders that change it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.images import load_image
from deepart.ui.common import AT_ONCE, QUIETLY, SOON, sentences, visitor
from deepart.ui.jobs import Jobs
from deepart.ui.language import t, t_text
from deepart.ui.maker import Maker
from deepart.ui.pieces import Piece, facts, piece
from deepart.ui.saving import Format
from deepart.ui.send import SendTo
from deepart.ui.sliders import MAX_SLIDERS, Sliders, said
from deepart.ui.starter import Changes, note
from deepart.ui.turn import Turn, wanted
from deepart.ui.views import frame

_EMPTY = "Click a picture to see it here."


class Chosen:
    """The chosen picture and its buttons; lay_sliders() puts the sliders where they belong."""

    def __init__(self, maker: Maker, jobs: Jobs, first: Piece | None = None) -> None:
        """Lay it out inside the Blocks being built. first: the picture that is chosen from the beginning."""
        self._maker = maker
        self._jobs = jobs
        self._first = first
        self.piece: Any = gr.State(first)  # Piece | None
        self.turn = Turn("chosen-mark")
        self.moved: Any = gr.State(None)  # tuple[str, Piece] | None: what sliders have made, and in which turn
        with gr.Row(elem_classes="da-hero"):
            self.stage = gr.HTML(frame(None, _EMPTY) if first is None else _large(first), elem_id="chosen")
            with gr.Column(elem_classes="da-acts", min_width=100):
                self.title = gr.HTML(_title(first), elem_id="chosen-title")
                there = first is not None
                self.like = _button("♡ Like", "like", there)
                self.use_seed = _button("Use its seed", "use-seed", there)
                self.walk = _button("Walk from it", "walk-from", there)
                self.as_shape = _button("Mix its shapes", "as-shape", there)
                self.as_detail = _button("Mix its detail", "as-detail", there)
                with gr.Row(elem_classes="da-save"):
                    self.download = gr.DownloadButton(
                        "Download", first.path if first is not None else None, size="sm", min_width=70,
                        interactive=there, elem_id="chosen-download",
                    )  # fmt: skip
                    self.format = Format(self.download)

        self.send = SendTo("chosen", ("content", "style", "photo"))

    def lay_sliders(self) -> None:
        """Lay out the sliders; without a picture they get their names with the first one."""
        gr.HTML(note("Each slider pushes the chosen picture along one thing that the model has learned."))
        self.sliders = Sliders(names=() if self._first is None else self.names(self._first))
        with gr.Row():
            self.reset = gr.Button("Reset", size="sm", elem_id="reset")
            self.apply = gr.Button("Apply to all pictures", size="sm", elem_id="apply")

    @property
    def parts(self) -> list[Any]:
        """The components that take() changes."""
        return [
            self.piece, self.stage, self.title, self.like, self.use_seed, self.download, self.walk, self.as_shape,
            self.as_detail, *self.turn.parts, *self.sliders.all,
        ]  # fmt: skip

    def take(self, chosen: Piece) -> Changes:
        """Choose a picture: show it, and set the sliders to where it is."""
        put = self.sliders.put(self.names(chosen), chosen.amounts)
        return self._show(chosen) | put | self.turn.following()

    def _show(self, chosen: Piece) -> Changes:
        if not Path(chosen.path).is_file():
            raise OptionError("The file of this picture was deleted, as all are after a day; make the picture again.")
        return {
            self.piece: chosen,
            self.stage: _large(chosen),
            self.title: _title(chosen),
            self.use_seed: gr.Button(
                t("It has no seed") if chosen.seed is None else t("Use its seed"), interactive=chosen.seed is not None
            ),
            self.download: gr.DownloadButton(value=chosen.path, interactive=True),
            **{button: gr.Button(interactive=True) for button in (self.like, self.walk, self.as_shape, self.as_detail)},
        }

    def names(self, chosen: Piece) -> tuple[str, ...]:
        """The directions of the model that made a picture, as many as there are sliders."""
        return self._maker.directions(chosen)[:MAX_SLIDERS]

    def wire(self) -> None:
        """Connect the sliders with the picture, and the choice of a format with its file."""
        shown = [part for part in self.parts if part not in self.sliders.all]
        needs = [self.piece, *self.turn.parts, *self.sliders.all]
        moved = gr.on(
            [slider.input for slider in self.sliders.all], self._change, needs, self.moved, trigger_mode="always_last",
            **QUIETLY,
        )  # fmt: skip
        level = self.reset.click(self.sliders.level, None, self.sliders.all, **AT_ONCE)
        straight = level.then(self._change, needs, self.moved, **QUIETLY)
        for made in (moved, straight):
            made.success(self._arrive, [self.turn.now, self.moved], shown, **SOON)
        self.format.wire(self.piece, lambda one: str(one.path))

    def _change(self, request: gr.Request, chosen: Piece | None, turn: str, mark: str, *values: float) -> Any:
        """Make the chosen picture again with what the sliders say, unless that was said of another picture."""
        with sentences():
            if chosen is None:
                raise OptionError("No picture is chosen yet; click one first.")
            if mark != turn:
                return gr.skip()
            made = self._jobs.do(visitor(request), self._maker.moved([chosen], self.amounts(chosen, values)))
            return (turn, piece(made[0], self.download.GRADIO_CACHE, chosen.name)) if made else gr.skip()

    def _arrive(self, turn: str, moved: tuple[str, Piece] | None) -> Changes:
        """Show what sliders have made, unless another picture was chosen meanwhile."""
        with sentences():
            one = wanted(turn, moved)
            return {self.title: gr.skip()} if one is None else self._show(one)

    def amounts(self, chosen: Piece, values: tuple[float, ...]) -> dict[str, float]:
        """Return what the sliders say of a picture, by the names of the model's directions."""
        return said(self.names(chosen), values, chosen.amounts)


def _button(words: str, name: str, there: bool) -> gr.Button:
    return gr.Button(words, size="sm", min_width=90, interactive=there, elem_id=name)


def _large(chosen: Piece) -> str:
    side = (chosen.made.get("size") or [128])[0]
    return frame(load_image(chosen.path), t("{name}, enlarged from {side} pixels", name=t_text(chosen.name), side=side))


def _title(chosen: Piece | None) -> str:
    if chosen is None:
        return '<p class="da-title">&nbsp;</p>' + note("")
    width, height = chosen.made.get("size") or (128, 128)
    told, size = facts(chosen.made), t("{width} × {height} pixels, enlarged here", width=width, height=height)
    return f'<p class="da-title">{html.escape(t_text(chosen.name))}</p>' + note(f"{told} · {size}" if told else size)

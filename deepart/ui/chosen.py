"""The picture that a visitor has chosen: shown large, with what can be done with it, and sliders that change it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.images import load_image
from deepart.ui.common import AT_ONCE, GPU_SLOT, SOON, sentences, visitor
from deepart.ui.jobs import Jobs
from deepart.ui.maker import Maker
from deepart.ui.pieces import Piece, facts, piece
from deepart.ui.send import SendTo
from deepart.ui.sliders import MAX_SLIDERS, Sliders, said
from deepart.ui.starter import Changes, note
from deepart.ui.turn import Turn, wanted
from deepart.ui.views import frame

_EMPTY = "Click a picture to see it here."


class Chosen:
    """The chosen picture and its buttons; lay_sliders() puts the sliders where they belong."""

    def __init__(self, maker: Maker, jobs: Jobs) -> None:
        """Lay it out inside the Blocks being built."""
        self._maker = maker
        self._jobs = jobs
        self.piece: Any = gr.State(None)  # Piece | None
        self.turn = Turn("chosen-mark")
        self.moved: Any = gr.State(None)  # tuple[str, Piece] | None: what sliders have made, and in which turn
        with gr.Row(elem_classes="da-hero"):
            self.stage = gr.HTML(frame(None, _EMPTY), elem_id="chosen")
            with gr.Column(elem_classes="da-acts", min_width=100):
                self.title = gr.HTML(_title(None), elem_id="chosen-title")
                self.like = _button("♡ Like", "like")
                self.use_seed = _button("Use its seed", "use-seed")
                self.walk = _button("Walk from it", "walk-from")
                self.as_shape = _button("Mix its shapes", "as-shape")
                self.as_detail = _button("Mix its detail", "as-detail")
                self.download = gr.DownloadButton(
                    "Download PNG", size="sm", min_width=90, interactive=False, elem_id="chosen-download"
                )

        self.send = SendTo("chosen", ("content", "style", "photo"))

    def lay_sliders(self) -> None:
        """Lay out the sliders; they get their names with the first picture."""
        gr.HTML(note("Each slider pushes the chosen picture along one thing that the model has learned."))
        self.sliders = Sliders()
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
        side = (chosen.made.get("size") or [128])[0]
        return {
            self.piece: chosen,
            self.stage: frame(load_image(chosen.path), f"{chosen.name}, enlarged from {side} pixels"),
            self.title: _title(chosen),
            self.use_seed: gr.Button(interactive=chosen.seed is not None),
            self.download: gr.DownloadButton(value=chosen.path, interactive=True),
            **{button: gr.Button(interactive=True) for button in (self.like, self.walk, self.as_shape, self.as_detail)},
        }

    def names(self, chosen: Piece) -> tuple[str, ...]:
        """The directions of the model that made a picture, as many as there are sliders."""
        return self._maker.pipeline(chosen.model).directions[:MAX_SLIDERS]

    def wire(self) -> list[Any]:
        """Connect the sliders with the picture, and return the events that change it."""
        shown = [part for part in self.parts if part not in self.sliders.all]
        needs = [self.piece, *self.turn.parts, *self.sliders.all]
        moved = gr.on(
            [slider.input for slider in self.sliders.all], self._change, needs, self.moved, trigger_mode="always_last",
            show_progress="hidden", api_visibility="private", **GPU_SLOT,
        )  # fmt: skip
        level = self.reset.click(self.sliders.level, None, self.sliders.all, **AT_ONCE)
        straight = level.then(
            self._change, needs, self.moved, show_progress="hidden", api_visibility="private", **GPU_SLOT
        )
        return [made.success(self._arrive, [self.turn.now, self.moved], shown, **SOON) for made in (moved, straight)]

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


def _button(words: str, name: str) -> gr.Button:
    return gr.Button(words, size="sm", min_width=90, interactive=False, elem_id=name)


def _title(chosen: Piece | None) -> str:
    if chosen is None:
        return '<p class="da-title">&nbsp;</p>' + note("")
    width, height = chosen.made.get("size") or (128, 128)
    words = f"{facts(chosen.made)} · {width} × {height} pixels, enlarged here"
    return f'<p class="da-title">{html.escape(chosen.name)}</p>' + note(words)

"""Ways to look at a reconstruction: where it is wrong, and what its latent is like inside."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr
from PIL import Image

from deepart.images import fit, load_image, settings, with_settings
from deepart.pipelines import vae_views
from deepart.pipelines.vae_latent import Latent
from deepart.ui.common import SOON, sentences, stage
from deepart.ui.pieces import Piece, piece
from deepart.ui.reconstruct_subject import Subject
from deepart.ui.starter import Changes, note
from deepart.ui.turn import Turn, wanted
from deepart.ui.views import frame

_SIDE = 1024  # pixels; of what the page shows
_MOST_GAIN = 16.0
_BLANK = "An error map compares with the original, and a latent file brings none."


class ErrorMap:
    """Where the reconstruction differs, as a heat map, with a slider for how much is shown."""

    def __init__(self, turn: Turn) -> None:
        """Lay it out inside the Blocks being built."""
        self._turn = turn
        self._seen: Any = gr.State(None)  # tuple[str, Piece] | None: what the slider has made, and in which turn
        self.stage = gr.HTML(stage(None, "The error map will appear here."), elem_id="vae-error")
        with gr.Row(elem_classes="da-under"):
            self.gain = gr.Slider(
                1, _MOST_GAIN, vae_views.GAIN, step=0.5, label="Gain", min_width=220, buttons=[], elem_id="vae-gain",
                info="At 4 an error of a quarter of the range is as bright as can be.",
            )  # fmt: skip
            self.download = gr.DownloadButton(
                "Download PNG", size="sm", scale=0, min_width=140, interactive=False, elem_id="vae-error-download"
            )
        self.told = gr.HTML(note(""), elem_id="vae-error-facts")

    @property
    def parts(self) -> list[Any]:
        """The components that show() changes."""
        return [self.stage, self.download, self.told]

    def wire(self, subject: Any) -> None:
        """Let the slider change what is shown of the subject."""
        seen = self.gain.input(
            self._look, [subject, *self._turn.parts, self.gain], self._seen, trigger_mode="always_last", **SOON
        )
        seen.success(self._arrive, [self._turn.now, self._seen], self.parts, **SOON)

    def see(self, picture: Image.Image, made: Image.Image, gain: float) -> Image.Image:
        """Return the error map with its settings."""
        heat = vae_views.error_map(picture, made, gain)
        return with_settings(
            fit(heat, min(_SIDE, max(heat.size))), (settings(made) or {}) | {"view": "error map", "gain": gain}
        )

    def show(self, image: Image.Image | None) -> Changes:
        """Show an error map; None: there is no original."""
        if image is None:
            return {
                self.stage: stage(None, _BLANK),
                self.download: gr.DownloadButton(interactive=False),
                self.told: note(""),
            }
        return self._show(piece(image, self.download.GRADIO_CACHE, "Error map"))

    def _show(self, one: Piece) -> Changes:
        gain = one.made["gain"]
        return {
            self.stage: stage(load_image(one.path), f"The error, times {gain:g}"),
            self.download: gr.DownloadButton(value=one.path, interactive=True),
            self.told: note(f"How far each pixel is off, times {gain:g}: dark is exact, bright is wrong."),
        }

    def _look(self, subject: Subject | None, turn: str, mark: str, gain: float) -> Any:
        """Make the map again, unless the slider was set for another picture."""
        with sentences():
            if subject is None or mark != turn or subject.picture is None:
                return gr.skip()
            picture = subject.original()
            assert picture is not None
            seen = self.see(picture, subject.result(), gain)
            return turn, piece(seen, self.download.GRADIO_CACHE, "Error map")

    def _arrive(self, turn: str, seen: tuple[str, Piece] | None) -> Changes:
        """Show what the slider has made, unless there is another picture meanwhile."""
        with sentences():
            one = wanted(turn, seen)
            return {self.told: gr.skip()} if one is None else self._show(one)


class Inside:
    """The latent as pictures: its components, and one channel of a map."""

    def __init__(self, turn: Turn) -> None:
        """Lay it out inside the Blocks being built."""
        self._turn = turn
        self._seen: Any = gr.State(None)  # tuple[str, Piece] | None: what the slider has made, and in which turn
        with gr.Row(elem_classes="da-two"):
            with gr.Column(min_width=140):
                self.whole = gr.HTML(frame(None, "The latent will appear here."), elem_id="vae-inside")
                self.whole_told = gr.HTML(note(""), elem_id="vae-inside-facts")
                self.whole_file = _file("vae-inside-download")
            with gr.Column(min_width=140) as self.one:
                self.heat = gr.HTML(frame(None, "A channel will appear here."), elem_id="vae-channel-stage")
                self.heat_told = gr.HTML(note(""), elem_id="vae-channel-facts")
                self.heat_file = _file("vae-channel-download")
        self.channel = gr.Slider(
            1, 32, 1, step=1, label="Channel", buttons=[], elem_id="vae-channel",
            info="Each is a small picture of something that the model looks for.",
        )  # fmt: skip

    @property
    def parts(self) -> list[Any]:
        """The components that show() changes."""
        whole, heat = [self.whole, self.whole_told, self.whole_file], [self.heat, self.heat_told, self.heat_file]
        return [*whole, self.one, *heat, self.channel]

    def wire(self, subject: Any) -> None:
        """Let the slider show another channel."""
        seen = self.channel.input(
            self._look, [subject, *self._turn.parts, self.channel], self._seen, trigger_mode="always_last", **SOON
        )
        seen.success(
            self._arrive, [self._turn.now, self._seen], [self.heat, self.heat_told, self.heat_file], **SOON
        )  # fmt: skip

    def show(self, latent: Latent, made: dict[str, Any]) -> Changes:
        """Show a latent, and its first channel where it has channels. made: settings of the reconstruction."""
        spatial, cache = latent.spatial, self.whole_file.GRADIO_CACHE
        seen = with_settings(vae_views.components(latent, side=_SIDE), made | {"view": "components"})
        one = piece(seen, cache, "Components" if spatial else "Latent")
        what = (
            "Its first three principal components, as red, green and blue."
            if spatial
            else "Its numbers, row by row: dark is low, bright is high."
        )
        changes: Changes = {
            self.whole: frame(seen, "The latent"), self.whole_told: note(what),
            self.whole_file: gr.DownloadButton(value=one.path, interactive=True),
            self.one: gr.Column(visible=spatial),
            self.channel: gr.Slider(maximum=latent.mean.shape[1] if spatial else 2, value=1, visible=spatial),
        }  # fmt: skip
        return changes | self._show(self._see(latent, 1, made)) if spatial else changes

    def _see(self, latent: Latent, number: int, made: dict[str, Any]) -> Piece:
        heat = vae_views.channel(latent, number - 1, side=_SIDE)
        seen = with_settings(heat, made | {"view": "channel", "channel": number})
        return piece(seen, self.heat_file.GRADIO_CACHE, f"Channel {number}")

    def _show(self, one: Piece) -> Changes:
        words = f"{one.name}: dark is low, bright is high."
        return {
            self.heat: frame(load_image(one.path), one.name),
            self.heat_told: note(words),
            self.heat_file: gr.DownloadButton(value=one.path, interactive=True),
        }

    def _look(self, subject: Subject | None, turn: str, mark: str, number: int) -> Any:
        """Make the picture of a channel, unless the slider was set for another picture."""
        with sentences():
            if subject is None or mark != turn:
                return gr.skip()
            return turn, self._see(subject.source(), int(number), subject.made.made)

    def _arrive(self, turn: str, seen: tuple[str, Piece] | None) -> Changes:
        with sentences():
            one = wanted(turn, seen)
            return {self.heat_told: gr.skip()} if one is None else self._show(one)


def title(subject: Subject, model: str) -> str:
    """Return what is shown, as HTML; model: its title."""
    width, height = subject.size
    words = f"{model} · {width} × {height} pixels"
    return f'<p class="da-title">{html.escape(subject.name)}</p>{note(words)}'


def _file(name: str) -> gr.DownloadButton:
    return gr.DownloadButton("Download PNG", size="sm", min_width=100, interactive=False, elem_id=name)

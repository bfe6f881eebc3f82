"""Ways to look at a reconstruction: where it is wrong, and what its latent is like inside."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr
from PIL import Image

from deepart.images import fit, load_image, settings, with_settings
from deepart.pipelines import vae_views
from deepart.pipelines.vae_latent import Latent
from deepart.ui.artwork import Artwork, Reconstruction, save_artwork
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import SOON, sentences
from deepart.ui.run import Changes, note
from deepart.ui.widgets import RequestId, Save, frame, if_current, stage

_SIDE = 1024  # pixels; of what the page shows


_MOST_GAIN = 16.0


class ErrorMap:
    """Where the reconstruction differs, as a heat map, with a slider for how much is shown."""

    def __init__(self, turn: RequestId) -> None:
        """Lay it out inside the Blocks being built."""
        self._turn = turn
        self._seen: Any = gr.State(None)  # tuple[str, Artwork] | None: what the slider has made, and in which turn
        self.stage = gr.HTML(stage(None, "The error map will appear here."), elem_id="vae-error")
        with gr.Row(elem_classes="da-under"):
            self.gain = gr.Slider(
                1, _MOST_GAIN, vae_views.GAIN, step=0.5, label="Gain", min_width=220, buttons=[], elem_id="vae-gain",
                info="At 4 an error of a quarter of the range is as bright as can be.",
            )  # fmt: skip
            self.save = Save("vae-error-download", "Download the map")
        self.told = gr.HTML(note(""), elem_id="vae-error-facts")

    @property
    def parts(self) -> list[Any]:
        """The components that show() changes."""
        return [self.stage, *self.save.parts, self.told]

    def wire(self, subject: Any, tab: gr.Tab) -> None:
        """Let the slider change what is shown of the subject. tab: where it is, which shows that of the example."""
        needs = [subject, *self._turn.parts, self.gain]
        moved = self.gain.input(self._look, needs, self._seen, trigger_mode="always_last", **SOON)
        opened = tab.select(self._first_look, [*needs, self.save.piece], self._seen, **SOON)
        for seen in (moved, opened):
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
                self.stage: stage(None, t("An error map compares with the original, and a latent file brings none.")),
                self.told: note(""),
            } | self.save.offer(None)
        return self._show(save_artwork(image, self.save.cache, "Error map"))

    def _show(self, one: Artwork) -> Changes:
        gain = one.made["gain"]
        return {
            self.stage: stage(load_image(one.path), t("The error, times {gain}", gain=f"{gain:g}")),
            self.told: note(
                t("How far each pixel is off, times {gain}: dark is exact, bright is wrong.", gain=f"{gain:g}")
            ),
        } | self.save.offer(one)

    def _first_look(
        self, subject: Reconstruction | None, turn: str, mark: str, gain: float, there: Artwork | None
    ) -> Any:
        """Make the map of the example, which needs no model; that of any other picture is there already."""
        if there is not None or subject is None or subject.latent is not None:
            return gr.skip()
        return self._look(subject, turn, mark, gain)

    def _look(self, subject: Reconstruction | None, turn: str, mark: str, gain: float) -> Any:
        """Make the map again, unless the slider was set for another picture."""
        with sentences():
            if subject is None or mark != turn or subject.picture is None:
                return gr.skip()
            picture = subject.original()
            assert picture is not None
            seen = self.see(picture, subject.result(), gain)
            return turn, save_artwork(seen, self.save.cache, "Error map")

    def _arrive(self, turn: str, seen: tuple[str, Artwork] | None) -> Changes:
        """Show what the slider has made, unless there is another picture meanwhile."""
        with sentences():
            one = if_current(turn, seen)
            return {self.told: gr.skip()} if one is None else self._show(one)


class Inside:
    """The latent as pictures: its components, and one channel of a map."""

    def __init__(self, turn: RequestId) -> None:
        """Lay it out inside the Blocks being built."""
        self._turn = turn
        self._seen: Any = gr.State(None)  # tuple[str, Artwork] | None: what the slider has made, and in which turn
        with gr.Row(elem_classes="da-two"):
            with gr.Column(min_width=140):
                words = "The latent appears here when the model has taken the picture apart."
                self.whole = gr.HTML(frame(None, words), elem_id="vae-inside")
                self.whole_told = gr.HTML(note(""), elem_id="vae-inside-facts")
                self.whole_save = Save("vae-inside-download")
            with gr.Column(min_width=140) as self.one:
                self.heat = gr.HTML(frame(None, "And one of its channels here."), elem_id="vae-channel-stage")
                self.heat_told = gr.HTML(note(""), elem_id="vae-channel-facts")
                self.heat_save = Save("vae-channel-download")
        self.channel = gr.Slider(
            1, 32, 1, step=1, label="Channel", buttons=[], elem_id="vae-channel",
            info="Each is a small picture of something that the model looks for.",
        )  # fmt: skip

    @property
    def parts(self) -> list[Any]:
        """The components that show() changes."""
        return [self.whole, self.whole_told, *self.whole_save.parts, self.one, *self._heats, self.channel]

    @property
    def _heats(self) -> list[Any]:
        return [self.heat, self.heat_told, *self.heat_save.parts]

    def wire(self, subject: Any) -> None:
        """Let the slider show another channel."""
        seen = self.channel.input(
            self._look, [subject, *self._turn.parts, self.channel], self._seen, trigger_mode="always_last", **SOON
        )
        seen.success(self._arrive, [self._turn.now, self._seen], self._heats, **SOON)

    def show(self, latent: Latent, made: dict[str, Any]) -> Changes:
        """Show a latent, and its first channel where it has channels. made: settings of the reconstruction."""
        spatial, cache = latent.spatial, self.whole_save.cache
        seen = with_settings(vae_views.components(latent, side=_SIDE), made | {"view": "components"})
        one = save_artwork(seen, cache, "Components" if spatial else "Latent")
        what = (
            t("Its first three principal components, as colours.")
            if spatial
            else t("Its numbers, row by row: dark is low, bright is high.")
        )
        changes: Changes = {
            self.whole: frame(seen, t("The latent")), self.whole_told: note(what),
            self.one: gr.Column(visible=spatial),
            self.channel: gr.Slider(maximum=latent.mean.shape[1] if spatial else 2, value=1, visible=spatial),
        } | self.whole_save.offer(one)  # fmt: skip
        return changes | self._show(self._see(latent, 1, made)) if spatial else changes

    def _see(self, latent: Latent, number: int, made: dict[str, Any]) -> Artwork:
        heat = vae_views.channel(latent, number - 1, side=_SIDE)
        seen = with_settings(heat, made | {"view": "channel", "channel": number})
        return save_artwork(seen, self.heat_save.cache, f"Channel {number}")

    def _show(self, one: Artwork) -> Changes:
        words = t("{name}: dark is low, bright is high.", name=translate(one.name))
        return {
            self.heat: frame(load_image(one.path), translate(one.name)),
            self.heat_told: note(words),
        } | self.heat_save.offer(one)

    def _look(self, subject: Reconstruction | None, turn: str, mark: str, number: int) -> Any:
        """Make the picture of a channel, unless the slider was set for another picture."""
        with sentences():
            if subject is None or mark != turn:
                return gr.skip()
            latent = subject.source()
            if not isinstance(latent, Latent):
                return gr.skip()
            return turn, self._see(latent, int(number), subject.made.made)

    def _arrive(self, turn: str, seen: tuple[str, Artwork] | None) -> Changes:
        with sentences():
            one = if_current(turn, seen)
            return {self.heat_told: gr.skip()} if one is None else self._show(one)


def title(subject: Reconstruction, model: str) -> str:
    """Return what is shown, as HTML; model: its title."""
    width, height = subject.size
    sides = t("{width} × {height} pixels", width=width, height=height)
    words = f"{translate(model)} · {sides}"
    return f'<p class="da-title">{html.escape(translate(subject.name))}</p>{note(words)}'


def example_title(subject: Reconstruction, model: str) -> str:
    """Return the same for the example that the page opens with, whose words are texts of their own."""
    width, height = subject.size
    parts = ("A finished example: Reconstruct makes it again", model, f"{width} × {height}")
    words = " <wbr>· <wbr>".join(html.escape(part) for part in parts)
    return f'<p class="da-title">{html.escape(subject.name)}</p><p class="da-note">{words}</p>'

"""Ways to look at a reconstruction: where it is wrong, and what its latent is like inside."""

import html
import math
from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import Phrase
from deepart.images import fit, settings, with_settings
from deepart.metrics import Nearness
from deepart.pipelines import vae_views
from deepart.pipelines.vae_latent import Latent
from deepart.ui.artwork import Reconstruction, save_artwork
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import SOON, sentences
from deepart.ui.run import Changes, note
from deepart.ui.widgets import frame, stage

_SIDE = 1024  # pixels; of what the page shows
_MOST_GAIN = 16.0


class ErrorMap:
    """Where the reconstruction differs, as a heat map, with a slider for how much is shown."""

    def __init__(self) -> None:
        self.stage = gr.HTML(stage(None, "The error map will appear here."), elem_id="vae-error")
        self.gain = gr.Slider(
            1, _MOST_GAIN, vae_views.GAIN, step=0.5, label="Gain", buttons=[], elem_id="vae-gain",
            info="At 4 an error of a quarter of the range is as bright as can be.",
        )  # fmt: skip
        self.download = _download("Download the map", "vae-error-download")

    def wire(self, subject: Any, tab: gr.Tab) -> None:
        """Follow the reconstruction, which is a state, and the slider. tab: where it is."""
        gr.on(
            [tab.select, self.gain.input, subject.change], self._look, [subject, self.gain],
            [self.stage, self.download], trigger_mode="always_last", **SOON,
        )  # fmt: skip

    def _look(self, subject: Reconstruction | None, gain: float) -> Changes:
        if subject is None:
            return {self.download: gr.skip()}
        with sentences():
            picture = subject.original()
            if picture is None:
                words = t("An error map compares with the original, and a latent file brings none.")
                return {self.stage: stage(None, words), self.download: gr.DownloadButton(interactive=False)}
            result = subject.result()
            heat = vae_views.error_map(picture, result, gain)
            made = (settings(result) or {}) | {"view": "error map", "gain": gain}
            image = with_settings(fit(heat, min(_SIDE, max(heat.size))), made)
            words = t("How far each pixel is off, times {gain}: dark is exact, bright is wrong.", gain=f"{gain:g}")
            return {self.stage: stage(image, words), self.download: offered(image, self.download, "Error map")}


class Inside:
    """The latent as pictures: its components, and one channel of a map."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="da-two"):
            self.whole = gr.HTML(frame(None, "The latent will appear here."), elem_id="vae-inside", min_width=140)
            self.heat = gr.HTML(
                frame(None, "And one of its channels here."), elem_id="vae-channel-stage", min_width=140
            )
        self.channel = gr.Slider(
            1, 32, 1, step=1, label="Channel", buttons=[], elem_id="vae-channel",
            info="Each is a small picture of something that the model looks for.",
        )  # fmt: skip
        with gr.Row():
            self.download = _download("Download the latent's picture", "vae-inside-download")
            self.download_channel = _download("Download the channel", "vae-channel-download")

    def wire(self, subject: Any, tab: gr.Tab) -> None:
        """Follow the reconstruction, which is a state, and the slider. tab: where it is."""
        channel = [self.heat, self.download_channel]
        gr.on(
            [tab.select, subject.change], self._look, [subject, self.channel],
            [self.whole, self.download, self.channel, *channel], trigger_mode="always_last", **SOON,
        )  # fmt: skip
        self.channel.input(self._look_at_channel, [subject, self.channel], channel, trigger_mode="always_last", **SOON)

    def _look(self, subject: Reconstruction | None, number: int) -> Changes:
        if subject is None:
            return {self.channel: gr.skip()}
        with sentences():
            latent = subject.source()
            image = with_settings(vae_views.components(latent, side=_SIDE), subject.made.made | {"view": "components"})
            said, name = "Its numbers, row by row: dark is low, bright is high.", "Latent"
            if latent.spatial:
                said, name = "Its first three principal components, as colours.", "Components"
            changes: Changes = {
                self.whole: frame(image, t("The latent")) + note(translate(said)),
                self.download: offered(image, self.download, name),
            }
            if not latent.spatial:
                hidden = (self.heat, self.channel, self.download_channel)
                return changes | {part: gr.update(visible=False) for part in hidden}
            channels = latent.mean.shape[1]
            number = min(int(number), channels)
            changes[self.channel] = gr.Slider(maximum=channels, value=number, visible=True)
            return changes | self._channel(latent, number, subject)

    def _look_at_channel(self, subject: Reconstruction | None, number: int) -> Changes:
        if subject is None:
            return {self.heat: gr.skip()}
        with sentences():
            latent = subject.source()
            return self._channel(latent, min(int(number), latent.mean.shape[1]), subject)

    def _channel(self, latent: Latent, number: int, subject: Reconstruction) -> Changes:
        heat = vae_views.channel(latent, number - 1, side=_SIDE)
        image = with_settings(heat, subject.made.made | {"view": "channel", "channel": number})
        name = Phrase("Channel {n}", n=number)
        words = t("{name}: dark is low, bright is high.", name=translate(name))
        return {
            self.heat: gr.HTML(frame(image, translate(name)) + note(words), visible=True),
            self.download_channel: offered(image, self.download_channel, name),
        }


def _download(words: str, name: str) -> gr.DownloadButton:
    return gr.DownloadButton(words, size="sm", interactive=False, elem_id=name)


def offered(image: Image.Image, button: gr.DownloadButton, name: str) -> gr.DownloadButton:
    """Return a button that downloads a picture with its settings inside; name: what it is called."""
    one = save_artwork(image, button.GRADIO_CACHE, name)
    return gr.DownloadButton(value=one.path, interactive=True, visible=True)


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


def cells(
    near: Nearness | None, shape: Sequence[int], size: tuple[int, int],
    seconds: tuple[float | None, float | None] = (None, None),
) -> str:  # fmt: skip
    """Return what is known of a reconstruction as HTML. shape: of the latent. size: width and height in pixels.

    Numbers and words are texts of their own, so that the page can say the words in another language.
    """
    before, after = 3 * size[0] * size[1], math.prod(shape)
    found = []
    if near is not None:
        exact = t("exact") if math.isinf(near.psnr) else f"{near.psnr:.1f} dB"
        found += [(exact, "PSNR"), (f"{near.ssim:.3f}", "SSIM")]
    # A tiny picture becomes more numbers than it had.
    ratio = f"{before / after:.3g} : 1" if before >= after else f"1 : {after / before:.3g}"
    found += [(" × ".join(map(str, shape)), t("Latent")), (ratio, t("Compression"))]
    times = zip(seconds, (t("Encoded in"), t("Decoded in")), strict=True)
    found += [(f"{1000 * value:.0f} ms" if value < 1 else f"{value:.1f} s", what) for value, what in times if value]
    shown = "".join(f"<div><dt>{html.escape(what)}</dt><dd>{html.escape(value)}</dd></div>" for value, what in found)
    kind = t("The latent is a map of numbers.") if len(shape) > 1 else t("The latent is one list of numbers.")
    counts = ((t("Numbers in the picture:"), before), (t("Numbers in the latent:"), after))
    told = " · ".join(f"<wbr>{html.escape(words)} <wbr>{count:,}" for words, count in counts)
    return f'<dl class="da-numbers">{shown}</dl><p class="da-note">{html.escape(kind)} {told}</p>'

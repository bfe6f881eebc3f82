"""Where an animation plays, and its files."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr
from PIL import Image

from deepart.animations import save_animation
from deepart.ui.language import t
from deepart.ui.starter import Changes, note
from deepart.ui.views import frame, playing

FORMATS = ("webp", "gif", "mp4")
FPS = 12.0
_TITLES = {"webp": "WebP", "gif": "GIF", "mp4": "MP4"}


class Film:
    """A square in which an animation plays, a line about it, and a button for each kind of file."""

    def __init__(self, prefix: str, words: str) -> None:
        """Lay it out inside the Blocks being built. prefix: of the elements' names. words: while there is nothing."""
        self.stage = gr.HTML(frame(None, words), elem_id=f"{prefix}stage")
        self.told = gr.HTML(note(""), elem_id=f"{prefix}facts")
        with gr.Row(elem_classes="da-acts"):
            self.files = [
                gr.DownloadButton(_TITLES[kind], size="sm", min_width=80, interactive=False, elem_id=f"{prefix}{kind}")
                for kind in FORMATS
            ]

    @property
    def parts(self) -> list[gr.HTML | gr.DownloadButton]:
        """The components that show() and stopped() change."""
        return [self.stage, self.told, *self.files]

    def show(self, made: list[Image.Image], name: str, what: str, words: str) -> Changes:
        """Play the frames. name: of the files. what: is shown, for those who do not see it. words: under it."""
        paths = save_film(made, FORMATS, name, self.files[0].GRADIO_CACHE)
        buttons = {
            button: gr.DownloadButton(value=path, interactive=True)
            for button, path in zip(self.files, paths, strict=True)
        }
        return {self.stage: playing(paths[0], what), self.told: note(words), **buttons}

    def glimpse(self, what: str) -> Callable[[Image.Image], Changes]:
        """Return what shows a frame while the others are made."""
        return lambda image: {self.stage: frame(image, what)}

    def stopped(self, words: str) -> Changes:
        """Show that there is none."""
        nothing = {button: gr.DownloadButton(interactive=False) for button in self.files}
        return {self.stage: frame(None, words), self.told: note(""), **nothing}


def save_film(frames: list[Image.Image], kinds: Sequence[str], name: str, cache: str) -> list[str]:
    """Write an animation in some formats where Gradio serves files from, and return their paths."""
    folder = Path(cache) / uuid.uuid4().hex
    folder.mkdir(parents=True)
    paths = [str(folder / f"{name}.{kind}") for kind in kinds]
    for path in paths:
        save_animation(frames, path, fps=FPS)
    return paths


def lasting(frames: int) -> str:
    """Return how long an animation is, in words."""
    return t("{n} frames, {seconds} seconds", n=frames, seconds=f"{frames / FPS:.1f}")

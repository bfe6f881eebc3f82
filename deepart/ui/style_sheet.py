"""The style sheet: one content in many styles at once, as a gallery whose pictures choose a style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import OptionError
from deepart.ui.artwork import save_result
from deepart.ui.examples import TITLES, example_files, example_of
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE
from deepart.ui.jobs import Callback, Jobs
from deepart.ui.run import Changes, RunButton, note
from deepart.ui.style_work import StyleRequests, file_name
from deepart.ui.work import Pictures

_SIDE = {"cpu": 384}  # pixels: twelve pictures in some seconds on two processor cores
_SIDE_ON_CARD = 512


@dataclass(frozen=True)
class Style:
    """A style of a sheet: its file, what stands under its picture, and a part of the name of its file."""

    path: str
    title: str
    name: str


class Sheet:
    """The components of the sheet, and what happens when they are used."""

    def __init__(self, requests: StyleRequests, jobs: Jobs, model: str, device: str) -> None:
        """Lay the sheet out inside the Blocks being built. model: the one of a single pass that paints it."""
        self._requests, self._jobs = requests, jobs
        self.model, self.side = model, _SIDE.get(device, _SIDE_ON_CARD)
        self._examples = {path.stem: path for path in example_files("style", "paintings")}
        self.chosen = gr.CheckboxGroup(
            [(TITLES[name], name) for name in self._examples], value=list(self._examples), label="Styles",
            info="A style picture that you have uploaded takes part as well.", show_select_all=True,
            elem_id="sheet-styles",
        )  # fmt: skip
        self.paint = RunButton("Paint the sheet", "sheet-", "paint")
        self.paint.lay_status("A small picture in each style; click one to take its style.")
        self.gallery = gr.Gallery(
            label="Style sheet", show_label=False, format="png", columns=4, object_fit="cover", allow_preview=False,
            interactive=False, visible=False, buttons=["download_all"], elem_id="sheet",
        )  # fmt: skip
        self.told = gr.HTML(note(""), elem_id="sheet-told")
        self._shown = gr.State([])  # the styles of the pictures in the gallery

    def wire(self, content: gr.Image, style: gr.Image, options: Sequence[Any]) -> None:
        """Connect it with the tab. options: strength, the colours kept or not, size of strokes, seed."""
        self.paint.wire(
            self._jobs, self._paint_sheet, [content, style, self.chosen, *options],
            [self.gallery, self.told, self._shown],
        )  # fmt: skip
        self.gallery.select(self._choose, self._shown, [style, self.told], **AT_ONCE)

    def _styles(self, style: str | None, chosen: Sequence[str]) -> list[Style]:
        """Return the styles that take part: an uploaded one, then the examples that are ticked."""
        examples = [Style(str(path), TITLES[name], name) for name, path in self._examples.items() if name in chosen]
        if style is None or example_of(style) is not None:
            return examples
        return [Style(style, "Your style picture", "yours"), *examples]

    def _paint_sheet(
        self, content: str | None, style: str | None, chosen: list[str], strength: float, keep: bool, scale: float,
        seed: int, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        styles = self._styles(style, chosen)

        def work(callback: Callback) -> Pictures:
            if not styles:
                raise OptionError("No style is chosen; tick one or more.")
            named = [(one.path, one.title) for one in styles]
            return self._requests.sheet(
                content, named, model=self.model, strength=strength, preserve_color=keep, style_scale=scale,
                size=self.side, seed=seed,
            )(callback)  # fmt: skip

        count = len(styles)
        words = t("Painting 1 picture") if count == 1 else t("Painting {count} pictures", count=count)
        step = yield from self.paint.stream(request, work, words, long=True)
        if step.made is not None:
            yield self._show(styles, step.made)

    def _show(self, styles: list[Style], pictures: list[Image.Image]) -> Changes:
        cache = self.gallery.GRADIO_CACHE
        shown = [
            (save_result(picture, file_name(picture, style.name), cache), translate(style.title))
            for style, picture in zip(styles, pictures, strict=True)
        ]
        return {
            self.gallery: gr.Gallery(shown, selected_index=None, visible=True),
            self.told: note(""),
            self._shown: styles,
        }

    def _choose(self, event: gr.SelectData, shown: list[Style]) -> tuple[str, str]:
        """Make the style of a picture of the sheet the style picture."""
        style = shown[event.index]
        name = translate(style.title)
        return style.path, note(t("{name}: this is the style picture now, and Paint makes it at full size.", name=name))

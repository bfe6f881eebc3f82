"""The styles: the wall of those that are pressed, and the sheet, one content in many of them at once."""

import html
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from deepart import images
from deepart.errors import OptionError
from deepart.ui.artwork import Artwork
from deepart.ui.examples import CHOOSE, TITLES, example_files, example_of, variable
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, QUIETLY, SOON, read_picture, sentences
from deepart.ui.jobs import Callback, Jobs
from deepart.ui.run import Changes, RunButton, new_text, note
from deepart.ui.style_work import STYLIZE, StyleRequests, save_painting
from deepart.ui.widgets import address
from deepart.ui.work import Pictures

_SMALL = 128  # pixels of the pictures on the wall
_TOGETHER = 4  # of them, so that the first come soon
_SIDE, _SIDE_ON_CARD = 384, 512  # pixels: twelve pictures in some seconds on two processor cores


class Wall:
    """The styles, each a button; once there is a photograph, each shows that in its style."""

    def __init__(self, requests: StyleRequests, jobs: Jobs, model: str) -> None:
        """Lay it out inside the Blocks being built. model: the one of a single pass that paints the small pictures."""
        self._requests, self._jobs, self._model = requests, jobs, model
        self._files = example_files("style", "paintings")
        self._known: dict[Path, list[str]] = {}  # of the examples that visitors have chosen
        buttons = "".join(_style_button(number, path) for number, path in enumerate(self._files))
        words = note("Press a style, and your photograph is painted in it. The small pictures are quick previews.")
        with gr.Column(elem_id="styles"):
            row = f'{words}<div class="da-styles">{buttons}</div>'
            self._row: Any = gr.HTML(row, js_on_load=CHOOSE, elem_id="wall")
            self._own = gr.UploadButton("Your own style", file_types=["image"], size="sm", elem_id="own-style")
        self._small = gr.HTML("", elem_id="wall-small", elem_classes="da-rules")
        self._ring = gr.HTML("", elem_classes="da-rules")

    def wire(self, content: gr.Image, style: gr.Image, wanted: gr.Textbox, result: Any) -> None:
        """Connect it. wanted: a hidden text whose change begins to paint. result: the state of what was painted."""

        def press(event: gr.SelectData) -> tuple[str, str]:
            return str(self._files[int(event.index)]), new_text()

        def own(path: str) -> tuple[str, str]:
            with sentences():
                images.picture_size(path)
                return path, new_text()

        self._row.select(press, None, [style, wanted], **AT_ONCE)
        self._own.upload(own, self._own, [style, wanted], **SOON)
        self._style = style
        causes = [style.change, wanted.change, result.change]  # the box tells of no change while it is folded away
        gr.on(causes, self._mark, style, self._ring, trigger_mode="always_last", **AT_ONCE)
        content.change(self._look, content, self._small, trigger_mode="always_last", **QUIETLY)

    def follow(self, event: Any) -> None:
        """Let the ring be around the style that an event has set."""
        event.then(self._mark, self._style, self._ring, **AT_ONCE)

    def _mark(self, style: str | None) -> str:
        """Return the rule for the ring around the style that is chosen."""
        chosen = None if style is None else example_of(style)
        return "" if chosen not in self._files else _rules(f"button:nth-child({self._files.index(chosen) + 1})", _RING)

    def _look(self, content: str | None, request: gr.Request) -> Iterator[str]:
        """Yield the rules that put the photograph in each style into its button, as they come."""
        if content is None:
            yield ""
            return
        example = example_of(content)
        made = self._known.get(example, []) if example else []
        if made:
            yield _pictures(self._files, made)
            return

        def work(callback: Callback) -> list[str]:
            picture = images.fit(read_picture(content, "content picture"), _SMALL)
            options = {name: STYLIZE[name] for name in ("strength", "preserve_color", "style_scale", "seed")}
            for start in range(0, len(self._files), _TOGETHER):
                some = [(str(path), TITLES[path.stem]) for path in self._files[start : start + _TOGETHER]]
                paint = self._requests.sheet(picture, some, model=self._model, size=_SMALL, **options)
                made.extend(address(one, 60) for one in paint(callback))
            if example is not None:  # all of them, as no visitor has stopped it half-way
                self._known[example] = made
            return made

        with suppress(gr.Error):  # the box itself says what is wrong with the file
            for _ in self._jobs.stream(request, work, "page wall", every=0.2, pause=0.0):
                yield _pictures(self._files, list(made))


_RING = "outline: 3px solid var(--color-accent); outline-offset: 1px;"


def _rules(element: str, rules: str) -> str:
    return f"<style>#wall {element} {{ {rules} }}</style>"


def _pictures(files: Sequence[Path], addresses: Sequence[str]) -> str:
    """Return the rules that put previews in the stead of the first styles' own pictures, which stay in a corner."""
    previews = " ".join(f"--preview-{path.stem}: url({one});" for path, one in zip(files, addresses, strict=False))
    return _rules("", previews) + _rules("i", "display: block;")


def _style_button(index: int, path: Path) -> str:
    """Return the button of a style: its picture, in whose place a preview may come."""
    name, own = html.escape(TITLES[path.stem]), f"var({variable(path)})"
    return (
        f'<button type="button" data-index="{index}" title="{name}" aria-label="{name}"><span style="background-image: '
        f'var(--preview-{path.stem}, {own})"></span><i style="background-image: {own}"></i></button>'
    )


Style = tuple[str, str]  # what takes part in a sheet: the file of a style, and what stands under its picture


class Sheet:
    """The components of the sheet, and what happens when they are used."""

    def __init__(self, requests: StyleRequests, jobs: Jobs, model: str, device: str) -> None:
        """Lay the sheet out inside the Blocks being built. model: the one of a single pass that paints it."""
        self._requests, self._jobs = requests, jobs
        self.model, self.side = model, _SIDE if device == "cpu" else _SIDE_ON_CARD
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
        self.made: Any = gr.State([])  # list[tuple[Style, Artwork]]: the pictures in the gallery, each with its style

    def wire(self, content: gr.Image, style: gr.Image, options: Sequence[Any]) -> None:
        """Connect it with the tab. options: strength, the colours kept or not, size of strokes, seed."""
        self.paint.wire(
            self._jobs, self._paint_sheet, [content, style, self.chosen, *options],
            [self.gallery, self.told, self.made],
        )  # fmt: skip
        self.gallery.select(self._choose, self.made, [style, self.told], **AT_ONCE)

    def _styles(self, style: str | None, chosen: Sequence[str]) -> list[Style]:
        """Return the styles that take part: an uploaded one, then the examples that are ticked."""
        examples = [(str(path), TITLES[name]) for name, path in self._examples.items() if name in chosen]
        mine = [] if style is None or example_of(style) is not None else [(style, "Your style picture")]
        return [*mine, *examples]

    def _paint_sheet(
        self, content: str | None, style: str | None, chosen: list[str], strength: float, keep: bool, scale: float,
        seed: int, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        styles = self._styles(style, chosen)

        def work(callback: Callback) -> Pictures:
            if not styles:
                raise OptionError("No style is chosen; tick one or more.")
            return self._requests.sheet(
                content, styles, model=self.model, strength=strength, preserve_color=keep, style_scale=scale,
                size=self.side, seed=seed,
            )(callback)  # fmt: skip

        count = len(styles)
        words = t("Painting 1 picture") if count == 1 else t("Painting {count} pictures", count=count)
        step = yield from self.paint.stream(request, work, words, long=True)
        if step.made is not None:
            yield self._show(styles, step.made, str(content))

    def _show(self, styles: list[Style], pictures: list[Image.Image], content: str) -> Changes:
        cache = self.gallery.GRADIO_CACHE
        both = zip(styles, pictures, strict=True)
        made = [(style, save_painting(picture, [content, style[0]], cache)) for style, picture in both]
        shown = [(piece.path, translate(title)) for (_, title), piece in made]
        return {
            self.gallery: gr.Gallery(shown, selected_index=None, visible=True),
            self.told: note(""),
            self.made: made,
        }

    def _choose(self, event: gr.SelectData, made: list[tuple[Style, Artwork]]) -> tuple[str, str]:
        """Make the style of a picture of the sheet the style picture."""
        path, title = made[event.index][0]
        name = translate(title)
        return path, note(t("{name}: this is the style picture now, and Paint makes it at full size.", name=name))

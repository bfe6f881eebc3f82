"""What tabs share: pictures on the page, files to download, animations, sliders, and marks on what is chosen."""

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from PIL import Image

from deepart.animations import save_animation
from deepart.images import fit, load_image, notes
from deepart.ui.artwork import DPI, Artwork, at, bundle
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, QUIETLY, SOON, new_file, sentences
from deepart.ui.jobs import Ended, Step
from deepart.ui.run import Changes, hidden_text, new_text, note

VEIL = '<div class="da-veil"></div>'  # over what was painted: it can be seen through
_THUMBNAIL, _LARGE = 64, 512  # pixels; the latter is what the page shows a picture at, made by Lanczos
IMAGE_FORMATS = {"PNG": "", "JPEG": ".jpg", "WEBP": ".webp"}  # with the endings of those that are written
_QUALITY = 92
FORMATS = {"webp": "WebP", "gif": "GIF", "mp4": "MP4"}
FPS = 12.0
MAX_SLIDERS = 6  # a model's strongest directions
IMPURE = ("light skin", "yellow background")  # drag half of the picture along; Python and the endpoints keep them
REACH = 3.0  # deviations, either way
T = TypeVar("T")


def into_sight(name: str) -> str:
    """Return what an event does in the browser to scroll to an element that is out of sight; its inputs stay."""
    return f"(...values) => (deepart.intoSight('{name}'), values)"


def stage(image: Image.Image | None, words: str) -> str:
    """Return the picture so far, or words where there is none yet, as HTML of the size of the result."""
    return _square("da-stage", None if image is None else address(image, 85, "JPEG"), words)


class RequestId:
    """A text of its own for each choice, kept twice: a state is read when an event runs, a box when it is sent.

    So controls that were set for another picture are told from those of this one, however long their event waited.
    """

    def __init__(self, name: str) -> None:
        """Lay it out inside the Blocks being built; name: of the element on the page."""
        self.now = gr.State("")
        self.mark = hidden_text(name)

    @property
    def parts(self) -> list[gr.State | gr.Textbox]:
        """The components that following() changes, and what an event is told of."""
        return [self.now, self.mark]

    def following(self) -> Changes:
        """Something else is chosen from now on."""
        text = new_text()
        return {self.now: text, self.mark: text}


def address(image: Image.Image, quality: int = 90, kind: str = "WEBP") -> str:
    """Return a picture as an address that holds it."""
    packed = io.BytesIO()
    image.save(packed, kind, quality=quality, method=2)  # of WebP: half the time of the usual 4, hardly larger
    return _holding(packed.getvalue(), kind)


def _holding(data: bytes, kind: str = "WEBP") -> str:
    return f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"


def _square(kind: str, source: str | None, words: str) -> str:
    """Return a square of a class with a picture, or with words where there is none; else these are read out."""
    said = html.escape(words)
    inner = f"<p>{said}</p>" if source is None else f'<img alt="{said}" src="{source}">'
    return f'<div class="{kind}">{inner}</div>'


def frame(image: Image.Image | None, words: str) -> str:
    """Return a square with a picture, enlarged for viewing; or with words, where there is none."""
    large = None if image is None else address(fit(image, max(_LARGE, *image.size)))
    return _square("da-frame", large, words)


def pair(*pictures: tuple[Image.Image | None, str]) -> str:
    """Return pictures beside each other, each with words under it."""
    figures = (
        f"<figure>{frame(image, '' if image is None else words)}<figcaption>{html.escape(words)}</figcaption></figure>"
        for image, words in pictures
    )
    return f'<div class="da-pair">{"".join(figures)}</div>'


@lru_cache(maxsize=4096)
def _thumbnail(path: str) -> str:
    try:
        return address(fit(load_image(path), _THUMBNAIL), 80)
    except Exception:  # the file is older than a day, and deleted
        return address(Image.new("RGB", (8, 8), "grey"), 50)


def thumb(path: str, title: str, index: str, classes: str = "") -> str:
    """Return a thumbnail as a button."""
    name = html.escape(title)
    image = f'<img alt="{name}" src="{_thumbnail(path)}">'
    return f'<button type="button" class="{classes}" data-index="{html.escape(index)}" title="{name}">{image}</button>'


def strip(thumbs: Sequence[str], words: str = "") -> str:
    """Return thumbnails in a row that wraps; words, where there are none."""
    if not thumbs:
        return f'<p class="da-note">{html.escape(words)}</p>'
    return f'<div class="da-thumbs">{"".join(thumbs)}</div>'


class Format:
    """The choice beside a button that downloads a result."""

    def __init__(self, button: gr.DownloadButton) -> None:
        """Lay it out inside the Blocks being built; button: what downloads, which has a name on the page."""
        self._button = button
        self.choice = gr.Dropdown(
            list(IMAGE_FORMATS), value="PNG", label="Format of the file", filterable=False, scale=0,
            min_width=120, elem_id=f"{button.elem_id}-format", elem_classes="da-format",
        )  # fmt: skip

    def wire(self, result: Any, path_of: Callable[[Any], str | None]) -> None:
        """Connect it. result: the component that holds what is shown; path_of: its PNG, None where there is none."""

        def offer(held: Any, kind: str) -> gr.DownloadButton:
            path = None if held is None else path_of(held)
            if path is None or not Path(path).is_file():
                return gr.DownloadButton(interactive=False)
            with sentences():
                return gr.DownloadButton(value=converted(path, kind, self._button.GRADIO_CACHE), interactive=True)

        causes = [result.change, self.choice.input]
        gr.on(causes, offer, [result, self.choice], self._button, trigger_mode="always_last", **AT_ONCE)


def converted(path: str, kind: str, cache: str) -> str:
    """Return the file of a PNG in another format, written where Gradio serves files from; a PNG is as it is."""
    if not IMAGE_FORMATS.get(kind):
        return path
    # In a folder of its own: other visitors may have the same example.
    target = new_file(cache, f"{Path(path).stem}{IMAGE_FORMATS[kind]}")
    image = load_image(path, keep_alpha=kind == "WEBP")
    image.save(target, kind, quality=_QUALITY, **({"dpi": (DPI, DPI)} | notes(image)))
    return target


class ResultsGallery:
    """The pictures that tools have made; a click enlarges one, and the buttons mean it."""

    def __init__(self, prefix: str) -> None:
        """Lay it out inside the Blocks being built, and wire it. prefix: of the elements' names on the page."""
        self.pieces: Any = gr.State([])  # list[Artwork], as the gallery shows them
        self.picked: Any = gr.State(None)  # Artwork | None: the one that the buttons mean
        self.gallery = gr.Gallery(
            label=t("Pictures"), show_label=False, format="png", columns=4, object_fit="contain", interactive=False,
            buttons=[], visible=False, elem_id=f"{prefix}pictures", elem_classes="da-tray",
        )  # fmt: skip
        self.told = gr.HTML(note(""), elem_id=f"{prefix}facts")
        with gr.Row(elem_classes="da-acts", visible=False) as self.row:
            self.go = gr.Button(t("Go on with it"), size="sm", min_width=120, elem_id=f"{prefix}go")
            self.download = gr.DownloadButton(t("Download"), size="sm", min_width=60, elem_id=f"{prefix}download")
            self.format = Format(self.download)
            self.zip = gr.DownloadButton(t("All as a zip"), size="sm", min_width=120, elem_id=f"{prefix}zip")
        self.format.wire(self.picked, lambda one: one.path)
        self.gallery.select(self._pick, [self.pieces, self.picked], [self.picked, self.go, self.download], **SOON)

    @property
    def parts(self) -> list[Any]:
        """The components that show() changes."""
        return [self.pieces, self.picked, self.gallery, self.told, self.row, self.go, self.download, self.zip]

    @property
    def cache(self) -> str:
        """The folder for files that can be downloaded."""
        return self.download.GRADIO_CACHE

    def show(self, pieces: Sequence[Artwork], words: str) -> Changes:
        """Show pictures; words: what they are. The buttons mean the first until another is clicked."""
        alone = len(pieces) == 1
        return {
            self.pieces: list(pieces),
            self.gallery: gr.Gallery(
                [(one.path, translate(one.name)) for one in pieces], visible=True, selected_index=0 if alone else None
            ),
            self.told: note(words if alone else f"{words} {t('Click one to enlarge it and to go on with it.')}"),
            self.row: gr.Row(visible=True),
            self.zip: gr.DownloadButton(value=bundle(pieces, self.cache), visible=not alone),
        } | self._mean(pieces[0])

    def _mean(self, one: Artwork) -> Changes:
        return {
            self.picked: one,
            self.go: gr.Button(t("Go on with {name}", name=translate(one.name))),
            self.download: gr.DownloadButton(value=one.path),
        }

    def _pick(self, pieces: list[Artwork], picked: Artwork | None, event: gr.SelectData) -> Changes:
        with sentences():
            one = at(pieces, event.index)
            # What is picked already may be offered in another format by now.
            return {self.go: gr.skip()} if one == picked else self._mean(one)


class Animation:
    """A square in which an animation plays, with a line about it, and a button for each kind of file."""

    def __init__(self, prefix: str, words: str) -> None:
        """Lay it out inside the Blocks being built. prefix: of the elements' names. words: while there is nothing."""
        self.stage = gr.HTML(frame(None, words), elem_id=f"{prefix}stage")
        with gr.Row(elem_classes="da-acts", visible=False) as self.row:
            self.files = [
                gr.DownloadButton(title, size="sm", min_width=80, elem_id=f"{prefix}{kind}")
                for kind, title in FORMATS.items()
            ]

    @property
    def parts(self) -> list[Any]:
        """The components that show() and stopped() change."""
        return [self.stage, self.row, *self.files]

    def show(self, made: list[Image.Image], name: str, what: str, words: str, below: str = "") -> Changes:
        """Play the frames. name: of the files. what: is shown, for those who do not see it. words, below: under it."""
        paths = save_animations(made, list(FORMATS), name, self.files[0].GRADIO_CACHE)
        buttons = {button: gr.DownloadButton(value=path) for button, path in zip(self.files, paths, strict=True)}
        playing = _square("da-frame", _holding(Path(paths[0]).read_bytes()), what)
        kept = note(t("Films and strips are not kept in My results: download what you like."))
        return {self.stage: playing + note(words) + below + kept, self.row: gr.Row(visible=True), **buttons}

    def glimpse(self, what: str) -> Callable[[Step[Any]], Changes]:
        """Return what shows a frame while the others are made; for RunButton.stream(preview=...)."""
        return lambda step: {self.stage: frame(step.preview, what)}

    def stopped(self, words: str) -> Changes:
        """Show that there is none."""
        return {self.stage: frame(None, words), self.row: gr.Row(visible=False)}


def save_animations(frames: list[Image.Image], kinds: Sequence[str], name: str, cache: str) -> list[str]:
    """Write an animation in some formats where Gradio serves files from, and return their paths."""
    paths = [new_file(cache, f"{name}.{kind}") for kind in kinds]
    for path in paths:
        save_animation(frames, path, fps=FPS)
    return paths


def lasting(frames: int) -> str:
    """Return how long an animation is, in words."""
    return t("{n} frames, {seconds} seconds", n=frames, seconds=f"{frames / FPS:.1f}")


class Sliders:
    """As many sliders as are shown of a model's directions, under the names of these."""

    def __init__(self, prefix: str = "", names: Sequence[str] = ()) -> None:
        """Lay them out inside the Blocks being built. prefix: of the elements' names on the page.

        names: of the directions that they show from the beginning, of shown_directions(); put() gives them others.
        """
        labels = [translate(name).capitalize() for name in (*names, *["Direction"] * MAX_SLIDERS)]
        with gr.Column(elem_classes="da-sliders"):
            self.all = [
                gr.Slider(
                    -REACH, REACH, 0, step=0.1, label=labels[index],
                    visible=index < len(names), elem_id=f"{prefix}direction-{index + 1}", interactive=True,
                )
                for index in range(MAX_SLIDERS)
            ]  # fmt: skip

    def put(self, names: Sequence[str], amounts: Mapping[str, float]) -> Changes:
        """Show the sliders of these directions, set to the amounts; without one a direction stands at 0."""
        changes: Changes = {}
        for index, slider in enumerate(self.all):
            changes[slider] = gr.Slider(visible=False, value=0)
            if index < len(names):
                label, amount = translate(names[index]).capitalize(), within(amounts.get(names[index], 0.0))
                changes[slider] = gr.Slider(label=label, visible=True, value=amount)
        return changes

    def wire(
        self, subject: Any, request_id: RequestId, change: Callable[..., T], arrive: Callable[[T], Changes],
        outputs: Sequence[Any], reset: gr.Button,
    ) -> None:  # fmt: skip
        """Let the sliders change a subject, which is a state, and a button put them all to 0.

        change: takes the request, the subject and the sliders' values, and returns what it makes. arrive: takes that,
        and returns changes of the outputs. Neither is called for a subject that is not the newest any more.
        """
        moved: Any = gr.State(None)  # tuple[str, T] | None: what was made, and for which request

        def make(request: gr.Request, held: Any, now: str, mark: str, *values: float) -> Any:
            with sentences(), suppress(Ended):  # another picture has come
                return (now, change(request, held, values)) if mark == now else gr.skip()
            return gr.skip()

        def show(now: str, held: tuple[str, T] | None) -> Changes:
            with sentences():
                return {outputs[0]: gr.skip()} if held is None or held[0] != now else arrive(held[1])

        needs = [subject, *request_id.parts, *self.all]
        slid = [slider.input for slider in self.all]
        gr.on(slid, make, needs, moved, trigger_mode="always_last", **QUIETLY)
        level = reset.click(lambda: [0.0] * MAX_SLIDERS, None, self.all, **AT_ONCE)
        level.then(make, needs, moved, **QUIETLY)
        moved.change(show, [request_id.now, moved], list(outputs), **SOON)


def shown_directions(names: Sequence[str]) -> tuple[str, ...]:
    """Return those of a model's directions, strongest first, that have a slider."""
    return tuple(name for name in names if name not in IMPURE)[:MAX_SLIDERS]


def said(names: Sequence[str], values: Sequence[float], now: Mapping[str, float]) -> dict[str, float]:
    """Return what sliders say, by direction; others, and those beyond their sliders' ends, stay where they are now."""
    told = dict(zip(names, values, strict=False))
    stay: dict[str, Any] = {name: amount for name, amount in now.items() if told.get(name) in (None, within(amount))}
    return told | stay


def within(amount: float) -> float:
    """Return an amount as a slider can show it."""
    return max(-REACH, min(REACH, amount))

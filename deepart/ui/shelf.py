"""What was made for a visitor, in the browser's own storage: records of results, hearts, last pictures and style."""

import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from deepart.errors import ImageError
from deepart.images import fit, load_image, picture_size, settings
from deepart.ui.artwork import Artwork, fresh, key_of, name_of, painting_of
from deepart.ui.examples import example_of, examples
from deepart.ui.finished import NAMED
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, SOON
from deepart.ui.models import title_of
from deepart.ui.page import browser_secret
from deepart.ui.remake import Remake, here
from deepart.ui.run import Changes, hidden_text
from deepart.ui.widgets import address

_THUMBNAIL, _MOST_BYTES, _MOST_SETTINGS = 160, 10_000, 8_000  # pixels; bytes of a thumbnail, letters of settings
Record = dict[str, Any]
"""What the browser keeps of a result: key, path, name, made (its settings as text), thumb, liked, again (whether it can
be made again without an upload), picture where it was painted large (the key of the small one, whose heart it has), and
root where sliders have moved it. The page takes none of it for granted."""
Reader = Callable[[Any], Sequence[Artwork]]
"""Returns the results that a component holds; what it holds is not None."""


class Shelf:
    """What was made for a visitor, in the browser's own storage; see page.js. Events here tell it what is new."""

    def __init__(self) -> None:
        """Lay it out inside the Blocks being built."""
        self.store = gr.BrowserState({"results": []}, storage_key="deepart", secret=browser_secret())
        self.news = hidden_text("session-news")  # JSON: what the storage does not have yet
        self._told: Any = gr.State(_Told())

    def merge(self, event: Any) -> Any:
        """Let the storage take the news that an event brings."""
        return event.then(None, [self.news, self.store], self.store, js="deepart.merge", **AT_ONCE)

    def wire(self, remake: Remake, sources: Mapping[Any, Reader], liked: Any, boxes: Sequence[gr.Image]) -> None:
        """Keep what components of other tabs come to hold.

        liked: the state of what has a heart. boxes: for the photograph, its style, and the picture to take apart.
        """
        self._liked, self._boxes = liked, list(boxes)
        parts = [*sources, liked, *boxes]
        first = {(key_of(one), one.path) for part, read in sources.items() for one in _held(read, part.value)}

        def keep(told: "_Told", *values: Any) -> Changes:
            held = [one for read, value in zip(sources.values(), values, strict=False) for one in _held(read, value)]
            hearts = {key_of(one, painted=False): one for one in values[-4]}
            held = [one for one in held if (key_of(one), one.path) not in first] + list(hearts.values())
            new = {(key_of(one), one.path): one for one in held if (key_of(one), one.path) not in told.seen}
            there = [one for one in new.values() if Path(one.path).is_file()]
            records = [record(one, remake, key_of(one, painted=False) in hearts) for one in there]
            news: dict[str, Any] = {"add": records, "hearts": {key: key in hearts for key in set(hearts) ^ told.hearts}}
            path, manner, other = shown = values[-3:]
            for name, one in (("photo", path), ("picture", other)):
                if one is not None and shown != told.shown and example_of(one) is None:
                    with suppress(ImageError):  # what is no picture goes out of the box by itself: see keep_good
                        picture_size(one)
                        news[name] = {"path": one, "name": Path(one).name}
            if "photo" in news:
                example = None if manner is None else example_of(manner)
                news["photo"]["style"] = manner if example is None else example.stem
            return {
                self._told: _Told(told.seen | set(new), set(hearts), shown),
                self.news: json.dumps(news) if any(news.values()) else gr.skip(),
            }

        causes, told = [part.change for part in parts], [self._told, self.news]  # one after another, of each visitor's
        self.merge(gr.on(causes, keep, [self._told, *parts], told, trigger_mode="always_last", **AT_ONCE))

    def restore(self, opened: Any, besides: Mapping[Any, Callable[[], Any]]) -> Any:
        """Let what the browser has kept come back when the page has opened: the hearts, the last pictures and style.

        opened: the event; returns the one that brings it back. besides: what else changes with the photograph, by
        component. To be called after wire().
        """
        liked, (photo, style, picture) = self._liked, self._boxes

        def back(kept: Any, *shown: str | None) -> Changes:
            found = kept if isinstance(kept, dict) else {}
            loved = [one for one in map(artwork_of, found.get("liked") or []) if one is not None]
            changes: Changes = {
                self._told: _Told(
                    {(key_of(one), one.path) for one in loved}, {key_of(one, painted=False) for one in loved}
                ),
                liked: loved, **dict(zip(self._boxes, shown, strict=True)),
            }  # fmt: skip
            for name, box in (("photo", photo), ("picture", picture)):
                if not isinstance(last := found.get(name), dict):
                    continue
                path, manner = str(last.get("path")), str(last.get("style"))
                if not is_ours(path, box.GRADIO_CACHE):
                    gone = t(
                        "Your photograph {name} was deleted here, as all files are after a day; put it in again.",
                        name=str(last.get("name")),
                    )  # fmt: skip
                    gr.Info(html.escape(gone), title="", duration=20)
                    continue
                changes[box] = path
                if box is photo:
                    changes |= {part: make() for part, make in besides.items()}
                    if manner in examples() or is_ours(manner, box.GRADIO_CACHE):
                        changes[style] = str(examples().get(manner, manner))
            return changes

        outputs = [self._told, liked, *self._boxes, *besides]
        script = "(store, ...shown) => [deepart.kept(store), ...shown]"
        return opened.then(back, [self.store, *self._boxes], outputs, js=script, **SOON)


@dataclass(frozen=True)
class _Told:
    """What the browser was told of: key and path of results, keys of what has a heart, photograph and style."""

    seen: set[tuple[str, str]] = field(default_factory=set)
    hearts: set[str] = field(default_factory=set)
    shown: tuple[str | None, ...] = ()


def _held(read: Reader, value: Any) -> Sequence[Artwork]:
    return [] if value is None else read(value)


def record(one: Artwork, remake: Remake, liked: bool = False) -> Record:
    """Return what the browser keeps of a result, whose file is there."""
    image = load_image(one.path)
    made = settings(image) or one.made
    text = json.dumps(made)
    known = made if len(text) <= _MOST_SETTINGS else None
    task = one.made.get("task")
    moved = task == "gan" and any(one.amounts.values())
    names = [translate(title_of(task, one.model))] if task in ("gan", "vae") else []
    name = " · ".join([*names, translate(one.name), f"{max(image.size)} px"])
    return {
        "key": key_of(one), "path": one.path, "name": name, "made": known and text, "thumb": thumbnail(image),
        "liked": liked, "again": remake.can(known), **({"picture": key_of(one, painted=False)} if one.painted else {}),
        **({"root": hashlib.sha256(one.root.encode()).hexdigest()[:16]} if moved else {}),
    }  # fmt: skip


def thumbnail(image: Image.Image) -> str:
    """Return a small copy as an address that holds it, of at most 10 KB."""
    small = fit(image, _THUMBNAIL)
    return next((made for quality in (70, 40, 15) if len(made := address(small, quality)) <= _MOST_BYTES), "")


def made_of(one: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the settings of a record. The browser keeps them as text: in JavaScript 1.0 would become 1."""
    made = one.get("made")
    try:
        found = json.loads(made) if isinstance(made, str) else made
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def artwork_of(one: Any) -> Artwork | None:
    """Return the generated picture of a record; None for other results, and for what cannot be one."""
    try:
        whole = made_of(one) or {}
        made = {name: value for name, value in (whole.get("painted_from") or whole).items() if name != NAMED}
        found = Artwork(str(one["path"]), json.dumps(made, sort_keys=True), name_of(made), painting_of(whole))
        return found if made["task"] == "gan" and here(made) else None
    except (TypeError, KeyError, AttributeError):
        return None


def is_ours(path: str, cache: str) -> bool:
    """Tell whether a path that the browser has kept is that of a file which Gradio serves, and still there.

    It is used again, so it is as a new one for what deletes old files.
    """
    try:
        inside = Path(path).resolve().is_relative_to(Path(cache).resolve())
    except (OSError, ValueError):
        return False
    return inside and Path(path).is_file() and fresh(path)


def thumb_html(thumb: Any) -> str:
    """Return a thumbnail that the browser has kept as HTML; empty where it is none."""
    good = isinstance(thumb, str) and re.fullmatch(r"data:image/webp;base64,[A-Za-z0-9+/=]+", thumb)
    return f'<img class="da-thumb" alt="" src="{thumb}">' if good else ""

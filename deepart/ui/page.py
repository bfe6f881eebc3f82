"""The look of the page, light and dark: paper and ink around the pictures, and one colour for what can be done."""

import base64
import json
import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import gradio as gr
from gradio.themes.utils import colors

from deepart.hub import cache_root
from deepart.latents import MAX_SEED
from deepart.ui.examples import examples, named
from deepart.ui.i18n import ABOUT, t, translate
from deepart.ui.inputs import AT_ONCE, EXAMPLES, SOON
from deepart.ui.run import Changes, new_text
from deepart.ui.upkeep import slim

_HERE = Path(__file__).parent


def theme() -> gr.themes.Base:
    """Return the theme of theme.json, where a variable has its value in the light and, if it is another, in the dark.

    It fetches nothing, since its fonts are those of the visitor's machine. Each pair of a text's colour and its ground
    has a contrast of 4.5 or more, which WCAG 2 asks for (level AA).
    """
    look = json.loads((_HERE / "theme.json").read_text("utf-8"))
    ink, sea = (colors.Color(name=name, **shades) for name, shades in look["shades"].items())
    light = {name: both[0] for name, both in look["variables"].items()}
    dark = {f"{name}_dark": both[1] for name, both in look["variables"].items() if len(both) > 1}
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "PingFang SC", "Microsoft YaHei", "sans-serif"]
    base = gr.themes.Base(
        primary_hue=sea, secondary_hue=sea, neutral_hue=ink, radius_size="md", font=fonts,
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )  # fmt: skip
    return base.set(**light, **dark)


def lay_about(task: str) -> None:
    """Lay out what a tab's models are, closed, inside the Blocks being built: a picture that they drew, and words."""

    def picture() -> str:
        # Inside the page: gr.Image would make a button of it, which has no name for who does not see it.
        data = base64.b64encode((EXAMPLES / "how" / f"{task}.webp").read_bytes()).decode()
        return f'<img src="data:image/webp;base64,{data}" alt="">'

    with gr.Accordion("How it works", open=False, elem_id=f"{task}-how") as how:
        drawn = gr.HTML("", elem_classes="da-how")
        gr.Markdown(ABOUT[task], elem_classes="da-how")
    how.expand(picture, None, drawn, **AT_ONCE)  # not with the page, which would be a tenth larger


def browser_secret() -> str:
    """Return the key of what browsers keep: made once for a server, and kept with its other marks."""
    made = secrets.token_hex(16)
    path = cache_root() / "secret"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            part = path.with_name(made)
            part.write_text(made, "utf-8")
            part.chmod(0o600)
            part.replace(path)
        return path.read_text("utf-8").strip() or made
    except OSError:  # a folder that is read only: what browsers keep then lasts until the server ends
        return made


RESULTS = "results"  # the id of the tab with what was made
TAB, RESULT, MAKE = "tab", "result", "make"  # names in an address: the tab to open, settings of a result, work to begin
OWN = "own"  # in an address in place of an example's name: a picture that is not one of the examples


class Link:
    """The button under a tab that makes the link, the box that shows it, and what a link to the tab sets."""

    def __init__(
        self, tab: str, linked: Mapping[str, Any], pictures: Mapping[str, gr.Image], started: Any = None
    ) -> None:  # fmt: skip
        """Lay it out inside the Blocks being built.

        tab: its id, and its name in the address. linked, pictures: the controls and the boxes for pictures by what they
        are called in the address. started: a hidden text whose change begins the work of the tab.
        """
        self.tab, self.linked, self.pictures, self.started = tab, dict(linked), dict(pictures), started
        self._labels = {name: str(box.label) for name, box in pictures.items()}
        button = gr.Button("Copy a link to these settings", size="sm", elem_id=f"{tab}-link", elem_classes="da-link")
        address = gr.HTML("", elem_id=f"{tab}-address")
        asked = button.click(self._query, [*self.linked.values(), *self.pictures.values()], address, **AT_ONCE)
        # Only the browser knows under which address the page is seen.
        asked.then(None, address, address, js="deepart.copyLink", **AT_ONCE)

    def _query(self, *values: Any) -> str:
        """Return the query of the address; with pictures that it cannot hold nothing begins by itself."""
        said = dict(zip([*self.linked, *self.pictures], values, strict=True))
        for name, box in self.pictures.items():
            without = "" if box.value is None else OWN
            said[name] = without if said[name] is None else named(said[name])[0] or OWN
        whole = OWN not in [said[name] for name in self.pictures]
        words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in said.items()}
        return urlencode({TAB: self.tab, **words, **({MAKE: "true"} if whole else {})})

    def changes(self, asked: Mapping[str, str], shown: Mapping[Any, Any]) -> Changes:
        """Return what an address changes on the tab.

        shown: what is in the boxes for pictures; those that it does not name stay: see picture_input.
        """
        files = {"": None} | {name: str(path) for name, path in examples().items()}
        put = {box: files.get(asked.get(name, OWN), shown[box]) for name, box in self.pictures.items()}
        return settings_in(asked, self.linked) | put

    def tell(self, asked: Mapping[str, str]) -> None:
        """Tell which pictures an address cannot hold."""
        missing = [translate(label) for name, label in self._labels.items() if asked.get(name) == OWN]
        if missing:
            boxes = ", ".join(f"“{label}”" for label in missing)
            said = t("The settings do not hold the picture for {boxes}: put it in, if another is there.", boxes=boxes)
            gr.Info(said, title="")


def restore(
    app: gr.Blocks, tabs: gr.Tabs, links: list[Link], shown: Callable[[str], Changes], outputs: Sequence[Any]
) -> Any:
    """Let the page open as its address says, and return the event; what an address has wrong is left as it is.

    shown: returns the changes, of outputs, for the settings of a result that an address holds.
    """
    parts = [part for link in links for part in (*link.linked.values(), link.started) if part is not None]
    boxes = [box for link in links for box in link.pictures.values()]

    def load(request: gr.Request, *held: Any) -> Changes:
        slim(app, request.session_hash)
        query = dict(request.query_params)
        known = {RESULTS, *(link.tab for link in links)}
        changes: Changes = dict(zip(boxes, held, strict=True))
        changes[tabs] = gr.Tabs(selected=query[TAB]) if query.get(TAB) in known else gr.skip()
        if RESULT in query:
            return changes | shown(query[RESULT])
        for link in links:
            if query.get(TAB) == link.tab:
                changes |= link.changes(query, changes)
                if MAKE in query and link.started is not None:
                    changes[link.started] = new_text()
        return changes

    def tell(request: gr.Request) -> None:
        query = dict(request.query_params)
        for link in links:
            if query.get(TAB) == link.tab:
                link.tell(query)

    # At once: what waits in the queue would undo what a quick visitor has pressed by then. Only a toast needs that.
    loaded = app.load(load, boxes, list(dict.fromkeys([tabs, *parts, *boxes, *outputs])), **AT_ONCE)
    loaded.then(tell, None, None, **SOON)
    return loaded


def settings_in(asked: Mapping[str, str], linked: Mapping[str, Any]) -> Changes:
    """Return the changes of controls that an address asks for, without those that a control cannot hold."""
    found = {part: _value(name, part, asked[name]) for name, part in linked.items() if name in asked}
    return {part: value for part, value in found.items() if value is not None}


def _value(name: str, part: Any, words: str) -> Any:
    """Return what a control is to hold, None where it cannot."""
    if isinstance(part, gr.Checkbox):
        return {"true": True, "false": False}.get(words)
    if isinstance(part, gr.Slider | gr.Number):
        number = _number(part, words)
        return None if name.endswith("seed") and number is not None and not 0 <= number <= MAX_SEED else number
    if getattr(part, "choices", None) is not None:
        known = [choice[1] if isinstance(choice, tuple) else choice for choice in part.choices]
        return words if words in known else None
    return words if len(words) <= (getattr(part, "max_length", None) or 200) else None


def _number(part: gr.Slider | gr.Number, words: str) -> float | int | None:
    try:
        number = float(words)
    except ValueError:
        return None
    low, high = part.minimum, part.maximum
    if not math.isfinite(number) or (low is not None and number < low) or (high is not None and number > high):
        return None
    whole = getattr(part, "precision", None) == 0 or number.is_integer()
    return int(number) if whole else number


MAX_UPLOAD = "40mb"  # the latent of a picture of 4096 pixels has 34
SESSIONS = 200  # visitors whose page Gradio remembers; who comes back later opens it anew


def launch_options(page: Any = None) -> dict[str, Any]:
    """Return what launch() needs to know about the page; every door that opens the page passes it on.

    page: what build_app has returned; without it the page is English only.
    """
    return {
        "i18n": getattr(page, "i18n_instance", None),
        "theme": theme(),
        "css_paths": [_HERE / "page.css"],
        "head": f"<script>{(_HERE / 'page.js').read_text('utf-8')}</script>",
        "max_file_size": MAX_UPLOAD,
        "allowed_paths": [str(EXAMPLES)],
        "footer_links": ["api", "settings"],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
    }

"""Links that open a tab with its controls set, such as ?tab=style&strength=0.8: settings only, never a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import gradio as gr

from deepart.latents import MAX_SEED
from deepart.ui.common import AT_ONCE
from deepart.ui.starter import Changes

TAB = "tab"
_COPY = """(...values) => {
  const link = new URL(window.location.href);
  const theme = link.searchParams.get('__theme');
  link.hash = '';
  link.search = '';
  if (theme) link.searchParams.set('__theme', theme);
  link.searchParams.set('tab', %(tab)s);
  %(names)s.forEach((name, index) => {
    if (values[index] !== null && values[index] !== undefined) link.searchParams.set(name, values[index]);
  });
  window.history.replaceState(null, '', link);
  const copied = navigator.clipboard ? navigator.clipboard.writeText(link.href) : Promise.reject();
  copied.catch(() => {});
  return link.href;
}"""


class Link:
    """The button under a tab that makes the link, and the box that shows it."""

    def __init__(self, tab: str, linked: Mapping[str, Any]) -> None:
        """Lay it out inside the Blocks being built.

        tab: its id, and its name in the address. linked: the controls by what they are called in the address.
        """
        self.tab, self.linked = tab, dict(linked)
        with gr.Row(elem_classes="da-link"):
            self.button = gr.Button(
                "Copy a link to these settings", size="sm", scale=0, min_width=220, elem_id=f"{tab}-link"
            )
            self.address = gr.Textbox(
                label="Link to these settings", show_label=False, container=False, interactive=False, visible=False,
                max_lines=1, elem_id=f"{tab}-address",
            )  # fmt: skip

    def wire(self) -> None:
        """Connect it. The link is made in the browser: only that knows under which address the page is seen."""
        names = list(self.linked)
        script = _COPY % {"tab": repr(self.tab), "names": repr(names)}
        made = self.button.click(None, list(self.linked.values()), self.address, js=script, api_visibility="private")
        made.then(lambda: gr.Textbox(visible=True), None, self.address, **AT_ONCE)


def restore(app: gr.Blocks, tabs: gr.Tabs, links: list[Link]) -> Any:
    """Let the page open as its address says, and return the event; what an address has wrong is left as it is."""
    outputs = [tabs, *(part for link in links for part in link.linked.values())]

    def load(request: gr.Request) -> Changes:
        asked = dict(request.query_params)
        for link in links:
            if asked.get(TAB) == link.tab:
                return {tabs: gr.Tabs(selected=link.tab)} | settings_in(asked, link.linked)
        return {tabs: gr.skip()}

    return app.load(load, None, outputs, **AT_ONCE)


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

"""Sliders along the directions of a model, under their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from deepart.ui.language import t_text
from deepart.ui.starter import Changes

MAX_SLIDERS = 8  # a model's strongest directions
REACH = 3.0  # deviations, either way


class Sliders:
    """As many sliders as are shown of a model's directions, under the names of these."""

    def __init__(self, prefix: str = "", names: Sequence[str] = ()) -> None:
        """Lay them out inside the Blocks being built. prefix: of the elements' names on the page.

        names: of the directions that they show from the beginning; put() gives them others.
        """
        with gr.Column(elem_classes="da-sliders"):
            self.all = [
                gr.Slider(
                    -REACH, REACH, 0, step=0.1, label=names[index].capitalize() if index < len(names) else "Direction",
                    visible=index < len(names), elem_id=f"{prefix}direction-{index + 1}",
                )
                for index in range(MAX_SLIDERS)
            ]  # fmt: skip

    def put(self, names: Sequence[str], amounts: Mapping[str, float]) -> Changes:
        """Show the sliders of these directions, set to the amounts; without one a direction stands at 0."""
        changes: Changes = {}
        for index, slider in enumerate(self.all):
            name = names[index] if index < len(names) else ""
            amount = within(amounts.get(name, 0.0))
            changes[slider] = (
                gr.Slider(label=t_text(name).capitalize(), visible=True, value=amount)
                if name
                else gr.Slider(visible=False, value=0)
            )
        return changes

    def level(self) -> list[float]:
        """Return the values of sliders that change nothing."""
        return [0.0] * MAX_SLIDERS


def said(names: Sequence[str], values: Sequence[float], now: Mapping[str, float]) -> dict[str, float]:
    """Return what sliders say, by the names of their directions.

    now: where the picture is. Other directions stay as they are, and so do those that are farther out than their
    sliders can show.
    """
    told = dict(zip(names, values, strict=False))
    stay: dict[str, Any] = {name: amount for name, amount in now.items() if told.get(name) in (None, within(amount))}
    return told | stay


def within(amount: float) -> float:
    """Return an amount as a slider can show it."""
    return max(-REACH, min(REACH, amount))

"""Links that open a tab with its settings: what an address can set, and what it cannot."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest
from running_page import TinyStudio

from deepart.ui import build_app
from deepart.ui.page import Link, settings_in


@pytest.fixture
def parts() -> dict[str, Any]:
    with gr.Blocks():
        return {
            "strength": gr.Slider(0, 1, 1, step=0.05),
            "seed": gr.Number(0, precision=0, minimum=0, maximum=2**32 - 1),
            "walk-seed": gr.Number(0, precision=0),
            "keep": gr.Checkbox(False),
            "model": gr.Radio([("Fast", "fast"), ("Fine", "fine")], value="fast"),
            "seeds": gr.Textbox("1, 2", max_length=20),
        }


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("strength", "0.35", 0.35), ("strength", "1", 1), ("seed", "4294967295", 4294967295), ("seed", "7.0", 7),
        ("keep", "true", True), ("keep", "false", False), ("model", "fine", "fine"), ("seeds", "3, 4", "3, 4"),
    ],
)  # fmt: skip
def test_a_control_takes_what_it_can_hold(parts: dict[str, Any], name: str, words: str, value: Any) -> None:
    assert settings_in({"tab": "style", name: words}, parts) == {parts[name]: value}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("strength", "2"), ("strength", "-1"), ("strength", "nan"), ("strength", "inf"), ("strength", "much"),
        ("seed", "-1"), ("seed", "1e99"), ("seed", ""), ("walk-seed", "-4"),
         ("keep", "yes"), ("model", "../../etc"), ("model", ""),
        ("seeds", "x" * 21), ("other", "1"),
    ],
)  # fmt: skip
def test_what_it_cannot_hold_is_left_as_it_was(parts: dict[str, Any], name: str, words: str) -> None:
    assert settings_in({name: words, "strength-2": "1"}, parts) == {}


def test_no_tab_links_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []

    class Listening(Link):
        def __init__(self, tab: str, linked: Any) -> None:
            found.append((tab, linked))
            super().__init__(tab, linked)

    monkeypatch.setattr("deepart.ui.Link", Listening)
    build_app(TinyStudio())
    assert [tab for tab, _ in found] == ["style", "generate", "reconstruct"]
    for _, linked in found:
        assert linked
        for part in linked.values():
            assert isinstance(part, gr.Slider | gr.Number | gr.Checkbox | gr.Radio | gr.Dropdown | gr.Textbox)

"""What people without a mouse or a screen meet: axe-core's rules in both themes, the keyboard, names of controls."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from hands import DESKTOP, PHONE, no_sideways_scroll
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

OpenTab = Callable[..., Tab]  # see the fixture open_tab
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
TABS = ("Style transfer", "Generate", "Reconstruct", "My results")


def findings(tab: Tab) -> list[str]:
    """The serious and critical findings of axe-core on what is to be seen now."""
    if not tab.evaluate("'axe' in window"):
        tab.add_script_tag(path=AXE)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
    found = tab.evaluate(f"axe.run(document, {{runOnly: {json.dumps(tags)}, resultTypes: ['violations']}})")
    return [
        f"{rule['id']}: {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for rule in found["violations"] if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"] if not _of_gradio(node)
    ]  # fmt: skip


def _of_gradio(node: dict[str, Any]) -> bool:
    """Tell whether a finding is not ours to write: Gradio's footer, and its box that ticks all, named by a title."""
    return str(node["target"][0]).startswith(("footer", ".select-all-checkbox"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_tab: OpenTab, theme: str) -> None:
    tab = open_tab(path=f"/?__theme={theme}&tab=generate&painted=false&count=3")
    expect(tab.locator("#gan-count input[type=number]")).to_have_value("3")
    tab.locator("#gan-make").click()
    expect(tab.locator("#grid img").first).to_be_visible()
    assert tab.evaluate("document.body.classList.contains('dark')") == (theme == "dark")
    # A colour on its way, as of a button that has just come to life, is no one's choice.
    tab.add_style_tag(content="* { transition: none !important; animation: none !important }")
    found: dict[str, list[str]] = {}
    for name in TABS:
        tab.get_by_role("tab", name=name, exact=True).click()
        closed = tab.locator("button.label-wrap:not(.open):visible")
        while closed.count():
            closed.first.click()
        tab.wait_for_timeout(500)
        found[name] = findings(tab)
    assert {name: some for name, some in found.items() if some} == {}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_all_tabs_are_reached_and_nothing_scrolls_sideways(open_tab: OpenTab, size: tuple[int, int]) -> None:
    tab = open_tab(size)
    for name in TABS:
        button = tab.get_by_role("tab", name=name, exact=True)
        expect(button).to_be_in_viewport()
        button.click()
        expect(button).to_have_attribute("aria-selected", "true")
        no_sideways_scroll(tab)


def test_every_control_has_a_name(open_tab: OpenTab) -> None:
    tab = open_tab()
    expect(tab.locator("#gan-make")).to_be_visible()
    for name in TABS:
        tab.get_by_role("tab", name=name, exact=True).click()
        tab.wait_for_timeout(300)
        nameless = tab.evaluate(
            """() => [...document.querySelectorAll('button, input, select, textarea')].filter(part => {
              if (!part.checkVisibility() || part.closest('footer')) return false;
              const labels = [...(part.labels || [])].map(label => label.innerText).join('');
              const by = part.getAttribute('aria-labelledby');
              const other = by && by.split(' ').map(id => document.getElementById(id)?.innerText || '').join('');
              const image = part.querySelector('img[alt]:not([alt=""])');
              return !(part.innerText || labels || part.getAttribute('aria-label') || part.title || other || image);
            }).map(part => part.outerHTML.slice(0, 200))"""
        )
        assert nameless == [], name

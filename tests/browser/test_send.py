"""Results that go from one tab to another."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hands import go, save, told
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from deepart import load_image, settings

OpenTab = Callable[..., Tab]  # see the fixture open_tab


@pytest.fixture
def tab(open_tab: OpenTab) -> Tab:
    tab = open_tab()
    tab.locator("#gan-make").click()
    expect(tab.locator("#grid img")).to_have_count(16)
    return tab


def shown(tab: Tab, box: str) -> tuple[int, int]:
    """Width and height of the picture that a box shows."""
    image = tab.locator(f"#{box} .image-frame img")
    expect(image).to_be_visible()
    found = image.evaluate("async image => { await image.decode(); return [image.naturalWidth, image.naturalHeight]; }")
    return found[0], found[1]


def test_a_generated_picture_is_reconstructed_painted_and_found(tab: Tab, tmp_path: Path) -> None:
    tab.locator("#chosen-to-photo").click()
    expect(tab.locator("#vae-title")).to_contain_text("seed-0")  # the work begins by itself
    expect(tab.locator("#vae-slider")).to_be_visible()
    assert shown(tab, "vae-picture") == (32, 32)
    tab.locator("#vae-to-content").click()
    expect(tab.locator("#paint")).to_be_visible()
    assert shown(tab, "content") == (32, 32)
    tab.locator("#paint").click()
    painted = load_image(save(tab, "download", tmp_path))
    assert (settings(painted) or {})["task"] == "style"
    tab.locator("#style-to-find").click()
    expect(tab.locator("#find-start")).to_be_visible()
    assert shown(tab, "find-picture") == painted.size


def test_a_painting_becomes_the_next_content_and_the_style_of_others(tab: Tab) -> None:
    go(tab, "Style transfer")
    tab.locator("#style-to-content").click()
    told(tab, "There is no result to send yet; make one first.")
    go(tab, "Generate")
    tab.locator("#chosen-to-style").click()
    assert shown(tab, "style") == (32, 32)
    tab.locator("#paint").click()
    expect(tab.locator("#download")).to_be_enabled()
    before = tab.locator("#content .image-frame img").get_attribute("src")
    tab.locator("#style-to-content").click()
    expect(tab.locator("#content .image-frame img")).not_to_have_attribute("src", before or "")
    expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile("seed-0"))
    expect(tab.locator("#facts")).to_contain_text("Press Paint to paint this picture")  # the last one is not of it
    expect(tab.locator("#slider")).to_have_count(0)
    expect(tab.locator("#download")).to_be_disabled()
    go(tab, "My results")
    expect(tab.locator("#session-grid")).to_contain_text("A cat, after ")


def test_results_of_all_tabs_are_kept_compared_and_sent(tab: Tab, open_tab: OpenTab, tmp_path: Path) -> None:
    tab.locator("#grid img").nth(3).click()
    expect(tab.locator("#chosen-title")).to_contain_text("Seed 3")
    tab.locator("#chosen-to-photo").click()
    expect(tab.locator("#vae-title")).to_contain_text("seed-3")
    go(tab, "My results")
    expect(tab.locator("#session-grid button")).to_have_count(17)  # all that was made, not only what was clicked
    expect(tab.locator("#session-grid button").first).to_contain_text("seed-3-32 reconstructed · 32 px")
    tab.locator("#session-grid button").first.click()
    expect(tab.locator("#session-facts")).to_contain_text("seed-3-32 reconstructed")
    tab.locator("#session-grid").get_by_role("button", name="Seed 3 ·").click()
    expect(tab.locator("#session-facts")).to_contain_text("Seed 3")
    expect(tab.locator("#session-slider img").first).to_be_visible()
    saved = load_image(save(tab, "session-download", tmp_path))
    assert (settings(saved) or {})["seed"] == 3
    tab.locator("#session-to-style").click()
    assert shown(tab, "style") == (32, 32)
    other = open_tab()  # nobody else sees them
    go(other, "My results")
    expect(other.locator("#session-told")).to_be_visible()
    expect(other.locator("#session-grid button")).to_have_count(0)

"""What visitors do with their hands and eyes, on any tab of the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab
from running_page import until

OpenTab = Callable[..., Tab]  # see the fixture open_tab
DESKTOP, PHONE = (1280, 800), (390, 844)
PATIENCE = 180_000  # milliseconds: a busy machine is slow, and a test that waits in vain fails all the same

expect.set_options(timeout=PATIENCE)


def go(tab: Tab, name: str) -> None:
    tab.get_by_role("tab", name=name, exact=True).click()


def put(tab: Tab, box: str, value: str) -> None:
    _fill(tab, tab.locator(f"#{box} input[type=number]"), value)


def write(tab: Tab, box: str, words: str) -> None:
    _fill(tab, tab.locator(f"#{box}").get_by_role("textbox"), words)
    tab.wait_for_timeout(300)


def _fill(tab: Tab, field: Locator, words: str) -> None:
    """Type words into a field; one that has only just come up may still fall back to its first value."""

    def stays() -> bool:
        field.fill(words)
        field.press("Tab")
        tab.wait_for_timeout(300)
        return field.input_value() == words

    until(stays)


def save(tab: Tab, button: str, folder: Path) -> Path:
    expect(tab.locator(f"#{button}")).to_be_enabled()
    with tab.expect_download(timeout=PATIENCE) as waiting:
        tab.locator(f"#{button}").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def brought(tab: Tab, path: Path, name: str) -> None:
    """Open a picture that was made here, and take its settings; name: a part of what it is called."""
    go(tab, "My results")
    with tab.expect_file_chooser() as chooser:
        tab.locator("#session-open").click()
    chooser.value.set_files(path)
    expect(tab.locator("#session-facts .da-title")).to_contain_text(name)
    tab.locator("#session-use").click()


def same(first: Image.Image, second: Image.Image) -> bool:
    return first.size == second.size and ImageChops.difference(first, second).getbbox() is None


def told(tab: Tab, sentence: str) -> None:
    """Wait for a mistake's sentence, and close it."""
    toast = tab.get_by_test_id("toast-body").filter(has_text=sentence)  # beside a warning, perhaps
    expect(toast).to_be_visible()
    toast.get_by_test_id("toast-close").click()
    expect(toast).to_have_count(0)


def no_sideways_scroll(tab: Tab) -> None:
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

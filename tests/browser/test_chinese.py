"""The page in the language of the browser: no English in sight of who reads Chinese, and English for all others."""

from __future__ import annotations

import itertools
import re

import pytest
from hands import OpenTab, told
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab
from running_page import Page, until

from deepart.ui.i18n import ZH

# What is called the same in both languages: names of things, of formats, units, and what has to be typed as it is.
NAMES = {
    "DeepArt", "PNG", "JPEG", "WEBP", "WebP", "GIF", "MP4", "JSON", "safetensors", "PSNR", "SSIM", "dB", "px", "MB",
    "GB", "CPU", "GPU", "GAN", "VAE", "VGG", "VGG19", "CC0", "arXiv", "Hugging", "Face", "Hub", "TAESD", "Stable",
    "Diffusion", "MIT", "save_pretrained", "ms", "zip", "A4",
    "Daylight", "Trees",  # these only the tests' model has
}  # fmt: skip
# What Gradio's components read out in English whatever the language; what is after it is ours.
GRADIO = re.compile(
    r"(?:number input|range slider) for |Thumbnail \d+ of \d+|Reset to default value|Select/Deselect All|Remove Image"
    r"|Upload file|Paste from clipboard|Capture from camera|Fullscreen|undo|common\.complete|processing \|"
)
WORD = re.compile(r"[A-Za-z][A-Za-z_0-9]+")
ADDRESS = re.compile(r"\S+/\S+|\S+\.(?:png|jpg|webp|gif|mp4|safetensors)")

# The tools of Gradio's editor are named in English too.
SEEN = """() => {
    const found = new Set();
    const seen = element => element.checkVisibility({visibilityProperty: true}) && element.getClientRects().length > 0;
    for (const element of document.querySelectorAll("body *")) {
        const foreign = element.closest("footer, script, style, .da-api, .da-how em, #crop-editor, .da-language");
        if (foreign || !seen(element)) continue;
        for (const node of element.childNodes)
            if (node.nodeType === Node.TEXT_NODE && node.data.trim()) found.add(node.data.trim());
        for (const name of ["placeholder", "aria-label", "title", "alt"])
            // Gradio gives a box to tick its value for a title.
            if (element.getAttribute(name) && !(name === "title" && element.type === "checkbox"))
                found.add(element.getAttribute(name).trim());
    }
    return [...found];
}"""  # fmt: skip


def english(tab: Tab) -> list[str]:
    """What can be seen or is read out, and has an English word in it."""
    return sorted(words for words in set(tab.evaluate(SEEN)) if not_a_name(words))


def not_a_name(words: str) -> bool:
    return any(word not in NAMES for word in WORD.findall(ADDRESS.sub("", GRADIO.sub("", words))))


def ready(tab: Tab) -> None:
    expect(tab.locator("#gan-about")).to_be_visible()
    if "·" not in tab.locator("#gan-about").inner_text():
        tab.locator("#gan-make").click()
    expect(tab.locator("#grid img")).to_have_count(16)


def outer_tabs(tab: Tab) -> Locator:
    return tab.locator(".tabs").first.get_by_role("tablist").first.get_by_role("tab")


def open_all(tab: Tab) -> None:
    """Open what is folded away on the tab that is shown."""
    folds = tab.locator("button.label-wrap:visible")  # of which one may hold others
    for number in itertools.count():
        if number >= folds.count():
            return
        if "open" not in (folds.nth(number).get_attribute("class") or "").split():
            folds.nth(number).click()
        expect(folds.nth(number)).to_have_class(re.compile(r"\bopen\b"))


def looked_through(tab: Tab) -> set[str]:
    """What is English on all tabs, with all that is folded away, and on the tabs inside of them."""
    found: set[str] = set()
    for index in range(outer_tabs(tab).count()):
        outer_tabs(tab).nth(index).click()
        expect(outer_tabs(tab).nth(index)).to_have_attribute("aria-selected", "true")
        open_all(tab)
        found |= set(english(tab))
        inner = tab.locator(".tabs .tabs:visible").get_by_role("tab")
        for number in range(inner.count()):
            inner.nth(number).click()
            expect(inner.nth(number)).to_have_attribute("aria-selected", "true")
            open_all(tab)
            found |= set(english(tab))
    return found


def test_nothing_in_sight_lacks_its_translation(open_tab: OpenTab, page: Page) -> None:
    tab = open_tab(locale="zh-CN")
    ready(tab)
    expect(outer_tabs(tab).nth(1)).to_have_text(ZH["Generate"])
    assert sorted(looked_through(tab)) == []


def test_what_comes_of_work_is_chinese(open_tab: OpenTab, page: Page) -> None:
    tab = open_tab(locale="zh-CN")
    ready(tab)
    found: set[str] = set()
    tab.locator("#gan-make").click()
    expect(tab.locator("#gan-make")).to_be_visible()
    ready(tab)
    tab.locator("#grid button").nth(3).click()
    found |= set(english(tab))
    outer_tabs(tab).nth(2).click()
    tab.locator("#vae-start").click()
    expect(tab.locator("#vae-facts")).to_contain_text("PSNR")
    found |= set(english(tab))
    outer_tabs(tab).nth(0).click()
    tab.locator("#paint").click()
    expect(tab.locator("#download")).to_be_enabled()
    found |= set(english(tab))
    outer_tabs(tab).nth(3).click()
    until(lambda: tab.locator("#session-grid img").count() >= 1)
    found |= set(english(tab)) | looked_through(tab)
    assert sorted(found) == []


def test_a_mistake_is_told_in_chinese(open_tab: OpenTab, page: Page) -> None:
    tab = open_tab(locale="zh-CN")
    ready(tab)
    tab.locator("#gan-more > button").click()
    tab.locator("#gan-more-get").click()
    # Over it Gradio writes "Error", in no other language, so the page does not show that.
    expect(tab.locator(".toast-title")).to_have_css("font-size", "0px")
    told(tab, ZH["No model is chosen yet; choose one first."])


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
def test_all_others_read_english(open_tab: OpenTab, page: Page, locale: str) -> None:
    tab = open_tab(locale=locale)
    ready(tab)
    for number, name in enumerate(("Style transfer", "Generate", "Reconstruct", "My results")):
        expect(outer_tabs(tab).nth(number)).to_have_text(name)
    outer_tabs(tab).nth(0).click()
    expect(tab.locator("#style-how")).to_contain_text("How it works")
    open_all(tab)
    expect(tab.locator("#style-how")).to_contain_text("To read on:")
    assert [words for words in tab.evaluate(SEEN) if re.search("[\u4e00-\u9fff]", words)] == []
    outer_tabs(tab).nth(1).click()
    tab.locator("#gan-more > button").click()
    tab.locator("#gan-more-get").click()
    told(tab, "No model is chosen yet; choose one first.")

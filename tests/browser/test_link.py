"""Links to settings: made by a button, opened by another visitor."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from hands import put, told
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from deepart.images import load_image
from deepart.ui.finished import FIRST_SEED
from deepart.ui.inputs import EXAMPLES

OpenTab = Callable[..., Tab]  # see the fixture open_tab


def test_a_link_opens_a_tab_as_it_was_left(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.get_by_role("tab", name="Style transfer", exact=True).click()
    put(tab, "strength", "0.4")
    tab.locator("#style-link").click()
    address = tab.locator("#style-address").get_by_role("link")
    expect(address).to_have_attribute("href", re.compile("tab=style.*strength=0.4"))
    link = urlsplit(address.get_attribute("href") or "")
    assert parse_qs(link.query)["model"] == ["fine"]
    assert [parse_qs(link.query)[name] for name in ("content", "style")] == [["cat"], ["stained-glass"]]
    other = open_tab(path=f"/?{link.query}")
    expect(other.locator("#paint")).to_be_visible()  # the tab is the one that opens
    expect(other.locator("#strength input[type=number]")).to_have_value("0.4")


def copied(tab: Tab, name: str, part: str) -> str:
    """Press the button under a tab, and return the path of the link, once it has a part."""
    tab.locator(f"#{name}-link").click()
    address = tab.locator(f"#{name}-address").get_by_role("link")
    expect(address).to_have_attribute("href", re.compile(part))
    return "/?" + urlsplit(address.get_attribute("href") or "").query


def test_a_link_paints_the_same_pictures_or_says_which_it_lacks(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab(path="/?tab=style&content=cat&style=woodcut&model=fast&size=128&make=true")
    expect(tab.locator("#facts")).to_contain_text("A cat, after Woodcut · 128 ×")
    tab.get_by_text("Blend in more styles").click()
    tab.locator("#style-3 input[type=file]").set_input_files(EXAMPLES / "style" / "marbling.webp")
    expect(tab.locator("#style-3 img")).to_be_visible()
    path = copied(tab, "style", "style-3=marbling")
    assert "make=true" in path
    assert "make" not in tab.url  # or another load of the page, in the other language, would begin the work again
    other = open_tab(path=path)
    assert "make" not in other.url
    expect(other.locator("#facts")).to_contain_text("A cat, after Woodcut · 128 ×")
    other.get_by_text("Blend in more styles").click()
    expect(other.locator("#style-3 img")).to_have_attribute("src", re.compile("marbling"))
    # A photograph of somebody's is in no link: nothing is painted in its stead.
    mine = tmp_path / "holiday.png"
    load_image(EXAMPLES / "content" / "portrait.jpg").resize((96, 80)).save(mine)
    tab.locator("#content input[type=file]").set_input_files(mine)
    expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile("holiday"))
    path = copied(tab, "style", "content=own")
    other = open_tab(path=path)
    told(other, "do not hold the picture for “Your photograph”: put it in")
    expect(other.locator("#style .image-frame img")).to_have_attribute("src", re.compile("woodcut"))
    expect(other.locator("#facts")).to_have_text("")
    expect(other.locator("#paint")).to_be_visible()
    tab.goto(tab.url)  # with the link in the address, the photograph of this browser comes back
    expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile("holiday"))
    expect(tab.locator("#style .image-frame img")).to_have_attribute("src", re.compile("woodcut"))


def test_a_link_to_pictures_has_their_manner(open_tab: OpenTab) -> None:
    asked = "model=portraits&seed=3&count=1&size=512&manner=renoir-moulin-de-la-galette&make=true"
    tab = open_tab(path=f"/?tab=generate&{asked}")
    expect(tab.locator("#gan-about")).to_contain_text("Seed 3")
    path = copied(tab, "generate", "manner=renoir")
    said = parse_qs(path)
    assert [said[name] for name in ("manner", "painted", "size")] == [
        ["renoir-moulin-de-la-galette"],
        ["true"],
        ["512"],
    ]
    other = open_tab(path=path)
    expect(other.locator("#gan-about")).to_contain_text("Seed 3")
    other.get_by_text("How they are painted").click()
    expect(other.locator("#manner .image-frame img")).to_have_attribute("src", re.compile("renoir"))


def test_a_link_to_a_reconstruction_names_the_picture(open_tab: OpenTab) -> None:
    tab = open_tab(path="/?tab=reconstruct&picture=mountain&make=true")
    expect(tab.locator("#vae-title .da-title")).to_have_text("A mountain")
    path = copied(tab, "reconstruct", "picture=mountain")
    other = open_tab(path=path)
    expect(other.locator("#vae-title .da-title")).to_have_text("A mountain")


def test_an_address_with_nonsense_opens_the_page_as_ever(open_tab: OpenTab) -> None:
    tab = open_tab(path="/?tab=generate&truncation=99&seed=-4&model=nothing&count=4")
    expect(tab.locator("#gan-count input[type=number]")).to_have_value("4")
    expect(tab.locator("#gan-truncation input[type=number]")).to_have_value("1")
    expect(tab.locator("#gan-seed input[type=number]")).to_have_value(str(FIRST_SEED))
    expect(open_tab(path="/?tab=<script>").locator("#paint")).to_be_visible()


def test_a_link_to_fine_shows_what_fine_takes(open_tab: OpenTab) -> None:
    tab = open_tab(path="/?tab=style&model=fine&steps=50&size=256")
    expect(tab.locator("#paint")).to_be_visible()
    expect(tab.locator("#size input[type=number]")).to_have_value("256")
    tab.get_by_role("button", name="Fine tuning").click()
    expect(tab.locator("#steps input[type=number]")).to_have_value("50")

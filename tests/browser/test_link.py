"""Links to settings: made by a button, opened by another visitor."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from hands import put
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from deepart.ui.finished import FIRST_SEED

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
    assert not {"content", "style", "picture"} & set(parse_qs(link.query))
    other = open_tab(path=f"/?{link.query}")
    expect(other.locator("#paint")).to_be_visible()  # the tab is the one that opens
    expect(other.locator("#strength input[type=number]")).to_have_value("0.4")


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

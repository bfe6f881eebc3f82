"""What a visitor made is there again: after a reload, from a link, from a PNG, and when the server has lost it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hands import PHONE, brought, go, no_sideways_scroll, same, save, told
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from running_page import Page, until

from deepart import load_image, settings
from deepart.ui.inputs import EXAMPLES

OpenTab = Callable[..., Tab]  # see the fixture open_tab
SCREENS = pytest.mark.parametrize("size", [(1366, 860), PHONE], ids=["laptop", "phone"])
CONTENT, STYLE = EXAMPLES / "content" / "portrait.jpg", EXAMPLES / "paintings" / "hokusai-great-wave.jpg"


def kept(tab: Tab, *names: str) -> None:
    """Wait until these are the names under "My results", the newest first."""
    go(tab, "My results")
    expect(tab.locator("#session-grid button")).to_have_text([re.compile(name) for name in names])


def pick(tab: Tab, index: int) -> None:
    button = tab.locator("#session-grid button").nth(index)
    name = button.inner_text()
    button.click()
    expect(tab.locator("#session-facts .da-title")).to_have_text(name)


def generated(tab: Tab, count: int = 3) -> None:
    tab.locator("#gan-count input[type=number]").fill(str(count))
    tab.locator("#gan-count input[type=number]").press("Tab")
    tab.locator("#gan-make").click()
    expect(tab.locator("#grid img")).to_have_count(count)


@SCREENS
def test_results_hearts_and_tab_survive_a_reload(page: Page, open_tab: OpenTab, size: tuple[int, int]) -> None:
    tab = open_tab(size)
    generated(tab)
    tab.locator("#grid img").nth(1).click()
    expect(tab.locator("#chosen-title")).to_contain_text("Seed 1")
    tab.locator("#like").click()
    names = ["Landscapes · Seed 2 · 32 px", "Seed 1", "Seed 0"]
    kept(tab, *names)
    expect(tab.locator("#session-grid .da-liked")).to_have_text(re.compile("Seed 1"))
    no_sideways_scroll(tab)
    tab.goto(page.url)  # an address that says nothing: the tab is the last one
    expect(tab.locator("#session-grid button")).to_have_text([re.compile(name) for name in names])
    expect(tab.get_by_role("tab", name="My results", exact=True)).to_have_attribute("aria-selected", "true")
    pick(tab, 1)
    expect(tab.locator("#session-one img")).to_be_visible()
    expect(tab.locator("#session-slider")).to_have_count(0)
    expect(tab.locator("#session-like")).to_have_text("♥ Liked")
    pick(tab, 2)
    expect(tab.locator("#session-slider img").first).to_be_visible()
    expect(tab.locator("#session-one")).to_have_count(0)
    go(tab, "Generate")
    tab.get_by_role("tab", name="Breed", exact=True).click()
    expect(tab.locator("#liked button")).to_have_attribute("title", "Seed 1")  # what breeding takes


def test_the_picture_to_take_apart_survives_a_reload(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab(path="/?tab=reconstruct")
    load_image(CONTENT).resize((96, 80)).save(tmp_path / "holiday.png")
    tab.locator("#vae-picture input[type=file]").set_input_files(tmp_path / "holiday.png")
    go(tab, "My results")
    expect(tab.locator("#session-grid button")).to_have_count(1)  # what became of it
    tab.reload()
    go(tab, "Reconstruct")
    expect(tab.locator("#vae-picture .image-frame img")).to_have_attribute("src", re.compile("holiday"))
    other = open_tab(path="/?tab=reconstruct")  # of somebody else
    expect(other.locator("#vae-picture .image-frame img")).not_to_have_attribute("src", re.compile("holiday"))


@SCREENS
def test_a_painting_whose_file_is_gone_is_made_again_or_asks_for_the_photograph(
    page: Page, open_tab: OpenTab, tmp_path: Path, size: tuple[int, int]
) -> None:
    tab = open_tab(size)
    go(tab, "Style transfer")
    painted(tab)
    mine = tmp_path / "holiday.png"
    load_image(CONTENT).resize((96, 80)).save(mine)
    tab.locator("#content input[type=file]").set_input_files(mine)
    expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile("holiday"))
    painted(tab)
    kept(tab, "holiday, after Stained glass · 128 px", "A cat, after Stained glass · 128 px")
    pick(tab, 1)
    first = load_image(save(tab, "session-download", tmp_path))
    for path in page.files.glob("*/*-128.png"):
        path.unlink()
    tab.reload()
    pick(tab, 1)
    expect(tab.locator("#session-facts img")).to_be_visible()  # the thumbnail
    tab.locator("#again-start").click()
    expect(tab.locator("#session-one img")).to_be_visible()
    assert same(load_image(save(tab, "session-download", tmp_path)), first)
    expect(tab.locator("#session-grid button")).to_have_count(2)
    pick(tab, 0)
    expect(tab.locator("#session-facts")).to_contain_text("put that in again")
    expect(tab.locator("#session-facts img")).to_be_visible()
    expect(tab.locator("#again-start")).to_have_count(0)
    tab.locator("#session-use").click()
    told(tab, "The settings do not hold the picture for “Your photograph”")
    expect(tab.locator("#paint")).to_be_visible()
    # The photograph itself is there with the style of the last painting, and after a day it is asked for.
    expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile("holiday"))
    tab.locator("#wall button").nth(1).click()
    expect(tab.locator("#facts")).to_contain_text("128 × ")
    tab.reload()
    expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile("holiday"))
    ring = "button => getComputedStyle(button).outlineStyle"
    until(lambda: tab.locator("#wall button").nth(1).evaluate(ring) == "solid")
    for path in page.files.glob("*/holiday.png"):
        path.unlink()
    tab.reload()
    expect(tab.get_by_test_id("toast-body")).to_contain_text("Your photograph holiday.png was deleted")


def painted(tab: Tab, side: str = "128") -> None:
    """Paint at a small size, and wait for it."""
    expect(tab.locator("#paint")).to_be_visible()
    field = tab.locator("#size input[type=number]")
    field.fill(side)
    field.press("Tab")
    before = tab.locator("#facts").inner_text()
    tab.locator("#paint").click()
    expect(tab.locator("#facts")).not_to_have_text(before)


@SCREENS
def test_clear_asks_and_is_undone_and_the_address_has_the_tab(open_tab: OpenTab, size: tuple[int, int]) -> None:
    tab = open_tab(size)
    generated(tab, 2)
    kept(tab, "Seed 1", "Seed 0")
    pick(tab, 0)
    tab.locator("#session-like").click()
    expect(tab.locator("#session-grid .da-liked")).to_have_count(1)
    answers = ["dismiss", "accept"]
    tab.on("dialog", lambda dialog: getattr(dialog, answers.pop(0))())
    tab.locator("#session-clear").click()
    expect(tab.locator("#session-grid button")).to_have_count(2)
    tab.locator("#session-clear").click()
    expect(tab.locator("#session-grid button")).to_have_text(re.compile("Seed 1"))  # it has a heart
    tab.reload()
    tab.locator("#session-undo").click()
    expect(tab.locator("#session-grid button")).to_have_count(2)
    expect(tab.locator("#session-undo")).to_be_hidden()
    pick(tab, 1)
    tab.locator("#session-remove").click()
    expect(tab.locator("#session-grid button")).to_have_count(1)
    tab.locator("#session-undo").click()
    expect(tab.locator("#session-grid button")).to_have_count(2)
    for name in ("Reconstruct", "Style transfer"):
        go(tab, name)
        expect(tab.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
    assert tab.url.endswith("?tab=style")
    tab.go_back()
    expect(tab.locator("#vae-start")).to_be_visible()
    tab.go_back()
    expect(tab.locator("#session-grid")).to_be_visible()
    tab.go_forward()
    expect(tab.locator("#vae-start")).to_be_visible()
    assert tab.url.endswith("?tab=reconstruct")


def test_sixty_pictures_are_kept_and_each_of_the_paintings_of_one(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.on("dialog", lambda dialog: dialog.accept())

    def run(code: str) -> Any:
        return tab.evaluate(f"store => {{ {code} }}", run.store)

    def one(key: str, **more: Any) -> dict[str, Any]:
        return {"key": key, "name": key, "thumb": "", "liked": False} | more

    def merge(*add: dict[str, Any], hearts: dict[str, bool] | None = None) -> list[str]:
        news = json.dumps({"add": list(add), "hearts": hearts or {}})
        run.store = run(f"return deepart.merge({json.dumps(news)}, store)")
        return [found["key"] for found in run.store["results"]]

    def kept() -> int:
        return len(run.store["results"]) + len(run.store.get("cleared") or [])

    run.store = {"results": []}
    names = [str(number) for number in range(61)]
    assert merge(*map(one, names[:60]), one("60", liked=True)) == names[:0:-1]
    run.store = run("return deepart.clear(store, '')")
    assert ([found["key"] for found in run.store["results"]], kept()) == (["60"], 60)
    assert (merge(one("new")), kept()) == (["new", "60"], 60)
    run.store = run("return deepart.undo(store)")
    assert [found["key"] for found in run.store["results"]] == ["new", *names[:1:-1]]
    # A painting takes the place of the small picture, and another painting does not take its place.
    run.store = {"results": [one("small", liked=True), one("0")]}
    assert merge(one("fast", picture="small")) == ["fast", "0"]
    assert run.store["results"][0]["liked"]
    assert merge(one("other", picture="small")) == ["other", "fast", "0"]
    merge(hearts={"small": False})
    assert not any(found["liked"] for found in run.store["results"])


def test_a_link_shows_the_result_and_no_other(page: Page, open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab(path="/?tab=generate&model=portraits&painted=false&seed=7&count=2&make=true")
    expect(tab.locator("#grid img")).to_have_count(2)
    expect(tab.locator("#gan-about")).to_contain_text("Seeds 7 to 8")
    kept(tab, "Portraits · Seed 8", "Portraits · Seed 7")
    pick(tab, 1)
    tab.locator("#session-link").click()
    link = tab.locator("#session-address a").get_attribute("href") or ""
    other = open_tab(path=link.removeprefix(page.url))
    expect(other.locator("#session-one img")).to_be_visible()
    shown = load_image(save(other, "session-download", tmp_path))
    assert same(shown, page.portraits.generate(seed=7)[0])
    expect(other.locator("#session-grid button")).to_have_text(re.compile("Portraits · Seed 7 · 32 px"))
    other.locator("#session-use").click()
    expect(other.get_by_role("radio", name="Portraits").first).to_be_checked()
    expect(other.locator("#gan-seed input[type=number]")).to_have_value("7")
    expect(other.locator("#chosen-title")).to_contain_text("Seed 7")
    nonsense = open_tab(path="/?tab=results&result=eJxLTAIAAhcA")
    expect(nonsense.locator("#session-facts")).to_contain_text("leads to nothing")


@SCREENS
def test_a_painting_s_png_gives_its_settings_back(open_tab: OpenTab, tmp_path: Path, size: tuple[int, int]) -> None:
    tab = open_tab(size)
    go(tab, "Style transfer")
    tab.locator("#strength input[type=number]").fill("0.4")
    tab.locator("#strength input[type=number]").press("Tab")
    painted(tab)
    path = save(tab, "download", tmp_path)
    assert path.name == "stained-glass-cat-128.png"
    made = settings(load_image(path)) or {}
    assert (made["from"], made["strength"]) == (["cat", "stained-glass"], 0.4)
    other = open_tab(size)
    go(other, "Style transfer")
    other.locator("#style").get_by_role("button", name="Remove Image").click()
    brought(other, path, "128 px")
    expect(other.locator("#strength input[type=number]")).to_have_value("0.4")
    expect(other.locator("#size input[type=number]")).to_have_value("128")
    expect(other.locator("#style .image-frame img")).to_have_attribute("src", re.compile("stained-glass"))

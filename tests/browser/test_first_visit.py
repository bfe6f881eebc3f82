"""A first visit: what is in sight, a photograph in, a style pressed; by the keyboard, on a phone, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hands import PHONE, OpenTab, go, no_sideways_scroll
from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import TimeoutError, expect
from running_page import until

from deepart import load_image
from deepart.ui.examples import example_files
from deepart.ui.inputs import EXAMPLES

LAPTOP = (1366, 860)
SCREENS = pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
TABS = ("Style transfer", "Generate", "Reconstruct")
# What can be used and is in sight; a wall of pictures, a row of examples and a strip of tabs count as one each.
CONTROLS = """() => {
    const seen = part => {
        const box = part.getBoundingClientRect();
        return part.checkVisibility({visibilityProperty: true}) && box.width > 0 && box.height > 0
            && box.top < innerHeight && box.bottom > 0 && !part.disabled && part.type !== 'file';
    };
    const all = document.querySelectorAll('button, a[href], input, select, textarea, summary, [tabindex="0"]');
    const group = part => part.closest('#wall, #grid, .da-kept, .da-examples, .da-pairs, [role=tablist]') || part;
    return [...new Set([...all].filter(seen).map(group))].map(part => part.id || part.outerHTML.slice(0, 120));
}"""
# Give the page a picture of 64 x 48 pixels as a browser does when somebody drops or pastes it.
GIVE = """async kind => {
    const canvas = Object.assign(document.createElement('canvas'), {width: 64, height: 48});
    canvas.getContext('2d').fillRect(0, 0, 32, 48);
    const data = new DataTransfer(), blob = await new Promise(done => canvas.toBlob(done));
    data.items.add(new File([blob], `${kind}ed.png`, {type: 'image/png'}));
    const options = {dataTransfer: data, clipboardData: data, bubbles: true, cancelable: true};
    const event = kind === 'drop' ? new DragEvent(kind, options) : new ClipboardEvent(kind, options);
    document.querySelector('#canvas').dispatchEvent(event);
}"""
SMALL = """() => [...document.querySelectorAll('button, input, textarea, summary')].filter(part => {
    const box = (part.closest('label') || part).getBoundingClientRect();
    return part.checkVisibility() && part.type !== 'file' && !part.closest('footer') && box.width > 0
        && (box.width < 40 || box.height < 40);
}).map(part => part.outerHTML.slice(0, 160))"""


DRAWN = """input => {
    const {borderTopWidth, borderTopColor, backgroundColor} = getComputedStyle(input);
    return [borderTopWidth, borderTopColor, backgroundColor];
}"""


def visit(open_tab: OpenTab, size: tuple[int, int] = LAPTOP, path: str = "/", **options: str) -> Tab:
    tab = open_tab(size, path=path, more=False, **options)
    expect(tab.locator("#paint")).to_be_visible()
    return tab


@pytest.mark.parametrize("name", TABS)
def test_few_controls_are_in_sight(open_tab: OpenTab, name: str) -> None:
    tab = visit(open_tab)
    go(tab, name)
    tab.wait_for_timeout(1000)
    plain(tab)
    words = tab.locator("body").inner_text().lower()
    assert not re.search("deviation|posterior|latent", words)
    more = tab.locator(".da-more > .label-wrap:visible")
    expect(more).to_have_count(1)
    more.click()
    until(lambda: len(tab.evaluate(CONTROLS.replace("box.top < innerHeight", "true"))) > 15)


def plain(tab: Tab) -> None:
    """Wait until few controls are in sight: what has just been painted takes a moment to be laid out."""
    until(lambda: 5 <= len(tab.evaluate(CONTROLS)) <= 12)


def test_a_painting_and_my_results_are_as_plain(open_tab: OpenTab) -> None:
    tab = visit(open_tab)
    tab.locator("#wall button").nth(3).click()
    expect(tab.locator("#facts")).to_contain_text("after Woodcut")
    expect(tab.locator("#download")).to_be_enabled()
    plain(tab)
    go(tab, "My results")
    tab.locator("#session-grid button").click()
    expect(tab.locator("#session-one img")).to_be_visible()
    plain(tab)
    expect(tab.locator("#session-to-style")).to_be_hidden()
    tab.locator("#session-extras > .label-wrap").click()
    for control in ("to-style", "open", "remove", "download-format"):
        expect(tab.locator(f"#session-{control}")).to_be_visible()


def test_a_phone_shows_the_result_that_is_picked_of_many(open_tab: OpenTab) -> None:
    tab = open_tab(PHONE)
    tab.locator("#gan-make").click()
    expect(tab.locator("#grid img")).to_have_count(16)
    go(tab, "My results")
    expect(tab.locator("#session-grid button")).to_have_count(16)
    for number, shown in ((0, "one"), (1, "slider")):  # one picture, then two under the slider
        tab.locator("#session-grid button").nth(number).click()
        expect(tab.locator("#session-facts .da-title")).to_be_in_viewport()
        expect(tab.locator(f"#session-{shown} img").first).to_be_in_viewport(ratio=0.9)
    no_sideways_scroll(tab)


@SCREENS
def test_a_photograph_is_shown_and_painted_in_each_style(
    open_tab: OpenTab, tmp_path: Path, size: tuple[int, int]
) -> None:
    mine = tmp_path / "mine.png"
    load_image(EXAMPLES / "content" / "mountain.jpg").resize((96, 64)).save(mine)
    tab = visit(open_tab, size, "/?tab=style&size=128")
    wall = tab.locator("#wall button")
    shown = "one => getComputedStyle(one).backgroundImage"
    before = [wall.nth(number).locator("span").evaluate(shown) for number in (0, 9)]
    with tab.expect_file_chooser() as asking:
        tab.locator("#content .image-frame").click()
    asking.value.set_files(mine)
    expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile("mine"))
    for number, old in zip((0, 9), before, strict=True):
        span = wall.nth(number).locator("span")
        until(lambda span=span, old=old: span.evaluate(shown) != old)
    wall.nth(7).click()  # painted at once, by the quick way, though the button paints finely
    expect(tab.locator("#facts")).to_have_text(re.compile(r"128 × 85 pixels.*Fine"))
    expect(tab.locator("#canvas")).to_be_in_viewport(ratio=0.9)
    no_sideways_scroll(tab)
    tab.locator("#paint").click()
    expect(tab.locator("#facts")).to_have_text(re.compile(r"128 × 85 pixels.*Fine"))
    old = tab.locator("#progress .da-old")
    expect(old).to_be_hidden()
    for kind in ("drop", "paste"):
        tab.evaluate(GIVE, kind)
        expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile(f"{kind}ed"))
        expect(old).to_have_text(re.compile("^This result is of earlier inputs"))  # of the other photograph
        expect(old).to_be_visible()
        tab.locator("#paint").click()
        expect(tab.locator("#facts")).to_have_text(re.compile(r"128 × 96 pixels"))
        expect(old).to_be_hidden()


def test_a_slow_server_undoes_nothing_that_was_pressed(open_tab: OpenTab) -> None:
    tab = visit(open_tab, path="/?tab=style&size=128")
    tab.route("**/queue/join*", lambda route: None)  # one of them, none of which goes on, brings what is kept
    tab.reload()
    expect(tab.locator("#paint")).to_be_visible()
    with pytest.raises(TimeoutError):
        tab.locator("#wall button").nth(3).click(timeout=1000)
    tab.unroute("**/queue/join*")  # they go on
    tab.locator("#wall button").nth(3).click()
    expect(tab.locator("#facts")).to_have_text(re.compile("Woodcut.*128 × 85 pixels"))


def test_a_pair_and_a_style_of_ones_own_are_painted_at_once(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = visit(open_tab, path="/?tab=style&size=128")
    tab.locator("#pairs button").nth(1).click()
    expect(tab.locator("#facts")).to_have_text(re.compile("128 × 85 pixels.*Fine"))
    ring = "number => getComputedStyle(document.querySelectorAll('#wall button')[number]).outlineStyle"
    chosen = [path.stem for path in example_files("style", "paintings")].index("stained-glass")
    until(lambda: tab.evaluate(ring, chosen) == "solid")
    Image.effect_mandelbrot((96, 64), (-2, -1, 1, 1), 50).convert("RGB").save(tmp_path / "mine.png")
    first = tab.locator("#slider img").last.get_attribute("src")
    tab.locator("#own-style input[type=file]").or_(tab.locator("#styles input[type=file]")).first.set_input_files(
        tmp_path / "mine.png"
    )
    expect(tab.locator("#slider img").last).not_to_have_attribute("src", first or "")


def test_a_phone_has_room_for_fingers(open_tab: OpenTab) -> None:
    tab = visit(open_tab, PHONE)
    for name in TABS:
        go(tab, name)
        tab.wait_for_timeout(500)
        assert tab.evaluate(SMALL) == [], name
        strip = tab.locator("#tabs > .tab-wrapper [role=tab]")
        assert len({round(strip.nth(number).bounding_box()["y"]) for number in range(4)}) == 1  # type: ignore[index]
        no_sideways_scroll(tab)
        sticky = "() => [...document.querySelectorAll('*')].filter(one => getComputedStyle(one).position === 'sticky')"
        assert tab.evaluate(f"({sticky})().length") == 0
    assert tab.locator("footer .divider:visible").count() == 0


def test_arrow_keys_move_between_tabs_and_the_keyboard_alone_paints(open_tab: OpenTab) -> None:
    tab = visit(open_tab, path="/?tab=style&size=128")
    tab.get_by_role("tab", name="Style transfer", exact=True).focus()
    for key, name in (("ArrowRight", "Generate"), ("End", "My results"), ("ArrowRight", "Style transfer")):
        tab.keyboard.press(key)
        expect(tab.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
        assert tab.evaluate("document.activeElement.textContent.trim()") == name
    stops = 0
    while tab.evaluate("document.activeElement.id") != "paint":
        tab.keyboard.press("Tab")
        stops += 1
        assert stops <= 5
    tab.keyboard.press("Enter")
    expect(tab.locator("#download")).to_be_enabled()


def test_pictures_have_words_and_the_seed_has_a_border(open_tab: OpenTab) -> None:
    tab = visit(open_tab)
    expect(tab.locator("#content img")).to_have_attribute("alt", re.compile(r"\w"))
    tab.locator("#pairs button").first.click()
    expect(tab.locator("#slider img")).to_have_count(2)
    until(lambda: tab.locator("img:visible").evaluate_all("all => all.every(one => one.alt || one.closest('footer'))"))
    for name, extras, seed in (("Style transfer", "style", "seed"), ("Generate", "generate", "gan-seed")):
        go(tab, name)
        tab.locator(f"#{extras}-extras > .label-wrap").click()
        if name == "Style transfer":
            tab.get_by_role("button", name="Fine tuning").click()
        width, line, ground = tab.locator(f"#{seed} input").evaluate(DRAWN)
        assert width == "1px"
        assert line != ground  # in the light theme, too


@SCREENS
def test_switches_of_theme_and_language(open_tab: OpenTab, size: tuple[int, int]) -> None:
    tab = visit(open_tab, size, locale="en-US")
    dark = "document.body.classList.contains('dark')"
    assert not tab.evaluate(dark)
    tab.get_by_role("button", name="Light or dark").click()
    assert tab.evaluate(dark)
    tab.get_by_role("button", name="English or Chinese").click()
    expect(tab.get_by_role("tab", name="风格迁移", exact=True)).to_be_visible()
    assert tab.evaluate(dark)  # it is kept, and so is the language by what handlers say
    tab.locator("#pairs button").first.click()
    expect(tab.locator("#facts")).to_contain_text("像素")
    tab.get_by_role("button", name="英文或中文").click()
    expect(tab.get_by_role("tab", name="Style transfer", exact=True)).to_be_visible()

"""The tab "Style transfer" in a browser, used as visitors use it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hands import DESKTOP, PHONE, OpenTab, no_sideways_scroll, same, save, told
from PIL import Image, ImageChops
from playwright.sync_api import Error, expect
from playwright.sync_api import Page as Tab
from running_page import Page, serve, until

from deepart import load_image, settings
from deepart.ui.examples import PAIRS
from deepart.ui.inputs import EXAMPLES
from recipes import first_style

CONTENT, STYLE = EXAMPLES / "content" / "mountain.jpg", EXAMPLES / "paintings" / "hokusai-great-wave.jpg"
SCREENS = pytest.mark.parametrize("screen", [(1366, 860), PHONE], ids=["laptop", "phone"])
SIZE = 128  # 14 steps at one level


@pytest.fixture
def open_tab(open_tab: OpenTab) -> OpenTab:
    """Open the page and go to the tab."""

    def open_one(*arguments: Any, **options: Any) -> Tab:
        tab = open_tab(*arguments, **options)
        tab.get_by_role("tab", name=re.compile("Style transfer|风格迁移")).click()
        return tab

    return open_one


def upload(tab: Tab, box: str, path: Path) -> None:
    """Put a file into a picture box."""
    tab.locator(f"#{box} input[type=file]").set_input_files(path)


def picture(tab: Tab, box: str) -> str:
    """The address of the picture that a box shows."""
    return tab.locator(f"#{box} .image-frame img").get_attribute("src") or ""


def put(tab: Tab, box: str, value: str) -> None:
    """Type a number beside a slider; one that has only just come up may still fall back to its first value."""
    field, slider = tab.locator(f"#{box} input[type=number]"), tab.locator(f"#{box} input[type=range]")

    def stays() -> bool:
        field.fill(value)
        field.press("Tab")
        tab.wait_for_timeout(200)
        return field.input_value() == slider.input_value() == value

    until(stays)


def ready(tab: Tab, way: str = "Fine", size: int = SIZE) -> None:
    """Wait for the page, and ask for a small result."""
    expect(tab.locator("#paint")).to_be_visible()
    choose(tab, way)
    # What the model takes has come, which would else come over the size.
    expect(tab.locator("#size input[type=number]")).to_have_value("512" if way == "Fine" else "768")
    put(tab, "size", str(size))


def choose(tab: Tab, way: str) -> None:
    """Choose a way of painting."""
    tab.get_by_role("radio", name=way).check()


def size_shown(tab: Tab, value: int, most: int) -> None:
    expect(tab.locator("#size input[type=range]")).to_have_attribute("max", str(most))
    expect(tab.locator("#size input[type=number]")).to_have_value(str(value))


def place(tab: Tab) -> dict[str, float]:
    """Where the result is on the page, however far that is scrolled."""
    found: dict[str, float] = tab.evaluate("""() => {
        const box = document.querySelector('.da-canvas').getBoundingClientRect();
        return {top: box.top + window.scrollY, left: box.left, width: box.width, height: box.height};
    }""")
    return found


def download(tab: Tab, folder: Path) -> Path:
    return save(tab, "download", folder)


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_paint(page: Page, open_tab: OpenTab, tmp_path: Path, screen: tuple[int, int]) -> None:
    tab = open_tab(screen)
    ready(tab)
    before = [picture(tab, box) for box in ("content", "style")]
    upload(tab, "content", CONTENT)
    upload(tab, "style", STYLE)
    expect(tab.locator("#content .image-frame img")).not_to_have_attribute("src", before[0])
    expect(tab.locator("#style .image-frame img")).not_to_have_attribute("src", before[1])
    no_sideways_scroll(tab)
    canvas = place(tab)

    page.fine.hold(8)
    tab.locator("#paint").click()
    expect(tab.locator("#preview img")).to_have_attribute("alt", re.compile(r"The picture after \d+ steps"))
    expect(tab.locator("#progress")).to_have_text(re.compile(r"50 % · step 7 of 14( · about \d+ \w+ left)?"))
    expect(tab.locator("#progress progress")).to_have_attribute("value", "50.0")
    expect(tab.locator("#paint")).to_be_hidden()
    expect(tab.locator("#download")).to_have_css("pointer-events", "none")  # it is another painting's
    no_sideways_scroll(tab)
    assert place(tab) == canvas
    page.fine.release()
    expect(tab.locator("#download")).to_have_css("pointer-events", "auto")

    images = tab.locator("#slider img[data-testid=imageslider-image]")
    expect(images).to_have_count(2)
    expect(tab.locator("#preview")).to_have_count(0)
    expect(tab.locator("#facts")).to_have_text(re.compile(r"128 × 85 pixels · \d+ seconds? · seed 0 · Fine"))
    expect(tab.locator("#paint")).to_be_visible()
    assert place(tab) == canvas
    no_sideways_scroll(tab)
    drag_slider(tab)

    path = download(tab, tmp_path)
    expected = page.fine.stylize(load_image(CONTENT), load_image(STYLE), size=SIZE)
    found = load_image(path)
    assert path.name == "hokusai-great-wave-mountain-128.png"
    assert found.size == expected.size
    assert same(found, expected)
    assert (settings(found) or {})["weights"] == [1.0]
    assert settings(found) == (settings(expected) or {}) | {"from": ["mountain", "hokusai-great-wave"]}


def test_paint_in_one_pass(page: Page, open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    expect(tab.get_by_role("radio", name="Fine")).to_be_checked()
    ready(tab, "Fast")
    upload(tab, "content", CONTENT)
    upload(tab, "style", STYLE)
    expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile("mountain"))
    expect(tab.locator("#style .image-frame img")).to_have_attribute("src", re.compile("hokusai"))
    canvas = place(tab)

    page.fast.hold(1)
    tab.locator("#paint").click()
    expect(tab.locator("#progress")).to_contain_text("Painting the picture")
    expect(tab.locator("#stop")).to_have_text("Stop")
    assert page.fast.held.wait(60)
    assert tab.locator("#preview img").count() == 0  # what is there stays until the picture comes
    assert place(tab) == canvas
    no_sideways_scroll(tab)
    page.fast.release()
    expect(tab.locator("#facts")).to_have_text(re.compile(r"128 × 85 pixels · \d+ seconds? · seed 0 · Fast"))
    expect(tab.locator("#slider img[data-testid=imageslider-image]")).to_have_count(2)
    expect(tab.locator("#paint")).to_be_visible()
    assert place(tab) == canvas

    found = load_image(download(tab, tmp_path))
    expected = page.fast.stylize(load_image(CONTENT), load_image(STYLE), size=SIZE)
    assert same(found, expected)
    assert settings(found) == (settings(expected) or {}) | {"from": ["mountain", "hokusai-great-wave"]}


def test_a_large_picture_comes_part_by_part(page: Page, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepart.models.fast.WINDOW", 320)  # a picture of 384 x 256 pixels has six parts
    tab = open_tab()
    ready(tab, "Fast", 384)
    page.fast.hold(2)
    tab.locator("#paint").click()
    expect(tab.locator("#preview img")).to_have_attribute("alt", "The picture after part 1")
    expect(tab.locator("#progress")).to_contain_text(re.compile(r"\d+ % · part 1 of \d"))
    tab.locator("#stop").click()
    expect(tab.locator("#progress")).to_contain_text("Stopping after this step")
    page.fast.release()
    expect(tab.locator("#paint")).to_be_visible()
    expect(tab.locator("#preview")).to_have_count(0)
    assert page.fast.steps == [1, 2]
    assert tab.locator("#slider").count() == 0  # some parts of a picture are none to keep
    expect(tab.locator("#facts")).to_have_text("")


def test_switching_shows_what_a_way_takes_and_loses_nothing(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    expect(tab.locator("#paint")).to_be_visible()
    size_shown(tab, 512, 2048)
    choose(tab, "Fast")
    size_shown(tab, 768, 4096)
    tab.get_by_role("button", name="Fine tuning").click()
    expect(tab.locator("#seed")).to_be_visible()
    expect(tab.locator("#steps")).to_have_count(0)
    expect(tab.locator("#pull")).to_have_count(0)
    choose(tab, "Fine")
    size_shown(tab, 512, 2048)  # each begins with a size of its own
    put(tab, "steps", "30")
    put(tab, "pull", "7")
    choose(tab, "Fast")
    size_shown(tab, 768, 4096)
    expect(tab.locator("#steps")).to_have_count(0)
    put(tab, "size", "1536")
    put(tab, "strength", "0.5")
    choose(tab, "Fine")
    size_shown(tab, 1536, 2048)
    expect(tab.locator("#steps input[type=number]")).to_have_value("30")
    expect(tab.locator("#pull input[type=number]")).to_have_value("7")
    choose(tab, "Fast")
    size_shown(tab, 1536, 4096)
    choose(tab, "Fine")
    put(tab, "size", "640")
    choose(tab, "Fast")
    size_shown(tab, 640, 4096)
    expect(tab.locator("#strength input[type=number]")).to_have_value("0.5")
    choose(tab, "Fine")
    put(tab, "size", str(SIZE))
    tab.locator("#paint").click()
    expect(tab.locator("#facts")).to_contain_text("128 × 85 pixels")
    made = settings(load_image(download(tab, tmp_path))) or {}
    assert (made["model"], made["steps"], made["style_weight"]) == ("fine", 30, 7.0)


def open_sheet(tab: Tab) -> None:
    tab.get_by_role("button", name="Try many styles at once").click()
    expect(tab.locator("#sheet-paint")).to_be_visible()


def test_a_sheet_of_styles(page: Page, open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab(PHONE)
    ready(tab, "Fast")
    canvas = place(tab)
    open_sheet(tab)
    page.fast.hold(1)
    tab.locator("#sheet-paint").click()
    expect(tab.locator("#sheet-progress")).to_contain_text("Painting 12 pictures")
    expect(tab.locator("#sheet-stop")).to_be_visible()
    assert page.fast.held.wait(60)
    page.fast.release()
    pictures = tab.locator("#sheet .gallery-item")
    expect(pictures).to_have_count(12)
    expect(pictures.nth(5)).to_contain_text("Cassatt: Summertime")
    expect(tab.locator("#sheet-paint")).to_be_visible()
    no_sideways_scroll(tab)
    assert place(tab) == canvas

    pictures.nth(7).locator("button").click()
    expect(tab.locator("#style .image-frame img")).to_have_attribute("src", re.compile("hokusai-great-wave"))
    expect(tab.locator("#sheet-told")).to_contain_text("Hokusai: Under the Wave off Kanagawa: this is the style")
    expect(pictures).to_have_count(12)
    tab.locator("#paint").click()
    expect(tab.locator("#facts")).to_contain_text("128 × 85 pixels")
    found = load_image(download(tab, tmp_path))
    expected = page.fast.stylize(load_image(EXAMPLES / "content" / "cat.jpg"), load_image(STYLE), size=SIZE)
    assert same(found, expected)
    expect(pictures).to_have_count(12)


def test_a_sheet_is_what_was_asked_for(page: Page, open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    ready(tab, "Fast")
    mine = tmp_path / "mine.png"
    Image.effect_mandelbrot((96, 64), (-2, -1, 1, 1), 50).convert("RGB").save(mine)
    upload(tab, "style", mine)
    open_sheet(tab)
    for name in ("Marbling", "Van Gogh: The Night Café"):
        tab.locator("#sheet-styles").get_by_role("checkbox", name=name).or_(
            tab.locator("#sheet-styles label", has_text=name)
        ).first.click()
    put(tab, "strength", "0.5")
    tab.locator("#sheet-paint").click()
    pictures = tab.locator("#sheet .gallery-item")
    expect(pictures).to_have_count(11)
    expect(pictures.nth(0)).to_contain_text("Your style picture")
    expect(pictures.nth(2)).to_contain_text("Pointillism")

    # Every picture is the exact file, with its settings.
    address = pictures.nth(0).locator("img").get_attribute("src") or ""
    path = tmp_path / "found.png"
    path.write_bytes(tab.request.get(address).body())
    [expected] = page.fast.sheet(
        load_image(EXAMPLES / "content" / "cat.jpg"), [load_image(mine)], size=384, strength=0.5
    )
    assert address.endswith("/mine-cat-384.png")
    assert same(load_image(path), expected)
    assert settings(load_image(path)) == (settings(expected) or {}) | {"from": ["cat", None]}

    tab.get_by_role("button", name="Woodcut", exact=True).first.click()
    expect(tab.locator("#style .image-frame img")).to_have_attribute("src", re.compile("woodcut"))
    pictures.nth(0).locator("button").click()
    expect(tab.locator("#style .image-frame img")).to_have_attribute("src", re.compile(r"mine\.png"))


def test_a_result_of_other_inputs_is_marked(open_tab: OpenTab) -> None:
    tab = open_tab()
    old = tab.locator("#progress .da-old")
    ready(tab)
    tab.locator("#paint").click()
    expect(tab.locator("#facts")).to_contain_text("128 × 85 pixels")
    expect(old).to_be_hidden()
    put(tab, "strength", "0.5")
    expect(old).to_have_text(re.compile("^This result is of earlier inputs"))
    put(tab, "strength", "1")
    expect(old).to_be_hidden()


def test_a_sheet_takes_its_turn_and_is_stopped(page: Page, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepart.models.fast.WINDOW", 320)
    tab, other = open_tab(), open_tab()
    ready(other)
    page.fine.hold(7)
    other.locator("#paint").click()
    expect(other.locator("#progress")).to_contain_text("step 6 of 14")
    ready(tab, "Fast")
    open_sheet(tab)
    tab.locator("#sheet-paint").click()
    expect(tab.locator("#sheet-progress")).to_contain_text("In the queue: 1 before you")
    tab.locator("#sheet-stop").click()
    expect(tab.locator("#sheet-paint")).to_be_visible()
    page.fine.release()
    expect(other.locator("#facts")).to_contain_text("128 × 85 pixels")
    everything = tab.locator("#sheet-styles .select-all-checkbox")
    everything.click()
    tab.locator("#sheet-paint").click()
    told(tab, "No style is chosen; tick one or more.")
    everything.click()
    page.fast.hold(1)
    tab.locator("#sheet-paint").click()
    assert page.fast.held.wait(60)
    tab.locator("#sheet-stop").click()
    expect(tab.locator("#sheet-progress")).to_contain_text("Stopping after this step")
    page.fast.release()
    expect(tab.locator("#sheet-paint")).to_be_visible()
    assert page.fast.steps == [1]
    assert tab.locator("#sheet").count() == 0


def drag_slider(tab: Tab) -> None:
    """Move the line between before and after, and see more of the one."""
    shown = tab.locator("#slider img.fixed")
    expect(shown).to_have_attribute("style", re.compile(r"inset\(0px 0px 0px 50%\)"))
    handle = tab.locator("#slider [data-testid=slider] .inner")
    box = handle.bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] - 80, box["y"] + box["height"] / 2, steps=4)
    tab.mouse.up()
    expect(shown).not_to_have_attribute("style", re.compile(r"inset\(0px 0px 0px 50%\)"))


def test_stop_keeps_what_is_there(page: Page, open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    ready(tab)
    page.fine.hold(12)
    tab.locator("#paint").click()
    expect(tab.locator("#preview img")).to_have_attribute("alt", "The picture after 10 steps")
    tab.locator("#stop").click()
    expect(tab.locator("#progress")).to_contain_text("Stopping after this step")
    page.fine.release()
    expect(tab.locator("#slider img[data-testid=imageslider-image]")).to_have_count(2)
    expect(tab.locator("#facts")).to_contain_text("stopped after step 10")
    assert page.fine.steps[-1] == 12  # it was in the twelfth step, and began no other
    assert page.fine.running == 0
    found = load_image(download(tab, tmp_path))
    made = settings(found) or {}
    assert found.size == (128, 85)
    assert (made["stopped_at"], made["model"], made["size"], made["seed"]) == (10, "fine", [128, 85], 0)
    expect(tab.locator("#paint")).to_be_visible()


def test_a_file_that_is_no_good_picture(page: Page, open_tab: OpenTab, tmp_path: Path) -> None:
    (tmp_path / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"></svg>')
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(64))
    (tmp_path / "note.png").write_text("no picture at all\n")
    Image.new("RGB", (64, 64)).save(tmp_path / "scan.tiff")
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    tab = open_tab()
    ready(tab)
    upload(tab, "content", CONTENT)
    before = tab.locator("#content .image-frame img")
    expect(before).to_have_attribute("src", re.compile("mountain"))
    kept = picture(tab, "content")
    for name, sentence in (
        ("drawing.svg", "SVG"), ("phone.heic", "HEIC"), ("note.png", "text"), ("scan.tiff", "TIFF"),
        ("small.png", "8x8"),
    ):  # fmt: skip
        upload(tab, "content", tmp_path / name)
        toast = tab.get_by_test_id("toast-body")
        expect(toast).to_contain_text(re.compile(rf"The .*{sentence}.*\."))
        expect(tab.locator("#content .image-frame img")).to_have_attribute("src", kept)
        tab.get_by_test_id("toast-close").click()
        expect(toast).to_have_count(0)
    expect(tab.locator("#size input[type=number]")).to_have_value(str(SIZE))
    tab.locator("#paint").click()
    expect(tab.locator("#facts")).to_contain_text("128 × 85 pixels")
    expect(tab.get_by_test_id("toast-body")).to_have_count(0)


def test_a_mistake_loses_nothing(page: Page, open_tab: OpenTab) -> None:
    tab = open_tab()
    ready(tab)
    tab.locator("#paint").click()
    expect(tab.locator("#facts")).to_contain_text("128 × 85 pixels")
    result = tab.locator("#slider img.fixed").get_attribute("src") or ""
    tab.get_by_role("button", name="Blend in more styles").click()
    put(tab, "weight", "0")
    tab.locator("#paint").click()
    told(tab, "All style weights are 0; make at least one of them larger.")
    expect(tab.locator("#paint")).to_be_visible()
    expect(tab.locator("#slider img.fixed")).to_have_attribute("src", result)
    expect(tab.locator("#weight input[type=number]")).to_have_value("0")
    tab.locator("#style").get_by_role("button", name="Remove Image").click()
    tab.locator("#paint").click()
    told(tab, "There is no style picture yet; upload one or choose an example.")
    tab.get_by_role("button", name="Van Gogh: The Langlois Bridge").click()
    expect(tab.locator("#style .image-frame img")).to_have_attribute("src", re.compile("van-gogh-langlois-bridge"))


def test_work_stops_when_the_tab_is_closed(page: Page, open_tab: OpenTab) -> None:
    tab = open_tab()
    ready(tab)
    page.fine.hold(7)
    tab.locator("#paint").click()
    expect(tab.locator("#progress")).to_contain_text("step 6 of 14")
    tab.close()
    until(lambda: not page.jobs._running)
    assert page.fine.running == 1  # held in its seventh step
    page.fine.release()
    until(lambda: not page.fine.running)
    assert page.fine.steps == list(range(1, 8))


def test_a_later_press_takes_the_place_of_an_earlier_one(page: Page, open_tab: OpenTab) -> None:
    tab = open_tab(path="/?tab=style&size=128")
    wall = tab.locator("#wall button")
    page.fine.hold(5)
    wall.nth(3).click()
    expect(tab.locator("#progress")).to_contain_text("step")
    wall.nth(1).click()
    expect(tab.locator("#progress")).to_contain_text("In the queue")
    page.fine.release()
    expect(tab.locator("#facts")).to_contain_text("after Marbling")
    tab.get_by_role("tab", name="My results", exact=True).click()
    expect(tab.locator("#session-grid button")).to_have_count(1)  # nothing of the first


def test_waiting_and_leaving(open_tab: OpenTab, tmp_path: Path) -> None:
    """One paints finely, one waits and leaves; then there is a place, and quick work does not wait for the first."""
    with serve(tmp_path / "files", "--max-queue", "1") as page:
        tabs = [open_tab(url=page.url) for _ in range(3)]
        for tab in tabs:
            ready(tab)
        page.fine.hold(7)
        tabs[0].locator("#paint").click()
        expect(tabs[0].locator("#progress")).to_contain_text("step 6 of 14")
        tabs[1].locator("#paint").click()
        expect(tabs[1].locator("#progress")).to_contain_text("In the queue: 1 before you")
        tabs[2].locator("#paint").click()
        expect(tabs[2].get_by_test_id("toast-body")).to_contain_text("The queue is full, with 1 waiting")
        expect(tabs[2].locator("#paint")).to_be_visible()
        tabs[1].locator("#stop").click()
        expect(tabs[1].locator("#paint")).to_be_visible()
        # Requests of the page pass through this thread: it must not sleep.
        until(lambda: page.jobs.waiting == 0, lambda seconds: tabs[1].wait_for_timeout(1000 * seconds))
        choose(tabs[1], "Fast")
        tabs[1].locator("#paint").click()
        expect(tabs[1].locator("#progress")).to_contain_text("In the queue: you are next")
        page.fine.go_on(12)
        expect(tabs[1].locator("#facts")).to_have_text(re.compile("128 × 85 pixels.*Fast"))
        expect(tabs[0].locator("#stop")).to_be_visible()  # it still paints
        page.fine.release()
        expect(tabs[0].locator("#facts")).to_contain_text("128 × 85 pixels")
        assert page.fine.most_at_once == 1
        for tab in tabs:
            tab.close()


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everything_can_be_reached(open_tab: OpenTab, screen: tuple[int, int]) -> None:
    tab = open_tab(screen)
    ready(tab)
    assert tab.title() == "DeepArt"
    for name in ("Blend in more styles", "Fine tuning", "Try many styles at once"):
        tab.get_by_role("button", name=name).click()
    no_sideways_scroll(tab)
    sliders = ["Strength", "Stroke size", "Size", "Weight of the first style", "Steps", "Style weight"]
    controls = [tab.get_by_role("slider", name=f"range slider for {name}", exact=True) for name in sliders]
    controls += [tab.get_by_role("checkbox", name="Keep the content's colours"), tab.locator("#seed input")]
    controls += [tab.get_by_role("radio", name=name) for name in ("Fast", "Fine")]
    buttons = ("Woodcut", "A portrait", "Shuffle", "Paint", "Paint the sheet")
    controls += [tab.get_by_role("button", name=name, exact=True) for name in buttons]
    for control in controls:
        control.scroll_into_view_if_needed()
        expect(control).to_be_in_viewport(ratio=0.98)
    tab.get_by_role("button", name="Shuffle").click()
    expect(tab.locator("#seed input")).not_to_have_value("0")
    if screen == DESKTOP:  # Gradio hides it on a narrow screen
        tab.get_by_role("button", name="Use via API").click()
        expect(tab.get_by_text("/stylize").first).to_be_visible()


def test_the_tab_opens_with_a_painting(
    open_tab: OpenTab, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be looked at, downloaded and sent before anything has run; "My results" has what the visitor makes."""
    example = first_style.write(page.fine, tmp_path / "first" / "style", SIZE)
    monkeypatch.setattr("deepart.ui.finished.EXAMPLES", tmp_path)
    with serve(tmp_path / "files") as other:
        tab = open_tab(url=other.url)
        expect(tab.locator("#slider img[data-testid=imageslider-image]")).to_have_count(2)
        expect(tab.locator("#facts")).to_contain_text("A finished example")
        assert [picture(tab, box).split("/")[-1] for box in ("content", "style")] == ["portrait.jpg", "marbling.webp"]
        size_shown(tab, 512, 2048)
        assert other.fine.steps == []
        drag_slider(tab)
        kept = download(tab, tmp_path)
        assert (kept.name, kept.read_bytes()) == ("portrait-marbling.png", example.read_bytes())
        tab.locator("#style-to-style").click()
        expect(tab.locator("#style .image-frame img")).to_have_attribute("src", re.compile("portrait-marbling"))
        tab.get_by_role("button", name="Marbling", exact=True).click()
        expect(tab.locator("#style .image-frame img")).to_have_attribute("src", re.compile("marbling.webp"))
        tab.get_by_role("tab", name="My results").click()
        expect(tab.locator("#session-told")).to_contain_text("is kept here")
        tab.get_by_role("tab", name="Style transfer").click()
        put(tab, "size", str(SIZE))
        tab.locator("#paint").click()
        expect(tab.locator("#facts")).to_contain_text("113 × 128 pixels")
        again = load_image(download(tab, tmp_path))
        assert same(again, load_image(example))
        assert settings(again) == (settings(load_image(example)) or {}) | {"from": ["portrait", "marbling"]}
        tab.close()


def test_a_pair_fills_both_boxes_and_sets_the_sliders(open_tab: OpenTab) -> None:
    tab = open_tab()
    ready(tab, "Fast")
    pair = PAIRS[-1]
    tab.get_by_role("button", name="A portrait · Kandinsky: Composition VIII").click()
    expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile(pair.content))
    expect(tab.locator("#style .image-frame img")).to_have_attribute("src", re.compile(pair.style))
    expect(tab.locator("#strength input[type=number]")).to_have_value(str(pair.strength))
    expect(tab.locator("#scale input[type=number]")).to_have_value(str(pair.scale))
    thumbnail = tab.locator("#pairs span").first
    assert "url(" in thumbnail.evaluate("element => getComputedStyle(element).backgroundImage")


@SCREENS
def test_a_painting_is_downloaded_in_the_format_that_was_chosen(
    open_tab: OpenTab, tmp_path: Path, screen: tuple[int, int]
) -> None:
    tab = open_tab(screen)
    ready(tab, "Fast")
    expect(tab.locator("#download")).to_be_disabled()
    tab.locator("#paint").click()
    expect(tab.locator("#facts")).to_contain_text("128 × 85 pixels")
    exact = load_image(download(tab, tmp_path))
    with Image.open(tmp_path / "stained-glass-cat-128.png") as saved:
        assert [round(inch) for inch in saved.info["dpi"]] == [300, 300]
    for kind, suffix in (("JPEG", ".jpg"), ("WEBP", ".webp")):
        box = tab.locator("#download-format").get_by_role("listbox").or_(tab.locator("#download-format input")).first
        box.click()
        tab.get_by_role("option", name=kind).dispatch_event("mousedown")  # a small screen may scroll meanwhile
        expect(box).to_have_value(kind)
        until(lambda suffix=suffix: download(tab, tmp_path).suffix == suffix)
        path = tmp_path / f"stained-glass-cat-128{suffix}"
        with Image.open(path) as saved:
            assert saved.format == kind
            assert kind == "WEBP" or saved.info["dpi"] == (300, 300)
        assert max(high for _, high in ImageChops.difference(load_image(path), exact).getextrema()) < 128


def cut_away_the_right_half(tab: Tab) -> None:
    """Drag the right side of the frame in the editor, which has room of 30 pixels beside a wide picture."""
    editor = tab.locator("#crop-editor")
    confirm = editor.get_by_role("button", name="Confirm crop")

    def offered() -> bool:  # a picture that comes only now takes the tool away
        for tool in ("Image", "Crop"):
            with suppress(Error):
                editor.get_by_role("button", name=tool, exact=True).click(timeout=5000)
            tab.wait_for_timeout(800)
        return confirm.is_visible()

    until(offered)
    editor.scroll_into_view_if_needed()
    canvas = editor.locator("canvas").first.bounding_box()
    assert canvas is not None
    middle = canvas["y"] + (canvas["height"] - 40) / 2  # above its buttons
    tab.mouse.move(canvas["x"] + canvas["width"] - 28, middle)
    tab.mouse.down()
    tab.mouse.move(canvas["x"] + canvas["width"] / 2, middle, steps=5)
    tab.mouse.up()
    with tab.expect_response(re.compile("component_server")):  # it sends what is left
        confirm.click()
    tab.wait_for_timeout(1000)


@SCREENS
def test_a_photograph_is_cut_before_it_is_painted(open_tab: OpenTab, tmp_path: Path, screen: tuple[int, int]) -> None:
    tab = open_tab(screen)
    ready(tab, "Fast")
    Image.effect_mandelbrot((200, 120), (-2, -1, 1, 1), 50).convert("RGB").save(tmp_path / "mine.png")
    upload(tab, "content", tmp_path / "mine.png")
    expect(tab.locator("#content .image-frame img")).to_have_attribute("src", re.compile("mine"))
    tab.get_by_role("button", name="Cut it to size").click()
    expect(tab.locator("#crop-editor canvas").first).to_be_visible()
    no_sideways_scroll(tab)
    cut_away_the_right_half(tab)
    content = tab.locator("#content .image-frame img")
    for proportions in ("As it is", "Square"):
        tab.get_by_role("radio", name=proportions).check()
        before = picture(tab, "content")
        tab.locator("#crop-use").click()
        expect(content).not_to_have_attribute("src", before)
        until(lambda: content.evaluate("one => one.naturalWidth"))
        assert 80 <= content.evaluate("one => one.naturalWidth") <= 120  # it was 200
    tab.locator("#paint").click()
    expect(tab.locator("#facts")).to_contain_text("128 × 128 pixels")
    assert download(tab, tmp_path).name == "stained-glass-mine-128.png"


def test_the_tab_speaks_chinese(page: Page, open_tab: OpenTab) -> None:
    tab = open_tab(locale="zh-CN")
    expect(tab.locator("#paint")).to_have_text("开始绘制")
    expect(tab.locator("#content label").first).to_contain_text("你的照片")
    put(tab, "size", str(SIZE))
    page.fine.hold(7)
    tab.get_by_role("button", name="猫 · 彩色玻璃").click()
    expect(tab.locator("#style .image-frame img")).to_have_attribute("src", re.compile("stained-glass"))
    expect(tab.locator("#progress")).to_contain_text("第 6 步")
    expect(tab.locator("#stop")).to_have_text("停止")
    page.fine.release()
    expect(tab.locator("#facts")).to_have_text(re.compile(r"128 × 85 像素 · \d+ 秒 · 种子 0 · "))
    tab.get_by_role("button", name="一次试多种风格").click()
    tab.locator("#sheet-paint").click()
    expect(tab.locator("#sheet .gallery-item").nth(7)).to_contain_text("葛饰北斋：《神奈川冲浪里》")
    tab.locator("#sheet .gallery-item button").nth(7).click()
    expect(tab.locator("#sheet-told")).to_contain_text("已将风格图换成葛饰北斋：《神奈川冲浪里》")
    tab.locator("#style").get_by_role("button", name="Remove Image").click()
    tab.locator("#paint").click()
    told(tab, "还没有风格图；请上传一张，或选一个示例。")

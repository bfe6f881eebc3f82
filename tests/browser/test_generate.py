"""The tab "Generate" in a browser, used as visitors use it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hands import DESKTOP, PATIENCE, PHONE, OpenTab, brought, go, no_sideways_scroll, put, same, save, told, write
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab
from running_page import Page, free_port, load_app, until

from deepart import GANPipeline, load_image, save_png, settings
from deepart.cache import Studio
from deepart.ui.finished import FIRST_SEED, PICTURES
from deepart.ui.inputs import EXAMPLES
from recipes import first_generate

PHOTO = EXAMPLES / "content" / "mountain.jpg"


@pytest.fixture
def tab(open_tab: OpenTab) -> Tab:
    """The page with the first pictures on the grid."""
    return ready(open_tab())


def ready(tab: Tab) -> Tab:
    """Make the first pictures, as the tiny model has no finished example."""
    expect(tab.locator("#gan-about")).to_be_visible()
    if "·" not in tab.locator("#gan-about").inner_text():
        tab.locator("#gan-make").click()
    expect(grid(tab)).to_have_count(16)
    chosen(tab, "Seed 0")
    return tab


def test_new_pictures_are_painted_large_on_the_grid_and_one_by_its_button(open_tab: OpenTab) -> None:
    tab = open_tab(path="/?tab=generate&seed=0&count=2&size=512")
    expect(tab.locator("#gan-count input[type=number]")).to_have_value("2")
    tab.locator("#gan-make").click()
    expect(grid(tab)).to_have_count(2)
    expect(tab.locator("#gan-progress")).to_contain_text("Painting picture")
    expect(tab.locator("#gan-make")).to_be_visible(timeout=60_000)
    expect(tab.locator("#chosen-title")).to_contain_text("512 × 512 pixels")
    click(tab, 1)
    expect(tab.locator("#chosen-title")).to_contain_text("Seed 1")
    expect(tab.locator("#chosen-title")).to_contain_text("512 × 512 pixels")
    tab.locator("#large-paint").click()
    expect(tab.locator("#large-paint")).to_be_visible(timeout=60_000)
    expect(tab.locator("#chosen-title")).to_contain_text("512 × 512 pixels")


def grid(tab: Tab) -> Locator:
    return tab.locator("#grid .gallery-item")


def click(tab: Tab, index: int) -> None:
    grid(tab).nth(index).locator("button").click()


def chosen(tab: Tab, words: str) -> None:
    """Wait until a picture of this name, or with these facts, is the chosen one."""
    expect(tab.locator("#chosen-title")).to_contain_text(words)


def make(tab: Tab, **boxes: str) -> None:
    for box, value in boxes.items():
        put(tab, f"gan-{box}", value)
    tab.locator("#gan-make").click()


def saved(tab: Tab, folder: Path) -> Image.Image:
    """The chosen picture, as its file has it."""
    return load_image(save(tab, "chosen-download", folder))


# ------------------------------------------------------------------------------------------------------------- the grid


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_grid_and_a_click(page: Page, open_tab: OpenTab, tmp_path: Path, screen: tuple[int, int]) -> None:
    tab = ready(open_tab(screen))
    no_sideways_scroll(tab)
    make(tab, seed="40", count="5", truncation="0.7")
    expect(grid(tab)).to_have_count(5)
    expect(tab.locator("#gan-about")).to_have_text("Seeds 40 to 44 · variety 0.7")
    chosen(tab, "Seed 40")
    click(tab, 3)
    chosen(tab, "Seed 43")
    chosen(tab, "32 × 32 pixels, enlarged here")
    expect(tab.locator("#chosen img")).to_be_in_viewport()
    no_sideways_scroll(tab)
    path = save(tab, "chosen-download", tmp_path)
    [expected] = page.landscapes.generate(seed=43, truncation=0.7)
    assert path.name == "deepart-landscapes-seed-43-32.png"
    assert same(load_image(path), expected)
    assert settings(load_image(path)) == settings(expected)


def test_a_surprise_is_named_and_can_be_had_again(page: Page, tab: Tab) -> None:
    tab.locator("#gan-dice").click()
    expect(tab.locator("#gan-seed input")).not_to_have_value("0")
    seed = int(tab.locator("#gan-seed input").input_value())
    expect(tab.locator("#gan-about")).to_contain_text(f"Seeds {seed} to {seed + 15}")
    click(tab, 2)
    chosen(tab, f"Seed {seed + 2}")
    tab.locator("#use-seed").click()
    expect(tab.locator("#gan-seed input")).to_have_value(str(seed + 2))
    make(tab, count="1")
    expect(grid(tab)).to_have_count(1)
    expect(tab.locator("#gan-about")).to_contain_text(f"Seed {seed + 2} ")


def test_all_pictures_as_a_zip(page: Page, tab: Tab, tmp_path: Path) -> None:
    make(tab, seed="7", count="3")
    expect(grid(tab)).to_have_count(3)
    path = save(tab, "gan-zip", tmp_path)
    assert path.name == "deepart-landscapes-3-from-seed-7.zip"
    with zipfile.ZipFile(path) as packed:
        assert packed.namelist() == [f"0{n}-deepart-landscapes-seed-{n + 6}-32.png" for n in (1, 2, 3)]
        pictures = [load_image(io.BytesIO(packed.read(name))) for name in packed.namelist()]
    for picture, expected in zip(pictures, page.landscapes.generate(3, seed=7), strict=True):
        assert same(picture, expected)
        assert settings(picture) == settings(expected)


def test_a_sweep_of_truncations(page: Page, tab: Tab, tmp_path: Path) -> None:
    click(tab, 6)
    chosen(tab, "Seed 6")
    tab.locator("#gan-sweep").click()
    expect(grid(tab)).to_have_count(7)
    expect(grid(tab).nth(2)).to_contain_text("Seed 6 at 0.6")
    click(tab, 2)
    chosen(tab, "variety 0.6")
    assert same(saved(tab, tmp_path), page.landscapes.generate(seed=6, truncation=0.6)[0])


def test_mistakes_get_a_sentence_and_lose_nothing(page: Page, tab: Tab, tmp_path: Path) -> None:
    click(tab, 3)
    chosen(tab, "Seed 3")
    for seed, sentence in (
        ("-1", "The seed is -1; it must be a whole number from 0 to 4294967295."),
        ("99999999999", "The seed is 99999999999"),
        ("4294967295", "The seed is 4294967295, and with 16 pictures the last would be"),
        ("", "There is no seed"),
    ):
        make(tab, seed=seed)
        told(tab, sentence)
        expect(tab.locator("#gan-make")).to_be_visible()
    go(tab, "Walk")
    write(tab, "walk-seeds", "3, x, 5")
    tab.locator("#walk-start").click()
    told(tab, "The seed 'x' is no whole number from 0 to 4294967295; write seeds like 3, 17, 42.")
    go(tab, "Mix")
    for detail, sentence in (("", "There is no picture for the detail yet"), ("-4", "The seed is -4")):
        put(tab, "mix-detail", detail)
        tab.locator("#mix-start").click()
        told(tab, sentence)
    put(tab, "mix-shape", "-4")
    tab.locator("#mix-start").click()
    told(tab, "The seed is -4")
    go(tab, "Find")
    tab.locator("#find-start").click()
    told(tab, "There is no picture to find yet")
    (tmp_path / "note.png").write_text("no picture at all\n")
    tab.locator("#find-picture input[type=file]").set_input_files(tmp_path / "note.png")
    told(tab, "The file is text")
    expect(grid(tab)).to_have_count(16)
    chosen(tab, "Seed 3")


def test_another_model(page: Page, tab: Tab, tmp_path: Path) -> None:
    expect(tab.locator("#direction-1")).to_contain_text("Daylight")
    expect(tab.locator("#direction-3")).to_be_visible()
    tab.get_by_role("radio", name="Portraits").check()
    expect(tab.locator("#direction-1")).to_contain_text("Hair")
    expect(tab.locator("#direction-3")).to_be_hidden()
    expect(tab.locator("#gan-make")).to_be_visible()
    assert same(saved(tab, tmp_path), page.portraits.generate(seed=0)[0])


# -------------------------------------------------------------------------------------------------- the first minute


class Watched(Studio):
    """The models themselves, and a record of which generators were asked for."""

    def __init__(self) -> None:
        super().__init__(device="cpu")
        self.asked: list[str | None] = []

    def gan(self, name: str | None = None) -> GANPipeline:
        self.asked.append(name)
        return super().gan(name)


@dataclass
class Real:
    """A page over the models themselves."""

    url: str
    studio: Watched


@pytest.fixture(scope="module")
def real(page: Page) -> Iterator[Real]:
    """It shares the folder for files with the other page, as Gradio has one for the whole process."""
    module, studio = load_app(), Watched()
    options = module.parse(["--port", str(free_port())])
    blocks = module.launch(studio, options, prevent_thread_lock=True, quiet=True)
    yield Real(f"http://127.0.0.1:{options.port}", studio)
    blocks.close()


def test_the_tab_opens_with_pictures_and_loads_nothing(real: Real, open_tab: OpenTab, tmp_path: Path) -> None:
    real.studio.asked.clear()
    tab = open_tab(url=real.url, path="/?tab=generate&painted=false")
    seeds = [FIRST_SEED + n for n in range(PICTURES)]
    about = f"Seeds {seeds[0]} to {seeds[-1]} · variety 1"
    expect(tab.locator("#gan-about")).to_have_text(about)
    [first, third] = [
        load_image(first_generate.FOLDER / f"deepart-landscapes-seed-{seeds[n]}.png") for n in (0, 2)
    ]  # fmt: skip
    assert same(saved(tab, tmp_path), first)
    click(tab, 2)
    chosen(tab, f"Seed {seeds[2]}")
    path = save(tab, "chosen-download", tmp_path)
    assert path.name == f"deepart-landscapes-seed-{seeds[2]}.png"
    assert same(load_image(path), third)
    with zipfile.ZipFile(save(tab, "gan-zip", tmp_path)) as packed:
        assert len(packed.namelist()) == PICTURES
    tab.locator("#like").click()
    go(tab, "Breed")
    expect(tab.locator("#liked button")).to_have_attribute("title", f"Seed {seeds[2]}")
    assert real.studio.asked == []

    go(tab, "Change")
    put(tab, "direction-1", "2")
    chosen(tab, " +2")
    assert set(real.studio.asked) == {"landscapes"}
    tab.locator("#gan-make").click()
    expect(tab.locator("#gan-make")).to_be_visible()
    expect(tab.locator("#gan-about")).to_have_text(about)
    click(tab, 2)
    expect(tab.locator("#chosen-title")).not_to_contain_text(" +2")
    small = saved(tab, tmp_path)
    assert max(ImageStat.Stat(ImageChops.difference(third.resize(small.size), small)).mean) < 25


def test_the_tab_in_chinese(real: Real, open_tab: OpenTab) -> None:
    tab = open_tab(url=real.url, path="/?tab=generate&painted=false", locale="zh-CN")
    first, last = FIRST_SEED, FIRST_SEED + PICTURES - 1
    chosen(tab, f"种子 {first}")
    expect(tab.locator("#gan-about")).to_have_text(f"种子 {first} 到 {last} · 多样性 1")
    expect(tab.locator("#chosen img")).to_have_attribute("alt", f"种子 {first}，已画成大图")
    expect(grid(tab).nth(3)).to_contain_text(f"种子 {last}")
    tab.locator("#like").click()
    expect(tab.locator("#like")).to_have_text("♥ 已喜欢")
    go(tab, "繁育")
    tab.locator("#breed-start").click()
    expect(tab.locator("#gan-about")).to_have_text(f"第 1 代：种子 {first} 的子代")
    expect(grid(tab).nth(1)).to_contain_text("第 1 代的子代 2")
    make(tab, seed="")
    told(tab, "没有种子；请输入 0 到 4294967295 之间的整数。")


# -------------------------------------------------------------------------------------------------- the chosen picture


def test_directions(page: Page, tab: Tab, tmp_path: Path) -> None:
    click(tab, 5)
    chosen(tab, "Seed 5")
    put(tab, "direction-1", "2")
    chosen(tab, "daylight +2")
    put(tab, "direction-3", "-1.5")
    chosen(tab, "daylight +2 · warmth -1.5")
    [expected] = page.landscapes.generate(seed=5, directions={"daylight": 2.0, "warmth": -1.5})
    found = saved(tab, tmp_path)
    assert same(found, expected)
    assert settings(found) == settings(expected)

    tab.locator("#apply").click()
    expect(tab.locator("#gan-about")).to_contain_text("with the sliders' changes")
    click(tab, 9)
    chosen(tab, "Seed 9")
    chosen(tab, "daylight +2 · warmth -1.5")
    assert same(saved(tab, tmp_path), page.landscapes.generate(seed=9, directions={"daylight": 2.0, "warmth": -1.5})[0])

    tab.locator("#reset").click()
    expect(tab.locator("#chosen-title")).not_to_contain_text("daylight")
    expect(tab.locator("#direction-1 input[type=number]")).to_have_value("0")
    assert same(saved(tab, tmp_path), page.landscapes.generate(seed=9)[0])


def test_a_picture_chosen_meanwhile_is_left_alone(page: Page, tab: Tab, open_tab: OpenTab, tmp_path: Path) -> None:
    other = ready(open_tab())
    go(other, "Walk")
    page.landscapes.hold(16)
    other.locator("#walk-start").click()
    expect(other.locator("#walk-progress")).to_contain_text("Making")
    until(page.landscapes.held.is_set, lambda seconds: tab.wait_for_timeout(1000 * seconds))
    put(tab, "direction-1", "2")  # waits, since the other visitor has the slot
    expect(tab.locator("#direction-1 input[type=number]")).to_have_value("2")
    click(tab, 5)
    chosen(tab, "Seed 5")
    tab.locator("#gan-sweep").click()  # comes after what has waited
    page.landscapes.release()
    expect(tab.locator("#gan-about")).to_contain_text("Seed 5 at variety")
    expect(tab.locator("#chosen-title")).not_to_contain_text("daylight")
    expect(tab.locator("#direction-1 input[type=number]")).to_have_value("0")
    assert same(saved(tab, tmp_path), page.landscapes.generate(seed=5)[0])


def test_the_chosen_picture_stays_in_sight(open_tab: OpenTab) -> None:
    tab = ready(open_tab(DESKTOP))
    tab.locator("#apply").scroll_into_view_if_needed()
    tab.mouse.wheel(0, 2000)
    expect(tab.locator("#apply")).to_be_in_viewport()
    expect(tab.locator("#chosen img")).to_be_in_viewport(ratio=0.9)


def test_on_a_phone_a_press_shows_what_it_changes(open_tab: OpenTab) -> None:
    tab = ready(open_tab(PHONE))
    tab.locator("#direction-1 input[type=range]").click(position={"x": 9, "y": 5})
    expect(tab.locator("#chosen img")).to_be_in_viewport(ratio=0.9)
    chosen(tab, "daylight")
    for button, seen in (("apply", "grid"), ("gan-sweep", "grid"), ("reset", "chosen"), ("large-paint", "chosen")):
        tab.locator(f"#{button}").click()
        expect(tab.locator(f"#{seen} img").first).to_be_in_viewport(ratio=0.9)
        no_sideways_scroll(tab)
    tab.locator("#large-stop").click()
    go(tab, "Find")
    tab.locator("#find-picture input[type=file]").set_input_files(PHOTO)
    steps(tab, "20")
    tab.locator("#find-start").click()
    chosen(tab, "Found picture")
    expect(tab.locator("#chosen img")).to_be_in_viewport(ratio=0.9)


def test_settings_come_back_from_a_picture(page: Page, tab: Tab, tmp_path: Path) -> None:
    [made] = page.portraits.generate(seed=77, truncation=0.6, directions={"smile": -2.0})
    save_png(made, tmp_path / "mine.png")
    brought(tab, tmp_path / "mine.png", "Seed 77")
    chosen(tab, "Seed 77")
    expect(tab.locator("#gan-seed input")).to_have_value("77")
    expect(tab.locator("#gan-truncation input[type=number]")).to_have_value("0.6")
    expect(tab.get_by_role("radio", name="Portraits")).to_be_checked()
    go(tab, "Change")
    expect(tab.locator("#direction-2")).to_contain_text("Smile")
    expect(tab.locator("#direction-2 input[type=number]")).to_have_value("-2")
    found = saved(tab, tmp_path)
    assert same(found, made)
    assert settings(found) == settings(made)
    [child] = page.landscapes.breed([3, 17], 1)
    save_png(child, tmp_path / "child.png")
    brought(tab, tmp_path / "child.png", "Child of 3, 17")
    chosen(tab, "Child of 3, 17")
    assert same(saved(tab, tmp_path), child)


# -------------------------------------------------------------------------------------------------------------- walks


def test_a_walk(page: Page, tab: Tab, tmp_path: Path) -> None:
    click(tab, 5)
    chosen(tab, "Seed 5")
    go(tab, "Walk")
    write(tab, "walk-seeds", "3, 17")
    put(tab, "walk-frames", "20")
    page.landscapes.hold(16)
    tab.locator("#walk-start").click()
    expect(tab.locator("#walk-progress")).to_contain_text("Making 20 frames")
    assert page.landscapes.held.wait(60)
    page.landscapes.release()
    expect(tab.locator("#walk-stage img")).to_have_attribute("alt", "A walk: Seed 5 → Seed 3 → Seed 17 → Seed 5")
    expect(tab.locator("#walk-stage")).to_contain_text("20 frames")
    expected = page.landscapes.walk([5, 3, 17], frames=20, loop=True)
    for kind in ("webp", "gif"):
        path = save(tab, f"walk-{kind}", tmp_path)
        assert path.name == f"deepart-walk-seed-5-20.{kind}"
        with Image.open(path) as film:
            assert film.n_frames == 20
            assert film.size == (32, 32)
            difference = ImageChops.difference(film.convert("RGB"), expected[0])
            assert max(high for _, high in difference.getextrema()) < 120  # one is packed lossily, one in 256 colours
    assert save(tab, "walk-mp4", tmp_path).read_bytes()[4:8] == b"ftyp"


def test_a_walk_is_painted_large(tab: Tab, tmp_path: Path) -> None:
    go(tab, "Walk")
    write(tab, "walk-seeds", "3, 4")
    put(tab, "walk-frames", "8")
    tab.get_by_role("checkbox", name="Paint each frame large").check()
    tab.locator("#walk-start").click()
    expect(tab.locator("#walk-stage")).to_contain_text("8 frames")
    with Image.open(save(tab, "walk-webp", tmp_path)) as film:
        assert (film.n_frames, film.size) == (8, (512, 512))
        first = film.convert("RGB")
        film.seek(1)
        assert not same(first, film.convert("RGB"))


def test_a_walk_is_stopped(page: Page, tab: Tab) -> None:
    go(tab, "Walk")
    put(tab, "walk-frames", "60")
    page.landscapes.hold(32)
    tab.locator("#walk-start").click()
    expect(tab.locator("#walk-stage img")).to_have_attribute("alt", "A frame of the walk")
    assert page.landscapes.held.wait(60)
    tab.locator("#walk-stop").click()
    expect(tab.locator("#walk-progress")).to_contain_text("Stopping after this step")
    page.landscapes.release()
    expect(tab.locator("#walk-start")).to_be_visible()
    expect(tab.locator("#walk-stage")).to_contain_text("The walk was stopped.")
    assert page.landscapes.steps == [16, 32]


# ----------------------------------------------------------------------------------------------------- mixing, breeding


def mark(tab: Tab, *indices: int) -> None:
    """Give pictures of the grid a heart; the last of them is the chosen one then."""
    go(tab, "Breed")
    for number, index in enumerate(indices, 1):
        click(tab, index)
        chosen(tab, f"Seed {index}")
        tab.locator("#like").click()
        expect(tab.locator("#liked button")).to_have_count(number)


def test_a_mix_both_ways(page: Page, tab: Tab, tmp_path: Path) -> None:
    click(tab, 5)
    chosen(tab, "Seed 5")
    tab.locator("#as-shape").click()
    expect(tab.locator("#mix-told")).to_contain_text("Seed 5")
    put(tab, "mix-detail", "11")
    tab.locator("#mix-start").click()
    mixes = grid(tab)
    expect(mixes).to_have_count(4)
    names = ["Seed 5", "Seed 5, detail of Seed 11", "Seed 11, detail of Seed 5", "Seed 11"]
    for mix, name in zip(mixes.all(), names, strict=True):
        expect(mix).to_contain_text(name)
    pairs = [(5, 11), (11, 5)]
    for index, pair in enumerate(pairs, 1):
        mixes.nth(index).locator("button").click()
        chosen(tab, names[index])
        found = saved(tab, tmp_path)
        assert same(found, page.landscapes.mix(*pair))
        assert settings(found) == settings(page.landscapes.mix(*pair))
    go(tab, "Change")
    put(tab, "direction-2", "1")
    chosen(tab, "trees +1")
    assert same(saved(tab, tmp_path), page.landscapes.mix(11, 5, directions={"trees": 1.0}))


def test_breeding_twice_with_ancestry(page: Page, tab: Tab, tmp_path: Path) -> None:
    mark(tab, 4, 8)
    heart = "e => getComputedStyle(e, '::after').display"
    assert [grid(tab).nth(index).evaluate(heart) for index in (4, 5)] == ["grid", "none"]
    put(tab, "children", "6")
    put(tab, "mutation", "0.3")
    tab.locator("#breed-start").click()
    expect(grid(tab)).to_have_count(6)
    expect(tab.locator("#gan-about")).to_have_text("Generation 1: children of Seed 4, Seed 8")
    click(tab, 1)
    chosen(tab, "Child 2 of generation 1")
    chosen(tab, "mutation 0.3")
    child = saved(tab, tmp_path)
    made = settings(child) or {}
    assert (made["parents"], made["mutation"], made["child"]) == ([4, 8], 0.3, 1)
    assert same(child, page.landscapes.breed([4, 8], 6, mutation=0.3, seed=made["seed"])[1])

    tab.locator("#like").click()
    expect(tab.locator("#like")).to_have_text("♥ Liked")
    expect(tab.locator("#liked button")).to_have_count(3)  # of these the one on the grid is the parent
    tab.locator("#breed-start").click()
    expect(tab.locator("#gan-about")).to_have_text("Generation 2: children of Child 2 of generation 1")
    litters = tab.locator("#family section")
    expect(litters).to_have_count(2)
    expect(litters.nth(0)).to_contain_text("Generation 2")
    expect(litters.nth(1)).to_contain_text("Seed 4, Seed 8 · mutation 0.3")
    expect(litters.nth(1).locator("button.da-raised")).to_have_attribute("title", "Child 2 of generation 1")
    litters.nth(1).get_by_role("button", name="Seed 8").click()  # back to a founder
    chosen(tab, "Seed 8")
    assert same(saved(tab, tmp_path), page.landscapes.generate(seed=8)[0])


def test_visitors_share_nothing(page: Page, open_tab: OpenTab) -> None:
    one, other = ready(open_tab()), ready(open_tab())
    mark(one, 4, 8)
    one.locator("#like").click()  # takes the heart away again
    expect(one.locator("#liked button")).to_have_count(1)
    one.locator("#unmark").click()
    expect(one.locator("#liked")).to_contain_text("No picture has a heart yet")
    go(other, "Breed")
    expect(other.locator("#liked")).to_contain_text("No picture has a heart yet")
    other.locator("#breed-start").click()
    expect(other.locator("#gan-about")).to_have_text("Generation 1: children of Seed 0")
    expect(one.locator("#family section")).to_have_count(0)
    expect(grid(one)).to_have_count(16)


# ------------------------------------------------------------------------------------------------------------ finding


def steps(tab: Tab, number: str) -> None:
    """Set the steps of a search."""
    put(tab, "find-steps", number)


def test_a_picture_is_found(page: Page, tab: Tab, tmp_path: Path) -> None:
    go(tab, "Find")
    tab.locator("#find-picture input[type=file]").set_input_files(PHOTO)
    steps(tab, "20")
    page.landscapes.hold(11)
    tab.locator("#find-start").click()
    pictures = tab.locator("#find-stage img")
    expect(pictures).to_have_count(2)
    expect(pictures.nth(1)).to_have_attribute("alt", re.compile(r"After (5|10) steps"))
    expect(tab.locator("#find-progress")).to_contain_text(re.compile(r"50 % · step 10 of 20"))
    page.landscapes.release()
    chosen(tab, "Found picture")
    expect(tab.locator("#find-stage")).to_contain_text(re.compile(r"\d+\.\d dB near it; it is the chosen picture now"))
    latent = page.landscapes.project(load_image(PHOTO), steps=20)
    [expected] = page.landscapes.generate(latents=latent)
    assert same(saved(tab, tmp_path), expected)
    go(tab, "Change")
    put(tab, "direction-2", "2")
    chosen(tab, "trees +2")
    assert same(saved(tab, tmp_path), page.landscapes.generate(latents=latent, directions={"trees": 2.0})[0])


def test_work_stops_when_the_visitor_leaves(page: Page, tab: Tab) -> None:
    go(tab, "Find")
    tab.locator("#find-picture input[type=file]").set_input_files(PHOTO)
    page.landscapes.hold(7)
    tab.locator("#find-start").click()
    # Requests of the page pass through this thread: it must not sleep before the page has understood.
    expect(tab.locator("#find-progress")).to_contain_text("step 6 of 200")
    tab.close()
    until(lambda: not page.jobs._running)
    page.landscapes.release()
    until(lambda: not page.landscapes.running)
    assert page.landscapes.steps == list(range(1, 8))


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everything_can_be_reached(open_tab: OpenTab, screen: tuple[int, int]) -> None:
    tab = ready(open_tab(screen))
    tools: dict[str, Any] = {
        "Change": ["#direction-1", "#reset", "#apply"],
        "Walk": ["#walk-seeds", "#walk-frames", "#walk-start"],
        "Mix": ["#mix-shape", "#mix-detail", "#mix-start"],
        "Breed": ["#mutation", "#children", "#breed-start"],
        "Find": ["#find-picture", "#find-steps", "#find-start"],
    }
    fixed = ["#gan-seed", "#gan-count", "#gan-truncation", "#gan-make", "#gan-dice", "#gan-zip", "#gan-sweep", "#like"]
    for name, controls in tools.items():
        go(tab, name)
        no_sideways_scroll(tab)
        if name == "Find":
            tab.locator("#find-picture input[type=file]").set_input_files(PHOTO)
        for control in [*controls, *fixed]:
            tab.locator(control).click(trial=True, timeout=PATIENCE)  # in sight, and nothing lies over it

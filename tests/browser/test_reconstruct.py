"""The tab "Reconstruct" in a browser, used as visitors use it."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hands import DESKTOP, PATIENCE, PHONE, OpenTab, go, no_sideways_scroll, put, same, save, told
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab
from running_page import Page, free_port, load_app, until

from deepart import Latent, VAEPipeline, load_image, save_png, settings
from deepart.cache import Studio
from deepart.pipelines.vae_views import channel, components, error_map
from deepart.ui.finished import PICTURE
from deepart.ui.inputs import EXAMPLES
from recipes import first_reconstruct

CAT, MOUNTAIN = EXAMPLES / "content" / "cat.jpg", EXAMPLES / "content" / "mountain.jpg"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of 96 x 64 pixels."""
    path = tmp_path_factory.mktemp("small") / "small.png"
    save_png(load_image(CAT).resize((96, 64)), path)
    return path


@pytest.fixture
def tab(open_tab: OpenTab, small: Path) -> Tab:
    """The tab with a small picture taken apart."""
    tab = begin(open_tab())
    upload(tab, "vae-picture", small)
    shown(tab, "small")
    return tab


@pytest.fixture
def faces(tab: Tab) -> Tab:
    """The same with the model of portraits, and its tools."""
    switch(tab, "Portraits")
    expect(tab.locator("#vary-start")).to_be_visible()
    return tab


def begin(tab: Tab) -> Tab:
    """Take the first example apart, as the tiny model has no finished one."""
    go(tab, "Reconstruct")
    tab.locator("#vae-start").click()
    shown(tab, "A cat")
    expect(tab.locator("#vae-start")).to_be_visible()
    return tab


def switch(tab: Tab, model: str) -> None:
    tab.locator("#vae-model").get_by_label(model).check()
    expect(tab.locator("#vae-title")).to_contain_text(f"{model} ·")


def upload(tab: Tab, box: str, path: Path) -> None:
    tab.locator(f"#{box} input[type=file]").set_input_files(path)


def shown(tab: Tab, name: str) -> None:
    """Wait until a picture of this name is the one that is taken apart."""
    expect(tab.locator("#vae-title .da-title")).to_have_text(name)


def pictures(tab: Tab) -> Locator:
    return tab.locator("#made-pictures .grid-container .gallery-item")


def is_file(path: Path, expected: Image.Image) -> None:
    """Check the pixels of a downloaded picture, and the settings in it."""
    found = load_image(path)
    assert same(found, expected)
    assert settings(found) == settings(expected)


# -------------------------------------------------------------------------------------------------- the first minute


class Watched(Studio):
    """The models themselves, and a record of which autoencoders were asked for."""

    def __init__(self) -> None:
        super().__init__(device="cpu")
        self.asked: list[str | None] = []

    def vae(self, name: str | None = None) -> VAEPipeline:
        self.asked.append(name)
        return super().vae(name)


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


def test_the_tab_opens_with_a_finished_reconstruction(real: Real, open_tab: OpenTab, tmp_path: Path) -> None:
    real.studio.asked.clear()
    tab = open_tab(url=real.url)
    go(tab, "Reconstruct")
    shown(tab, "Arcimboldo: Spring")
    expect(tab.locator("#vae-title")).to_contain_text("A finished example: Reconstruct makes it again")
    expect(tab.locator("#vae-slider img").first).to_be_visible()
    expect(tab.locator("#vae-facts")).to_contain_text(re.compile(r"PSNR\d+\.\d dB"))
    kept = load_image(first_reconstruct.FOLDER / f"{PICTURE}.png")
    path = save(tab, "vae-download", tmp_path)
    assert path.suffix == ".png"
    assert same(load_image(path), kept)
    go(tab, "Error map")
    expect(tab.locator("#vae-error img")).to_have_attribute("alt", re.compile("times 4:"))
    go(tab, "My results")
    expect(tab.locator("#session-grid button")).to_have_count(0)
    assert real.studio.asked == []

    go(tab, "Reconstruct")
    go(tab, "Look inside")
    expect(tab.locator("#vae-inside img")).to_be_visible()
    assert Latent.load(save(tab, "vae-latent", tmp_path)).size == kept.size
    assert real.studio.asked == []
    tab.locator("#vae-start").click()
    expect(tab.locator("#vae-facts")).to_contain_text("Encoded in")
    assert set(real.studio.asked) == {"pictures"}
    again = load_image(save(tab, "vae-download", tmp_path))
    assert ImageStat.Stat(ImageChops.difference(again, kept)).mean < [2.0] * 3


def test_the_example_in_chinese(real: Real, open_tab: OpenTab) -> None:
    tab = open_tab(PHONE, url=real.url, locale="zh-CN")
    go(tab, "重建")
    shown(tab, "阿尔钦博托：《春》")
    expect(tab.locator("#vae-title")).to_contain_text("这是做好的示例：点“重建”可重新做出 · 图片 · 347 × 421")
    expect(tab.locator("#vae-facts")).to_contain_text("压缩比5.87 : 1")
    expect(tab.locator("#vae-latent")).to_have_text("保存潜变量")
    no_sideways_scroll(tab)
    tab.locator("#vae-model label").nth(1).click()
    expect(tab.locator("#vary-start")).to_have_text("生成变体")
    expect(tab.locator("#vary-stop")).to_have_text("停止")
    tab.locator("#vary-start").click()
    expect(tab.locator("#made-facts")).to_contain_text("强度 1，种子 0 到 3。")
    no_sideways_scroll(tab)


def test_a_link_to_another_model_opens_with_a_picture_and_the_tools_of_that(real: Real, open_tab: OpenTab) -> None:
    tab = open_tab(path="/?tab=reconstruct&model=portraits&tools=samples%3D3%26strength%3D2", url=real.url)
    shown(tab, "Sample 0")
    expect(tab.locator("#vae-title")).to_contain_text("Portraits ·")
    expect(tab.locator("#vary-strength input[type=number]")).to_have_value("2")
    go(tab, "Sample")
    expect(tab.locator("#sample-count input[type=number]")).to_have_value("3")
    put(tab, "sample-count", "5")
    tab.locator("#reconstruct-link").click()
    tab.wait_for_url(re.compile("samples%3D5"))


def test_a_picture_is_downloaded_in_the_format_that_was_chosen(tab: Tab, small: Path, tmp_path: Path) -> None:
    exact = load_image(save(tab, "vae-download", tmp_path))
    tab.locator("#vae-download-format input").click()
    tab.get_by_role("option", name="JPEG").click()
    until(lambda: save(tab, "vae-download", tmp_path).suffix == ".jpg")
    path = save(tab, "vae-download", tmp_path)
    assert path.name == "deepart-pictures-small-reconstructed-96.jpg"
    with Image.open(path) as saved:
        assert (saved.format, saved.size) == ("JPEG", exact.size)


# ------------------------------------------------------------------------------------------------------ there and back


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_picture_comes_back(
    page: Page, open_tab: OpenTab, tmp_path: Path, small: Path, screen: tuple[int, int]
) -> None:
    tab = begin(open_tab(screen))
    no_sideways_scroll(tab)
    upload(tab, "vae-picture", small)
    shown(tab, "small")
    expect(tab.locator("#vae-title")).to_contain_text("Pictures · 96 × 64 pixels")
    expect(tab.locator("#vae-title")).to_be_in_viewport()
    expect(tab.locator("#vae-slider img").first).to_be_visible()
    facts = tab.locator("#vae-facts")
    for words in (r"PSNR\d+\.\d dB", r"SSIM0\.\d{3}", r"Latent8 × 8 × 12", r"Compression24 : 1", r"Encoded in\d+",
                  r"Decoded in\d+"):  # fmt: skip
        expect(facts).to_contain_text(re.compile(words))
    expect(facts).to_contain_text("Numbers in the picture: 18,432 · Numbers in the latent: 768")
    path = save(tab, "vae-download", tmp_path)
    assert path.name == "deepart-pictures-small-reconstructed-96.png"
    is_file(path, page.vae.reconstruct(load_image(small)))
    no_sideways_scroll(tab)


def test_the_error_map_and_its_gain(page: Page, tab: Tab, small: Path, tmp_path: Path) -> None:
    go(tab, "Error map")
    picture, made = load_image(small), page.vae.reconstruct(load_image(small))
    expect(tab.locator("#vae-error img")).to_have_attribute("alt", re.compile("times 4:"))
    assert same(load_image(save(tab, "vae-error-download", tmp_path)), error_map(picture, made, 4.0))
    put(tab, "vae-gain", "12")
    expect(tab.locator("#vae-error img")).to_have_attribute("alt", re.compile("times 12:"))
    found = load_image(save(tab, "vae-error-download", tmp_path))
    assert same(found, error_map(picture, made, 12.0))
    assert settings(found) == (settings(made) or {}) | {"view": "error map", "gain": 12}


def test_a_look_inside(page: Page, tab: Tab, small: Path, tmp_path: Path) -> None:
    go(tab, "Look inside")
    latent = page.vae.encode(load_image(small))
    assert same(load_image(save(tab, "vae-inside-download", tmp_path)), components(latent, side=1024))
    put(tab, "vae-channel", "5")
    expect(tab.locator("#vae-channel-stage img")).to_have_attribute("alt", "Channel 5")
    assert same(load_image(save(tab, "vae-channel-download", tmp_path)), channel(latent, 4, side=1024))
    switch(tab, "Portraits")
    expect(tab.locator("#vae-channel")).to_be_hidden()
    latent = page.faces.encode(load_image(small))
    assert same(load_image(save(tab, "vae-inside-download", tmp_path)), components(latent, side=1024))


def test_a_latent_is_saved_and_opened(page: Page, tab: Tab, small: Path, open_tab: OpenTab, tmp_path: Path) -> None:
    path = save(tab, "vae-latent", tmp_path)
    assert path.name == "deepart-pictures-small.safetensors"
    assert Latent.load(path).mean.equal(page.vae.encode(load_image(small)).mean)
    other = begin(open_tab())
    open_latent(other, path)
    shown(other, "small")
    expect(other.locator("#vae-facts")).to_contain_text("8 × 8 × 12")
    expect(other.locator("#vae-facts")).not_to_contain_text("PSNR")
    expect(other.locator("#vae-stage img")).to_have_attribute("alt", "small")
    is_file(save(other, "vae-download", tmp_path), page.vae.reconstruct(load_image(small)))
    upload(other, "vae-picture", CAT)  # and a picture takes its place again
    shown(other, "A cat")
    expect(other.locator("#vae-facts")).to_contain_text("PSNR")


def open_latent(tab: Tab, path: Path) -> None:
    with tab.expect_file_chooser() as waiting:
        tab.locator("#vae-open").click()
    waiting.value.set_files(path)


def test_a_bad_latent_gets_a_sentence_and_loses_nothing(page: Page, tab: Tab, small: Path, tmp_path: Path) -> None:
    page.vae.encode(load_image(small)).save(tmp_path / "good.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "good.safetensors").read_bytes()[:-9])
    (tmp_path / "pickle.safetensors").write_bytes(pickle.dumps([1.0]))
    page.faces.encode(load_image(small)).save(tmp_path / "other.safetensors")
    for name, sentence in (
        ("cut", "The file 'cut.safetensors' is damaged or cut short"),
        ("pickle", "not a latent; give one that was saved here as a safetensors file."),
        ("other", "The latent was made by 'portraits', version 'ba9876543210', and this is 'pictures'"),
    ):
        open_latent(tab, tmp_path / f"{name}.safetensors")
        told(tab, sentence)
        expect(tab.locator("#vae-start")).to_be_visible()
        shown(tab, "small")


def test_a_file_that_is_no_picture_and_one_that_is_large(tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "note.png").write_text("no picture at all\n")
    upload(tab, "vae-picture", tmp_path / "note.png")
    told(tab, "The file is text")
    expect(tab.locator("#vae-picture .image-frame img")).to_have_attribute("src", re.compile("small"))
    shown(tab, "small")
    upload(tab, "vae-picture", CAT)
    shown(tab, "A cat")
    Image.linear_gradient("L").resize((7000, 7000)).convert("RGB").save(tmp_path / "large.jpg", quality=50)
    upload(tab, "vae-picture", tmp_path / "large.jpg")
    told(tab, "The picture has 7000 × 7000 pixels and at most 4096 a side are taken, so it was scaled down.")
    expect(tab.locator("#vae-title")).to_contain_text("Pictures · 4096 × 4096 pixels")


# ------------------------------------------------------------------------------------------------------------- chances


def test_variations(page: Page, faces: Tab, small: Path, tmp_path: Path) -> None:
    put(faces, "vary-strength", "2")
    put(faces, "vary-count", "3")
    for seed, sentence in (("-1", "The seed is -1"), ("", "There is no seed"), ("4294967295", "the last would be")):
        put(faces, "vary-seed", seed)
        faces.locator("#vary-start").click()
        told(faces, sentence)
    put(faces, "vary-seed", "7")
    faces.locator("#vary-start").click()
    expect(pictures(faces)).to_have_count(3)
    expect(faces.locator("#made-facts")).to_contain_text("small at strength 2, seeds 7 to 9.")
    expected = page.faces.vary(load_image(small), 2.0, n=3, seed=7)
    pictures(faces).nth(1).locator("button").click()
    expect(faces.locator("#made-go")).to_have_text("Go on with Variation 8 of small")
    is_file(save(faces, "made-download", tmp_path), expected[1])
    with zipfile.ZipFile(save(faces, "made-zip", tmp_path)) as packed:
        files = [io.BytesIO(packed.read(name)) for name in packed.namelist()]
    assert all(same(load_image(file), picture) for file, picture in zip(files, expected, strict=True))
    faces.locator("#made-go").click()
    shown(faces, "Variation 8")
    is_file(save(faces, "vae-download", tmp_path), page.faces.reconstruct(expected[1]))


def test_drawing_is_stopped(page: Page, faces: Tab) -> None:
    go(faces, "Sample")
    put(faces, "sample-count", "64")
    page.faces.hold(16)
    faces.locator("#sample-start").click()
    expect(faces.locator("#sample-progress")).to_contain_text("Drawing 64 pictures")
    until(page.faces.held.is_set, lambda seconds: faces.wait_for_timeout(1000 * seconds))
    faces.locator("#sample-stop").click()
    expect(faces.locator("#sample-progress")).to_contain_text("Stopping after this step")
    page.faces.release()
    expect(faces.locator("#sample-start")).to_be_visible()
    expect(pictures(faces)).to_have_count(0)
    assert page.faces.steps[-1] == 16


def test_samples_are_drawn_and_gone_on_with(page: Page, faces: Tab, tmp_path: Path) -> None:
    go(faces, "Sample")
    put(faces, "sample-seed", "40")
    put(faces, "sample-count", "20")
    put(faces, "sample-temperature", "0.5")
    faces.wait_for_timeout(500)  # on a busy machine a number that was typed takes a moment to be the page's
    faces.locator("#sample-start").click()
    expect(pictures(faces)).to_have_count(20)
    expect(faces.locator("#made-facts")).to_contain_text("Temperature 0.5, seeds 40 to 59.")
    pictures(faces).nth(2).locator("button").click()
    [expected] = page.faces.sample(1, seed=42, temperature=0.5)
    is_file(save(faces, "made-download", tmp_path), expected)
    faces.locator("#made-go").click()
    shown(faces, "Sample 42")
    assert same(load_image(save(faces, "vae-download", tmp_path)), expected)  # it stands for its latent
    faces.locator("#sample-dice").click()
    expect(faces.locator("#sample-seed input")).not_to_have_value("40")
    faces.locator("#vae-draw").click()
    expect(faces.locator("#vae-title")).to_contain_text(re.compile(r"Sample \d\d\d+"))


# ---------------------------------------------------------------------------------------------------------- on purpose


def test_a_morph(page: Page, faces: Tab, small: Path, tmp_path: Path) -> None:
    go(faces, "Morph")
    faces.locator("#morph-start").click()
    told(faces, "There is no second picture yet")
    faces.locator("#morph-draw").click()
    expect(faces.locator("#morph-picture .image-frame img")).to_be_visible()
    faces.locator("#morph-picture").get_by_role("button", name="Remove Image").click()
    upload(faces, "morph-picture", MOUNTAIN)
    expect(faces.locator("#morph-picture .image-frame img")).to_have_attribute("src", re.compile("mountain"))
    put(faces, "morph-frames", "9")
    faces.locator("#morph-path").get_by_label("Spherical").check()
    faces.locator("#morph-start").click()
    expect(faces.locator("#morph-stage img").first).to_have_attribute("alt", "A morph: small → A mountain")
    expect(faces.locator("#morph-stage")).to_contain_text("small → A mountain · 16 frames")  # and back again
    frames = page.faces.interpolate(load_image(small), load_image(MOUNTAIN), steps=9, path="spherical")
    strip = load_image(save(faces, "morph-strip-download", tmp_path))
    assert strip.width == 8 * strip.height * 3 // 2
    assert same(strip.crop((0, 0, strip.width // 8, strip.height)), frames[0])
    for kind in ("webp", "gif"):
        path = save(faces, f"morph-{kind}", tmp_path)
        assert path.name == f"deepart-morph-small-a-mountain.{kind}"
        with Image.open(path) as film:
            assert film.n_frames == 16
    assert save(faces, "morph-mp4", tmp_path).read_bytes()[4:8] == b"ftyp"


def test_sliders(page: Page, faces: Tab, small: Path, tmp_path: Path) -> None:
    go(faces, "Change")
    expect(faces.locator("#vae-direction-2")).to_contain_text("Glasses")
    expect(faces.locator("#vae-direction-3")).to_be_hidden()
    put(faces, "vae-direction-1", "2")
    expect(faces.locator("#made-facts")).to_have_text("hair +2")
    put(faces, "vae-direction-2", "-1.5")
    expect(faces.locator("#made-facts")).to_have_text("glasses -1.5 · hair +2")
    expected = page.faces.edit(load_image(small), {"hair": 2.0, "glasses": -1.5})
    is_file(save(faces, "made-download", tmp_path), expected)
    faces.locator("#vae-reset").click()
    expect(faces.locator("#made-facts")).to_have_text("Not changed yet.")
    expect(faces.locator("#vae-direction-1 input[type=number]")).to_have_value("0")
    put(faces, "vae-direction-1", "1")
    expect(faces.locator("#made-facts")).to_have_text("hair +1")
    faces.locator("#made-go").click()
    shown(faces, "Changed picture")
    expect(faces.locator("#vae-direction-1 input[type=number]")).to_have_value("0")
    assert same(load_image(save(faces, "vae-download", tmp_path)), page.faces.edit(load_image(small), {"hair": 1.0}))


def test_a_slider_that_was_moved_for_another_picture_does_nothing(
    page: Page, faces: Tab, open_tab: OpenTab, tmp_path: Path
) -> None:
    other = begin(open_tab())
    go(other, "Generate")
    page.landscapes.hold(16)
    go(other, "Walk")
    other.locator("#walk-start").click()  # takes the slot
    until(page.landscapes.held.is_set, lambda seconds: faces.wait_for_timeout(1000 * seconds))
    go(faces, "Change")
    upload(faces, "vae-picture", CAT)
    expect(faces.locator("#vae-progress")).to_contain_text("In the queue")
    put(faces, "vae-direction-1", "2")  # and so does this, which was set for the picture before
    page.landscapes.release()
    shown(faces, "A cat")
    expect(faces.locator("#vae-direction-1 input[type=number]")).to_have_value("0")
    faces.wait_for_timeout(1500)
    expect(pictures(faces)).to_have_count(0)
    assert same(load_image(save(faces, "vae-download", tmp_path)), page.faces.reconstruct(load_image(CAT)))


def test_arithmetic(page: Page, faces: Tab, small: Path, tmp_path: Path) -> None:
    go(faces, "Combine")
    faces.locator("#combine-start").click()
    told(faces, "There is no picture A, B or C yet")
    faces.locator("#combine-draw").click()
    expect(faces.locator("#combine-c .image-frame img")).to_be_visible()
    for box in "abc":  # an empty one is the picture above
        faces.locator(f"#combine-{box}").get_by_role("button", name="Remove Image").click()
    upload(faces, "combine-c", CAT)
    expect(faces.locator("#combine-c .image-frame img")).to_have_attribute("src", re.compile("cat"))
    faces.locator("#combine-start").click()
    expect(faces.locator("#made-facts")).to_have_text("A − B + C")
    picture = load_image(small)
    is_file(save(faces, "made-download", tmp_path), page.faces.combine(picture, picture, load_image(CAT)))


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everything_can_be_reached(open_tab: OpenTab, screen: tuple[int, int]) -> None:
    tab = begin(open_tab(screen))
    switch(tab, "Portraits")
    tools = {
        "Error map": ["#vae-gain", "#vae-error-download"],
        "Look inside": ["#vae-inside-download"],
        "Vary": ["#vary-strength", "#vary-count", "#vary-seed", "#vary-start"],
        "Morph": ["#morph-picture", "#morph-frames", "#morph-path", "#morph-back", "#morph-draw"],
        "Change": ["#vae-direction-1", "#vae-direction-2", "#vae-reset"],
        "Combine": ["#combine-a", "#combine-c", "#combine-draw"],
        "Sample": ["#sample-seed", "#sample-count", "#sample-temperature", "#sample-start", "#sample-dice"],
    }
    fixed = ["#vae-model", "#vae-draw", "#vae-open", "#vae-start", "#vae-download", "#vae-latent"]
    expect(tab.locator("#vary-start")).to_be_visible()
    for name, controls in tools.items():
        go(tab, name)
        no_sideways_scroll(tab)
        for control in [*controls, *fixed]:
            tab.locator(control).click(trial=True, timeout=PATIENCE)  # in sight, and nothing lies over it
    go(tab, "Style transfer")
    expect(tab.locator("#paint")).to_be_visible()

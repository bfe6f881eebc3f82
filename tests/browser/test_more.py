"""Models of the Hub on the page: looked at, downloaded, used, stopped, and what goes wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import fastgan_layout
import pytest
from hands import OpenTab, go, put, save, told
from loopback_hub import LoopbackHub, offer
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from published_vaes import taesd_files
from running_page import Page, serve

from deepart import load_image, settings


@dataclass
class Offered:
    """A page, and the Hub that it asks."""

    page: Page
    hub: LoopbackHub


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offered]:
    home = tmp_path_factory.mktemp("home")
    fastgan = {"pytorch_model.bin": fastgan_layout.file_of(fastgan_layout.make_state())}
    with pytest.MonkeyPatch.context() as patch, LoopbackHub() as hub, hub.used(patch, home / "hf"):
        patch.setenv("DEEPART_CACHE", str(home / "marks"))
        for task, name, files in (("gan", "fastgan-painting", fastgan), ("gan", "fastgan-shells", fastgan),
                                  ("vae", "taesd", taesd_files())):  # fmt: skip
            offer(hub, patch, task, name, files)
        with serve(tmp_path_factory.mktemp("files")) as page:
            yield Offered(page, hub)


@pytest.fixture(scope="module")
def page(offered: Offered) -> Page:
    """The page of all tests here; no other is started."""
    return offered.page


@pytest.fixture
def tab(open_tab: OpenTab) -> Callable[[str], Tab]:
    def open_at(task: str) -> Tab:
        tab = open_tab()
        name = {"gan": "Generate", "vae": "Reconstruct", "style": "Style transfer"}[task]
        go(tab, name)
        if task == "gan":
            tab.locator("#gan-make").click()
            expect(tab.locator("#grid img")).to_have_count(16)
        tab.locator(f"#{task}-more > button").click()
        return tab

    return open_at


def choose(tab: Tab, task: str, title: str) -> None:
    tab.locator(f"#{task}-more-choice").get_by_text(title, exact=True).click()


def test_a_generator_is_looked_at_got_and_used(tab: Callable[[str], Tab], offered: Offered, tmp_path: Path) -> None:
    page = tab("gan")
    expect(page.locator("#gan-model")).not_to_contain_text("Paintings")
    choose(page, "gan", "Paintings")
    about = page.locator("#gan-more-about")
    expect(about).to_contain_text("117 MB from huggan/fastgan-few-shot-painting at 2d74d156bb01, licence MIT.")
    expect(about).to_contain_text("On two CPU cores a picture takes about a second")
    assert offered.hub.count("GET", "pytorch_model.bin") == 0  # nothing is downloaded unasked
    put(page, "gan-count", "1")
    page.locator("#gan-more-get").click()
    expect(about).to_contain_text("is here now")
    expect(page.locator("#gan-model")).to_contain_text("Paintings")
    expect(page.locator("#grid img")).to_have_count(1)
    expect(page.locator("#gan-make")).to_be_visible()
    found = load_image(save(page, "chosen-download", tmp_path))
    assert found.size == (1024, 1024)
    assert (settings(found) or {})["model"] == "fastgan-painting"
    assert offered.hub.count("GET", "pytorch_model.bin") == 1
    # The next visitor finds it in the menu.
    other = tab("gan")
    expect(other.locator("#gan-model")).to_contain_text("Paintings")


def test_a_download_is_stopped_and_begun_again(tab: Callable[[str], Tab], offered: Offered) -> None:
    page = tab("gan")
    choose(page, "gan", "Shells")
    offered.hub.hold.clear()
    page.locator("#gan-more-get").click()
    expect(page.locator("#gan-more-stop")).to_be_visible()
    page.locator("#gan-more-stop").click()
    offered.hub.hold.set()
    expect(page.locator("#gan-more-about")).to_contain_text("stopped, and nothing of it stays")
    expect(page.locator("#gan-more-get")).to_be_visible()
    expect(page.locator("#gan-model")).not_to_contain_text("Shells")
    expect(page.locator("#grid img")).to_have_count(16)  # what was there is there
    put(page, "gan-count", "1")
    page.locator("#gan-more-get").click()
    expect(page.locator("#gan-more-about")).to_contain_text("is here now")
    expect(page.locator("#grid img")).to_have_count(1)


def test_a_hub_that_is_away_gets_a_sentence_and_the_page_stays(tab: Callable[[str], Tab], offered: Offered) -> None:
    page = tab("gan")
    choose(page, "gan", "Aurora")
    expect(page.locator("#gan-more-about")).to_contain_text("Size unknown, from huggan/fastgan-few-shot-aurora")
    page.locator("#gan-more-get").click()
    told(page, "There is no Hub repository huggan/fastgan-few-shot-aurora, or it is private")
    offered.hub.status = 503
    page.locator("#gan-more-get").click()
    told(page, "the Hub answered with status 503")
    offered.hub.status = 0
    expect(page.locator("#gan-more-get")).to_be_visible()
    expect(page.locator("#grid img")).to_have_count(16)
    put(page, "gan-count", "2")
    page.locator("#gan-make").click()
    expect(page.locator("#grid img")).to_have_count(2)


def test_an_autoencoder_takes_a_picture_apart(tab: Callable[[str], Tab]) -> None:
    page = tab("vae")
    choose(page, "vae", "TAESD")
    page.locator("#vae-more-get").click()
    expect(page.locator("#vae-title")).to_contain_text("TAESD")
    expect(page.locator("#vae-facts")).to_contain_text("4 ×")
    expect(page.locator("#vae-about")).to_contain_text("tiny autoencoder")
    choose(page, "vae", "Stable Diffusion")
    expect(page.locator("#vae-more-about")).to_contain_text("335 MB")
    expect(page.locator("#vae-more-about")).to_contain_text("Needs the package diffusers.")


def test_a_style_says_what_it_costs(tab: Callable[[str], Tab]) -> None:
    page = tab("style")
    choose(page, "style", "Fine, VGG19")
    about = page.locator("#style-more-about")
    expect(about).to_contain_text("from timm/vgg19.tv_in1k at 128d4708565b, licence BSD-3-Clause.")
    expect(about).to_contain_text("Of 575 MB that are downloaded")
    expect(page.locator("#model")).not_to_contain_text(re.compile("VGG19"))

"""A browser that reaches nothing but the page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from hands import PATIENCE
from playwright.sync_api import Browser, Request, sync_playwright
from playwright.sync_api import Page as Tab
from running_page import Page

from benchmarks.app_page import OPEN_MORE

LOCAL = {"127.0.0.1", "localhost"}

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("There is no Chromium; these tests must not be skipped where CI is true.")
        pytest.skip("There is no Chromium.")
    with sync_playwright() as playwright:
        # No name but that of this machine is looked up, and no other address is reached either.
        alone = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
        started = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage", alone]
        )
        yield started
        started.close()


UNPAINTED = "/?tab=generate&painted=false&seed=0&count=16"  # painted large, what is generated takes long


@pytest.fixture
def open_tab(browser: Browser, page: Page) -> Iterator[OpenTab]:
    """Open the page in tabs that share nothing; a request that leaves this machine is stopped and fails the test."""
    foreign: list[str] = []
    complaints: list[str] = []
    contexts = []

    def watch(request: Request) -> None:
        # To listen only: to let each of the page's hundred requests pass one by one takes seconds a tab.
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in LOCAL:
            foreign.append(request.url)

    def open_one(
        size: tuple[int, int] = (1280, 800), path: str = UNPAINTED, url: str | None = None, locale: str = "en-US",
        more: bool = True,
    ) -> Tab:  # fmt: skip
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=locale)
        contexts.append(context)
        context.on("request", watch)
        tab = context.new_page()
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        if more:
            tab.add_init_script(OPEN_MORE)
        tab.goto((url or page.url) + path)
        tab.wait_for_function("window.deepart && !document.body.inert", timeout=PATIENCE)
        return tab

    yield open_one
    for context in contexts:
        context.close()
    for pipeline in (page.fast, page.fine, page.landscapes, page.portraits, page.vae, page.faces):
        pipeline.release()
    assert foreign == []
    assert complaints == []

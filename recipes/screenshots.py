"""Screenshots of all tabs, both themes, laptop and phone, both languages: python -m recipes.screenshots FOLDER.

With --first-minute those of a first visit instead: what a visitor sees who brings a photograph, and comes back.

Needs Chromium and Playwright, as the browser tests do. The README shows some of them.
"""

from __future__ import annotations

import argparse
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

SIZES = {"laptop": (1366, 860), "phone": (390, 844)}
THEMES = ("light", "dark")
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
TABS = ("style", "generate", "reconstruct", "results")
_PHOTO = Path(__file__).parents[1] / "benchmarks" / "contents" / "architecture.jpg"  # an example would not be kept
_SETTLE = 1500  # milliseconds for pictures to be fetched, decoded and drawn
_PATIENCE = 90_000  # milliseconds


def shots(browser: Any, url: str, folder: Path, quality: int = 80, only: Sequence[str] = ()) -> list[Path]:
    """Write a WEBP of each tab in each theme, width and language, and return the files; only: parts of their names."""
    made = []
    for language, locale in LANGUAGES.items():
        for theme in THEMES:
            for size, (width, height) in SIZES.items():
                names = {tab: f"{tab}-{size}-{theme}-{language}" for tab in TABS}
                wanted = {tab: name for tab, name in names.items() if not only or any(one in name for one in only)}
                if not wanted:
                    continue
                context = browser.new_context(
                    viewport={"width": width, "height": height}, locale=locale, device_scale_factor=1
                )
                page = context.new_page()
                for tab, name in wanted.items():
                    page.goto(f"{url}/?__theme={theme}&tab={tab}")
                    page.locator("#slider img, #grid img, #session-told").first.wait_for(
                        state="attached", timeout=_PATIENCE
                    )
                    page.locator("button[role=tab]:visible").nth(TABS.index(tab)).click()
                    page.wait_for_timeout(_SETTLE)
                    path = folder / f"{name}.webp"
                    with Image.open(io.BytesIO(page.screenshot())) as image:
                        image.convert("RGB").save(path, quality=quality, method=6)
                    made.append(path)
                context.close()
    return made


def first_minute(browser: Any, url: str, folder: Path) -> list[Path]:
    """Write PNGs of a first visit, on a laptop and a phone, and return the files."""
    made = []
    for size, (width, height) in SIZES.items():
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
        page = context.new_page()
        page.set_default_timeout(4 * _PATIENCE)

        def shot(name: str, settle: int = _SETTLE, page: Any = page, size: str = size) -> None:
            page.wait_for_timeout(settle)
            path = folder / f"{size}-{len(made) % 8 + 1}-{name}.png"
            page.screenshot(path=path)
            made.append(path)

        page.goto(url)
        page.locator("#slider img").first.wait_for()
        shot("open")
        page.locator("#content input[type=file]").set_input_files(_PHOTO)
        page.locator("#content img[src*=architecture]").wait_for()
        shot("photograph-in", settle=0)  # its previews are still to come
        page.locator("#wall-small style").first.wait_for(state="attached")
        page.locator("#wall").scroll_into_view_if_needed()
        shot("thumbnails")
        page.locator("#wall button").nth(7).click()
        page.locator("#preview img").wait_for()
        shot("painted")
        page.locator("#facts", has_text="Kanagawa").wait_for()
        shot("refined")
        page.get_by_role("tab", name="My results").click()
        page.locator("#session-grid button").first.click()
        page.locator("#session-like").click()
        page.locator("#session-grid button.da-liked").wait_for()
        shot("liked")
        page.reload()
        page.locator("#session-grid button.da-liked").wait_for()
        shot("still-there")
        page.get_by_role("tab", name="Style transfer").click()
        page.locator("#content img[src*=architecture]").wait_for()
        shot("photograph-too")
        context.close()
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Open Chromium on a running page and write the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--url", default="http://127.0.0.1:7860", help="address of the page (default: %(default)s)")
    parser.add_argument("--only", nargs="*", default=[], help="parts of names, such as style-laptop or dark-zh")
    parser.add_argument("--first-minute", action="store_true", help="what a first visit sees, step by step")
    options = parser.parse_args(arguments)
    from playwright.sync_api import sync_playwright

    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        made = first_minute(browser, options.url, options.folder) if options.first_minute else None
        for path in made or shots(browser, options.url, options.folder, only=options.only):
            print(path)
        browser.close()


if __name__ == "__main__":
    main()

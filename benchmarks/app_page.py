"""The running page that benchmarks/app.py measures, and the browser and the programs that visit it."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from deepart import load_image

ROOT = Path(__file__).parents[1]
APP = ("app.py",)  # what Python runs
PATIENCE = 120  # seconds: whatever takes longer will not come any more
SIZE = 256  # pixels: of what the visitors send


# --- The server ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    """A page in a process of its own; moments are those of the machine's clock, as a browser on it has them too.

    began: when the process was started. first: when the first byte of the first page was here. whole: when all were.
    size: of that page in bytes.
    """

    url: str
    pid: int
    began: float
    first: float
    whole: float
    size: int


@contextmanager
def running(folder: Path, program: Sequence[str] = APP) -> Iterator[Server]:
    """Run `python app.py` on the CPU and a free port of this machine; its files and its log go into the folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GRADIO_")}
    environment |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(folder / uuid.uuid4().hex)}
    command = [sys.executable, *program, "--port", str(port), "--device", "cpu"]
    log = folder / f"{port}.log"
    began = time.time()
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}/"
        while True:
            try:
                with urllib.request.urlopen(url, timeout=30) as answer:
                    start = answer.read(1)
                    first = time.time()
                    page = start + answer.read()
                break
            except (urllib.error.URLError, ConnectionError):
                if process.poll() is not None or time.time() - began > PATIENCE:
                    raise SystemExit(f"The page did not start. {log.read_text()[-2000:]}") from None
                time.sleep(0.02)
        yield Server(url, process.pid, began, first, time.time(), len(page))
    finally:
        process.terminate()
        process.wait()


def resident(pid: int) -> int:
    """Return the bytes of memory that a process holds now; Linux only."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


# --- The browser -----------------------------------------------------------------------------------------------------

VISIT = """([button, pictures, count, place]) => { window.visit = (async () => {
  const all = () => [...document.querySelectorAll(pictures)], seen = new Set(all().map(one => one.src)), told = [];
  const clicked = Date.now();
  document.querySelector(button).click();
  for (;;) {
    await new Promise(requestAnimationFrame);
    for (const box of document.querySelectorAll(place)) {
      const words = box.innerText.match(/queue: \\d+\\/\\d+/);
      if (words && words[0] !== told.at(-1)?.words) told.push({words: words[0], time: Date.now()});
    }
    const fresh = all().filter(one => one.src && !seen.has(one.src));
    if (fresh.length >= count) {
      try { await Promise.all(fresh.map(one => one.decode())); } catch { continue; }
      return {clicked, shown: Date.now(), sources: fresh.map(one => one.src), told};
    }
    if (Date.now() - clicked > PATIENCE) return {clicked, shown: null, sources: [], told};
  }
})(); }""".replace("PATIENCE", str(1000 * PATIENCE))
"""Clicks a button and begins to look, at each frame, for new pictures: window.visit becomes what was seen.

That is when it was clicked, when all of the new pictures were decoded (milliseconds; null: they did not come), their
addresses, and what the page said of the place in the queue. count: of new pictures to wait for.
"""


@dataclass(frozen=True)
class Act:
    """A button of the page, the pictures that it brings, how many, and where it tells the place in the queue."""

    button: str
    pictures: str
    count: int
    place: str


ACTS = {
    "generate": Act("#gan-make", "#grid img", 1, "#gan-progress"),
    "reconstruct": Act("#vae-start", "#vae-slider img", 2, "#vae-progress"),
    "style": Act("#paint", "#slider img", 2, "#preview"),
}
TABS = {"generate": "Generate", "reconstruct": "Reconstruct", "style": "Style transfer", "results": "My results"}


def chromium_path() -> str | None:
    """Return where Debian's Chromium is, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Chromium without a window; raises SystemExit where there is none."""
    from playwright.sync_api import sync_playwright

    program = chromium_path()
    if program is None:
        raise SystemExit("There is no Chromium; install it, on Debian with apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


OPEN_MORE = """setInterval(() => {
    for (const more of document.querySelectorAll('.da-more > .label-wrap')) {
        if (!more.checkVisibility()) continue;
        const seen = more.dataset.seen = 1 + Number(more.dataset.seen ?? 0);
        if ([5, 20, 50].includes(seen) && !more.classList.contains('open')) more.click();
    }
}, 100)"""
"""Opens what a tab folds away under "More" soon after it is there: Gradio folds it again in the first moment."""


def tab_of(browser: Any) -> Any:
    """Return an empty tab of a visitor who shares nothing with the others and reads English."""
    tab = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US").new_page()
    tab.set_default_timeout(1000 * PATIENCE)
    tab.add_init_script(OPEN_MORE)
    return tab


def go(tab: Any, name: str) -> None:
    """Go to one of TABS."""
    tab.get_by_role("tab", name=TABS[name], exact=True).click()


def put(tab: Any, box: str, value: float) -> None:
    """Type a number into a box, or beside a slider; one that has only just come up may fall back to its first value."""
    field = tab.locator(f"#{box} input[type=number]")
    for _ in range(100):
        field.fill(f"{value:g}")
        field.press("Tab")
        tab.wait_for_timeout(200)
        if field.input_value() == f"{value:g}":
            return
    raise RuntimeError(f"The box {box} does not keep {value:g}.")


def opened(tab: Any) -> float:
    """Wait for the tabs, and for the pictures that the page opens with, if any; return when all of them are there."""
    seen: int = tab.wait_for_function("""() => {
        const pictures = [...document.querySelectorAll('#slider img')];
        const there = pictures.every(one => one.complete && one.naturalWidth);
        return document.querySelector('[role=tab]')?.offsetParent && there && Date.now();
    }""").json_value()  # fmt: skip
    return 1e-3 * seen


def act(tab: Any, name: str) -> None:
    """Click a button of ACTS; visited() then says what came."""
    one = ACTS[name]
    tab.evaluate(VISIT, [one.button, one.pictures, one.count, one.place])


def visited(tab: Any) -> dict[str, Any]:
    """Return what window.visit becomes."""
    found: dict[str, Any] = tab.evaluate("window.visit")
    return found


def rest(tab: Any, name: str) -> None:
    """Wait until a button of ACTS can be clicked again, and the page is quiet."""
    tab.locator(ACTS[name].button).wait_for(state="visible")
    tab.wait_for_timeout(700)


def upload(tab: Any, box: str, path: Path) -> None:
    """Put a picture into a box of the page, and wait until it shows that."""
    shown = tab.locator(f"#{box} .image-frame img")
    before = shown.get_attribute("src")
    tab.locator(f"#{box} input[type=file]").set_input_files(path)
    tab.wait_for_function(
        "([box, before]) => { const one = document.querySelector(`#${box} .image-frame img`);"
        " return one && one.getAttribute('src') !== before; }",
        arg=[box, before],
    )


def fetched(tab: Any, source: str) -> Image.Image:
    """Return a picture of the page, as its file has it, or the address itself."""
    if source.startswith("data:"):
        return load_image(io.BytesIO(base64.b64decode(source.partition(",")[2])))
    return load_image(io.BytesIO(tab.context.request.get(source).body()))


def look_at_reconstruct(tab: Any, path: Path) -> None:
    """Go to the tab, which takes its example apart, and then let it take this picture apart."""
    go(tab, "reconstruct")
    title = tab.locator("#vae-title .da-title")
    tab.wait_for_function("document.querySelector('#vae-title .da-title').innerText.trim()")
    rest(tab, "reconstruct")
    upload(tab, "vae-picture", path)
    title.filter(has_text=re.compile(f"^{re.escape(path.stem)}$")).wait_for()
    rest(tab, "reconstruct")


# --- Pictures that cannot be taken for one another -------------------------------------------------------------------


def picture_of(number: int, size: int = SIZE) -> Image.Image:
    """Return the picture of a visitor: 4 x 4 squares, each of a colour by chance; the number decides."""
    colours = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((size, size), Image.Resampling.NEAREST)


def distances(picture: Image.Image, others: Sequence[Image.Image]) -> list[float]:
    """Return how far a picture is from each of the others: the mean difference of 16 x 16 pixels, in levels of 255."""
    return [float(np.abs(_small(picture) - _small(other)).mean()) for other in others]


def _small(picture: Image.Image) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(picture.convert("RGB").resize((16, 16), Image.Resampling.BOX), dtype=np.float64)


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Return the median, the ninth tenth and the worst of some measurements."""
    numbers = np.asarray(values)
    found = {"median": np.median(numbers), "p90": np.percentile(numbers, 90), "worst": numbers.max()}
    return {name: round(float(value), digits) for name, value in found.items()}

"""Many visitors at once, programs and browsers: who is served, who is told the place, whose result; see app.py there.

Each sends a picture of its own, from which what comes back differs little: reconstructed, or painted at strength 0. So
a result is somebody's if it is nearer to that visitor's picture than to all others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.app_page import (
    PATIENCE,
    ROOT,
    SIZE,
    TABS,
    act,
    chromium,
    distances,
    fetched,
    go,
    look_at_reconstruct,
    picture_of,
    put,
    rest,
    running,
    spread,
    tab_of,
    upload,
    visited,
)
from deepart import load_image, save_png, settings

ROUNDS = ("reconstruct", "style")
CONTENTS = sorted((ROOT / "deepart" / "ui" / "examples" / "content").glob("*.jpg"))
FULL = "full"  # in Gradio's answer where the queue takes nobody more


@dataclass
class Visit:
    """What happened to a visitor: seconds until the place was told, where it was, and until the result was there."""

    who: int
    told: float | None = None
    seconds: float | None = None
    refused: bool = False
    results: list[Image.Image] = field(default_factory=list)
    error: str | None = None


# --- Programs --------------------------------------------------------------------------------------------------------


class Program:
    """A visitor that uses the endpoints."""

    def __init__(self, url: str, who: int, photo: Path, folder: Path) -> None:
        from gradio_client import Client

        self.who, self._photo = who, photo
        # There is no TLS here, and reading certificates for each request would take more time than the page does.
        self._client = Client(url, verbose=False, download_files=folder, analytics_enabled=False, ssl_verify=False)

    def visit(self, kind: str, start: threading.Barrier) -> Visit:
        """Wait until all are there, send the picture, and wait for the result."""
        from gradio_client import handle_file
        from gradio_client.utils import QueueError, Status

        sent = handle_file(self._photo)
        inputs: dict[str, Any] = {"image": sent, "api_name": "/reconstruct"}
        if kind == "style":
            inputs = {"content": sent, "style": sent, "strength": 0.0, "size": SIZE, "api_name": "/stylize"}
        visit = Visit(self.who)
        start.wait(PATIENCE)
        began = time.monotonic()
        job = self._client.submit(**inputs)
        while not job.done():
            status = job.status()
            if visit.told is None and status.code == Status.IN_QUEUE and status.rank is not None:
                visit.told = time.monotonic() - began
            time.sleep(0.02)
        try:
            path = job.result()[0]
            visit.seconds = time.monotonic() - began
            visit.results.append(load_image(path))
        except QueueError as error:
            visit.refused, visit.error = True, str(error)
        except Exception as error:
            visit.error = str(error)
        return visit

    def leave(self) -> None:
        self._client.close()


# --- Browsers --------------------------------------------------------------------------------------------------------


class Person:
    """A visitor with a browser."""

    def __init__(self, browser: Any, url: str, who: int, photo: Path) -> None:
        self.who, self._photo = who, photo
        self.tab = tab_of(browser)
        self.tab.goto(url)
        look_at_reconstruct(self.tab, photo)

    def prepare(self, kind: str) -> None:
        """Set the page up, so that one click remains."""
        go(self.tab, kind)
        if kind == "style":
            upload(self.tab, "content", self._photo)
            put(self.tab, "size", SIZE)
            put(self.tab, "strength", 0)
        rest(self.tab, kind)

    def click(self, kind: str) -> None:
        act(self.tab, kind)

    def visit(self) -> Visit:
        """Return what came of the click."""
        seen = visited(self.tab)
        visit = Visit(self.who)
        if seen["told"]:
            visit.told = 1e-3 * (seen["told"][0]["time"] - seen["clicked"])
        if seen["shown"] is not None:
            visit.seconds = 1e-3 * (seen["shown"] - seen["clicked"])
            visit.results = [
                fetched(self.tab, source) for source in seen["sources"]
            ]  # what is compared, and the result
        return visit

    def my_results(self) -> list[Image.Image]:
        """Return the pictures of the tab "My results"."""
        go(self.tab, "results")
        pictures = self.tab.locator("#session-grid img")
        pictures.first.wait_for()
        self.tab.wait_for_timeout(700)
        return [fetched(self.tab, one.evaluate("one => one.src")) for one in pictures.all()]


# --- Whose is it -----------------------------------------------------------------------------------------------------


def owners(pictures: Sequence[Image.Image], known: dict[Any, Image.Image]) -> list[Any]:
    """Return the key of the known picture that each picture is nearest to."""
    keys = list(known)
    return [keys[min(enumerate(distances(one, list(known.values()))), key=lambda pair: pair[1])[0]] for one in pictures]


def summary(visits: Sequence[Visit], known: dict[int, Image.Image]) -> dict[str, Any]:
    """Return how many were served, told their place and refused, how long they waited, and whose results they got."""
    served = [one for one in visits if one.seconds is not None]
    failed = sorted({one.error or "no result" for one in visits if one.seconds is None and not one.refused})
    if not served:
        raise RuntimeError(f"Nobody was served: {' '.join(failed)}")
    own, other, foreign = [], [], 0
    for one in served:
        rest_of_all = [picture for who, picture in known.items() if who != one.who]
        for picture in one.results:
            own.append(distances(picture, [known[one.who]])[0])
            other.append(min(distances(picture, rest_of_all)))
        foreign += sum(owner != one.who for owner in owners(one.results, known))
    told = [one.told for one in visits if one.told is not None]
    return {
        "visitors": len(visits),
        "served": len(served),
        "told_their_place": len(told),
        "served_at_once": sum(one.told is None for one in served),
        "refused": sum(one.refused for one in visits),
        "failed": failed,
        "wait_s": spread([one.seconds for one in served if one.seconds is not None], 2),
        "told_after_s": spread(told, 2) if told else None,
        "pictures": len(own),
        "of_another_visitor": foreign,
        "distance": {"own_worst": round(max(own), 1), "another_nearest": round(min(other), 1)},
    }  # fmt: skip


def collection(persons: dict[int, list[Image.Image]], known: dict[int, Image.Image]) -> dict[str, int]:
    """Return whose the pictures of "My results" are: own, of the page's examples, generated, another visitor's."""
    all_known: dict[Any, Image.Image] = {**known, **{path.stem: load_image(path) for path in CONTENTS}}
    counts = {"own": 0, "of_the_examples": 0, "generated": 0, "of_another_visitor": 0}
    for who, pictures in persons.items():
        for picture in pictures:
            [owner] = owners([picture], all_known)
            if (settings(picture) or {}).get("task") == "gan":
                counts["generated"] += 1
            elif isinstance(owner, str):
                counts["of_the_examples"] += 1
            else:
                counts["own" if owner == who else "of_another_visitor"] += 1
    return counts


# --- All of them -----------------------------------------------------------------------------------------------------


def rush(kind: str, programs: Sequence[Program], persons: Sequence[Person] = ()) -> list[Visit]:
    """Let all begin at the same moment, and return what happened to each."""
    start = threading.Barrier(len(programs) + 1)
    for person in persons:
        person.prepare(kind)
    with ThreadPoolExecutor(len(programs)) as pool:
        waiting = [pool.submit(one.visit, kind, start) for one in programs]
        start.wait(PATIENCE)
        for person in persons:
            person.click(kind)
        visits = [person.visit() for person in persons]  # Playwright's objects belong to this thread
        return visits + [one.result() for one in waiting]


def photos(folder: Path, count: int) -> dict[int, Path]:
    """Write the pictures of so many visitors."""
    paths = {who: folder / f"visitor-{who}.png" for who in range(count)}
    for who, path in paths.items():
        save_png(picture_of(who), path)
    return paths


def enter(url: str, paths: dict[int, Path], folder: Path) -> list[Program]:
    """Return a program for each picture, connected with the page."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda who: Program(url, who, paths[who], folder), paths))


def visitors(folder: Path, programs: int, browsers: int, crowd: int) -> dict[str, Any]:
    """Let programs and browsers come at once, for each of ROUNDS, and at last a crowd that the queue cannot hold."""
    count = programs + browsers
    paths = photos(folder, max(count, crowd))
    known = {who: picture_of(who) for who in range(count)}
    result: dict[str, Any] = {"programs": programs, "browsers": browsers, "side": SIZE}
    with running(folder) as server:
        callers = enter(server.url, {who: paths[who] for who in range(programs)}, folder)
        rush(ROUNDS[0], callers[:1]), rush(ROUNDS[1], callers[:1])  # the models are loaded
        with chromium() as browser:
            persons = [Person(browser, server.url, who, paths[who]) for who in range(programs, count)]
            for kind in ROUNDS:
                result[TABS[kind].lower().replace(" ", "_")] = summary(rush(kind, callers, persons), known)
            result["my_results"] = collection({one.who: one.my_results() for one in persons}, known)
        more = enter(server.url, {who: paths[who] for who in range(programs, crowd)}, folder)
        everybody = {who: picture_of(who) for who in range(crowd)}
        result["crowd"] = summary(rush(ROUNDS[0], [*callers, *more][:crowd]), everybody)
        for caller in (*callers, *more):
            caller.leave()
    rounds = [result[TABS[kind].lower().replace(" ", "_")] for kind in ROUNDS]
    result["target_met"] = (
        all(one["served"] == count for one in rounds)
        and all(one["of_another_visitor"] == 0 for one in (*rounds, result["my_results"], result["crowd"]))
        and result["crowd"]["served"] + result["crowd"]["refused"] == crowd
    )
    return result

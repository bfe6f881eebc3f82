"""The benchmark of the page, over a page with tiny models: what it looks for is there, and its sums are right."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from running_page import Page

from benchmarks import app, app_click, app_page, app_visitors
from deepart.images import with_settings

BEGAN = 1000.0


def test_a_result_of_another_is_found_out() -> None:
    known = {who: app_page.picture_of(who) for who in range(3)}
    visits = [
        app_visitors.Visit(0, told=0.1, seconds=1.0, results=[known[0]]),
        app_visitors.Visit(1, seconds=2.0, results=[known[1], known[2]]),
        app_visitors.Visit(2, refused=True, error="Queue is full!"),
    ]
    found = app_visitors.summary(visits, known)
    assert (found["served"], found["told_their_place"], found["served_at_once"], found["refused"]) == (2, 1, 1, 1)
    assert (found["pictures"], found["of_another_visitor"], found["failed"]) == (3, 1, [])
    assert found["wait_s"] == {"median": 1.5, "p90": 1.9, "worst": 2.0}
    generated = with_settings(app_page.picture_of(99), {"task": "gan", "model": "landscapes"})
    mine = {0: [known[0], generated, app_visitors.load_image(app_visitors.CONTENTS[0])], 1: [known[2]]}
    expected = {"own": 1, "of_the_examples": 1, "generated": 1, "of_another_visitor": 1}
    assert app_visitors.collection(mine, known) == expected


def test_what_is_timed_is_there_and_does_the_same(tmp_path: Path) -> None:
    for place in (*app_click.PIPELINES, *app_click.BESIDES, app_click.JOB, app_click.WAIT):
        assert callable(app_click.found(place)[2]), place
    diary = app_click.Diary(tmp_path / "diary.jsonl")

    def count(down: int) -> int:
        return down and 1 + timed(down - 1)

    timed = app_click.timed(count, lambda began, ended: diary.note(call="count", began=began, ended=ended))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(timed, [3] * 8)) == [3] * 8
    entries = app_click.read(tmp_path / "diary.jsonl", 0, float("inf"))
    assert len(entries) == 8  # those that it makes of itself are within them
    assert app_click.read(tmp_path / "diary.jsonl", max(one["ended"] for one in entries), float("inf")) == []


def test_programs_get_their_own_and_memory_is_read(page: Page, tmp_path: Path) -> None:
    url, known = page.url + "/", {who: app_page.picture_of(who) for who in range(3)}
    programs = app_visitors.enter(url, app_visitors.photos(tmp_path, 3), tmp_path)
    try:
        for kind in app_visitors.ROUNDS:
            found = app_visitors.summary(app_visitors.rush(kind, programs), known)
            assert (found["visitors"], found["served"], found["failed"]) == (3, 3, []), kind
            assert (found["pictures"], found["of_another_visitor"]) == (3, 0), kind
    finally:
        for program in programs:
            program.leave()
    grown = app.growth(url, lambda: app_page.resident(os.getpid()), tmp_path, requests=3, settled=1, every=2)
    assert list(grown["resident_mb"]) == ["1", "2", "3"]
    assert all(megabytes > 100 for megabytes in grown["resident_mb"].values())  # torch alone has more
    steady = iter([5_000_000, 5_040_000])
    assert app.newcomer(url, lambda: next(steady), tmp_path, count=1) == 40


def test_the_page_has_what_visitors_look_for(page: Page) -> None:
    there = {block.elem_id for block in page.blocks.blocks.values()}
    wanted = {part.split()[0].removeprefix("#") for one in app_page.ACTS.values()
              for part in (one.button, one.pictures, one.place)}  # fmt: skip
    wanted |= {"chosen", "gan-count", "gan-seed", "vae-picture", "vae-title", "content", "size", "strength"}
    assert wanted | {"session-grid"} <= there


def test_a_browser_waits_for_the_first_page_and_for_what_it_clicks(page: Page, tmp_path: Path) -> None:
    """In a thread of its own: the tests of the page may have a Playwright in this one."""
    if app_page.chromium_path() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("There is no Chromium; this test must not be skipped where CI is true.")
        pytest.skip("There is no Chromium.")

    def look() -> tuple[float, dict[str, Any], Image.Image]:
        with app_page.chromium() as browser:
            tab = app_page.tab_of(browser)
            tab.goto(page.url)
            usable = app_page.opened(tab)
            app_click.prepare(tab, "generate", tmp_path)
            seen = app_click.click(tab, "generate", 7)
            return usable, seen, app_page.fetched(tab, seen["sources"][0])

    with ThreadPoolExecutor(1) as pool:
        usable, seen, made = pool.submit(look).result()
    assert 1e3 * usable < seen["clicked"] < seen["shown"]
    [expected] = page.landscapes.generate(seed=1007)
    assert ImageChops.difference(made, expected).getbbox() is None

"""Visitors' files go after their day, whoever made them, and earlier where they are too many."""

import os
import socket
import time
import uuid
from pathlib import Path

import pytest
from running_page import Page, serve, until

from deepart.ui.upkeep import sweep

HOUR = 3600.0


def put(folder: Path, name: str, size: int, age: float) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.fixture(autouse=True)
def _times_of_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file's time of change cannot be set: only that of its content counts here."""
    monkeypatch.setattr("deepart.ui.upkeep._used", lambda path: path.stat().st_mtime)


def test_what_is_a_day_old_goes_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    mine = uuid.uuid4().hex
    old = [put(tmp_path, f"{mine}/a.png", 9, 25 * HOUR), put(tmp_path, f"{'0' * 64}/a.png", 9, 25 * HOUR)]
    old += [put(tmp_path, "tmpabcdefgh", 9, 300)]  # half an upload
    kept = put(tmp_path, f"{'1' * 64}/example.png", 9, 99 * HOUR)
    stay = [put(tmp_path, f"{mine}/b.png", 9, 23 * HOUR), put(tmp_path, "tmpijklmnop", 9, 5), kept]
    others = [put(tmp_path, name, 9, 99 * HOUR) for name in ("photo.jpg", "album/photo.jpg", "data/tmp.bin")]
    assert sweep(tmp_path, [str(kept)]) == 27
    assert [path.exists() for path in (*old, *stay, *others)] == [False] * 3 + [True] * 6
    sweep(tmp_path, [str(kept)], now=time.time() + 2 * 86400)
    assert not (tmp_path / mine).exists()  # nor is its folder left


def test_of_too_many_the_oldest_go_but_none_of_the_last_hour(tmp_path: Path) -> None:
    ages = [HOUR / 2, 5 * HOUR, 2 * HOUR, 9 * HOUR]
    files = [put(tmp_path, f"{uuid.uuid4().hex}/a.png", 100, age) for age in ages]
    assert sweep(tmp_path, most=250) == 200
    assert [path.exists() for path in files] == [True, False, True, False]
    assert sweep(tmp_path, most=60) == 100
    assert files[0].exists()
    now = put(tmp_path, f"{uuid.uuid4().hex}/a.png", 100, 60)
    assert sweep(tmp_path, most=60) == 100  # twice as many as may be: of the hour the oldest go as well
    assert (files[0].exists(), now.exists()) == (False, True)


def test_an_upload_that_is_cut_off_leaves_nothing(page: Page) -> None:
    head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: here\r\nContent-Length: {10**7}\r\n"
    part = '--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    with socket.create_connection(("127.0.0.1", int(page.url.rpartition(":")[2]))) as line:
        line.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n{part}".encode() + bytes(3 * 10**6))
        until(lambda: list(page.files.glob("tmp*")))
    assert sweep(page.files) > 0
    assert list(page.files.glob("tmp*"))  # it may still go on
    sweep(page.files, now=time.time() + 300)
    assert not list(page.files.glob("tmp*"))


def test_a_server_that_starts_again_keeps_a_day_and_nothing_older(tmp_path: Path) -> None:
    with serve(tmp_path) as page:
        shown = {path for block in page.blocks.blocks.values() for path in getattr(block, "keep_in_cache", ())}
    new, old = put(tmp_path, f"{'0' * 64}/new.png", 9, HOUR), put(tmp_path, f"{'1' * 64}/old.png", 9, 25 * HOUR)
    for path in shown:
        os.utime(path, (1, 1))  # what the page itself shows is as old as its server
    again: Page
    with serve(tmp_path) as again:
        until(lambda: not old.exists())
        assert again.blocks.is_running
    assert new.exists()
    assert shown
    assert all(Path(path).exists() for path in shown)

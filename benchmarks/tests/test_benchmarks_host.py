"""The benchmarks of a host: what each model needs, what the app bears, and what it reads."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks import load, loader, models, soak


def test_clients_ask_again_and_again_at_once() -> None:
    together, barrier = [], threading.Barrier(4)

    def ask(client: Any) -> None:
        if len(together) < 4:
            together.append(client)
            barrier.wait(60)  # passes only where all four ask at once

    found = load.drive(ask, list("abcd"), 0.2)  # type: ignore[arg-type]
    assert sorted(together) == list("abcd")
    assert found["failed"] == 0
    assert found["requests"] > 4  # type: ignore[operator]
    assert 0 <= found["p50_s"] <= found["p95_s"] <= found["p99_s"]  # type: ignore[operator]


def test_requests_that_fail_are_told() -> None:
    def fail(client: Any) -> None:
        raise RuntimeError("Queue is full.")

    found = load.drive(fail, ["a"], 0.05)  # type: ignore[list-item]
    assert found["requests"] == 0
    assert found["failed"] == 1


def test_a_model_is_measured() -> None:
    found = models.measure("gan", "portraits")
    assert (found["task"], found["name"]) == ("gan", "portraits")
    assert found["load_s"] > 0 < found["job_s"]  # type: ignore[operator]
    assert found["peak_memory_mb"] > found["weights_mb"] > 5  # type: ignore[operator]
    assert models.table({"models": [found]}).splitlines()[-1].startswith("| `portraits` | gan, 16 pictures | ")


class _Server:
    """Holds 100 MB, 300 more while it works for somebody, and 40 more at each visit that it remembers."""

    def __init__(self, lost: bool, remembered: int) -> None:
        self.lost, self.remembered = lost, remembered
        self.loads = self.visits = self.working = self.again = 0

    def end(self, how: int) -> None:
        assert not self.again

    def start(self) -> None:
        self.again, self.visits = 1, 0

    def state(self) -> dict[str, Any]:
        held = 100 + 300 * self.working + 40 * min(self.visits, self.remembered) * self.again
        return {"rss_mb": held, "queue": 0, "running": self.working, "half_uploads": 0}


@pytest.mark.parametrize(("lost", "remembered", "well"), [(False, 2, True), (True, 2, False), (False, 10**9, False)])
def test_a_server_is_measured_at_rest_and_what_is_wrong_ends_no_soak(
    monkeypatch: pytest.MonkeyPatch, lost: bool, remembered: int, well: bool
) -> None:
    server: Any = _Server(lost, remembered)

    def visit(visitor: soak.Visitor) -> str:
        server.working = 1
        time.sleep(0.02)
        server.visits, server.working = server.visits + 1, 0
        return "mine"

    def fetch(visitor: soak.Visitor, path: str) -> bytes:
        if lost:
            raise soak.WrongError("a result answers 404")
        return visitor.picture

    monkeypatch.setattr(soak.Visitor, "fetch", fetch)
    monkeypatch.setattr(soak, "KINDS", {"upload": (visit, 0.01)})
    found = soak.crowd(server, 0.01)
    assert found["again_at_rest"]["running"] == found["all_have_left"]["running"] == 0
    assert found["made_before_the_kill"] > 0
    assert (found["came_back"] == found["made_before_the_kill"]) is not lost
    assert soak.is_well({"crowd": found}) is well


def test_as_many_look_at_the_page_as_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[soak.Visitor] = []
    monkeypatch.setattr(soak, "looks", looked.append)
    monkeypatch.setattr(soak.Visitor, "call", lambda visitor, endpoint, *data: endpoint)

    def listen(visitor: soak.Visitor, endpoint: str, event: str) -> None:
        if endpoint == "generate":
            raise soak.WrongError("no")

    monkeypatch.setattr(soak.Visitor, "listen", listen)
    monkeypatch.setattr(soak, "VISITORS", 60)
    server: Any = _Server(False, 0)
    found = soak.light(server, 150)
    assert found["wrong"] == {"generate: no": 15}
    assert found["visitors"] == 60
    assert not soak.is_well({"light": found})


def test_a_file_that_fails_or_is_wrong_or_disputed_and_not_judged_is_told() -> None:
    image = Image.new("RGB", (32, 24), (200, 100, 50))
    right, wrong = np.asarray(image).astype(float), np.zeros((24, 32, 3))

    def fail() -> Image.Image:
        raise KeyError("tile")

    def tally(name: str, load: Any, *expected: Any) -> tuple[bool, dict[str, int]]:
        one = loader.Tally()
        one.add(name, "PNG", load, lambda: expected)
        return one.good, dict(one.counts["PNG"])

    assert tally("a.png", image.copy, right, right) == (True, {"loaded": 1})
    assert tally("a.png", fail, right) == (False, {"failed": 1})
    assert tally("a.png", image.copy, wrong) == (False, {"wrong": 1})
    assert tally("a.png", image.copy, right, wrong) == (False, {"disputed": 1})
    assert tally("i_trns.png", image.copy, right, wrong) == (True, {"disputed": 1})


def test_ffmpeg_is_shown_the_still_picture_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 24), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], default_image=True)
    found = loader.references(tmp_path / "a.png")
    assert len(found) == 2
    assert all((one == (255, 0, 0)).all() for one in found)

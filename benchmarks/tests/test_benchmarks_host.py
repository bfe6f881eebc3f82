"""The benchmarks of a host: what each model needs, what the app bears, and what it reads."""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

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
    """Holds 300 MB more while it works, and from its second start on 40 MB for each visit that it remembers."""

    working = visits = again = 0

    def __init__(self, remembered: int) -> None:
        self.remembered = remembered

    def end(self, how: int) -> None:
        self.again, self.visits = 1, 0

    def start(self) -> None:
        assert self.again

    def state(self) -> dict[str, Any]:
        held = 300 * self.working + 40 * min(self.visits, self.remembered) * self.again
        return {"rss_mb": held, "queue": 0, "running": self.working, "half_uploads": 0}


@pytest.mark.parametrize(("lost", "remembered", "well"), [(False, 2, True), (True, 2, False), (False, 10**9, False)])
def test_a_server_is_measured_at_rest_and_what_is_wrong_ends_no_soak(
    monkeypatch: pytest.MonkeyPatch, lost: bool, remembered: int, well: bool
) -> None:
    server: Any = _Server(remembered)

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
    assert (found["came_back"] == found["made_before_the_kill"] > 0) is not lost
    assert soak.is_well({"crowd": found}) is well


def test_as_many_look_at_the_page_as_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[soak.Visitor] = []
    monkeypatch.setattr(soak, "looks", looked.append)
    monkeypatch.setattr(soak.Visitor, "call", lambda visitor, endpoint, *data: endpoint)
    monkeypatch.setattr(soak.Visitor, "listen", lambda *called: None)
    server: Any = _Server(0)
    found = soak.light(server, 2000)
    assert len(looked) == found["visitors"] == 200
    assert soak.is_well({"light": found})
    monkeypatch.setattr(soak.Visitor, "listen", lambda *called: (_ for _ in ()).throw(soak.WrongError("no")))
    found = soak.light(server, 50)
    assert found["wrong"] == {"generate: no": 5, "models: no": 45}
    assert not soak.is_well({"light": found})


def test_a_file_that_fails_or_is_wrong_or_disputed_and_not_judged_is_told(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 24), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], default_image=True)
    right = loader.references(tmp_path / "a.png")  # FFmpeg, too, sees the still picture
    assert [one.mean((0, 1)).tolist() for one in right] == [[255, 0, 0]] * 2
    either = [right[0], 0 * right[0]]
    for name, opened, expected, good, end in (
        ("a.png", frames[0].copy, right, True, "loaded"), ("a.png", dict[str, Any]().popitem, right, False, "failed"),
        ("a.png", frames[1].copy, right, False, "wrong"), ("a.png", frames[0].copy, either, False, "disputed"),
        ("i_trns.png", frames[0].copy, either, True, "disputed"),
    ):  # fmt: skip
        tally = loader.Tally()
        tally.add(name, "PNG", opened, partial(list, expected))
        assert (tally.good, dict(tally.counts["PNG"])) == (good, {end: 1})

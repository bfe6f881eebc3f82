"""The benchmarks of a host: what each model needs, and what the app bears."""

from __future__ import annotations

import threading
from typing import Any

from benchmarks import load, models


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

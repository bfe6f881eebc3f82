"""The benchmarks of a host: what each model needs, and what the app bears."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from running_page import ROOT

from benchmarks import load, models

README = (ROOT / "README.md").read_text("utf-8")


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


def test_a_row_of_load() -> None:
    row = {"endpoint": "/mix", "clients": 4, "per_second": 12.34, "p50_s": 0.3, "p95_s": 0.456, "p99_s": 1.0}
    assert load.table({"rows": [row]}).splitlines()[-1] == "| `/mix` | 4 | 12.3 | 0.30 s | 0.46 s | 1.00 s |"


def test_a_model_is_measured() -> None:
    found = models.measure("gan", "portraits")
    assert (found["task"], found["name"]) == ("gan", "portraits")
    assert found["load_s"] > 0 < found["job_s"]  # type: ignore[operator]
    assert found["peak_memory_mb"] > found["weights_mb"] > 5  # type: ignore[operator]
    assert models.table({"models": [found]}).splitlines()[-1].startswith("| `portraits` | gan, 16 pictures | ")


@pytest.mark.parametrize("module", [models, load], ids=["models", "load"])
def test_the_readme_s_table_is_that_of_the_committed_result(module: Any) -> None:
    committed = module.RESULT.exists()
    assert committed == (module.table({"models": [], "rows": []}).splitlines()[0] in README)
    if committed:
        assert module.table(json.loads(module.RESULT.read_text())) in README

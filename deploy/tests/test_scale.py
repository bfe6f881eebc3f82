"""The benchmark of the cluster: its parts that need none, and that deploy/SCALING.md says what was measured."""

import json
import threading
from pathlib import Path

from benchmarks import scale
from deploy.replicas import BATCH

SCALING = (Path(__file__).resolve().parents[1] / "SCALING.md").read_text("utf-8")
RESULT = json.loads(scale.RESULT.read_text())


def test_callers_ask_again_and_again_at_once() -> None:
    together, barrier = set[int](), threading.Barrier(3)

    def ask(number: int) -> None:
        if number < 3:
            together.add(number)
            barrier.wait(60)  # passes only where all three ask at once

    assert scale.throughput(ask, 3, 0.2) > 3
    assert together == {0, 1, 2}


def test_the_tables_are_those_of_the_committed_result() -> None:
    assert scale.table(RESULT) in SCALING


def test_numbers_in_the_text_are_those_of_the_committed_result() -> None:
    way, visitors = RESULT["way"], RESULT["visitors"]
    assert f"{way['adds_ms']} ms" in SCALING
    assert f"{visitors['per_second']:.2f} answers a second" in SCALING
    assert f"{visitors['start_s']:.0f} s" in SCALING


def test_the_plan_follows_from_what_was_measured() -> None:
    assert scale.plan(RESULT) in SCALING
    assert scale.replicas_for(1000, 268.4) == 384  # 268.4 of them would be busy all the time
    assert scale.IN_FLIGHT == 4 * BATCH

"""500 malformed and hostile files: each ends in an ImageError or a good picture, and within the memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hostile import COUNTS, make, names, trial
from PIL import Image

from deepart import images
from deepart.errors import ImageError

SEED = 20261123
ROOT = Path(images.__file__).parents[1]


def test_there_are_500_and_30_of_each_kind():
    assert len(COUNTS) == 9
    assert len(list(names())) == 500
    assert min(Counter(kind for kind, _ in names()).values()) >= 30


def test_the_same_seed_makes_the_same_files():
    for kind in COUNTS:
        made = [make(SEED, kind, index)[0] for index in range(20, 29)]
        assert made == [make(SEED, kind, index)[0] for index in range(20, 29)], kind
        assert len(set(made)) > 1, kind


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak of the memory from Linux")
def test_hostile_files():
    # In a process of its own, whose peak is its own and starts with it.
    run = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("hostile.py")), str(SEED)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""  # neither a warning nor a decoder that talks
    found = json.loads(run.stdout)
    assert not found["faults"], "\n".join(found["faults"])
    assert sum(found["ends"].values()) == 500
    for kind in COUNTS:
        ends = [found["ends"].get(f"{kind}: {end}", 0) for end in ("good", "refused")]
        assert sum(ends) == COUNTS[kind]
    # The files just under the cap are really decoded, so the peak is far above that of a loader that refuses them.
    assert 500 < found["above"] < 1000, f"{found['above']:.0f} MB above the start"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory from Linux")
@pytest.mark.parametrize(
    ("failure", "fault"),
    [
        (KeyError("tile"), "KeyError"),
        (ImageError("No. Not a sentence"), "not one sentence"),
        (ImageError("All refused."), "refused instead of good"),
    ],
)
def test_the_trial_notices(monkeypatch, failure, fault):
    monkeypatch.setattr("hostile.COUNTS", {"broken metadata": 2})

    def load(source):
        raise failure

    found = trial(load, SEED)
    assert len(found["faults"]) == 2
    assert f"seed {SEED}, broken metadata 1: " in found["faults"][1]
    assert fault in found["faults"][1]


def test_the_trial_notices_a_wrong_picture(monkeypatch):
    monkeypatch.setattr("hostile.COUNTS", {"svg": 1, "text": 1, "broken metadata": 1})
    found = trial(lambda source: Image.new("CMYK", (32, 32)), SEED)
    assert len(found["faults"]) == 3


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory from Linux")
def test_memory_is_measured():
    # In a process of its own: what other tests have left behind goes back to the system whenever it likes.
    code = (
        "from hostile import memory\n"
        "before = memory('VmRSS')\n"
        "block = bytearray(b'1') * 50_000_000\n"
        "grown = memory('VmRSS') - before\n"
        "del block\n"
        "print(grown, memory('VmHWM') - before, memory('VmRSS') - before)\n"
    )
    path = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))
    told = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    grown, peak, left = map(float, told.stdout.split())
    assert 40 < grown < 80
    assert peak > grown - 1
    assert left < 20

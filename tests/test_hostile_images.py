"""Malformed and hostile files: each ends in an ImageError or a good picture, and within the memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import COUNTS

from deepart import images

SEED = 20261123
ROOT = Path(images.__file__).parents[1]


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
    for kind in COUNTS:
        ends = [found["ends"].get(f"{kind}: {end}", 0) for end in ("good", "refused")]
        assert sum(ends) == COUNTS[kind]
    # The files just under the cap are really decoded, so the peak is far above that of a loader that refuses them.
    assert 500 < found["above"] < 1000, f"{found['above']:.0f} MB above the start"

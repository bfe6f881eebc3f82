"""A small cluster on this machine, and folders with tiny models that its processes can load."""

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as tests/conftest.py says
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing leaves this machine
ROOT = Path(__file__).resolve().parents[2]
# Ray's processes are children that import deepart and deploy from here, and the tests' own models.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests")])

import pytest  # noqa: E402, what the processes inherit comes first
import ray  # noqa: E402


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A cluster of this machine's own, which counts as if it had eight cores, without a dashboard."""
    ray.init(num_cpus=8, num_gpus=0, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()

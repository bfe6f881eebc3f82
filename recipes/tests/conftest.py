"""What the tests of the recipes share with those of the package; `pytest recipes` runs all of them."""

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as tests/conftest.py says

import pytest
from loopback_hub import LoopbackHub


@pytest.fixture
def loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A Hub on this machine's loopback address that has nothing yet, and caches that have nothing either."""
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "marks"))
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path / "hf"):
        yield server

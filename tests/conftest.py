"""Tiny models, and the page running over them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# Threads that wait for each other sleep: where they spin, as by default, they take the cores from the browser, the page
# and each other, and a test of many small steps takes ten times as long. PyTorch reads it when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pytest
from loopback_hub import LoopbackHub
from running_page import Page, TinyStudio, register_gans, register_vaes, serve

from deepart import hub
from deepart.models.vgg import SlimConfig, SlimVGG


@pytest.fixture
def tiny_studio(monkeypatch: pytest.MonkeyPatch) -> TinyStudio:
    register_gans(monkeypatch)
    register_vaes(monkeypatch)
    return TinyStudio()


@pytest.fixture(scope="session")
def slim_features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of slim features that have learned nothing."""
    config = SlimConfig(((4, 4), (4, 4), (4, 4, 4), (4, 4)), ((4, 4), (4, 4), (4, 4, 4), (4, 4)))
    numbers = {"task": "features", "class": "SlimVGG", "half_width": config.half_width}
    numbers["quarter_width"] = config.quarter_width
    folder = tmp_path_factory.mktemp("features-slim")
    hub.write_folder(folder, numbers, SlimVGG(config).state_dict(), "card")
    return folder


@pytest.fixture
def loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A Hub on this machine's loopback address that has nothing yet, and caches that have nothing either."""
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "marks"))
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path / "hf"):
        yield server


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One page for all tests of a module."""
    with serve(tmp_path_factory.mktemp("files")) as running:
        yield running

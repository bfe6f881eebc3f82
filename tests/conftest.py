"""Tiny models, and the page running over them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from running_page import Page, TinyStudio, register_gans, register_vaes, serve


@pytest.fixture
def tiny_studio(monkeypatch: pytest.MonkeyPatch) -> TinyStudio:
    register_gans(monkeypatch)
    register_vaes(monkeypatch)
    return TinyStudio()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One page for all tests of a module."""
    with serve(tmp_path_factory.mktemp("files")) as running:
        yield running

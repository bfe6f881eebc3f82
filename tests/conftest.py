"""Tiny models, and the page running over them."""

import os
from collections.abc import Iterator

# Threads that wait for each other sleep: where they spin, as by default, they take the cores from the browser, the page
# and each other, and a test of many small steps takes ten times as long. PyTorch reads it when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pytest
from answers import connect
from gradio_client import Client
from loopback_hub import loopback as loopback
from running_page import Page, Request, TinyStudio, serve


@pytest.fixture
def tiny_studio() -> TinyStudio:
    return TinyStudio()


@pytest.fixture
def chinese() -> Iterator[None]:
    """A visitor whose browser is Chinese."""
    from gradio.context import LocalContext

    token = LocalContext.request.set(Request("zh-CN,zh;q=0.9"))  # type: ignore[arg-type]
    yield
    LocalContext.request.reset(token)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One page for all tests of a module."""
    with serve(tmp_path_factory.mktemp("files")) as running:
        yield running


@pytest.fixture(scope="module")
def client(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A program that calls the page's endpoints."""
    connected = connect(page, tmp_path_factory.mktemp("downloads"))
    yield connected
    connected.close()

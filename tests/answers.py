"""Calls of endpoints, and what their answers are compared with."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image, ImageChops
from running_page import Page

from deepart import load_image, settings


def connect(page: Page, folder: Path) -> Client:
    return Client(page.url, verbose=False, download_files=str(folder))


def ask(page: Page, data: list[Any], endpoint: str = "stylize") -> str:
    """Call an endpoint with plain HTTP, and return the address of the events, for which nobody listens yet."""
    body, headers = json.dumps({"data": data}).encode(), {"Content-Type": "application/json"}
    start = urllib.request.Request(f"{page.url}/gradio_api/call/{endpoint}", body, headers)
    with urllib.request.urlopen(start) as answer:
        return f"{page.url}/gradio_api/call/{endpoint}/{json.load(answer)['event_id']}"


def begin(page: Page, data: list[Any], endpoint: str = "stylize") -> Any:
    """Call an endpoint with plain HTTP and return the open stream of its events."""
    return urllib.request.urlopen(ask(page, data, endpoint))


def call(page: Page, data: list[Any], endpoint: str = "stylize") -> str:
    """Call an endpoint with plain HTTP and return all of its events."""
    with begin(page, data, endpoint) as stream:
        return str(stream.read().decode())


def same(first: Image.Image, second: Image.Image) -> bool:
    return first.size == second.size and ImageChops.difference(first, second).getbbox() is None


def refused(call: Callable[[], Any], words: str) -> None:
    """Check that a call is refused with one sentence, which begins so."""
    with pytest.raises(AppError, match=f"^{words}") as caught:
        call()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def check(shown: list[Any], told: list[Any], expected: list[Image.Image]) -> None:
    """Check the pictures of an answer, and their settings in it and in the files."""
    found = [load_image(entry["image"]) for entry in shown]
    assert all(same(*pair) for pair in zip(found, expected, strict=True))
    assert told == [settings(picture) for picture in expected] == [settings(picture) for picture in found]

"""The endpoints as tools of MCP, called by the protocol's own client; and the examples of docs/api.md."""

import ast
import asyncio
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from running_page import ROOT, Page, serve

from deepart.ui.inputs import EXAMPLES

API = (ROOT / "docs" / "api.md").read_text("utf-8")


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page that offers its endpoints as tools."""
    with serve(tmp_path_factory.mktemp("files"), "--mcp") as running:
        yield running


def ask(page: Page, *call: Any) -> Any:
    """Open a session with the page, and list its tools or call one."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def talk() -> Any:
        async with (
            streamablehttp_client(f"{page.url}/gradio_api/mcp/") as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return await (session.call_tool(*call) if call else session.list_tools())

    # In a thread of its own: where browser tests ran before, this thread has their event loop running.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, talk()).result()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_each_endpoint_is_a_tool_and_nothing_else_is(tools: Page) -> None:
    found = {tool.name: tool for tool in ask(tools).tools}
    assert set(found) == {
        "generate", "walk", "mix", "breed", "paint", "project", "reconstruct", "vary", "morph", "sample",
        "stylize", "sheet", "models",
    }  # fmt: skip
    for tool in found.values():
        assert re.match(r"[A-Z].+\.", tool.description or ""), tool.name
        for name, schema in tool.inputSchema["properties"].items():
            assert schema.get("description"), f"{tool.name}: {name} is not described"
            assert {"type", "anyOf"} & set(schema), f"{tool.name}: {name} has no type"
    assert found["stylize"].inputSchema["required"] == ["content", "style"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_tool_makes_a_picture_and_says_what_is_wrong(tools: Page) -> None:
    answer = ask(tools, "generate", {"n": 1, "seed": 3})
    assert not answer.isError
    [[entry], [made]] = ast.literal_eval(answer.content[0].text)
    assert (made["seed"], made["model"]) == (3, "landscapes")
    with urllib.request.urlopen(entry["image"]["url"], timeout=60) as file, Image.open(file) as image:
        assert image.convert("RGB").tobytes() == tools.landscapes.generate(seed=3)[0].tobytes()
    answer = ask(tools, "generate", {"n": 0})
    assert answer.isError
    assert answer.content[0].text == "The number of pictures is 0; it must be a whole number from 1 to 64."


# --------------------------------------------------------------------------------------------- docs/api.md's examples


def pictures(folder: Path) -> None:
    """Put the files there that the examples name."""
    (folder / "photo.jpg").write_bytes((EXAMPLES / "content" / "cat.jpg").read_bytes())
    (folder / "painting.jpg").write_bytes((EXAMPLES / "paintings" / "hokusai-great-wave.jpg").read_bytes())


def test_the_python_example_for_programs_runs(tools: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [code] = [block for block in re.findall(r"```python\n(.*?)```", API, re.S) if "gradio_client" in block]
    pictures(tmp_path)
    monkeypatch.chdir(tmp_path)
    code, addresses = re.subn(r"http://127\.0\.0\.1:7860/", tools.url, code)
    code, sizes = re.subn(r"size=\d+", "size=32", code)  # the same lines, quicker
    assert (addresses, sizes) == (1, 1)
    names: dict[str, Any] = {}
    exec(compile(code, "api.md", "exec"), names)
    assert names["settings"]["size"] == [32, names["settings"]["size"][1]]
    with Image.open(names["picture"]) as image:
        assert max(image.size) == 32


def test_the_curl_example_runs(tools: Page, tmp_path: Path) -> None:
    [code] = re.findall(r"<!-- curl -->\n```\n(.*?)```", API, re.S)
    assert shutil.which("curl")
    pictures(tmp_path)
    code, addresses = re.subn(r"http://127\.0\.0\.1:7860", tools.url, code)
    code, sizes = re.subn(r'size\\": \d+', r'size\\": 32', code)
    assert (addresses, sizes) == (1, 1)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with Image.open(tmp_path / "painted.png") as image:
        assert max(image.size) == 32

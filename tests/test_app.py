"""The options of app.py, and what becomes of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from running_page import ROOT, load_app

from deepart.ui import launch_options

app = load_app()


class Recorder:
    """Stands for the page, and keeps what it was told."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}

    def queue(self, **options: Any) -> Recorder:
        self.told |= options
        return self

    def launch(self, **options: Any) -> None:
        self.told |= options


def told(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    recorder = Recorder()
    monkeypatch.setattr("deepart.ui.build_app", lambda studio: recorder)
    assert app.launch(None, app.parse(arguments)) is recorder
    return recorder.told


def test_without_options(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch)
    # None: Gradio takes GRADIO_SERVER_NAME and GRADIO_SERVER_PORT, else this machine only and the first free port.
    assert (found["server_name"], found["server_port"], found["root_path"]) == (None, None, None)
    assert (found["share"], found["max_size"]) == (False, 20)
    assert set(launch_options()) <= set(found)


def test_with_all_options(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [
        "--host",
        "0.0.0.0",
        "--port",
        "8000",
        "--share",
        "--device",
        "cpu",
        "--root-path",
        "/deepart",
        "--max-queue",
        "5",
    ]
    found = told(monkeypatch, *arguments)
    assert (found["server_name"], found["server_port"], found["root_path"]) == ("0.0.0.0", 8000, "/deepart")
    assert (found["share"], found["max_size"]) == (True, 5)
    assert app.parse(arguments).device == "cpu"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "0"], "--port is 0; it must be a number from 1 to 65535."),
        (["--port", "65536"], "--port is 65536;"),
        (["--max-queue", "0"], "--max-queue is 0; it must be 1 or more."),
        (["--port", "http"], "invalid int value"),
        (["--memory-limit", "0"], "--memory-limit is 0; it must be a number of GB above 0."),
        (["--memory-limit", "nan"], "--memory-limit is nan; it must be"),
        (["--memory-limit", "all"], "invalid float value"),
    ],
)
def test_an_option_that_cannot_be(capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    with pytest.raises(SystemExit) as caught:
        app.parse(arguments)
    assert caught.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "limit"), [([], None), (["--memory-limit", "1.5"], 1_500_000_000)])
def test_the_memory_limit_reaches_the_studio(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], limit: int | None
) -> None:
    limits: list[int | None] = []
    monkeypatch.setattr("deepart.Studio", lambda *, device, memory_limit, **_: limits.append(memory_limit))
    monkeypatch.setattr("deepart.ui.build_app", lambda studio: Recorder())
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    monkeypatch.setattr("sys.argv", ["app.py", *arguments])
    app.main()
    assert limits == [limit]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=ROOT, check=False)


def test_a_device_that_is_not_there() -> None:
    found = run("app.py", "--device", "abacus")
    assert found.returncode == 1
    assert found.stderr == "app.py: The device 'abacus' is not one that torch knows; use 'cuda', 'mps' or 'cpu'.\n"


def test_help_needs_neither_gradio_nor_torch(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import runpy, sys\n"
        "sys.argv = ['app.py', '--help']\n"
        "try:\n"
        f"    runpy.run_path({str(ROOT / 'app.py')!r}, run_name='__main__')\n"
        "finally:\n"
        "    print('loaded', [name for name in ('gradio', 'torch') if name in sys.modules])\n"
    )
    found = run(str(script))
    assert found.returncode == 0
    assert "--max-queue" in found.stdout
    assert "loaded []" in found.stdout

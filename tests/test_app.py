"""The options of app.py, and what becomes of them."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from running_page import ROOT, load_app, tiny_fine, tiny_landscapes, tiny_pictures_vae

from deepart import Studio
from deepart.ui import launch_options

app = load_app()


class Recorder:
    """Stands for the page, and keeps what it was told."""

    state_session_capacity = 200

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}

    def queue(self, **options: Any) -> "Recorder":
        self.told |= options
        return self

    def launch(self, **options: Any) -> None:
        self.told |= options


def told(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    recorder = Recorder()
    monkeypatch.setattr("deepart.ui.build_app", lambda studio: recorder)
    monkeypatch.setattr("deepart.ui.serving.serving_options", lambda page, studio, **options: {"host": options})
    assert app.launch(None, app.parse(arguments)) is recorder
    return recorder.told


@pytest.fixture(autouse=True)
def _no_options_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for action in app.options_of(app.make_parser()):
        monkeypatch.delenv(app.variable(action), raising=False)


def test_without_options(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch)
    # None: Gradio takes GRADIO_SERVER_NAME and GRADIO_SERVER_PORT, else this machine only and the first free port.
    assert (found["server_name"], found["server_port"], found["root_path"]) == (None, None, None)
    assert (found["share"], found["max_size"]) == (False, 20)
    assert set(launch_options()) <= set(found)
    assert found["host"] == {"metrics": False, "mcp": False, "disk_limit": 5_000_000_000}
    assert found["max_threads"] == 60  # those that wait have one each
    assert found["state_session_capacity"] == 200


OPTIONS = app.options_of(app.make_parser())
A_VALUE = {"port": "8000", "max_queue": "5", "memory_limit": "1.5", "disk_limit": "1.5"}


@pytest.mark.parametrize("action", OPTIONS, ids=lambda action: action.dest)
def test_an_environment_variable_for_each_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], action: Any
) -> None:
    name, option, without = app.variable(action), action.option_strings[0], getattr(app.parse([]), action.dest)
    value, other = A_VALUE.get(action.dest, "some"), {"5": "20"}.get(A_VALUE.get(action.dest, ""), "7")
    switch = action.nargs == 0
    monkeypatch.setenv(name, "1" if switch else value)
    found = getattr(app.parse([]), action.dest)
    assert found != without
    assert found == getattr(app.parse([option] if switch else [option, value]), action.dest)
    if switch:
        monkeypatch.setenv(name, "No")
        assert getattr(app.parse([]), action.dest) is False
    else:  # the command line goes before it, also where it says the default
        for words in ([option, other], [f"{option}={other}"]):
            told = getattr(app.parse(words), action.dest)
            monkeypatch.delenv(name)
            assert told == getattr(app.parse(words), action.dest) != found
            monkeypatch.setenv(name, value)
    monkeypatch.setenv(name, "")
    assert getattr(app.parse([]), action.dest) == without
    with pytest.raises(SystemExit):
        app.parse(["--help"])
    assert f"[{name}]" in " ".join(capsys.readouterr().out.split())


def test_models_are_loaded_before_the_page_opens_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded: list[Studio] = []
    monkeypatch.setattr(Studio, "preload", lambda studio: (loaded.append(studio), [("gan", "landscapes")])[1])
    studio = opened(monkeypatch)
    assert not loaded
    assert not studio.loaded
    studio = opened(monkeypatch, "--preload")
    assert loaded == [studio]
    assert capsys.readouterr().out == "Loaded the gan model landscapes.\n"


def test_a_name_that_the_output_cannot_write_does_not_end_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Studio, "preload", lambda studio: [("gan", "лес")])
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    opened(monkeypatch, "--preload")
    assert b"\\u043b\\u0435\\u0441" in stream.buffer.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "0"], "--port is 0; it must be a number from 1 to 65535."),
        (["--port", "65536"], "--port is 65536;"),
        (["--max-queue", "0"], "--max-queue is 0; it must be 1 or more."),
        (["--max", "3"], "unrecognized arguments: --max 3"),
        (["--port", "http"], "invalid int value"),
        (["--memory-limit", "0"], "--memory-limit is 0; it must be a number of GB above 0."),
        (["--disk-limit", "0"], "--disk-limit is 0; it must be a number of GB above 0."),
        (["--memory-limit", "nan"], "--memory-limit is nan; it must be"),
        (["--memory-limit", "all"], "invalid float value"),
    ],
)
def test_an_option_that_cannot_be(capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    with pytest.raises(SystemExit) as caught:
        app.parse(arguments)
    assert caught.value.code == 2
    assert sentence in capsys.readouterr().err


def opened(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Studio:
    """Start the program, and return the studio that the page would be of."""
    studios: list[Studio] = []
    monkeypatch.setattr("deepart.ui.build_app", lambda studio: (studios.append(studio), Recorder())[1])
    monkeypatch.setattr("deepart.ui.serving.serving_options", lambda *_, **__: {})
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    monkeypatch.setattr("sys.argv", ["app.py", "--device", "cpu", *arguments])
    app.main()
    return studios.pop()


def test_models_of_one_s_own_are_put_into_the_menu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"gan": tiny_landscapes(), "vae": tiny_pictures_vae(), "style": tiny_fine()}
    for task, pipeline in made.items():
        pipeline.save_pretrained(tmp_path / f"my-{task}")
    made["gan"].save_pretrained(tmp_path / "another")
    arguments = [word for task in made for word in (f"--{task}", str(tmp_path / f"my-{task}"))]
    studio = opened(monkeypatch, *arguments, "--gan", str(tmp_path / "another"))
    assert {task: studio.added(task) for task in made} == {
        "gan": ["my-gan", "another"], "vae": ["my-vae"], "style": ["my-style"],
    }  # fmt: skip
    assert studio.gan("another").generate()[0].tobytes() == made["gan"].generate()[0].tobytes()


@pytest.mark.parametrize(
    ("option", "name", "sentence"),
    [
        ("--gan", "nowhere", "There is no gan model 'nowhere'. Known: "),
        ("--gan", "./nowhere", "There is no folder './nowhere'; give one, or a name, or a Hub repository id"),
        ("--gan", "empty", "model.safetensors is missing; "),
        ("--vae", "generator", "config.json is for the task 'gan'; this needs a vae model."),
        ("--style", "generator/config.json", "'generator/config.json' is a file; give the folder that holds"),
    ],
)
def test_what_is_no_model_ends_the_program_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, name: str, sentence: str
) -> None:
    tiny_landscapes().save_pretrained(tmp_path / "generator")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        opened(monkeypatch, option, name)
    told = str(caught.value.code)
    assert told.startswith("app.py: ")
    assert sentence in told
    assert told.endswith(".")
    assert "\n" not in told
    assert caught.value.__suppress_context__  # no traceback of what was behind it


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
    assert "cuda:1" in found.stdout
    assert "loaded []" in found.stdout


def test_several_models_in_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPART_GAN", "./mine, org/other")
    assert app.parse([]).gan == ["./mine", "org/other"]
    assert app.parse(["--gan", "third"]).gan == ["third"]


def test_options_reach_the_page_and_the_studio(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = "--host 0.0.0.0 --port 8000 --share --device cpu --root-path /deepart --max-queue 5 --metrics --mcp"
    found = told(monkeypatch, *arguments.split(), "--disk-limit", "0.5")
    assert (found["server_name"], found["server_port"], found["root_path"]) == ("0.0.0.0", 8000, "/deepart")
    assert (found["share"], found["max_size"]) == (True, 5)
    assert found["host"] == {"metrics": True, "mcp": True, "disk_limit": 500_000_000}
    assert opened(monkeypatch, "--memory-limit", "1.5").memory_limit == 1_500_000_000


def test_uploads_go_where_one_may_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    assert app.files_folder() == str(tmp_path / "deepart")
    (tmp_path / "deepart").rmdir()
    (tmp_path / "deepart").write_text("somebody else's")
    own = Path(app.files_folder())
    assert own.parent == tmp_path
    assert own.is_dir()
    if hasattr(os, "getuid"):  # what all may write into may be somebody else's too
        monkeypatch.setattr(os, "getuid", lambda: own.stat().st_uid + 1)
        assert app.files_folder() not in (str(own), str(tmp_path / "deepart"))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "deepart"))
    with pytest.raises(
        SystemExit, match=r"^app\.py: Nothing can be written into .*; name a folder .* GRADIO_TEMP_DIR\.$"
    ):
        app.files_folder()

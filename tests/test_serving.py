"""What a host wants of the page: health, numbers, a GPU on loan, tools, and pages without."""

import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from answers import ask
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from running_page import ROOT, Page, TinyStudio, free_port, serve, tiny_landscapes, until

from deepart import Studio
from deepart.errors import OptionError
from deepart.ui import build_app
from deepart.ui.inputs import EXAMPLES
from deepart.ui.jobs import Callback, Done, Jobs
from deepart.ui.serving import Metrics, serving_options

WHO: Any = SimpleNamespace(session_hash="somebody")


def test_what_becomes_of_a_request() -> None:
    jobs, done = Jobs(), list[Done]()
    jobs.listeners.append(done.append)

    def work(kind: str) -> Any:
        def run(callback: Callback) -> str:
            callback(1, 2, None)
            if kind == "mistake":
                raise OptionError("No.")
            if kind == "fault":
                raise RuntimeError("/tmp/gradio/jane.png")
            return kind

        return run

    assert jobs.do(WHO, work("fine"), "/work") == "fine"
    for kind in ("mistake", "fault"):
        with pytest.raises(gr.Error):
            jobs.do(WHO, work(kind), "/work")
    assert [(one.name, one.outcome) for one in done] == [("/work", "ok"), ("/work", "refused"), ("/work", "failed")]
    assert all(one.seconds >= 0 and one.waited >= 0 for one in done)
    assert jobs.running == 0


# ------------------------------------------------------------------------------------------------------------- ZeroGPU


ON_ZEROGPU = """
import sys
from running_page import load_app

app, opened = load_app(), []
launch = app.launch
app.launch = lambda *given: opened.append((given[0], launch(*given, prevent_thread_lock=True, quiet=True)))
sys.argv = ["app.py", "--port", sys.argv[1]]
app.main()
[(studio, page)] = opened
computes = [fn for fn in page.fns.values() if fn.concurrency_id == "gpu"]
print(studio.device, len(computes) > 20, {hasattr(fn.fn, "zerogpu") for fn in computes}, page.is_running)
page.close()
"""


def test_on_zerogpu_the_page_opens_and_borrows_a_gpu_for_what_computes() -> None:
    """With the package itself, which must come before anything asks torch about CUDA; its API is a server here."""
    import spaces  # not skipped: it is in requirements-dev.txt

    class Host(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    asked: list[str] = []
    with HTTPServer(("127.0.0.1", 0), Host) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        zero = {"SPACES_ZERO_GPU": "1", "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{host.server_port}"}
        done = subprocess.run(
            [sys.executable, "-c", ON_ZEROGPU, str(free_port())], capture_output=True, text=True, check=False,
            env=os.environ | zero | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        )  # fmt: skip
        host.shutdown()
    assert ("cuda True {True} True" in done.stdout.splitlines(), asked) == (True, ["/startup-report"]), done.stderr
    assert spaces.GPU(len) is len  # elsewhere nothing changes


# ------------------------------------------------------------------------------------------------------------ the page


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with numbers."""
    with serve(tmp_path_factory.mktemp("files"), "--metrics") as running:
        yield running


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def counted(page: Page, endpoint: str, outcome: str) -> float:
    """What /metrics says of an endpoint."""
    start = f'deepart_requests_total{{endpoint="{endpoint}",outcome="{outcome}"}} '
    found = [row for row in get(f"{page.url}/metrics")[1].splitlines() if row.startswith(start)]
    return float(found[0].removeprefix(start)) if found else 0.0


def test_health_says_nothing_else(hosted: Page) -> None:
    assert get(f"{hosted.url}/healthz") == (200, '{"status":"ok"}')


def test_health_of_a_page_whose_queue_has_ended(tiny_studio: TinyStudio) -> None:
    blocks = build_app(tiny_studio).queue()
    [health] = serving_options(blocks, tiny_studio)["app_kwargs"]["routes"]
    blocks._queue.close()
    answer = health.endpoint(None)
    assert (answer.status_code, answer.body) == (503, b'{"status":"stopped"}')


def test_requests_are_counted(hosted: Page) -> None:
    client = Client(hosted.url, verbose=False)
    for _ in range(3):
        client.predict(1, 0, api_name="/generate")
    with pytest.raises(AppError, match=r"The number of pictures is 0"):
        client.predict(0, 0, api_name="/generate")
    until(lambda: counted(hosted, "/generate", "ok") == 3)
    assert counted(hosted, "/generate", "refused") == 1
    status, text = get(f"{hosted.url}/metrics")
    assert status == 200
    for name in (
        'deepart_request_seconds_bucket{endpoint="/generate",le="600.0"} 4.0', "deepart_queue_length 0.0",
        "deepart_queue_wait_seconds_count 4.0", "deepart_requests_running 0.0", "deepart_models 0.0",
        "process_resident_memory_bytes ",
    ):  # fmt: skip
        assert name in text, name


def test_the_queue_turns_away_and_it_is_counted(hosted: Page) -> None:
    hosted.fine.hold(1)
    client = Client(hosted.url, verbose=False)
    paths = [handle_file(EXAMPLES / "content" / "cat.jpg")] * 2
    waiting = [client.submit(*paths, model="fine", size=48, api_name="/stylize")]
    assert hosted.fine.held.wait(60)
    waiting += [client.submit(n, 0, api_name="/generate") for n in range(1, 4)]
    until(lambda: hosted.jobs.waiting == 3)
    with pytest.raises(AppError, match="You have 3 requests in the queue already"):
        client.predict(9, 0, api_name="/generate")
    other = Client(hosted.url, verbose=False)
    hosted.jobs.most = 3
    with pytest.raises(AppError, match="The queue is full, with 3 waiting"):
        other.predict(9, 0, api_name="/generate")
    hosted.jobs.most = None
    hosted.fine.release()
    assert [len(job.result(timeout=60)[0]) for job in waiting[1:]] == [1, 2, 3]
    assert counted(hosted, "/generate", "full") == 2


def test_work_that_nobody_listens_for_is_stopped(hosted: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    audience: Any = hosted.jobs.audience
    heard, told = audience.heard, list[bool]()
    monkeypatch.setattr(audience, "heard", lambda *who: told.append(heard(*who)) or told[-1])
    monkeypatch.setattr("deepart.ui.jobs.UNHEARD", 0.0)
    hosted.landscapes.hold(16)
    ask(hosted, [[3, 17], 100, False, 0.7, {}, None, "webp"], "walk")
    assert hosted.landscapes.held.wait(60)
    until(lambda: told and not told[-1])
    hosted.landscapes.release()
    until(lambda: counted(hosted, "/walk", "stopped") == 1)
    until(lambda: hosted.jobs.running == 0)


def test_without_options_there_is_no_metrics_page_and_nothing_is_private(page: Page) -> None:
    assert get(f"{page.url}/healthz")[0] == 200
    status, text = get(f"{page.url}/metrics")
    assert "deepart_requests" not in text
    assert get(f"{page.url}/gradio_api/info")[0] == 200
    assert status in (200, 404)


# --------------------------------------------------------------------------------------------------- models, and tools


def test_a_load_is_told_and_what_is_loaded_counts(tmp_path: Path) -> None:
    tiny_landscapes().save_pretrained(tmp_path / "mine")
    studio, told = Studio(device="cpu"), []
    studio.on_load = lambda *load: told.append(load)
    studio.add("gan", str(tmp_path / "mine"))
    studio.gan("mine")
    assert [load[:2] for load in told] == [("gan", "mine")]
    assert told[0][2] > 0
    assert studio.loaded == {("gan", "mine"): studio.gan("mine").nbytes}


def test_the_page_is_there_before_any_model() -> None:
    studio = Studio(device="cpu")
    build_app(studio)
    assert studio.loaded == {}


def test_models_that_are_here_are_loaded_before_they_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_landscapes().save_pretrained(tmp_path / "mine")
    studio = Studio(device="cpu")
    studio.add("gan", str(tmp_path / "mine"))
    here = [key for key, spec in deepart_registry().items() if spec.task != "features" and spec.here]
    wanted: list[tuple[str, str]] = []
    for task in ("gan", "vae", "style"):
        monkeypatch.setattr(studio, task, lambda name, task=task: wanted.append((task, name)))
    assert list(studio.preload()) == wanted == [("gan", "mine"), *here]
    assert ("style", "fast") in here


def deepart_registry() -> dict[tuple[str, str], Any]:
    from deepart.registry import REGISTRY

    return REGISTRY


def test_names_of_models_that_visitors_choose_are_not_told() -> None:
    with gr.Blocks(analytics_enabled=False) as page:
        pass
    numbers = Metrics(page.queue(), Studio(device="cpu"), Jobs())
    numbers.note_load("gan", "landscapes", 1.0)
    numbers.note_load("gan", "jane/secret", 1.0)
    text = numbers.text().decode()
    assert 'deepart_model_loads_total{model="landscapes",task="gan"} 1.0' in text
    assert 'model="other"' in text
    assert "jane" not in text


def test_tools_need_a_package(tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r'^--mcp needs the package mcp: pip install "mcp>=1\.21,<2"\.$'):
        serving_options(build_app(tiny_studio).queue(), tiny_studio, mcp=True)

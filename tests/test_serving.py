"""What a host wants of the page: health, numbers, log lines, limits, passwords, and pages without."""

from __future__ import annotations

import io
import json
import logging
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from running_page import Page, TinyStudio, load_app, serve, tiny_landscapes, until

from deepart import Studio
from deepart.errors import DeepArtError, OptionError
from deepart.ui import build_app
from deepart.ui.inputs import mistake, sentences
from deepart.ui.serving import (
    Done,
    Passwords,
    RateLimit,
    Watch,
    computes,
    endpoint_of,
    lend_gpu,
    line,
    logs,
    passwords,
    serving_options,
    who,
)

# ---------------------------------------------------------------------------------------------------------- passwords


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hashes of the tests take no time."""
    monkeypatch.setattr(passwords, "COST", 16)


def test_a_line_lets_its_user_in_and_nobody_else(cheap: None, tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"# two users\n\n{line('anna', 'sésame $:')}\n{line('王', 'b')}\n", "utf-8")
    assert "sésame" not in file.read_text("utf-8")
    users = Passwords(file)
    assert users.fits("anna", "sésame $:")
    assert users.fits("王", "b")
    for name, password in (("anna", "b"), ("王", "sésame $:"), ("eve", "b"), ("", ""), ("anna", "")):
        assert not users.fits(name, password)


def test_the_same_password_has_another_line_each_time(cheap: None) -> None:
    assert line("anna", "a") != line("anna", "a")


def test_a_user_that_is_not_there_costs_the_same_work(
    cheap: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "users"
    file.write_text(line("anna", "a"))
    users = Passwords(file)
    work: list[tuple[int, ...]] = []
    real = passwords._scrypt

    def counted(password: str, salt: bytes, *numbers: int) -> bytes:
        work.append(numbers)
        return real(password, salt, *numbers)

    monkeypatch.setattr(passwords, "_scrypt", counted)
    users.fits("anna", "wrong")
    users.fits("eve", "wrong")
    assert len(work) == 2
    assert work[0] == work[1]


GOOD = "scrypt$16$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(
    "text",
    [
        "anna:sesame", "anna", f":{GOOD}", f"anna:{GOOD.replace('scrypt', 'md5')}",
        f"anna:{GOOD.replace('$16$', '$15$')}",
        f"anna:{GOOD.replace('$16$', '$1048576$')}", f"anna:{GOOD[:-6]}", f"anna:{GOOD.replace('$1$', '$-1$')}",
        f"anna:{GOOD.replace('A', '!')}",
    ],
)  # fmt: skip
def test_a_line_that_is_no_user(tmp_path: Path, text: str) -> None:
    file = tmp_path / "users"
    file.write_text(f"bob:{GOOD}\n{text}\n")
    with pytest.raises(OptionError, match=r"^Line 2 of the file of passwords '.* is no user; --hash-password"):
        Passwords(file)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        Passwords(tmp_path / "nowhere")
    (tmp_path / "empty").write_text("# nobody yet\n")
    with pytest.raises(OptionError, match="has no user"):
        Passwords(tmp_path / "empty")


@pytest.mark.parametrize("name", ["", "a:b", " a", "a\n", "#a"])
def test_a_name_that_cannot_be(name: str) -> None:
    with pytest.raises(OptionError, match="The user name is"):
        line(name, "a")


def test_an_empty_password() -> None:
    with pytest.raises(OptionError, match="The password is empty"):
        line("anna", "")


# --------------------------------------------------------------------------------------------------------- rate limit


def test_so_many_within_any_minute() -> None:
    now = 0.0
    limit = RateLimit(2, lambda: now)
    assert limit.wait("a") == 0
    now = 20.0
    assert limit.wait("a") == 0
    assert limit.wait("a") == 40  # until the first is a minute old
    assert limit.wait("b") == 0
    now = 59.5
    assert limit.wait("a") == 1
    now = 60.0
    assert limit.wait("a") == 0
    assert limit.wait("a") == 20  # those turned away have not counted


def test_who_has_gone_is_forgotten() -> None:
    now = 0.0
    limit = RateLimit(1, lambda: now)
    for number in range(100):
        limit.wait(str(number))
    now = 61.0
    limit.wait("a")
    assert list(limit._taken) == ["a"]


def test_whom_a_request_counts_for() -> None:
    assert who("anna", "10.0.0.1") == who("anna", "10.0.0.2") != who("bob", "10.0.0.1")
    assert who(None, "10.0.0.1") != who(None, "10.0.0.2")
    assert who(None, "2001:db8::1") == who(None, "2001:db8::ffff") != who(None, "2001:db8:0:1::1")
    assert who(None, "::ffff:10.0.0.1") == who(None, "10.0.0.1")
    assert who(None, None) == who(None, None) != who(None, "testclient")
    assert who("10.0.0.1", None) != who(None, "10.0.0.1")


# -------------------------------------------------------------------------------------------------------------- watch


def test_all_that_computes_and_all_endpoints_are_seen(tiny_studio: TinyStudio) -> None:
    page = build_app(tiny_studio).queue(max_size=3)
    seen = {number: name for number, fn in page.fns.items() if (name := endpoint_of(fn)) is not None}
    public = {f"/{fn.api_name}" for fn in page.fns.values() if fn.fn and fn.api_visibility == "public"}
    assert {
        "/generate", "/walk", "/mix", "/breed", "/project", "/reconstruct", "/vary", "/morph", "/sample", "/stylize",
        "/sheet", "/models",
    } == public  # fmt: skip
    assert public <= set(seen.values())
    for number, fn in page.fns.items():
        of_page = fn.fn is not None and fn.api_visibility == "private"
        assert (number in seen) == (computes(fn) or f"/{fn.api_name}" in public) or not of_page
        if of_page and not fn.queue:
            assert number not in seen  # the page's own events are no requests
    assert "page StyleTab.paint" in seen.values()


def watched(call: Any, **more: Any) -> tuple[Any, list[Done], gr.Blocks]:
    with gr.Blocks(analytics_enabled=False) as page:
        gr.Button().click(call, None, gr.JSON(), api_name="work", **more)
    page.queue()
    done: list[Done] = []
    Watch(page).tell(done.append)
    return next(iter(page.fns.values())).fn, done, page


def test_what_becomes_of_a_request() -> None:
    def work(kind: str = "") -> str:
        with sentences():
            if kind == "mistake":
                raise OptionError("No.")
            if kind == "fault":
                raise RuntimeError("/tmp/gradio/jane.png")
            return kind

    call, done, _ = watched(work)
    assert call("fine") == "fine"
    for kind in ("mistake", "fault"):
        with pytest.raises(gr.Error):
            call(kind)
    assert [(one.endpoint, one.outcome) for one in done] == [("/work", "ok"), ("/work", "refused"), ("/work", "failed")]
    assert all(one.seconds >= 0 == one.waited for one in done)


def test_a_generator_is_one_request_whose_visitor_may_leave() -> None:
    def steps() -> Iterator[int]:
        yield from range(3)

    call, done, _ = watched(steps)
    assert list(call()) == [0, 1, 2]
    running = call()
    next(running)
    assert len(done) == 1
    running.close()
    assert [one.outcome for one in done] == ["ok", "stopped"]


def test_an_exception_that_is_no_sentence_is_a_failure() -> None:
    call, done, _ = watched(lambda: 1 / 0, api_visibility="public")
    with pytest.raises(ZeroDivisionError):
        call()
    assert done[0].outcome == "failed"


def test_a_fault_of_ours_is_told_from_a_mistake() -> None:
    with pytest.raises(gr.Error) as fault, sentences():
        raise ValueError
    with pytest.raises(gr.Error) as wrong, sentences():
        raise DeepArtError("No.")
    assert type(fault.value) is not type(wrong.value)
    assert type(mistake("No.")) is type(wrong.value)


# --------------------------------------------------------------------------------------------------------------- lines


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged while a test runs, as a host keeps it."""
    text, package, requests = io.StringIO(), logging.getLogger("deepart"), logging.getLogger("deepart.requests")
    before = package.propagate, requests.level
    handler = logs.write_lines(text)
    yield text
    package.removeHandler(handler)
    package.propagate = before[0]
    requests.setLevel(before[1])


def test_a_line_for_each_request(lines: io.StringIO) -> None:
    logs.note(Done("/stylize", "ok", 1.23456, 0.1))
    logs.note_load("gan", "landscapes", 0.5)
    first, second = map(json.loads, lines.getvalue().splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "info", "event": "request", "endpoint": "/stylize", "outcome": "ok", "seconds": 1.235, "waited": 0.1,
    }  # fmt: skip
    assert (second["event"], second["task"], second["model"], second["seconds"]) == ("load", "gan", "landscapes", 0.5)


def test_the_line_of_a_fault_says_where_and_not_whose(lines: io.StringIO) -> None:
    with pytest.raises(gr.Error), sentences():
        raise OSError("/tmp/gradio/jane.png is broken")
    [found] = map(json.loads, lines.getvalue().splitlines())
    assert (found["level"], found["event"], found["error"]) == ("error", "An action failed.", "OSError")
    assert "test_serving.py" in found["at"][-1]
    assert "jane" not in lines.getvalue()


# ------------------------------------------------------------------------------------------------------------- ZeroGPU


def test_a_gpu_is_lent_to_what_computes_and_only_where_the_host_lends(
    tiny_studio: TinyStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = build_app(tiny_studio)
    before = {number: fn.fn for number, fn in page.fns.items()}
    lend_gpu(page)
    assert {number: fn.fn for number, fn in page.fns.items()} == before
    (tmp_path / "spaces.py").write_text(
        "lent = []\n"
        "def GPU(duration):\n"
        "    def decorate(call):\n"
        "        lent.append((call, duration))\n"
        "        return call\n"
        "    return decorate\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    lend_gpu(page)
    import spaces  # type: ignore[import-not-found]

    monkeypatch.delitem(__import__("sys").modules, "spaces")
    assert len(spaces.lent) == sum(computes(fn) for fn in page.fns.values()) > 30
    assert {call.__name__ for call, _ in spaces.lent} >= {"_stylize", "_paint", "_make"}
    assert {seconds for _, seconds in spaces.lent} == {120}


# ------------------------------------------------------------------------------------------------------------ the page


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, str]]:
    """A page with a limit, numbers and log lines, for users with a password; its address lets "anna" in."""
    folder = tmp_path_factory.mktemp("host")
    users = folder / "users"
    users.write_text("\n".join(line(name, "sesame") for name in ("anna", "bob")))
    with serve(folder / "files", "--metrics", "--auth", str(users), "--rate-limit", "4") as running:
        yield running, str(users)


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


def test_health_needs_no_password_and_says_nothing_else(hosted: tuple[Page, str]) -> None:
    page, _ = hosted
    assert get(f"{page.url}/healthz") == (200, '{"status":"ok"}')
    assert get(f"{page.url}/gradio_api/info")[0] == 401


def test_health_of_a_page_whose_queue_has_ended(tiny_studio: TinyStudio) -> None:
    blocks = build_app(tiny_studio).queue()
    [health] = serving_options(blocks, tiny_studio)["app_kwargs"]["routes"]
    blocks._queue.close()
    answer = health.endpoint(None)
    assert (answer.status_code, answer.body) == (503, b'{"status":"stopped"}')


def test_only_users_with_their_password_come_in(hosted: tuple[Page, str]) -> None:
    page, _ = hosted

    def login(name: str, password: str) -> int:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        form = urllib.parse.urlencode({"username": name, "password": password}).encode()
        try:
            with opener.open(f"{page.url}/login", form, timeout=60) as answer:
                assert answer.status == 200
            with opener.open(f"{page.url}/gradio_api/info", timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    assert login("anna", "sesame") == 200
    assert login("anna", "Sesame") == 400
    assert login("eve", "sesame") == 400


def test_requests_are_counted_and_limited(hosted: tuple[Page, str]) -> None:
    page, _ = hosted
    anna = Client(page.url, auth=("anna", "sesame"), verbose=False)
    for _ in range(3):
        anna.predict(1, 0, api_name="/generate")
    with pytest.raises(AppError, match=r"The number of pictures is 0"):
        anna.predict(0, 0, api_name="/generate")
    with pytest.raises(AppError, match=r"^Each visitor may ask 4 times a minute here; please wait \d+ s\.$"):
        anna.predict(1, 0, api_name="/generate")
    assert anna.predict(None, api_name="/models")  # computes nothing
    bob = Client(page.url, auth=("bob", "sesame"), verbose=False)
    bob.predict(1, 0, api_name="/generate")  # another visitor from the same address
    until(lambda: counted(page, "/generate", "ok") == 4)
    assert counted(page, "/generate", "refused") == 1
    assert counted(page, "/generate", "limited") == 1
    assert counted(page, "/models", "ok") == 1
    status, text = get(f"{page.url}/metrics")
    assert status == 200
    for name in (
        'deepart_request_seconds_bucket{endpoint="/generate",le="600.0"} 5.0', "deepart_queue_length 0.0",
        "deepart_requests_running 0.0", "deepart_models 0.0", "process_resident_memory_bytes ",
    ):  # fmt: skip
        assert name in text, name


def test_the_queue_turns_away_and_it_is_counted(hosted: tuple[Page, str]) -> None:
    page, _ = hosted
    bob = Client(page.url, auth=("bob", "sesame"), verbose=False)
    queue, before = page.blocks._queue, counted(page, "/generate", "full")
    size, queue.max_size = queue.max_size, 0
    try:
        with pytest.raises(Exception, match="full"):
            bob.predict(1, 0, api_name="/generate")
    finally:
        queue.max_size = size
    assert counted(page, "/generate", "full") == before + 1


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
    from deepart.ui.serving import Metrics

    with gr.Blocks(analytics_enabled=False) as page:
        pass
    numbers = Metrics(Watch(page.queue()), Studio(device="cpu"))
    numbers.note_load("gan", "landscapes", 1.0)
    numbers.note_load("gan", "jane/secret", 1.0)
    text = numbers.text().decode()
    assert 'deepart_model_loads_total{model="landscapes",task="gan"} 1.0' in text
    assert 'model="other"' in text
    assert "jane" not in text


def test_tools_have_no_way_to_log_in(tiny_studio: TinyStudio, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"^--mcp cannot be used with --auth: "):
        serving_options(build_app(tiny_studio).queue(), tiny_studio, mcp=True, auth=tmp_path / "users")


def test_tools_need_a_package(tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r'^--mcp needs the package mcp: pip install "mcp>=1\.21,<2"\.$'):
        serving_options(build_app(tiny_studio).queue(), tiny_studio, mcp=True)


def test_a_proxy_is_believed_where_the_host_says_so(tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1")
    serving_options(build_app(tiny_studio).queue(), tiny_studio)
    import os

    assert os.environ["FORWARDED_ALLOW_IPS"] == "127.0.0.1"
    serving_options(build_app(tiny_studio).queue(), tiny_studio, trusted_proxies="10.0.0.0/8")
    assert os.environ["FORWARDED_ALLOW_IPS"] == "10.0.0.0/8"


def test_the_line_of_a_user_is_made_by_a_command(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    app = load_app()
    monkeypatch.setattr("sys.stdin", io.StringIO("sesame\n"))
    monkeypatch.setattr("sys.argv", ["app.py", "--hash-password", "anna"])
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    app.main()
    (tmp_path / "users").write_text(capsys.readouterr().out)
    assert Passwords(tmp_path / "users").fits("anna", "sesame")

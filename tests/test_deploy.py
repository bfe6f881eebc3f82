"""How the page is hosted: behind nginx under a path, as a container, as a Space."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from gradio_client import Client, handle_file
from PIL import Image
from running_page import ROOT, Page, free_port, load_app, serve, until

from deepart.images import settings

DEPLOY = ROOT / "deploy"


def needs(program: str) -> str:
    """Return the path of a program; without it the test is skipped, but not under CI."""
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # what pip has installed
    found = shutil.which(program, path=beside)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"There is no {program}; this test must not be skipped where CI is true.")
        pytest.skip(f"There is no {program}.")
    return found


def get(url: str, guest: bool = False) -> tuple[int, str]:
    try:
        request = urllib.request.Request(url, headers={} if guest else HEADERS)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


# --------------------------------------------------------------------------------------------------------------- nginx


HEADERS = {"Authorization": f"Basic {base64.b64encode(b'anna:sesame').decode()}"}


@contextmanager
def nginx(folder: Path, app: str) -> Iterator[str]:
    """Debian's nginx with the committed file, before an app; yield its address. "anna" has the password "sesame"."""
    port, text = free_port(), (DEPLOY / "nginx.conf").read_text()
    changes = {
        "http://127.0.0.1:7860": app, "listen 80;": f"listen 127.0.0.1:{port};", "burst=60": "burst=9",
        "/etc/nginx/deepart.users": f"{folder}/users", "/var/log/nginx/deepart.log": f"{folder}/lines",
    }  # fmt: skip
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    (folder / "deepart.conf").write_text(text)
    (folder / "users").write_text("anna:{PLAIN}sesame\n")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    user = "user root; " if os.geteuid() == 0 else ""  # who else may not enter the test's folder
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1;\n"
        "events { worker_connections 256; }\n"
        f"http {{ {temporary} absolute_redirect off; include {folder}/deepart.conf; }}\n"
    )
    server = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:

        def answers() -> bool:
            assert server.poll() is None, (folder / "errors").read_text()
            try:
                return get(f"http://127.0.0.1:{port}/")[0] == 404
            except urllib.error.URLError:
                return False

        until(answers)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, str]]:
    """The page under a path behind nginx, and the address there."""
    needs("nginx")
    folder = tmp_path_factory.mktemp("nginx")
    with (
        serve(tmp_path_factory.mktemp("files"), "--root-path", "/deepart", "--metrics") as page,
        nginx(folder, page.url) as url,
    ):
        yield page, url


def test_the_page_under_a_path_finds_all_its_parts(behind: tuple[Page, str]) -> None:
    _, url = behind
    status, text = get(f"{url}/deepart")  # without the slash one is led to the page
    assert status == 200
    parts = re.findall(r'(?:src|href)="(\./[^"]+\.(?:js|css))"', text)
    assert parts
    for part in parts:
        assert get(f"{url}/deepart/{part}")[0] == 200, part
    config = json.loads(get(f"{url}/deepart/config")[1])
    assert config["root"] == f"{url}/deepart"
    thumbnail = next(iter(re.findall(r"/gradio_api/file=[^\"')&\\]+", text)), None)
    if thumbnail is not None:
        assert get(f"{url}/deepart{thumbnail}")[0] == 200
    assert get(f"{url}/")[0] == 404


def test_health_is_seen_through_the_proxy_and_numbers_are_not(behind: tuple[Page, str]) -> None:
    page, url = behind
    assert get(f"{url}/deepart/healthz", guest=True) == (200, '{"status":"ok"}')
    assert get(f"{url}/deepart/metrics")[0] == 404
    assert get(f"{page.url}/metrics")[0] == 200


def test_uploads_previews_and_results_pass_the_proxy(behind: tuple[Page, str], tmp_path: Path) -> None:
    page, url = behind
    noise = Image.effect_noise((1500, 1500), 90).convert("RGB")
    noise.save(tmp_path / "content.png")
    assert (tmp_path / "content.png").stat().st_size > 2_000_000  # twice what nginx takes when nobody tells it
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "style.png")
    client = Client(f"{url}/deepart/", verbose=False, headers=HEADERS, download_files=str(tmp_path / "results"))
    page.fine.hold(2)
    try:
        job = client.submit(
            handle_file(tmp_path / "content.png"), handle_file(tmp_path / "style.png"), model="fine", size=64, steps=6,
            api_name="/stylize",
        )  # fmt: skip
        assert page.fine.held.wait(60)
        # The work is held before it tells of its second step; the first has passed nginx, which does not wait.
        until(lambda: any((made or {}).get("step") == 1 for _, made in job.outputs()))
        assert not job.done()
    finally:
        page.fine.release()
    path, made = job.result(timeout=60)
    with Image.open(path) as image:
        image.load()
        assert image.size == (64, 64)
        assert settings(image) == made


def test_guests_and_who_asks_too_often_are_turned_away_and_each_request_is_a_line(
    behind: tuple[Page, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, url = behind
    folder = next(tmp_path_factory.getbasetemp().glob("nginx*"))
    assert get(f"{url}/deepart/", guest=True)[0] == 401
    asked = [get(f"{url}/deepart/gradio_api/queue/join")[0] for _ in range(12)]  # a GET of it does nothing
    assert asked[0] == 405
    assert asked[-1] == 429
    lines = [json.loads(line) for line in (folder / "lines").read_text().splitlines()]
    assert {"path": "/deepart/gradio_api/queue/join", "status": 429}.items() <= lines[-1].items()
    assert isinstance(lines[-1]["seconds"], float)


# ------------------------------------------------------------------------------------------------------------ container

DOCKERFILE = DEPLOY / "Dockerfile"


def test_the_dockerfile_passes_a_linter() -> None:
    done = subprocess.run(
        [needs("hadolint"), "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_container_runs_as_nobody_special_and_tells_its_health() -> None:
    text = DOCKERFILE.read_text()
    lines = [line.split(None, 1) for line in text.splitlines() if re.match(r"[A-Z]+ ", line)]
    users = [rest for word, rest in lines if word == "USER"]
    assert users == ["1000"]  # a number, which Kubernetes can tell from root
    kinds = [word for word, _ in lines]
    assert kinds.index("USER") < kinds.index("CMD")
    assert "/healthz" in text[text.index("HEALTHCHECK") :]
    [base] = [rest for word, rest in lines if word == "FROM"]
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+@sha256:[0-9a-f]{64}|python:3\.11\.\d+-slim-\w+", base)
    for copied in (rest for word, rest in lines if word == "COPY"):
        for source in copied.split()[:-1]:
            if not source.startswith("--"):
                assert (ROOT / source).exists(), source


def test_the_container_s_variables_are_options(monkeypatch: pytest.MonkeyPatch) -> None:
    app = load_app()
    known = {app.variable(action) for action in app.options_of(app.make_parser())}
    told = set(re.findall(r"DEEPART_[A-Z_]+", "".join(path.read_text() for path in DEPLOY.iterdir() if path.is_file())))
    assert {"DEEPART_HOST", "DEEPART_PORT"} <= told
    assert told <= known | {"DEEPART_CACHE", "DEEPART_WEIGHTS"}


# ---------------------------------------------------------------------------------------------------------------- Space


def test_a_space_needs_what_is_here_and_nothing_else() -> None:
    head = yaml.safe_load((ROOT / "README.md").read_text("utf-8").split("---\n")[1])
    assert (ROOT / head["app_file"]).is_file()
    text = (DEPLOY / "SPACES.md").read_text("utf-8")
    assert re.search(r"^hf upload \S+ \. \. --repo-type=space", text, re.MULTILINE)
    assert head.get("suggested_hardware") in {"cpu-basic", "cpu-upgrade"}
    options = set(re.findall(r"DEEPART_[A-Z_]+", text))
    app = load_app()
    assert options <= {app.variable(action) for action in app.options_of(app.make_parser())}

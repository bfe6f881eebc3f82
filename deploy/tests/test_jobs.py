"""Folder jobs on a cluster: the pictures that one machine makes, one report, and what is left when one is killed."""

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet
from ray import cloudpickle
from running_page import free_port, tiny_fine, tiny_landscapes, tiny_pictures_vae, until

from deepart import cli, load_image, settings
from deepart.cli.jobs import Opened, Order
from deepart.errors import OptionError
from deepart.folder import whole
from deploy import jobs
from deploy.jobs import Pool, main, outcomes
from deploy.storage import Folder
from deploy.tasks import Task
from deploy.worker import STARTS, Worker

ROOT = Path(__file__).resolve().parents[2]
MANY = 12  # pictures of a job in which somebody is killed


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model of each task."""
    folder = tmp_path_factory.mktemp("models")
    tiny_fine().save_pretrained(folder / "style")
    tiny_landscapes().save_pretrained(folder / "gan")
    tiny_pictures_vae().save_pretrained(folder / "vae")
    return folder


@pytest.fixture
def photos(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three photographs and a file that is none; the folder around them, with the models, is the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("models").symlink_to(models)
    for name in ("a.jpg", "c.png", "sub/d.webp"):
        noise(Path("photos", name))
    noise(Path("painting.png"))
    Path("photos/b.jpg").write_bytes(b"\xff\xd8\xff cut short")
    return Path("photos")


def noise(path: Path, size: tuple[int, int] = (48, 32)) -> None:
    """Write a picture that is like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise(size, 90).convert("RGB").save(path)


def run(line: str) -> int:
    return main(shlex.split(line))


def report(out: str = "out") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(out, "report.jsonl").read_text("utf-8").splitlines()]


def results(out: str = "out") -> dict[str, int]:
    """Every picture that people see below a folder, and when it was written."""
    return {path.relative_to(out).as_posix(): path.stat().st_mtime_ns for path in sorted(Path(out).rglob("[!.]*.png"))}


# ------------------------------------------------------------------------------------------------------------ the work


@pytest.mark.usefixtures("cluster", "photos")
def test_a_folder_becomes_what_one_machine_makes_of_it_and_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    line = "stylize photos --style painting.png --model models/style --steps 2 --strength .7 --device cpu --out "
    assert run(line + "out --workers 1") == 1
    told = capsys.readouterr()
    assert told.out == "out: 3 made, 0 done before, 1 failed.\n"
    [complaint] = told.err.splitlines()
    assert complaint.startswith("photos/b.jpg: The JPEG file is damaged")
    assert [(one["source"], one["target"], one["status"]) for one in report()] == [
        ("photos/a.jpg", "a.png", "made"), ("photos/b.jpg", "b.png", "failed"), ("photos/c.png", "c.png", "made"),
        ("photos/sub/d.webp", "sub/d.png", "made"),
    ]  # fmt: skip
    assert complaint == f"photos/b.jpg: {report()[1]['error']}"
    first = results()
    assert list(first) == ["a.png", "c.png", "sub/d.png"]

    assert cli.main(shlex.split(line + "alone")) == 1
    for name in first:
        ours, theirs = load_image(Path("out", name)), load_image(Path("alone", name))
        assert ours.tobytes() == theirs.tobytes()
        assert settings(ours) == settings(theirs)
    capsys.readouterr()
    assert cli.main(shlex.split(line + "out")) == 1  # the one command goes on where the other was
    assert capsys.readouterr().out == "out: 0 made, 3 done before, 1 failed.\n"

    Path("photos/b.jpg").unlink()
    noise(Path("photos/c.png"))
    Path("photos/notes.txt").write_text("no picture")
    assert run(line + "out --workers 1") == 0
    told = capsys.readouterr()
    assert told.out == "out: 1 made, 2 done before, 0 failed, 1 left out.\n"
    assert told.err == "photos/notes.txt: The file is text, no picture.\n"
    after = results()
    assert {name for name in first if after[name] != first[name]} == {"c.png"}
    assert Counter(one["status"] for one in report()) == {"kept": 2, "made": 1}
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "c.png", "report.jsonl", "sub"]


@pytest.mark.usefixtures("cluster", "photos")
def test_a_manifest_of_urls_is_done_and_what_is_gone_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = ["photos/a.jpg", f"file://{tmp_path}/photos/c.png", "photos/gone.png"]
    parquet.write_table(pyarrow.table({"path": paths, "name": ["rome/forum", None, None]}), "all.parquet")
    line = f"reconstruct file://{tmp_path}/all.parquet --model models/vae --device cpu --format webp "
    assert run(line + f"--out file://{tmp_path}/out --workers 1") == 1
    told = capsys.readouterr()
    assert told.out == f"file://{tmp_path}/out: 2 made, 0 done before, 1 failed.\n"
    assert told.err == f"file://{tmp_path}/photos/gone.png: The file cannot be used: No such file or directory.\n"
    assert sorted(path.name for path in Path("out").rglob("*.webp")) == ["c.webp", "forum.webp"]
    assert whole(Path("out/rome/forum.webp"))


# ---------------------------------------------------------------------------------------------------- a wrong command


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stylize photos --style painting.png --out out --weights 2,x", "no list of numbers"),
        ("stylize photos --style nothing.png --out out", "'nothing.png' cannot be read: No such file or directory"),
        ("stylize photos --style photos/b.jpg --out out", "The JPEG file is damaged"),
        ("stylize empty --style painting.png --out out", "no picture in 'empty'"),
        ("reconstruct photos --out photos", "among the pictures"),
        ("reconstruct nothing --out out", "There is no file or folder 'nothing'"),
        ("reconstruct nowhere://photos --out out", "Protocol not known"),
        ("reconstruct wrong.jsonl --out out", "In line 2: The name is '../x'"),
        ("reconstruct photos --out out --workers 0", "The number of workers is 0"),
        ("reconstruct photos --out out --gpus 1.5", "above 1 it must be whole"),
        ("generate --seeds wrong.jsonl --n 2 --out out", "leave out --n and --seed"),
    ],
)
@pytest.mark.usefixtures("photos")
def test_what_is_wrong_without_a_model_is_told_without_a_cluster(
    line: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: Any) -> None:
        raise AssertionError("A cluster was asked for.")

    monkeypatch.setattr(jobs, "_cluster", never)
    Path("empty").mkdir()
    Path("wrong.jsonl").write_text('{"path": "photos/a.jpg"}\n{"path": "photos/a.jpg", "name": "../x"}\n')
    try:
        status: Any = run(line)
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert words in capsys.readouterr().err
    assert not Path("out").exists()


@pytest.mark.parametrize("address", ["127.0.0.1:{port}", "ray://127.0.0.1:{port}"])
@pytest.mark.usefixtures("photos")
def test_a_cluster_that_is_not_there_is_told(
    address: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    address = address.format(port=free_port())
    assert run(f"reconstruct photos --out out --address {address}") == 2
    assert f"The cluster '{address}' cannot be reached: [Errno 111] Connection refused" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_full_disk_ends_the_job_and_a_fault_of_the_model_does_not(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = Worker(Order("vae", "models/vae", "cpu", {}), "out", 1, starts=None)
    row = Task("a.jpg", "a.png", str(photos), "a.jpg").row(0)
    with monkeypatch.context() as patch:

        def cut(*arguments: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(os, "replace", cut)
        assert worker._attempt(row) == ("full", "Stopped, since the disk takes no more: No space left on device.")
    assert list(Path("out").iterdir()) == []
    with monkeypatch.context() as patch:
        patch.setattr(worker, "_make", lambda *arguments: 1 / 0)
        assert worker._attempt(row) == ("failed", "It could not be made: ZeroDivisionError: division by zero.")
    assert "Traceback" in capfd.readouterr().err  # which is the log of a worker
    assert worker._attempt(row) == ("made", "")
    assert worker._attempt(row) == ("kept", "")


# -------------------------------------------------------------------------------------------------- somebody is killed


@dataclass(frozen=True)
class Deadly(Order):
    """An order that kills its worker over seed 3, and fails with seed 1."""

    def open(self) -> Opened:
        def make(told: Any, seed: int) -> Image.Image:
            if seed == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            if seed == 1:
                raise OptionError("One is not to be had.")
            return Image.new("RGB", (32, 32))

        return {}, make


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("blocks", [1, 6])
def test_a_picture_that_kills_its_workers_is_one_failure_and_the_rest_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a worker cannot import the tests
    monkeypatch.setattr(jobs, "_blocks", lambda pictures, workers: blocks)
    todo = [Task(seed, f"{seed}.png") for seed in range(6)]
    out = Folder(str(tmp_path / "out"))
    found = {row["index"]: row for row in outcomes(todo, Deadly("gan", None, None, {}), out, Pool(1, 1, 0.0))}
    made = {index for index, row in found.items() if row["status"] in ("made", "kept")}
    assert (set(found), made) == (set(range(6)), {0, 2, 4, 5})
    assert found[3]["status"] == found[1]["status"] == "failed"
    assert found[3]["error"].startswith(f"The worker died over it {STARTS} times")
    assert found[1]["error"] == "One is not to be had."  # it does not take the blame, though it was begun as often
    assert list(results(str(tmp_path / "out"))) == [f"{seed}.png" for seed in sorted(made)]


def workers(above: int) -> list[int]:
    """Return the processes of Ray Data's workers that are descendants of a process."""
    parents: dict[int, int] = {}
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if (entry / "cmdline").read_bytes().startswith(b"ray::MapWorker"):
                    found.append(int(entry.name))
            except OSError:  # gone meanwhile
                continue

    def ancestors(pid: int) -> Iterator[int]:
        while pid in parents:
            pid = parents[pid]
            yield pid

    return [pid for pid in found if above in ancestors(pid)]


def alive(pid: int) -> bool:
    """Return whether a process still runs; one that has ended and that nobody has asked about is in /proc for long."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def slow(photos: Path) -> str:
    """A command on MANY pictures, each of which takes a while; they go into the folder out."""
    (photos / "b.jpg").unlink()
    for number in range(MANY - 3):
        noise(photos / f"more-{number:02d}.png")
    return "stylize photos --style painting.png --model models/style --size 96 --steps 30 --device cpu --out out"


def when(true: Callable[[], object], do: Callable[[], object]) -> threading.Thread:
    """Do something as soon as something else is true, beside the test."""

    def watch() -> None:
        until(true)
        do()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.usefixtures("cluster")
def test_a_worker_that_is_killed_costs_no_picture(slow: str, capsys: pytest.CaptureFixture[str]) -> None:
    killed: list[int] = []

    def kill() -> None:
        killed.append(workers(os.getpid())[0])
        assert len(results()) < MANY
        os.kill(killed[0], signal.SIGKILL)

    watcher = when(lambda: len(results()) >= 2, kill)
    assert run(f"{slow} --workers 2") == 0
    watcher.join()
    assert len(killed) == 1
    assert capsys.readouterr().err == ""
    assert len(results()) == len(report()) == MANY
    assert all(whole(Path("out", name)) for name in results())
    assert {one["status"] for one in report()} <= {"made", "kept"}  # kept: made just before the kill, and not yet told


@pytest.mark.usefixtures("cluster")
def test_ctrl_c_keeps_the_report_and_says_how_to_go_on(slow: str, capsys: pytest.CaptureFixture[str]) -> None:
    parts = Path("out/.report/00000.jsonl")
    watcher = when(parts.exists, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert run(f"{slow} --workers 2") == 130
    watcher.join()
    told = capsys.readouterr()
    assert told.err.splitlines()[-1] == "Stopped; the same command goes on from here."
    made = len(report())
    assert 1 <= made < MANY
    assert told.out == f"out: {made} made, 0 done before, 0 failed, {MANY - made} left.\n"
    assert not parts.parent.exists()
    assert all(whole(Path("out", name)) for name in results())


@pytest.mark.usefixtures("cluster")
def test_a_job_that_is_killed_goes_on_where_it_was(
    slow: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("RAY_ADDRESS", None)  # a cluster of its own, which dies with it
    first = subprocess.Popen(
        [sys.executable, "-m", "deploy.jobs", *shlex.split(slow), "--workers", "2"], cwd=tmp_path, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    parts = Path("out/.report/00000.jsonl")
    until(lambda: (len(results()) >= 3 and parts.exists()) or first.poll() is not None)
    children = workers(first.pid)
    first.kill()
    assert first.wait(60) == -signal.SIGKILL
    until(lambda: not any(map(alive, children)))
    before = results()
    assert 3 <= len(before) < MANY
    assert all(whole(Path("out", name)) for name in before)
    assert {json.loads(line)["status"] for line in parts.read_text().splitlines()} == {"made"}
    assert not Path("out/report.jsonl").exists()

    assert run(f"{slow} --workers 2") == 0
    assert capsys.readouterr().out == f"out: {MANY - len(before)} made, {len(before)} done before, 0 failed.\n"
    after = results()
    assert {name: after[name] for name in before} == before
    assert len(after) == len(report()) == MANY
    assert all(whole(Path("out", name)) for name in after)
    assert not parts.parent.exists()

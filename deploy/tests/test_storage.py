"""Places of pictures: on a disk and in stores, what is read and written there, lists of pictures, names of results."""

import errno
import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pyarrow
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from pyarrow import parquet

from deepart.errors import OptionError
from deploy import tasks
from deploy.report import LINES, Report
from deploy.storage import OLD, Folder, opened


class Renaming(MemoryFileSystem):
    """A store whose files grow under their names, as on a disk behind SFTP."""

    protocol = "renaming"
    store: dict[str, Any] = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012


fsspec.register_implementation("renaming", Renaming, clobber=True)


@pytest.fixture(params=["disk", "file", "memory", "renaming"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder that is not there yet, in each kind of store."""
    kinds = {"disk": str(tmp_path / "new"), "file": f"file://{tmp_path}/new"}
    return kinds.get(request.param) or f"{request.param}://{uuid.uuid4().hex}"


@pytest.fixture
def bucket() -> str:
    return f"memory://{uuid.uuid4().hex}"


def fill(folder: Folder, *names: str) -> Folder:
    for name in names:
        folder.write(name, b"some bytes")
    return folder


# --------------------------------------------------------------------------------------------------------------- files


def test_a_file_is_written_and_read_alike_in_every_store(place: str) -> None:
    folder = Folder(place)
    assert not folder.is_folder()
    with pytest.raises(FileNotFoundError) as gone:
        folder.read("a/b.png")
    assert gone.value.strerror == "No such file or directory"
    for data in (b"first", b"second, longer"):
        folder.write("a/b.png", data)
        assert folder.read("a/b.png") == data
        assert folder.read("a/b.png", 3) == data[:3]
    assert folder.is_folder()
    assert folder.is_file("a/b.png")
    assert not folder.is_file("a")
    assert list(folder.files()) == ["a/b.png"]  # and no half of it, hidden or not
    assert Folder(folder.root).read("a/b.png") == data
    folder.remove_all()
    folder.remove_all()
    assert not folder.is_folder()


@pytest.mark.parametrize("scheme", ["renaming", ""])
def test_a_write_that_breaks_off_leaves_what_was_there(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(f"renaming://{uuid.uuid4().hex}" if scheme else str(tmp_path))
    folder.write("x.png", b"good")

    def cut(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Renaming, "mv", cut)
    monkeypatch.setattr(os, "replace", cut)
    with pytest.raises(OSError, match="No space left"):
        folder.write("x.png", b"worse")
    assert folder.read("x.png") == b"good"


def test_a_store_that_nobody_knows_is_told() -> None:
    with pytest.raises(OptionError, match=r"'nowhere://x' cannot be opened: Protocol not known"):
        Folder("nowhere://x").is_folder()


def test_halves_of_killed_processes_go_and_those_at_work_stay(tmp_path: Path) -> None:
    old, young, other = (tmp_path / "a" / f".{name}.part" for name in ("0" * 32, "1" * 32, "mine"))
    old.parent.mkdir()
    for path in (old, young, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (time.time() - OLD - 60,) * 2)
    Folder(str(tmp_path)).sweep()
    assert [path.exists() for path in (old, young, other)] == [False, True, True]


# --------------------------------------------------------------------------------------------------------------- names


def targets(found: list[tasks.Task]) -> list[str]:
    return [task.target for task in found]


def test_a_bucket_is_searched_as_a_folder_is(bucket: str) -> None:
    folder = fill(Folder(bucket), "b.JPG", "x.png", "x.webp", "sub/deep/c.jpeg", "notes.txt", ".hidden.png",
                  ".cache/d.png", "out/b.png", "output/e.heic", "sub/@eaDir/b.png")  # fmt: skip
    left: dict[str, str] = {}
    found = tasks.pictures([bucket], Folder(f"{bucket}/out"), ".png", left)
    assert left == {f"{bucket}/notes.txt": "Its name does not end as that of a picture does."}
    assert sorted(targets(found)) == ["b.png", "output/e.png", "sub/deep/c.png", "x.png.png", "x.webp.png"]
    assert all(opened(task.root).read(task.name) == b"some bytes" for task in found)
    assert {task.source for task in found} >= {f"{bucket}/sub/deep/c.jpeg"}
    assert targets(tasks.pictures([f"{bucket}/b.JPG", f"{bucket}/sub"], folder, ".webp")) == ["b.webp", "deep/c.webp"]


def test_what_cannot_be_a_place_is_refused_in_every_store(place: str) -> None:
    folder = fill(Folder(place), "x.png", "sub/x.png")
    for places, out, words in (
        ([f"{place}/nothing"], f"{place}/out", "There is no file or folder"),
        ([place], place, "among the pictures"),
        ([f"{place}/x.png"], place, "would replace a picture"),
        ([f"{place}/x.png", f"{place}/sub"], f"{place}/out", "would both become"),
        ([place], f"{place}/x.png", "is a file"),
    ):
        with pytest.raises(OptionError, match=words):
            tasks.pictures(places, Folder(out), ".png")
    assert sorted(folder.files()) == ["sub/x.png", "x.png"]


# --------------------------------------------------------------------------------------------------------------- lists


def lines(*records: Any) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


def table(**columns: Any) -> bytes:
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table(columns), sink)
    return bytes(sink.getvalue().to_pybytes())


def test_paths_in_a_list_are_those_of_its_folder(place: str) -> None:
    base = fill(Folder(place), "lists/a.png", "lists/sub/b.png", "photos/c.png", "photos/d.png")
    elsewhere = f"{place}/photos/d.png"
    base.write("lists/all.txt", f"# my best\n\na.png\r\nsub/b.png\n ../photos/c.png\n{elsewhere}\n".encode())
    found = tasks.pictures([f"{place}/lists/all.txt"], Folder(f"{place}/out"), ".png")
    assert targets(found) == ["a.png", "sub/b.png", "c.png", "d.png"]
    assert all(opened(task.root).read(task.name) == b"some bytes" for task in found)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_manifest_names_results(kind: str, bucket: str) -> None:
    records = [{"path": "a.png", "name": "rome/forum", "stars": 5}, {"path": "a.png"}, {"path": "gone.png"}]
    data = lines(*records) if kind == "jsonl" else table(
        path=["a.png", "a.png", "gone.png"], name=["rome/forum", None, None], stars=[5, 1, 1]
    )  # fmt: skip
    Folder(bucket).write(f"all.{kind}", data)
    found = tasks.pictures([f"{bucket}/all.{kind}"], Folder(f"{bucket}/out"), ".webp")
    assert targets(found) == ["rome/forum.webp", "a.webp", "gone.webp"]  # what is not there is told by the worker


@pytest.mark.parametrize(
    ("file", "data", "words"),
    [
        ("x.txt", b"\xff\xfe\x00", "no text in UTF-8"),
        ("x.jsonl", b'{"path": "a.png"}\n{"path": ', r"In line 2: it is '\{"),
        ("x.jsonl", b'{"file": "a.png"}', 'JSON object with a "path"'),
        ("x.jsonl", lines({"path": 7}), "In line 1: The path is 7"),
        ("x.jsonl", lines({"path": "a.png"}, {"path": "a.png", "name": 5}), "In line 2: The name is 5"),
        ("x.parquet", b"PAR1 no", "no Parquet file"),
        ("x.parquet", table(file=["a.png"]), 'one called "path"'),
        ("x.parquet", table(path=["a.png", None]), "In row 2: The path is None"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(file: str, data: bytes, words: str, bucket: str) -> None:
    Folder(bucket).write(file, data)
    with pytest.raises(OptionError, match=rf"The list '{bucket}/{file}' cannot be used. {'.*'}{words}"):
        tasks.pictures([f"{bucket}/{file}"], Folder(f"{bucket}/out"), ".png")


@pytest.mark.parametrize(
    "name", ["", "../x", "a/../../x", "/x", "a//x", "a/", ".", "..", ".report/00000", "a/.x", "a\\..\\x", "a\0"]
)
def test_no_name_leads_out_of_the_results(name: str, bucket: str) -> None:
    Folder(bucket).write("x.jsonl", lines({"path": "a.png", "name": "good"}, {"path": "b.png", "name": name}))
    with pytest.raises(OptionError, match="In line 2: The name is"):
        tasks.pictures([f"{bucket}/x.jsonl"], Folder(f"{bucket}/out"), ".png")


@pytest.mark.parametrize(
    ("file", "data", "words"),
    [
        ("s.txt", b"5\nfive", "In line 2: The seed is 'five'"),
        ("s.jsonl", lines({"seed": -1}), "In line 1: The seed is -1"),
        ("s.parquet", table(seed=[1.5]), "In row 1: The seed is 1.5"),
        ("s.txt", b"# none", "There is no seed"),
        ("s.csv", b"seed\n5", "must be a .txt, .jsonl or .parquet"),
    ],
)
def test_wrong_seeds_are_told(file: str, data: bytes, words: str, bucket: str) -> None:
    Folder(bucket).write(file, data)
    with pytest.raises(OptionError, match=words):
        tasks.seeds(f"{bucket}/{file}", Folder(f"{bucket}/out"), ".png")
    with pytest.raises(OptionError, match="cannot be read"):
        tasks.seeds(f"{bucket}/gone.txt", Folder(f"{bucket}/out"), ".png")


# -------------------------------------------------------------------------------------------------------------- report


def test_a_report_is_there_in_parts_while_the_job_runs_and_whole_at_its_end(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.report.SECONDS", 0.0)
    out = Folder(place)
    read: Callable[[str], list[int]] = lambda name: [json.loads(line)["n"] for line in out.read(name).splitlines()]  # noqa: E731
    out.write(".report/00007.jsonl", b"of a run that was killed")
    report = Report(out)
    for index in (2, 0):
        report.add(index, {"n": index})
    assert read(".report/00000.jsonl") == [2, 0]
    with pytest.raises(FileNotFoundError):
        out.read(".report/00007.jsonl")
    monkeypatch.setattr("deploy.report.SECONDS", 1e9)
    for index in range(3, LINES + 9):
        report.add(index, {"n": index})
    assert len(read(".report/00000.jsonl")) == LINES
    report.add(1, {"n": 1})
    report.close()
    assert read("report.jsonl") == list(range(LINES + 9))
    with pytest.raises(FileNotFoundError):
        out.read(".report/00000.jsonl")


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("s.txt", b"5\n# the best\n7\n5\n"),
        ("s.jsonl", lines({"seed": 5}, {"seed": 7, "name": None}, {"seed": 5})),
        ("s.parquet", table(seed=[5, 7, 5])),
    ],
)
def test_seeds_may_stand_in_a_file(file: str, data: bytes, bucket: str) -> None:
    Folder(bucket).write(file, data)
    found = tasks.seeds(f"{bucket}/{file}", Folder(f"{bucket}/out"), ".png")
    assert [(task.source, task.target) for task in found] == [(5, "seed-000005.png"), (7, "seed-000007.png")]

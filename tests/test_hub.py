import dataclasses
import errno
import hashlib
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from loopback_hub import LoopbackHub
from safetensors.torch import save, save_file
from torch import nn

from deepart import checkpoint, hub
from deepart.errors import OptionError, UnknownModelError, WeightsError
from deepart.hub import ModelFile

REPO, COMMIT, LATER = "org/name", "a" * 40, "b" * 40
CONTENTS = {
    "config.json": b'{"task": "style", "class": "Tiny"}',
    "model.safetensors": save({"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2)}),
}


def pinned(contents: dict[str, bytes] = CONTENTS) -> tuple[ModelFile, ...]:
    return tuple(ModelFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in contents.items())


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DEEPART_WEIGHTS", str(tmp_path / "weights"))


@pytest.fixture
def local(tmp_path: Path) -> Path:
    folder = tmp_path / "weights" / "style-tiny"
    folder.mkdir(parents=True)
    for name, data in CONTENTS.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def digests(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose bytes were hashed so far."""
    done: list[Path] = []
    real = checkpoint.digest
    monkeypatch.setattr(hub, "digest", lambda path: (done.append(path), real(path))[1])
    return done


@pytest.fixture
def loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path / "home"):
        server.add(REPO, COMMIT, CONTENTS)
        yield server


def find(files: tuple[ModelFile, ...] = pinned(), repo: str | None = REPO, commit: str | None = COMMIT) -> Path:
    return hub.find("style", "tiny", files, repo, commit)


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith((".incomplete", ".part"))]


def half_written(path: Path, data: bytes) -> int:
    """Stand in for Path.write_bytes on a disk that is full after half of the data."""
    with path.open("wb") as stream:
        stream.write(data[: len(data) // 2])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def settle() -> None:
    """Wait until a file is old enough for a marker."""
    time.sleep(1.5 * hub._SETTLED)


# --- The files that travel with the repository


def test_local_files_come_first(local: Path, loopback: LoopbackHub) -> None:
    assert find() == local
    assert loopback.requests == []


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (Path.unlink, "missing"),
        (flip, "sha256"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes instead of"),
        (lambda path: path.write_bytes(b""), "damaged, with 0 bytes"),
    ],
    ids=["missing", "tampered", "truncated", "empty"],
)
def test_bad_local_file(local: Path, loopback: LoopbackHub, name: str, harm: Callable[[Path], Any], word: str) -> None:
    harm(local / name)
    with pytest.raises(WeightsError, match=word) as caught:
        find()
    assert str(local / name) in str(caught.value)
    assert f"'git checkout -- weights/style-tiny/{name}' or make a new clone." in str(caught.value)
    assert loopback.requests == []  # a damaged file is told, not quietly replaced by another


# --- Checked once


def test_unchanged_file_is_hashed_once(local: Path, digests: list[Path]) -> None:
    settle()
    for _ in range(3):
        find()
    assert len(digests) == len(CONTENTS)


def rewrite(path: Path) -> None:
    """Put other bytes of the same length in place, and the old times back."""
    status = path.stat()
    flip(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_mtime_ns == status.st_mtime_ns


def replace(path: Path) -> None:
    status = path.stat()
    other = path.with_suffix(".other")
    other.write_bytes(path.read_bytes())
    flip(other)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(other, path)


@pytest.mark.parametrize("harm", [flip, rewrite, replace, lambda path: path.write_bytes(b"short")])
def test_change_after_the_check_is_noticed(local: Path, harm: Callable[[Path], Any]) -> None:
    settle()
    find()
    harm(local / "model.safetensors")
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        find()


def test_cache_that_cannot_be_written(local: Path, digests: list[Path], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    settle()
    assert find() == find() == local
    assert len(digests) == 2 * len(CONTENTS)


# --- The Hub


def test_download_then_no_request_at_all(loopback: LoopbackHub) -> None:
    folder = find()
    assert {name: (folder / name).read_bytes() for name in CONTENTS} == CONTENTS
    assert folder.name == COMMIT
    assert loopback.count("GET") == len(CONTENTS)
    before = list(loopback.requests)
    assert find() == folder
    assert hub.fetch(REPO, COMMIT) == folder
    assert loopback.requests == before
    loopback.close()
    assert find() == folder


def refuse_sleep(seconds: float) -> None:
    pytest.fail(f"waited {seconds} s for another attempt")  # no Exception, so that nothing on the way can take it


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_hub_broken_and_not_cached(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    loopback.status = status
    monkeypatch.setattr(time, "sleep", refuse_sleep)
    with pytest.raises(WeightsError, match=f"status {status}"):
        find()
    assert [method for method, _ in loopback.requests] == ["HEAD"]


def test_hub_that_does_not_answer(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.2)
    loopback.hold.clear()
    with pytest.raises(WeightsError, match="cannot be reached"):
        find()
    assert loopback.count("HEAD") == 1


@pytest.mark.parametrize(
    ("lack", "error", "words"),
    [
        (lambda there: there.missing.add(REPO), UnknownModelError, "no Hub repository org/name, or it is private; "),
        (lambda there: there.gated.add(REPO), WeightsError, "is gated; accept its terms"),
        (lambda there: there.repos[REPO][COMMIT].pop("model.safetensors"), WeightsError,
         r"'model\.safetensors' of the Hub repository org/name does not exist"),
    ],
)  # fmt: skip
def test_what_is_not_to_be_had(loopback: LoopbackHub, lack: Any, error: type[Exception], words: str) -> None:
    lack(loopback)
    for call in (find, lambda: hub.fetch(REPO), find):
        with pytest.raises(error, match=words):
            call()


def test_revision_gone(loopback: LoopbackHub) -> None:
    for call in (lambda: find(commit=LATER), lambda: hub.fetch(REPO, LATER), lambda: hub.fetch(REPO, "v2")):
        with pytest.raises(WeightsError, match=r"has no revision '(b{40}|v2)'"):
            call()


@pytest.mark.parametrize("load", [find, lambda: hub.fetch(REPO)], ids=["find", "fetch"])
def test_flipped_bytes_are_downloaded_anew_and_twice_refused(loopback: LoopbackHub, load: Callable[[], Path]) -> None:
    loopback.flipped["model.safetensors"] = 2
    with pytest.raises(WeightsError, match=r"model\.safetensors is not the one .* org/name sent it so again"):
        load()
    assert loopback.count("GET", "model.safetensors") == 2
    assert (load() / "model.safetensors").read_bytes() == CONTENTS["model.safetensors"]  # nothing bad was remembered
    assert loopback.count("GET", "model.safetensors") == 3


@pytest.mark.parametrize("load", [find, lambda: hub.fetch(REPO, COMMIT)], ids=["find", "fetch"])
@pytest.mark.parametrize("harm", [flip, rewrite, lambda path: path.write_bytes(b"short")])
def test_tampered_cache_is_repaired(
    loopback: LoopbackHub, load: Callable[[], Path], harm: Callable[[Path], Any]
) -> None:
    path = load() / "model.safetensors"
    settle()
    load()
    harm(path)
    assert (load() / "model.safetensors").read_bytes() == CONTENTS["model.safetensors"]
    assert loopback.count("GET", "model.safetensors") == 2


def test_tampered_cache_and_hub_down(loopback: LoopbackHub) -> None:
    path = find() / "model.safetensors"
    flip(path)
    loopback.close()
    with pytest.raises(WeightsError, match=r"model\.safetensors is damaged, and the Hub cannot be reached"):
        find()


def test_full_disk_while_downloading(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import file_download

    def full(url: str, stream: Any, **_: Any) -> None:
        stream.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(file_download, "http_get", full)
        with pytest.raises(WeightsError, match=r"'config\.json' .* does not fit on the disk; free some space in "):
            find()
    assert leftovers(tmp_path) == []
    assert not (tmp_path / "cache").exists()
    assert {name: (find() / name).read_bytes() for name in CONTENTS} == CONTENTS


def test_hub_cache_that_cannot_be_written(loopback: LoopbackHub, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "hub").write_text("in the way")
    with pytest.raises(WeightsError, match=r"'config\.json' .* was not stored in "):
        find()


def test_branch_is_followed_while_the_hub_is_there(loopback: LoopbackHub) -> None:
    assert hub.fetch(REPO).name == COMMIT
    loopback.add(REPO, LATER, {**CONTENTS, "config.json": b"{}"})
    assert hub.fetch(REPO).name == LATER
    assert hub.fetch(REPO, COMMIT).name == COMMIT
    loopback.add(REPO, COMMIT, CONTENTS, branch="old")
    assert hub.fetch(REPO, "old").name == COMMIT


@pytest.mark.parametrize(
    "away", [LoopbackHub.close, lambda server: setattr(server, "status", 503)], ids=["down", "503"]
)
def test_branch_from_the_cache_while_the_hub_is_away(
    loopback: LoopbackHub, away: Callable[[LoopbackHub], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hub.fetch(REPO)
    away(loopback)
    monkeypatch.setattr(time, "sleep", refuse_sleep)
    assert hub.fetch(REPO) == folder


def run(code: str, loopback: LoopbackHub, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line of Python in a new process that finds the Hub through its environment, as a user's does."""
    root = str(Path(hub.__file__).parent.parent)
    environment = {**os.environ, **loopback.environment(home), "PYTHONPATH": root, **more}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True, check=False
    )


def test_new_process(loopback: LoopbackHub, tmp_path: Path) -> None:
    clean = "import sys, deepart.hub, deepart.registry; print({'huggingface_hub', 'gradio'} & set(sys.modules))"
    fetch = f"print(deepart.hub.fetch({REPO!r}, {COMMIT!r}).name)"
    look = "print('huggingface_hub.file_download' in sys.modules)"  # which takes its time
    first = run(f"{clean}; {fetch}; {look}", loopback, tmp_path / "other")
    assert first.stdout == f"set()\n{COMMIT}\nTrue\n", first.stderr
    assert loopback.count("GET") == len(CONTENTS)
    seen = len(loopback.requests)
    second = run(f"{clean}; {fetch}; {look}", loopback, tmp_path / "other", HF_HUB_OFFLINE="1")
    assert second.stdout == f"set()\n{COMMIT}\nFalse\n", second.stderr
    assert len(loopback.requests) == seen


@pytest.mark.parametrize(
    "text",
    ["", "name", "../x", "a/..", "a/b/c", "/a/b", "a/b/", "./a", "a/.b", "a--b/c", "a/b@", "a/b@../../c", "a/b@/etc",
     "a b/c", "a/b\n", "a/b.git", "a/é", "~/a", "a\\b", "a/" + "b" * 97, "a/b@c@d", "a/b?c", "a/b%2e", "C:/a"],
)  # fmt: skip
def test_no_repository_id(text: str) -> None:
    assert hub.parse_repo(text) is None


# --- Reading


class Payload:
    """Writes a file as soon as a pickle of it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")


@pytest.mark.parametrize(
    "state", [{"a": 3}, [torch.ones(2)], {1: torch.ones(2)}, {"a": torch.eye(2).to_sparse()},
              {"a": torch.ones(2, device="meta")}],
    ids=["number", "list", "unnamed", "sparse", "meta"],
)  # fmt: skip
def test_other_things_than_named_tensors_are_one_sentence(tmp_path: Path, state: Any) -> None:
    torch.save(state, tmp_path / "model.pt")
    with pytest.raises(WeightsError, match=r"model\.pt is damaged, or holds more than tensors"):
        checkpoint.read_tensors(tmp_path / "model.pt")


@pytest.mark.parametrize("suffix", [".bin", ".pth", ".pt"])
@pytest.mark.parametrize("kind", ["zip", "legacy", "pickle"])
def test_code_in_a_pickle_never_runs(tmp_path: Path, suffix: str, kind: str) -> None:
    path, trace = tmp_path / f"model{suffix}", tmp_path / "trace"
    state = {"weight": torch.ones(2), "payload": Payload(trace)}
    if kind == "pickle":
        path.write_bytes(pickle.dumps(state))
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    with pytest.raises(WeightsError, match=f"model{suffix} is damaged, or holds more than tensors"):
        checkpoint.read_tensors(path)
    assert not trace.exists()
    if kind == "zip":  # the payload is a real one
        torch.load(path, weights_only=False)["payload"].close()
        assert trace.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "model.bin"])
@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\xff" * 64, CONTENTS["model.safetensors"][:-1], (2**40).to_bytes(8, "little") + b"{}", b"\x80\x02."],
)
def test_bad_tensor_file(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(WeightsError, match=name):
        checkpoint.read_tensors(tmp_path / name)


def test_only_the_wanted_tensors(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    state = {"a": torch.arange(4.0), "b": torch.tensor([float("nan")]), "c": torch.tensor(3)}
    save_file(state, path)
    read = checkpoint.read_tensors(path, ["c", "a"])
    assert list(read) == ["c", "a"]
    assert torch.equal(read["a"], state["a"])
    assert read["c"] == 3
    with pytest.raises(WeightsError, match="is damaged"):
        checkpoint.read_tensors(path, ["a", "x"])
    with pytest.raises(WeightsError, match="'b' that are not finite"):
        checkpoint.read_tensors(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_numbers_that_are_not_finite(tmp_path: Path, value: float, dtype: torch.dtype) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.tensor([0.0, value], dtype=dtype)}, path)
    with pytest.raises(WeightsError, match=r"model\.safetensors has numbers in 'weight' that are not finite"):
        checkpoint.read_tensors(path)


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"weight": torch.ones(2, 3)}, "it lacks 'bias'."),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(2), "x": torch.ones(1)}, "it has 'x' too many."),
        ({"wight": torch.ones(2, 3), "bias": torch.ones(2)}, "it lacks 'weight'."),
        (
            {k: torch.ones(1) for k in "abcde"},
            "it lacks 'weight', 'bias'.",
        ),
        ({"weight": torch.ones(3, 2), "bias": torch.ones(2)}, "'weight' is 3x2 float32 instead of 2x3 float32."),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(())}, "'bias' is one number float32 instead of 2 float32."),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(2).int()}, "'bias' is 2 int32 instead of 2 float32."),
    ],
)
def test_tensors_that_do_not_fit(tensors: dict[str, torch.Tensor], words: str) -> None:
    module = nn.Linear(3, 2)
    before = module.weight.clone()
    with pytest.raises(WeightsError) as caught:
        checkpoint.load_strict(module, tensors, Path("model.safetensors"))
    assert str(caught.value).endswith(words)
    assert "The file model.safetensors does not fit the network: " in str(caught.value)
    assert torch.equal(module.weight, before)


def test_build_refuses_before_it_allocates(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(CONTENTS["model.safetensors"])
    with pytest.raises(WeightsError, match="'bias' is 2 float32 instead of 1000000000 float32"):
        checkpoint.build(lambda: nn.Linear(10**6, 10**9), path)  # four petabytes


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 60000, "is not JSON"),
        (b'{"a": "' + b"x" * 70000 + b'"}', "more than 65536 bytes"),
        (b"[1]", "holds a list, not an object"),
    ],
)
def test_bad_config(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "config.json").write_bytes(data)
    with pytest.raises(WeightsError, match=words) as caught:
        checkpoint.read_config(tmp_path)
    assert str(tmp_path / "config.json") in str(caught.value)


@dataclasses.dataclass(frozen=True)
class Numbers:
    width: int = 8
    rate: float = 0.5
    deep: tuple[tuple[int, ...], ...] = ((1, 2), (3,))
    name: str = "x"
    flag: bool = False

    def __post_init__(self) -> None:
        if self.width > 100:
            raise OptionError("too wide")


@pytest.mark.parametrize(
    "values",
    [{"width": 4.0}, {"width": True}, {"width": "4"}, {"width": None}, {"rate": "1"}, {"rate": False}, {"deep": 3},
     {"rate": float("inf")}, {"deep": [[1.5]]}, {"deep": [1]}, {"deep": [["a"]]}, {"name": 3}, {"flag": 1},
     {"widht": 4}, {"width": 101}],
)  # fmt: skip
def test_config_numbers_of_another_kind(values: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=next(iter(values)) if values != {"width": 101} else "do not make a network"):
        checkpoint.make_config(Numbers, values, Path("f"))


# --- Writing

CONFIG = {"task": "style", "class": "Tiny", "width": 2}


def test_written_folder_reads_back(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "model"
    base = torch.arange(12.0)
    tensors = {
        "w": base[:6].reshape(2, 3).t(),
        "shared": base[3:9],
        "count": torch.tensor(7),
        "grad": nn.Parameter(base),
    }
    checkpoint.write_folder(folder, CONFIG, tensors, "# card é\n")
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    assert checkpoint.read_config(folder) == CONFIG
    assert (folder / "README.md").read_text("utf-8") == "# card é\n"
    read = checkpoint.read_tensors(folder / "model.safetensors")
    assert read["w"].dtype == torch.float16
    assert read["count"].dtype == torch.int64
    assert all(torch.equal(read[name].to(value.dtype), value) for name, value in tensors.items())


def test_halves_only_where_they_hold(tmp_path: Path) -> None:
    tensors = {"small": torch.tensor([0.1]), "large": torch.tensor([1e6])}
    checkpoint.write_folder(tmp_path, CONFIG, tensors, "")
    read = checkpoint.read_tensors(tmp_path / "model.safetensors")
    assert (read["small"].dtype, read["large"].dtype) == (torch.float16, torch.float32)
    checkpoint.write_folder(tmp_path, CONFIG, tensors, "", half=False)
    assert torch.equal(checkpoint.read_tensors(tmp_path / "model.safetensors")["small"], tensors["small"])


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_text("mine")
    with pytest.raises(OptionError, match="model is a file; a model is saved as a folder"):
        checkpoint.write_folder(path, CONFIG, {}, "")
    with pytest.raises(WeightsError, match="was not saved in"):
        checkpoint.write_folder(path / "below", CONFIG, {}, "")
    assert path.read_text() == "mine"


def test_full_disk_leaves_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.write_folder(tmp_path, CONFIG, {"w": torch.ones(1)}, "old")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    real, written = Path.write_bytes, []

    def second_fails(path: Path, data: bytes) -> int:
        written.append(path)
        return real(path, data) if len(written) == 1 else half_written(path, data)

    monkeypatch.setattr(Path, "write_bytes", second_fails)
    with pytest.raises(WeightsError, match=r"was not saved in .*No space left on device"):
        checkpoint.write_folder(tmp_path, CONFIG, {"w": torch.zeros(1)}, "new")
    assert len(written) == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("status", "words"), [(418, "try again later"), (401, "log in anew"), (403, "log in anew")])
def test_other_refusal(loopback: LoopbackHub, status: int, words: str) -> None:
    loopback.status = status
    with pytest.raises(WeightsError, match=f"status {status}; {words}"):
        find()

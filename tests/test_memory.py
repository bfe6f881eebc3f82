import os
import platform
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from deepart import memory

MEMINFO = "MemTotal:       8000000 kB\nMemFree:        1000000 kB\nMemAvailable:   4000000 kB\n"
AVAILABLE = 4_096_000_000

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="It is glibc that keeps freed memory.")

Tree = Callable[[dict[str, str]], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    def make(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def test_a_machine_without_a_container(tree: Tree) -> None:
    assert memory.machine_memory(tree({"proc/meminfo": MEMINFO})) == AVAILABLE


V1, V2 = "sys/fs/cgroup/memory", "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("group", "files", "wanted"),
    [
        ("0::/\n", {f"{V2}/memory.max": "1000\n"}, 1000),
        ("0::/\n", {f"{V2}/memory.max": "max\n"}, AVAILABLE),
        ("0::/a/b\n", {f"{V2}/a/b/memory.max": "max\n", f"{V2}/a/memory.max": "2000\n"}, 2000),
        ("0::/only/on/the/host\n", {f"{V2}/memory.max": "3000\n"}, 3000),
        ("0::/a\n", {f"{V2}/a/memory.max": "9000000000000\n"}, AVAILABLE),
        ("4:memory:/docker/x\n0::/\n", {f"{V1}/memory.limit_in_bytes": "4000\n"}, 4000),
        ("4:memory:/\n", {f"{V1}/memory.limit_in_bytes": "9223372036854771712\n"}, AVAILABLE),
        ("3:cpuset:/\n", {f"{V2}/memory.max": "6000\n"}, AVAILABLE),
        ("nonsense\n", {f"{V2}/a/memory.max": "\n"}, AVAILABLE),
    ],
)
def test_a_container_s_limit(tree: Tree, group: str, files: dict[str, str], wanted: int) -> None:
    assert memory.machine_memory(tree({"proc/meminfo": MEMINFO, "proc/self/cgroup": group} | files)) == wanted


def test_a_system_without_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 10}.__getitem__)
    assert memory.machine_memory(tmp_path) == 40960
    monkeypatch.delattr("os.sysconf")
    assert memory.machine_memory(tmp_path) == 8 * 2**30


def test_half_of_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "machine_memory", lambda: 1001)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (400, 900))
    assert memory.weights_bound(torch.device("cpu")) == 500
    assert memory.weights_bound(torch.device("mps")) == 500
    assert memory.weights_bound(torch.device("cuda")) == 200


def test_a_gpu_s_cache_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[str] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append("cuda"))
    monkeypatch.setattr(torch.mps, "empty_cache", lambda: emptied.append("mps"))
    for name in ("cpu", "cuda", "mps"):
        memory.give_back(torch.device(name))
    assert emptied == ["cuda", "mps"]


@GLIBC
def test_what_was_freed_goes_back_to_the_system() -> None:
    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    blocks = [torch.ones(25_000) for _ in range(2000)]  # 100 KB each: glibc takes them from its heap
    held = resident()
    del blocks[:-1]  # the last of the heap stays, and what lies below it stays with it
    memory.trim()
    assert resident() < held - 150

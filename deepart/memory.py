"""How much memory there is: of the machine, of the container that holds us in, or of the GPU."""

import ctypes
import gc
import os
import re
from pathlib import Path, PurePosixPath

import torch

SHARE = 0.5  # of the memory that is there, for weights; the other half is for the work with them

_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h


def weights_bound(device: torch.device) -> int:
    """Return how many bytes of a device's memory weights may take together: half of what is there now."""
    if device.type == "cuda":
        return int(SHARE * torch.cuda.mem_get_info(device)[0])
    return int(SHARE * machine_memory())  # MPS has no memory of its own


def few_arenas() -> None:
    """Let all threads take memory from two pools of glibc, which opens up to eight for each core.

    Each keeps what was freed in it, so that a server seems to grow for hours. To be called before there are threads.
    """
    _glibc("mallopt", _ARENA_MAX, 2)


def trim() -> None:
    """Return to the system the memory that was freed and that glibc has kept; elsewhere it does nothing."""
    _glibc("malloc_trim", 0)


def _glibc(name: str, *numbers: int) -> None:
    try:
        getattr(ctypes.CDLL(None), name)(*numbers)
    except (AttributeError, OSError, TypeError):  # another library, which has no such function; Windows has no None
        return


def machine_memory(root: Path = Path("/")) -> int:
    """Return the bytes of memory that programs can have, in this machine or container. root: another one in tests."""
    return min([_available(root), *_limits(root)])


def _available(root: Path) -> int:
    """Return the bytes that Linux calls available, which counts what its caches would give back; else all there are."""
    if found := re.search(r"^MemAvailable:\s*(\d+)", _text(root / "proc/meminfo"), re.MULTILINE):
        return 1024 * int(found[1])
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on every system
        return 8 * 2**30


def _limits(root: Path) -> list[int]:
    """Return the limits in bytes of the control groups that hold this process, and of those around them.

    In a container the path of its group may be that on its host, which is not mounted here: then the group at the top
    is the container's own, as it is of version 1, whose other groups are not looked at.
    """
    top = root / "sys/fs/cgroup"
    files = [top / "memory/memory.limit_in_bytes"]
    for line in _text(root / "proc/self/cgroup").splitlines():
        if line.startswith("0::"):  # version 2
            group = PurePosixPath(line[3:].lstrip("/"))
            files += [top / folder / "memory.max" for folder in (group, *group.parents)]
    found = [text.strip() for text in map(_text, files)]
    return [int(text) for text in found if text.isdecimal() and int(text) > 0]  # not "max"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def give_back(device: torch.device) -> None:
    """Let go of what nobody refers to, and give what torch keeps for later back to the device."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()

"""What is kept of visitors: files for a day, less where they are too many, and little memory.

Gradio deletes only what it remembers; it forgets all when the server starts again, and half an upload at once. So the
folder itself is looked through, at the start and every minute. Only what lies where Gradio and the page put files is
touched: files in folders with a hash for a name, and uploads that have not arrived, at the top.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from gradio.utils import get_upload_folder

KEPT = 86400.0  # seconds since a file's last use after which it goes
# Seconds in which a file stays even where there are too many, and where there are twice as many as may be.
SPARED, AT_LEAST = 3600.0, 300.0
HALF = 120.0  # seconds without a further byte after which an upload is not coming any more
MOST = 5 * 10**9  # bytes that all files may have
EVERY = 60.0  # seconds between two looks
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")


class _File(NamedTuple):
    used: float
    size: int
    path: Path


def sweep(folder: Path, keep: Iterable[str] = (), *, most: int = MOST, now: float | None = None) -> int:
    """Delete what is too old, then the oldest of what is too much, and return the bytes that stay.

    folder: where Gradio puts files. keep: paths of files that belong to the page. most: bytes that may stay. now: the
    time, as time.time() tells it.
    """
    moment, stay = time.time() if now is None else now, set(keep)
    found = sorted(_files(folder))
    total = sum(one.size for one in found)
    for one in found:
        age = moment - one.used
        spared = KEPT if total <= most else SPARED if total <= 2 * most else AT_LEAST
        limit = HALF if one.path.parent == folder else spared
        if age > limit and str(one.path) not in stay:
            with contextlib.suppress(OSError):
                one.path.unlink(missing_ok=True)
                total -= one.size
    for inner in _folders(folder):
        if moment - _used(inner) > SPARED:  # not one into which somebody is about to write
            with contextlib.suppress(OSError):  # there is something in it
                inner.rmdir()
    return total


def _files(folder: Path) -> Iterator[_File]:
    places = [*_folders(folder), *folder.glob("tmp*")]
    for path in (inner for place in places for inner in (place.rglob("*") if place.is_dir() else [place])):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                yield _File(_used(path), path.stat().st_size, path)


def _folders(folder: Path) -> list[Path]:
    return [one for one in folder.glob("*") if _HASH.fullmatch(one.name) and one.is_dir() and not one.is_symlink()]


def _used(path: Path) -> float:
    """Return when a file was used last: a copy keeps the time of its original, but not the change of its place."""
    with contextlib.suppress(OSError):
        told = path.stat()
        return max(told.st_mtime, told.st_ctime)
    return 0.0


def slim(page: Any, session: str | None) -> None:
    """Drop what Gradio notes of each component for a visitor, half a megabyte, which only its own links would need."""
    kept = page.state_holder.session_data.get(session)
    if kept is not None:
        kept.config_values.clear()


def sweeping(page: Any, most: int = MOST) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Return the lifespan of an application, in which the files of a page are looked through again and again."""

    def look() -> None:
        keep = {path for block in page.blocks.values() for path in getattr(block, "keep_in_cache", ())}
        sweep(Path(get_upload_folder()), keep, most=most)

    async def looking() -> None:
        while True:
            await asyncio.to_thread(look)
            await asyncio.sleep(EVERY)

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        task = asyncio.create_task(looking())
        try:
            yield
        finally:
            task.cancel()

    return lifespan

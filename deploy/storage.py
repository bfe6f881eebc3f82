"""Folders on a disk, in a bucket, or wherever else fsspec reaches: opened, searched, read, and written whole."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import posixpath
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from deepart import folder
from deepart.errors import OptionError

PUT_WHOLE = frozenset(
    {"abfs", "abfss", "adl", "az", "gcs", "gs", "memory", "oci", "oss", "ossfs", "r2", "s3", "s3a", "tos"}
)
"""Stores in which a file is there with all its bytes or not at all, so that no detour over a hidden name is needed."""
OLD = 3600.0  # seconds, after which nobody is still writing a hidden half: a write takes moments

_HALF = re.compile(r"\.[0-9a-f]{32}\.part")


@dataclass(frozen=True)
class Folder:
    """A folder, by its URL ("s3://bucket/photos", "file:///photos") or path; files in it go by their path below it.

    Keys and addresses of a store are where fsspec looks for them: in its settings and environment variables.
    Everything that reads or writes raises OSError, whatever the store's own client raises.
    """

    url: str

    @functools.cached_property
    def _store(self) -> tuple[fsspec.AbstractFileSystem, str]:
        """The store and the folder's path in it; raises OptionError for a URL that fsspec cannot open."""
        if "://" not in self.url:  # a path of this machine, also one with "::", which fsspec would take apart
            return LocalFileSystem(), self.url or "."
        try:
            store, path = fsspec.url_to_fs(self.url)
        except Exception as error:  # no such protocol, its package is not installed, no keys for it: each its own way
            raise OptionError(f"The place {self.url!r} cannot be opened: {str(error).rstrip('.')}.") from None
        return store, path.rstrip("/") or path

    @property
    def local(self) -> bool:
        """Whether it is a folder of this machine, or one that looks so, such as a network disk."""
        return isinstance(self._store[0], LocalFileSystem)

    def shown(self, name: str = "") -> str:
        """Return what people call the folder, or a file in it."""
        return f"{self.url.removesuffix('/')}/{name}" if name and self.url else name or self.url

    def joined(self, path: str) -> str:
        """Return the URL or path of what a relative path leads to, which may climb; raises OptionError for too far."""
        head, slashes, tail = self.url.rpartition("://")
        whole = posixpath.normpath(f"{tail}/{path}" if tail else path)
        if slashes and whole.startswith(".."):
            raise OptionError(f"The path {path!r} leads out of {self.url!r}, and out of its store.")
        return head + slashes + whole

    @property
    def root(self) -> str:
        """The URL, or where it is local the absolute path: what opens the same folder in another process."""
        return self.address() if self.local else self.url

    def address(self, name: str = "") -> str:
        """Return the one absolute path or URL of a file, however its folder was spelled."""
        inside = self._inside(name)
        return inside if self.local else str(self._store[0].unstrip_protocol(inside))

    def key(self, name: str = "") -> str:
        """Return the address behind all links: the same for two names of one file."""
        return os.path.realpath(self.address(name)) if self.local else self.address(name)

    def is_file(self, name: str) -> bool:
        """Return whether there is such a file; raises OSError."""
        if self.local:
            return self._path(name).is_file()
        with _told():
            return bool(self._store[0].isfile(self._inside(name)))

    def is_folder(self) -> bool:
        """Return whether the folder is there; in a bucket, whether it has any file. Raises OSError."""
        if self.local:
            return self._path().is_dir()
        with _told():
            return bool(self._store[0].isdir(self._inside()))

    def files(self) -> Iterator[str]:
        """Yield all files of a store with all folders below, sorted, except hidden ones; raises OSError."""
        store, path = self._store
        with _told():
            found = store.find(path)
        for one in found:
            name = one.removeprefix(path).lstrip("/")
            if not any(part.startswith(".") for part in name.split("/")):
                yield name

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return the bytes of a file, or its first `most`; raises FileNotFoundError, or OSError."""
        if self.local:
            path = self._path(name)
            if path.exists() and not path.is_file() and not path.is_dir():  # a pipe, on which a read may never end
                raise OSError(errno.EINVAL, "It is no file")
            with path.open("rb") as file:
                return file.read(most)
        with _told():
            return bytes(self._store[0].cat_file(self._inside(name), end=most))

    def write(self, name: str, data: bytes) -> None:
        """Write a file so that under its name there is never half of one; folders on the way are made. Raises OSError.

        Killed in between, a hidden file `.*.part` may stay, except in stores that know no half files; see sweep.
        """
        if self.local:
            folder.write_whole(data, self._path(name))
            return
        store, target = self._store[0], self._inside(name)
        protocols = {store.protocol} if isinstance(store.protocol, str) else set(store.protocol)
        with _told():
            if protocols & PUT_WHOLE:
                store.pipe_file(target, data)
                return
            parent = target.rsplit("/", 1)[0]
            half = f"{parent}/.{uuid.uuid4().hex}.part"
            store.makedirs(parent, exist_ok=True)
            store.pipe_file(half, data)
            store.mv(half, target)

    def remove_all(self) -> None:
        """Remove the folder with all that is in it, if it is there; raises OSError."""
        with contextlib.suppress(FileNotFoundError), _told():
            self._store[0].rm(self._inside(), recursive=True)

    def ready(self) -> None:
        """Make a local folder, unless it is there; raises OptionError when nothing can be written into it."""
        if self.local:
            folder.ready(self._path())

    def sweep(self) -> None:
        """Remove the hidden halves that killed processes have left in a local folder and below, an hour ago or more."""
        if self.local:
            for place, _, names in os.walk(self._path()):
                for name in filter(_HALF.fullmatch, names):
                    half = Path(place, name)
                    with contextlib.suppress(OSError):  # another job sweeps too, or it is not ours
                        if half.stat().st_mtime < time.time() - OLD:
                            half.unlink()

    def _inside(self, name: str = "") -> str:
        """Return the path of the folder, or of a file in it, as the store takes it."""
        path = self._store[1]
        whole = f"{path.rstrip('/')}/{name}" if name else path
        return os.path.abspath(whole) if self.local else whole

    def _path(self, name: str = "") -> Path:
        return Path(self.address(name))


@functools.lru_cache(maxsize=4096)
def opened(url: str) -> Folder:
    """Return the folder of a URL or path, the same object each time, so that its store is opened once."""
    return Folder(url)


def split(url: str) -> tuple[Folder, str]:
    """Return the folder that a file or folder is in, and its name there."""
    parent, slash, name = url.rstrip("/").rpartition("/")
    if parent.endswith(":/"):  # the top of a store, such as a bucket
        return opened(url), ""
    at_top = slash and (not parent or parent.endswith("://"))  # /photo.jpg, file:///photo.jpg
    return opened(f"{parent}/" if at_top else parent), name


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Make an OSError with a plain sentence of what the client of a store raises."""
    try:
        yield
    except FileNotFoundError:  # of which fsspec says no more than the path
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
    except OSError as error:
        if error.strerror is None:
            error.strerror = str(error)
        raise
    except Exception as error:  # each client has its own
        raise OSError(errno.EIO, f"{type(error).__name__}: {error}") from error

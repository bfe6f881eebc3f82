"""The results of a job: which pictures or seeds there are, and what is made of each, under which name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from deepart import folder
from deepart.cli.jobs import seed_name
from deepart.errors import OptionError
from deepart.folder import NOT_READ, NOT_SEARCHED, READ
from deploy import lists
from deploy.storage import Folder, opened, split


@dataclass(frozen=True, slots=True)
class Task:
    """One result to make. source: what people call the picture, or its seed. target: its path below the results.

    root, name: where the picture is, the address of a folder and a path below it; "" for a seed.
    """

    source: str | int
    target: str
    root: str = ""
    name: str = ""

    def row(self, index: int) -> dict[str, Any]:
        """Return the task as plain columns, for a table; index: its place in the job."""
        if isinstance(self.source, int):
            return {"index": index, "seed": self.source, "target": self.target}
        return {"index": index, "root": self.root, "name": self.name, "target": self.target}


@dataclass(frozen=True, slots=True)
class _Found:
    """A picture, and the path below the results that it would have, or the name that somebody has given it."""

    folder: Folder
    name: str
    below: PurePosixPath
    given: str | None = None


def pictures(places: Sequence[str], out: Folder, suffix: str, left: dict[str, str] | None = None) -> list[Task]:
    """Return a task for each picture of the places: folders, pictures, and lists of pictures, as paths or URLs.

    Folders are searched, and results named, as folder.plan does it. A path in a list is relative to the list's folder;
    where its result is not named in the list, it is called after that path, or, where that leads elsewhere, after the
    file. A picture that is listed and is not there becomes a failure of its own, later. In a store, where to look into
    every file would be to load it, a picture is one by the end of its name. left: see folder.plan.

    Raises OptionError for a place that does not exist or cannot be read, a wrong line in a list, `out` being a file or
    one of the folders, and results that would replace a picture or each other.
    """
    try:
        if out.is_file(""):
            raise OptionError(f"{out.url!r} is a file; name a folder for the results.")
        found: dict[tuple[str, str | None], _Found] = {}
        for place in places:
            for one in _found(place, out, {} if left is None else left):
                found.setdefault((one.folder.address(one.name), one.given), one)
    except OSError as error:
        raise OptionError(f"The pictures cannot be listed: {error.strerror or error}.") from None
    unnamed = [one for one in found.values() if one.given is None]
    results = iter(folder.names([one.below for one in unnamed], suffix))
    tasks = [
        Task(
            one.folder.shown(one.name), str(next(results)) if one.given is None else one.given + suffix,
            one.folder.root, one.name,
        )
        for one in found.values()
    ]  # fmt: skip
    _check(tasks, out, {one.folder.key(one.name) for one in found.values()})
    return tasks


def seeds(place: str, out: Folder, suffix: str) -> list[Task]:
    """Return a task for each seed of a list; raises OptionError as `pictures` does."""
    where, name = split(place)
    if not lists.is_list(name):
        raise OptionError(f"The file of seeds is {place!r}; it must be a .txt, .jsonl or .parquet.")
    try:
        entries = dict.fromkeys(lists.read(where, name, "seed"))
    except OSError as error:
        raise OptionError(f"The file {place!r} cannot be read: {error.strerror or error}.") from None
    if not entries:
        raise OptionError(f"There is no seed in {place!r}; write some.")
    tasks = [Task(one.value, (one.name or seed_name(one.value)) + suffix) for one in entries]
    _check(tasks, out, set())
    return tasks


def _found(place: str, out: Folder, left: dict[str, str]) -> Iterator[_Found]:
    where, name = split(place)
    here = opened(place)
    if name and where.is_file(name):
        if lists.is_list(name):
            yield from _listed(where, name)
        else:
            yield _Found(where, name, PurePosixPath(name))
    elif not here.is_folder():
        raise OptionError(f"There is no file or folder {place!r}; check the name.")
    elif here.local:
        passed: dict[str, str] = {}
        for _, below in folder.pictures(Path(here.address()), Path(out.address()) if out.local else None, passed):
            yield _Found(here, below.as_posix(), PurePosixPath(below))
        names = {path: Path(path).relative_to(here.address()).as_posix() for path in passed}
        left |= {here.shown("" if names[path] == "." else names[path]): reason for path, reason in passed.items()}
    else:
        yield from _in_store(here, out, left)


def _in_store(here: Folder, out: Folder, left: dict[str, str]) -> Iterator[_Found]:
    results, start = out.address(), here.address()
    if start == results:
        raise OptionError(f"The results would lie among the pictures, in {here.url!r}; choose another folder for them.")
    inner = results.removeprefix(f"{start}/") + "/" if results.startswith(f"{start}/") else None
    for name in here.files():
        below = PurePosixPath(name)
        if (inner and name.startswith(inner)) or any(part.casefold() in NOT_SEARCHED for part in below.parts[:-1]):
            continue
        if below.suffix.lower() in READ | NOT_READ:
            yield _Found(here, name, below)
        else:
            left[here.shown(name)] = "Its name does not end as that of a picture does."


def _listed(where: Folder, file: str) -> Iterator[_Found]:
    for entry in lists.read(where, file, "path"):
        path = posixpath.normpath(entry.value) if "://" not in entry.value else entry.value
        if "://" in path or path.startswith("/"):
            root, name = split(path)
            yield _Found(root, name, PurePosixPath(name), entry.name)
        else:
            below = PurePosixPath(path)
            if ".." in below.parts:  # then only at its beginning
                root, name = split(where.joined(path))
                yield _Found(root, name, PurePosixPath(name), entry.name)
            else:
                yield _Found(where, path, below, entry.name)


def _check(tasks: Sequence[Task], out: Folder, taken: set[str]) -> None:
    """Raise OptionError where a result would replace a picture, of which `taken` are the keys, or another result."""
    folder.check_targets(((str(one.source), out.shown(one.target), out.key(one.target)) for one in tasks), taken)

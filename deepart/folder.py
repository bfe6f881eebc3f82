"""A job on a folder of pictures: which there are, what each result is called, what is done, what went wrong.

One rule says what is done: the file is whole, and it carries the mark of the same order. The mark is made of the bytes
of the picture that it was made from, the weights, and every option. So a job that is run again goes on where it was
stopped, and makes anew what another option, another style or another photograph has changed. A file without such a
mark belongs to somebody else, and is left as it is.

Nothing here knows a command line or a model. What does not touch a disk (names, mark, encode, is_done, tried) is as
good for pictures that lie elsewhere than on one.
"""

import errno
import hashlib
import io
import json
import os
import re
import struct
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any, BinaryIO, TypeVar

from PIL import Image

from deepart.checkpoint import write_files
from deepart.containers import FILMS, PICTURES, name_kind
from deepart.errors import DeepArtError, ImageError, OptionError
from deepart.images import load_image, notes, save_png, settings, with_settings

READ = frozenset({".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".mpo", ".webp", ".avif", ".gif", ".bmp", ".heic", ".heif"})
"""Suffixes of what load_image reads; on a disk a picture is one by its content, whatever it is called."""
NOT_READ = frozenset({".jxl", ".tif", ".tiff"})
"""Those of pictures that it does not: they are listed too, so that they are reported and not passed over in silence."""
NOT_SEARCHED = frozenset(
    {"@eadir", "#recycle", "@recycle", "$recycle.bin", "system volume information", "__macosx", "lost+found"}
)
"""Folders that systems make, in small letters."""
CLOSED = "The folder cannot be read; check that you may, or move it."
FORMATS: Mapping[str, str] = MappingProxyType({"png": ".png", "jpeg": ".jpg", "webp": ".webp"})
"""The formats of results, and their suffixes."""
FILM = ".mp4"
"""The suffix of the results of clips."""
QUALITY = 92  # of JPEG and WEBP, as in the app

_MARK = re.compile(rb'"order": "([0-9a-f]{24})"')
_LOOK = 131_072  # bytes at each end of a file in which its kind and its mark are looked for
_NO_MORE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})

P = TypeVar("P", bound=PurePath)

Make = Callable[[Any], Image.Image | bytes]
"""Makes a result of what a task comes from: the picture, loaded, or the seed; of the path of a clip, an MP4's bytes."""


@dataclass(frozen=True)
class Task:
    """One result to make. source: path of the picture that it is made from, or its seed. target: where it goes."""

    source: Path | int
    target: Path

    @property
    def about(self) -> Path:
        """The file that people know it by: the picture that it is made from, where there is one."""
        return self.source if isinstance(self.source, Path) else self.target


@dataclass(frozen=True)
class Outcome:
    """What became of a task: made, or done before, or `error`, a sentence."""

    task: Task
    made: bool = False
    error: str = ""


# ------------------------------------------------------------------------------------------------- pictures and names


def plan(
    places: Sequence[Path], out: Path, suffix: str = ".png", left: dict[str, str] | None = None, clips: bool = False
) -> list[Task]:
    """Return a task for each picture of the places, which are files and folders, sorted within each folder.

    Folders are searched with all below them, except hidden files and folders, those of NOT_SEARCHED, and `out` itself;
    a result has the place below `out` that its picture has below its folder. Where two would have one name (photo.jpg
    and photo.png), both keep their suffix: photo.jpg.png and photo.png.png. left: takes what else is passed over, with
    the reason: files that are no pictures, results of earlier jobs among other pictures, folders that cannot be read.
    clips: whether clips are taken as well, by their content, a GIF aside; their results are called .mp4.

    Raises OptionError for a place that does not exist, for `out` being one of the folders or a file, for a result that
    would take the place of a picture, and for two pictures of one name from two folders.
    """
    if os.path.exists(out) and not os.path.isdir(out):  # where nobody may look, Path raises what os.path does not
        raise OptionError("{out!r} is a file; name a folder for the results.", out=str(out))
    found: dict[str, tuple[Path, Path]] = {}
    for place in places:
        for path, below in pictures(place, out, left, clips):
            found.setdefault(os.path.abspath(path), (path, below))
    results = names([below for _, below in found.values()], suffix)
    if clips:
        taken = zip(found.values(), results, strict=True)
        results = [name.with_suffix(FILM) if _look(path)[0] in FILMS else name for (path, _), name in taken]
    tasks = [Task(path, out / name) for (path, _), name in zip(found.values(), results, strict=True)]
    sources = {os.path.realpath(path) for path in found}
    check_targets(((str(one.source), str(one.target), os.path.realpath(one.target)) for one in tasks), sources)
    return tasks


def check_targets(tasks: Iterable[tuple[str, str, str]], pictures: Collection[str]) -> None:
    """Raise OptionError for a result that would take the place of a picture, or of another result.

    tasks: of each the source and the target, as people know them, and the target's key, which is the same however it is
    spelled. pictures: the keys of all sources.
    """
    takers: dict[str, tuple[str, str, str]] = {}
    for task in tasks:
        source, target, key = task
        if key in pictures:
            raise OptionError(
                "The result {target!r} would replace a picture; choose another folder for it.", target=target
            )
        other = takers.setdefault(os.path.normcase(target), task)
        if other is not task:
            raise OptionError(
                "{other!r} and {source!r} would both become {target!r}; run them one after the other, into two "
                "folders.",
                other=other[0], source=source, target=target,
            )  # fmt: skip


def ready(out: Path) -> None:
    """Make the folder of the results, unless it is there; raises OptionError when nothing can be written into it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError("The folder {out!r} cannot be made: {reason}.", out=str(out), reason=error.strerror) from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise OptionError("Nothing can be written into the folder {out!r}; check that it is yours.", out=str(out))


def pictures(
    place: Path, out: Path | None = None, left: dict[str, str] | None = None, clips: bool = False
) -> Iterator[tuple[Path, Path]]:
    """Yield each picture of a place, which is a file or a folder, and its path below the place; see plan."""
    if os.path.isfile(place):
        yield place, Path(place.name)
        return
    if not os.path.isdir(place):
        raise OptionError("There is no file or folder {place!r}; check the name.", place=str(place))
    results = os.path.realpath(out) if out is not None else None
    if os.path.realpath(place) == results:
        raise OptionError(
            "The results would lie among the pictures, in {place!r}; choose another folder for them.", place=str(place)
        )
    left = {} if left is None else left
    found = []
    for path in _files(place, results, left):
        kind, made = _look(path)
        if kind in PICTURES or path.suffix.lower() in READ | NOT_READ or (clips and kind in FILMS):
            found.append((path, made))
        else:
            left[str(path)] = f"The file is {kind}, no picture."
    only_results = all(made for _, made in found)  # then they are meant
    for path, made in found:
        if made and not only_results:
            left[str(path)] = "It is the result of an earlier job."
        else:
            yield path, path.relative_to(place)


def _files(place: Path, results: str | None, left: dict[str, str]) -> Iterator[Path]:
    """Yield the files of a folder, sorted, and of all below it, links among them, but each folder once."""
    top = os.path.realpath(place)
    seen = {top}

    def closed(error: OSError) -> None:  # which os.walk would pass over
        left[str(error.filename)] = CLOSED

    def enter(path: str) -> bool:
        real = os.path.realpath(path)
        if os.path.islink(path) and (real in seen or top.startswith(os.path.join(real, ""))):
            left[path] = "It is a link to a folder that is searched already, or to one around it."
            return False
        known = real in seen or real == results
        seen.add(real)
        return not known

    for folder, below, files in os.walk(place, onerror=closed, followlinks=True):
        below[:] = [
            name for name in sorted(below)
            if not name.startswith(".") and name.casefold() not in NOT_SEARCHED and enter(os.path.join(folder, name))
        ]  # fmt: skip
        for name in sorted(name for name in files if not name.startswith(".")):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                yield Path(path)
            elif os.path.islink(path):
                left[path] = "It is a link that leads nowhere."
            elif not os.path.lexists(path):  # of this folder one may read the names, and no more
                left[folder] = CLOSED


def _look(path: Path) -> tuple[str, bool]:
    """Return of what kind a file is, and whether it carries the mark of a job."""
    try:
        with path.open("rb") as file:
            start = file.read(_LOOK)
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LOOK))  # WEBP has the mark at its end
            return name_kind(start), _MARK.search(start) is not None or _MARK.search(file.read(_LOOK)) is not None
    except OSError:
        return "closed to you", False


def names(below: Sequence[P], suffix: str) -> list[P]:
    """Return the names of results: with the old suffix kept wherever names would be the same without it.

    The same but for capital letters counts as the same, since some disks do not tell these apart.
    """
    whole: set[P] = set()
    while True:
        results = [path.with_name((path.name if path in whole else path.stem) + suffix) for path in below]
        uses = Counter(str(name).casefold() for name in results)
        more = {path for path, name in zip(below, results, strict=True) if uses[str(name).casefold()] > 1} - whole
        if not more:
            return results
        whole |= more  # a longer name may be another's, and so on; at last all are whole


# ------------------------------------------------------------------------------------------------------- one picture


def attempt(task: Task, asked: Mapping[str, Any], make: Make) -> Outcome:
    """Do one task, unless it is done: make the result and write it. What goes wrong with this one becomes a sentence.

    asked: what the results of this job have in common, in plain JSON: the model, its version, every option. make: see
    Make.

    Raises OSError where no other task would fare better: the disk is full, or cannot be written to.
    """

    def do() -> bool:
        source = task.source
        order = mark(asked, digest(source) if isinstance(source, Path) else source)
        if task.target.exists() and is_done(task.target.read_bytes(), order, str(task.target)):
            return False
        film = isinstance(source, Path) and task.target.suffix == FILM
        made = make(read(source, asked) if isinstance(source, Path) and not film else source)
        if isinstance(made, bytes):
            box = json.dumps({"order": order}).encode()  # one that players pass over
            data = made + struct.pack(">I4s", 8 + len(box), b"free") + box
        else:
            data = encode(marked(made, order), task.target.suffix)
        write_whole(data, task.target)
        return True

    return Outcome(task, *tried(do))


def read(source: Path | BinaryIO, asked: Mapping[str, Any]) -> Image.Image:
    """Return a picture as an order wants it; see attempt for what is asked."""
    wanted = asked.get("options", {})
    return load_image(source, **{name: bool(wanted.get(name)) for name in ("keep_alpha", "keep_gps")})


def tried(do: Callable[[], bool]) -> tuple[bool, str]:
    """Return what a task returns, whether it has made anything, and "" or a sentence on what went wrong with it.

    Raises OSError where no other task would fare better: the disk is full, or cannot be written to.
    """
    try:
        return do(), ""
    except DeepArtError as error:
        return False, str(error)
    except OSError as error:
        if error.errno in _NO_MORE:
            raise
        return False, f"The file cannot be used: {error.strerror or error}."


def mark(asked: Mapping[str, Any], source: str | int) -> str:
    """Return the mark of a task, 24 hexadecimal digits. asked: see attempt. source: digest of the picture, or seed."""
    return hashlib.sha256(json.dumps([asked, source], sort_keys=True).encode()).hexdigest()[:24]


def marked(image: Image.Image, order: str) -> Image.Image:
    """Return a result that carries its mark among its settings."""
    return with_settings(image, {**(settings(image) or {}), "order": order})


def is_done(data: bytes, order: str, name: str) -> bool:
    """Return whether the bytes of a file are a whole result that carries the mark `order`.

    Raises OptionError, which calls the file by its name, for bytes that no such job has made.
    """
    found = _MARK.search(data)  # as it stands in all three formats, also in the first half of a PNG or JPEG
    if found is None and data:
        raise OptionError(
            "There is a file {name!r} already, which no such job has made; move it, or choose another folder.",
            name=name,
        )
    # The mark of a film is at its end.
    return found is not None and found[1].decode() == order and (name_kind(data) in FILMS or whole(io.BytesIO(data)))


def whole(source: Path | BinaryIO) -> bool:
    """Return whether a file is a picture that can be read to its last pixel."""
    try:
        load_image(source)
    except ImageError:
        return False
    return True


def encode(image: Image.Image, suffix: str) -> bytes:
    """Return the bytes of a picture file of the format that the suffix stands for, one of FORMATS.

    The settings go into a PNG as save_png writes them, into JPEG and WEBP as the EXIF field ImageDescription. What
    images.notes says of the picture goes into all.

    Raises ImageError for a picture that cannot be saved so.
    """
    packed = io.BytesIO()
    if suffix == FORMATS["png"]:
        save_png(image, packed)
    else:
        kind = next(name for name, found in FORMATS.items() if found == suffix)
        image.save(packed, kind, quality=QUALITY, **notes(image, json.dumps(settings(image), sort_keys=True)))
    return packed.getvalue()


def write_whole(data: bytes, path: Path) -> None:
    """Write a file so that under its name there is never half of one, and make folders on the way; raises OSError."""
    write_files(path.parent, {path.name: data})


def digest(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal, to stand in an order for the file; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

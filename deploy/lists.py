"""Lists: a .txt with a picture or seed a line, and manifests, .jsonl and .parquet, which also may name the results."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import pyarrow
from pyarrow import parquet

from deepart.checks import shown
from deepart.errors import OptionError
from deepart.latents import check_seed
from deploy.storage import Folder

SUFFIXES = frozenset({".txt", ".jsonl", ".parquet"})

Column = Literal["path", "seed"]


@dataclass(frozen=True)
class Entry:
    """One line: the path of a picture, or a seed; and the result's path below the folder, without suffix, or None."""

    value: Any
    name: str | None = None


def is_list(name: str) -> bool:
    """Return whether a file is a list, by its suffix."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def read(folder: Folder, file: str, column: Column) -> list[Entry]:
    """Return the entries of a list. column: "path" or "seed"; others, but for "name", are passed over.

    Raises OptionError for what is no such list, and for a wrong line, whose number it tells; OSError.
    """
    reader = {".txt": _lines, ".jsonl": _objects, ".parquet": _rows}[PurePosixPath(file).suffix.lower()]
    entries = []
    try:
        for where, value, name in reader(folder.read(file), column):
            try:
                entries.append(Entry(_value(value, column), _name(name)))
            except OptionError as error:
                raise OptionError(f"In {where}: {error}") from None
    except OptionError as error:
        raise OptionError(f"The list {folder.shown(file)!r} cannot be used. {error}") from None
    return entries


def _lines(data: bytes, column: Column) -> Iterator[tuple[str, Any, Any]]:
    for number, line in enumerate(_text(data).split("\n"), 1):
        value = line.strip()
        if value and not value.startswith("#"):
            number_or_path = int(value) if column == "seed" and value.isdecimal() else value
            yield f"line {number}", number_or_path, None


def _objects(data: bytes, column: Column) -> Iterator[tuple[str, Any, Any]]:
    for number, line in enumerate(_text(data).split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict) or column not in found:
            raise OptionError(
                f'In line {number}: it is {shown(line.strip())}; it must be a JSON object with a "{column}".'
            )
        yield f"line {number}", found[column], found.get("name")


def _rows(data: bytes, column: Column) -> Iterator[tuple[str, Any, Any]]:
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        there = file.schema_arrow.names
        if column not in there:
            raise OptionError(f'Its columns are {", ".join(map(repr, there))}; it must have one called "{column}".')
        table = file.read(columns=[one for one in (column, "name") if one in there])
    except (pyarrow.ArrowException, OSError):
        raise OptionError("It is no Parquet file, or a damaged one; write it again.") from None
    for number, row in enumerate(table.to_pylist(), 1):
        yield f"row {number}", row[column], row.get("name")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OptionError("It is no text in UTF-8; save it as such.") from None


def _value(value: Any, column: Column) -> str | int:
    if column == "seed":
        return check_seed(value)
    if not isinstance(value, str) or not value or "\0" in value:
        raise OptionError(f"The path is {shown(value)}; it must be that of a picture.")
    return value


def _name(name: Any) -> str | None:
    """Return a name as it was given; raises OptionError for one that leads out of the folder, or is hidden in it."""
    if name is None:
        return None
    good = isinstance(name, str) and not set(name) & set("\\\0") and not name.startswith("/")
    if not good or not all(part and not part.startswith(".") for part in name.split("/")):
        raise OptionError(
            f"The name is {shown(name)}; it must be a path below the folder of the results, such as 'rome/forum', "
            "without hidden parts."
        )
    return str(name)

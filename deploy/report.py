"""What became of every picture of a job: report.jsonl, and, as long as the job runs, parts of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from deploy.storage import Folder, opened

REPORT = "report.jsonl"
PARTS = ".report"
LINES = 1000  # of a part
SECONDS = 10.0  # between two writings of it


class Report:
    """The lines of one run: each {"source", "target", "status", "error"}, the status "made", "kept" or "failed".

    A part is written anew, whole, every SECONDS, until it has its LINES: so a job that is killed leaves what it knew up
    to then, and one of a million pictures leaves a thousand parts. Parts of an earlier run go when the first line
    comes, the earlier report when this one is whole. All but the constructor raises OSError.
    """

    def __init__(self, out: Folder) -> None:
        """Prepare the report of a job into the folder `out`; nothing is written before the first line."""
        self._out, self._parts = out, opened(f"{out.root}/{PARTS}")
        self._lines: dict[int, str] = {}
        self._part: list[str] = []
        self._number, self._written = 0, 0.0

    def add(self, index: int, line: Mapping[str, Any]) -> None:
        """Note what became of the picture that has the place `index` in the job."""
        if not self._lines:
            self._clear()
        text = json.dumps(line, ensure_ascii=False)
        self._lines[index] = text
        self._part.append(text)
        if len(self._part) >= LINES or time.monotonic() - self._written >= SECONDS:
            self._parts.write(f"{self._number:05d}.jsonl", _bytes(self._part))
            self._written = time.monotonic()
        if len(self._part) >= LINES:
            self._part = []
            self._number += 1

    def close(self) -> None:
        """Write the report whole, in the order of the job, and remove its parts; without a line, leave all as it is."""
        if self._lines:
            self._out.write(REPORT, _bytes([self._lines[index] for index in sorted(self._lines)]))
            self._clear()

    def _clear(self) -> None:
        self._parts.remove_all()


def _bytes(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()

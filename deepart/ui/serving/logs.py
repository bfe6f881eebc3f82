"""What a host keeps: a line of JSON for each request, and for each fault of ours."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import IO, Any

from deepart.ui.serving.watch import Done

_log = logging.getLogger("deepart.requests")


class Lines(logging.Formatter):
    """A record as one line of JSON.

    Of an exception it has the kind and the places in the code, but not the words, since these may hold the name of a
    visitor's file.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= getattr(record, "request", {})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line, ensure_ascii=False)


def write_lines(stream: IO[str] | None = None) -> logging.Handler:
    """Let all that the package logs go to a stream as lines of JSON; None: the standard error. Return the handler."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    package = logging.getLogger("deepart")
    package.addHandler(handler)
    package.propagate = False
    _log.setLevel(logging.INFO)
    return handler


def note(done: Done) -> None:
    """Write the line of a request."""
    numbers = {"seconds": round(done.seconds, 3), "waited": round(done.waited, 3)}
    _log.info("request", extra={"request": {"endpoint": done.endpoint, "outcome": done.outcome, **numbers}})


def note_load(task: str, name: str, seconds: float) -> None:
    """Write the line of a model that was loaded."""
    _log.info("load", extra={"request": {"task": task, "model": name, "seconds": round(seconds, 3)}})

"""One worker of a folder job: it loads the model once, and then makes one picture after the other.

It stands apart from the command, since Ray's processes import it by its name.
"""

from __future__ import annotations

import hashlib
import io
import traceback
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import ray
import torch

from deepart import folder
from deepart.cli.jobs import Order, full
from deepart.containers import MAX_BYTES
from deepart.errors import DeepArtError
from deploy.storage import Folder, opened

MADE, KEPT, FAILED = "made", "kept", "failed"
"""What can become of a picture."""
WRONG, FULL = "wrong", "full"
"""What ends a job: nothing can be made with these options, or nothing more be written."""
STARTS = 3
"""How often a picture is begun; each time but the last, the worker has died over it."""


class Starts:
    """Counts, in a process of its own, how often each picture was begun and not ended.

    Ray gives the work of a worker that dies to another, again and again. Where it is the picture that kills them, since
    it takes more memory than there is, that would never end.
    """

    def __init__(self) -> None:
        self._counts = Counter[int]()

    def begin(self, index: int) -> int:
        """Return how often the picture with the place `index` in the job has been begun in vain, this time included."""
        self._counts[index] += 1
        return self._counts[index]

    def end(self, index: int) -> None:
        """Note that nobody has died over a picture: those before the one that kills are begun as often as it is."""
        del self._counts[index]


class Worker:
    """Takes rows of deploy.tasks.Task, and returns of each what became of it, and a sentence where it is not made.

    It never raises: what reached the job's own process would come as text in a traceback, from which nobody can tell a
    wrong option from a fault.
    """

    def __init__(self, order: Order, out: str, threads: int, starts: Any) -> None:
        """Load the model and try the options.

        out: the folder of the results. threads: of torch, 1 or more. starts: the handle of an actor, Starts.
        """
        self._starts = starts
        torch.set_num_threads(threads)
        self._out = Folder(out)
        self._wrong = ""
        try:
            self._common, self._make = order.open()
            self._out.ready()  # after the options are known to be good: a wrong command makes nothing
        except DeepArtError as error:
            self._wrong = str(error)
        except Exception as error:
            traceback.print_exc()
            self._wrong = f"The model cannot be loaded: {type(error).__name__}: {error}."

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Do one task, unless it is done."""
        index = row["index"]
        if self._wrong:
            return {"index": index, "status": WRONG, "error": self._wrong}
        if ray.get(self._starts.begin.remote(index)) > STARTS:
            error = f"The worker died over it {STARTS} times; it may need more memory than a worker has."
            return {"index": index, "status": FAILED, "error": error}
        status, error = self._attempt(row)
        self._starts.end.remote(index)
        return {"index": index, "status": status, "error": error}

    def _attempt(self, row: Mapping[str, Any]) -> tuple[str, str]:
        try:
            made, error = folder.tried(partial(self._do, row))
        except OSError as trouble:
            return FULL, full(trouble)
        except Exception as trouble:  # a fault of the model or of a library, with this picture: the others may do
            traceback.print_exc()  # into Ray's log of this worker
            return FAILED, f"It could not be made: {type(trouble).__name__}: {trouble}."
        return (FAILED if error else MADE if made else KEPT), error

    def _do(self, row: Mapping[str, Any]) -> bool:
        """Make and write one result, and return True, or False where it is there; see folder.attempt."""
        target, source = row["target"], row.get("seed")
        if source is None:
            data = opened(row["root"]).read(row["name"], MAX_BYTES + 1)  # one too many is refused with a sentence
        order = folder.mark(self._common, hashlib.sha256(data).hexdigest() if source is None else source)
        if folder.is_done(self._there(target), order, self._out.shown(target)):
            return False
        made = self._make(None, folder.read(io.BytesIO(data), self._common) if source is None else source)
        self._out.write(target, folder.encode(folder.marked(made, order), PurePosixPath(target).suffix))
        return True

    def _there(self, target: str) -> bytes:
        try:
            return self._out.read(target)
        except FileNotFoundError:
            return b""

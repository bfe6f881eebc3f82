"""From a click to its result, on the page in a browser: where the time goes; see benchmarks/app.py.

The page runs as app.py runs it, with the methods of its pipelines and some functions beside them timed, and the
moments noted at which Gradio's queue takes an event and sends its messages. Server and browser read the same clock.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
import json
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from benchmarks.app_page import (
    ROOT,
    act,
    chromium,
    go,
    look_at_reconstruct,
    put,
    rest,
    running,
    tab_of,
    upload,
    visited,
)

SIDE = 512  # pixels
PHOTO = ROOT / "deepart" / "ui" / "examples" / "content" / "mountain.jpg"
TARGET = 250.0  # ms besides the pipeline's own time

# Methods whose time is the pipeline's own, as far as the page calls them for these results.
PIPELINES = (
    "deepart.pipelines.gan:GANPipeline.generate",
    "deepart.pipelines.vae:VAEPipeline.latent",
    "deepart.pipelines.vae:VAEPipeline.decode",
    "deepart.pipelines.style:StyleTransferPipeline.stylize",
)
# What else may take time: functions that are called wherever they were imported to.
BESIDES = (
    "deepart.images:load_image",
    "deepart.images:save_png",
    "deepart.metrics:nearness",
    "deepart.pipelines.vae_views:error_map",
    "deepart.pipelines.vae_views:components",
    "deepart.pipelines.vae_views:channel",
    "deepart.ui.widgets:address",
    "deepart.ui.widgets:stage",
    "deepart.ui.artwork:save_before",
    "gradio.components.gallery:Gallery.postprocess",
    "gradio.components.imageslider:ImageSlider.postprocess",
    "gradio.blocks:Blocks.preprocess_data",
    "gradio.blocks:Blocks.postprocess_data",
)
JOB, WAIT = "deepart.ui.jobs:_Job._run", "deepart.ui.jobs:Jobs._wait"  # the work's thread; waiting for it
# What comes one after the other, but for the pipeline itself:
PARTS = (
    "to_server",  # from the click to the server's taking the first event
    "begin",  # that event, which shows that the page has understood, until its answer is sent
    "second_event",  # to the browser and back: the event that works is taken
    "to_pipeline",  # its inputs are checked, pictures are read, a thread begins
    "in_work",  # the rest of the work's thread, such as what is measured of a result
    "until_noticed",  # the work is done, and the event that watches it does not know yet
    "after_work",  # files are written, the answer is put together and sent
    "to_eyes",  # the browser takes the answer, fetches the pictures and decodes them
)


# --- In the server ---------------------------------------------------------------------------------------------------


class Diary:
    """A file with a line of JSON for all that is noted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def note(self, **entry: Any) -> None:
        with self._lock, self._path.open("a") as file:
            file.write(json.dumps(entry) + "\n")


def found(place: str) -> tuple[Any, str, Any]:
    """Return what a place in the code is in, its name there, and the function itself."""
    module, _, path = place.partition(":")
    owner: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for one in classes:
        owner = getattr(owner, one)
    return owner, name, getattr(owner, name)


def timed(function: Callable[..., Any], note: Callable[[float, float], None]) -> Callable[..., Any]:
    """Return a function that does the same and notes when it began and ended, unless it was called by itself."""
    inside = threading.local()

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if getattr(inside, "yes", False):
            return function(*args, **options)
        inside.yes, began = True, time.time()
        try:
            return function(*args, **options)
        finally:
            inside.yes = False
            note(began, time.time())

    @functools.wraps(function)
    async def wait(*args: Any, **options: Any) -> Any:
        began = time.time()
        try:
            return await function(*args, **options)
        finally:
            note(began, time.time())

    return wait if inspect.iscoroutinefunction(function) else call


def watch(diary: Diary) -> None:
    """Time what PIPELINES and BESIDES name, in this process, and note what happens in Gradio's queue."""
    import deepart.ui  # noqa: F401, whose modules take over the functions of others

    for place in (*PIPELINES, *BESIDES, JOB, WAIT):
        owner, name, function = found(place)

        def note(began: float, ended: float, place: str = place) -> None:
            diary.note(call=place, began=began, ended=ended)

        replacement = timed(function, note)
        static = isinstance(inspect.getattr_static(owner, name), staticmethod)
        setattr(owner, name, staticmethod(replacement) if static else replacement)
        for module in [one for key, one in sys.modules.items() if key.startswith("deepart.")]:
            for other in [key for key, value in vars(module).items() if value is function]:
                setattr(module, other, replacement)
    _watch_queue(diary)


def _watch_queue(diary: Diary) -> None:
    from gradio.queueing import Queue

    push, send = Queue.push, Queue.send_message

    async def note_push(self: Any, *args: Any, **options: Any) -> Any:
        arrived = time.time()
        answer = await push(self, *args, **options)
        diary.note(event=answer[1], message="arrived", time=arrived)
        return answer

    def note_send(self: Any, event: Any, event_message: Any) -> None:
        diary.note(event=event._id, message=str(event_message.msg.value), time=time.time())
        send(self, event, event_message)

    for name, replacement in (("push", note_push), ("send_message", note_send)):
        setattr(Queue, name, replacement)


def serve(diary: Path, arguments: Sequence[str]) -> None:
    """Open the page as app.py does, in this process, and keep a diary."""
    watch(Diary(diary))
    import app

    sys.argv = ["app.py", *arguments]
    app.main()


# --- From the diary --------------------------------------------------------------------------------------------------


def read(path: Path, since: float, until: float) -> list[dict[str, Any]]:
    """Return the entries of a diary about what began and ended between two moments."""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    return [one for one in entries if _began(one) >= since and one.get("ended", one.get("time")) <= until]


def _began(entry: dict[str, Any]) -> float:
    return float(entry["began"] if "call" in entry else entry["time"])


def split(entries: Iterable[dict[str, Any]], clicked: float, shown: float) -> dict[str, Any]:
    """Return where the time between a click and its result went, in ms; pipeline, PARTS and nothing else make it up.

    The click starts an event that shows that the page has understood, and that is followed by the one that works.
    Raises RuntimeError where no pipeline has worked.
    """
    entries = list(entries)
    calls: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in entries:
        if "call" in one:
            calls[one["call"]].append((one["began"], one["ended"]))
    own = _outermost(span for place in PIPELINES for span in calls[place])
    if not own or not calls[JOB] or not calls[WAIT]:
        raise RuntimeError("Between the click and its result no pipeline has worked.")
    pipeline = sum(ended - began for began, ended in own)
    events: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in entries:
        if "event" in one:
            events[one["event"]][one["message"]].append(one["time"])
    order = sorted((one for one in events.values() if one["arrived"]), key=lambda one: one["arrived"][0])
    begin, work = order[0], [one for one in order if one["arrived"][0] <= own[0][0]][-1]
    begun = begin["process_completed"][0] if begin is not work else begin["arrived"][0]
    job_ended = max(ended for _, ended in calls[JOB])
    noticed = min((ended for _, ended in calls[WAIT] if ended >= job_ended), default=job_ended)
    sent = max(time for time in work["process_generating"] or work["process_completed"] if time <= shown)
    moments = (clicked, begin["arrived"][0], begun, work["arrived"][0], own[0][0], job_ended, noticed, sent, shown)
    spans = [1e3 * (after - before) for before, after in itertools.pairwise(moments)]
    spans[PARTS.index("in_work")] -= 1e3 * pipeline
    whole = 1e3 * (shown - clicked)
    return {
        "whole": whole, "pipeline": 1e3 * pipeline, "besides": whole - 1e3 * pipeline,
        "parts": dict(zip(PARTS, spans, strict=True)),
        "of which": {place.partition(":")[2]: 1e3 * sum(ended - began for began, ended in calls[place])
                     for place in BESIDES if calls[place]},
    }  # fmt: skip


def _outermost(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans of time in their order, without those inside another."""
    kept: list[tuple[float, float]] = []
    for began, ended in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or ended > kept[-1][1]:
            kept.append((began, ended))
    return kept


def middle(splits: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of several such splits, in ms, and whether the target is met."""

    def medians(name: str) -> dict[str, float]:
        keys = dict.fromkeys(key for one in splits for key in one[name])
        return {key: round(statistics.median(one[name].get(key, 0.0) for one in splits), 1) for key in keys}

    besides = [one["besides"] for one in splits]
    return {
        "whole_ms": round(statistics.median(one["whole"] for one in splits), 1),
        "pipeline_ms": round(statistics.median(one["pipeline"] for one in splits), 1),
        "besides_ms": {"median": round(statistics.median(besides), 1), "worst": round(max(besides), 1)},
        "target_met": statistics.median(besides) < TARGET,
        "parts_ms": medians("parts"),
        "of_which_ms": medians("of which"),
    }


# --- In the browser --------------------------------------------------------------------------------------------------


def prepare(tab: Any, name: str, photo: Path, side: int = SIDE) -> None:
    """Go to a tab and set it up for a result."""
    if name == "reconstruct":
        look_at_reconstruct(tab, photo)
        return
    go(tab, name)
    if name == "generate":
        put(tab, "gan-count", 1)
    else:
        upload(tab, "content", photo)
        put(tab, "size", side)
    rest(tab, name)


def click(tab: Any, name: str, turn: int) -> dict[str, Any]:
    """Let a tab make its result once more; return what was seen, see app_page.VISIT. turn: another gives another."""
    if name == "generate":
        put(tab, "gan-seed", 1000 + turn)
    act(tab, name)
    seen = visited(tab)
    rest(tab, name)
    if seen["shown"] is None:
        raise RuntimeError(f"The tab {name} shows no result.")
    return seen


def clicks(folder: Path, runs: int, warm: int) -> dict[str, Any]:
    """Measure all tabs, each with some runs after some to warm up."""
    photo, diary = folder / "photo.png", folder / "diary.jsonl"
    with Image.open(PHOTO) as picture:
        ImageOps.fit(picture.convert("RGB"), (SIDE, SIDE)).save(photo)
    program = ("-m", "benchmarks.app", "--serve", str(diary), "--")
    result: dict[str, Any] = {"side": SIDE, "runs": runs, "warm": warm, "target_ms": TARGET}
    with running(folder, program) as server, chromium() as browser:
        for name in ("style", "reconstruct", "generate"):
            tab = tab_of(browser)
            tab.goto(server.url)
            prepare(tab, name, photo)
            splits = []
            for turn in range(warm + runs):
                seen = click(tab, name, turn)
                clicked, shown = 1e-3 * seen["clicked"], 1e-3 * seen["shown"]
                splits.append(split(read(diary, clicked - 0.001, shown), clicked, shown))
            result[name] = middle(splits[warm:])
            tab.context.close()
    return result

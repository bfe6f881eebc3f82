"""How the page serves: the first page, a click, its memory, and many visitors at once.

    python -m benchmarks.app            # writes benchmarks/app.json
    python -m benchmarks.app --only click,memory
    python -m benchmarks.app --table    # prints what benchmarks/README.md says of it

The page runs as `python app.py` does, in a process of its own, on the CPU, with the weights of the repository; the
visitors are on the same machine, and share its cores. A part is written as soon as it is measured, and the others stay
as they were, if they are of the same machine.

first: seconds from the start of the process to the first byte of GET / and to all of it, and until the page can be used
in Chromium: its tabs are there, and the pictures that it opens with are decoded. later: the same page for the next
visitor, from the address on. bytes: what came over the wire, and in how many answers.

click: milliseconds from a click to the decoded picture, without the time in the pipeline's own methods, for one result
of each tab, of 512 x 512 pixels where it has a size; medians, and where they go (see app_click.PARTS). of_which_ms:
functions that these times, or that of the work, are spent in.

memory: resident megabytes of the server after some requests with different inputs to /stylize, /generate and
/reconstruct by turns, each ten from a new visitor. newcomer_kb: by how much it grows for each further visitor, who
comes for one picture.

visitors: see app_visitors; seconds to the result, and to the first word of the place in the queue. distance: mean
difference of pixels, in levels of 255, between a result and the picture sent, and the nearest of all others.

targets: less than 250 ms besides the pipeline; less than 30 MB more after request 200 than after 20; everybody served,
or told that the queue is full, and no picture of another visitor.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.app_click import clicks, serve
from benchmarks.app_page import SIZE, chromium, opened, picture_of, resident, running, tab_of
from benchmarks.app_visitors import visitors
from benchmarks.machine import machine
from deepart import save_png

HERE = Path(__file__).parent
PARTS = ("first", "click", "memory", "visitors")
VISIT = 10  # requests of one visitor
GROWTH = 30.0  # the target, in MB


# --- The first page --------------------------------------------------------------------------------------------------


def look(browser: Any, url: str) -> dict[str, float]:
    """Open the page with nothing in the browser's cache; return when it could be used, and what came over the wire."""
    tab = tab_of(browser)
    network = tab.context.new_cdp_session(tab)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    began = time.time()
    tab.goto(url, wait_until="commit")
    usable = opened(tab)
    tab.wait_for_timeout(1000)  # for what still comes
    tab.context.close()
    return {"began": began, "usable": usable, "bytes": sum(sizes), "answers": len(sizes)}


def first(folder: Path, runs: int) -> dict[str, Any]:
    """Start the page some times, and look at it twice each."""
    found: dict[str, list[float]] = {key: [] for key in ("first_byte_s", "whole_page_s", "usable_s", "later_usable_s")}
    with chromium() as browser:
        for _ in range(runs):
            with running(folder) as server:
                seen, later = look(browser, server.url), look(browser, server.url)
            found["first_byte_s"].append(server.first - server.began)
            found["whole_page_s"].append(server.whole - server.began)
            found["usable_s"].append(seen["usable"] - server.began)
            found["later_usable_s"].append(later["usable"] - later["began"])
        result = {
            key: {"median": round(statistics.median(values), 2), "worst": round(max(values), 2)}
            for key, values in found.items()
        }
        return {
            "runs": runs, "chromium": browser.version, **result, "html_bytes": server.size,
            "bytes": seen["bytes"], "answers": seen["answers"],
        }  # fmt: skip


# --- Memory ----------------------------------------------------------------------------------------------------------


def ask(client: Any, number: int, folder: Path) -> None:
    """Send a request that is like no other; the number decides which."""
    from gradio_client import handle_file

    def photo(salt: int) -> Any:
        path = folder / "request.png"
        save_png(picture_of(10_000 + 2 * number + salt), path)
        return handle_file(path)

    kind = number % 3
    if kind == 0:
        client.predict(photo(0), photo(1), size=SIZE, api_name="/stylize")
    elif kind == 1:
        client.predict(n=1, seed=number, api_name="/generate")
    else:
        client.predict(photo(0), api_name="/reconstruct")


def growth(
    url: str, memory: Callable[[], int], folder: Path, requests: int, settled: int, every: int = 20
) -> dict[str, Any]:
    """Return the memory of a page after each so many requests, and by how much it grew after the settled first ones."""
    from gradio_client import Client

    client, after = None, {}
    for number in range(1, requests + 1):
        if client is None or number % VISIT == 1:
            if client is not None:
                client.close()
            client = Client(url, verbose=False, download_files=folder / "answers", analytics_enabled=False)
        ask(client, number, folder)
        if number % every == 0 or number in (settled, requests):
            time.sleep(1)  # for what is tidied up afterwards
            after[number] = memory() / 1e6
    if client is not None:
        client.close()
    grown = after[requests] - after[settled]
    return {
        "requests": requests, "side": SIZE, "resident_mb": {str(key): round(value) for key, value in after.items()},
        "growth_mb": round(grown, 1), "target_mb": GROWTH, "target_met": grown < GROWTH,
    }  # fmt: skip


def newcomer(url: str, memory: Callable[[], int], folder: Path, count: int) -> float:
    """Return the kilobytes that so many visitors, who come for one picture each, leave behind on average."""
    from gradio_client import Client

    before = memory()
    for number in range(count):
        client = Client(url, verbose=False, download_files=folder / "answers", analytics_enabled=False)
        client.predict(n=1, seed=10_000 + number, api_name="/generate")
        client.close()
    time.sleep(1)
    return round((memory() - before) / count / 1e3)


def memory(folder: Path, requests: int, settled: int, newcomers: int) -> dict[str, Any]:
    """Measure the growth of a fresh page."""
    with running(folder) as server:

        def now() -> int:
            return resident(server.pid)

        found = growth(server.url, now, folder, requests, settled)
        return found | {"newcomers": newcomers, "newcomer_kb": newcomer(server.url, now, folder, newcomers)}


# --- All of them -----------------------------------------------------------------------------------------------------


def parts(words: str) -> list[str]:
    """Return the parts that were named, in the order of PARTS; raises ArgumentTypeError for what is none."""
    named = [word.strip() for word in words.split(",")]
    if unknown := [name for name in named if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(PARTS)}")
    return [name for name in PARTS if name in named]


def write(path: Path, name: str, measured: dict[str, Any]) -> None:
    """Put a part into the file of results; what is in it of another machine goes."""
    before = json.loads(path.read_text()) if path.is_file() else {}
    kept = before if before.get("machine") == machine() else {}
    result = {"machine": machine()} | {key: kept[key] for key in PARTS if key in kept} | {name: measured}
    path.write_text(json.dumps(result, indent=2) + "\n")


NAMES = {"style": "Style transfer", "reconstruct": "Reconstruct", "generate": "Generate, one picture of 128 px"}


def table(result: dict[str, Any]) -> str:
    """Return what benchmarks/README.md says of a result."""
    lines = [
        "| From a click to the picture, 512 px | In all | The pipeline's own | Besides | Besides, worst |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, called in NAMES.items():
        row = result["click"][name]
        times = row["whole_ms"], row["pipeline_ms"], row["besides_ms"]["median"], row["besides_ms"]["worst"]
        lines.append(f"| {called} | {' | '.join(f'{time:.0f} ms' for time in times)} |")
    first, kept = result["first"], result["memory"]
    crowd = result["visitors"]["crowd"]
    byte, usable, later = (first[name]["median"] for name in ("first_byte_s", "usable_s", "later_usable_s"))
    settled = min(map(int, kept["resident_mb"]))
    lines += [
        "",
        f"- The first byte comes {byte:.1f} s after the start, and the page can be used after {usable:.1f} s; for the "
        f"next visitor after {later:.1f} s.",
        f"- From request {settled} to {kept['requests']} the server grows by {kept['growth_mb']} MB (target: under "
        f"{GROWTH:.0f}), and by {kept['newcomer_kb']} KB for each new visitor.",
    ]
    for kind, called in (("reconstruct", "reconstructing"), ("style_transfer", "painting")):
        row = result["visitors"][kind]
        lines.append(
            f"- {row['visitors']} visitors at once, {called}: {row['served']} served, the last after "
            f"{row['wait_s']['worst']:.1f} s, {row['told_their_place']} told their place in the queue; "
            f"{row['of_another_visitor']} of {row['pictures']} pictures were another visitor's."
        )
    lines.append(
        f"- {crowd['visitors']} at once, more than the queue holds: {crowd['served']} served, {crowd['refused']} told "
        f"that it is full, {crowd['of_another_visitor']} pictures of another visitor's."
    )
    return "\n".join(lines)


def main() -> None:
    if sys.argv[1:] == ["--table"]:
        print(table(json.loads((HERE / "app.json").read_text())))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=parts, default=list(PARTS), help=f"some of {', '.join(PARTS)}, by commas")
    parser.add_argument("--out", type=Path, default=HERE / "app.json")
    parser.add_argument("--starts", type=int, default=3, help="of the page, for first (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=10, help="of each tab, for click (default: %(default)s)")
    parser.add_argument("--warm", type=int, default=3, help="runs before those (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=200, help="for memory (default: %(default)s)")
    parser.add_argument("--settled", type=int, default=20, help="the first of those (default: %(default)s)")
    parser.add_argument("--newcomers", type=int, default=50, help="after those (default: %(default)s)")
    parser.add_argument("--programs", type=int, default=16, help="among the visitors (default: %(default)s)")
    parser.add_argument("--browsers", type=int, default=4, help="among the visitors (default: %(default)s)")
    parser.add_argument("--crowd", type=int, default=30, help="more than fit the queue (default: %(default)s)")
    parser.add_argument("--serve", type=Path, metavar="DIARY", help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if options.serve:
        return serve(options.serve, [one for one in rest if one != "--"])
    if rest:
        parser.error(f"unknown: {' '.join(rest)}")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before the client is imported
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no page goes on behind it
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        measure: dict[str, Callable[[], dict[str, Any]]] = {
            "first": lambda: first(folder, options.starts),
            "click": lambda: clicks(folder, options.runs, options.warm),
            "memory": lambda: memory(folder, options.requests, options.settled, options.newcomers),
            "visitors": lambda: visitors(folder, options.programs, options.browsers, options.crowd),
        }
        for name in options.only:
            measured = measure[name]()
            print(name, json.dumps(measured, indent=2), flush=True)
            write(options.out, name, measured)


if __name__ == "__main__":
    main()

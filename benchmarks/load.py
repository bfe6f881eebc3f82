"""How many requests a second the app answers, and how long each waits: 1, 4 and 16 clients at once, per endpoint.

    python -m benchmarks.load            # writes benchmarks/load.json; about five minutes on two cores
    python -m benchmarks.load table      # prints the table of benchmarks/README.md

The app runs in a process of its own, with the models that travel, loaded before. Each client is a gradio_client that
asks again as soon as it has its answer, the result's file included, for SECONDS, and then lets its last request end.
Latencies are of whole requests, the queue included; one picture is computed at a time, so more clients wait longer.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradio_client import Client, handle_file

from benchmarks.machine import machine
from benchmarks.startup import HERE

RESULT = HERE / "load.json"
CLIENTS = (1, 4, 16)
SECONDS = 10.0
EXAMPLES = HERE.parent / "deepart" / "ui" / "examples"


def calls() -> dict[str, dict[str, Any]]:
    """Return a small typical request of each endpoint that is measured."""
    photo = handle_file(EXAMPLES / "content" / "cat.jpg")
    painting = handle_file(EXAMPLES / "paintings" / "hokusai-great-wave.jpg")
    return {
        "/models": {},
        "/generate": {"n": 1},
        "/mix": {"coarse": 3, "fine": 17},
        "/sample": {"n": 1},
        "/reconstruct": {"image": photo},
        "/stylize": {"content": photo, "style": painting, "size": 256},
    }


def drive(ask: Callable[[Client], object], clients: list[Client], seconds: float) -> dict[str, object]:
    """Let all clients ask again and again; return requests a second, and percentiles of the seconds of each."""
    found: list[float] = []
    failed: list[str] = []
    start = time.perf_counter()

    def work(client: Client) -> None:
        while time.perf_counter() - start < seconds:
            asked = time.perf_counter()
            try:
                ask(client)
            except Exception as error:  # a full queue is an answer too, but not a good one
                failed.append(str(error))
                time.sleep(0.1)
            else:
                found.append(time.perf_counter() - asked)

    threads = [threading.Thread(target=work, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    cuts = statistics.quantiles(found, n=100, method="inclusive") if len(found) > 1 else [*found] * 99
    numbers = {f"p{cut}_s": round(cuts[cut - 1], 3) for cut in (50, 95, 99)} if cuts else {}
    return {"requests": len(found), "failed": len(failed), "per_second": round(len(found) / took, 2), **numbers}


def start_app(port: int) -> subprocess.Popen[bytes]:
    """Start the app with its models loaded, and wait until it is healthy."""
    command = [sys.executable, "app.py", "--port", str(port), "--device", "cpu", "--preload", "--max-queue", "64"]
    app = subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return app
        except (urllib.error.URLError, ConnectionError):
            if app.poll() is not None:
                break
            time.sleep(0.1)
    app.kill()
    raise SystemExit("The app did not start.")


def table(result: dict[str, Any]) -> str:
    """Return a result as the table of benchmarks/README.md."""
    rows = [
        "| Endpoint | Clients | Requests a second | Median | 95 % | 99 % |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in result["rows"]:
        times = " | ".join(f"{row[f'p{cut}_s']:.2f} s" for cut in (50, 95, 99))
        rows.append(f"| `{row['endpoint']}` | {row['clients']} | {row['per_second']:.1f} | {times} |")
    return "\n".join(rows)


def main(arguments: list[str]) -> None:
    if arguments == ["table"]:
        print(table(json.loads(RESULT.read_text())))
        return
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app, rows = start_app(port), []
    try:
        with tempfile.TemporaryDirectory() as folder:
            url = f"http://127.0.0.1:{port}/"
            clients = [Client(url, verbose=False, download_files=Path(folder)) for _ in range(max(CLIENTS))]
            for endpoint, options in calls().items():

                def ask(client: Client, endpoint: str = endpoint, options: dict[str, Any] = options) -> object:
                    return client.predict(**options, api_name=endpoint)

                ask(clients[0])  # the first is slower: styles are measured, caches are empty
                for count in CLIENTS:
                    row = {"endpoint": endpoint, "clients": count, **drive(ask, clients[:count], SECONDS)}
                    rows.append(row)
                    print(row, flush=True)
    finally:
        app.terminate()
        app.wait()
    RESULT.write_text(json.dumps({"machine": machine(), "seconds": SECONDS, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""What it costs to start: importing the package, and the app's first page.

    python -m benchmarks.startup        # writes benchmarks/startup.json

import: CPU seconds of a fresh process that imports torch, and of one that imports torch and then deepart; medians, with
the interpreter's own start in both. first page: wall seconds from the command `python app.py` to the first answer of
GET /, and to the answer with every script of the page, each on a fresh process.
"""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.machine import machine

HERE = Path(__file__).parent
RUNS = 5


def cpu_seconds(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def first_page() -> tuple[float, float]:
    """Start the app on a free port; return seconds to the first page, and to the page with its own scripts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    start = time.perf_counter()
    app = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)],
        cwd=HERE.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ),
    )  # fmt: skip
    try:
        while True:
            try:
                page = get(address)
                break
            except (urllib.error.URLError, ConnectionError):
                if app.poll() is not None or time.perf_counter() - start > 120:
                    raise SystemExit("The app did not start.") from None
                time.sleep(0.02)
        first = time.perf_counter() - start
        for script in re.findall(r'src="\./([^"]+\.js)"', page.decode()):
            get(address + script)
        return first, time.perf_counter() - start
    finally:
        app.terminate()
        app.wait()


def main() -> None:
    for code in ("import torch", "import torch, deepart"):
        cpu_seconds(code)  # fills the page cache and the compiled-module cache
    torch_alone = statistics.median(cpu_seconds("import torch") for _ in range(RUNS))
    both = statistics.median(cpu_seconds("import torch, deepart") for _ in range(RUNS))
    pages = [first_page() for _ in range(RUNS)]
    result = {
        "machine": machine(),
        "runs": RUNS,
        "import_torch_cpu_s": round(torch_alone, 2),
        "import_torch_and_deepart_cpu_s": round(both, 2),
        "import_deepart_adds_cpu_s": round(both - torch_alone, 2),
        "first_page_s": {
            "median": round(statistics.median(p[0] for p in pages), 2),
            "worst": round(max(p[0] for p in pages), 2),
        },
        "page_with_scripts_s": {"median": round(statistics.median(p[1] for p in pages), 2)},
    }
    print(json.dumps(result, indent=2))
    (HERE / "startup.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

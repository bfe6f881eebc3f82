"""What it costs to start: importing the package, and the app's first page.

    python -m benchmarks.startup        # writes benchmarks/startup.json

import: CPU seconds that a fresh process takes to import torch, and after that deepart; medians. first page: wall
seconds from the command `python app.py` to the first answer of
GET /, and to the answer with every script of the page, each on a fresh process.
"""

from __future__ import annotations

import json
import os
import re
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


def import_seconds() -> tuple[float, float]:
    """Return CPU seconds to import torch, and then deepart: in one process, as torch's vary by more than ours."""
    code = (
        "import time; start = time.process_time(); import torch; torch_there = time.process_time(); import deepart; "
        "print(torch_there - start, time.process_time() - torch_there)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=HERE.parent)
    torch_alone, ours = map(float, done.stdout.split())
    return torch_alone, ours


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
    import_seconds()  # fills the page cache and the compiled-module cache
    imports = [import_seconds() for _ in range(RUNS)]
    pages = [first_page() for _ in range(RUNS)]
    result = {
        "machine": machine(),
        "runs": RUNS,
        "import_torch_cpu_s": round(statistics.median(found[0] for found in imports), 2),
        "import_deepart_adds_cpu_s": round(statistics.median(found[1] for found in imports), 2),
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

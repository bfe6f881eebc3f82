"""What the sha256 check of weight files costs: the first start, which hashes them, against later starts.

    python -m benchmarks.verify          # writes benchmarks/verify.json

Two cases: the files of vae-pictures, and a file of random bytes as large as the generator of a FastGAN from the Hub.
Everything is in the page cache, so this is the cost of hashing and not of the disk.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import machine
from deepart import hub
from deepart.registry import get_spec

LARGE = 117_073_189  # bytes


def median_ms(call: Callable[[], object], runs: int, before: Callable[[], object] = lambda: None) -> float:
    """Return the median time of a call in milliseconds, each after a call of `before` that is not counted."""
    times = []
    for _ in range(runs):
        before()
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(times), 3)


def measure(call: Callable[[], object], size: int, cache: Path, runs: int) -> dict[str, float]:
    """Time a check without and with its marker."""

    def forget() -> None:
        for marker in (cache / "verified").glob("*"):
            marker.unlink()

    first = median_ms(call, runs, forget)
    if not any((cache / "verified").glob("*")):
        raise SystemExit("No marker was written: the later starts would not be measured.")
    return {
        "bytes": size,
        "first_ms": first,
        "later_ms": median_ms(call, 10 * runs),
        "mb_per_s": round(size / first / 1e3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("verify.json"))
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        cache = Path(scratch) / "cache"
        os.environ["DEEPART_CACHE"] = str(cache)
        path = Path(scratch) / "model.safetensors"
        path.write_bytes(os.urandom(LARGE))
        file = hub.ModelFile(path.name, LARGE, hashlib.sha256(path.read_bytes()).hexdigest())
        spec = get_spec("vae", "pictures")
        result = {
            "machine": machine(),
            "runs": options.runs,
            "vae-pictures": measure(
                lambda: hub.find(spec.task, spec.name, spec.files, None, None),
                sum(file.size for file in spec.files),
                cache,
                options.runs,
            ),
            "random bytes": measure(lambda: hub.verify(path, file), LARGE, cache, options.runs),
        }
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    print(options.out.read_text(), end="")


if __name__ == "__main__":
    main()

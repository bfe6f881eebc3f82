"""What each model needs: seconds to load, seconds of a typical job, memory; one process for each.

    python -m benchmarks.models          # writes benchmarks/models.json; about two minutes on two cores
    python -m benchmarks.models table    # prints the table of benchmarks/README.md
    python -m benchmarks.models list     # prints the table of docs/models.md

Those models are measured whose files are here; the network is not asked. A job is what the page does by default: a
grid of 16 pictures, a photograph of 512 pixels reconstructed, one of 512 pixels painted with the default settings. It
is done once in the process, as by the first visitor. The memory is the most that the whole process has held.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.machine import machine, peak_memory

HERE = Path(__file__).parent
RESULT = HERE / "models.json"
SIDE = 512
JOBS = {"gan": "16 pictures", "vae": f"a photograph of {SIDE} px", "style": f"a photograph of {SIDE} px"}


def measure(task: str, name: str) -> dict[str, object]:
    """Load one model in this process, and let it do its job."""
    from deepart import Studio, load_image

    examples = HERE.parent / "deepart" / "ui" / "examples"
    photo = load_image(examples / "content" / "cat.jpg")
    photo.thumbnail((SIDE, SIDE))
    painting = load_image(examples / "paintings" / "hokusai-great-wave.jpg")
    studio = Studio(device="cpu")
    start = time.perf_counter()
    pipeline = getattr(studio, task)(name)
    loaded = time.perf_counter()
    if task == "gan":
        pipeline.generate(16)
    elif task == "vae":
        pipeline.reconstruct(photo)
    else:
        pipeline.stylize(photo, painting, size=SIDE)
    done = time.perf_counter()
    return {
        "task": task, "name": name, "load_s": round(loaded - start, 2), "job_s": round(done - loaded, 2),
        "weights_mb": round(pipeline.nbytes / 1e6, 1), "peak_memory_mb": round(peak_memory() / 1e6),
    }  # fmt: skip


def table(result: dict[str, object]) -> str:
    """Return a result as the table of benchmarks/README.md."""
    rows = [
        "| Model | Task | Load | First job | Peak memory |",
        "| --- | --- | ---: | ---: | ---: |",
        *(
            f"| `{row['name']}` | {row['task']}, {JOBS[row['task']]} | {row['load_s']:.2f} s | {row['job_s']:.1f} s "
            f"| {row['peak_memory_mb']} MB |"
            for row in result["models"]  # type: ignore[attr-defined]
        ),
    ]
    return "\n".join(rows)


def registry_table() -> str:
    """Return the known models as a Markdown table: what each is, its size, licence, origin and check."""
    from deepart import registry

    rows = ["| Model | Task | Size | Licence | From | Checked by |", "| --- | --- | ---: | --- | --- | --- |"]
    for spec in registry.REGISTRY.values():
        if spec.files:
            origin = (
                f"{spec.repo_id} at {(spec.revision or '')[:12]}"
                if spec.repo_id
                else f"`weights/{spec.task}-{spec.name}`"
            )
            size = "not said" if spec.size is None else f"{spec.size / 1e6:.1f} MB"
            cells = [size, spec.licence, origin, f"size, sha256 `{registry.version(spec)}`"]
        else:
            cells = ["none", spec.licence, f"features `{spec.features}`", "its features"]
        rows.append(" | ".join([f"| `{spec.name}`", spec.task, *cells]) + " |")
    return "\n".join(rows) + "\n"


def main(arguments: list[str]) -> None:
    if arguments == ["table"]:
        print(table(json.loads(RESULT.read_text())))
        return
    if arguments == ["list"]:
        print(registry_table(), end="")
        return
    if arguments:
        print(json.dumps(measure(*arguments)))
        return
    from deepart.registry import REGISTRY, TASKS

    rows = []
    for spec in REGISTRY.values():
        if spec.task in TASKS and spec.here:
            command = [sys.executable, "-m", "benchmarks.models", spec.task, spec.name]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print(rows[-1], flush=True)
    RESULT.write_text(json.dumps({"machine": machine(), "models": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

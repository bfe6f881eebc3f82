"""Does "fine" get there sooner from the result of "fast"?

    python -m benchmarks.style_fine_start       # writes benchmarks/style_fine_start.csv, draws style_fine_start.webp

Each pair is painted by "fine" as it is, then from the picture that "fast" makes: with the coarsest level left out, with
half of the corrections, and at full size only. Content, style, seed and loss are the same; the result has 256 pixels.
Written down: the corrections, their work in corrections of full size, the seconds (those of "fast" included), the loss
that is reached at full size over that of "fine" as it is, and the yardstick of metrics.py at 384x384.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.pictures import CONTENTS, STYLES, draw_sheet
from benchmarks.yardstick import Row, mean_row, measure, squared, write_rows
from deepart import StyleTransferPipeline, load_image
from deepart.images import to_image, to_tensor
from deepart.latents import noise
from deepart.models.gatys import Level, schedule
from deepart.pipelines.features import load_features
from deepart.pipelines.style_fine import FinePainter
from deepart.pipelines.style_job import StyleJob, check_job

HERE = Path(__file__).parent
SIZE = 256
PAIRS = [(content, style) for content in ("portrait", "mountain") for style in ("night cafe", "great wave")]


def ways(levels: Sequence[Level]) -> Mapping[str, list[Level]]:
    """Return the levels of each way of starting from "fast"."""
    return {
        "without the coarsest level": list(levels[1:]),
        "half of the corrections": [replace(level, steps=level.steps // 2) for level in levels],
        "full size only": list(levels[-1:]),
    }


def paint(painter: FinePainter, job: StyleJob, levels: Sequence[Level], start: Tensor | None) -> tuple[Tensor, float]:
    """Return the picture (1, 3, H, W), and the loss at its size."""
    x, targets, _ = painter._prepare(job)
    first = noise(job.seed, (1, 3, levels[0].height, levels[0].width))
    painted = painter.network.paint(
        x,
        targets,
        levels=levels,
        strength=1.0,
        style_scale=1.0,
        start_noise=first,
        on_step=lambda *_: None,
        start=start,
    )
    with torch.no_grad():
        loss = painter.network._objective(x, targets, 1.0, 1.0)(painted).item()
    return painted, loss


def rows_of(
    content: str, style: str, fine: StyleTransferPipeline, fast: StyleTransferPipeline
) -> list[tuple[Row, Tensor]]:
    """Paint one pair in every way; return the numbers and the pictures."""
    painter = fine._painter
    assert isinstance(painter, FinePainter)
    job = check_job(load_image(CONTENTS[content]), load_image(STYLES[style]), None, 1.0, False, 1.0, SIZE, 0, SIZE)
    levels = schedule(job.content.height, job.content.width, painter.network.config.steps)
    features = load_features(device="cpu")
    sought, wanted = (to_tensor(squared(picture)) for picture in (job.content, job.styles[0]))
    found: list[tuple[Row, Tensor]] = []

    def note(way: str, chosen: Sequence[Level], started: float, painted: Tensor, loss: float) -> None:
        work = sum(level.steps * level.height * level.width for level in chosen)
        reached = loss / float(str(found[0][0]["loss"])) if found else 1.0
        row: Row = {
            "content": content, "style": style, "way": way, "steps": sum(level.steps for level in chosen),
            "full_size_steps": round(work / (job.content.height * job.content.width), 1),
            "seconds": round(time.perf_counter() - started, 1), "loss": round(loss, 5), "loss_ratio": round(reached, 3),
        }  # fmt: skip
        numbers = measure(features, to_tensor(squared(to_image(painted))), sought, wanted)
        found.append((row | {f"yardstick_{name}": value for name, value in numbers.items()}, painted))
        print(row, numbers, flush=True)

    started = time.perf_counter()
    note("fine", levels, started, *paint(painter, job, levels, None))
    for way, chosen in ways(levels).items():
        started = time.perf_counter()
        start = to_tensor(fast.stylize(job.content, job.styles[0]))
        note(way, chosen, started, *paint(painter, job, chosen, start))
    return found


def main() -> None:
    fine, fast = (StyleTransferPipeline.from_pretrained(name, device="cpu") for name in ("fine", "fast"))
    rows, cells = [], []
    for content, style in PAIRS:
        found = rows_of(content, style, fine, fast)
        rows += [row for row, _ in found]
        cells.append([(to_image(picture), str(row["way"])) for row, picture in found])
    for way in dict.fromkeys(str(row["way"]) for row in rows):
        plain = [{k: v for k, v in row.items() if k != "way"} for row in rows if row["way"] == way]
        rows.append(mean_row(plain, "of all") | {"way": way})
    write_rows(rows, HERE / "style_fine_start.csv")
    draw_sheet(cells, 230).save(HERE / "style_fine_start.webp", quality=66, method=6)


if __name__ == "__main__":
    main()

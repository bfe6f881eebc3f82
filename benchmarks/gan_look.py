"""Draw what the README shows of the generators, and put numbers to what truncation and mixing do to a picture.

    python -m benchmarks.gan_look            # writes gan_look.json, gan_walk_*.webp, gan_sweep.webp, gan_mix.webp
    python -m benchmarks.gan_look painted    # writes gan_painted_*.webp: seeds 0 to 15, painted at 768 pixels

Nothing is picked out: sweeps and mixes are of the seeds 0, 1, 2, ..., walks go through the first ones. Paintings are
each in the manner of the next of four paintings; the sheets show them at half their size.

sweep: the mean deviation of a picture's pixels at each truncation, which a picture that turns to mush loses, and how
far pictures are apart (root mean square). mix: how much nearer, in mean squared difference, a mix is to its
coarse than to its fine parent: of the layout (lightness at 8 x 8), of colour (at 8 x 8), and of grain (lightness
without what a blur keeps, compared by its energy at 8 x 8).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks.machine import machine
from benchmarks.pictures import draw_sheet
from deepart import GANPipeline, StyleTransferPipeline, list_models, load_image, paint_large, save_png
from deepart.animations import save_animation
from deepart.color import gaussian_blur
from deepart.images import to_tensor
from deepart.metrics import luma
from deepart.pipelines.gan import TRUNCATIONS
from deepart.registry import get_spec
from deepart.ui.examples import example_files

HERE = Path(__file__).parent
SEEDS = range(64)
ROWS = 4  # of the sheets, and stops of the walks
PAINTED = 16  # pictures
MANNERS = (
    "cassatt-summertime", "renoir-moulin-de-la-galette", "van-gogh-langlois-bridge", "van-gogh-night-cafe"
)  # fmt: skip


def pixels(pictures: list[Image.Image]) -> Tensor:
    """Return pictures as (N, 3, H, W) in [0, 1]."""
    return torch.cat([to_tensor(picture) for picture in pictures])


def deviation(x: Tensor) -> float:
    """Return the mean over pictures of the deviation of their pixels."""
    return round(float(x.flatten(1).std(1).mean()), 4)


def sweep_numbers(pipeline: GANPipeline) -> dict[str, Any]:
    found = {}
    for psi in TRUNCATIONS:
        x = pixels(pipeline.generate(len(SEEDS), truncation=psi))
        apart = (x[:, None, :, ::4, ::4] - x[None, :, :, ::4, ::4]).square().mean((2, 3, 4)).sqrt()
        found[str(psi)] = {
            "deviation": deviation(x),
            "apart": round(float(apart.sum() / (len(x) * (len(x) - 1))), 4),
        }
    return found


def looks(x: Tensor) -> dict[str, Tensor]:
    """Return layout, colour and grain of pictures, as the module says."""
    light = luma(x)
    grain = (light - gaussian_blur(light, 1.5)).square()
    small = F.adaptive_avg_pool2d(x, 8)
    light_small = F.adaptive_avg_pool2d(light, 8)
    return {
        "layout": light_small - light_small.mean((2, 3), keepdim=True),
        "colour": small - small.mean(1, keepdim=True),
        "grain": F.adaptive_avg_pool2d(grain, 8).sqrt(),
    }


def mix_numbers(pipeline: GANPipeline) -> dict[str, float]:
    """Return for each look the distance of mixes to their fine parent over that to both: 0.5 halfway, 1 all coarse."""
    parents = pipeline.generate(len(SEEDS))
    mixes = pixels([pipeline.mix(seed, (seed + 1) % len(SEEDS)) for seed in SEEDS])
    coarse = pixels(parents)
    fine = torch.roll(coarse, -1, 0)
    seen, of_coarse, of_fine = looks(mixes), looks(coarse), looks(fine)
    found = {}
    for name, value in seen.items():
        to_coarse = float((value - of_coarse[name]).square().mean())
        to_fine = float((value - of_fine[name]).square().mean())
        found[name] = round(to_fine / (to_coarse + to_fine), 3)
    return found


def save(rows: list[list[Image.Image]], name: str) -> None:
    """Write pictures in rows, side by side."""
    cells = [[(picture, "") for picture in row] for row in rows]
    draw_sheet(cells, rows[0][0].width, names=False).save(HERE / name, quality=66, method=6)


def paint(names: list[str]) -> None:
    """Write the sheets of paintings, and the paintings at full size into runs/gan_painted."""
    fine = StyleTransferPipeline.from_pretrained("fine", device="cpu")
    manners = [load_image(path) for path in example_files("paintings") if path.stem in MANNERS]
    full = HERE.parent / "runs" / "gan_painted"
    full.mkdir(parents=True, exist_ok=True)
    for name in names:
        made = []
        for seed, small in enumerate(GANPipeline.from_pretrained(name, device="cpu").generate(PAINTED)):
            made.append(paint_large(small, manners[seed % len(manners)], size=768, load=lambda _: fine))
            save_png(made[-1], full / f"{name}-{seed}.png")
            print(name, seed, flush=True)
        halves = [picture.resize((384, 384), Image.Resampling.LANCZOS) for picture in made]
        save([halves[start : start + 4] for start in range(0, PAINTED, 4)], f"gan_painted_{name}.webp")


def main() -> None:
    names = [str(name) for name in list_models("gan") if get_spec("gan", str(name)).repo_id is None]
    if sys.argv[1:] == ["painted"]:
        paint(names)
        return
    result: dict[str, Any] = {"machine": machine(), "models": {}}
    sweeps, mixes = [], []
    for name in names:
        pipeline = GANPipeline.from_pretrained(name, device="cpu")
        result["models"][name] = {
            "version": pipeline.version,
            "sweep": sweep_numbers(pipeline),
            "mix": mix_numbers(pipeline),
        }
        sweeps += [pipeline.sweep(seed) for seed in range(ROWS)]
        for seed in range(ROWS // 2):
            a, b = 2 * seed, 2 * seed + 1
            [[first], [second]] = pipeline.generate(seed=a), pipeline.generate(seed=b)
            mixes.append([first, second, pipeline.mix(a, b), pipeline.mix(b, a)])
        frames = pipeline.walk(range(ROWS), frames=64, loop=True)
        save_animation(
            [frame.resize((256, 256), Image.Resampling.LANCZOS) for frame in frames], HERE / f"gan_walk_{name}.webp"
        )
    save(sweeps, "gan_sweep.webp")
    save(mixes, "gan_mix.webp")
    (HERE / "gan_look.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

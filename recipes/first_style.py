"""Paint the finished example that the tab "Style transfer" opens with, by the model that the page starts with.

    python -m recipes.first_style

writes deepart/ui/examples/first/style/<content>-<style>.png; the pair and its settings are the first of PAIRS in
deepart/ui/pairs.py.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from deepart import StyleTransferPipeline, load_image, save_png
from deepart.ui.artwork import DPI
from deepart.ui.examples import FIRST_SIZE, PAIRS
from deepart.ui.inputs import EXAMPLES

FOLDER = EXAMPLES / "first" / "style"


def painted(pipeline: StyleTransferPipeline, size: int = FIRST_SIZE) -> Image.Image:
    """Return the first pair, painted with its settings."""
    pair = PAIRS[0]
    content, style = map(load_image, pair.files)
    return pipeline.stylize(content, style, strength=pair.strength, style_scale=pair.scale, size=size)


def write(pipeline: StyleTransferPipeline, folder: Path = FOLDER, size: int = FIRST_SIZE) -> Path:
    """Paint it into a folder, in place of what was there, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    path = folder / f"{PAIRS[0].content}-{PAIRS[0].style}.png"
    save_png(painted(pipeline, size), path, dpi=DPI)
    return path


def main() -> None:
    path = write(StyleTransferPipeline.from_pretrained(device="cpu"))
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

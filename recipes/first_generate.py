"""Make the finished example that the tab "Generate" opens with: the first pictures of the default generator.

    python -m recipes.first_generate

writes deepart/ui/examples/first/gan/deepart-<model>-seed-<seed>.png: exact PNGs with their settings, to which the names
of the model's directions are added, so that the page can name its sliders before the model is loaded.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, PngImagePlugin

from deepart import GANPipeline
from deepart.images import settings, with_settings
from deepart.ui.finished import NAMED, PICTURES
from deepart.ui.inputs import EXAMPLES

FOLDER = EXAMPLES / "first" / "gan"


def pictures(pipeline: GANPipeline, n: int = PICTURES) -> list[Image.Image]:
    """Return what "Make pictures" makes at its first click, with the names of the directions in the settings."""
    names = {NAMED: list(pipeline.directions)}
    return [with_settings(one, (settings(one) or {}) | names) for one in pipeline.generate(n)]


def write(pipeline: GANPipeline, folder: Path = FOLDER, n: int = PICTURES) -> list[Path]:
    """Write them into a folder, in place of what was there, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    paths = []
    for seed, picture in enumerate(pictures(pipeline, n)):
        path = folder / f"deepart-{pipeline.name}-seed-{seed}.png"
        _save_small(picture, path)
        paths.append(path)
    return paths


def _save_small(picture: Image.Image, path: Path) -> None:
    """Write a PNG with its settings as save_png does, but packed as tightly as it goes."""
    notes = PngImagePlugin.PngInfo()
    for name, text in picture.info.items():
        notes.add_text(str(name), str(text))
    picture.save(path, "PNG", pnginfo=notes, optimize=True)


def main() -> None:
    paths = write(GANPipeline.from_pretrained(device="cpu"))
    print(f"{len(paths)} pictures: {sum(path.stat().st_size for path in paths):,} bytes")


if __name__ == "__main__":
    main()

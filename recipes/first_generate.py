"""Make the finished example that the tab "Generate" opens with: pictures of the default generator, painted large.

    python -m recipes.first_generate

writes deepart/ui/examples/first/gan/deepart-<model>-seed-<seed>.png: exact PNGs with their settings, to which the names
of the generator's directions are added, so that the page can name its sliders before a model is loaded.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, PngImagePlugin

from deepart import GANPipeline, StyleTransferPipeline, load_image, paint_large
from deepart.images import settings, with_settings
from deepart.ui.artwork import DPI
from deepart.ui.examples import example_files
from deepart.ui.finished import FIRST_SEED, NAMED, PICTURES
from deepart.ui.grid import MANNER
from deepart.ui.inputs import EXAMPLES

FOLDER = EXAMPLES / "first" / "gan"
SIZE = 512  # pixels: the files travel with the project


def pictures(pipeline: GANPipeline, painter: StyleTransferPipeline, n: int = PICTURES) -> list[Image.Image]:
    """Return what "Make pictures" makes at its first click, with the names of the directions in the settings."""
    [manner] = [load_image(path) for path in example_files("paintings") if path.stem == MANNER]
    made = []
    for small in pipeline.generate(n, seed=FIRST_SEED):
        large = paint_large(small, manner, size=SIZE, load=lambda _: painter)
        named = (settings(small) or {}) | {NAMED: list(pipeline.directions)}
        made.append(with_settings(large, (settings(large) or {}) | {"painted_from": named}))
    return made


def write(
    pipeline: GANPipeline, painter: StyleTransferPipeline, folder: Path = FOLDER, n: int = PICTURES
) -> list[Path]:
    """Write them into a folder, in place of what was there, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    paths = []
    for seed, picture in enumerate(pictures(pipeline, painter, n), FIRST_SEED):
        path = folder / f"deepart-{pipeline.name}-seed-{seed}.png"
        _save_small(picture, path)
        paths.append(path)
    return paths


def _save_small(picture: Image.Image, path: Path) -> None:
    """Write a PNG with its settings as save_png does, but packed as tightly as it goes."""
    notes = PngImagePlugin.PngInfo()
    for name, text in picture.info.items():
        notes.add_text(str(name), str(text))
    picture.save(path, "PNG", pnginfo=notes, optimize=True, dpi=(DPI, DPI))


def main() -> None:
    paths = write(
        GANPipeline.from_pretrained(device="cpu"), StyleTransferPipeline.from_pretrained("fine", device="cpu")
    )
    print(f"{len(paths)} pictures: {sum(path.stat().st_size for path in paths):,} bytes")


if __name__ == "__main__":
    main()

"""Make the finished example that the tab "Reconstruct" opens with, by the model that the page starts with.

    python -m recipes.first_reconstruct

writes deepart/ui/examples/first/vae/<picture>.png, an exact PNG with its settings, to which the numbers that the tab
shows are added, and beside it the latent: so the tab can show them before the model is loaded.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, PngImagePlugin

from deepart import VAEPipeline, load_image
from deepart.images import settings, with_settings
from deepart.metrics import nearness
from deepart.ui.artwork import DPI
from deepart.ui.examples import example_files
from deepart.ui.finished import LATENT, NUMBERS, PICTURE
from deepart.ui.inputs import EXAMPLES

FOLDER = EXAMPLES / "first" / "vae"


def reconstructed(pipeline: VAEPipeline) -> Image.Image:
    """Return the example's picture, taken apart and put together, with its numbers in the settings."""
    picture = load_image(_source())
    made = pipeline.reconstruct(picture)
    near = nearness(picture, made)
    known = {
        "psnr": round(near.psnr, 3), "ssim": round(near.ssim, 4),
        "latent_shape": list(pipeline.latent_shape(picture.size)),
        "compression": round(pipeline.compression(picture.size), 3),
    }  # fmt: skip
    return with_settings(made, (settings(made) or {}) | {NUMBERS: known})


def _source() -> Path:
    [path] = [path for path in example_files("paintings") if path.stem == PICTURE]
    return path


def write(pipeline: VAEPipeline, folder: Path = FOLDER) -> Path:
    """Write it and its latent into a folder, in place of what was there, and return the file of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    path = folder / f"{PICTURE}.png"
    _save_small(reconstructed(pipeline), path)
    pipeline.latent(load_image(_source())).save(path.with_suffix(LATENT))
    return path


def _save_small(picture: Image.Image, path: Path) -> None:
    """Write a PNG with its settings as save_png does, but packed as tightly as it goes."""
    notes = PngImagePlugin.PngInfo()
    for name, text in picture.info.items():
        notes.add_text(name, text)
    picture.save(path, "PNG", pnginfo=notes, optimize=True, dpi=(DPI, DPI))


def main() -> None:
    path = write(VAEPipeline.from_pretrained(device="cpu"))
    made = settings(load_image(path)) or {}
    print(f"{path.name}: {path.stat().st_size:,} bytes, {made[NUMBERS]}")


if __name__ == "__main__":
    main()

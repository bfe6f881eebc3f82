"""Turn a folder of one's own pictures into a set that every training recipe reads.

    python -m recipes.own_pictures photos data/cats                       # for train_gan and train_vae
    python -m recipes.own_pictures photos data/cats --styles paintings    # for train_style as well

It takes the pictures that load_image reads, of any size and name, in nested folders too, and writes

    pictures/00000.png     the square in the middle, 128 pixels a side: for a generator and a VAE of a vector
    contents/00000.jpg     the whole picture, at most 960 pixels long: for a VAE of a map and for style transfer
    styles/00000.jpg       the same of the folder of styles
    manifest.json          which file each was made of, what is said of its licence, and its hash

It says how many pictures are used, and which are left out and why. docs/own-model.md has the commands that follow.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from deepart.checks import whole_number
from deepart.cli import write_anything
from deepart.errors import DeepArtError, OptionError
from deepart.folder import pictures as pictures_of
from deepart.images import load_image
from recipes import style_data
from recipes.gan_split import OWN

KIND = OWN  # of the files in the manifest; the model cards ask for it
LEAST = 48  # pictures: of fewer the recipes hold out less than what they measure by
UNSAID = "not said"


@dataclass
class Gathered:
    """What became of a folder: how many pictures are used, and the reason for each file that is not."""

    used: int = 0
    skipped: dict[str, str] = field(default_factory=dict)

    def report(self, folder: Path) -> str:
        """Return it in sentences."""
        told = [f"{self.used} pictures of {folder} are used, {len(self.skipped)} are left out."]
        return "\n".join([*told, *(f"  {name}: {reason}" for name, reason in self.skipped.items())])


def find(folder: Path, gathered: Gathered | None = None) -> list[Path]:
    """Return the files below a folder that are pictures, in their order, and tell `gathered` about all others.

    Raises OptionError where there is no such folder.
    """
    if not folder.is_dir():
        raise OptionError(f"{folder} is no folder; give the one that your pictures are in.")
    left: dict[str, str] = {}
    found = sorted(path for path, _ in pictures_of(folder, left=left))
    if gathered is not None:
        gathered.skipped |= {Path(path).relative_to(folder).as_posix(): reason for path, reason in left.items()}
    return found


def read(folder: Path, side: int, gathered: Gathered) -> Iterator[tuple[str, Image.Image]]:
    """Yield (name, picture) for each good picture below a folder, and tell `gathered` about all of them.

    Left out are files that cannot be read, pictures smaller than `side` pixels, and those that were there before.
    """
    known: dict[bytes, str] = {}
    for path in find(folder, gathered):
        name = path.relative_to(folder).as_posix()
        try:
            image = load_image(path)
        except DeepArtError as error:
            gathered.skipped[name] = str(error)
            continue
        # By pixels, as copies often differ in what else a file carries.
        first = known.setdefault(hashlib.sha256(image.tobytes()).digest(), name)
        if first != name:
            gathered.skipped[name] = f"It is the same picture as {first}."
        elif min(image.size) < side:
            gathered.skipped[name] = f"It is {image.width}x{image.height} pixels; each side must have {side} or more."
        else:
            gathered.used += 1
            yield name, image


def square(image: Image.Image, side: int) -> Image.Image:
    """Return the largest square in the middle of a picture, `side` pixels wide."""
    return ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)


def shrink(image: Image.Image, side: int) -> Image.Image:
    """Return a picture at most CONTENT_SIDE pixels long, but for a long one whose shorter side would pass below side.

    Smaller ones stay as they are.
    """
    scale = min(1.0, max(style_data.CONTENT_SIDE / max(image.size), side / min(image.size)))
    width, height = (max(side, round(scale * length)) for length in image.size)
    return image if scale == 1 else image.resize((width, height), Image.Resampling.LANCZOS)


def gather(pictures: Path, styles: Path | None, out: Path, side: int, licence: str) -> None:
    """Make the set in a new folder `out`, all of it or nothing.

    side: pixels of a square. licence: what to say of all the pictures.

    Raises OptionError where a folder is missing or has fewer than LEAST good pictures, `out` has something in it or
    cannot be written, or side is not from 16 to 1024.
    """
    whole_number("side", side, 16, 1024)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OptionError(f"{out} has something in it; give a new folder.")
    sources = [folder for folder in (pictures, styles) if folder is not None]
    if any(out.resolve().is_relative_to(folder.resolve()) for folder in sources):
        raise OptionError(f"{out} lies among the pictures themselves; give a folder elsewhere.")
    for folder in sources:
        find(folder)  # a wrong name shows now, not after minutes of work
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as place:
            part = Path(place) / out.name
            # An empty folder stands for a source without pictures.
            for name in ("pictures", "contents", "styles", "patterns"):
                (part / name).mkdir(parents=True)
            files = _fill(part, pictures, False, side, licence)
            if styles is not None:
                files |= _fill(part, styles, True, side, licence)
            style_data.save_manifest(part, {}, files)
            part.replace(out)
    except OSError as error:
        raise OptionError(f"{out} cannot be written ({error.strerror or error}); give another folder.") from error


def _fill(part: Path, folder: Path, of_styles: bool, side: int, licence: str) -> dict[str, Any]:
    """Write the pictures of a folder, and return their entries in the manifest."""
    gathered, files = Gathered(), {}
    for index, (name, image) in enumerate(read(folder, side, gathered)):
        made = {f"{'styles' if of_styles else 'contents'}/{index:05d}.jpg": shrink(image, side)}
        if not of_styles:
            made[f"pictures/{index:05d}.png"] = square(image, side)
        for target, picture in made.items():
            options = {"quality": style_data.QUALITY["contents"]} if target.endswith(".jpg") else {}
            style_data.save(picture, part / target, **options)
            about = {"kind": KIND, "source": name, "licence": licence}
            files[target] = about | {"sha256": style_data.digest(part / target)}
    print(gathered.report(folder), flush=True)
    if gathered.used < LEAST:
        raise OptionError(
            f"{folder} has {gathered.used} good pictures, and training needs {LEAST} at the very least; add some more."
        )
    return files


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="folder with your pictures")
    parser.add_argument("out", type=Path, help="folder to make")
    parser.add_argument("--styles", type=Path, help="folder with pictures of the styles, for recipes.train_style")
    parser.add_argument("--licence", default=UNSAID, help="of all the pictures, for the model's card (%(default)s)")
    parser.add_argument("--side", type=int, default=128, help="of a square; the recipes want 128 (%(default)s)")
    options = parser.parse_args(arguments)
    write_anything()
    try:
        gather(options.pictures, options.styles, options.out, options.side, options.licence)
    except DeepArtError as error:
        raise SystemExit(f"own_pictures: {error}") from None


if __name__ == "__main__":
    main()

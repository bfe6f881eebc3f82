"""Make the example pictures: deepart/ui/examples/{style,content}/ and the photographs in benchmarks/contents/.

    python -m recipes.make_examples styles
    apt-get download endless-sky-high-dpi && dpkg -x endless-sky-high-dpi_*.deb endless-sky
    python -m recipes.make_examples photographs endless-sky

The style pictures need nothing but numbers: fixed seeds and hand-picked palettes. The photographs come from
scikit-image and from Debian's endless-sky-high-dpi 0.9.8; SOURCES.md beside them says whose they are.
deepart/ui/examples/paintings/ holds copies of public-domain paintings and is not made here.
"""

from __future__ import annotations

import argparse
import functools
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from recipes.painters import marbling, pointillism, stained_glass, woodcut

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "deepart" / "ui" / "examples"
CONTENTS = ROOT / "benchmarks" / "contents"
STYLE_SIZE = (1024, 768)
STYLE_BYTES = 245_000

PALETTES = {
    # In the order of stained_glass.ROLES.
    "stained-glass": (
        "#fff3a6", "#ffcf33", "#ff9226", "#ea3f6f", "#6d63d6", "#1a3c9e", "#7d6ad0", "#3d2f94", "#c6dc3c",
        "#3fa648", "#0c5a3c", "#d9f3e6", "#35a7cf", "#0f3f92", "#e3202c", "#a3103a", "#5a1a80",
    ),
    "pointillism": (
        "#f7c51e", "#f58a1f", "#e8482c", "#d8336e", "#8a3fa0", "#4a3fa8",
        "#2456b8", "#1f86c8", "#1fa39a", "#2f9a4c", "#9cc63a", "#20306e",
    ),
    # Paper, pale, cool, warm, key.
    "woodcut": ("#f3e6cb", "#eec27a", "#3f7f93", "#d4472f", "#1b1a22"),
    # Paper, then inks in the order in which they are sprinkled.
    "marbling": ("#f6ead6", "#0c1f38", "#c4412f", "#f6ead6", "#e2a545", "#1f7480", "#f6ead6", "#16426b"),
}  # fmt: skip

STYLES: dict[str, tuple[Callable[..., Image.Image], int]] = {
    "stained-glass": (stained_glass.paint, 6),
    "pointillism": (pointillism.paint, 4),
    "woodcut": (woodcut.paint, 1),
    "marbling": (functools.partial(marbling.paint, pattern="curl", cell=0.19), 3),
}
"""Name to painter and seed."""

# Where in scikit-image or in images/land/ of the game, and which part of it (left, top, right, bottom), None: all.
Crop = tuple[int, int, int, int] | None
APP: dict[str, tuple[str, Crop]] = {
    "portrait": ("astronaut", (0, 0, 352, 400)),
    "cat": ("chelsea", None),
    "mountain": ("sky8@2x.jpg", (0, 0, 1080, 720)),
}
JUDGING: dict[str, tuple[str, Crop]] = {
    "still-life": ("coffee", None),
    "architecture": ("space2@2x.jpg", (180, 0, 1260, 720)),
    "night": ("nasa7@2x.jpg", (280, 0, 1360, 720)),
    "flat-sky": ("beach2@2x.jpg", (160, 0, 1240, 720)),
    "rocket": ("rocket", None),
}


def paint(name: str, size: tuple[int, int] = STYLE_SIZE, seed: int | None = None) -> Image.Image:
    """One style picture; the committed one with the default size and seed."""
    painter, own_seed = STYLES[name]
    return painter(np.random.default_rng(own_seed if seed is None else seed), size, PALETTES[name])


def encode(image: Image.Image, most: int) -> bytes:
    """The picture as WebP in the best quality that fits into `most` bytes."""
    for quality in (92, 90, 87, 84, 81, 78, 75, 70, 65, 60):
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=6)
        if buffer.tell() <= most:
            return buffer.getvalue()
    raise ValueError(f"The picture does not fit into {most} bytes.")


def photograph(source: str, crop: Crop, longer: int, game: Path) -> Image.Image:
    """A part of a photograph with its longer side brought to `longer` pixels."""
    if source.endswith(".jpg"):
        [path] = game.rglob(f"images/land/{source}")
        image = Image.open(path).convert("RGB")
    else:
        image = Image.fromarray(getattr(skimage.data, source)()).convert("RGB")
    image = image.crop(crop or (0, 0, *image.size))
    scale = longer / max(image.size)
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the example pictures.")
    jobs = parser.add_subparsers(dest="job", required=True)
    styles = jobs.add_parser("styles", help="paint the style pictures")
    styles.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(STYLES)}; all if none is given")
    photographs = jobs.add_parser("photographs", help="cut the photographs")
    photographs.add_argument("game", type=Path, help="folder with the unpacked endless-sky-high-dpi")
    options = parser.parse_args()
    if options.job == "styles":
        for name in options.names or STYLES:
            _write(EXAMPLES / "style" / f"{name}.webp", encode(paint(name), STYLE_BYTES))
        return
    for name, (source, crop) in APP.items():
        longer = 1024 if source.endswith(".jpg") else 768  # scikit-image's are small: no need to enlarge them more
        image = photograph(source, crop, longer, options.game)
        _write(EXAMPLES / "content" / f"{name}.jpg", _jpeg(image))
    for name, (source, crop) in JUDGING.items():
        _write(CONTENTS / f"{name}.jpg", _jpeg(photograph(source, crop, 512, options.game)))


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, optimize=True)
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    print(f"{path.relative_to(ROOT)}: {len(data):,} bytes")


if __name__ == "__main__":
    main()

"""Make the training pictures of two generators: impressionist landscapes and cartoon portraits.

    mkdir sources && cd sources
    apt-get download endless-sky-high-dpi && dpkg -x endless-sky-high-dpi_*.deb .
    npm install --prefix . @dicebear/core@9.4.3 @dicebear/collection@9.4.3 @resvg/resvg-js@2.6.2
    cd .. && python -m recipes.gan_data sources data/gan --set landscapes
    python -m recipes.gan_data sources data/gan --set portraits --count 4000

It writes <set>/pictures/00000.png and so on, and <set>/manifest.json, which says for each file what it is made of, its
licence and hash. A picture depends on the seed and its own number only: a larger set begins with the smaller one.
Pictures that exist are kept, so a run that was broken off goes on. Landscapes are painted (recipes/painters/oil.py)
after crops of public-domain photographs, none of which the benchmarks or the app show. Portraits are drawn by DiceBear
in the style Open Peeps by Pablo Stanley (CC0 1.0).
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import multiprocessing
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from PIL.PngImagePlugin import PngInfo

from recipes import style_data
from recipes.painters import oil

NATURE = (
    "badlands", "beach", "canyon", "desert", "dune", "fields", "fog", "forest", "hills", "lava", "mountain", "sea",
    "sky", "snow", "valley", "water",
)  # fmt: skip
"""What the names of photographs of open nature begin with. Others show cities, spacecraft, halls and planets."""
LEFT_OUT = {
    "beach0": "a pier",
    "canyon01": "Mars, without a sky of its own colour",
    "canyon02": "Mars",
    "canyon03": "Mars",
    "canyon04": "Mars",
    "canyon05": "Mars",
    "desert0": "Mars",
    "canyon2": "grey, a crater's wall",
    "badlands8": "a slope, hardly any sky",
    "fog0": "nearly all white",
    "lava0": "a crater from the air",
    "lava1": "smoke and glowing lava",
    "lava4": "a white cloud of steam",
    "mountain0": "nearly black",
    "snow10": "ice from near, hardly any sky",
    "snow6": "birds, which turn into dots",
    "valley1": "a quarry",
}
"""Photographs of nature that make no landscape painting, and why."""
HAND = oil.Manner(
    radii=(0.056, 0.032, 0.02),
    length=4.0,
    threshold=0.085,
    reach=0.13,
    flow=0.25,
    whirl=0.9,
    wander=0.2,
    hue=0.013,
    value=0.03,
    streak=0.015,
    dry=0.0,
    relief=0.25,
)
"""A bold hand: at 128 pixels the brushes are 7, 4 and 2 pixels in radius."""
GROUND = ("#c09060",)
CASTS = {"warm": (1.08, 0.98, 0.8), "rose": (1.07, 0.93, 1.02), "cool": (0.84, 0.96, 1.1)}
"""Gains of red, green and blue at sunset, before dawn and after dusk."""
STYLE = "open-peeps"
LICENCES = {"landscapes": "public domain", "portraits": "CC0 1.0"}
PACKAGES = {"landscapes": (style_data.GAME,), "portraits": style_data.NPM}


def photographs(sources: Path) -> list[Path]:
    """The public-domain photographs that a landscape painter would look at, by name."""
    return [path for path in style_data.public_domain_photographs(sources) if is_landscape(path.name)]


def is_landscape(name: str) -> bool:
    stem = name.removesuffix("@2x.jpg")
    # The number goes on with "-" and the author in a few names.
    return re.split(r"[\d-]", stem)[0] in NATURE and stem not in LEFT_OUT


def paint_landscape(photograph: Path, seed: int, index: int, side: int) -> Image.Image:
    """A small painting after a part of the photograph, in livelier colours than it has."""
    rng = np.random.default_rng((seed, index))
    with Image.open(photograph) as opened:
        opened.draft("RGB", (opened.width // 2, opened.height // 2))  # still larger than the painting
        view = enliven(rng, crop(rng, opened.convert("RGB"), side))
    return oil.paint(rng, (side, side), GROUND, view, hand=HAND)


def crop(rng: np.random.Generator, image: Image.Image, side: int) -> Image.Image:
    """A square of most of the height, so that sky and land are both in it; mirrored half of the time."""
    part = image.height * rng.uniform(0.65, 1)
    left, top = rng.uniform(0, image.width - part), rng.uniform(0, image.height - part)
    box = (left, top, left + part, top + part)
    view = image.resize((side, side), Image.Resampling.LANCZOS, box=box)
    return ImageOps.mirror(view) if rng.uniform() < 0.5 else view


def enliven(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    """Stronger colours and contrasts, other hues, and now and then the light of another hour."""
    # A dull picture gains more than one whose colours would only be clipped.
    image = Image.blend(image, ImageOps.autocontrast(image, cutoff=0.5, preserve_tone=True), 0.5)
    vivid = np.asarray(image.convert("HSV"))[..., 1].mean() / 255
    image = ImageEnhance.Color(image).enhance(1 + rng.uniform(0.25, 0.9) * (1.2 - vivid))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(1, 1.15))
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.97, 1.1))
    hue, saturation, value = image.convert("HSV").split()
    turn = int(rng.integers(-8, 9))
    turned = Image.merge("HSV", (hue.point([(i + turn) % 256 for i in range(256)]), saturation, value))
    if rng.uniform() < 0.3:
        gains = CASTS[str(rng.choice(list(CASTS)))]
        return turned.convert("RGB").point([min(255, round(i * gain)) for gain in gains for i in range(256)])
    return turned.convert("RGB")


def _paint(job: tuple[Path, int, int, int, Path]) -> None:
    photograph, seed, index, side, target = job
    save(paint_landscape(photograph, seed, index, side), target, {"source": photograph.name})


def paint_landscapes(sources: Path, missing: list[tuple[int, Path]], seed: int, side: int, workers: int) -> None:
    """Paint the pictures of these numbers; the photographs take turns."""
    found = photographs(sources)
    if not found:
        raise SystemExit(f"No landscape photographs in {sources}.")
    jobs = [(found[index % len(found)], seed, index, side, target) for index, target in missing]
    with contextlib.ExitStack() as stack:
        if workers:
            # Spawned, not forked: forking a process in which numpy has threads can hang.
            pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(workers))
            _tell(pool.imap_unordered(_paint, jobs), len(jobs))
        else:
            _tell(map(_paint, jobs), len(jobs))


def draw_portraits(sources: Path, missing: list[tuple[int, Path]], seed: int, side: int, workers: int = 0) -> None:
    """Draw the pictures of these numbers, in one process whatever `workers`: it is fast enough."""
    _tell(_portraits(sources, missing, seed, side), len(missing))


def _portraits(sources: Path, missing: list[tuple[int, Path]], seed: int, side: int) -> Iterator[None]:
    with artist(sources, 2 * side) as draw:
        for index, target in missing:
            name = person(seed, index)
            image = draw(name).resize((side, side), Image.Resampling.LANCZOS)
            yield save(image, target, {"source": STYLE, "seed": name})


def person(seed: int, index: int) -> str:
    """DiceBear's seed of a portrait. Its own random numbers are alike for seeds that are: "12" and "13" look alike."""
    return hashlib.sha256(f"{seed} {index}".encode()).hexdigest()[:16]


@contextlib.contextmanager
def artist(sources: Path, side: int) -> Iterator[Callable[[str], Image.Image]]:
    """What draws a portrait of `side` pixels from DiceBear's seed, while Node runs."""
    if not (sources / "node_modules" / "@dicebear").is_dir():
        raise SystemExit(f"No @dicebear in {sources / 'node_modules'}: install it there with npm.")
    if shutil.which("node") is None:
        raise SystemExit("No Node (node) to draw the portraits with.")
    script = Path(__file__).with_name("portraits.mjs")
    command = ["node", str(script), str(sources.resolve()), str(side)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as node:

        def draw(seed: str) -> Image.Image:
            # Past the buffer, which would try once more to write what a stopped Node never reads.
            with contextlib.suppress(BrokenPipeError):
                os.write(node.stdin.fileno(), f"{seed}\n".encode())
            pixels = node.stdout.read(4 * side * side)
            if len(pixels) < 4 * side * side:
                raise SystemExit("Node stopped before the portrait was drawn; what it says is above.")
            return Image.frombytes("RGBA", (side, side), pixels).convert("RGB")

        yield draw


def save(image: Image.Image, path: Path, about: dict[str, str]) -> None:
    """Write a picture that says in itself what it is made of, so that the manifest is right about kept ones."""
    info = PngInfo()
    for key, value in about.items():
        info.add_text(key, value)
    style_data.save(image, path, pnginfo=info)


def _tell(work: Iterator[None], total: int) -> None:
    """Do the work, and print how far it is."""
    for done, _ in enumerate(work, 1):
        if done % 500 == 0 or done == total:
            print(f"{done} of {total} pictures", flush=True)


def write_manifest(out: Path, sources: Path, name: str) -> None:
    """What every picture of the set `name` is made of, by what it says itself."""
    files = {}
    for path in sorted((out / "pictures").glob("*.png")):
        with Image.open(path) as opened:
            about = dict(opened.text)
        files[f"pictures/{path.name}"] = about | {"licence": LICENCES[name], "sha256": style_data.digest(path)}
    versions = style_data.package_versions(sources)
    style_data.save_manifest(out, {key: versions[key] for key in PACKAGES[name] if key in versions}, files)


MAKERS = {"landscapes": paint_landscapes, "portraits": draw_portraits}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Make the training pictures of the generators.")
    parser.add_argument("sources", type=Path, help="folder with the unpacked packages")
    parser.add_argument("out", type=Path, help="folder to write the set's own folder to")
    parser.add_argument("--set", dest="name", choices=list(MAKERS), required=True)
    parser.add_argument("--count", type=int, default=6000, help="number of pictures (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="painting processes, 0: this one (%(default)s)")
    parser.add_argument("--side", type=int, default=128, help="width and height of a picture (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    out = options.out / options.name
    pictures = [(index, out / "pictures" / f"{index:05d}.png") for index in range(options.count)]
    missing = [(index, path) for index, path in pictures if not path.exists()]
    MAKERS[options.name](options.sources, missing, options.seed, options.side, options.workers)
    write_manifest(out, options.sources, options.name)


if __name__ == "__main__":
    main()

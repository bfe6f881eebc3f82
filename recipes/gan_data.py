"""Draw the training pictures of people: cartoon portraits.

    npm install --prefix sources @dicebear/core@9.4.3 @dicebear/collection@9.4.3 @resvg/resvg-js@2.6.2
    python -m recipes.gan_data sources data/gan/people --count 4000

It writes pictures/00000.png and so on, and manifest.json, which says for each file what it is made of, its licence and
hash. A picture depends on the seed and its own number only: a larger set begins with the smaller one. Pictures that
exist are kept, so a run that was broken off goes on. DiceBear draws in the style Open Peeps by Pablo Stanley (CC0 1.0).
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from recipes import style_data

STYLE = "open-peeps"
LICENCE = "CC0 1.0"


def draw_people(sources: Path, missing: list[tuple[int, Path]], seed: int, side: int) -> None:
    """Draw the pictures of these numbers, and print how far it is."""
    if not missing:
        return
    with artist(sources, 2 * side) as draw:
        for done, (index, target) in enumerate(missing, 1):
            name = person(seed, index)
            save(draw(name).resize((side, side), Image.Resampling.LANCZOS), target, {"source": STYLE, "seed": name})
            if done % 500 == 0 or done == len(missing):
                print(f"{done} of {len(missing)} pictures", flush=True)


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


def write_manifest(out: Path, sources: Path) -> None:
    """What every picture of the set is made of, by what it says itself."""
    files = {}
    for path in sorted((out / "pictures").glob("*.png")):
        with Image.open(path) as opened:
            about = dict(opened.text)
        files[f"pictures/{path.name}"] = about | {"licence": LICENCE, "sha256": style_data.digest(path)}
    versions = style_data.package_versions(sources)
    style_data.save_manifest(out, {key: versions[key] for key in style_data.NPM if key in versions}, files)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Draw the training pictures of the generator of people.")
    parser.add_argument("sources", type=Path, help="folder with the npm packages")
    parser.add_argument("out", type=Path, help="folder of the set")
    parser.add_argument("--count", type=int, default=6000, help="number of pictures (%(default)s)")
    parser.add_argument("--side", type=int, default=128, help="width and height of a picture (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    pictures = [(index, options.out / "pictures" / f"{index:05d}.png") for index in range(options.count)]
    missing = [(index, path) for index, path in pictures if not path.exists()]
    draw_people(options.sources, missing, options.seed, options.side)
    write_manifest(options.out, options.sources)


if __name__ == "__main__":
    main()

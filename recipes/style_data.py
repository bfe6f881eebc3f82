"""Make the training pictures of fast style transfer: open photographs as contents, and style pictures of many kinds.

    mkdir sources && cd sources
    apt-get download endless-sky-high-dpi fonts-kouzan-mouhitsu && for f in *.deb; do dpkg -x "$f" .; done
    npm install --prefix . @dicebear/core@9.4.3 @dicebear/collection@9.4.3 @resvg/resvg-js@2.6.2
    cd .. && python -m recipes.style_data sources data/style

It writes contents/*.jpg, styles/<kind>-<index>.jpg and manifest.json, which says for each file its kind, sources,
licence and hash. Pictures that exist are kept, so a run that was broken off goes on. Only public-domain photographs
are taken, by the packages' own copyright files, and none of those that the benchmarks and the app show. Without the
font or the npm packages their kinds are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import gzip
import hashlib
import io
import json
import multiprocessing
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from recipes import make_examples
from recipes.painters.repertoire import KINDS, Sitting, Sources, schedule

GAME, FONT = "endless-sky-high-dpi", "fonts-kouzan-mouhitsu"
NPM = ("@dicebear/core", "@dicebear/collection", "@resvg/resvg-js")
EVALUATION = {source for source, _ in (*make_examples.APP.values(), *make_examples.JUDGING.values())}
"""Photographs that the app and the benchmarks show: training must not have seen them."""
CONTENT_SIDE = 960
QUALITY = {"contents": 92, "styles": 93}
LICENCES = {
    "photographs": "public domain",
    "fonts": "public domain",
    "patterns": "CC0 1.0",
    "": "made by this recipe",
}


def licences(copyright_text: str) -> list[tuple[str, str]]:
    """Pairs (pattern, licence) of a Debian copyright file in its order.

    https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
    """
    pairs = []
    for stanza in re.split(r"\n\s*\n", copyright_text):
        fields = dict(re.findall(r"^([\w-]+):((?:.*(?:\n[ \t].*)*))", stanza, re.MULTILINE))
        if "Files" in fields and "License" in fields:
            name = fields["License"].strip().splitlines()[0]
            pairs += [(pattern, name) for pattern in fields["Files"].split()]
    return pairs


def is_public_domain(path: str, pairs: list[tuple[str, str]]) -> bool:
    """Whether every pattern for the file's own folder that covers it says so.

    The format lets the last match hold; but there "fields1*" (public domain) also covers "fields12-sfiera", which an
    earlier pattern gives to its author (CC BY-SA). Such doubtful files are left out.
    """
    folder = path.rpartition("/")[0] + "/"
    own = [name for pattern, name in pairs if pattern.startswith(folder) and fnmatch.fnmatchcase(path, pattern)]
    return bool(own) and set(own) == {"public-domain"}


def public_domain_photographs(sources: Path) -> list[Path]:
    """The game's landscapes that are in the public domain and that no evaluation uses, by name."""
    pairs = licences(_document(sources, GAME, "copyright").read_text())
    found = sorted(sources.rglob("images/land/*@2x.jpg"), key=lambda path: path.name)
    kept = [path for path in found if is_public_domain(f"images/land/{path.name}", pairs)]
    return [path for path in kept if path.name not in EVALUATION]


def gather(sources: Path, out: Path) -> Sources:
    """Everything that painters may draw on; a sentence for each package that is not there."""
    fonts = sorted(sources.rglob(f"{FONT.removeprefix('fonts-')}/*.ttf"))
    if not fonts:
        print(f"No {FONT} in {sources}: no calligraphy.")
    return Sources(public_domain_photographs(sources), fonts, _patterns(sources, out))


def _patterns(sources: Path, out: Path) -> list[Path]:
    """DiceBear's patterns as PNG files, drawn once by Node."""
    if not (sources / "node_modules" / "@dicebear").is_dir():
        print(f"No @dicebear in {sources / 'node_modules'}: no patterns.")
        return []
    if shutil.which("node") is None:
        print("No Node (node) to draw the patterns with: no patterns.")
        return []
    folder = out / "patterns"
    script = Path(__file__).with_name("dicebear.mjs")
    subprocess.run(["node", str(script), str(sources.resolve()), str(folder)], check=True)
    return sorted(folder.glob("*.png"))


def write_contents(photographs: list[Path], folder: Path) -> None:
    """The photographs with their longer side brought to CONTENT_SIDE."""
    for path in photographs:
        target = folder / f"{path.name.removesuffix('@2x.jpg')}.jpg"
        if not target.exists():
            with Image.open(path) as opened:
                image = opened.convert("RGB")
            scale = CONTENT_SIDE / max(image.size)
            size = (round(image.width * scale), round(image.height * scale))
            save(image.resize(size, Image.Resampling.LANCZOS), target, quality=QUALITY["contents"])


def save(image: Image.Image, path: Path, **options: Any) -> None:
    """Write a PNG or JPEG under another name and rename it, so that a file that exists is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    image.save(buffer, "PNG" if path.suffix == ".png" else "JPEG", optimize=True, **options)
    temporary = path.with_suffix(f".{os.getpid()}.part")
    temporary.write_bytes(buffer.getvalue())
    temporary.replace(path)


def paint_style(kind: str, index: int, seed: int, sources: Sources, folder: Path) -> None:
    """Paint one style picture, with a note of what it is made of; the same seed and index give the same picture."""
    path, note = folder / f"{kind}-{index:04d}.jpg", folder / "notes" / f"{kind}-{index:04d}.json"
    if not (path.exists() and note.exists()):
        sitting = Sitting.begin(np.random.default_rng((seed, index)), sources)
        painted = KINDS[kind].paint(sitting)
        if painted is None:
            return
        image = finish(sitting, painted)
        entry = {"kind": kind, "sources": sorted(set(sitting.used))}
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(entry))
        save(image, path, quality=QUALITY["styles"])


def finish(sitting: Sitting, image: Image.Image) -> Image.Image:
    """Now and then a mirrored picture; often a little more or less contrast."""
    if sitting.chance(0.5):
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if sitting.chance(0.5):
        return image
    gain, lift = sitting.rng.uniform(0.85, 1.2), sitting.rng.normal(0, 8)
    table = np.clip((np.arange(256) - 128) * gain + 128 + lift, 0, 255).astype(int).tolist()
    return image.point(table * 3)


def render(out: Path, sources: Sources, count: int, workers: int, seed: int, kinds: list[str] | None = None) -> None:
    """Paint the style pictures that are not there yet, in the order of their index."""
    wanted = [
        (kind, index, seed, sources, out / "styles")
        for index, kind in enumerate(schedule(count))
        if (not kinds or kind in kinds) and KINDS[kind].possible(sources)
    ]
    with contextlib.ExitStack() as stack:
        painted = map(_paint_one, wanted)
        if workers:
            # Spawned, not forked: forking a process in which numpy has threads can hang.
            pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(workers))
            painted = pool.imap_unordered(_paint_one, wanted)
        for done, _ in enumerate(painted, 1):
            if done % 100 == 0 or done == len(wanted):
                print(f"{done} of {len(wanted)} style pictures", flush=True)


def _paint_one(job: tuple[str, int, int, Sources, Path]) -> None:
    paint_style(*job)


def write_manifest(out: Path, sources: Path, used: Sources) -> None:
    """What every picture is made of, by the notes left beside it."""
    files = {}
    names = {path.name.removesuffix("@2x.jpg"): path.name for path in used.photographs}
    for path in sorted((out / "contents").glob("*.jpg")):
        entry = {"kind": "content", "sources": [names[path.stem]], "licence": LICENCES["photographs"]}
        files[f"contents/{path.name}"] = entry | {"sha256": digest(path)}
    for path in sorted((out / "styles").glob("*.jpg")):
        entry = json.loads((path.parent / "notes" / f"{path.stem}.json").read_text())
        licence = LICENCES[KINDS[entry["kind"]].needs if entry["sources"] else ""]
        files[f"styles/{path.name}"] = entry | {"licence": licence, "sha256": digest(path)}
    save_manifest(out, package_versions(sources), files)


def save_manifest(out: Path, packages: dict[str, str], files: dict[str, Any]) -> None:
    """Write which packages a set is made of, and what is said of each file."""
    manifest = {"packages": packages, "files": files}
    temporary = out / "manifest.json.part"
    temporary.write_text(json.dumps(manifest, indent=1))
    temporary.replace(out / "manifest.json")


def package_versions(sources: Path) -> dict[str, str]:
    """The packages that are there, with their versions."""
    versions = {}
    for name in (GAME, FONT):
        for path in sources.rglob(f"doc/{name}/changelog.Debian.gz"):
            first = gzip.decompress(path.read_bytes()).decode().splitlines()[0]
            versions[name] = first.split("(")[1].split(")")[0]
    for name in NPM:
        path = sources / "node_modules" / name / "package.json"
        if path.exists():
            versions[name] = json.loads(path.read_text())["version"]
    return versions


def _document(sources: Path, package: str, name: str) -> Path:
    found = sorted(sources.rglob(f"doc/{package}/{name}"))
    if not found:
        raise SystemExit(f"No {package} in {sources}: unpack it there with dpkg -x.")
    return found[0]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Make the training pictures of fast style transfer.")
    parser.add_argument("sources", type=Path, help="folder with the unpacked packages")
    parser.add_argument("out", type=Path, help="folder to write contents/, styles/ and manifest.json to")
    parser.add_argument("--count", type=int, default=1800, help="number of style pictures (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="painting processes, 0: this one (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), help="paint only these")
    options = parser.parse_args(arguments)
    used = gather(options.sources, options.out)
    write_contents(list(used.photographs), options.out / "contents")
    print(f"{len(used.photographs)} contents", flush=True)
    render(options.out, used, options.count, options.workers, options.seed, options.kinds)
    write_manifest(options.out, options.sources, used)


if __name__ == "__main__":
    main()

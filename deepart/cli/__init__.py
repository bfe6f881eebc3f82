"""The command line: python -m deepart. The pipelines do the work, and folder.py knows what is done."""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deepart import hub
from deepart.cli import jobs
from deepart.cli.options import add_commands
from deepart.errors import DeepArtError
from deepart.registry import REGISTRY, TASKS, ModelSpec

_PROG = "python -m deepart"
_MORE = """\
A command that is run again makes only what is missing, damaged, or was made from another picture, with other options
or by another model. Exit status: 0 all is made, 1 some pictures failed and are listed at the end, 2 the command is
wrong and nothing was made, 130 stopped by Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1, 2 or 130; argparse itself ends the program with 0 or 2."""
    options = parser().parse_args(arguments)
    write_anything()
    try:
        status: int = options.run(options)
        return status
    except DeepArtError as error:
        print(f"{_PROG} {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; the same command starts again.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `models | head`: nobody reads on, and Python would say so once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def write_anything() -> None:
    """Let no name of a file end a job where the output cannot write its letters, as in a Windows file or LANG=C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = argparse.ArgumentParser(
        prog=_PROG, description="Deep learning for art, on folders of pictures.", epilog=_MORE
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = add_commands(commands, Path, "folders, with all below them, and files", _MORE)
    for name, run in {"stylize": jobs.stylize, "generate": jobs.generate, "reconstruct": jobs.reconstruct}.items():
        made[name].set_defaults(run=run)
    made["stylize"].add_argument(
        "--mask", type=Path, metavar="PICTURE", help="paint where this is white; what is black stays the photograph"
    )
    table = commands.add_parser("models", help="list the known models", description="List the known models.")
    table.set_defaults(run=_show_models)
    table.add_argument("task", nargs="?", choices=TASKS, help="only those of one task")
    table.add_argument("--json", action="store_true", help="as JSON, for a program")
    return whole


def _show_models(options: argparse.Namespace) -> int:
    """Print the models of one task, or of all."""
    tasks = TASKS if options.task is None else (options.task,)
    specs = [spec for spec in REGISTRY.values() if spec.task in tasks]
    if options.json:
        fields = ("task", "name", "title", "summary", "licence", "default", "here")
        records = [
            {name: getattr(spec, name) for name in fields}
            | {"download_bytes": _bytes(spec), "needs": spec.extra or None}
            for spec in specs
        ]
        print(json.dumps(records, indent=2))
        return 0
    rows = [("TASK", "NAME", "TITLE", "LICENCE", "")]
    rows += [(spec.task, spec.name, spec.title, spec.licence, _state(spec)) for spec in specs]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _state(spec: ModelSpec) -> str:
    """Return whether a model is here, and how much is to be downloaded if not."""
    if spec.here:
        state = "here"
    elif (size := _bytes(spec)) is None:
        state = "to download, size not said"
    else:
        state = f"{size / 1e6:.1f} MB to download"
    return f"{state}, needs the package {spec.extra}" if spec.extra else state


def _bytes(spec: ModelSpec) -> int | None:
    """Return how many bytes of a model have to be downloaded; None where nobody has said it."""
    return hub.total(part.size for part in spec.parts if not part.here)

"""The command line: python -m deepart. A thin door: the pipelines do the work, and folder.py knows what is done."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deepart.cli import jobs, models
from deepart.cli.commands import add_commands
from deepart.errors import DeepArtError
from deepart.registry import TASKS

_PROG = "python -m deepart"
_MORE = """\
A command that is run again makes only what is missing, damaged, or was made from another picture, with other options
or by another model. Exit status: 0 all is made, 1 some pictures failed and are listed at the end, 2 the command is
wrong and nothing was made, 130 stopped by Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1, 2 or 130; argparse itself ends the program with 0 or 2."""
    options = parser().parse_args(arguments)
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


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = argparse.ArgumentParser(
        prog=_PROG, description="Deep learning for art, on folders of pictures.", epilog=_MORE
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = add_commands(commands, Path, "folders, with all below them, and files", _MORE)
    for name, run in {"stylize": jobs.stylize, "generate": jobs.generate, "reconstruct": jobs.reconstruct}.items():
        made[name].set_defaults(run=run)
    table = commands.add_parser("models", help="list the known models", description="List the known models.")
    table.set_defaults(run=models.show)
    table.add_argument("task", nargs="?", choices=TASKS, help="only those of one task")
    table.add_argument("--json", action="store_true", help="as JSON, for a program")
    return whole

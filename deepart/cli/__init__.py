"""The command line: python -m deepart. A thin door: the pipelines do the work, and folder.py knows what is done."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deepart.cli import jobs, models
from deepart.cli.options import add
from deepart.errors import DeepArtError
from deepart.folder import FORMATS
from deepart.pipelines.base import Pipeline
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.registry import TASKS, get_spec

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
    style = _command(
        commands, "stylize", jobs.stylize, StyleTransferPipeline, "repaint pictures in the style of others"
    )
    style.add_argument(
        "--style", type=Path, action="append", required=True, metavar="PICTURE",
        help="picture whose style to take; given two or three times, the styles are blended",
    )  # fmt: skip
    add(style, StyleTransferPipeline.stylize)
    many = _command(commands, "generate", jobs.generate, GANPipeline, "make pictures that never existed")
    add(many, GANPipeline.generate)
    again = _command(
        commands, "reconstruct", jobs.reconstruct, VAEPipeline, "take pictures apart and put them together again"
    )
    add(again, VAEPipeline.reconstruct)
    table = commands.add_parser("models", help="list the known models", description="List the known models.")
    table.set_defaults(run=models.show)
    table.add_argument("task", nargs="?", choices=TASKS, help="only those of one task")
    table.add_argument("--json", action="store_true", help="as JSON, for a program")
    return whole


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], kind: type[Pipeline], text: str
) -> argparse.ArgumentParser:
    """Add a command that makes pictures, with what all of these have."""
    one: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=f"{text.capitalize()}.", epilog=_MORE
    )
    one.set_defaults(run=run)
    if kind is not GANPipeline:
        one.add_argument(
            "pictures", type=Path, nargs="+", metavar="PICTURES", help="folders, with all below them, and files"
        )
    one.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the results go; made if need be")
    one.add_argument(
        "--format", choices=list(FORMATS), default="png",
        help="of the results; JPEG and WEBP are smaller and inexact (default: %(default)s)",
    )  # fmt: skip
    one.add_argument(
        "--model", help=f"a name (see models), a folder or a Hub repository (default: {get_spec(kind.task).name})"
    )
    one.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    one.add_argument(
        "--progress", action=argparse.BooleanOptionalAction, help="show a progress bar (default: in a terminal)"
    )
    return one

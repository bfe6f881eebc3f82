"""The three commands that make pictures, as every door offers them: their names, and what all of them take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from deepart.cli.options import add
from deepart.folder import FORMATS
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.registry import get_spec


def add_commands(
    commands: Any, place: Callable[[str], Any], places: str, more: str
) -> dict[str, argparse.ArgumentParser]:
    """Give a parser stylize, generate and reconstruct, and return their parsers by these names.

    commands: what add_subparsers returns. place: makes of the text of a file or folder what the command takes. places:
    what the help says pictures may be. more: what the help ends with.
    """
    made: dict[str, argparse.ArgumentParser] = {}

    def command(name: str, task: str, text: str) -> argparse.ArgumentParser:
        one: argparse.ArgumentParser = commands.add_parser(
            name, help=text, description=f"{text.capitalize()}.", epilog=more
        )
        if task != GANPipeline.task:
            one.add_argument("pictures", type=place, nargs="+", metavar="PICTURES", help=places)
        one.add_argument(
            "--out", type=place, required=True, metavar="FOLDER", help="where the results go; made if need be"
        )
        one.add_argument(
            "--format", choices=list(FORMATS), default="png",
            help="of the results; JPEG and WEBP are smaller and inexact (default: %(default)s)",
        )  # fmt: skip
        one.add_argument(
            "--model", help=f"a name (see models), a folder or a Hub repository (default: {get_spec(task).name})"
        )
        one.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
        one.add_argument(
            "--progress", action=argparse.BooleanOptionalAction, help="show a progress bar (default: in a terminal)"
        )
        made[name] = one
        return one

    style = command("stylize", StyleTransferPipeline.task, "repaint pictures in the style of others")
    style.add_argument(
        "--style", type=place, action="append", required=True, metavar="PICTURE",
        help="picture whose style to take; given two or three times, the styles are blended",
    )  # fmt: skip
    add(style, StyleTransferPipeline.stylize)
    add(command("generate", GANPipeline.task, "make pictures that never existed"), GANPipeline.generate)
    again = command("reconstruct", VAEPipeline.task, "take pictures apart and put them together again")
    add(again, VAEPipeline.reconstruct)
    return made

"""The three commands that make pictures, as the command line and a cluster offer them.

Their defaults are read from the signature of the method that each calls: so every default stands once.
"""

import argparse
from collections.abc import Callable
from typing import Any

from deepart.errors import OptionError
from deepart.folder import FORMATS
from deepart.pipelines.base import defaults_of
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.large import QUALITIES, SIZES, paint_large
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.registry import get_spec

LARGE = ("size", "quality")
"""Options of generate that go to paint_large."""
NOT_HERE = frozenset({"callback", "latents", "mask", "start"})
"""Parameters with a default that nobody can type."""

_CORRECTIONS = ", of a model that makes corrections"


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers like 2,1") from None


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _amount(text: str) -> tuple[str, float]:
    name, _, amount = text.rpartition("=")
    try:
        return name, float(amount)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no name and number like trees=1.5") from None


_OPTIONS: dict[str, tuple[Callable[[str], Any], str, str]] = {
    "weights": (_numbers, "N,N", "how much each style counts, in any unit, such as 2,1"),
    "strength": (float, "N", "0 gives the photograph back, 1 is the full style"),
    "preserve_color": (bool, "", "keep the photograph's colours"),
    "style_scale": (float, "N", "0.25 to 4; at 2 strokes are twice as large"),
    "size": (int, "N", "longer side of the result in pixels, else that of the photograph"),
    "seed": (int, "N", "another one varies the details; of several pictures, the seed of the first"),
    "steps": (int, "N", "corrections at the coarsest level, of a model that makes such"),
    "style_weight": (float, "N", "how much the style counts beside the content" + _CORRECTIONS),
    "moments_weight": (float, "N", "how much the style's averages count beside its places" + _CORRECTIONS),
    "detail": (float, "N", "0 to 1: how much of its own detail a photograph keeps" + _CORRECTIONS),
    "tv_weight": (float, "N", "how much smoothness counts" + _CORRECTIONS),
    "style_layers": (_names, "NAME,NAME", "layers that the style is measured in, with commas" + _CORRECTIONS),
    "content_layers": (_names, "NAME,NAME", "layers that the content is measured in, with commas" + _CORRECTIONS),
    "keep_alpha": (bool, "", "paint inside the shape of a transparent picture; the result is as transparent"),
    "n": (int, "N", "how many pictures"),
    "truncation": (float, "N", "0 to 1.5; below 1 pictures are more typical and alike"),
    "directions": (_amount, "NAME=AMOUNT", "move every picture by so many deviations; may be given several times"),
}
"""How each is read, how the help shows what it takes, and what it is."""


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
            one.add_argument("--keep-gps", action="store_true", help="results say where their photograph was taken")
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
        one.add_argument("--device", help="cuda, cuda:1 and so on, mps or cpu (default: the best there is)")
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
    _add(style, StyleTransferPipeline.stylize)
    generate = command("generate", GANPipeline.task, "make pictures that never existed")
    _add(generate, GANPipeline.generate)
    generate.add_argument(
        "--manner", type=place, action="append", dest="style", metavar="PICTURE", default=[],
        help="painting in whose strokes every picture is painted large",
    )  # fmt: skip
    painted = defaults_of(paint_large)
    generate.add_argument("--size", type=int, metavar="N", help=(
        f"longer side of what is painted large, {SIZES[0]} to {SIZES[1]} pixels (default: {painted['size']})"
    ))  # fmt: skip
    generate.add_argument("--quality", choices=QUALITIES, help=(
        f"of what is painted large; fast takes a second (default: {painted['quality']})"
    ))  # fmt: skip
    again = command("reconstruct", VAEPipeline.task, "take pictures apart and put them together again")
    _add(again, VAEPipeline.reconstruct)
    return made


def asked_large(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of paint_large that generate was given; raises OptionError for those without a painting."""
    found = {name: getattr(options, name) for name in LARGE if getattr(options, name) is not None}
    if len(options.style) > 1 or (found and not options.style):
        raise OptionError("Pictures are painted large in the manner of one painting; give --manner PICTURE, once.")
    return found


def given(namespace: argparse.Namespace, verb: Callable[..., Any]) -> dict[str, Any]:
    """Return all options of a method, those that were typed and the defaults of the others, and a wish to keep_gps."""
    values = {name: getattr(namespace, name, default) for name, default in options_of(verb).items()}
    if values.get("directions") is not None:
        values["directions"] = dict(values["directions"])
    return values | ({"keep_gps": True} if getattr(namespace, "keep_gps", False) else {})


def options_of(verb: Callable[..., Any]) -> dict[str, Any]:
    """Return the parameters of a method that can be typed, with their defaults."""
    return {name: default for name, default in defaults_of(verb).items() if name not in NOT_HERE}


def _add(parser: argparse.ArgumentParser, verb: Callable[..., Any]) -> None:
    """Give a parser an option for each; what is not given does not appear in the namespace."""
    for name, default in options_of(verb).items():
        kind, metavar, text = _OPTIONS[name]
        text += "" if default is None else f" (default: {default})"
        more: dict[str, Any] = {"dest": name, "default": argparse.SUPPRESS, "help": text}
        flag = "--" + name.replace("_", "-")
        if kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, **more)
        elif kind is _amount:  # they are given one by one
            parser.add_argument(flag.removesuffix("s"), action="append", type=kind, metavar=metavar, **more)
        else:
            parser.add_argument(flag, type=kind, metavar=metavar, **more)

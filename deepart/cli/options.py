"""The three commands that make pictures, as the command line and a cluster offer them.

Their options are read from the signature of the method that each calls: so every default stands once.
"""

from __future__ import annotations

import argparse
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args, get_origin

from deepart.errors import OptionError
from deepart.folder import FORMATS
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.large import QUALITIES, SIZES, paint_large
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.registry import get_spec

LARGE = ("size", "quality")
"""Options of generate that go to paint_large."""
NOT_HERE = frozenset({"callback", "latents", "start"})
"""Parameters with a default that nobody can type."""

_HELP = {
    "weights": "how much each style counts, in any unit, such as 2,1",
    "strength": "0 gives the photograph back, 1 is the full style",
    "preserve_color": "keep the photograph's colours",
    "style_scale": "0.25 to 4; at 2 strokes are twice as large",
    "size": "longer side of the result in pixels, else that of the photograph",
    "seed": "another one varies the details; of several pictures, the seed of the first",
    "steps": "corrections at the coarsest level, of a model that makes such",
    "style_weight": "how much the style counts beside the content, of a model that makes corrections",
    "moments_weight": "how much the style's averages count beside its places, of a model that makes corrections",
    "detail": "0 to 1: how much of its own detail a photograph keeps, of a model that makes corrections",
    "tv_weight": "how much smoothness counts, of a model that makes corrections",
    "style_layers": "layers that the style is measured in, with commas, of a model that makes corrections",
    "content_layers": "layers that the content is measured in, with commas, of a model that makes corrections",
    "keep_alpha": "paint inside the shape of a transparent picture; the result is as transparent",
    "n": "how many pictures",
    "truncation": "0 to 1.5; below 1 pictures are more typical and alike",
    "directions": "move every picture by so many deviations; may be given several times",
}


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
    add(style, StyleTransferPipeline.stylize)
    generate = command("generate", GANPipeline.task, "make pictures that never existed")
    add(generate, GANPipeline.generate)
    generate.add_argument(
        "--manner", type=place, action="append", dest="style", metavar="PICTURE", default=[],
        help="painting in whose strokes every picture is painted large",
    )  # fmt: skip
    painted = inspect.signature(paint_large).parameters
    generate.add_argument("--size", type=int, metavar="N", help=(
        f"longer side of what is painted large, {SIZES[0]} to {SIZES[1]} pixels (default: {painted['size'].default})"
    ))  # fmt: skip
    generate.add_argument("--quality", choices=QUALITIES, help=(
        f"of what is painted large; fast takes a second (default: {painted['quality'].default})"
    ))  # fmt: skip
    again = command("reconstruct", VAEPipeline.task, "take pictures apart and put them together again")
    add(again, VAEPipeline.reconstruct)
    return made


def asked_large(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of paint_large that generate was given; raises OptionError for those without a painting."""
    found = {name: getattr(options, name) for name in LARGE if getattr(options, name) is not None}
    if len(options.style) > 1 or (found and not options.style):
        raise OptionError("Pictures are painted large in the manner of one painting; give --manner PICTURE, once.")
    return found


def parameters(verb: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a method that are options: those with a default that can be typed."""
    return [
        one for one in inspect.signature(verb, eval_str=True).parameters.values()
        if one.default is not one.empty and one.name not in NOT_HERE
    ]  # fmt: skip


def add(parser: argparse.ArgumentParser, verb: Callable[..., Any]) -> None:
    """Give a parser an option for each; what is not given does not appear in the namespace."""
    for one in parameters(verb):
        text = _HELP[one.name] + ("" if one.default is None else f" (default: {one.default})")
        more: dict[str, Any] = {"dest": one.name, "default": argparse.SUPPRESS, "help": text}
        kind = _without_none(one.annotation)
        if kind is bool:
            parser.add_argument(flag(one), action=argparse.BooleanOptionalAction, **more)
        elif get_origin(kind) is Mapping:
            parser.add_argument(flag(one), action="append", type=_amount, metavar="NAME=AMOUNT", **more)
        elif get_origin(kind) is Sequence:
            [item] = get_args(kind)
            metavar = "NAME,NAME" if item is str else "N,N"
            parser.add_argument(flag(one), type=_list_of(item), metavar=metavar, **more)
        else:
            parser.add_argument(flag(one), type=kind, metavar="N", **more)


def flag(parameter: inspect.Parameter) -> str:
    """Return how an option is typed: --style-scale, and --direction for directions, which are given one by one."""
    one_by_one = get_origin(_without_none(parameter.annotation)) is Mapping
    name = parameter.name.removesuffix("s") if one_by_one else parameter.name
    return "--" + name.replace("_", "-")


def given(namespace: argparse.Namespace, verb: Callable[..., Any]) -> dict[str, Any]:
    """Return all options of a method: those that were typed, and the defaults of the others."""
    values = {one.name: getattr(namespace, one.name, one.default) for one in parameters(verb)}
    pairs = [one.name for one in parameters(verb) if get_origin(_without_none(one.annotation)) is Mapping]
    return values | {name: dict(values[name]) for name in pairs if values[name] is not None}


def _without_none(annotation: Any) -> Any:
    kinds = get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    [kind] = (kind for kind in kinds if kind is not types.NoneType)
    return kind


def _list_of(item: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def read(text: str) -> list[Any]:
        try:
            return [item(part.strip()) for part in text.split(",")]
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers like 2,1") from None

    return read


def _amount(text: str) -> tuple[str, float]:
    name, _, amount = text.rpartition("=")
    try:
        return name, float(amount)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no name and number like trees=1.5") from None

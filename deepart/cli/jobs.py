"""The three commands that make pictures: what each asks of its pipeline, and the loop over a folder.

An order is plain data, which may be sent to another machine.
"""

import argparse
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from PIL import Image
from tqdm import tqdm  # type: ignore[import-untyped]

from deepart import folder, registry
from deepart.checks import whole_number
from deepart.cli.options import LARGE, asked_large, given
from deepart.errors import OptionError
from deepart.folder import FORMATS, Outcome, Task
from deepart.images import load_image, to_image
from deepart.latents import check_seeds
from deepart.pipelines.base import Callback, defaults_of
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.large import paint_large
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.style_saved import Style
from deepart.pipelines.vae import VAEPipeline

MOST = 1_000_000  # pictures of one command
STOPPED = "Stopped; the same command goes on from here."
_OF_FILMS = defaults_of(StyleTransferPipeline.stylize_video).keys()
_SIDE = 64  # pixels of the picture that options are tried on

Make = Callable[[Callback | None, Any], Image.Image | bytes]
"""Tells a callback about its steps, and makes a result of a photograph, of a seed or of a clip; see folder.Make."""
Opened = tuple[dict[str, Any], Make]
"""An order whose model is loaded: what its pictures have in common (see folder.attempt), and what makes one."""


class _EnoughError(Exception):
    """The options have passed all checks; there is no need to paint on."""


@dataclass(frozen=True)
class Order:
    """A model, and what it is asked for.

    task: "style", "gan" or "vae". model, device: as from_pretrained takes them. asked: the options of the method,
    without those of a single picture (`n` and `seed` of generate). styles: the style pictures, for a GAN the painting
    in whose manner its pictures are painted large; digests: of their files. mask: where to paint, whose
    file's digest is asked["mask"].
    """

    task: str
    model: str | None
    device: str | None
    asked: Mapping[str, Any]
    styles: Sequence[Any] = ()
    digests: Sequence[str] = ()
    mask: Image.Image | None = None

    def open(self) -> Opened:
        """Load the model, and try the options on something small, before any picture is made.

        Raises DeepArtError for what is wrong with the model, the device or the options, whatever the photographs are.
        """
        asked, styles = dict(self.asked), self.styles
        said = {name: value for name, value in asked.items() if name != "keep_alpha" or value}  # old marks lack it
        asked.pop("keep_gps", None)  # see folder.read
        asked |= {"mask": self.mask} if self.mask is not None else {}
        common: dict[str, Any] = {"task": self.task, "options": said}
        pipeline: GANPipeline | VAEPipeline | StyleTransferPipeline
        if styles:
            common["styles"] = list(self.digests)
        if self.task == GANPipeline.task:
            pipeline = gan = GANPipeline.from_pretrained(self.model, device=self.device)
            large = {name: asked.pop(name) for name in LARGE if name in asked}
            load = cache(partial(StyleTransferPipeline.from_pretrained, device=self.device))

            def make(callback: Callback | None, source: Any) -> Image.Image | bytes:
                [made] = gan.generate(1, seed=source, **asked)
                return paint_large(made, styles[0], callback=callback, load=load, **large) if styles else made

            with suppress(_EnoughError):
                make(_enough, 0)
        elif self.task == VAEPipeline.task:
            pipeline = vae = VAEPipeline.from_pretrained(self.model, device=self.device)

            def make(callback: Callback | None, source: Any) -> Image.Image | bytes:
                return vae.reconstruct(source, **asked)

        else:
            pipeline = style = StyleTransferPipeline.from_pretrained(self.model, device=self.device)
            style.work_shares(_SIDE, _SIDE, size=asked["size"], steps=asked["steps"])
            with suppress(_EnoughError):  # small, whatever the size of the results will be
                grey = to_image(torch.full((3, _SIDE, _SIDE), 0.5))
                style.stylize(grey, styles, callback=_enough, **{**asked, "size": None})

            # Films are painted in one pass, whatever paints the pictures, unless a model was asked for.
            quick = cache(lambda: style if style.one_pass or self.model else type(style).from_pretrained("fast"))

            def make(callback: Callback | None, source: Any) -> Image.Image | bytes:
                if not isinstance(source, Path):
                    return style.stylize(source, styles, callback=callback, **asked)
                film = io.BytesIO()
                wanted = {name: asked[name] for name in _OF_FILMS if asked.get(name) is not None}
                quick().stylize_video(source, styles, out=film, callback=callback, **wanted)
                return film.getvalue()

        return common | {"model": pipeline.name, "version": pipeline.version}, make


def _enough(step: int, total: int, preview: Image.Image | None) -> None:
    raise _EnoughError


def stylize(options: argparse.Namespace) -> int:
    """Repaint every picture."""
    tasks, left = _planned(options, clips=True)
    asked = given(options, StyleTransferPipeline.stylize)
    if asked["keep_alpha"] and options.format == "jpeg":
        raise OptionError("A JPEG has no transparency; give --format png or webp, or leave out --keep-alpha.")
    return _work(options, tasks, _opened(options, StyleTransferPipeline.task, asked), left)


def generate(options: argparse.Namespace) -> int:
    """Make pictures from seeds, one file for each."""
    asked = given(options, GANPipeline.generate)
    tasks = [Task(seed, options.out / name) for seed, name in seeded(asked, FORMATS[options.format])]
    asked |= asked_large(options)
    return _work(options, tasks, _opened(options, GANPipeline.task, asked))


def reconstruct(options: argparse.Namespace) -> int:
    """Take every picture apart, and put it together again."""
    tasks, left = _planned(options)
    return _work(options, tasks, _opened(options, VAEPipeline.task, given(options, VAEPipeline.reconstruct)), left)


def seeded(asked: dict[str, Any], suffix: str) -> list[tuple[int, str]]:
    """Take `n` and `seed` out of the options of generate, and return each seed and what its picture is called.

    Raises OptionError for numbers out of range.
    """
    n, seed = whole_number("number of pictures", asked.pop("n"), 1, MOST), asked.pop("seed")
    return [(one, seed_name(one) + suffix) for one in check_seeds(seed, n)]


def seed_name(seed: int) -> str:
    """Return what the picture of a seed is called, without its suffix."""
    return f"seed-{seed:06d}"


def bar(progress: bool | None, total: int | None, title: str = "", **more: Any) -> Any:
    """Return a progress bar on stderr; where nothing was asked for, one that only a terminal shows."""
    hidden = None if progress is None else not progress
    return tqdm(total=total, desc=title or None, file=sys.stderr, disable=hidden, dynamic_ncols=True, **more)


def tell(
    out: object, made: int, kept: int, left: int, failed: Sequence[tuple[object, str]], ended: str = "",
    passed: Mapping[str, str] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Tell how a job went: counts on stdout; what failed or was passed over, and why, and why it `ended`, on stderr."""
    counts = [f"{made} made", f"{kept} done before", f"{len(failed)} failed"]
    if left:
        counts.append(f"{left} left")
    if passed:
        counts.append(f"{len(passed)} left out")
    print(f"{out}: {', '.join(counts)}.")
    for about, error in [*passed.items(), *failed]:
        print(f"{about}: {error}", file=sys.stderr)
    if ended:
        print(ended, file=sys.stderr)


def full(error: OSError) -> str:
    """Return why a job has ended on a disk that is full, or cannot be written to."""
    return f"Stopped, since the disk takes no more: {error.strerror}."


def _planned(options: argparse.Namespace, clips: bool = False) -> tuple[list[Task], dict[str, str]]:
    """Return the tasks, and what is passed over with the reason."""
    left: dict[str, str] = {}
    tasks = folder.plan(options.pictures, options.out, FORMATS[options.format], left, clips)
    if not tasks:
        raise no_pictures(options.pictures, left)
    return tasks, left


def no_pictures(places: Sequence[str | Path], left: Mapping[str, str]) -> OptionError:
    """Tell what was passed over in places that have no picture, and return what is wrong with them."""
    for path, reason in left.items():
        print(f"{path}: {reason}", file=sys.stderr)
    return OptionError(
        "There is no picture in {places}; name a folder that has some.", places=", ".join(map(repr, map(str, places)))
    )


def _opened(options: argparse.Namespace, task: str, asked: dict[str, Any]) -> Opened:
    """Read the styles and load the model, and show the download where it is not here yet."""
    name, styles = options.model, getattr(options, "style", [])
    pictures = [Style.load(path) if path.suffix == ".safetensors" else load_image(path) for path in styles]
    digests = [folder.digest(path) for path in styles]
    mask = load_image(options.mask) if getattr(options, "mask", None) is not None else None
    asked |= {} if mask is None else {"mask": folder.digest(options.mask)}
    spec = registry.get_spec(task, name) if name is None or (task, name) in registry.REGISTRY else None
    if spec is not None and not spec.here:
        with bar(options.progress, spec.size, f"Downloading {spec.name}", unit="B", unit_scale=True) as shown:
            registry.fetch(spec, lambda arrived, total: shown.update(arrived - shown.n))
    return Order(task, name, options.device, asked, pictures, digests, mask).open()


def _work(
    options: argparse.Namespace, tasks: Sequence[Task], order: Opened, left: Mapping[str, str] = MappingProxyType({})
) -> int:
    """Do the tasks, tell how it went, and return the exit status: 0, 1 where some have failed, 130 when stopped."""
    folder.ready(options.out)
    outcomes: list[Outcome] = []
    (common, make), ended, status = order, "", 0
    with bar(options.progress, len(tasks), unit=" pictures") as shown:
        try:
            for task in tasks:
                name = task.about.name
                shown.set_postfix_str(name)
                callback = None if shown.disable else partial(_tell, shown, name)
                outcomes.append(folder.attempt(task, common, partial(make, callback)))
                shown.update()
        except KeyboardInterrupt:
            ended, status = STOPPED, 130
        except OSError as error:
            ended, status = full(error), 1
    failed = [(one.task.about, one.error) for one in outcomes if one.error]
    made = sum(one.made for one in outcomes)
    tell(options.out, made, len(outcomes) - made - len(failed), len(tasks) - len(outcomes), failed, ended, left)
    return status or int(bool(failed) or folder.CLOSED in left.values())


def _tell(shown: Any, name: str, step: int, total: int, preview: Image.Image | None) -> None:
    """Show how far a picture is that takes several steps."""
    if total > 1:
        shown.set_postfix_str(f"{name} {step}/{total}")

"""The picture that the tab "Reconstruct" works on: what it was, what its latent is, and what came of that."""

from __future__ import annotations

import html
import math
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from deepart.errors import OptionError
from deepart.images import load_image
from deepart.pipelines.vae import Source
from deepart.pipelines.vae_latent import Latent
from deepart.ui.gallery import TITLES, example_of
from deepart.ui.language import t
from deepart.ui.nearness import Nearness
from deepart.ui.pieces import Piece, name_of, piece, slug
from deepart.ui.reconstruct_maker import Taken

_NAME = 40  # letters
_GONE = "The files of this picture were deleted, as all are after a day; press “Reconstruct” to make them again."


@dataclass(frozen=True)
class Subject:
    """A picture that was taken apart.

    name: of the picture on the page. picture: the file of it, None where there is only a latent. latent: the file of
    that, None for the example that the page opens with, which nobody has taken apart here. made: what came out. It
    holds nothing but text and numbers, as visitors keep it; see Piece.
    """

    name: str
    picture: str | None
    latent: str | None
    made: Piece

    @property
    def model(self) -> str:
        """The name of the model that took it apart."""
        return self.made.model

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = self.made.made["size"]
        return width, height

    def original(self) -> Image.Image | None:
        """Return the picture that it was, None where there is only a latent; raises OptionError when it is deleted."""
        return None if self.picture is None else load_image(_there(self.picture))

    def result(self) -> Image.Image:
        """Return what came out; raises OptionError when it is deleted."""
        return load_image(_there(self.made.path))

    def source(self) -> Source:
        """Return what tools begin with: the latent, or the picture without one; raises OptionError when deleted."""
        if self.latent is None:
            return load_image(_there(str(self.picture)))
        return Latent.load(_there(self.latent))


def subject_of(subject: Subject | None, same: bool = True) -> Subject:
    """Return what somebody works on; raises OptionError where there is nothing, or something else meanwhile."""
    if subject is None:
        raise OptionError("There is no picture yet; choose one and press “Reconstruct”.")
    if not same:
        raise OptionError("Another picture has come since you pressed the button; press it again.")
    return subject


def kept(taken: Taken, picture: str | None, name: str, cache: str) -> Subject:
    """Write what was taken apart where Gradio serves files from, and return it."""
    made = piece(taken.image, cache, f"{name} reconstructed")
    return Subject(name, picture, save_latent(taken.latent, name, cache), made)


def save_latent(latent: Latent, name: str, cache: str) -> str:
    """Write a latent where Gradio serves files from, and return its path."""
    folder = Path(cache) / uuid.uuid4().hex
    folder.mkdir(parents=True)
    path = folder / f"deepart-{slug(latent.model)}-{slug(name)}.safetensors"
    latent.save(path)
    return str(path)


def name_of_source(path: str, made: Mapping[str, Any] | None = None) -> str:
    """Return what to call a picture or a latent: by its settings where we have made it, else by its file.

    The examples have titles.
    """
    if made is not None and made.get("task") == "vae":
        return name_of(dict(made))
    example = example_of(path)
    if example is not None:
        return TITLES[example.stem]
    stem = re.sub(r"^deepart-[a-z0-9]+-", "", Path(path).stem)
    return stem[:_NAME] or "picture"


def _there(path: str) -> str:
    if not Path(path).is_file():
        raise OptionError(_GONE)
    return path


# ------------------------------------------------------------------------------------------------------------- numbers


def numbers(taken: Taken) -> dict[str, Any]:
    """Return what is known of a reconstruction, as plain numbers: an endless PSNR, of equal pictures, is null."""
    encode, decode = taken.seconds
    near = {} if taken.near is None else {"psnr": _finite(taken.near.psnr), "ssim": round(taken.near.ssim, 4)}
    times = {"encode_seconds": encode, "decode_seconds": decode}
    return near | {
        "latent_shape": list(taken.shape),
        "compression": round(taken.ratio, 3),
        **{name: round(value, 4) for name, value in times.items() if value is not None},
    }


def number_cells(taken: Taken) -> str:
    """Return the same for the page, as HTML: cells of a number and what it is."""
    return cells(taken.near, taken.shape, taken.latent.size, taken.seconds)


def cells(
    near: Nearness | None, shape: Sequence[int], size: tuple[int, int],
    seconds: tuple[float | None, float | None] = (None, None),
) -> str:  # fmt: skip
    """Return what is known of a reconstruction as HTML. shape: of the latent. size: width and height in pixels.

    Numbers and words are texts of their own, so that the page can say the words in another language.
    """
    before, after = 3 * size[0] * size[1], math.prod(shape)
    found = [] if near is None else _near(near)
    found += [(" × ".join(map(str, shape)), t("Latent")), (_ratio(before / after), t("Compression"))]
    times = zip(seconds, (t("Encoded in"), t("Decoded in")), strict=True)
    found += [(_seconds(value), what) for value, what in times if value]
    shown = "".join(f"<div><dt>{html.escape(what)}</dt><dd>{html.escape(value)}</dd></div>" for value, what in found)
    kind = t("The latent is a map of numbers.") if len(shape) > 1 else t("The latent is one list of numbers.")
    counts = ((t("Numbers in the picture:"), before), (t("Numbers in the latent:"), after))
    told = " · ".join(f"<wbr>{html.escape(words)} <wbr>{count:,}" for words, count in counts)
    return f'<dl class="da-numbers">{shown}</dl><p class="da-note">{html.escape(kind)} {told}</p>'


def _near(near: Nearness) -> list[tuple[str, str]]:
    return [(t("exact") if math.isinf(near.psnr) else f"{near.psnr:.1f} dB", "PSNR"), (f"{near.ssim:.3f}", "SSIM")]


def _ratio(ratio: float) -> str:
    """Return how many numbers became one; a tiny picture becomes more numbers than it had."""
    return f"{ratio:.3g} : 1" if ratio >= 1 else f"1 : {1 / ratio:.3g}"


def _seconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _finite(value: float) -> float | None:
    return None if math.isinf(value) else round(value, 3)

"""The pictures that a visitor of the tab "Generate" has: files with their settings inside, and what they are called."""

import base64
import hashlib
import json
import math
import os
import re
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from deepart import images
from deepart.errors import OptionError, Phrase
from deepart.images import load_image, settings, with_settings
from deepart.metrics import Nearness
from deepart.pipelines.vae_latent import Latent
from deepart.ui.examples import TITLES, example_of, named
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import mistake, new_file

_SLUG = 60  # letters of a name that go into a file's
Shown = TypeVar("Shown")
DPI = 300  # pixels of an inch in print
_BLANK = (16, 16)  # pixels: as good as the picture itself where only its settings are read


@dataclass(frozen=True)
class Artwork:
    """A picture of a generating model: its exact PNG, its settings as JSON, and what it is called, in English.

    The page says its name through translate(), and its file is named after it. It holds nothing but text, so that a
    visitor's state stays small and Gradio can tell whether it has changed.
    """

    path: str
    text: str
    name: str
    painted: str = ""
    """How a generated picture was painted large, which its settings do not say; see painting_of()."""

    @property
    def made(self) -> dict[str, Any]:
        """The settings."""
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def model(self) -> str:
        """The name of the model that made it."""
        return str(self.made["model"])

    @property
    def seed(self) -> int | None:
        """The seed that names it; None where there is none, as for a child or a mix."""
        return seed_of(self.made)

    @property
    def amounts(self) -> dict[str, float]:
        """How far it was moved along which directions."""
        return dict(self.made.get("directions") or {})

    @property
    def root(self) -> str:
        """The same text for a picture and for those that sliders have made of it."""
        return json.dumps(self.made | {"directions": {}}, sort_keys=True)

    def among(self, others: "Sequence[Artwork]") -> bool:
        """Tell whether it is one of some others, however either was painted."""
        return any(self.text == other.text for other in others)


def key_of(one: Artwork, painted: bool = True) -> str:
    """Return what tells a result from others; painted: and a generated picture from its other paintings."""
    if one.path and one.made.get("task") != "gan":
        return Path(one.path).parent.name
    return hashlib.sha256((one.text + one.painted * painted).encode()).hexdigest()[:16]


def painting_of(made: Mapping[str, Any]) -> str:
    """Return how a generated picture was painted, from the settings of the painting; "" for a small one."""
    painted = {name: made.get(name) for name in ("manner", "size", "stopped_at")}
    return json.dumps(painted) if "painted_from" in made else ""


def artwork_in(path: str, made: dict[str, Any]) -> Artwork:
    """Return the artwork of a file with these settings."""
    base = made.get("painted_from") or made
    return Artwork(path, json.dumps(base, sort_keys=True), name_of(base), painting_of(made))


def at(shown: Sequence[Shown], index: int) -> Shown:
    """Return one of what was shown; raises OptionError where that has changed since a visitor clicked."""
    if not 0 <= index < len(shown):
        raise OptionError("This picture is not there any more; click another.")
    return shown[index]


def the_chosen(chosen: Artwork | None) -> Artwork:
    """Return the picture that was clicked last; tells the visitor where there is none."""
    if chosen is None:
        raise mistake("No picture is chosen yet; click one first.")
    return chosen


def blank(made: dict[str, Any]) -> Image.Image:
    """Return a small picture that carries settings: for the pipeline it is the picture that they describe."""
    return with_settings(Image.new("RGB", _BLANK), made)


def save_artwork(image: Image.Image, cache: str, name: str = "") -> Artwork:
    """Write a picture that a pipeline has made, and return it as an artwork; its name is told by its settings."""
    made = settings(image) or {}
    called = name or name_of(made)
    path = save_result(image, f"deepart-{slug(str(made['model']))}-{slug(called)}-{max(image.size)}", cache)
    return Artwork(path, json.dumps(made, sort_keys=True), called)


def seed_of(made: dict[str, Any]) -> int | None:
    """Return the seed that names a picture, from its settings."""
    if any(key in made for key in ("latent", "coarse", "parents")):
        return None
    return made.get("seed")


def name_of(made: dict[str, Any]) -> str:
    """Return what to call a picture with these settings."""
    if made.get("task") == "vae":
        return _name_of_decoded(made)
    if made.get("task") == "style":
        return _name_of_painting(made)
    if isinstance(made.get("parents"), list):
        return Phrase("Child of {parents}", parents=", ".join(short(parent) for parent in made["parents"]))
    if "coarse" in made:
        return Phrase("Mix of {coarse} and {fine}", coarse=short(made["coarse"]), fine=short(made["fine"]))
    if "latent" in made:
        return Phrase("Picture {id}", id=short(made["latent"]))
    return Phrase("Seed {n}", n=made.get("seed", 0))


def _name_of_painting(made: dict[str, Any]) -> str:
    """Return what to call a painting, by the examples that it was made of; see remake.sources."""
    named = made.get("from")
    content, style, *_ = [*(named if isinstance(named, list) else []), None, None]
    titles = TITLES.get(str(content), "A photograph"), TITLES.get(str(style), "A style of yours")
    return painting_name(*titles, made.get("seed"))


def painting_name(content: str, style: str, seed: Any) -> str:
    """Return what to call a painting by the titles of its pictures; seed 0, the usual one, is not told."""
    if not seed:
        return Phrase("{content}, after {style}", content=content, style=style)
    return Phrase("{content}, after {style}, seed {n}", content=content, style=style, n=seed)


def _name_of_decoded(made: dict[str, Any]) -> str:
    """Return what to call a picture that an autoencoder has made, by what it says besides its latent."""
    names = {
        "strength": Phrase("Variation {n}", n=made.get("seed")),
        "temperature": Phrase("Sample {n}", n=made.get("seed")),
        "arithmetic": "A − B + C", "directions": "Changed picture", "t": "Frame of a morph",
    }  # fmt: skip
    return next((name for key, name in names.items() if key in made), "Reconstruction")


def short(origin: Any) -> str:
    """Return a seed as it is, and a latent as the first 8 digits of its sha256."""
    text = str(origin)
    if not isinstance(origin, str) or len(text) <= 12:
        return text
    try:
        return hashlib.sha256(base64.b64decode(text)).hexdigest()[:8]
    except ValueError:
        return text[:8]


def facts(made: dict[str, Any]) -> str:
    """Return what a picture was made with, in words."""
    words = []
    if "truncation" in made:
        words.append(t("variety {n}", n=f"{made['truncation']:g}"))
    words += [f"{translate(name)} {amount:+g}" for name, amount in (made.get("directions") or {}).items() if amount]
    if made.get("mutation") is not None:
        words.append(t("mutation {n}", n=f"{made['mutation']:g}"))
    return " · ".join(words)


def slug(words: str) -> str:
    """Return words as a part of a file's name, of a length that all file systems take."""
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-.")[:_SLUG].strip("-.") or "picture"


def bundle(pieces: Sequence[Artwork], cache: str) -> str:
    """Return a zip with the exact PNGs of some pieces, numbered in their order; for the same ones it is the same."""
    folder = Path(cache) / hashlib.sha256("\n".join(one.path for one in pieces).encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    first, model = pieces[0], slug(pieces[0].model)
    path = folder / f"deepart-{model}-{len(pieces)}-from-{slug(first.name)}.zip"
    if not fresh(str(path)):
        part = folder / f"{uuid.uuid4().hex}.part"  # another visitor may be at it
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as packed:  # a PNG is packed already
            for number, one in enumerate(pieces, 1):
                packed.write(one.path, f"{number:02d}-{Path(one.path).name}")
        part.replace(path)
    return str(path)


def fresh(path: str) -> bool:
    """Tell whether a file is still there, and let it be a new one for what deletes old files."""
    try:
        os.utime(path)
    except OSError:
        return False
    return True


_NAME = 40  # letters
_GONE = "The files of this picture were deleted, as all are after a day; press “Reconstruct” to make them again."


@dataclass(frozen=True)
class Reconstruction:
    """A picture that was taken apart.

    name: of the picture on the page. picture: the file of it, None where there is only a latent. latent: the file of
    that. made: what came out. It holds nothing but text and numbers, as visitors keep it; see Artwork.
    """

    name: str
    picture: str | None
    latent: str
    made: Artwork

    @property
    def model(self) -> str:
        """The name of the model that took it apart."""
        return self.made.model

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = self.made.made["size"]
        return width, height

    def descended(self, image: Image.Image) -> Image.Image:
        """Return a picture that was made of this one, with the example that both come from in its settings."""
        known = {name: value for name, value in self.made.made.items() if name == "from"}
        return with_settings(image, (settings(image) or {}) | known) if known else image

    def original(self) -> Image.Image | None:
        """Return the picture that it was, None where there is only a latent; raises OptionError when it is deleted."""
        return None if self.picture is None else load_image(_there(self.picture))

    def result(self) -> Image.Image:
        """Return what came out; raises OptionError when it is deleted."""
        return load_image(_there(self.made.path))

    def source(self) -> Latent:
        """Return what tools begin with; raises OptionError when it is deleted."""
        return Latent.load(_there(self.latent))


def current_reconstruction(subject: Reconstruction | None, same: bool = True) -> Reconstruction:
    """Return what somebody works on; raises OptionError where there is nothing, or something else meanwhile."""
    if subject is None:
        raise OptionError("There is no picture yet; choose one and press “Reconstruct”.")
    if not same:
        raise OptionError("Another picture has come since you pressed the button; press it again.")
    return subject


def save_reconstruction(taken: "RoundTrip", picture: str | None, name: str, cache: str) -> Reconstruction:
    """Write what was taken apart where Gradio serves files from, and return it."""
    image, example = taken.image, None if picture is None else named(picture)[0]
    if example is not None:  # so that it can be made again without an upload
        image = with_settings(image, (settings(image) or {}) | {"from": [example]})
    made = save_artwork(image, cache, Phrase("{name} reconstructed", name=name))
    return Reconstruction(name, picture, save_latent(taken.latent, name, cache), made)


def save_latent(latent: Latent, name: str, cache: str) -> str:
    """Write a latent where Gradio serves files from, and return its path."""
    path = new_file(cache, f"deepart-{slug(latent.model)}-{slug(name)}.safetensors")
    latent.save(path)
    return path


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


def numbers(taken: "RoundTrip") -> dict[str, Any]:
    """Return what is known of a reconstruction, as plain numbers: an endless PSNR, of equal pictures, is null."""
    encode, decode = taken.seconds
    ratio = None if taken.near is None or math.isinf(taken.near.psnr) else round(taken.near.psnr, 3)
    near = {} if taken.near is None else {"psnr": ratio, "ssim": round(taken.near.ssim, 4)}
    times = {"encode_seconds": encode, "decode_seconds": decode}
    return near | {
        "latent_shape": list(taken.shape),
        "compression": round(taken.ratio, 3),
        **{name: round(value, 4) for name, value in times.items() if value is not None},
    }


def save_result(image: Image.Image, name: str, cache: str) -> str:
    """Write an exact PNG, settings inside, where Gradio serves files from and deletes them after a day."""
    path = new_file(cache, f"{name}.png")
    images.save_png(image, path, compress_level=1, dpi=None if "dpi" in image.info else DPI)  # 1: for it is quick
    return path


def save_before(image: Image.Image, cache: str) -> str:
    """Write the content to compare a result with, like save_result: as JPEG, which takes no time."""
    path = new_file(cache, "before.jpg")
    image.save(path, quality=92)
    return path


@dataclass(frozen=True)
class RoundTrip:
    """A picture that was taken apart and put together: latent, result, and what is known of both.

    near: how near the result is, None without an original. seconds: to encode, None for a latent that was given, and
    to decode. shape: of the latent. ratio: how many numbers of the picture became one.
    """

    latent: Latent
    image: Image.Image
    near: Nearness | None
    seconds: tuple[float | None, float]
    shape: tuple[int, ...]
    ratio: float

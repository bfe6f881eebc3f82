"""The pictures that a visitor of the tab "Generate" has: files with their settings inside, and what they are called."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from deepart.errors import ImageError, OptionError
from deepart.images import settings, with_settings
from deepart.ui.common import save_result
from deepart.ui.language import t, t_text

_SLUG = 60  # letters of a name that go into a file's
Shown = TypeVar("Shown")
_BLANK = (16, 16)  # pixels: as good as the picture itself where only its settings are read


@dataclass(frozen=True)
class Piece:
    """A picture of a generating model: its exact PNG, its settings as JSON, and what it is called, in English.

    The page says its name through t_text(), and its file is named after it.

    It holds nothing but text, so that a visitor's state stays small and Gradio can tell whether it has changed.
    """

    path: str
    text: str
    name: str

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

    def origin(self) -> Image.Image:
        """Return what the pipeline takes for this picture."""
        return blank(self.made)


def at(shown: Sequence[Shown], index: int) -> Shown:
    """Return one of what was shown; raises OptionError where that has changed since a visitor clicked."""
    if not 0 <= index < len(shown):
        raise OptionError("This picture is not there any more; click another.")
    return shown[index]


def blank(made: dict[str, Any]) -> Image.Image:
    """Return a small picture that carries settings: for the pipeline it is the picture that they describe."""
    return with_settings(Image.new("RGB", _BLANK), made)


def piece(image: Image.Image, cache: str, name: str = "") -> Piece:
    """Write a picture that a pipeline has made, and return it as a piece; its name is told by its settings."""
    made = settings(image)
    if made is None:
        raise ImageError("The picture carries no settings of DeepArt; choose a PNG that was downloaded here.")
    called = name or name_of(made)
    path = save_result(image, f"deepart-{slug(str(made['model']))}-{slug(called)}", cache)
    return Piece(path, json.dumps(made, sort_keys=True), called)


def seed_of(made: dict[str, Any]) -> int | None:
    """Return the seed that names a picture, from its settings."""
    if any(key in made for key in ("latent", "coarse", "parents")):
        return None
    return made.get("seed")


def name_of(made: dict[str, Any]) -> str:
    """Return what to call a picture with these settings."""
    if made.get("task") == "vae":
        return _name_of_decoded(made)
    if made.get("parents"):
        return f"Child of {', '.join(short(parent) for parent in made['parents'])}"
    if "coarse" in made:
        return f"Mix of {short(made['coarse'])} and {short(made['fine'])}"
    if "latent" in made:
        return f"Picture {short(made['latent'])}"
    return f"Seed {made.get('seed', 0)}"


def _name_of_decoded(made: dict[str, Any]) -> str:
    """Return what to call a picture that an autoencoder has made, by what it says besides its latent."""
    names = {
        "strength": f"Variation {made.get('seed')}", "temperature": f"Sample {made.get('seed')}",
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
        words.append(t("truncation {n}", n=f"{made['truncation']:g}"))
    words += [f"{t_text(name)} {amount:+g}" for name, amount in (made.get("directions") or {}).items() if amount]
    if made.get("mutation") is not None:
        words.append(t("mutation {n}", n=f"{made['mutation']:g}"))
    return " · ".join(words)


def slug(words: str) -> str:
    """Return words as a part of a file's name, of a length that all file systems take."""
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-.")[:_SLUG].strip("-.") or "picture"


def bundle(pieces: Sequence[Piece], cache: str) -> str:
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

"""From settings back to work: what makes a result again, and what its settings are on the controls of a tab.

Settings come from a PNG, from a link or from the browser's storage, so nothing in them is taken for granted: the
requests that work is made of check every value.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL import Image

from deepart.errors import OptionError
from deepart.images import MIN_SIDE, check_image, load_image, settings, with_settings
from deepart.pipelines.vae_latent import MAX_SIDE
from deepart.registry import get_spec, list_models
from deepart.ui.artwork import Artwork, seed_of
from deepart.ui.examples import example_files, examples
from deepart.ui.grid import LargePainting
from deepart.ui.jobs import Callback, Work
from deepart.ui.page import OWN
from deepart.ui.style_work import StyleRequests
from deepart.ui.work import GANRequests, VAERequests, again

TABS = {"gan": "generate", "vae": "reconstruct", "style": "style"}
_PAINTING = ("weights", "strength", "preserve_color", "style_scale", "seed")  # what settings have under its own name
_PICTURES = {  # of a tab, as an address names them
    "generate": ["manner"], "reconstruct": ["picture"], "style": ["content", "style", "style-2", "style-3"],
}  # fmt: skip
_TOOLS = {"strength": ("Vary", "variations", "seed"), "temperature": ("Sample", "samples", "sample-seed")}
_MOST = 64 << 10  # bytes of the settings in a link


class Remake:
    """Makes work of settings."""

    def __init__(self, style: StyleRequests, gan: GANRequests, painting: LargePainting, vae: VAERequests) -> None:
        self._style, self._gan, self._painting, self._vae = style, gan, painting, vae

    def can(self, made: Mapping[str, Any] | None) -> bool:
        """Tell whether settings are enough to make the picture again, without an upload."""
        if not made or {"view", "stopped_at", "mask"} & made.keys():
            return False
        base = made.get("painted_from", made)
        tasks = TABS if base is made else ["gan"]
        if not isinstance(base, Mapping) or str(base.get("task")) not in tasks or not here(base):
            return False
        return (base["task"] == "vae" and "latent" in made) or None not in sources(made)

    def work(self, made: dict[str, Any]) -> Work[Image.Image]:
        """Return the work that makes the picture of settings again."""

        def work(callback: Callback) -> Image.Image:
            if not self.can(made):
                raise OptionError("This picture cannot be made again from its settings alone.")
            by_task = {"gan": self._generate, "vae": self._reconstruct, "style": self._stylize}
            image = (self._paint if "painted_from" in made else by_task[made["task"]])(made, callback)
            if (settings(image) or {}).get("version") != made.get("version"):
                raise OptionError("This picture was made by another version of the model, which is not here any more.")
            return image

        return work

    def _generate(self, made: dict[str, Any], callback: Callback) -> Image.Image:
        return again(self._gan.pipeline(made["model"]), made, made.get("directions") or {})

    def _paint(self, made: dict[str, Any], callback: Callback) -> Image.Image:
        piece = Artwork("", json.dumps(made["painted_from"]), "")
        work = self._painting.work(piece, str(manners()[made["manner"]]), longer_side(made), str(made.get("model")))
        return work(callback)

    def _stylize(self, made: dict[str, Any], callback: Callback) -> Image.Image:
        content, *styles = map(str, sources(made))
        fine = {name: made[name] for name in ("steps", "style_weight") if name in made}
        transfer = self._style.transfer(
            content, [*styles, None, None][:3], model=made["model"], size=longer_side(made),
            **{name: made.get(name) for name in _PAINTING}, **fine,
        )  # fmt: skip
        return with_settings(painted := transfer.work(callback), (settings(painted) or {}) | {"from": made["from"]})

    def _reconstruct(self, made: dict[str, Any], callback: Callback) -> Image.Image:
        source: str | Image.Image = str(next(iter(sources(made)), None))
        if "latent" in made:  # an empty picture with these settings stands for their latent
            width, height = (max(MIN_SIDE, min(MAX_SIDE, int(side))) for side in made["size"])
            source = with_settings(Image.new("RGB", (width, height)), made)
        image = self._vae.take(made["model"], source)(callback).image
        return with_settings(image, made | {"version": (settings(image) or {}).get("version")})


def here(made: Mapping[str, Any]) -> bool:
    """Tell whether the model that settings name is on this machine."""
    task, model = made["task"], made.get("model")
    return model in list_models(task) and get_spec(task, str(model)).here


def sources(made: Mapping[str, Any]) -> list[Path | None]:
    """Return the example pictures that settings name: the content, then the styles; of a generated picture the manner.

    None for a picture that they do not name, such as an upload. What was drawn was made of nothing.
    """
    if "painted_from" in made:
        return [manners().get(str(made.get("manner")))]
    if made.get("task") == "gan" or "temperature" in made:
        return []
    named = made.get("from")
    if not isinstance(named, list) or not 1 <= len(named) <= 4:
        return [None, None]
    return [examples().get(name) if isinstance(name, str) else None for name in named]


@cache
def manners() -> dict[str, Path]:
    """Return the example pictures by what settings call them: see paint_large."""
    files = example_files("style", "paintings")
    return {hashlib.sha256(check_image(load_image(path)).tobytes()).hexdigest()[:12]: path for path in files}


def longer_side(made: Mapping[str, Any]) -> Any:
    """Return the longer side of the picture that settings describe."""
    size = made.get("size")
    if not isinstance(size, list) or len(size) != 2 or not all(isinstance(side, int) for side in size):
        raise OptionError("The settings of this picture do not say how large it is.")
    return max(size)


def asked(made: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the tab that settings belong to, and its controls as an address names them; see page.settings_in."""
    base = made.get("painted_from") or made
    tab = TABS.get(str(base.get("task")))
    if tab is None:
        raise OptionError("The picture carries no settings of DeepArt; choose a PNG that was downloaded here.")
    names = [OWN if path is None else path.stem for path in sources(made)]
    known = {
        "model": base.get("model"), "seed": seed_of(dict(base)), "truncation": base.get("truncation"),
        "mutation": base.get("mutation"), "painted": str("painted_from" in made).lower(), "size": longer_side(made),
        "strength": made.get("strength"), "strokes": made.get("style_scale"), "steps": made.get("steps"),
        "keep-colours": str(made.get("preserve_color", False)).lower(), "style-weight": made.get("style_weight"),
        "tools": urlencode(_tools(made)),
    }  # fmt: skip
    known |= zip(_PICTURES[tab], [*names, "", ""] if names else [], strict=False)  # boxes for more stay empty
    weights = made.get("weights")
    known |= {f"weight-{n}": one for n, one in enumerate(weights if isinstance(weights, list) else [], 1)}
    return tab, {name: str(value) for name, value in known.items() if value is not None}


def _tools(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return what lets a tool of "Reconstruct" make a picture again; see reconstruct_tools.Tools."""
    for name, (tool, count, seed) in _TOOLS.items():
        if name in made:
            return {"tool": tool, name: made[name], count: 1, seed: made.get("seed")}
    moved = made.get("directions")
    return {"tool": "Change", **moved} if isinstance(moved, dict) else {}


def packed(made: Mapping[str, Any]) -> str:
    """Return settings as an address can hold them."""
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(made, sort_keys=True).encode(), 9)).decode().rstrip("=")


def unpacked(words: str) -> dict[str, Any] | None:
    """Return the settings that an address holds, None where it holds none."""
    try:
        data = base64.urlsafe_b64decode(words + "=" * (-len(words) % 4))
        found = json.loads(zlib.decompressobj().decompress(data, _MOST))
    except (ValueError, zlib.error, RecursionError):
        return None
    return found if isinstance(found, dict) else None

"""What a picture of a GAN comes from, and how its settings say so."""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from deepart import images
from deepart.checks import number, shown
from deepart.errors import OptionError, Phrase
from deepart.latents import check_latents, check_seed, noise, pack, short_id, slerp, truncate, unpack

Origin = int | Tensor | Image.Image | Mapping[str, Any]
"""A seed, a latent of shape (latent,) or (1, latent), a picture that the model made, or the settings of such one."""

MAX_TRUNCATION = 1.5
MAX_AMOUNT = 10.0  # deviations along a direction
MAX_CHILDREN = 16


@dataclass(frozen=True)
class Recipe:
    """What makes a picture: pull the latent to the mean by `truncation`, then push it along the directions.

    latent: (1, latent). seed: the one that the latent comes from; None: the latent was found, bred or walked to.
    directions: names and amounts in deviations; none of them is 0. fine: (1, latent), the latent of the fine detail
    where that is another one, which is moved in the same way. noise: seed of the noise inside the network, where it
    has any.
    """

    latent: Tensor
    seed: int | None = None
    truncation: float = 1.0
    directions: Mapping[str, float] = field(default_factory=dict)
    fine: Tensor | None = None
    noise: int = 0

    @property
    def label(self) -> int | str:
        """A short name for people: the seed where the picture comes from one, else an id of its latent."""
        if self.seed is not None and not self.directions:
            return self.seed
        return short_id(self.latent if self.fine is None else torch.cat([self.latent, self.fine]))

    @property
    def both(self) -> tuple[Tensor, Tensor]:
        """The latents of the coarse structure and of the fine detail, which are mostly the same."""
        return self.latent, self.latent if self.fine is None else self.fine

    @property
    def exact(self) -> int | str | list[str]:
        """How settings name a plain recipe so that it can be found again: by seed, or by one or two latents."""
        found = list(self.source().values())
        return found if len(found) > 1 else found[0]

    def source(self) -> dict[str, Any]:
        """Return what the settings of a picture say about its latent, so that it can be found again."""
        if self.fine is not None:
            return {"coarse": pack(self.latent), "fine": pack(self.fine)}
        return {"latent": pack(self.latent)} if self.seed is None else {"seed": self.seed}


class Reader:
    """Finds the recipe of an origin, for one model."""

    def __init__(
        self, model: str, version: str, size: int, names: Sequence[str], axes: Tensor,
        from_seed: Callable[[int], Tensor],
    ) -> None:  # fmt: skip
        """size: numbers of a latent. names, axes: of the directions. from_seed: returns the latent (1, size) of one."""
        self._model, self._version = model, version
        self._size, self._names, self._axes, self._from_seed = size, names, axes, from_seed

    def recipe(self, origin: Origin) -> Recipe:
        """Return the recipe; raises OptionError for what is no origin of this model."""
        if isinstance(origin, Image.Image | Mapping):
            return self._of_settings(images.settings(origin) if isinstance(origin, Image.Image) else origin)
        if isinstance(origin, Tensor):
            return Recipe(check_latents(origin, self._size, 1, "numbers of a latent"))
        seed = check_seed(origin)
        return Recipe(self._from_seed(seed), seed, noise=seed)

    def start(self, origin: Origin) -> Recipe:
        """Return an origin as a recipe without truncation and directions: they have gone into its latent."""
        return self.finished(self.recipe(origin))

    def finished(self, recipe: Recipe) -> Recipe:
        """Return the recipe of the same picture without truncation and directions."""
        if recipe.truncation == 1 and not recipe.directions:
            return recipe
        fine = None if recipe.fine is None else self._moved(recipe.fine, recipe)
        return Recipe(self._moved(recipe.latent, recipe), fine=fine, noise=recipe.noise)

    def _moved(self, latent: Tensor, recipe: Recipe) -> Tensor:
        latent = truncate(latent, recipe.truncation)
        for name, amount in recipe.directions.items():
            latent = latent + amount * self._axes[self._names.index(name)]
        return latent

    def _of_settings(self, settings: Mapping[str, Any] | None) -> Recipe:
        found = self._checked(settings)
        truncation = check_truncation(found.get("truncation", 1.0))
        directions = check_directions(found.get("directions"), self._names)
        named = found.get("noise", 0)
        if "coarse" in found:
            coarse, fine = (self._named(found.get(key)) for key in ("coarse", "fine"))
            return Recipe(coarse, None, truncation, directions, fine, check_seed(named))
        if "latent" in found:
            return Recipe(unpack(found["latent"], self._size), None, truncation, directions, noise=check_seed(named))
        seed: Any = found.get("seed")
        named = found.get("noise", seed)
        return Recipe(self._named(check_seed(seed)), seed, truncation, directions, noise=check_seed(named))

    def _named(self, name: object) -> Tensor:
        """Return the latent that a file names by a seed or as text."""
        return unpack(name, self._size) if isinstance(name, str) else self._from_seed(check_seed(name))  # type: ignore[arg-type]

    def _checked(self, found: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Return the settings of a picture that this model made; raises OptionError for those of another picture."""
        if found is None:
            raise OptionError(
                "The picture carries no settings of DeepArt, so its latent is not known; project() finds a near one."
            )
        if found.get("task") != "gan":
            raise OptionError(
                "The picture was made by a {task} model; give one that a GAN made.", task=shown(found.get("task"))
            )
        # The version names the weights; the same weights may lie in a folder of another name.
        if found.get("version") != self._version:
            raise OptionError(
                "The picture was made by {model}, version {version}, and this "
                "is {own!r}, version {own_version!r}; use the model that made it.",
                model=shown(found.get("model")), version=shown(found.get("version")), own=self._model,
                own_version=self._version,
            )  # fmt: skip
        return found


def check_truncation(truncation: float) -> float:
    """Return the truncation as a float in [0, MAX_TRUNCATION]; raises OptionError."""
    return number("truncation", truncation, 0, MAX_TRUNCATION)


def check_directions(directions: Any, names: Sequence[str]) -> dict[str, float]:
    """Return the amounts that are not 0, in the order of the names; raises OptionError."""
    if directions is None:
        return {}
    if not isinstance(directions, Mapping):
        raise OptionError(
            "The directions are {directions}; give a mapping of names to amounts.", directions=shown(directions)
        )
    for name in directions:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1) if isinstance(name, str) else []
            hint = Phrase("; did you mean {name!r}?", name=close[0]) if close else "."
            raise OptionError(
                "There is no direction {name}{hint} Known: {known}.",
                name=shown(name), hint=hint, known=", ".join(names) or "none",
            )  # fmt: skip
    amounts = {
        name: number(Phrase("amount of {name!r}", name=name), directions[name], -MAX_AMOUNT, MAX_AMOUNT)
        for name in names if name in directions
    }  # fmt: skip
    return {name: amount for name, amount in amounts.items() if amount}


def cross(parents: Tensor, n: int, mutation: float, seed: int) -> Tensor:
    """Return n children (n, latent) of the parents (k, latent).

    Each number comes from one parent, which keeps what latents are: independent numbers of unit variance, where a mean
    of the parents would be duller than either. The noise is as long as the parents are, so that children of cautious
    parents are no bolder than these.
    """
    # For all children there can be, and in one draw: so a child depends neither on how many there are nor, through
    # two generators with one seed, on itself.
    draws = noise(seed, (MAX_CHILDREN, 2, parents.shape[1]))[:n]
    uniform = torch.special.ndtr(draws[:, 0])
    chosen = (uniform * len(parents)).long().clamp_max(len(parents) - 1)
    child = parents.gather(0, chosen)
    scale = parents.square().mean().sqrt()
    return math.sqrt(1 - mutation**2) * child + mutation * scale * draws[:, 1]


def on_path(path: Sequence[Recipe], place: float) -> Recipe:
    """Return the recipe at a place of a path of plain ones: 0 is its first, 1 its second, 1.5 halfway to the third."""
    index = min(int(place), len(path) - 2)
    start, end = path[index : index + 2]
    if place in (index, index + 1):
        return start if place == index else end
    coarse, fine = (slerp(a, b, place - index) for a, b in zip(start.both, end.both, strict=True))
    return Recipe(coarse, fine=None if start.fine is end.fine is None else fine, noise=start.noise)

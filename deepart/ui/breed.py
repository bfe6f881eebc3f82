"""Breeding: children of the pictures that a visitor likes, again and again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.images import settings
from deepart.latents import MAX_SEED
from deepart.pipelines.gan import MAX_CHILDREN, MAX_PARENTS, GANPipeline
from deepart.ui.common import SOON, read_picture, sentences, visitor
from deepart.ui.family import Litter, found, generation, grown, listed, tree
from deepart.ui.jobs import Jobs
from deepart.ui.language import t, t_text
from deepart.ui.maker import Maker, defaults
from deepart.ui.pieces import Piece, at, name_of
from deepart.ui.reread import check
from deepart.ui.starter import Changes, Starter, follow, note
from deepart.ui.views import CHOOSE, strip, thumb
from deepart.ui.wall import Wall, mark_rules

_DEFAULT = defaults(GANPipeline.breed)
_FEWEST, _OFTEN = 4, 12  # children


class Breed:
    """The pictures that are liked, the controls, and the ancestry."""

    def __init__(self, maker: Maker, jobs: Jobs, wall: Wall, first: Piece | None = None) -> None:
        """Lay it out inside the Blocks being built.

        wall: where the children are hung. first: the picture that is chosen from the beginning.
        """
        self._maker = maker
        self._jobs = jobs
        self._wall = wall
        self.liked: Any = gr.State([])  # list[Piece]
        self.family: Any = gr.State([])  # list[Litter]
        gr.HTML(note("Mark the pictures you like, and breed: the children become the pictures on the wall."))
        self.parents = gr.HTML(_parents([]), js_on_load=CHOOSE, elem_id="liked")
        self.forget = gr.Button("Unmark all", size="sm", elem_id="unmark")
        self.mutation = gr.Slider(
            0, 1, _DEFAULT["mutation"], step=0.05, label="Mutation", elem_id="mutation",
            info="How far children stray from their parents: 0 only crosses them, 1 forgets them.",
        )  # fmt: skip
        self.count = gr.Slider(
            _FEWEST, MAX_CHILDREN, _OFTEN, step=1, label="Children", info="How many to breed at once.",
            elem_id="children",
        )  # fmt: skip
        self.start = Starter("Breed", "breed-", verb="start")
        self.start.lay_status("" if first is None else _hint([first], marked=False))
        self.tree = gr.HTML(tree([]), js_on_load=CHOOSE, elem_id="family")

    def wire(self, take: Callable[[Piece], Changes], chosen: Any, parts: Sequence[Any], like: gr.Button) -> None:
        """Connect it; take, chosen, parts: those of the chosen picture; like: the button that marks it."""
        wall, self._like = self._wall, like

        def pick_parent(liked: list[Piece], event: gr.SelectData) -> Changes:
            with sentences():
                return take(at(liked, int(event.index)))

        def pick_relative(family: list[Litter], event: gr.SelectData) -> Changes:
            with sentences():
                return take(found(family, str(event.index)))

        needs = [chosen, self.liked]
        self.start.wire(
            self._jobs, self._begin, needs, self._breed, [*needs, self.family, self.mutation, self.count],
            self.start.resting, covers=[], shows=[*wall.parts, self.liked, self.family, self.tree],
            queue_on=self.start.bar,
        )  # fmt: skip
        self.parents.select(pick_parent, self.liked, list(parts), **SOON)
        self.tree.select(pick_relative, self.family, list(parts), **SOON)
        self.forget.click(lambda: [], None, self.liked, **SOON)
        like.click(toggled, [chosen, self.liked], self.liked, **SOON)
        # Whatever changes these, here or on another tab: hearts, parents and buttons follow.
        self.says = [chosen, self.liked, wall.pieces]
        follow(self.says, self.say, self.says, self.told)

    # --------------------------------------------------------------------------------------------------- what is liked

    @property
    def told(self) -> list[Any]:
        """The components that say() changes."""
        return [self._wall.marks, self.parents, self._like, self.start.start, self.start.hint]

    def say(self, chosen: Piece | None, liked: list[Piece], pieces: list[Piece]) -> Changes:
        """Show what is liked, and say on the buttons what they will do, or what they wait for."""
        mine = chosen is not None and chosen in liked
        parents = _who(chosen, liked)
        try:
            _check(parents)
            begin = self.start.ready(t("Breed"), _hint(parents, bool(liked)))
        except OptionError as error:
            words = t("Breed") if parents else t("Choose or mark a picture first")
            begin = self.start.missing(words, t_text(str(error)))
        return begin | {
            self._wall.marks: mark_rules(pieces, liked, chosen),
            self.parents: _parents(liked),
            self._like: gr.Button(t("♥ Liked") if mine else t("♡ Like")),
        }

    @staticmethod
    def joined(path: str, name: str, liked: Sequence[Piece]) -> list[Piece]:
        """Return what is liked once a picture from elsewhere on the page is, such as a favourite among the results.

        path: of a PNG that this tab has made, with its settings inside. name: what it is called, "" for what its
        settings say. Put the answer into `liked`, by an event of the queue: then the page follows. Raises OptionError
        for a picture that no generator here has made, ImageError for a file that cannot be read.
        """
        made = check(settings(read_picture(path, "picture")))
        one = Piece(path, json.dumps(made, sort_keys=True), name or name_of(made))
        return list(liked) if any(other.text == one.text for other in liked) else [*liked, one]

    # ---------------------------------------------------------------------------------------------------- the breeding

    def _begin(self, chosen: Piece | None, liked: list[Piece]) -> Changes:
        with sentences():
            _check(_who(chosen, liked))
        return self.start.waiting()

    def _breed(
        self, chosen: Piece | None, liked: list[Piece], family: list[Litter], mutation: float, n: int,
        request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        """Breed for the page."""
        with sentences():
            parents = _who(chosen, liked)
            _check(parents)
            work = self._maker.breed(
                parents[0].model, [one.origin() for one in parents], n=n, mutation=mutation,
                seed=random.randint(0, MAX_SEED), truncation=_DEFAULT["truncation"],
            )  # fmt: skip
            words = t("Breeding {n} children", n=n)
            pictures = yield from self.start.follow(self._jobs, visitor(request), work, words)
            if pictures is None:
                yield self.start.resting()
                return
            number = generation(family, parents)
            names = [f"Child {child} of generation {number}" for child in range(1, len(pictures) + 1)]
            children = self._wall.keep(pictures, names)
            litter = Litter(number, tuple(parents), tuple(children), mutation)
            family = grown(family, litter)
            hung = self._wall.show(children, t("Generation {n}: children of {who}", n=number, who=listed(parents)))
            # The next parents are chosen among the children; those of before stay in the ancestry.
            grew: Changes = {self.family: family, self.tree: tree(family), self.liked: []}
            yield self.start.resting() | hung | grew


def toggled(one: Piece | None, liked: list[Piece]) -> list[Piece]:
    """Return what is liked after a picture was marked, or unmarked."""
    if one is None:
        return liked
    return [other for other in liked if other != one] if one in liked else [*liked, one]


def _who(chosen: Piece | None, liked: Sequence[Piece]) -> list[Piece]:
    """Return the parents: what is liked, else what is chosen."""
    if liked:
        return list(liked)
    return [] if chosen is None else [chosen]


def _hint(parents: Sequence[Piece], marked: bool) -> str:
    """Return who the parents will be, in words; marked: or it is the chosen picture alone."""
    if not marked:
        return t(
            "Nothing is marked: {name} alone will be the parent; more mutation brings variety.",
            name=t_text(parents[0].name),
        )
    if len(parents) == 1:
        return t("1 parent: {who}.", who=listed(parents))
    return t("{n} parents: {who}.", n=len(parents), who=listed(parents))


def _check(parents: Sequence[Piece]) -> None:
    if not parents:
        raise OptionError("There is no parent yet; mark the pictures that you like.")
    if len({one.model for one in parents}) > 1:
        raise OptionError("The marked pictures are of different models; unmark those of one model.")
    if len(parents) > MAX_PARENTS:
        raise OptionError(f"{len(parents)} pictures are marked and {MAX_PARENTS} may be parents; unmark some.")


def _parents(liked: Sequence[Piece]) -> str:
    thumbs = [thumb(one.path, t_text(one.name), str(index)) for index, one in enumerate(liked)]
    return strip(thumbs, t("No picture is marked yet."))

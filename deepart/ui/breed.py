"""Breeding: children of the pictures that a visitor likes, again and again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr

from deepart.errors import OptionError
from deepart.latents import MAX_SEED
from deepart.pipelines.gan import MAX_CHILDREN, MAX_PARENTS, GANPipeline
from deepart.ui.common import AT_ONCE, SOON, progress, sentences, visitor
from deepart.ui.family import Litter, found, generation, grown, tree
from deepart.ui.jobs import Jobs
from deepart.ui.maker import Maker, defaults
from deepart.ui.pieces import Piece, at
from deepart.ui.starter import Changes, Starter, note
from deepart.ui.views import CHOOSE, strip, thumb
from deepart.ui.wall import Wall, mark_rules

_DEFAULT = defaults(GANPipeline.breed)
_FEWEST, _OFTEN = 4, 12  # children


class Breed:
    """The pictures that are liked, the controls, and the ancestry."""

    def __init__(self, maker: Maker, jobs: Jobs, wall: Wall) -> None:
        """Lay it out inside the Blocks being built. wall: where the children are hung."""
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
        self.start.lay_status()
        self.tree = gr.HTML(tree([]), js_on_load=CHOOSE, elem_id="family")

    def wire(self, take: Callable[[Piece], Changes], chosen: Any, parts: Sequence[Any], like: gr.Button) -> list[Any]:
        """Connect it, and return the events that change what is chosen, liked or on the wall.

        take, chosen, parts: those of the chosen picture; like: the button that marks it.
        """
        wall, self._like = self._wall, like

        def pick_parent(liked: list[Piece], event: gr.SelectData) -> Changes:
            with sentences():
                return take(at(liked, int(event.index)))

        def pick_relative(family: list[Litter], event: gr.SelectData) -> Changes:
            with sentences():
                return take(found(family, str(event.index)))

        needs = [chosen, self.liked]
        bred = self.start.wire(
            self._jobs, self._begin, needs, self._breed, [*needs, self.family, self.mutation, self.count],
            self.start.resting, covers=[], shows=[*wall.parts, self.liked, self.family, self.tree],
            queue_on=self.start.bar,
        )  # fmt: skip
        return [
            *bred,
            self.parents.select(pick_parent, self.liked, list(parts), **SOON),
            self.tree.select(pick_relative, self.family, list(parts), **SOON),
            self.forget.click(lambda: [], None, self.liked, **AT_ONCE),
            like.click(toggled, [chosen, self.liked], self.liked, **AT_ONCE),
        ]

    def follow(self, events: Sequence[Any], chosen: Any) -> None:
        """Let hearts, parents and buttons follow what the events change."""
        inputs = [chosen, self.liked, self._wall.pieces]
        outputs = [self._wall.marks, self.parents, self._like, self.start.hint]
        for event in events:
            event.then(self._say, inputs, outputs, **AT_ONCE)

    # --------------------------------------------------------------------------------------------------- what is liked

    def _say(self, chosen: Piece | None, liked: list[Piece], pieces: list[Piece]) -> Changes:
        """Show what is liked, and say on the buttons what they will do."""
        mine = chosen is not None and chosen in liked
        parents = _who(chosen, liked)
        if not parents:
            hint = "Choose or mark a picture first."
        elif not liked:
            hint = f"Nothing is marked: {parents[0].name} alone will be the parent; more mutation brings variety."
        else:
            hint = f"{len(parents)} parent{'s' if len(parents) > 1 else ''}: {', '.join(one.name for one in parents)}."
        return {
            self._wall.marks: mark_rules(pieces, liked, chosen),
            self.parents: _parents(liked),
            self._like: gr.Button("♥ Liked" if mine else "♡ Like"),
            self.start.hint: note(hint),
        }

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
            yield self.start.working(progress(None, f"Breeding {n} children"), "Stop")
            pictures = self._jobs.do(visitor(request), work)
            if pictures is None:
                yield self.start.resting()
                return
            number = generation(family, parents)
            names = [f"Child {child} of generation {number}" for child in range(1, len(pictures) + 1)]
            children = self._wall.keep(pictures, names)
            litter = Litter(number, tuple(parents), tuple(children), mutation)
            who = ", ".join(one.name for one in parents)
            family = grown(family, litter)
            hung = self._wall.show(children, f"Generation {number}: children of {who}")
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


def _check(parents: Sequence[Piece]) -> None:
    if not parents:
        raise OptionError("There is no parent yet; mark the pictures that you like.")
    if len({one.model for one in parents}) > 1:
        raise OptionError("The marked pictures are of different models; unmark those of one model.")
    if len(parents) > MAX_PARENTS:
        raise OptionError(f"{len(parents)} pictures are marked and {MAX_PARENTS} may be parents; unmark some.")


def _parents(liked: Sequence[Piece]) -> str:
    thumbs = [thumb(one.path, one.name, str(index)) for index, one in enumerate(liked)]
    return strip(thumbs, "No picture is marked yet.")

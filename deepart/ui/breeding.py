"""The ancestry of bred pictures: which were the parents, and whose children they were."""

import html
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from deepart.errors import OptionError, Phrase
from deepart.latents import MAX_SEED
from deepart.pipelines.gan import MAX_CHILDREN, MAX_PARENTS, GANPipeline
from deepart.ui.artwork import Artwork, at, blank, the_chosen
from deepart.ui.examples import CHOOSE
from deepart.ui.grid import Grid, mark_rules
from deepart.ui.i18n import t, translate
from deepart.ui.inputs import AT_ONCE, SOON, sentences
from deepart.ui.jobs import Callback, Jobs
from deepart.ui.run import Changes, RunButton
from deepart.ui.widgets import into_sight, strip, thumb
from deepart.ui.work import GANRequests, Pictures, defaults

MAX_LITTERS = 12  # the last ones are kept


@dataclass(frozen=True)
class Litter:
    """Children that were bred at once. generation: 1 for those of founders, which come from seeds or were found."""

    generation: int
    parents: tuple[Artwork, ...]
    children: tuple[Artwork, ...]
    mutation: float


def generation(family: Sequence[Litter], parents: Sequence[Artwork]) -> int:
    """Return the generation of children of these parents, which sliders may have moved since they were born."""
    born = {child.root: litter.generation for litter in family for child in litter.children}
    return 1 + max((born.get(parent.root, 0) for parent in parents), default=0)


def found(family: Sequence[Litter], index: str) -> Artwork:
    """Return the picture that a thumbnail of tree() stands for."""
    litter, side, number = index.split(":")
    of = at(family, int(litter))
    return at(of.parents if side == "parent" else of.children, int(number))


def tree(family: Sequence[Litter]) -> str:
    """Return the ancestry as HTML, the newest generation first; a click on a thumbnail names it by its index."""
    if not family:
        return f'<p class="da-note">{html.escape(t("The ancestry of your pictures will grow here."))}</p>'
    raised = {parent.root for litter in family for parent in litter.parents}
    litters = [_litter(index, litter, raised) for index, litter in enumerate(family)]
    return f'<div class="da-tree">{"".join(litters[::-1])}</div>'


def _litter(index: int, litter: Litter, raised: set[str]) -> str:
    parents = [
        thumb(one.path, translate(one.name), f"{index}:parent:{number}") for number, one in enumerate(litter.parents)
    ]
    children = [
        thumb(one.path, translate(one.name), f"{index}:child:{number}", "da-raised" if one.root in raised else "")
        for number, one in enumerate(litter.children)
    ]
    head = t("Generation {n}", n=litter.generation)
    mutation = t("mutation {n}", n=f"{litter.mutation:g}")
    return (
        f'<section><p class="da-title">{html.escape(head)}</p>'
        f'<p class="da-note">{html.escape(f"{listed(litter.parents)} · {mutation}")}</p>'
        f'<div class="da-litter">{strip(parents)}<span aria-hidden="true">→</span>{strip(children)}</div></section>'
    )


def listed(pieces: Sequence[Artwork]) -> str:
    """Return the names of pictures as a list in the visitor's language."""
    return ", ".join(translate(one.name) for one in pieces)


_DEFAULT = defaults(GANPipeline.breed)
_FEWEST, _OFTEN = 4, 12  # children


class Breed:
    """The pictures with a heart, the controls, and the ancestry."""

    def __init__(self, requests: GANRequests, jobs: Jobs, grid: Grid) -> None:
        """Lay it out inside the Blocks being built. grid: where the children are hung."""
        self._requests, self._jobs, self._grid = requests, jobs, grid
        self.liked: Any = gr.State([])  # list[Artwork]
        self.family: Any = gr.State([])  # list[Litter]
        self.parents = gr.HTML(_parents([]), js_on_load=CHOOSE, elem_id="liked")
        self.forget = gr.Button("Take all hearts away", size="sm", elem_id="unmark")
        self.mutation = gr.Slider(
            0, 1, _DEFAULT["mutation"], step=0.05, label="Mutation", elem_id="mutation",
            info="How far children stray from their parents: 0 only crosses them, 1 forgets them.",
        )  # fmt: skip
        self.count = gr.Slider(
            _FEWEST, MAX_CHILDREN, _OFTEN, step=1, label="Children", info="How many to breed at once.",
            elem_id="children",
        )  # fmt: skip
        self.start = RunButton("Breed", "breed-")
        self.start.lay_status("The children become the pictures of the grid.")
        self.tree = gr.HTML(tree([]), js_on_load=CHOOSE, elem_id="family")

    def wire(self, take: Callable[[Artwork], Changes], chosen: Any, parts: Sequence[Any], like: gr.Button) -> None:
        """Connect it; take, chosen, parts: those of the chosen picture; like: the button that gives it a heart."""
        grid, self._like = self._grid, like

        def pick_parent(liked: list[Artwork], event: gr.SelectData) -> Changes:
            with sentences():
                return take(at(liked, int(event.index)))

        def pick_relative(family: list[Litter], event: gr.SelectData) -> Changes:
            with sentences():
                return take(found(family, str(event.index)))

        bred = self.start.wire(
            self._jobs, self._breed, [chosen, self.liked, grid.pieces, self.family, self.mutation, self.count],
            [*grid.parts, self.family, self.tree],
        )  # fmt: skip
        bred.success(None, None, None, js=into_sight("grid"), **AT_ONCE)
        self.parents.select(pick_parent, self.liked, list(parts), js=into_sight("chosen"), **SOON)
        self.tree.select(pick_relative, self.family, list(parts), js=into_sight("chosen"), **SOON)
        self.forget.click(lambda: [], None, self.liked, **SOON)
        like.click(toggled, [chosen, self.liked], self.liked, **SOON)
        # One event may change several of these at once, and each change is to be answered.
        causes = [chosen, self.liked, grid.pieces]
        gr.on(
            [cause.change for cause in causes], self.show, causes, [grid.marks, self.parents, like],
            trigger_mode="multiple", **AT_ONCE,
        )  # fmt: skip

    def show(self, chosen: Artwork | None, liked: list[Artwork], pieces: list[Artwork]) -> Changes:
        """Show who has a heart, on this tab and on the grid."""
        return {
            self._grid.marks: mark_rules(pieces, liked, chosen),
            self.parents: _parents(liked),
            self._like: gr.Button(t("♥ Liked") if chosen is not None and chosen.among(liked) else t("♡ Like")),
        }

    # ---------------------------------------------------------------------------------------------------- the breeding

    def _breed(
        self, chosen: Artwork | None, liked: list[Artwork], hung: list[Artwork], family: list[Litter],
        mutation: float, n: int, request: gr.Request,
    ) -> Iterator[Changes]:  # fmt: skip
        parents = parents_of(chosen, liked, hung)

        def work(callback: Callback) -> Pictures:
            _check(parents)
            return self._requests.breed(
                parents[0].model, [blank(one.made) for one in parents], n=n, mutation=mutation,
                seed=random.randint(0, MAX_SEED), truncation=_DEFAULT["truncation"],
            )(callback)  # fmt: skip

        step = yield from self.start.stream(request, work, t("Breeding {n} children", n=n))
        if step.made is None:
            return
        number = generation(family, parents)
        counted = range(1, len(step.made) + 1)
        names = [Phrase("Child {n} of generation {generation}", n=child, generation=number) for child in counted]
        children = self._grid.keep(step.made, names)
        family = [*family, Litter(number, tuple(parents), tuple(children), mutation)][-MAX_LITTERS:]
        shown = self._grid.show(children, t("Generation {n}: children of {who}", n=number, who=listed(parents)))
        yield shown | {self.family: family, self.tree: tree(family)}


def parents_of(chosen: Artwork | None, liked: Sequence[Artwork], hung: Sequence[Artwork]) -> list[Artwork]:
    """Return the parents of the next children: of what is liked that which hangs on the grid, where some does.

    Else all that is liked and of the model of the chosen picture; without that the chosen picture alone.
    """
    near = [one for one in liked if one.among(hung)]
    alike = [one for one in liked if chosen is None or one.model == chosen.model]
    return near or alike or ([] if chosen is None else [chosen])


def toggled(one: Artwork | None, liked: list[Artwork]) -> list[Artwork]:
    """Return what is liked after a picture got its heart, or lost it."""
    chosen = the_chosen(one)
    others = [other for other in liked if other.text != chosen.text]
    return others if len(others) < len(liked) else [*liked, chosen]


def _check(parents: Sequence[Artwork]) -> None:
    if not parents:
        raise OptionError("There is no parent yet; choose a picture, or give a heart to those you like.")
    if len({one.model for one in parents}) > 1:
        raise OptionError("The pictures with a heart are of different models; take the heart from those of one model.")
    if len(parents) > MAX_PARENTS:
        raise OptionError(
            "{count} pictures have a heart and {most} may be parents; take some away.",
            count=len(parents), most=MAX_PARENTS,
        )  # fmt: skip


def _parents(liked: Sequence[Artwork]) -> str:
    thumbs = [thumb(one.path, translate(one.name), str(index)) for index, one in enumerate(liked)]
    return strip(
        thumbs, t("No picture has a heart yet: the chosen one alone will be the parent. “♡ Like” gives one to more.")
    )

"""The ancestry of bred pictures: which were the parents, and whose children they were."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from deepart.ui.language import t, t_text
from deepart.ui.pieces import Piece, at
from deepart.ui.views import strip, thumb

MAX_LITTERS = 12  # the last ones are kept


@dataclass(frozen=True)
class Litter:
    """Children that were bred at once. generation: 1 for those of founders, which come from seeds or were found."""

    generation: int
    parents: tuple[Piece, ...]
    children: tuple[Piece, ...]
    mutation: float


def generation(family: Sequence[Litter], parents: Sequence[Piece]) -> int:
    """Return the generation of children of these parents, which sliders may have moved since they were born."""
    born = {child.root: litter.generation for litter in family for child in litter.children}
    return 1 + max((born.get(parent.root, 0) for parent in parents), default=0)


def grown(family: Sequence[Litter], litter: Litter) -> list[Litter]:
    """Return the family with a litter more; the oldest are forgotten."""
    return [*family, litter][-MAX_LITTERS:]


def found(family: Sequence[Litter], index: str) -> Piece:
    """Return the picture that a thumbnail of tree() stands for."""
    litter, side, number = index.split(":")
    of = at(family, int(litter))
    return at(of.parents if side == "parent" else of.children, int(number))


def tree(family: Sequence[Litter]) -> str:
    """Return the ancestry as HTML, the newest generation first; a click on a thumbnail names it by its index."""
    if not family:
        return f'<p class="da-note">{html.escape(t("The ancestry of your pictures will grow here."))}</p>'
    raised = {parent.root for litter in family for parent in litter.parents}
    return f'<div class="da-tree">{"".join(_litter(index, litter, raised) for index, litter in _newest(family))}</div>'


def _newest(family: Sequence[Litter]) -> list[tuple[int, Litter]]:
    return list(enumerate(family))[::-1]


def _litter(index: int, litter: Litter, raised: set[str]) -> str:
    parents = [
        thumb(one.path, t_text(one.name), f"{index}:parent:{number}") for number, one in enumerate(litter.parents)
    ]
    children = [
        thumb(one.path, t_text(one.name), f"{index}:child:{number}", "da-raised" if one.root in raised else "")
        for number, one in enumerate(litter.children)
    ]
    head = t("Generation {n}", n=litter.generation)
    mutation = t("mutation {n}", n=f"{litter.mutation:g}")
    return (
        f'<section><p class="da-title">{html.escape(head)}</p>'
        f'<p class="da-note">{html.escape(f"{listed(litter.parents)} · {mutation}")}</p>'
        f'<div class="da-litter">{strip(parents)}<span aria-hidden="true">→</span>{strip(children)}</div></section>'
    )


def listed(pieces: Sequence[Piece]) -> str:
    """Return the names of pictures as a list in the visitor's language."""
    return ", ".join(t_text(one.name) for one in pieces)

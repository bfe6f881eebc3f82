"""Large pictures in parts: a side is cut into near-equal spans, each of which is seen with a margin around it."""

from typing import NamedTuple, Self


class Span(NamedTuple):
    """A part of a side: [start, stop) is kept, and [first, last) is what must be seen for it."""

    first: int
    start: int
    stop: int
    last: int

    def times(self, factor: int) -> Self:
        """Return it in units that are `factor` times smaller."""
        return type(self)(*(factor * place for place in self))

    @property
    def seen(self) -> slice:
        """What must be seen."""
        return slice(self.first, self.last)

    @property
    def kept(self) -> slice:
        """What is kept."""
        return slice(self.start, self.stop)

    @property
    def inside(self) -> slice:
        """What is kept, counted from where the seen begins."""
        return slice(self.start - self.first, self.stop - self.first)


def spans(length: int, margin: int, whole: int, core: int, multiple: int = 1) -> list[Span]:
    """Return a side's near-equal parts: one up to the length `whole`, else as many as keep each within `core`.

    multiple: of which all parts but the last are as long.
    """
    count = 1 if length <= whole else -(-length // core)
    part = -(-length // (count * multiple)) * multiple
    return [
        Span(max(0, start - margin), start, min(start + part, length), min(start + part + margin, length))
        for start in range(0, length, part)
    ]

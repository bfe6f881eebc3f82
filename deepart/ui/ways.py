"""The ways of painting that the page offers: what it must know of a style model before that is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.style_fast import FastPainter
from deepart.pipelines.style_fine import FinePainter
from deepart.ui.menu import source, specs_of

_ON_CPU = "cpu"
# Pixels of the longer side, for one pass and for hundreds, on a processor: with the first the page begins, to the
# second its slider goes. On a card all is there in a moment; but a picture of 4096 pixels has 30 megabytes.
_BEGIN = {True: 768, False: 384}
_BEGIN_ON_CARD = {True: 1024, False: 512}
_MOST_ON_CPU = 2048


@dataclass(frozen=True)
class Way:
    """A style model: name and title as registered, whether it paints in one pass, the largest side that it paints.

    ours: whether it travels with the repository.
    """

    name: str
    title: str
    one_pass: bool
    max_side: int
    ours: bool = True

    @property
    def sentence(self) -> str:
        """What a visitor should know before choosing it."""
        if self.one_pass:
            return f"{self.title} answers at once, and paints large pictures too."
        return f"{self.title} takes a minute or more and works the picture out step by step."

    def most(self, device: str) -> int:
        """Return the largest size on the page, in pixels; the endpoint takes all that the model can do."""
        return min(self.max_side, _MOST_ON_CPU) if device == _ON_CPU else self.max_side

    def size(self, device: str, wished: int | None = None) -> int:
        """Return the size that the page shows for it: what the visitor wished, as far as it goes, else its own."""
        own = (_BEGIN if device == _ON_CPU else _BEGIN_ON_CARD)[self.one_pass]
        return own if wished is None else min(wished, self.most(device))


def style_ways() -> dict[str, Way]:
    """Return the ways by name in the order of the menu: the default first, then as registered."""
    ways = {}
    for spec in specs_of("style"):
        one_pass = spec.network != "Gatys"  # the only one that optimises
        painter = FastPainter if one_pass else FinePainter
        ways[spec.name] = Way(spec.name, spec.title, one_pass, painter.max_side, source(spec) is None)
    return ways


def way_of(pipeline: StyleTransferPipeline) -> Way:
    """Return the way of a model that is not registered."""
    return Way(pipeline.name, pipeline.name, pipeline.one_pass, pipeline.max_side, ours=False)

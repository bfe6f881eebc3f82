"""Style transfer by optimising the pixels, coarse to fine.

Source: Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks" (CVPR 2016). Ours differs in
these ways, each chosen by looking at results on our features:

- the features are VGG16 with fewer channels (see SlimVGG): a quarter of them at all levels but the last, half there;
- coarse to fine: large strokes are laid at 128 px, and each finer level starts from the one before (as in Gatys et al.,
  "Controlling Perceptual Factors in Neural Style Transfer", 1611.07865);
- the content first takes the palette of the style (see color.py), so that colours are right from the start and the
  corrections go into strokes;
- each place of the picture is brought to the features of the style's place that is most like it (neighbors.py; Kolkin
  et al., 2203.13215): Gram matrices alone are reached by grain all over, which looks like a sharpened photograph. Where
  the content has detail, eyes and masts, its own features count most;
- means and covariances of the style are measured apart: a Gram matrix is mostly its means, so colours satisfy it;
- content is measured at relu2_2 as well: relu4_2 alone lets a mouth become a moustache;
- each distance is divided by its target's squared norm or variance, so that one weight suits every layer and picture;
- total variation is the length of the gradient (Rudin, Osher and Fatemi 1992), smoothed at zero: it takes the grain off
  flat areas, leaves the edges of strokes, and has no favourite direction, which would draw stair-steps;
- a large picture is measured in windows: first the moments of all of it, then, window by window, the gradient
  that they give, which is that of the picture as a whole, in bounded memory.
"""

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from deepart.errors import OptionError
from deepart.models.gatys_loss import GatysConfig, Objective, resize
from deepart.models.vgg import SlimVGG, VGGFeatures

FIRST_SIDE = 128  # longer side of the coarsest level: there a relu4_1 unit sees most of the picture
MIN_SIDE = 32  # no level has a shorter side below this, except where the result itself has: relu4_2 would see a line
HISTORY = 12  # corrections that L-BFGS remembers
HISTORY_BYTES = 2**28  # that it takes at most, at two pictures a correction; a large picture has a shorter history
FIRST_STEP = 0.01  # mean change of a pixel that the first correction of a level tries
KEPT = 0.25  # share of the content in the picture whose neighbors are looked for: the rest is what is painted so far


class Level(NamedTuple):
    """One level of the pyramid: its height and width in pixels, and the number of corrections at it."""

    height: int
    width: int
    steps: int


def schedule(height: int, width: int, steps: int) -> list[Level]:
    """Return the levels from coarse to fine for a result of height x width pixels; `steps` is for the first level."""
    start = max(FIRST_SIDE / max(height, width), MIN_SIDE / min(height, width))
    count = max(0, round(2 * math.log2(1 / start))) if start < 1 else 0
    levels = []
    for index in range(count + 1):
        scale = start ** (1 - index / count) if count else 1.0
        levels.append(Level(round(height * scale), round(width * scale), max(1, round(steps * 0.8**index))))
    return levels


class Gatys:
    """The optimisation on tensors: give it a content and styles, get the repainted picture."""

    def __init__(self, features: VGGFeatures | SlimVGG, config: GatysConfig | None = None) -> None:
        """features: of a SlimVGG the last level is measured in half the width, all others in a quarter."""
        self.config = config or GatysConfig()
        self.features = features.to(memory_format=torch.channels_last)
        self._fine: VGGFeatures = features.half_width if isinstance(features, SlimVGG) else features
        self._coarse: VGGFeatures = features.quarter_width if isinstance(features, SlimVGG) else features
        self.layers = self._fine.config.layers
        """Names of the layers in which style and content can be measured."""

    def paint(
        self, content: Tensor, styles: Sequence[tuple[Tensor, float]], *, levels: Sequence[Level], strength: float,
        style_scale: float, start_noise: Tensor, on_step: Callable[[int, Callable[[], Tensor]], None],
        start: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Return the content (1, 3, H, W) repainted, in [0, 1], at the size of the last level.

        styles: pictures (1, 3, h, w) in [0, 1] with weights that add up to 1. strength: in (0, 1].
        style_scale: 2.0 measures the style at twice the size, which makes its strokes twice as large.
        start_noise: (1, 3, levels[0].height, levels[0].width), standard normal.
        on_step: called after every correction with its number from 1 on, and a function that returns the picture so
        far at the level's size; it may raise.
        start: a picture (1, 3, H, W) in [0, 1] to begin with in place of the content.
        """
        done, first = 0, levels[0]
        x = resize(content if start is None else start, first.height, first.width)
        x = (x + 0.03 * strength * start_noise.to(x)).clamp(0, 1)
        for level in levels:
            features = self._fine if level is levels[-1] else self._coarse
            x, own = resize(x, level.height, level.width), resize(content, level.height, level.width)
            objective = Objective(
                features, self.config, own, styles,
                strength=strength, style_scale=style_scale, painted=torch.lerp(x, own, KEPT),
            )  # fmt: skip
            x = descend(x, objective, level.steps, lambda step, picture, done=done: on_step(done + step, picture))  # type: ignore[misc]
            done += level.steps
        return x


class _Enough(Exception):  # noqa: N818
    """Raised inside the optimiser, which has no other way to stop in the middle of a line search."""


def descend(
    x: Tensor, objective: Callable[[Tensor], tuple[float, Tensor]], steps: int,
    on_step: Callable[[int, Callable[[], Tensor]], None],
) -> Tensor:  # fmt: skip
    """Return the best of the pictures that L-BFGS tries in so many corrections of x (1, 3, H, W), in [0, 1].

    objective: returns the loss of a picture and its gradient. on_step: see Gatys.paint; of the best picture.
    """
    # The optimiser's first step has length 1, which for this many pixels is next to nothing; in these units it has not.
    unit = FIRST_STEP * x.numel()
    scaled = (x / unit).requires_grad_()
    best, least, tried = x, math.inf, 0
    kept = max(3, min(HISTORY, HISTORY_BYTES // (2 * x.nbytes)))
    optimizer = torch.optim.LBFGS(
        [scaled], max_iter=2 * steps, history_size=kept, line_search_fn="strong_wolfe", tolerance_grad=0,
        tolerance_change=0,
    )  # fmt: skip

    def evaluate() -> float:
        nonlocal best, least, tried
        picture = scaled.detach() * unit
        loss, gradient = objective(picture)
        scaled.grad = gradient * unit
        if loss < least:
            best, least = picture, loss
        if tried:
            on_step(tried, lambda: best.clamp(0, 1))
        if tried == steps:
            raise _Enough
        tried += 1
        return loss

    with contextlib.suppress(_Enough):
        while True:  # at a minimum the optimiser ends by itself, before what its caller expects to be told
            optimizer.step(evaluate)  # type: ignore[no-untyped-call]
    return best.clamp(0, 1)


def check_layers(layers: Sequence[str], config: GatysConfig) -> None:
    """Raise OptionError unless every layer of the config is one of `layers`, and there is one of each kind."""
    for kind, names in (("style", config.style_layers), ("content", config.content_layers)):
        if not names:
            raise OptionError(
                "There is no {kind} layer; name at least one, such as {example}.", kind=kind, example=layers[-2]
            )
        for name in names:
            if name not in layers:
                raise OptionError(
                    "There is no {kind} layer {name!r}; this network has {known}.",
                    kind=kind, name=name, known=", ".join(layers),
                )  # fmt: skip

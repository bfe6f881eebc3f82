"""The endpoint /stylize: what programs call, with the same words and limits as the page."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import gradio as gr

from deepart.images import settings
from deepart.models.gatys_loss import GatysConfig
from deepart.pipelines.style import StyleTransferPipeline
from deepart.registry import get_spec
from deepart.ui.common import GPU_SLOT, api_input, mistake, picture_input, save_result, sentences, visitor
from deepart.ui.easel import Easel, Painted
from deepart.ui.jobs import Jobs
from deepart.ui.ways import Way

# The defaults of the pipeline, so that page and endpoint say the same as Python does.
STYLIZE: dict[str, Any] = {
    name: parameter.default for name, parameter in inspect.signature(StyleTransferPipeline.stylize).parameters.items()
}
GATYS = GatysConfig()


class StyleAPI:
    """One endpoint, which paints one picture."""

    def __init__(self, easel: Easel, jobs: Jobs, ways: dict[str, Way]) -> None:
        self._easel, self._jobs, self._ways = easel, jobs, ways

    def add(self) -> None:
        """Add it; inside a part of the page that nobody sees."""
        boxes = [picture_input(label) for label in ("Content picture", "Style picture", "Second style", "Third style")]
        limits = ", ".join(f"{way.max_side} with {way.title}" for way in self._ways.values())
        options = [
            api_input("Weights: a number for each style, or null for equal ones", "array", example=[1]),
            api_input("Strength: 0 to 1", "number", STYLIZE["strength"]),
            api_input("Keep the content's colours", "boolean", STYLIZE["preserve_color"]),
            api_input("Stroke size: 0.25 to 4", "number", STYLIZE["style_scale"]),
            api_input(
                f"Longer side of the result in pixels, up to {limits}; null keeps the content's", "integer", example=512
            ),
            api_input("Seed", "integer", STYLIZE["seed"]),
            api_input(
                "Name of the model, or null for the default one; see /models", "string", example=get_spec("style").name
            ),
            api_input(
                "Corrections at the coarsest level, 1 to 1000; null for the model's own, and for one that has none",
                "integer",
                example=GATYS.steps,
            ),
            api_input(
                "Weight of the style beside the content; null for the model's own, and for one that has none",
                "number",
                example=GATYS.style_weight,
            ),
        ]
        self._result = gr.Image(label="Result, an exact PNG", type="filepath", format="png")
        outputs = [self._result, gr.JSON(label="Settings")]
        gr.Button().click(self._stylize, [*boxes, *options], outputs, api_name="stylize", **GPU_SLOT)

    def _stylize(
        self, request: gr.Request, content: str, style: str, style_2: str | None = None, style_3: str | None = None,
        weights: list[float] | None = None, strength: float = STYLIZE["strength"],
        preserve_color: bool = STYLIZE["preserve_color"], style_scale: float = STYLIZE["style_scale"],
        size: int | None = None, seed: int = STYLIZE["seed"], model: str | None = None,
        steps: int | None = None, style_weight: float | None = None,
    ) -> Iterator[tuple[str | None, dict[str, Any]]]:  # fmt: skip
        """Repaint the content picture in the style of one to three others.

        While it works it tells the step and the number of steps; what comes last is the picture and its settings.
        """
        with sentences():
            order = self._easel.order(
                content, (style, style_2, style_3), model=model, weights=weights, strength=strength,
                preserve_color=preserve_color, style_scale=style_scale, size=size, seed=seed, steps=steps,
                style_weight=style_weight,
            )  # fmt: skip
            with self._jobs.run(visitor(request), order.work) as job:
                for moment in job.watch(every=1, pause=1):  # also to notice that the client has gone
                    yield None, {"step": moment.step, "steps": moment.total}
                painted = self._easel.finish(order, job)
            if painted is None:
                raise mistake("The work was stopped before there was a picture.")
            path = save_result(painted.image, file_name(painted), self._result.GRADIO_CACHE)
            yield path, settings(painted.image) or {}


def file_name(painted: Painted) -> str:
    """Return the name under which a result is downloaded, without its ending."""
    made = settings(painted.image) or {}
    width, height = painted.image.size
    return f"deepart-{width}x{height}-seed{made.get('seed', 0)}"

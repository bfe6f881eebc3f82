"""Settings from a picture: a PNG that was downloaded here comes back, with the controls as they were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from deepart.checks import shown
from deepart.errors import OptionError
from deepart.images import settings
from deepart.pipelines.gan import TRUNCATIONS
from deepart.registry import get_spec, list_models
from deepart.ui.common import GPU_SLOT, mistake, picture_input, read_picture, sentences, visitor
from deepart.ui.jobs import Callback, Jobs
from deepart.ui.language import t, t_text
from deepart.ui.maker import Maker, Pictures, again
from deepart.ui.menu import title_of
from deepart.ui.pieces import Piece, piece
from deepart.ui.starter import Changes, note
from deepart.ui.wall import Wall


class Reread:
    """A box for a picture that was made here."""

    def __init__(self, maker: Maker, jobs: Jobs, wall: Wall) -> None:
        """Lay it out inside the Blocks being built. wall: whose controls are set."""
        self._maker = maker
        self._jobs = jobs
        self._wall = wall
        gr.HTML(note("A PNG downloaded from this tab carries its settings; put it here and go on from it."))
        self.picture = picture_input("Picture made here", height=160, elem_id="reread")
        self.told = gr.HTML(note(""), elem_id="reread-told")

    def wire(self, take: Callable[[Piece], Changes], parts: Sequence[Any]) -> None:
        """Connect it; take, parts: those of the chosen picture."""
        self._take = take
        wall = self._wall
        controls = [wall.model, wall.seed, wall.truncation]
        self.picture.upload(
            self._read, self.picture, [*controls, self.told, *parts], show_progress="minimal",
            show_progress_on=self.told, api_visibility="private", **GPU_SLOT,
        )  # fmt: skip

    def _read(self, path: str | None, request: gr.Request) -> Changes:
        """Make the picture again from its settings, and set the controls to them."""
        with sentences():
            made = check(settings(read_picture(path, "picture")))
            pipeline = self._maker.pipeline(made["model"])

            def work(callback: Callback) -> Pictures:
                return [again(pipeline, made, made.get("directions") or {})]

            pictures = self._jobs.do(visitor(request), work)
            if pictures is None:
                raise mistake("The work was stopped before there was a picture.")
            one = piece(pictures[0], self.picture.GRADIO_CACHE)
            return self._take(one) | self._set(one)

    def _set(self, one: Piece) -> Changes:
        """Set the controls to a picture's settings."""
        wall, made = self._wall, one.made
        changes: Changes = {
            wall.model: wall.more.menu_at(made["model"]),
            self.told: note(t("{name} is the chosen picture now.", name=t_text(one.name))),
        }
        if one.seed is not None:
            changes[wall.seed] = one.seed
        if TRUNCATIONS[0] <= made["truncation"] <= TRUNCATIONS[-1]:
            changes[wall.truncation] = made["truncation"]
        return changes


def check(made: dict[str, Any] | None) -> dict[str, Any]:
    """Return settings that the tab can bring back; raises OptionError for others."""
    if made is None:
        raise OptionError("The picture carries no settings of DeepArt; choose a PNG that was downloaded from this tab.")
    if made.get("task") != "gan":
        task = shown(made.get("task"))
        raise OptionError(f"The picture was made by the task {task}, not here; choose one from this tab.")
    if made.get("model") not in list_models("gan"):
        raise OptionError(f"The picture was made by the model {shown(made.get('model'))}, which is not here.")
    if not get_spec("gan", made["model"]).here:
        raise OptionError(
            f"The picture was made by {title_of('gan', made['model'])}, which is not on this machine yet; get it under "
            "“More models” first."
        )
    return made

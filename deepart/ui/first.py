"""The finished example that each tab opens with: made by our models, and there before any of them is loaded."""

from __future__ import annotations

from pathlib import Path

from deepart.cache import Studio
from deepart.errors import DeepArtError
from deepart.images import load_image, settings
from deepart.ui.common import EXAMPLES


def first_files(studio: Studio, task: str) -> list[Path]:
    """Return the PNGs that the default model of a task made for its tab to open with, in the order of their names.

    Empty where the model is not here, or is not the one that made them: a page shows only what it would make again.
    """
    files = sorted((EXAMPLES / "first" / task).glob("*.png"))
    if not files:
        return []
    made = settings(load_image(files[0])) or {}
    try:
        current = studio.version(task, made.get("model")) == made.get("version")
    except DeepArtError:
        return []
    return files if current else []

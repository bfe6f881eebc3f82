"""Hosts that lend a GPU for the time of a call, as ZeroGPU of Hugging Face Spaces does."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import gradio as gr

from deepart.ui.serving.watch import computes

SECONDS = 120  # that a call may keep the GPU at most


def lend_gpu(page: gr.Blocks) -> None:
    """Let each event that computes ask for the GPU, where the package `spaces` is there; else change nothing.

    Off ZeroGPU the decorator of that package gives functions back as they are.
    """
    if importlib.util.find_spec("spaces") is None:
        return
    decorate: Any = importlib.import_module("spaces").GPU(duration=SECONDS)
    for fn in page.fns.values():
        if fn.fn is not None and computes(fn):
            fn.fn = decorate(fn.fn)

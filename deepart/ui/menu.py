"""The models of a task, as a choice on the page."""

from __future__ import annotations

import gradio as gr

from deepart.registry import ModelSpec, get_spec, list_models


def specs_of(task: str) -> list[ModelSpec]:
    """Return the registered models of a task, its default first."""
    specs = [get_spec(task, name) for name in list_models(task) if isinstance(name, str)]
    return sorted(specs, key=lambda spec: not spec.default)


def model_menu(task: str, name: str) -> gr.Radio:
    """Return the choice of a model, which nobody sees where there is only one; name: of the element on the page."""
    specs = specs_of(task)
    return gr.Radio(
        [(spec.title, spec.name) for spec in specs], value=specs[0].name, label="Model", show_label=False,
        container=False, visible=len(specs) > 1, elem_id=name,
    )  # fmt: skip

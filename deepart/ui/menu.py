"""The models of a task, as a choice on the page."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from deepart.registry import FEATURES, REGISTRY, ModelSpec, get_spec, list_models
from deepart.ui.language import t, t_text


def specs_of(task: str) -> list[ModelSpec]:
    """Return the registered models of a task, its default first."""
    specs = [get_spec(task, name) for name in list_models(task) if isinstance(name, str)]
    return sorted(specs, key=lambda spec: not spec.default)


def source(spec: ModelSpec) -> ModelSpec | None:
    """Return the record whose files come from the Hub: the model itself, or its features; None for one of ours."""
    features = REGISTRY.get((FEATURES, spec.features)) if spec.features else None
    return next((one for one in (spec, features) if one is not None and one.repo_id is not None), None)


def offered(task: str, others: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return titles and names of the models that need no download; others: those that are not registered."""
    return [(spec.title, spec.name) for spec in specs_of(task) if spec.here] + [(name, name) for name in others]


def title_of(task: str, name: str) -> str:
    """Return what a model is called on the page: its title, or its own name where it is not registered."""
    return get_spec(task, name).title if name in list_models(task) else name


def summary_of(task: str, name: str) -> str:
    """Return one line about a model."""
    return t_text(get_spec(task, name).summary) if name in list_models(task) else t("The model {name}.", name=name)


def model_menu(task: str, name: str, others: Sequence[str] = ()) -> gr.Radio:
    """Return the choice of a model, which nobody sees where there is only one; name: of the element on the page.

    others: models that are not registered.
    """
    choices = offered(task, others)
    return gr.Radio(
        choices, value=choices[0][1], label="Model", show_label=False, container=False, visible=len(choices) > 1,
        elem_id=name,
    )  # fmt: skip

"""The endpoints as tools of MCP: how each is called, what it does, and what its parameters are."""

from __future__ import annotations

import inspect

import gradio as gr


def name_tools(page: gr.Blocks) -> None:
    """Let the function behind each endpoint carry what Gradio makes a tool's description of.

    The name is that of the endpoint; the words on the parameters are the labels of the inputs, which "Use via API"
    shows as well. The function must be the endpoint's own, since other events may share a method.
    """
    for fn in page.fns.values():
        if fn.fn is not None and fn.api_visibility == "public":
            names = [name for name in inspect.signature(fn.fn).parameters if name != "request"]
            labels = [getattr(box, "label", None) for box in fn.inputs]
            words = [f"    {name}: {label}." for name, label in zip(names, labels, strict=True) if label]
            fn.fn.__name__ = str(fn.api_name)
            fn.fn.__doc__ = "\n".join([inspect.getdoc(fn.fn) or "", "", "Args:", *words])

"""Models of the Hub on the page, as far as no browser is needed."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from running_page import TinyStudio

from deepart.ui.jobs import Callback, Jobs
from deepart.ui.models import MoreModels, model_menu
from deepart.ui.run import Changes

WHO: Any = SimpleNamespace(session_hash="somebody")


def more_models(studio: TinyStudio, jobs: Jobs, task: str = "gan") -> MoreModels:
    with gr.Blocks() as app:
        more = MoreModels(task, studio, jobs, model_menu(task, f"{task}-model"))
        more.wire(app)
        return more


def begun(more: MoreModels, monkeypatch: pytest.MonkeyPatch) -> Iterator[Changes]:
    """Begin a download that goes on until it is stopped, and return what it does to the page."""
    running = threading.Event()

    def fetch(task: str, name: str, progress: Callback) -> None:
        while True:
            progress(1, 3)
            running.set()

    monkeypatch.setattr(more._studio, "fetch", fetch)
    changes = more._fetch("fastgan-painting", request=WHO)
    next(changes)
    assert running.wait(20)
    return changes


def test_a_download_and_other_work_are_stopped_each_by_itself(
    tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs()
    more = more_models(tiny_studio, jobs)
    go_on = threading.Event()

    def paint(callback: Callback) -> str:
        assert go_on.wait(20)
        callback(1, 2, None)
        return "painted"

    painting = jobs.stream(WHO, paint, "page paint", every=0.1)
    next(painting)
    downloading = begun(more, monkeypatch)
    jobs.stop("somebody", "page vae-more-get")
    next(downloading)
    jobs.stop("somebody", "page gan-more-get")
    with pytest.raises(gr.Error):  # without a word, as it is no success and no mistake
        for _ in downloading:
            pass
    go_on.set()
    assert [step.made for step in painting if step.done] == ["painted"]

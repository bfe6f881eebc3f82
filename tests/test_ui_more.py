"""Models of the Hub on the page, as far as no browser is needed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from running_page import TinyStudio

from deepart.ui.models import MoreModels, model_menu
from deepart.ui.run import Callback, Changes, Jobs

WHO: Any = SimpleNamespace(session_hash="somebody")


def more_models(studio: TinyStudio, jobs: Jobs, task: str = "gan") -> MoreModels:
    with gr.Blocks():
        return MoreModels(task, studio, jobs, model_menu(task, f"{task}-model"))


def begun(more: MoreModels, monkeypatch: pytest.MonkeyPatch) -> Iterator[Changes]:
    """Begin a download that goes on until it is stopped, and return what it does to the page."""
    running = threading.Event()

    def fetch(task: str, name: str, progress: Callback) -> None:
        while True:
            progress(1, 3)
            running.set()

    monkeypatch.setattr(more._studio, "fetch", fetch)
    changes = more._fetch("fastgan-painting", "", WHO)
    next(changes)
    next(changes)
    assert running.wait(20)
    return changes


def test_a_download_and_other_work_are_stopped_each_by_itself(
    tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs()
    more, other = more_models(tiny_studio, jobs), more_models(tiny_studio, jobs, "vae")
    go_on = threading.Event()

    def paint(callback: Callback) -> str:
        assert go_on.wait(20)
        callback(1, 2, None)
        return "painted"

    with jobs.run("somebody", paint) as work:
        downloading = begun(more, monkeypatch)
        other._stop(WHO)
        next(downloading)
        more._stop(WHO)
        with pytest.raises(gr.Error):  # without a word, as it is no success and no mistake
            for _ in downloading:
                pass
        go_on.set()
        for _ in work.watch():
            pass
        assert work.result() == "painted"


def test_other_work_is_stopped_and_a_download_goes_on(tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs()
    more = more_models(tiny_studio, jobs)
    downloading = begun(more, monkeypatch)
    jobs.stop("somebody")
    next(downloading)
    next(downloading)
    more._leave(WHO)
    with pytest.raises(gr.Error):
        for _ in downloading:
            pass

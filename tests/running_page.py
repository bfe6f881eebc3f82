"""Style pipelines with tiny random weights, and the page running over it; the fixtures are in conftest.py."""

from __future__ import annotations

import importlib.util
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # as app.py does; Gradio reads it when it is imported

import pytest
import torch
from PIL import Image

from deepart.models.fast import Fast
from deepart.models.gatys import Gatys
from deepart.models.painter import Painter, PainterConfig
from deepart.models.vgg import VGGConfig, VGGFeatures
from deepart.pipelines.style import Callback, StyleTransferPipeline
from deepart.registry import Located, get_spec
from deepart.studio import Studio

if TYPE_CHECKING:
    from deepart.ui.jobs import Jobs

ROOT = Path(__file__).resolve().parents[1]


def until(true: Callable[[], object], pause: Callable[[float], object] = time.sleep) -> None:
    """Wait for something that other threads bring about; after a minute it is not coming."""
    for _ in range(1200):
        if true():
            return
        pause(0.05)
    raise AssertionError("What the test waits for did not come.")


def load_app() -> Any:
    """app.py as a module: it is a script beside the package, and no part of it."""
    spec = importlib.util.spec_from_file_location("app", ROOT / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TinyStyle(StyleTransferPipeline):
    """Few random weights, always the same; keeps a record of its steps, and can be held between two of them."""

    def __init__(self, name: str, make: Callable[[], Gatys | Fast]) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = make()
        super().__init__(Located(name, "0123456789ab"), torch.device("cpu"), network)
        self.hold_at: int | None = None  # the step after which the work waits for `go`
        self.go = threading.Event()
        self.held = threading.Event()
        self.steps: list[int] = []
        self.running = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def stylize(
        self,
        content: Image.Image,
        style_image: Image.Image | Sequence[Image.Image],
        *,
        callback: Callback | None = None,
        **options: Any,
    ) -> Image.Image:
        with self._watched():
            return super().stylize(content, style_image, callback=self._held(callback), **options)

    def sheet(
        self, content: Image.Image, styles: Sequence[Image.Image], *, callback: Callback | None = None, **options: Any
    ) -> list[Image.Image]:
        with self._watched():
            return super().sheet(content, styles, callback=self._held(callback), **options)

    def _held(self, callback: Callback | None) -> Callback:
        def watched(step: int, total: int, preview: Image.Image | None) -> None:
            self.steps.append(step)
            if step == self.hold_at:
                self.held.set()
                assert self.go.wait(60)
            if callback is not None:
                callback(step, total, preview)

        return watched

    @contextmanager
    def _watched(self) -> Iterator[None]:
        with self._lock:
            self.running += 1
            self.most_at_once = max(self.most_at_once, self.running)
        try:
            yield
        finally:
            with self._lock:
                self.running -= 1

    def hold(self, step: int) -> None:
        """Let the next work wait after a step until `go` is set."""
        self.go.clear()
        self.held.clear()
        self.steps.clear()
        self.most_at_once = 0
        self.hold_at = step

    def release(self) -> None:
        self.hold_at = None
        self.go.set()


def _features() -> VGGFeatures:
    return VGGFeatures(VGGConfig(blocks=((4, 4), (8, 8), (8, 8, 8), (8, 8, 8))))


def tiny_fine() -> TinyStyle:
    return TinyStyle("fine", lambda: Gatys(_features()))


def tiny_fast() -> TinyStyle:
    numbers = 2 * (4 + 8 + 8 + 8)  # means and deviations of the channels that the style is read from
    return TinyStyle("fast", lambda: Fast(Painter(PainterConfig(width=8, depth=1, style=numbers, code=4)), _features()))


class TinyStudio(Studio):
    """A studio in which the style models are the tiny ones."""

    def __init__(self) -> None:
        super().__init__(device="cpu")
        self.tiny = {"fast": tiny_fast(), "fine": tiny_fine()}

    def style(self, name: str | None = None) -> StyleTransferPipeline:
        return self.tiny[get_spec("style", name).name]


@dataclass
class Page:
    """A running page: its address, what is behind it, the folder for its files, and Gradio's own object."""

    url: str
    fast: TinyStyle
    fine: TinyStyle
    jobs: Jobs
    files: Path
    blocks: Any


@contextmanager
def serve(files: Path, *arguments: str) -> Iterator[Page]:
    """Open the page as app.py does, on a free port of this machine."""
    from deepart.ui.jobs import Jobs  # here, since it takes seconds to import Gradio, and few tests need it

    module, studio, jobs = load_app(), TinyStudio(), Jobs()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(files))
        patch.delenv("GRADIO_SERVER_NAME", raising=False)
        patch.setattr("deepart.ui.Jobs", lambda: jobs)  # to look into, not to change
        options = module.parse(["--port", str(port), *arguments])
        blocks = module.launch(studio, options, prevent_thread_lock=True, quiet=True)
        try:
            yield Page(f"http://127.0.0.1:{port}", **studio.tiny, jobs=jobs, files=files, blocks=blocks)
        finally:
            for pipeline in studio.tiny.values():
                pipeline.release()
            blocks.close()

"""Models of the Hub: what each is, how large, under which licence; one button downloads it and puts it into the menu.

So a name in the menu is always that of a model that is here, and nothing on the page waits for a download unasked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr

from deepart.cache import Studio
from deepart.errors import OptionError
from deepart.registry import ModelSpec, get_spec
from deepart.ui.common import AT_ONCE, SOON, progress, sentences, visitor
from deepart.ui.jobs import Callback, Jobs
from deepart.ui.language import chinese, t, t_text
from deepart.ui.menu import offered, source, specs_of, title_of
from deepart.ui.starter import Changes, Starter, note

_HINT = "Choose one to see how large it is, and under which licence."


class MoreModels:
    """The models of one task that have to be downloaded, and the menu that they go into."""

    def __init__(self, task: str, studio: Studio, jobs: Jobs, menu: gr.Radio) -> None:
        """Lay it out, closed, inside the Blocks being built."""
        self._task, self._studio, self._jobs, self._menu = task, studio, jobs, menu
        self._others = studio.added(task)  # models that are not registered, and that every visitor may see
        prefix = f"{task}-more"
        specs = [spec for spec in specs_of(task) if source(spec) is not None]
        with gr.Accordion(
            "More models from the Hugging Face Hub", open=False, elem_id=prefix, visible=bool(specs),
        ):  # fmt: skip
            gr.HTML(
                note("Made by others. Each is downloaded once and checked; then it runs on this machine like ours.")
            )
            self.choice = gr.Radio(
                [(spec.title, spec.name) for spec in specs], label="Model of the Hub", show_label=False,
                container=False, visible=bool(specs), elem_id=f"{prefix}-choice",
            )  # fmt: skip
            self.about = gr.HTML(note(_HINT), elem_id=f"{prefix}-about")
            self.get = Starter("Get it", f"{prefix}-", "secondary", "get")
            self.get.lay_status()

    def wire(self, app: gr.Blocks) -> Any:
        """Connect it, and return the event that succeeds when a new model is chosen in the menu."""
        parts, wanted = self.get.parts, [self.choice]
        app.load(self._refresh, None, self._menu, **AT_ONCE)
        self.choice.input(self._describe, self.choice, [self.about, self.get.start], **AT_ONCE)
        begun = self.get.start.click(self._begin, wanted, parts, **SOON)
        fetched = begun.success(
            self._fetch, wanted, [*parts, self._menu, self.about, self.get.start], **SOON,
        )  # fmt: skip
        fetched.failure(self.get.resting, None, parts, **AT_ONCE)

        self.get.stop.click(self._stop, None, self.get.stop, **AT_ONCE)
        app.unload(self._leave)
        return fetched

    def menu_at(self, name: str) -> gr.Radio:
        """Return the menu with all that is here in it, and one chosen."""
        choices = offered(self._task, self._others)
        return gr.Radio(choices, value=name, visible=len(choices) > 1)

    def _who(self, request: gr.Request) -> str:
        """Return the name of a visitor as one who downloads: other work of the same visitor is stopped by itself."""
        return f"{visitor(request)} {self._task}-more"

    def _leave(self, request: gr.Request) -> None:
        self._jobs.stop(self._who(request))

    def _stop(self, request: gr.Request) -> Changes:
        self._leave(request)
        return {self.get.stop: gr.Button(t("Stopping"), interactive=False)}

    def _refresh(self) -> gr.Radio:
        """Put into the menu what other visitors have downloaded since the page was built."""
        choices = offered(self._task, self._others)
        return gr.Radio(choices, visible=len(choices) > 1)

    def _describe(self, name: str) -> Changes:
        spec = get_spec(self._task, name)
        size = _megabytes(spec)
        words = t("Use it") if spec.here else t("Get it, {size}", size=size) if size else t("Get it")
        return {self.about: note(about(spec)), self.get.start: gr.Button(words)}

    def _begin(self, choice: str | None) -> Changes:
        with sentences():
            _named(choice)
        return self.get.waiting() | {self.get.bar: gr.HTML(progress(None, t("Asking the Hub")), visible=True)}

    def _fetch(self, choice: str | None, request: gr.Request) -> Iterator[Changes]:
        """Download a model, load it, and choose it."""
        with sentences():
            name = _named(choice)
            yield self.get.working(progress(None, t("Asking the Hub")), t("Stop"))

            def work(callback: Callback) -> bool:
                # A step short of the last while it comes, so that a wish to stop is heard.
                self._studio.fetch(self._task, name, lambda done, total: callback(done, total or done + 1, None))
                getattr(self._studio, self._task)(name)  # a file that does not fit is told now, not at the first use
                return True

            # Beside the work of others: it needs the network, and hardly the machine.
            with self._jobs.run(self._who(request), work, threading.Lock()) as job:
                for moment in job.watch():
                    yield {self.get.bar: _bar(moment.step, moment.total)}
                done = job.result()
            if done is None:
                yield self.get.resting() | {self.about: note(t("The download was stopped, and nothing of it stays."))}
                raise gr.Error(visible=False, print_exception=False)  # no success, and no mistake either
            title = t_text(title_of(self._task, name))
            yield self.get.resting() | {
                self._menu: self.menu_at(name), self.get.start: gr.Button(t("Use it"), visible=True),
                self.about: note(t("{model} is here now, and chosen.", model=title)),
            }  # fmt: skip


def about(spec: ModelSpec) -> str:
    """Return what a visitor should know before a model is downloaded: what it is, size, source, licence, cost."""
    origin = source(spec) or spec
    size, commit = _megabytes(spec), (origin.revision or "")[:12]
    known = {"repo": origin.repo_id, "commit": commit, "licence": origin.licence}
    if size:
        told = t("{size} from {repo} at {commit}, licence {licence}.", size=size, **known)
    else:
        told = t("Size unknown, from {repo} at {commit}, licence {licence}.", **known)
    sentences = [t_text(spec.summary), told, t_text(spec.cost)]
    if origin is not spec:
        sentences.append(t_text(origin.cost))
    if spec.extra:
        sentences.append(t("Needs the package {package}.", package=spec.extra))
    return ("" if chinese() else " ").join(sentence for sentence in sentences if sentence)


def _megabytes(spec: ModelSpec) -> str:
    size = (source(spec) or spec).size
    return "" if size is None else f"{size / 1e6:.0f} MB"


def _named(choice: str | None) -> str:
    """Return the model that is chosen; raises OptionError where none is."""
    if choice is None:
        raise OptionError("No model is chosen yet; choose one first.")
    return choice


def _bar(done: int, total: int) -> str:
    if not total:
        return progress(None, t("Asking the Hub"))
    if done >= total:
        return progress(None, t("Checking and loading it"))
    if total > done + 1:
        return progress(done / total, t("{done} of {total} MB", done=f"{done / 1e6:.0f}", total=f"{total / 1e6:.0f}"))
    return progress(None, f"{done / 1e6:.0f} MB")

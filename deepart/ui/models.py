"""The models of a task, as a choice on the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from deepart.cache import Studio
from deepart.errors import OptionError
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.style_fast import FastPainter
from deepart.pipelines.style_fine import FinePainter
from deepart.registry import FEATURES, ModelSpec, get_spec, list_models
from deepart.ui.i18n import chinese, t, translate
from deepart.ui.inputs import AT_ONCE
from deepart.ui.jobs import Callback, Jobs, Step
from deepart.ui.run import Changes, RunButton, note


def specs_of(task: str) -> list[ModelSpec]:
    """Return the registered models of a task, its default first."""
    specs = [get_spec(task, name) for name in list_models(task) if isinstance(name, str)]
    return sorted(specs, key=lambda spec: not spec.default)


def source(spec: ModelSpec) -> ModelSpec | None:
    """Return the record whose files come from the Hub: the model itself, or its features; None for one of ours."""
    features = get_spec(FEATURES, spec.features) if spec.features else None
    return next((one for one in (spec, features) if one is not None and one.repo_id is not None), None)


def offered(task: str, others: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return titles and names of the models that need no download; others: those that are not registered."""
    return [(spec.title, spec.name) for spec in specs_of(task) if spec.here] + [(name, name) for name in others]


def title_of(task: str, name: str) -> str:
    """Return what a model is called on the page: its title, or its own name where it is not registered."""
    return get_spec(task, name).title if name in list_models(task) else name


def summary_of(task: str, name: str) -> str:
    """Return one line about a model."""
    return translate(get_spec(task, name).summary) if name in list_models(task) else t("The model {name}.", name=name)


def model_menu(task: str, name: str, others: Sequence[str] = ()) -> gr.Radio:
    """Return the choice of a model, which nobody sees where there is only one. name: its id. others: see offered()."""
    choices = offered(task, others)
    return gr.Radio(
        choices, value=choices[0][1], label="Model", show_label=False, container=False, visible=len(choices) > 1,
        elem_id=name,
    )  # fmt: skip


# Pixels of the longer side that the page begins with, for one pass and for dozens, on a processor. On a card all is
# there in a moment; but a picture of 4096 pixels has 30 megabytes.
_BEGIN = {True: 768, False: 512}
_BEGIN_ON_CARD = 1024


class MoreModels:
    """The models of one task that have to be downloaded, and the menu that they go into."""

    def __init__(self, task: str, studio: Studio, jobs: Jobs, menu: gr.Radio) -> None:
        self._task, self._studio, self._jobs, self._menu = task, studio, jobs, menu
        self._others = studio.added(task)  # models that are not registered, and that every visitor may see
        prefix = f"{task}-more"
        specs = [spec for spec in specs_of(task) if source(spec) is not None]
        with gr.Accordion("More models from the Hugging Face Hub", open=False, elem_id=prefix, visible=bool(specs)):
            self.choice = gr.Radio(
                [(spec.title, spec.name) for spec in specs], label="Model of the Hub", show_label=False,
                container=False, elem_id=f"{prefix}-choice",
            )  # fmt: skip
            hint = note("Choose one to see how large it is, and under which licence.")
            self.about = gr.HTML(hint, elem_id=f"{prefix}-about")
            self.get = RunButton("Get it", f"{prefix}-", "get")
            self.get.lay_status(
                "Made by others. Each is downloaded once and checked; then it runs on this machine like ours."
            )

    def wire(self, app: gr.Blocks) -> Any:
        """Connect it, and return the event that succeeds when a new model is chosen in the menu."""
        app.load(self.menu_at, None, self._menu, **AT_ONCE)  # with what other visitors have downloaded
        self.choice.input(self._describe, self.choice, [self.about, self.get.start], **AT_ONCE)
        # Beside the work of others: it needs the network, and hardly the machine.
        fetched: Any = self.get.wire(
            self._jobs, self._fetch, [self.choice], [self._menu, self.about, self.get.start], beside=True
        )
        return fetched

    def menu_at(self, name: str | None = None) -> gr.Radio:
        """Return the menu with all that is here by now, and one chosen; None: the choice stays."""
        choices = offered(self._task, self._others)
        chosen: dict[str, Any] = {} if name is None else {"value": name}
        return gr.Radio(choices, visible=len(choices) > 1, **chosen)

    def _describe(self, name: str) -> Changes:
        spec = get_spec(self._task, name)
        size = _megabytes(spec)
        words = t("Use it") if spec.here else t("Get it, {size}", size=size) if size else t("Get it")
        return {self.about: note(about_model(spec)), self.get.start: gr.Button(words)}

    def _fetch(self, name: str | None, request: gr.Request) -> Iterator[Changes]:
        def work(callback: Callback) -> str:
            if name is None:
                raise OptionError("No model is chosen yet; choose one first.")
            # A step short of the last while it comes, so that a wish to stop is heard.
            self._studio.fetch(self._task, name, lambda done, total: callback(done, total or done + 1, None))
            getattr(self._studio, self._task)(name)  # a file that does not fit is told now, not at the first use
            return name

        step = yield from self.get.stream(request, work, _downloading, beside=True)
        if step.made is None:
            yield {self.about: note(t("The download was stopped, and nothing of it stays."))}
            raise gr.Error(visible=False, print_exception=False)  # no success, and no mistake either
        title = translate(title_of(self._task, step.made))
        yield {
            self._menu: self.menu_at(step.made), self.get.start: gr.Button(t("Use it")),
            self.about: note(t("{model} is here now, and chosen.", model=title)),
        }  # fmt: skip


def about_model(spec: ModelSpec) -> str:
    """Return what a visitor should know before a model is downloaded: what it is, size, source, licence, cost."""
    origin = source(spec) or spec
    size, commit = _megabytes(spec), (origin.revision or "")[:12]
    known = {"repo": origin.repo_id, "commit": commit, "licence": origin.licence}
    if size:
        told = t("{size} from {repo} at {commit}, licence {licence}.", size=size, **known)
    else:
        told = t("Size unknown, from {repo} at {commit}, licence {licence}.", **known)
    sentences = [translate(spec.summary), told, translate(spec.cost)]
    if origin is not spec:
        sentences.append(translate(origin.cost))
    if spec.extra:
        sentences.append(t("Needs the package {package}.", package=spec.extra))
    return ("" if chinese() else " ").join(sentence for sentence in sentences if sentence)


def _megabytes(spec: ModelSpec) -> str:
    size = (source(spec) or spec).size
    return "" if size is None else f"{size / 1e6:.0f} MB"


def _downloading(step: Step[str]) -> str:
    done, total = f"{step.step / 1e6:.0f}", f"{step.total / 1e6:.0f}"
    if not step.total:
        return t("Asking the Hub")
    if step.step >= step.total:
        return t("Checking and loading it")
    return t("{done} of {total} MB", done=done, total=total) if step.total > step.step + 1 else f"{done} MB"


def loading(studio: Studio, task: str, name: str) -> str:
    """Return what the page says while a model is loaded for its first use; empty where it is in memory."""
    return "" if studio.is_loaded(task, name) else t("Loading the model, only this once")


@dataclass(frozen=True)
class StyleModel:
    """A style model: name and title, whether it paints in one pass, the largest side, whether it comes with us."""

    name: str
    title: str
    one_pass: bool
    max_side: int
    ours: bool = True

    @property
    def sentence(self) -> str:
        """What a visitor should know before choosing it."""
        if self.one_pass:
            return f"{self.title} answers at once, and paints large pictures too."
        return f"{self.title} works the picture out step by step, in some seconds."

    def size(self, device: str, wished: int | None = None) -> int:
        """Return the size that the page shows for it: what the visitor wished, as far as it goes, else its own."""
        own = _BEGIN[self.one_pass] if device == "cpu" else _BEGIN_ON_CARD
        return own if wished is None else min(wished, self.max_side)


def style_models() -> dict[str, StyleModel]:
    """Return the ways by name in the order of the menu: the default first, then as registered."""
    ways = {}
    for spec in specs_of("style"):
        one_pass = spec.network != "Gatys"  # the only one that optimises
        painter = FastPainter if one_pass else FinePainter
        ways[spec.name] = StyleModel(spec.name, spec.title, one_pass, painter.max_side, source(spec) is None)
    return ways


def style_model_of(pipeline: StyleTransferPipeline) -> StyleModel:
    """Return the way of a model that is not registered."""
    return StyleModel(pipeline.name, pipeline.name, pipeline.one_pass, pipeline.max_side, ours=False)

"""The known models, one record each in models.json: what to build, where its files are, their licence, their recipe.

Menus, the table in docs/models.md and the tests are made from this list.
"""

import difflib
import hashlib
import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deepart import checkpoint, hub
from deepart.checks import shown
from deepart.errors import OptionError, Phrase, UnknownModelError, UnsupportedError
from deepart.hub import ModelFile

TASKS = ("gan", "vae", "style")  # the tasks that have a pipeline
FEATURES = "features"  # networks that others measure pictures with


@dataclass(frozen=True)
class ModelSpec:
    """A known model.

    task, name: its key. title, summary: a word or two for the menu, and one line under it.
    licence: SPDX name of the licence of the weights.
    files: what to load, checked before the first use; they are in weights/<task>-<name>, or in the Hub repository
    repo_id at the commit `revision`.
    recipe: path of the script that made the files.
    features: name of the features model that it needs.
    network: class name of the network, for a model without a config.json of ours among its files; else "".
    cost: a sentence about time or memory that a visitor should read before choosing it; else "".
    extra: name of the optional package that it needs; else "".
    default: whether it is the one that its task takes when no name is given.
    """

    task: str
    name: str
    title: str
    summary: str
    licence: str
    files: tuple[ModelFile, ...]
    repo_id: str | None = None
    revision: str | None = None
    recipe: str = ""
    features: str | None = None
    network: str = ""
    cost: str = ""
    extra: str = ""
    default: bool = False

    @property
    def size(self) -> int | None:
        """Bytes of its files together; None where the size of one is not known."""
        return hub.total(file.size for file in self.files)

    @property
    def here(self) -> bool:
        """Whether it needs no download, that of its features included. Makes no request."""
        return all(hub.present(*_place(part)) for part in self.parts)

    @property
    def parts(self) -> list["ModelSpec"]:
        """What of it and its features has files."""
        both = [self] if self.features is None else [self, get_spec(FEATURES, self.features)]
        return [part for part in both if part.files]


_RECORDS = json.loads(Path(__file__).with_name("models.json").read_text("utf-8"))
_SPECS = (ModelSpec(**one | {"files": tuple(ModelFile(**file) for file in one["files"])}) for one in _RECORDS)
REGISTRY: Mapping[tuple[str, str], ModelSpec] = MappingProxyType({(spec.task, spec.name): spec for spec in _SPECS})


@dataclass(frozen=True)
class Located:
    """Where a model is, once its files are there and checked.

    name: the registered name, the folder's own name, or the Hub repository id.
    version: twelve hexadecimal digits that change with the weights: of their sha256, or of the Hub's commit.
    folder: the folder with its files; None for a model that is only its features.
    spec: the record of a registered model.
    """

    name: str
    version: str
    folder: Path | None = None
    spec: ModelSpec | None = None

    def read_config(self) -> dict[str, Any]:
        """Return the config: the one in the folder, or task and class of a registered model that has none of ours."""
        if self.spec is not None and self.spec.network:
            return {"task": self.spec.task, "class": self.spec.network}
        return checkpoint.read_config(self.folder or Path())


def list_models(task: str | None = None) -> list[str] | list[tuple[str, str]]:
    """Return the names of a task's models; for None all (task, name) of the tasks that have a pipeline."""
    if task is None:
        return [key for key in REGISTRY if key[0] in TASKS]
    _check_task(task)
    return [name for known, name in REGISTRY if known == task]


def get_spec(task: str, name: str | None = None) -> ModelSpec:
    """Return the record of a registered model, for no name the task's default; raises UnknownModelError."""
    _check_task(task)
    names = [known for kind, known in REGISTRY if kind == task]
    if not (name is None or isinstance(name, str)):
        raise OptionError("The model is {name}; it must be a name.", name=shown(name))
    if name is None:
        return next(spec for spec in REGISTRY.values() if spec.task == task and spec.default)
    if (task, name) in REGISTRY:
        return REGISTRY[task, name]
    close = difflib.get_close_matches(name, names, 1)
    others = [kind for kind, known in REGISTRY if known == name]
    hint: str = "."
    if close:
        hint = Phrase("; did you mean {name!r}?", name=close[0])
    elif others:
        hint = Phrase(", but a {task} model of that name.", task=others[0])
    raise UnknownModelError(
        "There is no {task} model {name!r}{hint} Known: {known}.",
        task=task, name=name, hint=hint, known=", ".join(names) or "none",
    )  # fmt: skip


def _check_task(task: str) -> None:
    if task not in (*TASKS, FEATURES):
        raise OptionError(
            "The task is {task}; it must be one of {known}.", task=shown(task), known=", ".join((*TASKS, FEATURES))
        )


def fetch(spec: ModelSpec, progress: hub.Progress | None = None) -> None:
    """Make sure that a model's files are here and checked, those of its features included; loads nothing.

    progress: see hub.Progress; the next try begins with the first file that is not whole. Raises UnsupportedError,
    before anything is downloaded, when a package that the model needs is not installed, and WeightsError.
    """
    _check_extra(spec)
    absent = [part for part in spec.parts if not hub.present(*_place(part))]
    needed = absent or spec.parts  # what is here already is no part of the progress, unless there is nothing else
    counts = [(0, part.size) for part in needed]

    def report(index: int, done: int, total: int | None) -> None:
        counts[index] = (done, total)
        if progress is not None:
            progress(sum(count for count, _ in counts), hub.total(size for _, size in counts))

    for index, part in enumerate(needed):
        notify = partial(report, index)
        notify(0, part.size)
        hub.find(*_place(part), notify if progress is not None else None)
        size = part.size if part.size is not None else counts[index][1]
        notify(size or 0, size)


def locate(task: str, name: str | os.PathLike[str] | None = None) -> Located:
    """Return where a model is, after its files are there and checked.

    name: None for the task's default; a registered name; a local folder that save_pretrained made; or a Hub repository
    id, "org/name" or "org/name@revision". They are tried in this order; a path object is always a folder. Raises
    UnknownModelError when it is none of these, WeightsError for files that are missing or damaged, UnsupportedError
    before a download when a package that the model needs is not installed.
    """
    _check_task(task)
    if name is None or (isinstance(name, str) and (task, name) in REGISTRY):
        return _registered(get_spec(task, name))
    text = os.fspath(name) if isinstance(name, str | os.PathLike) else None
    if not isinstance(text, str):
        raise OptionError("The model is {name}; it must be a name, a folder or a Hub repository id.", name=shown(name))
    path = os.path.expanduser(text)
    if os.path.isdir(path):
        folder = Path(path).resolve()
        return Located(folder.name, checkpoint.digest(folder / checkpoint.TENSORS)[:12], folder)
    if os.path.isfile(path):
        raise UnknownModelError(
            "{path!r} is a file; give the folder that holds {config} and {tensors}.",
            path=path, config=checkpoint.CONFIG, tensors=checkpoint.TENSORS,
        )  # fmt: skip
    repo = hub.parse_repo(text) if isinstance(name, str) else None
    if repo is not None:
        folder = hub.fetch(*repo)
        return Located(repo[0], folder.name[:12], folder)
    if not isinstance(name, str) or any(mark in text for mark in "/\\") or text.startswith((".", "~")):
        raise UnknownModelError(
            "There is no folder {path!r}; give one, or a name, or a Hub repository id like org/name.", path=path
        )
    return _registered(get_spec(task, name))


def _check_extra(spec: ModelSpec) -> None:
    if spec.extra and importlib.util.find_spec(spec.extra) is None:
        raise UnsupportedError(
            "This model needs the package {package}; install it with 'pip install {package}'.", package=spec.extra
        )


def _registered(spec: ModelSpec) -> Located:
    _check_extra(spec)
    folder = hub.find(*_place(spec)) if spec.files else None
    return Located(spec.name, version(spec), folder, spec)


def _place(spec: ModelSpec) -> tuple[str, str, tuple[ModelFile, ...], str | None, str | None]:
    """Return where the files of a model are, as hub.find() and hub.present() take it."""
    return spec.task, spec.name, spec.files, spec.repo_id, spec.revision


def version(spec: ModelSpec) -> str:
    """Return twelve hexadecimal digits that change with a model's weights; without any, with those of its features."""
    sums = [file.sha256 for file in spec.files if file.name != checkpoint.CONFIG]
    if not sums and spec.features is not None:
        return version(get_spec(FEATURES, spec.features))
    return (sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest())[:12]

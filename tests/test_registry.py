import dataclasses
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from loopback_hub import LoopbackHub
from safetensors.torch import save

from deepart import checkpoint, hub, registry
from deepart.errors import OptionError, UnknownModelError, WeightsError
from deepart.hub import ModelFile
from deepart.registry import REGISTRY, Located, ModelSpec

ROOT = Path(hub.__file__).parent.parent
TENSORS = save({"weight": torch.ones(2)})
SHA = hashlib.sha256(TENSORS).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "cache"))


def register(monkeypatch: pytest.MonkeyPatch, *specs: ModelSpec) -> None:
    """Add records before the known ones: of two defaults the first counts."""
    monkeypatch.setattr(registry, "REGISTRY", {(spec.task, spec.name): spec for spec in specs} | dict(REGISTRY))


def make_spec(**changes: Any) -> ModelSpec:
    files = (
        ModelFile("config.json", 2, hashlib.sha256(b"{}").hexdigest()),
        ModelFile("model.safetensors", len(TENSORS), SHA),
    )
    spec = ModelSpec("gan", "tiny", "Tiny", "A tiny one.", "MIT", files, recipe="recipes/make_tiny.py", default=True)
    return dataclasses.replace(spec, **changes)


# --- The records


@pytest.mark.parametrize("spec", REGISTRY.values(), ids=lambda spec: f"{spec.task}-{spec.name}")
def test_record_is_well_formed(spec: ModelSpec) -> None:
    assert REGISTRY[spec.task, spec.name] is spec
    assert spec.task in (*registry.TASKS, registry.FEATURES)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", spec.name)
    assert spec.title
    assert spec.summary.endswith(".")
    assert "\n" not in spec.summary
    assert spec.licence
    theirs = spec.repo_id is not None  # in a layout that is not ours
    assert bool(spec.network) == (theirs or not spec.files)
    assert theirs or checkpoint.CONFIG in [file.name for file in spec.files] or not spec.files
    assert spec.files or spec.features
    for file in spec.files:
        assert Path(file.name).name == file.name
        assert (file.size is None and theirs) or (file.size or 0) > 0
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
    assert (spec.repo_id is None) == (spec.revision is None)
    if spec.repo_id is not None:
        assert hub.parse_repo(spec.repo_id) == (spec.repo_id, None)
        assert re.fullmatch(r"[0-9a-f]{40}", spec.revision or "")
    assert not spec.recipe or (ROOT / spec.recipe).is_file()
    if spec.features is not None:
        assert (registry.FEATURES, spec.features) in REGISTRY
    assert re.fullmatch(r"[0-9a-f]{12}", registry.version(spec))


def test_a_task_with_models_has_one_default() -> None:
    for task in {task for task, _ in REGISTRY}:
        assert [spec.task for spec in REGISTRY.values() if spec.task == task and spec.default] == [task]


@pytest.mark.parametrize(
    "spec", [spec for spec in REGISTRY.values() if spec.files and spec.repo_id is None], ids=lambda spec: spec.name
)
def test_files_in_the_repository_are_the_registered_ones(spec: ModelSpec) -> None:
    folder = ROOT / "weights" / f"{spec.task}-{spec.name}"
    assert {file.name: (file.size, file.sha256) for file in spec.files} == {
        file.name: ((folder / file.name).stat().st_size, checkpoint.digest(folder / file.name)) for file in spec.files
    }
    card = (folder / checkpoint.CARD).read_text("utf-8")
    assert f"license: {spec.licence.lower()}" in card
    assert spec.recipe in card


# --- Lists


def test_lists() -> None:
    assert registry.list_models("style") == ["fast", "fine", "fine-vgg19"]
    assert registry.list_models("features") == ["slim", "vgg19"]
    everything = registry.list_models()
    assert ("style", "fine") in everything
    assert everything == [(task, name) for task in registry.TASKS for name in registry.list_models(task)]


@pytest.mark.parametrize("task", ["", "styles", "GAN", 3])
def test_unknown_task(task: Any) -> None:
    for call in (registry.list_models, registry.get_spec, registry.locate):
        with pytest.raises(OptionError, match="it must be one of gan, vae, style, features"):
            call(task)


@pytest.mark.parametrize(
    ("task", "name", "words"),
    [
        ("style", "fien", "There is no style model 'fien'; did you mean 'fine'? Known: fine."),
        ("style", "watercolour", "There is no style model 'watercolour'. Known: fine."),
        ("gan", "fine", "There is no gan model 'fine', but a style model of that name. Known: none."),
        ("style", "", "There is no style model ''. Known: fine."),
    ],
)
def test_unknown_name(task: str, name: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "REGISTRY", {("style", "fine"): REGISTRY["style", "fine"]})
    for call in (registry.get_spec, registry.locate):
        with pytest.raises(UnknownModelError) as caught:
            call(task, name)
        assert str(caught.value) == words


# --- Where a model is


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "mine"
    path.mkdir(parents=True)
    (path / "config.json").write_text('{"task": "style"}')
    (path / "model.safetensors").write_bytes(TENSORS)
    return path


def test_registered_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    spec = make_spec()
    register(monkeypatch, spec)
    monkeypatch.setenv("DEEPART_WEIGHTS", str(tmp_path / "weights"))
    for call in (lambda: registry.locate("gan"), lambda: registry.locate("gan", "tiny")):
        with pytest.raises(WeightsError, match="git checkout -- weights/gan-tiny"):
            call()
    home = tmp_path / "weights" / "gan-tiny"
    home.mkdir(parents=True)
    (home / "config.json").write_text("{}")
    (home / "model.safetensors").write_bytes(TENSORS)
    assert registry.locate("gan") == registry.locate("gan", "tiny") == Located("tiny", SHA[:12], home, spec)


def test_model_that_is_only_its_features() -> None:
    located = registry.locate("style", "fine")
    features = REGISTRY["features", "slim"].files[1].sha256[:12]
    assert located == Located("fine", features, None, REGISTRY["style", "fine"])
    assert located.read_config() == {"task": "style", "class": "Gatys"}


def test_local_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Located("mine", SHA[:12], folder)
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("HOME", str(folder.parent))
    for name in (folder, str(folder), "mine", "./mine", Path("mine"), "../models/mine", "~/mine", f"{folder}/"):
        assert registry.locate("style", name) == wanted
    assert wanted.read_config() == {"task": "style"}


def test_registered_name_before_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert registry.locate("style", "fine").folder is None
    with pytest.raises(WeightsError, match=r"fine/model\.safetensors is missing"):
        registry.locate("style", Path("fine"))


@pytest.mark.parametrize(
    "name",
    ["../x", "a/..", "a/b/c", "/no/such/folder", "./x", "~/x", "..\\x", "a\\b", "a//b", "org/name@", Path("gone"),
     Path("org/name"), "a/b\0", "x" * 5000 + "/y"],
)  # fmt: skip
def test_no_such_folder(name: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UnknownModelError, match=r"There is no folder .*; give one, or a name, or a Hub repository id"):
        registry.locate("style", name)


def test_hub_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {"config.json": b'{"task": "style"}', "model.safetensors": TENSORS}
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path):
        server.add("org/name", "d" * 40, contents)
        server.add("org/name", "e" * 40, contents, branch="v2")
        located = registry.locate("style", "org/name")
        assert (located.name, located.version, located.spec) == ("org/name", "d" * 12, None)
        assert located.read_config() == {"task": "style"}
        assert registry.locate("style", "org/name@v2").version == "e" * 12
        with pytest.raises(UnknownModelError, match="no Hub repository org/other"):
            registry.locate("style", "org/other")

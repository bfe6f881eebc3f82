import hashlib
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import torch
from loopback_hub import LoopbackHub
from running_page import tiny_landscapes

from deepart import Studio, StyleTransferPipeline, cache, checkpoint, memory, registry
from deepart.errors import DeepArtError, MemoryLimitError, OptionError, UnknownModelError
from deepart.hub import ModelFile
from deepart.pipelines.base import Pipeline, oom_guard
from deepart.registry import ModelSpec


def test_a_pipeline_is_loaded_once_on_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    load = StyleTransferPipeline.from_pretrained.__func__

    def count(cls: type, name: str, **options: Any) -> StyleTransferPipeline:
        loads.append(name)
        time.sleep(0.05)  # wide enough for the other threads to come in between
        return load(cls, name, **options)

    monkeypatch.setattr(StyleTransferPipeline, "from_pretrained", classmethod(count))
    studio = Studio(device="cpu")
    assert loads == []
    found: list[StyleTransferPipeline] = []
    threads = [threading.Thread(target=lambda: found.append(studio.style("fine"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == ["fine"]
    assert len(found) == 4
    assert all(pipeline is studio.style() for pipeline in found)


def test_mistakes_get_a_sentence() -> None:
    with pytest.raises(UnknownModelError, match="did you mean 'fine'"):
        Studio(device="cpu").style("fien")
    with pytest.raises(OptionError, match="The model is 5; it must be a name"):
        Studio(device="cpu").style(5)
    with pytest.raises(OptionError, match="The memory limit is -1"):
        Studio(device="cpu", memory_limit=-1)


# ---------------------------------------------------------------------------------------------------------- the memory


class Heavy(StyleTransferPipeline):
    """A pipeline of 100 bytes that holds itself, as a pipeline does whose parts know it."""

    nbytes = 100
    loads: list[str]
    failing: list[str]  # loads of these names run out of memory, as often as they stand here

    def __init__(self, name: str) -> None:
        self.called = name
        self.itself = self

    @classmethod
    def from_pretrained(cls, name: str, *, device: torch.device) -> Self:
        cls.loads.append(name)
        with oom_guard(device, f"loading the model {name!r}"):
            if name in cls.failing:
                cls.failing.remove(name)
                raise torch.OutOfMemoryError("CUDA out of memory")
        return cls(name)

    def paint(self, lacks: list[int]) -> str:
        """Paint, once memory no longer lacks; lacks: one number for each time it does."""
        with oom_guard(torch.device("cpu"), "painting"):
            if lacks:
                lacks.pop()
                raise torch.OutOfMemoryError("CUDA out of memory")
        return f"painted by {self.called}"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[str], Heavy]]:
    """Return what makes a studio of Heavy models a, b, c, d (files of 100 bytes each) and returns its way to one."""
    monkeypatch.setattr(Heavy, "loads", [], raising=False)
    monkeypatch.setattr(Heavy, "failing", [], raising=False)
    records = {
        ("style", name): ModelSpec("style", name, name, name, "MIT", (ModelFile("x", 100, "0" * 64),))
        for name in "abcd"
    }
    monkeypatch.setattr(registry, "REGISTRY", dict(registry.REGISTRY) | records)

    def make(memory_limit: int) -> Callable[[str], Heavy]:
        heavy = Studio(device="cpu", memory_limit=memory_limit)
        return lambda name: heavy._get("style", name, Heavy)

    return make


def test_one_in_use_never_leaves(shop: Callable[..., Any]) -> None:
    get = shop(200)
    a = get("a")
    for name in "bcdbcd":
        get(name)
    assert get("a") is a
    assert Heavy.loads == ["a", "b", "c", "d", "b", "c", "d"]  # there was room for one beside it


def test_all_in_use_stay_over_the_limit_and_leave_later(shop: Callable[..., Any]) -> None:
    get = shop(100)
    held = [get(name) for name in "abc"]
    assert [get(name) for name in "abc"] == held
    held.clear()
    get("d")
    get("a")
    assert Heavy.loads == ["a", "b", "c", "d", "a"]


def test_room_is_made_before_a_model_is_loaded(shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    get = shop(100)
    first = weakref.ref(get("a"))
    seen: list[object] = []
    load = Heavy.from_pretrained.__func__

    def look(cls: type, name: str, *, device: torch.device) -> Heavy:
        seen.append(first())
        return load(cls, name, device=device)

    monkeypatch.setattr(Heavy, "from_pretrained", classmethod(look))
    get("b")
    assert seen == [None]


def test_what_a_pipeline_loads_later_counts(shop: Callable[..., Any]) -> None:
    get = shop(200)
    get("a").nbytes = 150
    get("b")
    get("a")
    assert Heavy.loads == ["a", "b", "a"]  # with b it was too much
    get("a").nbytes = 150
    get("a")
    get("b")
    get("b")
    assert Heavy.loads == ["a", "b", "a", "b"]


def test_a_lack_of_memory_frees_those_not_in_use_and_the_job_is_done_again(
    shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[str] = []
    monkeypatch.setattr(memory, "give_back", lambda device: given_back.append(device.type))
    get = shop(1000)
    a, b = get("a"), get("b")
    idle = weakref.ref(get("c"))
    assert a.paint([1]) == "painted by a"
    assert idle() is None
    assert given_back == ["cpu"]
    assert get("b") is b
    get("c")
    assert Heavy.loads == ["a", "b", "c", "c"]


def test_a_model_that_does_not_fit_is_loaded_after_the_others_have_left(shop: Callable[..., Any]) -> None:
    get = shop(1000)
    idle = weakref.ref(get("a"))
    Heavy.failing += ["b"]
    assert get("b").called == "b"
    assert idle() is None
    assert Heavy.loads == ["a", "b", "b"]
    Heavy.failing += ["c", "c", "c"]
    with pytest.raises(MemoryLimitError, match="ran out of memory loading the model 'c'; close other programs"):
        get("c")
    assert Heavy.failing == ["c"]
    Heavy.failing.clear()
    assert get("c").called == "c"


def test_the_limit_is_what_the_machine_has_unless_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache.memory, "weights_bound", lambda device: {"cpu": 12345}[device.type])
    assert Studio(device="cpu").memory_limit == 12345
    assert Studio(device="cpu", memory_limit=5).memory_limit == 5


# ------------------------------------------------------------------------------------------------------------- visitors


def test_visitors_of_different_models_do_not_wait_for_each_other(
    shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    get = shop(1000)
    slow, begun = threading.Event(), threading.Event()
    load = Heavy.from_pretrained.__func__

    def wait(cls: type, name: str, *, device: torch.device) -> Heavy:
        if name == "a":
            begun.set()
            assert slow.wait(20)
        return load(cls, name, device=device)

    monkeypatch.setattr(Heavy, "from_pretrained", classmethod(wait))
    found: list[Pipeline] = []
    threads = [threading.Thread(target=lambda: found.append(get("a"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(20)
    assert get("b").called == "b"
    assert found == []
    slow.set()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(map(id, found))) == 1
    assert Heavy.loads == ["b", "a"]


BODY = bytes(10_000)


def far(monkeypatch: pytest.MonkeyPatch) -> ModelSpec:
    """Register a style model whose file is on the Hub."""
    files = (ModelFile("model.bin", len(BODY), hashlib.sha256(BODY).hexdigest()),)
    record = ModelSpec("style", "far", "Far", "Far.", "MIT", files, repo_id="org/far", revision="a" * 40, network="Far")
    monkeypatch.setattr(registry, "REGISTRY", dict(registry.REGISTRY) | {("style", "far"): record})
    return record


def test_a_model_is_fetched_without_being_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "cache"))
    record, told = far(monkeypatch), []
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path / "home"):
        server.add("org/far", "a" * 40, {"model.bin": BODY})
        kept = Studio(device="cpu")
        kept.fetch("style", "far", lambda done, total: told.append((done, total)))
        assert record.here
        assert (told[0], told[-1]) == ((0, len(BODY)), (len(BODY), len(BODY)))
        assert not kept._kept
    with pytest.raises(UnknownModelError):
        kept.fetch("style", "near")
    with pytest.raises(OptionError):
        kept.fetch("music")


def test_two_visitors_choosing_a_model_of_the_hub_cause_one_download_and_one_load(
    shop: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "cache"))
    far(monkeypatch)
    get = shop(100_000)
    far(monkeypatch)
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path / "home"):
        server.add("org/far", "a" * 40, {"model.bin": BODY})
        server.hold.clear()
        found: list[Pipeline] = []
        threads = [threading.Thread(target=lambda: found.append(get("far"))) for _ in range(2)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 20
        while not server.requests and time.monotonic() < end:
            time.sleep(0.005)
        assert get("a").called == "a"  # somebody else does not wait for the download
        server.hold.set()
        for thread in threads:
            thread.join()
        assert server.count("GET") == 1
    assert found[0] is found[1]
    assert Heavy.loads == ["a", "far"]


# -------------------------------------------------------------------------------------------------- models of one's own


REPO, COMMIT, LATER = "org/mine", "a" * 40, "b" * 40


def saved(folder: Path, pipeline: Pipeline) -> dict[str, bytes]:
    """Save a pipeline into a folder, and return the files."""
    pipeline.save_pretrained(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A Hub with a tiny generator, and this process in an empty folder."""
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "cache"))
    files = saved(tmp_path / "saved", tiny_landscapes())
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path / "home"):
        server.add(REPO, COMMIT, files)
        yield server


def test_a_folder_is_added(tmp_path: Path) -> None:
    saved(tmp_path / "mine", tiny_landscapes())
    kept = Studio(device="cpu")
    assert kept.add("gan", str(tmp_path / "mine")) == "mine"
    assert kept.add("gan", str(tmp_path / "mine")) == "mine"
    assert (kept.added("gan"), kept.added("vae"), kept.added("style")) == (["mine"], [], [])
    assert kept.gan("mine").name == "mine"
    assert kept.gan("mine") is kept.gan("mine")
    assert kept.gan("mine").generate()[0].tobytes() == tiny_landscapes().generate()[0].tobytes()
    told: list[tuple[int, int | None]] = []
    kept.fetch("gan", "mine", lambda done, total: told.append((done, total)))
    size = sum((tmp_path / "mine" / name).stat().st_size for name in checkpoint.FILES)
    assert told == [(size, size)]
    with pytest.raises(UnknownModelError, match="There is no vae model 'mine'"):
        kept.vae("mine")


def test_a_repository_is_added_and_stays_at_its_commit(loopback: LoopbackHub) -> None:
    kept = Studio(device="cpu")
    assert kept.add("gan", REPO) == REPO
    assert kept.added("gan") == [REPO]
    loopback.add(REPO, LATER, loopback.repos[REPO][COMMIT])
    kept._kept.clear()  # as when others needed the room
    loopback.close()
    assert kept.gan(REPO).version == COMMIT[:12]


def test_what_is_no_model_is_not_added(tmp_path: Path) -> None:
    saved(tmp_path / "generator", tiny_landscapes())
    (tmp_path / "empty").mkdir()
    saved(tmp_path / "damaged", tiny_landscapes())
    (tmp_path / "damaged" / checkpoint.TENSORS).write_bytes(b"no tensors")
    kept = Studio(device="cpu")
    for task, name, sentence in (
        ("gan", "empty", r"model\.safetensors is missing"),
        ("gan", "nowhere", "There is no folder "),
        ("gan", f"generator/{checkpoint.CONFIG}", "is a file; give the folder"),
        ("gan", "damaged", "is damaged, or holds more than tensors"),
        ("vae", "generator", "is for the task 'gan'; this needs a vae model"),
        ("music", "generator", "The task is 'music'"),
    ):
        with pytest.raises(DeepArtError, match=sentence):
            kept.add(task, str(tmp_path / name))
    assert [kept.added(task) for task in ("gan", "vae", "style", "music")] == [[], [], [], []]


@pytest.mark.parametrize("task", ["gan", "vae", "style"])
def test_a_visitor_reaches_no_folder(loopback: LoopbackHub, tmp_path: Path, task: str) -> None:
    # Folders with a model in them, one of them where a repository's name would lead, seen from here.
    folder = tmp_path / "saved"
    shutil.copytree(folder, Path("org/folder"))
    names = [str(folder), f"{folder}/", "./org/folder", "../saved", "~/saved", "../../etc", "/root", "a/b/../c",
             "org/..", "org/folder/.", "org\\folder", "org/folder\n", "org/folder\0", f"{REPO}@{COMMIT}", REPO,
             "saved", "org/folder", ".", "..", "~", ""]  # fmt: skip
    kept = Studio(device="cpu")
    for name in names:
        with pytest.raises(UnknownModelError) as caught:
            getattr(kept, task)(name)
        with pytest.raises(UnknownModelError):
            kept.fetch(task, name)
        assert "\n" not in str(caught.value)
    assert loopback.requests == []


def test_what_was_used_longest_ago_leaves_when_others_need_the_room(shop: Callable[..., Any]) -> None:
    get = shop(200)
    for name in ("a", "b", "a", "c", "a", "b"):
        get(name)
    assert Heavy.loads == ["a", "b", "c", "b"]  # b had been waiting longest when c came


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    for place in ("one/mine", "other/mine", "portraits"):
        saved(tmp_path / place, tiny_landscapes())
    kept = Studio(device="cpu")
    kept.add("gan", str(tmp_path / "one/mine"))
    with pytest.raises(OptionError, match="There is a gan model 'mine' already; give the folder another name"):
        kept.add("gan", str(tmp_path / "other/mine"))
    with pytest.raises(OptionError, match="There is a gan model 'portraits' already; give the folder another name"):
        kept.add("gan", str(tmp_path / "portraits"))
    assert kept.added("gan") == ["mine"]

"""What a download tells while it runs, and what is left when somebody stops it."""

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback_hub import LoopbackHub
from running_page import until
from test_hub import leftovers

from deepart import hub, registry
from deepart.hub import ModelFile
from deepart.registry import ModelSpec

REPO, COMMIT, FEATURES_REPO = "org/name", "a" * 40, "org/features"
CHUNK = 1000
BODY = bytes(range(256)) * 40  # 10240 bytes: eleven chunks
CONTENTS = {"config.json": b"{}", "model.bin": BODY}
SIZE = sum(map(len, CONTENTS.values()))


class Enough(Exception):  # noqa: N818, it is what somebody wants
    """Somebody wants no more of it."""


def pin(name: str, body: bytes, sized: bool = True) -> ModelFile:
    return ModelFile(name, len(body) if sized else None, hashlib.sha256(body).hexdigest())


PINS = tuple(pin(name, body) for name, body in CONTENTS.items())


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DEEPART_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", CHUNK)


@pytest.fixture
def loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path / "home"):
        server.add(REPO, COMMIT, CONTENTS)
        server.add(FEATURES_REPO, COMMIT, {"features.bin": BODY})
        yield server


def spec(name: str = "far", files: tuple[ModelFile, ...] = PINS, features: str | None = None) -> ModelSpec:
    return ModelSpec(
        "gan", name, "Far", "Far away.", "MIT", files, repo_id=REPO, revision=COMMIT, features=features, network="Far"
    )


def far_features(monkeypatch: pytest.MonkeyPatch) -> None:
    record = ModelSpec(
        "features", "far", "Far", "Far away.", "MIT", (pin("features.bin", BODY),), repo_id=FEATURES_REPO,
        revision=COMMIT, network="VGGFeatures",
    )  # fmt: skip
    monkeypatch.setattr(registry, "REGISTRY", dict(registry.REGISTRY) | {("features", "far"): record})


def test_progress_rises_from_nothing_to_all(loopback: LoopbackHub) -> None:
    told: list[tuple[int, int | None]] = []
    registry.fetch(spec(), lambda done, total: told.append((done, total)))
    assert told[0] == (0, SIZE)
    assert told[-1] == (SIZE, SIZE)
    assert {total for _, total in told} == {SIZE}
    dones = [done for done, _ in told]
    assert dones == sorted(dones)
    assert len(set(dones)) >= SIZE // CHUNK
    assert spec().here


def test_an_unknown_size_is_learned(loopback: LoopbackHub) -> None:
    told: list[tuple[int, int | None]] = []
    record = spec(files=(pin("model.bin", BODY, sized=False),))
    registry.fetch(record, lambda done, total: told.append((done, total)))
    assert told[0] == (0, None)
    assert told[-1] == (len(BODY), len(BODY))
    assert all(total == len(BODY) for done, total in told if done)


def test_features_that_are_not_here_are_fetched_and_counted(
    loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    far_features(monkeypatch)
    told: list[tuple[int, int | None]] = []
    record = spec(features="far")
    registry.fetch(record, lambda done, total: told.append((done, total)))
    both = SIZE + len(BODY)
    assert (told[0], told[-1]) == ((0, both), (both, both))
    assert {total for _, total in told} == {both}
    assert record.here
    assert loopback.count("GET", "features.bin") == 1


@pytest.mark.parametrize("at", [0, 1, 5 * CHUNK, SIZE - 1])
def test_a_stopped_download_leaves_nothing_and_can_be_begun_again(
    loopback: LoopbackHub, tmp_path: Path, at: int
) -> None:
    def stop(done: int, total: int | None) -> None:
        if done >= at:
            raise Enough

    with pytest.raises(Enough):
        registry.fetch(spec(), stop)
    assert not spec().here
    assert leftovers(tmp_path) == []
    told: list[int] = []
    registry.fetch(spec(), lambda done, total: told.append(done))
    assert told[-1] == SIZE
    folder = hub.find("gan", "far", PINS, REPO, COMMIT)
    assert {name: (folder / name).read_bytes() for name in CONTENTS} == CONTENTS


def test_a_cut_line_is_resumed_without_counting_twice(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    loopback.cut["model.bin"] = 1
    told: list[int] = []
    registry.fetch(spec(), lambda done, total: told.append(done))
    assert told[-1] == max(told) == SIZE
    assert loopback.count("GET", "model.bin") == 2


def in_thread(work: object) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_two_visitors_cause_one_download_and_both_see_it(
    loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "_GLANCE", 0.01)
    first: list[tuple[int, int | None]] = []
    second: list[tuple[int, int | None]] = []
    halfway = threading.Event()

    def slowly(done: int, total: int | None) -> None:
        first.append((done, total))
        if done > SIZE // 2:
            assert halfway.wait(20)

    a = in_thread(lambda: registry.fetch(spec(), slowly))
    until(lambda: first and first[-1][0] > SIZE // 2)
    b = in_thread(lambda: registry.fetch(spec(), lambda done, total: second.append((done, total))))
    until(lambda: second and second[-1][0] > SIZE // 2)  # it sees what the first has come to
    halfway.set()
    a.join()
    b.join()
    assert (first[-1], second[-1]) == ((SIZE, SIZE), (SIZE, SIZE))
    assert second[0] == (0, SIZE)
    assert loopback.count("GET") == len(CONTENTS)


def test_who_waits_may_leave_without_stopping_the_other(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_GLANCE", 0.01)
    loopback.hold.clear()
    ended: list[str] = []
    a = in_thread(lambda: (registry.fetch(spec(), lambda done, total: None), ended.append("whole")))
    until(lambda: loopback.requests)
    calls: list[int] = []

    def leave(done: int, total: int | None) -> None:
        calls.append(done)
        if len(calls) > 3:
            raise Enough

    with pytest.raises(Enough):
        registry.fetch(spec(), leave)
    assert ended == []
    loopback.hold.set()
    a.join()
    assert ended == ["whole"]
    assert loopback.count("GET") == len(CONTENTS)


def test_who_waits_takes_over_when_the_other_leaves(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_GLANCE", 0.01)
    waiting = threading.Event()
    ended: list[object] = []

    def leave(done: int, total: int | None) -> None:
        if done > SIZE // 2:
            assert waiting.wait(20)
            raise Enough

    def try_to() -> None:
        try:
            registry.fetch(spec(), leave)
        except Enough as error:
            ended.append(error)

    a = in_thread(try_to)
    until(lambda: loopback.count("GET", "model.bin"))
    told: list[int] = []

    def watch(done: int, total: int | None) -> None:
        told.append(done)
        if len(told) > 3:
            waiting.set()

    registry.fetch(spec(), watch)
    a.join()
    assert isinstance(ended[0], Enough)
    assert told[-1] == SIZE
    assert loopback.count("GET", "model.bin") == 2

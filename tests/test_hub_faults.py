"""Models of the Hub that are not what they should be, and the variables by which Hub users steer the client."""

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from loopback_hub import LoopbackHub
from running_page import tiny_landscapes
from safetensors.torch import load, save
from test_hub import Payload, run

from deepart import GANPipeline, checkpoint
from deepart.errors import WeightsError

REPO, COMMIT = "org/name", "a" * 40


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a good repository."""
    folder = tmp_path_factory.mktemp("model")
    tiny_landscapes().save_pretrained(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def loopback(files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path / "home"):
        server.add(REPO, COMMIT, files)
        yield server


# ------------------------------------------------------------------------------------------- what is in a repository


Files = dict[str, bytes]


def configured(**changes: Any) -> Callable[[Files], Files]:
    def change(files: Files) -> Files:
        return files | {checkpoint.CONFIG: json.dumps(json.loads(files[checkpoint.CONFIG]) | changes).encode()}

    return change


def weighted(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Callable[[Files], Files]:
    return lambda files: files | {checkpoint.TENSORS: save(change(load(files[checkpoint.TENSORS])))}


def without_the_first(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name != min(tensors)}


def with_one_that_is(value: float) -> Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]:
    def change(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        name = max(name for name, tensor in tensors.items() if tensor.is_floating_point() and tensor.numel() > 1)
        tensors[name].view(-1)[-1] = value
        return tensors

    return change


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (configured(latent=7), "does not fit the network: "),
        (configured(latent=-1), r"config\.json do not make a network; save the model again"),
        (configured(latent=10**9), "it takes a value like"),  # refused before it takes the memory
        (configured(task="vae"), "is for the task 'vae'; this needs a gan model"),
        (configured(**{"class": "Other"}), "is for a network 'Other'; known for gan are: "),
        (lambda files: files | {checkpoint.CONFIG: b"{"}, r"config\.json is not JSON"),
        (weighted(without_the_first), "does not fit the network: it lacks "),
        (weighted(lambda tensors: tensors | {"surplus": torch.ones(1)}), "it has 'surplus' too many"),
        (weighted(with_one_that_is(float("nan"))), "are not finite; get it again"),
        (lambda files: files | {checkpoint.TENSORS: pickle.dumps(Payload(Path("it-ran")))}, "or holds more than tens"),
        (lambda files: {name: files[name] for name in files if name != checkpoint.TENSORS}, "does not exist at"),
        (lambda files: {name: files[name] for name in files if name != checkpoint.CONFIG}, "does not exist at"),
    ],
)  # fmt: skip
def test_a_bad_repository(
    loopback: LoopbackHub, files: Files, tmp_path: Path, harm: Callable[[Files], Files], words: str
) -> None:
    loopback.add(REPO, COMMIT, harm(files))
    with pytest.raises(WeightsError, match=words) as caught:
        GANPipeline.from_pretrained(REPO, device="cpu")
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not (tmp_path / "it-ran").exists()
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in left if name.endswith((".incomplete", ".part"))]
    # Once its owner has mended it, it loads: nothing of the bad one is in the way.
    loopback.add(REPO, "b" * 40, files)
    assert GANPipeline.from_pretrained(REPO, device="cpu").version == "b" * 12


# --------------------------------------------------------------------------------------------------------- variables


class Door:
    """A Hub that keeps the tokens it is shown, and opens a gated repository to one of them."""

    def __init__(self, server: LoopbackHub, token: str) -> None:
        self.shown: list[str | None] = []
        door, plain = self, server._server.RequestHandlerClass

        class Handler(plain):  # type: ignore[misc, valid-type]
            def _answer(self, with_body: bool) -> None:
                given = self.headers.get("Authorization")
                if "/resolve/" in self.path:  # not the client's own questions, which are nobody's
                    door.shown.append(given)
                if given != f"Bearer {token}":
                    return self._refuse(403, "GatedRepo")
                return super()._answer(with_body)

        server._server.RequestHandlerClass = Handler


def fetch(loopback: LoopbackHub, home: Path, **more: str) -> str:
    """Fetch the repository in a new process; return what it prints of the folder or the error."""
    code = f"try:\n    print(hub.fetch({REPO!r}).name)\nexcept hub.WeightsError as error:\n    print(error)"
    return run(f"from deepart import hub\n{code}", loopback, home, **more).stdout.strip()


def test_a_token_opens_a_gated_repository(loopback: LoopbackHub, tmp_path: Path) -> None:
    door = Door(loopback, "right")
    said = fetch(loopback, tmp_path / "a", HF_TOKEN="wrong")
    assert said.endswith("accept its terms on its page, then log in with 'hf auth login'.")
    assert set(door.shown) == {"Bearer wrong"}
    assert fetch(loopback, tmp_path / "a", HF_TOKEN="right") == COMMIT


def test_offline_forbids_every_request(loopback: LoopbackHub, tmp_path: Path) -> None:
    said = fetch(loopback, tmp_path / "a", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE forbids the download; unset it, or use another model." in said
    assert loopback.requests == []

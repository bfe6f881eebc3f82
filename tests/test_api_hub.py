"""Models of the Hub, called as strangers call them: what works, what goes wrong, and that the page works on."""

from __future__ import annotations

import itertools
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from loopback_hub import LoopbackHub, offer
from PIL import Image, ImageChops
from published_vaes import taesd_files
from running_page import (
    Page,
    free_port,
    serve,
    tiny_fine,
    tiny_landscapes,
    tiny_pictures_vae,
)
from safetensors.torch import load, save

from deepart import VAEPipeline, hub, load_image, registry, studio
from deepart.models.fast import Fast
from deepart.models.painter import Painter, PainterConfig
from deepart.pipelines.base import Pipeline
from deepart.pipelines.features import load_features
from deepart.pipelines.style import StyleTransferPipeline
from deepart.registry import Located

Files = dict[str, bytes]
COMMIT, LATER = "5" * 40, "6" * 40
FASTGAN = "fastgan-shells"


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.folder,)


@dataclass
class Offered:
    """A page that lets visitors load any repository, the Hub that it asks, and a client of the page."""

    page: Page
    hub: LoopbackHub
    client: Client
    folder: Path
    photo: Path
    good: dict[str, Files]  # files of good repositories, by what they are

    @property
    def payload(self) -> Path:
        """What must never be: code in a file makes it, if it is run."""
        return self.folder / "it-ran"

    @property
    def asked(self) -> int:
        """How often the Hub was asked for a file."""
        return sum("/resolve/" in path for _, path in self.hub.requests)

    def generate(self, model: str | None = None) -> tuple[Image.Image, dict[str, Any]]:
        [shown], [told] = self.client.predict(1, model=model, api_name="/generate")
        return load_image(shown["image"]), told

    def reconstruct(self, model: str | None = None) -> tuple[Image.Image, dict[str, Any]]:
        path, _, told = self.client.predict(handle_file(str(self.photo)), model=model, api_name="/reconstruct")
        return load_image(path), told

    def add(self, repo: str, files: Mapping[str, bytes], commit: str = COMMIT) -> str:
        self.hub.add(repo, commit, files)
        return repo


def fast() -> StyleTransferPipeline:
    """A tiny painter, which needs the features that are here."""
    network = Fast(Painter(PainterConfig(width=8, depth=1)), load_features(device="cpu"))
    return StyleTransferPipeline(Located("fast", "0" * 12), torch.device("cpu"), network, "vgg16")


def files_of(pipeline: Pipeline, folder: Path) -> Files:
    pipeline.save_pretrained(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offered]:
    home = tmp_path_factory.mktemp("home")
    photo = home / "photo.png"
    Image.linear_gradient("L").resize((48, 32)).convert("RGB").save(photo)
    made = {"gan": tiny_landscapes(), "vae": tiny_pictures_vae(), "fine": tiny_fine(), "fast": fast()}  # fmt: skip
    good = {name: files_of(pipeline, home / name) for name, pipeline in made.items()} | {"taesd": taesd_files()}
    harmful = {"pytorch_model.bin": pickle.dumps(Payload(home / "it-ran"))}
    with pytest.MonkeyPatch.context() as patch, LoopbackHub() as server, server.used(patch, home / "hf"):
        patch.setenv("DEEPART_CACHE", str(home / "marks"))
        offer(server, patch, "vae", "taesd", good["taesd"])
        offer(server, patch, "gan", FASTGAN, harmful)
        with serve(tmp_path_factory.mktemp("files"), "--allow-any-repo") as page:
            client = Client(page.url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
            yield Offered(page, server, client, home, photo, good)
            client.close()


_numbers = itertools.count()


@pytest.fixture
def fresh() -> str:
    """A repository's name that nobody has used."""
    return f"somebody/model-{next(_numbers)}"


def same(first: Image.Image, second: Image.Image) -> bool:
    return first.size == second.size and ImageChops.difference(first, second).getbbox() is None


def refused(call: Callable[[], Any], words: str) -> str:
    """Check that a call is refused with one sentence that has these words."""
    with pytest.raises(AppError) as caught:
        call()
    sentence = str(caught.value)
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence


def works_on(offered: Offered) -> None:
    """Check that the page still works, and that nothing lies about."""
    image, told = offered.generate()
    assert (image.size, told["model"]) == ((32, 32), "landscapes")
    nothing_left(offered)


def nothing_left(offered: Offered) -> None:
    """Check that no code was run, no file is half-written, and no job goes on."""
    assert not offered.payload.exists()
    assert not [path for path in offered.folder.rglob("*") if path.name.endswith((".incomplete", ".tmp"))]
    assert not offered.page.jobs._running


# --------------------------------------------------------------------------------------------------------- what works


def taesd_told(offered: Offered) -> dict[str, Any]:
    [found] = [one for one in offered.client.predict("vae", api_name="/models") if one["name"] == "taesd"]
    return dict(found)


def test_no_connection_and_a_commit_that_is_gone_and_then_a_model_of_the_hub(
    offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = taesd_told(offered)
    size = len(offered.good["taesd"]["diffusion_pytorch_model.safetensors"])
    assert (told["here"], told["size"], told["repo_id"]) == (False, size, "madebyollin/taesd")
    with away(monkeypatch):
        refused(lambda: offered.reconstruct("taesd"), "is not on this machine, and the Hub cannot be reached")
    works_on(offered)

    repo, commit = "madebyollin/taesd", str(registry.get_spec("vae", "taesd").revision)
    files = offered.hub.repos[repo].pop(commit)
    refused(lambda: offered.reconstruct("taesd"), f"The Hub repository {repo} has no revision '{commit}'")
    works_on(offered)
    assert not taesd_told(offered)["here"]

    offered.hub.repos[repo][commit] = files
    image, told = offered.reconstruct("taesd")
    assert taesd_told(offered)["here"]
    assert told["model"] == "taesd"
    expected = VAEPipeline.from_pretrained("taesd", device="cpu").reconstruct(load_image(offered.photo))
    assert same(image, expected)
    with away(monkeypatch):  # from now on the Hub is not needed
        assert same(offered.reconstruct("taesd")[0], expected)


def test_any_repository_takes_pictures_apart(offered: Offered, fresh: str) -> None:
    repo = offered.add(fresh, offered.good["vae"])
    image, told = offered.reconstruct(repo)
    assert (told["model"], told["version"]) == (repo, COMMIT[:12])
    expected = VAEPipeline.from_pretrained(offered.folder / "vae", device="cpu").reconstruct(load_image(offered.photo))
    assert same(image, expected)
    # It stays as it is for as long as the page is open, and no visitor finds it among the models.
    offered.hub.add(repo, LATER, offered.good["vae"])
    assert offered.reconstruct(repo)[1]["version"] == COMMIT[:12]
    assert repo not in [one["name"] for one in offered.client.predict(api_name="/models")]


def test_any_repository_makes_pictures(offered: Offered, fresh: str) -> None:
    repo = offered.add(fresh, offered.good["gan"])
    shown, told = offered.client.predict(2, seed=7, model=repo, api_name="/generate")
    expected = tiny_landscapes().generate(2, seed=7)
    assert all(same(load_image(one["image"]), picture) for one, picture in zip(shown, expected, strict=True))
    assert {one["model"] for one in told} == {repo}
    shown, _ = offered.client.predict([told[0], 8], 1, model=repo, api_name="/breed")
    assert load_image(shown[0]["image"]).size == (32, 32)


@pytest.mark.parametrize("name", ["fine", "fast"])
def test_any_repository_repaints(offered: Offered, fresh: str, name: str) -> None:
    repo = offered.add(fresh, offered.good[name])
    photo = handle_file(str(offered.photo))
    steps = {"steps": 3} if name == "fine" else {}
    path, told = offered.client.predict(photo, photo, model=repo, **steps, api_name="/stylize")
    assert told["model"] == repo
    assert load_image(path).size == (48, 32)


# --------------------------------------------------------------------------------------------------- what goes wrong


@contextmanager
def away(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the Hub not be there: nobody listens at its address."""
    from huggingface_hub import constants

    nobody = f"http://127.0.0.1:{free_port()}"
    with patch.context() as changed:
        changed.setattr(constants, "ENDPOINT", nobody)
        changed.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", nobody + "/{repo_id}/resolve/{revision}/{filename}")
        yield


Harm = Callable[[Offered, Files], Files]


def without(name: str) -> Harm:
    return lambda offered, files: {other: data for other, data in files.items() if other != name}


def configured(**changes: Any) -> Harm:
    def change(offered: Offered, files: Files) -> Files:
        return files | {hub.CONFIG: json.dumps(json.loads(files[hub.CONFIG]) | changes).encode()}

    return change


def weighted(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Harm:
    return lambda offered, files: files | {hub.TENSORS: save(change(load(files[hub.TENSORS])))}


def with_a_nan(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    name = max(name for name, tensor in tensors.items() if tensor.is_floating_point() and tensor.numel() > 1)
    tensors[name].view(-1)[-1] = float("nan")
    return tensors


def without_the_first(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name != min(tensors)}


def pickled(offered: Offered, files: Files) -> Files:
    return files | {hub.TENSORS: pickle.dumps(Payload(offered.payload))}


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (without(hub.TENSORS), "The file 'model.safetensors' of the Hub repository {repo} does not exist at "),
        (configured(latent=7), "does not fit the network: "),
        (configured(task="vae"), "is for the task 'vae'; this needs a gan model"),
        (lambda offered, files: files | {hub.CONFIG: b" " * 10**6}, "of the Hub repository {repo} has 1 MB; here "),
        (weighted(without_the_first), "does not fit the network: it lacks "),
        (weighted(lambda tensors: tensors | {"surplus": torch.ones(1)}), "it has 'surplus' too many"),
        (weighted(with_a_nan), "are not finite; get it again"),
        (pickled, "is damaged, or holds more than tensors"),
        (lambda offered, files: files | {hub.TENSORS: b"no tensors"}, "is damaged, or holds more than tensors"),
    ],
)  # fmt: skip
def test_a_bad_repository_and_what_its_owner_mends(offered: Offered, fresh: str, harm: Harm, words: str) -> None:
    good = offered.good["gan"]
    repo = offered.add(fresh, harm(offered, good))
    refused(lambda: offered.generate(repo), words.format(repo=repo))
    nothing_left(offered)
    offered.add(repo, good, LATER)
    assert offered.generate(repo)[1]["version"] == LATER[:12]


def test_a_hub_that_fails_and_comes_back(offered: Offered, fresh: str, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = offered.add(fresh, offered.good["gan"])

    def told(words: str) -> None:
        refused(lambda: offered.generate(repo), words)
        nothing_left(offered)

    with away(monkeypatch):
        told("is not on this machine, and the Hub cannot be reached; check the connection")
    offered.hub.missing.add(repo)
    told(f"There is no Hub repository {repo}, or it is private")
    offered.hub.missing.clear()
    offered.hub.gated.add(repo)
    told(f"The Hub repository {repo} is gated; accept its terms on its page, then log in with 'hf auth login'.")
    offered.hub.gated.clear()
    offered.hub.status = 503
    told("the Hub answered with status 503; try again later")
    offered.hub.status = 0
    offered.hub.strange = True
    told(repo)
    offered.hub.strange = False
    offered.hub.short[hub.TENSORS] = 1
    told("arrived incomplete; try again")
    offered.hub.flipped[hub.TENSORS] = 2
    told(f"the Hub repository {repo} sent it so again, so do not use it, and tell its owner")
    works_on(offered)
    assert offered.generate(repo)[1]["model"] == repo


def test_a_download_that_is_cut_goes_on(offered: Offered, fresh: str) -> None:
    repo = offered.add(fresh, offered.good["gan"])
    offered.hub.cut[hub.TENSORS] = 1
    assert offered.generate(repo)[1]["model"] == repo
    assert offered.hub.cut[hub.TENSORS] < 0  # one was cut, and another came
    works_on(offered)


def test_code_in_a_file_of_a_known_model_is_not_run(offered: Offered) -> None:
    refused(
        lambda: offered.client.predict(model=FASTGAN, api_name="/generate"), "holds more than tensors; get it again"
    )
    assert offered.hub.count("GET", "pytorch_model.bin") == 1
    works_on(offered)


@pytest.mark.parametrize("task", ["gan", "vae", "style"])
def test_no_name_leads_to_a_folder(offered: Offered, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each folder holds a good model, one of them at a path that is written like a repository's name.
    monkeypatch.chdir(offered.folder)
    folder = offered.folder / f"my-{task}"
    for place in (folder, Path("org") / folder.name):
        shutil.copytree(offered.folder / {"gan": "gan", "vae": "vae", "style": "fine"}[task], place)
    photo = handle_file(str(offered.photo))

    def ask(name: str) -> Any:
        if task == "gan":
            return offered.generate(name)
        if task == "vae":
            return offered.reconstruct(name)
        return offered.client.predict(photo, photo, model=name, api_name="/stylize")

    before = offered.asked
    names = [str(folder), "../../etc"]
    if task == "gan":  # the others ask the same studio
        names += [f"./{folder.name}", f"~/{folder.name}", "/root", "a/b/../c", "somebody/model@main"]
        names += [f"../{offered.folder.name}/{folder.name}"]
    for name in names:
        refused(lambda name=name: ask(name), "is no Hub repository; give one like org/name")
    refused(lambda: ask(folder.name), f"There is no {task} model {folder.name!r}")
    assert offered.asked == before
    refused(lambda: ask(f"org/{folder.name}"), f"There is no Hub repository org/{folder.name}")
    works_on(offered)


def test_files_and_repositories_have_bounds(offered: Offered, fresh: str, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = offered.add(fresh, offered.good["vae"])
    with monkeypatch.context() as small:
        small.setattr(studio, "MOST_OF_REPO", 10)
        refused(lambda: offered.reconstruct(repo), "here up to 0 kB are taken")
    with monkeypatch.context() as small:
        small.setattr(studio, "MOST_OF_REPOS", -1)
        refused(lambda: offered.reconstruct(repo), "Enough repositories have been loaded here")
    works_on(offered)
    assert not [path for method, path in offered.hub.requests if method == "GET" and f"/{repo}/" in path]
    assert offered.reconstruct(repo)[1]["model"] == repo


def test_without_the_option_no_repository_is_taken(offered: Offered, tmp_path: Path) -> None:
    repo = offered.add("somebody/elsewhere", offered.good["vae"])
    with serve(tmp_path / "files") as page:
        client = Client(page.url, verbose=False, download_files=str(tmp_path / "downloads"))
        photo, before = handle_file(str(offered.photo)), offered.asked
        for name in (repo, str(offered.folder / "vae"), "../../etc"):
            refused(
                lambda name=name: client.predict(photo, model=name, api_name="/reconstruct"),
                "here; Hub repositories are taken where DeepArt is started with --allow-any-repo.",
            )
        assert offered.asked == before
        _, _, told = client.predict(photo, model="taesd", api_name="/reconstruct")  # what is registered is always taken
        assert told["model"] == "taesd"
        client.close()

"""Models of the Hub, called as strangers call them: what works, what goes wrong, and that the page works on."""

import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from answers import same
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from loopback_hub import LoopbackHub, offer
from PIL import Image
from published_vaes import taesd_files
from running_page import Page, free_port, serve, tiny_fine, tiny_landscapes, tiny_pictures_vae
from test_hub import Payload

from deepart import VAEPipeline, load_image, registry
from deepart.pipelines.base import Pipeline

Files = dict[str, bytes]
COMMIT, LATER = "5" * 40, "6" * 40
FASTGAN = "fastgan-shells"


@dataclass
class Offered:
    """A page, the Hub that it asks, and a client of the page."""

    page: Page
    hub: LoopbackHub
    client: Client
    folder: Path
    photo: Path
    made: dict[str, Pipeline]
    taesd: Mapping[str, bytes]

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


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offered]:
    home = tmp_path_factory.mktemp("home")
    photo = home / "photo.png"
    Image.linear_gradient("L").resize((48, 32)).convert("RGB").save(photo)
    made: dict[str, Pipeline] = {"gan": tiny_landscapes(), "vae": tiny_pictures_vae(), "style": tiny_fine()}
    taesd, harmful = taesd_files(), {"pytorch_model.bin": pickle.dumps(Payload(home / "it-ran"))}
    with pytest.MonkeyPatch.context() as patch, LoopbackHub() as server, server.used(patch, home / "hf"):
        patch.setenv("DEEPART_CACHE", str(home / "marks"))
        offer(server, patch, "vae", "taesd", taesd)
        offer(server, patch, "gan", FASTGAN, harmful)
        with serve(tmp_path_factory.mktemp("files")) as page:
            client = Client(page.url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
            yield Offered(page, server, client, home, photo, made, taesd)
            client.close()


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
    assert not [path for path in offered.folder.rglob("*") if path.name.endswith((".incomplete", ".part"))]
    assert not offered.page.jobs._running


# --------------------------------------------------------------------------------------------------------- what works


def taesd_told(offered: Offered) -> dict[str, Any]:
    [found] = [one for one in offered.client.predict("vae", api_name="/models") if one["name"] == "taesd"]
    return dict(found)


def test_no_connection_and_a_commit_that_is_gone_and_then_a_model_of_the_hub(
    offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = taesd_told(offered)
    size = len(offered.taesd["diffusion_pytorch_model.safetensors"])
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


def test_code_in_a_file_of_a_known_model_is_not_run(offered: Offered) -> None:
    refused(
        lambda: offered.client.predict(model=FASTGAN, api_name="/generate"), "holds more than tensors; get it again"
    )
    assert offered.hub.count("GET", "pytorch_model.bin") == 1
    works_on(offered)


@pytest.mark.parametrize("task", ["gan", "vae", "style"])
def test_no_name_leads_to_a_folder_or_a_repository(
    offered: Offered, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each holds a good model, one folder at a path that is written like a repository's name.
    monkeypatch.chdir(offered.folder)
    folder = offered.folder / f"my-{task}"
    for place in (folder, Path("org") / folder.name):
        offered.made[task].save_pretrained(place)
    offered.hub.add("somebody/model", "5" * 40, {path.name: path.read_bytes() for path in folder.iterdir()})
    photo = handle_file(str(offered.photo))

    def ask(name: str) -> Any:
        if task == "gan":
            return offered.generate(name)
        if task == "vae":
            return offered.reconstruct(name)
        return offered.client.predict(photo, photo, model=name, api_name="/stylize")

    before = offered.asked
    names = [str(folder), folder.name, f"org/{folder.name}", "somebody/model", "../../etc"]
    if task == "gan":  # the others ask the same studio
        names += [f"./{folder.name}", f"~/{folder.name}", "a/b/../c", f"somebody/model@{'5' * 40}"]
    for name in names:
        refused(lambda name=name: ask(name), f"There is no {task} model {name!r}")
    assert offered.asked == before
    works_on(offered)

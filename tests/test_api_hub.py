"""Models of the Hub, called as strangers call them: what works, what goes wrong, and that the page works on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from answers import refused, same
from gradio_client import Client, handle_file
from loopback_hub import LoopbackHub, offer
from PIL import Image
from published_vaes import taesd_files
from running_page import Page, free_port, serve

from deepart import VAEPipeline, load_image, registry


@dataclass
class Offered:
    """A page, the Hub that it asks, and a client of the page."""

    page: Page
    hub: LoopbackHub
    client: Client
    folder: Path
    photo: Path
    taesd: Mapping[str, bytes]

    def reconstruct(self, model: str | None = None) -> tuple[Image.Image, dict[str, Any]]:
        path, _, told = self.client.predict(handle_file(str(self.photo)), model=model, api_name="/reconstruct")
        return load_image(path), told


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offered]:
    home = tmp_path_factory.mktemp("home")
    photo = home / "photo.png"
    Image.linear_gradient("L").resize((48, 32)).convert("RGB").save(photo)
    taesd = taesd_files()
    with pytest.MonkeyPatch.context() as patch, LoopbackHub() as server, server.used(patch, home / "hf"):
        patch.setenv("DEEPART_CACHE", str(home / "marks"))
        offer(server, patch, "vae", "taesd", taesd)
        with serve(tmp_path_factory.mktemp("files")) as page:
            client = Client(page.url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
            yield Offered(page, server, client, home, photo, taesd)
            client.close()


def works_on(offered: Offered) -> None:
    """Check that the page still works, that no file is half-written, and that no job goes on."""
    assert offered.client.predict(1, api_name="/generate")[1][0]["model"] == "landscapes"
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
        refused(
            lambda: offered.reconstruct("taesd"), "The file .* is not on this machine, and the Hub cannot be reached"
        )
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

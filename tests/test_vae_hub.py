"""The autoencoders of the Hub, from its files to every verb of the pipeline."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from published_vaes import kl_files, offered, taesd_files
from vae_lively import apart, drawing, settings_of

from deepart import VAEPipeline, registry

MAKERS: dict[str, Callable[[], dict[str, bytes]]] = {"taesd": taesd_files, "sd-vae": kl_files}
A, B = drawing(70, 50, 1), drawing(70, 50, 2)


@pytest.fixture(scope="module", params=MAKERS)
def vae(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VAEPipeline]:
    name, files = request.param, MAKERS[request.param]()
    with pytest.MonkeyPatch.context() as patch:
        with offered(patch, tmp_path_factory.mktemp("home"), name, files) as server:
            made = VAEPipeline.from_pretrained(name, device="cpu")
            got = server.count("GET")
            assert got == len(files)
            VAEPipeline.from_pretrained(name, device="cpu")
            assert server.count("GET") == got  # the second time it is there
        yield made


def test_it_is_the_registered_model(vae: VAEPipeline) -> None:
    assert vae.name in ("taesd", "sd-vae")
    assert len(vae.version) == 12
    assert (vae.spatial, vae.has_prior, vae.side, vae.directions) == (True, False, None, ())
    assert vae.latent_shape((64, 32)) == (4, 4, 8)
    assert vae.latent_shape((65, 33)) == (4, 5, 9)
    assert vae.compression((64, 32)) == 48


def test_pictures_go_there_and_back(vae: VAEPipeline) -> None:
    latent = vae.encode(A)
    assert latent.mean.shape == latent.std.shape == (1, 4, 7, 9)
    assert (latent.model, latent.version, latent.size) == (vae.name, vae.version, (70, 50))
    result = vae.reconstruct(A)
    assert (result.size, result.mode) == ((70, 50), "RGB")
    assert np.asarray(result).std() > 5
    assert vae.decode(latent).tobytes() == result.tobytes()
    assert settings_of(result) == {"task": "vae", "model": vae.name, "version": vae.version, "size": [70, 50]}
    assert apart(result, vae.reconstruct(B)).mean() > 0.5


def test_saved_it_is_a_folder_of_ours(vae: VAEPipeline, tmp_path: Path) -> None:
    vae.save_pretrained(tmp_path / "mine")
    kind = "TAESD" if vae.name == "taesd" else "AutoencoderKL"
    config = json.loads((tmp_path / "mine" / "config.json").read_text())
    assert (config.pop("task"), config.pop("class")) == ("vae", kind)
    if kind == "TAESD":
        assert config == {"channels": 4, "width": 64, "deviation": 0.1}
    else:
        assert config == {
            "latent_channels": 4, "block_out_channels": [32, 32, 32, 32], "layers_per_block": 1, "norm_num_groups": 32,
            "scaling_factor": 0.18215,
        }  # fmt: skip
    with torch.inference_mode():
        loaded = VAEPipeline.from_pretrained(tmp_path / "mine", device="cpu")
    assert loaded.reconstruct(A).tobytes() == vae.reconstruct(A).tobytes()
    assert loaded.vary(A, n=1)[0].tobytes() == vae.vary(A, n=1)[0].tobytes()
    loaded.save_pretrained(tmp_path / "again")
    written = [(tmp_path / folder / "model.safetensors").read_bytes() for folder in ("mine", "again")]
    assert written[0] == written[1]
    assert "license: mit" in (tmp_path / "mine" / "README.md").read_text()


def test_files_in_the_weights_folder_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = taesd_files()
    with offered(monkeypatch, tmp_path, "taesd", files) as server:
        assert not registry.get_spec("vae", "taesd").here
        folder = tmp_path / "weights" / "vae-taesd"
        folder.mkdir(parents=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        assert VAEPipeline.from_pretrained("taesd", device="cpu").spatial
        assert server.requests == []

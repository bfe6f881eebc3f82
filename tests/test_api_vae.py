"""The endpoints of the tab "Reconstruct", called as strangers call them."""

import math
from pathlib import Path
from typing import Any

import pytest
from answers import check, refused, same
from gradio_client import Client, handle_file
from PIL import Image
from running_page import Page

from deepart import Latent, load_image, settings
from deepart.images import to_tensor
from deepart.metrics import psnr, ssim
from deepart.ui.inputs import EXAMPLES

CAT, MOUNTAIN = EXAMPLES / "content" / "cat.jpg", EXAMPLES / "content" / "mountain.jpg"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of 96 x 64 pixels, for what is done many times."""
    path = tmp_path_factory.mktemp("small") / "small.png"
    load_image(CAT).resize((96, 64)).save(path)
    return path


@pytest.fixture(scope="module")
def wrong(page: Page, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that are no latents of the model 'pictures'."""
    folder = tmp_path_factory.mktemp("wrong")
    good = folder / "good.safetensors"
    page.vae.encode(load_image(CAT).resize((64, 64))).save(good)
    files = {name: folder / f"{name}.safetensors" for name in ("cut", "text", "other")}
    files["cut"].write_bytes(good.read_bytes()[:-40])
    files["text"].write_text("no latent at all\n")
    page.faces.encode(load_image(CAT).resize((64, 64))).save(files["other"])
    return {**files, "picture": CAT}


def file(path: Path) -> Any:
    return handle_file(str(path))


@pytest.mark.parametrize("model", [None, "pictures", "portraits"])
def test_reconstruct_is_the_pipeline_s(page: Page, client: Client, model: str | None) -> None:
    pipeline, picture = page.faces if model == "portraits" else page.vae, load_image(CAT)
    path, latent, told = client.predict(file(CAT), model=model, api_name="/reconstruct")
    expected = pipeline.reconstruct(picture)
    assert same(load_image(path), expected)
    numbers = told.pop("numbers")
    assert told == settings(expected)
    a, b = to_tensor(picture), to_tensor(expected)
    assert numbers["psnr"] == pytest.approx(psnr(a, b), abs=1e-3)
    assert numbers["ssim"] == pytest.approx(ssim(a, b), abs=1e-3)
    assert numbers["latent_shape"] == list(pipeline.latent_shape(picture.size))
    assert numbers["compression"] == pytest.approx(
        3 * math.prod(picture.size) / math.prod(numbers["latent_shape"]), abs=1e-3
    )
    assert min(numbers["encode_seconds"], numbers["decode_seconds"]) > 0
    assert Path(latent).name == f"deepart-{pipeline.name}-latent.safetensors"
    assert Latent.load(latent).mean.equal(pipeline.encode(picture).mean)


def test_a_latent_goes_in_where_it_came_out(page: Page, client: Client, small: Path) -> None:
    path, latent, _ = client.predict(file(small), api_name="/reconstruct")
    again, _, told = client.predict(latent=file(Path(latent)), api_name="/reconstruct")
    assert same(load_image(again), load_image(path))
    assert "psnr" not in told["numbers"]
    shown, told = client.predict(latent=file(Path(latent)), n=2, seed=5, strength=2.0, api_name="/vary")
    check(shown, told, page.vae.vary(load_image(small), 2.0, n=2, seed=5))


def test_directions(page: Page, client: Client, small: Path) -> None:
    path, _, told = client.predict(
        file(small), directions={"hair": 2, "glasses": -1.5}, model="portraits", api_name="/reconstruct"
    )
    expected = page.faces.edit(load_image(small), {"hair": 2.0, "glasses": -1.5})
    assert same(load_image(path), expected)
    assert told["directions"] == {"hair": 2.0, "glasses": -1.5}
    again, _, _ = client.predict(file(Path(path)), model="portraits", api_name="/reconstruct")
    assert same(load_image(again), expected)  # a picture of this model stands for its latent


def test_variations(page: Page, client: Client, small: Path) -> None:
    shown, told = client.predict(file(small), api_name="/vary")
    check(shown, told, page.vae.vary(load_image(small)))
    assert [entry["caption"] for entry in shown] == [f"Variation {seed}" for seed in range(4)]
    assert Path(shown[3]["image"]).name == "deepart-pictures-variation-3-96.png"


@pytest.mark.parametrize("kind", ["webp", "gif", "mp4"])
def test_a_morph(page: Page, client: Client, small: Path, kind: str) -> None:
    path, told = client.predict(file(small), file(MOUNTAIN), steps=5, path="spherical", format=kind, api_name="/morph")
    expected = page.vae.interpolate(
        load_image(small), load_image(MOUNTAIN).resize((384, 256)), steps=5, path="spherical"
    )
    assert told == settings(expected[0])
    assert Path(path).name == f"deepart-morph-5.{kind}"
    if kind == "mp4":
        assert Path(path).read_bytes()[4:8] == b"ftyp"
    else:
        with Image.open(path) as film:
            assert film.n_frames == 5
            assert film.size == (96, 64)


@pytest.mark.parametrize("model", ["pictures", "portraits"])
def test_a_morph_of_large_pictures_is_small(client: Client, model: str) -> None:
    path, told = client.predict(file(CAT), file(MOUNTAIN), steps=2, model=model, format="gif", api_name="/morph")
    assert told["size"] == [384, 256]
    with Image.open(path) as film:
        assert film.size == (384, 256)


def test_samples(page: Page, client: Client) -> None:
    shown, told = client.predict(20, seed=7, temperature=0.5, model="portraits", api_name="/sample")
    check(shown, told, page.faces.sample(20, seed=7, temperature=0.5))
    assert shown[0]["caption"] == "Sample 7"
    check(*client.predict(api_name="/sample"), page.faces.sample())  # the first model that has a prior


RECONSTRUCT = [
    ({"image": None}, "There is no picture yet; upload one"),
    ({"latent": handle_file("https://example.com/latent.safetensors")}, "The latent is a web address"),
    ({"latent": "good"}, "There are a picture and a latent file; give one of the two"),
    ({"image": None, "latent": "cut"}, "The file 'cut.safetensors' is damaged or cut short"),
    ({"image": None, "latent": "text"}, "The file 'text.safetensors' is text.*not a latent"),
    ({"image": None, "latent": "other"}, "The latent was made by 'portraits'"),
    ({"directions": {"hair": 1}}, "The model 'pictures' has .* no directions"),
    ({"directions": {"hare": 1}, "model": "portraits"}, "There is no direction 'hare'; did you mean 'hair'"),
    ({"model": "nope"}, "There is no vae model 'nope'"),
]
VARY = [
    ({"n": 0}, "The number of pictures is 0; it must be a whole number from 1 to 16"),
    ({"seed": -1}, "The seed is -1"),
    ({"seed": 2**32 - 1}, "The seed is 4294967295, and with 2 pictures the last would be"),
    ({"image": None}, "There is no picture yet; upload one"),
]
MORPH = [
    ({"steps": 1}, "The number of steps is 1; it must be a whole number from 2 to 120"),
    ({"path": "round"}, "The path is 'round'; it must be one of linear, spherical"),
    ({"other": None}, "There is no second picture yet"),
    ({"image": None}, "There is no first picture yet"),
]
SAMPLE = [
    ({"n": 65}, "The number of pictures is 65; it must be a whole number from 1 to 64"),
    ({"seed": -1}, "The seed is -1"),
    ({"temperature": 2}, "The temperature is 2; it must be a number from 0 to 1.5"),
    ({"model": "pictures"}, "The model 'pictures' has no prior to draw pictures from; use 'portraits'"),
]
GOOD: dict[str, dict[str, Any]] = {
    "/reconstruct": {"image": "small"},
    "/vary": {"image": "small", "n": 2},
    "/morph": {"image": "small", "other": "small", "steps": 2},
    "/sample": {"n": 1},
}
MISTAKES = [
    (name, changes, sentence)
    for name, mistakes in (("/reconstruct", RECONSTRUCT), ("/vary", VARY), ("/morph", MORPH), ("/sample", SAMPLE))
    for changes, sentence in mistakes
]


@pytest.mark.parametrize(("name", "changes", "sentence"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_gets_one_sentence(
    client: Client, small: Path, wrong: dict[str, Path], name: str, changes: dict[str, Any], sentence: str
) -> None:
    files = {**wrong, "small": small, "good": wrong["cut"].with_name("good.safetensors")}
    given = {
        key: file(files[value]) if isinstance(value, str) and value in files and key in ("image", "other", "latent")
        else value for key, value in (GOOD[name] | changes).items()
    }  # fmt: skip
    refused(lambda: client.predict(**given, api_name=name), sentence)

"""The endpoints of the tab "Generate", called as strangers call them."""

from pathlib import Path
from typing import Any

import pytest
from answers import check, refused, same
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from running_page import Page

from deepart import load_image, paint_large, save_png, settings
from deepart.ui.inputs import EXAMPLES

PHOTO = EXAMPLES / "content" / "cat.jpg"


def test_generate_is_the_pipeline_s(page: Page, client: Client) -> None:
    shown, told = client.predict(3, seed=7, truncation=0.8, directions={"trees": 1.5}, api_name="/generate")
    check(shown, told, page.landscapes.generate(3, seed=7, truncation=0.8, directions={"trees": 1.5}))
    assert [entry["caption"] for entry in shown] == ["Seed 7", "Seed 8", "Seed 9"]
    assert Path(shown[0]["image"]).name == "deepart-landscapes-seed-7-32.png"


def test_the_defaults_are_the_pipeline_s(page: Page, client: Client) -> None:
    check(*client.predict(40, model="portraits", api_name="/generate"), page.portraits.generate(40))  # in parts
    check(*client.predict(api_name="/generate"), page.landscapes.generate())
    check(*client.predict([3, 17], api_name="/breed"), page.landscapes.breed([3, 17]))
    path, told = client.predict(3, 17, api_name="/mix")
    assert same(load_image(path), page.landscapes.mix(3, 17))
    assert told == settings(page.landscapes.mix(3, 17))


def test_a_child_becomes_a_parent(page: Page, client: Client) -> None:
    _, told = client.predict([3, 17], 2, mutation=0.4, seed=5, api_name="/breed")
    children = page.landscapes.breed([3, 17], 2, mutation=0.4, seed=5)
    for given in (told[1], told[1]["latent"]):
        shown, again = client.predict([given, 8], 1, api_name="/breed")
        assert same(load_image(shown[0]["image"]), page.landscapes.breed([children[1], 8], 1)[0])
        assert again[0]["parents"][1] == 8
    shown, _ = client.predict(latent=told[1]["latent"], directions={"trees": 2}, api_name="/generate")
    latent = page.landscapes.latent(children[1])
    assert same(load_image(shown[0]["image"]), page.landscapes.generate(latents=latent, directions={"trees": 2.0})[0])


def test_mix_takes_what_the_others_give(page: Page, client: Client) -> None:
    _, first = client.predict(3, 17, truncation=0.7, directions={"warmth": -1}, api_name="/mix")
    mixed = page.landscapes.mix(3, 17, truncation=0.7, directions={"warmth": -1.0})
    path, _ = client.predict(first, 5, api_name="/mix")
    assert same(load_image(path), page.landscapes.mix(mixed, 5))


def test_paint_is_paint_large(page: Page, client: Client, tmp_path: Path) -> None:
    [small] = page.landscapes.generate(seed=4)
    save_png(small, tmp_path / "small.png")
    given = [handle_file(tmp_path / "small.png"), handle_file(PHOTO)]
    path, told = client.predict(*given, 512, "fast", 3, 0.8, api_name="/paint")
    expected = paint_large(
        small, load_image(PHOTO), size=512, quality="fast", seed=3, strength=0.8, load=lambda _: page.fast
    )
    assert same(load_image(path), expected)
    assert told == settings(expected)
    assert told["painted_from"] == settings(small)
    assert Path(path).name == f"{PHOTO.stem}-small-512-seed-3.png"
    with pytest.raises(AppError, match="The size is 300; it must be a whole number of pixels from 512 to 2048"):
        client.predict(*given, 300, api_name="/paint")
    with pytest.raises(AppError, match="sides of 32 to 256 can be painted large"):
        client.predict(handle_file(PHOTO), handle_file(PHOTO), api_name="/paint")


@pytest.mark.parametrize("kind", ["webp", "gif", "mp4"])
def test_a_walk(page: Page, client: Client, kind: str) -> None:
    path, told = client.predict([3, 17, 42], frames=20, loop=True, format=kind, api_name="/walk")
    expected = page.landscapes.walk([3, 17, 42], frames=20, loop=True)
    assert told == settings(expected[0])
    assert Path(path).name == f"deepart-walk-20.{kind}"
    if kind == "mp4":
        assert Path(path).read_bytes()[4:8] == b"ftyp"
    else:
        with Image.open(path) as film:
            assert film.n_frames == 20
            assert film.size == (32, 32)


def test_a_picture_is_found(page: Page, client: Client) -> None:
    path, told = client.predict(handle_file(str(PHOTO)), steps=10, seed=3, api_name="/project")
    latent = page.landscapes.project(load_image(PHOTO), steps=10, seed=3)
    [expected] = page.landscapes.generate(latents=latent)
    assert same(load_image(path), expected)
    assert told == settings(expected)
    shown, _ = client.predict(latent=told["latent"], api_name="/generate")
    assert same(load_image(shown[0]["image"]), expected)


GENERATE = [
    ({"n": 10_000}, "The number of pictures is 10000; it must be a whole number from 1 to 64"),
    ({"seed": -1}, "The seed is -1; it must be a whole number from 0 to 4294967295"),
    ({"seed": 2**32 - 1, "n": 2}, "The seed is 4294967295, and with 2 pictures the last would be"),
    ({"seed": None}, "There is no seed"),
    ({"directions": {"tree": 1}}, "There is no direction 'tree'; did you mean 'trees'"),
    ({"model": "nope"}, "There is no gan model 'nope'"),
    ({"model": "./weights/gan-landscapes"}, "There is no gan model './weights/gan-landscapes'"),
    ({"latent": "abc"}, "A latent in the settings is no base64 text of 8 numbers"),
]
WALK = [
    ({"seeds": "3, 17"}, "The seeds are '3, 17'; give a list"),
    ({"seeds": [3, {"task": "style"}]}, "The picture was made by a 'style' model"),
    ({"frames": 7}, "The number of frames is 7; it must be a whole number from 8 to 120"),
    ({"format": "avi"}, "The format is 'avi'; it must be one of webp, gif, mp4"),
]
BREED = [
    ({"seeds": []}, "There are 0 parents; give 1 to 8"),
    ({"mutation": 2}, "The mutation is 2; it must be a number from 0 to 1"),
]
MIX = [({"fine": None}, "The seed is None"), ({"fine": "abc"}, "A latent in the settings is no base64 text")]
PROJECT = [
    ({"steps": 0}, "The number of steps is 0; it must be a whole number from 1 to 2000"),
    ({"image": None}, "There is no picture to find yet; upload one"),
]
GOOD: dict[str, dict[str, Any]] = {
    "/generate": {"n": 1},
    "/walk": {"seeds": [3, 17], "frames": 8},
    "/breed": {"seeds": [3, 17]},
    "/mix": {"coarse": 3, "fine": 17},
    "/project": {"image": handle_file(str(PHOTO)), "steps": 2},
}
MISTAKES = [
    (name, changes, sentence)
    for name, mistakes in (
        ("/generate", GENERATE), ("/walk", WALK), ("/breed", BREED), ("/mix", MIX), ("/project", PROJECT)
    )
    for changes, sentence in mistakes
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "sentence"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_gets_one_sentence(client: Client, name: str, changes: dict[str, Any], sentence: str) -> None:
    refused(lambda: client.predict(**(GOOD[name] | changes), api_name=name), sentence)

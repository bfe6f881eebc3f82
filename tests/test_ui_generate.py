"""The parts of the tab "Generate" that need no browser: pictures, seeds, ancestry, grids, work."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from answers import same
from PIL import Image, ImageChops
from running_page import Request, TinyStudio
from test_fastgan import TINY

from deepart.errors import OptionError
from deepart.images import load_image, save_png, settings, with_settings
from deepart.models.fastgan import FastGAN, FastGANConfig, sefa
from deepart.pipelines.gan import GANPipeline
from deepart.registry import Located
from deepart.ui.artwork import Artwork, blank, name_of, save_artwork, seed_of, short
from deepart.ui.breeding import parents_of
from deepart.ui.generate_tools import pieces_of
from deepart.ui.grid import painted
from deepart.ui.jobs import Jobs
from deepart.ui.remake import Remake
from deepart.ui.shelf import artwork_of, record
from deepart.ui.style_work import StyleRequests
from deepart.ui.work import GANRequests, again, seeds_of

RED, BLUE = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")


def a_piece(name: str, **made: Any) -> Artwork:
    """A save_artwork without a file."""
    import json

    return Artwork(f"{name}.png", json.dumps({"task": "gan", "model": "landscapes", "seed": 0, **made}), name)


def done(work: Callable[..., Any]) -> Any:
    """Do a work at once."""
    return work(lambda step, total, preview: None)


# -------------------------------------------------------------------------------------------------------------- pieces


def test_what_pictures_are_called(tiny_studio: TinyStudio) -> None:
    gan = tiny_studio.gan()
    latent = gan.latent(3)
    names = [
        name_of(settings(picture) or {})
        for picture in (
            gan.generate(seed=3)[0], gan.mix(3, 17), gan.breed([3, 17], 1)[0], gan.generate(latents=latent)[0],
        )
    ]  # fmt: skip
    assert names[:3] == ["Seed 3", "Mix of 3 and 17", "Child of 3, 17"]
    assert names[3].startswith("Picture ")
    pictures = (gan.generate(seed=3)[0], gan.breed([3], 1, seed=9)[0], gan.mix(3, 17))
    assert [seed_of(settings(picture) or {}) for picture in pictures] == [3, None, None]
    assert len(names[3]) == len("Picture ") + 8
    assert short("no base64 of any latent") == "no base6"


# ---------------------------------------------------------------------------------------------------------------- work


def test_a_sweep_keeps_what_sliders_did_and_whose_child_a_picture_is(tiny_studio: TinyStudio, tmp_path: Path) -> None:
    gan = tiny_studio.gan()
    [image] = gan.generate(seed=5, truncation=0.6, directions={"trees": 1.0})
    pictures = done(GANRequests(tiny_studio).sweep(save_artwork(image, str(tmp_path))))
    assert [(settings(picture) or {})["truncation"] for picture in pictures] == [0.3, 0.45, 0.6, 0.75, 0.9, 1.05, 1.2]
    assert same(pictures[2], image)
    assert seed_of(settings(pictures[0]) or {}) == 5
    [child] = gan.breed([3, 17], 1, mutation=0.3, seed=9)
    for picture in done(GANRequests(tiny_studio).sweep(save_artwork(child, str(tmp_path)))):
        made = settings(picture) or {}
        assert (made["parents"], made["mutation"], made["seed"]) == ([3, 17], 0.3, 9)


@pytest.fixture(scope="module")
def noisy() -> GANPipeline:
    """A generator with noise inside."""
    torch.manual_seed(0)
    network = FastGAN(FastGANConfig(latent=6, channels=(8, 8, 6, 6, 8, 6, 4), directions=1)).requires_grad_(False)
    for name, parameter in network.named_parameters():
        if name.endswith("noise"):
            parameter.fill_(0.5)
    network.directions.copy_(sefa(network.start.weight, 1))
    return GANPipeline(Located("noisy", "0" * 12), torch.device("cpu"), network, ["axis 1"])


@pytest.mark.parametrize("kind", ["seed", "latent", "frame", "stop", "mix", "mix of a latent", "child"])
def test_a_picture_keeps_its_noise_when_it_is_made_again_and_moved(noisy: GANPipeline, kind: str) -> None:
    [image] = {
        "seed": lambda: noisy.generate(seed=5),
        "latent": lambda: noisy.generate(latents=noisy.latent(5), seed=9, truncation=0.6),
        "frame": lambda: noisy.walk([5, 7], frames=8)[3:4],
        "stop": lambda: noisy.walk([5, 7], frames=8)[-1:],
        "mix": lambda: [noisy.mix(5, 17, truncation=0.6)],
        "mix of a latent": lambda: [noisy.mix(noisy.generate(latents=noisy.latent(5), seed=9)[0], 17)],
        "child": lambda: noisy.breed([5, 17], 1),
    }[kind]()
    made = settings(image) or {}
    noise = noisy.recipe(image).noise
    assert noise == (9 if "latent" in kind else 5)
    same_again, moved = again(noisy, made, {}), again(noisy, made, {"axis 1": 2.0})
    assert noisy.recipe(same_again).noise == noisy.recipe(moved).noise == noise
    walked = {name: made[name] for name in ("walk", "frame") if name in made}  # of the film, not of the picture
    assert (settings(same_again) or {}) | walked == made
    difference = ImageChops.difference(same_again, image).getextrema()
    assert max(most for _, most in difference) <= 1  # a batch may round the last bit otherwise
    assert not same(moved, image)


def test_settings_that_cannot_come_back(tiny_studio: TinyStudio) -> None:
    good = settings(tiny_studio.gan().generate(seed=3)[0]) or {}
    for made in (None, {}, {"task": "style", "model": "fast"}, good | {"model": "nope"}, {"painted_from": 3}):
        assert artwork_of({"path": "", "made": made}) is None
    assert artwork_of({"path": "", "made": good}) == Artwork("", json.dumps(good, sort_keys=True), "Seed 3")
    with pytest.raises(OptionError, match="version"):
        again(tiny_studio.gan(), good | {"version": "000000000000"}, {})


@pytest.mark.parametrize("bad", ["x", "-1", "1.5", "4294967296", "²", "1e3", "9" * 5000])
def test_a_seed_that_is_none_is_named(bad: str) -> None:
    with pytest.raises(OptionError, match="is no whole number from 0 to 4294967295; write seeds like 3, 17, 42"):
        seeds_of(f"3, {bad}")


# ------------------------------------------------------------------------------------------------------------ the page


@pytest.fixture
def generate_tab(tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    import gradio as gr

    from deepart.ui.generate import GenerateTab

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with gr.Blocks() as app:
        tab = GenerateTab(app, tiny_studio, Jobs())
    return tab


class Searching(GANPipeline):
    """A FastGAN of 256 pixels with random weights, which is stopped while it looks for a picture."""

    def __init__(self, stop_at: int, stop: Callable[[], None]) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = FastGAN(TINY).requires_grad_(False).eval()
        super().__init__(Located("landscapes", "f" * 12), torch.device("cpu"), network, ["one", "two", "three"])
        self._stop_at, self._stop = stop_at, stop
        self.last = 0

    def project(self, image: Image.Image, *, callback: Any = None, **options: Any) -> torch.Tensor:
        def stopping(step: int, total: int, preview: Image.Image | None) -> None:
            self.last = step
            if step == self._stop_at:
                self._stop()
            callback(step, total, preview)

        return super().project(image, callback=stopping, **options)


def search(tab: Any, folder: Path, stop_at: int) -> tuple[Searching, list[dict[Any, Any]]]:
    """Look for a picture with a network whose previews are small, and stop it after a step; return what came."""
    find = tab.projection
    gan = Searching(stop_at, lambda: find._jobs.stop(Request.session_hash))
    tab.requests._studio.tiny_gans["landscapes"] = gan
    path = folder / "wanted.png"
    save_png(RED.resize((80, 60)), path)
    return gan, list(find._project(str(path), 20, "landscapes", Request()))


def test_a_search_that_is_stopped_gives_a_whole_picture(generate_tab: Any, tmp_path: Path) -> None:
    find = generate_tab.projection
    gan, changes = search(generate_tab, tmp_path, 11)
    assert gan.last == 11
    chosen = changes[-1][generate_tab.chosen.piece]
    found = load_image(chosen.path)
    assert found.size == (256, 256)  # the previews have 128 pixels
    assert (chosen.name, chosen.made["model"], chosen.made["version"]) == ("Found picture", "landscapes", "f" * 12)
    assert same(found, gan.generate(latents=gan.latent(blank(chosen.made)))[0])
    assert settings(found) == chosen.made
    for words in (", stopped after step 10;", "it is the chosen picture now", "What was found"):
        assert words in changes[-1][find.stage]
    assert not find._jobs._running


def test_a_painting_that_is_stopped_is_enlarged_and_says_so(generate_tab: Any) -> None:
    chosen = generate_tab.chosen
    [small] = generate_tab.requests.pipeline("landscapes").generate(seed=3)
    one = save_artwork(small, chosen.download.GRADIO_CACHE)

    def work(callback: Any) -> Image.Image:
        callback(1, 14, RED.resize((96, 96)))
        chosen._jobs.stop(Request.session_hash)
        callback(2, 14, None)
        raise AssertionError("It was stopped.")

    chosen._painting = SimpleNamespace(work=lambda *_: work, share=lambda size: None)
    *_, last = chosen._paint(one, None, 768, Request())
    assert load_image(last[chosen.piece].path).size == (768, 768)
    assert "768 × 768 pixels · stopped after step 1, and enlarged" in last[chosen.title]


def test_a_picture_that_was_painted_large_is_made_again(generate_tab: Any, tiny_studio: TinyStudio) -> None:
    painting, requests = generate_tab.grid.painting, generate_tab.requests
    [small] = requests.pipeline("landscapes").generate(seed=3)
    piece = save_artwork(small, generate_tab.grid.gallery.GRADIO_CACHE)
    large = done(painting.work(piece, painting.manner.value["path"], 512, "fast"))
    remake = Remake(StyleRequests(tiny_studio), requests, painting, None)
    again = done(remake.work(settings(large) or {}))
    assert same(again, large)
    assert settings(again) == settings(large)
    assert not remake.can((settings(large) or {}) | {"manner": "of an upload"})
    # Each of its paintings is a result of its own, and has its heart; one that only paints better is the same result.
    cache = painting.manner.GRADIO_CACHE
    better = with_settings(large, (settings(large) or {}) | {"model": "fine"})
    other = with_settings(large, (settings(large) or {}) | {"manner": "0" * 12})
    kept = [record(one, remake) for one in (piece, *(painted(piece, one, cache) for one in (large, better, other)))]
    keys = [one["key"] for one in kept]
    assert keys[1] == keys[2]
    assert len(set(keys)) == 3
    assert [one.get("picture") for one in kept] == [None, keys[0], keys[0], keys[0]]
    assert artwork_of(kept[3]) == replace(painted(piece, other, cache), path=kept[3]["path"])
    assert [Path(one["path"]).name for one in kept[:2]] == [
        "deepart-landscapes-seed-3-32.png", "landscapes-seed-3-512.png",
    ]  # fmt: skip


def test_the_liked_on_the_grid_breed_and_else_all_that_are_liked_of_a_model() -> None:
    near, far, other = a_piece("a", seed=1), a_piece("b", seed=2), a_piece("c", model="portraits")
    hung = [replace(near, path="painted.png")]  # a painting of it is the same picture
    assert parents_of(far, [near, far], hung) == [near]
    assert parents_of(far, [near, far, other], []) == [near, far]
    assert parents_of(other, [near], []) == [other]


def test_amounts_beyond_the_sliders_stay(generate_tab: Any) -> None:
    chosen = generate_tab.chosen
    far = a_piece("far", directions={"daylight": 5.0, "warmth": -4.0})
    assert chosen.amounts(far, (3.0, 1.0, -3.0)) == {"daylight": 5.0, "trees": 1.0, "warmth": -4.0}
    assert chosen.amounts(far, (2.9, 0.0, 0.0)) == {"daylight": 2.9, "trees": 0.0, "warmth": 0.0}


def test_a_picture_that_is_gone_gets_a_sentence(generate_tab: Any, tmp_path: Path) -> None:
    import gradio as gr

    class Event:
        index = 3

    for pieces, sentence in (
        ([], "not there any more"),
        ([a_piece("gone")] * 4, "was deleted, as all are after a day"),
    ):
        with pytest.raises(gr.Error, match=sentence):
            generate_tab._pick(pieces, Event())


def test_a_walk_visits_what_is_chosen_and_liked() -> None:
    here, liked = a_piece("here"), [a_piece("one", seed=1), a_piece("here"), a_piece("face", model="portraits")]
    assert pieces_of(True, False, here, liked, "portraits") == [here]
    assert pieces_of(True, True, here, liked, "portraits") == [here, liked[0]]  # those of the chosen picture's model
    assert pieces_of(False, True, here, liked, "portraits") == [liked[2]]
    assert pieces_of(True, False, None, liked, "portraits") == []

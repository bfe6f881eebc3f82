"""The parts of the tab "Generate" that need no browser: pictures, seeds, ancestry, grids, work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image, ImageChops
from running_page import TinyStudio, register_gans
from test_fastgan import TINY

from deepart.errors import OptionError
from deepart.images import load_image, save_png, settings
from deepart.models.fastgan import FastGAN, FastGANConfig, sefa
from deepart.pipelines.gan import GANPipeline
from deepart.registry import Located
from deepart.ui.artwork import Artwork, check_settings, facts, name_of, save_artwork, seed_of, short, slug
from deepart.ui.breeding import MAX_LITTERS, Litter, found, generation, grown, parents_of, tree
from deepart.ui.generate_tools import pieces_of
from deepart.ui.jobs import Jobs
from deepart.ui.remake import Remake
from deepart.ui.style_work import StyleRequests
from deepart.ui.widgets import strip, thumb
from deepart.ui.work import GANRequests, again, likeness, lineage, seeds_of

RED, BLUE = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")


def same(first: Image.Image, second: Image.Image) -> bool:
    return first.size == second.size and ImageChops.difference(first, second).getbbox() is None


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


def test_facts_and_file_names() -> None:
    made = {"truncation": 0.75, "directions": {"trees": 1.5, "daylight": 0.0, "warmth": -2}, "mutation": 0.2}
    assert facts(made) == "variety 0.75 · trees +1.5 · warmth -2 · mutation 0.2"
    assert slug("Child 3 of generation 1") == "child-3-of-generation-1"
    assert slug("Seed 5 at 0.45") == "seed-5-at-0.45"
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("♥") == "picture"
    assert slug("a-" * 500) == "a-" * 29 + "a"


# ---------------------------------------------------------------------------------------------------------------- work


def test_a_large_grid_is_made_in_parts(tiny_studio: TinyStudio) -> None:
    told: list[tuple[int, int]] = []
    work = GANRequests(tiny_studio).grid(None, 20, 7, 1.0, None)
    pictures = work(lambda step, total, preview: told.append((step, total)))
    assert told == [(16, 20), (20, 20)]
    assert all(same(*pair) for pair in zip(pictures, tiny_studio.gan().generate(20, seed=7), strict=True))


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


def test_only_what_we_would_say_of_parents_is_kept() -> None:
    good = {"parents": [3, "0a1b2c3d"], "mutation": 0.2, "child": 1, "seed": 5}
    assert lineage(good | {"more": "x"}) == good
    for bad in ({"parents": "3"}, {"parents": []}, {"parents": [{}]}, {"parents": ["x" * 99]}, {"mutation": "much"}):
        assert lineage(good | bad) == {}


def test_settings_that_cannot_come_back(tiny_studio: TinyStudio) -> None:
    for made, sentence in (
        (None, "carries no settings"),
        ({"task": "style", "model": "fast"}, "made by the task 'style'"),
        ({"task": "gan", "model": "nope"}, "made by the model 'nope'"),
    ):
        with pytest.raises(OptionError, match=sentence):
            check_settings(made)
    good = settings(tiny_studio.gan().generate(seed=3)[0]) or {}
    assert check_settings(good) == good
    with pytest.raises(OptionError, match="version"):
        again(tiny_studio.gan(), good | {"version": "000000000000"}, {})


@pytest.mark.parametrize(
    ("words", "seeds"), [("3, 17,42", [3, 17, 42]), (" 3 17;42 ,", [3, 17, 42]), ("", []), (None, [])]
)
def test_seeds_that_are_typed(words: str | None, seeds: list[int]) -> None:
    assert seeds_of(words) == seeds


@pytest.mark.parametrize("bad", ["x", "-1", "1.5", "4294967296", "²", "1e3", "9" * 5000])
def test_a_seed_that_is_none_is_named(bad: str) -> None:
    with pytest.raises(OptionError, match="is no whole number from 0 to 4294967295; write seeds like 3, 17, 42"):
        seeds_of(f"3, {bad}")


def test_a_walk_visits_what_is_chosen_and_liked() -> None:
    here, liked = a_piece("here"), [a_piece("one", seed=1), a_piece("here"), a_piece("face", model="portraits")]
    assert pieces_of(True, False, here, liked, "portraits") == [here]
    assert pieces_of(True, True, here, liked, "portraits") == [here, liked[0]]  # those of the chosen picture's model
    assert pieces_of(False, True, here, liked, "portraits") == [liked[2]]
    assert pieces_of(True, False, None, liked, "portraits") == []


def test_likeness_is_known_on_paper() -> None:
    grey = [Image.new("RGB", (16, 16), (value,) * 3) for value in (0, 51)]
    assert likeness(*grey) == pytest.approx(13.9794, abs=1e-3)  # 51 is a fifth of 255: 20 log10(5)
    assert likeness(RED, RED) == float("inf")


# ------------------------------------------------------------------------------------------------------------ the page


def litter(family: list[Litter], *parents: Artwork, names: str) -> Litter:
    number = generation(family, parents)
    return Litter(number, parents, tuple(a_piece(f"{name}{number}", child=f"{name}{number}") for name in names), 0.2)


def test_generations_are_counted_from_the_founders() -> None:
    founder, family = a_piece("founder"), []
    first = litter(family, founder, names="ab")
    family = grown(family, first)
    second = litter(family, founder, first.children[1], names="cd")
    family = grown(family, second)
    third = litter(family, second.children[0], names="e")
    aside = litter(family, founder, names="f")
    assert [one.generation for one in (first, second, third, aside)] == [1, 2, 3, 1]
    tuned = a_piece("b1", child="b1", directions={"trees": 1.0})  # first.children[1], moved by a slider
    assert generation(family, [tuned]) == 2
    assert 'class="da-raised"' in tree(grown([first], litter([first], tuned, names="g")))


def test_the_ancestry_is_bounded_and_shown(tmp_path: Path) -> None:
    family: list[Litter] = []
    parent = a_piece("<b>founder</b>")
    for _ in range(MAX_LITTERS + 3):
        family = grown(family, litter(family, parent, names="xyz"))
        parent = family[-1].children[2]
    assert len(family) == MAX_LITTERS
    assert family[-1].generation == MAX_LITTERS + 3
    shown = tree(family)
    assert shown.index(f"Generation {MAX_LITTERS + 3}<") < shown.index("Generation 4<")
    assert shown.count("da-raised") == MAX_LITTERS - 1
    assert "<b>founder" not in tree(grown([], litter([], a_piece("<b>founder</b>"), names="x")))
    assert found(family, "0:child:2") == family[0].children[2]
    assert found(family, "3:parent:0") == family[3].parents[0]
    assert "will grow here" in tree([])
    for gone in ("0:child:9", "99:child:0", "-1:parent:0"):
        with pytest.raises(OptionError, match="not there any more"):
            found(family, gone)


class Request:
    """What the page's methods ask of a gr.Request."""

    session_hash = "visitor"
    client = None


@pytest.fixture
def generate_tab(tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    import gradio as gr

    from deepart.ui.generate import GenerateTab

    register_gans(monkeypatch)
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
        self.late = False

    def project(self, image: Image.Image, *, callback: Any = None, **options: Any) -> torch.Tensor:
        def stopping(step: int, total: int, preview: Image.Image | None) -> None:
            self.last = step
            if step == self._stop_at:
                self._stop()
            callback(step, total, preview)

        if self.late:
            callback(0, 1, None)  # as a pipeline of a cluster does that has nothing to tell yet
            time.sleep(0.7)  # for the page to see it
        return super().project(image, callback=stopping, **options)


def search(tab: Any, folder: Path, stop_at: int, late: bool = False) -> tuple[Searching, list[dict[Any, Any]]]:
    """Look for a picture with a network whose previews are small, and stop it after a step; return what came."""
    find = tab.projection
    gan = Searching(stop_at, lambda: find._jobs.stop(Request.session_hash))
    gan.late = late
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
    assert same(found, gan.generate(latents=gan.latent(chosen.origin()))[0])
    assert settings(found) == chosen.made
    for words in (", stopped after step 10;", "it is the chosen picture now", "What was found"):
        assert words in changes[-1][find.stage]
    assert not find._jobs._running


def test_a_search_that_is_stopped_before_its_first_preview_gives_none(generate_tab: Any, tmp_path: Path) -> None:
    gan, changes = search(generate_tab, tmp_path, 1)
    assert gan.last == 1
    assert "Stopped before anything was found." in changes[-1][generate_tab.projection.stage]
    assert generate_tab.chosen.piece not in changes[-1]


def test_a_search_to_its_end_whose_first_step_is_long_in_coming(generate_tab: Any, tmp_path: Path) -> None:
    find = generate_tab.projection
    gan, changes = search(generate_tab, tmp_path, 0, late=True)
    assert gan.last == 20
    assert any("Looking at the picture" in change.get(find.start.status, "") for change in changes)
    assert load_image(changes[-1][generate_tab.chosen.piece].path).size == (256, 256)
    assert "stopped" not in changes[-1][find.stage]


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


def test_names_of_mixes_do_not_grow(generate_tab: Any) -> None:
    mix, pieces = generate_tab.mix, generate_tab.grid.pieces
    shape: Any = 0
    for _ in range(6):
        *_, last = mix._mix(shape if isinstance(shape, Artwork) else None, None, 0, 1, "landscapes", 1.0, Request())
        shape = last[pieces][1]
        assert len(shape.name) < 60


def test_thumbnails_are_buttons_with_names(tmp_path: Path) -> None:
    save_png(RED, tmp_path / "red.png")
    html = thumb(str(tmp_path / "red.png"), '"><b>', "7")
    assert 'data-index="7"' in html
    assert "<b>" not in html
    assert thumb("no such file", "gone", "0").startswith("<button")
    assert "nothing" in strip([], "nothing")

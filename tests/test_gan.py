import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from running_page import tiny_landscapes
from vae_lively import apart, settings_of, through_png

from deepart import GANPipeline, images
from deepart.errors import MemoryLimitError, OptionError, WeightsError
from deepart.latents import MAX_SEED, noise, pack, short_id, unpack
from deepart.models.generator import Generator
from deepart.pipelines.gan import BATCH
from deepart.registry import Located


@pytest.fixture(scope="module")
def gan() -> GANPipeline:
    tiny = tiny_landscapes()
    return GANPipeline(Located(tiny.name, tiny.version), tiny.device, tiny._network, tiny.directions)


def furthest(a: Image.Image, b: Image.Image) -> int:
    return int(apart(a, b).max())


# ----------------------------------------------------------------------------------------------------------- generate


def test_pictures_are_those_of_the_seeds_and_carry_their_settings(gan: GANPipeline) -> None:
    pictures = gan.generate(3, seed=5, truncation=0.8, directions={"warmth": 2, "trees": 0.0})
    assert [picture.size for picture in pictures] == [(32, 32)] * 3
    assert [picture.mode for picture in pictures] == ["RGB"] * 3
    assert [settings_of(picture)["seed"] for picture in pictures] == [5, 6, 7]
    assert settings_of(pictures[0]) == {
        "task": "gan", "model": "landscapes", "version": "0123456789ab", "seed": 5, "truncation": 0.8,
        "directions": {"warmth": 2.0}, "size": [32, 32],
    }  # fmt: skip
    assert len({picture.tobytes() for picture in pictures}) == 3
    assert gan.generate()[0].tobytes() == gan.generate(1, seed=0, truncation=1.0)[0].tobytes()


@pytest.mark.parametrize("n", [8, 64])
def test_a_seed_gives_the_same_picture_in_every_batch(gan: GANPipeline, n: int) -> None:
    many = gan.generate(n)
    for seed in (0, 1, n // 2, n - 1):
        [alone] = gan.generate(seed=seed)
        assert furthest(many[seed], alone) <= 2
    assert [picture.tobytes() for picture in gan.generate(n)] == [picture.tobytes() for picture in many]


def test_orders_of_others_change_no_picture(gan: GANPipeline) -> None:
    latents = gan.latent(5)
    orders: list[dict[str, Any]] = [
        {"n": 2, "seed": 7, "truncation": 0.5}, {}, {"latents": torch.cat([latents, latents]), "seed": 3},
        {"seed": 9, "directions": {"trees": 2.0}},
    ]  # fmt: skip
    made = gan.generate_batch(orders)
    assert [len(pictures) for pictures in made] == [2, 1, 2, 1]
    for pictures, order in zip(made, orders, strict=True):
        for picture, alone in zip(pictures, gan.generate(**order), strict=True):
            assert furthest(picture, alone) <= 2
            assert images.settings(picture) == images.settings(alone)
    with pytest.raises(OptionError, match="The truncation is 7; it must be"):
        gan.generate_batch([{}, {"truncation": 7}])
    assert gan.generate_batch([]) == []


def test_directions_are_deviations_of_the_latent(gan: GANPipeline) -> None:
    [moved] = gan.generate(seed=2, truncation=0.5, directions={"daylight": 3, "warmth": -1})
    axes = gan._network.directions
    expected = 0.5 * gan.latent(2) + 3 * axes[0] - axes[2]
    assert torch.allclose(gan.latent(moved), expected, atol=1e-6)
    assert moved.tobytes() == gan.generate(latents=gan.latent(moved))[0].tobytes()
    assert moved.tobytes() != gan.generate(seed=2, truncation=0.5)[0].tobytes()


def test_pictures_of_latents(gan: GANPipeline) -> None:
    latents = torch.cat([gan.latent(seed) for seed in (3, 1)])
    pictures = gan.generate(latents=latents, truncation=0.7)
    assert len(pictures) == 2
    for picture, seed in zip(pictures, (3, 1), strict=True):
        assert furthest(picture, gan.generate(seed=seed, truncation=0.7)[0]) <= 2
        assert torch.equal(unpack(settings_of(picture)["latent"], 8), gan.latent(seed))
        assert "seed" not in settings_of(picture)
    assert len(gan.generate(2, latents=latents)) == 2
    assert gan.generate(latents=latents[0])[0].tobytes() == gan.generate(latents=latents[:1])[0].tobytes()


# ---------------------------------------------------------------------------------------------------- between pictures


@pytest.mark.parametrize("truncation", [1.0, 0.6])
def test_the_ends_of_an_interpolation_are_the_pictures_themselves(gan: GANPipeline, truncation: float) -> None:
    pictures = gan.interpolate(1, 2, steps=20, truncation=truncation)
    assert len(pictures) == 20
    for end, seed in ((pictures[0], 1), (pictures[-1], 2)):
        [picture] = gan.generate(seed=seed, truncation=truncation)
        assert end.tobytes() == picture.tobytes()
        assert end.info == picture.info
    changes = [apart(a, b).mean() for a, b in pairwise(pictures)]
    whole = apart(pictures[0], pictures[-1]).mean()
    assert max(changes) < whole / 3  # no jump
    assert min(changes) > 0


def test_a_walk_comes_by_its_stops(gan: GANPipeline) -> None:
    frames = gan.walk([4, 7, 5], frames=9, truncation=0.9)
    assert len(frames) == 9
    for frame, seed in ((0, 4), (4, 7), (8, 5)):
        assert furthest(frames[frame], gan.generate(seed=seed, truncation=0.9)[0]) <= 2
        assert settings_of(frames[frame])["seed"] == seed
    assert settings_of(frames[5])["walk"] == {"stops": [4, 7, 5], "frames": 9, "loop": False}
    assert settings_of(frames[5])["frame"] == 5


def test_a_loop_ends_one_frame_before_its_start(gan: GANPipeline) -> None:
    frames = gan.walk([4, 7], frames=8, loop=True)
    assert furthest(frames[0], gan.generate(seed=4)[0]) <= 2
    assert furthest(frames[4], gan.generate(seed=7)[0]) <= 2
    assert torch.allclose(gan.latent(frames[7]), gan.latent(frames[1]), atol=1e-5)  # the same way back
    assert frames[7].tobytes() != frames[0].tobytes()


def test_a_walk_tells_how_far_it_is_and_can_be_stopped(gan: GANPipeline) -> None:
    calls: list[tuple[int, int, Image.Image | None]] = []
    frames = gan.walk([0, 1], frames=40, callback=lambda *call: calls.append(call))
    assert [call[:2] for call in calls] == [(BATCH, 40), (2 * BATCH, 40), (40, 40)]
    previews = [call[2] for call in calls]
    assert [preview and preview.tobytes() for preview in previews] == [frames[i].tobytes() for i in (15, 31, 39)]

    def stop(step: int, total: int, preview: Image.Image | None) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        gan.walk([0, 1], callback=stop)


def test_a_mix_has_the_coarse_of_one_and_the_fine_of_the_other(gan: GANPipeline) -> None:
    mixed = gan.mix(1, 2)
    a, b = gan.generate(2, seed=1)
    with torch.inference_mode():
        expected = images.to_image(gan._network(gan.latent(1), gan.latent(2)).add(1).div(2))
    assert apart(mixed, expected).mean() < 2
    assert gan.mix(1, 1).tobytes() == a.tobytes()
    assert min(apart(mixed, other).mean() for other in (a, b)) > 5
    assert {"coarse": 1, "fine": 2}.items() <= settings_of(mixed).items()


# -------------------------------------------------------------------------------------------------------------- breed


def test_without_mutation_each_number_is_a_parent_s(gan: GANPipeline) -> None:
    parents = [3, gan.generate(seed=4, truncation=0.7)[0], gan.latent(5)]
    children = gan.breed(parents, 6, mutation=0, seed=1)
    given = torch.cat([gan.latent(parent) for parent in parents])
    for number, child in enumerate(children):
        same = gan.latent(child) == given
        assert same.any(0).all()
        assert {"child": number, "mutation": 0.0, "seed": 1}.items() <= settings_of(child).items()
        assert settings_of(child)["parents"] == [3, 4, short_id(gan.latent(5))]
    assert len({child.tobytes() for child in children}) > 1


# ------------------------------------------------------------------------------------------------- settings and origins


MAKERS: dict[str, Callable[[GANPipeline], Image.Image]] = {
    "seed": lambda gan: gan.generate(seed=MAX_SEED, truncation=0.7, directions={"trees": -1.25})[0],
    "latent": lambda gan: gan.generate(latents=noise(1, (8,)), truncation=0.7, directions={"trees": 1.1})[0],
    "child": lambda gan: gan.breed([1, 2], 2, truncation=0.9)[1],
    "walk frame": lambda gan: gan.walk([1, 2], frames=10, truncation=0.8, directions={"warmth": 1})[3],
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_saved_picture_can_be_made_again(gan: GANPipeline, name: str) -> None:
    made = MAKERS[name](gan)
    saved = through_png(made)
    [again] = gan.generate(latents=gan.latent(saved))
    assert furthest(again, made) <= 2
    recipe = gan.recipe(saved)
    [by_recipe] = gan.generate(latents=recipe.latent, truncation=recipe.truncation, directions=recipe.directions)
    assert by_recipe.tobytes() == again.tobytes()
    assert torch.equal(gan.latent(saved), gan.latent(made))
    assert torch.equal(gan.latent(settings_of(saved)), gan.latent(made))  # the settings say it all


def test_a_saved_mix_can_be_made_again_and_gone_on_from(gan: GANPipeline) -> None:
    child = gan.breed([5, 6], 1)[0]
    made = gan.mix(child, 2, truncation=0.8, directions={"daylight": 1})
    saved = through_png(made)
    recipe = gan.recipe(saved)
    assert recipe.fine is not None
    again = gan.mix(recipe.latent, recipe.fine, truncation=recipe.truncation, directions=recipe.directions)
    assert again.tobytes() == made.tobytes()
    assert torch.equal(recipe.latent, gan.latent(child))
    assert gan.interpolate(saved, 1, steps=3)[0].tobytes() == made.tobytes()
    walk = gan.walk([saved, 1], frames=8)
    assert furthest(walk[0], made) <= 2
    assert furthest(gan.walk([through_png(walk[3]), 1], frames=8)[0], walk[3]) <= 2
    assert gan.breed([saved], 1, mutation=0)[0].tobytes() == made.tobytes()
    assert gan.mix(saved, saved).tobytes() == made.tobytes()
    assert gan.sweep(saved, truncations=[1.0])[0].tobytes() == made.tobytes()
    with pytest.raises(OptionError, match=r"The picture is a mix, so no single latent makes it"):
        gan.latent(saved)


def with_info(text: str) -> Image.Image:
    picture = Image.new("RGB", (32, 32))
    picture.info["deepart"] = text
    return picture


def changed(**changes: Any) -> Image.Image:
    whole = {"task": "gan", "model": "landscapes", "version": "0123456789ab", "seed": 1, "truncation": 1.0}
    return with_info(json.dumps({**whole, **changes}))


WRONG_ORIGINS = [
    (-1, "The seed is -1; it must be a whole number from 0 to 4294967295."),
    (None, "The seed is None; it must be"),
    (1.0, "The seed is 1.0; it must be"),
    (torch.zeros(7), "The numbers of a latent have the shape (7,); this model takes (n, 8)"),
    (torch.full((8,), torch.nan), "The numbers of a latent hold numbers that are not finite"),
    (Image.new("RGB", (32, 32)), "The picture carries no settings of DeepArt, so its latent is not known;"),
    (with_info("{"), "The picture carries no settings of DeepArt"),
    (changed(task="style"), "The picture was made by a 'style' model; give one that a GAN made."),
    (changed(model="x", version="1"), "The picture was made by 'x', version '1', and this is 'landscapes', version"),
    (changed(seed=-1), "The seed is -1; it must be"),
    (changed(truncation="a"), "The truncation is 'a'; it must be a number from 0 to 1.5."),
    (changed(directions=[1]), "The directions are [1]; give a mapping of names to amounts."),
    (changed(directions={"x": 1}), "There is no direction 'x'. Known: daylight, trees, warmth."),
    (changed(latent="AAAA"), "A latent in the settings is no base64 text of 8 numbers; take another picture."),
    (changed(latent=pack(torch.full((8,), torch.nan))), "The latents hold numbers that are not finite"),
    (changed(coarse=1, fine=[1]), "The seed is [1]; it must be"),
]


@pytest.mark.parametrize(("origin", "sentence"), WRONG_ORIGINS)
def test_what_is_no_origin_gets_a_sentence(gan: GANPipeline, origin: Any, sentence: str) -> None:
    for use in (
        gan.latent, lambda x: gan.walk([x, 1]), lambda x: gan.breed([1, x]), lambda x: gan.mix(1, x),
        lambda x: gan.interpolate(x, 1), gan.sweep,
    ):  # fmt: skip
        with pytest.raises(OptionError) as caught:
            use(origin)
        assert str(caught.value).startswith(sentence)
        assert str(caught.value).endswith(".")


# ------------------------------------------------------------------------------------------------------------ mistakes

nan, inf = float("nan"), float("inf")
LATENTS = torch.zeros(2, 8)
WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("generate", (0,), {}, "The number of pictures is 0; it must be a whole number from 1 to 1024."),
    ("generate", (10_000,), {}, "The number of pictures is 10000; it must be a whole number from 1 to 1024."),
    ("generate", (), {"seed": -1}, "The seed is -1; it must be a whole number from 0 to 4294967295."),
    ("generate", (), {"seed": 10**5000}, "The seed is a int that cannot be shown; it must be"),
    ("generate", (), {"seed": Image.new("RGB", (8, 8))}, "The seed is a value of the type Image; it must be"),
    ("generate", (), {"seed": "abc"}, "The seed is 'abc'; it must be"),
    ("generate", (), {"seed": None}, "The seed is None; it must be"),
    ("generate", (3,), {"seed": MAX_SEED - 1}, "The seed is 4294967294, and with 3 pictures the last"),
    ("generate", (), {"truncation": nan}, "The truncation is nan; it must be a number from 0 to 1.5."),
    ("generate", (), {"truncation": 1.6}, "The truncation is 1.6; it must be"),
    ("generate", (), {"directions": {"tree": 1}}, "There is no direction 'tree'; did you mean 'trees'? Known:"),
    ("generate", (), {"directions": ["trees"]}, "The directions are ['trees']; give a mapping of names to amounts."),
    ("generate", (), {"directions": {"trees": 11}}, "The amount of 'trees' is 11; it must be a number from -10 to 10."),
    ("generate", (3,), {"latents": LATENTS}, "There are 2 latents for 3 pictures; leave n out, or give as many."),
    ("generate", (), {"latents": [[0.0] * 8]}, "The latents are of type list; give a tensor of shape (n, 8)."),
    ("generate", (), {"latents": torch.zeros(2, 9)}, "The latents have the shape (2, 9); this model takes (n, 8)"),
    ("generate", (), {"latents": LATENTS * nan}, "The latents hold numbers that are not finite or beyond 100;"),
    ("sweep", (0,), {"truncations": []}, "There are 0 truncations; give 1 to 16."),
    ("sweep", (0,), {"truncations": 0.5}, "The truncations are 0.5; give a list of 1 to 16."),
    ("interpolate", (0, 1), {"steps": 1}, "The number of steps is 1; it must be a whole number from 2 to 120."),
    ("walk", ([0],), {}, "There are 1 seeds of a walk; give 2 to 16."),
    ("walk", (5,), {}, "The seeds of a walk are 5; give a list of 2 to 16."),
    ("walk", ([0, 1],), {"frames": 7}, "The number of frames is 7; it must be a whole number from 8 to 120."),
    ("walk", ([0, 1],), {"loop": "yes"}, "The loop is 'yes'; it must be True or False."),
    ("walk", ([0, 1],), {"callback": 3}, "The callback is 3; it must be a function of step, total and preview."),
    ("breed", ([],), {}, "There are 0 parents; give 1 to 8."),
    ("breed", ("ab",), {}, "The parents are 'ab'; give a list of 1 to 8."),
    ("breed", ([0], 0), {}, "The number of children is 0; it must be a whole number from 1 to 16."),
    ("breed", ([0],), {"mutation": 1.1}, "The mutation is 1.1; it must be a number from 0 to 1."),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "arguments", "options", "sentence"), WRONG)
def test_options_out_of_range_get_a_sentence(
    gan: GANPipeline, verb: str, arguments: tuple[Any, ...], options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(OptionError) as caught:
        getattr(gan, verb)(*arguments, **options)
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "failure", [MemoryError(), torch.OutOfMemoryError("x"), RuntimeError("DefaultCPUAllocator: not enough memory")]
)
def test_out_of_memory_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    gan = tiny_landscapes()

    def full(*args: object) -> None:
        raise failure

    monkeypatch.setattr(Generator, "forward", full)
    with pytest.raises(
        MemoryLimitError, match=r"^The cpu ran out of memory making pictures of 32 pixels; close other pr"
    ):
        gan.generate()
    with pytest.raises(MemoryLimitError, match=r"^The cpu .* of 32 pixels; ask for fewer than 4 pictures\.$"):
        gan.generate(4)
    with pytest.raises(MemoryLimitError, match=r"ran out of memory looking for a picture of 32 pixels; close "):
        gan.project(Image.new("RGB", (32, 32)))


# ------------------------------------------------------------------------------------------------------------- folders


def test_a_saved_pipeline_makes_the_same_pictures(gan: GANPipeline, tmp_path: Path) -> None:
    gan.save_pretrained(tmp_path / "mine")
    with torch.inference_mode():
        loaded = GANPipeline.from_pretrained(tmp_path / "mine", device="cpu")
    assert (loaded.name, loaded.directions, loaded.side, loaded.latent_size) == ("mine", gan.directions, 32, 8)
    options: dict[str, Any] = {"seed": 4, "truncation": 0.7, "directions": {"trees": 2}}
    expected = gan.generate(3, **options)
    assert [x.tobytes() for x in loaded.generate(3, **options)] == [x.tobytes() for x in expected]
    config = json.loads((tmp_path / "mine" / "config.json").read_text())
    assert (config["task"], config["class"], config["features"]) == ("gan", "Generator", None)
    assert config["directions_named"] == list(gan.directions)
    loaded.save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (
        tmp_path / "mine" / "model.safetensors"
    ).read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"directions_named": ["a", "b"]}, "names its 3 directions as"),
        ({"directions_named": ["a", "", "b"]}, "names its 3 directions as"),
        ({"features": "vgg99"}, "needs the features 'vgg99', which this DeepArt does not have"),
        ({"coarse": 9}, "do not make a network"),
    ],
)
def test_a_config_that_does_not_fit_gets_a_sentence(
    gan: GANPipeline, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    gan.save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(WeightsError) as caught:
        GANPipeline.from_pretrained(tmp_path, device="cpu")
    assert words in str(caught.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU; runs where there is one")
def test_a_gpu_makes_the_same_pictures(gan: GANPipeline, tmp_path: Path) -> None:
    gan.save_pretrained(tmp_path)
    there = GANPipeline.from_pretrained(tmp_path, device="cuda")
    options: dict[str, Any] = {"truncation": 0.8, "directions": {"trees": 1}}
    pairs = [
        *zip(gan.generate(20, **options), there.generate(20, **options), strict=True),
        *zip(gan.walk([0, 1], frames=8), there.walk([0, 1], frames=8), strict=True),
        *zip(gan.breed([0, 1]), there.breed([0, 1]), strict=True),
        (gan.mix(0, 1), there.mix(0, 1)),
    ]
    for ours, theirs in pairs:
        assert apart(ours, theirs).mean() < 2
    assert there.generate(20)[7].tobytes() == there.generate(20)[7].tobytes()
    assert torch.equal(there.project(pairs[0][0], steps=20), there.project(pairs[0][0], steps=20))
    assert there.project(pairs[0][0], steps=2).device.type == "cpu"

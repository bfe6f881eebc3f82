import dataclasses
import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from vae_lively import apart, drawing, settings_of, spatial_vae, through_png, vector_vae

from deepart import Latent, VAEPipeline, images
from deepart.errors import ImageError, OptionError, UnsupportedError, WeightsError
from deepart.latents import MAX_SEED, noise, pack, slerp, unpack
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from deepart.pipelines.vae import BATCH
from deepart.registry import Located

MAKERS = {"spatial": spatial_vae, "vector": vector_vae}


@pytest.fixture(scope="module", params=MAKERS)
def vae(request: pytest.FixtureRequest) -> VAEPipeline:
    return MAKERS[request.param]()


@pytest.fixture(scope="module")
def spatial() -> VAEPipeline:
    return spatial_vae()


@pytest.fixture(scope="module")
def vector() -> VAEPipeline:
    return vector_vae()


A, B = drawing(70, 50, 1), drawing(70, 50, 2)


# ------------------------------------------------------------------------------------------------------ there and back


def alpha() -> Image.Image:
    picture = drawing(40, 30).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((40, 30)))
    return picture


PICTURES = {
    "grey": drawing(40, 30).convert("L"),
    "sixteen bits": Image.new("I;16", (40, 30), 30_000),
    "alpha": alpha(),
    "palette": drawing(40, 30).convert("P"),
    "tall": drawing(16, 512),
    "wide": drawing(512, 16),
    "sixteen pixels": drawing(16, 16),
    "odd": drawing(77, 41),
    "even": drawing(64, 64),
}


@pytest.mark.parametrize("name", PICTURES)
def test_any_picture_comes_back_in_its_size(vae: VAEPipeline, name: str) -> None:
    picture = PICTURES[name]
    result = vae.reconstruct(picture)
    assert (result.size, result.mode) == (picture.size, "RGB")
    assert np.asarray(result).std() > 1
    upright = images.check_image(picture)
    assert result.tobytes() == vae.reconstruct(upright).tobytes()
    latent = vae.encode(picture)
    assert latent.size == picture.size
    assert latent.mean.shape == latent.std.shape == (1, *vae.latent_shape(picture.size))
    assert (latent.model, latent.version) == (vae.name, vae.version)
    assert vae.decode(latent).tobytes() == result.tobytes()


def test_the_shape_of_a_latent_and_how_much_is_saved(spatial: VAEPipeline, vector: VAEPipeline) -> None:
    assert (spatial.spatial, spatial.has_prior, spatial.side, spatial.directions) == (True, False, None, ())
    assert spatial.latent_shape((64, 32)) == (8, 4, 8)
    assert spatial.latent_shape((65, 33)) == (8, 5, 9)
    assert spatial.compression((64, 32)) == 24
    assert (vector.spatial, vector.has_prior, vector.side) == (False, True, 32)
    assert vector.directions == ("hair", "glasses")
    assert vector.latent_shape((300, 20)) == (8,)
    assert vector.compression((32, 32)) == 384
    for ask in (spatial.latent_shape, vector.compression):
        with pytest.raises(OptionError, match="The width is 5; it must be a whole number of pixels from 16 to 4096"):
            ask((5, 20))


def test_a_picture_of_4096_pixels_is_taken_and_none_of_more(vae: VAEPipeline) -> None:
    assert vae.reconstruct(drawing(4096, 128)).size == (4096, 128)
    with pytest.raises(ImageError) as caught:
        vae.encode(drawing(200, 4097))
    assert str(caught.value) == "The picture is 200x4097 pixels; at most 4096 a side are taken, so scale it down."


# ---------------------------------------------------------------------------------------------------------- in between


def base(vae: VAEPipeline, size: tuple[int, int] = (70, 50)) -> dict[str, Any]:
    return {"task": "vae", "model": vae.name, "version": vae.version, "size": list(size)}


def without_latent(picture: Image.Image) -> dict[str, Any]:
    return {key: value for key, value in settings_of(picture).items() if key != "latent"}


def test_pictures_carry_their_settings(vae: VAEPipeline) -> None:
    assert without_latent(vae.reconstruct(A)) == base(vae)
    assert without_latent(vae.decode(vae.encode(A))) == base(vae)
    assert [without_latent(one) for one in vae.vary(A, 0.5, n=2, seed=7)] == [
        base(vae) | {"strength": 0.5, "seed": seed} for seed in (7, 8)
    ]
    assert [without_latent(one) for one in vae.interpolate(A, B, steps=3, path="spherical")] == [
        base(vae) | {"way": "spherical", "steps": 3, "t": t} for t in (0.0, 0.5, 1.0)
    ]
    if vae.spatial:
        assert "latent" not in settings_of(vae.reconstruct(A))
        return
    assert [without_latent(one) for one in vae.sample(2, seed=3, temperature=0.5)] == [
        base(vae, (32, 32)) | {"seed": seed, "temperature": 0.5} for seed in (3, 4)
    ]
    assert without_latent(vae.edit(A, {"glasses": -2})) == base(vae) | {"directions": {"glasses": -2.0}}
    assert without_latent(vae.combine(A, B, A)) == base(vae) | {"arithmetic": "a - b + c"}
    assert torch.equal(unpack(settings_of(vae.reconstruct(A))["latent"], 8), vae.encode(A).mean)


def test_a_batch_is_what_each_alone_gives(vae: VAEPipeline) -> None:
    pictures = [Image.radial_gradient("L").resize((70, 50)).convert("RGB"), Image.new("RGB", (70, 50), "teal")]
    latents = vae.encode_batch(pictures)
    for latent, picture in zip(latents, pictures, strict=True):
        alone = vae.encode(picture)
        assert (latent.size, latent.model, latent.version) == (alone.size, alone.model, alone.version)
        assert latent.mean.allclose(alone.mean, atol=0.02)
        assert latent.std.allclose(alone.std, atol=0.02)
    for made, latent in zip(vae.decode_batch(latents), latents, strict=True):
        alone = vae.decode(latent)
        assert np.abs(np.asarray(made, float) - np.asarray(alone, float)).max() <= 2
        assert images.settings(made) == images.settings(alone)
    with pytest.raises(OptionError, match="The pictures of a batch are of 70x50, 80x50 pixels; give"):
        vae.encode_batch([pictures[0], Image.new("RGB", (80, 50))])
    with pytest.raises(OptionError, match="are of no pixels"):
        vae.decode_batch([])


def test_variations_lie_where_the_posterior_says(vae: VAEPipeline) -> None:
    latent = vae.encode(A)
    made = vae.vary(A, 1.5, n=3, seed=5)
    for picture, seed in zip(made, (5, 6, 7), strict=True):
        mean = latent.mean + 1.5 * latent.std * noise(seed, latent.mean.shape)
        expected = vae.decode(dataclasses.replace(latent, mean=mean))
        assert apart(picture, expected).max() <= 2
    assert len({picture.tobytes() for picture in made}) == 3
    assert [one.tobytes() for one in vae.vary(latent, 1.5, n=3, seed=5)] == [one.tobytes() for one in made]


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_the_ends_of_a_morph_are_the_reconstructions(vae: VAEPipeline, path: Any) -> None:
    frames = vae.interpolate(A, B, steps=20, path=path)
    assert len(frames) == 20
    assert frames[0].tobytes() == vae.reconstruct(A).tobytes()
    assert frames[-1].tobytes() == vae.reconstruct(B).tobytes()
    changes = [apart(a, b).mean() for a, b in pairwise(frames)]
    whole = apart(frames[0], frames[-1]).mean()
    assert max(changes) < whole / 3  # no jump
    assert min(changes) > 0
    assert [one.tobytes() for one in vae.interpolate(vae.encode(A), vae.encode(B), steps=20, path=path)] == [
        one.tobytes() for one in frames
    ]


def test_the_other_picture_is_scaled_and_cropped_to_the_first(vae: VAEPipeline) -> None:
    other = drawing(200, 90, 3)
    frames = vae.interpolate(A, other, steps=3)
    assert {frame.size for frame in frames} == {A.size}
    fitted = ImageOps.fit(other, A.size, Image.Resampling.LANCZOS)
    assert frames[-1].tobytes() == vae.reconstruct(fitted).tobytes()
    by_latent = vae.interpolate(vae.encode(A), vae.encode(other), steps=3)
    assert {frame.size for frame in by_latent} == {A.size}
    if vae.spatial:  # there is no latent of that size, so it goes by the picture
        cropped = ImageOps.fit(vae.reconstruct(other), A.size, Image.Resampling.LANCZOS)
        assert by_latent[-1].tobytes() == vae.reconstruct(cropped).tobytes()
    else:
        whole = dataclasses.replace(vae.encode(other), size=A.size)
        assert by_latent[-1].tobytes() == vae.decode(whole).tobytes()


@pytest.mark.parametrize(
    ("make", "verb", "steps"),
    [
        (spatial_vae, "vary", range(1, 21)),
        (spatial_vae, "interpolate", range(1, 21)),
        (vector_vae, "vary", [16, 20]),
        (vector_vae, "interpolate", [1, 17, 19, 20]),
        (vector_vae, "sample", [16, 20]),
    ],
)
def test_long_work_tells_how_far_it_is_and_can_be_stopped(
    make: Callable[[], VAEPipeline], verb: str, steps: Sequence[int]
) -> None:
    vae = make()

    def work(callback: Any) -> list[Image.Image]:
        if verb == "vary":
            return vae.vary(A, n=BATCH + 4, callback=callback)
        if verb == "interpolate":
            return vae.interpolate(A, B, steps=BATCH + 4, callback=callback)
        return vae.sample(BATCH + 4, callback=callback)

    calls: list[tuple[int, int, Image.Image | None]] = []
    made = work(lambda *call: calls.append(call))
    assert [call[:2] for call in calls] == [(step, 20) for step in steps]
    assert [call[2] and call[2].tobytes() for call in calls] == [made[step - 1].tobytes() for step in steps]

    def stop(step: int, total: int, preview: Image.Image | None) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        work(stop)


# -------------------------------------------------------------------------------------------------- vectors of latents


def test_samples_are_those_of_the_prior(vector: VAEPipeline) -> None:
    network = vector._coder.network
    assert isinstance(network, VectorVAE)
    pictures = vector.sample(5, seed=20, temperature=0.7)
    assert [picture.size for picture in pictures] == [(32, 32)] * 5
    for seed, picture in enumerate(pictures, 20):
        expected = network.prior(noise(seed, (1, 8)), 0.7)
        assert torch.equal(unpack(settings_of(picture)["latent"], 8), expected)
    assert len({picture.tobytes() for picture in pictures}) == 5
    assert apart(vector.sample(BATCH + 3)[BATCH + 1], vector.sample(seed=BATCH + 1)[0]).max() <= 2


def test_a_spherical_way_leads_through_the_prior(vector: VAEPipeline) -> None:
    network = vector._coder.network
    assert isinstance(network, VectorVAE)
    assert network.flow is not None
    ends = vector.sample(2, seed=5)
    way = vector.interpolate(ends[0], ends[1], steps=5, path="spherical")
    found = torch.cat([unpack(settings_of(picture)["latent"], 8) for picture in way])
    drawn = [noise(seed, (1, 8)) for seed in (5, 6)]
    expected = torch.cat([network.prior(slerp(*drawn, step / 4)) for step in range(5)])
    assert torch.allclose(found, expected, atol=2e-3)
    assert torch.equal(found[[0, -1]], torch.cat([network.prior(one) for one in drawn]))


def test_directions_are_deviations_of_the_latent(vector: VAEPipeline) -> None:
    axes = vector._coder.network.directions
    edited = vector.edit(A, {"glasses": 2, "hair": -1.5})
    latent = vector.encode(A)
    expected = latent.mean - 1.5 * axes[0] + 2 * axes[1]
    assert torch.allclose(vector.latent(edited).mean, expected, atol=1e-6)
    assert edited.size == A.size
    assert edited.tobytes() != vector.reconstruct(A).tobytes()
    assert vector.edit(A, {}).tobytes() == vector.edit(latent, {"hair": 0}).tobytes() == vector.reconstruct(A).tobytes()


def test_arithmetic_is_that_of_the_latents(vector: VAEPipeline) -> None:
    other = drawing(40, 40, 5)
    a, b, c = (vector.encode(one).mean for one in (A, B, other))
    made = vector.combine(A, B, other)
    assert made.size == A.size
    assert torch.equal(vector.latent(made).mean, a - b + c)
    assert vector.combine(A, B, B).tobytes() == vector.reconstruct(A).tobytes()


def test_a_picture_that_a_vector_made_stands_for_its_latent(vector: VAEPipeline) -> None:
    pictures = [
        vector.sample(seed=9)[0], vector.reconstruct(A), vector.edit(A, {"hair": 3}), vector.vary(A, n=2)[1],
        vector.interpolate(A, B, steps=5)[2], vector.combine(A, B, A),
    ]  # fmt: skip
    for made in pictures:
        saved = through_png(made)
        assert apart(vector.reconstruct(saved), made).max() <= 2
        latent = vector.latent(saved)
        assert torch.equal(latent.mean, unpack(settings_of(made)["latent"], 8))
        assert torch.equal(latent.std, vector.encode(saved).std)
        assert not torch.equal(latent.mean, vector.encode(saved).mean)
        assert apart(vector.decode(latent), made).max() <= 2


def with_note(picture: Image.Image, **changes: Any) -> Image.Image:
    found = picture.copy()
    found.info["deepart"] = json.dumps(settings_of(picture) | changes)
    return found


CHANGED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "scaled": lambda made: images.with_settings(made.resize((40, 40)), settings_of(made)),
    "another version": lambda made: with_note(made, version="0" * 12),
    "another task": lambda made: with_note(made, task="gan"),
    "a view of it": lambda made: with_note(made, view="error"),
    "no latent": lambda made: with_note(made, latent=None),
    "a latent cut short": lambda made: with_note(made, latent="AAAA"),
    "a latent of no numbers": lambda made: with_note(made, latent=pack(torch.full((8,), torch.nan))),
    "a size that is none": lambda made: with_note(made, size="32x32"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_any_other_picture_is_taken_by_its_pixels(vector: VAEPipeline, name: str) -> None:
    made = CHANGED[name](vector.sample(seed=9)[0])
    assert torch.equal(vector.latent(made).mean, vector.encode(made).mean)
    plain = made.copy()
    plain.info = {}
    assert vector.reconstruct(made).tobytes() == vector.reconstruct(plain).tobytes()


def test_a_spatial_model_is_not_asked_for_what_vectors_do(spatial: VAEPipeline) -> None:
    sentences = {
        "The model 'pictures' has no prior to draw pictures from; use 'portraits'.": lambda: spatial.sample(),
        "The model 'pictures' has a latent for every part of a picture, and no directions; use 'portraits'.": lambda: (
            spatial.edit(A, {"hair": 1})
        ),
        "The model 'pictures' has a latent for every part of a picture, and no arithmetic; use 'portraits'.": lambda: (
            spatial.combine(A, A, A)
        ),
    }
    for sentence, use in sentences.items():
        with pytest.raises(UnsupportedError) as caught:
            use()
        assert str(caught.value) == sentence


def test_a_vector_without_a_prior_draws_nothing() -> None:
    network = VectorVAE(VectorVAEConfig(latent=8, encoder=(8, 8), decoder=(8, 8, 8)))
    plain = VAEPipeline(Located("plain", "0" * 12), torch.device("cpu"), network)
    assert not plain.has_prior
    with pytest.raises(UnsupportedError, match="The model 'plain' has no prior to draw pictures from"):
        plain.sample()
    with pytest.raises(OptionError, match=r"There is no direction 'hair'\. Known: none\."):
        plain.edit(A, {"hair": 1})


# ------------------------------------------------------------------------------------------------------------ mistakes

VERBS: dict[str, Callable[[VAEPipeline, Any], Any]] = {
    "latent": lambda vae, x: vae.latent(x),
    "reconstruct": lambda vae, x: vae.reconstruct(x),
    "vary": lambda vae, x: vae.vary(x),
    "interpolate from": lambda vae, x: vae.interpolate(x, A),
    "interpolate to": lambda vae, x: vae.interpolate(A, x),
    "edit": lambda vae, x: vae.edit(x, {"hair": 1}),
    "combine": lambda vae, x: vae.combine(A, x, A),
}


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_source_gets_a_sentence(vector: VAEPipeline, spatial: VAEPipeline, verb: str) -> None:
    wrong = {
        "The latent was made by 'pictures', version '0123456789ab', and this is 'portraits', version 'ba9876543210'; "
        "use the model that made it.": spatial.encode(A),
        "The latent has the shape (9,); that of a picture of 32x32 pixels has (8,).": Latent(
            torch.zeros(1, 9), torch.ones(1, 9), (32, 32), "portraits", "ba9876543210"
        ),
        "The picture is 15x40 pixels; each side must have at least 16, so choose a larger one.": drawing(15, 40),
        "The picture is 4100x200 pixels; at most 4096 a side are taken, so scale it down.": drawing(4100, 200),
        "The picture is of type str, not a PIL image; open a picture file with deepart.images.load_image.": "a.png",
        "The picture is of type NoneType, not a PIL image; open a picture file with deepart.images.load_image.": None,
    }
    for sentence, source in wrong.items():
        with pytest.raises((ImageError, OptionError)) as caught:
            VERBS[verb](vector, source)
        assert str(caught.value) == sentence


nan, inf = float("nan"), float("inf")
WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("vary", (A, nan), {}, "The strength is nan; it must be a number from 0 to 10."),
    ("vary", (A,), {"n": 0}, "The number of variations is 0; it must be a whole number from 1 to 64."),
    ("vary", (A,), {"seed": MAX_SEED, "n": 2}, "The seed is 4294967295, and with 2 pictures the last would be"),
    ("vary", (A,), {"callback": 3}, "The callback is 3; it must be a function of step, total and preview."),
    ("interpolate", (A, B), {"steps": 1}, "The number of steps is 1; it must be a whole number from 2 to 120."),
    ("interpolate", (A, B), {"path": "round"}, "The path is 'round'; it must be one of linear, spherical."),
    ("sample", (0,), {}, "The number of pictures is 0; it must be a whole number from 1 to 1024."),
    ("sample", (3,), {"seed": MAX_SEED - 1}, "The seed is 4294967294, and with 3 pictures the last"),
    ("sample", (), {"temperature": 1.6}, "The temperature is 1.6; it must be a number from 0 to 1.5."),
    ("edit", (A, {"hairs": 1}), {}, "There is no direction 'hairs'; did you mean 'hair'? Known: hair, glasses."),
    ("edit", (A, {"hair": 11}), {}, "The amount of 'hair' is 11; it must be a number from -10 to 10."),
    ("edit", (A, ["hair"]), {}, "The directions are ['hair']; give a mapping of names to amounts."),
]


@pytest.mark.parametrize(("verb", "arguments", "options", "sentence"), WRONG)
def test_options_out_of_range_get_a_sentence(
    vector: VAEPipeline, verb: str, arguments: tuple[Any, ...], options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(OptionError) as caught:
        getattr(vector, verb)(*arguments, **options)
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")


# ------------------------------------------------------------------------------------------------------------- folders


def test_a_saved_pipeline_makes_the_same_pictures(vae: VAEPipeline, tmp_path: Path) -> None:
    vae.save_pretrained(tmp_path / "mine")
    with torch.inference_mode():
        loaded = VAEPipeline.from_pretrained(tmp_path / "mine", device="cpu")
    assert (loaded.name, loaded.directions, loaded.side) == ("mine", vae.directions, vae.side)
    assert (loaded.spatial, loaded.has_prior) == (vae.spatial, vae.has_prior)
    assert loaded.reconstruct(A).tobytes() == vae.reconstruct(A).tobytes()
    assert [x.tobytes() for x in loaded.vary(A)] == [x.tobytes() for x in vae.vary(A)]
    config = json.loads((tmp_path / "mine" / "config.json").read_text())
    assert (config["task"], config["class"]) == ("vae", "SpatialVAE" if vae.spatial else "VectorVAE")
    if not vae.spatial:
        assert config["directions_named"] == ["hair", "glasses"]
        assert [x.tobytes() for x in loaded.sample(3)] == [x.tobytes() for x in vae.sample(3)]
        assert loaded.edit(A, {"hair": 2}).tobytes() == vae.edit(A, {"hair": 2}).tobytes()
    loaded.save_pretrained(tmp_path / "again")
    written = [(tmp_path / folder / "model.safetensors").read_bytes() for folder in ("mine", "again")]
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("make", "change", "words"),
    [
        (vector_vae, {"directions_named": ["a", "a"]}, "names its 2 directions as"),
        (vector_vae, {"directions_named": None}, "names its 2 directions as"),
        (vector_vae, {"class": "SpatialVAE"}, "has 'directions_named', which this DeepArt does not know"),
        (vector_vae, {"class": "Generator"}, "is for a network 'Generator'; known for vae are: SpatialVAE, TAESD, "),
        (vector_vae, {"encoder": [8]}, "do not make a network"),
        (vector_vae, {"latent": 10**9}, "it takes a value like"),
        (spatial_vae, {"channels": "8"}, "it takes a value like"),
        (spatial_vae, {"directions_named": []}, "has 'directions_named', which this DeepArt does not know"),
        (spatial_vae, {"task": "gan"}, "is for the task 'gan'; this needs a vae model"),
    ],
)
def test_a_config_that_does_not_fit_gets_a_sentence(
    tmp_path: Path, make: Callable[[], VAEPipeline], change: dict[str, Any], words: str
) -> None:
    make().save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(WeightsError) as caught:
        VAEPipeline.from_pretrained(tmp_path, device="cpu")
    assert words in str(caught.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU; runs where there is one")
def test_a_gpu_makes_the_same_pictures(vae: VAEPipeline, tmp_path: Path) -> None:
    vae.save_pretrained(tmp_path)
    there = VAEPipeline.from_pretrained(tmp_path, device="cuda")
    latent = vae.encode(A)
    pairs = [
        (vae.reconstruct(A), there.reconstruct(A)),
        (vae.reconstruct(drawing(1400, 300)), there.reconstruct(drawing(1400, 300))),
        *zip(vae.vary(A), there.vary(A), strict=True),
        *zip(vae.interpolate(A, B, steps=20), there.interpolate(A, B, steps=20), strict=True),
    ]
    if vae.has_prior:
        pairs += zip(vae.sample(20), there.sample(20), strict=True)
        pairs.append((vae.edit(A, {"hair": 1}), there.edit(A, {"hair": 1})))
    for ours, theirs in pairs:
        assert apart(ours, theirs).mean() < 2
    assert there.encode(A).mean.device.type == "cpu"
    assert (there.encode(A).mean - latent.mean).abs().mean() < 0.05
    assert there.reconstruct(A).tobytes() == there.reconstruct(A).tobytes()

"""The parts of the tab "Reconstruct" that need no browser: numbers, subjects, work, and what waits for whom."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from answers import same
from PIL import Image, ImageChops, ImageStat
from running_page import Request, TinyStudio, tiny_pictures_vae, tiny_portraits_vae

from deepart.animations import strip_of
from deepart.cache import Studio
from deepart.images import load_image, save_png, settings, to_tensor, with_settings
from deepart.metrics import Nearness, nearness, psnr, ssim
from deepart.pipelines.vae_latent import Latent
from deepart.registry import ModelSpec, get_spec, version
from deepart.ui.artwork import Reconstruction, RoundTrip, name_of_source, save_reconstruction
from deepart.ui.finished import NUMBERS, PICTURE
from deepart.ui.inputs import EXAMPLES
from deepart.ui.jobs import Jobs
from deepart.ui.reconstruct_tools import Around, Tools
from deepart.ui.reconstruct_views import cells
from deepart.ui.widgets import RequestId
from deepart.ui.work import VAERequests
from recipes import first_reconstruct

CAT = EXAMPLES / "content" / "cat.jpg"
RED = Image.new("RGB", (32, 24), "red")


@pytest.fixture(scope="module")
def cat() -> Image.Image:
    return load_image(CAT).resize((96, 64))


@pytest.fixture
def maker(tiny_studio: TinyStudio) -> VAERequests:
    return VAERequests(tiny_studio)


# ------------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("size", [(16, 16), (40, 255), (40, 256), (40, 267), (24, 700)])
def test_nearness_in_strips_is_that_of_the_whole(size: tuple[int, int]) -> None:
    a = load_image(CAT).resize(size)
    b = Image.blend(a, a.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 0.3)
    near = nearness(a, b)
    assert near.psnr == pytest.approx(psnr(to_tensor(a), to_tensor(b)), abs=1e-4)
    assert near.ssim == pytest.approx(ssim(to_tensor(a), to_tensor(b)), abs=1e-6)


def test_numbers_that_a_reconstruction_may_lack() -> None:
    assert "<dd>exact</dd>" in cells(Nearness(math.inf, 1.0), (8, 3, 4), (32, 24))
    assert "PSNR" not in cells(None, (8, 3, 4), (32, 24))


# -------------------------------------------------------------------------------------------------------------- pieces


def test_a_source_is_called_by_its_file_or_its_settings(cat: Image.Image) -> None:
    assert name_of_source("/folder/cat.jpg") == "cat"
    assert name_of_source(str(CAT)) == "A cat"
    assert name_of_source("/folder/deepart-pictures-cat.safetensors") == "cat"
    assert name_of_source("/folder/" + 90 * "a" + ".png") == 40 * "a"
    assert name_of_source("x.png", {"task": "style", "model": "fast"}) == "x"
    assert name_of_source("x.png", settings(tiny_portraits_vae().sample(1, seed=5)[0])) == "Sample 5"


def a_subject(vae: Any, picture: Image.Image, folder: Path) -> Reconstruction:
    latent = vae.latent(picture)
    made = RoundTrip(latent, vae.decode(latent), None, (0.1, 0.1), vae.latent_shape(picture.size), 1.0)
    save_png(picture, folder / "cat.png")
    return save_reconstruction(made, str(folder / "cat.png"), "cat", str(folder))


# ---------------------------------------------------------------------------------------------------------------- work


def test_nobody_s_latent_and_no_drawing_makes_a_model_come_from_the_hub(
    maker: VAERequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    pipeline = VAERequests.pipeline
    monkeypatch.setattr(VAERequests, "pipeline", lambda self, model: asked.append(model) or pipeline(self, model))
    far, near = get_spec("vae", "taesd"), get_spec("vae", "portraits")
    monkeypatch.setattr("deepart.ui.work.specs_of", lambda task: [far, near])
    monkeypatch.setattr(ModelSpec, "here", property(lambda spec: spec.repo_id is None))
    assert maker.drawing(None).name == "portraits"
    assert asked == ["portraits"]

    def owner(spec: ModelSpec) -> str:
        made = Latent(torch.zeros(1, 4, 2, 2), torch.ones(1, 4, 2, 2), (16, 16), spec.name, version(spec))
        return maker.owner(made, "pictures")

    assert owner(near) == "portraits"
    assert owner(far) == "pictures"
    monkeypatch.setattr(ModelSpec, "here", True)
    assert owner(far) == "taesd"


def test_a_strip_goes_from_the_first_to_the_last() -> None:
    frames = [with_settings(Image.new("RGB", (30, 20), (value, 0, 0)), {"t": value}) for value in range(21)]
    strip = strip_of(frames)
    assert strip.size == (240, 20)
    assert [strip.getpixel((15 + 30 * index, 10))[0] for index in range(8)] == [0, 3, 6, 9, 11, 14, 17, 20]
    assert settings(strip) == {"t": 0, "view": "strip", "pictures": 8}
    assert strip_of(frames[:2]).size == (60, 20)
    assert strip_of([frame.resize((600, 400)) for frame in frames]).size == (8 * 240, 160)


# ------------------------------------------------------------------------------------------------------------ the page


@pytest.fixture
def tab(tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr("gradio.Warning", lambda *_, **__: None)  # there is no page to show it
    import gradio as gr

    from deepart.ui.reconstruct import ReconstructTab

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with gr.Blocks() as page:
        return ReconstructTab(page, tiny_studio, Jobs())


def last(changes: Any) -> Any:
    """What a generator of changes comes to: the last change of each component."""
    found: dict[Any, Any] = {}
    for more in changes:
        found |= more
    return found


def reconstructed(tab: Any, path: Path | None, model: str = "pictures", subject: Reconstruction | None = None) -> Any:
    return last(tab._reconstruct(None if path is None else str(path), None, model, subject, Request()))


def visible(component: Any) -> Any:
    return component.constructor_args["visible"]


def offered(button: Any) -> Image.Image:
    return load_image(button.constructor_args["value"])


@pytest.mark.parametrize(("model", "there"), [("pictures", False), ("portraits", True)])
def test_the_page_is_as_the_model_is(tab: Any, cat: Image.Image, tmp_path: Path, model: str, there: bool) -> None:
    save_png(cat, tmp_path / "cat.png")
    changes = reconstructed(tab, tmp_path / "cat.png", model)
    assert changes[tab.tools_of] == (model if there else "")
    assert [visible(changes[tab.draw]), visible(changes[tab.examples])] == [there, not there]
    assert ("Choose Portraits" in changes[tab.about]) == (not there)
    channel_slider = tab.inside._look(changes[tab.subject], 1)[tab.inside.channel]
    assert getattr(channel_slider, "constructor_args", channel_slider)["visible"] == (not there)
    assert changes[tab.model].constructor_args["value"] == model


def test_an_example_gives_way_to_a_portrait_and_an_upload_stays(tab: Any, cat: Image.Image, tmp_path: Path) -> None:
    first = reconstructed(tab, CAT)[tab.subject]
    drawn = reconstructed(tab, CAT, "portraits", first)[tab.subject]
    assert drawn.name == "Sample 0"
    assert same(drawn.result(), tiny_portraits_vae().sample(1, seed=0)[0])
    assert reconstructed(tab, CAT, "portraits", first)[tab.placed][0] == str(CAT)
    back = reconstructed(tab, Path(drawn.picture), "pictures", drawn)[tab.subject]
    assert back.name == first.name
    save_png(cat, tmp_path / "mine.png")
    for model, before in (("portraits", first), ("pictures", drawn)):
        assert reconstructed(tab, tmp_path / "mine.png", model, before)[tab.subject].name == "mine"


def test_a_model_of_drawn_people_says_so_before_it_takes_a_photograph_apart(
    tab: Any, cat: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("gradio.Warning", lambda words, **_: said.append(words))
    cat.save(tmp_path / "mine.png")
    reconstructed(tab, tmp_path / "mine.png")
    reconstructed(tab, None, "portraits")  # it draws one
    assert said == []
    reconstructed(tab, tmp_path / "mine.png", "portraits")
    assert len(said) == 1
    assert said[0].startswith("This model knows drawn people only")


def test_a_latent_file_has_no_original(tab: Any, cat: Image.Image, tmp_path: Path) -> None:
    vae = tiny_pictures_vae()
    vae.encode(cat).save(tmp_path / "deepart-pictures-cat.safetensors")
    path = str(tmp_path / "deepart-pictures-cat.safetensors")
    changes = last(tab._reconstruct(None, path, "pictures", None, Request()))
    subject = changes[tab.subject]
    assert (subject.name, subject.picture) == ("cat", None)
    assert same(subject.result(), vae.reconstruct(cat))
    assert visible(changes[tab.slider]) is False
    assert "brings none" in tab.error_map._look(subject, 4.0)[tab.error_map.stage]
    assert changes[tab.placed] == (None, None)
    assert tab.opened not in changes  # by now the visitor may have opened another


def test_a_latent_brings_its_model(tab: Any, cat: Image.Image, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tiny_portraits_vae().encode(cat).save(tmp_path / "latent.safetensors")
    path = str(tmp_path / "latent.safetensors")
    versions = {"pictures": "0123456789ab", "portraits": "ba9876543210"}
    monkeypatch.setattr("deepart.ui.work.version", lambda spec: versions[spec.name])
    picture, opened, _, model = tab._open(path, "pictures")
    assert (picture, opened, model) == (None, path, "portraits")
    monkeypatch.setattr("deepart.ui.work.version", lambda spec: "ffffffffffff")
    with pytest.raises(Exception, match="The latent was made by 'portraits', version 'ba9876543210', and this is"):
        tab._open(path, "pictures")  # before the box is emptied for it


@pytest.fixture
def tools(maker: VAERequests, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The tools of Portraits, with settings from a link."""
    import gradio as gr

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with gr.Blocks():
        texts = [gr.Textbox() for _ in range(2)]
        around = Around(maker, Jobs(), gr.State(), RequestId("mark"), gr.Image(), gr.State(), *texts, gr.State([]))
        laid = Tools(around, "portraits", "strength=2&back=false&samples=3&path=nowhere&frames=9999")
    return laid.tools | {"results": laid.results}


def test_a_link_sets_what_tools_can_hold(tools: Any, tab: Any) -> None:
    vary, morph, sample = tools["Vary"], tools["Morph"], tools["Sample"]
    assert (vary.strength.value, morph.back.value, sample.count.value) == (2, False, 3)
    assert (morph.path.value, morph.frames.value) == ("linear", 24)
    assert set(tab.linked) == {"model", "gain", "tools"}
    assert {name for tool in tools.values() for name in getattr(tool, "linked", ())} == {
        "strength", "variations", "seed", "frames", "path", "back", "temperature", "samples", "sample-seed", "hair",
        "glasses",
    }  # fmt: skip


def test_a_tool_that_was_pressed_for_another_picture_says_so(tools: Any, cat: Image.Image, tmp_path: Path) -> None:
    one = a_subject(tiny_portraits_vae(), cat, tmp_path)
    with pytest.raises(Exception, match="Another picture has come since"):
        last(tools["Morph"]._morph(one, "now", "before", str(CAT), 2, "linear", True, Request()))


# ------------------------------------------------------------------------------------------------- the finished example


@pytest.fixture
def studio() -> Studio:
    """The models of the repository, none of them loaded."""
    return Studio(device="cpu")


@pytest.fixture
def opened(studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The tab as it opens with the finished example."""
    import gradio as gr

    from deepart.ui.reconstruct import ReconstructTab

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with gr.Blocks() as page:
        return ReconstructTab(page, studio, Jobs())


def test_the_example_s_numbers_are_those_of_its_files(opened: Any) -> None:
    subject = opened.subject.value
    original = subject.original()
    made = settings(load_image(first_reconstruct.FOLDER / f"{PICTURE}.png")) or {}
    near, known = nearness(original, subject.result()), made[NUMBERS]
    assert known["psnr"] == pytest.approx(near.psnr, abs=1e-3)
    assert known["ssim"] == pytest.approx(near.ssim, abs=1e-4)
    assert known["compression"] == pytest.approx(
        original.width * original.height * 3 / math.prod(known["latent_shape"]), abs=1e-3
    )
    for words in (f"{near.psnr:.1f} dB", f"{near.ssim:.3f}", "32 × 53 × 44", "5.87 : 1"):
        assert f"<dd>{words}</dd>" in opened.facts.value


def test_the_example_is_what_the_model_makes(opened: Any) -> None:
    save_reconstruction = load_image(first_reconstruct.FOLDER / f"{PICTURE}.png")
    made = reconstructed(opened, Path(opened.picture.value["path"]), "pictures", opened.subject.value)
    subject = made[opened.subject]
    difference = ImageChops.difference(subject.result(), save_reconstruction)
    assert sum(ImageStat.Stat(difference).mean) / 3 < 2
    assert settings(subject.result()) == opened.subject.value.made.made | {"from": [PICTURE]}
    assert (subject.name, subject.source().spatial) == ("Arcimboldo: Spring", True)
    assert (subject.source().mean - opened.subject.value.source().mean).abs().max() < 0.1


# -------------------------------------------------------------------------------------------------------------- Chinese


@pytest.mark.usefixtures("chinese")
def test_a_reconstruction_is_told_in_chinese(tab: Any) -> None:
    changes = reconstructed(tab, CAT)
    assert "猫" in changes[tab.title]
    for words in ("压缩比", "编码用时", "潜变量是一张数字图。", "图片中的数字："):
        assert words in changes[tab.facts]
    subject = changes[tab.subject]
    assert "放大 4 倍" in tab.error_map._look(subject, 4.0)[tab.error_map.stage]
    assert "通道 1：暗为低，亮为高。" in tab.inside._look(subject, 1)[tab.inside.heat].constructor_args["value"]
    file = Path(changes[tab.subject].made.path)
    assert file.name == "deepart-pictures-a-cat-reconstructed-768.png"  # names stay English


def test_every_word_of_the_example_is_in_chinese(opened: Any) -> None:
    from test_language import words_of_html

    from deepart.ui.i18n import ZH

    for part in (opened.title, opened.facts):
        words = [one for one in words_of_html(part.value) if re.search("[A-Za-z]{3}", one)]
        assert [one for one in words if one not in ZH] == ["PSNR", "SSIM"][: 2 * (part is opened.facts)]


def test_a_picture_that_is_too_large_is_scaled_down_and_the_visitor_told(
    tab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("gradio.Warning", lambda words, **_: said.append(words))
    RED.resize((7000, 240)).save(tmp_path / "large.jpg")
    subject = reconstructed(tab, tmp_path / "large.jpg")[tab.subject]
    assert (subject.size, subject.name) == ((4096, 140), "large")
    assert said == [
        "The picture has 7000 × 240 pixels and at most 4096 a side are taken, so it was scaled down."
    ]  # fmt: skip
    assert offered(tab.error_map._look(subject, 4.0)[tab.error_map.download]).width == 1024  # of what was taken apart

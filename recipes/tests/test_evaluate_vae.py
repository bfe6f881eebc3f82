"""The evaluation of a VAE and its model card, with tiny networks on tiny pictures."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from PIL import Image
from test_gan_metrics import make_set, noise, tiny_network

from deepart import checkpoint
from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from deepart.pipelines.vae import VAEPipeline
from recipes import evaluate_vae, vae_card
from recipes.gan_metrics import PictureFeatures
from recipes.vae_start import start_spatial

MAP = SpatialVAEConfig(channels=6, quarter=8, eighth=8, quarter_blocks=1, eighth_blocks=1)
VECTOR = VectorVAEConfig(latent=8, encoder=(8, 8), decoder=(8, 8, 8), directions=2, prior=8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """style: contents and styles; portraits: 80 pictures of noise at 32 pixels, four of them held out."""
    folder = tmp_path_factory.mktemp("data")
    files = {}
    for kind, count in (("contents", 40), ("styles", 40), ("patterns", 0)):
        (folder / "style" / kind).mkdir(parents=True)
        for index, x in enumerate(noise(count, 48) if count else ()):
            name = f"{kind}/picture{index}.png"
            Image.fromarray(x.permute(1, 2, 0).numpy()).save(folder / "style" / name)
            files[name] = {"kind": "content" if kind == "contents" else "strokes", "licence": "public domain"}
    manifest = {"packages": {"some-photographs": "1.2"}, "files": files}
    (folder / "style" / "manifest.json").write_text(json.dumps(manifest))
    make_set(folder / "portraits", ["open-peeps"] * 80)
    return folder


def write_model(folder: Path, network: SpatialVAE | VectorVAE) -> Path:
    named = {"directions_named": ["hair", "light"]} if isinstance(network, VectorVAE) else {}
    config = {"task": "vae", "class": type(network).__name__, **named, **dataclasses.asdict(network.config)}
    checkpoint.write_folder(folder, config, network.state_dict(), "card", half=True)
    return folder


@pytest.fixture(scope="module")
def map_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = SpatialVAE(MAP)
    start_spatial(network, noise(40, 32).float() / 255, 3 / 255)
    return write_model(tmp_path_factory.mktemp("models") / "vae-pictures", network)


@pytest.fixture(scope="module")
def vector_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    return write_model(tmp_path_factory.mktemp("models") / "vae-portraits", VectorVAE(VECTOR))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_vae, "SIDES", (32, 64))
    monkeypatch.setattr(evaluate_vae, "HELD_OUT_SIDE", 32)
    monkeypatch.setattr(evaluate_vae, "flat_colours", lambda: [Image.new("RGB", (16, 16), "teal")])
    monkeypatch.setattr(evaluate_vae, "ramps", lambda: [Image.new("RGB", (16, 16), "teal")] * 2)


def run(model: Path, data: list[Path], out: Path, samples: int = 60) -> dict[str, Any]:
    pipeline = VAEPipeline.from_pretrained(model, device="cpu")
    return evaluate_vae.evaluate(pipeline, data, out, samples, 4, PictureFeatures(network=tiny_network()))


def test_a_map_is_measured_on_six_pictures_and_on_held_out_ones(data: Path, map_model: Path, tmp_path: Path) -> None:
    found = run(map_model, [data / "style", data / "portraits"], tmp_path / "out")
    assert found == json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert (found["model"], found["kind"]) == ("vae-pictures", "map")
    ours, floor = found["rows"]["model"], found["rows"]["floor"]
    assert list(ours) == list(floor) == ["32", "64", "contents", "styles", "portraits"]  # of no patterns there are none
    assert list(ours["64"])[1:-1] == ["astronaut", "chelsea", "coffee", "rocket", "camera", "motorcycle"]
    assert ours["portraits"]["pictures"] == 4
    assert 0 < ours["contents"]["pictures"] <= 4
    mean = sum(ours["64"][name]["psnr"] for name in list(ours["64"])[1:-1]) / 6
    assert ours["64"]["mean"]["psnr"] == pytest.approx(mean, rel=1e-3)
    # The network is nothing but six components, of like pictures: it does about as well as those.
    for name in ours:
        assert ours[name]["mean"]["psnr"] == pytest.approx(floor[name]["mean"]["psnr"], abs=1.5)
    assert {"bits", "bits_pixel", "sample_levels", "sample_cost"} <= set(ours["32"]["camera"])
    assert found["latent"] == {"active": 6, "units": 6, "of": "channels"}
    assert (found["flat_colours"]["pictures"], found["ramps"]["pictures"]) == (1, 2)
    assert "samples" not in found
    with Image.open(tmp_path / "out" / "reconstructions.webp") as sheet:
        assert sheet.size == (2 * (2 * 32 + 4) + 4, 3 * (32 + 4) + 4)


def test_a_vector_is_measured_on_held_out_portraits_and_its_samples_as_a_generator_s(
    data: Path, vector_model: Path, tmp_path: Path
) -> None:
    found = run(vector_model, [data / "portraits"], tmp_path / "out")
    assert (found["kind"], found["latent"]["units"], found["latent"]["of"]) == ("vector", 8, "numbers")
    assert found["rows"]["model"]["held_out"]["pictures"] == found["rows"]["floor"]["held_out"]["pictures"] == 4
    floor = found["rows"]["floor"]["held_out"]["mean"]
    assert 9 < floor["psnr"] < 12  # of noise nothing but the mean can be known: 255 / sqrt(12) levels are 10.8 dB
    samples = found["samples"]
    assert list(samples["rows"]) == ["prior", "gaussian", "real", "held_out", "prior_fewer"]
    assert samples["rows"]["prior"]["pictures"] == 60
    assert samples["frechet_over_gaussian"] == pytest.approx(
        samples["rows"]["prior"]["frechet"] / samples["rows"]["gaussian"]["frechet"], rel=1e-3
    )
    assert samples["memory"]["training_pictures"] == 76
    with Image.open(tmp_path / "out" / "samples.webp") as sheet:
        assert sheet.size == (8 * 36 + 4, 8 * 36 + 4)
    assert (tmp_path / "out" / "nearest.webp").is_file()
    known = json.loads((data / "portraits" / "yardsticks.json").read_text())
    assert [mark.split(",")[0] for mark in known] == ["8 components", "60 samples"]
    assert run(vector_model, [data / "portraits"], tmp_path / "again") == found


def test_the_command_takes_a_model_folder(
    data: Path, map_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluate_vae, "PictureFeatures", lambda device: PictureFeatures(network=tiny_network()))
    options = ["--limit", "2", "--device", "cpu"]
    evaluate_vae.main([str(map_model), str(data / "style"), str(data / "portraits"), *options])
    found = json.loads((map_model / "evaluation.json").read_text())
    assert found["version"] == checkpoint.digest(map_model / checkpoint.TENSORS)[:12]
    assert found["rows"]["model"]["portraits"]["pictures"] == 2
    with pytest.raises(SystemExit):
        evaluate_vae.main([str(map_model), str(data / "style"), *options])
    assert "needs 2 folders of data, not 1" in capsys.readouterr().err


# --------------------------------------------------------------------------------------------------------------- card


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run with a log, and a sentence on what is still bad."""
    write_log(tmp_path / "log.csv", 2000)
    (tmp_path / "limits").mkdir()
    for name in ("vae-pictures", "vae-portraits"):
        (tmp_path / "limits" / f"{name}.md").write_text("- Lettering blurs.\n")
    monkeypatch.setattr(vae_card, "LIMITS", tmp_path / "limits")
    return tmp_path


def write_log(path: Path, steps: int) -> None:
    path.write_text(f"step,pictures,minutes,psnr\n100,800,4.5,20.0\n{steps},{8 * steps},{steps / 20},30.0\n")


def cells(text: str, title: str) -> list[str]:
    """The cells of the line of a table that begins with a title."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {title} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_card_of_a_map(data: Path, map_model: Path, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_vae, "ANCHOR", {"64": {"psnr": 32.4, "ssim": 0.936}})
    folders = {"pictures": data / "style", "portraits": data / "portraits"}
    found = run(map_model, list(folders.values()), trained / "out")
    (trained / "notes.md").write_text("The rate was halved by hand.\n")
    text = vae_card.card("vae-pictures", MAP, [], trained, folders, trained / "out" / "evaluation.json")
    assert yaml.safe_load(text.split("---\n")[1]) == {
        "license": "mit", "library_name": "deepart", "tags": ["vae", "vae-pictures"],
    }  # fmt: skip
    flat = " ".join(text.split())
    assert "6 numbers for each block of 8 x 8 pixels, 32 numbers in to 1 out" in flat
    assert "2,000 steps, 16,000 pictures shown, in 100 minutes on" in flat
    assert "  The rate was halved by hand.\n" in text
    ours, floor = (found["rows"][who]["64"]["mean"] for who in ("model", "floor"))
    assert cells(text, "six, 64 px")[2] == f"{ours['psnr']:.1f} / {floor['psnr']:.1f} / 32.4"
    assert cells(text, "held-out portraits")[1] == "4"
    assert f"has {ours['bits']:,.0f} bits ({ours['bits_pixel']:.2g} a pixel)" in flat
    assert "6 of 6." in flat
    assert "discriminators" not in flat
    assert "### Pictures 40 photographs as contents and 40 style pictures" in flat
    assert "### Portraits 80 pictures made by the recipe in the style open-peeps." in flat
    assert text.endswith("## What is still bad\n\n- Lettering blurs.\n")
    assert max(map(len, (line for line in text.splitlines() if not line.startswith("|")))) <= 120


def test_the_card_of_a_vector(data: Path, vector_model: Path, trained: Path) -> None:
    folders = {"portraits": data / "portraits"}
    found = run(vector_model, [data / "portraits"], trained / "out")
    write_log(trained / "log-adversarial.csv", 3000)
    text = vae_card.card("vae-portraits", VECTOR, ["hair"], trained, folders, trained / "out" / "evaluation.json")
    flat = " ".join(text.split())
    assert "one vector of 8 numbers for a portrait of 32 x 32 pixels" in flat
    assert "a flow of width 8. 1 named directions." in flat
    assert "3,000 steps" in flat  # of the last phase
    assert "with the encoder fixed, discriminators of patches and of features, on reconstructions and samples" in flat
    assert cells(text, "held-out portraits")[1] == "4"
    prior = found["samples"]["rows"]["prior"]
    assert cells(text, "This model, temperature 1")[2] == f"{prior['frechet']:.1f}"
    assert [line.split("|")[1].strip() for line in text.splitlines() if " against " in line and line[0] == "|"] == list(
        vae_card._SAMPLES.values()
    )
    assert f"is {found['samples']['frechet_over_gaussian']:.2f} of the Gaussian's" in flat
    assert "### Pictures" not in flat

"""A model of one's own: a folder of pictures becomes a set, a model, and a repository that anybody can load."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from loopback_hub import LoopbackHub
from PIL import Image

from deepart import GANPipeline, StyleTransferPipeline, VAEPipeline, checkpoint
from recipes import export_gan, export_vae, gan_card, own_pictures, train_gan, train_style, train_vae, vae_card

REPO = "somebody/cats"
COUNT = 50


def draw(folder: Path, count: int = COUNT, seed: int = 0) -> None:
    """Draw pictures of several sizes and formats, half of them in a nested folder."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        colours = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        size = [(40, 60), (90, 44), (33, 33)][index % 3]
        path = folder / ("nested/deeper" if index % 2 else "") / f"{index} é.{('png', 'JPG', 'webp')[index % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        colours.resize(size, Image.Resampling.BICUBIC).save(path)


def prepare(photos: Path, out: Path, *more: str) -> None:
    own_pictures.main([str(photos), str(out), "--side", "32", *more])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    draw(tmp_path / "photos")
    return tmp_path / "photos"


@pytest.fixture
def data(photos: Path, tmp_path: Path) -> Path:
    draw(tmp_path / "paintings", seed=1)
    prepare(photos, tmp_path / "data", "--styles", str(tmp_path / "paintings"), "--licence", "CC BY 4.0")
    return tmp_path / "data"


def upload(server: LoopbackHub, model: Path, home: Path, **more: str) -> str:
    """Run what the docs say, hf upload somebody/cats FOLDER, with more variables; return what it says of an error."""
    command = [str(Path(sys.executable).with_name("hf")), "upload", REPO, str(model)]
    environment = os.environ | server.environment(home) | more
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def check_card(model: Path, task: str) -> str:
    """Return a first card, which claims neither a licence of the weights nor a picture of ours."""
    card = (model / checkpoint.CARD).read_text("utf-8")
    _, front, text = card.split("---\n", 2)
    assert yaml.safe_load(front) == {"library_name": "deepart", "tags": [task]}
    assert f"# {model.name}\n" in text
    assert f"{COUNT} pictures of the maker's own" in text
    assert "Their licence, as the maker says: CC BY 4.0." in " ".join(text.split())
    assert "public domain" not in text
    assert "MIT" not in text
    assert "photos" not in text  # names of files and folders stay at home
    return text


# ------------------------------------------------------------------------------------------- from pictures to a repo


@pytest.mark.usefixtures("tiny_gan")
def test_a_generator_of_ones_own(
    data: Path, tmp_path: Path, loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The name of a run of ours: the names of its directions must not go to another's model.
    run, model = tmp_path / "gan-landscapes", tmp_path / "cats"
    train_gan.main([str(data), "--run", str(run), "--batch", "4", "--device", "cpu", "--steps", "3"])
    export_gan.main([str(run), str(model), "--data", str(data)])
    assert "then `recipes/train_gan.py`; 3 steps in" in check_card(model, "gan")

    assert not upload(loopback, model, tmp_path / "uploader")
    ours, theirs = (GANPipeline.from_pretrained(name, device="cpu") for name in (model, REPO))
    assert theirs.generate(1, seed=5)[0].tobytes() == ours.generate(1, seed=5)[0].tobytes()
    assert list(theirs.directions) == [f"direction {index + 1}" for index in range(export_gan.COUNT)]
    assert theirs.name == REPO

    monkeypatch.setattr(gan_card, "LIMITS", tmp_path)
    (tmp_path / "cats.md").write_text("It is tiny.")
    gan_card.main([str(model), "--run", str(run), "--data", str(data)])
    card = (model / checkpoint.CARD).read_text("utf-8")
    assert "license" not in card
    assert "gan_data" not in card


@pytest.mark.usefixtures("tiny_vae")
@pytest.mark.parametrize("kind", ["pictures", "portraits"])
def test_an_autoencoder_of_ones_own(
    kind: str, data: Path, photos: Path, tmp_path: Path, loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, model = tmp_path / "vae-cats", tmp_path / "cats"
    train_vae.main([
        kind, "--pictures", str(data), "--portraits", str(data), "--run", str(run), "--batch", "4", "--side", "32",
        "--started", "100", "--device", "cpu", "--prior", "0", "--steps", "3",
    ])  # fmt: skip
    (run / "notes.md").write_text("It began from nothing.")
    with pytest.raises(
        SystemExit, match=r"vae-cats trained does not show in its name; say it with --model pictures or"
    ):
        export_vae.main([str(run), str(model), "--data", str(data)])
    export_vae.main([str(run), str(model), "--model", kind, "--data", str(data)])
    assert "It began from nothing." in check_card(model, "vae")

    assert not upload(loopback, model, tmp_path / "uploader")
    ours, theirs = (VAEPipeline.from_pretrained(name, device="cpu") for name in (model, REPO))
    with Image.open(photos / "0 é.png") as photo:
        assert theirs.reconstruct(photo).tobytes() == ours.reconstruct(photo).tobytes()

    monkeypatch.setattr(vae_card, "LIMITS", tmp_path)
    (tmp_path / "cats.md").write_text("It is tiny.")
    vae_card.main([str(model), "--run", str(run), "--pictures", str(data), "--portraits", str(data)])
    card = (model / checkpoint.CARD).read_text("utf-8")
    assert "license" not in card
    assert "_data.py" not in card
    assert "DeepArt shows" not in card


def test_a_style_network_of_ones_own(
    data: Path, photos: Path, tmp_path: Path, loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_style, "SIDES", (48,))
    monkeypatch.setattr(train_style, "HELD_SIDE", 48)
    run, model = tmp_path / "style-cats", tmp_path / "cats"
    train = [str(data), "--run", str(run), "--steps", "2", "--batch", "2", "--device", "cpu"]
    train_style.main(train)
    train_style.main([*train, "--write", str(model)])
    assert f"own, and {COUNT} pictures of styles." in " ".join(check_card(model, "style").split())
    (model / checkpoint.CARD).write_text("---\nlicense: cc0-1.0\n---\nMy own words.\n")
    train_style.main([*train, "--write", str(model)])
    assert "My own words." in (model / checkpoint.CARD).read_text()

    assert not upload(loopback, model, tmp_path / "uploader")
    ours, theirs = (StyleTransferPipeline.from_pretrained(name, device="cpu") for name in (model, REPO))
    with Image.open(photos / "0 é.png") as photo, Image.open(photos / "2 é.webp") as style:
        assert theirs.stylize(photo, style).tobytes() == ours.stylize(photo, style).tobytes()


def test_an_upload_replaces_what_changed_and_needs_a_login(tmp_path: Path, loopback: LoopbackHub) -> None:
    model = tmp_path / "cats"
    model.mkdir()
    (model / checkpoint.TENSORS).write_bytes(b"weights")
    for text in ("first", "second"):
        (model / checkpoint.CARD).write_text(text)
        assert not upload(loopback, model, tmp_path / "uploader")
    commits = list(loopback.repos[REPO].values())
    assert commits == [{checkpoint.CARD: text, checkpoint.TENSORS: b"weights"} for text in (b"first", b"second")]
    assert loopback.count("PUT") == 1  # the weights were there
    assert "401" in upload(loopback, model, tmp_path / "stranger", HF_TOKEN="stranger")
    assert len(loopback.repos[REPO]) == 2


# ------------------------------------------------------------------------------------------------------------ the set


def test_a_set_has_squares_and_whole_pictures(data: Path) -> None:
    manifest = json.loads((data / "manifest.json").read_text())
    for folder, suffix in (("pictures", "png"), ("contents", "jpg"), ("styles", "jpg")):
        names = [f"{folder}/{index:05d}.{suffix}" for index in range(COUNT)]
        assert sorted(name for name in manifest["files"] if name.startswith(folder)) == names
        assert sorted(path.name for path in (data / folder).iterdir()) == [Path(name).name for name in names]
    assert manifest["files"]["pictures/00000.png"]["source"] == "0 é.png"
    with Image.open(data / "pictures" / "00000.png") as square, Image.open(data / "contents" / "00000.jpg") as whole:
        assert (square.size, whole.size) == ((32, 32), (40, 60))


def test_what_is_left_out_is_named_with_the_reason(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "broken.jpg").write_bytes(b"no picture")
    (photos / "notes.txt").write_text("no picture either")
    (photos / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (photos / "0 é.png").rename(photos / "IMG_0")
    Image.new("RGB", (31, 80)).save(photos / "small.png")
    with Image.open(photos / "IMG_0") as first:
        first.save(photos / "again.png", compress_level=1)
    prepare(photos, tmp_path / "data")
    used, *rest = capsys.readouterr().out.splitlines()
    assert used == f"{COUNT} pictures of {photos} are used, 5 are left out."
    reasons = dict(line.strip().split(": ", 1) for line in rest)
    assert reasons["again.png"] == "It is the same picture as IMG_0."
    assert reasons["notes.txt"] == "The file is text, no picture."
    assert "HEIC" in reasons["IMG_1.HEIC"]
    assert reasons["small.png"] == "It is 31x80 pixels; each side must have 32 or more."
    assert "broken.jpg" in reasons


@pytest.mark.parametrize(
    ("place", "out", "more", "sentence"),
    [
        ("nowhere", "sets/cats", (), "no folder; give the one that your pictures are in"),
        ("photos", "sets/cats", ("--styles", "nowhere"), "nowhere is no folder; give the one"),
        ("photos", "sets/cats", ("--side", "5"), "The side is 5; it must be a whole number from 16 to 1024"),
        ("few", "sets/cats", (), "has 47 good pictures, and training needs 48 at the very least"),
        ("photos", "sets/cats", ("--styles", "empty"), "has 0 good pictures, and training needs 48"),
        ("photos", "few", (), "has something in it; give a new folder"),
        ("photos", "photos/set", (), "lies among the pictures themselves"),
    ],
)
@pytest.mark.usefixtures("photos")
def test_a_set_that_cannot_be_made_is_one_sentence_and_leaves_nothing(
    place: str, out: str, more: tuple[str, ...], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    draw(Path("few"), 47)
    Path("empty").mkdir()
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    with pytest.raises(SystemExit, match=sentence):
        prepare(Path(place), Path(out), *more)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
    assert not list(tmp_path.rglob(".cats-*"))


def test_recipes_say_what_a_set_lacks(photos: Path, tmp_path: Path) -> None:
    prepare(photos, tmp_path / "data")
    run = ["--run", str(tmp_path / "run"), "--device", "cpu"]
    with pytest.raises(SystemExit, match="styles has too few pictures, 0; make"):
        train_style.main([str(tmp_path / "data"), *run])
    with pytest.raises(SystemExit, match=r"photos/contents has too few pictures, 0"):
        train_style.main([str(photos), *run])
    with pytest.raises(SystemExit, match="is no set; make one with"):
        train_gan.main([str(photos), *run])
    vectors = ["portraits", "--portraits", str(tmp_path / "data"), "--started", "100", *run]
    with pytest.raises(SystemExit, match="needs 256 training pictures to begin with, and there are 40"):
        train_vae.main(vectors)  # of 50 photographs every fifth is held out

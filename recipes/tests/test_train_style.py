"""The training recipe of the fast style network, on tiny pictures for a few steps."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deepart import StyleTransferPipeline
from recipes import art_pictures, train_style


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A set made of a folder of art with eight paintings, two faces and two photographs."""
    monkeypatch.setattr(train_style, "SIDES", (48, 64))
    monkeypatch.setattr(train_style, "HELD_SIDE", 48)
    names = [f"paintings/{kind}/a-{index}.jpg" for kind in ("landscape", "drawing") for index in range(4)]
    names += ["faces/0.jpg", "faces/1.jpg", "photos/people/a.jpg", "photos/people/b.jpg"]
    rng, rows = np.random.default_rng(0), []
    for name in names:
        path = tmp_path / "art" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (10, 14, 3), dtype=np.uint8)).resize((84, 60)).save(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        rows.append((name, digest, "public domain", "host/somebody/art", "0123abc", name, ""))
    with (tmp_path / "art" / "manifest.csv").open("w", newline="") as file:
        columns = ("file", "sha256", "licence", "source_repository", "source_commit", "source_path", "note")
        csv.writer(file).writerows([columns, *rows])
    art_pictures.main([str(tmp_path / "art"), str(tmp_path / "data"), "--set", "style"])
    return tmp_path / "data" / "style"


def options(data: Path, run: Path, steps: int, *more: str) -> list[str]:
    return [str(data), "--run", str(run), "--steps", str(steps), "--batch", "2", "--device", "cpu", *more]


def test_the_set_has_paintings_as_styles_and_photographs_often(data: Path) -> None:
    assert len(list((data / "styles").iterdir())) == 8
    contents = sorted(path.name for path in (data / "contents").iterdir())
    assert len(contents) == 4 + 2 + 8
    assert [name for name in contents if "b.jpg" in name] == [
        "people-1-b.jpg", "people-2-b.jpg", "people-3-b.jpg", "people-b.jpg"
    ]  # fmt: skip
    files = json.loads((data / "manifest.json").read_text())["files"]
    assert files["contents/people-1-b.jpg"]["source"] == "photos/people/b.jpg"


def test_it_trains_resumes_and_writes_a_model(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_style.main(options(data, run, 2))
    first = torch.load(run / "checkpoint.pt", weights_only=True)
    assert first["step"] == 2
    assert (run / "grid-000002.jpg").exists()
    train_style.main(options(data, run, 3))
    second = torch.load(run / "checkpoint.pt", weights_only=True)
    assert second["step"] == 3
    changed = [name for name, value in second["network"].items() if not torch.equal(value, first["network"][name])]
    assert {"head.weight", "entries.0.weight"} <= set(changed)
    assert not any(name.startswith("scale_") for name in changed)

    train_style.main(options(data, run, 3, "--write", str(tmp_path / "model")))
    pipeline = StyleTransferPipeline.from_pretrained(tmp_path / "model", device="cpu")
    assert pipeline.one_pass
    content, style = (Image.open(path) for path in sorted((data / "styles").iterdir())[:2])
    assert pipeline.stylize(content, style).size == content.size
    card = (tmp_path / "model" / "README.md").read_text()
    assert "12 pictures: paintings (8), faces (2), photos (2)" in card
    assert "`host/somebody/art` at 0123abc" in card


def test_a_step_brings_the_loss_down(data: Path, tmp_path: Path) -> None:
    trainer = train_style.Trainer(train_style.parse(options(data, tmp_path / "run", 60)))
    drawn = [trainer.recolor(*trainer.pairs.draw(64)) for _ in range(2)]

    def loss() -> torch.Tensor:
        both = trainer.paint_twice(trainer.network, drawn, 8)
        return torch.stack([part for one in both for part in train_style.losses(trainer.features, *one).values()]).sum()

    before = float(loss().detach())
    for _ in range(30):
        trainer.optimizer.zero_grad()
        loss().backward()
        trainer.optimizer.step()
    assert float(loss().detach()) < 0.9 * before

"""All trainings in one command, on tiny sets."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepart import GANPipeline, StyleTransferPipeline
from recipes import train_all, train_style


def draw(folder: Path, names: list[str]) -> None:
    """Write a set of noisy pictures of 80 pixels with its manifest."""
    rng, files = np.random.default_rng(0), {}
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (10, 10, 3), dtype=np.uint8)).resize((80, 80)).save(path)
        files[name] = {"kind": "paintings", "source": name, "licence": "CC0 1.0", "sha256": "0" * 64}
    (folder / "manifest.json").write_text(json.dumps({"packages": {}, "files": files}))


@pytest.fixture
def data(tiny_gan: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    draw(tmp_path / "data" / "style", [f"{kind}/{n}.png" for kind in ("contents", "styles") for n in range(6)])
    draw(tmp_path / "data" / "faces", [f"pictures/{n:05d}.png" for n in range(40)])
    monkeypatch.setattr(train_style, "SIDES", (48,))
    monkeypatch.setattr(train_style, "HELD_SIDE", 48)
    small = {name: one._replace(batch=2) for name, one in train_all.TRAININGS.items()}
    monkeypatch.setattr(train_all, "TRAININGS", small)
    return tmp_path / "data"


def test_one_command_packs_trains_writes_and_measures(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack, out = tmp_path / "pack", tmp_path / "out"
    train_all.main([str(data), str(pack), "--make"])
    assert sorted(path.name for path in pack.iterdir()) == ["faces", "style"]
    assert len(list((pack / "faces" / "pictures").glob("*.jpg"))) == 40

    monkeypatch.setattr(train_all, "SIZES", (64,))
    monkeypatch.setattr(train_all.measure, "__defaults__", ((64,),))
    train_all.main([str(pack), str(out), "--minutes", "0.1", "--device", "cpu"])
    assert (out / "gan-faces" / "log.csv").exists()
    assert (out / "style-fast" / "log.csv").exists()
    [face] = GANPipeline.from_pretrained(out / "weights" / "gan-faces", device="cpu").generate(1)
    assert face.size == (32, 32)
    fast = StyleTransferPipeline.from_pretrained(out / "weights" / "style-fast", device="cpu")
    assert fast.stylize(face, face).size == (32, 32)
    speed = json.loads((out / "speed.json").read_text())
    assert [(row["model"], row["size"]) for row in speed["runs"]] == [("fine", 64), ("fast", 64)]
    assert all(row["gmac"] > 0 for row in speed["runs"])

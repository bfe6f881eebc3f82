"""The benchmark of the generator, with a tiny one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks import gan
from deepart import GANPipeline, checkpoint
from deepart.models.generator import Generator, GeneratorConfig


@pytest.fixture
def model(tmp_path: Path) -> str:
    numbers = {"latent": 8, "mapping": 8, "channels": [8, 8, 8], "coarse": 1}
    torch.manual_seed(0)
    network = Generator(GeneratorConfig(latent=8, mapping=8, channels=(8, 8, 8), coarse=1))
    folder = tmp_path / "tiny"
    checkpoint.write_folder(
        folder, {"task": "gan", "class": "Generator", **numbers}, network.state_dict(), "card", half=True
    )
    return str(folder)


@pytest.fixture
def threads() -> int:
    return torch.get_num_threads()  # the jobs set it for the whole process


def test_time_inside_of_networks_is_that_of_the_outermost_call(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(gan, "now", lambda: next(clock))
    inner = torch.nn.Sequential(torch.nn.Identity(), torch.nn.Identity())
    spent = gan.Spent()
    with spent.watched():
        inner(torch.zeros(1))  # one tick, whatever is inside
        torch.nn.Identity()(torch.zeros(1))
    inner(torch.zeros(1))  # after the end, so it does not count
    assert spent.total == 2


def test_speed_has_a_share_outside_of_the_network(model: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(gan, "now", lambda: next(clock))
    monkeypatch.setitem(gan.REPEATS, 8, 1)
    found = gan.speed_of(model, 8, "cpu", threads)
    assert (found["pictures"], found["seconds"], found["pictures_per_second"]) == (8, 1, 8)
    calls = 8 * 3 + 1  # three layers of the mapping for each seed, and the generator: a tick each, and one after each
    assert found["outside"] == pytest.approx(1 - calls / (2 * calls + 1), abs=1e-3)


def test_speed_writes_what_the_processes_measured(
    model: str, threads: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gan, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(gan, "in_own_process", lambda *arguments: list(arguments[5:]))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    gan.speed(model, threads)
    result = json.loads((tmp_path / "runs" / "tiny" / "gan_speed.json").read_text())
    assert result["cpu"]["time"] == [["cpu", "speed-of", count] for count in (1, 16, 64)]
    assert result["cpu"]["with_png"] == ["cpu", "png-of", 64]
    assert result["memory"] == ["cpu", "memory-of", 64]
    assert result["gpu"] is None
    assert result["machine"]["threads"] == threads


def test_recovery_measures_the_found_latent(
    model: str, threads: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first picture is found exactly, the others further and further off."""
    monkeypatch.setattr(gan, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(gan, "SEEDS", range(3))
    asked: list[int] = []

    def project(self: GANPipeline, image: Image.Image, *, steps: int) -> torch.Tensor:
        asked.append(steps)
        exact = self.latent(image)
        return exact if len(asked) == 1 else exact + 0.5 * len(asked)

    monkeypatch.setattr(GANPipeline, "project", project)
    gan.recovery(model, threads, "cpu")
    result = json.loads((tmp_path / "runs" / "tiny" / "gan_recovery.json").read_text())
    values = [row["psnr_db"] for row in result["pictures"]]
    assert asked == [gan.STEPS] * 3
    assert values[0] > 50 > values[1] > values[2]
    assert (result["median_psnr_db"], result["worst_psnr_db"]) == (values[1], values[2])

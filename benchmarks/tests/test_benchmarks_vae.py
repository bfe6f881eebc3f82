"""The benchmark of the VAE and its sheets, with tiny networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from test_evaluate_vae import MAP, VECTOR, write_model

from benchmarks import vae
from deepart.models.spatial_vae import SpatialVAE
from deepart.models.vector_vae import VectorVAE


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(0)
    network = SpatialVAE(MAP)
    with torch.no_grad():
        for parameter in network.parameters():  # at first only its linear parts do anything
            parameter.add_(0.1 * torch.randn_like(parameter))
    return str(write_model(tmp_path_factory.mktemp("models") / "tiny", network))


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(0)
    return str(write_model(tmp_path_factory.mktemp("models") / "portraits", VectorVAE(VECTOR)))


@pytest.fixture
def threads() -> int:
    return torch.get_num_threads()  # the jobs set it for the whole process


@pytest.mark.parametrize("kind", vae.TYPES)
def test_both_networks_are_timed_by_turns(model: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool]] = []
    ways = vae.ways

    def watched(who: str, network: Any) -> Any:
        seen.append((who, torch.is_autocast_enabled("cpu")))
        return ways(who, network)

    clock = iter(range(1000))
    monkeypatch.setattr(vae, "ways", watched)
    monkeypatch.setattr(vae, "now", lambda: next(clock) ** 2 / 1000)  # the later, the slower
    monkeypatch.setitem(vae.REPEATS, 256, 2)
    found = vae.time_of(model, 256, kind, "cpu")
    assert [who for who, _ in seen] == ["ours", "rival"] * 3
    cast = vae.compute_dtype(torch.device("cpu")) != torch.float32
    assert {state for _, state in seen} == {kind == "autocast" and cast}
    # Three ticks a turn, the first turn of each left out: ours begin at 6 and 12, the rival's at 9 and 15.
    assert found["ours"] == {"encode_ms": 19.0, "decode_ms": 21.0}
    assert found["rival"] == {"encode_ms": 25.0, "decode_ms": 27.0}
    assert found["over"] == {"encode": 0.76, "decode": 0.778, "both": 0.769}


def test_the_pipeline_is_timed_and_its_memory_measured(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vae.REPEATS, 256, 1)
    found = vae.pipeline_of(model, 256, "cpu")
    assert found["size"] == 256
    assert found["encode_ms"] > 0
    assert found["decode_ms"] > 0
    for who in vae.MEMORY:
        used = vae.memory_of(model, who, 128)
        assert (used["who"], used["size"]) == (who, 128)
        assert 0 <= used["above_start_mb"] < used["peak_memory_mb"]


def test_speed_writes_what_the_processes_measured(
    model: str, threads: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(vae, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(vae, "in_own_process", lambda *arguments: list(arguments[4:]))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    vae.speed(model, threads)
    result = json.loads((tmp_path / "runs" / "tiny" / "vae_speed.json").read_text())
    sizes = [256, 512, 1024, 2048]
    assert result["cpu"]["autocast"] == [["time-of", size, "autocast", "cpu"] for size in sizes]
    assert result["cpu"]["float32"] == [["time-of", size, "float32", "cpu"] for size in sizes[:3]]
    assert result["cpu"]["pipeline"] == [["pipeline-of", size, "cpu"] for size in sizes]
    assert ["memory-of", "pipeline", 4096] in result["memory"]
    assert result["tiles"] == ["tiles-of", 2048]
    assert result["gpu"] is None
    assert result["machine"]["threads"] == threads
    assert len(result["rival"]["num_encoder_blocks"]) == 4


def test_the_command_runs_a_job(
    model: str, threads: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "sys.argv", ["vae", "--model", model, "--threads", str(threads), "memory-of", "ours", "64"]
    )  # fmt: skip
    vae.main()
    assert json.loads(capsys.readouterr().out)["who"] == "ours"


# -------------------------------------------------------------------------------------------------------------- sheets

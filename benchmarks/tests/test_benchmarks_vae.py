"""The benchmark of the VAE and its sheets, with tiny networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from test_evaluate_vae import MAP, VECTOR, write_model
from test_gan_metrics import make_set

from benchmarks import vae, vae_look
from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig
from deepart.models.vector_vae import VectorVAE
from deepart.pipelines import vae_tiles
from deepart.pipelines.vae import VAEPipeline


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


def test_the_rival_has_as_many_parameters_and_the_same_latent() -> None:
    ours = SpatialVAE(SpatialVAEConfig())
    rival = vae.rival_of(ours)
    mine, other = vae.parameters(ours), vae.parameters(rival)
    assert sum(mine.values()) == sum(value.numel() for value in ours.parameters()) - ours.log_variance.numel()
    assert sum(other.values()) == sum(value.numel() for value in rival.parameters())
    for way in ("encoder", "decoder"):
        assert abs(other[way] - mine[way]) <= 3 * (9 * 64 * 64 + 64) / 2 + 1  # half of a block is the nearest
    x = torch.rand(1, 3, 64, 40)
    (encode, decode), (encode_too, decode_too) = vae.ways("ours", ours), vae.ways("rival", rival)
    with torch.inference_mode():
        z, z_too = encode(x), encode_too(x)
        assert z.shape == z_too.shape == (1, 32, 8, 5)
        assert decode(z).shape == decode_too(z_too).shape == x.shape


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


def test_tiles_are_compared_with_the_whole(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae_tiles, "WHOLE", 128)
    monkeypatch.setattr(vae_tiles, "CORE", 64)
    found = vae.tiles_of(model, 256)
    assert found["mean_levels"] < 0.05
    monkeypatch.setattr(SpatialVAE, "reach", 0)  # a margin that is too small shows
    assert vae.tiles_of(model, 256)["mean_levels"] > 1


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


def test_results_of_a_checkpoint_do_not_overwrite_those_of_the_model(model: str) -> None:
    assert vae.output_folder(vae.MODEL) == Path(vae.__file__).parent
    assert vae.output_folder(model) == vae.RUNS / "tiny"


# -------------------------------------------------------------------------------------------------------------- sheets


def test_the_sheets(
    model: str, portraits: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vae_look, "SIDE", 32)
    monkeypatch.setattr(vae_look, "PORTRAIT_SIDE", 32)
    data = make_set(tmp_path / "data", ["open-peeps"] * 140)  # seven are held out
    options = [str(data), "--pictures", model, "--portraits", portraits]
    with pytest.raises(SystemExit):
        vae_look.main(options)
    assert "say with --out" in capsys.readouterr().err
    out = tmp_path / "out"
    vae_look.main([*options, "--out", str(out)])
    sizes = {}
    for path in sorted(out.iterdir()):
        with Image.open(path) as sheet:
            sizes[path.name] = sheet.size
    step = 32 + 6
    assert sizes == {
        "vae_six.webp": (6 + 4 * step, 6 + 3 * (step + 22)),
        "vae_morph.webp": (6 + 9 * step, 6 + 3 * step),
        "vae_samples.webp": (6 + 8 * step, 6 + 8 * step),
    }


def test_a_morph_begins_and_ends_with_the_portraits_themselves(portraits: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae_look, "PORTRAIT_SIDE", 32)
    pipeline = VAEPipeline.from_pretrained(portraits, device="cpu")
    ends = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    sheet = vae_look.morph_sheet(pipeline, ends)
    assert sheet.getpixel((20, 20)) == (255, 0, 0)
    assert sheet.getpixel((6 + 8 * 38 + 10, 20)) == (0, 0, 255)

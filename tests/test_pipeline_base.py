import dataclasses
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
import torch
from loopback_hub import LoopbackHub
from torch import Tensor, nn

from deepart import checkpoint, registry
from deepart.errors import MemoryLimitError
from deepart.hub import ModelFile
from deepart.pipelines.base import Pipeline, oom_guard
from deepart.registry import Located, ModelSpec


@dataclasses.dataclass(frozen=True)
class TinyConfig:
    width: int = 3
    scales: tuple[float, ...] = (1.0, 2.0)


class Tiny(nn.Module):
    def __init__(self, config: TinyConfig) -> None:
        super().__init__()
        self.config = config
        self.layer = nn.Linear(config.width, 2)


class TinyPipeline(Pipeline):
    """A pipeline whose network has weights of its own, as the GAN's and the VAE's have."""

    task: ClassVar[str] = "gan"
    networks: ClassVar[tuple[str, ...]] = ("Tiny",)

    def __init__(self, located: Located, device: torch.device, network: Tiny) -> None:
        super().__init__(located, device)
        self.network = network

    @classmethod
    def _load(cls, located: Located, config: Mapping[str, Any], device: torch.device) -> Self:
        assert located.folder is not None
        numbers = checkpoint.make_config(TinyConfig, config, located.folder)
        return cls(
            located, device, checkpoint.build(lambda: Tiny(numbers), located.folder / checkpoint.TENSORS).to(device)
        )

    def _parts(self) -> tuple[str, Mapping[str, Any], Mapping[str, Tensor]]:
        return "Tiny", dataclasses.asdict(self.network.config), self.network.state_dict()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """A network, registered as the default GAN with its files in weights/gan-tiny."""
    network = Tiny(TinyConfig(width=4, scales=(0.5,)))
    home = tmp_path / "weights" / "gan-tiny"
    config = {"task": "gan", "class": "Tiny", **dataclasses.asdict(network.config)}
    checkpoint.write_folder(
        home, config, network.state_dict(), "---\nlicense: mit\n---\nThe tiny one's own card.\n", half=False
    )
    files = tuple(
        ModelFile(name, (home / name).stat().st_size, checkpoint.digest(home / name)) for name in checkpoint.FILES
    )
    spec = ModelSpec("gan", "tiny", "Tiny", "A tiny one.", "MIT", files, default=True)
    monkeypatch.setattr(registry, "REGISTRY", {("gan", "tiny"): spec} | dict(registry.REGISTRY))  # the first default
    monkeypatch.setenv("DEEPART_WEIGHTS", str(tmp_path / "weights"))
    return network


def same(first: nn.Module, second: nn.Module) -> bool:
    ours, theirs = first.state_dict(), second.state_dict()
    return list(ours) == list(theirs) and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_default_and_name_and_folder(tiny: Tiny, tmp_path: Path) -> None:
    home = tmp_path / "weights" / "gan-tiny"
    version = checkpoint.digest(home / checkpoint.TENSORS)[:12]
    for name, called in ((None, "tiny"), ("tiny", "tiny"), (home, "gan-tiny"), (str(home), "gan-tiny")):
        pipeline = TinyPipeline.from_pretrained(name, device="cpu")
        assert type(pipeline) is TinyPipeline
        assert same(pipeline.network, tiny)
        assert pipeline.network.config == tiny.config
        assert (pipeline.name, pipeline.version, pipeline.device) == (called, version, torch.device("cpu"))


def test_save_and_load_is_exact(tiny: Tiny, tmp_path: Path) -> None:
    pipeline = TinyPipeline.from_pretrained()
    pipeline.save_pretrained(tmp_path / "out" / "mine")
    again = TinyPipeline.from_pretrained(tmp_path / "out" / "mine")
    assert same(again.network, tiny)
    assert again.name == "mine"
    assert again.version == pipeline.version  # the same bytes
    assert (tmp_path / "out" / "mine" / "README.md").read_text().endswith("The tiny one's own card.\n")
    assert checkpoint.read_tensors(tmp_path / "out" / "mine" / checkpoint.TENSORS)["layer.bias"].dtype == torch.float32


def test_saved_folder_is_a_hub_repository(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TinyPipeline.from_pretrained().save_pretrained(tmp_path / "out")
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path / "home"):
        server.add("org/tiny", "a" * 40, {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()})
        pipeline = TinyPipeline.from_pretrained("org/tiny", device="cpu")
        assert same(pipeline.network, tiny)
        assert (pipeline.name, pipeline.version) == ("org/tiny", "a" * 12)
        pipeline.save_pretrained(tmp_path / "again")
    card = (tmp_path / "again" / "README.md").read_text()
    assert "license" not in card  # the Hub's card was not downloaded, so its licence is not known
    assert "saved from `org/tiny`, version aaaaaaaaaaaa." in card
    assert "TinyPipeline.from_pretrained(" in card


# ---------------------------------------------------------------------------------------------------- a lack of memory


class HungryPipeline(TinyPipeline):
    """Runs out of memory in its first calls, as many as `lacks`; its verb calls another verb."""

    lacks = 1

    def outer(self, seen: list[str]) -> str:
        """Do it."""
        seen.append("outer")
        return self.inner(seen)

    def inner(self, seen: list[str]) -> str:
        seen.append("inner")
        large = torch.zeros(100)
        with oom_guard(self.device, "in a test"):
            if self.lacks:
                self.lacks -= 1
                self.held = weakref.ref(large)
                raise torch.OutOfMemoryError("CUDA out of memory")
        return "done"


def hungry(lacks: int) -> HungryPipeline:
    pipeline = HungryPipeline(Located("hungry", "0" * 12), torch.device("cpu"), Tiny(TinyConfig()))
    pipeline.lacks = lacks
    return pipeline


def test_a_verb_that_lacks_memory_is_tried_once_more_where_some_was_freed() -> None:
    pipeline, seen = hungry(1), []

    def free() -> bool:
        seen.append("freed" if pipeline.held() is None else "the first try's tensors are still there")
        return True

    pipeline.on_low_memory = free
    assert pipeline.outer(seen) == "done"
    assert seen == ["outer", "inner", "freed", "inner"]


def test_a_second_lack_is_told() -> None:
    pipeline, freed = hungry(5), [True, False, False]
    pipeline.on_low_memory = lambda: freed.pop(0)
    seen: list[str] = []
    with pytest.raises(MemoryLimitError):
        pipeline.outer(seen)
    assert seen == ["outer", "inner", "inner"]


@pytest.mark.parametrize(
    ("device", "fits", "wanted"),
    [
        ("cpu", "", "The cpu ran out of memory in a test; close other programs, or choose a smaller model."),
        ("cpu", "try size=20", "The cpu ran out of memory in a test; try size=20."),
        ("cuda", "", "The cuda ran out of memory in a test; use the CPU (--device cpu)."),
        ("cuda", "try size=20", "The cuda ran out of memory in a test; try size=20, or use the CPU (--device cpu)."),
    ],
)
def test_the_sentence_says_what_would_fit(device: str, fits: str, wanted: str) -> None:
    with pytest.raises(MemoryLimitError) as caught, oom_guard(torch.device(device), "in a test", fits):
        raise torch.OutOfMemoryError("CUDA out of memory")
    assert str(caught.value) == wanted


def test_weights_that_do_not_fit(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Tiny, "to", full)
    with pytest.raises(MemoryLimitError, match=r"The cpu ran out of memory loading the model 'tiny'; close other"):
        TinyPipeline.from_pretrained()

"""VGG19 of the first papers: read from a file in timm's layout, and painted with."""

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
import torchvision
from loopback_hub import LoopbackHub, offer
from PIL import Image
from running_page import tiny_landscapes

from deepart import GANPipeline, StyleTransferPipeline, registry
from deepart.errors import WeightsError
from deepart.images import settings
from deepart.models.vgg import VGG19
from deepart.pipelines.features import load_features
from deepart.registry import get_spec

WIDTHS = [width for block in ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 8) for width in block]
PLACES = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)


def make_state() -> dict[str, torch.Tensor]:
    """Return tensors with the names and shapes of the published file, the classifier's made small."""
    generator = torch.Generator().manual_seed(0)
    state: dict[str, torch.Tensor] = {}
    for place, inputs, outputs in zip(PLACES, [3, *WIDTHS[:-1]], WIDTHS, strict=True):
        weight = torch.randn(outputs, inputs, 3, 3, generator=generator) * (2 / (9 * inputs)) ** 0.5
        state |= {f"features.{place}.weight": weight, f"features.{place}.bias": torch.zeros(outputs)}
    for name in ("pre_logits.fc1", "pre_logits.fc2", "head.fc"):
        state |= {f"{name}.weight": torch.full((4, 4), float("nan")), f"{name}.bias": torch.zeros(4)}
    return state


def offered(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch, state: dict[str, torch.Tensor]) -> None:
    """Let the loopback Hub and the registry have a state as that of vgg19."""
    offer(loopback, monkeypatch, "features", "vgg19", {"model.safetensors": safetensors.torch.save(state)})


def test_only_the_wanted_tensors_are_read(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    state = make_state()  # its classifier is not finite, which would be refused
    offered(loopback, monkeypatch, state)
    features = load_features("vgg19", device="cpu")
    theirs = torchvision.models.vgg19()
    theirs.features.load_state_dict({k.removeprefix("features."): v for k, v in state.items() if "features" in k})
    x = torch.rand(1, 3, 48, 40)
    names = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")
    found = features(x, names)
    y = (x - torch.tensor(VGG19.mean).view(1, 3, 1, 1)) / torch.tensor(VGG19.std).view(1, 3, 1, 1)
    with torch.inference_mode():
        for place, layer in enumerate(theirs.features[:30]):
            y = layer.eval()(y.clone())
            for name, after in zip(names, (1, 6, 11, 20, 22, 29), strict=True):
                if place == after:
                    assert torch.allclose(found[name], y, rtol=1e-4, atol=1e-4), name


def test_it_paints(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    offered(loopback, monkeypatch, make_state())
    assert not get_spec("style", "fine-vgg19").here
    pipeline = StyleTransferPipeline.from_pretrained("fine-vgg19", device="cpu")
    assert get_spec("style", "fine-vgg19").here
    content, style = Image.linear_gradient("L").convert("RGB"), Image.radial_gradient("L").convert("RGB")
    painted = pipeline.stylize(content, style, size=48, steps=3)
    found = settings(painted) or {}
    assert found["model"] == "fine-vgg19"
    assert found["version"] == registry.version(get_spec("features", "vgg19"))
    assert found["style_layers"] == ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
    pipeline.save_pretrained(tmp_path / "mine")
    again = StyleTransferPipeline.from_pretrained(tmp_path / "mine", device="cpu")
    assert again.stylize(content, style, size=48, steps=3).tobytes() == painted.tobytes()


def test_a_file_without_them_gets_a_sentence(loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    state = make_state()
    del state["features.28.weight"]
    offered(loopback, monkeypatch, state)
    with pytest.raises(WeightsError, match="is damaged"):
        load_features("vgg19", device="cpu")


def test_no_config_has_them_downloaded_unasked(loopback: LoopbackHub, tmp_path: Path) -> None:
    tiny_landscapes().save_pretrained(tmp_path / "mine")
    path = tmp_path / "mine" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"features": "vgg19"}))
    with pytest.raises(WeightsError, match="needs the features 'vgg19', which are not on this machine"):
        GANPipeline.from_pretrained(tmp_path / "mine", device="cpu")
    assert loopback.requests == []

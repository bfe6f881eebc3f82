import pytest
import torch
import torch.nn.functional as F
from torchvision.models import vgg16

from deepart.models.vgg import VGGConfig, VGGFeatures
from deepart.pipelines.features import load_features

LAYERS = (
    "relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3", "relu4_1", "relu4_2", "relu4_3",
)  # fmt: skip


@pytest.fixture(scope="module")
def features() -> VGGFeatures:
    return load_features(device="cpu")


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return torch.rand(2, 3, 45, 64, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_features_are_those_of_torchvision_s_vgg16_under_the_same_weights(x: torch.Tensor) -> None:
    features = VGGFeatures(VGGConfig())
    reference = vgg16(weights=None).features.eval()
    convolutions = [layer for layer in reference if isinstance(layer, torch.nn.Conv2d)]
    for ours, theirs in zip(features.children(), convolutions, strict=False):
        theirs.load_state_dict(ours.state_dict())
    expected, y = [], (x - features.mean) / features.std
    for layer in reference[:23]:  # the 23rd is the ReLU after conv4_3
        y = layer(y)
        if isinstance(layer, torch.nn.ReLU):
            expected.append(y.clone())
    found = features(x, LAYERS)
    assert tuple(found) == LAYERS
    for name, theirs in zip(LAYERS, expected, strict=True):
        assert torch.allclose(found[name], theirs, rtol=1e-4, atol=1e-3 * theirs.abs().max().item()), name


def test_it_computes_no_deeper_than_asked(features: VGGFeatures, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    convolve = F.conv2d
    monkeypatch.setattr(torch.nn.functional, "conv2d", lambda *a, **k: calls.append(1) or convolve(*a, **k))
    features(torch.rand(1, 3, 16, 16), ("relu2_1", "relu1_1"))
    assert len(calls) == 3


def test_parameters_are_frozen_and_counted() -> None:
    network = VGGFeatures(VGGConfig())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert sum(parameter.numel() for parameter in network.parameters()) == 7_635_264

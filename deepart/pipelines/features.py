"""Networks that others measure pictures with, loaded by their registered names."""

from pathlib import Path

import torch

from deepart import checkpoint, registry
from deepart.checks import shown
from deepart.device import pick_device
from deepart.errors import WeightsError
from deepart.models.vgg import VGG19, SlimConfig, SlimVGG, VGGConfig, VGGFeatures, published_names
from deepart.registry import FEATURES, get_spec, locate


def load_features(name: str | None = None, *, device: str | torch.device | None = None) -> VGGFeatures:
    """Return a features network on a device, None: the default one; of one that comes in two widths the half width."""
    found = load_all_widths(name, device=device)
    return found.half_width if isinstance(found, SlimVGG) else found


def load_all_widths(name: str | None = None, *, device: str | torch.device | None = None) -> VGGFeatures | SlimVGG:
    """Return what load_features does, but both widths of a network that comes in two."""
    target = pick_device(device)
    located = locate(FEATURES, get_spec(FEATURES, name).name)
    folder, config = located.folder or Path(), located.read_config()
    checkpoint.check_config(config, FEATURES, ("VGGFeatures", "SlimVGG"), folder)
    if located.spec is not None and located.spec.network:
        return _published_features(folder / located.spec.files[0].name).to(target)
    numbers = {key: value for key, value in config.items() if key not in ("task", "class")}
    return build_features(numbers, folder).to(target)


def build_features(numbers: object, folder: Path) -> VGGFeatures | SlimVGG:
    """Return the network that `numbers` of a config describe, with the weights in the folder; raises WeightsError."""
    values = numbers if isinstance(numbers, dict) else {}
    path = folder / checkpoint.TENSORS
    if "half_width" in values:
        slim = checkpoint.make_config(SlimConfig, values, folder, ())
        return checkpoint.build(lambda: SlimVGG(slim), path)
    full = checkpoint.make_config(VGGConfig, values, folder, ())
    return checkpoint.build(lambda: VGGFeatures(full), path)


def check_features(name: object, folder: Path) -> str:
    """Return the name of the features that a model's config asks for, where they are here: none is downloaded."""
    if not isinstance(name, str) or (FEATURES, name) not in registry.REGISTRY:
        raise WeightsError(
            "The model in {folder} needs the features {name}, which this DeepArt does not have.",
            folder=folder, name=shown(name),
        )  # fmt: skip
    if not registry.REGISTRY[FEATURES, name].here:
        raise WeightsError(
            "The model in {folder} needs the features {name!r}, which are not on this machine; get a model first that "
            "has them.",
            folder=folder, name=name,
        )  # fmt: skip
    return name


def _published_features(path: Path) -> VGGFeatures:
    """Return the VGG19 of a file of timm's. Of its 575 MB only what is wanted is read: the classifier fills it."""
    names = published_names(VGG19)
    tensors = checkpoint.read_tensors(path, list(names.values()))
    network = VGGFeatures(VGG19)
    checkpoint.load_strict(network, {own: tensors[other] for own, other in names.items()}, path)
    return network.eval()

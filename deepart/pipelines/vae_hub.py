"""Networks whose latent is a map, from our own folders and from the files of registered models of others.

Those files are the ones that their sha256 names, in the layout of diffusers. Each is read into a view of the network
that has the names of that layout, so what does not fit is called as it is in the file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from deepart import checkpoint
from deepart.models.kl import AutoencoderKL, KLConfig, library
from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig
from deepart.models.taesd import TAESD, TAESDConfig
from deepart.pipelines.vae_tiles import Spatial
from deepart.registry import Located

_CLASSES: dict[str, tuple[Any, Any]] = {
    "SpatialVAE": (SpatialVAE, SpatialVAEConfig), "TAESD": (TAESD, TAESDConfig),
    "AutoencoderKL": (AutoencoderKL, KLConfig),
}  # fmt: skip
NETWORKS = tuple(_CLASSES)
PUBLISHED = "diffusion_pytorch_model.safetensors"  # as diffusers calls it
_OLD_NAMES = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}  # of layers of an attention


def read_spatial(located: Located, config: Mapping[str, Any]) -> Spatial:
    """Return the network of a model, config["class"] being one of NETWORKS; raises WeightsError, UnsupportedError."""
    folder, kind = located.folder or Path(), config["class"]
    if kind == "AutoencoderKL":
        library()  # a lack of it is not the fault of the numbers in the config
    if located.spec is not None and located.spec.network:
        return read_taesd(folder) if kind == "TAESD" else read_kl(folder)
    network, shape = _CLASSES[kind]
    numbers = checkpoint.make_config(shape, config, folder)
    built: Spatial = checkpoint.build(lambda: network(numbers), folder / checkpoint.TENSORS)
    return built


def read_taesd(folder: Path) -> TAESD:
    """Return the TAESD of a folder with the published file."""
    with torch.device("meta"):
        network = TAESD()
    both = {"encoder": network.encoder, "decoder": network.decoder}
    view = nn.ModuleDict({name: nn.ModuleDict({"layers": layers}) for name, layers in both.items()})
    path = folder / PUBLISHED
    checkpoint.move_in(view, checkpoint.read_tensors(path), path)
    return network


def read_kl(folder: Path) -> AutoencoderKL:
    """Return the AutoencoderKL of a folder with the published files: config.json and the weights."""
    known = KLConfig.__dataclass_fields__  # of what diffusers writes down, all else is as it is always
    numbers = {name: value for name, value in checkpoint.read_config(folder).items() if name in known}
    network = AutoencoderKL(checkpoint.make_config(KLConfig, numbers, folder))
    path = folder / PUBLISHED
    tensors = {_new_name(name): tensor for name, tensor in checkpoint.read_tensors(path).items()}
    checkpoint.load_strict(network.network, tensors, path)
    return network


def _new_name(name: str) -> str:
    """Return what a tensor is called today: layers of an attention once had other names."""
    before, dot, layer = name.partition(".attentions.0.")
    old, point, rest = layer.rpartition(".")
    return f"{before}{dot}{_OLD_NAMES.get(old, old)}{point}{rest}" if dot else name

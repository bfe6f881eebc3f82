"""Networks whose latent is a map, from our own folders and from files in the layouts of others.

A TAESD is published in two layouts: one file for the encoder and one for the decoder, or both in one, as diffusers
writes them. An AutoencoderKL is published as diffusers writes it, old ones with other names in their attention. Each
file is read into a view of the network that has the names of that layout, so what does not fit is called as it is in
the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from deepart import checkpoint, registry
from deepart.checks import shown
from deepart.errors import WeightsError
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
ENCODER, DECODER = "taesd_encoder.safetensors", "taesd_decoder.safetensors"

# What a published AutoencoderKL must say where it says anything: others are other networks.
_FIXED = {
    "_class_name": "AutoencoderKL", "act_fn": "silu", "in_channels": 3, "out_channels": 3, "shift_factor": None,
    "latents_mean": None, "latents_std": None, "use_quant_conv": True, "use_post_quant_conv": True,
    "mid_block_add_attention": True,
}  # fmt: skip
_BLOCKS = {"down_block_types": "DownEncoderBlock2D", "up_block_types": "UpDecoderBlock2D"}  # one for each size
_IGNORED = ("_diffusers_version", "_name_or_path", "sample_size", "force_upcast")  # nothing that we build from
_OLD_NAMES = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}  # of layers of an attention

Network = TypeVar("Network", bound=nn.Module)


def check_extras(name: object) -> None:
    """Raise UnsupportedError for the name of a registered model whose package is missing, before it is downloaded."""
    spec = registry.REGISTRY.get(("vae", name)) if isinstance(name, str) else None
    if spec is not None and spec.network == "AutoencoderKL":
        library()


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
    """Return the TAESD of a folder with published files: the one that holds both, else the two."""
    with torch.device("meta"):  # no random numbers first, which would take as long as the file
        network = TAESD()
    # The one file counts first: the Hub's cache may hold the two beside it, which nobody has verified.
    if not (folder / PUBLISHED).exists() and ((folder / ENCODER).exists() or (folder / DECODER).exists()):
        _move_in(network.encoder, folder / ENCODER)
        _move_in(nn.Sequential(nn.Identity(), *network.decoder), folder / DECODER)  # the first layer bounds the latent
    else:
        both = {"encoder": network.encoder, "decoder": network.decoder}
        one = nn.ModuleDict({name: nn.ModuleDict({"layers": layers}) for name, layers in both.items()})
        _move_in(one, folder / PUBLISHED)
    return network


def _move_in(view: nn.Module, path: Path) -> None:
    """Give a network without memory the tensors of a file, all of which it must have; raises WeightsError."""
    tensors = checkpoint.read_tensors(path)
    checkpoint.load_strict(view, tensors, path)
    # As copies: what was read may still be the file itself, mapped into memory.
    view.load_state_dict({name: tensor.to(torch.float32, copy=True) for name, tensor in tensors.items()}, assign=True)


def read_kl(folder: Path) -> AutoencoderKL:
    """Return the AutoencoderKL of a folder with published files: config.json and the weights."""
    config, path = _published_config(folder), folder / PUBLISHED
    tensors = {_new_name(name): tensor for name, tensor in checkpoint.read_tensors(path).items()}
    # The first has shapes but no memory, so that numbers of another network are refused before they cost anything.
    with torch.device("meta"):
        _fill(lambda: AutoencoderKL(config), tensors, path)
    return _fill(lambda: AutoencoderKL(config), tensors, path)


def _fill(make: Callable[[], AutoencoderKL], tensors: Mapping[str, Tensor], path: Path) -> AutoencoderKL:
    try:
        network = make()
    except ValueError as error:  # group norms that do not divide their channels, say
        raise WeightsError(
            "The numbers in {path} do not make a network; get the file again.", path=path.parent / checkpoint.CONFIG
        ) from error
    checkpoint.load_strict(network.network, tensors, path)
    return network


def _published_config(folder: Path) -> KLConfig:
    """Return the numbers of a config.json that diffusers wrote; raises WeightsError for another network's."""
    found = checkpoint.read_config(folder)
    config = checkpoint.make_config(KLConfig, found, folder, (*_FIXED, *_BLOCKS, *_IGNORED))
    blocks = {name: [kind] * len(config.block_out_channels) for name, kind in _BLOCKS.items()}
    for name, value in {**_FIXED, **blocks}.items():
        if found.get(name, value) != value:
            raise WeightsError(
                "In the file {path}, {name!r} is {value}; of this kind only networks with {known} are known.",
                path=folder / checkpoint.CONFIG, name=name, value=shown(found[name]), known=shown(value),
            )  # fmt: skip
    return config


def _new_name(name: str) -> str:
    """Return what a tensor is called today: layers of an attention once had other names."""
    before, dot, layer = name.partition(".attentions.0.")
    old, point, rest = layer.rpartition(".")
    return f"{before}{dot}{_OLD_NAMES.get(old, old)}{point}{rest}" if dot else name

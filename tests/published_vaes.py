"""Autoencoders of others in the layouts that they are published in, with random weights, and a Hub that offers them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from loopback_hub import LoopbackHub, offer
from safetensors.torch import save
from torch import Tensor

from deepart.models.kl import AutoencoderKL, KLConfig
from deepart.pipelines.vae_hub import PUBLISHED

# Of the published TAESD: which layers are plain convolutions, as (channels after, channels before), and which blocks.
CONVOLUTIONS = {
    "encoder": {0: (64, 3), 2: (64, 64), 6: (64, 64), 10: (64, 64), 14: (4, 64)},
    "decoder": {0: (64, 4), 6: (64, 64), 11: (64, 64), 16: (64, 64), 18: (3, 64)},
}
BLOCKS = {"encoder": (1, 3, 4, 5, 7, 8, 9, 11, 12, 13), "decoder": (2, 3, 4, 7, 8, 9, 12, 13, 14, 17)}
WITHOUT_BIAS = {"encoder": (2, 6, 10), "decoder": (6, 11, 16)}

KL_CONFIG = {
    "_class_name": "AutoencoderKL",
    "_diffusers_version": "0.4.2",
    "act_fn": "silu",
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "out_channels": 3,
    "sample_size": 256,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
TINY_KL = {"block_out_channels": [32, 32, 32, 32], "layers_per_block": 1}


def taesd_shapes() -> dict[str, tuple[int, ...]]:
    """The names in the file, and the shapes under them."""
    found: dict[str, tuple[int, ...]] = {}
    for part, convolutions in CONVOLUTIONS.items():
        for index, (after, before) in convolutions.items():
            found[f"{part}.layers.{index}.weight"] = (after, before, 3, 3)
            if index not in WITHOUT_BIAS[part]:
                found[f"{part}.layers.{index}.bias"] = (after,)
        for index in BLOCKS[part]:
            for layer in (0, 2, 4):
                name = f"{part}.layers.{index}.conv.{layer}"
                found |= {f"{name}.weight": (64, 64, 3, 3), f"{name}.bias": (64,)}
    return found


def taesd_tensors(seed: int = 0) -> dict[str, Tensor]:
    """The tensors of the file; pictures and latents that come out are lively."""
    generator = torch.Generator().manual_seed(seed)
    gain = {"0": 1.0, "2": 1.4, "4": 0.5}  # of the layers in a block, so that a sum of many does not grow without bound
    made = {}
    for name, shape in taesd_shapes().items():
        spread = 0.1 if len(shape) == 1 else (shape[1] * 9) ** -0.5
        if ".conv." in name:
            spread *= gain[name.split(".")[4]]
        made[name] = spread * torch.randn(shape, generator=generator)
    made["decoder.layers.18.bias"] += 0.5
    return made


def taesd_files() -> dict[str, bytes]:
    return {PUBLISHED: save(taesd_tensors())}


def kl_network(seed: int = 0, **numbers: Any) -> AutoencoderKL:
    """A tiny network whose maps are an eighth as wide as the picture."""
    sizes = {"block_out_channels": (32, 32, 32, 32), "layers_per_block": 1}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = AutoencoderKL(KLConfig(**(sizes | numbers)))
        with torch.no_grad():
            network.network.decoder.conv_out.weight.mul_(3)
            network.network.quant_conv.bias[4:] -= 2  # half of it are log variances
    return network.eval().requires_grad_(False)


def kl_tensors(network: AutoencoderKL) -> dict[str, Tensor]:
    """Its tensors under the names of the published file, which is older than the names of today."""
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    found = {}
    for name, tensor in network.network.state_dict().items():
        for new, old in names.items():
            name = name.replace(f".attentions.0.{new}.", f".attentions.0.{old}.")
        found[name] = tensor
    return found


def kl_files(**changes: Any) -> dict[str, bytes]:
    config = KL_CONFIG | TINY_KL | changes
    return {"config.json": json.dumps(config, indent=2).encode(), PUBLISHED: save(kl_tensors(kl_network()))}


@contextmanager
def offered(patch: pytest.MonkeyPatch, home: Path, name: str, files: Mapping[str, bytes]) -> Iterator[LoopbackHub]:
    """Put files into the registry's record of a model, and let a Hub offer them."""
    patch.setenv("DEEPART_CACHE", str(home / "marks"))
    patch.setenv("DEEPART_WEIGHTS", str(home / "weights"))
    with LoopbackHub() as server, server.used(patch, home):
        offer(server, patch, "vae", name, files)
        yield server


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder

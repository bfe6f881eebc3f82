"""Where the arithmetic runs: one choice of device, and what follows from it."""

from functools import partial

import torch

from deepart.checks import shown
from deepart.errors import OptionError


def pick_device(device: str | torch.device | None = None) -> torch.device:
    """Return the device asked for, which must be on this machine, or CUDA, else MPS, else the CPU."""
    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise OptionError(
            "The device {device} is not one that torch knows; use 'cuda', 'mps' or 'cpu'.", device=shown(device)
        ) from error
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present.get(chosen.type, False) or (
        chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count()
    ):
        found = ", ".join(name for name, there in present.items() if there)
        raise OptionError(
            "The device {device!r} is not on this machine, which has: {found}.", device=str(device), found=found
        )
    return chosen


def compute_dtype(device: torch.device) -> torch.dtype:
    """Return the type in which convolutions are fastest on the device without a visible change of the result.

    bfloat16 where the hardware multiplies it (two thirds of the time and half the memory of float32 on a CPU with
    AVX512-BF16), else float32. MPS stays with float32: its bfloat16 depends on the system's version.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type == "cpu":
        features = torch.cpu.get_capabilities()
        native = any(features.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
        return torch.bfloat16 if native else torch.float32
    return torch.float32


def autocast(device: torch.device) -> torch.autocast:
    """Return the context in which convolutions run in the device's fastest type."""
    dtype = compute_dtype(device)
    return torch.autocast(device.type, dtype, enabled=dtype != torch.float32)


repeatable = partial(torch.backends.cudnn.flags, enabled=True, benchmark=False, deterministic=True)
"""The context in which cuDNN takes the same kernels each time, not the fastest: the same picture for the same seed."""

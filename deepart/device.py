"""Where the arithmetic runs: one choice of device, and what follows from it."""

from __future__ import annotations

import torch

from deepart.errors import OptionError


def pick_device(device: str | torch.device | None = None) -> torch.device:
    """Return the device to run on: the one asked for, or CUDA, else MPS, else the CPU.

    Raises OptionError when the device asked for is not on this machine.
    """
    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise OptionError(f"The device {device!r} is not one that torch knows; use 'cuda', 'mps' or 'cpu'.") from error
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present.get(wanted.type, False) or (
        wanted.type == "cuda" and (wanted.index or 0) >= torch.cuda.device_count()
    ):
        found = ", ".join(name for name, there in present.items() if there)
        raise OptionError(f"The device {str(device)!r} is not on this machine, which has: {found}.")
    return wanted

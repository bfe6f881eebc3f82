"""Seeded noise and what is done with latents: one seed names one picture, whatever the device and the batch size."""

import base64
import binascii
import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from deepart.checks import whole_number
from deepart.errors import OptionError

MAX_SEED = 2**32 - 1  # what a person can type, and what every tool that reads our settings can hold
MAX_NUMBER = 100.0  # of a latent: normal noise stays below 10, and far beyond a network gives no picture
_PARALLEL = 1e-4  # radians; nearer than this to one line, an arc is no better defined than the straight line


def check_seed(seed: int) -> int:
    """Return the seed as an int in [0, MAX_SEED]; raises OptionError for anything else."""
    return whole_number("seed", seed, 0, MAX_SEED)


def check_seeds(seed: int, n: int) -> range:
    """Return the seeds of n pictures from the first one on; raises OptionError where the last would be too large."""
    first = check_seed(seed)
    if first + n - 1 > MAX_SEED:
        raise OptionError(
            "The seed is {first}, and with {n} pictures the last would be {last}; at most {most} is taken.",
            first=first, n=n, last=first + n - 1, most=MAX_SEED,
        )  # fmt: skip
    return range(first, first + n)


def noise(seed: int, shape: Sequence[int]) -> Tensor:
    """Return standard normal float32 noise on the CPU, the same on every machine: devices have their own generators."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(check_seed(seed)))


def chances(seed: int, count: int) -> Tensor:
    """Return `count` uniform float32 numbers in [0, 1), on the CPU, the same on every machine."""
    return torch.rand(count, generator=torch.Generator().manual_seed(check_seed(seed)))


def truncate(latents: Tensor, amount: float) -> Tensor:
    """Return the latents pulled towards their mean, which is 0: at amount 0 all are the mean, at 1 none is changed.

    Source: the truncation trick in w of StyleGAN (Karras et al., 1812.04948), for latents that are whitened.
    """
    return latents * amount


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Return the latent at the share t of the way from a to b, on an arc around the mean, with the length blended.

    a, b: (..., latent). The ends are exact. Halfway on a straight line two normal latents would have lost a third of
    their length, and with it what makes a picture special (White, 1609.04468). Latents on one line, or at the mean, go
    straight.
    """
    if t in (0, 1):
        return b.clone() if t else a.clone()
    lengths = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    unit_a, unit_b = (x / length.clamp_min(1e-12) for x, length in zip((a, b), lengths, strict=True))
    # Of the half chords, since the arc cosine of nearly equal vectors loses half of its digits.
    angle = 2 * torch.atan2((unit_a - unit_b).norm(dim=-1, keepdim=True), (unit_a + unit_b).norm(dim=-1, keepdim=True))
    sine = angle.sin()
    arc = (((1 - t) * angle).sin() * unit_a + (t * angle).sin() * unit_b) / sine.clamp_min(1e-12)
    straight = (sine < _PARALLEL) | (torch.minimum(*lengths) < 1e-6)
    return torch.where(straight, torch.lerp(a, b, t), arc * torch.lerp(*lengths, t))


def check_latents(latents: object, size: int, most: int, what: str = "latents") -> Tensor:
    """Return latents as float32 (n, size) on the CPU, n from 1 to `most`, also of (size,); raises OptionError."""
    if not isinstance(latents, Tensor):
        raise OptionError(
            "The {what} are of type {kind}; give a tensor of shape (n, {size}).",
            what=what, kind=type(latents).__name__, size=size,
        )  # fmt: skip
    found = latents[None] if latents.dim() == 1 else latents
    if found.dim() != 2 or found.shape[1] != size or not 1 <= len(found) <= most:
        raise OptionError(
            "The {what} have the shape {shape}; this model takes (n, {size}) with n from 1 to {most}.",
            what=what, shape=tuple(latents.shape), size=size, most=most,
        )  # fmt: skip
    if found.is_complex() or found.layout != torch.strided:
        raise OptionError(
            "The {what} are of the kind {dtype}; give plain float32 numbers.", what=what, dtype=found.dtype
        )
    found = found.detach().to("cpu", torch.float32)
    if not (found.abs() <= MAX_NUMBER).all():
        raise OptionError(
            "The {what} hold numbers that are not finite or beyond {most:g}; give a good latent.",
            what=what, most=MAX_NUMBER,
        )  # fmt: skip
    return found


def pack(latent: Tensor) -> str:
    """Return a latent, (latent,) or (1, latent), as text: base64 of its little-endian float32 numbers."""
    return base64.b64encode(_bytes(latent)).decode()


def unpack(text: object, size: int) -> Tensor:
    """Return the latent (1, size) that pack() made a text of, to the last bit; raises OptionError for other texts."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != 4 * size:
        raise OptionError(
            "A latent in the settings is no base64 text of {size} numbers; take another picture.", size=size
        )
    return check_latents(torch.from_numpy(np.frombuffer(data, "<f4").astype(np.float32))[None], size, 1)


def short_id(latent: Tensor) -> str:
    """Return a name for a latent: the first 8 hexadecimal digits of the sha256 of its numbers."""
    return hashlib.sha256(_bytes(latent)).hexdigest()[:8]


def _bytes(latent: Tensor) -> bytes:
    return latent.detach().cpu().flatten().numpy().astype("<f4").tobytes()

"""Draw the pictures under "How it works": what each model does, step by step, by the models themselves.

    python -m recipes.make_how

writes deepart/ui/examples/how/<task>.webp; what their parts are stands in HOW of deepart/ui/how.py.
"""

from __future__ import annotations

import io
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from deepart import GANPipeline, StyleTransferPipeline, VAEPipeline, load_image
from deepart.device import autocast
from deepart.images import fit, to_image, to_tensor
from deepart.latents import noise
from deepart.models.generator import Generator, smooth
from deepart.pipelines.features import load_features
from deepart.pipelines.vae_views import components, error_map

EXAMPLES = Path(__file__).resolve().parent.parent / "deepart" / "ui" / "examples"
SIDE, GAP = 160, 6  # pixels
SEED = 33


def strip(parts: list[Image.Image]) -> Image.Image:
    """Return pictures beside each other, each SIDE pixels high and wide."""
    made = Image.new("RGB", (len(parts) * (SIDE + GAP) - GAP, SIDE), "white")
    for index, part in enumerate(parts):
        small = part.width < SIDE
        scaled = part.resize((SIDE, SIDE), Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS)
        made.paste(scaled, (index * (SIDE + GAP), 0))
    return made


@torch.inference_mode()
def generated() -> list[Image.Image]:
    """Return the noise, the picture as the generator has it at 4, 8, 16, ... pixels, and the whole."""
    pipeline = GANPipeline.from_pretrained("landscapes", device="cpu")
    network = pipeline._network
    assert isinstance(network, Generator)
    glimpses: list[Tensor] = []
    for layer in network.glimpse:
        layer.register_forward_hook(lambda _, inputs, found: glimpses.append(found.float()))
    z = noise(SEED, (1, pipeline.latent_size))
    with autocast(torch.device("cpu")):
        whole = network(network.map(z))
    seen, steps = glimpses[0], [glimpses[0]]
    for glimpse in glimpses[1:]:
        seen = smooth(seen) + glimpse
        steps.append(seen)
    grey = (z.view(1, 1, 8, -1) / 6 + 0.5).clamp(0, 1).expand(-1, 3, -1, -1)
    grey = F.interpolate(grey, (16, 16), mode="nearest")
    return [to_image(grey), *(to_image((one / 2 + 0.5).clamp(0, 1)) for one in (*steps, whole))]


def taken_apart() -> list[Image.Image]:
    """Return a photograph, its latent, the reconstruction, and the error, ten times as strong."""
    pipeline = VAEPipeline.from_pretrained("pictures", device="cpu")
    photo = _square("content/cat.jpg", 320)
    latent = pipeline.encode(photo)
    made = pipeline.decode(latent)
    return [photo, components(latent), made, error_map(photo, made, 10)]


def repainted() -> list[Image.Image]:
    """Return a photograph and a painting, what of each the features hold, and the painted photograph."""
    photo, painting = _square("content/cat.jpg", 512), _square("paintings/van-gogh-night-cafe.jpg", 512)
    painted = StyleTransferPipeline.from_pretrained("fine", device="cpu").stylize(photo, painting)
    return [photo, _energy(photo, "relu4_2"), painting, _energy(painting, "relu2_1"), painted]


@torch.inference_mode()
def _energy(image: Image.Image, layer: str) -> Image.Image:
    """Return where the maps of a layer are strong, light on dark."""
    maps = load_features(device="cpu")(to_tensor(fit(image, 384)), (layer,))[layer]
    found = maps.float().square().mean(1, True).sqrt()
    low, high = found.quantile(0.02), found.quantile(0.98)
    return to_image(((found - low) / (high - low)).clamp(0, 1).expand(-1, 3, -1, -1))


def _square(name: str, side: int) -> Image.Image:
    image = load_image(EXAMPLES / name)
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    return image.crop((left, top, left + short, top + short)).resize((side, side), Image.Resampling.LANCZOS)


def main() -> None:
    for task, parts in (("gan", generated()), ("vae", taken_apart()), ("style", repainted())):
        path = EXAMPLES / "how" / f"{task}.webp"
        path.parent.mkdir(exist_ok=True)
        data = io.BytesIO()
        strip(parts).save(data, "WEBP", quality=80, method=6)
        path.write_bytes(data.getvalue())
        print(f"{path.name}: {len(data.getvalue()):,} bytes")


if __name__ == "__main__":
    main()

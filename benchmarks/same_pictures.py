"""Whether every task's pictures are, to the bit, those of another commit: same machine, same run, float32.

    python -m benchmarks.same_pictures --against HEAD~1            # tiny random weights and those that travel
    python -m benchmarks.same_pictures --against HEAD~1 --tiny     # tiny random weights only: under a minute

The other commit is checked out into a temporary worktree. The same probe runs in both trees at once, each in a process
of its own with one thread, and calls every verb of the three pipelines, reads picture files of many kinds and writes
animations. Pixels and settings are compared by sha256 in memory; no hash is kept. Exit status: 0 all are equal, 1 some
differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STYLE_SIDE, VAE_SIDE = 64, (72, 56)


# --------------------------------------------------------------------------------------------------------- the weights


def write_tiny(folder: Path) -> None:
    """Write tiny models with random weights, always the same, as folders that from_pretrained takes."""
    import dataclasses

    import torch

    from deepart import checkpoint
    from deepart.models.fastgan import FastGAN, FastGANConfig
    from deepart.models.generator import Generator, GeneratorConfig
    from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig
    from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
    from deepart.models.vgg import VGGConfig, VGGFeatures

    torch.manual_seed(0)
    named = {"directions_named": ["one", "two"]}
    networks: dict[str, tuple[Any, dict[str, Any]]] = {
        "gan-generator": (Generator(GeneratorConfig(8, 16, (12, 8, 8), coarse=1, directions=2)), named),
        "gan-fastgan": (FastGAN(FastGANConfig(16, (16, 16, 8, 8, 8, 8, 8), 2)), named),
        "vae-spatial": (SpatialVAE(SpatialVAEConfig(8, 8, 8, 1, 1)), {}),
        "vae-vector": (VectorVAE(VectorVAEConfig(8, (8, 8), (8, 8, 8), 2, 16)), named),
        "style-gatys": (VGGFeatures(VGGConfig(((4, 4), (8, 8), (8, 8, 8), (8, 8, 8)))), {}),
    }
    for name, (network, more) in networks.items():
        tensors = {
            key: value + 0.1 * torch.randn(value.shape) if value.is_floating_point() else value
            for key, value in network.state_dict().items()
        }
        config = {"task": name.split("-")[0], "class": type(network).__name__, **dataclasses.asdict(network.config)}
        if isinstance(network, VGGFeatures):
            config = {"task": "style", "class": "Gatys", "features": dataclasses.asdict(network.config)}
        checkpoint.write_folder(folder / name, config | more, tensors, "# Tiny\n", half=False)


def write_files(folder: Path) -> None:
    """Write picture files of many kinds: depths, colour models, profiles, turns, transparency, animations."""
    import numpy as np
    from PIL import Image, ImageCms

    rng = np.random.default_rng(0)
    grey, color = rng.integers(0, 256, (24, 40), np.uint8), rng.integers(0, 256, (24, 40, 4), np.uint8)
    rgb, rgba = Image.fromarray(color[..., :3].copy()), Image.fromarray(color)
    wide = Image.fromarray(rng.integers(0, 65536, (24, 40), np.uint16))
    pictures = {
        "1": Image.fromarray(grey).convert("1"), "L": Image.fromarray(grey), "LA": rgba.convert("LA"), "RGB": rgb,
        "RGBA": rgba, "P": rgb.quantize(16), "I16": wide, "CMYK": rgb.convert("CMYK"),
    }  # fmt: skip
    for name, picture in pictures.items():
        for suffix in (".png", ".jpg", ".webp"):
            try:
                picture.save(folder / f"{name}{suffix}")
            except (OSError, KeyError):  # a mode that the format lacks
                (folder / f"{name}{suffix}").unlink(missing_ok=True)
    pictures["P"].save(folder / "P-key.png", transparency=3)
    rgb.save(folder / "key.png", transparency=tuple(map(int, color[0, 0, :3])))
    rgb.save(folder / "progressive.jpg", progressive=True, optimize=True)
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        for suffix in (".png", ".jpg", ".webp"):
            rgb.save(folder / f"turn-{turn}{suffix}", exif=exif)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    rgb.save(folder / "lab.png", icc_profile=profile)
    srgb = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    rgb.save(folder / "profile.jpg", icc_profile=bytes(srgb))
    rgba.save(folder / "frames.png", save_all=True, append_images=[rgba.rotate(180)])
    rgba.save(folder / "frames.webp", save_all=True, append_images=[rgba.rotate(180)])
    (folder / "cut.jpg").write_bytes((folder / "RGB.jpg").read_bytes()[:600])
    (folder / "cut.png").write_bytes((folder / "RGB.png").read_bytes()[:600])
    (folder / "text.png").write_text("no picture")


# ----------------------------------------------------------------------------------------------------------- the probe


class Probe:
    """Calls what it is given and prints the digest of what comes back, a line of JSON each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, shipped: bool) -> None:
        """Call everything, on tiny weights or on those that travel."""
        from deepart import GANPipeline, StyleTransferPipeline, VAEPipeline, list_models, registry

        if not shipped:
            self.files()
        for task, kind, verbs in (
            ("gan", GANPipeline, self.gan),
            ("vae", VAEPipeline, self.vae),
            ("style", StyleTransferPipeline, self.style),
        ):
            tiny = [str(path) for path in sorted((self.folder / "models").glob(f"{task}-*"))]
            here = [name for name in list_models(task) if registry.get_spec(task, str(name)).here]
            for name in here if shipped else tiny:
                verbs(f"{task} {Path(str(name)).name}", kind.from_pretrained(name, device="cpu"))

    def tell(self, label: str, make: Callable[[], object]) -> Any:
        """Print the digest of what make() returns, or its error, and return it."""
        from deepart import DeepArtError

        found: Any = None
        try:
            found = make()
            pixels, settings = digests(found)
        except DeepArtError as error:
            pixels, settings = f"{type(error).__name__}: {error}", ""
        except (AttributeError, TypeError) as error:  # a verb or an option that one of the commits lacks
            pixels, settings = f"lacks it: {type(error).__name__}", ""
        print(json.dumps([label, pixels, settings]), flush=True)
        return found

    def files(self) -> None:
        """Read the files and write animations."""
        from PIL import Image

        from deepart import load_image, save_animation

        for path in sorted((self.folder / "files").iterdir()):
            self.tell(f"load {path.name}", lambda path=path: load_image(path))
        frames = [Image.effect_mandelbrot((48, 32), (-2 - 0.1 * n, -1, 1, 1), 60).convert("RGB") for n in range(4)]
        for suffix in (".gif", ".webp"):
            path = self.folder / f"{os.getpid()}{suffix}"

            def save(path: Path = path) -> bytes:
                save_animation(frames, path, fps=10)
                return path.read_bytes()

            self.tell(f"animation {suffix}", save)

    def gan(self, label: str, gan: Any) -> None:
        """Call every verb of a GAN pipeline."""
        tell, names = self.tell, list(gan.directions)
        moved = {names[0]: 2.0}
        pictures = tell(f"{label} generate", lambda: gan.generate(3, seed=5))
        [bent] = tell(f"{label} directions", lambda: gan.generate(seed=7, truncation=0.7, directions=moved))
        latent = tell(f"{label} latent", lambda: gan.latent(pictures[1]))
        tell(f"{label} latents", lambda: gan.generate(latents=latent, seed=3))
        orders = [{"n": 2, "seed": 1}, {"seed": 9, "truncation": 0.5}]
        tell(f"{label} generate_batch", lambda: [one for made in gan.generate_batch(orders) for one in made])
        tell(f"{label} sweep", lambda: gan.sweep(bent, truncations=[0.5, 1.0], directions=moved))
        tell(f"{label} interpolate", lambda: gan.interpolate(3, bent, steps=4, truncation=0.9))
        mix = tell(f"{label} mix", lambda: gan.mix(bent, 8, truncation=0.8, directions=moved))
        tell(f"{label} walk", lambda: gan.walk([3, mix, latent], frames=8, loop=True, directions=moved))
        tell(f"{label} breed", lambda: gan.breed([3, mix, bent], 3, mutation=0.3, seed=4))
        tell(f"{label} project", lambda: gan.project(photo(), steps=4, seed=2))

    def vae(self, label: str, vae: Any) -> None:
        """Call every verb of a VAE pipeline; what this sort of model cannot do is compared by its sentence."""
        tell, first, second = self.tell, photo().resize(VAE_SIDE), painting().resize(VAE_SIDE)
        latent = tell(f"{label} encode", lambda: vae.encode(first))
        tell(f"{label} encode_batch", lambda: vae.encode_batch([first, second]))
        tell(f"{label} decode", lambda: vae.decode(latent))
        tell(f"{label} decode_batch", lambda: vae.decode_batch([latent, vae.encode(second)]))
        back = tell(f"{label} reconstruct", lambda: vae.reconstruct(first))
        tell(f"{label} latent", lambda: vae.latent(back))
        tell(f"{label} vary", lambda: vae.vary(first, 1.5, n=2, seed=3))
        for path in ("linear", "spherical"):
            tell(f"{label} interpolate {path}", lambda path=path: vae.interpolate(back, second, steps=4, path=path))
        tell(f"{label} sample", lambda: vae.sample(2, seed=4, temperature=0.8))
        tell(f"{label} edit", lambda: vae.edit(first, dict.fromkeys(vae.directions[:1], 1.5)))
        tell(f"{label} combine", lambda: vae.combine(first, second, back))

    def style(self, label: str, style: Any) -> None:
        """Call every verb of a style transfer pipeline."""
        tell, content, one, other = self.tell, photo(), painting(), photo().rotate(90)
        few: dict[str, Any] = {"size": STYLE_SIDE} | ({} if style.one_pass else {"steps": 2})
        tell(f"{label} stylize", lambda: style.stylize(content, one, **few))
        options = {"weights": [2, 1], "strength": 0.6, "preserve_color": True, "style_scale": 1.5, "seed": 3}
        tell(f"{label} options", lambda: style.stylize(content, [one, other], **options, **few))
        tell(f"{label} sheet", lambda: style.sheet(content, [one, other], **few))
        orders = [{"content": content, "style_image": picture, "seed": 2, **few} for picture in (one, other)]
        tell(f"{label} stylize_batch", lambda: style.stylize_batch(orders))


def photo() -> Any:
    """Return a content picture."""
    from deepart import load_image

    return load_image(ROOT / "deepart/ui/examples/content/cat.jpg").resize((96, 64))


def painting() -> Any:
    """Return a style picture."""
    from deepart import load_image

    return load_image(ROOT / "deepart/ui/examples/paintings/hokusai-great-wave.jpg").resize((80, 60))


def digests(found: Any) -> tuple[str, str]:
    """Return the sha256 of the numbers of a result, and of the settings that its pictures carry."""
    from deepart import settings

    pixels, notes = hashlib.sha256(), hashlib.sha256()
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, bytes):
            pixels.update(one)
        elif hasattr(one, "mean") and hasattr(one, "std") and hasattr(one, "version"):  # a latent of a VAE
            for tensor in (one.mean, one.std):
                pixels.update(tensor.numpy().tobytes())
        elif hasattr(one, "numpy"):
            pixels.update(one.numpy().tobytes())
        else:
            pixels.update(repr((one.mode, one.size)).encode() + one.tobytes())
            notes.update(json.dumps(settings(one), sort_keys=True).encode())
    return pixels.hexdigest(), notes.hexdigest()


# ------------------------------------------------------------------------------------------------------ two trees


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """Give the tree of a commit in a temporary worktree."""
    with tempfile.TemporaryDirectory() as parent:
        tree = Path(parent) / "tree"
        subprocess.run(["git", "-C", str(ROOT), "worktree", "add", "--detach", "-q", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)], check=True)


def compare(trees: Mapping[str, Path], shipped: bool) -> bool:
    """Run the probe in both trees, print a table, and return whether all is equal."""
    with tempfile.TemporaryDirectory() as folder:
        for name, write in {"models": write_tiny, "files": write_files}.items():
            (Path(folder) / name).mkdir()
            write(Path(folder) / name)
        marks = {"DEEPART_CACHE": f"{folder}/marks", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        environment = {name: value for name, value in os.environ.items() if name != "DEEPART_WEIGHTS"} | marks
        runs = [
            subprocess.Popen(
                [sys.executable, __file__, "--probe", folder, *(["--shipped"] if shipped else [])],
                cwd=tree, env=environment | {"PYTHONPATH": str(tree)}, stdout=subprocess.PIPE, text=True,
            )
            for tree in trees.values()
        ]  # fmt: skip
        outputs = [run.communicate()[0] for run in runs]
    if any(run.returncode for run in runs):
        print("The probe failed in one of the trees; see above.")
        return False
    ours, theirs = ({row[0]: row[1:] for row in map(json.loads, output.splitlines())} for output in outputs)
    equal = True
    for label in [*ours, *(label for label in theirs if label not in ours)]:
        here, there = ours.get(label), theirs.get(label)
        if here == there:
            state = "equal" if not here or here[1] else f"equal: {here[0]}"
        elif here is None or there is None:
            state = f"only in {'the other' if here is None else 'this'} tree"
        else:
            state = "PIXELS DIFFER" if here[0] != there[0] else "settings differ"
            state += "".join(f" ({row[0]})" for row in (here, there) if not row[1])
        equal &= here == there
        print(f"{label:40} {state}")
    return equal


def main() -> int:
    """Compare, or be the probe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--against", default="HEAD", help="the commit to compare this tree with (default: %(default)s)")
    parser.add_argument("--tiny", action="store_true", help="tiny random weights only")
    parser.add_argument("--probe", help=argparse.SUPPRESS)
    parser.add_argument("--shipped", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.probe:
        import torch

        from deepart import device

        torch.set_num_threads(1)
        device.compute_dtype = lambda _: torch.float32
        Probe(Path(options.probe)).run(options.shipped)
        return 0
    with checkout(options.against) as other:
        trees = {"this": ROOT, "other": other}
        results = [compare(trees, shipped) for shipped in ([False] if options.tiny else [False, True])]
    print("All are equal." if all(results) else "Some differ.")
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())

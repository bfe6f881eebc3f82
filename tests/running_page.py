"""Pipelines with tiny random weights, and the page running over them; the fixtures are in conftest.py."""

import importlib.util
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # as app.py does; Gradio reads it when it is imported

import pytest
import torch
from PIL import Image

from deepart.cache import Studio
from deepart.models.fast import Fast
from deepart.models.gatys import Gatys
from deepart.models.generator import Generator, GeneratorConfig
from deepart.models.inverter import Inverter, InverterConfig
from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from deepart.models.vgg import VGGConfig, VGGFeatures
from deepart.pipelines.base import Callback
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.gan_origin import Origin
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import Source, VAEPipeline
from deepart.pipelines.vae_latent import Latent
from deepart.registry import Located, get_spec
from recipes.gan_directions import whiten

if TYPE_CHECKING:
    from deepart.ui.jobs import Jobs

ROOT = Path(__file__).resolve().parents[1]


def until(true: Callable[[], object], pause: Callable[[float], object] = time.sleep) -> None:
    """Wait for something that other threads bring about; after three minutes it is not coming."""
    for _ in range(3600):
        if true():
            return
        pause(0.05)
    raise AssertionError("What the test waits for did not come.")


def load_app() -> Any:
    """app.py as a module: it is a script beside the package, and no part of it."""
    spec = importlib.util.spec_from_file_location("app", ROOT / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Held:
    """A pipeline's record of its steps, and the means to hold it between two of them."""

    def watch(self) -> None:
        """Begin with an empty record."""
        self.hold_at: int | None = None  # the step after which the work waits for `go`
        self.go = threading.Event()
        self.held = threading.Event()
        self.steps: list[int] = []
        self.running = 0
        self.most_at_once = 0
        self._counting = threading.Lock()

    def _held(self, callback: Callback | None) -> Callback:
        def watched(step: int, total: int, preview: Image.Image | None) -> None:
            self.steps.append(step)
            if step == self.hold_at:
                self.held.set()
                assert self.go.wait(180)
            if callback is not None:
                callback(step, total, preview)

        return watched

    @contextmanager
    def _watched(self) -> Iterator[None]:
        with self._counting:
            self.running += 1
            self.most_at_once = max(self.most_at_once, self.running)
        try:
            yield
        finally:
            with self._counting:
                self.running -= 1

    def hold(self, step: int) -> None:
        """Let the next work wait after a step until `go` is set."""
        self.go.clear()
        self.held.clear()
        self.steps.clear()
        self.most_at_once = 0
        self.hold_at = step

    def go_on(self, step: int) -> None:
        """Let work that waits go on as far as another step."""
        self.hold_at = step
        self.go.set()  # which wakes it, whatever comes after
        self.go.clear()

    def release(self) -> None:
        self.hold_at = None
        self.go.set()


class TinyStyle(Held, StyleTransferPipeline):
    """Few random weights, always the same; keeps a record of its steps, and can be held between two of them."""

    def __init__(self, name: str, make: Callable[[], Gatys | Fast]) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = make()
        super().__init__(Located(name, "0123456789ab"), torch.device("cpu"), network)
        self.watch()

    def stylize(
        self,
        content: Image.Image,
        style_image: Image.Image | Sequence[Image.Image],
        *,
        callback: Callback | None = None,
        **options: Any,
    ) -> Image.Image:
        with self._watched():
            return super().stylize(content, style_image, callback=self._held(callback), **options)

    def sheet(
        self, content: Image.Image, styles: Sequence[Image.Image], *, callback: Callback | None = None, **options: Any
    ) -> list[Image.Image]:
        with self._watched():
            return super().sheet(content, styles, callback=self._held(callback), **options)


class TinyGAN(Held, GANPipeline):
    """A generator of few random weights, 32 pixels; its walks and projections keep a record and can be held."""

    def __init__(self, name: str, names: Sequence[str], version: str = "0123456789ab", seed: int = 0) -> None:
        network = tiny_generator(seed, len(names))
        super().__init__(Located(name, version), torch.device("cpu"), network, names)
        self.watch()

    def walk(self, seeds: Sequence[Origin], *, callback: Callback | None = None, **options: Any) -> list[Image.Image]:
        with self._watched():
            return super().walk(seeds, callback=self._held(callback), **options)

    def project(self, image: Image.Image, *, callback: Callback | None = None, **options: Any) -> torch.Tensor:
        with self._watched():
            return super().project(image, callback=self._held(callback), **options)


def tiny_generator(seed: int = 0, directions: int = 0) -> Generator:
    """A whitened network with random weights, always the same, whose pictures are lively."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = GeneratorConfig(latent=8, mapping=16, channels=(12, 8, 8), coarse=1, directions=directions)
        network = Generator(config).requires_grad_(False)
        for layer in (network.head, *network.glimpse):
            layer.weight.mul_(2)
        with torch.no_grad():
            whiten(network, network.map(torch.randn(4096, config.latent)))
        network.directions.copy_(torch.linalg.qr(torch.randn(config.latent, config.latent))[0][:directions])
    return network.eval()


class TinyVAE(Held, VAEPipeline):
    """An autoencoder of few random weights; its work on several pictures keeps a record and can be held."""

    def __init__(
        self, name: str, network: SpatialVAE | VectorVAE, names: Sequence[str] = (), version: str = "0123456789ab"
    ) -> None:
        super().__init__(Located(name, version), torch.device("cpu"), network, names)
        self.watch()

    def latent(self, source: Source) -> Latent:
        with self._watched():
            found = super().latent(source)
            self._held(None)(0, 1, None)
            return found

    def vary(self, source: Source, strength: float = 1.0, **options: Any) -> list[Image.Image]:
        with self._watched():
            return super().vary(source, strength, callback=self._held(options.pop("callback", None)), **options)

    def interpolate(
        self, source: Source, other: Source, *, callback: Callback | None = None, **options: Any
    ) -> list[Image.Image]:
        with self._watched():
            return super().interpolate(source, other, callback=self._held(callback), **options)

    def sample(self, n: int = 1, *, callback: Callback | None = None, **options: Any) -> list[Image.Image]:
        with self._watched():
            return super().sample(n, callback=self._held(callback), **options)


def tiny_spatial(seed: int = 0) -> SpatialVAE:
    """A map of 8 channels; its linear part is a good one, so that pictures come back, about."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = SpatialVAEConfig(channels=8, quarter=8, eighth=8, quarter_blocks=1, eighth_blocks=1)
        network = SpatialVAE(config).requires_grad_(False)
        # Eight axes of waves: the three colours' means, and those across and down the block.
        axes = waves()
        network.analysis.weight.copy_(axes.view(8, 3, 8, 8))
        network.analysis.bias.zero_()
        network.synthesis.weight.copy_(axes.T.reshape(192, 8, 1, 1))
        network.synthesis.bias.zero_()
        network.log_variance.fill_(-2.0)
    return network.eval()


def waves() -> torch.Tensor:
    """Eight orthonormal blocks of 3 x 8 x 8 numbers, (8, 192): flat colours, and slopes of light and colour."""
    slope = torch.linspace(-1, 1, 8)
    flat, down, across = torch.ones(8, 8), slope[:, None].expand(8, 8), slope.expand(8, 8)
    grey, red, blue = torch.tensor([1.0, 1, 1]), torch.tensor([1.0, -1, 0]), torch.tensor([1.0, 1, -2])
    pairs = [(c, p) for p in (flat, down, across) for c in (grey, red, blue)][:8]
    blocks = torch.stack([(color[:, None, None] * plane).flatten() for color, plane in pairs])
    return blocks / blocks.norm(dim=1, keepdim=True)


def tiny_vector(seed: int = 1) -> VectorVAE:
    """A vector of 8 numbers for pictures of 32 pixels, with two directions and a prior."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = VectorVAEConfig(latent=8, encoder=(8, 8), decoder=(8, 8, 8), directions=2, prior=16)
        network = VectorVAE(config).requires_grad_(False)
        network.synthesis.weight.mul_(3)
        network.directions.copy_(torch.linalg.qr(torch.randn(8, 8))[0][:2])
    return network.eval()


def tiny_pictures_vae() -> TinyVAE:
    return TinyVAE("pictures", tiny_spatial())


def tiny_portraits_vae() -> TinyVAE:
    return TinyVAE("portraits", tiny_vector(), ("hair", "glasses"), version="ba9876543210")


def _features() -> VGGFeatures:
    return VGGFeatures(VGGConfig(blocks=((4, 4), (8, 8), (8, 8, 8), (8, 8, 8))))


def tiny_fine() -> TinyStyle:
    return TinyStyle("fine", lambda: Gatys(_features()))


def tiny_fast() -> TinyStyle:
    return TinyStyle("fast", lambda: Fast(Inverter(InverterConfig((8, 8, 8), (8, 8, 8, 4))), _features()))


def tiny_landscapes() -> TinyGAN:
    return TinyGAN("landscapes", ("daylight", "trees", "warmth"))


def tiny_portraits() -> TinyGAN:
    return TinyGAN("portraits", ("hair", "smile"), version="ba9876543210", seed=1)


class TinyStudio(Studio):
    """A studio in which all models that travel with the repository are tiny ones."""

    def __init__(self) -> None:
        super().__init__(device="cpu")
        self.tiny = {"fast": tiny_fast(), "fine": tiny_fine()}
        self.tiny_gans = {"landscapes": tiny_landscapes(), "portraits": tiny_portraits()}
        self.tiny_vaes = {"pictures": tiny_pictures_vae(), "portraits": tiny_portraits_vae()}

    def gan(self, name: str | None = None) -> GANPipeline:
        return self.tiny_gans.get(name or get_spec("gan").name) or super().gan(name)

    def vae(self, name: str | None = None) -> VAEPipeline:
        return self.tiny_vaes.get(name or get_spec("vae").name) or super().vae(name)

    def style(self, name: str | None = None) -> StyleTransferPipeline:
        return self.tiny.get(name or get_spec("style").name) or super().style(name)

    def is_loaded(self, task: str, name: str) -> bool:
        return name in {"gan": self.tiny_gans, "vae": self.tiny_vaes, "style": self.tiny}[task] or super().is_loaded(
            task, name
        )

    def version(self, task: str, name: str | None = None) -> str:
        return getattr(self, task)(name).version


class Request:
    """What the page's methods ask of a gr.Request."""

    session_hash = "visitor"
    client = None

    def __init__(self, language: str | None = None) -> None:
        self.headers = {"accept-language": language} if language else {}


@dataclass
class Page:
    """A running page: its address, what is behind it, the folder for its files, and Gradio's own object."""

    url: str
    fast: TinyStyle
    fine: TinyStyle
    landscapes: TinyGAN
    portraits: TinyGAN
    vae: TinyVAE
    faces: TinyVAE
    jobs: "Jobs"
    files: Path
    blocks: Any


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(files: Path, *arguments: str) -> Iterator[Page]:
    """Open the page as app.py does, on a free port of this machine."""
    from deepart.ui.jobs import Jobs

    module, jobs = load_app(), Jobs()
    studio = TinyStudio()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(files))
        patch.delenv("GRADIO_SERVER_NAME", raising=False)
        patch.setattr("deepart.ui.Jobs", lambda at_once: jobs)  # to look into, not to change
        for attempt in range(3):
            port = free_port()
            options = module.parse(["--port", str(port), *arguments])
            try:
                blocks = module.launch(studio, options, prevent_thread_lock=True, quiet=True)
                break
            except ValueError as error:  # on a busy machine the page does not answer itself in Gradio's 3 seconds
                if attempt == 2 or "localhost is not accessible" not in str(error):
                    raise
        try:
            vaes = {"vae": studio.tiny_vaes["pictures"], "faces": studio.tiny_vaes["portraits"]}
            tiny: dict[str, Any] = {**studio.tiny, **studio.tiny_gans, **vaes}
            yield Page(f"http://127.0.0.1:{port}", **tiny, jobs=jobs, files=files, blocks=blocks)
        finally:
            for pipeline in tiny.values():
                pipeline.release()
            blocks.close()

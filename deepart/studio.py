"""The models at hand: each pipeline is loaded once, on its first use, and leaves when others need the room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeVar

import torch

from deepart.checks import whole_number
from deepart.device import pick_device
from deepart.pipelines.base import Pipeline
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.registry import get_spec

DEFAULT_LIMIT = 4 * 2**30  # bytes: what a small hosted machine can spare

P = TypeVar("P", bound=Pipeline)


class Studio:
    """Loads pipelines on demand and keeps them, least recently used first to go, within a bound of memory.

    One studio serves all visitors of an app: its methods may be called from many threads at once.
    """

    def __init__(self, *, device: str | torch.device | None = None, memory_limit: int = DEFAULT_LIMIT) -> None:
        """device: None picks CUDA, then MPS, then CPU. memory_limit: bytes that the weights kept may take together.

        The pipeline asked for last always stays, even when it alone is over the limit. One that left while a job was
        running on it lives on until that job is done.
        """
        self.device = pick_device(device)
        self.memory_limit = whole_number("memory limit", memory_limit, 0, 2**63, "of bytes")
        self._kept: OrderedDict[tuple[str, str], Pipeline] = OrderedDict()
        self._lock = threading.Lock()

    def gan(self, name: str | None = None) -> GANPipeline:
        """Return the pipeline of a registered generator; None: the default one.

        Raises UnknownModelError or WeightsError as from_pretrained does.
        """
        return self._get("gan", name, GANPipeline)

    def style(self, name: str | None = None) -> StyleTransferPipeline:
        """Return the style transfer pipeline of a registered model; None: the default one.

        Raises UnknownModelError or WeightsError as from_pretrained does.
        """
        return self._get("style", name, StyleTransferPipeline)

    def vae(self, name: str | None = None) -> VAEPipeline:
        """Return the pipeline of a registered autoencoder; None: the default one.

        Raises UnknownModelError or WeightsError as from_pretrained does.
        """
        return self._get("vae", name, VAEPipeline)

    def _get(self, task: str, name: str | None, kind: type[P]) -> P:
        key = (task, get_spec(task, name).name)
        # One lock for all loading: two visitors who want the same model cause one load, and memory is counted once.
        with self._lock:
            pipeline = self._kept.get(key)
            if not isinstance(pipeline, kind):
                pipeline = kind.from_pretrained(key[1], device=self.device)
                self._kept[key] = pipeline
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > self.memory_limit:
                self._kept.popitem(last=False)
            return pipeline

"""Requests of several visitors that can be worked on as one batch: which they are, and how that is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image

from deepart.images import fitted_size
from deepart.pipelines.base import Pipeline
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.pipelines.vae_latent import Latent
from deploy.messages import Request

Step = Callable[[int, int, "Image.Image | None"], None]


SMALL = 2**17
"""Pixels of the largest picture for which a batch saves anything on a CPU; see deploy/SCALING.md. Of larger ones the
first would only wait for the last."""


def pays(pipeline: Pipeline, request: Request) -> bool:
    """Return whether a request is better done together with others like it than before them.

    "fine" paints one picture at a time, and a CPU is as busy with one large picture as with four.
    """
    if isinstance(pipeline, StyleTransferPipeline) and not pipeline.one_pass:
        return False
    *_, size = together(request) or (None,)
    return pipeline.device.type != "cpu" or not isinstance(size, tuple) or size[0] * size[1] <= SMALL


def together(request: Request) -> tuple[Any, ...] | None:
    """Return what requests have in common that can go together, the size last if it counts; None: this one goes alone.

    These are samples of one GAN; transfers by one model to results of one size; pictures of one size that one
    autoencoder takes apart, and latents of such that it puts together.
    """
    try:
        given = request.bound()
    except TypeError:  # for the pipeline to say
        return None
    known = request.task, request.model, request.verb
    match request.task, request.verb:
        case "gan", "generate":
            return known
        case "style", "stylize":
            content, size = given.get("content"), given.get("size")
            if isinstance(content, Image.Image) and _whole(size):
                return *known, content.size if size is None else fitted_size(content.size, size)
        case "vae", "encode" | "reconstruct" | "latent":
            source = given.get("image", given.get("source"))
            # A picture that stands for a latent, by what it carries, is the pipeline's own matter.
            if isinstance(source, Image.Image) and "deepart" not in source.info:
                return *known, source.size
        case "vae", "decode":
            latent = given.get("latent")
            if isinstance(latent, Latent):
                return *known, latent.size
    return None


def _whole(size: Any) -> bool:
    return size is None or (isinstance(size, int) and not isinstance(size, bool) and size > 0)


def alone(pipeline: Pipeline, request: Request, step: Step) -> Any:
    """Return what a request asks for. step: hears of each step, with its preview, and may raise; as a callback does."""
    watched = {"callback": step} if request.watched else {}
    return getattr(pipeline, request.verb)(*request.args, **request.options, **watched)


def batch(pipeline: Pipeline, requests: Sequence[Request], step: Step) -> Sequence[Any]:
    """Return what each of several requests that go together asks for.

    step: hears of the steps of the whole batch, without previews, and may raise.

    Raises DeepArtError where one of them is to blame; which, they show when each is done alone.
    """
    orders = [request.bound() for request in requests]
    match pipeline, requests[0].verb:
        case GANPipeline(), "generate":
            return pipeline.generate_batch(orders)
        case StyleTransferPipeline(), "stylize":
            return pipeline.stylize_batch(orders, callback=step)
        case VAEPipeline(), "encode" | "latent":
            return pipeline.encode_batch([order.get("image", order.get("source")) for order in orders])
        case VAEPipeline(), "decode":
            return pipeline.decode_batch([order["latent"] for order in orders])
        case VAEPipeline(), "reconstruct":
            return pipeline.decode_batch(pipeline.encode_batch([order["source"] for order in orders]))
    raise ValueError(f"Requests for {requests[0].verb!r} do not go together.")

"""Requests of several visitors that can be worked on as one batch: which they are, and how that is done."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
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


def can_batch(pipeline: Pipeline) -> bool:
    """Return whether a pipeline has anything that goes in batches: "fine" paints one picture at a time."""
    return not isinstance(pipeline, StyleTransferPipeline) or pipeline.one_pass


def together(request: Request) -> Hashable:
    """Return what requests have in common that can go together; None: this one goes alone.

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

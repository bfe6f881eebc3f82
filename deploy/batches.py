"""Requests of several visitors that can be worked on as one batch: which they are, and how that is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from PIL import Image

from deepart.errors import DeepArtError
from deepart.images import fitted_size
from deepart.pipelines.base import Pipeline
from deepart.pipelines.gan import GANPipeline
from deepart.pipelines.style import StyleTransferPipeline
from deepart.pipelines.vae import VAEPipeline
from deepart.pipelines.vae_latent import Latent
from deploy.messages import Request

T = TypeVar("T")
Step = Callable[[int, int, "Image.Image | None"], None]


def group(tickets: Iterable[T], request: Callable[[T], Request]) -> list[list[T]]:
    """Return the tickets in groups whose requests can go together, in the order in which the first of each came."""
    groups: defaultdict[Hashable, list[T]] = defaultdict(list)
    for number, ticket in enumerate(tickets):
        key = together(request(ticket))
        groups[number if key is None else key].append(ticket)
    return list(groups.values())


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


def work(pipeline: Pipeline, requests: Sequence[Request], step: Step) -> list[Callable[[], Any]]:
    """Do requests that go together, and return for each what returns its result, or raises what went wrong with it.

    step: called after each step of the work of all, and may raise, which ends the work and reaches the caller; of
    requests that go alone it gets their previews.
    """
    if len(requests) > 1:
        try:
            return [partial(_give, made) for made in _batch(pipeline, requests, step)]
        except DeepArtError:  # one of them is to blame, and the others shall not suffer
            return [_alone(pipeline, request, step) for request in requests]
    return [_alone(pipeline, request, step) for request in requests]


def _give(made: Any) -> Any:
    return made


def _alone(pipeline: Pipeline, request: Request, step: Step) -> Callable[[], Any]:
    watched = {"callback": step} if request.watched else {}
    try:
        made = getattr(pipeline, request.verb)(*request.args, **request.options, **watched)
    except DeepArtError as error:
        return partial(_raise, error)
    return partial(_give, made)


def _raise(error: DeepArtError) -> Any:
    raise error


def _batch(pipeline: Pipeline, requests: Sequence[Request], step: Step) -> Sequence[Any]:
    orders = [request.bound() for request in requests]
    match pipeline, requests[0].verb:
        case GANPipeline(), "generate":
            return pipeline.generate_batch(orders)
        case StyleTransferPipeline(), "stylize" if pipeline.one_pass:
            return pipeline.stylize_batch(orders, callback=step)
        case VAEPipeline(), "encode" | "latent":
            return pipeline.encode_batch([order.get("image", order.get("source")) for order in orders])
        case VAEPipeline(), "decode":
            return pipeline.decode_batch([order["latent"] for order in orders])
        case VAEPipeline(), "reconstruct":
            return pipeline.decode_batch(pipeline.encode_batch([order["source"] for order in orders]))
    return [one() for one in (_alone(pipeline, request, step) for request in requests)]

"""What may go together, and what comes out for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image
from running_page import tiny_fast, tiny_fine, tiny_landscapes, tiny_pictures_vae

from deepart.errors import OptionError
from deploy import batches
from deploy.messages import Request


def picture(side: int = 48, color: str = "teal") -> Image.Image:
    disc = Image.radial_gradient("L").resize((side, 32)).convert("RGB")
    return Image.blend(disc, Image.new("RGB", disc.size, color), 0.5)


def stylize(content: Any = None, **options: Any) -> Request:
    return Request("style", None, "stylize", (content or picture(), picture(40, "navy")), options, watched=True)


def generate(**options: Any) -> Request:
    return Request("gan", None, "generate", (), options)


LATENT = tiny_pictures_vae().encode(picture())
SEVERAL = [
    (generate(seed=1), generate(n=3, truncation=0.5), True),
    (generate(seed=1), Request("gan", "portraits", "generate", (), {"seed": 1}), False),
    (Request("gan", None, "breed", ([1],), {}), Request("gan", None, "breed", ([1],), {}), False),
    (stylize(), stylize(seed=4), True),
    (stylize(), stylize(picture(64)), False),
    (stylize(size=24), stylize(picture(96), size=24), False),  # of one longer side, and yet not of one size
    (stylize(size=48), stylize(), True),
    (stylize(size="large"), stylize(size="large"), False),
    (stylize("no picture"), stylize("no picture"), False),
    (Request("style", None, "stylize"), Request("style", None, "stylize"), False),
    (Request("vae", None, "encode", (picture(),)), Request("vae", None, "encode", (picture(48, "red"),)), True),
    (Request("vae", None, "latent", (picture(),)), Request("vae", None, "latent", (LATENT,)), False),
    (Request("vae", None, "decode", (LATENT,)), Request("vae", None, "decode", (LATENT,)), True),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "together"), SEVERAL)
def test_what_goes_together(one: Request, other: Request, together: bool) -> None:
    assert (batches.together(one) is not None and batches.together(one) == batches.together(other)) == together


def test_groups_keep_the_order_in_which_they_came() -> None:
    asked = [stylize(), generate(seed=1), stylize(picture(64)), generate(seed=2), stylize(seed=1)]
    groups = batches.group(enumerate(asked), lambda pair: pair[1])
    assert [[number for number, _ in group] for group in groups] == [[0, 4], [1, 3], [2]]


def far(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(np.asarray(a, float) - np.asarray(b, float)).mean())


@pytest.mark.parametrize(
    ("pipeline", "requests"),
    [
        (tiny_landscapes(), [generate(seed=3), generate(n=2, seed=8, truncation=0.5)]),
        (tiny_fast(), [stylize(), stylize(picture(48, "red"), seed=5)]),
        (tiny_fine(), [stylize(steps=2), stylize(steps=2, seed=5)]),
        (tiny_pictures_vae(), [Request("vae", None, "reconstruct", (picture(48, c),)) for c in ("red", "blue")]),
        (tiny_pictures_vae(), [Request("vae", None, "decode", (LATENT,)), Request("vae", None, "decode", (LATENT,))]),
    ],
)
def test_each_gets_what_it_would_get_alone(pipeline: Any, requests: list[Request]) -> None:
    steps = []
    results = [one() for one in batches.work(pipeline, requests, lambda *told: steps.append(told))]
    for made, request in zip(results, requests, strict=True):
        alone = getattr(pipeline, request.verb)(*request.args, **request.options)
        for a, b in zip(*([x] if isinstance(x, Image.Image) else x for x in (made, alone)), strict=True):
            assert far(a, b) < 1
    assert bool(steps) == requests[0].watched


def test_latents_come_as_they_would_alone() -> None:
    pipeline = tiny_pictures_vae()
    requests = [Request("vae", None, "latent", (picture(48, color),)) for color in ("red", "blue")]
    for one, request in zip(batches.work(pipeline, requests, lambda *_: None), requests, strict=True):
        assert one().mean.allclose(pipeline.encode(request.args[0]).mean, atol=0.02)


def test_a_bad_one_spoils_nothing_for_the_others() -> None:
    requests = [generate(seed=3), generate(truncation=9), generate(seed=4)]
    first, second, third = batches.work(tiny_landscapes(), requests, lambda *_: None)
    assert first()[0].info["deepart"] != third()[0].info["deepart"]
    with pytest.raises(OptionError, match="The truncation is 9"):
        second()

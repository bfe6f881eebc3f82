"""What may go together, and what comes out for each."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image
from running_page import tiny_fast, tiny_fine, tiny_landscapes, tiny_pictures_vae

from deepart.errors import OptionError
from deploy import batches
from deploy.messages import Request
from deploy.replicas import Models


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
    key = batches.together(one)
    assert (key is not None and key == batches.together(other)) == together


def far(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(np.asarray(a, float) - np.asarray(b, float)).mean())


@pytest.mark.parametrize(
    ("pipeline", "requests", "told"),
    [
        (tiny_landscapes(), [generate(seed=3), generate(n=2, seed=8, truncation=0.5)], []),
        (tiny_fast(), [stylize(), stylize(picture(48, "red"), seed=5)], [(1, 1, None)]),
        (tiny_pictures_vae(), [Request("vae", None, "reconstruct", (picture(48, c),)) for c in ("red", "blue")], []),
        (tiny_pictures_vae(), [Request("vae", None, "decode", (LATENT,))] * 2, []),
    ],
)  # fmt: skip
def test_each_gets_what_it_would_get_alone(pipeline: Any, requests: list[Request], told: list[Any]) -> None:
    steps: list[Any] = []
    assert all(batches.pays(pipeline, request) for request in requests)
    results = batches.batch(pipeline, requests, lambda *step: steps.append(step))
    assert steps == told  # of the batch, in which nobody sees another's preview
    for made, request in zip(results, requests, strict=True):
        wanted = batches.alone(pipeline, request, lambda *_: None)
        for a, b in zip(*([x] if isinstance(x, Image.Image) else x for x in (made, wanted)), strict=True):
            assert far(a, b) < 1


def test_fine_paints_one_at_a_time_and_a_bad_one_is_to_blame() -> None:
    assert not batches.pays(tiny_fine(), stylize())
    with pytest.raises(OptionError, match="The truncation is 9"):
        batches.batch(tiny_landscapes(), [generate(seed=3), generate(truncation=9)], lambda *_: None)
    with pytest.raises(ValueError, match="do not go together"):
        batches.batch(tiny_landscapes(), [Request("gan", None, "sweep", (1,))] * 2, lambda *_: None)


# ----------------------------------------------------------------------------------------------- the hands of a replica


class Idle(Models):
    """A replica with the tiny models, whose hands move when a test says so."""

    def __init__(self, task: str, pipelines: dict[str | None, Any]) -> None:
        super().__init__(task, device="cpu", memory_limit=0)
        self._tiny = pipelines
        self.hands: list[Callable[[], None]] = []
        self._hands.submit = self.hands.append  # type: ignore[assignment, method-assign]

    def _pipeline(self, model: str | None) -> Any:
        return self._tiny[model]


async def asked(replica: Idle, requests: Sequence[Request], leave: Sequence[int] = ()) -> list[list[Any]]:
    """Return what each request is told, where all had come before the hands moved; those of `leave` have left."""
    heard: list[list[Any]] = [[] for _ in requests]

    async def listen(number: int) -> None:
        async for message in replica.work(requests[number]):
            heard[number].append(message)

    tasks = [asyncio.create_task(listen(number)) for number in range(len(requests))]
    await asyncio.sleep(0)
    for number in leave:
        tasks[number].cancel()
    await asyncio.sleep(0)
    for move in replica.hands:
        await asyncio.to_thread(move)
    await asyncio.wait(tasks)
    return heard


def test_what_waits_goes_together_and_each_hears_of_its_own() -> None:
    replica = Idle("style", {None: tiny_fast(), "fine": tiny_fine()})
    fine = [Request("style", "fine", "stylize", (picture(), picture(40)), {"steps": n}, watched=True) for n in (3, 4)]
    requests = [stylize(), *fine, stylize(seed=2), stylize(picture(64)), stylize(seed=-1), stylize(seed=3)]
    heard = asyncio.run(asked(replica, requests))
    assert asyncio.run(replica.status()).batches == {4: 1, 1: 3}
    assert replica._waiting == deque()
    for number, messages in enumerate(heard):
        if number == 5:  # which spoils nothing for those of its batch
            [failed] = messages
            assert "The seed is -1" in str(failed.error)
        else:
            *told, last = messages
            assert (
                far(last.value, batches.alone(replica._pipeline(requests[number].model), requests[number], _deaf)) < 1
            )
            assert [one.step for one in told] == list(range(1, len(told) + 1))
            assert all(one.total == len(told) for one in told)
    assert len(heard[1]) < len(heard[2])  # "fine", each with the steps of its own picture and no others


def _deaf(*_: Any) -> None:
    pass


def test_who_has_left_is_not_worked_for() -> None:
    pipeline = tiny_fast()
    replica = Idle("style", {None: pipeline})
    heard = asyncio.run(asked(replica, [stylize(), stylize(), stylize(picture(64))], leave=[0, 2]))
    assert [len(messages) for messages in heard] == [0, 2, 0]
    assert asyncio.run(replica.status()).batches == {1: 1}
    assert pipeline.steps == [1]

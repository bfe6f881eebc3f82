"""The page and its pools on a small cluster of real processes: what comes back, what stops, what is lost."""

import inspect
import os
import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
import yaml
from gradio_client import Client
from PIL import Image
from playwright.sync_api import sync_playwright
from ray import serve
from ray.serve.schema import ServeDeploySchema
from running_page import free_port, until
from starlette.testclient import TestClient

from deepart import GANPipeline, Studio, StyleTransferPipeline, VAEPipeline, images
from deepart.errors import DeepArtError, OptionError, UnknownModelError
from deploy.messages import KINDS, NOT_FROM_AFAR, QUICK, Facts, facts_of, verbs_of
from deploy.page import Page, Settings, build, scaling, share
from deploy.remote import LostError, RemotePipeline, RemoteStudio
from deploy.replicas import Models

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "deepart" / "ui" / "examples"


class Enough(Exception):  # noqa: N818
    """What a callback raises that has seen enough."""


@pytest.fixture(scope="session")
def address(cluster: None) -> Iterator[str]:
    """The page, with one replica in each pool; three tiny tasks on one CPU each."""
    port = free_port()
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(build({"at_once": 8, "preload": False, "max_replicas": 1}), name="deepart", route_prefix="/")
    yield f"http://127.0.0.1:{port}"
    serve.shutdown()


@pytest.fixture(scope="session")
def pools(address: str) -> dict[str, Any]:
    return {task: serve.get_deployment_handle(task, "deepart") for task in KINDS}


@pytest.fixture
def studio(pools: dict[str, Any]) -> RemoteStudio:
    return RemoteStudio(pools, at_once=8)


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    return images.fit(images.load_image(EXAMPLES / "content" / "cat.jpg"), 96)


@pytest.fixture(scope="session")
def painting() -> Image.Image:
    return images.fit(images.load_image(EXAMPLES / "paintings" / "hokusai-great-wave.jpg"), 96)


def working(pool: Any) -> tuple[str, ...]:
    return pool.status.remote().result().working


def far(a: Image.Image, b: Image.Image) -> float:
    assert a.size == b.size
    return float(np.abs(np.asarray(a, float) - np.asarray(b, float)).mean())


class Long:
    """A transfer by "fine" that would take minutes, followed step by step until it is told to end."""

    def __init__(self, studio: RemoteStudio, photo: Image.Image, painting: Image.Image) -> None:
        self.steps = 0
        self.previews = 0
        self.enough = threading.Event()
        self._work = lambda: studio.style("fine").stylize(photo, painting, size=96, steps=1000, callback=self._hear)
        self._thread = ThreadPoolExecutor(1)

    def _hear(self, step: int, total: int, preview: Image.Image | None) -> None:
        self.steps = step
        self.previews += preview is not None
        if self.enough.is_set():
            raise Enough

    def __enter__(self) -> "Long":
        self.done = self._thread.submit(self._work)
        until(lambda: self.steps or (self.done.done() and self.done.result()))
        return self

    def __exit__(self, *error: object) -> None:
        self.enough.set()
        self._thread.shutdown()


# ------------------------------------------------------------------------------------------------ what page and app see


def public(kind: type) -> dict[str, Any]:
    return {name: value for name, value in inspect.getmembers_static(kind) if not name.startswith("_")}


def test_a_remote_studio_has_what_a_studio_has() -> None:
    mine, its = public(RemoteStudio), public(Studio)
    shown = {"device", "memory_limit", "at_once", "on_load"}  # set when it is made
    assert its.keys() - mine.keys() <= shown
    for name, value in its.items():
        if inspect.isfunction(value):
            assert list(inspect.signature(mine[name]).parameters) == list(inspect.signature(value).parameters), name
    for name in shown:
        assert hasattr(RemoteStudio({}), name)


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_remote_pipeline_has_what_a_pipeline_has(kind: Any) -> None:
    pipeline = kind.from_pretrained(device="cpu")
    names = facts_of(pipeline).keys() | verbs_of(kind)
    assert {"name", "version", "device", "nbytes"} <= names
    beside = {"networks", "on_low_memory"}  # what a studio and a loader look at, and no page
    remote = RemotePipeline(None, kind.task, None, Facts(facts_of(pipeline), None))  # type: ignore[arg-type]
    assert remote.task == kind.task
    has = {name for name in dir(pipeline) if not name.startswith("_")}
    assert has - names == (NOT_FROM_AFAR & has) | beside | {"task"}
    assert verbs_of(kind) & QUICK or kind is not GANPipeline
    assert all(hasattr(remote, name) for name in names)
    assert names <= set(dir(remote))
    with pytest.raises(AttributeError, match="has no 'stylise'"):
        remote.stylise  # noqa: B018


def test_the_settings_of_serve_yaml_are_known() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "serve.yaml").read_text())
    checked = ServeDeploySchema.parse_obj(config)
    assert checked.http_options.host == "127.0.0.1"
    [app] = config["applications"]
    assert app["import_path"] == "deploy.page:build"
    assert Settings.model_validate(app["args"]) == Settings()  # as the comment there says


def test_the_options_of_the_app_mean_the_same_here() -> None:
    page = object.__new__(Page)
    page._settings = Settings(metrics=True)
    page._device, page._pools, page._added = "cpu", {}, {"gan": ["mine"]}
    with TestClient(page.__serve_build_asgi_app__()) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert "deepart_queue_length 0.0" in client.get("/metrics").text
        assert "mine" in client.get("/config").text


# ---------------------------------------------------------------------------------------------------- what comes back


def test_pictures_through_the_page_are_those_of_python(address: str) -> None:
    client = Client(address, verbose=False)
    [shown], _ = client.predict(n=1, seed=7, truncation=0.8, model="landscapes", api_name="/generate")
    [wanted] = GANPipeline.from_pretrained("landscapes", device="cpu").generate(seed=7, truncation=0.8)
    made = images.load_image(shown["image"])
    assert far(made, wanted) < 1
    assert images.settings(made) == images.settings(wanted)
    with pytest.raises(Exception, match="The truncation is 7; it must be a number"):
        client.predict(n=1, seed=7, truncation=7, api_name="/generate")
    client.close()


def test_a_remote_pipeline_does_what_one_here_does(
    studio: RemoteStudio, photo: Image.Image, painting: Image.Image
) -> None:
    gan, remote = GANPipeline.from_pretrained(device="cpu"), studio.gan()
    assert {name: getattr(remote, name) for name in facts_of(gan)} == facts_of(gan)
    assert far(remote.mix(1, 2), gan.mix(1, 2)) < 1
    assert remote.recipe(5).latent.allclose(gan.recipe(5).latent, atol=1e-4)
    vae, remote = VAEPipeline.from_pretrained(device="cpu"), studio.vae()
    assert far(remote.decode(remote.encode(photo)), vae.reconstruct(photo)) < 1
    assert remote.latent_shape((96, 64)) == vae.latent_shape((96, 64))
    style, remote = StyleTransferPipeline.from_pretrained("fast", device="cpu"), studio.style("fast")
    steps: list[Any] = []
    painted = remote.stylize(photo, painting, callback=lambda *told: steps.append(told))
    assert far(painted, style.stylize(photo, painting)) < 1
    assert images.settings(painted) == images.settings(style.stylize(photo, painting))
    assert [(step, total) for step, total, _ in steps if step] == [(1, 1)]
    assert studio.loaded.keys() == {("gan", "landscapes"), ("vae", "pictures"), ("style", "fast")}


def test_mistakes_arrive_as_themselves(studio: RemoteStudio, photo: Image.Image) -> None:
    with pytest.raises(UnknownModelError, match="There is no gan model 'nonsense'"):
        studio.gan("nonsense")
    with pytest.raises(UnknownModelError, match="There is no gan model 'someone/something'"):
        studio.gan("someone/something")
    with pytest.raises(OptionError, match="The truncation is 7; it must be a number") as caught:
        studio.gan().generate(truncation=7)
    assert type(caught.value) is OptionError
    with pytest.raises(DeepArtError, match="There are 0 style pictures; give one to 3"):
        studio.style().stylize(photo, [])
    with pytest.raises(OptionError, match="The callback is 5"):
        studio.style().stylize(photo, photo, callback=5)
    with pytest.raises(OptionError, match="takes no further gan model like 'x'"):
        studio.add("gan", "x")


# ------------------------------------------------------------------------------------------------ steps, stops, batches


def test_long_work_tells_of_its_steps_and_a_stop_ends_it(
    studio: RemoteStudio, pools: dict[str, Any], photo: Image.Image, painting: Image.Image
) -> None:
    with Long(studio, photo, painting) as long:
        until(lambda: long.previews)
        assert working(pools["style"]) == ("stylize",)
        until(lambda: studio.style("fine").work_shares(96, 64))  # which waits for no other work
        long.enough.set()
        with pytest.raises(Enough):
            long.done.result()
    until(lambda: not working(pools["style"]))


def test_what_comes_while_others_are_worked_on_goes_as_one_batch(
    studio: RemoteStudio, pools: dict[str, Any], photo: Image.Image, painting: Image.Image
) -> None:
    fast = studio.style("fast")
    alone = [fast.stylize(photo, painting, seed=seed) for seed in range(3)]
    before = pools["style"].status.remote().result().batches
    with ThreadPoolExecutor(4) as visitors:
        with Long(studio, photo, painting):
            later = [visitors.submit(fast.stylize, photo, painting, seed=seed) for seed in range(3)]
            wrong = visitors.submit(fast.stylize, photo, painting, seed=-1)
            until(lambda: pools["style"].status.remote().result().waiting == 4)
        for made, wanted in zip(later, alone, strict=True):
            assert far(made.result(), wanted) < 1
        with pytest.raises(OptionError, match="The seed is -1"):
            wrong.result()
    after = pools["style"].status.remote().result().batches
    assert {size: count - before.get(size, 0) for size, count in after.items() if count > before.get(size, 0)} == {
        1: 1,
        4: 1,
    }


def test_a_stop_on_the_page_stops_the_replica(address: str, pools: dict[str, Any]) -> None:

    def step() -> int:  # not in this thread, which is Playwright's
        with ThreadPoolExecutor(1) as other:
            status = other.submit(lambda: pools["style"].status.remote().result()).result()
            return int(status.step[0]) if status.working else -1

    with sync_playwright() as playwright:
        alone = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage", alone]
        )
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        for leave in (False, True):
            tab.goto(f"{address}/?tab=style&model=fine&steps=100&size=256")
            start = tab.get_by_role("button", name="Paint", exact=True)
            start.click()
            until(lambda: step() > 10, lambda seconds: tab.wait_for_timeout(1000 * seconds))
            if leave:
                tab.goto("about:blank")  # closes the visit, as closing the tab does
            else:
                tab.locator("#stop").click()
                start.wait_for(timeout=60_000)
                # What was seen is kept: a preview, or as long as these are coarse the first look.
                assert re.search(r"stopped after step \d+|· Fast$", tab.locator("#facts").inner_text())
            until(lambda: step() < 0, lambda seconds: tab.wait_for_timeout(1000 * seconds))
        browser.close()


# --------------------------------------------------------------------------------------------------------------- faults


def kill(pool: Any) -> int:
    pid: int = pool.status.remote().result().pid
    os.kill(pid, signal.SIGKILL)
    return pid


def test_a_pure_job_whose_replica_is_killed_is_done_by_another(studio: RemoteStudio, pools: dict[str, Any]) -> None:
    gan = studio.gan()
    [wanted] = gan.generate(seed=900)
    with ThreadPoolExecutor(1) as visitor:
        many = visitor.submit(gan.generate, 200, seed=900)
        until(lambda: working(pools["gan"]) == ("generate",))
        killed = kill(pools["gan"])
        assert not many.done()
        made = many.result()
    assert len(made) == 200
    assert far(made[0], wanted) < 1
    assert pools["gan"].status.remote().result().pid != killed


def test_a_visitor_whose_replica_is_killed_gets_a_sentence(
    studio: RemoteStudio, pools: dict[str, Any], photo: Image.Image, painting: Image.Image
) -> None:
    with Long(studio, photo, painting) as long:
        kill(pools["style"])
        with pytest.raises(LostError, match="The machine that worked on this was lost; please start it again"):
            long.done.result()
    assert studio.style("fast").stylize(photo, painting).size == photo.size  # by the replica that took its place


def test_the_page_outlives_the_controller(address: str, studio: RemoteStudio) -> None:
    client = Client(address, verbose=False)
    controller = ray.get_actor("SERVE_CONTROLLER_ACTOR", namespace="serve")
    old: int = ray.get(controller.get_pid.remote())
    os.kill(old, signal.SIGKILL)
    assert client.predict(n=1, seed=3, api_name="/generate")  # nobody waits for the controller
    assert len(studio.gan().generate(2)) == 2

    def back() -> bool:
        try:
            now = ray.get(ray.get_actor("SERVE_CONTROLLER_ACTOR", namespace="serve").get_pid.remote())
            return now != old and serve.status().applications["deepart"].status == "RUNNING"
        except (ray.exceptions.RayActorError, ValueError):
            return False

    until(back)
    assert client.predict(n=1, seed=3, api_name="/generate")
    client.close()


def test_a_pool_grows_with_its_queue(address: str, photo: Image.Image, painting: Image.Image) -> None:
    grows = serve.deployment(
        Models, name="style", autoscaling_config=scaling(Settings(max_replicas=2)), ray_actor_options={"num_cpus": 1}
    )  # fmt: skip
    pool = serve.run(grows.bind("style", device="cpu"), name="growing", route_prefix=None)

    def replicas() -> int:
        return serve.status().applications["growing"].deployments["style"].replica_states.get("RUNNING", 0)

    assert replicas() == 1
    studio = RemoteStudio({"style": pool})
    fast = studio.style("fast")
    with ThreadPoolExecutor(3) as visitors:
        with Long(studio, photo, painting):
            waiting = [visitors.submit(fast.stylize, photo, painting, seed=seed) for seed in range(3)]
            until(lambda: replicas() == 2)
        assert all(one.result().size == photo.size for one in waiting)
    serve.delete("growing")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"threads": 0}, "The setting 'threads' in the args of serve.yaml is wrong: Input should be greater"),
        ({"thread": 1}, "The setting 'thread' in the args of serve.yaml is wrong: Extra inputs"),
        ({"models": {"cat": ["x"]}}, "The models of serve.yaml have a task 'cat'; it must be one of gan, vae, style."),
    ],
)
def test_wrong_settings(cluster: None, args: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        build(args)


@pytest.mark.parametrize(
    ("settings", "gpus", "cpus", "wanted"),
    [
        ({}, 0, 8, ("cpu", {"num_cpus": 1, "num_gpus": 0})),
        ({"threads": 4}, 0, 64, ("cpu", {"num_cpus": 4, "num_gpus": 0})),
        ({}, 0, 2, ("cpu", {"num_cpus": 0.66, "num_gpus": 0})),  # three pools fit on two CPUs
        ({}, 1, 16, ("cuda", {"num_cpus": 1, "num_gpus": 0.33})),
        ({}, 8, 64, ("cuda", {"num_cpus": 1, "num_gpus": 1})),
        ({"gpus": 0.5}, 0, 16, ("cuda", {"num_cpus": 1, "num_gpus": 0.5})),  # machines with GPUs are to come
        ({"device": "cpu"}, 8, 64, ("cpu", {"num_cpus": 1, "num_gpus": 0})),
    ],
)
def test_what_a_replica_asks_for(settings: dict[str, Any], gpus: float, cpus: float, wanted: Any) -> None:
    assert share(Settings(**settings), gpus, cpus) == wanted

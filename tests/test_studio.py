from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import torch
from running_page import register_gans, register_vaes, tiny_landscapes, tiny_pictures_vae, tiny_portraits_vae

from deepart import GANPipeline, Studio, StyleTransferPipeline, VAEPipeline
from deepart.errors import OptionError, UnknownModelError, WeightsError


def test_a_pipeline_is_loaded_once_on_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    load = StyleTransferPipeline.from_pretrained.__func__

    def count(cls: type, name: str, **options: Any) -> StyleTransferPipeline:
        loads.append(name)
        time.sleep(0.05)  # wide enough for the other threads to come in between
        return load(cls, name, **options)

    monkeypatch.setattr(StyleTransferPipeline, "from_pretrained", classmethod(count))
    studio = Studio(device="cpu")
    assert loads == []
    found: list[StyleTransferPipeline] = []
    threads = [threading.Thread(target=lambda: found.append(studio.style("fast"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == ["fast"]
    assert len(found) == 4
    assert all(pipeline is studio.style() for pipeline in found)


def test_the_studio_s_device_is_the_pipeline_s() -> None:
    assert Studio(device="cpu").style().device == torch.device("cpu")


def test_what_was_used_longest_ago_leaves_when_others_need_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    class Heavy(StyleTransferPipeline):
        nbytes = 100

        @classmethod
        def from_pretrained(cls, name: str, *, device: torch.device) -> Heavy:
            return cls.__new__(cls)

    monkeypatch.setattr("deepart.studio.get_spec", lambda task, name: type("Spec", (), {"name": name}))
    studio = Studio(device="cpu", memory_limit=200)
    a, b = studio._get("style", "a", Heavy), studio._get("style", "b", Heavy)
    assert studio._get("style", "a", Heavy) is a
    studio._get("style", "c", Heavy)  # b has been waiting longest
    assert studio._get("style", "a", Heavy) is a
    assert studio._get("style", "b", Heavy) is not b


def test_one_pipeline_over_the_limit_stays() -> None:
    studio = Studio(device="cpu", memory_limit=0)
    assert studio.style("fine") is studio.style("fine")


def test_mistakes_get_a_sentence() -> None:
    with pytest.raises(UnknownModelError, match="did you mean 'fine'"):
        Studio(device="cpu").style("fien")
    with pytest.raises(OptionError, match="The model is 5; it must be a name"):
        Studio(device="cpu").style(5)
    with pytest.raises(OptionError, match="The memory limit is -1"):
        Studio(device="cpu", memory_limit=-1)


def test_a_failed_load_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Studio(device="cpu")

    def fail(*args: object, **options: object) -> None:
        raise WeightsError("The file is damaged.")

    with monkeypatch.context() as broken:
        broken.setattr(StyleTransferPipeline, "from_pretrained", fail)
        with pytest.raises(WeightsError):
            studio.style()
    assert studio.style().name == "fast"


def test_generators_are_kept_beside_the_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []

    def load(cls: type, name: str, *, device: torch.device) -> GANPipeline:
        loads.append(name)
        return tiny_landscapes()

    register_gans(monkeypatch)
    monkeypatch.setattr(GANPipeline, "from_pretrained", classmethod(load))
    studio = Studio(device="cpu")
    first = studio.gan()
    assert studio.gan() is first
    assert studio.gan("portraits") is not first
    assert studio.gan(loads[0]) is first
    assert len(loads) == 2
    with pytest.raises(UnknownModelError, match="did you mean 'portraits'"):
        studio.gan("portrait")


def test_autoencoders_are_loaded_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[tuple[str, torch.device]] = []

    def load(cls: type, name: str, *, device: torch.device) -> VAEPipeline:
        loads.append((name, device))
        return tiny_pictures_vae() if name == "pictures" else tiny_portraits_vae()

    register_vaes(monkeypatch)
    monkeypatch.setattr(VAEPipeline, "from_pretrained", classmethod(load))
    studio = Studio(device="cpu")
    assert studio.vae().name == "pictures"
    assert studio.vae("portraits").name == "portraits"
    assert studio.vae() is studio.vae("pictures")
    assert loads == [("pictures", torch.device("cpu")), ("portraits", torch.device("cpu"))]
    with pytest.raises(UnknownModelError, match="did you mean 'portraits'"):
        studio.vae("portrait")


def test_what_a_generator_loads_later_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Growing(StyleTransferPipeline):
        nbytes = 100

        @classmethod
        def from_pretrained(cls, name: str, *, device: torch.device) -> Growing:
            return cls.__new__(cls)

    monkeypatch.setattr("deepart.studio.get_spec", lambda task, name: type("Spec", (), {"name": name}))
    studio = Studio(device="cpu", memory_limit=200)
    a, b = studio._get("style", "a", Growing), studio._get("style", "b", Growing)
    assert studio._get("style", "a", Growing) is a
    a.nbytes = 150
    assert studio._get("style", "a", Growing) is a
    assert studio._get("style", "b", Growing) is not b

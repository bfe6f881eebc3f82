import pytest
import torch

from deepart.device import compute_dtype, pick_device
from deepart.errors import OptionError


@pytest.mark.parametrize(("cuda", "mps", "expected"), [(1, 1, "cuda"), (1, 0, "cuda"), (0, 1, "mps"), (0, 0, "cpu")])
def test_cuda_goes_before_mps_before_cpu(monkeypatch: pytest.MonkeyPatch, cuda: int, mps: int, expected: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(cuda))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: bool(mps))
    assert pick_device().type == expected


def test_the_device_asked_for_is_taken() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device(torch.device("cpu")) == torch.device("cpu")


def test_a_device_that_is_not_there_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(OptionError, match=r"'cuda' is not on this machine, which has: cpu\."):
        pick_device("cuda")


def test_a_second_gpu_that_is_not_there_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert pick_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(OptionError, match="'cuda:1' is not on this machine"):
        pick_device("cuda:1")


@pytest.mark.parametrize("device", ["gpu", "", "xla", 1.5])
def test_what_is_no_device_gets_a_sentence(device: str) -> None:
    with pytest.raises(OptionError, match="The device"):
        pick_device(device)


@pytest.mark.parametrize(
    ("features", "expected"),
    [({"avx512_bf16": True}, torch.bfloat16), ({"amx_bf16": True}, torch.bfloat16), ({"avx2": True}, torch.float32)],
)
def test_a_cpu_computes_in_bfloat16_only_where_it_has_the_instructions(
    monkeypatch: pytest.MonkeyPatch, features: dict[str, bool], expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features)
    assert compute_dtype(torch.device("cpu")) == expected
    assert compute_dtype(torch.device("mps")) == torch.float32

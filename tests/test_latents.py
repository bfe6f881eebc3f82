import pytest
import torch

from deepart.errors import OptionError
from deepart.latents import MAX_SEED, check_latents, check_seed, noise, pack, slerp, unpack


def test_one_seed_names_one_noise() -> None:
    assert torch.equal(noise(7, (2, 3)), noise(7, (2, 3)))
    assert not torch.equal(noise(7, (2, 3)), noise(8, (2, 3)))


def test_noise_leaves_torch_s_own_generator_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    noise(5, (4,))
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 1.0, float("nan"), "1", None, True])
def test_other_seeds_get_a_sentence(seed: int) -> None:
    with pytest.raises(OptionError, match=r"The seed is .*; it must be a whole number from 0 to 4294967295\."):
        check_seed(seed)


def test_slerp_of_two_axes_is_the_circle() -> None:
    a, b = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    third = slerp(a, b, 1 / 3)
    assert third[0].tolist() == pytest.approx([3**0.5 / 2, 0.5], abs=1e-6)  # 30 degrees
    assert slerp(2 * a, 4 * b, 0.5).norm() == pytest.approx(3, abs=1e-6)  # the length is blended
    assert torch.equal(slerp(a, b, 0.0), a)
    assert torch.equal(slerp(a, b, 1.0), b)


def test_nearly_equal_latents_have_a_smooth_way() -> None:
    a = noise(3, (1, 64))
    b = a + 1e-3 * noise(4, (1, 64))
    assert torch.allclose(slerp(a, b, 0.5), torch.lerp(a, b, 0.5), atol=1e-5)


def test_a_packed_latent_comes_back_to_the_last_bit() -> None:
    latent = noise(5, (1, 7))
    assert torch.equal(unpack(pack(latent), 7), latent)
    assert torch.equal(unpack(pack(latent[0]), 7), latent)
    assert pack(torch.tensor([1.0])) == "AACAPw=="  # 3F800000, the last byte first


@pytest.mark.parametrize(
    "text", ["", "AACAPw", "AACA Pw==", "é", 5, None, pack(torch.zeros(8)), pack(torch.full((7,), torch.nan))]
)
def test_a_text_that_is_no_latent_gets_a_sentence(text: object) -> None:
    with pytest.raises(OptionError, match=r"^[A-Z][^\n]*\.$"):
        unpack(text, 7)


@pytest.mark.parametrize(
    ("latents", "sentence"),
    [
        ([0.0] * 4, r"The latents are of type list; give a tensor of shape \(n, 4\)\."),
        (torch.zeros(5), r"The latents have the shape \(5,\); this model takes \(n, 4\) with n from 1 to 3\."),
        (torch.zeros(4, 4), r"The latents have the shape \(4, 4\)"),
        (torch.full((1, 4), torch.nan), "numbers that are not finite or beyond 100"),
        (torch.zeros(1, 4, dtype=torch.complex64), r"of the kind torch\.complex64"),
    ],
)
def test_latents_that_will_not_do_get_a_sentence(latents: object, sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        check_latents(latents, 4, 3)

import math

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from skimage.metrics import structural_similarity
from torch import Tensor

from benchmarks.distances import content_distance, flat_noise, style_distance
from deepart.color import gaussian_blur
from deepart.images import to_tensor
from deepart.metrics import luma, psnr, ssim
from deepart.models.vgg import VGGFeatures
from deepart.pipelines.features import load_features


@pytest.fixture(scope="module")
def cat() -> Tensor:
    return to_tensor(Image.fromarray(data.chelsea()).resize((96, 64)))


@pytest.fixture(scope="module")
def noisy(cat: Tensor) -> Tensor:
    return (cat + 0.1 * torch.randn(cat.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)


@pytest.fixture(scope="module")
def features() -> VGGFeatures:
    return load_features(device="cpu")


def test_psnr_of_a_known_error() -> None:
    assert psnr(torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.1)) == pytest.approx(20)
    assert psnr(torch.ones(1, 3, 4, 4), torch.ones(1, 3, 4, 4)) == math.inf


def test_ssim_agrees_with_scikit_image(cat: Tensor, noisy: Tensor) -> None:
    a, b = (luma(x)[0, 0].numpy().astype(np.float64) for x in (cat, noisy))
    _, scores = structural_similarity(
        a, b, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    assert ssim(cat, noisy) == pytest.approx(scores[5:-5, 5:-5].mean(), abs=1e-6)


def test_a_blur_keeps_the_mean_of_a_flat_picture_and_spreads_a_point() -> None:
    assert torch.allclose(gaussian_blur(torch.full((1, 2, 20, 20), 0.3), 2.0), torch.tensor(0.3))
    point = torch.zeros(1, 1, 21, 21)
    point[..., 10, 10] = 1
    spread = gaussian_blur(point, 1.5)
    assert spread.sum().item() == pytest.approx(1)
    assert (spread[0, 0, 10, 11] / spread[0, 0, 10, 10]).item() == pytest.approx(math.exp(-1 / (2 * 1.5**2)), abs=1e-5)


def test_distances_to_itself_are_zero_and_grow_with_noise(features: VGGFeatures, cat: Tensor, noisy: Tensor) -> None:
    assert style_distance(features, cat, cat) == pytest.approx(0, abs=1e-9)
    assert content_distance(features, cat, cat) == pytest.approx(0, abs=1e-9)
    assert style_distance(features, noisy, cat) > 0.01
    assert content_distance(features, noisy, cat) > 0.05


def test_flat_noise_counts_grain_on_flat_areas_only() -> None:
    content = torch.full((1, 3, 80, 80), 0.5)
    content[..., 40:] = torch.rand(1, 3, 80, 40, generator=torch.Generator().manual_seed(1))
    grain = 0.1 * torch.randn(1, 1, 80, 80, generator=torch.Generator().manual_seed(2)).expand(1, 3, 80, 80)
    left, right = torch.full_like(content, 0.5), torch.full_like(content, 0.5)
    left[..., :30] += grain[..., :30]
    right[..., 50:] += grain[..., 50:]
    assert flat_noise(torch.full_like(content, 0.5), content) == pytest.approx(0, abs=1e-6)
    assert flat_noise(left, content) > 2
    assert flat_noise(right, content) < 0.1 * flat_noise(left, content)

"""The measures of generated pictures, on features and pictures whose distance is known on paper."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from deepart.models.vgg import VGGConfig, VGGFeatures
from recipes import gan_gaussian, gan_metrics, gan_nearest, gan_patches, gan_split
from recipes.gan_metrics import PictureFeatures

ROOT = Path(__file__).parents[2]


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def white(count: int, size: int, seed: int = 0) -> Tensor:
    """Numbers (count, size) whose mean is 0 and whose covariance is the unit matrix, exactly."""
    x = randn(count, size, seed=seed).double()
    x = x - x.mean(0)
    return x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov())).T


def noise(count: int, side: int = 32, seed: int = 0) -> Tensor:
    return torch.randint(
        0, 256, (count, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)
    )


def make_set(folder: Path, sources: list[str], side: int = 32) -> Path:
    """A data set as recipes/gan_data.py writes them, of noise."""
    (folder / "pictures").mkdir(parents=True)
    files = {}
    for index, (source, picture) in enumerate(zip(sources, noise(len(sources), side), strict=True)):
        name = f"pictures/{index:05d}.png"
        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(folder / name)
        files[name] = {"source": source, "licence": "public domain"}
    manifest = {"packages": {"some-photographs": "1.2"}, "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def tiny_network() -> VGGFeatures:
    """Features that tell noise from noise, as they keep the variance from layer to layer."""
    torch.manual_seed(0)
    network = VGGFeatures(VGGConfig(blocks=((4, 4), (4, 4), (4, 4, 4), (6, 6, 6))))
    for parameter in network.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
    return network


# ----------------------------------------------------------------------------------------------------------- measures


def test_frechet_distance_of_two_gaussians() -> None:
    real, fake = white(60, 5), white(40, 5, seed=1)
    assert gan_metrics.frechet(real, fake) == pytest.approx(0, abs=1e-6)
    scales = torch.tensor([1.0, 2, 3, 4, 5], dtype=torch.double)
    shift = torch.tensor([1.0, 0, 0, 2, 0], dtype=torch.double)
    expected = 1 + 4 + (0 + 1 + 4 + 9 + 16)  # |mean|^2 and (deviation - deviation)^2
    assert gan_metrics.frechet(real, fake * scales + shift) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_is_that_of_torch_fidelity() -> None:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    real, fake = randn(80, 30).relu(), 2 * randn(50, 30, seed=1).relu() @ randn(30, 30, seed=2)
    statistics = (fid_features_to_statistics(x.double()) for x in (real, fake))
    expected = fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]
    assert gan_metrics.frechet(real, fake) == pytest.approx(expected, rel=1e-6)
    few = real[:10]  # fewer pictures than numbers: the covariance has no inverse
    assert gan_metrics.frechet(few, few) == pytest.approx(0, abs=1e-6)


def test_kernel_distance_of_two_points() -> None:
    at, away = torch.zeros(8, 4), torch.ones(8, 4)
    expected = 1 + (1 + 1) ** 3 - 2 * 1  # k(a, a) + k(b, b) - 2 k(a, b)
    assert gan_metrics.kernel(at, away) == pytest.approx((expected, 0))
    assert gan_metrics.kernel(at, at) == pytest.approx((0, 0))


def test_kernel_distance_is_that_of_torch_fidelity() -> None:
    from torch_fidelity.metric_kid import kid_features_to_metric

    real, fake = randn(60, 8).relu(), randn(60, 8, seed=1)
    expected = kid_features_to_metric(fake, real, kid_subsets=1, kid_subset_size=60, verbose=False)
    assert gan_metrics.kernel(real, fake)[0] == pytest.approx(expected["kernel_inception_distance_mean"], rel=1e-4)


def test_the_error_of_the_kernel_distance_is_how_far_it_varies() -> None:
    found = [gan_metrics.kernel(randn(60, 8, seed=2 * i), randn(50, 8, seed=2 * i + 1) + 0.5) for i in range(40)]
    distances, errors = zip(*found, strict=True)
    assert 0.6 < np.mean(errors) / np.std(distances) < 1.6


def test_precision_and_recall_of_identical_disjoint_and_half_covered_sets() -> None:
    here, there = randn(50, 6), randn(50, 6, seed=1) + 1000
    assert gan_metrics.precision_recall(here, here) == (1, 1)
    assert gan_metrics.precision_recall(here, there) == (0, 0)
    both = torch.cat([here, there])
    assert gan_metrics.precision_recall(both, here) == (1, 0.5)  # good pictures of one half only
    assert gan_metrics.precision_recall(here, both) == (0.5, 1)  # half of the pictures are of nothing real
    assert set(gan_metrics.measure(here, there)) == {"frechet", "kernel", "kernel_error", "precision", "recall"}


def test_features_are_means_of_relu4_3_whatever_the_batch_and_the_type() -> None:
    network = tiny_network()
    features, pictures = PictureFeatures(network=network), noise(5)
    found = features(pictures)
    assert (found.shape, found.dtype) == ((5, 6), torch.float32)
    by_hand = network(pictures.float() / 255, ("relu4_3",))["relu4_3"].mean((2, 3))
    assert (found - by_hand).abs().max() < 0.02 * by_hand.abs().max()  # bfloat16 has eight bits
    torch.testing.assert_close(features(pictures.float() / 255, batch=2), found, rtol=0.02, atol=1e-3)


def test_features_of_files_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_set(tmp_path / "set", ["a.jpg"] * 6)
    paths, cache = sorted((data / "pictures").iterdir()), tmp_path / "features.pt"
    features = PictureFeatures(network=tiny_network())
    all_of_them = features.of_files(paths)
    torch.testing.assert_close(all_of_them, features(gan_metrics.load_pictures(paths)))
    features.of_files(paths[:4], cache)
    read: list[Path] = []
    load = gan_metrics.load_pictures
    monkeypatch.setattr(gan_metrics, "load_pictures", lambda some: (read.extend(some), load(some))[1])
    assert torch.equal(features.of_files(paths, cache, batch=4)[:4], features.of_files(paths[:4], cache))
    assert read == paths[4:]
    paths[0].write_bytes(paths[1].read_bytes())
    os.utime(paths[0], ns=(1, 1))
    torch.testing.assert_close(features.of_files(paths[:2], cache)[0], all_of_them[1])
    assert read == [*paths[4:], paths[0]]


# -------------------------------------------------------------------------------------------------------------- split


def test_whole_photographs_are_held_out(tmp_path: Path) -> None:
    sources = [f"photo{index % 43:02d}@2x.jpg" for index in range(200)]
    training, held_out = gan_split.split(make_set(tmp_path, sources, side=8))
    of = {tmp_path / "pictures" / f"{index:05d}.png": source for index, source in enumerate(sources)}
    assert sorted([*training, *held_out]) == sorted(of)
    assert {of[path] for path in held_out} == {f"photo{index:02d}@2x.jpg" for index in range(4, 43, 5)}
    assert {of[path] for path in training}.isdisjoint(of[path] for path in held_out)
    assert training == sorted(training)
    first, second = gan_split.halves(tmp_path)
    assert {of[path] for path in first}.isdisjoint(of[path] for path in second)
    assert abs(len(first) - len(second)) < 10


# ----------------------------------------------------------------------------------------------------------- gaussian


def test_the_gaussian_has_the_mean_and_the_covariance_of_the_pictures() -> None:
    axes = torch.linalg.qr(randn(3 * 8 * 8, 4))[0].T
    deviations = torch.tensor([120.0, 90, 60, 40])
    pictures = (128 + (randn(4000, 4, seed=1) * deviations) @ axes).round().clamp(0, 255).to(torch.uint8)
    pictures = pictures.reshape(-1, 3, 8, 8)
    model = gan_gaussian.fit(pictures, components=4)
    torch.testing.assert_close(model.deviations, deviations, rtol=0.05, atol=0)
    assert (model.axes.T @ axes.T).abs().diag().min() > 0.99  # the same axes, but for their signs
    made = model.sample(4000, seed=3)
    assert (made.shape, made.dtype) == ((4000, 3, 8, 8), torch.uint8)
    real, fake = pictures.flatten(1).double(), made.flatten(1).double()
    assert (real.mean(0) - fake.mean(0)).abs().max() < 2
    error = (real.T.cov() - fake.T.cov()).norm() / real.T.cov().norm()
    assert error < 0.1
    assert torch.equal(made, model.sample(4000, seed=3))


# ------------------------------------------------------------------------------------------------------------ patches


def test_a_pyramid_adds_up_to_the_picture_and_a_plane_is_all_in_its_last_level() -> None:
    x = torch.rand(2, 3, 32, 32)
    fine, middle, coarse = gan_patches.pyramid(x)
    assert [level.shape[3] for level in (fine, middle, coarse)] == [32, 16, 8]
    torch.testing.assert_close(fine + gan_patches._double(middle + gan_patches._double(coarse)), x)
    fine, middle, coarse = gan_patches.pyramid(torch.full((1, 3, 32, 32), 7.0))
    assert fine.abs().max() < 1e-5
    assert middle.abs().max() < 1e-5
    torch.testing.assert_close(coarse, torch.full_like(coarse, 7.0))


def test_sliced_wasserstein_distance_of_a_shift() -> None:
    real = randn(500, 3, 7, 7)
    real = (real - real.mean((0, 2, 3), keepdim=True)) / real.std((0, 2, 3), keepdim=True)
    assert gan_patches.sliced_wasserstein(real, real.flip(0)) == 0
    # Of a shift by s in all numbers, a random unit direction sees s |sum of its numbers|: s sqrt(2 / pi) on average.
    shifted = gan_patches.sliced_wasserstein(real, real + 0.5, directions=2000)
    assert shifted == pytest.approx(1000 * 0.5 * math.sqrt(2 / math.pi), rel=0.05)
    assert gan_patches.sliced_wasserstein(10 * real, 10 * real + 5) == pytest.approx(
        gan_patches.sliced_wasserstein(real, real + 0.5), rel=1e-3
    )


# ------------------------------------------------------------------------------------------------------------ nearest


def test_comparison_tells_a_copier_from_one_who_makes_things_up() -> None:
    held_out = torch.linspace(1, 2, 101)
    assert gan_nearest.compare(torch.zeros(10), held_out)["nearer"] == 1
    usual = gan_nearest.compare(held_out, held_out)
    assert usual["nearer"] == pytest.approx(5 / 101)
    assert usual["samples_median"] == usual["held_out_median"] == pytest.approx(1.5)
    assert usual["samples_5_percent"] == pytest.approx(1.05)

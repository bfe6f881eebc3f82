"""The clip whose motion is known, and what is measured on it."""

import numpy as np
from PIL import Image

from benchmarks.style_video import detail, flicker, make_clip


def test_the_known_flow_is_that_of_the_clip() -> None:
    clip = make_clip(4, 128)
    assert len(clip.frames) == 4
    assert len(clip.flows) == len(clip.seen) == 3
    assert all(0.5 < seen.mean() < 0.97 for seen in clip.seen)
    resampled = flicker(clip.frames, clip)
    unmoved = clip._replace(
        flows=[np.stack(np.meshgrid(np.arange(128), np.arange(96)), -1).astype(np.float32) + 0.5] * 3
    )
    assert resampled < 0.5 * flicker(clip.frames, unmoved)


def test_noise_of_its_own_on_every_frame_is_flicker() -> None:
    clip = make_clip(3, 128)
    rng = np.random.default_rng(0)
    noisy = [
        Image.fromarray((np.asarray(one) * 0.8 + rng.integers(0, 50, (96, 128, 3))).astype(np.uint8))
        for one in clip.frames
    ]
    assert flicker(noisy, clip) > 10
    assert detail(noisy) > detail(clip.frames) + 5

import numpy as np
import pytest
import torch
from PIL import Image
from vae_lively import drawing

from deepart import Latent
from deepart.errors import DeepArtError, ImageError, OptionError, UnsupportedError
from deepart.pipelines.vae_views import channel, components, error_map, heat_colors


def latent_of(mean: torch.Tensor, size: tuple[int, int] = (80, 64)) -> Latent:
    return Latent(mean[None], torch.ones_like(mean)[None], size, "pictures", "0123456789ab")


def plane(values: torch.Tensor) -> np.ndarray:
    """What a plane looks like that spans the range exactly."""
    return (255 * (values - values.min()) / (values.max() - values.min())).round().numpy().astype(int)


DOWN = torch.linspace(-1, 1, 8)[:, None].expand(8, 10)
ACROSS = torch.linspace(-1, 1, 10)[None, :].expand(8, 10)


def test_components_are_the_channels_where_these_are_independent() -> None:
    bump = DOWN * ACROSS
    mean = torch.stack([0.1 * bump, 5 * DOWN, torch.zeros(8, 10), 2 * ACROSS])
    seen = np.asarray(components(latent_of(mean))).astype(int)
    assert seen.shape == (8, 10, 3)
    for band, values in enumerate((DOWN, ACROSS, bump)):
        assert np.abs(seen[..., band] - plane(values)).max() <= 4, band  # the ends are percentiles


def test_one_place_far_out_does_not_darken_the_rest() -> None:
    mean = torch.stack([DOWN.clone(), 0.2 * ACROSS, 0.05 * DOWN * ACROSS])
    mean = torch.nn.functional.interpolate(mean[None], scale_factor=4, mode="bilinear")[0]
    mean[0, 5, 5] = 100
    red = np.asarray(components(latent_of(mean, (320, 256))))[..., 0]
    assert red.std() > 50


def test_a_channel_is_a_heat_map_of_its_numbers() -> None:
    mean = torch.stack([DOWN, ACROSS])
    seen = np.asarray(channel(latent_of(mean), 1))
    assert np.array_equal(seen, heat_colors().numpy()[plane(ACROSS)])
    assert not np.array_equal(seen, np.asarray(channel(latent_of(mean), 0)))


def test_a_vector_is_a_grid_with_nothing_in_the_middle_of_the_scale() -> None:
    colors = heat_colors().numpy()
    seen = np.asarray(components(latent_of(torch.tensor([-2.0, 2.0, 0.0, 1.0, 0.0, 0.0]))))
    assert seen.shape == (2, 4, 3)
    expected = [[0, 255, 128, 191], [128, 128, 128, 128]]
    assert np.abs(seen.astype(int) - colors[expected]).max() <= 4
    assert components(latent_of(torch.randn(128))).size == (16, 8)
    assert components(latent_of(torch.zeros(128))).getcolors() == [(128, tuple(colors[128].tolist()))]


# ----------------------------------------------------------------------------------------------------------- error map


def test_an_error_map_shows_the_mean_error_of_the_colours_times_the_gain() -> None:
    a, b = Image.new("RGB", (32, 16), (100, 100, 100)), Image.new("RGB", (32, 16), (106, 94, 100))
    b.paste((100, 100, 100), (0, 0, 16, 16))
    colors = [tuple(color) for color in heat_colors().tolist()]
    for gain, level in ((1, 4), (4, 16), (10, 40), (100, 255)):
        seen = error_map(a, b, gain)
        assert (seen.getpixel((3, 3)), seen.getpixel((20, 3))) == (colors[0], colors[level])
    assert error_map(a, b).tobytes() == error_map(b, a, 4).tobytes()


# ------------------------------------------------------------------------------------------------------------ mistakes

MAP, VECTOR = latent_of(torch.zeros(4, 8, 10)), latent_of(torch.zeros(6))


@pytest.mark.parametrize(
    ("look", "kind", "sentence"),
    [
        (lambda: channel(VECTOR, 0), UnsupportedError, "The latent of 'pictures' is a vector and has no channels"),
        (lambda: channel(MAP, 4), OptionError, "The channel is 4; it must be a whole number from 0 to 3."),
        (lambda: components(MAP, side=0), OptionError, "The side is 0; it must be a whole number of pixels"),
        (lambda: error_map(drawing(16, 20), drawing(20, 16)), ImageError, "The picture is 16x20 pixels and the rec"),
        (lambda: error_map(drawing(16, 20), "x"), ImageError, "The reconstruction is of type str, not a PIL image;"),
        (lambda: error_map(drawing(16, 16), drawing(16, 16), 0.5), OptionError, "The gain is 0.5; it must be a number"),
    ],
)
def test_mistakes_get_a_sentence(look, kind: type[DeepArtError], sentence: str) -> None:
    with pytest.raises(kind) as caught:
        look()
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")

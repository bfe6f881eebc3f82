"""A leaded window: panes of streaky coloured glass between lines of lead, lit from behind.

window.py draws the map of panes. Here the lines between them are measured with a distance transform and become lead;
each pane becomes a piece of glass with its own colour, grain and direction.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from recipes.painters import canvas
from recipes.painters.canvas import Array, Palette
from recipes.painters.window import BORDER, FLOWERS, Labels, Mask, Window, landscape, regions


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    panes: int = 260,
    supersampling: int = 2,
) -> Image.Image:
    """A stained glass window. The palette's order is window.ROLES; with a photograph any colours in any order will do.

    `panes` is about how many pieces a photograph is cut into.
    """
    colours = canvas.rgb(palette)
    big = (size[0] * supersampling, size[1] * supersampling)
    window = landscape(rng, big) if photo is None else regions(rng, big, photo, colours, panes)
    labels, count = _whole_panes(window)
    glass = _glass(rng, window, labels, count, colours)
    return canvas.picture(_lead(rng, window, labels, glass), supersampling)


def _whole_panes(window: Window) -> tuple[Labels, int]:
    """Number the connected pieces; slivers too small to cut go to their nearest neighbour."""
    _, labels = np.unique(window.part * 10_000_000 + window.pane % 10_000_000, return_inverse=True)
    labels = labels.reshape(window.part.shape)
    smallest = 0.00022 * window.longer**2
    pieces = _connected(labels)
    small = np.bincount(pieces.ravel())[pieces] < smallest
    if small.any():
        rows, columns = ndimage.distance_transform_edt(small, return_distances=False, return_indices=True)
        labels, window.part, window.tone = (a[rows, columns] for a in (labels, window.part, window.tone))
        pieces = _connected(labels)
    return pieces, int(pieces.max()) + 1


def _connected(labels: Labels) -> Labels:
    """Pieces of equal label that hang together, numbered from 0."""
    joined = np.zeros(labels.shape, np.int64)
    total = 0
    for value, box in enumerate(ndimage.find_objects(labels + 1)):
        if box is not None:
            parts, found = ndimage.label(labels[box] == value)
            joined[box] += np.where(parts > 0, parts + total, 0)
            total += found
    return joined - 1


def _glass(rng: np.random.Generator, window: Window, labels: Labels, count: int, colours: Array) -> Array:
    """The light through the panes, without the lead."""
    size = window.size
    area = np.bincount(labels.ravel(), minlength=count)
    tone = np.bincount(labels.ravel(), window.tone.ravel(), count) / area
    lab = canvas.oklab(colours)
    stops = np.arange(len(lab))
    first = np.stack([np.interp(tone, stops, lab[:, i]) for i in range(3)], -1)
    first += rng.normal(0, 1, (count, 3)) * (0.04, 0.013, 0.013)
    # Streaks: lighter, and turned a little in hue.
    turn = rng.uniform(-0.3, 0.3, count)
    cos, sin = np.cos(turn), np.sin(turn)
    second = np.stack([
        first[:, 0] + rng.uniform(0.03, 0.09, count),
        (first[:, 1] * cos - first[:, 2] * sin) * 1.05,
        (first[:, 1] * sin + first[:, 2] * cos) * 1.05,
    ], 1)  # fmt: skip
    grains = np.stack([canvas.noise(rng, size, cell, 3) for cell in ((0.11, 0.016), (0.016, 0.11), (0.05, 0.05))])
    choice = rng.integers(0, 3, count)[labels]
    streak = np.take_along_axis(grains, choice[None], 0)[0]
    streak = canvas.smoothstep(-0.5, 0.8, streak + rng.uniform(-0.3, 0.3, count)[labels])
    light = canvas.mix(first.astype(np.float32)[labels], second.astype(np.float32)[labels], streak[..., None])
    light[..., 0] += 0.018 * canvas.noise(rng, size, 0.010, 2) + 0.045 * window.bloom
    # A pane is not evenly thick: one side is lighter.
    slope = rng.normal(0, 0.45, (count, 2)).astype(np.float32)
    tilt = np.zeros(labels.shape, np.float32)
    for place, lean in ((window.full(window.x), slope[:, 0]), (window.full(window.y), slope[:, 1])):
        middle = (np.bincount(labels.ravel(), place.ravel(), count) / area).astype(np.float32)
        tilt += lean[labels] * (place - middle[labels])
    light[..., 0] += np.clip(tilt, -0.06, 0.06)
    return canvas.from_oklab(light)


def _lead(rng: np.random.Generator, window: Window, labels: Labels, glass: Array) -> Array:
    """Lay the lead over the glass: round in section, thicker between parts, with a blob of solder at each joint."""
    longer = window.longer
    flower = ndimage.binary_dilation((window.part >= FLOWERS) & (window.part < BORDER), iterations=2)
    between_parts = _borders(window.part) & ~flower
    to_pane, to_part, to_joint = (_distance(line) for line in (_borders(labels), between_parts, _joints(labels)))
    uneven = 1 + 0.22 * canvas.noise(rng, window.size, 0.06, 2)
    thin, thick = 0.0024 * longer * uneven, 0.0036 * longer * uneven
    profile = np.maximum(1 - (to_pane / thin) ** 2, 1 - (to_part / thick) ** 2)
    profile = np.maximum(profile, 1 - (to_joint / (1.45 * thin)) ** 2)
    height = np.sqrt(np.maximum(profile, 0)) * thin
    dy, dx = np.gradient(ndimage.gaussian_filter(height, 0.0006 * longer))
    shine = np.clip(-(dx + dy) * 0.5, -0.5, 1)
    metal = np.array([0.085, 0.082, 0.09], np.float32) + shine[..., None] * np.array([0.20, 0.21, 0.24], np.float32)
    # Light is lost towards the lead: dirt and putty.
    nearest = np.minimum(to_pane - thin, to_part - thick)
    lit = glass * (1 - 0.42 * np.exp(-np.maximum(nearest, 0) / (0.0045 * longer)))[..., None]
    cover = np.clip(0.5 + np.maximum(np.maximum(thin - to_pane, thick - to_part), 1.45 * thin - to_joint), 0, 1)
    return canvas.mix(lit, metal, cover[..., None])


def _distance(line: Mask) -> Array:
    """Distance in pixels to the nearest True; as far as can be if there is none."""
    if not line.any():
        return np.full(line.shape, sum(line.shape), np.float32)
    return ndimage.distance_transform_edt(~line).astype(np.float32)


def _borders(labels: Labels) -> Mask:
    border = np.zeros(labels.shape, bool)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    return border


def _joints(labels: Labels) -> Mask:
    """Pixels whose 2 x 2 neighbourhood touches three panes or more."""
    a, b, c, d = labels[:-1, :-1], labels[:-1, 1:], labels[1:, :-1], labels[1:, 1:]
    pairs = [a != b, a != c, a != d, b != c, b != d, c != d]
    joints = np.zeros(labels.shape, bool)
    joints[1:, 1:] = np.sum(pairs, 0) >= 5  # three different among four: five unequal pairs; four different: six
    return joints

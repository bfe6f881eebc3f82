"""Oil painting: layers of brush strokes from coarse to fine, after Hertzmann 1998.

"Painterly Rendering with Curved Brush Strokes of Multiple Sizes" (SIGGRAPH 98): each layer compares the canvas with a
blurred reference and lays a stroke of the reference's colour wherever they differ, along the lines of equal
lightness. Ours are arcs rather than splines: the place of every pixel within its stroke then has a closed form, and
bristles, paint thickness and light are computed for all strokes at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from recipes.painters import canvas
from recipes.painters.bay import bay
from recipes.painters.canvas import Array, Palette

STEPS = np.linspace(-1, 1, 13)
"""Places along a stroke at which its length is decided and its outline drawn."""


@dataclass(frozen=True)
class Manner:
    """How a painter holds the brush."""

    radii: tuple[float, ...] = (0.025, 0.012, 0.006)  # of the brushes, in longer sides, coarse to fine
    length: float = 5.0  # of half a stroke at most, in radii
    threshold: float = 0.05  # difference from the reference (Oklab) from which a finer brush corrects
    reach: float = 0.14  # difference from its own colour at which a stroke ends
    flow: float = 0.3  # 0: along the picture's contours where they are strong; 1: a free field of directions
    whirl: float = 0.35  # size of the free field's eddies, in longer sides; above 1: nearly straight
    wander: float = 0.15  # scatter of directions, radians
    hue: float = 0.02  # scatter of the strokes' colours, Oklab
    value: float = 0.03  # scatter of their lightness, Oklab
    streak: float = 0.03  # difference between the bristles of a stroke, Oklab
    dry: float = 0.15  # share of a stroke where the bristles leave no paint
    relief: float = 0.5  # how much the light shows the paint's thickness
    flat: bool = False  # a flat brush or a knife, with square ends
    purity: float = 0.0  # how far colours move to the nearest of the palette


def manner(rng: np.random.Generator) -> Manner:
    """A random painter's hand: impressionist, dashes, knife, or broken colour."""
    kind = rng.choice(["impressionist", "dashes", "knife", "loose", "fine"], p=(0.3, 0.25, 0.17, 0.18, 0.1))
    largest, layers, length, flow = {
        "impressionist": (rng.uniform(0.018, 0.034), 3, rng.uniform(2.5, 6), rng.uniform(0, 0.4)),
        "dashes": (rng.uniform(0.012, 0.024), 2, rng.uniform(4, 9), rng.uniform(0.3, 0.9)),
        "knife": (rng.uniform(0.026, 0.045), 2, rng.uniform(1.3, 3), rng.uniform(0.2, 1)),
        "loose": (rng.uniform(0.022, 0.042), 1, rng.uniform(2, 6), rng.uniform(0, 0.7)),
        "fine": (rng.uniform(0.012, 0.018), 3, rng.uniform(3, 8), rng.uniform(0, 0.3)),
    }[kind]
    return Manner(
        radii=tuple(max(0.0045, largest * 0.52**i) for i in range(layers)),
        length=length,
        threshold=rng.uniform(0.03, 0.09),
        reach=rng.uniform(0.08, 0.2),
        flow=flow,
        whirl=rng.choice([0.25, 0.4, 0.8, 3.0]),
        wander=rng.uniform(0.03, 0.35),
        hue=rng.choice([0.008, 0.02, 0.04]),
        value=rng.uniform(0.01, 0.06),
        streak=rng.uniform(0.008, 0.06),
        dry=rng.uniform(0, 0.3),
        relief=rng.uniform(0.35, 1.2) if rng.uniform() < 0.6 else rng.uniform(0, 0.2),
        flat=kind == "knife" or rng.uniform() < 0.25,
        purity=rng.uniform(0.3, 0.9) if rng.uniform() < 0.25 else 0.0,
    )


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    palette: Palette,
    photo: Image.Image | None = None,
    *,
    hand: Manner | None = None,
    supersampling: int = 2,
) -> Image.Image:
    """A painting after the photograph. The palette's middle colour tints the ground; see Manner.purity for all."""
    hand = hand or manner(rng)
    big = (size[0] * supersampling, size[1] * supersampling)
    colours = canvas.oklab(canvas.rgb(palette))
    # Strokes are larger than pixels: planning them at the small size is enough.
    target = canvas.oklab(bay(rng, size) if photo is None else canvas.guide(photo, size))
    direction = directions(rng, target[..., 0], hand)
    ground = canvas.mix(_blurred(target, 0.02 * max(size)), colours[len(colours) // 2], rng.uniform(0, 0.7))
    sheet = ground.repeat(supersampling, 0).repeat(supersampling, 1).astype(np.float32)
    height = 0.15 * canvas.noise(rng, big, 0.006)
    for layer, radius in enumerate(hand.radii):
        reference = _blurred(target, 0.5 * radius * max(size))
        seen = np.asarray(_shrunk(sheet, supersampling))
        places = _where(rng, seen, reference, radius * max(size), 0.0 if layer == 0 else hand.threshold)
        if len(places):
            strokes = Strokes.plan(rng, places, reference, direction, radius * max(size), hand, colours)
            sheet, height = strokes.lay(rng, sheet, height, supersampling, hand)
    return canvas.picture(_lit(rng, canvas.from_oklab(sheet), height, hand.relief), supersampling)


def directions(rng: np.random.Generator, lightness: Array, hand: Manner) -> Array:
    """Angle of the strokes at each pixel (h, w): along contours where there are any, else with the free field."""
    longer = max(lightness.shape)
    smooth = ndimage.gaussian_filter(lightness, 0.006 * longer)
    gx, gy = ndimage.sobel(smooth, 1), ndimage.sobel(smooth, 0)
    # The structure tensor's double angle, (gx + i gy)^2, averages directions that differ by half a turn.
    tensor = (gx + 1j * gy) ** 2
    spread = 0.02 * longer
    contour = ndimage.gaussian_filter(tensor.real, spread) + 1j * ndimage.gaussian_filter(tensor.imag, spread)
    strength = np.abs(contour)
    contour = -contour / (strength + 1e-9)  # along the contour: a quarter turn, doubled
    size = (lightness.shape[1], lightness.shape[0])
    turn = rng.uniform(0, 2 * np.pi) + 2.4 * canvas.noise(rng, size, min(hand.whirl, 1.0)) / max(hand.whirl, 1.0)
    weight = (1 - hand.flow) * strength / (strength + np.quantile(strength, 0.4) + 1e-9)
    return np.angle(weight * contour + (1 - weight) * np.exp(1j * turn)) / 2


def _where(rng: np.random.Generator, seen: Array, reference: Array, radius: float, threshold: float) -> NDArray:
    """Places (n, 2) as x, y for strokes: a jittered grid, kept where the canvas differs from the reference."""
    step = max(1.2, radius * 0.95)
    height, width = seen.shape[:2]
    x, y = np.meshgrid(np.arange(step / 2, width, step), np.arange(step / 2, height, step))
    x = np.clip(x + rng.uniform(-0.5, 0.5, x.shape) * step, 0, width - 1).ravel()
    y = np.clip(y + rng.uniform(-0.5, 0.5, y.shape) * step, 0, height - 1).ravel()
    error = np.sqrt(((seen - reference) ** 2).sum(-1))
    error = ndimage.uniform_filter(error, max(1, round(step)))
    keep = error[y.astype(int), x.astype(int)] >= threshold
    return rng.permutation(np.stack([x, y], 1)[keep])


@dataclass(frozen=True)
class Strokes:
    """Arcs of paint, later ones over earlier ones; places and lengths in pixels of the small size."""

    place: NDArray  # (n, 2) middle, x and y
    angle: NDArray  # (n,)
    bend: NDArray  # (n,) curvature, radians per pixel
    before: NDArray  # (n,) reach from the middle backwards
    after: NDArray  # (n,) and forwards
    radius: NDArray  # (n,)
    colour: NDArray  # (n, 3) Oklab

    @classmethod
    def plan(
        cls,
        rng: np.random.Generator,
        place: NDArray,
        reference: Array,
        direction: Array,
        radius: float,
        hand: Manner,
        palette: Array,
    ) -> Strokes:
        """Each stroke takes its place's colour and direction and goes on while the reference agrees with it."""
        count = len(place)
        angle = _at(direction, place) + rng.normal(0, hand.wander, count)
        reach = radius * hand.length * rng.uniform(0.6, 1.2, count)
        # The bend is how much the direction has turned at half the reach (directions are equal modulo half a turn).
        ahead = _at(direction, place + 0.5 * reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1))
        turn = np.mod(ahead - angle + np.pi / 2, np.pi) - np.pi / 2
        bend = np.clip(turn / (0.5 * reach), -0.9 / reach, 0.9 / reach)
        colour = _at(reference, place)
        path = _arc(place, angle, bend, STEPS * reach[:, None])
        near = _at(reference, path)
        agrees = np.sqrt(((near - colour[:, None]) ** 2).sum(-1)) < hand.reach
        middle = len(STEPS) // 2
        step = reach / middle
        after = step * np.cumprod(agrees[:, middle + 1 :], 1).sum(1)
        before = step * np.cumprod(agrees[:, :middle][:, ::-1], 1).sum(1)
        least = 0.9 * radius
        if hand.purity:
            nearest = palette[((colour[:, None] - palette) ** 2).sum(-1).argmin(1)]
            colour = colour + hand.purity * (nearest - colour)
        scatter = rng.normal(0, 1, (count, 3)) * (hand.value, hand.hue, hand.hue)
        radii = radius * rng.uniform(0.75, 1.15, count)
        return cls(place, angle, bend, np.maximum(before, least), np.maximum(after, least), radii, colour + scatter)

    def lay(
        self, rng: np.random.Generator, sheet: Array, height: Array, scale: int, hand: Manner
    ) -> tuple[Array, Array]:
        """The sheet (h, w, 3) and its paint's height (h, w), `scale` times the small size, with these strokes on it."""
        number = self._numbers(sheet.shape[:2], scale, hand.flat)
        rows, columns = np.nonzero(number)
        owner = number[rows, columns] - 1
        along, across = self._within(owner, (columns + 0.5) / scale, (rows + 0.5) / scale)
        bristle, load = _bristles(rng, len(self.place), owner, along, across)
        # Paint is pushed to the edges of a stroke and thins out towards its end.
        fullness = 0.55 + 0.3 * across**2 - 0.25 * along + 0.5 * bristle
        bare = (bristle + 0.8 * (along > 0.35) * (along - 0.35)) > 1.25 - hand.dry * (1 + np.maximum(along, 0))
        colour = self.colour[owner].astype(np.float32)
        colour[:, 0] += hand.streak * bristle
        colour[:, 1:] += hand.streak * load
        sheet, height = sheet.copy(), height.copy()
        on = ~bare
        sheet[rows[on], columns[on]] = colour[on]
        below = height[rows[on], columns[on]]
        height[rows[on], columns[on]] = 0.3 * below + fullness[on]
        return sheet, height

    def _numbers(self, shape: tuple[int, ...], scale: int, flat: bool) -> NDArray[np.int32]:
        """Which stroke lies on top at each pixel: its number from 1, 0 where there is none."""
        ends = np.where(STEPS < 0, STEPS * self.before[:, None], STEPS * self.after[:, None])
        middle = _arc(self.place, self.angle, self.bend, ends)
        heading = self.angle[:, None] + self.bend[:, None] * ends
        normal = np.stack([-np.sin(heading), np.cos(heading)], -1)
        profile = np.clip(1.25 - np.abs(STEPS) ** 8, 0.85, 1) if flat else np.sqrt(1 - 0.97 * np.abs(STEPS) ** 5)
        wide = self.radius[:, None, None] * profile[None, :, None]
        outline = np.concatenate([middle + wide * normal, (middle - wide * normal)[:, ::-1]], 1) * scale
        image = Image.new("I", (shape[1], shape[0]), 0)
        pen = ImageDraw.Draw(image)
        for index, corners in enumerate(outline.reshape(len(outline), -1).tolist()):
            pen.polygon(corners, fill=index + 1)
        return np.asarray(image)

    def _within(self, owner: NDArray, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
        """Where in its stroke a pixel lies: -1..1 along it and -1..1 across it."""
        dx, dy = x - self.place[owner, 0], y - self.place[owner, 1]
        cos, sin = np.cos(self.angle)[owner], np.sin(self.angle)[owner]
        u, v = dx * cos + dy * sin, dy * cos - dx * sin
        v = v - 0.5 * self.bend[owner] * u**2  # a parabola, near enough to the arc
        along = u / np.where(u < 0, self.before[owner], self.after[owner])
        return np.clip(along, -1, 1).astype(np.float32), np.clip(v / self.radius[owner], -1, 1).astype(np.float32)


def _bristles(
    rng: np.random.Generator, count: int, owner: NDArray, along: NDArray, across: NDArray
) -> tuple[NDArray, NDArray]:
    """Each bristle's paint, about -1..1, (n,), and its tint, (n, 2): streaks along the stroke that change slowly."""
    hairs = ndimage.gaussian_filter(rng.normal(0, 1, (3, 96, 256)), (0, 3.0, 1.1), mode="wrap").astype(np.float32)
    hairs /= hairs.std()
    start = rng.integers(0, 256 * 96, count)
    row = (start // 256)[owner] + 14 * along
    column = (start % 256)[owner] + 9 * across
    row, column = row.astype(int) % 96, column.astype(int) % 256
    return np.clip(0.6 * hairs[0, row, column], -1.3, 1.3), 0.4 * hairs[1:, row, column].T


def _arc(place: NDArray, angle: NDArray, bend: NDArray, distance: NDArray) -> NDArray:
    """Points (n, k, 2) at the distances (n, k) along arcs from their middles."""
    heading = angle[:, None] + 0.5 * bend[:, None] * distance  # the chord's direction
    chord = np.stack([np.cos(heading), np.sin(heading)], -1)
    return place[:, None] + distance[..., None] * chord


def _at(field: NDArray, place: NDArray) -> NDArray:
    """The field's values at the nearest pixels to (..., 2) places."""
    x = np.clip(place[..., 0], 0, field.shape[1] - 1).astype(int)
    y = np.clip(place[..., 1], 0, field.shape[0] - 1).astype(int)
    return field[y, x]


def _blurred(colour: Array, sigma: float) -> Array:
    return np.stack([ndimage.gaussian_filter(colour[..., i], sigma) for i in range(3)], -1)


def _shrunk(colour: Array, factor: int) -> Array:
    height, width = colour.shape[0] // factor, colour.shape[1] // factor
    return colour.reshape(height, factor, width, factor, -1).mean((1, 3))


def _lit(rng: np.random.Generator, colour: Array, height: Array, relief: float) -> Array:
    """The canvas under a lamp from above: slopes that face it are lighter and a little glossy."""
    turn = rng.uniform(-2.6, -0.5)
    smooth = ndimage.gaussian_filter(height, 0.8)
    facing = -(ndimage.sobel(smooth, 1) * np.cos(turn) + ndimage.sobel(smooth, 0) * np.sin(turn)) / 4
    shade = np.clip(1 + 0.75 * relief * np.tanh(1.5 * facing), 0.4, 1.5)[..., None]
    gloss = 0.5 * relief * np.clip(facing - 0.3, 0, 0.5)[..., None]
    return np.clip(colour * shade + gloss, 0, 1)

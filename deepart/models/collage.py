"""A collage: a content picture laid out of pieces of a style picture, chosen by colour, detail and direction.

It is what gives the fast model real strokes of any style: the pixels of the strokes are the painter's own, and the
network (painter.py) only has to join them. Sources: Efros and Freeman, "Image Quilting for Texture Synthesis and
Transfer" (SIGGRAPH 2001) for laying a picture out of patches of another; Ashikhmin, "Synthesizing Natural Textures"
(I3D 2001) for the coherence of neighbours; Barnes et al., "PatchMatch" (SIGGRAPH 2009) for passing good offsets on.

Pictures are described on cells of CELL x CELL pixels. The content is laid on every STRIDE-th cell; an offset says there
how far from its own place in the content a piece is taken from in the style, in cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

CELL = 4  # pixels
STRIDE = 2  # cells
STEP = CELL * STRIDE  # pixels between two pieces
KEYS = 4096  # places of the style that are compared with every piece; the passing on of offsets reaches the others
BLOCK = 3  # pieces a side that begin with one offset
ROUNDS = 4  # of passing on
REACH = 3  # cells to the four neighbours whose colour counts too: a piece must fit on its sides
COLOR, SIDES, DETAIL, DIRECTION = 1.0, 0.5, 0.03, 0.03  # what each part of a description counts
APART = 0.015  # cost of an edge between two pieces that were no neighbours in the style
CHANCE = 0.12  # scale of the random vectors that keep a flat area from being tiled with one piece
FAINTEST = 1e-6  # energy of a detail: below it a picture is plain, and what is there is rounding
_CHUNK = 2**21  # costs held at a time: what a processor's cache holds

# A luma and two chromas: the eye and the painter's drawing weigh lightness most.
_OPPONENT = ((0.299, 0.587, 0.114), (0.5, -0.5, 0.0), (0.25, 0.25, -0.5))


@dataclass(frozen=True)
class Look:
    """What a picture (1, 3, H, W) looks like, on cells: H / CELL rows, W / CELL columns, rounded down.

    color: (3, h, w) smoothed opponent colours. detail: (2, h, w) energy of the lightness inside cells and between them.
    direction: (2, h, w) cosine and sine of twice the angle of the strokes, times how decided it is.
    """

    color: Tensor
    detail: Tensor
    direction: Tensor


@dataclass(frozen=True)
class Bank:
    """A style picture, ready to be cut up: its pixels (H, W, 3) in [0, 1] and its descriptions (h, w, D) on cells.

    detail: (2, n) the energies of its details, sorted: the content's are brought to their distribution.
    """

    pixels: Tensor
    keys: Tensor
    detail: Tensor


def look_at(x: Tensor) -> Look:
    """Describe a picture (1, 3, H, W) in [0, 1]; its sides must be at least CELL."""
    opponent = torch.einsum("ij,njhw->nihw", x.new_tensor(_OPPONENT), x)
    cells = F.avg_pool2d(opponent, CELL)
    luma, mean = opponent[:, :1], cells[:, :1]
    height, width = mean.shape[2] * CELL, mean.shape[3] * CELL
    inside = F.avg_pool2d((luma[..., :height, :width] - F.interpolate(mean, scale_factor=CELL)).square(), CELL)
    color = _smooth(cells, 2)
    between = (mean - color[:, :1]).square()
    padded = F.pad(_smooth(mean, 1), (1, 1, 1, 1), mode="replicate")
    across = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
    down = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
    tensor = _smooth(torch.cat([across**2 - down**2, 2 * across * down, across**2 + down**2], 1), 2)
    detail = _smooth(torch.cat([inside, between], 1), 2)
    return Look(color[0], detail[0], (tensor[:, :2] / (tensor[:, 2:] + 1e-4))[0])


def make_bank(style: Tensor) -> Bank:
    """Return the bank of a style picture (1, 3, H, W) in [0, 1]; its sides must be at least CELL."""
    look = look_at(style)
    keys = _describe(look, look.detail).permute(1, 2, 0).contiguous()
    return Bank(style[0].permute(1, 2, 0).contiguous(), keys, look.detail.flatten(1).sort(1).values)


def lay(content: Look, bank: Bank, chance: Tensor) -> Tensor:
    """Choose a piece of the style for every STRIDE-th cell of the content: offsets (2, gh, gw), rows and columns.

    content: the look of the content in the colours of the style, whole. chance: (n,) uniform in [0, 1), see
    chances_for(), which varies the choice. The details of the content are brought to the distribution of the style's,
    so that its flattest areas get the flattest pieces, and all of the style comes to be used.
    """
    wanted = _describe(content, _matched(content.detail, bank.detail))[:, ::STRIDE, ::STRIDE]
    queries = wanted.permute(1, 2, 0).contiguous()
    alone = _nearest(queries, bank.keys, chance)
    offsets = _blocks(alone)
    for _ in range(ROUNDS):
        for color in (0, 1):  # as on a chessboard: no piece moves together with the one it looks at
            offsets = _pass_on(offsets, alone, queries, bank.keys, color)
    return offsets


def render(bank: Bank, offsets: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """Return the window (1, 3, height, width) of the collage at (top, left), both multiples of STEP.

    Pieces overlap by half: each pixel is the mean of the four pieces around it, weighted by how near they are, so that
    a piece that continues its neighbour shows no joint.
    """
    rows, columns = _pixels(offsets, top, left, height, width)
    (upper, lower, share_y), (before, after, share_x) = (
        _between(places, count) for places, count in zip((rows, columns), offsets.shape[1:], strict=True)
    )
    limit_y, limit_x, channels = bank.pixels.shape
    flat, moves = bank.pixels.flatten(0, 1), (CELL * offsets).int()
    total = flat.new_zeros(height, width, channels)
    for pieces_y, weight_y in ((upper, 1 - share_y), (lower, share_y)):
        for pieces_x, weight_x in ((before, 1 - share_x), (after, share_x)):
            down, across = moves[:, pieces_y][:, :, pieces_x]
            source = (rows[:, None] + down).clamp_(0, limit_y - 1) * limit_x
            source += (columns[None] + across).clamp_(0, limit_x - 1)
            piece = flat.index_select(0, source.flatten()).view_as(total)
            total.addcmul_(piece, (weight_y[:, None] * weight_x[None])[..., None].to(piece))
    return total.permute(2, 0, 1)[None]


def spread(values: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """Return a window (n, height, width) of what is known of each piece, values (n, gh, gw), running from one to the
    next as the pieces do."""
    rows, columns = _pixels(values, top, left, height, width)
    (upper, lower, share_y), (before, after, share_x) = (
        _between(places, count) for places, count in zip((rows, columns), values.shape[1:], strict=True)
    )
    across = torch.lerp(values[..., before], values[..., after], share_x)
    return torch.lerp(across[:, upper], across[:, lower], share_y[:, None])


def _pixels(like: Tensor, top: int, left: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return the rows and the columns of a window."""
    return (
        torch.arange(top, top + height, device=like.device, dtype=torch.int32),
        torch.arange(left, left + width, device=like.device, dtype=torch.int32),
    )


def _between(places: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the two pieces that each pixel lies between, along one axis, and the share of the second."""
    place = (places - STEP // 2).float().add(0.5) / STEP
    first = place.floor().long()
    return first.clamp(0, count - 1), (first + 1).clamp(0, count - 1), place - first


def _smooth(x: Tensor, times: int) -> Tensor:
    """Return x (N, C, h, w) under a 3x3 box, so many times."""
    for _ in range(times):
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x


def _matched(detail: Tensor, target: Tensor) -> Tensor:
    """Give the values of detail (2, h, w) the distribution of target (2, n), which is sorted; their order stays.

    Equal values get the lowest that is theirs: a plain sky is given the plainest pieces, and not some of every kind.
    """
    flat = detail.flatten(1).clamp_min(FAINTEST)
    rank = torch.searchsorted(flat.sort(1).values, flat)
    return target.gather(1, rank * target.shape[1] // flat.shape[1]).view_as(detail)


def _describe(look: Look, detail: Tensor) -> Tensor:
    """Return the descriptions (D, h, w), in which Euclidean distances are costs."""
    height, width = look.color.shape[1:]
    padded = F.pad(look.color[None], (REACH, REACH, REACH, REACH), mode="replicate")[0]
    sides = [
        SIDES * padded[:, REACH + dy : REACH + dy + height, REACH + dx : REACH + dx + width]
        for dy, dx in ((-REACH, 0), (REACH, 0), (0, -REACH), (0, REACH))
    ]
    return torch.cat([COLOR * look.color, *sides, DETAIL * (detail + FAINTEST).log(), DIRECTION * look.direction])


def _nearest(queries: Tensor, keys: Tensor, chance: Tensor) -> Tensor:
    """Return the offset to the best of at most KEYS places for each query (gh, gw, D), chance included."""
    stride = max(1, math.ceil((keys.shape[0] * keys.shape[1] / KEYS) ** 0.5))
    grid = keys[::stride, ::stride]
    # Chance enters as further dimensions of the descriptions, so that it costs nothing.
    wanted, flat = (
        torch.cat([x, CHANCE * _scattered(chance, len(x), place)], 1)
        for place, x in enumerate((queries.flatten(0, 1), grid.flatten(0, 1)))
    )
    half = grid.flatten(0, 1).square().sum(1) / 2
    rows = torch.split(wanted, max(1, _CHUNK // len(flat)))
    index = torch.cat([torch.addmm(half, part, flat.T, alpha=-1).argmin(1) for part in rows]).view(queries.shape[:2])
    place = torch.stack([index // grid.shape[1], index % grid.shape[1]]) * stride
    offsets: Tensor = place - _own_places(queries)
    return offsets


def chances_for(height: int, width: int) -> int:
    """Return how many random numbers a layout of height x width pixels can use; with fewer it repeats itself."""
    return 4 * (-(-height // STEP) * -(-width // STEP) + KEYS)


def _scattered(chance: Tensor, count: int, place: int) -> Tensor:
    """Return random vectors (count, 4) around zero: from the beginning of chance, or for `place` 1 from its end."""
    numbers = (chance.flip(0) if place else chance).repeat(-(-4 * count // len(chance)))
    return numbers[: 4 * count].view(count, 4) - 0.5


def _own_places(queries: Tensor) -> Tensor:
    """Return the cells (2, gh, gw) that the queries (gh, gw, D) stand on."""
    height, width = queries.shape[:2]
    rows, columns = (torch.arange(size, device=queries.device) * STRIDE for size in (height, width))
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"))


def _blocks(offsets: Tensor) -> Tensor:
    """Give the offset in the middle of each block of BLOCK x BLOCK pieces to all of it.

    Passing on from there leaves large pieces where the content is even. From single pieces it would get stuck: a
    straight joint between two small regions costs the same wherever it lies.
    """
    middle = offsets[:, BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]
    if not middle.numel():
        return offsets
    spread = middle.repeat_interleave(BLOCK, 1).repeat_interleave(BLOCK, 2)
    height, width = offsets.shape[1:]
    rows, columns = (
        torch.arange(size, device=offsets.device).clamp_max(there - 1)
        for size, there in ((height, spread.shape[1]), (width, spread.shape[2]))
    )
    return spread[:, rows[:, None], columns[None]]


def _pass_on(offsets: Tensor, alone: Tensor, queries: Tensor, keys: Tensor, color: int) -> Tensor:
    """Let every other piece take the offset of a neighbour, or its own best, where that costs less with the joints."""
    padded = F.pad(offsets[None].float(), (1, 1, 1, 1), mode="replicate")[0].long()
    height, width = queries.shape[:2]
    neighbours = [
        padded[:, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width] for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1))
    ]
    candidates = torch.stack([offsets, *neighbours, alone])
    own = _own_places(queries)
    place = own + candidates
    rows, columns = place[:, 0].clamp(0, keys.shape[0] - 1), place[:, 1].clamp(0, keys.shape[1] - 1)
    found = keys.flatten(0, 1).index_select(0, (rows * keys.shape[1] + columns).flatten())
    cost = (found.view(len(candidates), *queries.shape) - queries).square_().sum(-1)
    cost += 1e3 * ((rows != place[:, 0]) | (columns != place[:, 1]))  # outside
    codes = candidates[:, 0] * 2**20 + candidates[:, 1]  # one number for both, to compare
    cost += APART * (codes[:, None] != codes[None, 1:5]).sum(1)
    best = candidates.gather(0, cost.argmin(0).expand(1, 2, -1, -1))[0]
    turn = (own.sum(0) // STRIDE) % 2 == color
    return torch.where(turn, best, offsets)

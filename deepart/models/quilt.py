"""A picture laid out in pieces of a painting, chosen by their colours: brush strokes where a picture has none.

Source: Efros and Freeman, "Image Quilting for Texture Synthesis and Transfer" (SIGGRAPH 2001), with seams that fade in
place of cuts: what paints over it closes them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from deepart.models.gatys_loss import resize

CELL = 96  # cells of a picture's longer side: pieces are PIECE of them wide and overlap by one
PIECE = 4
MANNER = 2 / 3  # of a picture's side that a painting's is: so large are its strokes
AGAIN = 1e-3  # by which a piece that was used once is less like any place, in squared differences of colours


def quilt(picture: Tensor, manner: Tensor) -> Tensor:
    """Return a picture (1, 3, H, W) laid out in pieces of a painting (1, 3, h, w); both in [0, 1], and in its colours.

    The painting is first brought to MANNER of the picture's size. Pieces are compared by the means of their cells.
    """
    height, width = picture.shape[2:]
    cell = max(1, round(max(height, width) / CELL))
    side, step = PIECE * cell, (PIECE - 1) * cell
    rows, columns = manner.shape[2:]
    scale = max(MANNER * (height * width / (rows * columns)) ** 0.5, side / min(rows, columns))
    manner = resize(manner, round(rows * scale), round(columns * scale))
    down, across = (-(-(length + cell) // step) for length in (height, width))
    padded = F.pad(picture, (cell, across * step - width, cell, down * step - height), mode="replicate")
    places = F.unfold(F.avg_pool2d(padded, cell), PIECE, stride=PIECE - 1)[0].T
    seen = F.avg_pool2d(manner, cell)
    chosen = _choose(torch.cdist(places, F.unfold(seen, PIECE)[0].T).square() / places.shape[1], seen.shape[3])
    pieces = [manner[..., y * cell : y * cell + side, x * cell : x * cell + side] for y, x in chosen]
    fade = ((torch.arange(side, device=picture.device) + 0.5) / cell).clamp(max=1)
    weight = (fade * fade.flip(0))[:, None] * (fade * fade.flip(0))
    laid = torch.stack([(piece * weight).flatten() for piece in pieces], 1)[None]
    weights = weight.expand(3, side, side).reshape(1, -1, 1).expand_as(laid)
    sides = padded.shape[2:]
    found = F.fold(laid, sides, side, stride=step) / F.fold(weights, sides, side, stride=step)
    return found[..., cell : cell + height, cell : cell + width].clamp(0, 1)


def _choose(distances: Tensor, columns: int) -> list[tuple[int, int]]:
    """Return for each place the row and column of the piece that is most like it, and has not been used too often.

    distances: (places, pieces). columns: cells of the painting's width.
    """
    across = columns - PIECE + 1
    used = distances.new_zeros(distances.shape[1] // across, across)
    chosen = []
    for row in distances:
        y, x = divmod(int((row + AGAIN * used.flatten()).argmin()), across)
        used[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2] += 1
        chosen.append((y, x))
    return chosen

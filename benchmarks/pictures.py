"""The pictures that style transfer is judged on, and the sheets that they are shown on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "deepart" / "ui" / "examples"

CONTENTS = {
    "portrait": EXAMPLES / "content/portrait.jpg",
    "cat": EXAMPLES / "content/cat.jpg",
    "mountain": EXAMPLES / "content/mountain.jpg",
    "still life": HERE / "contents/still-life.jpg",
    "architecture": HERE / "contents/architecture.jpg",
    "night": HERE / "contents/night.jpg",
    "flat sky": HERE / "contents/flat-sky.jpg",
    "rocket": HERE / "contents/rocket.jpg",
}
PEOPLE = {
    "juan de pareja": ("diego-velazquez-0001.jpg", (10, 26, 350, 410)),
    "moltedo": ("jean-auguste-dominique-ingres-0001.jpg", (16, 20, 368, 420)),
    "young woman": ("johannes-vermeer-0004.jpg", (26, 16, 370, 416)),
}
"""Painted portraits (The Met, CC0) of the folder that the recipes train on, paintings/portrait/, and what is cut from
them, without their frames. They are not in this repository."""
PAINTINGS = {
    "great wave": EXAMPLES / "paintings/hokusai-great-wave.jpg",
    "snow": EXAMPLES / "paintings/hiroshige-snow-at-inokashira.jpg",
    "night cafe": EXAMPLES / "paintings/van-gogh-night-cafe.jpg",
    "bridge": EXAMPLES / "paintings/van-gogh-langlois-bridge.jpg",
    "moulin": EXAMPLES / "paintings/renoir-moulin-de-la-galette.jpg",
    "summertime": EXAMPLES / "paintings/cassatt-summertime.jpg",
    "composition": EXAMPLES / "paintings/kandinsky-composition-viii.jpg",
    "spring": EXAMPLES / "paintings/arcimboldo-spring.jpg",
}
MADE = {
    "stained glass": EXAMPLES / "style/stained-glass.webp",
    "woodcut": EXAMPLES / "style/woodcut.webp",
    "marbling": EXAMPLES / "style/marbling.webp",
    "pointillism": EXAMPLES / "style/pointillism.webp",
}
"""Painted by recipes/painters/."""
STYLES = PAINTINGS | MADE

Cell = tuple[Image.Image, str] | None
"""A picture of a sheet and its name; None leaves the place empty."""


def crop_square(image: Image.Image, side: int) -> Image.Image:
    """Return the largest square of a picture at `side` pixels; faces stand above the middle."""
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 3
    return image.crop((left, top, left + edge, top + edge)).resize((side, side), Image.Resampling.LANCZOS)


def draw_sheet(rows: Sequence[Sequence[Cell]], side: int, *, names: bool = True) -> Image.Image:
    """Return rows of pictures, each cropped to a square of `side` pixels, with its name under it."""
    gap, font = 6, ImageFont.load_default(14)
    label = 22 if names else 0
    step = side + gap
    sheet = Image.new("RGB", (gap + step * max(map(len, rows)), gap + (step + label) * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell is not None:
                x, y = gap + j * step, gap + i * (step + label)
                sheet.paste(crop_square(cell[0], side), (x, y))
                draw.text((x, y + side + 2), cell[1] if names else "", "black", font)
    return sheet

"""What the sheets of pictures share: their colours and letters, and how a picture is fitted into its square."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from .phrases import printable

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

PICTURE = 168
"""Side of the square in which a picture stands, pixels."""

PAPER, PANEL, INK, SOFT = "#fcfcfa", "#efefea", "#1c232b", "#5c6672"


def fitted(picture: Image, side: int = PICTURE) -> Image:
    """Return *picture* as RGB, enlarged by a whole factor or reduced so that it fits a square of *side* pixels."""
    from PIL import Image as Images

    picture = on_white(picture)
    factor = side / max(picture.size)
    if factor >= 2:
        whole = int(factor)
        return picture.resize((picture.width * whole, picture.height * whole), Images.Resampling.NEAREST)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture.resize(size, Images.Resampling.LANCZOS)


def on_white(picture: Image) -> Image:
    """Return *picture* as RGB; what it leaves transparent is white."""
    from PIL import Image as Images

    if picture.mode == "RGBA":
        picture = Images.alpha_composite(Images.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def centred(sheet: Image, picture: Image, corner: tuple[int, int], side: int = PICTURE) -> None:
    """Lay *picture* on *sheet*, in the middle of the square of *side* pixels whose upper left *corner* is given."""
    x, y = corner
    sheet.paste(picture, (x + (side - picture.width) // 2, y + (side - picture.height) // 2))


def as_png(sheet: Image) -> bytes:
    """Return *sheet* as a PNG, as small as it gets."""
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


class Fonts:
    """DejaVu Sans, which comes with matplotlib: the same everywhere, and it has most of the world's letters."""

    def __init__(self) -> None:
        import matplotlib
        from PIL import ImageFont

        folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self.head: FreeTypeFont = ImageFont.truetype(folder / "DejaVuSans-Bold.ttf", 16)
        self.text: FreeTypeFont = ImageFont.truetype(folder / "DejaVuSans.ttf", 13)

    @staticmethod
    def elided(text: str, font: FreeTypeFont, room: int) -> str:
        """Return *text* at most *room* pixels wide; what is too long loses its middle, so that both ends are read."""
        text = printable(text)
        if font.getlength(text) <= room:
            return text
        for kept in range(len(text) - 1, 1, -1):
            shorter = f"{text[: kept // 3]}…{text[-(kept - kept // 3) :]}"
            if font.getlength(shorter) <= room:
                return shorter
        return "…"

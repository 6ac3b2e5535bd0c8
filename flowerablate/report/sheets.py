"""Shared parts of the image sheets: colours, fonts, and fitting an image into its square."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from .phrases import printable

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

IMAGE = 168
"""Side of the square for an image, pixels."""

PAPER, PANEL, INK, SOFT = "#fcfcfa", "#efefea", "#1c232b", "#5c6672"


def fitted(image: Image, side: int = IMAGE) -> Image:
    """Return *image* as RGB, enlarged by a whole factor or reduced to fit a square of *side* pixels."""
    from PIL import Image as Images

    image = on_white(image)
    factor = side / max(image.size)
    if factor >= 2:
        whole = int(factor)
        return image.resize((image.width * whole, image.height * whole), Images.Resampling.NEAREST)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Images.Resampling.LANCZOS)


def on_white(image: Image) -> Image:
    """Return *image* as RGB; transparent pixels become white."""
    from PIL import Image as Images

    if image.mode == "RGBA":
        image = Images.alpha_composite(Images.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def centred(sheet: Image, image: Image, corner: tuple[int, int], side: int = IMAGE) -> None:
    """Paste *image* on *sheet*, centred in the square of *side* pixels with the upper left *corner*."""
    x, y = corner
    sheet.paste(image, (x + (side - image.width) // 2, y + (side - image.height) // 2))


def as_png(sheet: Image) -> bytes:
    """Return *sheet* as an optimised PNG."""
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


class Fonts:
    """DejaVu Sans, which comes with matplotlib: the same on every machine, and it covers most scripts."""

    def __init__(self) -> None:
        import matplotlib
        from PIL import ImageFont

        folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self.head: FreeTypeFont = ImageFont.truetype(folder / "DejaVuSans-Bold.ttf", 16)
        self.text: FreeTypeFont = ImageFont.truetype(folder / "DejaVuSans.ttf", 13)

    @staticmethod
    def elided(text: str, font: FreeTypeFont, room: int) -> str:
        """Return *text* at most *room* pixels wide; the middle of longer text is elided."""
        text = printable(text)
        if font.getlength(text) <= room:
            return text
        for kept in range(len(text) - 1, 1, -1):
            shorter = f"{text[: kept // 3]}…{text[-(kept - kept // 3) :]}"
            if font.getlength(shorter) <= room:
                return shorter
        return "…"

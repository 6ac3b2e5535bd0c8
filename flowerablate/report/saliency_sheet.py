"""A sheet of images, each next to a copy overlaid with a map of where the model looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .sheets import IMAGE, INK, PAPER, SOFT, Fonts, as_png, centred, fitted, on_white

if TYPE_CHECKING:
    from PIL.Image import Image

_MARGIN, _GAP, _PAIR_GAP, _LINE = 36, 32, 4, 19
_COLUMNS = 3
_OPACITY = 0.6
"""Opacity of the overlay where the map is 1."""


@dataclass(frozen=True)
class SaliencyImage:
    """An *image*, uint8 or uint16 [S, S, C] as the model saw it, its *map*, float32 [S, S] in 0..1, and two lines.

    *prediction* and *name* are written below the images.
    """

    image: NDArray[Any]
    map: NDArray[np.float32]
    name: str
    prediction: str


def overlay(item: SaliencyImage) -> Image:
    """Return the image overlaid with the map: transparent where the map is 0, bright yellow where it is 1."""
    import matplotlib
    from PIL import Image as Images

    ground = np.asarray(plain(item), np.float64)
    colors = matplotlib.colormaps["inferno"](item.map)[..., :3] * 255
    opacity = _OPACITY * np.sqrt(item.map.astype(np.float64))[..., None]
    return Images.fromarray(np.rint(ground * (1 - opacity) + colors * opacity).astype(np.uint8))


def plain(item: SaliencyImage) -> Image:
    """Return the image without the map, as 8-bit RGB."""
    from PIL import Image as Images

    pixels = item.image
    if pixels.dtype == np.uint16:
        pixels = (pixels // 257).astype(np.uint8)
    image = Images.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    return on_white(image)


def saliency_sheet(rows: Sequence[SaliencyImage], title: str) -> bytes:
    """Return a PNG of all *rows*: pairs of image and overlay, with prediction and name below."""
    from PIL import Image as Images
    from PIL import ImageDraw

    fonts = Fonts()
    columns = max(1, min(_COLUMNS, len(rows)))
    cell = 2 * IMAGE + _PAIR_GAP
    height = IMAGE + 2 * _LINE + 8 + _GAP
    width = 2 * _MARGIN + columns * cell + (columns - 1) * _GAP
    lines = -(-len(rows) // columns)
    sheet = Images.new("RGB", (width, 2 * _MARGIN + 34 + lines * height - _GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, _MARGIN), fonts.elided(title, fonts.head, width - 2 * _MARGIN), INK, fonts.head)
    for place, item in enumerate(rows):
        x = _MARGIN + place % columns * (cell + _GAP)
        y = _MARGIN + 34 + place // columns * height
        for offset, image in ((0, plain(item)), (IMAGE + _PAIR_GAP, overlay(item))):
            centred(sheet, fitted(image), (x + offset, y))
        draw.text((x, y + IMAGE + 7), fonts.elided(item.prediction, fonts.text, cell), INK, fonts.text)
        draw.text((x, y + IMAGE + 7 + _LINE), fonts.elided(item.name, fonts.text, cell), SOFT, fonts.text)
    return as_png(sheet)

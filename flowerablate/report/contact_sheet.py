"""The contact sheet: the test images that a component wins and loses, as one image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..stats.image_wins import ImageCount
from .image_report import ContrastImages, arm_names, side_titles
from .sheets import IMAGE, INK, PANEL, PAPER, SOFT, Fonts, as_png, centred, fitted

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

_GAP = 24
_MARGIN = 36
_MAX_COLUMNS = 5
_MIN_COLUMNS = 4  # room for the headings
_LINE = 19
_CAPTION = 4 * _LINE + 8
_HEADING = 62
_LEGEND = "each arm: an answer that it gave most often, and right answers / replicates that tested the image"
_WON, _LOST = "#0a63a6", "#bd4b06"


def contact_sheet(rows: Sequence[ContrastImages], images: Mapping[str, Image], top: int) -> bytes:
    """Return a PNG of at most *top* images won and *top* lost for each of *rows*, most consistent first.

    *images* maps keys to images; a missing image leaves an empty field. Images keep their proportions: small ones are
    enlarged by whole factors without interpolation, large ones are reduced smoothly.
    """
    from PIL import Image as Images
    from PIL import ImageDraw

    fonts = Fonts()
    sections = []
    for row in rows:
        wins, losses = side_titles(row)
        arms = arm_names(row.contrast)
        sections += [(wins, _WON, row.found.wins[:top], arms), (losses, _LOST, row.found.losses[:top], arms)]
    widest = max((len(counts) for _, _, counts, _ in sections), default=1)
    columns = max(_MIN_COLUMNS, min(_MAX_COLUMNS, widest))
    width = 2 * _MARGIN + columns * IMAGE + (columns - 1) * _GAP
    sheet = Images.new("RGB", (width, _height(columns, [len(counts) for _, _, counts, _ in sections])), PAPER)
    draw = ImageDraw.Draw(sheet)
    y = _MARGIN
    for title, color, counts, arms in sections:
        draw.rectangle((_MARGIN, y + 3, _MARGIN + 4, y + 19), fill=color)
        draw.text((_MARGIN + 14, y), fonts.elided(title, fonts.head, width - 2 * _MARGIN - 14), INK, fonts.head)
        draw.text((_MARGIN + 14, y + 24), _LEGEND if counts else "none", SOFT, fonts.text)
        y += _HEADING
        for place, count in enumerate(counts):
            x = _MARGIN + place % columns * (IMAGE + _GAP)
            _cell(sheet, draw, fonts, (x, y + place // columns * _cell_height()), count, arms, images.get(count.key))
        y += max(1, -(-len(counts) // columns)) * _cell_height() if counts else 0
    return as_png(sheet)


def _cell_height() -> int:
    return IMAGE + _CAPTION + _GAP


def _height(columns: int, counts: Sequence[int]) -> int:
    rows = sum(-(-count // columns) for count in counts)
    return 2 * _MARGIN + len(counts) * _HEADING + rows * _cell_height()


def _cell(
    sheet: Image,
    draw: ImageDraw,
    fonts: Fonts,
    corner: tuple[int, int],
    count: ImageCount,
    arms: tuple[str, str],
    image: Image | None,
) -> None:
    x, y = corner
    draw.rectangle((x, y, x + IMAGE - 1, y + IMAGE - 1), fill=PANEL)
    if image is None:
        draw.text((x + IMAGE // 2, y + IMAGE // 2), "not found", SOFT, fonts.text, anchor="mm")
    else:
        centred(sheet, fitted(image), corner)
    right = (count.right_with, count.right_without)
    answers = zip(arms, (count.answer_with, count.answer_without), right, strict=True)
    lines = [
        (count.key, SOFT),
        (f"is {count.truth}", INK),
        *((f"{arm}: {answer} {n}/{count.replicates}", INK) for arm, answer, n in answers),
    ]
    for place, (line, color) in enumerate(lines):
        draw.text((x, y + IMAGE + 7 + place * _LINE), fonts.elided(line, fonts.text, IMAGE), color, fonts.text)

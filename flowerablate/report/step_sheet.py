"""The sheet of steps: a row for each picture, as its file and behind each step of the pipeline, as one PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from .contact_sheet import Fonts
from .html.document import Frame, Samples

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FIELD = 144
"""Side of the square in which a picture stands, pixels."""

_GAP, _MARGIN, _LINE = 12, 24, 18
_PAPER, _PANEL, _INK, _SOFT = "#fcfcfa", "#efefea", "#1c232b", "#5c6672"


def step_sheet(samples: Samples) -> bytes:
    """Return *samples* as a PNG. Small pictures are enlarged by whole factors, with their pixels as they are."""
    from PIL import Image, ImageDraw

    fonts = Fonts()
    columns = max([4, *(len(strip.frames) for strip in samples.strips)])
    width = 2 * _MARGIN + columns * FIELD + (columns - 1) * _GAP
    row_height = _LINE + FIELD + 2 * _LINE + _GAP
    height = 2 * _MARGIN + len(samples.strips) * row_height + len(samples.remarks) * _LINE
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    y = _MARGIN
    for strip in samples.strips:
        draw.text(
            (_MARGIN, y),
            fonts.elided(f"{strip.truth}  {strip.key}", fonts.text, width - 2 * _MARGIN),
            _SOFT,
            fonts.text,
        )
        for place, one in enumerate(strip.frames):
            x = _MARGIN + place * (FIELD + _GAP)
            top = y + _LINE
            draw.rectangle((x, top, x + FIELD - 1, top + FIELD - 1), fill=_PANEL)
            picture = _fitted(one)
            sheet.paste(picture, (x + (FIELD - picture.width) // 2, top + (FIELD - picture.height) // 2))
            draw.text((x, top + FIELD + 2), fonts.elided(one.step, fonts.text, FIELD), _INK, fonts.text)
            draw.text((x, top + FIELD + 2 + _LINE), fonts.elided(one.remark, fonts.text, FIELD), _SOFT, fonts.text)
        y += row_height
    for remark in samples.remarks:
        draw.text((_MARGIN, y), fonts.elided(remark, fonts.text, width - 2 * _MARGIN), _SOFT, fonts.text)
        y += _LINE
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _fitted(one: Frame) -> Picture:
    from PIL import Image

    picture = Image.open(io.BytesIO(one.content)).convert("RGB")
    factor = FIELD / max(picture.size)
    if factor >= 2:
        return picture.resize((picture.width * int(factor), picture.height * int(factor)), Image.Resampling.NEAREST)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture.resize(size, Image.Resampling.LANCZOS)

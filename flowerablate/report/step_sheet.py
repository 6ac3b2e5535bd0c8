"""The sheet of steps: a row for each image, original and after each step of the pipeline, as one PNG."""

from __future__ import annotations

import io

from .html.document import SampleImages
from .sheets import INK, PANEL, PAPER, SOFT, Fonts, as_png, centred, fitted

FIELD = 144
"""Side of the square for an image, pixels."""

_GAP, _MARGIN, _LINE = 12, 24, 18


def step_sheet(samples: SampleImages) -> bytes:
    """Return *samples* as a PNG. Small images are enlarged by whole factors without interpolation."""
    from PIL import Image, ImageDraw

    fonts = Fonts()
    columns = max([4, *(len(strip.frames) for strip in samples.strips)])
    width = 2 * _MARGIN + columns * FIELD + (columns - 1) * _GAP
    row_height = _LINE + FIELD + 2 * _LINE + _GAP
    height = 2 * _MARGIN + len(samples.strips) * row_height + len(samples.remarks) * _LINE
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    y = _MARGIN
    for strip in samples.strips:
        draw.text(
            (_MARGIN, y),
            fonts.elided(f"{strip.truth}  {strip.key}", fonts.text, width - 2 * _MARGIN),
            SOFT,
            fonts.text,
        )
        for place, one in enumerate(strip.frames):
            x = _MARGIN + place * (FIELD + _GAP)
            top = y + _LINE
            draw.rectangle((x, top, x + FIELD - 1, top + FIELD - 1), fill=PANEL)
            centred(sheet, fitted(Image.open(io.BytesIO(one.content)), FIELD), (x, top), FIELD)
            draw.text((x, top + FIELD + 2), fonts.elided(one.step, fonts.text, FIELD), INK, fonts.text)
            draw.text((x, top + FIELD + 2 + _LINE), fonts.elided(one.remark, fonts.text, FIELD), SOFT, fonts.text)
        y += row_height
    for remark in samples.remarks:
        draw.text((_MARGIN, y), fonts.elided(remark, fonts.text, width - 2 * _MARGIN), SOFT, fonts.text)
        y += _LINE
    return as_png(sheet)

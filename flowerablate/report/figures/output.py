"""Writes a figure as a file of its own, in the colours of :data:`.canvas.ON_PAPER`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import StudyError
from ...files import replacing
from . import svg_canvas as canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
_DOTS = 160
"""Pixels to the inch of a PNG."""


def image(figure: Figure, kind: str, title: str = "", *, dots: int = _DOTS) -> bytes:
    """Return *figure* as a file of *kind*, ``png``, ``svg`` or ``pdf``: no date in it, so that equal figures are equal.

    *title* stands in its metadata; *dots* are the pixels to the inch of a PNG.
    """
    quiet = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None}}[kind]
    metadata = {**({"Title": title} if title else {}), **quiet}
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=dots, facecolor=canvas.ON_PAPER[canvas.PAPER], metadata=metadata)
    return buffer.getvalue()


def write_figure(figure: Figure, path: Path, title: str) -> None:
    """Write *figure* to *path* in one piece, as its suffix says, with *title* in its metadata, the same every time.

    Raises :class:`StudyError` for a suffix other than those of :data:`FORMATS`.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise StudyError(f"{path}: a figure is written as {' or '.join(FORMATS)}")
    with replacing(path) as file:
        file.write(image(figure, kind[1:], title))

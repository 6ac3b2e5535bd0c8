"""Writes a figure to a file, in the colours of :data:`.svg_canvas.ON_PAPER`."""

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
_DPI = 160
"""Resolution of a PNG, pixels per inch."""


def image(figure: Figure, kind: str, title: str = "", *, dpi: int = _DPI) -> bytes:
    """Return *figure* as a file of *kind*, ``png``, ``svg`` or ``pdf``, without a date: equal figures give equal bytes.

    *title* goes into its metadata; *dpi* is the resolution of a PNG, pixels per inch.
    """
    quiet = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None}}[kind]
    metadata = {**({"Title": title} if title else {}), **quiet}
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=dpi, facecolor=canvas.ON_PAPER[canvas.PAPER], metadata=metadata)
    return buffer.getvalue()


def write_figure(figure: Figure, path: Path, title: str) -> None:
    """Write *figure* atomically to *path*, in the format of its suffix, with *title* in its metadata.

    Raises :class:`StudyError` for a suffix other than those of :data:`FORMATS`.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise StudyError(f"{path}: a figure is written as {' or '.join(FORMATS)}")
    with replacing(path) as file:
        file.write(image(figure, kind[1:], title))

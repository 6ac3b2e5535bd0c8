"""Writes a figure as a file of its own, in the colours of :data:`.canvas.ON_PAPER`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import StudyError
from ...files import replacing
from . import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
_DOTS = 160
"""Pixels to the inch of a PNG."""


def write_figure(figure: Figure, path: Path, title: str) -> None:
    """Write *figure* to *path* in one piece, as its suffix says, with *title* in its metadata, the same every time.

    Raises :class:`StudyError` for a suffix other than those of :data:`FORMATS`.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise StudyError(f"{path}: a figure is written as {' or '.join(FORMATS)}")
    metadata = {"Title": title, "Date": None, "Creator": None} if kind == ".svg" else {"Title": title, "Software": None}
    paper = canvas.ON_PAPER[canvas.PAPER]
    with replacing(path) as file:
        figure.savefig(file, format=kind[1:], dpi=_DOTS, facecolor=paper, metadata=metadata)

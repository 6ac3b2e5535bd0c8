"""Figures as files of their own: PNG, or SVG that any program shows, in the light colours of the page."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ...errors import StudyError
from . import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = {
    canvas.INK: "#1c232b",
    canvas.SOFT: "#5c6672",
    canvas.LINE: "#d8dce0",
    canvas.PAPER: "#fcfcfa",
    canvas.GOOD: "#0a63a6",
    canvas.BAD: "#bd4b06",
    canvas.EQUAL: "#08785e",
    canvas.OPEN: "#7a848f",
}
"""What the page's style sheet has for light; here it is written out, as a file has no page around it."""

FORMATS = (".png", ".svg")
_DOTS = 160
"""Pixels to the inch of a PNG."""


@contextmanager
def paper(name: str) -> Iterator[Callable[[str], str]]:
    """Draw in the style of the page on white; gives the function from a colour of the canvas to the one to be used."""
    import matplotlib

    with canvas.style(name):
        settings = cast(Any, matplotlib.rcParams)
        settings.update({key: COLORS[value] for key, value in canvas.style_colors().items()})
        settings.update({"figure.facecolor": "white", "savefig.facecolor": "white"})
        yield COLORS.__getitem__


def write_figure(figure: Figure, path: Path, title: str) -> None:
    """Write *figure* to *path* in one piece, as its suffix says, with *title* in its metadata, the same every time.

    Raises :class:`StudyError` for a suffix other than those of :data:`FORMATS`.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise StudyError(f"{path}: a figure is written as {' or '.join(FORMATS)}")
    metadata = {"Title": title, "Date": None, "Creator": None} if kind == ".svg" else {"Title": title, "Software": None}
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    try:
        figure.savefig(temporary, format=kind[1:], dpi=_DOTS, metadata=metadata)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

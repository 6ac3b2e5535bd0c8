"""How a verdict looks in a figure: colour, shape and whether the shape is filled each tell it without the others."""

from __future__ import annotations

from dataclasses import dataclass

from ..signs import sign_of


@dataclass(frozen=True)
class Mark:
    """*tone* names a colour of the page, *shape* is one of matplotlib's, *size* in points."""

    tone: str
    shape: str
    size: float
    filled: bool


_FOR = Mark("good", "^", 8.5, True)
_AGAINST = Mark("bad", "v", 8.5, True)
_DIFFERS = Mark("bad", "D", 6.5, True)
_NEGLIGIBLE = Mark("equal", "s", 6.5, False)
_UNCHANGED = Mark("equal", "P", 7.5, True)
_OPEN = Mark("open", "o", 7.0, False)

_MARKS = {"▲": _FOR, "▼": _AGAINST, "≠": _DIFFERS, "=": _UNCHANGED, "≈": _NEGLIGIBLE}
"""By the sign that the verdict has in the table, so that the two cannot disagree."""


def mark_of(verdict: str | None) -> Mark:
    """Return the mark of *verdict*; what is undecided, or has no verdict, has the open one."""
    return _MARKS.get(sign_of(verdict), _OPEN)

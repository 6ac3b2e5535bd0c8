"""The mark of a verdict in a figure: colour, shape and fill, each distinctive without the others."""

from __future__ import annotations

from dataclasses import dataclass

from ..signs import sign_of


@dataclass(frozen=True)
class Mark:
    """*tone* names a colour of the page, *shape* is a matplotlib marker, *size* is in points."""

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
"""Keyed by the sign of the verdict in the table, so that the two agree."""


def mark_of(verdict: str | None) -> Mark:
    """Return the mark of *verdict*; the open one for "undecided" or no verdict."""
    return _MARKS.get(sign_of(verdict), _OPEN)

"""How a verdict looks in a figure: colour, shape and whether the shape is filled each tell it without the others."""

from __future__ import annotations

from dataclasses import dataclass


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

_MARKS = {
    "helps": _FOR,
    "base wins": _FOR,
    "together more": _FOR,
    "hurts": _AGAINST,
    "new wins": _AGAINST,
    "together less": _AGAINST,
    "differs": _DIFFERS,
    "unchanged": _UNCHANGED,
    "negligible": _NEGLIGIBLE,
}


def mark_of(verdict: str | None) -> Mark:
    """Return the mark of *verdict*; what is undecided, or has no verdict, has the open one."""
    return _MARKS.get(verdict or "", _OPEN)

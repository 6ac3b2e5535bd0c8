"""How a verdict looks: colour, shape and whether the shape is filled each tell it without the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """*tone* names a colour of the page, *sign* is the shape in text, *shape* that of matplotlib, *size* in points."""

    tone: str
    sign: str
    shape: str
    size: float
    filled: bool


_GOOD = Mark("good", "●", "o", 7.5, True)
_BAD = Mark("bad", "◆", "D", 6.5, True)
_EQUAL = Mark("equal", "□", "s", 6.5, False)
OPEN = Mark("open", "○", "o", 7.0, False)

_MARKS = {
    "helps": _GOOD,
    "base wins": _GOOD,
    "together more": _GOOD,
    "hurts": _BAD,
    "swap wins": _BAD,
    "new wins": _BAD,
    "together less": _BAD,
    "differs": _BAD,
    "negligible": _EQUAL,
}


def mark_of(verdict: str | None) -> Mark:
    """Return the mark of *verdict*; what is undecided, without a verdict or unknown has the open one."""
    return _MARKS.get(verdict or "", OPEN)

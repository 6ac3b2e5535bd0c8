"""Counts and probabilities in words, for notes and reasons."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int, noun: str) -> str:
    """Return *number* with its noun in the singular or plural (``1 trial``, ``2 trials``)."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def short(probability: float, digits: int = 3) -> str:
    """Return a probability with *digits* significant digits and without its leading zero, such as ``.0625``."""
    return f"{probability:.{digits}g}".removeprefix("0")


def several(items: Sequence[object]) -> str:
    """Return *items* as an enumeration, such as ``5, 9 and 13``."""
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last

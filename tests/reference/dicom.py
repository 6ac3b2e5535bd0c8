"""The slow twin of how grey DICOM values are shown: the formulas of PS3.3 as they are written, value by value."""

from __future__ import annotations

import math
from collections.abc import Sequence


def rescaled(stored: float, slope: float, intercept: float) -> float:
    """C.11.1.1.2: output units = m * SV + b."""
    return slope * stored + intercept


def looked_up(value: float, first: int, entries: Sequence[int]) -> int:
    """C.11.1.1 and C.11.2.1.1: values before the first that is mapped take the first entry, those after the last it."""
    place = round(value) - first
    return entries[0 if place < 0 else len(entries) - 1 if place >= len(entries) else place]


def linear(x: float, c: float, w: float, white: float) -> float:
    """C.11.2.1.2.1, with ymin = 0 and ymax = *white*."""
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if x > c - 0.5 + (w - 1) / 2:
        return white
    return ((x - (c - 0.5)) / (w - 1) + 0.5) * white


def linear_exact(x: float, c: float, w: float, white: float) -> float:
    """C.11.2.1.3.2."""
    if x <= c - w / 2:
        return 0.0
    if x > c + w / 2:
        return white
    return ((x - c) / w + 0.5) * white


def sigmoid(x: float, c: float, w: float, white: float) -> float:
    """C.11.2.1.3.1."""
    return white / (1 + math.exp(min(-4 * (x - c) / w, 700.0)))  # the exponential of more would overflow

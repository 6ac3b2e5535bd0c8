"""Traces of variants: values that must be equal, and numbers that must be equal within rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..keyed import raw_words

TOLERANCE = 1e-6
"""Numbers count as equal if they differ by at most this fraction of the largest of them; float32 has 7 digits."""


@dataclass(frozen=True, eq=False)
class Trace:
    """The behaviour of one part of a variant: *exact* values, and arrays of *numbers*."""

    exact: tuple[object, ...]
    numbers: tuple[NDArray[Any], ...] = ()

    def same_as(self, other: Trace) -> bool:
        return (
            self.exact == other.exact
            and len(self.numbers) == len(other.numbers)
            and all(close(mine, its) for mine, its in zip(self.numbers, other.numbers, strict=True))
        )


def close(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Whether two arrays are equal: integers exactly, floats within :data:`TOLERANCE`; NaN equals NaN."""
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    if np.array_equal(first, second):
        return True
    if first.dtype.kind != "f":
        return False
    unknown = np.isnan(first)
    if not np.array_equal(unknown, np.isnan(second)):
        return False
    first, second = np.where(unknown, 0, first), np.where(unknown, 0, second)
    scale = float(max(np.abs(first).max(), np.abs(second).max()))
    return bool(np.isfinite(scale)) and bool(np.abs(first - second).max() <= TOLERANCE * scale)


def class_of(known: list[Trace], trace: Trace) -> int:
    """Return the index of the first of *known* that is the same as *trace*; append *trace* if there is none."""
    for number, other in enumerate(known):
        if trace.same_as(other):
            return number
    known.append(trace)
    return len(known) - 1


def normal(shape: Sequence[int], *path: str | int) -> NDArray[np.float64]:
    """Return normally distributed numbers, the same for the same *path* (Box and Muller 1958)."""
    count = int(np.prod(shape))
    words = raw_words(2 * count, "probe", *path).astype(np.float64) / 2.0**64
    numbers: NDArray[np.float64] = np.sqrt(-2 * np.log1p(-words[:count])) * np.cos(2 * np.pi * words[count:])
    return numbers.reshape(tuple(shape))

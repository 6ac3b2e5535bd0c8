"""Many comparisons at once: what each p must bear so that the whole family errs in at most 5 % of studies."""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm(ps: Sequence[float]) -> list[float]:
    """Return the Holm-adjusted p-values, in the order given.

    Step-down: the smallest p is multiplied by m, the next by m - 1, and so on; no adjusted value may be below that of a
    smaller p, nor above 1. Comparing them with alpha keeps the chance of any false finding within the family at or
    below alpha, however the tests depend on each other (Holm 1979, Scandinavian Journal of Statistics 6:65-70).

    Raises :class:`ValueError` for anything that is no probability.
    """
    adjusted = [0.0] * len(ps)
    largest = 0.0
    for position, factor in sorted(enumerate(holm_factors(ps)), key=lambda item: -item[1]):
        largest = max(largest, min(1.0, factor * ps[position]))
        adjusted[position] = largest
    return adjusted


def holm_factors(ps: Sequence[float]) -> list[int]:
    """Return the factor with which Holm's procedure multiplies each p: m for the smallest, 1 for the largest."""
    if not all(0 <= p <= 1 for p in ps) or any(math.isnan(p) for p in ps):
        raise ValueError("p-values must lie between 0 and 1")
    factors = [0] * len(ps)
    for rank, position in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        factors[position] = len(ps) - rank
    return factors

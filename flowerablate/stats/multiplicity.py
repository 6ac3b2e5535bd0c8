"""Many comparisons at once: p-values adjusted so that the whole family errs in at most 5 % of studies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


def holm(ps: Sequence[float]) -> list[float]:
    """Return the Holm-adjusted p-values, in the order given.

    Step-down: the smallest p is multiplied by m, the next by m - 1, and so on; no adjusted value may be below that of a
    smaller p, nor above 1. Comparing them with alpha keeps the probability of any false finding in the family at or
    below alpha, however the tests depend on each other (Holm 1979, Scandinavian Journal of Statistics 6:65-70).

    Raises :class:`ValueError` for values that are not probabilities.
    """
    adjusted = [0.0] * len(ps)
    running_max = 0.0
    for position, factor in sorted(enumerate(holm_factors(ps)), key=lambda item: -item[1]):
        running_max = max(running_max, min(1.0, factor * ps[position]))
        adjusted[position] = running_max
    return adjusted


def holm_factors(ps: Sequence[float]) -> list[int]:
    """Return the factor by which Holm's procedure multiplies each p: m for the smallest, 1 for the largest."""
    _check(ps)
    factors = [0] * len(ps)
    for rank, position in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        factors[position] = len(ps) - rank
    return factors


@dataclass(frozen=True)
class Adjusted:
    """The adjusted p-values of one comparison: for a *difference*, and for *equivalence*.

    Each p was multiplied by its factor. Without a margin equivalence is not tested, and its two fields are None.
    """

    difference: float
    factor: float
    equivalence: float | None = None
    equivalence_factor: float | None = None


def adjust(differences: Sequence[float], equivalences: Sequence[float] | None = None) -> list[Adjusted]:
    """Adjust the p-values of a family: by :func:`holm`, or by :func:`joint` with *equivalences*."""
    if equivalences is not None:
        return joint(differences, equivalences)
    return [Adjusted(p, factor) for p, factor in zip(holm(differences), holm_factors(differences), strict=True)]


def joint(differences: Sequence[float], equivalences: Sequence[float]) -> list[Adjusted]:
    """Adjust two p-values of each comparison jointly: those of «no difference» and of «at least the margin».

    Of the 2m nulls, the two of one comparison exclude each other, so at most m can be true. Shaffer's step-down uses
    that (1986, doi:10.1080/01621459.1986.10478341): in ascending order, each p is multiplied by the maximum number of
    nulls that can still be true given those rejected before, which here is the number of comparisons not yet rejected
    in both; no adjusted value may be below that of a smaller p, nor above 1. Comparing all of them with alpha keeps the
    probability of any false verdict (a false difference *or* a false equivalence) at or below alpha, however the tests
    depend on each other. So the second question costs the first almost nothing: its smallest p is multiplied by m as in
    Holm's procedure, whereas Holm on all 2m would multiply it by 2m.

    Raises :class:`ValueError` for values that are not probabilities, or for lists that differ in length.
    """
    if len(differences) != len(equivalences):
        raise ValueError(f"{len(differences)} p-values for difference, but {len(equivalences)} for equivalence")
    ps = (*differences, *equivalences)
    _check(ps)
    m = len(differences)
    adjusted, factors = [0.0] * len(ps), [0] * len(ps)
    settled_once: set[int] = set()
    open_comparisons, running_max = m, 0.0
    for position in sorted(range(len(ps)), key=lambda index: ps[index]):
        running_max = max(running_max, min(1.0, open_comparisons * ps[position]))
        adjusted[position], factors[position] = running_max, open_comparisons
        if position % m in settled_once:
            open_comparisons -= 1
        settled_once.add(position % m)
    return [Adjusted(adjusted[i], factors[i], adjusted[m + i], factors[m + i]) for i in range(m)]


def _check(ps: Sequence[float]) -> None:
    if not all(0 <= p <= 1 for p in ps) or any(math.isnan(p) for p in ps):
        raise ValueError("p-values must lie between 0 and 1")

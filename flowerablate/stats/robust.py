"""The middle of the differences, for studies large enough to ask what a few odd replicates do to the mean.

The verdict rests on the mean. Where the mean and these two disagree, single replicates carry the effect (a collapsed
run, say), and the table should be read with that in mind. Both intervals are formulas: nothing is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ENOUGH = 10
"""Pairs from which the two are given: below, the outer quarters hold one or two pairs each."""


@dataclass(frozen=True)
class Center:
    """A *value* for the middle of the differences, with its interval from *low* to *high*, if the level allows one."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Robust:
    """The *median* of the differences, and the *iqm*: the mean of their middle half (interquartile mean)."""

    median: Center
    iqm: Center


def robust_effect(differences: Sequence[float], level: float) -> Robust | None:
    """Return median and interquartile mean of *differences* with intervals at *level*; None for fewer than ENOUGH."""
    if len(differences) < ENOUGH:
        return None
    ordered = sorted(differences)
    return Robust(_median(ordered, level), _interquartile_mean(ordered, level))


def _median(ordered: Sequence[float], level: float) -> Center:
    """The sample median, from order statistic k to n + 1 - k.

    k is the largest whose interval still covers the true median with at least *level*, whatever the distribution: the
    number of values below it is binomial (Thompson 1936, doi:10.1214/aoms/1177732502).
    """
    n = len(ordered)
    value = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    k, below = 0, 0
    while 2 * (below := below + math.comb(n, k)) <= (1 - level) * 2**n:
        k += 1
    return Center(value, ordered[k - 1], ordered[n - k]) if k else Center(value, None, None)


def _interquartile_mean(ordered: Sequence[float], level: float) -> Center:
    """The mean without the lowest and the highest quarter (``scipy.stats.trim_mean(d, 0.25)``), ± a t interval.

    g = floor(n / 4) values go at each end. The measure is that of Agarwal et al. 2021 (arXiv:2108.13264). Where they
    draw bootstrap samples, the interval here is a formula, that of Tukey and McLaughlin (1963, Sankhya A 25:331-352;
    ``scipy.stats.mstats.trimmed_mean_ci``): t with n - 2g - 1 degrees of freedom times s_w / ((1 - 2g / n) sqrt(n)),
    where s_w is the deviation of the values with the outer ones moved to the nearest that is kept.
    """
    from scipy.special import stdtrit

    n = len(ordered)
    g = n // 4
    kept = ordered[g : n - g]
    value = math.fsum(kept) / len(kept)
    moved = [min(max(difference, kept[0]), kept[-1]) for difference in ordered]
    center = math.fsum(moved) / n
    deviation = math.sqrt(math.fsum((difference - center) ** 2 for difference in moved) / (n - 1))
    half = float(stdtrit(len(kept) - 1, (1 + level) / 2)) * deviation / (len(kept) / math.sqrt(n))
    return Center(value, value - half, value + half)

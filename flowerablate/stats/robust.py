"""Robust measures of the differences, for studies large enough to ask how a few unusual replicates affect the mean.

The verdict rests on the mean. If the mean and these two measures disagree, single replicates carry the effect (a
collapsed trial, say), and the table should be read with that in mind. Both intervals are formulas without random draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

MIN_PAIRS = 10
"""Minimum number of pairs for what rests on the shape of differences: outer quarters, skewness, correlations."""


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
    """Return median and interquartile mean of *differences* with intervals at *level*; None below ``MIN_PAIRS``."""
    if len(differences) < MIN_PAIRS:
        return None
    ordered = sorted(differences)
    return Robust(_median(ordered, level), _interquartile_mean(ordered, level))


def _median(ordered: Sequence[float], level: float) -> Center:
    """The sample median, with an interval from order statistic k to n + 1 - k.

    k is the largest for which the interval covers the true median with probability *level* or more, whatever the
    distribution: the number of values below it is binomial (Thompson 1936, doi:10.1214/aoms/1177732502).
    """
    n = len(ordered)
    value = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    k = _order_statistic(n, level)
    return Center(value, ordered[k - 1], ordered[n - k]) if k else Center(value, None, None)


@lru_cache(maxsize=256)
def _order_statistic(n: int, level: float) -> int:
    k, below = 0, 0
    while 2 * (below := below + math.comb(n, k)) <= (1 - level) * 2**n:
        k += 1
    return k


def _interquartile_mean(ordered: Sequence[float], level: float) -> Center:
    """The mean without the lowest and the highest quarter (``scipy.stats.trim_mean(d, 0.25)``), with a t interval.

    g = floor(n / 4) values are removed at each end. The measure is that of Agarwal et al. 2021 (arXiv:2108.13264).
    Instead of their bootstrap, the interval is the formula of Tukey and McLaughlin (1963, Sankhya A 25:331-352;
    ``scipy.stats.mstats.trimmed_mean_ci``): t with n - 2g - 1 degrees of freedom times s_w / ((1 - 2g / n) sqrt(n)),
    where s_w is the standard deviation of the values with the removed ones moved to the nearest one that is kept.
    """
    from scipy.special import stdtrit

    n = len(ordered)
    g = n // 4
    kept = ordered[g : n - g]
    value = math.fsum(kept) / len(kept)
    moved = [min(max(difference, kept[0]), kept[-1]) for difference in ordered]
    center = math.fsum(moved) / n
    sd = math.sqrt(math.fsum((difference - center) ** 2 for difference in moved) / (n - 1))
    half = float(stdtrit(len(kept) - 1, (1 + level) / 2)) * sd / (len(kept) / math.sqrt(n))
    return Center(value, value - half, value + half)

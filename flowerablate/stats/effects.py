"""The paired effect of one change: estimate, interval, tests, and the effect that they could have found.

Replicate *i* gives one value for each arm, and the two share all random numbers. So everything rests on the differences
``d_i = base_i - variant_i``. Sums are exactly rounded (``math.fsum``), so the order of replicates changes nothing.

The standard deviation of the differences counts as zero if their range is within ``RESOLUTION`` of the largest value:
then it is only rounding, and a t test would divide by it. This happens easily with coarse metrics (two seeds that both
lose 3 of 100 images). A coarse metric hides how much they vary, so the standard deviation is taken to be at least that
of its rounding (:mod:`.resolution`). Where nothing is known of it, such an effect has neither an interval nor a t
test; the exact sign-flip test, which needs no standard deviation, remains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from .power import POWER, detectable_noncentrality
from .robust import Robust, robust_effect

RESOLUTION = 1e-6
"""Fraction of the largest value below which two numbers count as equal (a float32 metric rounds at 6e-8)."""

EXACT_UP_TO = 30
"""Maximum number of replicates for which the sign-flip test counts all sign patterns: two halves of 2^15 sums each."""

DRAWS = 49_999
"""Number of sign patterns drawn above that; the Monte-Carlo standard error of p = .05 is then .001."""


@dataclass(frozen=True)
class Effect:
    """The effect of one change, estimated from *n* pairs; undefined values are None.

    ``mean`` is the mean of the *differences* ``base - variant``, in units of the metric, and ``low`` to ``high`` its
    t interval at *level*. ``sd``, ``base_sd`` and ``variant_sd`` are sample standard deviations (n - 1). ``t_p`` and
    ``sign_flip_p`` are two-sided; ``sign_flip_floor`` is the smallest value that the latter can take with n pairs.
    ``mde`` is the minimum detectable effect at 80 % power, ``correlation`` that of the pairs (from n = 3), ``scale``
    the largest absolute value of either arm. Interval, t test and ``mde`` take the standard deviation to be at least
    ``rounding_sd``. The sign-flip test and the *robust* measures are computed on demand. *is_shown* is false while
    trials are missing: then there are no tests and intervals (see :meth:`untested`).
    """

    n: int
    level: float
    differences: tuple[float, ...]
    base_mean: float
    variant_mean: float
    mean: float
    scale: float
    base_sd: float | None = None
    variant_sd: float | None = None
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    t_p: float | None = None
    mde: float | None = None
    correlation: float | None = None
    rounding_sd: float = 0.0
    is_shown: bool = True

    def untested(self) -> Effect:
        """Return the effect without what may be shown at a look only: tests and intervals."""
        return replace(self, low=None, high=None, t_p=None, mde=None, is_shown=False)

    @property
    def has_t_test(self) -> bool:
        """Whether a standard deviation can be assumed, so that interval and t test exist."""
        return self.t_p is not None

    @property
    def assumed_sd(self) -> float:
        """The standard deviation of the t test: that of the differences, but at least that of rounding; 0 without."""
        return max(self.sd or 0.0, self.rounding_sd) if self.has_t_test else 0.0

    @property
    def error(self) -> float:
        """The standard error of the t test; 0 without."""
        return self.assumed_sd / math.sqrt(self.n)

    @cached_property
    def _sign_flip(self) -> tuple[float, bool]:
        resolution = RESOLUTION * self.scale
        return sign_flip_test([d if abs(d) > resolution else 0.0 for d in self.differences])

    @property
    def sign_flip_p(self) -> float | None:
        """The two-sided p of :func:`sign_flip_test`; differences within rounding count as zero. None if not shown."""
        return self._sign_flip[0] if self.is_shown else None

    @property
    def sign_flip_exact(self) -> bool:
        """Whether :attr:`sign_flip_p` counts all sign patterns."""
        return self._sign_flip[1]

    @property
    def sign_flip_floor(self) -> float:
        """The smallest p that the sign-flip test can give with *n* pairs."""
        return sign_flip_floor(self.n)

    @property
    def is_zero(self) -> bool:
        """Whether no replicate differs by more than rounding."""
        return all(abs(d) <= RESOLUTION * self.scale for d in self.differences)

    @cached_property
    def robust(self) -> Robust | None:
        """Median and interquartile mean of the differences, from 10 pairs."""
        return robust_effect(self.differences, self.level) if self.is_shown else None

    @property
    def p(self) -> float | None:
        """The p for a verdict: paired t; sign flip if the standard deviation is zero; None with a single pair.

        None as well if it is not shown.
        """
        if self.n < 2 or not self.is_shown:
            return None
        return self.sign_flip_p if self.t_p is None else self.t_p


def paired_effect(
    base: Sequence[float], variant: Sequence[float], *, level: float = 0.95, rounding_sd: float = 0.0
) -> Effect:
    """Compare two arms by replicates: ``base[i]`` and ``variant[i]`` come from the same seed.

    Interval and test are the paired t procedures (Student 1908, doi:10.1093/biomet/6.1.1; ``scipy.stats.ttest_rel``):
    ``mean(d) ± t((1 + level) / 2, n - 1) s_d / sqrt(n)``. Chosen over the percentile bootstrap, which covers the truth
    in only 75 % of studies at n = 3. ``s_d`` is at least *rounding_sd*, what the resolution of the metric alone causes
    (:func:`.resolution.rounding_sd`).

    Raises :class:`ValueError` if the arms differ in length or are empty, if a value is not finite, or if *level* is not
    between 0 and 1. The caller selects the replicates, and must decide about missing values and report that.
    """
    if len(base) != len(variant):
        raise ValueError(f"arms of {len(base)} and {len(variant)} replicates cannot be paired")
    if not base:
        raise ValueError("an effect needs at least one pair")
    if not all(math.isfinite(value) for value in (*base, *variant)):
        raise ValueError("an effect needs finite values; leave out the pairs without a value first")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    n = len(base)
    differences = tuple(b - v for b, v in zip(base, variant, strict=True))
    mean = _mean(differences)
    scale = _max_abs(base, variant)
    sds = [_sd(values) if n > 1 else None for values in (base, variant, differences)]
    sd = sds[2]
    if sd is not None and not varies(differences, scale):
        sd = 0.0
    assumed = 0.0 if sd is None else max(sd, rounding_sd)
    if assumed == 0:
        low = high = t_p = mde = None
    else:
        half = t_quantile((1 + level) / 2, n - 1) * assumed / math.sqrt(n)
        low, high = mean - half, mean + half
        t_p = _t_test(mean, assumed, n)
        mde = minimum_detectable_effect(assumed, n, level=level)
    return Effect(
        n=n,
        level=level,
        differences=differences,
        base_mean=_mean(base),
        variant_mean=_mean(variant),
        mean=mean,
        scale=scale,
        base_sd=sds[0],
        variant_sd=sds[1],
        sd=sd,
        low=low,
        high=high,
        t_p=t_p,
        mde=mde,
        correlation=_correlation(base, variant),
        rounding_sd=rounding_sd,
    )


def sign_flip_test(differences: Sequence[float]) -> tuple[float, bool]:
    """Return the two-sided p of the sign-flip (one-sample permutation) test, and whether it is exact.

    If the change has no effect, each difference could as well have the other sign. p is the fraction of the 2^n sign
    patterns whose sum is at least as far from 0 as the observed one (Fisher 1935, *The Design of Experiments*, 21;
    equals ``scipy.stats.permutation_test(..., permutation_type="samples")`` on the pairs). Above ``EXACT_UP_TO`` pairs,
    ``DRAWS`` patterns are drawn from a fixed stream and p = (hits + 1) / (draws + 1) (Phipson and Smyth 2010,
    doi:10.2202/1544-6115.1585). Sums that differ only by rounding count as ties.
    """
    # The null distribution does not depend on the signs, and sorting makes the draws independent of the order.
    sizes = sorted(abs(difference) for difference in differences)
    observed = abs(math.fsum(differences))
    limit = observed - RESOLUTION * sizes[-1]
    if len(sizes) <= EXACT_UP_TO:
        return _fraction_of_all_patterns(sizes, limit), True
    return _fraction_of_drawn_patterns(sizes, limit), False


def sign_flip_floor(n: int) -> float:
    """Return the smallest two-sided p that *n* pairs can give in the sign-flip test: 2 / 2^n (1 for a single pair)."""
    return 2.0 / 2.0**n


def minimum_detectable_effect(sd: float, n: int, *, level: float = 0.95, power: float = POWER) -> float:
    """Return the true effect that *n* pairs with standard deviation *sd* detect with probability *power*.

    For one two-sided t test at ``1 - level``, by the noncentral t distribution (:mod:`.power`). Raises
    :class:`ValueError` below two pairs.
    """
    if n < 2:
        raise ValueError("a minimum detectable effect needs at least two pairs")
    return detectable_noncentrality(n - 1, 1 - level, power) * (sd / math.sqrt(n))


@lru_cache(maxsize=4096)
def t_quantile(probability: float, df: float) -> float:
    """Return the quantile of Student's t distribution with *df* degrees of freedom."""
    from scipy.special import stdtrit  # a third of the import time of scipy.stats

    return float(stdtrit(df, probability))


def _t_test(mean: float, sd: float, n: int) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(n - 1, -abs(mean) / (sd / math.sqrt(n))))


def _fraction_of_all_patterns(sizes: Sequence[float], limit: float) -> float:
    """Count by halves: for each sum of one half, the sums of the other that bring the total to *limit* or beyond.

    The first size keeps its sign: the other half of the patterns mirrors these.
    """
    import numpy as np

    if limit <= 0:
        return 1.0
    ones, others = np.array([sizes[0]]), np.zeros(1)
    for size in sizes[1::2]:
        others = np.concatenate([others + size, others - size])
    for size in sizes[2::2]:
        ones = np.concatenate([ones + size, ones - size])
    others.sort()
    far_above = len(others) - np.searchsorted(others, limit - ones, side="left")
    far_below = np.searchsorted(others, -limit - ones, side="right")
    return float((far_above.sum() + far_below.sum()) / (len(ones) * len(others)))


def _fraction_of_drawn_patterns(sizes: Sequence[float], limit: float) -> float:
    import numpy as np

    from ..keyed import raw_words

    sums = np.zeros(DRAWS)
    for first in range(0, len(sizes), 64):
        block = np.asarray(sizes[first : first + 64])
        words = raw_words(DRAWS, "stats", "sign flips", first).astype("<u8")
        bits = np.unpackbits(words.view(np.uint8).reshape(DRAWS, 8), axis=1, count=len(block))
        sums += (2.0 * bits - 1.0) @ block
    hits = int(np.count_nonzero(np.abs(sums) >= limit))
    return (hits + 1) / (DRAWS + 1)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def moments(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and sample standard deviation (n - 1) of at least two values."""
    center = _mean(values)
    return center, math.sqrt(math.fsum((value - center) ** 2 for value in values) / (len(values) - 1))


def _sd(values: Sequence[float]) -> float:
    return moments(values)[1]


def _max_abs(*arms: Sequence[float]) -> float:
    return max(abs(value) for arm in arms for value in arm)


def varies(values: Sequence[float], scale: float) -> bool:
    """Whether *values* differ by more than rounding: by more than ``RESOLUTION`` of *scale*."""
    return max(values) - min(values) > RESOLUTION * scale


def _correlation(base: Sequence[float], variant: Sequence[float]) -> float | None:
    """Pearson's r; None below three pairs (where it is ±1 by construction) or if an arm does not vary."""
    if len(base) < 3 or not all(varies(arm, _max_abs(arm)) for arm in (base, variant)):
        return None
    centers = _mean(base), _mean(variant)
    product = math.fsum((b - centers[0]) * (v - centers[1]) for b, v in zip(base, variant, strict=True))
    return product / ((len(base) - 1) * _sd(base) * _sd(variant))

"""How many more replicates would decide, if effect and standard deviation stay the same. A guess, for planning.

Adding a few replicates and looking until a verdict appears would inflate the error of a study of fixed size. Planned
looks (``--until-decided``) allow it; :func:`chance_to_be_decided` tells which comparisons are worth continuing.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..contracts import Rules
from .effects import Effect
from .multiplicity import Adjusted
from .power import POWER, one_sided_power, two_sided_power
from .sequential import predictive_power, reached

HORIZON = 100
"""Maximum number of further replicates that is stated: beyond it, the estimate is too uncertain."""

MIN_EQUAL_PAIRS = 5
"""Minimum number of pairs, none with a difference, for a comparison to count as one that will not be decided."""


def until_difference(effect: Effect, alpha: float, lasting: float = 0.0) -> int | None:
    """Return how many more replicates would establish a difference at *alpha*; None above ``HORIZON``.

    If the standard deviation is not zero: the smallest N whose minimum detectable effect (80 % power at *alpha*) is no
    larger than the observed effect, found by search because t depends on N (as in Zar, *Biostatistical Analysis*,
    «sample size required»). Otherwise: the smallest N for which 2 / 2^N, the minimum p of the sign-flip test, is within
    *alpha*; None if there is no difference at all. *lasting*: variance of the mean that replicates do not reduce, such
    as that of the test images.
    """
    if effect.n < 2 or not (effect.has_t_test or lasting):
        return None if effect.is_zero else _first(effect.n, lambda n: 2.0 / 2.0**n <= alpha)
    size, sd = abs(effect.mean), effect.assumed_sd

    def powerful(n: int) -> bool:
        return two_sided_power(size / _error(sd, n, lasting), n - 1, alpha) >= POWER

    return _first(effect.n, powerful)


def until_negligible(effect: Effect, margin: float, alpha: float, lasting: float = 0.0) -> int | None:
    """Return how many more replicates would show at *alpha* that the effect is within ±*margin*; None above HORIZON.

    If the standard deviation is not zero: the smallest N at which TOST has 80 % power if the true effect is the
    observed one. As both one-sided tests must reject, the power is at least their sum minus 1 (Bonferroni;
    Chow, Shao and Wang, *Sample Size Calculations in Clinical Research*, equivalence of paired means). Otherwise: the
    smallest N for which 2^-N is within *alpha*. None if the observed effect is not within the margin. *lasting* as in
    :func:`until_difference`.
    """
    inside = margin - abs(effect.mean)
    if inside <= 0:
        return None
    if effect.n < 2 or not (effect.has_t_test or lasting):
        return _first(effect.n, lambda n: 2.0**-n <= alpha)
    sd, outside = effect.assumed_sd, margin + abs(effect.mean)

    def powerful(n: int) -> bool:
        error = _error(sd, n, lasting)
        return sum(one_sided_power(side / error, n - 1, alpha) for side in (inside, outside)) - 1 >= POWER

    return _first(effect.n, powerful)


def chance_to_be_decided(effect: Effect, adjusted: Adjusted, rules: Rules) -> float:
    """Return the probability that the last look decides a comparison with *effect* so far.

    *adjusted* holds the factors of its p-values; if comparisons with a smaller p are decided in the meantime, these
    are the factors that remain. A comparison without a difference in ``MIN_EQUAL_PAIRS`` pairs or more has a chance of
    0; fewer pairs say little if a metric is coarse.
    """
    if effect.is_zero and rules.margin is None:
        return 0.0 if effect.n >= MIN_EQUAL_PAIRS else 1.0
    alpha = 1 - rules.level
    return predictive_power(
        effect.mean,
        effect.assumed_sd,
        reached(rules.looks, range(effect.n)),
        alpha / adjusted.factor,
        margin=rules.margin,
        margin_alpha=alpha / (adjusted.equivalence_factor or 1),
    )


def _error(sd: float, n: int, lasting: float) -> float:
    return math.sqrt(sd**2 / n + lasting)


def _first(n: int, decides: Callable[[int], bool]) -> int | None:
    """Return the smallest number above 0 that *decides* when added to *n*; all larger numbers decide too."""
    if not decides(n + HORIZON):
        return None
    low, high = 0, HORIZON  # decides at high, not at low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(n + middle) else (middle, high)
    return high

"""The difference between two effects from two studies, with an interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .effects import Effect, paired_effect, t_quantile


@dataclass(frozen=True)
class EffectDifference:
    """The first study's effect minus the second's, with a t interval from *low* to *high* (None: there is none).

    *pairs* is the number of replicates that both have if they are paired, else None; *df* are the degrees of freedom
    of the interval.
    """

    mean: float
    low: float | None
    high: float | None
    pairs: int | None
    df: float | None

    @property
    def is_paired(self) -> bool:
        """Whether the replicates of the two studies were paired."""
        return self.pairs is not None


def difference_of_effects(first: Effect, second: Effect) -> EffectDifference:
    """Compare two effects of studies that share no random numbers.

    Welch's interval, for unequal variances, with Satterthwaite's degrees of freedom (Welch 1947,
    doi:10.1093/biomet/34.1-2.28; ``scipy.stats.ttest_ind(..., equal_var=False)``), at the level of *first*. It needs
    two replicates of each, and a nonzero standard deviation in one of them. Each is taken to be at least that of the
    rounding of the metric.
    """
    mean = first.mean - second.mean
    if first.sd is None or second.sd is None:
        return EffectDifference(mean, None, None, None, None)
    sds = [max(sd, effect.rounding_sd) for sd, effect in ((first.sd, first), (second.sd, second))]
    variances = [sd**2 / effect.n for sd, effect in zip(sds, (first, second), strict=True)]
    variance = math.fsum(variances)
    if variance == 0:
        return EffectDifference(mean, None, None, None, None)
    parts = [own**2 / (effect.n - 1) for own, effect in zip(variances, (first, second), strict=True)]
    df = variance**2 / math.fsum(parts)
    half = t_quantile((1 + first.level) / 2, df) * math.sqrt(variance)
    return EffectDifference(mean, mean - half, mean + half, None, df)


def difference_of_paired_effects(
    first: Mapping[int, float], second: Mapping[int, float], level: float, *, rounding_sd: float = 0.0
) -> EffectDifference | None:
    """Compare two effects by their differences on each seed, over the seeds that both have; None if there are none.

    The standard deviation is taken to be at least *rounding_sd*, what the rounding of both effects alone causes.

    Valid only if a seed means the same in both studies: the same images, split and order.
    """
    common = sorted(first.keys() & second.keys())
    if not common:
        return None
    effect = paired_effect(
        [first[seed] for seed in common], [second[seed] for seed in common], level=level, rounding_sd=rounding_sd
    )
    df = effect.n - 1 if effect.low is not None else None
    return EffectDifference(effect.mean, effect.low, effect.high, effect.n, df)

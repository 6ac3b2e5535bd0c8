"""The chance that an undecided comparison is decided by a later look, given its pairs so far.

The mean at the later look is taken as normal around the present one with a variance of ``sd^2 (1 / n - 1 / N)``, which
covers both the missing pairs and the uncertainty of the effect (predictive power: Spiegelhalter, Freedman and Blackburn
1986, doi:10.1016/0197-2456(86)90003-6). To take the effect for the one observed so far (conditional power) would
promise too much where chance made it large, and stop studies of real effects too early where chance made it small.

The look decides if that mean lies beyond its boundary, or, with a margin, so far within it that both one-sided tests
reject. Both pay for the family and for all looks (:mod:`.looks`). Looks in between add little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..contracts import Rules
from .effects import Effect, t_quantile
from .evidence import Evidence
from .multiplicity import Adjusted

if TYPE_CHECKING:
    from .looks import StudyLook

MIN_EQUAL_PAIRS = 5
"""Minimum number of pairs, none with a difference, for a comparison to count as one that will not be decided."""


@dataclass(frozen=True)
class Forecast:
    """The *chance* of a decision by *by* replicates, between 0 and 1.

    It is the mean over all effects that the pairs so far allow; *low* and *high* are the least and the largest chance
    at the ends and in the middle of the effect's 80 % interval.
    """

    by: int
    chance: float
    low: float
    high: float


def forecast(
    effect: Effect, evidence: Evidence, adjusted: Adjusted, rules: Rules, ahead: Sequence[StudyLook]
) -> Forecast | None:
    """Return the chance that the last of the looks *ahead* decides a comparison; None after the last look.

    *adjusted* holds the factors of its p-values; if comparisons with a smaller p are decided in the meantime, these
    are the factors that remain. A comparison without a difference in ``MIN_EQUAL_PAIRS`` pairs or more has a chance of
    0; fewer pairs say little if a metric is coarse.
    """
    if not ahead:
        return None
    by = ahead[-1].pairs
    if effect.is_zero and rules.margin is None:
        chance = 0.0 if effect.n >= MIN_EQUAL_PAIRS else 1.0
        return Forecast(by, chance, chance, chance)
    if effect.assumed_sd == 0 and not evidence.lasting:  # the sign test decides: all signs are equal
        return Forecast(by, 1.0, 1.0, 1.0)
    return _Later.of(effect, evidence, adjusted, rules, (*evidence.looks, *ahead)).forecast(effect)


@dataclass(frozen=True)
class _Later:
    """The last look: N pairs, whose mean decides beyond ±*far* or within ±*within*."""

    count: int
    far: float
    within: float

    @classmethod
    def of(
        cls, effect: Effect, evidence: Evidence, adjusted: Adjusted, rules: Rules, looks: tuple[StudyLook, ...]
    ) -> _Later:
        count = looks[-1].pairs
        error = math.sqrt(effect.assumed_sd**2 / count + evidence.lasting)
        alpha = 1 - rules.level
        df = count - 1
        # Of planned looks the chance decides what goes on, so it is exact; otherwise it is read by people, who wait.
        quick = not rules.looks
        far = t_quantile(1 - evidence.nominal(alpha / adjusted.factor, 2, looks, quick=quick) / 2, df) * error
        within = 0.0
        if rules.margin is not None:
            left = alpha / (adjusted.equivalence_factor or 1)
            inside = t_quantile(1 - evidence.nominal(left, 1, looks, quick=quick), df)
            within = max(0.0, min(rules.margin - inside * error, far))  # beyond that, the difference is established
        return cls(count, far, within)

    def forecast(self, effect: Effect) -> Forecast:
        n, mean, sd = effect.n, effect.mean, effect.assumed_sd
        chance = self._decided(mean, sd * math.sqrt(1 / n - 1 / self.count))
        half = t_quantile(0.9, n - 1) * sd / math.sqrt(n)
        new = self.count - n
        ends = [
            self._decided((n * mean + new * true) / self.count, sd * math.sqrt(new) / self.count)
            for true in (mean - half, mean, mean + half)
        ]
        return Forecast(self.count, chance, min(*ends, chance), max(*ends, chance))

    def _decided(self, mean: float, sd: float) -> float:
        """Return the probability that a normal mean decides."""
        outside = _below(-self.far, mean, sd) + 1 - _below(self.far, mean, sd)
        inside = _below(self.within, mean, sd) - _below(-self.within, mean, sd) if self.within else 0.0
        return min(1.0, outside + inside)


def _below(value: float, mean: float, sd: float) -> float:
    """Return the probability that a normal variable is below *value*."""
    if sd == 0:
        return float(mean < value)
    return 0.5 * math.erfc((mean - value) / (sd * math.sqrt(2)))

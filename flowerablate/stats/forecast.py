"""The chance that an undecided comparison is decided by a later look, given its pairs so far.

Given the standard deviation, the mean at the later look is normal around the present one with a variance of ``sd^2 (1 /
n - 1 / N)``, which covers both the missing pairs and the uncertainty of the effect (predictive power: Spiegelhalter,
Freedman and Blackburn 1986, doi:10.1016/0197-2456(86)90003-6). The standard deviation is uncertain too: ``(n - 1) s^2 /
sd^2`` is chi-squared with n - 1 degrees of freedom, over which the chance is averaged. To take the effect for the one
observed so far (conditional power) would promise too much where chance made it large, and stop studies of real effects
too early where chance made it small.

The look decides if that mean lies beyond its boundary, or, with a margin, so far within it that both one-sided tests
reject. Both pay for the family and for all looks (:mod:`.looks`). Looks in between add little.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..contracts import Rules
from .effects import Effect, t_quantile
from .evidence import Evidence
from .looks import LookSchedule, StudyLook
from .multiplicity import Adjusted
from .power import scaled_chi

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

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
    effect: Effect, evidence: Evidence, adjusted: Adjusted, rules: Rules, schedule: LookSchedule
) -> Forecast | None:
    """Return the chance that the last planned look, or a table of twice the replicates, decides a comparison.

    None after the last look, and where the pairs so far cannot tell: none of fewer than ``MIN_EQUAL_PAIRS`` differs.
    *adjusted* holds the factors of the p-values; if comparisons with a smaller p are decided in the meantime, these
    are the factors that remain. A comparison without a difference in ``MIN_EQUAL_PAIRS`` pairs or more has a chance of
    0.
    """
    ahead = schedule.ahead(evidence.looks) if evidence.looks else ()
    if not ahead or schedule.next is None:
        return None
    by = schedule.next
    if effect.is_zero and rules.margin is None:
        if effect.n < MIN_EQUAL_PAIRS:
            return Forecast(by, 1.0, 1.0, 1.0) if rules.looks else None
        return Forecast(by, 0.0, 0.0, 0.0)
    if effect.assumed_sd == 0 and not evidence.lasting:  # the sign test decides: all signs are equal
        return Forecast(by, 1.0, 1.0, 1.0)
    return _Later.of(effect, evidence, adjusted, rules, (*evidence.looks, *ahead)).forecast(effect, by)


@dataclass(frozen=True)
class _Later:
    """The last look: N pairs, whose mean decides beyond *far* standard errors or at *inside* of them from the margin.

    *sds* and *weights* say how the standard deviation may be, given the one of the pairs so far.
    """

    count: int
    far: float
    inside: float
    margin: float | None
    lasting: float
    sds: Floats
    weights: Floats

    @classmethod
    def of(
        cls, effect: Effect, evidence: Evidence, adjusted: Adjusted, rules: Rules, looks: tuple[StudyLook, ...]
    ) -> _Later:
        import numpy as np

        count = looks[-1].pairs
        alpha, df = 1 - rules.level, count - 1
        # Of planned looks the chance decides what goes on, so its boundaries are exact; others are read by people.
        quick = not rules.looks
        far = t_quantile(1 - evidence.nominal(alpha / adjusted.factor, 2, looks, quick=quick) / 2, df)
        inside = math.inf
        if rules.margin is not None:
            left = alpha / (adjusted.equivalence_factor or 1)
            inside = t_quantile(1 - evidence.nominal(left, 1, looks, quick=quick), df)
        # A plan goes on with what could be decided if the standard deviation is the one observed; it is not known.
        scales, weights = (np.ones(1), np.ones(1)) if rules.looks else scaled_chi(effect.n - 1)
        return cls(count, far, inside, rules.margin, evidence.lasting, effect.assumed_sd / scales, weights)

    def forecast(self, effect: Effect, by: int) -> Forecast:
        n, mean = effect.n, effect.mean
        chance = self._decided(effect, mean, self.sds * math.sqrt(1 / n - 1 / self.count))
        half = t_quantile(0.9, n - 1) * effect.assumed_sd / math.sqrt(n)
        new = self.count - n
        ends = [
            self._decided(effect, (n * mean + new * true) / self.count, self.sds * math.sqrt(new) / self.count)
            for true in (mean - half, mean, mean + half)
        ]
        return Forecast(by, chance, min(*ends, chance), max(*ends, chance))

    def _decided(self, effect: Effect, mean: float, sds: Floats) -> float:
        """Return the probability that a normal mean with one of these standard deviations decides."""
        import numpy as np
        from scipy.special import ndtr

        n, count = effect.n, self.count
        later = np.sqrt(((n - 1) * effect.assumed_sd**2 + (count - n) * self.sds**2) / (count - 1))
        error = np.sqrt(later**2 / count + self.lasting)
        far = self.far * error
        safe = np.maximum(sds, 1e-300)
        chance = ndtr((-far - mean) / safe) + ndtr((mean - far) / safe)
        if self.margin is not None:
            # Beyond the boundary of a difference, that is established.
            within = np.maximum(np.minimum(self.margin - self.inside * error, far), 0.0)
            chance = chance + ndtr((within - mean) / safe) - ndtr((-within - mean) / safe)
        return min(1.0, float(self.weights @ chance))

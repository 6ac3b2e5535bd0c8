"""Whether an effect is small enough not to matter: two one-sided tests against a margin.

«Not significant» does not mean «no effect». To claim the latter, the margin within which an effect counts as negligible
must be stated in advance, and the data must reject every effect outside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .effects import RESOLUTION, Effect, t_quantile


@dataclass(frozen=True)
class Equivalence:
    """The test of «the effect lies within ±margin», in units of the metric.

    *above_p* is for the null that the effect is at -margin or below, *below_p* for the null that it is at +margin or
    above. *low* to *high* is the interval at ``2 level - 1`` (90 % for a level of 95 %): it lies within the margin if
    and only if both p are at or below ``1 - level``. It is None if the differences do not vary.
    """

    margin: float
    above_p: float
    below_p: float
    low: float | None = None
    high: float | None = None

    @property
    def p(self) -> float:
        """The p for «the effect is at least the margin», whatever its sign: the larger of the two."""
        return max(self.above_p, self.below_p)


def equivalence_test(effect: Effect, margin: float) -> Equivalence | None:
    """Return the paired TOST of *effect* against *margin*; None with a single pair, which allows no test.

    Two one-sided paired t tests (Schuirmann 1987, doi:10.1007/BF01068419; ``ttost_paired`` of statsmodels): with
    ``se = s_d / sqrt(n)``, above_p = P(T >= (mean + margin) / se) and below_p = P(T <= (mean - margin) / se) for a t
    with n - 1 degrees of freedom. No correction between the two is due: only one of the nulls can be true.

    Differences that are all equal have no t test unless the metric's resolution is known. Then each side is tested by
    its signs: if the true effect were at the margin and the differences symmetric around it, all n would lie on the
    inner side with probability 2^-n.

    Raises :class:`ValueError` for a margin that is not positive.
    """
    if not (margin > 0 and math.isfinite(margin)):
        raise ValueError(f"a margin must be positive, not {margin}")
    if effect.n < 2:
        return None
    if not effect.has_t_test:
        slack = RESOLUTION * margin
        sides = (effect.mean + margin, margin - effect.mean)
        above, below = (2.0**-effect.n if inside > slack else 1.0 for inside in sides)
        return Equivalence(margin, above, below)
    se = effect.error
    half = t_quantile(effect.level, effect.n - 1) * se
    return Equivalence(
        margin,
        above_p=_t_below(-(effect.mean + margin) / se, effect.n - 1),
        below_p=_t_below((effect.mean - margin) / se, effect.n - 1),
        low=effect.mean - half,
        high=effect.mean + half,
    )


def _t_below(value: float, df: int) -> float:
    from scipy.special import stdtr

    return float(stdtr(df, value))

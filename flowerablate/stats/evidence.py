"""From the replicates of one contrast to the evidence for its verdict, before adjustment for the family.

Every method returns an :class:`Evidence` with the same three results: a p for «no difference», an interval, and, if the
rules state a margin, a p for «at least the margin». The adjustment over the family in :mod:`.multiplicity` and the
verdicts of :mod:`.verdicts` use only those three, whatever the method. The methods:

===================  ================================================================================================
fixed size           :func:`fixed_evidence`: paired t test and interval, TOST
planned looks        ``rules.looks`` is not empty: p-values that hold at any of the looks (sequential p-values) and a
                     repeated interval (:func:`sequential_evidence`). It needs the :class:`Arms`, whose differences are
                     in the order of their seeds
test images as well  :func:`.population.judge_by_images`, a :data:`Judge`: it is called first for each contrast, and may
                     use more than the arms, such as the predictions for each image
===================  ================================================================================================

The interval of the evidence replaces the t interval in ``Row.effect`` (see :func:`judged`), so that only the valid
interval can be shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from ..contracts import Contrast, Rules
from .arms import Arms
from .effects import Effect, t_quantile
from .equivalence import Equivalence, equivalence_test
from .images import Components
from .power import detectable_noncentrality
from .sequential import reached, repeated_interval, sequential_p


@dataclass(frozen=True)
class Evidence:
    """The evidence of one comparison: *p* for «no difference», the interval, *equivalence* if there is a margin.

    *p* is two-sided, and valid for this comparison alone at ``1 - rules.level``; None if no test exists (a single
    pair). *low* and *high* are None if there is no interval. *test* names the test, as shown in a reason, *interval*
    the kind of interval. *scales* are the degrees of freedom and the standard errors of the t tests of which the most
    cautious one counts; empty without a t test. *lasting* is the part of the estimate's variance that further
    replicates do not reduce; *components*, where they are known, tell what more replicates and images would do. *look*,
    with planned looks, is the one that the comparison has reached.
    """

    test: str
    p: float | None
    low: float | None = None
    high: float | None = None
    equivalence: Equivalence | None = None
    interval: str = "t"
    scales: tuple[tuple[float, float], ...] = ()
    lasting: float = 0.0
    components: Components | None = None
    look: str = ""

    @property
    def equivalence_p(self) -> float | None:
        """The p for «the effect is at least the margin»; None without a margin, or without a test."""
        return None if self.equivalence is None else self.equivalence.p

    def detectable(self, alpha: float) -> float | None:
        """Return the true effect that the t test at *alpha* detects at 80 % power; None without a t test."""
        found = [detectable_noncentrality(df, alpha) * error for df, error in self.scales]
        return max(found) if found else None


Bounds: TypeAlias = tuple[float, float]
"""The lower and the upper end of an interval."""

Judge = Callable[[Contrast, Arms, Effect, Rules], "Evidence | None"]
"""Another method to judge a contrast; if it returns None, :func:`evidence_for` is called."""


def evidence_for(arms: Arms, effect: Effect, rules: Rules) -> Evidence:
    """Return the evidence of *effect*, that of *arms*, by *rules*."""
    return sequential_evidence(arms, effect, rules) if rules.looks else fixed_evidence(effect, rules)


def sequential_evidence(arms: Arms, effect: Effect, rules: Rules) -> Evidence:
    """Return the evidence of a study with planned looks, valid at whichever look the comparison stopped."""
    looks = reached(rules.looks, arms.seeds)
    scale = max(abs(value) for arm in (arms.with_it, arms.without) for value in arm)
    p_of = partial(sequential_p, effect.differences, looks, scale=scale, rounding_sd=effect.rounding_sd)
    interval_of = partial(repeated_interval, effect.differences, looks, scale=scale, rounding_sd=effect.rounding_sd)
    p = p_of()
    low, high = interval_of(rules.level) or (None, None)
    equivalence = None
    if rules.margin is not None and p is not None:
        inner = interval_of(rules.level, sides=1) or (None, None)
        above = p_of(-rules.margin, "greater")
        below = p_of(rules.margin, "less")
        equivalence = Equivalence(rules.margin, above or 0.0, below or 0.0, *inner)
    test = "paired t" if effect.has_t_test or effect.n < 2 else "sign flip, as all differences are equal"
    at = f"look {len(looks.counts)} of {len(rules.looks)}" if looks.counts else ""
    return Evidence(test, p, low, high, equivalence, interval="repeated", scales=_paired_t(effect), look=at)


def fixed_evidence(effect: Effect, rules: Rules) -> Evidence:
    """Return the evidence of a study whose size was fixed in advance: paired t, and TOST if there is a margin.

    If the differences do not vary there is no t test, and the exact sign-flip test replaces it.
    """
    return Evidence(
        test="paired t" if effect.has_t_test or effect.n < 2 else "sign flip, as all differences are equal",
        p=effect.p,
        low=effect.low,
        high=effect.high,
        equivalence=None if rules.margin is None else equivalence_test(effect, rules.margin),
        scales=_paired_t(effect),
    )


def _paired_t(effect: Effect) -> tuple[tuple[float, float], ...]:
    return ((effect.n - 1, effect.error),) if effect.has_t_test else ()


def interval_at(arms: Arms, effect: Effect, evidence: Evidence, rules: Rules, level: float) -> Bounds | None:
    """Return the interval of the same kind as that of *evidence* at another *level*; None if there is none."""
    if evidence.low is None:
        return None
    if evidence.look:
        looks = reached(rules.looks, arms.seeds)
        return repeated_interval(effect.differences, looks, level, scale=effect.scale, rounding_sd=effect.rounding_sd)
    if not evidence.scales:
        return None
    half = max(t_quantile((1 + level) / 2, df) * error for df, error in evidence.scales)
    return effect.mean - half, effect.mean + half


def judged(
    contrast: Contrast, arms: Arms, effect: Effect, rules: Rules, judge: Judge | None = None
) -> tuple[Effect, Evidence]:
    """Return *effect* with the interval of its evidence, and the evidence for *contrast*."""
    evidence = judge(contrast, arms, effect, rules) if judge else None
    if evidence is None:
        evidence = evidence_for(arms, effect, rules)
    mde = evidence.detectable(1 - rules.level)
    return replace(effect, low=evidence.low, high=evidence.high, mde=mde), evidence

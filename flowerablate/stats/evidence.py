"""From the replicates of one contrast to the evidence for its verdict, before adjustment for the family.

Every method returns an :class:`Evidence` with the same three results: a p for «no difference», an interval, and, if the
rules state a margin, a p for «at least the margin». The methods:

===================  ================================================================================================
fixed size           :func:`fixed_evidence`: paired t test and interval, TOST
planned looks        ``rules.looks`` is not empty: p-values that hold at any of the looks (sequential p-values) and a
                     repeated interval (:func:`sequential_evidence`)
test images as well  :func:`.population.judge_by_images`, a :data:`Judge`: it is called first for each contrast, and may
                     use more than the arms, such as the predictions for each image
===================  ================================================================================================

The adjustment over the family in :mod:`.multiplicity` and the verdicts of :mod:`.verdicts` use only the *decisive*
p-values, which account for every look at the study (:mod:`.looks`), whatever the method. With planned looks, p-values
and intervals do so anyway. Without, p and interval are those of this number of replicates, had it been fixed and looked
at once; :func:`interval_over_looks` gives one that holds at every look.

The interval of the evidence replaces the t interval in ``Row.effect`` (see :func:`judged`), so that only the valid
interval can be shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, TypeAlias

from ..contracts import Contrast, Rules
from .arms import Arms
from .effects import Effect, paired_effect, t_quantile
from .equivalence import Equivalence, equivalence_test
from .images import Components
from .looks import LookSchedule, StudyLook
from .power import detectable_noncentrality
from .sequential import repeated_interval, sequential_p

NEVER = 1e-12
"""A test that rejects only below this p decides nothing: earlier looks have spent the error."""


@dataclass(frozen=True)
class Evidence:
    """The evidence of one comparison: *p* for «no difference», the interval, *equivalence* if there is a margin.

    *p* is two-sided, and valid for this comparison alone at ``1 - rules.level``; None if no test exists (a single
    pair). *low* and *high* are None if there is no interval. *test* names the test, as shown in a reason, *interval*
    the kind of interval. *scales* are the degrees of freedom and the standard errors of the t tests of which the most
    cautious one counts; empty without a t test. *lasting* is the part of the estimate's variance that further
    replicates do not reduce; *components*, where they are known, tell what more replicates and images would do.

    *bounds* gives the interval at any level, if it is not that of the t tests in *scales*. *looks* are those that the
    comparison has had; *look*, with planned ones, names the last. *decisive_p* and *decisive_equivalence_p* are the
    p-values that account for all of them.
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
    looks: tuple[StudyLook, ...] = ()
    decisive_p: float | None = None
    decisive_equivalence_p: float | None = None
    bounds: Callable[[float], tuple[float, float]] | None = field(default=None, compare=False, repr=False)

    @property
    def equivalence_p(self) -> float | None:
        """The p for «the effect is at least the margin»; None without a margin, or without a test."""
        return None if self.equivalence is None else self.equivalence.p

    @property
    def is_over_replicates(self) -> bool:
        """Whether the t test runs over replicates only, so that its boundaries at several looks are known exactly."""
        return self.interval in ("t", "repeated")

    def nominal(
        self, alpha: float, sides: Literal[1, 2] = 2, looks: Sequence[StudyLook] = (), *, quick: bool = False
    ) -> float:
        """Return the largest p of a test at the last of *looks* (by default those so far) that rejects at *alpha*.

        *quick*: by boundaries that are good enough for a forecast.
        """
        looks = tuple(looks) or self.looks
        if not looks:
            return alpha
        spent = looks[-2].unplanned if len(looks) > 1 else 0.0
        if not looks[-1].progress and (len(looks) == 1 or not self.is_over_replicates):
            return (looks[-1].unplanned - spent) * alpha
        from scipy.special import ndtr

        from .boundaries import boundary_scores

        return sides * float(ndtr(-boundary_scores(looks, alpha, sides, quick=quick)[-1]))

    def interval_at(self, mean: float, nominal: float) -> tuple[float, float] | None:
        """Return the interval around *mean* of effects that have a p above *nominal* at this look; None without."""
        if self.low is None or nominal < NEVER:
            return None
        if self.bounds is not None:
            return self.bounds(1 - nominal)
        if not self.scales:
            return None
        half = max(t_quantile(1 - nominal / 2, df) * error for df, error in self.scales)
        return mean - half, mean + half

    def detectable(self, alpha: float) -> float | None:
        """Return the true effect that the t test at *alpha* detects at 80 % power; None without such a test."""
        if alpha < NEVER:
            return None
        found = [detectable_noncentrality(df, alpha) * error for df, error in self.scales]
        return max(found) if found else None


Bounds: TypeAlias = tuple[float, float]
"""The lower and the upper end of an interval."""

Judge = Callable[[Contrast, Arms, Effect, Rules], "Evidence | None"]
"""Another method to judge a contrast; if it returns None, :func:`evidence_for` is called."""


def first_that_knows(*judges: Judge) -> Judge:
    """Return a judge that asks *judges* in order and returns the first evidence."""

    def judge(contrast: Contrast, arms: Arms, effect: Effect, rules: Rules) -> Evidence | None:
        found = (each(contrast, arms, effect, rules) for each in judges)
        return next((evidence for evidence in found if evidence is not None), None)

    return judge


def evidence_for(arms: Arms, effect: Effect, rules: Rules, schedule: LookSchedule | None = None) -> Evidence:
    """Return the evidence of *effect*, that of *arms*, by *rules*; without a *schedule*, as if looked at once."""
    schedule = schedule or LookSchedule.of(rules, (), max(arms.seeds) + 1)
    looks = schedule.reached(arms.seeds)
    return sequential_evidence(effect, rules, looks) if rules.looks else fixed_evidence(effect, rules, looks)


def sequential_evidence(effect: Effect, rules: Rules, looks: tuple[StudyLook, ...]) -> Evidence:
    """Return the evidence of a study with planned looks, valid at whichever look the comparison stopped."""
    p, equivalence = _over_looks(effect, rules, looks)
    low, high = _repeated(effect, looks)(rules.level) or (None, None)
    return Evidence(
        _test_of(effect),
        p,
        low,
        high,
        equivalence,
        interval="repeated",
        scales=_paired_t(effect),
        look=f"look {sum(look.progress > 0 for look in looks)} of {len(rules.looks)}" if looks else "",
        looks=looks,
        decisive_p=p,
        decisive_equivalence_p=equivalence.p if equivalence else None,
    )


def fixed_evidence(effect: Effect, rules: Rules, looks: tuple[StudyLook, ...] = ()) -> Evidence:
    """Return the evidence of a study whose size was fixed in advance: paired t, and TOST if there is a margin.

    If the differences do not vary there is no t test, and the exact sign-flip test replaces it. Without *looks*, the
    only one may spend the whole error.
    """
    tost = None if rules.margin is None else equivalence_test(effect, rules.margin)
    if len(looks) > 1:
        decisive, over_looks = _over_looks(effect, rules, looks)
        equivalence_p = over_looks.p if over_looks else None
    else:
        share = looks[0].unplanned if looks else 1.0
        decisive, equivalence_p = _scaled(effect.p, share), _scaled(tost.p if tost else None, share)
    return Evidence(
        _test_of(effect),
        effect.p,
        effect.low,
        effect.high,
        tost,
        scales=_paired_t(effect),
        looks=looks,
        decisive_p=decisive,
        decisive_equivalence_p=equivalence_p,
    )


def _over_looks(effect: Effect, rules: Rules, looks: tuple[StudyLook, ...]) -> tuple[float | None, Equivalence | None]:
    """Return the sequential p-values of the paired t test."""
    p_of = partial(sequential_p, effect.differences, looks, scale=effect.scale, rounding_sd=effect.rounding_sd)
    p = p_of()
    if rules.margin is None or p is None:
        return p, None
    inner = _repeated(effect, looks)(rules.level, sides=1) or (None, None)
    above = p_of(-rules.margin, "greater")
    below = p_of(rules.margin, "less")
    return p, Equivalence(rules.margin, above or 0.0, below or 0.0, *inner)


def _repeated(effect: Effect, looks: tuple[StudyLook, ...]) -> Callable[..., Bounds | None]:
    return partial(repeated_interval, effect.differences, looks, scale=effect.scale, rounding_sd=effect.rounding_sd)


def _scaled(p: float | None, share: float) -> float | None:
    """Return the smallest level of which a *share* is at least *p*."""
    return None if p is None else min(1.0, p / share) if share > 0 else 1.0


def _test_of(effect: Effect) -> str:
    return "paired t" if effect.has_t_test or effect.n < 2 else "sign flip, as all differences are equal"


def _paired_t(effect: Effect) -> tuple[tuple[float, float], ...]:
    return ((effect.n - 1, effect.error),) if effect.has_t_test else ()


def interval_over_looks(effect: Effect, evidence: Evidence, level: float) -> Bounds | None:
    """Return the interval at *level* that holds at every look, of the kind of *evidence*; None if there is none."""
    if evidence.low is None:
        return None
    if evidence.is_over_replicates and (len(evidence.looks) > 1 or evidence.look):
        bounds = _repeated(effect, evidence.looks)(level)
        return bounds if bounds and all(map(math.isfinite, bounds)) else None
    return evidence.interval_at(effect.mean, evidence.nominal(1 - level))


def judged(
    contrast: Contrast, arms: Arms, effect: Effect, rules: Rules, schedule: LookSchedule, judge: Judge | None = None
) -> tuple[Effect, Evidence]:
    """Return *effect* with the interval of its evidence, and the evidence for *contrast*."""
    own = judge(contrast, arms, effect, rules) if judge else None
    if judge is None or own is None:
        evidence = evidence_for(arms, effect, rules, schedule)
    elif rules.looks or effect.n < 2:
        evidence = replace(own, decisive_p=own.p, decisive_equivalence_p=own.equivalence_p)
    else:
        evidence = _weighted(own, judge, contrast, arms, effect, rules, schedule.reached(arms.seeds))
    alpha = evidence.nominal(1 - rules.level) if rules.looks else 1 - rules.level
    return replace(effect, low=evidence.low, high=evidence.high, mde=evidence.detectable(alpha)), evidence


def _weighted(
    own: Evidence,
    judge: Judge,
    contrast: Contrast,
    arms: Arms,
    effect: Effect,
    rules: Rules,
    looks: tuple[StudyLook, ...],
) -> Evidence:
    """Return *own* evidence with p-values over all *looks*, of which each has a part of the level.

    Weighted Bonferroni: the smallest p of a look over its part, valid however the looks depend on each other.
    """
    found: list[tuple[Evidence | None, float]] = []
    spent = 0.0
    for look in looks:
        share, spent = look.unplanned - spent, look.unplanned
        found.append((own if look == looks[-1] else _at(look, judge, contrast, arms, effect, rules), share))
    return replace(
        own,
        looks=looks,
        decisive_p=_smallest(_scaled(each.p, share) for each, share in found if each),
        decisive_equivalence_p=_smallest(_scaled(each.equivalence_p, share) for each, share in found if each),
    )


def _at(look: StudyLook, judge: Judge, contrast: Contrast, arms: Arms, effect: Effect, rules: Rules) -> Evidence | None:
    """Return the evidence that there was at an earlier *look*."""
    early = arms.first(look.pairs)
    known = paired_effect(early.with_it, early.without, level=effect.level, rounding_sd=effect.rounding_sd)
    return judge(contrast, early, known, rules)


def _smallest(ps: Iterable[float | None]) -> float | None:
    return min((p for p in ps if p is not None), default=None)

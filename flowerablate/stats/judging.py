"""Judges one comparison: from its replicates to its evidence.

Every method returns an :class:`.Evidence` with the same three results: a p for «no difference», an interval, and, if
the rules state a margin, a p for «at least the margin». The methods:

===================  ================================================================================================
fixed size           :func:`fixed_evidence`: paired t test and interval, TOST
planned looks        ``rules.looks`` is not empty: p-values that hold at any of the looks (sequential p-values) and a
                     repeated interval (:func:`sequential_evidence`)
earlier tables       without a plan: the smallest p of all tables over what each may spend (:func:`over_tables`),
                     whatever the method
test images as well  :func:`.population.judge_by_images`, a :data:`.Judge`: it is called first for each contrast, and
                     may use more than the arms, such as the predictions for each image
===================  ================================================================================================

The interval of the evidence replaces the t interval in ``Row.effect`` (see :func:`judged`), so that only the valid
interval can be shown; :func:`interval_over_looks` gives one that holds at every look.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import overload

from ..contracts import Contrast, Rules
from .arms import Arms
from .effects import Effect, paired_effect
from .equivalence import Equivalence, equivalence_test
from .evidence import Bounds, Evidence, Judge
from .looks import LookSchedule, StudyLook
from .sequential import levels_at, repeated_interval, sequential_p


def evidence_for(arms: Arms, effect: Effect, rules: Rules, schedule: LookSchedule | None = None) -> Evidence:
    """Return the evidence of *effect*, that of *arms*, by *rules*; without a *schedule*, as if looked at once."""
    schedule = schedule or LookSchedule.of(rules, (), max(arms.seeds) + 1)
    looks = schedule.reached(arms.seeds)
    if rules.looks:
        return sequential_evidence(effect, rules, looks, bisect_right(rules.looks, schedule.now))
    return over_tables(fixed_evidence(effect, rules), arms, effect, rules, looks)


def sequential_evidence(effect: Effect, rules: Rules, looks: tuple[StudyLook, ...], number: int) -> Evidence:
    """Return the evidence of a study with planned looks, valid at whichever the comparison stopped: look *number*.

    That is among those of the plan; *looks* are those with enough pairs.
    """
    p, decisive, equivalence = _over_looks(effect, rules, looks)
    low, high = _repeated(effect, looks)(rules.level) or (None, None)
    return Evidence(
        _test_of(effect),
        p,
        low,
        high,
        equivalence,
        interval="repeated",
        scales=_paired_t(effect),
        look=f"look {number} of {len(rules.looks)}" if looks and number else "",
        looks=looks,
        decisive_p=p,
        decisive_equivalence_p=equivalence.p if equivalence else None,
        decisive_pairs=decisive.pairs if decisive else 0,
        decisive_places=decisive.places if decisive else None,
    )


def fixed_evidence(effect: Effect, rules: Rules) -> Evidence:
    """Return the evidence of a study whose size was fixed in advance: paired t, and TOST if there is a margin.

    If the differences do not vary there is no t test, and the exact sign-flip test replaces it. This table alone
    counts, with the whole error.
    """
    tost = None if rules.margin is None else equivalence_test(effect, rules.margin)
    return Evidence(
        _test_of(effect),
        effect.p,
        effect.low,
        effect.high,
        tost,
        scales=_paired_t(effect),
        decisive_p=effect.p,
        decisive_equivalence_p=tost.p if tost else None,
        decisive_pairs=effect.n,
    )


def _over_looks(
    effect: Effect, rules: Rules, looks: tuple[StudyLook, ...]
) -> tuple[float | None, StudyLook | None, Equivalence | None]:
    """Return the sequential p-values of the paired t test, and the look of the first."""
    p_of = partial(sequential_p, effect.differences, looks, scale=effect.scale, rounding_sd=effect.rounding_sd)
    if not looks:
        return None, None, None
    levels = levels_at(effect.differences, looks, scale=effect.scale, rounding_sd=effect.rounding_sd)
    p = min(levels)
    decisive = looks[levels.index(p)]
    if rules.margin is None:
        return p, decisive, None
    inner = _repeated(effect, looks)(rules.level, sides=1) or (None, None)
    return p, decisive, Equivalence(rules.margin, p_of(-rules.margin, "greater"), p_of(rules.margin, "less"), *inner)


def _repeated(effect: Effect, looks: tuple[StudyLook, ...]) -> Callable[..., Bounds | None]:
    return partial(repeated_interval, effect.differences, looks, scale=effect.scale, rounding_sd=effect.rounding_sd)


def _test_of(effect: Effect) -> str:
    return "paired t" if effect.has_t_test or effect.n < 2 else "sign flip, as all differences are equal"


def _paired_t(effect: Effect) -> tuple[tuple[float, float], ...]:
    return ((effect.n - 1, effect.error),) if effect.has_t_test else ()


def interval_over_looks(effect: Effect, evidence: Evidence, level: float) -> Bounds | None:
    """Return the interval at *level* that holds at every look, of the kind of *evidence*; None if there is none.

    Of planned looks it holds the effects that no look has rejected, else those that this look does not reject.
    """
    if evidence.low is None:
        return None
    if evidence.look:
        return _repeated(effect, evidence.looks)(level)
    return evidence.interval_at(effect.mean, evidence.nominal(1 - level))


def judged(
    contrast: Contrast, arms: Arms, effect: Effect, rules: Rules, schedule: LookSchedule, judge: Judge | None = None
) -> tuple[Effect, Evidence]:
    """Return *effect* with the interval of its evidence, and the evidence for *contrast*."""
    own = judge(contrast, arms, effect, rules) if judge else None
    if judge is None or own is None:
        evidence = evidence_for(arms, effect, rules, schedule)
    elif rules.looks or effect.n < 2:
        evidence = replace(own, decisive_p=own.p, decisive_equivalence_p=own.equivalence_p, decisive_pairs=effect.n)
    else:
        looks = schedule.reached(arms.seeds)
        evidence = over_tables(own, arms, effect, rules, looks, partial(_at, judge, contrast, rules))
    detectable = evidence.detectable(evidence.nominal(1 - rules.level))
    return replace(effect, low=evidence.low, high=evidence.high, mde=detectable), evidence


Earlier = Callable[[Arms, Effect], Evidence]
"""Returns the evidence that an earlier table had, from its arms and its effect."""


def over_tables(
    own: Evidence,
    arms: Arms,
    effect: Effect,
    rules: Rules,
    looks: tuple[StudyLook, ...],
    earlier: Earlier | None = None,
) -> Evidence:
    """Return *own* evidence, that of the last of *looks*, with p-values over all of them, each with its part.

    Weighted Bonferroni: the smallest p of a look over its part, valid however the looks depend on each other. A look
    that the method of *own* could not judge yet was judged by the t test, if the rules allow a verdict by it.
    """
    earlier = earlier or (lambda _, known: fixed_evidence(known, rules))
    ps, equivalences = [], []
    for look in looks:
        there = own if look.pairs == effect.n else earlier(*at_look(arms.at(look), effect))
        if there is not own and there.is_over_replicates and look.pairs < rules.needed_replicates:
            continue
        ps.append((1.0 if there.p is None else _scaled(there.p, look.share), look.pairs, look.places))
        equivalences.append(_scaled(there.equivalence_p, look.share))
    p, pairs, places = min(ps, key=lambda each: each[:2], default=(None, 0, None))
    return replace(
        own,
        looks=looks,
        decisive_p=p,
        decisive_pairs=pairs,
        decisive_places=places,
        decisive_equivalence_p=min((each for each in equivalences if each is not None), default=None),
    )


def _at(judge: Judge, contrast: Contrast, rules: Rules, arms: Arms, effect: Effect) -> Evidence:
    """Return the evidence that there was at an earlier look, from its *arms* and *effect*."""
    return judge(contrast, arms, effect, rules) or fixed_evidence(effect, rules)


def at_look(early: Arms, effect: Effect) -> tuple[Arms, Effect]:
    """Return what was known of *effect* when there were the *early* arms only, and these."""
    return early, paired_effect(early.with_it, early.without, level=effect.level, rounding_sd=effect.rounding_sd)


@overload
def _scaled(p: float, share: float) -> float: ...
@overload
def _scaled(p: float | None, share: float) -> float | None: ...
def _scaled(p: float | None, share: float) -> float | None:
    """Return the smallest level of which a *share* is at least *p*."""
    return None if p is None else min(1.0, p / share) if share > 0 else 1.0

"""All comparisons of a table as one family: p-values adjusted by the procedure that the rules name.

===========  ========================================================================================================
``holm``     Holm's procedure, or with a margin Shaffer's (:mod:`.multiplicity`)
``max-t``    step-down max-T (:mod:`.max_t`) at each look, each with its part of the level (:mod:`.looks`). It knows the
             correlation of differences over replicates; where intervals are over test images too, Holm's procedure
             stands in
===========  ========================================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..contracts import Contrast, Family, Rules
from .arms import Arms
from .effects import Effect, paired_effect
from .evidence import Bounds, Evidence, interval_over_looks
from .looks import LookSchedule
from .multiplicity import Adjusted, adjust


@dataclass(frozen=True)
class ContrastResult:
    """The result of a contrast before adjustment for the family; without a pair, it has no effect."""

    contrast: Contrast
    arms: Arms
    effect: Effect | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True)
class FamilyResult:
    """The *adjusted* p-values of a family by one *procedure*.

    *nominal*: with max-T, the p that a single comparison needs at this look for all intervals to hold together.
    """

    adjusted: tuple[Adjusted, ...]
    procedure: Family = "holm"
    nominal: float | None = None

    def interval(self, answer: ContrastResult, rules: Rules) -> Bounds | None:
        """Return the interval of *answer* that holds with those of the whole family at every look."""
        if answer.effect is None or answer.evidence is None:
            return None
        if self.nominal is not None:
            return answer.evidence.interval_at(answer.effect.mean, self.nominal)
        return interval_over_looks(answer.effect, answer.evidence, 1 - self._part(rules))

    def detectable(self, answer: ContrastResult, rules: Rules) -> float | None:
        """Return the true effect of *answer* that is detected at 80 % power at the level that the family leaves."""
        if answer.evidence is None:
            return None
        nominal = answer.evidence.nominal(self._part(rules)) if self.nominal is None else self.nominal
        return answer.evidence.detectable(nominal)

    def _part(self, rules: Rules) -> float:
        return (1 - rules.level) / len(self.adjusted)


def judge_family(family: Sequence[ContrastResult], rules: Rules, schedule: LookSchedule) -> FamilyResult:
    """Return the adjusted p-values of *family*; a comparison without a test counts with p = 1."""
    tested = [answer.evidence for answer in family if answer.evidence and answer.evidence.p is not None]
    plain = rules.margin is None and not rules.looks and all(evidence.interval == "t" for evidence in tested)
    if rules.family == "max-t" and plain and len(family) > 1:
        return _max_t(family, rules, schedule)
    differences = [answer.evidence.decisive_p if answer.evidence else None for answer in family]
    equivalences = [answer.evidence.decisive_equivalence_p if answer.evidence else None for answer in family]
    return FamilyResult(tuple(adjust(_filled(differences), None if rules.margin is None else _filled(equivalences))))


def _max_t(family: Sequence[ContrastResult], rules: Rules, schedule: LookSchedule) -> FamilyResult:
    """Adjust at each look; of several looks the smallest p over its part of the level counts (weighted Bonferroni)."""
    from .max_t import FamilyMember, max_t

    best: list[Adjusted] = [Adjusted(1.0, 1) for _ in family]
    nominal = 0.0
    for limit, share in schedule.shares():
        comparisons = [FamilyMember((), (), None)] * len(family)
        for position, answer in enumerate(family):
            early = answer.arms.first(sum(seed < limit for seed in answer.arms.seeds))
            if answer.effect is None or len(early.seeds) < 2:
                continue
            effect = paired_effect(early.with_it, early.without, rounding_sd=answer.effect.rounding_sd)
            comparisons[position] = FamilyMember(early.seeds, effect.differences, effect.p)
        if share <= 0:
            continue
        found = max_t(comparisons, share * (1 - rules.level))
        nominal = found.nominal
        best = [
            Adjusted(min(old.difference, min(1.0, new.difference / share)), new.factor)
            for old, new in zip(best, found.adjusted, strict=True)
        ]
    return FamilyResult(tuple(best), "max-t", nominal)


def _filled(ps: Sequence[float | None]) -> list[float]:
    return [1.0 if p is None else p for p in ps]

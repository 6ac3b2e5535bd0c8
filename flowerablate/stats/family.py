"""All comparisons of a table as one family: p-values adjusted by the procedure that the rules name.

===========  ========================================================================================================
``holm``     Holm's procedure, or with a margin Shaffer's (:mod:`.multiplicity`)
``max-t``    step-down max-T (:mod:`.max_t`) at each look, each with its part of the level (:mod:`.looks`). It knows the
             correlation of differences over replicates. Where intervals are over test images too, and with fewer
             than ten replicates, which tell a correlation too vaguely, Holm's procedure stands in
===========  ========================================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..contracts import Contrast, Family, Rules
from .arms import Arms
from .effects import Effect
from .evidence import Bounds, Evidence
from .judging import at_look, interval_over_looks
from .looks import LookSchedule
from .multiplicity import Adjusted, adjust
from .robust import MIN_PAIRS


@dataclass(frozen=True)
class ContrastResult:
    """The result of a contrast before adjustment for the family; without a pair, it has no effect.

    *schedule*: the looks at it.
    """

    contrast: Contrast
    arms: Arms
    schedule: LookSchedule
    effect: Effect | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True)
class FamilyResult:
    """The *adjusted* p-values of a family by one *procedure*.

    *nominal*: with max-T, the p that a single comparison needs at this look for all intervals to hold together, and
    *pairs*, by comparison, the number of pairs at the look that decides.
    """

    adjusted: tuple[Adjusted, ...]
    procedure: Family = "holm"
    nominal: float | None = None
    pairs: tuple[int, ...] = ()

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

    def needed(self, family: Sequence[ContrastResult], rules: Rules) -> dict[str, float]:
        """Return, by label, the p that each tested comparison of *family* needs in this table by itself."""
        alpha = 1 - rules.level
        tested = [each for each in family if each.evidence and each.evidence.looks]
        if self.nominal is None:
            return {each.contrast.label: each.evidence.nominal(alpha) for each in tested if each.evidence}
        shares = dict(
            zip((each.contrast.label for each in family), own_shares([e.schedule for e in family]), strict=True)
        )
        return {label: alpha * own[max(own)] for label in (e.contrast.label for e in tested) if (own := shares[label])}

    def _part(self, rules: Rules) -> float:
        return (1 - rules.level) / len(self.adjusted)


def judge_family(family: Sequence[ContrastResult], rules: Rules) -> FamilyResult:
    """Return the adjusted p-values of *family*; a comparison without a test counts with p = 1."""
    if rules.family == "max-t" and len(family) > 1 and _suits_max_t(family, rules):
        return _max_t(family, rules)
    differences = [each.evidence.decisive_p if each.evidence else None for each in family]
    equivalences = [each.evidence.decisive_equivalence_p if each.evidence else None for each in family]
    return FamilyResult(tuple(adjust(_filled(differences), None if rules.margin is None else _filled(equivalences))))


def _suits_max_t(family: Sequence[ContrastResult], rules: Rules) -> bool:
    tested = [each for each in family if each.evidence and each.evidence.p is not None]
    enough = all(len(each.arms.seeds) >= MIN_PAIRS for each in tested)
    over_replicates = all(each.evidence.interval == "t" for each in tested if each.evidence)
    return enough and over_replicates and rules.margin is None and not rules.looks


def _max_t(family: Sequence[ContrastResult], rules: Rules) -> FamilyResult:
    """Adjust at each look; of several looks the smallest p over its part of the level counts (weighted Bonferroni).

    A comparison counts for others at every look, and is decided at those of its own, each with the part of the table in
    which it was shown.
    """
    best: list[Adjusted] = [Adjusted(1.0, 1) for _ in family]
    nominal = 0.0
    pairs = [0] * len(family)
    shares = own_shares([each.schedule for each in family])
    for limit in sorted({limit for own in shares for limit, share in own.items() if share > 0}):
        part = min(own[limit] for own in shares if own.get(limit, 0) > 0)
        found, nominal = _adjusted_at(limit, family, part * (1 - rules.level))
        for position, new in enumerate(found):
            share = shares[position].get(limit, 0)
            if share <= 0:
                continue
            p = min(1.0, new.difference / share)
            if p < best[position].difference:
                pairs[position] = sum(seed < limit for seed in family[position].arms.seeds)
            best[position] = Adjusted(min(best[position].difference, p), new.factor)
    return FamilyResult(tuple(best), "max-t", nominal, tuple(pairs))


def own_shares(schedules: Sequence[LookSchedule]) -> list[dict[int, float]]:
    """Return, by comparison, its unplanned looks and what each may spend of the level: the part of its table.

    The tables of the family are those of all comparisons, in the order in which they were shown. One with other pairs
    than the first ones of now is not judged again: it was about other pairs of all comparisons.
    """
    keys = sorted({table.key for each in schedules for table in each.tables if table.number})
    return [
        {
            table.replicates: each.share(keys.index(table.key) + 1 if table.number else 0)
            for table in each.tables
            if table.decides and table.seeds is None
        }
        for each in schedules
    ]


def _adjusted_at(limit: int, family: Sequence[ContrastResult], alpha: float) -> tuple[Sequence[Adjusted], float]:
    """Return what the look at *limit* replicates said, by Holm's procedure if it had too few, and the p it needed."""
    from .max_t import FamilyMember, max_t

    members = [FamilyMember((), (), None)] * len(family)
    for position, each in enumerate(family):
        pairs = sum(seed < limit for seed in each.arms.seeds)
        if each.effect is not None and pairs > 1 and (pairs >= each.schedule.min_pairs or pairs == each.effect.n):
            early, effect = at_look(each.arms.first(pairs), each.effect)
            members[position] = FamilyMember(early.seeds, effect.differences, effect.p)
    if any(len(member.seeds) < MIN_PAIRS for member in members if member.p is not None):
        return adjust(_filled([member.p for member in members])), alpha / len(members)
    found = max_t(members, alpha)
    return found.adjusted, found.nominal


def _filled(ps: Sequence[float | None]) -> list[float]:
    return [1.0 if p is None else p for p in ps]

"""From the trials of a study to the rows of its table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from ..contracts import (
    CORE_COSTS,
    Contrast,
    CostInfo,
    JudgedTable,
    MetricInfo,
    Rules,
    TrialOutcome,
    TrialResult,
    TunedBase,
    failures,
    finished,
)
from ..errors import StudyError, nearest
from .alarms import alarms
from .arms import Arms, Values, arms_of, changes_of, contrasts_for, values_of
from .effects import paired_effect
from .evidence import Judge, first_that_knows
from .family import ContrastResult, FamilyResult, judge_family
from .images import ImageEvidence
from .judging import judged
from .looks import LookSchedule, is_complete, replicates_of, rules_in_force, seeds_of
from .modified_t import judge_by_modified_t
from .multiplicity import Adjusted
from .notes import doubts, write_notes
from .pairs import ids_by_seed, pairs_of
from .population import judge_by_images, uses_images
from .resolution import resolution_of, rounding_sd
from .rows import Row, Secondary, Summary, Tally
from .verdicts import Decision, decide, lower_is_better_by_name

_Verdict: TypeAlias = tuple[Adjusted, Decision | None]
"""The adjusted p-values and the decision of a contrast in the family; no decision if it has no pair."""


def summarise(
    results: Sequence[TrialOutcome],
    contrasts: Sequence[Contrast] = (),
    *,
    rules: Rules | None = None,
    metric: str | None = None,
    secondary: Sequence[str] = (),
    metrics: Mapping[str, MetricInfo] | None = None,
    tuned: TunedBase | None = None,
    looked: Sequence[int] = (),
    seen: Mapping[str, Sequence[int]] | None = None,
    late: Mapping[str, int] | None = None,
    shown: Sequence[Rules] = (),
    told: Sequence[Rules] = (),
    judged: Mapping[str, Sequence[JudgedTable | tuple[int, int]]] | None = None,
    pending: int = 0,
    images: Mapping[str, ImageEvidence] | None = None,
    judge: Judge | None = None,
    costs: Sequence[CostInfo] | None = None,
    counts: bool = True,
) -> Summary:
    """Evaluate the *contrasts*, paired by seed, and compare every variant that is in none of them with the base.

    The caller selects the results: all must belong to one base, and no variant may have a seed twice (else
    :class:`ValueError`, as for no results at all). *metric* defaults to the rules' primary one; the margin applies to
    the primary one only. *secondary* metrics get effects without verdicts. *metrics* describes them; a metric that it
    lacks is judged by its name (``loss``, ``...error``). *tuned*: how the base alone was tuned. *judged*: what each
    earlier table was about, by the label of the contrast. Where that is not known, *looked* are the numbers of
    replicates of tables without a plan, *seen* those of the tables that had a contrast, by label (by default *looked*).
    *late* gives, by label, the number of replicates of the last table with verdicts before a contrast was first asked,
    *shown* the rules of the tables with verdicts, *told* those of all. *pending* is the number of trials still to run.
    *images*: the influence of the test images on each metric, for rules that request intervals over replicates x images
    (see :mod:`.population`). *judge*: another method for the evidence (see :mod:`.evidence`), which replaces that one.
    *costs* describes the costs of the rows; by default they are the core's and all others in the results. *counts*:
    whether this table is one of those that the ledger records; another one decides nothing that they have not decided.
    Raises :class:`StudyError` if no trial has the metric.
    """
    given = rules or Rules()
    rules = given if metric in (None, given.metric) else replace(given, metric=metric or "", margin=None)
    _check(results, rules.metric)
    info = _info(rules.metric, metrics)
    groups: dict[str, list[TrialOutcome]] = {"": []}
    for result in results:
        groups.setdefault(result.change, []).append(result)
    values = values_of(results, rules.metric)
    asked = contrasts_for(results, contrasts)
    over_images = judge is not None or uses_images(rules, (images or {}).get(rules.metric))
    rules = rules_in_force(rules, told, over_images=over_images)
    judge = judge or first_that_knows(judge_by_images(images or {}), judge_by_modified_t)
    seeds = _seeds(results)
    step = resolution_of(finished(results), rules.metric)
    seeds_by_change, ids = seeds_of(results), ids_by_seed(results)

    def schedule_of(contrast: Contrast) -> LookSchedule:
        shown_at = looked if rules.looks or not seen else seen.get(contrast.label, ())
        now = replicates_of(contrast, seeds_by_change) or seeds[-1] + 1
        before = judged.get(contrast.label, ()) if judged else ()
        complete = is_complete(contrast, seeds_by_change, now)
        pairs = pairs_of(contrast, ids)
        return LookSchedule.of(
            rules,
            shown_at,
            now,
            shown,
            before,
            pairs,
            complete=complete,
            over_images=over_images,
            counts=counts,
        )

    arms = [arms_of(contrast, values, seeds) for contrast in asked]
    answers = [
        _answer(contrast, each, rules, judge, step, schedule_of(contrast))
        for contrast, each in zip(asked, arms, strict=True)
    ]
    members = [each for each in answers if each.contrast.in_family]
    family = judge_family([_as_judged(each, pending) for each in members], rules)
    verdicts = iter(_verdicts(members, family, rules, info, pending))
    known = _costs_of(results) if costs is None else tuple(costs)
    summary = Summary(
        metric=rules.metric,
        lower_is_better=info.lower_is_better,
        percent=info.percent,
        level=rules.level,
        comparisons=len(members),
        procedure=family.procedure,
        base=_base_row(groups[""], values.get("", {}), known),
        rows=tuple(
            _shown(
                _in_family(
                    _row(each, next(verdicts) if each.contrast.in_family else None, groups, values, seeds, known),
                    each,
                    family,
                    rules,
                ),
                each,
                pending,
            )
            for each in answers
        ),
        rules=rules,
        secondary=tuple(
            _secondary(_info(name, metrics), results, answers, rules, judge, pending)
            for name in secondary
            if name != rules.metric
        ),
        costs=known,
        kept=max(
            (each.schedule.kept for each in answers if each.evidence and not each.schedule.is_provisional(pending)),
            default=0.0,
        ),
    )
    notes = write_notes(
        summary,
        results,
        pending=pending,
        schedules={each.contrast.label: each.schedule for each in answers},
        needed=family.needed(members, rules),
        late=late or {},
        shown=shown,
        told=told,
        given=given,
        counts=counts,
        images=images or {},
        tuned=tuned,
    )
    return replace(summary, notes=notes, alarms=alarms(summary, results), doubts=doubts(summary, results, pending))


def _info(metric: str, metrics: Mapping[str, MetricInfo] | None) -> MetricInfo:
    known = (metrics or {}).get(metric)
    if known is not None:
        return known
    lower = lower_is_better_by_name(metric)
    return MetricInfo(metric, lower_is_better=lower, percent=not lower)


def _secondary(
    info: MetricInfo,
    results: Sequence[TrialOutcome],
    answers: Sequence[ContrastResult],
    rules: Rules,
    judge: Judge,
    pending: int,
) -> Secondary:
    values = values_of(results, info.name)
    rules = replace(rules, metric=info.name, margin=None)
    seeds = _seeds(results)
    step = resolution_of(finished(results), info.name)
    arms = [arms_of(each.contrast, values, seeds) for each in answers]
    effects = [
        _answer(each.contrast, its, rules, judge, step, each.schedule).effect
        for each, its in zip(answers, arms, strict=True)
    ]
    shown = [
        effect.untested() if effect and each.schedule.is_provisional(pending) else effect
        for effect, each in zip(effects, answers, strict=True)
    ]
    return Secondary(info, _mean(list(values.get("", {}).values())), tuple(shown))


def _answer(
    contrast: Contrast, arms: Arms, rules: Rules, judge: Judge, step: float, schedule: LookSchedule
) -> ContrastResult:
    if not arms.seeds:
        return ContrastResult(contrast, arms, schedule)
    least = rounding_sd(step, arms.squared_weights)
    effect = paired_effect(arms.with_it, arms.without, level=rules.level, rounding_sd=least)
    return ContrastResult(contrast, arms, schedule, *judged(contrast, arms, effect, rules, schedule, judge))


def _in_family(row: Row, answer: ContrastResult, family: FamilyResult, rules: Rules) -> Row:
    """Return *row* with what holds for all comparisons and looks together."""
    if not answer.contrast.in_family:
        return row
    return replace(row, family_mde=family.detectable(answer, rules), family_interval=family.interval(answer, rules))


def _as_judged(answer: ContrastResult, pending: int) -> ContrastResult:
    """Return *answer* for the family; where it is provisional, it must not decide what is shown of others."""
    if answer.evidence is None or not answer.schedule.is_provisional(pending):
        return answer
    return replace(answer, evidence=replace(answer.evidence, decisive_p=None, decisive_equivalence_p=None))


def _shown(row: Row, answer: ContrastResult, pending: int) -> Row:
    """Return *row* without tests and intervals while this table would be one more look, which nothing pays for."""
    if row.effect is None or not answer.schedule.is_provisional(pending):
        return row
    effect = row.effect.untested()
    return replace(row, effect=effect, evidence=None, adjusted=None, family_mde=None, family_interval=None)


def _seeds(results: Iterable[TrialOutcome]) -> list[int]:
    return sorted({result.seed for result in results})


def _check(results: Sequence[TrialOutcome], metric: str) -> None:
    if not results:
        raise ValueError("there are no results to summarise")
    bases = sorted({result.base_id for result in results})
    if len(bases) > 1:
        raise ValueError(f"results of {len(bases)} different bases cannot be compared: {', '.join(bases)}")
    seen: set[tuple[str, int]] = set()
    for result in results:
        if (result.change, result.seed) in seen:
            raise ValueError(f"two results for {result.change or 'base'} with seed {result.seed}")
        seen.add((result.change, result.seed))
    done = finished(results)
    if done and not any(metric in result.metrics for result in done):
        known = sorted({name for result in done for name in result.metrics})
        raise StudyError(f"no trial has the metric {metric!r}; {nearest(metric, known)}")


def _base_row(group: Sequence[TrialOutcome], values: Mapping[int, float], costs: Sequence[CostInfo]) -> Row:
    return Row(
        label="base",
        change="",
        seeds=tuple(sorted(values)),
        tally=_tally(group, failed=len(group) - len(values)),
        base_mean=_mean(list(values.values())),
        costs=_costs(group, costs),
    )


def _row(
    answer: ContrastResult,
    verdict: _Verdict | None,
    groups: Mapping[str, Sequence[TrialOutcome]],
    values: Values,
    seeds: Sequence[int],
    costs: Sequence[CostInfo],
) -> Row:
    contrast, arms = answer.contrast, answer.arms
    subjects = [change for change in changes_of(contrast) if change]
    trials = [result for change in subjects for result in groups.get(change, ())]
    described = _described(contrast)
    tally = _tally(
        trials,
        failed=sum(result.seed not in values.get(result.change, {}) for result in trials),
        unpaired=_unpaired(contrast, values, seeds),
    )
    adjusted, decision = verdict or (None, None)
    if verdict and not decision:
        decision = Decision("undecided", tally.why_no_pair)
    return Row(
        label=contrast.label,
        change=described or "",
        seeds=arms.seeds,
        tally=tally,
        base_mean=_mean(arms.with_it) if arms.are_means else None,
        variant_mean=_mean(arms.without) if arms.are_means else None,
        costs=_costs(groups.get(described, []) if described else [], costs),
        contrast=contrast,
        effect=answer.effect,
        evidence=answer.evidence,
        adjusted=adjusted,
        decision=decision,
    )


def _described(contrast: Contrast) -> str | None:
    """Return the change whose costs the row shows: the one variant that is not the reference, if there is one."""
    if len(contrast.weights) != 2 or contrast.by_seed:
        return None
    wanted = contrast.kind == "addition"
    return next(change for change, weight in contrast.weights.items() if (weight > 0) == wanted)


def _unpaired(contrast: Contrast, values: Values, seeds: Sequence[int]) -> int:
    count = 0
    for seed in seeds:
        weights = contrast.weights_on(seed)
        missing = {change for change in weights if seed not in values.get(change, {})}
        count += missing == {""}
    return count


def _tally(trials: Sequence[TrialOutcome], *, failed: int, unpaired: int = 0) -> Tally:
    return Tally(
        trials=len(trials),
        failed=failed,
        collapsed=sum(result.collapsed for result in finished(trials)),
        unpaired=unpaired,
        first_failure=next((failure.reason for failure in failures(trials)), ""),
    )


def _costs_of(results: Iterable[TrialOutcome]) -> tuple[CostInfo, ...]:
    """Return the core's costs, and a plain description of every other cost in the results."""
    known = {info.name: info for info in CORE_COSTS}
    others = sorted({name for result in finished(results) for name in result.costs} - known.keys())
    return (*CORE_COSTS, *(CostInfo(name, name) for name in others))


def _costs(group: Sequence[TrialOutcome], costs: Sequence[CostInfo]) -> dict[str, float | None]:
    done = finished(group)
    return {info.name: _combined(info, done) for info in costs}


def _combined(info: CostInfo, results: Sequence[TrialResult]) -> float | None:
    """Return the cost of a variant, combined as *info* says; values that are missing or not finite are left out."""
    values = [value for result in results if (value := result.cost(info)) is not None and math.isfinite(value)]
    if info.combined == "mean" or not values:
        return _mean(values)
    return max(values) if info.combined == "max" else values[0]


def _verdicts(
    answers: Sequence[ContrastResult], family: FamilyResult, rules: Rules, info: MetricInfo, pending: int
) -> list[_Verdict]:
    """Decide on the *answers* of a family; a comparison without a pair gets no decision: its tally gives the reason."""
    verdicts: list[_Verdict] = []
    for position, (each, adjusted) in enumerate(zip(answers, family.adjusted, strict=True)):
        if each.effect is None or each.evidence is None:
            verdicts.append((adjusted, None))
            continue
        evidence = replace(each.evidence, decisive_pairs=family.pairs[position]) if family.pairs else each.evidence
        given = (each.contrast, each.effect, evidence, adjusted, rules, each.schedule)
        verdicts.append((adjusted, decide(*given, lower_is_better=info.lower_is_better, pending=pending)))
    return verdicts


def _mean(values: Sequence[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else None

"""From the trials of a study to the rows of its table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..contracts import Contrast, MetricInfo, Rules, TrialResult
from ..errors import StudyError, nearest
from .arms import Arms, Values, arms_of, changes_of, contrasts_for, values_of
from .effects import Effect, paired_effect
from .evidence import Evidence, Judge, judged
from .images import ImageEvidence
from .multiplicity import adjust
from .notes import write_notes
from .population import judge_by_images
from .rows import Row, Secondary, Summary
from .verdicts import decide, lower_is_better_by_name


def summarise(
    results: Sequence[TrialResult],
    contrasts: Sequence[Contrast] = (),
    *,
    rules: Rules | None = None,
    metric: str | None = None,
    secondary: Sequence[str] = (),
    metrics: Mapping[str, MetricInfo] | None = None,
    looked: Sequence[int] = (),
    pending: int = 0,
    images: Mapping[str, ImageEvidence] | None = None,
    judge: Judge | None = None,
) -> Summary:
    """Answer the *contrasts*, paired by seed, and compare every variant that is in none of them with the base.

    The caller selects the results: all must belong to one base, and no variant may have a seed twice (else
    :class:`ValueError`, as for no results at all). *metric* is the rules' primary one if not given; the margin speaks
    of the primary one alone. *secondary* metrics get effects without verdicts. *metrics* tells how to read each; for
    one that it lacks, the name tells (``loss``, ``...error``). *looked* are the numbers of replicates at which verdicts
    were shown without a plan, *pending* is the number of trials that are planned but not there yet. *images*: what the
    test images do to each metric, for rules that ask for intervals over replicates x images (see :mod:`.population`).
    *judge*: yet another way to the evidence (see :mod:`.evidence`), in the place of that. Raises :class:`StudyError`
    when no trial has the metric.
    """
    given = rules or Rules()
    rules = given if metric in (None, given.metric) else replace(given, metric=metric or "", margin=None)
    _check(results, rules.metric)
    info = _info(rules.metric, metrics)
    groups: dict[str, list[TrialResult]] = {"": []}
    for result in results:
        groups.setdefault(result.change, []).append(result)
    values = values_of(results, rules.metric)
    asked = contrasts_for(results, contrasts)
    judge = judge or judge_by_images(images or {})
    seeds = _seeds(results)
    rows = [_row(contrast, groups, values, seeds, rules, judge) for contrast in asked]
    rows = _with_verdicts(rows, rules, lower_is_better=info.lower_is_better)
    summary = Summary(
        metric=rules.metric,
        lower_is_better=info.lower_is_better,
        percent=info.percent,
        level=rules.level,
        comparisons=sum(contrast.in_family for contrast in asked),
        base=_base_row(groups[""], values.get("", {})),
        rows=tuple(rows),
        rules=rules,
        secondary=tuple(
            _secondary(_info(name, metrics), results, asked, rules, judge) for name in secondary if name != rules.metric
        ),
    )
    notes = write_notes(summary, results, pending=pending, looked=looked, primary=given.metric, images=images or {})
    return replace(summary, notes=notes)


def _info(metric: str, metrics: Mapping[str, MetricInfo] | None) -> MetricInfo:
    known = (metrics or {}).get(metric)
    if known is not None:
        return known
    lower = lower_is_better_by_name(metric)
    return MetricInfo(metric, lower_is_better=lower, percent=not lower)


def _secondary(
    info: MetricInfo, results: Sequence[TrialResult], contrasts: Sequence[Contrast], rules: Rules, judge: Judge
) -> Secondary:
    values = values_of(results, info.name)
    rules = replace(rules, metric=info.name, margin=None)
    seeds = _seeds(results)
    effects = tuple(
        _judged_effect(contrast, arms_of(contrast, values, seeds), rules, judge)[0] for contrast in contrasts
    )
    return Secondary(info, _mean(list(values.get("", {}).values())), effects)


def _judged_effect(
    contrast: Contrast, arms: Arms, rules: Rules, judge: Judge
) -> tuple[Effect, Evidence] | tuple[None, None]:
    """Return the effect of *arms* with what it has to show; None and None without a single pair."""
    if not arms.seeds:
        return None, None
    return judged(contrast, arms, paired_effect(arms.with_it, arms.without, level=rules.level), rules, judge)


def _seeds(results: Iterable[TrialResult]) -> list[int]:
    return sorted({result.seed for result in results})


def _check(results: Sequence[TrialResult], metric: str) -> None:
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
    finished = [result for result in results if not result.failure]
    if finished and not any(metric in result.metrics for result in finished):
        known = sorted({name for result in finished for name in result.metrics})
        raise StudyError(f"no trial has the metric {metric!r}; {nearest(metric, known)}")


def _base_row(group: Sequence[TrialResult], values: Mapping[int, float]) -> Row:
    return replace(
        _costs("base", "", group),
        n=len(values),
        seeds=tuple(sorted(values)),
        base_mean=_mean(list(values.values())),
        failed=len(group) - len(values),
    )


def _row(
    contrast: Contrast,
    groups: Mapping[str, list[TrialResult]],
    values: Values,
    seeds: Sequence[int],
    rules: Rules,
    judge: Judge,
) -> Row:
    arms = arms_of(contrast, values, seeds)
    effect, evidence = _judged_effect(contrast, arms, rules, judge)
    subjects = [change for change in changes_of(contrast) if change]
    trials = [result for change in subjects for result in groups.get(change, ())]
    described = _described(contrast)
    row = _costs(contrast.label, described or "", groups.get(described, []) if described else [])
    return replace(
        row,
        contrast=contrast,
        n=len(arms.seeds),
        seeds=arms.seeds,
        trials=len(trials),
        failed=sum(result.seed not in values.get(result.change, {}) for result in trials),
        collapsed=sum(result.collapsed for result in trials if not result.failure),
        first_failure=next((result.failure for result in trials if result.failure), ""),
        unpaired=_unpaired(contrast, values, seeds),
        base_mean=_mean(arms.with_it) if arms.are_means else None,
        variant_mean=_mean(arms.without) if arms.are_means else None,
        effect=effect,
        evidence=evidence,
    )


def _described(contrast: Contrast) -> str | None:
    """Return the change that the row's costs are about: the one variant that is not the reference, if there is one."""
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


def _costs(label: str, change: str, group: Sequence[TrialResult]) -> Row:
    finished = [result for result in group if not result.failure]
    first = finished[0] if finished else None
    return Row(
        label=label,
        change=change,
        n=0,
        failed=0,
        collapsed=sum(result.collapsed for result in finished),
        unpaired=0,
        base_mean=None,
        variant_mean=None,
        seconds=_mean([result.seconds for result in finished]),
        images_per_second=_mean([result.images_per_second for result in finished]),
        parameters=first.parameters if first else None,
        trials=len(group),
        first_failure=next((result.failure for result in group if result.failure), ""),
        flops=(first.flops or None) if first else None,
        memory=max((result.memory for result in finished), default=0) or None,
    )


def _with_verdicts(rows: Sequence[Row], rules: Rules, *, lower_is_better: bool) -> list[Row]:
    """Adjust the p-values over the family and decide; a comparison without a test counts in the family with p = 1."""
    family = [row for row in rows if row.contrast and row.contrast.in_family]
    differences = [row.evidence.p if row.evidence else None for row in family]
    equivalences = [row.evidence.equivalence_p if row.evidence else None for row in family]
    adjusted = adjust(_filled(differences), None if rules.margin is None else _filled(equivalences))
    decided = iter(zip(differences, equivalences, adjusted, strict=True))
    judged_rows = []
    for row in rows:
        if row.contrast is None or not row.contrast.in_family:
            judged_rows.append(row if row.effect else replace(row, reason=_why_no_pair(row)))
            continue
        p, equivalence_p, now = next(decided)
        if row.effect is None or row.evidence is None:
            judged_rows.append(replace(row, verdict="undecided", reason=_why_no_pair(row)))
            continue
        decision = decide(row.contrast, row.effect, row.evidence, now, rules, lower_is_better=lower_is_better)
        judged_rows.append(
            replace(
                row,
                adjusted_p=None if p is None else now.difference,
                adjusted_equivalence_p=None if equivalence_p is None else now.equivalence,
                verdict=decision.verdict,
                reason=decision.reason,
                more_replicates=decision.more,
                chance=decision.chance,
            )
        )
    return judged_rows


def _filled(ps: Sequence[float | None]) -> list[float]:
    return [1.0 if p is None else p for p in ps]


def _why_no_pair(row: Row) -> str:
    if row.trials == 0:
        return "n = 0: no trial has been run yet"
    if row.failed == row.trials:
        return "n = 0: all trials failed"
    if row.unpaired:
        return "n = 0: the base has no value for these seeds"
    return "n = 0: no seed has a value for every variant that this weighs"


def _mean(values: Sequence[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else None

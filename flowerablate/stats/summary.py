"""From the trials of a study to the rows of its table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..contracts import Contrast, Rules, TrialResult
from ..errors import StudyError, nearest
from .arms import Values, arms_of, changes_of, contrasts_for, values_of
from .effects import Effect, paired_effect
from .multiplicity import holm, holm_factors
from .notes import write_notes
from .verdicts import Verdict, decide, lower_is_better_by_name


@dataclass(frozen=True)
class Row:
    """One contrast, or the base; None stands for what the trials cannot tell.

    *n* counts the pairs: seeds on which every variant of the contrast has a value (for the base itself: trials with a
    value). *base_mean* and *variant_mean* are the means of the arm with and of that without the component, over these
    pairs, where the arms are means of variants. *seconds* (per trial), *images_per_second*, *parameters*, *flops* and
    *memory* are those of the variant that the row is about, over all its trials that did not fail; None where it is
    about several. Of the *trials*, *failed* ones have no value; *collapsed* ones have, and are kept; *unpaired* counts
    seeds that lack nothing but the base. *first_failure* is what the first failed trial said. *verdict* is None for
    the base and outside the family.
    """

    label: str
    change: str
    n: int
    failed: int
    collapsed: int
    unpaired: int
    base_mean: float | None
    variant_mean: float | None
    effect: Effect | None = None
    adjusted_p: float | None = None
    verdict: Verdict | None = None
    reason: str = ""
    more_replicates: int | None = None
    seconds: float | None = None
    images_per_second: float | None = None
    parameters: int | None = None
    trials: int = 0
    first_failure: str = ""
    contrast: Contrast | None = None
    flops: int | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Summary:
    """What a study's trials say about *metric*: the *base*, one row per contrast, and *notes* to be printed below.

    *comparisons* is the size of the family that Holm's procedure spans: those without a test included. *rules* say how
    the verdicts were reached.
    """

    metric: str
    lower_is_better: bool
    level: float
    comparisons: int
    base: Row
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    rules: Rules = field(default_factory=Rules)


def summarise(
    results: Sequence[TrialResult],
    contrasts: Sequence[Contrast] = (),
    *,
    rules: Rules | None = None,
    metric: str | None = None,
    lower_is_better: bool | None = None,
    pending: int = 0,
) -> Summary:
    """Answer the *contrasts*, paired by seed, and compare every variant that is in none of them with the base.

    The caller selects the results: all must belong to one base, and no variant may have a seed twice (else
    :class:`ValueError`, as for no results at all). *metric* is the rules' primary one if not given. *pending* is the
    number of trials that are planned but not there yet. Where *lower_is_better* is None, the metric's name tells
    (``loss``, ``...error``). Raises :class:`StudyError` when no trial has the metric.
    """
    rules = rules or Rules()
    metric = metric or rules.metric
    _check(results, metric)
    if lower_is_better is None:
        lower_is_better = lower_is_better_by_name(metric)
    groups: dict[str, list[TrialResult]] = {"": []}
    for result in results:
        groups.setdefault(result.change, []).append(result)
    values = values_of(results, metric)
    base = _base_row(groups[""], values.get("", {}))
    rows = [_row(contrast, groups, values, rules.level) for contrast in contrasts_for(results, contrasts)]
    rows = _with_verdicts(rows, lower_is_better=lower_is_better)
    summary = Summary(metric, lower_is_better, rules.level, len(rows), base, tuple(rows), rules=rules)
    return replace(summary, notes=write_notes(summary, results, pending))


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
        base_mean=_mean(list(values.values())),
        failed=len(group) - len(values),
    )


def _row(contrast: Contrast, groups: Mapping[str, list[TrialResult]], values: Values, level: float) -> Row:
    seeds = sorted({result.seed for group in groups.values() for result in group})
    arms = arms_of(contrast, values, seeds)
    subjects = [change for change in changes_of(contrast) if change]
    trials = [result for change in subjects for result in groups.get(change, ())]
    described = _described(contrast)
    row = _costs(contrast.label, described or "", groups.get(described, []) if described else [])
    return replace(
        row,
        contrast=contrast,
        n=len(arms.seeds),
        trials=len(trials),
        failed=sum(result.seed not in values.get(result.change, {}) for result in trials),
        collapsed=sum(result.collapsed for result in trials if not result.failure),
        first_failure=next((result.failure for result in trials if result.failure), ""),
        unpaired=_unpaired(contrast, values, seeds),
        base_mean=_mean(arms.with_it) if arms.are_means else None,
        variant_mean=_mean(arms.without) if arms.are_means else None,
        effect=paired_effect(arms.with_it, arms.without, level=level) if arms.seeds else None,
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


def _with_verdicts(rows: Sequence[Row], *, lower_is_better: bool) -> list[Row]:
    """Adjust the p-values over the family and decide; a comparison without a test counts in the family with p = 1."""
    ps = [row.effect.p if row.effect else None for row in rows]
    filled = [1.0 if p is None else p for p in ps]
    judged = []
    for row, p, adjusted, factor in zip(rows, ps, holm(filled), holm_factors(filled), strict=True):
        adjusted_p = None if p is None else adjusted
        if row.effect is None:
            judged.append(replace(row, verdict="undecided", reason=_why_no_pair(row)))
            continue
        swap = row.contrast is not None and row.contrast.kind in ("swap", "setting")
        decision = decide(row.effect, adjusted_p, swap=swap, factor=factor, lower_is_better=lower_is_better)
        judged.append(
            replace(
                row,
                adjusted_p=adjusted_p,
                verdict=decision.verdict,
                reason=decision.reason,
                more_replicates=decision.more,
            )
        )
    return judged


def _why_no_pair(row: Row) -> str:
    return "n = 0: all trials failed" if row.failed == row.trials else "n = 0: the base has no value for these seeds"


def _mean(values: Sequence[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else None

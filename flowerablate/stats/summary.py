"""From the trials of a study to the rows of its table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..contracts import TrialResult
from ..errors import StudyError, nearest
from .effects import Effect, paired_effect
from .multiplicity import holm, holm_factors
from .notes import write_notes
from .verdicts import Verdict, decide, is_swap, lower_is_better_by_name


@dataclass(frozen=True)
class Row:
    """One variant in comparison with the base; None stands for what the trials cannot tell.

    *n* counts the pairs: seeds with a value of the metric in both arms (for the base itself: trials with a value).
    *base_mean* and *variant_mean* are over these pairs. *seconds* (per trial) and *images_per_second* are means over
    all trials that did not fail. Of the *trials*, *failed* ones have no value; *collapsed* ones have, and are kept;
    *unpaired* ones have a value but no partner in the base. *first_failure* is what the first failed trial said.
    *verdict* is None for the base.
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


@dataclass(frozen=True)
class Summary:
    """What a study's trials say about *metric*: the *base*, one row per variant, and *notes* to be printed below.

    *comparisons* is the size of the family that Holm's procedure spans: all variants, those without a test included.
    """

    metric: str
    lower_is_better: bool
    level: float
    comparisons: int
    base: Row
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def summarise(
    results: Sequence[TrialResult],
    *,
    metric: str = "accuracy",
    level: float = 0.95,
    lower_is_better: bool | None = None,
    pending: int = 0,
) -> Summary:
    """Compare each variant with the base, paired by seed; variants stay in the order in which they first appear.

    The caller selects the results: all must belong to one base, and no variant may have a seed twice (else
    :class:`ValueError`, as for no results at all). *pending* is the number of trials that are planned but not there
    yet. Where *lower_is_better* is None, the metric's name tells (``loss``, ``...error``). Raises :class:`StudyError`
    when no trial has *metric*.
    """
    _check(results, metric)
    if lower_is_better is None:
        lower_is_better = lower_is_better_by_name(metric)
    groups: dict[str, list[TrialResult]] = {"": []}
    for result in results:
        groups.setdefault(result.change, []).append(result)
    base_values = _values(groups[""], metric)
    base = _base_row(groups.pop(""), base_values)
    rows = [_variant_row(change, group, base_values, metric, level) for change, group in groups.items()]
    rows = _with_verdicts(rows, lower_is_better=lower_is_better)
    summary = Summary(metric, lower_is_better, level, len(rows), base, tuple(rows))
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


def _values(group: Sequence[TrialResult], metric: str) -> dict[int, float]:
    """The metric by seed, for trials that have a finite one."""
    return {
        result.seed: result.metrics[metric]
        for result in group
        if not result.failure and math.isfinite(result.metrics.get(metric, math.nan))
    }


def _base_row(group: Sequence[TrialResult], values: dict[int, float]) -> Row:
    return replace(
        _costs("", group), n=len(values), base_mean=_mean(list(values.values())), failed=len(group) - len(values)
    )


def _variant_row(
    change: str, group: Sequence[TrialResult], base_values: dict[int, float], metric: str, level: float
) -> Row:
    values = _values(group, metric)
    seeds = [seed for seed in values if seed in base_values]
    pairs = [base_values[seed] for seed in seeds], [values[seed] for seed in seeds]
    return replace(
        _costs(change, group),
        n=len(seeds),
        failed=len(group) - len(values),
        unpaired=len(values) - len(seeds),
        base_mean=_mean(pairs[0]),
        variant_mean=_mean(pairs[1]),
        effect=paired_effect(*pairs, level=level) if seeds else None,
    )


def _costs(change: str, group: Sequence[TrialResult]) -> Row:
    finished = [result for result in group if not result.failure]
    return Row(
        label=change or "base",
        change=change,
        n=0,
        failed=0,
        collapsed=sum(result.collapsed for result in finished),
        unpaired=0,
        base_mean=None,
        variant_mean=None,
        seconds=_mean([result.seconds for result in finished]),
        images_per_second=_mean([result.images_per_second for result in finished]),
        parameters=finished[0].parameters if finished else None,
        trials=len(group),
        first_failure=next((result.failure for result in group if result.failure), ""),
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
        swap = is_swap(row.change)
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

"""The notes under the table that a reader needs to interpret it; each is one line of text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from textwrap import shorten

from ..contracts import Rules, TrialOutcome, TrialResult, TunedBase, failures, finished, label_of
from .alarms import alarms
from .confounds import confound_notes
from .design_notes import design_notes
from .effects import sign_flip_floor
from .environment_notes import environment_notes
from .images import ImageEvidence
from .look_notes import (
    changed_pairs,
    changed_rules,
    earlier_tables,
    kept_minimum,
    kept_reserve,
    late_questions,
    undecided,
    unrecorded,
)
from .looks import LookSchedule
from .modified_t import TEST as MODIFIED_T
from .modified_t import ModifiedT
from .population import population_notes
from .resolution import known_step
from .robust import MIN_PAIRS
from .rows import Row, Summary
from .verdicts import PLACEBO
from .wording import count, short


def write_notes(
    summary: Summary,
    results: Sequence[TrialOutcome],
    *,
    pending: int = 0,
    schedules: Mapping[str, LookSchedule] | None = None,
    needed: Mapping[str, float] | None = None,
    late: Mapping[str, int] | None = None,
    shown: Sequence[Rules] = (),
    told: Sequence[Rules] = (),
    given: Rules | None = None,
    counts: bool = True,
    images: Mapping[str, ImageEvidence] | None = None,
    tuned: TunedBase | None = None,
) -> tuple[str, ...]:
    """Return the notes of *summary*; each names the variants that it is about.

    *schedules* has the looks at each comparison, *needed* the p that it needs by itself in this table, *late* the
    contrasts asked only after one of the looks, *shown* the rules of the tables with verdicts before, *told* those of
    all, *given* the study's own, with its primary metric. *counts*: whether the ledger records this table. *images*
    holds the influence of the test images by metric, *tuned* says how the base was tuned and its variants were not.
    """
    looks, given = schedules or {}, given or summary.rules
    schedule = max(looks.values(), key=lambda each: each.counted, default=LookSchedule())
    before = sorted({n for each in looks.values() for n in each.before})
    tables = earlier_tables(summary, schedule, before, needed or {}, shown)
    gone = {label: each for label, each in looks.items() if each.gone}
    return (
        *alarms(summary, results),
        *_controls_that_differ(summary),
        *_controls(summary),
        *_pending(pending, bool(summary.rules.looks)),
        *(() if _is_provisional(summary) else (*tables, *changed_pairs(gone))),
        *late_questions(summary, late or {}),
        *(() if counts or _is_provisional(summary) else unrecorded(summary)),
        *changed_rules(replace(summary.rules, min_replicates=given.min_replicates), told or shown, given.metric),
        *kept_minimum(summary.rules, given),
        *(kept_reserve(summary.rules, schedule) if looks else ()),
        *_another_metric(summary, given.metric),
        *_unequal_tuning(summary, tuned),
        *_missing_base(summary),
        *_failed(summary, results),
        *_collapsed(results),
        *_unpaired(summary.rows),
        *undecided(summary, schedule),
        *_other_rules(summary),
        *_single_against_family(summary),
        *_decided_before(summary.rows),
        *_equal_and_negligible(summary),
        *_coarse_margin(summary, results),
        *_few_replicates_carry(summary.rows),
        *_skewed(summary),
        *_unequal_losses(summary, results),
        *_sign_flip(summary),
        *population_notes(summary, images or {}),
        *design_notes(summary, results),
        *confound_notes(summary, results),
        *environment_notes(results),
    )


def doubts(summary: Summary, results: Sequence[TrialOutcome], pending: int) -> tuple[str, ...]:
    """Return those notes of *summary* without which its effects mislead, beside the alarms, wherever they are shown."""
    return (
        *_controls_that_differ(summary),
        *_pending(pending, bool(summary.rules.looks)),
        *_failed(summary, results),
        *_collapsed(results),
    )


def _controls(summary: Summary) -> Iterator[str]:
    for row in summary.rows:
        if row.contrast is not None and row.contrast.kind == "control" and row.verdict == "unchanged":
            yield f"The control {row.label} shows {row.reason}."


def _controls_that_differ(summary: Summary) -> Iterator[str]:
    for row in summary.rows:
        if row.contrast is None or row.contrast.component == PLACEBO:
            continue
        if row.contrast.kind == "control" and row.verdict == "differs":
            yield (
                f"The control {row.label} differs from the base, although only its random numbers are different. "
                f"Either this is one of the false findings that up to {100 * (1 - summary.level):.3g} % of all studies "
                "contain, or the differences violate the assumptions of the test. Read the other verdicts with care."
            )


def _another_metric(summary: Summary, primary: str) -> Iterator[str]:
    if primary and primary != summary.metric:
        yield (
            f"The study's primary metric is {primary}, not {summary.metric}. These verdicts are corrected for multiple "
            "comparisons on their own, and choosing among metrics makes false findings more frequent."
        )


def _unequal_tuning(summary: Summary, tuned: TunedBase | None) -> Iterator[str]:
    if tuned is not None and summary.rows:
        settings = ", ".join(tuned.settings)
        yield (
            f"The base was tuned for {tuned.metric} ({count(tuned.trials, 'trial')}: {settings}) and its variants were "
            "not, which favours the base. '--retune' tunes each of them."
        )


def _pending(pending: int, planned: bool) -> Iterator[str]:
    if pending:
        when = "at the next planned look" if planned else "once they have finished"
        are = "is" if pending == 1 else "are"
        yield f"{count(pending, 'trial')} {are} still to run. Verdicts, p-values and intervals are shown {when}."


def _missing_base(summary: Summary) -> Iterator[str]:
    if summary.base.n == 0:
        yield "No trial of the base has a value, so nothing can be compared."


def _failed(summary: Summary, results: Sequence[TrialOutcome]) -> Iterator[str]:
    for label, group in _by_change(results):
        failed = [result for result in group if not _has_value(result, summary.metric)]
        if failed:
            reason = next((failure.reason for failure in failures(failed)), "")
            cause = shorten(reason, 160) or "the metric is missing or not finite"
            yield f"Failed and left out: {len(failed)} of {count(len(group), 'trial')} of {label} ({cause})."


def _collapsed(results: Sequence[TrialOutcome]) -> Iterator[str]:
    hit = []
    for label, group in _by_change(results):
        collapsed = sum(result.collapsed for result in finished(group))
        if collapsed:
            hit.append(f"{label} {collapsed} of {len(group)}")
    if hit:
        yield (
            "Collapsed trials (one class predicted for all images, or a loss that is not finite), "
            f"included in all numbers: {', '.join(hit)}."
        )
    for label, group in _by_change(results):
        why = next((result.stopped for result in finished(group) if result.collapsed and result.stopped), "")
        if why:
            yield f"Why {label} collapsed: {why}."


def _by_change(results: Sequence[TrialOutcome]) -> list[tuple[str, list[TrialOutcome]]]:
    """The trials of each variant, the base first: several contrasts may weigh one variant, but it fails only once."""
    groups: dict[str, list[TrialOutcome]] = {"": []}
    for result in results:
        groups.setdefault(result.change, []).append(result)
    return [(label_of(change), group) for change, group in groups.items()]


def _has_value(result: TrialOutcome, metric: str) -> bool:
    return isinstance(result, TrialResult) and math.isfinite(result.metrics.get(metric, math.nan))


def _unpaired(rows: Sequence[Row]) -> Iterator[str]:
    hit = [f"{row.tally.unpaired} of {row.label}" for row in rows if row.tally.unpaired]
    if hit:
        yield f"Seeds left out because the base has no value for them: {', '.join(hit)}."


def _other_rules(summary: Summary) -> Iterator[str]:
    """Where the test or the procedure of the rules could not be used."""
    rules = summary.rules
    if rules.family == "max-t" and summary.procedure != "max-t" and summary.comparisons > 1:
        yield (
            f"Holm's procedure was used instead of max-T, which needs {MIN_PAIRS} or more replicates, intervals over "
            "replicates only, and no margin."
        )
    others = [row.label for row in summary.rows if row.evidence and not row.evidence.is_over_replicates]
    if rules.test == "modified-t" and (images := [label for label in others if label not in _modified(summary)]):
        yield (
            f"The plain t test was used instead of the modified one for {', '.join(images)}: these intervals also "
            "account for the choice of test images, which the modified test cannot. "
            'It is used with statistics.population = "replicates".'
        )


def _modified(summary: Summary) -> set[str]:
    return {row.label for row in summary.rows if row.evidence and row.evidence.test == MODIFIED_T}


def _single_against_family(summary: Summary) -> Iterator[str]:
    """Comparisons that would have a verdict if they had been the only one."""
    alpha = 1 - summary.level
    least = summary.rules.needed_replicates
    open_rows = [row for row in summary.rows if row.verdict == "undecided" and row.evidence and row.n >= least]
    different = [row.label for row in open_rows if _leaves_out_0(row)]
    if different:
        yield (
            f"Undecided, although the interval excludes 0: {', '.join(different)}. The interval is for one comparison "
            f"alone; the verdict also accounts for {_all(summary)}."
        )
    equivalent = [row.label for row in open_rows if row.evidence and _within(row.evidence.equivalence_p, alpha)]
    if equivalent:
        yield (
            f"Undecided, although each is within the margin if tested alone: {', '.join(equivalent)}. The verdict also "
            f"accounts for {_all(summary)}."
        )


def _all(summary: Summary) -> str:
    others = summary.comparisons - 1
    parts = [f"the {count(others, 'other comparison')}" if others > 1 else "the other comparison"] if others > 0 else []
    looks = [row.evidence.looks for row in summary.rows if row.evidence and row.evidence.looks]
    if summary.rules.looks:
        parts.append("all planned looks")
    elif any(len(each) > 1 for each in looks):
        parts.append("earlier tables")
    elif any(each[0].share < 1 for each in looks):
        parts.append("possible later tables")
    return " and ".join(parts) or "other questions"


def _decided_before(rows: Sequence[Row]) -> Iterator[str]:
    """Verdicts of an earlier table that the present interval does not show."""
    hit = [
        row.label
        for row in rows
        if row.verdict not in (None, "undecided", "negligible", "unchanged")
        and row.evidence
        and row.effect
        and 0 < row.evidence.decisive_pairs < row.effect.n
        and not _leaves_out_0(row)
    ]
    if hit:
        yield (
            "Decided in an earlier table and still valid, although the interval over all replicates now includes 0: "
            f"{', '.join(hit)}."
        )


def _equal_and_negligible(summary: Summary) -> Iterator[str]:
    """Components called negligible because no replicate differs, which one that seldom acts does not either."""
    hit = [
        row.label
        for row in summary.rows
        if row.verdict == "negligible" and row.effect is not None and row.effect.sd == 0
    ]
    if hit:
        yield (
            f"Negligible because the difference is the same in every replicate: {', '.join(hit)}. With so few "
            "replicates, a component that has a large effect in rare trainings only could look the same."
        )


def _coarse_margin(summary: Summary, results: Sequence[TrialOutcome]) -> Iterator[str]:
    """A margin of hardly more than one image: effects of that size come in few replicates, which t does not know."""
    margin, step = summary.rules.margin, known_step(finished(results), summary.metric)
    if margin is not None and summary.rows and margin < 2 * step * (1 - 1e-9):
        yield (
            f"The margin of {margin:g} is small: {summary.metric} changes in steps of {short(step, 2)}, and the margin "
            "is less than two of them. The verdict 'negligible' is then wrong more often than the level says."
        )


def _leaves_out_0(row: Row) -> bool:
    low, high = (row.effect.low, row.effect.high) if row.effect else (None, None)
    return low is not None and high is not None and not low <= 0 <= high


def _within(p: float | None, alpha: float) -> bool:
    return p is not None and p <= alpha


def _few_replicates_carry(rows: Sequence[Row]) -> Iterator[str]:
    hit = []
    for row in rows:
        robust = (
            row.effect.robust
            if row.effect and row.verdict not in (None, "undecided", "negligible", "unchanged")
            else None
        )
        if robust and row.effect and robust.iqm.value * row.effect.mean < 0.5 * row.effect.mean**2:
            hit.append(row.label)
    if hit:
        yield (
            f"The effect comes from few replicates: {', '.join(hit)}. The mean over the middle half of the differences "
            "(interquartile mean) is less than half of the overall mean."
        )


def _skewed(summary: Summary) -> Iterator[str]:
    """Rows that a test which allows for skewness would decide otherwise; below ten pairs it is no better."""
    alpha = 1 - summary.level
    hit = []
    for row in summary.rows:
        if row.adjusted is None or row.effect is None or row.evidence is None or row.n < MIN_PAIRS:
            continue
        found = ModifiedT.of(row.effect.differences, row.effect.rounding_sd)
        if row.evidence.test == MODIFIED_T or row.effect.t_p is None or found is None:
            continue
        modified = found.p
        needed = row.evidence.nominal(alpha / row.adjusted.factor)
        if (modified <= needed) != (row.effect.t_p <= needed):
            hit.append(f"{row.label} (p {short(row.effect.t_p, 2)}, modified {short(modified, 2)})")
    if hit:
        yield (
            f"The differences are skewed: Johnson's modified t test would give another verdict on {', '.join(hit)}. "
            "If a component changes how much the results vary, the plain t test errs more often than its level says. "
            'If you expect that, set [statistics] test = "modified-t" before the first trial.'
        )


def _unequal_losses(summary: Summary, results: Sequence[TrialOutcome]) -> Iterator[str]:
    """Rows of which one arm has lost more runs than the other, by collapse or by failure, on the seeds of both."""
    lost: dict[str, dict[int, bool]] = {}
    for result in results:
        lost.setdefault(result.change, {})[result.seed] = _is_lost(result, summary.metric)
    hit = []
    for row in summary.rows:
        weights = row.contrast.weights if row.contrast else {}
        if len(weights) != 2:
            continue
        changes = sorted(weights, key=lambda change: -weights[change])
        arms = [lost.get(change, {}) for change in changes]
        seeds = arms[0].keys() & arms[1].keys()
        first, second = (sum(arm[seed] for seed in seeds) for arm in arms)
        if first != second:
            names = [label_of(change) for change in changes]
            hit.append(f"{names[1]} {second} of {len(seeds)}, {names[0]} {first} of {len(seeds)}")
    if hit:
        yield (
            f"Trials collapsed or failed more often on one side: {'; '.join(hit)}. A mean without such trials may be "
            "too good, and a mean with them often has an interval that is too narrow."
        )


def _is_lost(result: TrialOutcome, metric: str) -> bool:
    return not _has_value(result, metric) or (isinstance(result, TrialResult) and result.collapsed)


def _sign_flip(summary: Summary) -> Iterator[str]:
    """Verdicts that the signs of the differences alone could not support, however clear."""
    alpha = 1 - summary.level
    floors = {}
    for row in summary.rows:
        if row.verdict in (None, "undecided", "unchanged", "negligible") or not row.evidence or not row.adjusted:
            continue
        pairs = row.evidence.decisive_pairs or row.n
        floor = sign_flip_floor(pairs)
        is_placebo = row.contrast is not None and row.contrast.component == PLACEBO
        if not is_placebo and floor > row.evidence.nominal(alpha / row.adjusted.factor):
            floors[row.label] = floor
    if floors:
        yield (
            f"{'Verdict' if len(floors) == 1 else 'Verdicts'} that only the t test can reach with so few replicates: "
            f"{', '.join(floors)}. It assumes differences that are roughly normal; the sign-flip test, which does not, "
            f"cannot give a p below {short(max(floors.values()))} here. If the differences form two clusters, for "
            "example because some trainings fail, the t test errs more often than its level says."
        )


def _is_provisional(summary: Summary) -> bool:
    effects = [row.effect for row in summary.rows if row.effect]
    return bool(effects) and not any(effect.is_shown for effect in effects)

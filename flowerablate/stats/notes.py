"""The notes under the table that a reader needs to interpret it; each is one line of text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import shorten

from ..contracts import OwnedComponent, Rules, TrialOutcome, TrialResult, TunedBase, failures, finished, label_of, slots
from .confounds import confound_notes
from .design_notes import design_notes
from .effects import sign_flip_floor
from .forecast import Forecast
from .images import ImageEvidence
from .looks import LookSchedule
from .modified_t import ModifiedT
from .population import population_notes
from .robust import MIN_PAIRS
from .rows import Row, Summary
from .verdicts import pairs_to_reach
from .wording import count, short


def write_notes(
    summary: Summary,
    results: Sequence[TrialOutcome],
    *,
    pending: int = 0,
    schedule: LookSchedule | None = None,
    late: Mapping[str, int] | None = None,
    shown: Rules | None = None,
    primary: str = "",
    images: Mapping[str, ImageEvidence] | None = None,
    tuned: TunedBase | None = None,
) -> tuple[str, ...]:
    """Return the notes of *summary*; each names the variants that it is about.

    *schedule* has the looks at the study, *late* the contrasts asked only after one of them, *shown* the rules of the
    first, *primary* is the study's primary metric, *images* holds the influence of the test images by metric, *tuned*
    says how the base was tuned and its variants were not.
    """
    return (
        *_controls(summary),
        *_pending(pending),
        *_looked(summary, schedule or LookSchedule()),
        *_late(summary, late or {}),
        *_other_rules_before(summary.rules, shown, primary),
        *_another_metric(summary, primary),
        *_unequal_tuning(summary, tuned),
        *_missing_base(summary),
        *_failed(summary, results),
        *_collapsed(results),
        *_unpaired(summary.rows),
        *_undecided(summary),
        *_other_rules(summary),
        *_single_against_family(summary),
        *_few_replicates_carry(summary.rows),
        *_skewed(summary),
        *_unequal_losses(summary, results),
        *_sign_flip(summary),
        *population_notes(summary, images or {}),
        *design_notes(summary, results),
        *confound_notes(summary, results),
        *_environment(results),
    )


def _controls(summary: Summary) -> Iterator[str]:
    for row in summary.rows:
        if row.contrast is None or row.contrast.kind != "control" or row.effect is None:
            continue
        if row.contrast.component == "placebo" and not row.effect.is_zero:
            yield (
                f"THE PLACEBO CHANGES RESULTS: pairing is broken. {row.label} leaves every image unchanged, yet its "
                "trials differ from the base. Until the cause is found, no verdict in this table is valid."
            )
        elif row.verdict == "unchanged":
            yield f"The control {row.label} shows {row.reason}."
        elif row.verdict == "differs":
            yield (
                f"The control {row.label} differs, although only its random numbers do: either this is the false "
                f"finding that up to {100 * (1 - summary.level):.3g} % of all studies have, or the differences "
                "violate the assumptions of the test. Read the other verdicts with care."
            )


def _looked(summary: Summary, schedule: LookSchedule) -> Iterator[str]:
    """What earlier tables without planned looks have spent of the error."""
    before = schedule.before
    if not before:
        return
    alpha = 1 - summary.level
    shown = f"Verdicts were shown before, at {', '.join(map(str, before))} replicates"
    if schedule.left == 0:
        yield f"{shown}, and this study reserved no error for more of them: nothing new is decided."
    elif summary.rules.looks:
        yield f"{shown}: the planned looks spend what was left, {short(schedule.left * alpha, 2)} of {short(alpha, 2)}."
    else:
        nominal = {short(row.evidence.nominal(alpha), 2) for row in summary.rows if row.evidence and row.evidence.looks}
        needed = f" A single comparison now needs a p of {' or '.join(sorted(nominal))}." if nominal else ""
        yield f"{shown}: the verdicts allow for that, so that the error stays at {short(alpha, 2)}.{needed}"


def _late(summary: Summary, late: Mapping[str, int]) -> Iterator[str]:
    """Questions that earlier tables did not count, because they were not asked yet."""
    rows = [row.label for row in summary.rows if row.verdict and row.label in late]
    if rows:
        shown = ", ".join(map(str, sorted({late[label] for label in rows})))
        yield (
            f"Asked only after verdicts had been shown, at {shown} replicates: {', '.join(rows)}. The family counts "
            "them now, but that table did not: asking until something is found makes false findings more frequent."
        )


def _other_rules_before(rules: Rules, shown: Rules | None, primary: str) -> Iterator[str]:
    """Rules that were changed after verdicts had been shown: a choice between results is no rule."""
    if shown is None:
        return
    keys = ("level", "margin", "population", "min_replicates", "reserve", "test", "family")
    changed = [f"{key} was {old}" for key in keys if (old := getattr(shown, key)) != getattr(rules, key)]
    if primary and shown.metric != primary:
        changed.append(f"the primary metric was {shown.metric}")
    if changed:
        yield (
            f"Changed after verdicts had been shown: {', '.join(changed)}. Rules chosen by what they show "
            "make false findings more frequent."
        )


def _another_metric(summary: Summary, primary: str) -> Iterator[str]:
    if primary and primary != summary.metric:
        yield (
            f"The study's primary metric is {primary}, not {summary.metric}: these verdicts are a separate family, "
            "and choosing among metrics makes false findings more frequent."
        )


def _unequal_tuning(summary: Summary, tuned: TunedBase | None) -> Iterator[str]:
    if tuned is not None and summary.rows:
        settings = ", ".join(tuned.settings)
        yield (
            f"The base was tuned for {tuned.metric} ({count(tuned.trials, 'trial')}: {settings}), its variants were "
            "not, which favours the base: --retune searches for both."
        )


def _pending(pending: int) -> Iterator[str]:
    if pending:
        yield f"{count(pending, 'trial')} still to run: the verdicts are provisional."


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
    hit = [f"{row.label} {row.tally.unpaired}" for row in rows if row.tally.unpaired]
    if hit:
        yield f"Number of seeds left out because the base has no value for them: {', '.join(hit)}."


def _undecided(summary: Summary) -> Iterator[str]:
    """The reasons of undecided rows, grouped by reason."""
    open_rows = [row for row in summary.rows if row.verdict == "undecided"]
    plain = [row for row in open_rows if _only_p_is_too_large(row, summary.rules)]
    for by in sorted({row.forecast.by for row in plain if row.forecast}):
        chances = ", ".join(
            f"{row.label} {_chance(row.forecast)}" for row in plain if row.forecast and row.forecast.by == by
        )
        yield (
            f"Undecided. Chance of a decision with {by} replicates (and over the 80 % interval of the effect): "
            f"{chances}. '--seeds {by}' adds them within the error; '--until-decided' may need fewer."
        )
    groups: dict[str, list[str]] = {}
    for row in open_rows:
        if row not in plain:
            groups.setdefault(row.reason, []).append(row.label)
    for reason, labels in groups.items():
        yield f"Undecided: {', '.join(labels)} ({reason})."


def _only_p_is_too_large(row: Row, rules: Rules) -> bool:
    """Whether nothing but more replicates is missing: the forecast says more than the reason."""
    return (
        row.forecast is not None
        and not rules.looks
        and row.more_replicates is None
        and row.reason.startswith("adjusted p")
    )


def _chance(forecast: Forecast | None) -> str:
    if forecast is None:
        return ""
    low, chance, high = (f"{100 * value:.0f}" for value in (forecast.low, forecast.chance, forecast.high))
    return f"{chance} % ({low} to {high})"


def _other_rules(summary: Summary) -> Iterator[str]:
    """Where the test or the procedure of the rules could not be used."""
    rules = summary.rules
    if rules.family == "max-t" and summary.procedure != "max-t" and summary.comparisons > 1:
        yield (
            f"Holm's procedure instead of max-T, which needs {MIN_PAIRS} replicates or more, intervals over replicates "
            "only, and no margin."
        )
    few = [row.label for row in summary.rows if row.evidence and row.evidence.p is not None and row.n < MIN_PAIRS]
    if rules.test == "modified-t" and few:
        yield f"The plain t test instead of the modified one, which needs {MIN_PAIRS} replicates: {', '.join(few)}."


def _single_against_family(summary: Summary) -> Iterator[str]:
    """Comparisons that would have a verdict if they had been the only one."""
    alpha = 1 - summary.level
    least = summary.rules.min_replicates
    open_rows = [row for row in summary.rows if row.verdict == "undecided" and row.evidence and row.n >= least]
    different = [row.label for row in open_rows if row.evidence and _within(row.evidence.p, alpha)]
    if different:
        yield f"The interval excludes 0, but the verdict accounts for {_all(summary)}: {', '.join(different)}."
    equivalent = [row.label for row in open_rows if row.evidence and _within(row.evidence.equivalence_p, alpha)]
    if equivalent:
        yield f"Within the margin, but for the verdict, which accounts for {_all(summary)}: {', '.join(equivalent)}."


def _all(summary: Summary) -> str:
    looks = "all planned looks" if summary.rules.looks else "tables with more replicates"
    return looks if summary.comparisons == 1 else f"{summary.comparisons} comparisons and {looks}"


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
        yield f"The middle half of the replicates shows less than half of the mean effect: {', '.join(hit)}."


def _skewed(summary: Summary) -> Iterator[str]:
    """Rows that a test which allows for skewness would decide otherwise; below ten pairs it is no better."""
    alpha = 1 - summary.level
    hit = []
    for row in summary.rows:
        if row.adjusted is None or row.effect is None or row.evidence is None or row.n < MIN_PAIRS:
            continue
        found = ModifiedT.of(row.effect.differences, row.effect.rounding_sd)
        if row.evidence.interval != "t" or row.effect.t_p is None or found is None:
            continue
        modified = found.p
        needed = row.evidence.nominal(alpha / row.adjusted.factor)
        if (modified <= needed) != (row.effect.t_p <= needed):
            hit.append(f"{row.label} (p {short(row.effect.t_p, 2)}, modified {short(modified, 2)})")
    if hit:
        yield (
            f"The differences are skewed: Johnson's modified t test would decide otherwise on {', '.join(hit)}. Where "
            "a component changes how much results vary, t errs more often than its level says; a study that expects it "
            'states [statistics] test = "modified-t" beforehand.'
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
        arms = [lost.get(change, {}) for change in sorted(weights, key=lambda change: -weights[change])]
        seeds = arms[0].keys() & arms[1].keys()
        first, second = (sum(arm[seed] for seed in seeds) for arm in arms)
        if first != second:
            hit.append(f"{row.label} ({first} and {second} of {len(seeds)})")
    if hit:
        yield (
            f"One arm collapsed or failed more often than the other: {', '.join(hit)}. A mean without such runs may "
            "be too good, and a mean with them often has an interval that is too narrow."
        )


def _is_lost(result: TrialOutcome, metric: str) -> bool:
    return not _has_value(result, metric) or (isinstance(result, TrialResult) and result.collapsed)


def _sign_flip(summary: Summary) -> Iterator[str]:
    """A note if even the row with the most replicates has too few for the sign-flip test."""
    n = max((row.n for row in summary.rows if row.verdict), default=0)
    alpha = 1 - summary.level
    if n >= max(2, summary.rules.min_replicates) and sign_flip_floor(n) > alpha:
        yield (
            f"{count(n, 'replicate')}: the smallest possible exact sign-flip p is {short(sign_flip_floor(n))} "
            f"({pairs_to_reach(alpha)} replicates could reach {short(alpha)}), so the verdicts rest on the paired t "
            "test, which assumes normally distributed differences."
        )


def _environment(results: Sequence[TrialOutcome]) -> Iterator[str]:
    """Differences of the environment between trials, such as the version of torch.

    Different plugins in different variants are not a difference of the environment; two versions of one plugin are.
    What a result does not record counts as equal.
    """
    done = finished(results)
    values: dict[str, set[str]] = {}
    for name, value in {item for result in done for item in result.environment.items()}:
        values.setdefault(name, set()).add(value)
    # Trials have most records in common, which are hashed slowly: each is looked at once.
    for name, value in _owners({id(owned): owned for result in done for owned in result.owners}.values()):
        values.setdefault(name, set()).add(value)
    mixed = [f"{name} {' / '.join(sorted(found))}" for name, found in sorted(values.items()) if len(found) > 1]
    if mixed:
        yield f"Not all trials ran in the same environment: {'; '.join(mixed)}."


def _owners(owners: Iterable[OwnedComponent]) -> Iterator[tuple[str, str]]:
    """Yield what must be the same in all trials: the plugins of the pipeline, and who brought metrics and measures.

    The version of flowerablate's own plugins is left out, because it is in the environment.
    """
    of_pipeline = slots(in_pipeline=True)
    for owned in owners:
        owner = owned.owner
        if owned.slot not in of_pipeline:
            yield f"{owned.slot} {owned.name}", owner.plugin if owner.is_ours else str(owner)
        elif not owner.is_ours:
            yield f"plugin {owner.plugin}", owner.source

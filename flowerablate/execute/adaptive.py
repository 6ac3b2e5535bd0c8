"""Adaptive replication: looks planned before the first trial, and further replicates for open contrasts only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..contracts import Contrast, Trial, TrialOutcome
from ..errors import StudyError
from ..ledger import Ledger, StudyNote
from ..reading.kept_metrics import with_metrics
from ..reading.shown_tables import shown_so_far, with_table
from ..stats import summarise
from ..stats.looks import LookSchedule, replicates_of, rules_in_force, seeds_of, settled_reserve
from ..stats.pairs import ids_by_seed, pairs_of
from ..stats.replication import undecided_after
from ..stats.sequential import planned_looks
from ..stats.wording import several
from .plan import Plan

_CURE = "or give this study another name (set name=...)"


def settled(plan: Plan, ledger: Ledger) -> Plan:
    """Return *plan* with its looks, if it has any: those noted in the ledger, or new ones.

    The first look is at ``plan.seeds`` replicates, or at the number already in the ledger if that is higher, as the
    results may have been seen there, and not before the rules allow a verdict. Raises :class:`StudyError` if the study
    was started with a different plan, or if its last look would be before that.
    """
    if plan.rules.looks:
        return plan
    known = ledger.note(plan.base_id)
    looks = known.rules.looks if known else ()
    if plan.max_seeds is None:
        if looks:
            raise StudyError(
                f"this study was started with looks at {several(looks)} replicates: keep until_decided, {_CURE}"
            )
        return plan
    if plan.max_seeds < plan.seeds:
        raise StudyError(
            f"ablation.max_seeds = {plan.max_seeds} is below ablation.seeds = {plan.seeds}; raise it, or lower seeds"
        )
    _check_rules(plan)
    least = _least(plan, ledger)
    shown = known.rules_shown if known else ()
    if shown and settled_reserve(plan.rules, shown) == 0:
        raise StudyError(
            "the tables of this study may have used all of its error (statistics.reserve = 0), so planned looks would "
            "decide nothing"
        )
    if plan.max_seeds < least:
        lower = "lower the second" if least == plan.rules.min_replicates else "give this study another name"
        earlier = "" if least == plan.rules.min_replicates else " of earlier tables"
        raise StudyError(
            f"ablation.max_seeds = {plan.max_seeds} is below statistics.min_replicates = {least}{earlier}, so nothing "
            f"would be decided; raise the first, or {lower}"
        )
    if not looks:
        first = max(least, plan.seeds, replicates(ledger, plan.base_id))
        looks = planned_looks(first, max(first, plan.max_seeds))
    elif looks[-1] != max(plan.max_seeds, looks[0]) or (plan.seeds > looks[0] and plan.seeds not in looks):
        raise StudyError(
            f"this study was started with looks at {several(looks)} replicates, not from {plan.seeds} to "
            f"{plan.max_seeds}: keep that plan, {_CURE}"
        )
    return replace(plan, seeds=looks[0], rules=replace(plan.rules, looks=looks))


def _check_rules(plan: Plan) -> None:
    """Raise :class:`StudyError` if looks cannot be planned with the rules of *plan*: boundaries are those of t."""
    for key, value, usual in (("test", plan.rules.test, "t"), ("family", plan.rules.family, "holm")):
        if value != usual:
            raise StudyError(
                f'until_decided needs statistics.{key} = "{usual}", not "{value}": set that, or give seeds instead'
            )


def open_after(plan: Plan, ledger: Ledger, look: int) -> tuple[Contrast, ...]:
    """Return the contrasts of *plan* that continue after the look at *look* replicates.

    They are judged by the ledger's results for these replicates, as one family with all contrasts ever requested for
    this base, so that a resumed run reaches the same decisions.
    """
    note = ledger.note(plan.base_id)
    every = ledger.results(plan.base_id)
    results = [result for result in every if result.seed < look]
    results = with_metrics(results, ledger, plan.base_id, plan.metrics)
    so_far = shown_so_far(note)
    judged = so_far["judged"].items()
    so_far["judged"] = {label: [table for table in tables if table.replicates <= look] for label, tables in judged}
    summary = summarise(
        results,
        note.contrasts if note else plan.design.contrasts,
        rules=plan.rules,
        metrics=plan.metrics.infos,
        **so_far,
    )
    still_open = {contrast.label for contrast in undecided_after(summary)} | _decided_anew(plan, note, every, look)
    return tuple(contrast for contrast in plan.design.contrasts if contrast.label in still_open)


def _decided_anew(plan: Plan, note: StudyNote | None, results: Sequence[TrialOutcome], look: int) -> set[str]:
    """Return the labels of the contrasts that *look* cannot stop: its pairs have changed since it was shown.

    The table says so by all *results* of the ledger, so a look that is taken by itself must not say otherwise.
    """
    if note is None:
        return set()
    seeds, ids, so_far = seeds_of(results), ids_by_seed(results), shown_so_far(note)
    rules = rules_in_force(plan.rules, so_far["told"])
    found = set()
    for contrast in note.contrasts:
        now, judged = replicates_of(contrast, seeds), note.judged.get(contrast.label, ())
        pairs = pairs_of(contrast, ids)
        if look in LookSchedule.of(rules, so_far["looked"], now, so_far["shown"], judged, pairs).silent:
            found.add(contrast.label)
    return found


def replicates(ledger: Ledger, base_id: str) -> int:
    """Return the number of replicates of that base in the ledger, up to the last finished one."""
    trials = ledger.trials_of(base_id)
    return max((folder.seed + 1 for claim, folder in trials if not claim.change and folder.complete), default=0)


def note_of_table(plan: Plan, ledger: Ledger, trials: Iterable[Trial], *, interrupted: bool) -> StudyNote:
    """Return the note to write when the table is shown after a run of *trials*: it records this look at the results.

    If planned looks were *interrupted*, the table is an additional look. It joins the plan and is accounted for from
    now on; alpha spending allows looks at any time, as long as the data do not determine it. With fewer replicates than
    a verdict needs it is none. Without planned looks, a table that was interrupted is provisional and no look: its
    verdicts are those of the finished one.
    """
    count = replicates(ledger, plan.base_id)
    looks = plan.rules.looks
    if looks and interrupted and _least(plan, ledger) <= count < looks[-1]:
        looks = tuple(sorted({*looks, count}))
    note = replace(plan, rules=replace(plan.rules, looks=looks)).note(trials)
    if interrupted and not looks:
        return note
    results = ledger.results(plan.base_id)
    return with_table(note, ledger, results, plan.design.contrasts, pending=interrupted)


def note_of_start(plan: Plan, ledger: Ledger, trials: Iterable[Trial]) -> StudyNote:
    """Return the note to write before a run of *trials*.

    If the study was finished before, its table may have been read since, whether a run printed it or not; and if its
    looks are planned, so may the verdicts of those comparisons that had reached one.
    """
    note, before = plan.note(trials), ledger.note(plan.base_id)
    if before is None or not before.trials:
        return note
    pending = bool(ledger.unfinished(before))
    if pending and not before.rules.looks:
        return note
    results = ledger.results(plan.base_id)
    return with_table(note, ledger, results, before.contrasts, before.rules, pending=pending)


def _least(plan: Plan, ledger: Ledger) -> int:
    """Return with how many replicates a verdict is possible; a minimum that earlier tables had is not lowered."""
    told = shown_so_far(ledger.note(plan.base_id))["told"]
    return max(2, rules_in_force(plan.rules, told).min_replicates)

"""Adaptive replication: looks that are planned before the first trial, and new replicates only where one is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..contracts import Contrast, Trial
from ..errors import StudyError
from ..ledger import Ledger, StudyNote
from ..reading.kept_metrics import with_metrics
from ..stats import summarise
from ..stats.replication import undecided_after
from ..stats.sequential import planned_looks
from ..stats.wording import several
from .plan import Plan

_CURE = "or give this study another name (--set name=...)"


def settled(plan: Plan, ledger: Ledger) -> Plan:
    """Return *plan* with its looks, if it has any: those that the ledger has noted, or new ones.

    The first look is at ``plan.seeds`` replicates, or at those that the ledger has already if that is more, for it may
    have been looked at there. Raises :class:`StudyError` for a plan other than the one by which the study began.
    """
    if plan.rules.looks:
        return plan
    known = ledger.note(plan.base_id)
    looks = known.rules.looks if known else ()
    if plan.max_seeds is None:
        if looks:
            raise StudyError(
                f"this study was begun with looks at {several(looks)} replicates: keep --until-decided, {_CURE}"
            )
        return plan
    if plan.max_seeds < plan.seeds:
        raise StudyError(
            f"ablation.max_seeds = {plan.max_seeds} is below ablation.seeds = {plan.seeds}, at which the study begins"
        )
    if not looks:
        first = max(2, plan.seeds, replicates(ledger, plan.base_id))
        looks = planned_looks(first, max(first, plan.max_seeds))
    elif looks[-1] != max(plan.max_seeds, looks[0]) or (plan.seeds > looks[0] and plan.seeds not in looks):
        raise StudyError(
            f"this study was begun with looks at {several(looks)} replicates, not from {plan.seeds} to "
            f"{plan.max_seeds}: keep that plan, {_CURE}"
        )
    return replace(plan, seeds=looks[0], rules=replace(plan.rules, looks=looks))


def open_after(plan: Plan, ledger: Ledger, look: int) -> tuple[Contrast, ...]:
    """Return the contrasts of *plan* that go on after the look at *look* replicates.

    Judged by what the ledger has of these replicates, and as one family with all that was ever asked of this base. So
    a run that goes on where another stopped comes to the same decisions.
    """
    note = ledger.note(plan.base_id)
    results = [result for result in ledger.results(plan.base_id) if result.seed < look]
    results = with_metrics(results, ledger, plan.base_id, plan.metrics)
    contrasts = note.contrasts if note else plan.design.contrasts
    summary = summarise(results, contrasts, rules=plan.rules, metrics=plan.metrics.infos)
    going = {contrast.label for contrast in undecided_after(summary)}
    return tuple(contrast for contrast in plan.design.contrasts if contrast.label in going)


def replicates(ledger: Ledger, base_id: str) -> int:
    """Return how many replicates of that base the ledger has, up to the last that is finished."""
    trials = ledger.trials_of(base_id)
    return max(
        (folder.record["seed"] + 1 for claim, folder in trials if not claim.change and folder.complete), default=0
    )


def note_of_table(plan: Plan, ledger: Ledger, trials: Iterable[Trial], *, interrupted: bool) -> StudyNote:
    """Return what is to be noted when the table is shown after a run of *trials*: that it was looked at, and when.

    Where planned looks were *interrupted*, the table is a look of its own. It joins the plan, so that it is allowed for
    from now on; the spending of the level does not ask when looks are, as long as the data do not choose it.
    """
    count = replicates(ledger, plan.base_id)
    looks = plan.rules.looks
    if looks and interrupted and 2 <= count < looks[-1]:
        looks = tuple(sorted({*looks, count}))
    note = replace(plan, rules=replace(plan.rules, looks=looks)).note(trials)
    return replace(note, looked=(count,) if count else ())

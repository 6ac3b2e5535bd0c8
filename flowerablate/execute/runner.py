"""Runs the trials of a study that are missing in the ledger."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from ..contracts import TrialFailure
from ..data.identifiers import first_lines
from ..jobs.schedule import Schedule
from ..jobs.temporary import remove_left_folders
from ..ledger import Ledger
from ..preprocess import require_core
from ..stats.confounds import refusals
from ..stats.wording import count
from ..study.schema import StudyFile
from ..wiring.assemble import Assembler
from .adaptive import note_of_table, open_after
from .budget import Budget
from .execution import Execution, in_this_process
from .observer import RunObserver
from .plan import Plan
from .prepared import ENTRY, FOLDER, Prepared, in_words, prepare_apart
from .trial_queue import TrialQueue
from .workplace import Workplace, leave


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: trials *run* now, *failed* with their reasons, and *elsewhere*: held by another process.

    *left*: trials that were due but not started, because the time budget was used up or an earlier one failed.
    """

    run: int
    failed: tuple[TrialFailure, ...]
    elsewhere: int
    left: int = 0


def run_study(
    plan: Plan,
    assembler: Assembler,
    ledger: Ledger,
    observer: RunObserver,
    budget: Budget | None = None,
    make: Callable[[], Execution] | None = None,
    study: StudyFile | None = None,
) -> Outcome:
    """Run the missing trials, replicate by replicate. A failed trial is recorded, and the others continue.

    *make* says how; it is called once a trial is missing, so that a run of a finished study loads no torch. By default,
    trials run one after another in this process. *study*: what *plan* was made of, for an execution in other processes.
    With planned looks, fixed by :func:`.adaptive.settled`, the contrasts undecided at one look get the replicates of
    the next. Trials that *budget* does not allow are not started. Before the first trial, images are packed and every
    variant is built once, so that faults show at the start and not halfway.
    """
    if plan.max_seeds is not None and not plan.rules.looks:
        raise ValueError("the looks of the plan are not fixed; call adaptive.settled first")
    workplace = Workplace(assembler, plan.data)
    means, prepared = _Means(make or in_this_process), Prepared()
    try:
        prepare = functools.partial(_prepared, plan, workplace, ledger, observer, means, study)
        missing = {trial.variant.change for trial in plan.trials if not ledger.folder(trial).complete}
        if missing:
            for text in first_lines(plan.data.samples):
                observer.remarked(text)
            prepared = prepare(missing)
            plan = prepared.applied(plan)
            _say(prepared, observer)
            if means().device == "cpu" and not means().remote:
                for text in prepared.hints:
                    observer.remarked(text)
        else:
            remove_left_folders()
        queue = TrialQueue(plan, workplace, ledger, observer, budget, means, prepared, prepare)
        return _run_looks(plan, queue, ledger, observer)
    finally:
        means.close()
        leave(workplace)


class _Means:
    """Makes the execution when it is first asked for."""

    def __init__(self, make: Callable[[], Execution]) -> None:
        self._make = make

    def __call__(self) -> Execution:
        return self._execution

    @functools.cached_property
    def _execution(self) -> Execution:
        require_core()
        execution = self._make()
        if execution.local is None:
            from ..train.device import prepare_process

            prepare_process(threads=execution.threads)
        return execution

    def close(self) -> None:
        """Stop what still runs."""
        if "_execution" in vars(self):
            self._execution.close()


def _run_looks(plan: Plan, queue: TrialQueue, ledger: Ledger, observer: RunObserver) -> Outcome:
    looks = plan.rules.looks or (plan.seeds,)
    contrasts = plan.design.contrasts
    for number, look in enumerate(looks, 1):
        trials = plan.trials_of(range(look), contrasts)
        if plan.rules.looks and not all(ledger.folder(trial).complete for trial in trials):
            observer.look_started(number, len(looks), look, len(contrasts))
        queue.run_missing(trials)
        if queue.interrupted or look == looks[-1]:
            break
        contrasts = open_after(plan, ledger, look)
        if not contrasts:
            break
    ledger.enter((), {}, note_of_table(plan, ledger, queue.trials, interrupted=queue.interrupted))
    return Outcome(queue.run, tuple(queue.failed.values()), queue.elsewhere, queue.left)


def _prepared(
    plan: Plan,
    workplace: Workplace,
    ledger: Ledger,
    observer: RunObserver,
    means: Callable[[], Execution],
    study: StudyFile | None,
    changes: Collection[str],
) -> Prepared:
    """Prepare the variants with these *changes*, which have trials to run."""
    execution = means()
    if execution.local is None or study is None:
        from ..jobs.inline import same_folder
        from .global_state import StateWatch
        from .preparing import prepare

        watch = StateWatch(execution.threads)
        with same_folder():
            prepared = prepare(plan, changes, workplace.assembler, {}, watch.turn_to)
        watch.turn_to(())
        return prepared
    job = replace(workplace.job(FOLDER, ENTRY, ledger.root.absolute() / FOLDER, {}), threads=execution.threads)
    schedule = functools.partial(Schedule, execution.local, (), max_lost=1)
    return prepare_apart(study, changes, job, schedule, observer, execution.limits)


def _say(prepared: Prepared, observer: RunObserver) -> None:
    for text in refusals(prepared.refused):
        observer.remarked(f"refused because nothing differs: {text}")
    if prepared.repeated:
        observer.remarked(
            f"{count(prepared.repeated, 'variant')} will give the same results as another one; leave out what is "
            "refused to save their trials"
        )
    for label, remark in prepared.remarks.items():
        observer.remarked(f"{label} {remark}")
    for text in in_words(prepared):
        observer.remarked(text)

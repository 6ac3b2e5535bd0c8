"""Runs the trials of a study that are missing in the ledger."""

from __future__ import annotations

import errno
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..contracts import SECONDS, Trial, TrialFailure, TrialOutcome, finished
from ..errors import one_line
from ..ledger import Ledger, TrialFolder
from ..probe import probe_design
from ..stats.confounds import refusals
from ..stats.wording import count
from ..study.identity import describe
from ..train.device import prepare_process
from ..wiring.assemble import Assembler, PreparedPipeline
from ..wiring.parts import check_parts
from .adaptive import note_of_table, open_after
from .budget import Budget
from .observer import RunObserver
from .plan import Plan
from .trial import run_trial

_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""Errors of the disk, with which the next trial would fail too: they end the run."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: trials *run* now, *failed* with their reasons, and *elsewhere*: held by another process.

    *left*: trials that were due but not started, because the time budget was used up.
    """

    run: int
    failed: tuple[TrialFailure, ...]
    elsewhere: int
    left: int = 0


def run_study(
    plan: Plan, assembler: Assembler, ledger: Ledger, observer: RunObserver, budget: Budget | None = None
) -> Outcome:
    """Run the missing trials, replicate by replicate. A failed trial is recorded, and the others continue.

    With planned looks, fixed by :func:`.adaptive.settled`, the contrasts undecided at one look get the replicates of
    the next. Trials that *budget* does not allow are not started. Before the first trial, images are packed and every
    variant is assembled once, so that faults show at the start and not halfway.
    """
    prepare_process()
    if plan.max_seeds is not None and not plan.rules.looks:
        raise ValueError("the looks of the plan are not fixed; call adaptive.settled first")
    plan = _probed(plan, ledger, assembler, observer)
    queue = _TrialQueue(plan, assembler, ledger, observer, budget)
    looks = plan.rules.looks or (plan.seeds,)
    contrasts = plan.design.contrasts
    for number, look in enumerate(looks, 1):
        if plan.rules.looks:
            observer.look_started(number, len(looks), look, len(contrasts))
        queue.run_missing(plan.trials_of(range(look), contrasts))
        if queue.interrupted or look == looks[-1]:
            break
        contrasts = open_after(plan, ledger, look)
        if not contrasts:
            break
    ledger.enter((), {}, note_of_table(plan, ledger, queue.trials, interrupted=queue.interrupted))
    return queue.outcome()


def _probed(plan: Plan, ledger: Ledger, assembler: Assembler, observer: RunObserver) -> Plan:
    """Return *plan* without the contrasts between equal variants; the observer gets the reasons."""
    missing = {trial.variant.change for trial in plan.trials if not ledger.folder(trial).complete}
    seed = plan.trials[0].seed
    probed = probe_design(plan.design, missing, plan.data, assembler, seed=seed)
    for text in refusals(probed.refused):
        observer.remarked(f"refused because nothing differs: {text}")
    if probed.repeated:
        observer.remarked(
            f"{count(probed.repeated, 'variant')} will give the same results as another one; leave out what is refused "
            "to save their trials"
        )
    for label, remark in probed.remarks.items():
        observer.remarked(f"{label} {remark}")
    return replace(plan, design=probed.design, refused=probed.refused, remarks=probed.remarks)


class _TrialQueue:
    """Runs trials, and counts their outcomes."""

    def __init__(
        self, plan: Plan, assembler: Assembler, ledger: Ledger, observer: RunObserver, budget: Budget | None
    ) -> None:
        self._plan, self._assembler, self._ledger = plan, assembler, ledger
        self._observer, self._budget = observer, budget
        self._pipelines = {variant.change: describe(variant.pipeline) for variant in plan.design.variants}
        self._prepared: dict[str, PreparedPipeline] = {}
        self._trials: dict[str, Trial] = {}
        self._failed: dict[str, TrialFailure] = {}
        self._run = self._elsewhere = self._left = 0
        if budget is not None:
            for result in finished(ledger.results(plan.base_id)):
                budget.learn(result.change, result.cost(SECONDS) or 0.0)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials due so far."""
        return tuple(self._trials.values())

    @property
    def interrupted(self) -> bool:
        """Whether due trials have neither finished nor failed."""
        return self._elsewhere + self._left > 0

    def outcome(self) -> Outcome:
        return Outcome(self._run, tuple(self._failed.values()), self._elsewhere, self._left)

    def run_missing(self, trials: Sequence[Trial]) -> None:
        """Run those of *trials* that are missing in the ledger and have not failed in this run."""
        self._trials |= {trial.id: trial for trial in trials}
        missing = [t for t in trials if not self._ledger.folder(t).complete and t.id not in self._failed]
        self._prepare(missing)
        self._ledger.enter(self.trials, self._pipelines, self._plan.note(self.trials))
        done = sum(self._ledger.folder(trial).complete for trial in self.trials)
        self._observer.study_started(len(self.trials), done)
        for position, trial in enumerate(missing):
            if self._budget is not None and not self._budget.allows(trial.variant.change):
                self._left += len(missing) - position
                return
            folder = self._ledger.folder(trial)
            with folder.locked() as mine:
                self._elsewhere += not mine
                if mine and not folder.complete:
                    self._one(trial, folder)

    def _one(self, trial: Trial, folder: TrialFolder) -> None:
        change, plan = trial.variant.change, self._plan
        self._observer.trial_started(trial)
        started = time.monotonic()
        outcome: TrialOutcome
        try:
            pipeline = self._prepared[change]
            result = run_trial(trial, pipeline, plan.data, self._assembler, folder, self._observer, plan.metrics)
            if self._budget is not None:
                # A resumed trial took less time now than from its start.
                self._budget.learn(change, max(result.cost(SECONDS) or 0.0, time.monotonic() - started), now=True)
            outcome = result
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                raise
            outcome = failure = _failure(trial, error)
            folder.fail(failure.reason, traceback.format_exc())
            self._failed[trial.id] = failure
        self._run += 1
        self._observer.trial_finished(trial, outcome)

    def _prepare(self, missing: Sequence[Trial]) -> None:
        variants = {trial.variant.change: trial.variant for trial in missing}
        for change, variant in variants.items():
            if change in self._prepared:
                continue
            pipeline = variant.pipeline
            self._prepared[change] = self._assembler.prepare(pipeline, self._plan.data)
            check_parts(pipeline, self._plan.data, self._assembler)


def _failure(trial: Trial, error: Exception) -> TrialFailure:
    return TrialFailure(trial.id, trial.base_id, trial.variant.change, trial.seed, one_line(error))

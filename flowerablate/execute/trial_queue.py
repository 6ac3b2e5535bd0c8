"""The trials of a run as jobs: which are due, what their events and ends mean, and what is counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..contracts import SECONDS, Ended, Job, Trial, TrialFailure, TrialOutcome, finished
from ..errors import LedgerError, StudyError
from ..jobs.events import forget_events
from ..jobs.schedule import Schedule, Then
from ..jobs.worker import DONE_BEFORE, ELSEWHERE
from ..ledger import Ledger, TrialFolder
from ..study.identity import describe
from .adaptive import note_of_start
from .budget import Budget
from .execution import Execution
from .observer import RunObserver
from .plan import Plan
from .prepared import Prepared
from .trial_end import Attempts
from .workplace import Workplace, job_of

_REMOVED = "the folder of the trial, or files in it, were removed while it ran"
_UNREADABLE = "what stood in its result.json was no result"


class TrialQueue:
    """Runs trials, and counts what they come to; a :class:`~flowerablate.jobs.schedule.Client`.

    *means* is called for the first trial that is missing, and never if none is. *prepared*: what is known of the
    changes; on other machines, ``prepare(changes)`` tells what further ones need.
    """

    def __init__(
        self,
        plan: Plan,
        workplace: Workplace,
        ledger: Ledger,
        observer: RunObserver,
        budget: Budget | None,
        means: Callable[[], Execution],
        prepared: Prepared,
        prepare: Callable[[Collection[str]], Prepared],
    ) -> None:
        self._plan, self._ledger, self._workplace = plan, ledger, workplace
        self._prepared, self._prepare = prepared, prepare
        self._observer, self._budget, self._means = observer, budget, means
        self._pipelines = {variant.change: describe(variant.pipeline) for variant in plan.design.variants}
        self._trials: dict[str, Trial] = {}
        self._handed_over: dict[str, float] = {}
        self._begun: set[str] = set()
        self.failed: dict[str, TrialFailure] = {}
        self.run = self.elsewhere = self.left = 0
        self._stopped = self._entered = False
        if budget is not None:
            for result in finished(ledger.results(plan.base_id)):
                budget.learn(result.change, result.cost(SECONDS) or 0.0)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials due so far."""
        return tuple(self._trials.values())

    @property
    def interrupted(self) -> bool:
        """Whether due trials have neither finished nor failed, or the first failure was to end the run."""
        return self.elsewhere + self.left > 0 or self._stopped

    def run_missing(self, trials: Sequence[Trial]) -> None:
        """Run those of *trials* that are missing in the ledger and have not failed in this run.

        A trial of a change that could not be prepared fails with the reason of that.
        """
        self._trials |= {trial.id: trial for trial in trials}
        missing = [t for t in trials if not self._ledger.folder(t).complete and t.id not in self.failed]
        if missing:
            self._plan = replace(self._plan, threads=self._execution.threads, device=self._execution.device)
            self._prepare_further({trial.variant.change for trial in missing})
        broken = self._prepared.broken
        self._enter()
        done = sum(self._ledger.folder(trial).complete for trial in self.trials)
        self._observer.study_started(len(self.trials), done)
        for trial in missing:
            if trial.variant.change in broken:
                folder = self._ledger.folder(trial)
                folder.fail(broken[trial.variant.change], "")
                self._fail(trial, folder)
        jobs = [self._job(trial) for trial in missing if trial.variant.change not in broken]
        if not jobs:
            return
        execution = self._execution
        if self._budget is not None and execution.executor.capacity is None:
            raise StudyError(
                "a time budget cannot be kept, because the queue of the executor decides when trials start; leave out "
                "budget, and set the limits of that queue"
            )
        run = self.run + self.elsewhere
        schedule = Schedule(execution.executor, execution.places, execution.limits, self, execution.detach)
        left = len(schedule.run(jobs))
        self.left += left
        if execution.detach:
            self.elsewhere += len(jobs) - left - (self.run + self.elsewhere - run)

    def _enter(self) -> None:
        note = self._plan.note(self.trials) if self._entered else note_of_start(self._plan, self._ledger, self.trials)
        if not self._entered:
            self._ledger.sweep()
        self._ledger.enter(self.trials, self._pipelines, note)
        self._entered = True

    @cached_property
    def _execution(self) -> Execution:
        return self._means()

    @cached_property
    def _attempts(self) -> Attempts:
        return Attempts(self._execution)

    def _prepare_further(self, changes: set[str]) -> None:
        known = self._prepared
        further = changes - known.needs.keys() - known.broken.keys()
        if self._execution.remote and further:
            found = self._prepare(further)
            self._prepared = replace(
                known, needs={**known.needs, **found.needs}, broken={**known.broken, **found.broken}
            )

    def _job(self, trial: Trial) -> Job:
        execution, workplace = self._execution, self._workplace
        job = job_of(trial, self._ledger.folder(trial), workplace, self._plan.metrics.names)
        needs = (*job.needs, *map(Path, self._prepared.needs.get(trial.variant.change, ())))
        return replace(job, needs=needs, threads=execution.threads, memory=execution.memory, device=execution.device)

    def may_start(self, job: Job) -> bool:
        """Whether the budget allows the trial of *job*."""
        return self._budget is None or self._budget.allows(self._trials[job.name].variant.change)

    def started(self, job: Job) -> None:
        """An earlier failure is forgotten: what is recorded from now on is of this attempt."""
        self._folder(job).forget_failure()
        self._handed_over[job.name] = time.monotonic()

    def event(self, job: Job, event: dict[str, Any]) -> bool:
        """Pass an event of the trial on to the observer."""
        trial, observer = self._trials[job.name], self._observer
        match event["event"]:
            case "started":
                self._handed_over[job.name] = time.monotonic()  # it may have waited in the executor's queue
                self._begin(trial)
                if where := self._where(job, event):
                    observer.trial_placed(trial, where)
            case "step_done":
                observer.step_done(trial, event["epoch"], event["step"], event["steps"])
            case "epoch_done":
                observer.epoch_done(trial, event["epoch"], event["values"])
            case "preparing":
                observer.preparing(event["what"], event["done"], event["total"])
            case "remark":
                observer.remarked(f"{trial.variant.label} seed {trial.seed} {event['text']}")
        return True

    def has_result(self, job: Job) -> bool:
        """Whether the trial's folder has it."""
        return self._folder(job).complete

    def ended(self, job: Job, ended: Ended, attempt: int) -> Then:
        """Record what became of the trial, as its folder says."""
        trial, folder = self._trials[job.name], self._folder(job)
        complete = folder.complete
        if ended.word in (ELSEWHERE, DONE_BEFORE):
            self.elsewhere += not complete
            self._observer.trial_elsewhere(trial, complete)
            return Then.GO_ON
        if complete and _readable(trial, folder):
            self._done(trial, folder)
            return Then.GO_ON
        if complete:
            folder.forget_result()
            ended = replace(ended, exit_code=None, reason=_UNREADABLE)
        if not folder.exists:
            self._enter()
            ended = replace(ended, exit_code=None, reason=_REMOVED)
        then = self._attempts.after(job, folder, ended, attempt)
        if then is not Then.GO_ON:
            return then
        self._fail(trial, folder)
        self._stopped = self._execution.fail_fast
        return Then.STOP if self._stopped else Then.GO_ON

    def _folder(self, job: Job) -> TrialFolder:
        return self._ledger.folder(self._trials[job.name])

    def _done(self, trial: Trial, folder: TrialFolder) -> None:
        result = folder.result_of(trial.base_id, trial.variant.change)
        forget_events(folder.path)
        if self._budget is not None:
            # A resumed trial took less time now than from its start.
            took = time.monotonic() - self._handed_over[trial.id]
            self._budget.learn(trial.variant.change, max(result.cost(SECONDS) or 0.0, took), now=True)
        self._report(trial, result)

    def _fail(self, trial: Trial, folder: TrialFolder) -> None:
        failure = folder.failure_of(trial.base_id, trial.variant.change)
        self.failed[trial.id] = failure
        self._report(trial, failure)

    def _begin(self, trial: Trial) -> None:
        self._begun.add(trial.id)
        self._observer.trial_started(trial)

    def _where(self, job: Job, event: dict[str, Any]) -> str:
        """Return the device or the machine of a job that has begun; empty if there is one only."""
        if self._execution.remote:
            return str(event["host"])
        return job.device if len({place.device for place in self._execution.places}) > 1 else ""

    def _report(self, trial: Trial, outcome: TrialOutcome) -> None:
        if trial.id not in self._begun:
            self._begin(trial)  # it ended before it could say so
        self.run += 1
        self._observer.trial_finished(trial, outcome)


def _readable(trial: Trial, folder: TrialFolder) -> bool:
    """Whether the result of *trial* can be read; a component may have written something else in its place."""
    try:
        folder.result_of(trial.base_id, trial.variant.change)
    except LedgerError:
        return False
    return True

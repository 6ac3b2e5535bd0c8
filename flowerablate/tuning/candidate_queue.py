"""The candidates of a tuning as jobs: which is next, when the pruner ends one, and what each comes to."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

from ..contracts import Ended, Job, Pipeline
from ..errors import FlowerablateError
from ..execute.budget import Budget
from ..execute.execution import Execution
from ..execute.trial_end import Attempts
from ..execute.workplace import Workplace
from ..jobs.schedule import Schedule, Then
from ..jobs.worker import ELSEWHERE
from ..ledger import TrialFolder
from .candidate_job import ENTRY, CandidateResult, write_candidate
from .storage import OpenTrial, Trials, TuningTrial
from .tuning_plan import TuningPlan

MAX_FAILURES = 3
"""Tuning stops after this many failures in a row if no trial has succeeded."""


class TuneObserver(Protocol):
    """Receives the progress of a tuning, in which several trials may run at once."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """*what* (such as ``packing images``) has done *done* of *total*."""

    def remarked(self, text: str) -> None:
        """*text* is to be known now."""

    def trial_started(self, trial: OpenTrial, epochs: int) -> None:
        """A trial starts, resumes or is tried again; its training runs have *epochs* in total."""

    def step_done(self, trial: OpenTrial, epoch: int, step: int, steps: int) -> None:
        """Step *step* of *steps* of an epoch is done; epochs are counted across the seeds. Not every step is told."""

    def trial_finished(self, row: TuningTrial, best: TuningTrial | None) -> None:
        """A trial has ended; *best* is the best so far."""


class Candidate:
    """A trial under way: what is known of its values, and whether the pruner has ended it.

    What is known already is passed over when it is told again, after an interruption or by the result: so the pruner
    gets the same values in the same order however often a trial was interrupted.
    """

    def __init__(self, trial: OpenTrial, plan: TuningPlan, epochs: int) -> None:
        self.trial, self.epochs = trial, epochs
        self._plan = plan
        self._values, self._reported = trial.seed_values, trial.reported
        self.pruned = False
        self._report_mean()
        if self._reported:
            self.pruned = trial.should_prune()

    def epoch_done(self, epoch: int, value: float | None) -> None:
        """The first seed has *value* after *epoch*: the pruner gets the best so far."""
        if self.pruned or epoch > self.epochs or epoch <= max(self._reported, default=0):
            return
        if value is not None and math.isfinite(value):
            best = min if self._plan.metric.lower_is_better else max
            self._report(best([*self._reported.values(), value]), epoch)

    def seed_done(self, place: int, value: float) -> None:
        """The seed at *place* has its final *value*: from the second one on, the pruner gets their mean."""
        if not self.pruned and place == len(self._values):
            self._values.append(value)
            self.trial.add_seed_value(value)
            self._report_mean()

    def all_done(self, result: CandidateResult) -> None:
        """The job has left *result*, which says again all that was told, and what may not have been heard."""
        for epoch, value in enumerate(result.epochs, 1):
            self.epoch_done(epoch, value)
        for place, value in enumerate(result.values):
            self.seed_done(place, value)

    @property
    def value(self) -> float | None:
        """The mean of all seeds, None if the pruner has ended the trial."""
        return None if self.pruned else fmean(self._values)

    def _report_mean(self) -> None:
        step = self._plan.max_epochs + len(self._values) - 1
        if 1 < len(self._values) < len(self._plan.seeds) and step not in self._reported:
            self._report(fmean(self._values), step)

    def _report(self, value: float, step: int) -> None:
        self._reported[step] = value
        self.trial.report(value, step)
        self.pruned = self.trial.should_prune()


@dataclass
class CandidateQueue:
    """Trains candidates on an *execution*; a :class:`~flowerablate.jobs.schedule.Client`.

    ``prepare(pipeline)`` packs its images and returns the files that its training reads; it is called where these must
    be brought to another machine.
    """

    trials: Trials
    workplace: Workplace
    observer: TuneObserver
    execution: Execution
    prepare: Callable[[Pipeline], Sequence[Path]]
    max_trials: int
    budget: Budget | None
    over: bool = False
    """Whether the budget has kept a trial from its start."""
    _open: dict[str, Candidate] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)
    _shown: set[str] = field(default_factory=set)
    _failures: int = 0

    def __post_init__(self) -> None:
        self._attempts = Attempts(self.execution)

    def run(self) -> None:
        """Train candidates until *max_trials* have started and all have ended, or the budget is over."""
        execution = self.execution
        self._schedule = Schedule(execution.executor, execution.places, execution.limits, self)
        try:
            self._schedule.run(self._next())
        finally:
            for name in tuple(self._open):
                self._close(name)

    def may_start(self, job: Job) -> bool:
        return True

    def started(self, job: Job) -> None:
        """An earlier failure is forgotten, and the job gets to know what is known of the candidate."""
        candidate = self._open[job.name]
        trial, plan = candidate.trial, self.trials.plan
        pipeline = plan.tuned(trial.values, self.workplace.assembler)
        write_candidate(trial.folder, pipeline, plan.seeds, trial.seed_values, self.workplace)
        TrialFolder(trial.folder).forget_failure()

    def event(self, job: Job, event: dict[str, Any]) -> bool:
        """Pass an event on, to the observer or to the pruner, which may end the trial."""
        candidate = self._open[job.name]
        match event["event"]:
            case "started":
                if job.name not in self._shown:
                    self._began[job.name] = time.monotonic()  # it may have waited for a machine until now
                self._show(job.name)
            case "step_done":
                self.observer.step_done(candidate.trial, event["epoch"], event["step"], event["steps"])
            case "epoch_done":
                candidate.epoch_done(event["epoch"], event["values"].get(f"metrics.{self.trials.plan.metric.name}"))
            case "part_done":
                candidate.seed_done(event["place"], event["value"])
            case "preparing":
                self.observer.preparing(event["what"], event["done"], event["total"])
            case "remark":
                self.observer.remarked(f"trial {candidate.trial.number} {event['text']}")
        return not candidate.pruned

    def has_result(self, job: Job) -> bool:
        """Whether the candidate's folder has it."""
        return TrialFolder(self._open[job.name].trial.folder).complete

    def ended(self, job: Job, ended: Ended, attempt: int) -> Then:
        """Record what became of the candidate, as its folder says, and begin the next one."""
        candidate = self._open[job.name]
        folder = TrialFolder(candidate.trial.folder)
        if folder.complete:
            candidate.all_done(CandidateResult.read(folder.path))
        if not (candidate.pruned or folder.complete):
            if ended.word == ELSEWHERE:
                raise FlowerablateError(
                    f"{folder.path} is in use by another process; stop that process, and start again"
                )
            then = self._attempts.after(job, folder, ended, attempt)
            if then is not Then.GO_ON:
                return then
            self._finish(job.name, failure=str(folder.failure["reason"]))
        else:
            self._finish(job.name)
        for following in self._next():
            self._schedule.add(following)
        return Then.GO_ON

    def _next(self) -> Sequence[Job]:
        """Return jobs for as many candidates as may run besides those that do."""
        jobs: list[Job] = []
        while len(self._open) < self.execution.at_once:
            if self.budget is not None and not self.budget.allows(""):
                self.over = True
                break
            trial = self.trials.claim(self.max_trials)
            if trial is None:
                break
            job = self._begin(trial)
            if job is not None:
                jobs.append(job)
        return jobs

    def _begin(self, trial: OpenTrial) -> Job | None:
        """Return the job of *trial*, or None if it has ended already."""
        plan, execution = self.trials.plan, self.execution
        pipeline = plan.tuned(trial.values, self.workplace.assembler)
        name = f"trial-{trial.number}"
        candidate = self._open[name] = Candidate(trial, plan, pipeline.train.epochs)
        self._began[name] = time.monotonic()
        if candidate.pruned:
            self._finish(name)
            return None
        job = self.workplace.job(name, ENTRY, trial.folder.absolute(), {"metrics": list(plan.metrics.names)})
        try:
            needs = self.prepare(pipeline) if execution.remote else ()
        except FlowerablateError as error:
            self._finish(name, failure=str(error))
            return None
        return replace(
            job,
            needs=(*job.needs, *needs),
            threads=execution.threads,
            memory=execution.memory,
            device=execution.device,
        )

    def _show(self, name: str) -> None:
        candidate = self._open[name]
        self._shown.add(name)
        self.observer.trial_started(candidate.trial, candidate.epochs * len(self.trials.plan.seeds))

    def _finish(self, name: str, failure: str | None = None) -> None:
        candidate = self._open[name]
        if name not in self._shown:
            self._show(name)  # it ended before it could say so
        trial = candidate.trial
        trial.add_seconds(time.monotonic() - self._began.pop(name))
        row = trial.tell(candidate.value) if failure is None else trial.fail(failure)
        self._close(name)
        if self.budget is not None:
            self.budget.learn("", row.seconds, now=True)
        best = self.trials.best()
        self.observer.trial_finished(row, best)
        self._failures = self._failures + 1 if row.state == "failed" else 0
        if self._failures >= MAX_FAILURES and best is None:
            raise FlowerablateError(f"the first {self._failures} trials failed, the last one with {row.failure}")
        if row.state == "failed" and self.execution.fail_fast:
            raise FlowerablateError(f"trial {row.number} failed, which ends the tuning: {row.failure}")

    def _close(self, name: str) -> None:
        trial = self._open.pop(name).trial
        began = self._began.pop(name, None)
        if began is not None:
            trial.add_seconds(time.monotonic() - began)
        trial.close()

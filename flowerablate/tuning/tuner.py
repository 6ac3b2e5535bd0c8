"""Runs the trials of a tuning in sequence, abandoned ones first."""

from __future__ import annotations

import math
import time
from typing import Protocol

from ..errors import FlowerablateError, one_line
from ..execute.budget import Budget
from ..train.device import prepare_process
from ..train.loop import EpochRecord
from ..wiring.assemble import Assembler
from ..wiring.parts import check_parts
from .objective import validation_value, value_on
from .storage import OpenTrial, Trials, TuningTrial

MAX_FAILURES = 3
"""Tuning stops after this many failures in a row if no trial has succeeded."""


class TuneObserver(Protocol):
    """Receives the progress of a tuning."""

    def trial_started(self, trial: OpenTrial, epochs: int) -> None:
        """A trial starts or resumes; its training runs have *epochs* in total."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Step *step* of *steps* of an epoch is done; epochs are counted across the seeds."""

    def trial_finished(self, row: TuningTrial, best: TuningTrial | None) -> None:
        """A trial has ended; *best* is the best so far."""


class _Pruned(Exception):  # noqa: N818 (not an error)
    """The pruner has ended the trial."""


def tune(
    trials: Trials,
    assembler: Assembler,
    observer: TuneObserver,
    max_trials: int,
    budget: Budget | None = None,
    threads: int = 0,
) -> bool:
    """Run trials until *max_trials* have started, including earlier sessions; return False if *budget* ended it.

    A failed trial is recorded, and the next one starts. After :data:`MAX_FAILURES` failures in a row without any
    success, raises :class:`FlowerablateError`.
    """
    prepare_process(threads=threads)
    plan = trials.plan
    assembler.prepare(plan.base, plan.data)
    check_parts(plan.base, plan.data, assembler)
    failures = 0
    while True:
        if budget is not None and not budget.allows(""):
            return False
        with trials.next(max_trials) as trial:
            if trial is None:
                return True
            row = _run(trial, trials, assembler, observer)
        if budget is not None:
            budget.learn("", row.seconds, now=True)
        best = trials.best()
        observer.trial_finished(row, best)
        failures = failures + 1 if row.state == "failed" else 0
        if failures >= MAX_FAILURES and best is None:
            raise FlowerablateError(f"the first {failures} trials failed, the last one with {row.failure}")


def _run(trial: OpenTrial, trials: Trials, assembler: Assembler, observer: TuneObserver) -> TuningTrial:
    started = time.monotonic()
    try:
        value = _value(trial, trials, assembler, observer)
    except _Pruned:
        value = None
    except (OSError, MemoryError):
        raise
    except Exception as error:
        trial.add_seconds(time.monotonic() - started)
        return trial.fail(one_line(error))
    except BaseException:
        trial.add_seconds(time.monotonic() - started)
        raise
    trial.add_seconds(time.monotonic() - started)
    return trial.tell(value)


def _value(trial: OpenTrial, trials: Trials, assembler: Assembler, observer: TuneObserver) -> float:
    """Train the missing seeds of the trial and return the mean over all.

    While the first seed trains, the pruner gets the best value so far after each epoch; later, the mean of the values
    after each further seed.
    """
    plan = trials.plan
    pipeline = plan.tuned(trial.values, assembler)
    epochs = pipeline.train.epochs
    observer.trial_started(trial, epochs * len(plan.seeds))
    lower = plan.metric.lower_is_better

    for place, seed in enumerate(plan.seeds):
        if place < len(trial.seed_values):
            continue

        def epoch_done(record: EpochRecord, first: bool = place == 0) -> None:
            if not first:
                return
            value = validation_value(record, plan.metric)
            if not math.isfinite(value):
                return
            known = [earlier for step, earlier in trial.reported.items() if step < record.epoch]
            trial.report((min if lower else max)([*known, value]), record.epoch)
            if trial.should_prune():
                raise _Pruned

        def step_done(epoch: int, step: int, steps: int, before: int = place * epochs) -> None:
            observer.step_done(before + epoch, step, steps)

        folder = trial.folder / str(seed)
        trial.add_seed_value(value_on(seed, pipeline, plan, assembler, folder, epoch_done, step_done))
        values = trial.seed_values
        if place and len(values) < len(plan.seeds):
            trial.report(_mean(values), plan.max_epochs + place)
            if trial.should_prune():
                raise _Pruned
    return _mean(trial.seed_values)


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)

"""Does the trials of a tuning one after the other; what was left behind is taken up first."""

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
from .objective import figure_of, value_on
from .storage import OpenTrial, Trials, TuningTrial

MOST_FAILURES = 3
"""So many failures in a row, without a trial that ended well, are no accident: tuning stops."""


class TuneObserver(Protocol):
    """Is told of the progress of a tuning."""

    def trial_started(self, work: OpenTrial, epochs: int) -> None:
        """A trial begins or is taken up; all its trainings have *epochs* together."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Step *step* of *steps* of an epoch is done; epochs count on over the seeds."""

    def trial_finished(self, row: TuningTrial, best: TuningTrial | None) -> None:
        """A trial is over; *best* is the best so far."""


class _GivenUp(Exception):  # noqa: N818 (nothing went wrong)
    """The pruner has given the trial up."""


def tune(
    trials: Trials,
    assembler: Assembler,
    observer: TuneObserver,
    most: int,
    budget: Budget | None = None,
    threads: int = 0,
) -> bool:
    """Do trials until *most* have begun, those of earlier sessions counted; return False where *budget* ended it.

    A trial that fails is noted, and the next one is begun; but :class:`FlowerablateError` after :data:`MOST_FAILURES`
    in a row where none has ended well.
    """
    prepare_process(threads=threads)
    plan = trials.plan
    assembler.prepare(plan.base, plan.data)
    check_parts(plan.base, plan.data, assembler)
    failures = 0
    while True:
        if budget is not None and not budget.allows(""):
            return False
        with trials.next(most) as work:
            if work is None:
                return True
            row = _do(work, trials, assembler, observer)
        if budget is not None:
            budget.learn("", row.seconds, now=True)
        best = trials.best()
        observer.trial_finished(row, best)
        failures = failures + 1 if row.state == "failed" else 0
        if failures >= MOST_FAILURES and best is None:
            raise FlowerablateError(f"the first {failures} trials failed, the last one with {row.failure}")


def _do(work: OpenTrial, trials: Trials, assembler: Assembler, observer: TuneObserver) -> TuningTrial:
    started = time.monotonic()
    try:
        value = _value(work, trials, assembler, observer)
    except _GivenUp:
        value = None
    except (OSError, MemoryError):
        raise
    except Exception as error:
        work.add_seconds(time.monotonic() - started)
        return work.fail(one_line(error))
    except BaseException:
        work.add_seconds(time.monotonic() - started)
        raise
    work.add_seconds(time.monotonic() - started)
    return work.tell(value)


def _value(work: OpenTrial, trials: Trials, assembler: Assembler, observer: TuneObserver) -> float:
    """Train what is missing of the trial and return the mean over its seeds.

    While the first seed trains, the pruner sees the best figure so far after each epoch; then the mean of the figures
    after each further seed.
    """
    plan = trials.plan
    pipeline = plan.tuned(work.values, assembler)
    epochs = pipeline.train.epochs
    observer.trial_started(work, epochs * len(plan.seeds))
    lower = plan.metric.lower_is_better

    for place, seed in enumerate(plan.seeds):
        if place < len(work.figures):
            continue

        def epoch_done(record: EpochRecord, first: bool = place == 0) -> None:
            if not first:
                return
            figure = figure_of(record, plan.metric)
            if not math.isfinite(figure):
                return
            known = [value for step, value in work.reported.items() if step < record.epoch]
            work.report((min if lower else max)([*known, figure]), record.epoch)
            if work.is_behind():
                raise _GivenUp

        def step_done(epoch: int, step: int, steps: int, before: int = place * epochs) -> None:
            observer.step_done(before + epoch, step, steps)

        folder = work.folder / str(seed)
        work.add_figure(value_on(seed, pipeline, plan, assembler, folder, epoch_done, step_done))
        figures = work.figures
        if place and len(figures) < len(plan.seeds):
            work.report(_mean(figures), plan.most_epochs + place)
            if work.is_behind():
                raise _GivenUp
    return _mean(work.figures)


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)

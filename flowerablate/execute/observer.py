"""The events of a run, for progress displays and trackers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..contracts import Trial, TrialOutcome


class TrialObserver(Protocol):
    """Receives the progress of one trial."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Optimizer step *step* of *steps* of an epoch is done; all count from 1."""

    def epoch_done(self, epoch: int, values: Mapping[str, float]) -> None:
        """An epoch, counted from 1, is done, with these *values*: the numbers of its record, such as ``train_loss``."""


class RunObserver(Protocol):
    """Receives the progress of a run, in which several trials may run at once.

    Calls come from the main thread, except *preparing*.
    """

    def preparing(self, what: str, done: int, total: int) -> None:
        """*what* (such as ``packing images``) has done *done* of *total*."""

    def look_started(self, number: int, looks: int, replicates: int, comparisons: int) -> None:
        """Look *number* of *looks* is next, at *replicates* of the *comparisons* that are open."""

    def remarked(self, text: str) -> None:
        """*text* is a remark before training, such as that a contrast is refused."""

    def study_started(self, trials: int, finished: int) -> None:
        """*finished* of the *trials* due so far are already in the ledger; called again for each look."""

    def trial_started(self, trial: Trial) -> None:
        """A trial begins, is resumed or is tried again."""

    def trial_placed(self, trial: Trial, where: str) -> None:
        """The trial that has begun runs *where*: on a device, or another machine. Told where there are several."""

    def step_done(self, trial: Trial, epoch: int, step: int, steps: int) -> None:
        """Optimizer step *step* of *steps* of an epoch is done; all count from 1. Not every step is reported."""

    def epoch_done(self, trial: Trial, epoch: int, values: Mapping[str, float]) -> None:
        """An epoch, counted from 1, is done, with these *values*: the numbers of its record, such as ``train_loss``."""

    def trial_finished(self, trial: Trial, result: TrialOutcome) -> None:
        """A trial has a result, or a failure."""

    def trial_elsewhere(self, trial: Trial, complete: bool) -> None:
        """Another run is at work on a trial that was due, or has its result already if *complete*."""


class SilentObserver:
    """A :class:`RunObserver` that does nothing: a base class for observers of some of the events."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """Ignore how far the preparation is."""

    def look_started(self, number: int, looks: int, replicates: int, comparisons: int) -> None:
        """Ignore a look."""

    def remarked(self, text: str) -> None:
        """Ignore a remark."""

    def study_started(self, trials: int, finished: int) -> None:
        """Ignore the size of the study."""

    def trial_started(self, trial: Trial) -> None:
        """Ignore the start of a trial."""

    def trial_placed(self, trial: Trial, where: str) -> None:
        """Ignore where a trial runs."""

    def step_done(self, trial: Trial, epoch: int, step: int, steps: int) -> None:
        """Ignore a step."""

    def epoch_done(self, trial: Trial, epoch: int, values: Mapping[str, float]) -> None:
        """Ignore an epoch."""

    def trial_finished(self, trial: Trial, result: TrialOutcome) -> None:
        """Ignore the end of a trial."""

    def trial_elsewhere(self, trial: Trial, complete: bool) -> None:
        """Ignore a trial of another run."""


class Relay:
    """A :class:`RunObserver` that forwards each event to all *observers*, in their order."""

    def __init__(self, *observers: RunObserver) -> None:
        self.observers = observers

    def preparing(self, what: str, done: int, total: int) -> None:
        """Tell all observers how far the preparation is."""
        for observer in self.observers:
            observer.preparing(what, done, total)

    def look_started(self, number: int, looks: int, replicates: int, comparisons: int) -> None:
        """Tell all observers of a look."""
        for observer in self.observers:
            observer.look_started(number, looks, replicates, comparisons)

    def remarked(self, text: str) -> None:
        """Tell all observers of a remark."""
        for observer in self.observers:
            observer.remarked(text)

    def study_started(self, trials: int, finished: int) -> None:
        """Tell all observers of the size of the study."""
        for observer in self.observers:
            observer.study_started(trials, finished)

    def trial_started(self, trial: Trial) -> None:
        """Tell all observers of the start of a trial."""
        for observer in self.observers:
            observer.trial_started(trial)

    def trial_placed(self, trial: Trial, where: str) -> None:
        """Tell all observers where a trial runs."""
        for observer in self.observers:
            observer.trial_placed(trial, where)

    def step_done(self, trial: Trial, epoch: int, step: int, steps: int) -> None:
        """Tell all observers of a step."""
        for observer in self.observers:
            observer.step_done(trial, epoch, step, steps)

    def epoch_done(self, trial: Trial, epoch: int, values: Mapping[str, float]) -> None:
        """Tell all observers of an epoch."""
        for observer in self.observers:
            observer.epoch_done(trial, epoch, values)

    def trial_finished(self, trial: Trial, result: TrialOutcome) -> None:
        """Tell all observers of the end of a trial."""
        for observer in self.observers:
            observer.trial_finished(trial, result)

    def trial_elsewhere(self, trial: Trial, complete: bool) -> None:
        """Tell all observers of a trial of another run."""
        for observer in self.observers:
            observer.trial_elsewhere(trial, complete)


def numbers_in(record: Mapping[str, object]) -> dict[str, float]:
    """Return the numbers of an epoch's *record*; those of a nested mapping are named ``NAME.KEY``."""
    numbers: dict[str, float] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            numbers |= numbers_in({f"{name}.{key}": inner for key, inner in value.items()})
        elif isinstance(value, int | float):
            numbers[name] = float(value)
    return numbers

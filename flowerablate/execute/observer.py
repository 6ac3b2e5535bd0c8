"""What a run tells while it works; the command line draws it, tests and scripts may ignore it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..contracts import Trial, TrialOutcome


class RunObserver(Protocol):
    """Receives the progress of a run. Calls come from the main thread, except *preparing*."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """*what* (such as ``packing images``) has done *done* of *total*."""

    def look_started(self, number: int, looks: int, replicates: int, comparisons: int) -> None:
        """The run works towards look *number* of *looks*, at *replicates* of the *comparisons* that are open."""

    def remarked(self, text: str) -> None:
        """*text* is to be known before anything is trained, such as that a question is refused."""

    def study_started(self, trials: int, finished: int) -> None:
        """Of *trials* that are due by now, *finished* are in the ledger already; said anew for each look."""

    def trial_started(self, trial: Trial) -> None:
        """A trial begins or is resumed."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Optimizer step *step* of *steps* of an epoch is done; all count from 1."""

    def epoch_done(self, epoch: int, values: Mapping[str, float]) -> None:
        """An epoch, counted from 1, is done, with these *values*: the numbers of its record, such as ``train_loss``."""

    def trial_finished(self, trial: Trial, result: TrialOutcome) -> None:
        """A trial has a result, or a failure."""


def numbers_in(record: Mapping[str, object]) -> dict[str, float]:
    """Return the numbers of an epoch's *record*; those of a mapping in it are called ``NAME.KEY``."""
    numbers: dict[str, float] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            numbers |= numbers_in({f"{name}.{key}": inner for key, inner in value.items()})
        elif isinstance(value, int | float):
            numbers[name] = float(value)
    return numbers

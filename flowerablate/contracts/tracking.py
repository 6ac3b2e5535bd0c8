"""The interface of trackers, which record the trials of a study while they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .params import Value
from .results import TrialOutcome


@dataclass(frozen=True)
class TrackerContext:
    """The name of the *study*, and the *folder* of its ledger, where a tracker keeps its files by default."""

    study: str
    folder: Path


@dataclass(frozen=True)
class TrackedTrial:
    """A trial as trackers see it: its *id*, the *study*, the label of its *variant*, its *seed*.

    *params*: all settings of its pipeline by dotted name, such as ``optimizer.lr``; ``model`` is the component's name,
    and ``steps.NAME`` is a step's component, or ``off``.
    """

    id: str
    study: str
    variant: str
    seed: int
    params: Mapping[str, Value] = field(default_factory=dict)


class Tracker(Protocol):
    """Records the progress of trials. All calls come from one thread; several trials may run at once.

    An exception in a method ends tracking by this tracker, with one warning; the study continues. An interrupted trial
    starts again with *trial_started*, in another process, and may report its last epoch twice.
    """

    def trial_started(self, trial: TrackedTrial) -> None:
        """A trial starts or resumes."""

    def epoch_done(self, trial: TrackedTrial, epoch: int, values: Mapping[str, float]) -> None:
        """Epoch *epoch*, counted from 1, has these *values*, such as ``train_loss``; they may be NaN."""

    def trial_finished(self, trial: TrackedTrial, result: TrialOutcome) -> None:
        """The trial has a *result*: a ``TrialResult``, or a ``TrialFailure`` with a ``reason``."""

    def close(self) -> None:
        """The run ends; a trial that started and did not finish was interrupted."""

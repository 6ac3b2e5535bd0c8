"""What a tracker is told: the trials of a study while they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..params import Value
from .results import TrialOutcome


@dataclass(frozen=True)
class TrackerContext:
    """The name of the *study*; the *folder* of its ledger, where a tracker keeps its files unless told otherwise."""

    study: str
    folder: Path


@dataclass(frozen=True)
class TrackedTrial:
    """A trial, as trackers see it: its *id*, the label of its *variant*, its *seed*.

    *params*: all settings of its pipeline by dotted name, such as ``optimizer.lr``; ``model`` is the component's name,
    and ``steps.NAME`` that of a step, or ``off``.
    """

    id: str
    study: str
    variant: str
    seed: int
    params: Mapping[str, Value] = field(default_factory=dict)


class Tracker(Protocol):
    """Writes down how trials go. All calls come from one thread; one trial runs at a time.

    What a method raises ends the tracking by this tracker, with one warning, and not the study. A trial that was
    interrupted begins again with *trial_started*, in another process, and may tell its last epoch twice.
    """

    def trial_started(self, trial: TrackedTrial) -> None:
        """A trial begins or is gone on with."""

    def epoch_done(self, trial: TrackedTrial, epoch: int, values: Mapping[str, float]) -> None:
        """Epoch *epoch*, counted from 1, has these *values*, such as ``train_loss``; they may be NaN."""

    def trial_finished(self, trial: TrackedTrial, result: TrialOutcome) -> None:
        """The trial has a *result*: a ``TrialResult``, or a ``TrialFailure`` that says in ``reason`` why not."""

    def close(self) -> None:
        """Nothing more will come; a trial that was begun and not finished was interrupted."""

"""Reports the trials of a run to trackers; a tracker that fails is dropped with a warning, and the run continues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import TracebackType

from ..contracts import (
    Choice,
    Pipeline,
    StepSpec,
    TrackedTrial,
    Tracker,
    TrackerContext,
    TrackerSpec,
    Trial,
    TrialOutcome,
    Value,
)
from ..errors import PluginError, one_line
from ..wiring.assemble import Assembler
from .observer import Relay, RunObserver

_METHODS = ("trial_started", "epoch_done", "trial_finished", "close")


def build_trackers(choices: Mapping[str, Choice], context: TrackerContext, assembler: Assembler) -> dict[str, Tracker]:
    """Build the trackers of a study; a missing library raises :class:`StudyError` with the cure."""
    trackers = {}
    for name, choice in choices.items():
        tracker = assembler.build(TrackerSpec.slot, choice, context)
        missing = [method for method in _METHODS if not callable(getattr(tracker, method, None))]
        if missing:
            owner = assembler.owner(TrackerSpec.slot, choice.use)
            raise PluginError(
                f"tracker {choice.use!r} of {owner} has no method {missing[0]}; see docs/reference/slots.md"
            )
        trackers[name] = tracker
    return trackers


class Tracked(Relay):
    """Forwards events to *observer*, and trials, epochs and results to *trackers*. A context manager."""

    def __init__(self, observer: RunObserver, trackers: Mapping[str, Tracker], study: str) -> None:
        super().__init__(observer)
        self._trackers = dict(trackers)
        self._study = study
        self._trials: dict[str, TrackedTrial] = {}

    def __enter__(self) -> Tracked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._notify("close")

    def trial_started(self, trial: Trial) -> None:
        """Also report the trial and its settings to the trackers."""
        super().trial_started(trial)
        variant = trial.variant
        tracked = TrackedTrial(trial.id, self._study, variant.label, trial.seed, flat_settings(variant.pipeline))
        self._trials[trial.id] = tracked
        self._notify("trial_started", tracked)

    def epoch_done(self, trial: Trial, epoch: int, values: Mapping[str, float]) -> None:
        """Also report the epoch to the trackers."""
        super().epoch_done(trial, epoch, values)
        self._notify("epoch_done", self._trials[trial.id], epoch, values)

    def trial_finished(self, trial: Trial, result: TrialOutcome) -> None:
        """Also report the result to the trackers."""
        super().trial_finished(trial, result)
        self._notify("trial_finished", self._trials.pop(trial.id), result)

    def trial_elsewhere(self, trial: Trial, complete: bool) -> None:
        """Leave the trial to the trackers of the run that is at work on it."""
        super().trial_elsewhere(trial, complete)
        self._trials.pop(trial.id, None)

    def _notify(self, method: str, *arguments: object) -> None:
        for name, tracker in list(self._trackers.items()):
            try:
                getattr(tracker, method)(*arguments)
            except Exception as error:
                del self._trackers[name]
                what = one_line(error)
                self.remarked(f"warning: tracker {name} failed and is no longer used: {what}")


def flat_settings(pipeline: Pipeline) -> dict[str, Value]:
    """Return all settings of *pipeline* by dotted name, such as ``model``, ``model.width``, ``train.epochs``."""
    settings: dict[str, Value] = {}
    for slot, choice in pipeline.components.items():
        settings |= _of_choice(slot, choice)
    for step in pipeline.steps:
        settings |= _of_choice(f"{StepSpec.table()}.{step.name}", step)
    for table in ("input", "split"):
        plan = asdict(getattr(pipeline, table))
        settings |= {f"{table}.{name}": value for name, value in plan.items()}
    return settings


def _of_choice(place: str, choice: Choice) -> dict[str, Value]:
    if choice.is_off:
        return {place: "off"}
    return {place: choice.use, **{f"{place}.{name}": value for name, value in choice.params.items()}}

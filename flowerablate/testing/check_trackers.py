"""Check of trackers, on a made-up study with an interruption, a failure and values that are not finite."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..contracts import (
    TrackedTrial,
    Tracker,
    TrackerContext,
    TrackerSpec,
    TrialFailure,
    TrialOutcome,
    TrialResult,
    Value,
)
from ..errors import one_line
from .check_settings import build, named, settings

_METHODS = ("trial_started", "epoch_done", "trial_finished", "close")
_STUDY = "conformance"


def check_tracker(spec: TrackerSpec, *, cache: Path | None = None, params: Mapping[str, Value] | None = None) -> None:
    """Report a made-up study to the tracker of *spec*, in the folder *cache* or a temporary one.

    Checks that it has all methods and writes nothing when it is built; that a second tracker can resume a trial
    interrupted after two epochs, and gets the second epoch again; that values may be NaN or infinite, and names of
    variants and metrics may contain any characters; that a trial may fail; that ``close`` may be called twice; and
    that arguments are not changed.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(cache or temporary) / "ledger"
        context = TrackerContext(_STUDY, folder)
        chosen = settings(spec, params)
        first = _built(spec, context, chosen)
        assert not folder.exists(), f"{named(spec)} writes files when it is built; start with the first trial"
        _play(spec, first, _trial("-flip+color/ä", 0), (1, 2), None)
        second = _built(spec, context, chosen)
        trial = _trial("-flip+color/ä", 0)
        _play(spec, second, trial, (2, 3), _result(trial, {"accuracy": 0.5, "error,bins=3": math.nan}))
        failing = _trial("base", 1)
        _play(spec, second, failing, (), TrialFailure(failing.id, "b", "", 1, "it is broken"))


def _built(spec: TrackerSpec, context: TrackerContext, chosen: Mapping[str, Value]) -> Tracker:
    tracker = build(spec, context, chosen)
    for method in _METHODS:
        assert callable(getattr(tracker, method, None)), (
            f"{named(spec)}: build must return an object with the method {method}"
        )
    return tracker  # type: ignore[return-value]


def _play(
    spec: TrackerSpec, tracker: Tracker, trial: TrackedTrial, epochs: tuple[int, ...], result: TrialOutcome | None
) -> None:
    params = dict(trial.params)
    what = "trial_started"
    try:
        tracker.trial_started(trial)
        for epoch in epochs:
            what = "epoch_done"
            values = {"train_loss": 1 / epoch, "validation_loss": math.nan, "learning_rate": math.inf}
            kept = dict(values)
            tracker.epoch_done(trial, epoch, values)
            assert str(values) == str(kept), (
                f"{named(spec)}: epoch_done changes the values, which other trackers need too"
            )
        if result is not None:
            what = "trial_finished"
            tracker.trial_finished(trial, result)
        what = "close"
        tracker.close()
        tracker.close()
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"{named(spec)}: {what} fails with {one_line(error)}") from error
    assert dict(trial.params) == params, (
        f"{named(spec)} changes the parameters of the trial, which other trackers need too"
    )


def _trial(variant: str, seed: int) -> TrackedTrial:
    params: dict[str, Value] = {"model": "resnet8", "optimizer.lr": 0.1, "steps.crop.scale": (0.3, 1.0)}
    return TrackedTrial(f"{seed:020x}", _STUDY, variant, seed, params)


def _result(trial: TrackedTrial, metrics: Mapping[str, float]) -> TrialResult:
    return TrialResult(trial.id, "b", trial.variant, trial.seed, metrics, {}, 2, 3, False)

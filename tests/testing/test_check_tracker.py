"""The suite finds what it promises to find: each fault below is one that a plugin author could make."""

from __future__ import annotations

import pytest

import flowerablate as fa
from flowerablate.testing import check_tracker


class Sound:
    """A tracker that does nothing, and nothing wrong."""

    def __init__(self, context):
        self.folder = context.folder

    def trial_started(self, trial):
        pass

    def epoch_done(self, trial, epoch, values):
        pass

    def trial_finished(self, trial, result):
        pass

    def close(self):
        pass


class WritesAtOnce(Sound):
    def __init__(self, context):
        context.folder.mkdir()


class Rounds(Sound):
    def epoch_done(self, trial, epoch, values):
        for name in values:
            values[name] = round(values[name], 1) if values[name] < 1 else 0.0


class WantsNumbers(Sound):
    def epoch_done(self, trial, epoch, values):
        int(values["validation_loss"])


class FilesByVariant(Sound):
    def trial_started(self, trial):
        self.folder.mkdir(exist_ok=True)
        (self.folder / trial.variant).write_text("x")


class ClosesOnce(Sound):
    closed = False

    def close(self):
        if self.closed:
            raise ValueError("closed already")
        self.closed = True


class WantsAccuracy(Sound):
    def trial_finished(self, trial, result):
        assert isinstance(result, fa.TrialFailure) or result.metrics["accuracy"]
        assert result.metrics


class AddsTime(Sound):
    def trial_started(self, trial):
        trial.params["started"] = 12.0


class NoEnd:
    def __init__(self, context):
        pass

    trial_started = epoch_done = trial_finished = print


FAULTS = {
    WritesAtOnce: "writes files when it is built",
    Rounds: "changes the values",
    WantsNumbers: "epoch_done fails with ValueError",
    FilesByVariant: "trial_started fails with FileNotFoundError",
    ClosesOnce: "close fails with",
    WantsAccuracy: "trial_finished fails with AttributeError",
    AddsTime: "changes the parameters",
    NoEnd: "an object with the method close",
}


@pytest.mark.parametrize("build", FAULTS)
def test_a_fault_is_found_and_named(build, tmp_path):
    with pytest.raises(AssertionError, match=FAULTS[build]):
        check_tracker(fa.TrackerSpec("odd", "Odd.", build), cache=tmp_path)


def test_a_tracker_that_keeps_the_contract_passes():
    check_tracker(fa.TrackerSpec("even", "Even.", Sound))

"""Trackers hear of a run, and cannot harm it."""

import pytest
from pipelines import make_pipeline

from flowerablate.contracts import (
    Choice,
    StepChoice,
    Trial,
    TrialResult,
    Variant,
)
from flowerablate.execute.observer import numbers_in
from flowerablate.execute.trackers import Tracked, flat_settings


def pipeline():
    return make_pipeline(
        steps=(
            StepChoice("resize", {"size": 20}, name="resize"),
            StepChoice("horizontal_flip", {"probability": 0.5}, name="flip", enabled=False),
        ),
        image_size=16,
        train={"epochs": 2},
        model=Choice("resnet8", {"skip": True}),
        optimizer=Choice("sgd", {"lr": 0.1}),
    )


class Remembering:
    """An observer, or a tracker, that writes down each call; *failing* names methods that raise."""

    def __init__(self, failing=(), error=None):
        self.calls = []
        self.failing = failing
        self.error = error or OSError(28, "No space left on device")

    def __getattr__(self, name):
        def call(*arguments):
            self.calls.append((name, *arguments))
            if name in self.failing:
                raise self.error

        return call

    def names(self):
        return [name for name, *_ in self.calls]


TRIAL = Trial("abc", "base", 4, Variant("-flip", pipeline()))
RESULT = TrialResult("abc", "base", "-flip", 4, {"accuracy": 0.5}, {}, 1, 1, False)


def play(tracked):
    with tracked:
        tracked.study_started(1, 0)
        tracked.trial_started(TRIAL)
        tracked.step_done(TRIAL, 1, 1, 1)
        tracked.epoch_done(TRIAL, 1, {"train_loss": 2.0})
        tracked.epoch_done(TRIAL, 2, {"train_loss": 1.0})
        tracked.trial_finished(TRIAL, RESULT)


def test_a_tracker_hears_of_trials_and_epochs_and_the_observer_of_all():
    observer, tracker = Remembering(), Remembering()
    play(Tracked(observer, {"mine": tracker}, "flowers"))
    assert observer.names() == [
        "study_started", "trial_started", "step_done", "epoch_done", "epoch_done", "trial_finished",
    ]  # fmt: skip
    assert tracker.names() == ["trial_started", "epoch_done", "epoch_done", "trial_finished", "close"]
    _, trial, epoch, values = tracker.calls[1]
    assert (trial.id, trial.study, trial.variant, trial.seed) == ("abc", "flowers", "-flip", 4)
    assert (epoch, values) == (1, {"train_loss": 2.0})


@pytest.mark.parametrize("failing", ["trial_started", "epoch_done", "trial_finished", "close"])
def test_a_tracker_that_fails_is_dropped_with_one_warning_and_the_others_go_on(failing):
    observer, sound = Remembering(), Remembering()
    play(Tracked(observer, {"bad": Remembering([failing]), "good": sound}, "flowers"))
    warnings = [text for name, text in (call for call in observer.calls if call[0] == "remarked")]
    assert len(warnings) == 1
    assert "tracker bad failed" in warnings[0]
    assert "No space left on device" in warnings[0]
    assert sound.names() == ["trial_started", "epoch_done", "epoch_done", "trial_finished", "close"]


def test_trackers_are_closed_when_a_run_is_interrupted():
    tracker = Remembering()
    tracked = Tracked(Remembering(["step_done"], KeyboardInterrupt()), {"mine": tracker}, "flowers")
    with pytest.raises(KeyboardInterrupt):
        play(tracked)
    assert tracker.names() == ["trial_started", "close"]


def test_settings_are_told_by_dotted_name():
    settings = flat_settings(pipeline())
    assert settings["model"] == "resnet8"
    assert settings["model.skip"] is True
    assert settings["optimizer.lr"] == 0.1
    assert settings["steps.resize.size"] == 20
    assert settings["steps.flip"] == "off"
    assert "steps.flip.probability" not in settings
    assert settings["train.epochs"] == 2
    assert settings["input.image_size"] == 16


def test_the_numbers_of_a_record_are_told_and_nothing_else():
    record = {"train_loss": 1, "note": "x", "none": None, "metrics": {"macro_f1": 0.5}}
    assert numbers_in(record) == {"train_loss": 1.0, "metrics.macro_f1": 0.5}
